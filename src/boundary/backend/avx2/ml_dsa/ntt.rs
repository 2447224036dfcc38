//! The number-theoretic transform modulo q = 8380417 (FIPS 204 section 7.5), eight numbers a vector, and sums of
//! products of transformed polynomials.
//!
//! Numbers are signed, and products are Montgomery's with R = 2^32. Transformed polynomials lie in an order of
//! their own, in which the last three layers need no shuffles: vector 8 b + k holds number k of each of the eight
//! groups of eight numbers in block b of 64.
//!
//! **Bounds.** A layer adds at most q to what it is given, so numbers below q in absolute value come out
//! below 9 q. Sums of products hold 64 bits: at most eight products of numbers below 9 q are below 2^31 q, which
//! one reduction takes. The way back doubles sums at each layer: 256 q is below 2^31.

// Positions inside arrays of fixed length; numbers within the bounds above.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use core::arch::x86_64::*;

use super::super::{load, store};
use super::{Poly, Q};

/// q^-1 modulo 2^32.
const Q_INVERSE: i32 = 58_728_449;
/// R^2 / 256 modulo q: undoes the factor of the way back, and one of Montgomery's.
const SCALE: i32 = 41_978;

/// Powers of the root of unity 1753, in bit-reversed order and Montgomery form, centred.
const ZETAS: [i32; 256] = {
    let (mut zetas, mut i) = ([0; 256], 0u8);
    loop {
        let (mut power, mut bit) = ((1i64 << 32) % Q as i64, 0);
        let (exponent, mut root) = (i.reverse_bits(), 1753i64);
        while bit < 8 {
            if exponent >> bit & 1 == 1 {
                power = power * root % Q as i64;
            }
            root = root * root % Q as i64;
            bit += 1;
        }
        zetas[i as usize] = centred(power);
        if i == 255 {
            break zetas;
        }
        i += 1;
    }
};

#[allow(clippy::cast_possible_truncation)] // below q
const fn centred(a: i64) -> i32 {
    if a > Q as i64 / 2 { (a - Q as i64) as i32 } else { a as i32 }
}

/// What the last three layers multiply by: for each block, one vector for the first of them, two, and four.
const LANES: [[[i32; 8]; 7]; 4] = lanes(false);
/// The same for the first three layers of the way back.
const LANES_BACK: [[[i32; 8]; 7]; 4] = lanes(true);

const fn lanes(back: bool) -> [[[i32; 8]; 7]; 4] {
    let (mut table, mut block) = ([[[0; 8]; 7]; 4], 0);
    while block < 4 {
        let mut lane = 0;
        while lane < 8 {
            let (group, mut layer) = (8 * block + lane, 0);
            while layer < 3 {
                let (count, mut i) = (1usize << layer, 0);
                while i < count {
                    table[block][count - 1 + i][lane] = zeta(32 << layer, count * group + i, back);
                    i += 1;
                }
                layer += 1;
            }
            lane += 1;
        }
        block += 1;
    }
    table
}

/// Of the layer whose powers begin at `first` (and which has as many): the factor of its butterflies number `at`.
const fn zeta(first: usize, at: usize, back: bool) -> i32 {
    if back { -ZETAS[2 * first - 1 - at] } else { ZETAS[first + at] }
}

type V = __m256i;

#[inline]
#[target_feature(enable = "avx2")]
fn odd(a: V) -> V {
    _mm256_srli_epi64::<32>(a)
}

/// Montgomery's reduction of products of the even and of the odd numbers.
#[inline]
#[target_feature(enable = "avx2")]
fn reduce(even: V, odd: V) -> V {
    let (q, inverse) = (_mm256_set1_epi32(Q), _mm256_set1_epi32(Q_INVERSE));
    let even_m = _mm256_mul_epi32(_mm256_mul_epi32(even, inverse), q);
    let odd_m = _mm256_mul_epi32(_mm256_mul_epi32(odd, inverse), q);
    let even = _mm256_srli_epi64::<32>(_mm256_sub_epi64(even, even_m));
    _mm256_blend_epi32::<0b1010_1010>(even, _mm256_sub_epi64(odd, odd_m))
}

/// a b / R modulo q, below q.
#[inline]
#[target_feature(enable = "avx2")]
fn multiply(a: V, b: V) -> V {
    reduce(_mm256_mul_epi32(a, b), _mm256_mul_epi32(odd(a), odd(b)))
}

/// Butterflies of vectors, each pair with its factor; written out, so that the vectors stay in registers.
macro_rules! butterflies {
    ($v:ident, forth, $($low:literal $high:literal $zeta:expr),+ $(,)?) => {
        $({
            let t = multiply($v[$high], $zeta);
            $v[$high] = _mm256_sub_epi32($v[$low], t);
            $v[$low] = _mm256_add_epi32($v[$low], t);
        })+
    };
    ($v:ident, back, $($low:literal $high:literal $zeta:expr),+ $(,)?) => {
        $({
            let difference = _mm256_sub_epi32($v[$low], $v[$high]);
            $v[$low] = _mm256_add_epi32($v[$low], $v[$high]);
            $v[$high] = multiply(difference, $zeta);
        })+
    };
}

/// Pairs four apart, with one factor.
macro_rules! fours {
    ($v:ident, $way:ident, $z:expr) => {
        butterflies!($v, $way, 0 4 $z, 1 5 $z, 2 6 $z, 3 7 $z)
    };
}

/// Pairs two apart, with two factors.
macro_rules! twos {
    ($v:ident, $way:ident, $y:expr, $z:expr) => {
        butterflies!($v, $way, 0 2 $y, 1 3 $y, 4 6 $z, 5 7 $z)
    };
}

/// Neighbours, with four factors.
macro_rules! ones {
    ($v:ident, $way:ident, $w:expr, $x:expr, $y:expr, $z:expr) => {
        butterflies!($v, $way, 0 1 $w, 2 3 $x, 4 5 $y, 6 7 $z)
    };
}

/// A factor of a whole layer, in every lane.
#[inline]
#[target_feature(enable = "avx2")]
fn whole<const BACK: bool>(first: usize, at: usize) -> V {
    _mm256_set1_epi32(zeta(first, at, BACK))
}

/// Eight rows as columns.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(v: [V; 8]) -> [V; 8] {
    let [a, b, c, d, e, f, g, h] = v;
    let (ab, ab2) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
    let (cd, cd2) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
    let (ef, ef2) = (_mm256_unpacklo_epi32(e, f), _mm256_unpackhi_epi32(e, f));
    let (gh, gh2) = (_mm256_unpacklo_epi32(g, h), _mm256_unpackhi_epi32(g, h));
    let low = [
        _mm256_unpacklo_epi64(ab, cd),
        _mm256_unpackhi_epi64(ab, cd),
        _mm256_unpacklo_epi64(ab2, cd2),
        _mm256_unpackhi_epi64(ab2, cd2),
    ];
    let high = [
        _mm256_unpacklo_epi64(ef, gh),
        _mm256_unpackhi_epi64(ef, gh),
        _mm256_unpacklo_epi64(ef2, gh2),
        _mm256_unpackhi_epi64(ef2, gh2),
    ];
    [
        _mm256_permute2x128_si256::<0x20>(low[0], high[0]),
        _mm256_permute2x128_si256::<0x20>(low[1], high[1]),
        _mm256_permute2x128_si256::<0x20>(low[2], high[2]),
        _mm256_permute2x128_si256::<0x20>(low[3], high[3]),
        _mm256_permute2x128_si256::<0x31>(low[0], high[0]),
        _mm256_permute2x128_si256::<0x31>(low[1], high[1]),
        _mm256_permute2x128_si256::<0x31>(low[2], high[2]),
        _mm256_permute2x128_si256::<0x31>(low[3], high[3]),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn gather(p: &Poly, [a, b, c, d, e, f, g, h]: [usize; 8]) -> [V; 8] {
    let p = &p.0;
    [load(&p[a]), load(&p[b]), load(&p[c]), load(&p[d]), load(&p[e]), load(&p[f]), load(&p[g]), load(&p[h])]
}

#[inline]
#[target_feature(enable = "avx2")]
fn scatter(p: &mut Poly, [a, b, c, d, e, f, g, h]: [usize; 8], v: [V; 8]) {
    let p = &mut p.0;
    store(&mut p[a], v[0]);
    store(&mut p[b], v[1]);
    store(&mut p[c], v[2]);
    store(&mut p[d], v[3]);
    store(&mut p[e], v[4]);
    store(&mut p[f], v[5]);
    store(&mut p[g], v[6]);
    store(&mut p[h], v[7]);
}

/// The eight vectors of a block.
const fn block(b: usize) -> [usize; 8] {
    let first = 8 * b;
    [first, first + 1, first + 2, first + 3, first + 4, first + 5, first + 6, first + 7]
}

/// Vectors i, i + 4, i + 8 and so on.
const fn stride(i: usize) -> [usize; 8] {
    [i, i + 4, i + 8, i + 12, i + 16, i + 20, i + 24, i + 28]
}

/// Algorithm 41. In: below q; out: below 9 q.
#[target_feature(enable = "avx2")]
pub(super) fn ntt(p: &mut Poly) {
    for i in 0..4 {
        // Numbers 128, 64 and 32 apart: vectors 16, 8 and 4.
        let mut v = gather(p, stride(i));
        fours!(v, forth, whole::<false>(1, 0));
        twos!(v, forth, whole::<false>(2, 0), whole::<false>(2, 1));
        ones!(
            v,
            forth,
            whole::<false>(4, 0),
            whole::<false>(4, 1),
            whole::<false>(4, 2),
            whole::<false>(4, 3)
        );
        scatter(p, stride(i), v);
    }
    for (b, lanes) in LANES.iter().enumerate() {
        // 16 and 8 apart: vectors 2 and 1.
        let mut v = gather(p, block(b));
        twos!(v, forth, whole::<false>(8, 2 * b), whole::<false>(8, 2 * b + 1));
        ones!(
            v,
            forth,
            whole::<false>(16, 4 * b),
            whole::<false>(16, 4 * b + 1),
            whole::<false>(16, 4 * b + 2),
            whole::<false>(16, 4 * b + 3)
        );
        // 4, 2 and 1 apart: numbers of a group, which are in vectors of their own now.
        let mut v = transpose(v);
        fours!(v, forth, load(&lanes[0]));
        twos!(v, forth, load(&lanes[1]), load(&lanes[2]));
        ones!(v, forth, load(&lanes[3]), load(&lanes[4]), load(&lanes[5]), load(&lanes[6]));
        scatter(p, block(b), v);
    }
}

/// Algorithm 42, and times R: of a sum of Montgomery's products comes the polynomial itself. In and out: below q.
#[target_feature(enable = "avx2")]
pub(super) fn inverse(p: &mut Poly) {
    for (b, lanes) in LANES_BACK.iter().enumerate() {
        let mut v = gather(p, block(b));
        ones!(v, back, load(&lanes[3]), load(&lanes[4]), load(&lanes[5]), load(&lanes[6]));
        twos!(v, back, load(&lanes[1]), load(&lanes[2]));
        fours!(v, back, load(&lanes[0]));
        let mut v = transpose(v);
        ones!(
            v,
            back,
            whole::<true>(16, 4 * b),
            whole::<true>(16, 4 * b + 1),
            whole::<true>(16, 4 * b + 2),
            whole::<true>(16, 4 * b + 3)
        );
        twos!(v, back, whole::<true>(8, 2 * b), whole::<true>(8, 2 * b + 1));
        scatter(p, block(b), v);
    }
    for i in 0..4 {
        let mut v = gather(p, stride(i));
        ones!(v, back, whole::<true>(4, 0), whole::<true>(4, 1), whole::<true>(4, 2), whole::<true>(4, 3));
        twos!(v, back, whole::<true>(2, 0), whole::<true>(2, 1));
        fours!(v, back, whole::<true>(1, 0));
        for number in &mut v {
            *number = multiply(*number, _mm256_set1_epi32(SCALE));
        }
        scatter(p, stride(i), v);
    }
}

/// From the order of the standard to that of transformed polynomials here.
#[target_feature(enable = "avx2")]
pub(super) fn order(p: &mut Poly) {
    for b in 0..4 {
        let v = gather(p, block(b));
        scatter(p, block(b), transpose(v));
    }
}

/// sum of a_i b_i / R, below q: at most seven products.
#[target_feature(enable = "avx2")]
pub(super) fn dot<const N: usize>(a: &[Poly; N], b: &[Poly; N]) -> Poly {
    const { assert!(N <= 7) };
    let mut out = Poly::ZERO;
    for (at, to) in out.0.iter_mut().enumerate() {
        let mut sums = [_mm256_setzero_si256(); 2];
        for (a, b) in a.iter().zip(b) {
            let (a, b) = (load(&a.0[at]), load(&b.0[at]));
            sums[0] = _mm256_add_epi64(sums[0], _mm256_mul_epi32(a, b));
            sums[1] = _mm256_add_epi64(sums[1], _mm256_mul_epi32(odd(a), odd(b)));
        }
        store(to, reduce(sums[0], sums[1]));
    }
    out
}

/// The same, less c d / R.
#[target_feature(enable = "avx2")]
pub(super) fn dot_less<const N: usize>(a: &[Poly; N], b: &[Poly; N], c: &Poly, d: &Poly) -> Poly {
    const { assert!(N <= 7) };
    let mut out = Poly::ZERO;
    for (at, to) in out.0.iter_mut().enumerate() {
        let mut sums = [_mm256_setzero_si256(); 2];
        for (a, b) in a.iter().zip(b) {
            let (a, b) = (load(&a.0[at]), load(&b.0[at]));
            sums[0] = _mm256_add_epi64(sums[0], _mm256_mul_epi32(a, b));
            sums[1] = _mm256_add_epi64(sums[1], _mm256_mul_epi32(odd(a), odd(b)));
        }
        let (c, d) = (load(&c.0[at]), load(&d.0[at]));
        sums[0] = _mm256_sub_epi64(sums[0], _mm256_mul_epi32(c, d));
        sums[1] = _mm256_sub_epi64(sums[1], _mm256_mul_epi32(odd(c), odd(d)));
        store(to, reduce(sums[0], sums[1]));
    }
    out
}

/// a b / R, below q.
#[target_feature(enable = "avx2")]
pub(super) fn product(a: &Poly, b: &Poly) -> Poly {
    let mut out = Poly::ZERO;
    for ((to, a), b) in out.0.iter_mut().zip(&a.0).zip(&b.0) {
        store(to, multiply(load(a), load(b)));
    }
    out
}

/// Divides by R, so that [`inverse`] of a transformed polynomial is the polynomial.
#[target_feature(enable = "avx2")]
pub(super) fn divide(p: &mut Poly) {
    for v in &mut p.0 {
        let divided = multiply(load(v), _mm256_set1_epi32(1));
        store(v, divided);
    }
}
