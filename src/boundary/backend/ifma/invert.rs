//! Inversions by division steps, shared by Montgomery's trick; and one power.
//!
//! Bernstein and Yang, "Fast constant-time gcd computation and modular inversion" (2019), in eight lanes. The
//! steps of one [`jump`] are those of the lowest 52 bits and end in a matrix, which is then applied to the
//! whole numbers. By theorem 11.2, floor((49 b + 57) / 17) steps bring g to 0 for an odd modulus of b >= 46
//! bits and 0 <= g < modulus: 741 for 256 bits, 1110 for 384. Their number is fixed, no value is looked at.
//!
//! Signed numbers here are in two's complement over N limbs of 52 bits.

// Arrays of N or MAX + 1 limbs, constant indices.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use core::arch::x86_64::*;

use zeroize::Zeroize;

use super::field::{
    Field, LIMB, LOW, MAX, Mask, V, add, carry, mul, negate_if, power_of_two, reduced, splat, splat_all, sqr,
    unroll,
};

/// Division steps of one jump. The entries of its matrix are at most 2^51 in magnitude.
const JUMP: usize = 51;

/// Jumps for a modulus of 52 N bits at most, of which as many as [`Field::BITS`] count.
const fn jumps(bits: usize) -> usize {
    ((49 * bits + 57) / 17).div_ceil(JUMP)
}

/// A matrix over a power of two: f takes the first row, g the second.
#[derive(Clone, Copy)]
struct Matrix {
    u: V,
    v: V,
    q: V,
    r: V,
}

/// 51 division steps on the lowest limbs of K pairs. With delta > 0 and g odd: (f, g) = (g, (g - f) / 2);
/// else (f, (g + f) / 2) or (f, g / 2). A second pair fills the time that the first one waits.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn jump<const K: usize>(delta: &mut [V; K], mut f: [V; K], mut g: [V; K]) -> [Matrix; K] {
    let (zero, one) = (_mm512_setzero_si512(), splat(1));
    let mut matrices = [Matrix { u: one, v: zero, q: zero, r: one }; K];
    for _ in 0..JUMP {
        unroll!(I < K, {
            let (f, g, m) = (&mut f[I], &mut g[I], &mut matrices[I]);
            let positive = _mm512_cmpgt_epi64_mask(delta[I], zero);
            let odd = _mm512_test_epi64_mask(*g, one);
            let swap = _mm512_mask_test_epi64_mask(positive, *g, one);
            delta[I] = _mm512_add_epi64(_mm512_mask_sub_epi64(delta[I], swap, zero, delta[I]), one);
            let step = |low: &mut V, high: &mut V| {
                let signed = _mm512_mask_sub_epi64(*low, swap, zero, *low);
                *low = _mm512_mask_mov_epi64(*low, swap, *high);
                *high = _mm512_mask_add_epi64(*high, odd, *high, signed);
            };
            step(f, g);
            step(&mut m.u, &mut m.q);
            step(&mut m.v, &mut m.r);
            *g = _mm512_srai_epi64::<1>(*g);
            m.u = _mm512_add_epi64(m.u, m.u);
            m.v = _mm512_add_epi64(m.v, m.v);
        });
    }
    matrices
}

/// u a + v b in N + 1 raw limbs, modulo 2^(52 (N + 1)), of signed numbers and factors.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn combine<const N: usize>(u: V, a: &[V; N], v: V, b: &[V; N]) -> [V; MAX + 1] {
    let mut t = [_mm512_setzero_si512(); MAX + 1];
    let sign = splat(1 << (LIMB - 1));
    for (factor, number) in [(u, a), (v, b)] {
        let factor_minus: Mask = _mm512_movepi64_mask(factor);
        let number_minus: Mask = _mm512_test_epi64_mask(number[N - 1], sign);
        // The low 52 bits of a negative factor are 2^52 too much, the limbs of a negative number 2^(52 N).
        unroll!(I < N, {
            t[I] = _mm512_madd52lo_epu64(t[I], number[I], factor);
            t[I + 1] = _mm512_madd52hi_epu64(t[I + 1], number[I], factor);
            t[I + 1] = _mm512_mask_sub_epi64(t[I + 1], factor_minus, t[I + 1], number[I]);
        });
        t[N] = _mm512_mask_sub_epi64(t[N], number_minus, t[N], factor);
    }
    t
}

/// (u a + v b) / 2^51, which is exact.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn combine_exactly<const N: usize>(u: V, a: &[V; N], v: V, b: &[V; N]) -> [V; N] {
    let mut t = combine(u, a, v, b);
    let low = splat(LOW);
    let mut out = *a;
    unroll!(I < N, {
        t[I + 1] = _mm512_add_epi64(t[I + 1], _mm512_srai_epi64::<52>(t[I]));
        t[I] = _mm512_and_si512(t[I], low);
    });
    unroll!(I < N, {
        let high = _mm512_and_si512(_mm512_slli_epi64::<1>(t[I + 1]), low);
        out[I] = _mm512_or_si512(_mm512_srli_epi64::<51>(t[I]), high);
    });
    out
}

/// (u a + v b) / 2^52 modulo p, between -2 p and 2 p if a and b are.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn combine_modulo<F: Field<N>, const N: usize>(u: V, a: &[V; N], v: V, b: &[V; N]) -> [V; N] {
    let mut t = combine(u, a, v, b);
    let p = splat_all(&F::MODULUS);
    let m = _mm512_madd52lo_epu64(_mm512_setzero_si512(), t[0], splat(F::NEG_INVERSE));
    unroll!(I < N, {
        t[I] = _mm512_madd52lo_epu64(t[I], m, p[I]);
        t[I + 1] = _mm512_madd52hi_epu64(t[I + 1], m, p[I]);
    });
    let low = splat(LOW);
    let mut out = *a;
    unroll!(I < N, {
        t[I + 1] = _mm512_add_epi64(t[I + 1], _mm512_srai_epi64::<52>(t[I]));
        out[I] = _mm512_and_si512(t[I + 1], low);
    });
    out
}

/// d x and e x stay f and g times a power of two modulo p, x the residue as it lies, Montgomery form or not.
struct State<const N: usize> {
    f: [V; N],
    g: [V; N],
    d: [V; N],
    e: [V; N],
}

impl<const N: usize> State<N> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    fn new<F: Field<N>>(x: &[V; N]) -> Self {
        let zero = [_mm512_setzero_si512(); N];
        let mut one = zero;
        one[0] = splat(1);
        Self { f: splat_all(&F::MODULUS), g: reduced::<F, N>(x), d: zero, e: one }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    fn apply<F: Field<N>>(&mut self, m: &Matrix) {
        let Self { f, g, d, e } = self;
        (*f, *g) = (combine_exactly(m.u, f, m.v, g), combine_exactly(m.q, f, m.r, g));
        (*d, *e) = (combine_modulo::<F, N>(m.u, d, m.v, e), combine_modulo::<F, N>(m.q, d, m.r, e));
    }

    /// The inverse, now that f = 1 or -1; and 0 of 0.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    fn finish<F: Field<N>>(mut self) -> [V; N] {
        // From two's complement to raw limbs, to f d, to a positive number below 4 p.
        let sign = splat(1 << (LIMB - 1));
        let f_minus = _mm512_test_epi64_mask(self.f[N - 1], sign);
        let d_minus = _mm512_test_epi64_mask(self.d[N - 1], sign);
        self.d[N - 1] = _mm512_mask_sub_epi64(self.d[N - 1], d_minus, self.d[N - 1], splat(1 << LIMB));
        let p = splat_all(&F::MODULUS);
        let d = carry(add(&negate_if(f_minus, &self.d), &add(&p, &p)));
        // Each jump left a factor 2; and x R^-1 is wanted back as its inverse times R.
        let scale = const { power_of_two(&F::MODULUS, jumps(F::BITS) + F::INVERSE_SHIFT) };
        mul::<F, N>(&d, &splat_all(&scale))
    }
}

/// The inverse of a residue.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn invert<F: Field<N>, const N: usize>(x: &[V; N]) -> [V; N] {
    let mut state = State::new::<F>(x);
    let mut delta = [splat(1)];
    for _ in 0..jumps(F::BITS) {
        let [m] = jump(&mut delta, [state.f[0]], [state.g[0]]);
        state.apply::<F>(&m);
    }
    state.finish::<F>()
}

/// The inverses of a residue of each of two moduli with the same number of bits.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn invert_two<F: Field<N>, G: Field<N>, const N: usize>(x: &[V; N], y: &[V; N]) -> ([V; N], [V; N]) {
    const { assert!(F::BITS == G::BITS) };
    let (mut a, mut b) = (State::new::<F>(x), State::new::<G>(y));
    let mut delta = [splat(1); 2];
    for _ in 0..jumps(F::BITS) {
        let [m, n] = jump(&mut delta, [a.f[0], b.f[0]], [a.g[0], b.g[0]]);
        a.apply::<F>(&m);
        b.apply::<G>(&n);
    }
    (a.finish::<F>(), b.finish::<G>())
}

/// a^(2^252 - 3), for square roots modulo 2^255 - 19.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn power_252_3<F: Field<N>, const N: usize>(a: &[V; N]) -> [V; N] {
    // Of a^(2^m - 1) and a^(2^n - 1), a^(2^(m + n) - 1).
    let join = |m: &[V; N], n: &[V; N], n_bits: u32| mul::<F, N>(&squarings::<F, N>(m, n_bits), n);
    let ones2 = join(a, a, 1);
    let ones3 = join(&ones2, a, 1);
    let ones5 = join(&ones3, &ones2, 2);
    let ones10 = join(&ones5, &ones5, 5);
    let ones20 = join(&ones10, &ones10, 10);
    let ones40 = join(&ones20, &ones20, 20);
    let ones50 = join(&ones40, &ones10, 10);
    let ones100 = join(&ones50, &ones50, 50);
    let ones200 = join(&ones100, &ones100, 100);
    let ones250 = join(&ones200, &ones50, 50);
    mul::<F, N>(&squarings::<F, N>(&ones250, 2), a)
}

/// a^(2^count)
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn squarings<F: Field<N>, const N: usize>(a: &[V; N], count: u32) -> [V; N] {
    let mut out = *a;
    for _ in 0..count {
        out = sqr::<F, N>(&out);
    }
    out
}

/// Vectors that share an inversion: 32 lanes.
pub(super) const GROUP: usize = 4;

/// Running products, and the inverses from that of the whole: Montgomery's trick.
struct Shared<const N: usize, const COUNT: usize> {
    before: [[V; N]; COUNT],
    all: [V; N],
}

impl<const N: usize, const COUNT: usize> Shared<N, COUNT> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    fn new<F: Field<N>>(values: &[[V; N]; COUNT], count: usize) -> Self {
        let mut all = values[0];
        let mut before = [splat_all(&F::ONE); COUNT];
        for (before, value) in before.iter_mut().zip(values).take(count).skip(1) {
            *before = all;
            all = mul::<F, N>(&all, value);
        }
        Self { before, all }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    fn finish<F: Field<N>>(mut self, values: &mut [[V; N]; COUNT], count: usize) {
        for (value, before) in values.iter_mut().zip(&self.before).take(count).skip(1).rev() {
            let inverse = mul::<F, N>(&self.all, before);
            self.all = mul::<F, N>(&self.all, value);
            *value = inverse;
        }
        values[0] = self.all;
        self.before.zeroize();
        self.all.zeroize();
    }
}

/// Inverts the first vectors. None of them has a zero in any lane: it would take the others of that lane along.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn invert_all<F: Field<N>, const N: usize, const COUNT: usize>(
    values: &mut [[V; N]; COUNT],
    count: usize,
) {
    let mut shared = Shared::new::<F>(values, count);
    shared.all = invert::<F, N>(&shared.all);
    shared.finish::<F>(values, count);
}

/// The same for as many vectors of each of two fields.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn invert_all_of_two<F: Field<N>, G: Field<N>, const N: usize, const COUNT: usize>(
    a: &mut [[V; N]; COUNT],
    b: &mut [[V; N]; COUNT],
    count: usize,
) {
    let mut a_shared = Shared::new::<F>(a, count);
    let mut b_shared = Shared::new::<G>(b, count);
    (a_shared.all, b_shared.all) = invert_two::<F, G, N>(&a_shared.all, &b_shared.all);
    a_shared.finish::<F>(a, count);
    b_shared.finish::<G>(b, count);
}
