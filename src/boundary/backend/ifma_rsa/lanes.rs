//! Montgomery arithmetic on eight numbers at once: limb i of all eight in one vector, 52 bits a limb.
//!
//! R = 2^(52 N) is at least 2^16 times the modulus n, so nothing here ever subtracts n: a product
//! `a b / R` is below n + a b / R, which is below 2 n for operands of a few n ("almost Montgomery"). Numbers at
//! rest have clean limbs, below 2^52; inside, the 64-bit lanes collect at most 4 N + 2 terms below 2^52, that is
//! less than 2^61. `finish` reduces once at the end.
//!
//! The work is cut into tiles of ten by ten limbs, whose accumulators and one operand stay in registers.
//! Constant time: no branch and no address depends on a number; the indices are loop counters.
#![allow(clippy::indexing_slicing)] // indices run over the arrays' own lengths, which are multiples of TILE
#![allow(clippy::arithmetic_side_effects)] // counters below a few hundred

use core::arch::x86_64::{
    __m512i, _mm_cvtsi32_si128, _mm512_add_epi64, _mm512_and_si512, _mm512_madd52hi_epu64,
    _mm512_madd52lo_epu64, _mm512_mask_blend_epi64, _mm512_or_si512, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_srai_epi64, _mm512_srl_epi64, _mm512_srli_epi64, _mm512_sub_epi64, _mm512_test_epi64_mask,
    _mm512_xor_si512,
};
use core::hint::black_box;

use zeroize::{Zeroize, Zeroizing};

/// One limb of eight numbers.
pub(super) type V = __m512i;

const TILE: usize = 10;
const MASK: i64 = (1 << 52) - 1;
/// Bits of the exponent that one look-up takes, and the table's size.
const WINDOW: usize = 4;
pub(super) const ENTRIES: usize = 1 << WINDOW;

/// Room for double-length products, wiped when dropped.
pub(super) type Wide<const D: usize> = Zeroizing<[V; D]>;

/// Eight odd moduli of N limbs, for eight independent computations.
pub(super) struct Moduli<const N: usize> {
    pub(super) n: [V; N],
    /// -n^-1 mod 2^52.
    pub(super) n0: V,
    /// R^2 mod n.
    pub(super) r2: [V; N],
}

impl<const N: usize> Drop for Moduli<N> {
    fn drop(&mut self) {
        self.n.zeroize();
        self.n0.zeroize();
        self.r2.zeroize();
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn lo(sum: V, a: V, b: V) -> V {
    _mm512_madd52lo_epu64(sum, a, b)
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn hi(sum: V, a: V, b: V) -> V {
    _mm512_madd52hi_epu64(sum, a, b)
}

/// `t += x y` for ten limbs of y and a multiple of ten of x.
#[target_feature(enable = "avx512f,avx512ifma")]
fn strip(t: &mut [V], x: &[V], y: &[V; TILE]) {
    let (pairs, rest) = x.as_chunks::<{ 2 * TILE }>();
    for (i, x) in pairs.iter().enumerate() {
        rows::<{ 2 * TILE }, { 3 * TILE }>(window(t, 2 * TILE * i), x, y);
    }
    if let Some(x) = rest.first_chunk() {
        rows::<TILE, { 2 * TILE }>(window(t, 2 * TILE * pairs.len()), x, y);
    }
}

/// The same for R limbs of x; two rows at a time, the window of ten accumulators moves up two limbs.
#[target_feature(enable = "avx512f,avx512ifma")]
fn rows<const R: usize, const T: usize>(t: &mut [V; T], x: &[V; R], y: &[V; TILE]) {
    const { assert!(T == R + TILE && R.is_multiple_of(2)) };
    let y = *y;
    let mut s = [t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9]];
    for r in (0..R).step_by(2) {
        let (e, f) = (x[r], x[r + 1]);
        t[r] = lo(s[0], e, y[0]);
        t[r + 1] = lo(hi(lo(s[1], e, y[1]), e, y[0]), f, y[0]);
        macro_rules! next {
            ($($j:literal)*) => {
                [$(hi(lo(hi(lo(s[$j], e, y[$j]), e, y[$j - 1]), f, y[$j - 1]), f, y[$j - 2]),)*
                 hi(lo(hi(t[TILE + r], e, y[9]), f, y[9]), f, y[8]), hi(t[TILE + r + 1], f, y[9])]
            };
        }
        s = next!(2 3 4 5 6 7 8 9);
    }
    t[R..].copy_from_slice(&s);
}

/// The products of different limbs of ten, each once: half of what a square has off its diagonal.
#[target_feature(enable = "avx512f,avx512ifma")]
fn triangle(t: &mut [V; 2 * TILE], x: &[V; TILE]) {
    let zero = _mm512_setzero_si512();
    // The high halves of one column belong to the next.
    let mut high = zero;
    macro_rules! column {
        ($k:literal: $($i:literal $j:literal),*) => {{
            let mut low = high;
            high = zero;
            $(low = lo(low, x[$i], x[$j]); high = hi(high, x[$i], x[$j]);)*
            t[$k] = low;
        }};
    }
    t[0] = zero;
    column!(1: 0 1);
    column!(2: 0 2);
    column!(3: 0 3, 1 2);
    column!(4: 0 4, 1 3);
    column!(5: 0 5, 1 4, 2 3);
    column!(6: 0 6, 1 5, 2 4);
    column!(7: 0 7, 1 6, 2 5, 3 4);
    column!(8: 0 8, 1 7, 2 6, 3 5);
    column!(9: 0 9, 1 8, 2 7, 3 6, 4 5);
    column!(10: 1 9, 2 8, 3 7, 4 6);
    column!(11: 2 9, 3 8, 4 7, 5 6);
    column!(12: 3 9, 4 8, 5 7);
    column!(13: 4 9, 5 8, 6 7);
    column!(14: 5 9, 6 8);
    column!(15: 6 9, 7 8);
    column!(16: 7 9);
    column!(17: 8 9);
    t[18] = high;
    t[19] = zero;
}

/// Montgomery's reduction with the lowest twenty limbs of n: all limbs of `t` but the upper twenty become zero
/// in effect, and the factors that do it take their place.
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_rows<const R: usize, const T: usize>(t: &mut [V; T], n: &[V; 2 * TILE], n0: V) {
    const { assert!(T == R + 2 * TILE) };
    let zero = _mm512_setzero_si512();
    let mask = _mm512_set1_epi64(MASK);
    let mut s = [zero; 2 * TILE];
    s.copy_from_slice(&t[..2 * TILE]);
    for r in (0..R).step_by(2) {
        // The limbs of n are read where they are: kept over the loop they would only be spilled elsewhere.
        let n = black_box(n);
        let e = lo(zero, s[0], n0);
        t[r] = e;
        // The lowest limb becomes a multiple of 2^52 by adding less than 2^52: its carry is known before.
        let carry = _mm512_srli_epi64::<52>(_mm512_add_epi64(s[0], mask));
        let first = _mm512_add_epi64(lo(_mm512_add_epi64(s[1], carry), e, n[1]), hi(zero, e, n[0]));
        let f = lo(zero, first, n0);
        t[r + 1] = f;
        let carry = _mm512_srli_epi64::<52>(_mm512_add_epi64(first, mask));
        let second = hi(lo(_mm512_add_epi64(s[2], carry), e, n[2]), e, n[1]);
        let second = _mm512_add_epi64(second, hi(lo(zero, f, n[1]), f, n[0]));
        macro_rules! next {
            ($($j:literal)*) => {
                [second,
                 $(hi(lo(hi(lo(s[$j], e, n[$j]), e, n[$j - 1]), f, n[$j - 1]), f, n[$j - 2]),)*
                 hi(lo(hi(t[2 * TILE + r], e, n[19]), f, n[19]), f, n[18]), hi(t[2 * TILE + r + 1], f, n[19])]
            };
        }
        s = next!(3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);
    }
    t[R..].copy_from_slice(&s);
}

/// What differs, added to what differed.
#[target_feature(enable = "avx512f")]
pub(super) fn difference(found: V, a: V, b: V) -> V {
    _mm512_or_si512(found, _mm512_xor_si512(a, b))
}

/// Carries upwards, so that every limb is below 2^52. The number must fit.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn carry<const N: usize>(t: &[V], out: &mut [V; N]) {
    let mask = _mm512_set1_epi64(MASK);
    let mut carry = _mm512_setzero_si512();
    for (out, t) in out.iter_mut().zip(t) {
        let sum = _mm512_add_epi64(*t, carry);
        *out = _mm512_and_si512(sum, mask);
        carry = _mm512_srli_epi64::<52>(sum);
    }
}

/// The window of `L` limbs from `at`.
fn window<const L: usize>(t: &mut [V], at: usize) -> &mut [V; L] {
    #[allow(clippy::expect_used)] // callers stay inside 2 N limbs; a mistake is seen by every test
    t[at..].first_chunk_mut().expect("a window inside the product")
}

/// The double-length product `a b`, with carries left in the limbs.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn product<const N: usize, const D: usize>(a: &[V; N], b: &[V; N], t: &mut [V; D]) {
    const { assert!(D == 2 * N && N.is_multiple_of(TILE)) };
    t.fill(_mm512_setzero_si512());
    for (j, y) in a.as_chunks().0.iter().enumerate() {
        strip(&mut t[TILE * j..][..N + TILE], b, y);
    }
}

/// The same for `a a`, in little more than half of the multiplications.
#[target_feature(enable = "avx512f,avx512ifma")]
fn square_product<const N: usize, const D: usize>(a: &[V; N], t: &mut [V; D]) {
    const { assert!(D == 2 * N && N.is_multiple_of(TILE)) };
    let chunks = a.as_chunks().0;
    for (i, x) in chunks.iter().enumerate() {
        triangle(window(t, 2 * TILE * i), x);
    }
    for (j, y) in chunks.iter().enumerate().skip(1) {
        strip(&mut t[TILE * j..][..TILE * (j + 1)], &a[..TILE * j], y);
    }
    for (t, a) in t.as_chunks_mut::<2>().0.iter_mut().zip(a) {
        t[0] = lo(_mm512_add_epi64(t[0], t[0]), *a, *a);
        t[1] = hi(_mm512_add_epi64(t[1], t[1]), *a, *a);
    }
}

impl<const N: usize> Moduli<N> {
    /// `t / R mod n`, below n + t / R.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn reduce<const D: usize>(&self, t: &mut [V; D], out: &mut [V; N]) {
        const { assert!(D == 2 * N && N.is_multiple_of(TILE) && N >= 2 * TILE) };
        let (first, rest) = self.n.split_at(2 * TILE);
        let Some(first) = first.first_chunk() else { return };
        for at in (0..N).step_by(2 * TILE) {
            let rows = usize::min(2 * TILE, N - at);
            if rows == 2 * TILE {
                reduce_rows::<{ 2 * TILE }, { 4 * TILE }>(window(t, at), first, self.n0);
            } else {
                reduce_rows::<TILE, { 3 * TILE }>(window(t, at), first, self.n0);
            }
            let (factors, t) = t[at..].split_at_mut(2 * TILE);
            for (j, y) in rest.as_chunks().0.iter().enumerate() {
                strip(&mut t[TILE * j..][..rows + TILE], &factors[..rows], y);
            }
        }
        carry(&t[N..], out);
    }

    /// `a b / R mod n`.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn mul<const D: usize>(&self, a: &[V; N], b: &[V; N], out: &mut [V; N], t: &mut Wide<D>) {
        product(a, b, t);
        self.reduce(t, out);
    }

    /// `a <- a a / R mod n`.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn square<const D: usize>(&self, a: &mut [V; N], t: &mut Wide<D>) {
        square_product(a, t);
        self.reduce(t, a);
    }

    /// Into Montgomery form.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn enter<const D: usize>(&self, a: &[V; N], out: &mut [V; N], t: &mut Wide<D>) {
        self.mul(a, &self.r2, out, t);
    }

    /// Out of Montgomery form, at most n.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn leave<const D: usize>(&self, a: &mut [V; N], t: &mut Wide<D>) {
        t[..N].copy_from_slice(a);
        t[N..].fill(_mm512_setzero_si512());
        self.reduce(t, a);
    }

    /// `a - n` where that is not negative, for a < 2 n: the number itself.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn finish(&self, a: &mut [V; N]) {
        let mask = _mm512_set1_epi64(MASK);
        let mut less = Zeroizing::new([_mm512_setzero_si512(); N]);
        let mut borrow = _mm512_setzero_si512();
        for ((less, a), n) in less.iter_mut().zip(&*a).zip(&self.n) {
            let difference = _mm512_add_epi64(_mm512_sub_epi64(*a, *n), borrow);
            *less = _mm512_and_si512(difference, mask);
            borrow = _mm512_srai_epi64::<52>(difference);
        }
        let keep = _mm512_test_epi64_mask(borrow, borrow);
        for (a, less) in a.iter_mut().zip(&*less) {
            *a = _mm512_mask_blend_epi64(keep, *less, *a);
        }
    }

    /// `a + b`, for sums below R.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn add(&self, a: &[V; N], b: &[V; N], out: &mut [V; N]) {
        let mut sum = Zeroizing::new(*a);
        for (sum, b) in sum.iter_mut().zip(b) {
            *sum = _mm512_add_epi64(*sum, *b);
        }
        carry(&*sum, out);
    }

    /// `a - b + 2 n`, for b of at most 2 n.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn sub(&self, a: &[V; N], b: &[V; N], out: &mut [V; N]) {
        let mask = _mm512_set1_epi64(MASK);
        let mut carry = _mm512_setzero_si512();
        for (((out, a), b), n) in out.iter_mut().zip(a).zip(b).zip(&self.n) {
            let twice = _mm512_add_epi64(*n, *n);
            let sum = _mm512_add_epi64(_mm512_sub_epi64(_mm512_add_epi64(*a, twice), *b), carry);
            *out = _mm512_and_si512(sum, mask);
            carry = _mm512_srai_epi64::<52>(sum);
        }
    }

    /// `base ^ exponent` in Montgomery form, for secret exponents of E limbs of 64 bits: every window does the
    /// same, and every look-up reads the whole table.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn power<const D: usize, const E: usize>(
        &self,
        base: &[V; N],
        exponent: &[V; E],
        out: &mut [V; N],
        table: &mut [[V; N]; ENTRIES],
        t: &mut Wide<D>,
    ) {
        const { assert!(64usize.is_multiple_of(WINDOW)) };
        self.one(&mut table[0], t);
        table[1] = *base;
        for i in 2..ENTRIES {
            let (done, rest) = table.split_at_mut(i);
            if i.is_multiple_of(2) {
                rest[0] = done[i / 2];
                self.square(&mut rest[0], t);
            } else {
                self.mul(&done[i - 1], base, &mut rest[0], t);
            }
        }
        let mut entry = Zeroizing::new([_mm512_setzero_si512(); N]);
        let mut power = Zeroizing::new([_mm512_setzero_si512(); N]);
        let mut first = true;
        for limb in exponent.iter().rev() {
            for at in (0..64).step_by(WINDOW).rev() {
                let at = _mm_cvtsi32_si128(at);
                look_up(table, _mm512_srl_epi64(*limb, at), &mut entry);
                if first {
                    *power = *entry;
                    first = false;
                    continue;
                }
                for _ in 0..WINDOW {
                    self.square(&mut power, t);
                }
                self.mul(&power, &entry, out, t);
                *power = *out;
            }
        }
        *out = *power;
    }

    /// Moduli of exactly `bits` bits each, odd, with clean limbs; computes what belongs to them.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn prepare<const D: usize>(&mut self, bits: usize, t: &mut Wide<D>) {
        // Newton's iteration doubles the correct low bits: 1, 2, 4, .. 64.
        let mut inverse = _mm512_set1_epi64(1);
        for _ in 0..6 {
            let error =
                _mm512_sub_epi64(_mm512_set1_epi64(2), lo(_mm512_setzero_si512(), self.n[0], inverse));
            inverse = lo(_mm512_setzero_si512(), inverse, error);
        }
        self.n0 =
            _mm512_and_si512(_mm512_sub_epi64(_mm512_setzero_si512(), inverse), _mm512_set1_epi64(MASK));
        // 2^bits - n is below n; doubled until it is R mod n, and then until it is 2^s R with 52 N = s 2^k.
        let mut power = Zeroizing::new([_mm512_setzero_si512(); N]);
        power[bits / 52] = _mm512_set1_epi64(1 << (bits % 52));
        self.finish(&mut power);
        let mut copy = Zeroizing::new(*power);
        let squarings = (52 * N).trailing_zeros();
        for _ in 0..52 * N - bits + ((52 * N) >> squarings) {
            *copy = *power;
            self.add(&copy, &copy, &mut power);
            self.finish(&mut power);
        }
        // Squared k times, 2^s in Montgomery form becomes R.
        for _ in 0..squarings {
            self.square(&mut power, t);
        }
        self.finish(&mut power);
        self.r2 = *power;
    }

    /// R mod n, that is 1 in Montgomery form.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn one<const D: usize>(&self, out: &mut [V; N], t: &mut Wide<D>) {
        *out = self.r2;
        self.leave(out, t);
    }
}

/// The entry that the low bits of `index` name, lane by lane: a tree of selections over the whole table.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn look_up<const N: usize>(table: &[[V; N]; ENTRIES], index: V, out: &mut [V; N]) {
    let [b0, b1, b2, b3] = [1, 2, 4, 8].map(|bit| _mm512_test_epi64_mask(index, _mm512_set1_epi64(bit)));
    for j in 0..N {
        macro_rules! pick {
            ($i:expr) => {
                _mm512_mask_blend_epi64(b0, table[$i][j], table[$i + 1][j])
            };
            ($bit:ident $a:expr, $b:expr) => {
                _mm512_mask_blend_epi64($bit, $a, $b)
            };
        }
        let low = pick!(b2 pick!(b1 pick!(0), pick!(2)), pick!(b1 pick!(4), pick!(6)));
        let high = pick!(b2 pick!(b1 pick!(8), pick!(10)), pick!(b1 pick!(12), pick!(14)));
        out[j] = pick!(b3 low, high);
    }
}
