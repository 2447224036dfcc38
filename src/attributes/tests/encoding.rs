//! The canonical bytes of a policy: one encoding for each set of attributes, and no other bytes.

use alloc::vec::Vec;

use proptest::prelude::*;

use super::narrowing::attributes;
use super::*;
use crate::handle::KeyId;
use crate::wire::policy::{MAX_LEN, emit, parse};
use crate::wire::testing::{for_each_damaged, replaced};
use crate::wire::wrapped_key::{Claims, MAX_HEADER, emit_header};
use crate::wire::{Reader, Writer};

fn encode(attributes: &Attributes) -> Vec<u8> {
    let mut bytes = [0; MAX_LEN];
    let mut to = Writer::new(&mut bytes);
    emit(attributes, &mut to).unwrap();
    let len = to.finish();
    bytes[..len].to_vec()
}

fn decode(bytes: &[u8]) -> Result<Attributes> {
    let mut from = Reader::new(bytes);
    let attributes = parse(&mut from)?;
    from.finish()?;
    Ok(attributes)
}

/// Accepted bytes are the one encoding of valid attributes; everything else is `Rejected`.
fn canonical(bytes: &[u8]) {
    match decode(bytes) {
        Ok(attributes) => {
            assert_eq!(attributes.check(), Ok(()));
            assert_eq!(encode(&attributes), bytes, "two encodings of one policy");
        }
        Err(error) => assert_eq!(error, Error::Rejected),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn attributes_survive_the_wire(attributes in attributes()) {
        let bytes = encode(&attributes);
        prop_assert_eq!(decode(&bytes), Ok(attributes.clone()));
        let mut short = alloc::vec![0; bytes.len() - 1];
        prop_assert_eq!(emit(&attributes, &mut Writer::new(&mut short)), Err(Error::BufferTooSmall));
    }

    #[test]
    fn arbitrary_bytes_are_canonical_or_rejected(bytes in prop::collection::vec(any::<u8>(), 0..MAX_LEN + 8)) {
        canonical(&bytes);
    }

    #[test]
    fn almost_valid_bytes_are_canonical_or_rejected(
        attributes in attributes(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..5),
    ) {
        let mut bytes = encode(&attributes);
        for (place, byte, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let place = place.index(bytes.len());
            match how {
                0 => bytes[place] = byte,
                1 => bytes[place] ^= 1 << (byte % 8),
                2 => bytes.insert(place, byte),
                _ => drop(bytes.remove(place)),
            }
        }
        canonical(&bytes);
    }

    #[test]
    fn two_policies_never_share_an_encoding(a in attributes(), b in attributes()) {
        prop_assert_eq!(a == b, encode(&a) == encode(&b));
    }
}

/// The format, byte for byte: blobs of today must open tomorrow.
#[test]
fn the_encoding_is_fixed() {
    let attributes = Attributes::builder(KeyKind::Rsa3072)
        .usage(Usage::SIGN.and(Usage::VERIFY))
        .permit(Rule::hashed(Algorithm::RsaPss, Hash::Sha384))
        .permit(Rule::any(Algorithm::RsaPkcs1))
        .export(Export::INTEROPERABLE.trusted_only())
        .persistent()
        .uses(5)
        .validity(Validity { not_before: None, not_after: Some(0x0102) })
        .owner(9)
        .label(b"ab")
        .application(b"c")
        .build()
        .unwrap();
    #[rustfmt::skip]
    let expected = [
        0x03, 0x02, 2, 0x01, 0x80, 0, 0, 0, 0x14, // kind, class, length, usage
        2, 0x04, 0x01, 0x01, 0xd7, 0, 0, 0x04, 0x02, 0, 2, 0, 0, // two rules, in order
        2, 1, 1, // export, trusted only, persistent
        1 | 4 | 8, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 9, // fields
        2, b'a', b'b', 1, b'c',
    ];
    assert_eq!(encode(&attributes), expected);
    assert_eq!(decode(&expected), Ok(attributes));
}

#[test]
fn the_longest_policy_and_header_fit() {
    // More rules than any family has, so longer than any valid one.
    let mut longest = kek().trusted().uses(1).owner(1).label(&[1; 32]).application(&[2; 64]).build().unwrap();
    longest.validity = Validity { not_before: Some(1), not_after: Some(2) };
    for algorithm in [Algorithm::AesGcm, Algorithm::AesKw, Algorithm::AesKwp] {
        longest.rules = longest.rules.clone().with(Rule::any(algorithm)).unwrap();
    }
    let bytes = encode(&longest);
    assert_eq!(bytes.len(), MAX_LEN);
    assert_eq!(decode(&bytes), Err(Error::Rejected), "a policy that cannot be built cannot be read");

    let mut header = [0; MAX_HEADER];
    let id = |byte| KeyId::from_bytes([byte; 16]);
    let uses = Some((1, 2));
    let claims = Claims { id: id(1), origin: 0, strength: Strength(256), uses, attributes: longest };
    assert_eq!(
        emit_header(Algorithm::NativeWrap, &id(2), &claims, 60, &mut header),
        Ok(MAX_HEADER),
        "and no more than that"
    );
}

#[test]
fn every_damage_is_canonical_or_rejected() {
    let full = hmac(Hash::Sha512)
        .export(Export::NATIVE)
        .uses(1 << 33)
        .validity(Validity { not_before: Some(7), not_after: Some(1 << 40) })
        .owner(3)
        .label(b"label")
        .application(b"application")
        .build()
        .unwrap();
    for attributes in [full, kek().trusted().build().unwrap(), verifier().build().unwrap()] {
        for_each_damaged(&encode(&attributes), canonical);
    }
}

/// Bytes that say something no attributes say, each by name.
#[test]
fn what_is_not_canonical_is_rejected_by_name() {
    let signer = Attributes::builder(Rsa2048)
        .usage(Usage::VERIFY)
        .permit(Rule::any(Algorithm::RsaPkcs1))
        .permit(Rule::any(Algorithm::RsaPss))
        .label(b"LABEL")
        .build()
        .unwrap();
    let good = encode(&signer);
    let pkcs1: &[u8] = &[0x04, 0x01, 0x01, 0xd7, 0, 0];
    let pss: &[u8] = &[0x04, 0x02, 0x01, 0xd7, 0, 0];
    let both = [pkcs1, pss].concat();
    let at = |place: usize, byte: u8| {
        let mut bytes = good.clone();
        assert_ne!(bytes[place], byte);
        bytes[place] = byte;
        bytes
    };
    // After kind, class, length, usage, count and two rules: format, flags, lifetime, present.
    for (what, bytes) in [
        ("rules out of order", replaced(&good, &both, &[pss, pkcs1].concat())),
        ("one rule twice", replaced(&good, &both, &[pkcs1, pkcs1].concat())),
        ("an algorithm of another family", replaced(&good, pss, &[0x04, 0x11, 0, 7, 0, 0])),
        ("an unknown algorithm", replaced(&good, pss, &[0x7f, 0x02, 0, 7, 0, 0])),
        ("an unknown hash", replaced(&good, pss, &[0x04, 0x02, 0x02, 7, 0, 0])),
        ("a hash too weak to sign with", replaced(&good, pss, &[0x04, 0x02, 0, 0x0f, 0, 0])),
        ("no hash", replaced(&good, pss, &[0x04, 0x02, 0, 0, 0, 0])),
        ("a tag length where there is none", replaced(&good, pss, &[0x04, 0x02, 0, 7, 1, 0])),
        ("deterministic where it is not offered", replaced(&good, pss, &[0x04, 0x02, 0, 7, 0, 1])),
        ("a flag that is no flag", replaced(&good, pss, &[0x04, 0x02, 0, 7, 0, 2])),
        ("an unknown kind", at(0, 0x7f)),
        ("class zero", at(2, 0)),
        ("a class of another kind", at(2, 1)),
        ("an unknown class", at(2, 4)),
        ("another length", at(4, 1)),
        ("an unknown usage", at(5, 0x80)),
        ("usages of two purposes", at(8, 0x11)),
        ("no usage", at(8, 0)),
        ("fewer rules than count", at(9, 1)),
        ("more rules than count", at(9, 3)),
        ("more rules than there is room for", at(9, 5)),
        ("an unknown format", at(22, 3)),
        ("trusted only, and never leaves", at(23, 1)),
        ("trusted only, and no flag", at(23, 2)),
        ("an unknown lifetime", at(24, 2)),
        ("an unknown field", at(25, 32)),
        ("a trusted key that cannot wrap", at(25, 16)),
        ("a label longer than the bytes", at(26, 60)),
    ] {
        assert_eq!(decode(&bytes), Err(Error::Rejected), "{what}");
    }
    assert!(decode(&good).is_ok());
    let long = |label: usize, application: usize| {
        let mut bytes = good[..26].to_vec();
        bytes.push(u8::try_from(label).unwrap());
        bytes.extend(core::iter::repeat_n(0, label));
        bytes.push(u8::try_from(application).unwrap());
        bytes.extend(core::iter::repeat_n(0, application));
        decode(&bytes)
    };
    assert!(long(32, 64).is_ok());
    assert_eq!(long(33, 64), Err(Error::Rejected));
    assert_eq!(long(32, 65), Err(Error::Rejected));
}
