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

#[inline]
#[target_feature(enable = "avx2")]
fn forth(v: &mut [V; 8], low: usize, high: usize, zeta: V) {
    let t = multiply(v[high], zeta);
    v[high] = _mm256_sub_epi32(v[low], t);
    v[low] = _mm256_add_epi32(v[low], t);
}

#[inline]
#[target_feature(enable = "avx2")]
fn back(v: &mut [V; 8], low: usize, high: usize, zeta: V) {
    let difference = _mm256_sub_epi32(v[low], v[high]);
    v[low] = _mm256_add_epi32(v[low], v[high]);
    v[high] = multiply(difference, zeta);
}

/// Eight rows as columns.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(v: [V; 8]) -> [V; 8] {
    let mut pairs = v;
    for i in 0..4 {
        pairs[2 * i] = _mm256_unpacklo_epi32(v[2 * i], v[2 * i + 1]);
        pairs[2 * i + 1] = _mm256_unpackhi_epi32(v[2 * i], v[2 * i + 1]);
    }
    let mut fours = v;
    for i in 0..2 {
        let p = [pairs[4 * i], pairs[4 * i + 1], pairs[4 * i + 2], pairs[4 * i + 3]];
        fours[4 * i] = _mm256_unpacklo_epi64(p[0], p[2]);
        fours[4 * i + 1] = _mm256_unpackhi_epi64(p[0], p[2]);
        fours[4 * i + 2] = _mm256_unpacklo_epi64(p[1], p[3]);
        fours[4 * i + 3] = _mm256_unpackhi_epi64(p[1], p[3]);
    }
    let mut columns = v;
    for i in 0..4 {
        columns[i] = _mm256_permute2x128_si256::<0x20>(fours[i], fours[i + 4]);
        columns[i + 4] = _mm256_permute2x128_si256::<0x31>(fours[i], fours[i + 4]);
    }
    columns
}

#[inline]
#[target_feature(enable = "avx2")]
fn gather(p: &Poly, at: [usize; 8]) -> [V; 8] {
    let mut v = [_mm256_setzero_si256(); 8];
    for (to, at) in v.iter_mut().zip(at) {
        *to = load(&p.0[at]);
    }
    v
}

#[inline]
#[target_feature(enable = "avx2")]
fn scatter(p: &mut Poly, at: [usize; 8], v: [V; 8]) {
    for (from, at) in v.into_iter().zip(at) {
        store(&mut p.0[at], from);
    }
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
    let zeta = |first, at| _mm256_set1_epi32(zeta(first, at, false));
    for i in 0..4 {
        // Numbers 128, 64 and 32 apart: vectors 16, 8 and 4.
        let mut v = gather(p, stride(i));
        for j in 0..4 {
            forth(&mut v, j, j + 4, zeta(1, 0));
        }
        for j in [0, 1, 4, 5] {
            forth(&mut v, j, j + 2, zeta(2, j / 4));
        }
        for j in [0, 2, 4, 6] {
            forth(&mut v, j, j + 1, zeta(4, j / 2));
        }
        scatter(p, stride(i), v);
    }
    for b in 0..4 {
        // 16 and 8 apart: vectors 2 and 1.
        let mut v = gather(p, block(b));
        for j in [0, 1, 4, 5] {
            forth(&mut v, j, j + 2, zeta(8, 2 * b + j / 4));
        }
        for j in [0, 2, 4, 6] {
            forth(&mut v, j, j + 1, zeta(16, 4 * b + j / 2));
        }
        // 4, 2 and 1 apart: numbers of a group, which are in vectors of their own now.
        let mut v = transpose(v);
        let lanes = &LANES[b];
        for j in 0..4 {
            forth(&mut v, j, j + 4, load(&lanes[0]));
        }
        for j in [0, 1, 4, 5] {
            forth(&mut v, j, j + 2, load(&lanes[1 + j / 4]));
        }
        for j in [0, 2, 4, 6] {
            forth(&mut v, j, j + 1, load(&lanes[3 + j / 2]));
        }
        scatter(p, block(b), v);
    }
}

/// Algorithm 42, and times R: of a sum of Montgomery's products comes the polynomial itself. In and out: below q.
#[target_feature(enable = "avx2")]
pub(super) fn inverse(p: &mut Poly) {
    let zeta = |first, at| _mm256_set1_epi32(zeta(first, at, true));
    for b in 0..4 {
        let mut v = gather(p, block(b));
        let lanes = &LANES_BACK[b];
        for j in [0, 2, 4, 6] {
            back(&mut v, j, j + 1, load(&lanes[3 + j / 2]));
        }
        for j in [0, 1, 4, 5] {
            back(&mut v, j, j + 2, load(&lanes[1 + j / 4]));
        }
        for j in 0..4 {
            back(&mut v, j, j + 4, load(&lanes[0]));
        }
        let mut v = transpose(v);
        for j in [0, 2, 4, 6] {
            back(&mut v, j, j + 1, zeta(16, 4 * b + j / 2));
        }
        for j in [0, 1, 4, 5] {
            back(&mut v, j, j + 2, zeta(8, 2 * b + j / 4));
        }
        scatter(p, block(b), v);
    }
    for i in 0..4 {
        let mut v = gather(p, stride(i));
        for j in [0, 2, 4, 6] {
            back(&mut v, j, j + 1, zeta(4, j / 2));
        }
        for j in [0, 1, 4, 5] {
            back(&mut v, j, j + 2, zeta(2, j / 4));
        }
        for j in 0..4 {
            back(&mut v, j, j + 4, zeta(1, 0));
        }
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
