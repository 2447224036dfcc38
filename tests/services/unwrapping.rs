//! Blobs that must not become keys: one answer, nothing created, nothing changed.

use strongroom::{
    Algorithm, Attributes, Engine, Error, Export, Hash, HeapStore, KeyHandle, KeyKind, Params, Restriction,
    Result, Rule, Session, Strength, Subject, UnwrapAs, Usage, Validity,
};

use super::outside::{self, Partner, der, ec_pkcs8, ed25519_pkcs8, integer};
use super::{inventory, make, operational, refused};
use crate::keys::{SHA256, engine, gcm, hmac, kek, open, p256, rsa_transport};

const NATIVE: Algorithm = Algorithm::NativeWrap;
const NONE: Params<'static> = Params::NONE;

/// Unwraps `blob` under `kek` and expects this error and the same keys as before.
#[track_caller]
fn refuses(
    session: &Session<'_>,
    kek: (KeyHandle, Algorithm, Params<'_>),
    blob: &[u8],
    form: UnwrapAs<'_>,
    error: Error,
) {
    let before = inventory(session);
    refused(session.unwrap(kek.0, kek.1, &kek.2, blob, form), error);
    assert_eq!(inventory(session), before, "nothing is created");
}

/// Every bit of a blob changed (every `step`th where each try is slow), every length but its own, and bytes
/// that never were a blob.
fn damaged(blob: &[u8], step: usize) -> Vec<Vec<u8>> {
    let flips = (0..blob.len() * 8).step_by(step).map(|bit| {
        let mut changed = blob.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        changed
    });
    let cuts = (0..blob.len()).map(|len| blob[..len].to_vec());
    let tails = (1..blob.len()).map(|from| blob[from..].to_vec());
    let longer = [vec![0], vec![0; 8], blob.to_vec(), vec![0; 1 << 20]];
    let longer = longer.into_iter().map(|more| [blob, &more].concat());
    let noise = [vec![0; blob.len()], vec![0xff; blob.len()], vec![0x5a; 1 << 20]];
    flips.chain(cuts).chain(tails).chain(longer).chain(noise).collect()
}

fn wrapped(session: &Session<'_>, kek: (KeyHandle, Algorithm, Params<'_>), key: KeyHandle) -> Vec<u8> {
    let mut out = vec![0; 4096];
    let len = session.wrap(kek.0, kek.1, &kek.2, key, &mut out).unwrap().value();
    out.truncate(len);
    session.destroy(key).unwrap().value();
    out
}

#[test]
fn damaged_native_blobs_are_rejected() {
    let engine = engine();
    let session = open(&engine);
    let kek = (make(&session, kek()), NATIVE, NONE);
    let builders = [
        p256().export(Export::NATIVE).label(b"label").application(b"bytes").owner(1),
        hmac().export(Export::NATIVE).uses(50),
    ];
    for builder in builders {
        let blob = wrapped(&session, kek, make(&session, builder));
        let limit = Restriction::none();
        for damaged in damaged(&blob, 1) {
            refuses(&session, kek, &damaged, UnwrapAs::Native(&limit), Error::Rejected);
        }
        // Another KEK, even one that would open it.
        let other = (make(&session, crate::keys::kek()), NATIVE, NONE);
        refuses(&session, other, &blob, UnwrapAs::Native(&limit), Error::Rejected);
        let copy = (session.copy(kek.0, &Restriction::none()).unwrap().value(), NATIVE, NONE);
        refuses(&session, copy, &blob, UnwrapAs::Native(&limit), Error::Rejected);
        operational(&engine);
        session.unwrap(kek.0, NATIVE, &NONE, &blob, UnwrapAs::Native(&limit)).unwrap().value();
    }
}

#[test]
fn damaged_kw_and_kwp_blobs_are_rejected() {
    let engine = engine();
    let session = open(&engine);
    for (algorithm, builder) in [
        (Algorithm::AesKw, gcm().usage(Usage::DECRYPT)),
        (Algorithm::AesKwp, gcm().usage(Usage::DECRYPT)),
        (Algorithm::AesKwp, hmac().length(14)),
        (Algorithm::AesKwp, hmac().length(17)),
    ] {
        let kek = Attributes::builder(KeyKind::Aes256).usage(Usage::WRAP.and(Usage::UNWRAP));
        let kek = (make(&session, kek.permit(Rule::any(algorithm))), algorithm, NONE);
        let builder = builder.export(Export::INTEROPERABLE);
        let template = builder.clone().build().unwrap();
        let form = UnwrapAs::Foreign(&template);
        let blob = wrapped(&session, kek, make(&session, builder));
        for damaged in damaged(&blob, 1) {
            refuses(&session, kek, &damaged, form, Error::Rejected);
        }
        operational(&engine);
        session.unwrap(kek.0, algorithm, &NONE, &blob, form).unwrap().value();
    }
}

#[test]
fn damaged_oaep_blobs_are_rejected() {
    let engine = engine();
    let session = open(&engine);
    let builder = rsa_transport().permit(Rule::any(Algorithm::RsaOaep));
    assert_eq!(builder.build().unwrap_err(), Error::InvalidArgument, "one rule for an algorithm");
    let builder = Attributes::builder(KeyKind::Rsa2048).usage(Usage::WRAP.and(Usage::UNWRAP));
    let key = make(&session, builder.permit(Rule::any(Algorithm::RsaOaep)));
    let mut spki = vec![0; 294];
    session.public_key(key, &mut spki).unwrap().value();
    let template = hmac().build().unwrap();
    let form = UnwrapAs::Foreign(&template);
    let kek = |params| (key, Algorithm::RsaOaep, params);
    let good = SHA256.label(b"label");
    let blob = outside::oaep_seal(&spki, Hash::Sha256, b"label", &[7; 32]);
    for damaged in damaged(&blob, 13) {
        refuses(&session, kek(good), &damaged, form, Error::Rejected);
    }
    // Another label, another hash: the same answer.
    for params in [SHA256, SHA256.label(b"labels"), Params::with_hash(Hash::Sha512).label(b"label")] {
        refuses(&session, kek(params), &blob, form, Error::Rejected);
    }
    // Opened, and not a key of the length that the template says.
    for len in [0, 1, 31, 33, 128] {
        let blob = outside::oaep_seal(&spki, Hash::Sha256, b"label", &vec![7; len]);
        refuses(&session, kek(good), &blob, form, Error::Rejected);
    }
    refuses(&session, kek(NONE), &blob, form, Error::InvalidArgument);
    operational(&engine);
    session.unwrap(key, Algorithm::RsaOaep, &good, &blob, form).unwrap().value();
}

/// A blob that opens, with something in it that is no such key: no difference from a wrong check value.
#[test]
fn blobs_that_hold_no_such_key_are_rejected() {
    let engine = engine();
    let session = open(&engine);
    let partner = Partner::of(&session, Algorithm::AesKwp);
    let kek = (partner.kek, Algorithm::AesKwp, NONE);
    let template = |kind, algorithm| {
        Attributes::builder(kind).usage(Usage::SIGN).permit(Rule::any(algorithm)).build().unwrap()
    };
    let p256 = p256::ecdsa::SigningKey::from_slice(&[0x11; 32]).unwrap();
    let point = p256.verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let negated = {
        // The point of -d: right curve, right x, wrong key.
        let x = &p256.verifying_key().to_sec1_point(true).as_bytes().to_vec();
        let flipped = [&[x[0] ^ 1], &x[1..]].concat();
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&flipped).unwrap();
        key.to_sec1_point(false).as_bytes().to_vec()
    };
    let order = outside::unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let ec = |d: &[u8], point: &[u8]| ec_pkcs8(outside::P256, d, point);
    let good = ec(&[0x11; 32], &point);
    let wanted = template(KeyKind::EcP256, Algorithm::EcdsaP256);
    for wrong in [
        ec(&[0; 32], &point),
        ec(&order, &point),
        ec(&[0xff; 32], &point),
        ec(&[0x12; 32], &point),
        ec(&[0x11; 32], &negated),
        ec(&[0x11; 31], &point),
        ec_pkcs8(outside::P384, &[0x11; 32], &point),
        good[..good.len() - 1].to_vec(),
        [good.as_slice(), &[0]].concat(),
        ed25519_pkcs8(&[0x11; 32]),
        outside::rsa(2048).pkcs8(),
        vec![0x11; 32],
        vec![0x30],
    ] {
        refuses(&session, kek, &partner.seal(&wrong), UnwrapAs::Foreign(&wanted), Error::Rejected);
    }

    let wanted = template(KeyKind::Ed25519, Algorithm::Ed25519);
    for wrong in [ed25519_pkcs8(&[0x33; 31]), ed25519_pkcs8(&[0x33; 33]), good.clone()] {
        refuses(&session, kek, &partner.seal(&wrong), UnwrapAs::Foreign(&wanted), Error::Rejected);
    }

    let rsa = outside::rsa(2048).pkcs8();
    let wanted = template(KeyKind::Rsa2048, Algorithm::RsaPss);
    // A bit in each of its numbers.
    for at in (40..rsa.len()).step_by(97) {
        let mut wrong = rsa.clone();
        wrong[at] ^= 4;
        refuses(&session, kek, &partner.seal(&wrong), UnwrapAs::Foreign(&wanted), Error::Rejected);
    }
    let small = der(0x30, &[&integer(&[0]), &integer(&[15]), &integer(&[3])]);
    for wrong in [outside::rsa(3072).pkcs8(), outside::pkcs8(&[&outside::oid(outside::RSA), &[5, 0]], &small)]
    {
        refuses(&session, kek, &partner.seal(&wrong), UnwrapAs::Foreign(&wanted), Error::Rejected);
    }

    let wanted = gcm().usage(Usage::DECRYPT).build().unwrap();
    for len in [1, 16, 24, 31, 33, 4096] {
        refuses(&session, kek, &partner.seal(&vec![7; len]), UnwrapAs::Foreign(&wanted), Error::Rejected);
    }
    operational(&engine);
}

#[test]
fn a_form_has_to_be_that_of_the_algorithm() {
    let session = open(&engine());
    let native = (make(&session, kek()), NATIVE, NONE);
    let partner = Partner::of(&session, Algorithm::AesKwp);
    let kwp = (partner.kek, Algorithm::AesKwp, NONE);
    let limit = Restriction::none();
    let aes = gcm().usage(Usage::DECRYPT).build().unwrap();
    let bare = partner.seal(&[7; 32]);
    refuses(&session, kwp, &bare, UnwrapAs::Native(&limit), Error::InvalidArgument);
    refuses(&session, native, &bare, UnwrapAs::Foreign(&aes), Error::InvalidArgument);
    refuses(&session, native, &bare, UnwrapAs::Native(&limit), Error::Rejected);
    // An algorithm that unwraps nothing; a KEK of another algorithm; a key that is no KEK.
    let form = UnwrapAs::Foreign(&aes);
    refuses(&session, (partner.kek, Algorithm::AesGcm, NONE), &bare, form, Error::Unsupported);
    refuses(&session, (partner.kek, Algorithm::AesKw, NONE), &bare, form, Error::NotPermitted);
    let cipher = make(&session, gcm());
    refuses(&session, (cipher, Algorithm::AesKwp, NONE), &bare, form, Error::NotPermitted);
    refuses(&session, (partner.kek, Algorithm::AesKwp, SHA256), &bare, form, Error::Unsupported);
    // Policies that no key from outside gets: public, deterministic IVs, trusted, somebody else's.
    let public = Attributes::builder(KeyKind::EcP256).public().usage(Usage::VERIFY);
    let counter = Attributes::builder(KeyKind::Aes256).usage(Usage::ENCRYPT);
    let valid = Validity { not_before: Some(1), not_after: None };
    for (policy, error) in [
        (public.permit(Rule::any(Algorithm::EcdsaP256)), Error::NotPermitted),
        (counter.permit(Rule::any(Algorithm::AesGcmCounter)), Error::NotPermitted),
        (kek().trusted(), Error::NotPermitted),
        (gcm().owner(2), Error::NotPermitted),
        (gcm().validity(valid), Error::Unsupported),
    ] {
        let policy = policy.build().unwrap();
        refuses(&session, kwp, &bare, UnwrapAs::Foreign(&policy), error);
    }
    session.unwrap(partner.kek, Algorithm::AesKwp, &NONE, &bare, form).unwrap().value();
}

#[test]
fn a_native_blob_comes_back_with_the_same_rights_or_fewer() {
    let engine = engine();
    let session = open(&engine);
    let kek = (make(&session, kek()), NATIVE, NONE);
    let blob = wrapped(&session, kek, make(&session, p256().export(Export::NATIVE)));
    for wider in [
        Restriction::none().usage(Usage::SIGN.and(Usage::SIGN_DIGEST)),
        Restriction::none().export(Export::INTEROPERABLE),
        Restriction::none().rules(strongroom::Rules::one(Rule::any(Algorithm::EcdsaP256))),
    ] {
        refuses(&session, kek, &blob, UnwrapAs::Native(&wider), Error::NotPermitted);
    }
    let nothing = Restriction::none().usage(Usage::NONE);
    refuses(&session, kek, &blob, UnwrapAs::Native(&nothing), Error::InvalidArgument);
    let narrower = Restriction::none().usage(Usage::VERIFY).export(Export::NONE).uses(7).owner(1);
    let key = session.unwrap(kek.0, NATIVE, &NONE, &blob, UnwrapAs::Native(&narrower)).unwrap().value();
    let info = session.attributes(key).unwrap().value();
    assert_eq!(info.attributes().usage(), Usage::VERIFY);
    assert_eq!(info.attributes().export(), Export::NONE);
    assert_eq!(info.remaining_uses(), Some(7));
    session.destroy(key).unwrap().value();

    // A blob of somebody's own opens for its owner alone.
    let mine = wrapped(&session, kek, make(&session, hmac().export(Export::NATIVE).owner(1)));
    let other = engine.open_session(Subject::user(2), b"").unwrap();
    let limit = Restriction::none();
    refuses(&other, kek, &mine, UnwrapAs::Native(&limit), Error::NotPermitted);
    session.unwrap(kek.0, NATIVE, &NONE, &mine, UnwrapAs::Native(&limit)).unwrap().value();
}

/// Where fields of a native blob stand (docs/wrap-format.md).
const KEY_ID: std::ops::Range<usize> = 23..39;
const ORIGIN: usize = 39;
const STRENGTH: std::ops::Range<usize> = 40..42;
const COUNTED: usize = 42;

/// A native blob as another implementation writes it, which has the KEK.
fn reseal(kek: &[u8], header: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut header = header.to_vec();
    let sealed = u16::try_from(12 + secret.len() + 16).unwrap();
    let end = header.len();
    header[end - 2..].copy_from_slice(&sealed.to_be_bytes());
    let iv = [0x42; 12];
    [&header, iv.as_slice(), &outside::gcm(kek, &iv, &header, secret)].concat()
}

/// Who has the KEK can write blobs that open, and even those bring in nothing that policy refuses.
#[test]
fn blobs_that_are_authentic_still_go_before_policy() {
    let engine = engine();
    let session = open(&engine);
    let partner = Partner::of(&session, Algorithm::AesKwp);
    let (kek_bytes, secret) = ([0x21; 32], [0x77; 32]);
    let kek = (partner.bring(&session, &kek_bytes, kek()), NATIVE, NONE);
    let key = partner.bring(&session, &secret, hmac().export(Export::NATIVE));
    let blob = wrapped(&session, kek, key);
    let (header, sealed) = blob.split_at(blob.len() - 60);
    let expected = outside::gcm(&kek_bytes, &sealed[..12], header, &secret);
    assert_eq!(sealed[12..], expected, "the format is what it is documented to be");

    let limit = Restriction::none();
    let form = UnwrapAs::Native(&limit);
    let with = |change: &dyn Fn(&mut [u8])| {
        let mut header = header.to_vec();
        change(&mut header);
        reseal(&kek_bytes, &header, &secret)
    };
    // IND-2: a key of the general profile never serves in this one.
    let general = with(&|header| header[ORIGIN] |= 16);
    refuses(&session, kek, &general, form, Error::NotPermitted);
    let weak = with(&|header| header[STRENGTH].copy_from_slice(&100u16.to_be_bytes()));
    refuses(&session, kek, &weak, form, Error::NotPermitted);
    let unknown_bit = with(&|header| header[ORIGIN] |= 64);
    refuses(&session, kek, &unknown_bit, form, Error::Rejected);
    let local_and_derived = with(&|header| header[ORIGIN] |= 1 | 32);
    refuses(&session, kek, &local_and_derived, form, Error::Rejected);
    let own_id = with(&|header| header.copy_within(7..23, KEY_ID.start));
    refuses(&session, kek, &own_id, form, Error::Rejected);
    let no_flag = with(&|header| header[COUNTED] = 2);
    refuses(&session, kek, &no_flag, form, Error::Rejected);
    for len in [0, 1, 31, 33, 64] {
        refuses(&session, kek, &reseal(&kek_bytes, header, &vec![7; len]), form, Error::Rejected);
    }

    // A claim of more strength than the KEK has is not believed; all else comes in as it was.
    let strong = with(&|header| header[STRENGTH].copy_from_slice(&256u16.to_be_bytes()));
    let key = session.unwrap(kek.0, NATIVE, &NONE, &strong, form).unwrap().value();
    let info = session.attributes(key).unwrap().value();
    assert_eq!(info.effective_strength(), Strength::of_bits(128));
    assert_eq!(info.id().as_bytes(), &header[KEY_ID]);
    assert!(info.origin().imported());
    let mut tag = [0; 32];
    session.mac(key, Algorithm::Hmac, &SHA256, b"m", &mut tag).unwrap().value();
    assert_eq!(tag.as_slice(), outside::hmac(Hash::Sha256, &secret, b"m"));
    operational(&engine);
}

#[test]
fn weak_keys_and_a_full_store_bring_in_nothing() -> Result<()> {
    let engine =
        Engine::with_store(HeapStore::new(3, 2)).min_strength(Strength::of_bits(128)).power_on().unwrap();
    let session = engine.open_session(Subject::user(1), b"")?;
    let kwp = Attributes::builder(KeyKind::Aes256).usage(Usage::WRAP.and(Usage::UNWRAP));
    let kwp = (make(&session, kwp.permit(Rule::any(Algorithm::AesKwp))), Algorithm::AesKwp, NONE);
    let template = hmac().export(Export::INTEROPERABLE).build()?;
    let key = session.generate(&template)?.value();
    let blob = wrapped(&session, kwp, key);
    // An HMAC key of 120 bits is weaker than this engine's least, whatever it travels under.
    let weak = hmac().length(15).build()?;
    refuses(&session, kwp, &blob, UnwrapAs::Foreign(&weak), Error::NotPermitted);
    let form = UnwrapAs::Foreign(&template);
    for _ in 0..2 {
        session.unwrap(kwp.0, kwp.1, &NONE, &blob, form)?.value();
    }
    refuses(&session, kwp, &blob, form, Error::NoSpace);
    operational(&engine);
    Ok(())
}
