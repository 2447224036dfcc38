//! ML-DSA and HashML-DSA through the engine: contexts, pieces, mu from outside, hashes; and what is refused.
#![cfg(all(feature = "std", feature = "os-entropy", feature = "aes", feature = "hmac", feature = "sha3"))]
#![cfg(all(feature = "rsa", feature = "ml-dsa", not(strongroom_lab)))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)] // a test

use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Engine, Error, Export, Hash, KeyHandle, KeyKind, Operation,
    Params, Profile, Reason, Restriction, Rule, Session, State, Subject, UnwrapAs, Usage, Xof,
};

#[path = "keys/bring_in.rs"]
mod common;

const PURE: Algorithm = Algorithm::MlDsa;
const OVER_HASH: Algorithm = Algorithm::HashMlDsa;
const NONE: Params<'static> = Params::NONE;
const SETS: [(KeyKind, usize, usize, u16); 3] = [
    (KeyKind::MlDsa44, 1312, 2420, 128),
    (KeyKind::MlDsa65, 1952, 3309, 192),
    (KeyKind::MlDsa87, 2592, 4627, 256),
];
const SPKI: &[u8] = include_bytes!("../kat-vectors/tests/wire/mldsa65-spki.der");
const PKCS8: &[u8] = include_bytes!("../kat-vectors/tests/wire/mldsa65-pkcs8.der");

fn open(engine: &Engine) -> Session<'static> {
    engine.open_session(Subject::user(1), b"").unwrap()
}

fn pair(kind: KeyKind, algorithm: Algorithm) -> AttributesBuilder {
    let usage = Usage::SIGN.and(Usage::VERIFY);
    Attributes::builder(kind).usage(usage).permit(Rule::any(algorithm).allow_deterministic())
}

fn verifier(kind: KeyKind, algorithm: Algorithm) -> Attributes {
    Attributes::builder(kind).public().usage(Usage::VERIFY).permit(Rule::any(algorithm)).build().unwrap()
}

fn make(session: &Session<'static>, policy: AttributesBuilder) -> KeyHandle {
    session.generate(&policy.build().unwrap()).unwrap().value()
}

fn sign(
    session: &Session<'static>,
    key: KeyHandle,
    algorithm: Algorithm,
    params: &Params<'_>,
    message: &[u8],
) -> Result<Vec<u8>, Error> {
    let mut out = vec![0; 4627];
    let len = session.sign(key, algorithm, params, message, &mut out)?.value();
    out.truncate(len);
    Ok(out)
}

fn spki(session: &Session<'static>, key: KeyHandle) -> Vec<u8> {
    let mut out = vec![0; 3000];
    let len = session.public_key(key, &mut out).unwrap().value();
    out.truncate(len);
    out
}

#[test]
fn signatures_of_every_set_with_contexts() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    for (kind, public_len, signature_len, strength) in SETS {
        let key = make(&session, pair(kind, PURE));
        assert!(session.attributes(key).unwrap().value().origin().pairwise_tested());
        let encoded = spki(&session, key);
        assert_eq!(encoded.len(), public_len + 22);
        let public = session.import_public(&encoded, &verifier(kind, PURE)).unwrap().value();
        assert_eq!(spki(&session, public), encoded);
        let len = session.output_len(key, Operation::Sign, PURE, &NONE, 5).unwrap().value();
        assert_eq!(len, signature_len);
        for context in [&b""[..], b"context", &[7; 255]] {
            let params = NONE.context(context);
            let mut signature = vec![0; signature_len];
            let made = session.sign(key, PURE, &params, b"message", &mut signature).unwrap();
            assert!(made.indicator().reason().is_none());
            assert_eq!(made.indicator().strength().unwrap().bits(), strength);
            assert_eq!(made.value(), signature_len);
            for handle in [key, public] {
                let verify = |params: &Params<'_>, message: &[u8], signature: &[u8]| {
                    session.verify(handle, PURE, params, message, signature).map(|_| ())
                };
                assert_eq!(verify(&params, b"message", &signature), Ok(()));
                assert_eq!(verify(&params, b"messagf", &signature), Err(Error::Rejected));
                assert_eq!(verify(&NONE.context(b"other"), b"message", &signature), Err(Error::Rejected));
                assert_eq!(verify(&params, b"message", &signature[1..]), Err(Error::Rejected));
                let long = [&signature[..], &[0]].concat();
                assert_eq!(verify(&params, b"message", &long), Err(Error::Rejected));
            }
            // Hedged: two signatures differ. Deterministic: they do not, and verify like any other.
            assert_ne!(sign(&session, key, PURE, &params, b"message").unwrap(), signature);
            let fixed = sign(&session, key, PURE, &params.deterministic(), b"message").unwrap();
            assert_eq!(sign(&session, key, PURE, &params.deterministic(), b"message").unwrap(), fixed);
            session.verify(public, PURE, &params, b"message", &fixed).unwrap().value();
        }
        let too_long = sign(&session, key, PURE, &NONE.context(&[7; 256]), b"message");
        assert_eq!(too_long, Err(Error::InvalidArgument));
    }
}

#[test]
fn pieces_give_what_one_piece_gives() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let message: Vec<u8> = (0..1000u32).map(|i| i.to_le_bytes()[0]).collect();
    for (algorithm, params) in [
        (PURE, NONE.context(b"context").deterministic()),
        (PURE, NONE.deterministic()),
        (OVER_HASH, Params::with_hash(Hash::Sha3_512).context(b"context").deterministic()),
    ] {
        let key = make(&session, pair(KeyKind::MlDsa87, algorithm));
        let expected = sign(&session, key, algorithm, &params, &message).unwrap();
        for size in [1, 135, 136, 137, 1000] {
            let context = session.sign_start(key, algorithm, &params).unwrap();
            message.chunks(size).for_each(|piece| session.update(&context, piece).unwrap());
            let mut out = vec![0; 4627];
            assert_eq!(session.sign_finish(&context, &mut out).unwrap().value(), 4627);
            assert_eq!(out, expected);
            let context = session.verify_start(key, algorithm, &params).unwrap();
            message.chunks(size).for_each(|piece| session.update(&context, piece).unwrap());
            session.verify_finish(&context, &expected).unwrap().value();
        }
        let context = session.verify_start(key, algorithm, &params).unwrap();
        session.update(&context, &message[1..]).unwrap();
        assert_eq!(session.verify_finish(&context, &expected).map(drop), Err(Error::Rejected));
        // A buffer too small keeps the context.
        let context = session.sign_start(key, algorithm, &params).unwrap();
        session.update(&context, &message).unwrap();
        let small = session.sign_finish(&context, &mut [0; 4626]).map(drop);
        assert_eq!(small, Err(Error::BufferTooSmall));
        let mut out = vec![0; 4627];
        session.sign_finish(&context, &mut out).unwrap().value();
        assert_eq!(out, expected);
    }
}

/// MLDSA-1: behind a right of its own, never approved, 64 bytes, without a second context.
#[test]
fn a_mu_from_outside() {
    let engine = Engine::builder().profile(Profile::General).power_on().unwrap();
    let session = open(&engine);
    let all = Usage::SIGN.and(Usage::SIGN_DIGEST).and(Usage::VERIFY);
    let key = make(&session, pair(KeyKind::MlDsa65, PURE).usage(all));
    // FIPS 204 section 6.2 by hand: tr, then mu.
    let encoded = spki(&session, key);
    let (mut tr, mut mu) = ([0; 64], [0; 64]);
    session.xof(Xof::Shake256, &encoded[22..], &mut tr).unwrap().value();
    let formatted = [&tr[..], &[0, 3], b"ctx", b"message"].concat();
    session.xof(Xof::Shake256, &formatted, &mut mu).unwrap().value();
    let params = NONE.deterministic();
    let mut signature = vec![0; 3309];
    let made = session.sign_digest(key, PURE, &params, &mu, &mut signature).unwrap();
    assert_eq!(made.indicator().reason(), Some(Reason::ExternalDigest));
    assert_eq!(made.value(), 3309);
    assert_eq!(signature, sign(&session, key, PURE, &params.context(b"ctx"), b"message").unwrap());
    session.verify(key, PURE, &NONE.context(b"ctx"), b"message", &signature).unwrap().value();
    session.verify_digest(key, PURE, &NONE, &mu, &signature).unwrap().value();
    let verify =
        |params: &Params<'_>, mu: &[u8]| session.verify_digest(key, PURE, params, mu, &signature).map(drop);
    assert_eq!(verify(&NONE, &[0; 64]), Err(Error::Rejected));
    assert_eq!(verify(&NONE.context(b"ctx"), &mu), Err(Error::InvalidArgument));
    let mut refused = |params: &Params<'_>, mu: &[u8]| {
        let answer = session.sign_digest(key, PURE, params, mu, &mut signature).map(drop);
        assert!(signature.iter().all(|byte| *byte == 0), "no output");
        answer
    };
    assert_eq!(refused(&params.context(b"ctx"), &mu), Err(Error::InvalidArgument));
    for wrong in [&[][..], &mu[..63], &mu[..32]] {
        assert_eq!(refused(&params, wrong), Err(Error::InvalidArgument));
    }
    let without = session.copy(key, &Restriction::none().usage(Usage::SIGN)).unwrap().value();
    let answer = session.sign_digest(without, PURE, &params, &mu, &mut [0; 3309]).map(drop);
    assert_eq!(answer, Err(Error::NotPermitted));
    // The approved profile has no such service.
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let key = make(&session, pair(KeyKind::MlDsa65, PURE).usage(all));
    let answer = session.sign_digest(key, PURE, &params, &mu, &mut [0; 3309]).map(drop);
    assert_eq!(answer, Err(Error::NotPermitted));
}

/// FIPS 204 section 5.4: the hash is as strong as the set.
#[test]
fn hashes_fit_the_set() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    for (kind, _, len, strength) in SETS {
        let key = make(&session, pair(kind, OVER_HASH));
        for hash in Hash::ALL {
            let params = Params::with_hash(hash).context(b"c");
            let made = sign(&session, key, OVER_HASH, &params, b"message");
            let strong = hash.output_len() >= 32 && hash.output_len() * 4 >= usize::from(strength);
            if !strong {
                assert_eq!(made, Err(Error::Unsupported), "{kind:?} {hash:?}");
                let judged = session.verify(key, OVER_HASH, &params, b"message", &vec![0; len]).map(drop);
                assert_eq!(judged, Err(Error::Unsupported));
                continue;
            }
            let made = made.unwrap();
            session.verify(key, OVER_HASH, &params, b"message", &made).unwrap().value();
            // The object identifier is signed too.
            for other in Hash::ALL
                .into_iter()
                .filter(|other| *other != hash && other.output_len() == hash.output_len())
            {
                let judged = session.verify(
                    key,
                    OVER_HASH,
                    &Params::with_hash(other).context(b"c"),
                    b"message",
                    &made,
                );
                assert_eq!(judged.map(drop), Err(Error::Rejected));
            }
        }
    }
}

#[test]
fn pure_and_over_a_hash_do_not_meet() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let both = pair(KeyKind::MlDsa44, PURE).permit(Rule::any(OVER_HASH)).build();
    assert_eq!(both, Err(Error::InvalidArgument));
    let pure = make(&session, pair(KeyKind::MlDsa44, PURE));
    let hashed = make(&session, pair(KeyKind::MlDsa44, OVER_HASH));
    let sha256 = Params::with_hash(Hash::Sha256);
    assert_eq!(sign(&session, pure, OVER_HASH, &sha256, b"m"), Err(Error::NotPermitted));
    assert_eq!(sign(&session, hashed, PURE, &NONE, b"m"), Err(Error::NotPermitted));
    assert_eq!(sign(&session, pure, PURE, &sha256, b"m"), Err(Error::Unsupported));
    assert_eq!(sign(&session, hashed, OVER_HASH, &NONE, b"m"), Err(Error::InvalidArgument));
    // The same key bytes, as a public key of either sort: a signature of one is none of the other.
    let public =
        session.import_public(&spki(&session, pure), &verifier(KeyKind::MlDsa44, OVER_HASH)).unwrap();
    let made = sign(&session, pure, PURE, &NONE, b"m").unwrap();
    let judged = session.verify(public.value(), OVER_HASH, &sha256, b"m", &made).map(drop);
    assert_eq!(judged, Err(Error::Rejected));
    // Deterministic where the rule says so, and only there.
    let hedged_only = Attributes::builder(KeyKind::MlDsa44).usage(Usage::SIGN).permit(Rule::any(PURE));
    let key = make(&session, hedged_only);
    assert_eq!(sign(&session, key, PURE, &NONE.deterministic(), b"m"), Err(Error::NotPermitted));
}

/// Keys that `cryptography` (OpenSSL) wrote.
#[test]
fn encodings_of_another_implementation() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let policy = pair(KeyKind::MlDsa65, PURE).export(Export::INTEROPERABLE).build().unwrap();
    let key = common::bring_in(&session, PKCS8, &policy);
    assert_eq!(spki(&session, key), SPKI);
    let kek = |algorithm| {
        let usage = Usage::WRAP.and(Usage::UNWRAP);
        make(&session, Attributes::builder(KeyKind::Aes256).usage(usage).permit(Rule::any(algorithm)))
    };
    let kwp = kek(Algorithm::AesKwp);
    let mut blob = vec![0; session.wrapped_len(kwp, Algorithm::AesKwp, key).unwrap().value()];
    let len = session.wrap(kwp, Algorithm::AesKwp, &NONE, key, &mut blob).unwrap().value();
    assert_eq!(len, 64, "54 bytes of PKCS #8 in whole semiblocks, and one more");
    let form = UnwrapAs::Foreign(&policy);
    let again = session.unwrap(kwp, Algorithm::AesKwp, &NONE, &blob[..len], form).unwrap().value();
    assert_eq!(spki(&session, again), SPKI);
    for (at, change) in [(18, 1), (20, 4), (17, 1)] {
        let mut bad = PKCS8.to_vec();
        bad[at] ^= change;
        let caught = common::try_bring_in(&session, &bad, &policy);
        assert_eq!(caught.err(), Some(Error::Rejected), "{at}");
    }
    let other = pair(KeyKind::MlDsa44, PURE).build().unwrap();
    assert_eq!(common::try_bring_in(&session, PKCS8, &other).err(), Some(Error::Rejected));
    assert_eq!(
        session.import_public(&SPKI[1..], &verifier(KeyKind::MlDsa65, PURE)).map(drop),
        Err(Error::Rejected)
    );
    assert_eq!(engine.status().state, State::Operational);
}
