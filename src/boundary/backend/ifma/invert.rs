//! Inversions by Fermat's theorem, shared by Montgomery's trick.

#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // tables of 16, nibbles below 16; moduli above 2

use zeroize::Zeroize;

use super::field::{Field, Form, V, mul, splat_all, sqr};

/// The inverse of one value modulo each of two primes of the same length; 0 of 0. By Fermat's theorem, four
/// bits of the public exponents at a time; the two chains hide each other's latency.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn invert_two<F: Field<N>, G: Field<N>, const N: usize>(a: &mut [V; N], b: &mut [V; N]) {
    let mut a_powers = powers::<F, N>(a);
    let mut b_powers = powers::<G, N>(b);
    let (a_exponent, b_exponent) = (inverse_exponent::<F, N>(), inverse_exponent::<G, N>());
    let top = top_nibble(&a_exponent);
    *a = a_powers[nibble(&a_exponent, top)];
    *b = b_powers[nibble(&b_exponent, top)];
    for at in (0..top).rev() {
        for _ in 0..4 {
            *a = sqr::<F, N>(a);
            *b = sqr::<G, N>(b);
        }
        let (a_digit, b_digit) = (nibble(&a_exponent, at), nibble(&b_exponent, at));
        if a_digit != 0 {
            *a = mul::<F, N>(a, &a_powers[a_digit]);
        }
        if b_digit != 0 {
            *b = mul::<G, N>(b, &b_powers[b_digit]);
        }
    }
    a_powers.zeroize();
    b_powers.zeroize();
}

/// The same for one prime.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn invert<F: Field<N>, const N: usize>(a: &[V; N]) -> [V; N] {
    if F::FORM == Form::Ed25519 {
        // p - 2 = 8 (2^252 - 3) + 3
        let eighth = squarings::<F, N>(&power_252_3::<F, N>(a), 3);
        return mul::<F, N>(&eighth, &mul::<F, N>(&sqr::<F, N>(a), a));
    }
    power::<F, N>(a, &inverse_exponent::<F, N>())
}

/// a^(2^252 - 3), for inverses and square roots modulo 2^255 - 19.
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

/// A power with a public exponent that is not zero, the same in every lane, four bits at a time.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn power<F: Field<N>, const N: usize>(a: &[V; N], exponent: &[u64; N]) -> [V; N] {
    let mut powers = powers::<F, N>(a);
    let top = top_nibble(exponent);
    let mut out = powers[nibble(exponent, top)];
    for at in (0..top).rev() {
        for _ in 0..4 {
            out = sqr::<F, N>(&out);
        }
        let digit = nibble(exponent, at);
        if digit != 0 {
            out = mul::<F, N>(&out, &powers[digit]);
        }
    }
    powers.zeroize();
    out
}

/// a^0 to a^15.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn powers<F: Field<N>, const N: usize>(a: &[V; N]) -> [[V; N]; 16] {
    let mut powers = [*a; 16];
    powers[0] = splat_all(&F::ONE);
    for i in 2..16 {
        powers[i] = mul::<F, N>(&powers[i - 1], a);
    }
    powers
}

/// p - 2. The lowest limb of every modulus here is above 2.
fn inverse_exponent<F: Field<N>, const N: usize>() -> [u64; N] {
    let mut exponent = F::MODULUS;
    exponent[0] -= 2;
    exponent
}

/// The place of the highest nibble that is not zero.
fn top_nibble<const N: usize>(exponent: &[u64; N]) -> usize {
    (0..13 * N).rev().find(|at| nibble(exponent, *at) != 0).unwrap_or(0)
}

/// A nibble; a limb has 13.
fn nibble<const N: usize>(exponent: &[u64; N], at: usize) -> usize {
    (exponent[at / 13] >> (4 * (at % 13)) & 15) as usize
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

/// Inverts the first vectors; none of them has a zero in any lane.
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

/// The same for vectors of two fields at once.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn invert_all_of_two<F: Field<N>, G: Field<N>, const N: usize, const COUNT: usize>(
    a: &mut [[V; N]; COUNT],
    b: &mut [[V; N]; COUNT],
    count: usize,
) {
    let mut a_shared = Shared::new::<F>(a, count);
    let mut b_shared = Shared::new::<G>(b, count);
    invert_two::<F, G, N>(&mut a_shared.all, &mut b_shared.all);
    a_shared.finish::<F>(a, count);
    b_shared.finish::<G>(b, count);
}
