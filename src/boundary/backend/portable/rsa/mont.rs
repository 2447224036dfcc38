//! Montgomery arithmetic over a fixed number of 64-bit limbs, least significant first. Constant time but
//! for what its names call public: no branch and no address depends on an operand.
//!
//! Indices below come from `0..L` over arrays of `L` limbs, or from constants that are checked at compile
//! time to be inside them.
#![allow(clippy::indexing_slicing)] // see above: every index is below the array's own length
#![allow(clippy::cast_possible_truncation)] // u128 to u64 takes the low or the high half on purpose
#![allow(clippy::needless_range_loop)] // one index over several arrays reads like the algorithm
#![allow(clippy::arithmetic_side_effects)] // a * b + c + d of 64-bit values fits 128 bits

use core::hint::black_box;

use zeroize::{Zeroize, Zeroizing};

use crate::boundary::backend::Words;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
use crate::boundary::backend::adx;
use crate::marks;

/// Bits of the exponent that one table look-up takes.
const WINDOW: usize = 5;
const ENTRIES: usize = 1 << WINDOW;

/// An odd modulus whose top bit is set.
pub(super) struct Modulus<const L: usize> {
    words: Words,
    n: [u64; L],
    /// -n^-1 mod 2^64.
    n0: u64,
    /// R mod n and R^2 mod n, R = 2^(64 L).
    one: [u64; L],
    r2: [u64; L],
}

impl<const L: usize> Modulus<L> {
    /// Prepares a modulus; `None` unless it is odd with its top bit set.
    pub(super) fn new(words: Words, n: &[u64; L]) -> Option<Self> {
        const { assert!(L > 1) };
        if marks::declassified("RSA key check", (n[0] & 1) & (n[L - 1] >> 63)) == 0 {
            return None;
        }
        // Newton's iteration doubles the correct low bits: 3, 6, 12, 24, 48, 96.
        let mut inverse = n[0].wrapping_mul(3) ^ 2;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(n[0].wrapping_mul(inverse)));
        }
        // n > R/2, so R mod n = R - n.
        let mut one = [0; L];
        let mut borrow = 0;
        for i in 0..L {
            (one[i], borrow) = sub(0, n[i], borrow);
        }
        let mut modulus = Self { words, n: *n, n0: inverse.wrapping_neg(), one, r2: one };
        // In Montgomery form r2 is R = 2^(64 L): doublings for the odd part of 64 L, then squarings.
        let squarings = (64 * L).trailing_zeros();
        let mut power = Zeroizing::new(modulus.one);
        for _ in 0..(64 * L) >> squarings {
            let copy = Zeroizing::new(*power);
            modulus.add(&copy, &copy, &mut power);
        }
        for _ in 0..squarings {
            let copy = Zeroizing::new(*power);
            modulus.square(&copy, &mut power);
        }
        modulus.r2 = *power;
        Some(modulus)
    }

    pub(super) const fn n(&self) -> &[u64; L] {
        &self.n
    }

    /// 1 in Montgomery form.
    pub(super) const fn one(&self) -> &[u64; L] {
        &self.one
    }

    /// `a b / R mod n`, for `a b < n R`.
    pub(super) fn mul(&self, a: &[u64; L], b: &[u64; L], out: &mut [u64; L]) {
        match self.words {
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Words::Adx(cpu) if adx::rsa::takes(L) => {
                let mut wide = Zeroizing::new([[0; L]; 2]);
                adx::rsa::multiply(cpu, a, b, wide.as_flattened_mut());
                adx::rsa::reduce(cpu, &self.n, self.n0, wide.as_flattened_mut(), out);
            }
            _ => self.mul_portable(a, b, out),
        }
    }

    /// `a a / R mod n`, for `a` below n.
    pub(super) fn square(&self, a: &[u64; L], out: &mut [u64; L]) {
        match self.words {
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Words::Adx(cpu) if adx::rsa::takes(L) => {
                let mut wide = Zeroizing::new([[0; L]; 2]);
                adx::rsa::square(cpu, a, wide.as_flattened_mut());
                adx::rsa::reduce(cpu, &self.n, self.n0, wide.as_flattened_mut(), out);
            }
            _ => self.mul_portable(a, a, out),
        }
    }

    fn mul_portable(&self, a: &[u64; L], b: &[u64; L], out: &mut [u64; L]) {
        let mut t = [0u64; L];
        let mut top = 0u64;
        for word in b {
            let (low, mut carry) = mac(t[0], a[0], *word, 0);
            let factor = low.wrapping_mul(self.n0);
            let (_, mut carry_n) = mac(low, factor, self.n[0], 0);
            for j in 1..L {
                let (low, high) = mac(t[j], a[j], *word, carry);
                carry = high;
                let (low, high) = mac(low, factor, self.n[j], carry_n);
                carry_n = high;
                t[j - 1] = low;
            }
            let sum = u128::from(top) + u128::from(carry) + u128::from(carry_n);
            t[L - 1] = sum as u64;
            top = (sum >> 64) as u64;
        }
        self.subtract_once(top, &t, out);
        t.zeroize();
    }

    /// Into Montgomery form: `a R mod n`, for any `a` below R.
    pub(super) fn enter(&self, a: &[u64; L], out: &mut [u64; L]) {
        self.mul(a, &self.r2, out);
    }

    /// Out of Montgomery form.
    pub(super) fn leave(&self, a: &[u64; L], out: &mut [u64; L]) {
        let mut one = [0; L];
        one[0] = 1;
        self.mul(a, &one, out);
    }

    /// `a + b mod n`, both below n.
    pub(super) fn add(&self, a: &[u64; L], b: &[u64; L], out: &mut [u64; L]) {
        let mut sum = [0; L];
        let mut carry = 0;
        for i in 0..L {
            (sum[i], carry) = add(a[i], b[i], carry);
        }
        self.subtract_once(carry, &sum, out);
        sum.zeroize();
    }

    /// `a - b mod n`, both below n.
    pub(super) fn sub(&self, a: &[u64; L], b: &[u64; L], out: &mut [u64; L]) {
        let mut borrow = 0;
        for i in 0..L {
            (out[i], borrow) = sub(a[i], b[i], borrow);
        }
        let mask = black_box(borrow.wrapping_neg());
        let mut carry = 0;
        for i in 0..L {
            (out[i], carry) = add(out[i], self.n[i] & mask, carry);
        }
    }

    /// `a + top R` reduced once: for values below 2 n.
    pub(super) fn subtract_once(&self, top: u64, a: &[u64; L], out: &mut [u64; L]) {
        let mut borrow = 0;
        for i in 0..L {
            (out[i], borrow) = sub(a[i], self.n[i], borrow);
        }
        // Keep `a` when the subtraction went below zero.
        let (_, below) = sub(top, 0, borrow);
        let mask = black_box(below.wrapping_neg());
        for i in 0..L {
            out[i] ^= mask & (out[i] ^ a[i]);
        }
    }

    /// `base ^ exponent`, both in and out in Montgomery form, for a secret exponent: every window does the
    /// same, and every look-up reads the whole table.
    pub(super) fn power(&self, base: &[u64; L], exponent: &[u64; L], out: &mut [u64; L]) {
        let mut table = Zeroizing::new([[0u64; L]; ENTRIES]);
        table[0] = self.one;
        for i in 1..ENTRIES {
            let (done, rest) = table.split_at_mut(i);
            self.mul(&done[i - 1], base, &mut rest[0]);
        }
        let windows = (64 * L).div_ceil(WINDOW);
        let mut entry = Zeroizing::new([0u64; L]);
        let mut square = Zeroizing::new([0u64; L]);
        *out = self.one;
        for window in (0..windows).rev() {
            for _ in 0..WINDOW {
                core::mem::swap(&mut *square, out);
                self.square(&square, out);
            }
            look_up(&table, digit(exponent, window * WINDOW), &mut entry);
            core::mem::swap(&mut *square, out);
            self.mul(&square, &entry, out);
        }
    }

    /// `base ^ exponent` in Montgomery form, for a public exponent.
    pub(super) fn power_public(&self, base: &[u64; L], exponent: u64, out: &mut [u64; L]) {
        let mut square = Zeroizing::new([0u64; L]);
        *out = self.one;
        for bit in (0..64 - exponent.leading_zeros()).rev() {
            core::mem::swap(&mut *square, out);
            self.square(&square, out);
            if exponent >> bit & 1 == 1 {
                core::mem::swap(&mut *square, out);
                self.mul(&square, base, out);
            }
        }
    }
}

impl<const L: usize> Drop for Modulus<L> {
    fn drop(&mut self) {
        self.n.zeroize();
        self.n0.zeroize();
        self.one.zeroize();
        self.r2.zeroize();
    }
}

/// Limbs of a big-endian number of exactly `8 L` bytes.
pub(super) fn from_be<const L: usize>(bytes: &[u8], out: &mut [u64; L]) -> Option<()> {
    let (chunks, rest) = bytes.as_chunks::<8>();
    if chunks.len() != L || !rest.is_empty() {
        return None;
    }
    for (limb, chunk) in out.iter_mut().zip(chunks.iter().rev()) {
        *limb = u64::from_be_bytes(*chunk);
    }
    Some(())
}

/// The number as big-endian bytes; `out` has exactly `8 L`, or the excess stays as it is.
pub(super) fn to_be<const L: usize>(limbs: &[u64; L], out: &mut [u8]) {
    for (chunk, limb) in out.rchunks_exact_mut(8).zip(limbs) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
}

/// Whether a < b. Time tells nothing of the operands.
pub(super) fn less<const L: usize>(a: &[u64; L], b: &[u64; L]) -> bool {
    let mut borrow = 0;
    for i in 0..L {
        (_, borrow) = sub(a[i], b[i], borrow);
    }
    marks::declassified("RSA input in range", borrow) == 1
}

/// Whether a = b, in a time that tells nothing else.
pub(super) fn equal<const L: usize>(a: &[u64; L], b: &[u64; L]) -> bool {
    black_box(a.iter().zip(b).fold(0, |seen, (a, b)| seen | (a ^ b))) == 0
}

/// `low + factor * h` over twice as many limbs, for results that fit them.
pub(super) fn multiply_add<const L: usize, const W: usize>(
    low: &[u64; L],
    factor: &[u64; L],
    h: &[u64; L],
    out: &mut [u64; W],
) {
    const { assert!(W == 2 * L) };
    out[..L].copy_from_slice(low);
    out[L..].fill(0);
    for i in 0..L {
        let mut carry = 0;
        for j in 0..L {
            (out[i + j], carry) = mac(out[i + j], factor[j], h[i], carry);
        }
        // The limb above was not written yet but for the carry of the row before.
        out[i + L] = carry;
    }
}

/// `WINDOW` bits of the exponent from bit `at`.
fn digit<const L: usize>(exponent: &[u64; L], at: usize) -> u64 {
    let (limb, shift) = (at / 64, at % 64);
    let low = exponent[limb] >> shift;
    let high = match exponent.get(limb + 1) {
        Some(next) if shift > 64 - WINDOW => next << (64 - shift),
        _ => 0,
    };
    (low | high) & (ENTRIES as u64 - 1)
}

/// Reads every entry and keeps the one at `index`.
fn look_up<const L: usize>(table: &[[u64; L]; ENTRIES], index: u64, out: &mut [u64; L]) {
    out.fill(0);
    for (i, entry) in (0u64..).zip(table) {
        // All ones when i = index.
        let mask = black_box(((i ^ index).wrapping_sub(1) >> 63).wrapping_neg());
        for j in 0..L {
            out[j] |= entry[j] & mask;
        }
    }
}

/// `a + b c + carry`: low and high.
pub(super) const fn mac(a: u64, b: u64, c: u64, carry: u64) -> (u64, u64) {
    let wide = a as u128 + b as u128 * c as u128 + carry as u128;
    (wide as u64, (wide >> 64) as u64)
}

const fn add(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = a as u128 + b as u128 + carry as u128;
    (wide as u64, (wide >> 64) as u64)
}

const fn sub(a: u64, b: u64, borrow: u64) -> (u64, u64) {
    let (first, under) = a.overflowing_sub(b);
    let (second, under_again) = first.overflowing_sub(borrow);
    (second, (under | under_again) as u64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
    use crypto_bigint::{BoxedUint, ConcatenatingMul, Odd};
    use proptest::prelude::*;

    const L: usize = 4;

    fn boxed(limbs: &[u64]) -> BoxedUint {
        let bytes: std::vec::Vec<u8> = limbs.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
        BoxedUint::from_be_slice(&bytes, 64 * u32::try_from(limbs.len()).unwrap()).unwrap()
    }

    /// Limbs that are often at the ends of their range, where carries go wrong.
    fn number() -> impl Strategy<Value = [u64; L]> {
        let limb = prop_oneof![Just(0), Just(1), Just(u64::MAX), Just(1 << 63), any::<u64>()];
        proptest::array::uniform4(limb)
    }

    fn odd_modulus() -> impl Strategy<Value = [u64; L]> {
        number().prop_map(|mut n| {
            n[0] |= 1;
            n[L - 1] |= 1 << 63;
            n
        })
    }

    fn below(modulus: &Modulus<L>, a: &[u64; L]) -> [u64; L] {
        let mut out = [0; L];
        modulus.subtract_once(0, a, &mut out);
        out
    }

    proptest! {
        #[test]
        fn agrees_with_another_implementation(
            n in odd_modulus(), a in number(), b in number(), e in any::<u64>(), x in number(),
        ) {
            let modulus = Modulus::new(Words::Portable, &n).unwrap();
            let params = BoxedMontyParams::new(Odd::new(boxed(&n)).unwrap());
            let (a, b) = (below(&modulus, &a), below(&modulus, &b));
            let (big_a, big_b) =
                (BoxedMontyForm::new(boxed(&a), &params), BoxedMontyForm::new(boxed(&b), &params));

            let (mut fa, mut fb, mut out, mut plain) = ([0; L], [0; L], [0; L], [0; L]);
            modulus.enter(&a, &mut fa);
            modulus.enter(&b, &mut fb);
            modulus.leave(&fa, &mut plain);
            prop_assert_eq!(plain, a);

            modulus.mul(&fa, &fb, &mut out);
            modulus.leave(&out, &mut plain);
            prop_assert_eq!(boxed(&plain), (big_a.clone() * &big_b).retrieve());

            modulus.add(&a, &b, &mut out);
            prop_assert_eq!(boxed(&out), (big_a.clone() + &big_b).retrieve());
            modulus.sub(&a, &b, &mut out);
            prop_assert_eq!(boxed(&out), (big_a.clone() - &big_b).retrieve());

            modulus.power(&fa, &x, &mut out);
            modulus.leave(&out, &mut plain);
            prop_assert_eq!(boxed(&plain), big_a.pow(&boxed(&x)).retrieve());

            modulus.power_public(&fa, e, &mut out);
            modulus.leave(&out, &mut plain);
            prop_assert_eq!(boxed(&plain), big_a.pow(&BoxedUint::from(e)).retrieve());

            let mut wide = [0; 2 * L];
            multiply_add(&a, &b, &x, &mut wide);
            let product = boxed(&b).concatenating_mul(&boxed(&x));
            prop_assert_eq!(boxed(&wide), product.wrapping_add(boxed(&a)));

            prop_assert_eq!(less(&a, &b), boxed(&a) < boxed(&b));
        }
    }

    /// The other products, on numbers of every length there is.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    fn agrees_on_adx<const N: usize>(words: &[u64]) {
        let Some(cpu) = adx::Adx::detect() else { return };
        let mut parts = words.chunks_exact(N).map(|part| <[u64; N]>::try_from(part).unwrap());
        let [mut n, a, b, x] = core::array::from_fn(|_| parts.next().unwrap());
        n[0] |= 1;
        n[N - 1] |= 1 << 63;
        let plain = Modulus::new(Words::Portable, &n).unwrap();
        let fast = Modulus::new(Words::Adx(cpu), &n).unwrap();
        assert_eq!(fast.r2, plain.r2);
        let (mut one, mut other, mut below, mut below_b) = ([0; N], [0; N], [0; N], [0; N]);
        plain.subtract_once(0, &a, &mut below);
        plain.subtract_once(0, &b, &mut below_b);
        // Any number below R beside one below n; then numbers below n.
        for (a, b) in [(&a, &below_b), (&below, &below_b)] {
            plain.mul(a, b, &mut one);
            fast.mul(a, b, &mut other);
            assert_eq!(one, other);
        }
        plain.square(&below, &mut one);
        fast.square(&below, &mut other);
        assert_eq!(one, other);
        if N == 16 {
            plain.power(&below, &x, &mut one);
            fast.power(&below, &x, &mut other);
            assert_eq!(one, other);
        }
    }

    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    proptest! {
        #[test]
        fn products_on_adx_are_the_portable_ones(
            words in proptest::collection::vec(
                prop_oneof![Just(0), Just(1), Just(u64::MAX), Just(1 << 63), any::<u64>()], 4 * 64,
            ),
            same in prop_oneof![Just(None), Just(Some(0)), Just(Some(u64::MAX))],
        ) {
            // Runs of ones and zeros carry furthest.
            let words = same.map_or(words, |word| std::vec![word; 4 * 64]);
            agrees_on_adx::<16>(&words);
            agrees_on_adx::<24>(&words);
            agrees_on_adx::<32>(&words);
            agrees_on_adx::<48>(&words);
            agrees_on_adx::<64>(&words);
        }
    }

    #[test]
    fn moduli_that_do_not_fit_are_refused() {
        assert!(Modulus::new(Words::Portable, &[2, 0, 0, 1 << 63]).is_none());
        assert!(Modulus::new(Words::Portable, &[1, 0, 0, 1 << 62]).is_none());
    }

    #[test]
    fn bytes_have_exactly_the_size() {
        let mut limbs = [0; 2];
        assert!(from_be(&[0; 15], &mut limbs).is_none());
        assert!(from_be(&[0; 24], &mut limbs).is_none());
        let bytes: [u8; 16] = core::array::from_fn(|i| i as u8);
        from_be(&bytes, &mut limbs).unwrap();
        assert_eq!(limbs, [0x0809_0a0b_0c0d_0e0f, 0x0001_0203_0405_0607]);
        let mut back = [0; 16];
        to_be(&limbs, &mut back);
        assert_eq!(back, bytes);
    }
}
