//! What unwrap and copy say of the call that brought a key in (IND-1, STR-3).
#![cfg(not(strongroom_lab))] // nothing in here differs in the laboratory build
#![cfg(all(feature = "std", feature = "aes", feature = "hmac", feature = "ed25519"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test

use strongroom::{
    Algorithm, Attributes, Caveats, Engine, Export, Hash, KeyHandle, KeyKind, Params, Restriction, Rule,
    Session, Strength, Subject, UnwrapAs, Usage,
};

fn key(session: &Session<'_>, kind: KeyKind, usage: Usage, algorithm: Algorithm) -> KeyHandle {
    let policy = Attributes::builder(kind).usage(usage).permit(Rule::any(algorithm));
    let policy = policy.export(Export::INTEROPERABLE).build().unwrap();
    session.generate(&policy).unwrap().value()
}

#[test]
fn they_name_the_algorithm_that_served_and_the_strength_that_is_left() {
    let engine = Engine::power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    let kek = key(&session, KeyKind::Aes128, Usage::WRAP.and(Usage::UNWRAP), Algorithm::AesKwp);
    let payload = key(&session, KeyKind::Ed25519, Usage::SIGN.and(Usage::VERIFY), Algorithm::Ed25519);
    let mut blob = [0; 128];
    let len = session.wrap(kek, Algorithm::AesKwp, &Params::NONE, payload, &mut blob).unwrap().value();
    let blob = &blob[..len];

    // The 48 bytes of PKCS#8 make an HMAC key that would be stronger than the AES-128 key around it.
    let policy = Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha384))
        .build()
        .unwrap();
    let form = UnwrapAs::Foreign(&policy);
    let unwrapped = session.unwrap(kek, Algorithm::AesKwp, &Params::NONE, blob, form).unwrap();
    assert_eq!(unwrapped.indicator().algorithm(), Algorithm::AesKwp);
    assert_eq!(unwrapped.indicator().strength(), Some(Strength::of_bits(128)));
    assert!(unwrapped.indicator().caveats().has(Caveats::TRANSPORT_STRENGTH));

    let copy = session.copy(unwrapped.value(), &Restriction::none()).unwrap();
    assert_eq!(copy.indicator().strength(), Some(Strength::of_bits(128)));
    assert!(copy.indicator().caveats().has(Caveats::TRANSPORT_STRENGTH));

    // A key that is no stronger than its KEK lost nothing on the way.
    let policy = Attributes::builder(KeyKind::Ed25519)
        .usage(Usage::SIGN)
        .permit(Rule::any(Algorithm::Ed25519))
        .build()
        .unwrap();
    let form = UnwrapAs::Foreign(&policy);
    let unwrapped = session.unwrap(kek, Algorithm::AesKwp, &Params::NONE, blob, form).unwrap();
    assert!(!unwrapped.indicator().caveats().has(Caveats::TRANSPORT_STRENGTH));
}
