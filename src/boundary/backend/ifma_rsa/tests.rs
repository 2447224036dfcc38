//! Against the portable implementation, which is tested against others. Keys as in its tests.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::eprintln;
use std::vec;
use std::vec::Vec;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use proptest::prelude::*;

use super::*;
use crate::boundary::backend::Words;
use crate::boundary::backend::portable::rsa::tests::{TestKey, source};

const SIZES: [usize; 3] = [2048, 3072, 4096];

/// Tests end here, visibly, where the CPU cannot run the code.
fn absent() -> bool {
    if !available() {
        eprintln!("SKIPPED: this CPU has no AVX-512 IFMA");
    }
    !available()
}

struct Pair {
    portable: portable::PrivateKey,
    private: PrivateKey,
    public: PublicKey,
    /// The stored form, p || q.
    primes: Vec<u8>,
}

impl Pair {
    fn new(primes: &[u8]) -> Self {
        let portable = portable::PrivateKey::load(Words::Portable, primes, portable::E).unwrap();
        Self {
            private: PrivateKey::new(&portable).unwrap(),
            public: PublicKey::new(portable.public()).unwrap(),
            portable,
            primes: primes.to_vec(),
        }
    }

    fn read(bits: usize) -> Self {
        Self::new(&TestKey::read(bits).primes())
    }

    /// The same key with its primes the other way round, so that p < q in one of the two.
    fn turned(&self) -> Self {
        let (p, q) = self.primes.split_at(self.primes.len() / 2);
        Self::new(&[q, p].concat())
    }

    fn n(&self) -> &[u8] {
        self.portable.public().n()
    }

    fn expected(&self, input: &[u8]) -> Result<Vec<u8>> {
        let mut out = vec![0; self.n().len()];
        self.portable.private_op(input, &mut out, &mut source(77))?;
        Ok(out)
    }

    fn raised(&self, input: &[u8]) -> Result<Vec<u8>> {
        let mut out = vec![0; self.n().len()];
        self.portable.public().public_op(input, &mut out)?;
        Ok(out)
    }
}

fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    source(seed)(&mut bytes).unwrap();
    bytes
}

/// A number near the others: adds a small signed number to a big-endian one.
fn near(number: &[u8], add: i64, len: usize) -> Vec<u8> {
    let number = BoxedUint::from_be_slice(number, u32::try_from(8 * len).unwrap()).unwrap();
    let step = BoxedUint::from(add.unsigned_abs());
    let sum = if add < 0 { number.wrapping_sub(&step) } else { number.wrapping_add(&step) };
    let sum = sum.to_be_bytes();
    [&vec![0; len - sum.len()], &*sum].concat()
}

/// Inputs of a key where carries and reductions go wrong: the ends of the range, multiples of the primes.
fn edges(key: &Pair) -> Vec<Vec<u8>> {
    let len = key.n().len();
    let (p, q) = key.primes.split_at(len / 2);
    let mut edges = vec![vec![0; len], near(&[], 1, len), near(&[], 2, len)];
    for add in [-3, -2, -1] {
        edges.push(near(key.n(), add, len));
    }
    for prime in [p, q] {
        for add in [-1, 0, 1] {
            edges.push(near(prime, add, len));
        }
        let shifted = [prime, &vec![0; len / 2]].concat();
        edges.push(if shifted.as_slice() < key.n() { shifted } else { near(prime, 2, len) });
    }
    // All ones below the top bit, and one bit at a border of limbs.
    edges.push([&[0x7f], vec![0xff; len - 1].as_slice()].concat());
    edges.push(near(&(1u64 << 52).to_be_bytes(), -1, len));
    edges.push(near(&(1u64 << 52).to_be_bytes(), 0, len));
    edges
}

/// One pass or more over (key, input), each with its own blinding.
fn run(jobs: &[(&Pair, Vec<u8>)], seed: u64) -> Vec<(Result<()>, Vec<u8>)> {
    let random: Vec<_> = (0..).zip(jobs).map(|(i, job)| bytes(seed + i, job.0.n().len())).collect();
    let mut outs: Vec<_> = jobs.iter().map(|job| vec![0xaa; job.0.n().len()]).collect();
    let mut lanes: Vec<_> = jobs
        .iter()
        .zip(&random)
        .zip(&mut outs)
        .map(|(((key, input), random), out)| PrivateLane {
            key: &key.private,
            input,
            random,
            out,
            result: Err(Error::Corrupted),
        })
        .collect();
    private_many(&mut lanes);
    let results: Vec<_> = lanes.iter().map(|lane| lane.result).collect();
    results.into_iter().zip(outs).collect()
}

fn run_public(jobs: &[(&PublicKey, &[u8])]) -> Vec<(Result<()>, Vec<u8>)> {
    let mut outs: Vec<_> = jobs.iter().map(|job| vec![0xaa; job.1.len()]).collect();
    let mut lanes: Vec<_> = jobs
        .iter()
        .zip(&mut outs)
        .map(|((key, input), out)| PublicLane {
            key: key.public(),
            input,
            out,
            result: Err(Error::Corrupted),
        })
        .collect();
    public_many(&mut lanes);
    let results: Vec<_> = lanes.iter().map(|lane| lane.result).collect();
    results.into_iter().zip(outs).collect()
}

/// One public operation, without lanes.
fn raised_alone(key: &PublicKey, input: &[u8], size: usize) -> (Result<()>, Vec<u8>) {
    let mut out = vec![0xaa; size];
    let result = key.public().public_op(input, &mut out);
    (result, out)
}

#[test]
fn private_answers_are_the_portable_ones() {
    if absent() {
        return;
    }
    for bits in SIZES {
        let key = Pair::read(bits);
        let other = key.turned();
        let len = key.n().len();
        let mut inputs = edges(&key);
        inputs.extend((0..4).map(|seed| [&[0], bytes(seed, len - 1).as_slice()].concat()));
        let jobs: Vec<_> =
            inputs.into_iter().zip([&key, &other].into_iter().cycle()).map(|(a, b)| (b, a)).collect();
        for (job, answer) in jobs.iter().zip(run(&jobs, 1000)) {
            assert_eq!(answer, (Ok(()), job.0.expected(&job.1).unwrap()));
        }
    }
}

#[test]
fn every_number_of_lanes() {
    if absent() {
        return;
    }
    let key = Pair::read(2048);
    let jobs: Vec<_> = (0..17).map(|seed| (&key, [&[0], bytes(seed, 255).as_slice()].concat())).collect();
    let expected: Vec<_> = jobs.iter().map(|job| key.expected(&job.1).unwrap()).collect();
    for count in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17] {
        for (answer, expected) in run(&jobs[..count], 7).into_iter().zip(&expected) {
            assert_eq!(answer, (Ok(()), expected.clone()), "{count}");
        }
    }
}

#[test]
fn different_keys_in_one_pass() {
    if absent() {
        return;
    }
    let made: Vec<_> = (1..4)
        .map(|seed| {
            Pair::new(&portable::generate(Words::Portable, 2048, &mut source(seed), &|| true).unwrap())
        })
        .collect();
    let read = Pair::read(2048);
    let turned = read.turned();
    let keys = [&made[0], &read, &made[1], &turned, &made[2], &made[0], &read, &made[1]];
    let jobs: Vec<_> =
        (20..).zip(keys).map(|(seed, key)| (key, [&[0], bytes(seed, 255).as_slice()].concat())).collect();
    for (job, answer) in jobs.iter().zip(run(&jobs, 70)) {
        assert_eq!(answer, (Ok(()), job.0.expected(&job.1).unwrap()));
    }
}

#[test]
fn a_refused_lane_leaves_the_others_alone() {
    if absent() {
        return;
    }
    let key = Pair::read(2048);
    let good = near(&[], 5, 256);
    let refused =
        [key.n().to_vec(), near(key.n(), 1, 256), vec![0xff; 256], vec![1; 255], vec![1; 257], vec![]];
    for wrong in refused {
        let jobs = [(&key, wrong.clone()), (&key, good.clone()), (&key, wrong), (&key, good.clone())];
        let answers = run(&jobs, 5);
        for lane in [0, 2] {
            assert_eq!(answers[lane], (Err(Error::Rejected), vec![0; 256]));
        }
        for lane in [1, 3] {
            assert_eq!(answers[lane], (Ok(()), key.expected(&good).unwrap()));
        }
    }
}

#[test]
fn buffers_and_random_bytes_have_the_size_of_the_key() {
    if absent() {
        return;
    }
    let key = Pair::read(2048);
    let input = [1; 256];
    let once = |random: &[u8], size: usize| {
        let mut out = vec![0xaa; size];
        let mut lanes =
            [PrivateLane { key: &key.private, input: &input, random, out: &mut out, result: Ok(()) }];
        private_many(&mut lanes);
        let result = lanes[0].result;
        assert!(result.is_ok() || out.iter().all(|byte| *byte == 0));
        result
    };
    assert_eq!(once(&[7; 256], 256), Ok(()));
    for size in [0, 255, 257] {
        assert_eq!(once(&[7; 256], size), Err(Error::InvalidArgument));
        assert_eq!(once(&vec![7; size], 256), Err(Error::InvalidArgument));
    }
    // No blinding, no operation; the top bit is not used.
    assert_eq!(once(&[0; 256], 256), Err(Error::EntropyFailed));
    assert_eq!(once(&[&[0x80], [0; 255].as_slice()].concat(), 256), Err(Error::EntropyFailed));
    // The largest number there is.
    assert_eq!(once(&[0xff; 256], 256), Ok(()));
    for size in [0, 255, 257] {
        assert_eq!(raised_alone(&key.public, &input, size), (Err(Error::InvalidArgument), vec![0; size]));
        assert_eq!(raised_alone(&key.public, &vec![1; size], 256), (Err(Error::Rejected), vec![0; 256]));
    }
}

#[test]
fn keys_of_another_size_are_refused() {
    if absent() {
        return;
    }
    let (small, large) = (Pair::read(2048), Pair::read(3072));
    let jobs = [(&small, vec![1; 256]), (&large, vec![1; 384])];
    let answers = run(&jobs, 1);
    assert_eq!(answers[0], (Ok(()), small.expected(&[1; 256]).unwrap()));
    assert_eq!(answers[1], (Err(Error::InvalidArgument), vec![0; 384]));
    let answers = run_public(&[(&large.public, &[1; 384]), (&small.public, &[1; 256])]);
    assert_eq!(answers[0], (Ok(()), large.raised(&[1; 384]).unwrap()));
    assert_eq!(answers[1], (Err(Error::InvalidArgument), vec![0; 256]));
}

#[test]
fn a_wrong_result_stays_inside_and_the_others_come_out() {
    if absent() {
        return;
    }
    // RSA-5: one wrong bit in the exponent of one half, in any one lane.
    for bits in SIZES {
        let key = Pair::read(bits);
        let mut broken = Pair::read(bits);
        broken.private.damage();
        let input = near(&[], 12_345, key.n().len());
        let expected = key.expected(&input).unwrap();
        for lane in [0, 3, 7] {
            let jobs: Vec<_> =
                (0..8).map(|i| (if i == lane { &broken } else { &key }, input.clone())).collect();
            for (i, answer) in run(&jobs, 3).into_iter().enumerate() {
                if i == lane {
                    assert_eq!(answer, (Err(Error::Corrupted), vec![0; key.n().len()]));
                } else {
                    assert_eq!(answer, (Ok(()), expected.clone()));
                }
            }
        }
    }
}

#[test]
fn blinding_does_not_show() {
    if absent() {
        return;
    }
    let key = Pair::read(2048);
    let jobs: Vec<_> = (0..8).map(|_| (&key, vec![1; 256])).collect();
    let answers = [run(&jobs, 1), run(&jobs, 100)].concat();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[test]
fn public_answers_are_the_portable_ones() {
    if absent() {
        return;
    }
    for bits in SIZES {
        let key = Pair::read(bits);
        let len = key.n().len();
        let mut inputs = edges(&key);
        inputs.extend((0..4).map(|seed| [&[0], bytes(seed, len - 1).as_slice()].concat()));
        for count in 1..=inputs.len() {
            let jobs: Vec<_> = inputs[..count].iter().map(|input| (&key.public, input.as_slice())).collect();
            for (input, answer) in inputs.iter().zip(run_public(&jobs)) {
                assert_eq!(answer, (Ok(()), key.raised(input).unwrap()));
            }
        }
        for input in &inputs {
            assert_eq!(raised_alone(&key.public, input, len), (Ok(()), key.raised(input).unwrap()));
        }
        for wrong in [key.n().to_vec(), vec![0xff; len]] {
            assert_eq!(raised_alone(&key.public, &wrong, len), (Err(Error::Rejected), vec![0; len]));
            let answers = run_public(&[(&key.public, &inputs[3]), (&key.public, &wrong)]);
            assert_eq!(answers[0], (Ok(()), key.raised(&inputs[3]).unwrap()));
            assert_eq!(answers[1], (Err(Error::Rejected), vec![0; len]));
        }
    }
}

#[test]
fn lanes_with_different_public_exponents() {
    if absent() {
        return;
    }
    let test = TestKey::read(2048);
    let exponents: [u32; 8] =
        [65_537, 65_539, u32::MAX, 0x8000_0001, 0x0001_ffff, 65_537, 0x5555_5555, 0x7fff_ffff];
    let keys =
        exponents.map(|e| portable::PublicKey::new(Words::Portable, &test.n, &e.to_be_bytes()).unwrap());
    let prepared = keys.each_ref().map(|key| PublicKey::new(key).unwrap());
    let inputs: Vec<_> = (0..8).map(|seed| [&[0], bytes(seed, 255).as_slice()].concat()).collect();
    let jobs: Vec<_> = prepared.iter().zip(&inputs).map(|(key, input)| (key, input.as_slice())).collect();
    for (((key, input), fast), answer) in keys.iter().zip(&inputs).zip(&prepared).zip(run_public(&jobs)) {
        let mut expected = vec![0; 256];
        key.public_op(input, &mut expected).unwrap();
        assert_eq!(raised_alone(fast, input, 256), (Ok(()), expected.clone()));
        assert_eq!(answer, (Ok(()), expected));
    }
}

/// The same operation alone.
fn alone(key: &Pair, input: &[u8], seed: u64) -> (Result<()>, Vec<u8>) {
    let mut out = vec![0xaa; key.n().len()];
    (key.private.private_op(input, &mut out, &mut source(seed)), out)
}

#[test]
fn one_operation_alone_answers_as_the_portable_one() {
    if absent() {
        return;
    }
    for bits in SIZES {
        let key = Pair::read(bits);
        let len = key.n().len();
        let mut inputs = edges(&key);
        inputs.extend((0..8).map(|seed| [&[0], bytes(seed, len - 1).as_slice()].concat()));
        for key in [&key, &key.turned()] {
            for (seed, input) in (0..).zip(&inputs) {
                assert_eq!(alone(key, input, seed), (Ok(()), key.expected(input).unwrap()));
            }
        }
        for wrong in [key.n(), &vec![0xff; len], &vec![1; len - 1], &vec![1; len + 1], &[]] {
            assert_eq!(alone(&key, wrong, 1), (Err(Error::Rejected), vec![0; len]));
        }
        let mut short = vec![0xaa; len - 1];
        let result = key.private.private_op(&vec![1; len], &mut short, &mut source(1));
        assert_eq!((result, short), (Err(Error::InvalidArgument), vec![0; len - 1]));
    }
}

#[test]
fn one_operation_alone_keeps_a_wrong_result_inside() {
    if absent() {
        return;
    }
    for bits in SIZES {
        let mut key = Pair::read(bits);
        key.private.damage();
        let len = key.n().len();
        assert_eq!(alone(&key, &vec![1; len], 1), (Err(Error::Corrupted), vec![0; len]));
    }
}

#[test]
fn one_operation_alone_needs_its_blinding() {
    if absent() {
        return;
    }
    let key = Pair::read(2048);
    for (fill, wanted) in [(None, Error::NotOperational), (Some(0), Error::EntropyFailed)] {
        let mut out = vec![0xaa; 256];
        let mut random = |bytes: &mut [u8]| {
            bytes.fill(fill.ok_or(Error::NotOperational)?);
            Ok(())
        };
        assert_eq!(key.private.private_op(&[1; 256], &mut out, &mut random), Err(wanted));
        assert_eq!(out, vec![0; 256]);
    }
}

#[test]
fn numbers_and_limbs() {
    let number = bytes(1, 128);
    let mut limbs = [0; 20];
    limbs::from_be::<52, 20>(&number, &mut limbs);
    assert!(limbs.iter().all(|limb| limb >> 52 == 0));
    let mut back = vec![0; 128];
    limbs::to_be(&limbs, &mut back);
    assert_eq!(back, number);
    let mut one = number.clone();
    one[127] ^= 1;
    let mut other = [0; 20];
    limbs::from_be::<52, 20>(&one, &mut other);
    assert_eq!(limbs::less(&limbs, &other), number < one);
    assert_eq!(limbs::less(&other, &limbs), one < number);
    assert!(!limbs::less(&limbs, &limbs));
    for bit in [0, 51, 52, 1023] {
        let mut all = [u64::MAX >> 12; 20];
        limbs::clear_bit(&mut all, bit);
        limbs::to_be(&all, &mut back);
        let mut expected = vec![0xff; 128];
        expected[127 - bit / 8] ^= 1 << (bit % 8);
        assert_eq!(back, expected);
    }
}

/// Bytes that are often at the ends of their range, where carries go wrong.
fn wild(len: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![4 => Just(0u8), 4 => Just(0xffu8), 1 => any::<u8>()];
    prop_oneof![proptest::collection::vec(byte, len), proptest::collection::vec(any::<u8>(), len)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The arithmetic over any odd modulus, prime factors or not.
    #[test]
    fn powers_modulo_anything(
        moduli in proptest::collection::vec(wild(256), 8),
        inputs in proptest::collection::vec(wild(256), 8),
        e in any::<[u64; 8]>(),
    ) {
        if absent() {
            return Ok(());
        }
        let mut keys = Vec::new();
        let mut wanted = Vec::new();
        let mut plain = Vec::new();
        for ((mut n, input), e) in moduli.into_iter().zip(inputs).zip(e) {
            n[0] |= 0x80;
            n[255] |= 1;
            let e = e | 1;
            let big = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, 2048).unwrap();
            let odd = Odd::new(big(&n)).unwrap();
            let input = big(&input).rem(odd.as_nz_ref());
            let params = BoxedMontyParams::new(odd);
            wanted.push(BoxedMontyForm::new(input.clone(), &params).pow(&BoxedUint::from(e)).retrieve());
            plain.push(input.to_be_bytes().to_vec());
            let mut key = Box::new(Public { n: [0; 40], n0: 0, r2: [0; 40], e, len: 256 });
            limbs::from_be::<52, 40>(&n, &mut key.n);
            let Public { n, n0, r2, .. } = &mut *key;
            [*n0, _] = constants::<40, 80>([n, n], 256, [r2, &mut [0; 40]]).unwrap();
            keys.push(PublicKey::B2048(key));
        }
        let jobs: Vec<_> = keys.iter().zip(&plain).map(|(key, input)| (key, input.as_slice())).collect();
        for (answer, wanted) in run_public(&jobs).into_iter().zip(wanted) {
            prop_assert_eq!(answer.0, Ok(()));
            prop_assert_eq!(answer.1, wanted.to_be_bytes().to_vec());
        }
    }

    #[test]
    fn private_operations_of_anything(input in wild(256), seed in any::<u32>()) {
        if absent() {
            return Ok(());
        }
        let key = Pair::read(2048);
        let answer = run(&[(&key, input.clone())], u64::from(seed)).remove(0);
        prop_assert_eq!(&answer, &alone(&key, &input, u64::from(seed)));
        match key.expected(&input) {
            Ok(expected) => prop_assert_eq!(answer, (Ok(()), expected)),
            Err(error) => prop_assert_eq!(answer, (Err(error), vec![0; 256])),
        }
    }
}
