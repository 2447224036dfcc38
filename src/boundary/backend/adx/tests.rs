//! Against dalek, and against arithmetic that is too simple to be wrong.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::vec::Vec;
use std::{array, vec};

use curve25519_dalek::{EdwardsPoint, Scalar};

use super::Adx;
use super::edwards::base_multiple;
use super::field::{Fe, ONE, ZERO, add, canonical, invert, mul, sub};

const P: Fe = [u64::MAX - 18, u64::MAX, u64::MAX, u64::MAX >> 1];

struct Sequence(u64);

impl Sequence {
    fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Words of all ones, of nothing and about both now and then.
    fn number(&mut self) -> Fe {
        array::from_fn(|_| match self.word() % 8 {
            0 => 0,
            1 | 2 => u64::MAX,
            3 => self.word() % 64,
            4 => u64::MAX - self.word() % 64,
            _ => self.word(),
        })
    }
}

/// a + b below 2^257, a word at a time, and then less p as often as it goes.
fn slow_add(a: &Fe, b: &Fe) -> Fe {
    let mut sum = [0u64; 5];
    let mut carry = 0u128;
    for i in 0..4 {
        carry += u128::from(a[i]) + u128::from(b[i]);
        sum[i] = u64::try_from(carry & u128::from(u64::MAX)).unwrap();
        carry >>= 64;
    }
    sum[4] = u64::try_from(carry).unwrap();
    let p = [P[0], P[1], P[2], P[3], 0];
    while sum.iter().rev().ge(p.iter().rev()) {
        let mut borrow = false;
        for (word, p) in sum.iter_mut().zip(p) {
            let (once, one) = word.overflowing_sub(p);
            let (twice, two) = once.overflowing_sub(u64::from(borrow));
            (*word, borrow) = (twice, one || two);
        }
    }
    array::from_fn(|i| sum[i])
}

fn slow_mul(a: &Fe, b: &Fe) -> Fe {
    let mut product = ZERO;
    for bit in (0..256).rev() {
        product = slow_add(&product, &product);
        if b[bit / 64] >> (bit % 64) & 1 == 1 {
            product = slow_add(&product, a);
        }
    }
    product
}

#[test]
fn residues_are_right() {
    if Adx::detect().is_none() {
        return;
    }
    let mut random = Sequence(77);
    let ones = [u64::MAX; 4];
    let near = |number: Fe, less: u64| [number[0] - less, number[1], number[2], number[3]];
    let mut numbers = vec![ZERO, ONE, P, near(P, 1), slow_add(&P, &ONE), ones, D];
    // About 2^256, 2 p and 2^255.
    numbers.extend((0..40).map(|less| near(ones, less)));
    numbers.extend((0..40).map(|more| [more, 0, 0, 1 << 63]));
    numbers.extend((0..100).map(|_| random.number()));
    for a in &numbers {
        assert_eq!(canonical(a), slow_add(a, &ZERO), "{a:x?}");
        let inverse = canonical(&mul(a, &invert(a)));
        assert_eq!(inverse, if canonical(a) == ZERO { ZERO } else { ONE }, "{a:x?}");
        for b in &numbers {
            assert_eq!(canonical(&add(a, b)), slow_add(a, b), "{a:x?} {b:x?}");
            assert_eq!(slow_add(&sub(a, b), b), slow_add(a, &ZERO), "{a:x?} {b:x?}");
        }
    }
    for a in &numbers {
        for b in numbers.iter().step_by(5) {
            assert_eq!(canonical(&mul(a, b)), slow_mul(a, b), "{a:x?} {b:x?}");
        }
    }
    for _ in 0..200_000 {
        let [a, b] = array::from_fn(|_| random.number());
        // (a + b)^2 - (a - b)^2 = 4 ab
        let (sum, difference) = (add(&a, &b), sub(&a, &b));
        let squares = sub(&mul(&sum, &sum), &mul(&difference, &difference));
        let product = mul(&a, &b);
        let twice = add(&product, &product);
        assert_eq!(canonical(&squares), canonical(&add(&twice, &twice)), "{a:x?} {b:x?}");
    }
}

/// Any number of four words.
const D: Fe = [0xeb4d_ca13_5978_a300, 0x7077_7d01, 1, u64::MAX];

#[test]
fn multiples_are_those_of_dalek() {
    let Some(cpu) = Adx::detect() else { return };
    let mut random = Sequence(5);
    let mut scalars: Vec<Scalar> = (0..40u64).map(Scalar::from).collect();
    // About every power of two, and so about every digit and what it carries.
    let mut power = Scalar::ONE;
    for _ in 0..253 {
        scalars.extend([power, power - Scalar::ONE, power + power + power]);
        power += power;
    }
    scalars.extend((0..500).map(|_| {
        let bytes: Vec<u8> = (0..8).flat_map(|_| random.word().to_le_bytes()).collect();
        Scalar::from_bytes_mod_order_wide(&bytes.try_into().unwrap())
    }));
    let negative: Vec<_> = scalars.iter().map(|scalar| -scalar).collect();
    scalars.extend(negative);
    for k in scalars {
        assert_eq!(base_multiple(cpu, k.as_bytes()), EdwardsPoint::mul_base(&k).compress().0, "{k:?}");
    }
}
