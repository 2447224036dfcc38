#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate std;
use super::*;
use crate::algorithm::Hash;
use crate::attributes::{Export, KeyClass, KeyKind, Lifetime, Rule, Usage, Validity};
use crate::wire::testing::{for_each_damaged, with_byte};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

// kat-vectors/tests/wrap/README.md says what is in them.
const SIGNING: &[u8] = include_bytes!("../../../kat-vectors/tests/wrap/signing-key.bin");
const UNWRAPPING: &[u8] = include_bytes!("../../../kat-vectors/tests/wrap/unwrapping-key.bin");

const NATIVE: Algorithm = Algorithm::NativeWrap;
const OVERHEAD: usize = 12 + 16;

// Where the fields of SIGNING begin.
const VERSION_AT: usize = 4;
const ALGORITHM_AT: usize = 5;
const KEK_AT: usize = 7;
const ID_AT: usize = 23;
const ORIGIN_AT: usize = 39;
const COUNTED_AT: usize = 42;
const NEXT_AT: usize = 43;
const POLICY_LEN_AT: usize = 59;
const POLICY_AT: usize = 61;
const SEALED_LEN_AT: usize = 142;
const SEALED_AT: usize = 144;

fn id(first: u8) -> KeyId {
    KeyId::from_bytes(core::array::from_fn(|i| first + u8::try_from(i).unwrap()))
}

fn emitted(kek: &KeyId, claims: &Claims, sealed: &[u8]) -> Vec<u8> {
    let mut header = [0; MAX_HEADER];
    let len = emit_header(NATIVE, kek, claims, sealed.len(), &mut header).unwrap();
    [&header[..len], sealed].concat()
}

/// Rejected, or accepted and emitted again byte for byte; answers whether it was accepted.
fn canonical(blob: &[u8]) -> bool {
    match parse(NATIVE, blob) {
        Ok(parsed) => {
            assert_eq!(
                [parsed.associated, parsed.sealed].concat(),
                blob,
                "all is read, all is authenticated"
            );
            let (kek, sealed) = (parsed.kek, parsed.sealed);
            assert_eq!(emitted(&kek, &parsed.claims.authenticated(), sealed), blob);
            true
        }
        Err(error) => {
            assert_eq!(error, Error::Rejected);
            false
        }
    }
}

/// SIGNING with these bytes at this place.
fn signing_with(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut blob = SIGNING.to_vec();
    blob[at..at + bytes.len()].copy_from_slice(bytes);
    blob
}

#[test]
fn the_full_golden_blob_keeps_its_meaning() {
    let parsed = parse(NATIVE, SIGNING).unwrap();
    assert_eq!(parsed.kek, id(0x00));
    assert_eq!(parsed.associated, &SIGNING[..SEALED_AT]);
    assert_eq!(parsed.sealed.len(), 12 + 32 + 16);
    let attributes = Attributes::builder(KeyKind::EcP256)
        .usage(Usage::SIGN.and(Usage::VERIFY))
        .permit(Rule {
            hashes: crate::algorithm::HashSet::of(Hash::Sha256).and(Hash::Sha384),
            ..Rule::any(Algorithm::EcdsaP256).allow_deterministic()
        })
        .export(Export::NATIVE.trusted_only())
        .persistent()
        .uses(1000)
        .validity(Validity { not_before: Some(1_700_000_000), not_after: Some(1_893_456_000) })
        .owner(42)
        .label(b"golden blob")
        .application(&core::array::from_fn::<u8, 16, _>(|i| u8::try_from(i).unwrap()))
        .build()
        .unwrap();
    let claims =
        Claims { id: id(0xf0), origin: 0x0f, strength: Strength(128), uses: Some((500, 1000)), attributes };
    assert_eq!(parsed.claims.authenticated(), claims);
    assert!(canonical(SIGNING));
}

#[test]
fn the_bare_golden_blob_keeps_its_meaning() {
    let parsed = parse(NATIVE, UNWRAPPING).unwrap();
    assert_eq!(parsed.kek, id(0x20));
    let claims = parsed.claims.authenticated();
    assert_eq!((claims.id, claims.origin, claims.strength, claims.uses), (id(0x30), 0, Strength(128), None));
    let attributes = &claims.attributes;
    assert_eq!((attributes.kind(), attributes.class()), (KeyKind::Aes128, KeyClass::Secret));
    assert_eq!((attributes.usage(), attributes.rules().len()), (Usage::UNWRAP, 1));
    assert!(attributes.rules().find(Algorithm::AesKw).is_some());
    assert_eq!((attributes.export(), attributes.lifetime()), (Export::INTEROPERABLE, Lifetime::Session));
    assert_eq!((attributes.uses(), attributes.owner(), attributes.trusted()), (None, None, false));
    assert_eq!(attributes.validity(), Validity::ALWAYS);
    assert_eq!((attributes.label(), attributes.application()), (&[][..], &[][..]));
    assert!(canonical(UNWRAPPING));
}

#[test]
fn damage_is_rejected_or_canonical() {
    for blob in [SIGNING, UNWRAPPING] {
        for_each_damaged(blob, |damaged| {
            canonical(damaged);
        });
    }
}

#[test]
fn each_truncation_is_rejected() {
    for blob in [SIGNING, UNWRAPPING] {
        for len in 0..blob.len() {
            assert!(!canonical(&blob[..len]), "{len}");
        }
    }
}

#[test]
fn trailing_bytes_are_rejected() {
    for byte in [0, 1, 0xff] {
        assert!(!canonical(&with_byte(SIGNING, byte)));
        assert!(!canonical(&[&[byte], SIGNING].concat()));
    }
    assert!(!canonical(&[SIGNING, SIGNING].concat()));
}

#[test]
fn another_magic_version_or_algorithm_is_rejected() {
    for (at, byte) in SIGNING.iter().enumerate().take(VERSION_AT) {
        for bit in 0..8 {
            assert!(!canonical(&signing_with(at, &[byte ^ 1 << bit])));
        }
    }
    for version in (0..=255).filter(|&version| version != VERSION) {
        assert!(!canonical(&signing_with(VERSION_AT, &[version])));
    }
    for other in Algorithm::all().filter(|&other| other != Algorithm::NativeWrap) {
        assert!(!canonical(&signing_with(ALGORITHM_AT, &other.id().to_be_bytes())), "{}", other.name());
    }
    assert!(!canonical(&signing_with(ALGORITHM_AT, &[0, 0])));
}

/// Under a hybrid key the encapsulation is in what is sealed, and the header says so.
#[test]
fn a_blob_is_of_the_algorithm_that_is_asked_for() {
    const HYBRID: Algorithm = Algorithm::HybridNative;
    let claims = parse(NATIVE, SIGNING).unwrap().claims.authenticated();
    let blob = |sealed: usize| {
        let mut header = [0; MAX_HEADER];
        let len = emit_header(HYBRID, &id(0x70), &claims, sealed, &mut header).unwrap();
        [&header[..len], &vec![7; sealed]].concat()
    };
    let least = 97 + 1568 + OVERHEAD + 1;
    let made = blob(least);
    let parsed = parse(HYBRID, &made).unwrap();
    assert_eq!((parsed.kek, parsed.sealed.len()), (id(0x70), least));
    assert_eq!(parsed.claims.authenticated(), claims);
    assert_eq!(parse(HYBRID, &blob(least - 1)).unwrap_err(), Error::Rejected);
    for algorithm in Algorithm::all() {
        let expected = (algorithm == HYBRID, algorithm == NATIVE);
        assert_eq!((parse(algorithm, &made).is_ok(), parse(algorithm, SIGNING).is_ok()), expected);
        let emitted = emit_header(algorithm, &id(0), &claims, 60, &mut [0; MAX_HEADER]);
        assert_eq!(emitted.is_ok(), expected.0 || expected.1, "{}", algorithm.name());
    }
}

#[test]
fn unknown_origin_bits_are_rejected() {
    for origin in 0..=255 {
        assert_eq!(
            canonical(&signing_with(ORIGIN_AT, &[origin])),
            origin < 64 && origin & 0x21 != 0x21,
            "{origin:#x}"
        );
    }
}

#[test]
fn a_key_wrapped_under_itself_is_rejected() {
    let same: [u8; 16] = SIGNING[ID_AT..ID_AT + 16].try_into().unwrap();
    assert!(!canonical(&signing_with(KEK_AT, &same)));
}

#[test]
fn counts_are_marked_and_in_order() {
    for mark in 2..=255 {
        assert!(!canonical(&signing_with(COUNTED_AT, &[mark])));
    }
    let uses = |next: u64, end: u64| signing_with(NEXT_AT, &[next.to_be_bytes(), end.to_be_bytes()].concat());
    assert!(canonical(&uses(500, 500)), "none left is a state like any other");
    assert!(canonical(&uses(0, u64::MAX)));
    assert!(!canonical(&uses(501, 500)));
    assert!(!canonical(&uses(u64::MAX, 0)));
}

#[test]
fn bytes_behind_the_policy_are_rejected() {
    let len = u16::from_be_bytes([SIGNING[POLICY_LEN_AT], SIGNING[POLICY_LEN_AT + 1]]);
    assert_eq!(POLICY_AT + usize::from(len), SEALED_LEN_AT);
    // One byte more inside the policy's length, everything else as it was.
    let longer = (len + 1).to_be_bytes();
    let blob = [
        &SIGNING[..POLICY_LEN_AT],
        &longer,
        &SIGNING[POLICY_AT..SEALED_LEN_AT],
        &[0],
        &SIGNING[SEALED_LEN_AT..],
    ]
    .concat();
    assert!(!canonical(&blob));
    // A policy cut short, and one that swallows the sealed part.
    assert!(!canonical(&signing_with(POLICY_LEN_AT, &(len - 1).to_be_bytes())));
    assert!(!canonical(&signing_with(POLICY_LEN_AT, &u16::MAX.to_be_bytes())));
}

#[test]
fn a_policy_that_no_builder_makes_is_rejected() {
    // Usages of two purposes, an export format that is none, a flag that is none, an unknown field.
    let usage = Usage::SIGN.and(Usage::DECRYPT).bits();
    assert!(!canonical(&signing_with(POLICY_AT + 5, &usage.to_be_bytes())));
    assert!(!canonical(&signing_with(POLICY_AT + 16, &[3])));
    assert!(!canonical(&signing_with(POLICY_AT + 17, &[2])));
    assert!(!canonical(&signing_with(POLICY_AT + 19, &[0x2f])));
    // A class that does not fit the kind.
    assert!(!canonical(&signing_with(POLICY_AT + 2, &[KeyClass::Secret as u8])));
}

#[test]
fn an_empty_sealed_part_is_rejected() {
    let cut = |sealed: usize| {
        let len = u16::try_from(sealed).unwrap().to_be_bytes();
        [&SIGNING[..SEALED_LEN_AT], &len, &SIGNING[SEALED_AT..SEALED_AT + sealed]].concat()
    };
    for sealed in 0..=OVERHEAD {
        assert!(!canonical(&cut(sealed)), "{sealed}");
    }
    assert!(canonical(&cut(OVERHEAD + 1)));
}

#[test]
fn a_header_that_does_not_fit_is_refused() {
    let claims = parse(NATIVE, SIGNING).unwrap().claims.authenticated();
    let mut out = vec![0; SEALED_AT - 1];
    assert_eq!(emit_header(NATIVE, &id(0), &claims, 60, &mut out), Err(Error::BufferTooSmall));
    let mut out = [0; MAX_HEADER];
    assert_eq!(emit_header(NATIVE, &id(0), &claims, 1 << 16, &mut out), Err(Error::InvalidArgument));
}

/// Valid attributes of every shape the format has a place for.
fn attributes() -> impl Strategy<Value = Attributes> {
    let optional = || proptest::option::of(any::<u64>());
    let texts =
        (proptest::collection::vec(any::<u8>(), 0..=32), proptest::collection::vec(any::<u8>(), 0..=64));
    let flags = any::<[bool; 4]>();
    let policy = (0..5usize, 1..4u32, 0..3usize, optional(), optional(), optional(), flags);
    (policy, texts).prop_filter_map("no valid attributes", |(policy, (label, application))| {
        let (shape, usage, export, uses, time, owner, [trusted_only, persistent, trusted, deterministic]) =
            policy;
        let bits = |first: Usage, second: Usage| match usage {
            1 => first,
            2 => second,
            _ => first.and(second),
        };
        let builder = match shape {
            0 => Attributes::builder(KeyKind::Aes256)
                .usage(bits(Usage::WRAP, Usage::UNWRAP))
                .permit(Rule::any(Algorithm::NativeWrap)),
            1 => Attributes::builder(KeyKind::Aes192)
                .usage(bits(Usage::ENCRYPT, Usage::DECRYPT))
                .permit(Rule::any(Algorithm::AesGcmCounter).min_tag(12)),
            2 => Attributes::builder(KeyKind::Hmac)
                .usage(bits(Usage::MAC, Usage::VERIFY_MAC))
                .length(77)
                .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha384).min_tag(20)),
            3 => Attributes::builder(KeyKind::Rsa3072)
                .usage(bits(Usage::SIGN, Usage::VERIFY).and(Usage::SIGN_DIGEST))
                .permit(Rule::any(Algorithm::RsaPss))
                .permit(Rule::any(Algorithm::RsaPkcs1)),
            _ => Attributes::builder(KeyKind::EcP384)
                .usage(bits(Usage::SIGN, Usage::VERIFY))
                .permit(Rule { deterministic, ..Rule::any(Algorithm::EcdsaP384) }),
        };
        let export = [Export::NONE, Export::NATIVE, Export::INTEROPERABLE][export];
        let mut attributes = builder.export(export).label(&label).application(&application).build().ok()?;
        attributes.uses = uses;
        attributes.owner = owner;
        attributes.validity = Validity { not_before: time, not_after: time.map(|t| t.saturating_add(t)) };
        attributes.export.trusted_only = trusted_only;
        attributes.trusted = trusted;
        attributes.lifetime = if persistent { Lifetime::Persistent } else { Lifetime::Session };
        attributes.check().ok()?;
        Some(attributes)
    })
}

proptest! {
    #[test]
    fn what_is_emitted_is_parsed_again(
        attributes in attributes(),
        ids in any::<([u8; 16], [u8; 16])>(),
        origin in (0..=ORIGIN_BITS).prop_filter("no key is both", |bits| bits & 0x21 != 0x21),
        strength in any::<u16>(),
        uses in proptest::option::of(any::<(u64, u64)>()),
        sealed in proptest::collection::vec(any::<u8>(), OVERHEAD + 1..600),
    ) {
        prop_assume!(ids.0 != ids.1);
        let claims = Claims {
            id: KeyId::from_bytes(ids.1),
            origin,
            strength: Strength(strength),
            uses: uses.map(|(a, b)| (a.min(b), a.max(b))),
            attributes,
        };
        let blob = emitted(&KeyId::from_bytes(ids.0), &claims, &sealed);
        let parsed = parse(NATIVE, &blob).unwrap();
        prop_assert_eq!(parsed.kek.as_bytes(), &ids.0);
        prop_assert_eq!(parsed.sealed, &sealed[..]);
        prop_assert_eq!(parsed.claims.authenticated(), claims);
        prop_assert!(canonical(&blob));
    }

    #[test]
    fn several_changes_are_rejected_or_canonical(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        for golden in [SIGNING, UNWRAPPING] {
            let mut blob = golden.to_vec();
            for (at, byte) in &changes {
                let at = at.index(blob.len());
                blob[at] = *byte;
            }
            canonical(&blob);
        }
    }

    #[test]
    fn arbitrary_bytes_are_rejected_or_canonical(tail in any::<Vec<u8>>()) {
        canonical(&tail);
        canonical(&[&SIGNING[..KEK_AT], &tail].concat());
        canonical(&[&SIGNING[..POLICY_LEN_AT], &tail].concat());
    }
}
