//! Only valid attributes can be built. What is valid is stated a second time here, in [`PURPOSE_OF`] and
//! [`SERVED`], and compared exhaustively.

mod encoding;
mod narrowing;

use super::*;
use crate::algorithm::{Algorithm, Hash, HashSet};

/// The purpose of each usage, in order of its bit: two usages meet on one key only with the same number.
const PURPOSE_OF: [u8; 13] = [
    0, 0, // encrypt, decrypt
    1, 1, 1, // sign, sign-digest, verify
    2, 2, // mac, verify-mac
    3, 3, // wrap, unwrap
    4, // derive
    5, // agree
    6, 6, // encapsulate, decapsulate
];

fn one_purpose(bits: u32) -> bool {
    let mut purposes = (0..13).filter(|bit| bits >> bit & 1 == 1).map(|bit| PURPOSE_OF[bit]);
    match purposes.next() {
        Some(first) => purposes.all(|other| other == first),
        None => false,
    }
}

use KeyKind::{Aes128, Aes192, Aes256, EcP256, EcP384, EcP521, EcSecp256k1, Rsa2048, Rsa3072, Rsa4096};
const AES: &[KeyKind] = &[Aes128, Aes192, Aes256];
const RSA: &[KeyKind] = &[Rsa2048, Rsa3072, Rsa4096];
const ML_KEM: &[KeyKind] = &[KeyKind::MlKem512, KeyKind::MlKem768, KeyKind::MlKem1024];
#[rustfmt::skip]
const SLH_DSA: &[KeyKind] = &[
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
const ML_DSA: &[KeyKind] = &[KeyKind::MlDsa44, KeyKind::MlDsa65, KeyKind::MlDsa87];

/// Each algorithm with the kinds it takes, the usages of a secret or private key, and of a public one.
#[rustfmt::skip]
pub(super) const SERVED: [(Algorithm, &[KeyKind], u32, u32); 46] = [
    (Algorithm::AesGcm, AES, 0b11, 0),
    (Algorithm::AesGcmCounter, AES, 0b11, 0),
    (Algorithm::AesKw, AES, 0b1_1000_0000, 0),
    (Algorithm::AesKwp, AES, 0b1_1000_0000, 0),
    (Algorithm::AesGcmWrap, AES, 0b1_1000_0000, 0),
    (Algorithm::NativeWrap, &[Aes256], 0b1_1000_0000, 0),
    (Algorithm::AesCbc, AES, 0b11, 0),
    (Algorithm::AesCbcPkcs7, AES, 0b11, 0),
    (Algorithm::AesCtr, AES, 0b11, 0),
    (Algorithm::Sha2, &[], 0, 0),
    (Algorithm::Sha3, &[], 0, 0),
    (Algorithm::Shake, &[], 0, 0),
    (Algorithm::Hmac, &[KeyKind::Hmac], 0b110_0000, 0),
    (Algorithm::AesCmac, AES, 0b110_0000, 0),
    (Algorithm::RsaPkcs1, RSA, 0b1_1100, 0b1_0000),
    (Algorithm::RsaPss, RSA, 0b1_1100, 0b1_0000),
    (Algorithm::RsaOaep, RSA, 0b1_1000_0000, 0b1000_0000),
    (Algorithm::RsaAesKwp, RSA, 0b1_1000_0000, 0b1000_0000),
    (Algorithm::RsaOaepData, RSA, 0b11, 0b1),
    (Algorithm::EcdsaP256, &[EcP256], 0b1_1100, 0b1_0000),
    (Algorithm::EcdsaP384, &[EcP384], 0b1_1100, 0b1_0000),
    (Algorithm::EcdsaP521, &[EcP521], 0b1_1100, 0b1_0000),
    (Algorithm::EcdsaSecp256k1, &[EcSecp256k1], 0b1_1100, 0b1_0000),
    (Algorithm::EcdhP256, &[EcP256], 1 << 10, 0),
    (Algorithm::EcdhP384, &[EcP384], 1 << 10, 0),
    (Algorithm::EcdhP521, &[EcP521], 1 << 10, 0),
    (Algorithm::MlKem, ML_KEM, 0b11 << 11, 0b1 << 11),
    (Algorithm::HybridKwp, &[KeyKind::HybridP384MlKem1024], 0b1_1000_0000, 0b1000_0000),
    (Algorithm::HybridNative, &[KeyKind::HybridP384MlKem1024], 0b1_1000_0000, 0b1000_0000),
    (Algorithm::Ed25519, &[KeyKind::Ed25519], 0b1_0100, 0b1_0000),
    (Algorithm::Ed25519ph, &[KeyKind::Ed25519], 0b1_1100, 0b1_0000),
    (Algorithm::MlDsa, ML_DSA, 0b1_1100, 0b1_0000),
    (Algorithm::HashMlDsa, ML_DSA, 0b1_1100, 0b1_0000),
    (Algorithm::SlhDsa, SLH_DSA, 0b1_0100, 0b1_0000),
    (Algorithm::HashSlhDsa, SLH_DSA, 0b1_1100, 0b1_0000),
    (Algorithm::CtrDrbg, &[], 0, 0),
    (Algorithm::HmacDrbg, &[], 0, 0),
    (Algorithm::Hkdf, &[KeyKind::Derivation], 1 << 9, 0),
    (Algorithm::OneStepHash, &[KeyKind::Derivation], 1 << 9, 0),
    (Algorithm::OneStepHmac, &[KeyKind::Derivation], 1 << 9, 0),
    (Algorithm::CounterHmac, &[KeyKind::Derivation], 1 << 9, 0),
    (Algorithm::CounterCmac, AES, 1 << 9, 0),
    (Algorithm::FeedbackHmac, &[KeyKind::Derivation], 1 << 9, 0),
    (Algorithm::FeedbackCmac, AES, 1 << 9, 0),
    (Algorithm::X963Kdf, &[KeyKind::Derivation], 1 << 9, 0),
    (Algorithm::Pbkdf2, &[], 0, 0),
];

fn rule_for(algorithm: Algorithm) -> Rule {
    match algorithm {
        Algorithm::Hmac => Rule::hashed(algorithm, Hash::Sha256),
        other => Rule::any(other),
    }
}

fn usage(bits: u32) -> Usage {
    Usage::from_bits(bits).unwrap()
}

fn refused(builder: AttributesBuilder) {
    assert_eq!(builder.build(), Err(Error::InvalidArgument));
}

fn gcm() -> AttributesBuilder {
    Attributes::builder(Aes256).usage(usage(3)).permit(Rule::any(Algorithm::AesGcm))
}

fn kek() -> AttributesBuilder {
    Attributes::builder(Aes256).usage(Usage::WRAP.and(Usage::UNWRAP)).permit(Rule::any(Algorithm::NativeWrap))
}

fn hmac(hash: Hash) -> AttributesBuilder {
    Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::hashed(Algorithm::Hmac, hash))
}

fn verifier() -> AttributesBuilder {
    Attributes::builder(EcP256).public().usage(Usage::VERIFY).permit(Rule::any(Algorithm::EcdsaP256))
}

/// SSP-9: all 2^13 sets of usages.
#[test]
fn every_forbidden_mix_of_usages_is_refused() {
    let mut allowed = 0;
    let mut attributes = gcm().build().unwrap();
    for bits in 0..1 << 13 {
        attributes.usage = usage(bits);
        assert_eq!(attributes.usage_has_one_purpose(), one_purpose(bits), "{bits:#x}");
        allowed += u32::from(one_purpose(bits));
    }
    // Non-empty subsets of purposes of 2, 3, 2, 2, 1, 1 and 2 usages.
    assert_eq!(allowed, 3 + 7 + 3 + 3 + 1 + 1 + 3);
    assert_eq!(Usage::from_bits(1 << 13), None);
    for (i, (named, _)) in Usage::NAMED.into_iter().enumerate() {
        assert_eq!(named.bits(), 1 << i, "the bits stand in blobs and never change");
    }
}

/// Every algorithm x kind x class x set of usages.
#[test]
fn every_combination_of_algorithm_kind_class_and_usages() {
    assert!(Algorithm::all().eq(SERVED.iter().map(|row| row.0)), "the table knows every algorithm");
    let base = gcm().build().unwrap();
    for (algorithm, kinds, private, public) in SERVED {
        for kind in KeyKind::ALL {
            for class in [KeyClass::Secret, KeyClass::Private, KeyClass::Public] {
                let symmetric =
                    matches!(kind, Aes128 | Aes192 | Aes256 | KeyKind::Hmac | KeyKind::Derivation);
                let class_fits = symmetric == (class == KeyClass::Secret);
                let most = if class == KeyClass::Public { public } else { private };
                for bits in 0..1 << 13 {
                    let free = matches!(kind, KeyKind::Hmac | KeyKind::Derivation);
                    let length = if free { 32 } else { kind.secret_len() };
                    let attributes = Attributes {
                        kind,
                        class,
                        length: u16::try_from(length).unwrap(),
                        usage: usage(bits),
                        rules: Rules::one(rule_for(algorithm)),
                        ..base.clone()
                    };
                    let valid = kinds.contains(&kind) && class_fits && bits != 0 && bits & !most == 0;
                    let checked = attributes.check();
                    assert_eq!(checked.is_ok(), valid, "{algorithm:?} {kind:?} {class:?} {bits:#x}");
                }
            }
        }
    }
}

/// Families never mix on one key, and IV constructions never meet under a key that encrypts.
#[test]
fn every_pair_of_algorithms_on_one_key() {
    for (first, first_kinds, first_usage, _) in SERVED {
        for (second, second_kinds, second_usage, _) in SERVED {
            for kind in KeyKind::ALL {
                for bits in (0..13).map(|bit| 1 << bit).chain([3, 0b1_1100, 0b1_1000_0000]) {
                    let fits = first_kinds.contains(&kind)
                        && second_kinds.contains(&kind)
                        && bits & !(first_usage & second_usage) == 0;
                    let gcm_pair = matches!(first, Algorithm::AesGcm | Algorithm::AesGcmCounter)
                        && matches!(second, Algorithm::AesGcm | Algorithm::AesGcmCounter);
                    let rsa_pair = matches!(first, Algorithm::RsaPkcs1 | Algorithm::RsaPss)
                        && matches!(second, Algorithm::RsaPkcs1 | Algorithm::RsaPss);
                    let cbc_pair = matches!(first, Algorithm::AesCbc | Algorithm::AesCbcPkcs7)
                        && matches!(second, Algorithm::AesCbc | Algorithm::AesCbcPkcs7);
                    let one_step_pair = matches!(first, Algorithm::OneStepHash | Algorithm::OneStepHmac)
                        && matches!(second, Algorithm::OneStepHash | Algorithm::OneStepHmac);
                    let together = rsa_pair || cbc_pair || one_step_pair || (gcm_pair && bits & 1 == 0);
                    let built = Attributes::builder(kind)
                        .usage(usage(bits))
                        .permit(rule_for(first))
                        .permit(rule_for(second))
                        .build();
                    let valid = first != second && fits && together;
                    assert_eq!(built.is_ok(), valid, "{first:?} {second:?} {kind:?} {bits:#x}");
                }
            }
        }
    }
}

#[test]
fn rules_keep_one_order_and_have_an_end() {
    let (pkcs1, pss) = (Rule::any(Algorithm::RsaPkcs1), Rule::any(Algorithm::RsaPss));
    let forwards = Rules::one(pkcs1).with(pss).unwrap();
    let backwards = Rules::one(pss).with(pkcs1).unwrap();
    assert_eq!(forwards, backwards, "one encoding for one set");
    assert_eq!((forwards.len(), forwards.is_empty()), (2, false));
    assert_eq!(Rules::one(pss).with(pss), None, "one rule for one algorithm");
    let four = [Algorithm::Ed25519, Algorithm::AesKw, Algorithm::RsaPss, Algorithm::AesGcm];
    let full = four.into_iter().fold(Rules::empty(), |rules, a| rules.with(Rule::any(a)).unwrap());
    assert!(full.iter().map(|rule| rule.algorithm().id()).is_sorted());
    assert_eq!(full.with(pkcs1), None, "no fifth");
    refused(Attributes::builder(Aes256).usage(usage(3)));
}

#[test]
fn rules_stay_inside_the_closed_sets() {
    let with = |algorithm, hashes, min_tag, deterministic| {
        Rule { algorithm, hashes, min_tag, deterministic }.is_valid()
    };
    let (none, sha256) = (HashSet::EMPTY, HashSet::of(Hash::Sha256));
    for min_tag in 0..=255 {
        assert_eq!(with(Algorithm::AesGcm, none, min_tag, false), (12..=16).contains(&min_tag));
        assert_eq!(with(Algorithm::Hmac, sha256, min_tag, false), (10..=64).contains(&min_tag));
        assert_eq!(with(Algorithm::AesCmac, none, min_tag, false), (8..=16).contains(&min_tag));
        assert_eq!(with(Algorithm::AesKw, none, min_tag, false), min_tag == 0);
        assert_eq!(with(Algorithm::AesCbc, none, min_tag, false), min_tag == 0);
        assert_eq!(with(Algorithm::EcdsaP256, sha256, min_tag, false), min_tag == 0);
    }
    for (algorithm, hashes, deterministic) in [
        (Algorithm::AesGcm, sha256, false),
        (Algorithm::AesGcm, none, true),
        (Algorithm::AesCmac, sha256, false),
        (Algorithm::AesCtr, none, true),
        (Algorithm::Hmac, none, false),
        (Algorithm::Hmac, sha256, true),
        (Algorithm::EcdsaP256, none, false),
        (Algorithm::EcdsaP384, sha256, false),
        (Algorithm::EcdsaP384, HashSet::SHA2, false),
        (Algorithm::RsaPss, sha256, true),
        (Algorithm::Ed25519, none, true),
        (Algorithm::Ed25519, sha256, false),
    ] {
        let min_tag = Rule::any(algorithm).min_tag;
        assert!(!with(algorithm, hashes, min_tag, deterministic), "{algorithm:?} {hashes:?}");
    }
    for (algorithm, ..) in SERVED {
        assert!(Rule::any(algorithm).is_valid(), "{algorithm:?}");
    }
    assert!(Rule::any(Algorithm::EcdsaP384).allow_deterministic().is_valid());
    refused(
        Attributes::builder(EcP384)
            .usage(Usage::SIGN)
            .permit(Rule::hashed(Algorithm::EcdsaP384, Hash::Sha256)),
    );
}

#[test]
fn limits() {
    refused(gcm().uses(0));
    assert_eq!(gcm().uses(1).build().unwrap().uses(), Some(1));
    let period = |first, last| Validity { not_before: first, not_after: last };
    refused(gcm().validity(period(Some(2), Some(1))));
    for (first, last) in [(Some(1), Some(1)), (None, Some(0)), (Some(u64::MAX), None)] {
        assert_eq!(gcm().validity(period(first, last)).build().unwrap().validity(), period(first, last));
    }
    refused(gcm().trusted());
    refused(Attributes::builder(Aes256).usage(Usage::UNWRAP).permit(Rule::any(Algorithm::AesKw)).trusted());
    assert!(kek().trusted().build().unwrap().trusted());
    refused(gcm().export(Export::NONE.trusted_only()));
    assert!(gcm().export(Export::NATIVE.trusted_only()).build().unwrap().export().needs_trusted());

    // A public key leaves as it is, and is not counted.
    assert!(verifier().build().is_ok());
    refused(verifier().uses(1));
    refused(verifier().export(Export::NATIVE));
    refused(verifier().export(Export::INTEROPERABLE));
}

#[test]
fn texts_and_lengths() {
    for len in 0..=80 {
        let text = alloc::vec![0x41; len];
        let label = gcm().label(&text).build();
        assert_eq!(label.is_ok(), len <= 32, "a label of {len} bytes");
        if let Ok(attributes) = label {
            assert_eq!(attributes.label(), text);
        }
        let application = gcm().application(&text).build();
        assert_eq!(application.is_ok(), len <= 64, "application data of {len} bytes");
        if let Ok(attributes) = application {
            assert_eq!(attributes.application(), text);
        }
    }
    // A field that did not fit is not forgotten by setting it again.
    refused(gcm().label(&[0; 33]).label(b"short"));

    for (kind, len) in [(Aes128, 16), (Aes192, 24), (Aes256, 32)] {
        let of = |bytes: Option<u16>| {
            let builder = Attributes::builder(kind).usage(Usage::WRAP).permit(Rule::any(Algorithm::AesKw));
            bytes.map_or(builder.clone(), |bytes| builder.length(bytes)).build()
        };
        assert_eq!(of(None).unwrap().length(), len);
        for other in 0..=40 {
            assert_eq!(of(Some(other)).is_ok(), other == len, "{kind:?} of {other} bytes");
        }
    }
}

#[test]
fn hmac_keys() {
    for (hash, default, cap) in [(Hash::Sha256, 32, 256), (Hash::Sha384, 48, 256), (Hash::Sha512, 64, 256)] {
        assert_eq!(hmac(hash).build().unwrap().length(), default);
        for len in 1..=200u16 {
            let built = hmac(hash).length(len).build();
            assert_eq!(built.is_ok(), (14..=128).contains(&len), "{len} bytes");
            if let Ok(attributes) = built {
                assert_eq!(attributes.strength(), Strength::of_bits((len * 8).min(cap)), "STR-1");
            }
        }
    }
    // One hash a key.
    refused(
        Attributes::builder(KeyKind::Hmac).usage(Usage::MAC).permit(Rule::any(Algorithm::Hmac)).length(32),
    );
}

/// STR-1, SP 800-57 part 1 table 2.
#[test]
fn strengths() {
    for (kind, algorithm, bits) in [
        (Aes128, Algorithm::AesKw, 128),
        (Aes192, Algorithm::AesKw, 192),
        (Aes256, Algorithm::AesKw, 256),
        (Rsa2048, Algorithm::RsaPss, 112),
        (Rsa3072, Algorithm::RsaPss, 128),
        (Rsa4096, Algorithm::RsaPss, 128),
        (EcP256, Algorithm::EcdsaP256, 128),
        (EcP384, Algorithm::EcdsaP384, 192),
        (EcP521, Algorithm::EcdsaP521, 256),
        (EcSecp256k1, Algorithm::EcdsaSecp256k1, 128),
        (KeyKind::Ed25519, Algorithm::Ed25519, 128),
    ] {
        let usage = if kind.is_asymmetric() { Usage::SIGN } else { Usage::WRAP };
        let built = Attributes::builder(kind).usage(usage).permit(Rule::any(algorithm)).build().unwrap();
        assert_eq!(built.strength().bits(), bits, "{kind:?}");
    }
}
