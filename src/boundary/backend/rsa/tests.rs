//! Groups and single operations of every backend against the portable implementation alone. Keys as in its tests.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate std;

use core::array;

use super::*;
use crate::boundary::backend::Backend;
use crate::boundary::backend::portable::rsa::tests::{TestKey, source};
use crate::boundary::batch::LANES;

const SIZES: [usize; 3] = [2048, 3072, 4096];

fn every_backend() -> impl Iterator<Item = (Backend, Backends)> {
    Backend::ALL.into_iter().filter_map(|backend| Some((backend, Backends::of(backend)?)))
}

/// The keys of the three sizes, and each with its primes the other way round.
fn keys(backends: &Backends) -> Vec<PrivateKey> {
    let each = SIZES.into_iter().flat_map(|bits| {
        let primes = TestKey::read(bits).primes();
        let (p, q) = primes.split_at(primes.len() / 2);
        [primes.clone(), [q, p].concat()]
    });
    each.map(|primes| PrivateKey::load(backends, &primes, E).unwrap()).collect()
}

/// Most are below n; others are n, above it, too short, too long.
fn input(key: &PrivateKey, seed: usize) -> Vec<u8> {
    let len = key.public().len();
    let mut bytes = vec![0; len];
    source(seed as u64)(&mut bytes).unwrap();
    bytes[0] &= 0x7f;
    match seed % 13 {
        3 => key.public().n().to_vec(),
        5 => vec![0xff; len],
        7 => bytes[1..].to_vec(),
        11 => [&[0], bytes.as_slice()].concat(),
        _ => bytes,
    }
}

/// Groups of every size, and lanes left out in the middle.
fn shapes() -> impl Iterator<Item = [bool; LANES]> {
    let sizes = [1, 2, 3, 7, 8, 9, 17, LANES].map(|size| array::from_fn(|lane| lane < size));
    let holes = [2, 5].map(|step| array::from_fn(|lane| lane % step == 0));
    sizes.into_iter().chain(holes)
}

#[test]
fn every_backend_answers_as_the_portable_one() {
    for (backend, backends) in every_backend() {
        let (keys, plain) = (keys(&backends), keys(&Backends::PORTABLE));
        // All sizes together; then one size, where all lanes go the same way.
        for (round, shape) in shapes().enumerate() {
            for stride in [1, keys.len()] {
                let key = |lane: usize| &keys[(lane * stride + round) % keys.len()];
                let reference = |lane: usize| &plain[(lane * stride + round) % keys.len()].portable;
                let inputs: [Vec<u8>; LANES] = array::from_fn(|lane| input(key(lane), 40 * round + lane));
                let mut outs: [Vec<u8>; LANES] = array::from_fn(|lane| vec![0xee; key(lane).public().len()]);

                let mut each = outs.iter_mut().enumerate();
                let mut lanes: Lanes<PrivateOp<'_>> = array::from_fn(|_| {
                    let (lane, out) = each.next()?;
                    shape[lane].then(|| PrivateOp::new(key(lane), &inputs[lane], out))
                });
                private_lanes(&mut lanes, &mut source(round as u64));
                let results = lanes.map(|lane| lane.map(|lane| lane.result));
                for (lane, result) in results.into_iter().enumerate() {
                    let mut wanted = vec![0xee; outs[lane].len()];
                    let expected = shape[lane]
                        .then(|| reference(lane).private_op(&inputs[lane], &mut wanted, &mut source(9)));
                    assert_eq!((result, &outs[lane]), (expected, &wanted), "{backend:?} {round} {lane}");
                    if expected.is_some() {
                        let mut alone = vec![0xee; wanted.len()];
                        let result = key(lane).private_op(&inputs[lane], &mut alone, &mut source(8));
                        assert_eq!((Some(result), &alone), (expected, &wanted), "{backend:?} {round} {lane}");
                    }
                }

                let mut each = outs.iter_mut().enumerate();
                let mut lanes: Lanes<PublicOp<'_>> = array::from_fn(|_| {
                    let (lane, out) = each.next()?;
                    shape[lane].then(|| PublicOp::new(key(lane).public(), &inputs[lane], out))
                });
                public_lanes(&mut lanes);
                let results = lanes.map(|lane| lane.map(|lane| lane.result));
                for (lane, result) in results.into_iter().enumerate().filter(|(lane, _)| shape[*lane]) {
                    let mut wanted = vec![0xee; outs[lane].len()];
                    let expected = reference(lane).public().public_op(&inputs[lane], &mut wanted);
                    assert_eq!(
                        (result, &outs[lane]),
                        (Some(expected), &wanted),
                        "{backend:?} {round} {lane}"
                    );
                    let mut alone = vec![0xee; wanted.len()];
                    let result = key(lane).public().public_op(&inputs[lane], &mut alone);
                    assert_eq!((result, &alone), (expected, &wanted), "{backend:?} {round} {lane}");
                }
            }
        }
    }
}

/// The choice is real: a portable key has no other form, and every one draws its blinding once.
#[test]
fn a_key_runs_on_what_was_chosen() {
    for (backend, backends) in every_backend() {
        let key = &keys(&backends)[0];
        let drawn = |run: &dyn Fn(&mut Random<'_>)| {
            let mut lens = Vec::new();
            run(&mut |out: &mut [u8]| {
                lens.push(out.len());
                source(1)(out)
            });
            lens
        };
        let input = input(key, 1);
        let ours = drawn(&|random| key.private_op(&input, &mut [0; 256], random).unwrap());
        assert_eq!(ours, [256]);
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        {
            assert_eq!(key.fast.is_some(), backend == Backend::Ifma);
            assert_eq!(key.public().fast.is_some(), backend == Backend::Ifma);
        }
    }
}

/// A lane without its blinding computes nothing, and its neighbours have theirs.
#[test]
fn blinding_that_fails_costs_its_lane() {
    for (backend, backends) in every_backend() {
        let key = &keys(&backends)[0];
        let input = input(key, 1);
        let mut wanted = vec![0; 256];
        let plain = &keys(&Backends::PORTABLE)[0].portable;
        plain.private_op(&input, &mut wanted, &mut source(9)).unwrap();
        let mut outs = [[0xee; 256]; 8];
        let mut each = outs.iter_mut();
        let mut lanes: Lanes<PrivateOp<'_>> =
            array::from_fn(|_| Some(PrivateOp::new(key, &input, each.next()?)));
        let mut calls = 0;
        let mut random = source(3);
        private_lanes(&mut lanes, &mut |out| {
            calls += 1;
            if calls == 4 { Err(Error::EntropyFailed) } else { random(out) }
        });
        let results: Vec<_> = lanes.iter().flatten().map(|lane| lane.result).collect();
        assert_eq!(results.iter().filter(|result| **result == Err(Error::EntropyFailed)).count(), 1);
        for (result, out) in results.into_iter().zip(outs) {
            let expected = if result.is_ok() { wanted.as_slice() } else { &[0; 256] };
            assert_eq!(out, expected, "{backend:?}");
        }
    }
}

#[test]
fn a_key_comes_in_for_every_backend() {
    for (_, backends) in every_backend() {
        for bits in SIZES {
            let key = TestKey::read(bits);
            let primes = key.primes();
            let (p, q) = primes.split_at(primes.len() / 2);
            let parts = Components { n: &key.n, e: &key.e, p, q, d: None, crt: None };
            let (loaded, stored) = PrivateKey::import(&backends, &parts, &mut source(1)).unwrap();
            assert_eq!((loaded.public().n(), loaded.public().e()), (key.n.as_slice(), E));
            assert_eq!(*stored, primes);
            // Exchanged for a modulus that is another's.
            let wrong = Components { n: &TestKey::read(6144 - bits).n, crt: None, ..parts };
            assert!(bits == 3072 || PrivateKey::import(&backends, &wrong, &mut source(1)).is_err());
            let failing = &mut |_: &mut [u8]| Err(Error::EntropyFailed);
            let refused = PrivateKey::import(&backends, &parts, failing).map(drop);
            assert_eq!(refused, Err(Error::EntropyFailed));
        }
    }
}

/// The same random numbers lead to the same primes.
#[test]
fn the_fastest_backend_finds_the_same_primes() {
    let found = [Backends::PORTABLE, Backends::fastest()]
        .map(|backends| generate(&backends, 2048, &mut source(5), &|| true).unwrap());
    assert_eq!(*found[0], *found[1]);
}
