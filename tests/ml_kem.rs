//! ML-KEM through the engine: right secrets, shown by what the new keys do; what is refused; and that nothing
//! tells a ciphertext that nobody made.
#![cfg(all(feature = "std", feature = "os-entropy", feature = "aes", feature = "hmac", feature = "kdf"))]
#![cfg(all(feature = "rsa", feature = "ml-kem", not(strongroom_lab)))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)] // a test

use hmac::{KeyInit, Mac};
use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Caveats, Engine, Error, Export, Filter, Hash, Kdf, KeyHandle,
    KeyKind, Operation, Params, Restriction, Rule, Session, State, Subject, UnwrapAs, Usage,
};

#[path = "keys/bring_in.rs"]
mod common;

const KEM: Algorithm = Algorithm::MlKem;
const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);
const SETS: [(KeyKind, usize, usize, u16); 3] = [
    (KeyKind::MlKem512, 800, 768, 128),
    (KeyKind::MlKem768, 1184, 1088, 192),
    (KeyKind::MlKem1024, 1568, 1568, 256),
];
const SPKI: &[u8] = include_bytes!("../kat-vectors/tests/wire/mlkem768-spki.der");
const PKCS8: &[u8] = include_bytes!("../kat-vectors/tests/wire/mlkem768-pkcs8.der");

fn open(engine: &Engine) -> Session<'static> {
    engine.open_session(Subject::user(1), b"").unwrap()
}

fn pair(kind: KeyKind) -> AttributesBuilder {
    Attributes::builder(kind).usage(Usage::ENCAPSULATE.and(Usage::DECAPSULATE)).permit(Rule::any(KEM))
}

fn public(kind: KeyKind) -> Attributes {
    Attributes::builder(kind).public().usage(Usage::ENCAPSULATE).permit(Rule::any(KEM)).build().unwrap()
}

fn mac_key() -> AttributesBuilder {
    Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
        .length(32)
}

fn mac_of(session: &Session<'static>, key: KeyHandle) -> Vec<u8> {
    let mut tag = [0; 32];
    let _ = session.mac(key, Algorithm::Hmac, &SHA256, b"message", &mut tag).unwrap();
    tag.to_vec()
}

/// The MAC that a key with this secret makes of "message".
fn expected(secret: &[u8]) -> Vec<u8> {
    let mut mac = <hmac::Hmac<sha2::Sha256> as KeyInit>::new_from_slice(secret).unwrap();
    mac.update(b"message");
    mac.finalize().into_bytes().to_vec()
}

fn keys(session: &Session<'static>) -> usize {
    session.keys(&Filter::ALL, None, &mut [KeyHandle::from_u64(0); 64]).unwrap().value()
}

fn spki(session: &Session<'static>, key: KeyHandle) -> Vec<u8> {
    let mut out = vec![0; 2000];
    let len = session.public_key(key, &mut out).unwrap().value();
    out.truncate(len);
    out
}

#[test]
fn both_ends_have_the_same_key() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    for (kind, ek_len, ct_len, strength) in SETS {
        let own = session.generate(&pair(kind).build().unwrap()).unwrap().value();
        assert!(session.attributes(own).unwrap().value().origin().pairwise_tested());
        let encoded = spki(&session, own);
        assert_eq!(encoded.len(), ek_len + 22);
        let theirs = session.import_public(&encoded, &public(kind)).unwrap().value();
        assert_eq!(spki(&session, theirs), encoded);
        let len = session.output_len(theirs, Operation::Encapsulate, KEM, &Params::NONE, 0).unwrap().value();
        assert_eq!(len, ct_len);
        // Under the public key, and under the pair itself.
        for under in [theirs, own] {
            let mut ciphertext = vec![0; ct_len];
            let template = mac_key().build().unwrap();
            let made = session.encapsulate(under, KEM, &Params::NONE, &template, &mut ciphertext).unwrap();
            assert!(made.indicator().reason().is_none());
            assert_eq!(made.indicator().strength().unwrap().bits(), strength);
            let (sent, written) = made.value();
            assert_eq!(written, ct_len);
            let got = session.decapsulate(own, KEM, &Params::NONE, &ciphertext, &template).unwrap();
            assert!(got.indicator().reason().is_none());
            let got = got.value();
            assert_eq!(mac_of(&session, sent), mac_of(&session, got));
            for key in [sent, got] {
                let info = session.attributes(key).unwrap().value();
                assert!(info.origin().derived() && !info.origin().local());
                assert_eq!(info.effective_strength().bits(), strength);
            }
            // A second encapsulation is another key.
            let mut another = vec![0; ct_len];
            let made = session.encapsulate(under, KEM, &Params::NONE, &template, &mut another).unwrap();
            assert_ne!(another, ciphertext);
            assert_ne!(mac_of(&session, made.value().0), mac_of(&session, sent));
        }
    }
}

/// T-4: no error, and a key that nobody else has: J(z || c).
#[test]
fn implicit_rejection_says_nothing() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let own = common::bring_in(&session, PKCS8, &pair(KeyKind::MlKem768).build().unwrap());
    let template = mac_key().build().unwrap();
    let decapsulate = |ciphertext: &[u8]| {
        let made = session.decapsulate(own, KEM, &Params::NONE, ciphertext, &template).unwrap();
        let key = made.value();
        let mac = mac_of(&session, key);
        let _ = session.destroy(key).unwrap();
        mac
    };
    let mut ciphertext = vec![0; 1088];
    let made = session.encapsulate(own, KEM, &Params::NONE, &template, &mut ciphertext).unwrap();
    assert_eq!(decapsulate(&ciphertext), mac_of(&session, made.value().0));
    let z = &PKCS8[PKCS8.len() - 32..];
    for bit in [0, 1, 4000, 8 * 1088 - 1] {
        let mut bad = ciphertext.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let mut secret = [0; 32];
        session.xof(strongroom::Xof::Shake256, &[z, &bad].concat(), &mut secret).unwrap().value();
        assert_eq!(decapsulate(&bad), expected(&secret));
    }
    assert_eq!(decapsulate(&[0; 1088]).len(), 32);
    assert_eq!(engine.status().state, State::Operational);
}

/// Keys that `cryptography` (OpenSSL) wrote are the pair that it says they are.
#[test]
fn encodings_of_another_implementation() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let policy = pair(KeyKind::MlKem768).export(Export::INTEROPERABLE).build().unwrap();
    let own = common::bring_in(&session, PKCS8, &policy);
    assert_eq!(spki(&session, own), SPKI);
    assert!(session.attributes(own).unwrap().value().origin().imported());

    // Out under KWP and in again, and the other forms of RFC 9935.
    let kek = |algorithm| {
        let usage = Usage::WRAP.and(Usage::UNWRAP);
        let builder = Attributes::builder(KeyKind::Aes256).usage(usage).permit(Rule::any(algorithm));
        session.generate(&builder.build().unwrap()).unwrap().value()
    };
    let kwp = kek(Algorithm::AesKwp);
    let most = session.wrapped_len(kwp, Algorithm::AesKwp, own).unwrap().value();
    let mut blob = vec![0; most];
    let len = session.wrap(kwp, Algorithm::AesKwp, &Params::NONE, own, &mut blob).unwrap().value();
    assert_eq!(len, 96, "86 bytes of PKCS #8 in whole semiblocks, and one more");
    let again = session
        .unwrap(kwp, Algorithm::AesKwp, &Params::NONE, &blob[..len], UnwrapAs::Foreign(&policy))
        .unwrap();
    assert!(!again.indicator().caveats().has(Caveats::TRANSPORT_STRENGTH));
    assert_eq!(spki(&session, again.value()), SPKI);

    let native = kek(Algorithm::NativeWrap);
    let mut blob = vec![0; session.wrapped_len(native, Algorithm::NativeWrap, own).unwrap().value()];
    let len = session.wrap(native, Algorithm::NativeWrap, &Params::NONE, own, &mut blob).unwrap().value();
    let _ = session.destroy(own).unwrap();
    let all = Restriction::none();
    let form = UnwrapAs::Native(&all);
    let back =
        session.unwrap(native, Algorithm::NativeWrap, &Params::NONE, &blob[..len], form).unwrap().value();
    assert_eq!(spki(&session, back), SPKI);
}

#[test]
fn bad_public_keys_are_rejected() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let import = |der: &[u8], kind| session.import_public(der, &public(kind)).map(drop);
    assert_eq!(import(SPKI, KeyKind::MlKem768), Ok(()));
    let before = keys(&session);
    // VAL-KEM-1: the first number is the modulus, the last one 4095.
    let mut bad = SPKI.to_vec();
    bad[22] = 0x01;
    bad[23] = bad[23] & 0xf0 | 0x0d;
    assert_eq!(import(&bad, KeyKind::MlKem768), Err(Error::Rejected));
    let mut bad = SPKI.to_vec();
    let last = bad.len() - 33;
    bad[last] = 0xff;
    bad[last - 1] |= 0xf0;
    assert_eq!(import(&bad, KeyKind::MlKem768), Err(Error::Rejected));
    // Of another length, and under the object identifier of another set.
    assert_eq!(import(&SPKI[..SPKI.len() - 1], KeyKind::MlKem768), Err(Error::Rejected));
    for (other, arc) in [(KeyKind::MlKem512, 1), (KeyKind::MlKem1024, 3)] {
        let mut bad = SPKI.to_vec();
        assert_eq!(bad[16], 2);
        bad[16] = arc;
        assert_eq!(import(&bad, other), Err(Error::Rejected));
        assert!(import(SPKI, other).is_err());
    }
    assert_eq!(keys(&session), before);
}

#[test]
fn bad_private_keys_are_rejected() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let refused = |bytes: &[u8], kind| {
        let policy = pair(kind).build().unwrap();
        let caught = common::try_bring_in(&session, bytes, &policy);
        assert_eq!(caught.err(), Some(Error::Rejected), "{bytes:02x?}");
    };
    let seed = &PKCS8[22..];
    // The seed alone, as a plain OCTET STRING (which would be an expanded key), too short, of another set.
    refused(seed, KeyKind::MlKem768);
    let mut plain = PKCS8.to_vec();
    plain[20] = 0x04;
    refused(&plain, KeyKind::MlKem768);
    let mut short = PKCS8[..PKCS8.len() - 1].to_vec();
    for at in [1, 19, 21] {
        short[at] -= 1;
    }
    refused(&short, KeyKind::MlKem768);
    refused(PKCS8, KeyKind::MlKem512);
    refused(PKCS8, KeyKind::MlKem1024);
    let mut unknown = PKCS8.to_vec();
    unknown[17] = 4;
    refused(&unknown, KeyKind::MlKem768);
}

#[test]
fn what_is_refused() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let own = session.generate(&pair(KeyKind::MlKem768).build().unwrap()).unwrap().value();
    let template = mac_key().build().unwrap();
    let mut ciphertext = vec![0; 1088];
    let _ = session.encapsulate(own, KEM, &Params::NONE, &template, &mut ciphertext).unwrap();
    let before = keys(&session);
    let opened = |input: &[u8], params: &Params<'_>, template: &Attributes| {
        session.decapsulate(own, KEM, params, input, template).map(drop)
    };
    for len in [0, 1, 768, 1087] {
        assert_eq!(opened(&ciphertext[..len], &Params::NONE, &template), Err(Error::InvalidArgument));
    }
    let long = [&ciphertext[..], &[0]].concat();
    assert_eq!(opened(&long, &Params::NONE, &template), Err(Error::InvalidArgument));
    // The secret is 32 bytes: what is derived from it comes of a derivation key.
    for length in [14, 16, 31, 33, 64] {
        let other = mac_key().length(length).build().unwrap();
        assert_eq!(opened(&ciphertext, &Params::NONE, &other), Err(Error::InvalidArgument));
        let mut out = vec![0xee; 1088];
        let made = session.encapsulate(own, KEM, &Params::NONE, &other, &mut out).map(drop);
        assert_eq!(made, Err(Error::InvalidArgument));
        assert_eq!(out, vec![0; 1088], "no output");
    }
    for params in [SHA256, SHA256.kdf(Kdf::Hkdf), Params::NONE.info(b"x"), Params::NONE.context(b"x")] {
        assert!(opened(&ciphertext, &params, &template).is_err());
    }
    // A pair does not come of another.
    let child = pair(KeyKind::MlKem512).build().unwrap();
    assert_eq!(opened(&ciphertext, &Params::NONE, &child), Err(Error::InvalidArgument));
    // Nothing that the parent may not do.
    let leaves = mac_key().export(Export::NATIVE).build().unwrap();
    assert_eq!(opened(&ciphertext, &Params::NONE, &leaves), Err(Error::NotPermitted));
    let mut small = [0; 1087];
    let made = session.encapsulate(own, KEM, &Params::NONE, &template, &mut small).map(drop);
    assert_eq!(made, Err(Error::BufferTooSmall));
    assert_eq!(small, [0; 1087]);
    // Each half has its right.
    for (usage, seals) in [(Usage::ENCAPSULATE, true), (Usage::DECAPSULATE, false)] {
        let half = session.copy(own, &Restriction::none().usage(usage)).unwrap().value();
        let mut out = [0; 1088];
        let sealed = session.encapsulate(half, KEM, &Params::NONE, &template, &mut out).map(|_| ());
        assert_eq!(sealed.is_ok(), seals);
        let opened = session.decapsulate(half, KEM, &Params::NONE, &ciphertext, &template).map(|_| ());
        assert_eq!(opened.is_ok(), !seals);
        assert_eq!(sealed.and(opened), Err(Error::NotPermitted));
    }
    assert_eq!(keys(&session), before + 4, "two halves and what they made");
    let signer = Attributes::builder(KeyKind::MlKem768).usage(Usage::SIGN).permit(Rule::any(KEM)).build();
    assert_eq!(signer, Err(Error::InvalidArgument));
    assert_eq!(engine.status().state, State::Operational);
}

/// SP 800-227: a key from the shared secret, and a derivation from that (docs/decisions/014).
#[test]
fn derivation_after_encapsulation() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let own = session.generate(&pair(KeyKind::MlKem1024).build().unwrap()).unwrap().value();
    let rule = Rule::any(Algorithm::Hkdf);
    let secret = Attributes::builder(KeyKind::Derivation).usage(Usage::DERIVE).permit(rule).length(32);
    let secret = secret.build().unwrap();
    let mut ciphertext = vec![0; 1568];
    let made = session.encapsulate(own, KEM, &Params::NONE, &secret, &mut ciphertext).unwrap();
    let theirs = made.value().0;
    let ours = session.decapsulate(own, KEM, &Params::NONE, &ciphertext, &secret).unwrap().value();
    let params = SHA256.salt(b"salt").info(b"channel key");
    let derive = |parent| {
        let child = session.derive(parent, Algorithm::Hkdf, &params, &mac_key().build().unwrap()).unwrap();
        mac_of(&session, child.value())
    };
    assert_eq!(derive(theirs), derive(ours));
    // An AES key is the secret itself.
    let aes = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::ENCRYPT.and(Usage::DECRYPT))
        .permit(Rule::any(Algorithm::AesGcm))
        .build()
        .unwrap();
    assert!(session.decapsulate(own, KEM, &Params::NONE, &ciphertext, &aes).is_ok());
}

/// A use limit counts openings: they are what uses the secret.
#[test]
fn a_use_limit_counts_openings() {
    let engine = Engine::power_on().unwrap();
    let session = open(&engine);
    let own = session.generate(&pair(KeyKind::MlKem512).uses(2).build().unwrap()).unwrap().value();
    let template = mac_key().build().unwrap();
    let mut ciphertext = vec![0; 768];
    for _ in 0..4 {
        let made = session.encapsulate(own, KEM, &Params::NONE, &template, &mut ciphertext).unwrap();
        assert_eq!(made.value().1, 768);
    }
    let open = || session.decapsulate(own, KEM, &Params::NONE, &ciphertext, &template).map(|_| ());
    assert_eq!([open(), open(), open()], [Ok(()), Ok(()), Err(Error::LimitReached)]);
}
