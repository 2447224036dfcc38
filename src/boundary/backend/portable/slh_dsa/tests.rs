//! All twelve sets against signatures that another implementation made, and what is refused.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate std;

use std::vec;
use std::vec::Vec;

use super::*;

const KINDS: [KeyKind; 12] = [
    KeyKind::SlhDsaSha2_128s,
    KeyKind::SlhDsaShake128s,
    KeyKind::SlhDsaSha2_128f,
    KeyKind::SlhDsaShake128f,
    KeyKind::SlhDsaSha2_192s,
    KeyKind::SlhDsaShake192s,
    KeyKind::SlhDsaSha2_192f,
    KeyKind::SlhDsaShake192f,
    KeyKind::SlhDsaSha2_256s,
    KeyKind::SlhDsaShake256s,
    KeyKind::SlhDsaSha2_256f,
    KeyKind::SlhDsaShake256f,
];

/// Made by kat-vectors/tools/slh_dsa.py: a line per set, of its name, seeds, root and SHA-256 of a signature.
const VECTORS: &str = include_str!("../../../../../kat-vectors/tests/slh_dsa.txt");

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// The one test that signs with every set: the slow ones take a second or two each.
#[test]
fn every_set_signs_as_another_implementation_does() {
    let lines: Vec<Vec<&str>> = VECTORS
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines.len(), KINDS.len());
    std::thread::scope(|scope| {
        for half in lines.chunks(KINDS.len() / 2) {
            scope.spawn(move || half.iter().for_each(|line| one_set(line)));
        }
    });
}

fn one_set(line: &[&str]) {
    let kind = KINDS.into_iter().find(|kind| kind.name() == line[0]).unwrap();
    let (seeds, expected_root, expected) = (hex(line[1]), hex(line[2]), hex(line[3]));
    let mut made = vec![0; n(kind)];
    root(kind, &seeds, &mut made).unwrap();
    assert_eq!(made, expected_root, "{}", line[0]);
    let key = PrivateKey::new(kind, &[&seeds[..], &made].concat()).unwrap();
    let public = key.public().unwrap();
    assert_eq!(public.bytes().len(), crate::wire::spki::public_len(kind));
    let message: [&[u8]; 2] = [&[0, 0], b"strongroom"];
    let mut signature = vec![0; signature_len(kind).unwrap()];
    key.sign(&message, None, &mut signature).unwrap();
    let mut digest = [0; 32];
    let sha256 = crate::algorithm::Hash::Sha256;
    crate::boundary::backend::portable::hash::digest(sha256, &[&signature], &mut digest).unwrap();
    assert_eq!(digest[..], expected, "{}", line[0]);
    public.verify(&message, &signature).unwrap();
    assert_eq!(public.verify(&[b"strongroom"], &signature), Err(Error::Rejected));
    // In the randomizer, in FORS, in the top tree.
    for at in [0, n(kind), signature.len() - 1] {
        signature[at] ^= 0x10;
        assert_eq!(public.verify(&message, &signature), Err(Error::Rejected), "{} {at}", line[0]);
        signature[at] ^= 0x10;
    }
    for wrong in [&[][..], &signature[1..], &[&signature[..], &[0]].concat()] {
        assert_eq!(public.verify(&message, wrong), Err(Error::Rejected));
    }
}

#[test]
fn lengths_are_exact() {
    for kind in KINDS {
        let n = n(kind);
        for len in [0, 3 * n, 4 * n - 1, 4 * n + 1] {
            assert_eq!(PrivateKey::new(kind, &vec![1; len]).err(), Some(Error::Rejected));
        }
        for len in [0, n, 2 * n - 1, 2 * n + 1, 4 * n] {
            assert_eq!(PublicKey::new(kind, &vec![1; len]).err(), Some(Error::Rejected));
        }
        assert_eq!(root(kind, &vec![1; 3 * n - 1], &mut vec![0; n]), Err(Error::Rejected));
        assert_eq!(root(kind, &vec![1; 3 * n], &mut vec![0; n + 1]), Err(Error::Rejected));
    }
    assert_eq!(PrivateKey::new(KeyKind::Ed25519, &[1; 32]).err(), Some(Error::Unsupported));
    assert_eq!(PublicKey::new(KeyKind::Ed25519, &[1; 32]).err(), Some(Error::Unsupported));
    assert_eq!(signature_len(KeyKind::Ed25519), None);
}

#[test]
fn hedged_signatures_differ() {
    let key = PrivateKey::new(KeyKind::SlhDsaSha2_128f, &[3; 64]).unwrap();
    let signed = |random: Option<&[u8]>| {
        let mut signature = vec![0; 17088];
        key.sign(&[b"m"], random, &mut signature).unwrap();
        signature
    };
    assert_eq!(signed(Some(&[1; 16])), signed(Some(&[1; 16])));
    assert_ne!(signed(Some(&[1; 16])), signed(Some(&[2; 16])));
    // Section 9.2: without randomness PK.seed takes its place.
    assert_eq!(signed(None), signed(Some(&[3; 16])));
    assert_eq!(key.sign(&[b"m"], Some(&[1; 15]), &mut [0; 17088]), Err(Error::Corrupted));
}

#[test]
fn a_private_key_is_wiped_on_drop() {
    fn wiped<T: zeroize::ZeroizeOnDrop>() {}
    wiped::<SigningKey<Sha2_128s>>(); // only with the crate's feature `zeroize`
    assert!(core::mem::needs_drop::<PrivateKey>());
}
