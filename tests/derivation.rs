//! Keys that come of other keys, through the engine: right secrets, shown by what the new keys do; and
//! never more rights than the parent has.
#![cfg(not(strongroom_lab))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)] // a test

use hmac::{KeyInit, Mac};
use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Caveats, Engine, Error, Export, Filter, Hash, Kdf, KeyHandle,
    KeyKind, Params, Profile, Reason, Rule, Session, State, Subject, Usage, Validity,
};

const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);

fn open(engine: &Engine) -> Session<'static> {
    engine.open_session(Subject::user(1), b"").unwrap()
}

fn parent() -> AttributesBuilder {
    Attributes::builder(KeyKind::Derivation).usage(Usage::DERIVE).permit(Rule::any(Algorithm::Hkdf))
}

fn pair(kind: KeyKind, algorithm: Algorithm) -> AttributesBuilder {
    Attributes::builder(kind).usage(Usage::AGREE).permit(Rule::any(algorithm))
}

fn mac_key(length: u16) -> AttributesBuilder {
    Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
        .length(length)
}

/// The MAC that a key with this secret makes of "message".
fn expected(secret: &[u8]) -> Vec<u8> {
    let mut mac = <hmac::Hmac<sha2::Sha256> as KeyInit>::new_from_slice(secret).unwrap();
    mac.update(b"message");
    mac.finalize().into_bytes().to_vec()
}

fn mac_of(session: &Session<'static>, key: KeyHandle) -> Vec<u8> {
    let mut tag = [0; 32];
    let _ = session.mac(key, Algorithm::Hmac, &SHA256, b"message", &mut tag).unwrap();
    tag.to_vec()
}

/// The public point of a pair: the last bytes of its SubjectPublicKeyInfo.
fn point(session: &Session<'static>, key: KeyHandle, len: usize) -> Vec<u8> {
    let mut spki = [0; 256];
    let written = session.public_key(key, &mut spki).unwrap().value();
    spki[written - len..written].to_vec()
}

fn keys(session: &Session<'static>) -> usize {
    session.keys(&Filter::ALL, None, &mut [KeyHandle::from_u64(0); 64]).unwrap().value()
}

/// A derivation key that the test knows: 42 bytes, brought in under KWP.
fn known_parent(session: &Session<'static>, secret: &[u8]) -> KeyHandle {
    common::bring_in(session, secret, &parent().length(u16::try_from(secret.len()).unwrap()).build().unwrap())
}

#[path = "keys/bring_in.rs"]
mod common;

/// HKDF by RFC 5869, written over the crate `hmac`.
fn hkdf(ikm: &[u8], salt: &[u8], info: &[u8], len: usize) -> Vec<u8> {
    let mac = |key: &[u8], parts: &[&[u8]]| {
        let mut mac = <hmac::Hmac<sha2::Sha256> as KeyInit>::new_from_slice(key).unwrap();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    };
    let prk = mac(salt, &[ikm]);
    let (mut okm, mut block, mut counter) = (Vec::new(), Vec::new(), 1);
    while okm.len() < len {
        block = mac(&prk, &[&block, info, &[counter]]);
        okm.extend_from_slice(&block);
        counter += 1;
    }
    okm.truncate(len);
    okm
}

#[test]
fn hkdf_makes_the_key_that_the_standard_says() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let secret: Vec<u8> = (0..42).collect();
    let base = known_parent(&session, &secret);
    for length in [14u16, 32, 33, 128] {
        let template = mac_key(length).build().unwrap();
        let params = SHA256.salt(b"salt").info(b"context");
        let made = session.derive(base, Algorithm::Hkdf, &params, &template).unwrap();
        assert_eq!(made.indicator().reason(), None, "{}", made.indicator());
        let key = made.value();
        assert_eq!(mac_of(&session, key), expected(&hkdf(&secret, b"salt", b"context", length.into())));

        let info = session.attributes(key).unwrap().value();
        let origin = info.origin();
        assert!(origin.derived() && !origin.local() && !origin.imported());
        assert!(!origin.never_extractable() && !origin.always_sensitive(), "as little as its parent");
        assert_eq!(info.effective_strength().bits(), 112, "its parent travelled under RSA-2048");
    }
}

/// A parent with a secret that the test knows, for this algorithm alone.
fn parent_of(session: &Session<'static>, kind: KeyKind, algorithm: Algorithm, secret: &[u8]) -> KeyHandle {
    let policy = Attributes::builder(kind).usage(Usage::DERIVE).permit(Rule::any(algorithm));
    let policy =
        if kind == KeyKind::Derivation { policy.length(secret.len().try_into().unwrap()) } else { policy };
    common::bring_in(session, secret, &policy.build().unwrap())
}

/// Blocks from their numbers, side by side.
fn blocks(len: usize, mut make: impl FnMut(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut all: Vec<u8> = (1..=8u32).flat_map(|i| make(&i.to_be_bytes())).collect();
    all.truncate(len);
    all
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    use sha2::Digest;
    sha2::Sha256::digest(parts.concat()).to_vec()
}

fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <hmac::Hmac<sha2::Sha256> as KeyInit>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// Each derivation from a key, written a second time here.
#[test]
fn every_derivation_makes_the_key_that_its_standard_says() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let secret: Vec<u8> = (100..142).collect();
    for length in [14u16, 32, 33, 128] {
        let len = usize::from(length);
        let fixed = [&b"label"[..], &[0], b"context", &(u32::from(length) * 8).to_be_bytes()].concat();
        let mut last = vec![];
        for (algorithm, params, expected_secret) in [
            (
                Algorithm::OneStepHash,
                SHA256.info(b"context"),
                blocks(len, |i| sha256(&[i, &secret, b"context"])),
            ),
            (
                Algorithm::OneStepHmac,
                SHA256.info(b"context").salt(b"salt"),
                blocks(len, |i| hmac_sha256(b"salt", &[i, &secret, b"context"])),
            ),
            (
                Algorithm::CounterHmac,
                SHA256.info(b"context").label(b"label"),
                blocks(len, |i| hmac_sha256(&secret, &[i, &fixed])),
            ),
            (
                Algorithm::FeedbackHmac,
                SHA256.info(b"context").label(b"label"),
                blocks(len, |i| {
                    last = hmac_sha256(&secret, &[&last, i, &fixed]);
                    last.clone()
                }),
            ),
        ] {
            let base = parent_of(&session, KeyKind::Derivation, algorithm, &secret);
            let made = session.derive(base, algorithm, &params, &mac_key(length).build().unwrap()).unwrap();
            assert_eq!(made.indicator().reason(), None, "{}", made.indicator());
            assert!(!made.indicator().caveats().has(Caveats::NO_CONTEXT));
            assert_eq!(mac_of(&session, made.value()), expected(&expected_secret), "{}", algorithm.name());
            let _ = session.destroy(base).unwrap();
        }
    }
}

/// A parent for AES-CMAC is an AES key, and serves nothing else. NIST's known answers are beside the code; here two
/// engines make the same key, and everything that goes into it matters.
#[test]
fn aes_keys_derive_with_cmac() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    for (kind, len) in [(KeyKind::Aes128, 16), (KeyKind::Aes192, 24), (KeyKind::Aes256, 32)] {
        for algorithm in [Algorithm::CounterCmac, Algorithm::FeedbackCmac] {
            let base = parent_of(&session, kind, algorithm, &vec![7; len]);
            let derive = |label: &[u8], info: &[u8], length| {
                let params = Params::NONE.label(label).info(info);
                let template = mac_key(length).build().unwrap();
                mac_of(&session, session.derive(base, algorithm, &params, &template).unwrap().value())
            };
            let one = derive(b"ab", b"c", 32);
            assert_eq!(derive(b"ab", b"c", 32), one);
            for other in [derive(b"a", b"bc", 32), derive(b"ab", b"d", 32), derive(b"ab", b"c", 33)] {
                assert_ne!(other, one);
            }
            let bad = Params::NONE.label(b"a\0b");
            let answer = session.derive(base, algorithm, &bad, &mac_key(32).build().unwrap());
            assert_eq!(answer.map(|_| ()), Err(Error::InvalidArgument), "a separator in the label");
            let other = session.derive(base, Algorithm::CounterHmac, &SHA256, &mac_key(32).build().unwrap());
            assert_eq!(other.map(|_| ()), Err(Error::NotPermitted), "another construction");
        }
        let fresh = Attributes::builder(kind)
            .usage(Usage::DERIVE)
            .permit(Rule::any(Algorithm::CounterCmac))
            .build()
            .unwrap();
        let fresh = session.generate(&fresh).unwrap().value();
        let made =
            session.derive(fresh, Algorithm::CounterCmac, &Params::NONE, &mac_key(32).build().unwrap());
        let made = made.unwrap();
        let bits = u16::try_from(len * 8).unwrap();
        let info = session.attributes(made.value()).unwrap().value();
        assert_eq!(info.effective_strength().bits(), bits, "no stronger than its parent (STR-3)");
        assert!(made.indicator().caveats().has(Caveats::NO_CONTEXT), "KDF-1");
    }
    // One purpose, and one construction.
    for rule in [Algorithm::AesCmac, Algorithm::FeedbackCmac] {
        let mixed = Attributes::builder(KeyKind::Aes128)
            .usage(Usage::DERIVE)
            .permit(Rule::any(Algorithm::CounterCmac))
            .permit(Rule::any(rule));
        assert_eq!(mixed.build().map(|_| ()), Err(Error::InvalidArgument));
    }
}

/// SP 800-135 r1 knows X9.63 after an agreement: from a stored key it is served in the general profile alone.
#[test]
fn x963_from_a_key_is_not_approved() {
    let secret: Vec<u8> = (1..33).collect();
    let approved = Engine::power_on().unwrap();
    let session = open(&approved);
    let policy = Attributes::builder(KeyKind::Derivation).usage(Usage::DERIVE);
    let policy = policy.permit(Rule::any(Algorithm::X963Kdf)).build().unwrap();
    assert_eq!(session.generate(&policy).map(|_| ()), Err(Error::NotPermitted), "not even a key for it");
    let template = mac_key(40).build().unwrap();

    let general = Engine::builder().profile(Profile::General).power_on().unwrap();
    let session = open(&general);
    let base = parent_of(&session, KeyKind::Derivation, Algorithm::X963Kdf, &secret);
    let made = session.derive(base, Algorithm::X963Kdf, &SHA256.info(b"shared"), &template).unwrap();
    assert_eq!(made.indicator().reason(), Some(Reason::Algorithm));
    let key = blocks(40, |i| sha256(&[&secret, i, b"shared"]));
    assert_eq!(mac_of(&session, made.value()), expected(&key));
    let sha3 = session.derive(base, Algorithm::X963Kdf, &Params::with_hash(Hash::Sha3_256), &template);
    assert_eq!(sha3.map(|_| ()), Err(Error::Unsupported));
    assert!(session.derive(base, Algorithm::X963Kdf, &SHA256.salt(b"s"), &template).is_err());
}

#[test]
fn both_sides_agree_on_one_key() {
    for (kind, algorithm, len, strength) in [
        (KeyKind::EcP256, Algorithm::EcdhP256, 65, 128),
        (KeyKind::EcP384, Algorithm::EcdhP384, 97, 192),
        (KeyKind::EcP521, Algorithm::EcdhP521, 133, 256),
    ] {
        let (ours, theirs) = (Engine::power_on().unwrap(), Engine::power_on().unwrap());
        let (here, there) = (open(&ours), open(&theirs));
        let own = here.generate(&pair(kind, algorithm).build().unwrap()).unwrap().value();
        let other = there.generate(&pair(kind, algorithm).build().unwrap()).unwrap().value();
        let params = SHA256.kdf(Kdf::Hkdf).info(b"both");
        let template = mac_key(32).build().unwrap();
        let a = here.agree(own, algorithm, &params, &point(&there, other, len), &template).unwrap();
        let b = there.agree(other, algorithm, &params, &point(&here, own, len), &template).unwrap();
        assert!(a.indicator().reason().is_none() && b.indicator().reason().is_none());
        let info = here.attributes(a.value()).unwrap().value();
        assert_eq!(info.effective_strength().bits(), strength, "no stronger than the curve");
        assert!(info.origin().derived() && info.origin().never_extractable());
        assert_eq!(mac_of(&here, a.value()), mac_of(&there, b.value()));

        let other_context = SHA256.kdf(Kdf::Hkdf).info(b"another");
        let c = here.agree(own, algorithm, &other_context, &point(&there, other, len), &template).unwrap();
        assert_ne!(mac_of(&here, a.value()), mac_of(&here, c.value()), "the context tells keys apart");
    }
}

/// Ours against the crate `p256`: the shared secret is its x coordinate, derived by HKDF as written above.
#[test]
fn agreement_with_another_implementation() {
    use p256::elliptic_curve::{group::Group, sec1::ToSec1Point};
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let own = session.generate(&pair(KeyKind::EcP256, Algorithm::EcdhP256).build().unwrap()).unwrap().value();
    let ours = p256::PublicKey::from_sec1_bytes(&point(&session, own, 65)).unwrap();
    let theirs = p256::Scalar::from(0x1234_5678_9abc_def1u64);
    let peer = (p256::ProjectivePoint::generator() * theirs).to_affine().to_sec1_point(false);
    let shared = (ours.to_projective() * theirs).to_affine().to_sec1_point(false);
    let z = &shared.as_bytes()[1..33];
    let params = SHA256.kdf(Kdf::Hkdf).salt(b"s").info(b"i");
    let template = mac_key(64).build().unwrap();
    let agree = |params: &Params<'_>| {
        let made = session.agree(own, Algorithm::EcdhP256, params, peer.as_bytes(), &template).unwrap();
        assert_eq!(made.indicator().reason(), None);
        let (key, indicator) = made.into_parts();
        (mac_of(&session, key), indicator.caveats().has(Caveats::NO_CONTEXT))
    };
    assert_eq!(agree(&params), (expected(&hkdf(z, b"s", b"i", 64)), false));
    assert_eq!(agree(&SHA256.kdf(Kdf::Hkdf)), (expected(&hkdf(z, b"", b"", 64)), true));
    let one_step = blocks(64, |i| sha256(&[i, z, b"i"]));
    assert_eq!(agree(&SHA256.kdf(Kdf::OneStepHash).info(b"i")), (expected(&one_step), false));
    let one_step = blocks(64, |i| hmac_sha256(b"s", &[i, z, b"i"]));
    assert_eq!(agree(&SHA256.kdf(Kdf::OneStepHmac).salt(b"s").info(b"i")), (expected(&one_step), false));
    let x963 = blocks(64, |i| sha256(&[z, i, b"i"]));
    assert_eq!(agree(&SHA256.kdf(Kdf::X963).info(b"i")), (expected(&x963), false));
}

/// The same on P-521: Z has 66 bytes, its leading zeros included.
#[test]
fn agreement_on_p521_with_another_implementation() {
    use p521::elliptic_curve::{group::Group, sec1::ToSec1Point};
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let own = session.generate(&pair(KeyKind::EcP521, Algorithm::EcdhP521).build().unwrap()).unwrap().value();
    let good = point(&session, own, 133);
    let ours = p521::PublicKey::from_sec1_bytes(&good).unwrap();
    let params = SHA256.kdf(Kdf::Hkdf).salt(b"s").info(b"i");
    let template = mac_key(64).build().unwrap();
    for theirs in 1..5u64 {
        let theirs = p521::Scalar::from(theirs);
        let peer = (p521::ProjectivePoint::generator() * theirs).to_affine().to_sec1_point(false);
        let shared = (ours.to_projective() * theirs).to_affine().to_sec1_point(false);
        let z = &shared.as_bytes()[1..67];
        let key =
            session.agree(own, Algorithm::EcdhP521, &params, peer.as_bytes(), &template).unwrap().value();
        assert_eq!(mac_of(&session, key), expected(&hkdf(z, b"s", b"i", 64)));
    }
    let before = keys(&session);
    let mut off_curve = good.clone();
    off_curve[132] ^= 1;
    let mut high_bits = good.clone();
    high_bits[1] |= 2;
    for peer in [&off_curve[..], &high_bits, &good[..132], &good[..66], &[4; 65], &[0]] {
        let answer = session.agree(own, Algorithm::EcdhP521, &params, peer, &template);
        assert_eq!(answer.unwrap_err(), Error::Rejected);
    }
    assert_eq!(keys(&session), before);
}

#[test]
fn a_peer_that_is_no_key_is_rejected() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let policy = pair(KeyKind::EcP256, Algorithm::EcdhP256).build().unwrap();
    let own = session.generate(&policy).unwrap().value();
    let good = point(&session, own, 65);
    let params = SHA256.kdf(Kdf::Hkdf);
    let template = mac_key(32).build().unwrap();
    let before = keys(&session);
    let refused = |peer: &[u8]| {
        let answer = session.agree(own, Algorithm::EcdhP256, &params, peer, &template);
        assert_eq!(answer.unwrap_err(), Error::Rejected);
    };
    let mut off_curve = good.clone();
    off_curve[64] ^= 1;
    refused(&off_curve);
    refused(&[]);
    refused(&[0]); // infinity
    refused(&good[..64]);
    refused(&[&good[..], &[0]].concat());
    let mut hybrid = good.clone();
    hybrid[0] = 6 | (good[64] & 1);
    refused(&hybrid);
    let mut beyond = vec![4];
    beyond.extend([0xff; 64]);
    refused(&beyond);
    assert_eq!((keys(&session), engine.status().state), (before, State::Operational));
}

#[test]
fn a_child_has_no_right_that_its_parent_lacks() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let bounded = Validity { not_before: None, not_after: None };
    let make = |policy: AttributesBuilder| session.generate(&policy.build().unwrap()).unwrap().value();
    let derive = |base: KeyHandle, template: AttributesBuilder| {
        session.derive(base, Algorithm::Hkdf, &SHA256, &template.build().unwrap()).map(|_| ())
    };
    let plain = make(parent());
    let native = make(parent().export(Export::NATIVE).persistent());
    let trusted = make(parent().export(Export::INTEROPERABLE.trusted_only()).persistent());
    let mine = make(parent().owner(1));
    let before = keys(&session);
    for (what, answer) in [
        ("export of one that never leaves", derive(plain, mac_key(32).export(Export::NATIVE))),
        ("a wider format", derive(native, mac_key(32).export(Export::INTEROPERABLE))),
        ("any KEK instead of trusted ones", derive(trusted, mac_key(32).export(Export::NATIVE))),
        ("a longer life", derive(plain, mac_key(32).persistent())),
        ("nobody's instead of mine", derive(mine, mac_key(32))),
        ("somebody else's", derive(mine, mac_key(32).owner(2))),
    ] {
        assert_eq!(answer, Err(Error::NotPermitted), "{what}");
    }
    assert_eq!(keys(&session), before);
    assert_eq!(derive(native, mac_key(32).export(Export::NATIVE).persistent().validity(bounded)), Ok(()));
    assert_eq!(derive(trusted, mac_key(32).export(Export::NATIVE.trusted_only())), Ok(()));
    assert_eq!(derive(mine, mac_key(32).owner(1)), Ok(()));
    assert_eq!(keys(&session), before + 3);
}

#[test]
fn what_cannot_be_derived_is_refused() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let base = session.generate(&parent().uses(2).build().unwrap()).unwrap().value();
    let derive = |params: &Params<'_>, template: &Attributes| {
        session.derive(base, Algorithm::Hkdf, params, template).map(|_| ()).unwrap_err()
    };
    let template = mac_key(32).build().unwrap();
    let pair = pair(KeyKind::EcP256, Algorithm::EcdhP256).build().unwrap();
    let counter = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::ENCRYPT)
        .permit(Rule::any(Algorithm::AesGcmCounter))
        .build()
        .unwrap();
    assert_eq!(derive(&Params::NONE, &template), Error::InvalidArgument, "no hash");
    assert_eq!(derive(&Params::with_hash(Hash::Sha224), &template), Error::Unsupported, "a weak hash");
    assert_eq!(derive(&SHA256.aad(b"x"), &template), Error::InvalidArgument, "a parameter of others");
    assert_eq!(derive(&SHA256.kdf(Kdf::Hkdf), &template), Error::InvalidArgument, "it is the derivation");
    assert_eq!(derive(&SHA256, &pair), Error::InvalidArgument, "a pair");
    assert_eq!(derive(&SHA256, &counter), Error::NotPermitted, "a counter that starts anew");
    let wrong = session.agree(base, Algorithm::Hkdf, &SHA256, &[], &template);
    assert_eq!(wrong.map(|_| ()), Err(Error::Unsupported), "another operation");
    let wrong = session.derive(base, Algorithm::EcdhP256, &SHA256, &template);
    assert_eq!(wrong.map(|_| ()), Err(Error::Unsupported), "another operation");
    // None of these cost a use: both are left.
    for left in [Ok(()), Ok(()), Err(Error::LimitReached)] {
        assert_eq!(session.derive(base, Algorithm::Hkdf, &SHA256, &template).map(|_| ()), left);
    }
}

#[test]
fn a_key_of_one_purpose_serves_no_other() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let signer = Attributes::builder(KeyKind::EcP256)
        .usage(Usage::SIGN.and(Usage::VERIFY))
        .permit(Rule::any(Algorithm::EcdsaP256))
        .build()
        .unwrap();
    let signer = session.generate(&signer).unwrap().value();
    let agreeing =
        session.generate(&pair(KeyKind::EcP256, Algorithm::EcdhP256).build().unwrap()).unwrap().value();
    let template = mac_key(32).build().unwrap();
    let peer = point(&session, agreeing, 65);
    let params = SHA256.kdf(Kdf::Hkdf);
    let answer = session.agree(signer, Algorithm::EcdhP256, &params, &peer, &template);
    assert_eq!(answer.map(|_| ()), Err(Error::NotPermitted));
    let answer = session.sign(agreeing, Algorithm::EcdsaP256, &SHA256, b"m", &mut [0; 64]);
    assert_eq!(answer.map(|_| ()), Err(Error::NotPermitted));
    // An agreement key was tested as one.
    assert!(session.attributes(agreeing).unwrap().value().origin().pairwise_tested());
}

/// A derived key travels like any other, and says what it is.
#[test]
fn a_derived_key_keeps_its_past_in_a_blob() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let base = session.generate(&parent().export(Export::NATIVE).build().unwrap()).unwrap().value();
    let template = mac_key(32).export(Export::NATIVE).build().unwrap();
    let key = session.derive(base, Algorithm::Hkdf, &SHA256, &template).unwrap().value();
    let kek = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::WRAP.and(Usage::UNWRAP))
        .permit(Rule::any(Algorithm::NativeWrap))
        .build()
        .unwrap();
    let kek = session.generate(&kek).unwrap().value();
    let mut blob = [0; 512];
    let len = session.wrap(kek, Algorithm::NativeWrap, &Params::NONE, key, &mut blob).unwrap().value();
    let (tag, was) = (mac_of(&session, key), session.attributes(key).unwrap().value());
    let _ = session.destroy(key).unwrap();
    let form = strongroom::UnwrapAs::Native(&strongroom::Restriction::none());
    let back = session.unwrap(kek, Algorithm::NativeWrap, &Params::NONE, &blob[..len], form).unwrap().value();
    assert_eq!(mac_of(&session, back), tag);
    let is = session.attributes(back).unwrap().value();
    assert_eq!((is.origin(), is.id()), (was.origin(), was.id()));
    assert!(is.origin().derived());
}
