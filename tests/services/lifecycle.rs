//! Keys from their making to their end: generate, attributes, keys, restrict, copy, destroy.

use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Caveats, Engine, Error, Export, Filter, Hash, HeapStore,
    KeyClass, KeyHandle, KeyKind, Lifetime, Params, Profile, Reason, Restriction, Rule, Rules, Strength,
    Subject, Usage, Validity,
};

use super::{BEFORE, approved, inventory, make, operational, refused, served, uses_left, with_officers};
use crate::keys::{SHA256, engine, gcm, hmac, kek, open, p256, rsa_transport};

/// One description of every kind, its algorithm, and the strength of such a key.
pub fn every_kind() -> Vec<(AttributesBuilder, Algorithm, u16)> {
    let signing = Usage::SIGN.and(Usage::VERIFY);
    let ciphering = Usage::ENCRYPT.and(Usage::DECRYPT);
    let macking = Usage::MAC.and(Usage::VERIFY_MAC);
    let of = |kind, usage, algorithm, bits| {
        (Attributes::builder(kind).usage(usage).permit(Rule::any(algorithm)), algorithm, bits)
    };
    let hmac = |hash, length, bits| {
        let rule = Rule::hashed(Algorithm::Hmac, hash);
        let builder = Attributes::builder(KeyKind::Hmac).usage(macking).permit(rule).length(length);
        (builder, Algorithm::Hmac, bits)
    };
    vec![
        of(KeyKind::Aes128, ciphering, Algorithm::AesGcm, 128),
        of(KeyKind::Aes192, ciphering, Algorithm::AesGcmCounter, 192),
        of(KeyKind::Aes256, ciphering, Algorithm::AesGcm, 256),
        of(KeyKind::Aes128, Usage::WRAP, Algorithm::AesKw, 128),
        of(KeyKind::Aes192, Usage::UNWRAP, Algorithm::AesKwp, 192),
        of(KeyKind::Aes256, Usage::WRAP, Algorithm::NativeWrap, 256),
        hmac(Hash::Sha256, 14, 112),
        hmac(Hash::Sha256, 128, 256),
        hmac(Hash::Sha384, 24, 192),
        hmac(Hash::Sha512, 64, 256),
        of(KeyKind::EcP256, signing, Algorithm::EcdsaP256, 128),
        of(KeyKind::EcP384, signing, Algorithm::EcdsaP384, 192),
        of(KeyKind::EcP521, signing, Algorithm::EcdsaP521, 256),
        of(KeyKind::EcP521, Usage::AGREE, Algorithm::EcdhP521, 256),
        of(KeyKind::Ed25519, signing, Algorithm::Ed25519, 128),
        of(KeyKind::Rsa2048, signing, Algorithm::RsaPss, 112),
        of(KeyKind::Rsa2048, Usage::WRAP.and(Usage::UNWRAP), Algorithm::RsaOaep, 112),
        of(KeyKind::Rsa3072, signing, Algorithm::RsaPkcs1, 128),
        of(KeyKind::Rsa4096, signing, Algorithm::RsaPss, 128),
    ]
}

#[test]
fn every_kind_is_generated_and_described() {
    let session = open(&engine());
    let mut ids = std::collections::BTreeSet::new();
    for (builder, algorithm, bits) in every_kind() {
        let template = builder.label(b"label").application(b"bytes").owner(1).build().unwrap();
        let key = served(session.generate(&template), algorithm, Some(bits));
        let info = served(session.attributes(key), algorithm, Some(bits));
        assert_eq!(*info.attributes(), template);
        assert_eq!(info.effective_strength(), Strength::of_bits(bits));
        assert!(ids.insert(*info.id().as_bytes()), "every id is new");
        let origin = info.origin();
        assert!(origin.local() && !origin.imported());
        assert!(origin.never_extractable() && origin.always_sensitive());
        assert_eq!(origin.pairwise_tested(), template.kind().is_asymmetric());
        assert_eq!(origin.profile(), Profile::Approved);
        let makes_ivs =
            matches!(algorithm, Algorithm::AesGcm | Algorithm::AesGcmCounter | Algorithm::NativeWrap);
        assert_eq!(info.remaining_uses().is_some(), makes_ivs);
    }
    assert_eq!(inventory(&session).len(), every_kind().len());
}

#[test]
fn no_key_is_made_that_must_not_be() {
    let session = open(&engine());
    let generate = |builder: AttributesBuilder| session.generate(&builder.build().unwrap());
    // A public key alone is imported, not made.
    let public = Attributes::builder(KeyKind::EcP256).public().usage(Usage::VERIFY);
    refused(generate(public.permit(Rule::any(Algorithm::EcdsaP256))), Error::InvalidArgument);
    refused(generate(p256().owner(2)), Error::NotPermitted);
    refused(generate(kek().trusted()), Error::NotPermitted); // for officers
    let valid = Validity { not_before: None, not_after: Some(9) };
    refused(generate(p256().validity(valid)), Error::Unsupported); // no clock
    assert_eq!(inventory(&session), []);

    // What a valid description can be is said in src/attributes/tests.rs; three of its rules.
    let builder = || Attributes::builder(KeyKind::Aes256).permit(Rule::any(Algorithm::AesGcm));
    for wrong in [
        builder(),
        builder().usage(Usage::ENCRYPT.and(Usage::WRAP)),
        builder().usage(Usage::ENCRYPT).permit(Rule::any(Algorithm::AesKw)),
    ] {
        assert_eq!(wrong.build().unwrap_err(), Error::InvalidArgument);
    }
}

#[test]
fn the_least_strength_of_an_engine_holds() {
    let engine = Engine::builder().min_strength(Strength::of_bits(192)).power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    for (builder, algorithm, bits) in every_kind() {
        let template = builder.build().unwrap();
        if bits < 192 {
            refused(session.generate(&template), Error::NotPermitted);
        } else {
            served(session.generate(&template), algorithm, Some(bits));
        }
    }
}

/// IND-2: what this profile serves is never approved, and a key never serves both profiles.
#[test]
fn the_general_profile_says_so() {
    let engine = Engine::builder().profile(Profile::General).power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    let (key, indicator) = session.generate(&p256().build().unwrap()).unwrap().into_parts();
    assert_eq!(indicator.reason(), Some(Reason::GeneralProfile));
    assert!(!indicator.approved_parameters() && !indicator.approved());
    assert!(indicator.caveats().has(Caveats::UNSIGNED));
    assert_eq!(session.attributes(key).unwrap().value().origin().profile(), Profile::General);
    let signed = session.sign(key, Algorithm::EcdsaP256, &SHA256, b"m", &mut [0; 64]).unwrap();
    assert_eq!(signed.indicator().reason(), Some(Reason::GeneralProfile));
}

#[test]
fn a_full_store_makes_no_key_and_a_destroyed_one_makes_room() {
    let engine = Engine::with_store(HeapStore::new(2, 2)).power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"").unwrap();
    let template = hmac().build().unwrap();
    let first = session.generate(&template).unwrap().value();
    let second = session.generate(&template).unwrap().value();
    refused(session.generate(&template), Error::NoSpace);
    refused(session.copy(first, &Restriction::none()), Error::NoSpace);
    served(session.destroy(first), Algorithm::Hmac, Some(256));
    let third = session.generate(&template).unwrap().value();
    refused(session.attributes(first), Error::UnknownKey);
    let mut found = [KeyHandle::from_u64(0); 3];
    assert_eq!(session.keys(&Filter::ALL, None, &mut found).unwrap().value(), 2);
    assert!(found.contains(&second) && found.contains(&third));
    operational(&engine);
}

#[test]
fn keys_are_listed_by_what_they_are_and_in_bounded_pages() {
    let engine = with_officers();
    let session = open(&engine);
    let p256 = [(); 3].map(|()| make(&session, p256().label(b"one")));
    let hmac = make(&session, hmac().label(b"two"));
    let mine = make(&session, gcm().owner(1));
    let id = session.attributes(mine).unwrap().value().id();
    let list = |filter: &Filter<'_>| {
        let mut found = [KeyHandle::from_u64(0); 16];
        let count = served(session.keys(filter, None, &mut found), Algorithm::CtrDrbg, None);
        found[..count].to_vec()
    };
    assert_eq!(list(&Filter::ALL).len(), 5);
    assert_eq!(list(&Filter::ALL.kind(KeyKind::EcP256)).len(), 3);
    assert_eq!(list(&Filter::ALL.kind(KeyKind::Rsa2048)), []);
    assert_eq!(list(&Filter::ALL.usage(Usage::MAC)), [hmac]);
    assert_eq!(list(&Filter::ALL.usage(Usage::MAC.and(Usage::SIGN))), []);
    assert_eq!(list(&Filter::ALL.label(b"one")).len(), 3);
    assert_eq!(list(&Filter::ALL.label(b"on")), []);
    assert_eq!(list(&Filter::ALL.label(b"")), [mine]);
    assert_eq!(list(&Filter::ALL.id(id)), [mine]);
    assert_eq!(list(&Filter::ALL.id(id).kind(KeyKind::EcP256)), []);

    // Pages of two, each after the last key of the page before; a short buffer is no error.
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let mut page = [KeyHandle::from_u64(0); 2];
        let count = session.keys(&Filter::ALL, after, &mut page).unwrap().value();
        if count == 0 {
            break;
        }
        pages.extend_from_slice(&page[..count]);
        after = Some(page[count - 1]);
    }
    assert_eq!(pages, list(&Filter::ALL));
    assert!(p256.iter().all(|key| pages.contains(key)));
    assert_eq!(session.keys(&Filter::ALL, None, &mut []).unwrap().value(), 0);
    let beyond = Some(KeyHandle::from_u64(u64::MAX));
    assert_eq!(session.keys(&Filter::ALL, beyond, &mut [hmac; 4]).unwrap().value(), 0);

    // Another user does not see what is somebody's own; an officer sees everything.
    let other = engine.open_session(Subject::user(2), b"").unwrap();
    assert_eq!(inventory(&other).len(), 4);
    let officer = engine.open_session(Subject::officer(9), b"").unwrap();
    assert_eq!(inventory(&officer).len(), 5);
}

#[test]
fn restrict_takes_away_what_it_says() {
    let session = open(&engine());
    let key = make(&session, p256().export(Export::NATIVE));
    let before = session.attributes(key).unwrap().value();
    let limit = Restriction::none().usage(Usage::VERIFY).export(Export::NONE);
    let mut out = [0; 64];
    session.sign(key, Algorithm::EcdsaP256, &SHA256, b"m", &mut out).unwrap().value();
    let open_context = session.sign_start(key, Algorithm::EcdsaP256, &SHA256).unwrap();
    served(session.restrict(key, &limit), Algorithm::EcdsaP256, Some(128));
    let after = session.attributes(key).unwrap().value();
    assert_eq!(after.attributes().usage(), Usage::VERIFY);
    assert_eq!(after.attributes().export(), Export::NONE);
    assert_eq!((after.id(), after.origin()), (before.id(), before.origin()), "it is the same key");
    session.verify(key, Algorithm::EcdsaP256, &SHA256, b"m", &out).unwrap().value();
    let mut again = [BEFORE; 64];
    let sign = session.sign(key, Algorithm::EcdsaP256, &SHA256, b"m", &mut again);
    refused(sign, Error::NotPermitted);
    refused(session.sign_finish(&open_context, &mut again), Error::InvalidArgument);
    // Nothing comes back, and what is left has to be a policy.
    let all = Restriction::none().usage(Usage::SIGN.and(Usage::VERIFY));
    refused(session.restrict(key, &all), Error::NotPermitted);
    refused(session.restrict(key, &Restriction::none().usage(Usage::NONE)), Error::InvalidArgument);
    refused(session.restrict(key, &Restriction::none().rules(Rules::empty())), Error::InvalidArgument);
    assert_eq!(session.attributes(key).unwrap().value().attributes(), after.attributes());
}

#[test]
fn a_copy_is_a_key_of_its_own() {
    let session = open(&engine());
    let key = make(&session, p256().uses(101).label(b"label"));
    let limit = Restriction::none().session_only();
    let copy = served(session.copy(key, &limit), Algorithm::EcdsaP256, Some(128));
    let (original, info) =
        (session.attributes(key).unwrap().value(), session.attributes(copy).unwrap().value());
    assert_ne!(info.id(), original.id());
    assert_eq!(info.origin(), original.origin());
    assert_eq!(info.attributes().lifetime(), Lifetime::Session);
    assert_eq!(info.attributes().label(), b"label");
    assert_eq!(uses_left(&session, key) + uses_left(&session, copy), 101, "uses are shared out");
    // One secret: what one signs, the other verifies.
    let mut out = [0; 64];
    session.sign(copy, Algorithm::EcdsaP256, &SHA256, b"m", &mut out).unwrap().value();
    session.verify(key, Algorithm::EcdsaP256, &SHA256, b"m", &out).unwrap().value();
    // Each dies alone.
    session.destroy(key).unwrap().value();
    session.sign(copy, Algorithm::EcdsaP256, &SHA256, b"m", &mut out).unwrap().value();
    refused(session.copy(key, &Restriction::none()), Error::UnknownKey);
    refused(session.copy(copy, &Restriction::none().uses(200)), Error::NotPermitted);
    refused(session.copy(copy, &Restriction::none().owner(2)), Error::NotPermitted);
    assert_eq!(inventory(&session), [copy]);

    // A copy of every class works: a secret key, and a pair whose public half is derived.
    let key = make(&session, rsa_transport());
    let copy = session.copy(key, &Restriction::none()).unwrap().value();
    assert_eq!(session.attributes(copy).unwrap().value().attributes().class(), KeyClass::Private);
    let (mut one, mut other) = ([0; 400], [0; 400]);
    session.public_key(key, &mut one).unwrap().value();
    session.public_key(copy, &mut other).unwrap().value();
    assert_eq!(one, other);
    let key = make(&session, hmac());
    let copy = session.copy(key, &Restriction::none()).unwrap().value();
    let mut tag = [0; 32];
    session.mac(key, Algorithm::Hmac, &SHA256, b"m", &mut tag).unwrap().value();
    session.verify_mac(copy, Algorithm::Hmac, &SHA256, b"m", &tag).unwrap().value();
}

#[test]
fn the_last_use_is_not_shared() {
    let session = open(&engine());
    let key = make(&session, hmac().uses(1));
    let copy = session.copy(key, &Restriction::none()).unwrap().value();
    assert_eq!((uses_left(&session, key), uses_left(&session, copy)), (0, 1));
    refused(session.copy(key, &Restriction::none()), Error::LimitReached);
    assert_eq!(inventory(&session).len(), 2);
}

#[test]
fn session_keys_die_with_their_session_and_persistent_ones_do_not() {
    let engine = engine();
    let (session, other) = (open(&engine), open(&engine));
    let usage = Usage::MAC.and(Usage::VERIFY_MAC);
    let rule = Rule::hashed(Algorithm::Hmac, Hash::Sha256);
    let short = make(&session, Attributes::builder(KeyKind::Hmac).usage(usage).permit(rule));
    let long = make(&session, hmac());
    let mac = |key| other.mac(key, Algorithm::Hmac, &SHA256, b"m", &mut [0; 32]);
    // While it lives, any session of its user may use it, by its handle.
    served(mac(short), Algorithm::Hmac, Some(256));
    let copy = other.copy(short, &Restriction::none()).unwrap().value();
    drop(session);
    refused(mac(short), Error::UnknownKey);
    refused(other.attributes(short), Error::UnknownKey);
    served(mac(long), Algorithm::Hmac, Some(256));
    // The copy belongs to the session that made it.
    served(mac(copy), Algorithm::Hmac, Some(256));
    let mut expected = vec![long, copy];
    expected.sort();
    let mut found = inventory(&other);
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn officers_make_keks_and_manage_every_key() {
    let engine = with_officers();
    let officer = engine.open_session(Subject::officer(9), b"").unwrap();
    let user = open(&engine);
    for working in [p256(), hmac(), gcm()] {
        refused(officer.generate(&working.build().unwrap()), Error::NotPermitted);
    }
    let trusted = officer.generate(&kek().trusted().build().unwrap()).unwrap();
    approved(trusted.indicator(), Algorithm::NativeWrap, Some(256));
    // Whoever owns a key, an officer sees, narrows and destroys it, and does not use or copy it.
    let key = make(&user, p256().owner(1));
    served(officer.attributes(key), Algorithm::EcdsaP256, Some(128));
    served(officer.public_key(key, &mut [0; 128]), Algorithm::EcdsaP256, Some(128));
    let narrower = Restriction::none().session_only();
    served(officer.restrict(key, &narrower), Algorithm::EcdsaP256, Some(128));
    refused(officer.copy(key, &Restriction::none()), Error::NotPermitted);
    let params = Params::with_hash(Hash::Sha256);
    let signed = officer.sign(key, Algorithm::EcdsaP256, &params, b"m", &mut [0; 64]);
    refused(signed, Error::NotPermitted);
    // The trusted KEK is everybody's, and a user who may use it may not make one.
    served(user.attributes(trusted.value()), Algorithm::NativeWrap, Some(256));
    served(officer.destroy(key), Algorithm::EcdsaP256, Some(128));
    refused(user.attributes(key), Error::UnknownKey);
}
