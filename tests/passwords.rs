//! Keys from passwords (KDF-3): the key that SP 800-132 says, what it may do, and every limit.
#![cfg(not(strongroom_lab))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)] // a test

use hmac::{KeyInit, Mac};
use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Caveats, Engine, Error, Export, Filter, Hash, KeyHandle,
    KeyKind, Params, Profile, Reason, Restriction, Rule, Session, Strength, Subject, Usage,
};

const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);
const PASSWORD: &[u8] = b"correct horse battery staple";
const SALT: &[u8] = b"sixteen of salt.";
const PBKDF2: Algorithm = Algorithm::Pbkdf2;

fn open(engine: &Engine) -> Session<'static> {
    engine.open_session(Subject::user(1), b"").unwrap()
}

/// Few iterations, so that the tests are quick.
fn quick() -> Engine {
    Engine::builder().min_iterations(1000).power_on().unwrap()
}

fn mac_key() -> AttributesBuilder {
    Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
}

fn aes(usage: Usage, algorithm: Algorithm) -> AttributesBuilder {
    Attributes::builder(KeyKind::Aes256).usage(usage).permit(Rule::any(algorithm))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <hmac::Hmac<sha2::Sha256> as KeyInit>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// PBKDF2 as RFC 8018 writes it, over the crate `hmac`.
fn pbkdf2(password: &[u8], salt: &[u8], count: u32, len: usize) -> Vec<u8> {
    let mut out = vec![];
    for i in 1..=4u32 {
        let mut u = mac(password, &[salt, &i.to_be_bytes()]);
        let mut t = u.clone();
        for _ in 1..count {
            u = mac(password, &[&u]);
            t.iter_mut().zip(&u).for_each(|(t, u)| *t ^= u);
        }
        out.extend(t);
    }
    out.truncate(len);
    out
}

fn derive(
    session: &Session<'static>,
    params: &Params<'_>,
    password: &[u8],
    template: AttributesBuilder,
) -> Result<KeyHandle, Error> {
    let made = session.derive_from_password(PBKDF2, params, password, &template.build().unwrap())?;
    assert!(made.indicator().caveats().has(Caveats::PASSWORD));
    Ok(made.value())
}

fn good() -> Params<'static> {
    SHA256.salt(SALT).iterations(1000)
}

#[test]
fn a_password_makes_the_key_that_the_standard_says_and_makes_it_again() {
    let engine = quick();
    let session = open(&engine);
    for len in [14u16, 32, 33, 128] {
        let key = derive(&session, &good(), PASSWORD, mac_key().length(len)).unwrap();
        let mut tag = [0; 32];
        let made = session.mac(key, Algorithm::Hmac, &SHA256, b"m", &mut tag).unwrap();
        let expected = mac(&pbkdf2(PASSWORD, SALT, 1000, len.into()), &[b"m"]);
        assert_eq!(tag[..], expected);
        // Every answer says where the key came from, and nothing calls that transport.
        let caveats = made.indicator().caveats();
        assert!(caveats.has(Caveats::PASSWORD) && !caveats.has(Caveats::TRANSPORT_STRENGTH));
        assert_eq!(made.indicator().strength(), Some(Strength::of_bits(112)));
        let info = session.attributes(key).unwrap().value();
        let origin = info.origin();
        assert!(origin.password() && origin.derived() && !origin.local() && !origin.imported());
        assert!(!origin.never_extractable() && !origin.always_sensitive(), "the password was outside");
        assert_eq!(info.effective_strength().bits(), 112, "at most");
        let copy = session.copy(key, &Restriction::none()).unwrap().value();
        assert!(session.attributes(copy).unwrap().value().origin().password(), "nor does a copy forget it");
    }
    let other = |params: &Params<'_>, password: &[u8]| {
        let key = derive(&session, params, password, mac_key()).unwrap();
        let mut tag = [0; 32];
        let _ = session.mac(key, Algorithm::Hmac, &SHA256, b"m", &mut tag).unwrap();
        tag
    };
    let one = other(&good(), PASSWORD);
    assert_eq!(other(&good(), PASSWORD), one);
    assert_ne!(other(&good().iterations(1001), PASSWORD), one);
    assert_ne!(other(&good().salt(b"sixteen of pepper"), PASSWORD), one);
    assert_ne!(other(&good(), &PASSWORD[1..]), one);
    assert_ne!(other(&Params::with_hash(Hash::Sha512).salt(SALT).iterations(1000), PASSWORD), one);
}

/// Stored data is opened in another session with the password alone.
#[test]
fn it_protects_stored_data() {
    let (sealed, iv) = {
        let engine = quick();
        let session = open(&engine);
        let usage = Usage::ENCRYPT.and(Usage::DECRYPT);
        let key = derive(&session, &good(), PASSWORD, aes(usage, Algorithm::AesGcm)).unwrap();
        let mut out = [0; 32];
        let sealed = session.encrypt(key, Algorithm::AesGcm, &Params::NONE, b"sixteen bytes...", &mut out);
        (out, sealed.unwrap().value().iv)
    };
    let engine = quick();
    let session = open(&engine);
    let template = || aes(Usage::DECRYPT, Algorithm::AesGcm);
    let open = |key| {
        let params = Params::NONE.iv(iv.as_bytes());
        let mut out = [0; 32];
        session.decrypt(key, Algorithm::AesGcm, &params, &sealed, &mut out).map(|_| out)
    };
    let key = derive(&session, &good(), PASSWORD, template()).unwrap();
    assert_eq!(open(key).unwrap()[..16], *b"sixteen bytes...");
    let wrong = derive(&session, &good(), b"correct horse battery stable", template()).unwrap();
    assert_eq!(open(wrong), Err(Error::Rejected));
    // It is no KEK for keys that are stronger than a password is counted for (STR-2).
    let wrap = Usage::WRAP.and(Usage::UNWRAP);
    let kek = derive(&session, &good(), PASSWORD, aes(wrap, Algorithm::AesKwp)).unwrap();
    for (len, expected) in [(14, Ok(())), (16, Err(Error::NotPermitted))] {
        let payload = mac_key().length(len).export(Export::INTEROPERABLE).build().unwrap();
        let payload = session.generate(&payload).unwrap().value();
        let wrapped = session.wrap(kek, Algorithm::AesKwp, &Params::NONE, payload, &mut [0; 64]);
        assert_eq!(wrapped.map(|_| ()), expected);
    }
}

#[test]
fn what_protects_no_stored_data_is_refused() {
    let engine = quick();
    let session = open(&engine);
    let refused = |template: AttributesBuilder| derive(&session, &good(), PASSWORD, template).unwrap_err();
    let parent = Attributes::builder(KeyKind::Derivation).usage(Usage::DERIVE);
    assert_eq!(refused(parent.permit(Rule::any(Algorithm::Hkdf))), Error::NotPermitted, "a parent");
    assert_eq!(refused(aes(Usage::DERIVE, Algorithm::CounterCmac)), Error::NotPermitted, "a parent");
    for export in [Export::NATIVE, Export::INTEROPERABLE, Export::NATIVE.trusted_only()] {
        assert_eq!(refused(mac_key().export(export)), Error::NotPermitted, "one that leaves");
    }
    for algorithm in [Algorithm::AesGcmCounter, Algorithm::AesCtr] {
        assert_eq!(refused(aes(Usage::ENCRYPT, algorithm)), Error::NotPermitted, "a counter starts anew");
    }
    let pair =
        Attributes::builder(KeyKind::EcP256).usage(Usage::SIGN).permit(Rule::any(Algorithm::EcdsaP256));
    assert_eq!(refused(pair), Error::InvalidArgument, "a pair");
    assert_eq!(refused(mac_key().owner(2)), Error::NotPermitted, "somebody else's");
    assert_eq!(refused(aes(Usage::WRAP, Algorithm::AesKwp).trusted()), Error::NotPermitted, "a trusted one");
    let none = session.keys(&Filter::ALL, None, &mut [KeyHandle::from_u64(0); 4]).unwrap().value();
    assert_eq!(none, 0);
    // And it comes of no other algorithm, and of no key.
    let template = mac_key().build().unwrap();
    let other = session.derive_from_password(Algorithm::Hkdf, &SHA256, PASSWORD, &template);
    assert_eq!(other.map(|_| ()), Err(Error::Unsupported));
    let other = session.derive(KeyHandle::from_u64(0), PBKDF2, &good(), &template);
    assert_eq!(other.map(|_| ()), Err(Error::Unsupported));
}

/// Each limit of the approved profile, at it and one below.
#[test]
fn limits_of_an_approved_service() {
    let engine = Engine::builder().min_iterations(0).power_on().unwrap();
    let session = open(&engine);
    let long = vec![b'x'; 1025];
    let cases: [(&str, Params<'_>, &[u8], Result<(), Error>); 15] = [
        ("all of it", good(), &PASSWORD[..14], Ok(())),
        ("a short password", good(), &PASSWORD[..13], Err(Error::NotPermitted)),
        ("a short salt", good().salt(&SALT[..15]), PASSWORD, Err(Error::NotPermitted)),
        ("no salt", good().salt(&[]), PASSWORD, Err(Error::NotPermitted)),
        ("few iterations", good().iterations(999), PASSWORD, Err(Error::NotPermitted)),
        ("one iteration", good().iterations(1), PASSWORD, Err(Error::NotPermitted)),
        ("none", good().iterations(0), PASSWORD, Err(Error::InvalidArgument)),
        ("not said", SHA256.salt(SALT), PASSWORD, Err(Error::InvalidArgument)),
        ("too many", good().iterations(10_000_001), PASSWORD, Err(Error::InvalidArgument)),
        ("no password", good(), &[], Err(Error::InvalidArgument)),
        ("the longest password", good(), &long[..1024], Ok(())),
        ("a longer one", good(), &long, Err(Error::InvalidArgument)),
        ("a longer salt", good().salt(&long), PASSWORD, Err(Error::InvalidArgument)),
        ("a context", good().info(b"i"), PASSWORD, Err(Error::InvalidArgument)),
        (
            "a weak hash",
            Params::with_hash(Hash::Sha224).salt(SALT).iterations(1000),
            PASSWORD,
            Err(Error::Unsupported),
        ),
    ];
    for (what, params, password, expected) in cases {
        assert_eq!(derive(&session, &params, password, mac_key()).map(|_| ()), expected, "{what}");
    }
    let officer = Engine::builder().authenticator(Anybody).min_iterations(1000).power_on().unwrap();
    let officer = officer.open_session(Subject::officer(1), b"").unwrap();
    let kek = aes(Usage::WRAP, Algorithm::AesKwp).build().unwrap();
    let answer = officer.derive_from_password(PBKDF2, &good(), PASSWORD, &kek);
    assert_eq!(answer.map(|_| ()), Err(Error::NotPermitted), "no officer's service");
}

struct Anybody;

impl strongroom::Authenticator for Anybody {
    fn authenticate(&self, _: Subject, _: &[u8]) -> bool {
        true
    }
}

/// An engine asks for 600 000 iterations unless it was told otherwise, and keeps to it over a restart.
#[test]
fn the_engine_has_a_least_count() {
    let refused = |engine: &Engine, count| {
        let answer = derive(&open(engine), &good().iterations(count), PASSWORD, mac_key());
        assert_eq!(answer, Err(Error::NotPermitted), "{count}");
    };
    let engine = Engine::power_on().unwrap();
    refused(&engine, 599_999);
    assert!(derive(&open(&engine), &good().iterations(600_000), PASSWORD, mac_key().length(32)).is_ok());
    let engine = Engine::builder().min_iterations(2000).power_on().unwrap().restart().unwrap();
    refused(&engine, 1999);
    assert!(derive(&open(&engine), &good().iterations(2000), PASSWORD, mac_key()).is_ok());
}

/// The general profile serves old parameters, and says what they are worth.
#[test]
fn old_parameters_in_the_general_profile() {
    let engine = Engine::builder()
        .profile(Profile::General)
        .min_iterations(1)
        .min_strength(Strength::of_bits(40))
        .power_on()
        .unwrap();
    let session = open(&engine);
    for (params, password, reason, bits) in [
        (good().iterations(1), PASSWORD, Reason::Password, 112),
        (good().salt(b"salt"), PASSWORD, Reason::Password, 112),
        (good(), &PASSWORD[..8], Reason::Strength, 64),
        (good(), PASSWORD, Reason::GeneralProfile, 112),
    ] {
        let template = mac_key().build().unwrap();
        let made = session.derive_from_password(PBKDF2, &params, password, &template).unwrap();
        assert_eq!(made.indicator().reason(), Some(reason));
        assert_eq!(made.indicator().strength(), Some(Strength::of_bits(bits)));
    }
    let weak = derive(&session, &good(), &PASSWORD[..4], mac_key());
    assert_eq!(weak, Err(Error::NotPermitted), "32 bits, where the engine asks for 40");
}
