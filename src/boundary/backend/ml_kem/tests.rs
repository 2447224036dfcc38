//! Every implementation beside the portable one, on keys, randomness and ciphertexts that are good and bad.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate std;

use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::boundary::backend::Backend;
use crate::error::Error;

const KINDS: [KeyKind; 3] = [KeyKind::MlKem512, KeyKind::MlKem768, KeyKind::MlKem1024];

fn others() -> impl Iterator<Item = Backends> {
    Backend::ALL.into_iter().filter_map(Backends::of)
}

fn portable() -> Backends {
    Backends::of(Backend::Portable).unwrap()
}

/// Encapsulates; answers ciphertext and secret.
fn made(key: &PublicKey, m: &[u8; SECRET]) -> (Vec<u8>, [u8; SECRET]) {
    let (mut c, mut k) = (vec![0; ciphertext_len(key.kind()).unwrap()], [0; SECRET]);
    key.encapsulate(m, &mut c, &mut k).unwrap();
    (c, k)
}

fn opened(key: &PrivateKey, c: &[u8]) -> [u8; SECRET] {
    let mut k = [0; SECRET];
    key.decapsulate(c, &mut k).unwrap();
    k
}

#[test]
fn the_choice_is_what_runs() {
    for backends in others() {
        let key = PrivateKey::new(&backends, KeyKind::MlKem768, &[1; SEED]).unwrap();
        assert_eq!(matches!(key, PrivateKey::Portable(_)), matches!(backends.ml_kem, Lattice::Portable));
        let public =
            key.with_public_key(|bytes| PublicKey::new(&backends, KeyKind::MlKem768, bytes)).unwrap();
        assert_eq!(matches!(public, PublicKey::Portable(_)), matches!(backends.ml_kem, Lattice::Portable));
    }
}

#[test]
fn lengths_are_exact() {
    for (backends, kind) in others().flat_map(|backends| KINDS.map(|kind| (backends, kind))) {
        for len in [0, 32, 63, 65, 96] {
            assert_eq!(PrivateKey::new(&backends, kind, &vec![1; len]).err(), Some(Error::Rejected));
        }
        let key = PrivateKey::new(&backends, kind, &[1; SEED]).unwrap();
        assert_eq!(key.kind(), kind);
        let bytes = key.with_public_key(<[u8]>::to_vec);
        let public = PublicKey::new(&backends, kind, &bytes).unwrap();
        assert_eq!(public.kind(), kind);
        for wrong in [&[][..], &bytes[1..], &bytes[3..], &[&bytes[..], &[0]].concat(), &[0; 32]] {
            assert_eq!(PublicKey::new(&backends, kind, wrong).err(), Some(Error::Rejected));
        }
        let len = ciphertext_len(kind).unwrap();
        for len in [0, 1, len - 1, len + 1, 2 * len] {
            let mut secret = [7; SECRET];
            assert_eq!(key.decapsulate(&vec![0; len], &mut secret), Err(Error::InvalidArgument));
            let refused = key.encapsulate(&[1; SECRET], &mut vec![0; len], &mut secret);
            assert_eq!(refused, Err(Error::InvalidArgument));
            let refused = public.encapsulate(&[1; SECRET], &mut vec![0; len], &mut secret);
            assert_eq!(refused, Err(Error::InvalidArgument));
            assert_eq!(secret, [7; SECRET]);
        }
        let mut ciphertext = vec![0; len];
        assert_eq!(key.encapsulate(&[1; SECRET], &mut ciphertext, &mut [0; 16]), Err(Error::InvalidArgument));
        assert_eq!(key.decapsulate(&ciphertext, &mut [0; 33]), Err(Error::InvalidArgument));
        for kind in [KeyKind::Aes256, KeyKind::MlDsa44] {
            assert_eq!(PrivateKey::new(&backends, kind, &[1; SEED]).err(), Some(Error::Unsupported));
            assert_eq!(PublicKey::new(&backends, kind, &bytes).err(), Some(Error::Unsupported));
        }
    }
}

/// VAL-KEM-1, at every number of a key and at its ends: every implementation has the verdict of the portable one.
#[test]
fn numbers_above_the_modulus_are_rejected() {
    for (backends, kind) in others().flat_map(|backends| KINDS.map(|kind| (backends, kind))) {
        let bytes = PrivateKey::new(&backends, kind, &[2; SEED]).unwrap().with_public_key(<[u8]>::to_vec);
        let numbers = (bytes.len() - 32) / 3 * 2;
        for at in 0..numbers {
            for (number, fits) in [(3328u16, true), (3329, false), (4095, false)] {
                let mut bytes = bytes.clone();
                let [low, high] = number.to_le_bytes();
                let place = &mut bytes[at / 2 * 3..][..3];
                if at % 2 == 0 {
                    (place[0], place[1]) = (low, place[1] & 0xf0 | high);
                } else {
                    (place[1], place[2]) = (place[1] & 0x0f | low << 4, low >> 4 | high << 4);
                }
                let edge = at < 2 || at > numbers - 3;
                if !fits || edge {
                    assert_eq!(PublicKey::new(&backends, kind, &bytes).is_ok(), fits, "{at} {number}");
                }
                if edge {
                    assert_eq!(portable::PublicKey::new(kind, &bytes).is_ok(), fits, "{at} {number}");
                }
            }
        }
        // rho is any 32 bytes.
        let mut any = bytes.clone();
        any.last_chunk_mut::<32>().unwrap().fill(0xff);
        assert!(PublicKey::new(&backends, kind, &any).is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Keys, ciphertexts, secrets, and the answer to what nobody encapsulated: byte for byte.
    #[test]
    fn answers_are_the_portable_ones(
        seed in proptest::collection::vec(any::<u8>(), SEED), m: [u8; SECRET], which in 0usize..3,
        flip: prop::sample::Index, noise: u8, cut: prop::sample::Index,
    ) {
        let kind = KINDS[which];
        let reference = PrivateKey::new(&portable(), kind, &seed).unwrap();
        let bytes = reference.with_public_key(<[u8]>::to_vec);
        let reference_public = PublicKey::new(&portable(), kind, &bytes).unwrap();
        let (c, k) = made(&reference_public, &m);
        for backends in others() {
            let key = PrivateKey::new(&backends, kind, &seed).unwrap();
            prop_assert!(key.with_public_key(|own| own == &bytes[..]));
            let expanded = reference.with_expanded(<[u8]>::to_vec);
            prop_assert!(key.with_expanded(|own| own == &expanded[..]));
            let public = PublicKey::new(&backends, kind, &bytes).unwrap();
            prop_assert!(public.with_bytes(|own| own == &bytes[..]));
            prop_assert_eq!(&made(&public, &m), &(c.clone(), k));
            let (mut own, mut secret) = (vec![0; c.len()], [0; SECRET]);
            key.encapsulate(&m, &mut own, &mut secret).unwrap();
            prop_assert_eq!((&own, secret), (&c, k));
            prop_assert_eq!(opened(&key, &c), k);
            // One bit, one end of it, all of it.
            let mut damaged = [c.clone(), c.clone(), vec![noise; c.len()]];
            let bit = flip.index(8 * c.len());
            damaged[0][bit / 8] ^= 1 << (bit % 8);
            damaged[1][cut.index(c.len())..].fill(noise);
            for c in damaged {
                prop_assert_eq!(opened(&key, &c), opened(&reference, &c));
            }
        }
    }
}
