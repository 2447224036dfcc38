//! SLH-DSA and HashSLH-DSA through the engine. The sets that sign fast stand for all here: the library's own
//! tests sign with each of the twelve once.
#![cfg(all(feature = "std", feature = "os-entropy", feature = "aes", feature = "hmac", feature = "sha3"))]
#![cfg(all(feature = "rsa", feature = "slh-dsa", not(strongroom_lab)))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)] // a test

use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Engine, Error, Export, Hash, KeyHandle, KeyKind, Operation,
    Params, Restriction, Rule, Session, State, Subject, UnwrapAs, Usage,
};

#[path = "keys/bring_in.rs"]
mod common;

const PURE: Algorithm = Algorithm::SlhDsa;
const OVER_HASH: Algorithm = Algorithm::HashSlhDsa;
const NONE: Params<'static> = Params::NONE;
const FAST: [(KeyKind, usize); 2] = [(KeyKind::SlhDsaSha2_128f, 17088), (KeyKind::SlhDsaShake128f, 17088)];

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
    let mut out = vec![0; 49856];
    let len = session.sign(key, algorithm, params, message, &mut out)?.value();
    out.truncate(len);
    Ok(out)
}

fn spki(session: &Session<'static>, key: KeyHandle) -> Vec<u8> {
    let mut out = vec![0; 128];
    let len = session.public_key(key, &mut out).unwrap().value();
    out.truncate(len);
    out
}

#[test]
fn signatures_with_contexts() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    for (kind, len) in FAST {
        let key = make(&session, pair(kind, PURE));
        assert!(session.attributes(key).unwrap().value().origin().pairwise_tested());
        let encoded = spki(&session, key);
        let public = session.import_public(&encoded, &verifier(kind, PURE)).unwrap().value();
        assert_eq!(spki(&session, public), encoded);
        assert_eq!(session.output_len(key, Operation::Sign, PURE, &NONE, 5).unwrap().value(), len);
        let params = NONE.context(b"context");
        let mut signature = vec![0; len];
        let made = session.sign(key, PURE, &params, b"message", &mut signature).unwrap();
        assert!(made.indicator().reason().is_none());
        assert_eq!((made.indicator().strength().unwrap().bits(), made.value()), (128, len));
        for handle in [key, public] {
            let verify = |params: &Params<'_>, message: &[u8], signature: &[u8]| {
                session.verify(handle, PURE, params, message, signature).map(|_| ())
            };
            assert_eq!(verify(&params, b"message", &signature), Ok(()));
            assert_eq!(verify(&params, b"messagf", &signature), Err(Error::Rejected));
            assert_eq!(verify(&NONE, b"message", &signature), Err(Error::Rejected));
            assert_eq!(verify(&params, b"message", &signature[1..]), Err(Error::Rejected));
        }
        assert_ne!(sign(&session, key, PURE, &params, b"message").unwrap(), signature, "hedged");
        let fixed = params.deterministic();
        let once = sign(&session, key, PURE, &fixed, b"message").unwrap();
        assert_eq!(sign(&session, key, PURE, &fixed, b"message").unwrap(), once);
        let too_long = sign(&session, key, PURE, &NONE.context(&[7; 256]), b"message");
        assert_eq!(too_long, Err(Error::InvalidArgument));
        let small = session.sign(key, PURE, &NONE, b"m", &mut [0; 17087]).map(drop);
        assert_eq!(small, Err(Error::BufferTooSmall));
    }
}

#[test]
fn over_a_hash() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let key = make(&session, pair(KeyKind::SlhDsaSha2_128f, OVER_HASH));
    for hash in [Hash::Sha256, Hash::Sha512, Hash::Sha3_256] {
        let params = Params::with_hash(hash).context(b"c").deterministic();
        let made = sign(&session, key, OVER_HASH, &params, b"message").unwrap();
        session.verify(key, OVER_HASH, &params, b"message", &made).unwrap().value();
        let context = session.sign_start(key, OVER_HASH, &params).unwrap();
        b"message".chunks(2).for_each(|piece| session.update(&context, piece).unwrap());
        let mut out = vec![0; 17088];
        session.sign_finish(&context, &mut out).unwrap().value();
        assert_eq!(out, made);
        let mut digest = vec![0; hash.output_len()];
        session.digest(hash, b"message", &mut digest).unwrap().value();
        session.verify_digest(key, OVER_HASH, &params, &digest, &made).unwrap().value();
    }
    // Another hash of the same length is another signature.
    let sha2 = sign(&session, key, OVER_HASH, &Params::with_hash(Hash::Sha256), b"m").unwrap();
    let sha3 = session.verify(key, OVER_HASH, &Params::with_hash(Hash::Sha3_256), b"m", &sha2).map(drop);
    assert_eq!(sha3, Err(Error::Rejected));
    // FIPS 205 section 10.2.2: as strong as the set. SHA-384 is too short for 256 bits.
    let strong = verifier(KeyKind::SlhDsaShake256f, OVER_HASH);
    let public = [&spki_header(31, 64)[..], &[7; 64]].concat();
    let public = session.import_public(&public, &strong).unwrap().value();
    for (hash, expected) in [(Hash::Sha384, Error::Unsupported), (Hash::Sha512, Error::Rejected)] {
        let judged = session.verify(public, OVER_HASH, &Params::with_hash(hash), b"m", &[0; 49856]);
        assert_eq!(judged.map(drop), Err(expected));
    }
    // A key of one sort is none of the other, and the pure form takes no pieces.
    let both = pair(KeyKind::SlhDsaSha2_128f, PURE).permit(Rule::any(OVER_HASH)).build();
    assert_eq!(both, Err(Error::InvalidArgument));
    assert_eq!(sign(&session, key, PURE, &NONE, b"m"), Err(Error::NotPermitted));
    let pure = make(&session, pair(KeyKind::SlhDsaSha2_128f, PURE));
    assert_eq!(session.sign_start(pure, PURE, &NONE).map(drop), Err(Error::Unsupported));
    assert_eq!(
        session.sign_digest(pure, PURE, &NONE, &[0; 32], &mut [0; 17088]).map(drop),
        Err(Error::Unsupported)
    );
}

/// SubjectPublicKeyInfo (RFC 9909) up to the key: last arc of the object identifier, length of the key.
fn spki_header(arc: u8, len: u8) -> Vec<u8> {
    let oid = [0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, arc];
    [&[0x30, len + 16, 0x30, 11], &oid[..], &[3, len + 1, 0]].concat()
}

/// PKCS #8 (RFC 9909 section 6): the key itself in the OCTET STRING; a root that is not that of the seeds is
/// refused.
#[test]
fn keys_travel_in_the_form_of_rfc_9909() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let kind = KeyKind::SlhDsaShake128f;
    let vectors = include_str!("../kat-vectors/tests/slh_dsa.txt");
    let line = vectors.lines().find(|line| line.starts_with("SLH-DSA-SHAKE-128f ")).unwrap();
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
    };
    let fields: Vec<&str> = line.split(' ').collect();
    let key = [hex(fields[1]), hex(fields[2])].concat();
    let oid = [0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 27];
    let pkcs8 = [&[0x30, 82, 2, 1, 0, 0x30, 11][..], &oid, &[4, 64], &key].concat();
    let policy = pair(kind, PURE).export(Export::INTEROPERABLE).build().unwrap();
    let own = common::bring_in(&session, &pkcs8, &policy);
    assert_eq!(spki(&session, own), [&spki_header(27, 32)[..], &key[32..]].concat());

    for at in [20, 40, pkcs8.len() - 17, pkcs8.len() - 1] {
        let mut bad = pkcs8.clone();
        bad[at] ^= 1;
        let caught = common::try_bring_in(&session, &bad, &policy);
        // SK.prf (bytes 36 to 51) has no part in the root.
        assert_eq!(caught.err(), (at != 40).then_some(Error::Rejected), "{at}");
    }
    for other in [KeyKind::SlhDsaSha2_128f, KeyKind::SlhDsaShake128s] {
        let caught = common::try_bring_in(&session, &pkcs8, &pair(other, PURE).build().unwrap());
        assert_eq!(caught.err(), Some(Error::Rejected));
    }

    let native = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::WRAP.and(Usage::UNWRAP))
        .permit(Rule::any(Algorithm::NativeWrap));
    let kek = make(&session, native);
    let mut blob = vec![0; session.wrapped_len(kek, Algorithm::NativeWrap, own).unwrap().value()];
    let len = session.wrap(kek, Algorithm::NativeWrap, &NONE, own, &mut blob).unwrap().value();
    let before = sign(&session, own, PURE, &NONE.deterministic(), b"m").unwrap();
    let _ = session.destroy(own).unwrap();
    let all = Restriction::none();
    let form = UnwrapAs::Native(&all);
    let back = session.unwrap(kek, Algorithm::NativeWrap, &NONE, &blob[..len], form).unwrap().value();
    assert_eq!(sign(&session, back, PURE, &NONE.deterministic(), b"m").unwrap(), before);
    assert_eq!(engine.status().state, State::Operational);
}

/// A module that is zeroised while a signature is made: nothing comes out.
#[test]
fn a_signature_that_ends_after_the_module_does_is_not_released() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let key = make(&session, pair(KeyKind::SlhDsaSha2_192f, PURE));
    let switch = engine.tamper_switch();
    let mut out = vec![0xee; 35664];
    let mut last = Ok(());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(5));
            switch.fire();
        });
        for _ in 0..1000 {
            out.fill(0xee);
            last = session.sign(key, PURE, &NONE, b"message", &mut out).map(drop);
            if last.is_err() {
                break;
            }
        }
    });
    assert_eq!(last, Err(Error::NotOperational));
    assert!(out.iter().all(|byte| *byte == 0) || out.iter().all(|byte| *byte == 0xee), "no output");
}
