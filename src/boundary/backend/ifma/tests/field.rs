//! Field arithmetic against crypto-bigint at the bounds of what the shapes of a value allow.

#![allow(unsafe_code)] // calls into functions with features

use core::array;
use std::vec;
use std::vec::Vec;

use crypto_bigint::{NonZero, U1024};
use proptest::prelude::*;

use super::cpu;
use crate::boundary::backend::ifma::field::{
    Field, Form, LIMB, V, add, bits, canonical, enter, fold, mul, shl, sqr, sub, subtract_once,
};
use crate::boundary::backend::ifma::invert::invert_all;
use crate::boundary::backend::ifma::lanes::{load_all, store_all};
use crate::boundary::backend::ifma::{edwards, p256, p384};

const LOW: u64 = (1 << LIMB) - 1;

fn number(limbs: &[u64]) -> U1024 {
    limbs.iter().rev().fold(U1024::ZERO, |sum, limb| {
        assert!(*limb <= LOW, "not tight");
        sum.shl(52).wrapping_add(&U1024::from(*limb))
    })
}

fn modulus<F: Field<N>, const N: usize>() -> NonZero<U1024> {
    NonZero::new(number(&F::MODULUS)).unwrap()
}

fn rem<F: Field<N>, const N: usize>(a: &U1024) -> U1024 {
    a.rem_vartime(&modulus::<F, N>())
}

/// R, or 1 where there is no Montgomery form.
fn r<F: Field<N>, const N: usize>() -> U1024 {
    if F::FORM == Form::Ed25519 { U1024::ONE } else { U1024::ONE.shl(u32::try_from(52 * N).unwrap()) }
}

fn limbs<const N: usize>(a: &U1024) -> [u64; N] {
    array::from_fn(|i| {
        let shifted = a.shr(u32::try_from(52 * i).unwrap());
        u64::from_le_bytes(shifted.to_le_bytes().as_ref()[..8].try_into().unwrap()) & LOW
    })
}

/// Tight numbers up to 2.02 p: near multiples of p and of powers of two, and what is given.
fn operands<F: Field<N>, const N: usize>(random: &[u64]) -> Vec<[u64; N]> {
    let p = number(&F::MODULUS);
    let top = p.shl(1).wrapping_add(&p.shr(6));
    let mut out = vec![U1024::ZERO, U1024::ONE, top];
    for base in [p, p.shl(1), r::<F, N>().rem_vartime(&modulus::<F, N>())] {
        for step in [0u64, 1, 2, 19, 1 << 32, LOW] {
            out.push(base.wrapping_sub(&U1024::from(step)));
            out.push(base.wrapping_add(&U1024::from(step)));
        }
    }
    for i in 0..N {
        // One limb full; all below full.
        let at = u32::try_from(52 * i).unwrap();
        out.push(U1024::from(LOW).shl(at));
        out.push(U1024::ONE.shl(at + 52).wrapping_sub(&U1024::ONE));
    }
    out.extend(random.chunks(N).map(|limbs| number(&limbs.iter().map(|l| l & LOW).collect::<Vec<_>>())));
    let bound = NonZero::new(top.wrapping_add(&U1024::ONE)).unwrap();
    out.iter().map(|a| limbs(&a.rem_vartime(&bound))).collect()
}

fn across<const N: usize>(eight: &[[u64; N]]) -> [[u64; 8]; N] {
    array::from_fn(|limb| array::from_fn(|lane| eight[lane % eight.len()][limb]))
}

fn lane<const N: usize>(lanes: &[[u64; 8]; N], at: usize) -> [u64; N] {
    lanes.map(|limb| limb[at])
}

type Out<const N: usize> = Vec<[[u64; 8]; N]>;

/// Every operation on eight pairs.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn run<F: Field<N>, const N: usize>(a: &[[u64; 8]; N], b: &[[u64; 8]; N]) -> Out<N> {
    let (a, b): ([V; N], [V; N]) = (load_all(a), load_all(b));
    let product = mul::<F, N>(&a, &b);
    let mut all = vec![product, sqr::<F, N>(&a), canonical::<F, N>(&a)];
    if F::FORM != Form::Order {
        all.push(fold::<F, N>(sub(&a, &b)));
        all.push(fold::<F, N>(sub(&sub(&a, &shl::<3, N>(&b)), &product)));
        all.push(fold::<F, N>(add(&shl::<2, N>(&a), &shl::<3, N>(&b))));
    }
    all.iter()
        .map(|v| {
            let mut out = [[0; 8]; N];
            store_all(&mut out, v);
            out
        })
        .collect()
}

fn check<F: Field<N>, const N: usize>(test: &str, random: &[u64]) {
    if cpu(test).is_none() {
        return;
    }
    let p = modulus::<F, N>();
    let r = r::<F, N>();
    let all = operands::<F, N>(random);
    for turn in 0..all.len() {
        let mut turned = all.clone();
        turned.rotate_left(turn);
        for (a8, b8) in all.chunks(8).zip(turned.chunks(8)) {
            // SAFETY: the features were found.
            let out = unsafe { run::<F, N>(&across(a8), &across(b8)) };
            for (at, (a, b)) in a8.iter().zip(b8).enumerate() {
                let (a, b) = (number(a), number(b));
                let got: Vec<_> = out.iter().map(|v| number(&lane(v, at))).collect();
                let below = |x: &U1024, hundredths: u64| {
                    assert!(x.wrapping_mul(&U1024::from(100u64)) < p.wrapping_mul(&U1024::from(hundredths)));
                };
                let times_r = |x: &U1024| rem::<F, N>(&rem::<F, N>(x).wrapping_mul(&rem::<F, N>(&r)));
                assert_eq!(times_r(&got[0]), rem::<F, N>(&a.wrapping_mul(&b)));
                assert_eq!(times_r(&got[1]), rem::<F, N>(&a.wrapping_mul(&a)));
                below(&got[0], 130);
                below(&got[1], 130);
                assert_eq!(times_r(&got[2]), rem::<F, N>(&a));
                below(&got[2], 100);
                if let [difference, mixed, sum] = &got[3..] {
                    let p64 = p.wrapping_mul(&U1024::from(64u64));
                    let (b8, product) = (b.shl(3), &got[0]);
                    let expected = [
                        p64.wrapping_add(&a).wrapping_sub(&b),
                        p64.wrapping_add(&a).wrapping_sub(&b8).wrapping_sub(product),
                        a.shl(2).wrapping_add(&b8),
                    ];
                    for (got, expected) in [difference, mixed, sum].into_iter().zip(expected) {
                        assert_eq!(rem::<F, N>(got), rem::<F, N>(&expected));
                        below(got, 202);
                    }
                }
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn inverses<F: Field<N>, G: Field<N>, const N: usize>(a: &[[u64; 8]; N]) -> [[[u64; 8]; N]; 2] {
    let a = load_all(a);
    let mut in_f = [enter::<F, N>(&a); 3];
    let mut in_g = [enter::<G, N>(&a); 3];
    in_f[1] = mul::<F, N>(&in_f[0], &in_f[0]);
    let (f_before, g_before) = (in_f, in_g);
    invert_all::<F, N, 3>(&mut in_f, 2);
    invert_all::<G, N, 3>(&mut in_g, 1);
    let mut out = [[[0; 8]; N]; 2];
    store_all(&mut out[0], &canonical::<F, N>(&mul::<F, N>(&in_f[1], &f_before[1])));
    store_all(&mut out[1], &canonical::<G, N>(&mul::<G, N>(&in_g[0], &g_before[0])));
    out
}

fn inversions<F: Field<N>, G: Field<N>, const N: usize>(test: &str) {
    if cpu(test).is_none() {
        return;
    }
    let all = operands::<F, N>(&[]);
    let zero = |a: &U1024| rem::<F, N>(a) == U1024::ZERO || rem::<G, N>(a) == U1024::ZERO;
    let all: Vec<_> = all.into_iter().filter(|a| !zero(&number(a))).collect();
    for eight in all.chunks(8) {
        // SAFETY: the features were found.
        let out = unsafe { inverses::<F, G, N>(&across(eight)) };
        for product in out {
            assert!((0..8).all(|at| number(&lane(&product, at)) == U1024::ONE));
        }
    }
}

#[test]
fn inverses_are_inverse() {
    inversions::<p256::Base, p256::Order, 5>("inverses of P-256");
    inversions::<p384::Base, p384::Order, 8>("inverses of P-384");
    inversions::<edwards::Base, edwards::Order, 5>("inverses of Ed25519");
}

#[test]
fn bits_come_from_their_place() {
    if cpu("bits_come_from_their_place").is_none() {
        return;
    }
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    fn run(a: &[[u64; 8]; 5], at: usize) -> u64 {
        let mut out = [[0; 8]; 1];
        store_all(&mut out, &[bits(&load_all(a), at, 7)]);
        out[0][3]
    }
    let a = [0x123456789abcd, 0xfedcba9876543, 0x5555555555555, 0xaaaaaaaaaaaaa, 0x8000000000001];
    for at in 0..280 {
        let expected = number(&a).shr(u32::try_from(at).unwrap()).bitand(&U1024::from(127u64));
        // SAFETY: the features were found.
        assert_eq!(U1024::from(unsafe { run(&across(&[a]), at) }), expected, "{at}");
    }
}

/// subtract_once of p and of p - 1, which canonical() seldom sees.
#[test]
fn the_modulus_is_not_canonical() {
    if cpu("the_modulus_is_not_canonical").is_none() {
        return;
    }
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    fn run<F: Field<N>, const N: usize>(a: &[[u64; 8]; N]) -> [[u64; 8]; N] {
        let mut out = [[0; 8]; N];
        store_all(&mut out, &subtract_once::<F, N>(&load_all(a)));
        out
    }
    let p = p256::Base::MODULUS;
    let mut less = p;
    less[0] -= 1;
    // SAFETY: the features were found.
    let out = unsafe { run::<p256::Base, 5>(&across(&[p, less])) };
    assert_eq!((lane(&out, 0), lane(&out, 1)), ([0; 5], less));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn products_and_sums(random in prop::collection::vec(any::<u64>(), 80)) {
        check::<p256::Base, 5>("the field of P-256", &random);
        check::<p256::Order, 5>("scalars of P-256", &random);
        check::<p384::Base, 8>("the field of P-384", &random);
        check::<p384::Order, 8>("scalars of P-384", &random);
        check::<edwards::Base, 5>("the field of Ed25519", &random);
        check::<edwards::Order, 5>("scalars of Ed25519", &random);
    }
}
