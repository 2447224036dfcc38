//! Against RustCrypto, and against arithmetic that is too simple to be wrong.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::vec::Vec;
use std::{array, vec};

use p256::elliptic_curve::{
    AffinePoint, FieldBytes, ProjectivePoint, Scalar,
    ff::{Field as _, PrimeField},
    group::{Curve as _, Group},
    ops::Reduce,
    point::AffineCoordinates,
};

use super::curves;
use super::field::{Field, from_bytes, to_bytes};
#[cfg(target_arch = "x86_64")]
use super::p256_adx::P256Adx;
use super::point::{Curve, sparse};
#[cfg(target_arch = "x86_64")]
use crate::boundary::backend::adx::Adx;
use crate::boundary::backend::portable::ec::{self, PrivateKey, PublicKey};
use crate::boundary::backend::{Backend, Backends};
use crate::error::Error;

/// A sequence that is no secret.
struct Sequence(u64);

impl Sequence {
    fn byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        self.0.to_be_bytes()[0]
    }

    fn scalar<C: ec::Curve>(&mut self) -> Scalar<C> {
        let mut bytes = FieldBytes::<C>::default();
        bytes.iter_mut().for_each(|byte| *byte = self.byte());
        <Scalar<C> as Reduce<FieldBytes<C>>>::reduce(&bytes)
    }

    /// A number below p, with words of all ones or nothing now and then.
    fn residue<F: Field<N>, const N: usize>(&mut self) -> [u64; N] {
        loop {
            let number: [u64; N] = array::from_fn(|i| match self.byte() % 4 {
                0 => 0,
                1 => F::P[i],
                _ => u64::from_be_bytes(array::from_fn(|_| self.byte())) & F::P[i],
            });
            if less(&number, &F::P) {
                return number;
            }
        }
    }
}

fn less<const N: usize>(a: &[u64; N], b: &[u64; N]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// a + b modulo p, one bit of the carry at a time.
fn slow_add<F: Field<N>, const N: usize>(a: &[u64; N], b: &[u64; N]) -> [u64; N] {
    let mut sum = [0; N];
    let mut carry = 0u128;
    for (sum, (a, b)) in sum.iter_mut().zip(a.iter().zip(b)) {
        carry += u128::from(*a) + u128::from(*b);
        *sum = u64::try_from(carry & u128::from(u64::MAX)).unwrap();
        carry >>= 64;
    }
    if carry == 0 && less(&sum, &F::P) {
        return sum;
    }
    let mut borrow = false;
    for (sum, p) in sum.iter_mut().zip(&F::P) {
        let (once, one) = sum.overflowing_sub(*p);
        let (twice, two) = once.overflowing_sub(u64::from(borrow));
        (*sum, borrow) = (twice, one || two);
    }
    sum
}

/// a b modulo p by doubling and adding.
fn slow_mul<F: Field<N>, const N: usize>(a: &[u64; N], b: &[u64; N]) -> [u64; N] {
    let mut product = [0; N];
    for bit in (0..64 * N).rev() {
        product = slow_add::<F, N>(&product, &product);
        if b[bit / 64] >> (bit % 64) & 1 == 1 {
            product = slow_add::<F, N>(&product, a);
        }
    }
    product
}

fn residues<F: Field<N>, const N: usize>() {
    let mut random = Sequence(N as u64);
    let (mut one, mut last, mut ones) = ([0; N], F::P, [u64::MAX; N]);
    one[0] = 1;
    last[0] -= 1;
    ones[N - 1] = F::P[N - 1] >> 1;
    let mut numbers = vec![[0; N], one, last, ones, F::ONE, F::R2, F::R3];
    numbers.extend((0..60).map(|_| random.residue::<F, N>()));
    for a in &numbers {
        assert_eq!(F::leave(&F::enter(a)), *a);
        assert_eq!(F::sqr(a), F::mul(a, a));
        assert_eq!(F::negate_if(0, a), *a);
        if *a != [0; N] {
            assert_eq!(slow_add::<F, N>(a, &F::negate_if(u64::MAX, a)), [0; N]);
        }
        for b in &numbers {
            assert_eq!(F::add(a, b), slow_add::<F, N>(a, b));
            assert_eq!(slow_add::<F, N>(&F::sub(a, b), b), *a);
            assert_eq!(F::mul(&F::enter(a), b), slow_mul::<F, N>(a, b));
        }
    }
}

#[test]
fn residues_are_right() {
    residues::<curves::P256, 4>();
    residues::<curves::P384, 6>();
    residues::<curves::P521, 9>();
    #[cfg(target_arch = "x86_64")]
    if Adx::detect().is_some() {
        residues::<P256Adx, 4>();
        same_residues();
    }
}

/// Far more of the numbers at which carries run through.
#[cfg(target_arch = "x86_64")]
fn same_residues() {
    let mut random = Sequence(12);
    for _ in 0..100_000 {
        let [a, b] = array::from_fn(|_| random.residue::<curves::P256, 4>());
        assert_eq!(P256Adx::mul(&a, &b), curves::P256::mul(&a, &b), "{a:x?} {b:x?}");
        assert_eq!(P256Adx::sqr(&a), curves::P256::sqr(&a), "{a:x?}");
        assert_eq!(P256Adx::add(&a, &b), curves::P256::add(&a, &b), "{a:x?} {b:x?}");
        assert_eq!(P256Adx::sub(&a, &b), curves::P256::sub(&a, &b), "{a:x?} {b:x?}");
    }
}

fn inverses<C: Curve<N>, const N: usize>() {
    let mut random = Sequence(N as u64);
    let mut one = [0; N];
    one[0] = 1;
    let mut last = C::P;
    last[0] -= 1;
    assert_eq!(C::BASE.invert(&[0; N]), [0; N]);
    assert_eq!(C::BASE.invert(&one), one);
    assert_eq!(C::BASE.invert(&last), last);
    for _ in 0..500 {
        let a = random.residue::<C, N>();
        if a != [0; N] {
            assert_eq!(C::mul(&C::enter(&a), &C::BASE.invert(&a)), one);
            assert_eq!(C::mul(&a, &C::invert(&a)), C::ONE);
        }
    }
    let mut last = C::ORDER;
    last[0] -= 1;
    assert_eq!(C::SCALARS.invert(&last), last);
}

#[test]
fn inverses_are_right() {
    inverses::<curves::P256, 4>();
    inverses::<curves::P384, 6>();
    inverses::<curves::P521, 9>();
}

#[test]
fn sparse_digits_make_the_number() {
    let mut random = Sequence(1);
    let mut numbers = vec![[0; 4], [u64::MAX; 4], [1, 0, 0, 0], [0, 0, 0, 1 << 63], [1, 0, 0, 1 << 63]];
    numbers.extend((0..200).map(|_| random.residue::<curves::P256, 4>()));
    for k in numbers {
        for width in [5, 7] {
            let digits = sparse(&k, width);
            assert!(digits.len() <= 257);
            // Words with a sign, from the top digit on.
            let mut sum = [0u64; 5];
            for (i, digit) in digits.iter().enumerate().rev() {
                for j in (1..5).rev() {
                    sum[j] = sum[j] << 1 | sum[j - 1] >> 63;
                }
                sum[0] <<= 1;
                let mut carry = i128::from(*digit);
                for word in &mut sum {
                    carry += i128::from(*word);
                    *word = u64::try_from(carry.rem_euclid(1 << 64)).unwrap();
                    carry = carry.div_euclid(1 << 64);
                }
                assert!(*digit == 0 || digit.unsigned_abs() < 1 << (width - 1) && digit % 2 != 0);
                assert!(*digit == 0 || digits[i + 1..].iter().take(width - 1).all(|next| *next == 0));
            }
            assert_eq!(sum[..4], k, "{width}");
            assert_eq!(sum[4], 0);
        }
    }
}

/// Scalars about 0 and n, about the powers of two at which digits begin, and those at which the last addition of
/// a multiplication doubles: twice the last summand, modulo n.
fn scalars<C: ec::Curve>(random: &mut Sequence) -> Vec<Scalar<C>> {
    let one = Scalar::<C>::ONE;
    let mut scalars: Vec<_> = (1..70u64).map(Scalar::<C>::from).collect();
    let bits = usize::try_from(Scalar::<C>::NUM_BITS).unwrap();
    let mut power = one;
    for bit in 0..bits {
        if bit % 5 == 0 || bit % 6 == 0 {
            scalars.extend([power, power + one, power - one]);
        }
        if bit == (bits.div_ceil(6) - 1) * 6 {
            scalars.extend((1..64u64).map(|digit| power * Scalar::<C>::from(2 * digit)));
        }
        power = power.double();
    }
    scalars.extend((0..100).map(|_| random.scalar::<C>()));
    let negative: Vec<_> = scalars.iter().map(|scalar| -*scalar).collect();
    scalars.extend(negative);
    scalars.retain(|scalar| !bool::from(scalar.is_zero()));
    scalars
}

/// Words64 is wherever this file is compiled; the other one asks for a processor that has it.
fn found(backend: Backend) -> Option<Backends> {
    let backends = Backends::of(backend);
    assert!(backends.is_some() || backend == Backend::Adx);
    backends
}

fn multiples<C: ec::Curve>(backend: Backend) {
    let Some(backends) = found(backend) else { return };
    let arithmetic = backends.ec.arithmetic::<C>().unwrap();
    let mut random = Sequence(5);
    let (mut x, mut y) = (FieldBytes::<C>::default(), FieldBytes::<C>::default());
    let affine = |point: ProjectivePoint<C>| -> AffinePoint<C> { point.to_affine() };
    for (i, k) in scalars::<C>(&mut random).into_iter().enumerate() {
        let kg = affine(ProjectivePoint::<C>::mul_by_generator(&k));
        arithmetic.base_multiple(&k.to_repr(), &mut x, &mut y);
        assert_eq!((&x[..], &y[..]), (&kg.x()[..], &kg.y()[..]), "{:02x?}", k.to_repr());

        let d = random.scalar::<C>();
        let q = affine(ProjectivePoint::<C>::mul_by_generator(&d));
        let (qx, qy) = (q.x(), q.y());
        let kq = affine(ProjectivePoint::<C>::mul_by_generator(&(d * k)));
        arithmetic.multiple(&k.to_repr(), [&qx, &qy], &mut x);
        assert_eq!(x[..], kq.x()[..], "{:02x?}", k.to_repr());

        arithmetic.invert(&k.to_repr(), &mut x);
        assert_eq!(x[..], k.invert().unwrap().to_repr()[..]);

        // Twenty verifications each.
        if !i.is_multiple_of(4) {
            continue;
        }
        let verifier = arithmetic.verifier([&qx, &qy]);
        // u1 = 0, the two products the same, and each other's negative: infinity has no x.
        let zero = Scalar::<C>::ZERO;
        for u1 in [random.scalar::<C>(), zero, d * k, -(d * k), Scalar::<C>::ONE] {
            let sum = u1 + d * k;
            let point = affine(ProjectivePoint::<C>::mul_by_generator(&sum));
            let r = <Scalar<C> as Reduce<FieldBytes<C>>>::reduce(&point.x());
            let verifies = |r: Scalar<C>| {
                let (u1, u2, r) = (u1.to_repr(), k.to_repr(), r.to_repr());
                let verdict = arithmetic.verifies(&u1, &u2, [&qx, &qy], &r);
                assert_eq!(verifier.verifies(&u1, &u2, &r), verdict);
                verdict
            };
            assert_eq!(verifies(r), !bool::from(sum.is_zero()));
            assert!(!verifies(r + Scalar::<C>::ONE));
        }
    }
}

#[test]
fn multiples_are_those_of_the_portable_implementation() {
    multiples::<ec::P256>(Backend::Words64);
    multiples::<ec::P256>(Backend::Adx);
    multiples::<ec::P384>(Backend::Words64);
    multiples::<ec::P521>(Backend::Words64);
}

/// The whole operations, with what they refuse.
fn same_answers<C: ec::Curve>(backend: Backend) {
    let Some(words) = found(backend) else { return };
    let mut random = Sequence(9);
    let ks = scalars::<C>(&mut random);
    for (i, k) in ks.iter().enumerate().step_by(7) {
        let d = random.scalar::<C>().to_repr();
        let keys = [&Backends::PORTABLE, &words].map(|backends| PrivateKey::<C>::new(backends, &d).unwrap());
        let digest: Vec<u8> = (0..[20, 32, 48, 64][i % 4]).map(|_| random.byte()).collect();
        let len = d.len();
        let [one, two] = keys.each_ref().map(|key| {
            let (mut public, mut again) = (vec![0; 2 * len + 1], vec![1; 2 * len + 1]);
            key.public_key_bytes(&mut public).unwrap();
            key.recompute(&mut again).unwrap();
            assert_eq!(public, again);
            let mut signature = vec![0xee; 2 * len];
            let made = key.sign_with_k(&k.to_repr(), &digest, &mut signature);
            (public, made, signature)
        });
        assert_eq!(one, two);
        let (public, made, mut signature) = one;
        assert_eq!(made, Ok(true));
        for byte in [0, len - 1, len, 2 * len - 1] {
            let verdicts = [&Backends::PORTABLE, &words].map(|backends| {
                let key = PublicKey::<C>::new(backends, &public).unwrap();
                key.validate_full().unwrap();
                key.verify(&digest, &signature)
            });
            assert_eq!(verdicts[0], verdicts[1]);
            assert_eq!(verdicts[0].is_ok(), byte == 0);
            signature[byte] ^= 1;
        }
        for backends in [&Backends::PORTABLE, &words] {
            let key = PublicKey::<C>::new(backends, &public).unwrap();
            assert_eq!(key.verify(&digest, &vec![0; 2 * len]), Err(Error::Rejected));
            assert_eq!(key.verify(&digest, &vec![0xff; 2 * len]), Err(Error::Rejected));
        }
        let other = PublicKey::<C>::new(&Backends::PORTABLE, &two.0).unwrap();
        let [one, two] = keys.each_ref().map(|key| {
            let mut z = vec![0xee; len];
            key.agree(&other, &mut z).unwrap();
            assert_eq!(key.agree(&other, &mut vec![0; len + 1]), Err(Error::InvalidArgument));
            for k in [vec![0; len], vec![0xff; len]] {
                let mut signature = vec![0xee; 2 * len];
                assert_eq!(key.sign_with_k(&k, &digest, &mut signature), Ok(false));
                assert_eq!(signature, vec![0; 2 * len]);
            }
            z
        });
        assert_eq!(one, two);
    }
}

#[test]
fn operations_are_those_of_the_portable_implementation() {
    same_answers::<ec::P256>(Backend::Words64);
    same_answers::<ec::P256>(Backend::Adx);
    same_answers::<ec::P384>(Backend::Words64);
    same_answers::<ec::P521>(Backend::Words64);
}

#[test]
fn numbers_go_in_and_out_as_bytes() {
    let bytes: Vec<u8> = (1..=66).collect();
    let number: [u64; 9] = from_bytes(&bytes);
    assert_eq!(number[0], 0x3b3c_3d3e_3f40_4142);
    assert_eq!(number[8], 0x0102);
    let mut out = [0xee; 66];
    to_bytes(&number, &mut out);
    assert_eq!(out[..], bytes[..]);
}
