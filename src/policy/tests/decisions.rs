//! Decisions about one key's parameters, about pairs, about keys that are to be, and about charging.

use super::*;
use crate::algorithm::Hash;
use crate::attributes::ExportFormat;

fn hmac_key(rule: Rule) -> Attributes {
    Attributes { kind: KeyKind::Hmac, rules: Rules::one(rule), ..key_for(Usage::MAC.and(Usage::VERIFY_MAC)) }
}

fn user(algorithm: Algorithm, params: Params<'_>) -> Request<'_> {
    request(Role::User, algorithm, params)
}

#[test]
fn macs_within_the_rule() {
    let sha256 = Params::with_hash(Hash::Sha256);
    let short = hmac_key(Rule::hashed(Algorithm::Hmac, Hash::Sha256).min_tag(16));
    let full = hmac_key(Rule::hashed(Algorithm::Hmac, Hash::Sha256));
    for (attributes, params, expected) in [
        (&short, sha256, Ok(())),
        (&short, sha256.tag_len(16), Ok(())),
        (&short, sha256.tag_len(32), Ok(())),
        (&short, sha256.tag_len(15), Err(Error::NotPermitted)),
        (&short, sha256.tag_len(9), Err(Error::Unsupported)),
        (&short, sha256.tag_len(65), Err(Error::Unsupported)),
        (&short, Params::with_hash(Hash::Sha384), Err(Error::NotPermitted)),
        (&short, Params::with_hash(Hash::Sha512), Err(Error::NotPermitted)),
        (&short, Params::NONE, Err(Error::InvalidArgument)),
        (&short, sha256.aad(b"x"), Err(Error::InvalidArgument)),
        (&short, sha256.iv(&[0; 12]), Err(Error::InvalidArgument)),
        (&short, sha256.label(b"x"), Err(Error::InvalidArgument)),
        (&short, sha256.deterministic(), Err(Error::InvalidArgument)),
        (&full, sha256, Ok(())),
        (&full, sha256.tag_len(32), Ok(())),
        (&full, sha256.tag_len(31), Err(Error::NotPermitted)),
        (&full, sha256.tag_len(16), Err(Error::NotPermitted)),
    ] {
        assert_eq!(one::<ops::Mac>(&user(Algorithm::Hmac, params), attributes), expected, "{params:?}");
        assert_eq!(one::<ops::VerifyMac>(&user(Algorithm::Hmac, params), attributes), expected, "{params:?}");
    }
}

#[test]
fn gcm_parameters_within_the_rule() {
    let gcm = |rule| Attributes { rules: Rules::one(rule), ..key_for(Usage::ENCRYPT.and(Usage::DECRYPT)) };
    let full = gcm(Rule::any(Algorithm::AesGcm));
    let short = gcm(Rule::any(Algorithm::AesGcm).min_tag(12));
    let iv = [0; 12];
    for (attributes, params, expected) in [
        (&full, Params::NONE, Ok(())),
        (&full, Params::NONE.aad(b"x"), Ok(())),
        (&full, Params::NONE.tag_len(16), Ok(())),
        (&full, Params::NONE.tag_len(15), Err(Error::NotPermitted)),
        (&full, Params::NONE.tag_len(12), Err(Error::NotPermitted)),
        (&short, Params::NONE.tag_len(12), Ok(())),
        (&short, Params::NONE.tag_len(11), Err(Error::Unsupported)),
        (&short, Params::NONE.tag_len(4), Err(Error::Unsupported)),
        (&full, Params::NONE.tag_len(17), Err(Error::Unsupported)),
        (&full, Params::with_hash(Hash::Sha256), Err(Error::Unsupported)),
    ] {
        let sealing = user(Algorithm::AesGcm, params);
        let opening = user(Algorithm::AesGcm, params.iv(&iv));
        assert_eq!(one::<ops::Encrypt>(&sealing, attributes), expected, "{params:?}");
        assert_eq!(one::<ops::Decrypt>(&opening, attributes), expected, "{params:?}");
        // GCM-1: no IV from outside; and none to open with is no call.
        let without = expected.and(Err(Error::InvalidArgument));
        if expected.is_ok() {
            assert_eq!(one::<ops::Encrypt>(&opening, attributes), without, "{params:?}");
            assert_eq!(one::<ops::Decrypt>(&sealing, attributes), without, "{params:?}");
        }
        assert!(one::<ops::Encrypt>(&opening, attributes).is_err(), "{params:?}");
        assert!(one::<ops::Decrypt>(&sealing, attributes).is_err(), "{params:?}");
    }
    for len in [0, 8, 11, 13, 16] {
        let iv = [0u8; 16];
        let asked = user(Algorithm::AesGcm, Params::NONE.iv(&iv[..len]));
        assert_eq!(one::<ops::Decrypt>(&asked, &full), Err(Error::InvalidArgument), "{len}");
    }
    let other = user(Algorithm::AesGcmCounter, Params::NONE);
    assert_eq!(one::<ops::Encrypt>(&other, &full), Err(Error::NotPermitted), "no rule for this algorithm");
}

/// CMAC-1: below 128 bits only where the rule says so, and below 64 never.
#[test]
fn cmacs_within_the_rule() {
    let usage = Usage::MAC.and(Usage::VERIFY_MAC);
    let cmac = |rule| Attributes { rules: Rules::one(rule), ..key_for(usage) };
    let full = cmac(Rule::any(Algorithm::AesCmac));
    let short = cmac(Rule::any(Algorithm::AesCmac).min_tag(8));
    for (attributes, params, expected) in [
        (&full, Params::NONE, Ok(())),
        (&full, Params::NONE.tag_len(16), Ok(())),
        (&full, Params::NONE.tag_len(15), Err(Error::NotPermitted)),
        (&full, Params::NONE.tag_len(8), Err(Error::NotPermitted)),
        (&full, Params::NONE.tag_len(17), Err(Error::Unsupported)),
        (&short, Params::NONE, Ok(())),
        (&short, Params::NONE.tag_len(8), Ok(())),
        (&short, Params::NONE.tag_len(7), Err(Error::Unsupported)),
        (&short, Params::NONE.tag_len(0), Err(Error::Unsupported)),
        (&short, Params::with_hash(Hash::Sha256), Err(Error::Unsupported)),
        (&short, Params::NONE.iv(&[0; 16]), Err(Error::InvalidArgument)),
        (&short, Params::NONE.aad(b"x"), Err(Error::InvalidArgument)),
    ] {
        let asked = user(Algorithm::AesCmac, params);
        assert_eq!(one::<ops::Mac>(&asked, attributes), expected, "{params:?}");
        assert_eq!(one::<ops::VerifyMac>(&asked, attributes), expected, "{params:?}");
    }
}

/// CBC-1, CTR-1: the IV is made inside, sixteen bytes, and nothing else is a parameter.
#[test]
fn unauthenticated_modes_take_an_iv_and_no_more() {
    let modes = [Algorithm::AesCbc, Algorithm::AesCbcPkcs7, Algorithm::AesCtr];
    for algorithm in modes {
        let usage = Usage::ENCRYPT.and(Usage::DECRYPT);
        let attributes = Attributes { rules: Rules::one(Rule::any(algorithm)), ..key_for(usage) };
        let encrypt = |params| one::<ops::Encrypt>(&user(algorithm, params), &attributes);
        let decrypt = |params| one::<ops::Decrypt>(&user(algorithm, params), &attributes);
        let iv = [0u8; 17];
        let with = Params::NONE.iv(&iv[..16]);
        let invalid = Err(Error::InvalidArgument);
        assert_eq!((encrypt(Params::NONE), decrypt(with)), (Ok(()), Ok(())), "{algorithm:?}");
        assert_eq!((encrypt(with), decrypt(Params::NONE)), (invalid, invalid), "{algorithm:?}");
        for len in [0, 8, 12, 15, 17] {
            assert_eq!(decrypt(Params::NONE.iv(&iv[..len])), invalid, "{algorithm:?} with {len} bytes");
        }
        for (params, expected) in [
            (with.aad(b"x"), Error::InvalidArgument),
            (with.tag_len(16), Error::Unsupported),
            (with.deterministic(), Error::InvalidArgument),
            (with.label(b"x"), Error::InvalidArgument),
        ] {
            assert_eq!(decrypt(params), Err(expected), "{algorithm:?}, {params:?}");
        }
        // A rule for one mode is none for another, in one family or not.
        for other in modes.into_iter().chain([Algorithm::AesGcm, Algorithm::AesGcmCounter]) {
            let asked = user(other, Params::NONE);
            let expected = if other == algorithm { Ok(()) } else { Err(Error::NotPermitted) };
            assert_eq!(one::<ops::Encrypt>(&asked, &attributes), expected, "{algorithm:?}, {other:?}");
        }
    }
}

#[test]
fn signatures_within_the_rule() {
    let usage = Usage::SIGN.and(Usage::SIGN_DIGEST).and(Usage::VERIFY);
    let ecdsa = |rule| Attributes { kind: KeyKind::EcP256, rules: Rules::one(rule), ..key_for(usage) };
    let hedged = ecdsa(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256));
    let either = ecdsa(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256).allow_deterministic());
    let sha256 = Params::with_hash(Hash::Sha256);
    let asked = |params| user(Algorithm::EcdsaP256, params);
    assert_eq!(one::<ops::Sign>(&asked(sha256), &hedged), Ok(()));
    assert_eq!(one::<ops::Sign>(&asked(sha256.deterministic()), &hedged), Err(Error::NotPermitted));
    assert_eq!(one::<ops::Sign>(&asked(sha256.deterministic()), &either), Ok(()));
    let sha512 = asked(Params::with_hash(Hash::Sha512));
    assert_eq!(one::<ops::Sign>(&sha512, &hedged), Err(Error::NotPermitted));
    assert_eq!(one::<ops::Verify>(&sha512, &hedged), Err(Error::NotPermitted));

    // A digest that was made outside is as long as its hash, or it is no digest.
    for len in [0, 31, 32, 33, 64] {
        let rulebook = rulebook(Profile::General);
        let outside = Request { input_len: len, rulebook, ..asked(sha256) };
        let expected = if len == 32 { Ok(()) } else { Err(Error::InvalidArgument) };
        assert_eq!(one::<ops::SignDigest>(&outside, &hedged), expected, "{len}");
        assert_eq!(one::<ops::Sign>(&outside, &hedged), Ok(()), "a message has any length");
    }
}

#[test]
fn keyless_calls_obey_the_closed_sets() {
    let digest = |params| verdict::<ops::Digest>(&user(Algorithm::Sha2, params), Target::Keyless);
    assert_eq!(digest(Params::with_hash(Hash::Sha384)), Ok(()));
    assert_eq!(digest(Params::NONE), Err(Error::InvalidArgument));
    assert_eq!(digest(Params::with_hash(Hash::Sha384).aad(b"x")), Err(Error::InvalidArgument));
    let random = |params| verdict::<ops::Random>(&user(Algorithm::CtrDrbg, params), Target::Keyless);
    assert_eq!(random(Params::NONE), Ok(()));
    assert_eq!(random(Params::with_hash(Hash::Sha256)), Err(Error::Unsupported));
}

/// One question about a pair; answers the verdict and what each key was charged.
fn pair(
    role: Role,
    algorithm: Algorithm,
    kek: (&Attributes, u16, u128),
    payload: (&Attributes, u16, u128),
) -> (Result<()>, u64, u64) {
    let (spent, spilt) = (Cell::new(0), Cell::new(0));
    let params = if algorithm == Algorithm::RsaOaep { Params::with_hash(Hash::Sha256) } else { Params::NONE };
    let make = |(attributes, strength, identity): (&Attributes, u16, u128), charges| Fake {
        strength: Strength(strength),
        identity,
        ..fake(attributes, charges)
    };
    let target = Target::Pair { kek: make(kek, &spent), payload: make(payload, &spilt) };
    let verdict = verdict::<ops::Wrap>(&request(role, algorithm, params), target);
    (verdict, spent.get(), spilt.get())
}

/// Every wrapping algorithm x export rule x trust of the KEK.
#[test]
fn what_may_leave_and_how() {
    let formats = [ExportFormat::None, ExportFormat::Native, ExportFormat::Interoperable];
    for algorithm in [Algorithm::NativeWrap, Algorithm::AesKw, Algorithm::AesKwp, Algorithm::RsaOaep] {
        for (widest, format) in formats.into_iter().enumerate() {
            for trusted_only in [false, true] {
                for trusted in [false, true] {
                    let rules = Rules::one(Rule::any(algorithm));
                    let kek = Attributes { rules, trusted, uses: Some(4), ..key_for(Usage::WRAP) };
                    let export = Export { format, trusted_only };
                    let payload = Attributes { export, uses: Some(4), ..key_for(Usage::ENCRYPT) };
                    let needed = if algorithm == Algorithm::NativeWrap { 1 } else { 2 };
                    let may = widest >= needed && (trusted || !trusted_only);
                    let expected = if may { (Ok(()), 1, 0) } else { (Err(Error::NotPermitted), 0, 0) };
                    for role in Role::ALL {
                        let answer = pair(role, algorithm, (&kek, 256, 1), (&payload, 256, 2));
                        assert_eq!(answer, expected, "{algorithm:?} {export:?} trusted {trusted}");
                    }
                }
            }
        }
    }
}

/// Of a public key an officer's mark alone says that its private half is inside an engine.
#[test]
fn native_blobs_under_public_keys_need_trust_or_the_right_to_leave_bare() {
    let formats = [ExportFormat::None, ExportFormat::Native, ExportFormat::Interoperable];
    for algorithm in [Algorithm::HybridNative, Algorithm::HybridKwp] {
        for (class, trusted) in [
            (KeyClass::Private, false),
            (KeyClass::Private, true),
            (KeyClass::Public, false),
            (KeyClass::Public, true),
        ] {
            for (widest, format) in formats.into_iter().enumerate() {
                let rules = Rules::one(Rule::any(algorithm));
                let kek = Attributes { rules, trusted, class, ..key_for(Usage::WRAP) };
                let export = Export { format, trusted_only: false };
                let payload = Attributes { export, ..key_for(Usage::ENCRYPT) };
                let inside = trusted || class == KeyClass::Private;
                let needed = if algorithm == Algorithm::HybridNative && inside { 1 } else { 2 };
                let expected = if widest >= needed { Ok(()) } else { Err(Error::NotPermitted) };
                let (answer, _, _) = pair(Role::User, algorithm, (&kek, 256, 1), (&payload, 256, 2));
                assert_eq!(answer, expected, "{algorithm:?} {class:?} trusted {trusted} {format:?}");
            }
        }
    }
}

#[test]
fn pairs_that_are_refused_charge_nothing() {
    let kek = Attributes { uses: Some(4), ..key_for(Usage::WRAP) };
    let payload = Attributes { export: Export::INTEROPERABLE, ..key_for(Usage::ENCRYPT) };
    let ask = |kek: &Attributes, strengths: (u16, u16), payload: &Attributes, ids: (u128, u128)| {
        pair(Role::User, Algorithm::AesKw, (kek, strengths.0, ids.0), (payload, strengths.1, ids.1))
    };
    assert_eq!(ask(&kek, (256, 256), &payload, (1, 2)), (Ok(()), 1, 0));
    let refused = |error| (Err(error), 0, 0);

    // STR-2: effective strength, whatever the kinds are.
    assert_eq!(ask(&kek, (128, 128), &payload, (1, 2)), (Ok(()), 1, 0));
    assert_eq!(ask(&kek, (192, 256), &payload, (1, 2)), refused(Error::NotPermitted));
    assert_eq!(ask(&kek, (127, 128), &payload, (1, 2)), refused(Error::NotPermitted));
    // No key wraps itself.
    assert_eq!(ask(&kek, (256, 256), &payload, (5, 5)), refused(Error::NotPermitted));
    // A public key needs no wrapping.
    let public = Attributes { class: KeyClass::Public, ..payload.clone() };
    assert_eq!(ask(&kek, (256, 256), &public, (1, 2)), refused(Error::InvalidArgument));
    // Somebody else's keys do not exist, on either side, for officers neither.
    for role in Role::ALL {
        let theirs = |of: &Attributes| Attributes { owner: Some(OTHER), ..of.clone() };
        let mine = |of: &Attributes| Attributes { owner: Some(ME), ..of.clone() };
        let ask = |kek: &Attributes, payload: &Attributes| {
            pair(role, Algorithm::AesKw, (kek, 256, 1), (payload, 256, 2))
        };
        assert_eq!(ask(&kek, &theirs(&payload)), refused(Error::UnknownKey));
        assert_eq!(ask(&theirs(&kek), &payload), refused(Error::UnknownKey));
        assert_eq!(ask(&mine(&kek), &mine(&payload)), (Ok(()), 1, 0));
    }
    // The KEK must be one.
    for (usage, _) in Usage::NAMED {
        let expected = if usage == Usage::WRAP { (Ok(()), 1, 0) } else { refused(Error::NotPermitted) };
        let other = Attributes { usage, ..kek.clone() };
        assert_eq!(ask(&other, (256, 256), &payload, (1, 2)), expected, "{usage:?}");
    }
}

#[test]
fn one_decision_is_two_permits() {
    let charges = Cell::new(0);
    let payload = Attributes { export: Export::INTEROPERABLE, ..key_for(Usage::ENCRYPT) };
    let kek = Attributes { uses: Some(1), ..key_for(Usage::WRAP) };
    let module = operational();
    let target =
        Target::Pair { kek: fake(&kek, &charges), payload: Fake { identity: 2, ..fake(&payload, &charges) } };
    let asked = user(Algorithm::AesKw, Params::NONE);
    let permit = authorise::<ops::Wrap, _>(module.enter().unwrap(), &asked, target).unwrap();
    let (wrap, export) = permit.split().unwrap();
    assert_eq!((wrap.key().unwrap().identity, export.key().unwrap().identity), (1, 2));
    assert_eq!((wrap.ticket(), export.ticket()), (101, 0));
    assert!(wrap.split().is_err(), "the payload left once");
    assert!(export.still_serving());
    module.apply(Event::Fault);
    assert!(!export.still_serving());
}

/// One question about a key that is to be.
fn new(role: Role, now: Option<u64>, least: u16, template: &Attributes) -> Result<()> {
    let mut rulebook = rulebook(Profile::Approved);
    rulebook.min_strength = Strength(least);
    let asked = Request { now, rulebook, ..request(role, Algorithm::AesKw, Params::NONE) };
    let generated = verdict::<ops::Generate>(&asked, Target::New { template });
    let created = verdict::<ops::Create>(&asked, Target::New { template });
    assert_eq!(generated, created, "born or brought in, the rules are the same");
    generated
}

#[test]
fn who_may_make_which_keys() {
    let refused = Err(Error::NotPermitted);
    for (usage, name) in Usage::NAMED {
        let template = key_for(usage);
        assert_eq!(new(Role::User, None, 112, &template), Ok(()), "{name}");
        // Officers make KEKs and no working keys.
        let kek = usage == Usage::WRAP || usage == Usage::UNWRAP;
        assert_eq!(new(Role::Officer, None, 112, &template), if kek { Ok(()) } else { refused }, "{name}");
    }
    let both = key_for(Usage::WRAP.and(Usage::UNWRAP));
    assert_eq!(new(Role::Officer, None, 112, &both), Ok(()));
    let mixed = key_for(Usage::WRAP.and(Usage::DECRYPT));
    assert_eq!(new(Role::Officer, None, 112, &mixed), refused);

    let trusted = Attributes { trusted: true, ..both.clone() };
    assert_eq!(new(Role::User, None, 112, &trusted), refused);
    assert_eq!(new(Role::Officer, None, 112, &trusted), Ok(()));

    for (owner, expected) in [(None, Ok(())), (Some(ME), Ok(())), (Some(OTHER), refused)] {
        let template = Attributes { owner, ..both.clone() };
        assert_eq!(new(Role::User, None, 112, &template), expected, "{owner:?}");
        assert_eq!(new(Role::Officer, None, 112, &template), Ok(()), "officers make keys for others");
    }

    for validity in
        [Validity { not_before: Some(1), not_after: None }, Validity { not_before: None, not_after: Some(1) }]
    {
        let template = Attributes { validity, ..both.clone() };
        assert_eq!(new(Role::User, None, 112, &template), Err(Error::Unsupported), "no clock");
        assert_eq!(new(Role::User, Some(5), 112, &template), Ok(()));
    }

    for (least, kind, expected) in [
        (128, KeyKind::Aes128, Ok(())),
        (129, KeyKind::Aes128, refused),
        (192, KeyKind::Aes192, Ok(())),
        (256, KeyKind::Aes192, refused),
        (256, KeyKind::Aes256, Ok(())),
    ] {
        let template = Attributes { kind, ..both.clone() };
        assert_eq!(new(Role::User, None, least, &template), expected, "{kind:?} at {least}");
        assert_eq!(new(Role::Officer, None, least, &template), expected, "{kind:?} at {least}");
    }
}

/// Everything is checked, and only then is anything charged; and the charge can still refuse.
#[test]
fn charging_comes_last() {
    let gcm = Attributes { rules: Rules::one(Rule::any(Algorithm::AesGcm)), ..key_for(Usage::ENCRYPT) };
    let asked = user(Algorithm::AesGcm, Params::NONE);
    let charges = Cell::new(0);
    assert_eq!(verdict::<ops::Encrypt>(&asked, Target::Key(fake(&gcm, &charges))), Ok(()));
    assert_eq!(charges.get(), 1, "IVs are counted without a use limit too (GCM-3)");
    let start = Request { spends: false, ..asked };
    assert_eq!(verdict::<ops::Encrypt>(&start, Target::Key(fake(&gcm, &charges))), Ok(()));
    assert_eq!(charges.get(), 1, "the start of a multi-part operation spends nothing");
    let spent = Fake { exhausted: true, ..fake(&gcm, &charges) };
    assert_eq!(verdict::<ops::Encrypt>(&asked, Target::Key(spent)), Err(Error::LimitReached));
    let spent = Fake { exhausted: true, ..fake(&gcm, &charges) };
    let wrong = user(Algorithm::AesGcm, Params::NONE.tag_len(3));
    assert_eq!(verdict::<ops::Encrypt>(&wrong, Target::Key(spent)), Err(Error::Unsupported));

    // Late checks, each alone: the profile, the strength, the period. `one` sees that nothing was charged.
    let signer = Attributes { uses: Some(4), ..key_for(Usage::SIGN_DIGEST) };
    let digest = user(Algorithm::AesKw, Params::NONE);
    assert_eq!(one::<ops::SignDigest>(&digest, &signer), Err(Error::NotPermitted));
    let mut strict = rulebook(Profile::Approved);
    strict.min_strength = Strength(257);
    let asked = Request { rulebook: strict, ..asked };
    assert_eq!(one::<ops::Encrypt>(&asked, &gcm), Err(Error::NotPermitted));
    let validity = Validity { not_before: None, not_after: Some(5) };
    let expired = Attributes { validity, ..gcm.clone() };
    let asked = Request { now: Some(6), ..user(Algorithm::AesGcm, Params::NONE) };
    assert_eq!(one::<ops::Encrypt>(&asked, &expired), Err(Error::LimitReached));
}

#[test]
fn which_keys_are_counted_from_birth() {
    let with = |algorithm, usage, uses| {
        ceiling(&Attributes { rules: Rules::one(Rule::any(algorithm)), uses, ..key_for(usage) })
    };
    let random = Some(1 << 32);
    assert_eq!(with(Algorithm::AesGcm, Usage::ENCRYPT, None), random);
    assert_eq!(with(Algorithm::AesGcm, Usage::ENCRYPT.and(Usage::DECRYPT), None), random);
    assert_eq!(with(Algorithm::AesGcm, Usage::ENCRYPT, Some(10)), Some(10));
    assert_eq!(with(Algorithm::AesGcm, Usage::ENCRYPT, Some(u64::MAX)), random);
    assert_eq!(with(Algorithm::AesGcm, Usage::DECRYPT, None), None);
    assert_eq!(with(Algorithm::AesGcm, Usage::DECRYPT, Some(10)), Some(10));
    assert_eq!(with(Algorithm::AesGcmCounter, Usage::ENCRYPT, None), Some(1 << 62));
    assert_eq!(with(Algorithm::AesCtr, Usage::ENCRYPT.and(Usage::DECRYPT), None), Some(1 << 62));
    assert_eq!(with(Algorithm::AesCtr, Usage::ENCRYPT, Some(10)), Some(10));
    assert_eq!(with(Algorithm::AesCtr, Usage::DECRYPT, None), None);
    assert_eq!(with(Algorithm::AesCbc, Usage::ENCRYPT, None), None, "random, and none is forbidden twice");
    assert_eq!(with(Algorithm::AesCbcPkcs7, Usage::ENCRYPT, Some(10)), Some(10));
    assert_eq!(with(Algorithm::AesCmac, Usage::MAC, None), None);
    assert_eq!(with(Algorithm::NativeWrap, Usage::WRAP, None), random);
    assert_eq!(with(Algorithm::NativeWrap, Usage::UNWRAP, None), None);
    assert_eq!(with(Algorithm::AesKw, Usage::WRAP, None), None);
    assert_eq!(with(Algorithm::Hmac, Usage::MAC, None), None);
    assert_eq!(with(Algorithm::Hmac, Usage::MAC, Some(3)), Some(3));
}

/// GCM-4, CTR-1: such a key is refused where its past is not known.
#[test]
fn which_keys_must_never_repeat_a_number() {
    for algorithm in Algorithm::all() {
        for (usage, name) in Usage::NAMED {
            let key = Attributes { rules: Rules::one(Rule::any(algorithm)), ..key_for(usage) };
            let numbered = matches!(algorithm, Algorithm::AesGcmCounter | Algorithm::AesCtr)
                && (usage == Usage::ENCRYPT || usage == Usage::WRAP);
            assert_eq!(numbers_ivs(&key), numbered, "{algorithm:?}, {name}");
        }
    }
}

fn stretched<'p>(params: &Params<'p>, len: usize, profile: Profile) -> Request<'p> {
    let mut rulebook = rulebook(profile);
    rulebook.min_strength = Strength(0);
    Request { input_len: len, rulebook, ..user(Algorithm::Pbkdf2, *params) }
}

/// KDF-3: every limit of an approved derivation from a password, and what the key is counted for.
#[test]
fn passwords_within_the_standard() {
    let good = Params::with_hash(Hash::Sha256).salt(&[1; 16]).iterations(1000);
    let template = key_for(Usage::ENCRYPT);
    let template = Attributes { rules: Rules::one(Rule::any(Algorithm::AesGcm)), ..template };
    let ask = |params: &Params<'_>, len, profile| {
        ask::<ops::Stretch>(&stretched(params, len, profile), Target::Password { template: &template })
    };
    for (len, strength) in [(14, 112), (15, 112), (1024, 112)] {
        let indicator = ask(&good, len, Profile::Approved).unwrap();
        assert_eq!((indicator.reason(), indicator.strength()), (None, Some(Strength(strength))));
        assert_eq!(indicator.caveats(), Caveats::PASSWORD);
    }
    for (params, len, reason) in [
        (good, 13, Reason::Strength),
        (good.salt(&[1; 15]), 14, Reason::Password),
        (good.salt(&[]), 14, Reason::Password),
    ] {
        assert_eq!(ask(&params, len, Profile::Approved).map(drop), Err(Error::NotPermitted));
        assert_eq!(ask(&params, len, Profile::General).unwrap().reason(), Some(reason));
    }
    for params in [good.iterations(999), good.iterations(1)] {
        for profile in [Profile::Approved, Profile::General] {
            assert_eq!(
                ask(&params, 14, profile).map(drop),
                Err(Error::NotPermitted),
                "the engine's own least"
            );
        }
    }
    for (params, len) in [
        (good, 0),
        (good, 1025),
        (good.iterations(0), 14),
        (good.iterations(10_000_001), 14),
        (good.salt(&[1; 1025]), 14),
        (Params::with_hash(Hash::Sha256).salt(&[1; 16]), 14),
    ] {
        assert_eq!(ask(&params, len, Profile::General).map(drop), Err(Error::InvalidArgument));
    }
    // A key that came of a password says so on every use, and not that it travelled.
    let charges = Cell::new(0);
    let key = Fake { strength: Strength(112), from_password: true, ..fake(&template, &charges) };
    let used = super::ask::<ops::Encrypt>(&user(Algorithm::AesGcm, Params::NONE), Target::Key(key)).unwrap();
    assert_eq!((used.caveats(), used.strength()), (Caveats::PASSWORD, Some(Strength(112))));
}

/// What SP 800-132 calls stored data, by usage; and nothing that leaves or counts.
#[test]
fn what_may_come_of_a_password() {
    let params = Params::with_hash(Hash::Sha256).salt(&[1; 16]).iterations(1000);
    let stored = [Usage::ENCRYPT, Usage::DECRYPT, Usage::WRAP, Usage::UNWRAP, Usage::MAC, Usage::VERIFY_MAC];
    let may = |template: &Attributes| {
        let asked = stretched(&params, 14, Profile::Approved);
        verdict::<ops::Stretch>(&asked, Target::Password { template })
    };
    for (usage, name) in Usage::NAMED {
        let expected = if stored.contains(&usage) { Ok(()) } else { Err(Error::NotPermitted) };
        assert_eq!(may(&key_for(usage)), expected, "{name}");
    }
    for export in [Export::NATIVE, Export::INTEROPERABLE] {
        let leaving = Attributes { export, ..key_for(Usage::MAC) };
        assert_eq!(may(&leaving), Err(Error::NotPermitted));
    }
    let numbered = Attributes { rules: Rules::one(Rule::any(Algorithm::AesCtr)), ..key_for(Usage::ENCRYPT) };
    assert_eq!(may(&numbered), Err(Error::NotPermitted));
    assert_eq!(
        may(&Attributes { class: KeyClass::Private, ..key_for(Usage::MAC) }),
        Err(Error::InvalidArgument)
    );
    assert_eq!(may(&Attributes { owner: Some(OTHER), ..key_for(Usage::MAC) }), Err(Error::NotPermitted));
    assert_eq!(may(&Attributes { owner: Some(ME), ..key_for(Usage::MAC) }), Ok(()));
    // STR-4: it is the password that is weighed against the engine's least, and not the template.
    for (len, least, expected) in [
        (14, 112, Ok(())),
        (14, 113, Err(Error::NotPermitted)),
        (13, 104, Ok(())),
        (13, 105, Err(Error::NotPermitted)),
    ] {
        let mut asked = stretched(&params, len, Profile::General);
        asked.rulebook.min_strength = Strength(least);
        let target = Target::Password { template: &key_for(Usage::MAC) };
        assert_eq!(verdict::<ops::Stretch>(&asked, target), expected, "{len} bytes, {least} bits");
    }
}

/// STR-3 and KDF-1, with a hash and without one.
#[test]
fn a_child_is_no_stronger_than_what_it_comes_of() {
    let charges = Cell::new(0);
    let made = |algorithm, kind, params: &Params<'_>, parent: u16| {
        let attributes =
            Attributes { kind, rules: Rules::one(Rule::any(algorithm)), ..key_for(Usage::DERIVE) };
        let parent = Fake { strength: Strength(parent), ..fake(&attributes, &charges) };
        let template = key_for(Usage::WRAP);
        let target = Target::Child { parent, template: &template };
        let indicator = ask::<ops::Derive>(&user(algorithm, *params), target).unwrap();
        (indicator.strength().unwrap().bits(), indicator.caveats())
    };
    let hash = |hash| Params::with_hash(hash).info(b"i");
    let (hmac, cmac) = (Algorithm::CounterHmac, Algorithm::CounterCmac);
    let none = Caveats::NONE;
    // A parent below its own strength has travelled, and its child shows that too.
    let travelled = |strength| if strength < 256 { Caveats::TRANSPORT_STRENGTH } else { none };
    assert_eq!(made(hmac, KeyKind::Derivation, &hash(Hash::Sha256), 256), (256, none));
    assert_eq!(made(hmac, KeyKind::Derivation, &hash(Hash::Sha512), 128), (128, travelled(128)));
    for strength in [112, 128, 192, 256] {
        let expected = (strength, travelled(strength));
        assert_eq!(made(cmac, KeyKind::Aes256, &Params::NONE.info(b"i"), strength), expected);
    }
    assert_eq!(made(cmac, KeyKind::Aes256, &Params::NONE.label(b"l"), 256), (256, none), "a label will do");
    assert_eq!(made(cmac, KeyKind::Aes256, &Params::NONE, 256), (256, Caveats::NO_CONTEXT));
}

/// What comes of a key has no right that the key lacks; what comes of a public one inherits nothing.
#[test]
fn a_child_has_no_right_that_its_parent_lacks() {
    let charges = Cell::new(0);
    let ask = |parent: &Attributes, template: &Attributes| {
        let asked = Request { now: Some(15), ..user(Algorithm::CounterCmac, Params::NONE.info(b"i")) };
        verdict::<ops::Derive>(&asked, Target::Child { parent: fake(parent, &charges), template })
    };
    let validity = Validity { not_before: Some(10), not_after: Some(20) };
    let rules = Rules::one(Rule::any(Algorithm::CounterCmac));
    let parent = Attributes {
        rules,
        export: Export::NATIVE,
        validity,
        owner: Some(ME),
        lifetime: Lifetime::Persistent,
        uses: Some(9),
        ..key_for(Usage::DERIVE)
    };
    let child = Attributes {
        export: Export::NATIVE,
        validity,
        owner: Some(ME),
        lifetime: Lifetime::Persistent,
        ..key_for(Usage::MAC)
    };
    let session = |of: &Attributes| Attributes { lifetime: Lifetime::Session, ..of.clone() };
    assert_eq!(ask(&parent, &child), Ok(()), "all that the parent has");
    assert_eq!(ask(&parent, &session(&child)), Ok(()));
    assert_eq!(ask(&session(&parent), &session(&child)), Ok(()));
    assert_eq!(ask(&parent, &Attributes { export: Export::NONE, ..child.clone() }), Ok(()));
    let anybodys = Attributes { owner: None, ..parent.clone() };
    assert_eq!(ask(&anybodys, &child), Ok(()));
    assert_eq!(ask(&anybodys, &Attributes { owner: None, ..child.clone() }), Ok(()));
    let before = charges.get();

    let earlier = Validity { not_before: Some(9), ..validity };
    let public = Attributes { class: KeyClass::Public, ..session(&parent) };
    for (what, parent, wider) in [
        ("export", &parent, Attributes { export: Export::INTEROPERABLE, ..child.clone() }),
        ("validity", &parent, Attributes { validity: earlier, ..child.clone() }),
        ("no validity", &parent, Attributes { validity: Validity::ALWAYS, ..child.clone() }),
        ("owner", &parent, Attributes { owner: None, ..child.clone() }),
        ("lifetime", &session(&parent), child.clone()),
    ] {
        assert_eq!(ask(parent, &wider), Err(Error::NotPermitted), "{what}");
        assert_eq!(ask(&public, &wider), Ok(()), "{what} of nobody");
    }
    let refused = charges.get() - before;
    assert_eq!(refused, 5, "a refusal charges nothing, and each child of the public key is a use");

    // The same secret can come again: no counter of IVs, and no pair.
    let numbered = Attributes {
        rules: Rules::one(Rule::any(Algorithm::AesCtr)),
        usage: Usage::ENCRYPT,
        ..child.clone()
    };
    let private = Attributes { class: KeyClass::Private, ..child };
    for parent in [&parent, &public] {
        assert_eq!(ask(parent, &numbered), Err(Error::NotPermitted));
        assert_eq!(ask(parent, &private), Err(Error::InvalidArgument));
    }
}
