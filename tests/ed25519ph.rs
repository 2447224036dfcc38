//! Ed25519ph through the engine: the vectors of the standard, contexts, pieces, and what is refused.
#![cfg(not(strongroom_lab))] // nothing in here differs in the laboratory build
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)] // a test

#[path = "keys/bring_in.rs"]
mod bring_in;

use sha2::Digest;
use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Engine, Error, Hash, KeyHandle, KeyKind, Params, Profile, Rule,
    Session, Subject, Usage,
};

const PH: Algorithm = Algorithm::Ed25519ph;
const SHA512: Params<'static> = Params::with_hash(Hash::Sha512);
/// RFC 8032, 7.3, TEST abc.
const SEED: &str = "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42";
const SIGNATURE: &str = "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
                         31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406";

fn open() -> Session<'static> {
    Engine::power_on().unwrap().open_session(Subject::user(1), b"").unwrap()
}

fn policy() -> AttributesBuilder {
    Attributes::builder(KeyKind::Ed25519).usage(Usage::SIGN.and(Usage::VERIFY)).permit(Rule::any(PH))
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// RFC 8410, section 7: a seed in PKCS #8.
fn known_key(session: &Session<'static>) -> KeyHandle {
    let front = unhex("302e020100300506032b657004220420");
    bring_in::bring_in(session, &[front, unhex(SEED)].concat(), &policy().build().unwrap())
}

fn sign(session: &Session<'static>, key: KeyHandle, params: &Params<'_>, message: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    let made = session.sign(key, PH, params, message, &mut signature).unwrap();
    assert_eq!((made.indicator().reason(), made.value()), (None, 64));
    signature
}

#[test]
fn signatures_are_those_of_the_standard_and_of_others() {
    let session = open();
    let key = known_key(&session);
    assert_eq!(sign(&session, key, &SHA512, b"abc").as_slice(), unhex(SIGNATURE));

    let theirs = ed25519_dalek::SigningKey::from_bytes(&unhex(SEED).try_into().unwrap());
    let public = theirs.verifying_key();
    let long: Vec<u8> = (0..10_000u32).map(|i| i.to_le_bytes()[0]).collect();
    for context in [b"".as_slice(), b"context", &[0xc0; 255]] {
        for message in [b"".as_slice(), b"message", &long] {
            let params = SHA512.context(context);
            let ours = sign(&session, key, &params, message);
            let hashed = || sha2::Sha512::new_with_prefix(message);
            let other = theirs.sign_prehashed(hashed(), Some(context)).unwrap();
            assert_eq!(ours, other.to_bytes(), "both are deterministic");
            public.verify_prehashed_strict(hashed(), Some(context), &other).unwrap();
            session.verify(key, PH, &params, message, &other.to_bytes()).unwrap().value();

            let running = session.sign_start(key, PH, &params).unwrap();
            message.chunks(999).for_each(|piece| session.update(&running, piece).unwrap());
            let mut pieces = [0; 64];
            session.sign_finish(&running, &mut pieces).unwrap().value();
            assert_eq!(pieces, ours);
            let running = session.verify_start(key, PH, &params).unwrap();
            message.chunks(77).for_each(|piece| session.update(&running, piece).unwrap());
            session.verify_finish(&running, &ours).unwrap().value();
        }
    }
}

#[test]
fn whatever_differs_is_rejected() {
    let session = open();
    let key = session.generate(&policy().build().unwrap()).unwrap().value();
    let params = SHA512.context(b"context");
    let good = sign(&session, key, &params, b"message");
    let verify = |params: &Params<'_>, message: &[u8], signature: &[u8]| {
        session.verify(key, PH, params, message, signature).map(|verdict| verdict.value())
    };
    assert_eq!(verify(&params, b"message", &good), Ok(()));
    assert_eq!(verify(&params, b"massage", &good), Err(Error::Rejected));
    for context in [b"".as_slice(), b"contex", b"context\0"] {
        assert_eq!(verify(&SHA512.context(context), b"message", &good), Err(Error::Rejected));
    }
    for at in 0..64 {
        let mut changed = good;
        changed[at] ^= 1 << (at % 8);
        assert_eq!(verify(&params, b"message", &changed), Err(Error::Rejected), "byte {at}");
    }
    assert_eq!(verify(&params, b"message", &good[..63]), Err(Error::Rejected));
}

#[test]
fn parameters_outside_the_closed_set_are_refused() {
    let session = open();
    let key = session.generate(&policy().build().unwrap()).unwrap().value();
    let refusal = |params: &Params<'_>| session.sign(key, PH, params, b"m", &mut [0; 64]).map(drop);
    assert_eq!(refusal(&SHA512.context(&[0; 255])), Ok(()));
    assert_eq!(refusal(&SHA512.context(&[0; 256])), Err(Error::InvalidArgument));
    assert_eq!(refusal(&Params::NONE), Err(Error::InvalidArgument), "its hash is named");
    assert_eq!(refusal(&Params::with_hash(Hash::Sha256)), Err(Error::Unsupported));
    assert_eq!(session.sign_start(key, PH, &SHA512.context(&[0; 256])).unwrap_err(), Error::InvalidArgument);
    // No other scheme takes a context: Ed25519ctx is not in FIPS 186-5.
    let pure = Attributes::builder(KeyKind::Ed25519).usage(Usage::SIGN).permit(Rule::any(Algorithm::Ed25519));
    let pure = session.generate(&pure.build().unwrap()).unwrap().value();
    let context = Params::NONE.context(b"c");
    let answer = session.sign(pure, Algorithm::Ed25519, &context, b"m", &mut [0; 64]);
    assert_eq!(answer.map(drop), Err(Error::InvalidArgument));
    assert_eq!(session.sign(pure, PH, &SHA512, b"m", &mut [0; 64]).map(drop), Err(Error::NotPermitted));
}

/// EDDSA-1.
#[test]
fn one_key_serves_the_pure_scheme_or_this_one() {
    assert_eq!(policy().permit(Rule::any(Algorithm::Ed25519)).build(), Err(Error::InvalidArgument));
}

/// ECDSA-4, and the same for every scheme over a hash.
#[test]
fn digests_from_outside_are_for_the_general_profile() {
    let digest = sha2::Sha512::digest(b"message");
    let policy = policy().usage(Usage::SIGN_DIGEST.and(Usage::VERIFY)).build().unwrap();
    for (profile, answer) in [(Profile::Approved, Err(Error::NotPermitted)), (Profile::General, Ok(()))] {
        let engine = Engine::builder().profile(profile).power_on().unwrap();
        let session = engine.open_session(Subject::user(1), b"").unwrap();
        let key = session.generate(&policy).unwrap().value();
        let mut signature = [0; 64];
        let made = session.sign_digest(key, PH, &SHA512, &digest, &mut signature);
        assert_eq!(made.map(drop), answer);
        if answer.is_ok() {
            session.verify(key, PH, &SHA512, b"message", &signature).unwrap().value();
            let short = session.sign_digest(key, PH, &SHA512, &digest[..63], &mut signature);
            assert_eq!(short.map(drop), Err(Error::InvalidArgument));
        }
    }
}
