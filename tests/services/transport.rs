//! Keys going out, and coming back: native blobs, KW, KWP and OAEP.

use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Caveats, Error, Export, Hash, KeyHandle, KeyKind, Params,
    Restriction, Rule, Session, Strength, Subject, UnwrapAs, Usage,
};

use super::lifecycle::every_kind;
use super::outside::{self, Partner};
use super::{
    approved, bytes, inventory, make, refused, refused_into, served, strong_hashes, too_small, uses_left,
    usual, with_officers,
};
use crate::keys::{SHA256, engine, gcm, hmac, kek, open, p256, rsa_transport};

const NATIVE: Algorithm = Algorithm::NativeWrap;
const NONE: Params<'static> = Params::NONE;

fn bare_kek(kind: KeyKind, algorithm: Algorithm) -> AttributesBuilder {
    Attributes::builder(kind).usage(Usage::WRAP.and(Usage::UNWRAP)).permit(Rule::any(algorithm))
}

/// An AES key that may leave in any form, and that nothing counts.
fn payload(kind: KeyKind) -> AttributesBuilder {
    let builder = Attributes::builder(kind).usage(Usage::DECRYPT).permit(Rule::any(Algorithm::AesGcm));
    builder.export(Export::INTEROPERABLE)
}

fn wrapped(session: &Session<'_>, kek: KeyHandle, algorithm: Algorithm, key: KeyHandle) -> Vec<u8> {
    let mut out = vec![0; 4096];
    let len = session.wrap(kek, algorithm, &NONE, key, &mut out).unwrap().value();
    out.truncate(len);
    out
}

#[test]
fn every_kind_travels_in_native_form_and_is_the_same_key() {
    let engine = engine();
    let session = open(&engine);
    let kek = make(&session, kek());
    let limit = Restriction::none();
    let unwrap = |blob: &[u8]| session.unwrap(kek, NATIVE, &NONE, blob, UnwrapAs::Native(&limit));
    for (builder, algorithm, bits) in every_kind() {
        let key = make(&session, builder.export(Export::NATIVE).persistent().owner(1).label(b"label"));
        let before = served(session.attributes(key), algorithm, Some(bits));
        let told = session.wrapped_len(kek, NATIVE, key).unwrap().value();
        too_small(told, |out| session.wrap(kek, NATIVE, &NONE, key, out));
        let left = session.attributes(key).unwrap().value().remaining_uses();
        assert_eq!(left, before.remaining_uses(), "nothing was charged");
        let blob = bytes(NATIVE, Some(256), |out| session.wrap(kek, NATIVE, &NONE, key, out));
        assert_eq!(blob.len(), told);

        // While the key lives, its blob does not become a second one.
        let kept = inventory(&session);
        refused(unwrap(&blob), Error::NotPermitted);
        assert_eq!(inventory(&session), kept);

        session.destroy(key).unwrap().value();
        let key = served(unwrap(&blob), NATIVE, Some(256));
        let after = served(session.attributes(key), algorithm, Some(bits));
        assert_eq!(after.id(), before.id());
        assert_eq!(after.attributes(), before.attributes());
        assert_eq!(after.origin(), before.origin());
        assert_eq!(after.effective_strength(), Strength::of_bits(bits));
        // Without a usage log deterministic IVs might have been made before, so there are no more.
        let share = match algorithm {
            Algorithm::AesGcmCounter => Some(0),
            _ => before.remaining_uses().map(|uses| uses / 2),
        };
        assert_eq!(after.remaining_uses(), share);
        session.destroy(key).unwrap().value();
    }
    super::operational(&engine);
}

#[test]
fn a_key_that_came_back_does_what_it_did() {
    let session = open(&engine());
    let kek = make(&session, kek());
    let there_and_back = |key| {
        let blob = wrapped(&session, kek, NATIVE, key);
        session.destroy(key).unwrap().value();
        let limit = Restriction::none();
        session.unwrap(kek, NATIVE, &NONE, &blob, UnwrapAs::Native(&limit)).unwrap().value()
    };
    let signer = make(&session, p256().export(Export::NATIVE));
    let mut signature = [0; 64];
    session.sign(signer, Algorithm::EcdsaP256, &SHA256, b"m", &mut signature).unwrap().value();
    let signer = there_and_back(signer);
    session.verify(signer, Algorithm::EcdsaP256, &SHA256, b"m", &signature).unwrap().value();

    let key = make(&session, gcm().export(Export::NATIVE));
    let mut sealed = [0; 17];
    let made = session.encrypt(key, Algorithm::AesGcm, &NONE, b"m", &mut sealed).unwrap().value();
    let key = there_and_back(key);
    let mut out = [0; 1];
    let params = NONE.iv(made.iv.as_bytes());
    session.decrypt(key, Algorithm::AesGcm, &params, &sealed, &mut out).unwrap().value();
    assert_eq!(&out, b"m");
    session.encrypt(key, Algorithm::AesGcm, &NONE, b"m", &mut sealed).unwrap().value();

    // A KEK travels, and still opens what it wrapped.
    let inner = make(&session, crate::keys::kek());
    let blob = wrapped(&session, inner, NATIVE, signer);
    session.destroy(signer).unwrap().value();
    let inner = there_and_back(inner);
    let limit = Restriction::none();
    let signer = session.unwrap(inner, NATIVE, &NONE, &blob, UnwrapAs::Native(&limit)).unwrap().value();
    session.verify(signer, Algorithm::EcdsaP256, &SHA256, b"m", &signature).unwrap().value();
}

/// Keys whose bytes both sides know leave in exactly the form that another implementation makes.
#[test]
fn bare_forms_are_those_of_others() {
    let session = open(&engine());
    for algorithm in [Algorithm::AesKw, Algorithm::AesKwp] {
        let partner = Partner::of(&session, algorithm);
        for (kind, len) in [(KeyKind::Aes128, 16), (KeyKind::Aes192, 24), (KeyKind::Aes256, 32)] {
            let secret: Vec<u8> = (0..len).collect();
            let key = partner.bring(&session, &secret, payload(kind));
            let told = session.wrapped_len(partner.kek, algorithm, key).unwrap().value();
            let wrap = |out: &mut [u8]| session.wrap(partner.kek, algorithm, &NONE, key, out);
            too_small(told, wrap);
            let blob = bytes(algorithm, Some(128), wrap);
            assert_eq!(blob, partner.seal(&secret));
            assert_eq!(blob.len(), told);
        }
    }

    let partner = Partner::of(&session, Algorithm::AesKwp);
    let seal = |key| wrapped(&session, partner.kek, Algorithm::AesKwp, key);
    for len in [14, 15, 16, 17, 128] {
        let secret: Vec<u8> = (1..=len).collect();
        let builder = hmac().length(u16::from(len)).export(Export::INTEROPERABLE);
        assert_eq!(seal(partner.bring(&session, &secret, builder)), partner.seal(&secret));
    }
    let p256 = p256::ecdsa::SigningKey::from_slice(&[0x11; 32]).unwrap();
    let point = p256.verifying_key().to_sec1_point(false);
    let p384 = p384::ecdsa::SigningKey::from_slice(&[0x22; 48]).unwrap();
    let point384 = p384.verifying_key().to_sec1_point(false);
    let p521 = p521::ecdsa::SigningKey::from_slice(&outside::D521).unwrap();
    let point521 = p521.verifying_key().to_sec1_point(false);
    for (kind, algorithm, pkcs8) in [
        (
            KeyKind::EcP256,
            Algorithm::EcdsaP256,
            outside::ec_pkcs8(outside::P256, &[0x11; 32], point.as_bytes()),
        ),
        (
            KeyKind::EcP384,
            Algorithm::EcdsaP384,
            outside::ec_pkcs8(outside::P384, &[0x22; 48], point384.as_bytes()),
        ),
        (
            KeyKind::EcP521,
            Algorithm::EcdsaP521,
            outside::ec_pkcs8(outside::P521, &outside::D521, point521.as_bytes()),
        ),
        (KeyKind::Ed25519, Algorithm::Ed25519, outside::ed25519_pkcs8(&[0x33; 32])),
        (KeyKind::Rsa2048, Algorithm::RsaPss, outside::rsa(2048).pkcs8()),
        (KeyKind::Rsa3072, Algorithm::RsaPss, outside::rsa(3072).pkcs8()),
        (KeyKind::Rsa4096, Algorithm::RsaPkcs1, outside::rsa(4096).pkcs8()),
    ] {
        let builder = Attributes::builder(kind).usage(Usage::SIGN).permit(Rule::any(algorithm));
        let key = partner.bring(&session, &pkcs8, builder.export(Export::INTEROPERABLE));
        let told = session.wrapped_len(partner.kek, Algorithm::AesKwp, key).unwrap().value();
        let blob = seal(key);
        assert_eq!(blob, partner.seal(&pkcs8), "{kind:?}");
        assert!(blob.len() <= told);
    }
}

#[test]
fn oaep_brings_keys_in_at_the_strength_of_the_transport() {
    let session = open(&engine());
    let builder = bare_kek(KeyKind::Rsa2048, Algorithm::RsaOaep);
    let kek = make(&session, builder);
    let mut spki = vec![0; 294];
    session.public_key(kek, &mut spki).unwrap().value();
    let template = hmac().build().unwrap();
    for hash in strong_hashes() {
        for label in [b"".as_slice(), b"label"] {
            let secret = [0x77; 32];
            let blob = outside::oaep_seal(&spki, hash, label, &secret);
            let params = Params::with_hash(hash).label(label);
            let form = UnwrapAs::Foreign(&template);
            let came = session.unwrap(kek, Algorithm::RsaOaep, &params, &blob, form).unwrap();
            let (key, indicator) = came.into_parts();
            assert_eq!(indicator.algorithm(), Algorithm::RsaOaep);
            assert_eq!(indicator.strength(), Some(Strength::of_bits(112)));
            assert_eq!(indicator.reason(), None);
            assert_eq!(indicator.caveats(), usual().and(Caveats::TRANSPORT_STRENGTH));
            let info = session.attributes(key).unwrap().value();
            assert!(info.origin().imported());
            assert!(!info.origin().never_extractable() && !info.origin().always_sensitive());
            assert_eq!(info.effective_strength(), Strength::of_bits(112));
            // Every use of the key says so too.
            let mut tag = [0; 32];
            let made = session.mac(key, Algorithm::Hmac, &SHA256, b"m", &mut tag).unwrap();
            assert_eq!(made.indicator().strength(), Some(Strength::of_bits(112)));
            assert_eq!(made.indicator().caveats(), usual().and(Caveats::TRANSPORT_STRENGTH));
            assert!(made.indicator().approved_parameters());
            assert_eq!(tag.as_slice(), outside::hmac(Hash::Sha256, &secret, b"m"));
            session.destroy(key).unwrap().value();
        }
    }
}

#[test]
fn oaep_takes_keys_out_to_others() {
    let session = open(&engine());
    let theirs = outside::rsa(3072);
    let template = Attributes::builder(KeyKind::Rsa3072).public().usage(Usage::WRAP);
    let template = template.permit(Rule::any(Algorithm::RsaOaep)).build().unwrap();
    let kek = session.import_public(&theirs.spki(), &template).unwrap().value();
    for hash in strong_hashes() {
        let builder = Attributes::builder(KeyKind::Aes128).usage(Usage::ENCRYPT);
        let rule = Rule::any(Algorithm::AesGcm);
        let key = make(&session, builder.permit(rule).export(Export::INTEROPERABLE));
        let params = Params::with_hash(hash).label(b"label");
        let wrap = |out: &mut [u8]| session.wrap(kek, Algorithm::RsaOaep, &params, key, out);
        let blob = bytes(Algorithm::RsaOaep, Some(128), wrap);
        assert_eq!(blob.len(), 384);
        assert_eq!(session.wrapped_len(kek, Algorithm::RsaOaep, key).unwrap().value(), 384);
        too_small(384, wrap);
        assert_eq!(theirs.oaep_open(hash, b"another", &blob), None);
        let secret = theirs.oaep_open(hash, b"label", &blob).unwrap();
        // They hold the key: what the engine encrypts is what they would.
        let mut sealed = [0; 23];
        let made = session.encrypt(key, Algorithm::AesGcm, &NONE, b"message", &mut sealed).unwrap();
        let iv = made.value().iv;
        assert_eq!(sealed.as_slice(), outside::gcm(&secret, iv.as_bytes(), b"", b"message"));
    }
    // A public key opens nothing.
    let form = payload(KeyKind::Aes128).build().unwrap();
    let unwrap = session.unwrap(kek, Algorithm::RsaOaep, &SHA256, &[0; 384], UnwrapAs::Foreign(&form));
    refused(unwrap, Error::NotPermitted);
}

#[test]
fn what_must_not_leave_does_not() {
    let engine = with_officers();
    let session = open(&engine);
    let native = make(&session, kek());
    let kw = make(&session, bare_kek(KeyKind::Aes256, Algorithm::AesKw));
    let kwp = make(&session, bare_kek(KeyKind::Aes256, Algorithm::AesKwp));
    let weak = make(&session, bare_kek(KeyKind::Aes128, Algorithm::AesKwp));
    let key = |export| {
        let builder = Attributes::builder(KeyKind::Aes256).usage(Usage::DECRYPT);
        make(&session, builder.permit(Rule::any(Algorithm::AesGcm)).export(export))
    };
    let wrap = |kek, algorithm, key, error| {
        let before = inventory(&session);
        refused_into(2048, error, |out| session.wrap(kek, algorithm, &NONE, key, out));
        assert_eq!(inventory(&session), before);
    };
    let (stays, own, anywhere) = (key(Export::NONE), key(Export::NATIVE), key(Export::INTEROPERABLE));
    // The export rule of the key.
    wrap(native, NATIVE, stays, Error::NotPermitted);
    wrap(kw, Algorithm::AesKw, stays, Error::NotPermitted);
    wrap(kw, Algorithm::AesKw, own, Error::NotPermitted);
    let trusting = [key(Export::NATIVE.trusted_only()), key(Export::INTEROPERABLE.trusted_only())];
    wrap(native, NATIVE, trusting[0], Error::NotPermitted);
    wrap(kw, Algorithm::AesKw, trusting[1], Error::NotPermitted);
    // STR-2: not under a weaker key; not under itself.
    wrap(weak, Algorithm::AesKwp, anywhere, Error::NotPermitted);
    let itself = make(&session, bare_kek(KeyKind::Aes128, Algorithm::AesKw).export(Export::INTEROPERABLE));
    wrap(itself, Algorithm::AesKw, itself, Error::NotPermitted);
    // A KEK has one format and the usage; what is no KEK wraps nothing.
    wrap(kw, Algorithm::AesKwp, anywhere, Error::NotPermitted);
    wrap(kw, NATIVE, anywhere, Error::NotPermitted);
    wrap(anywhere, Algorithm::AesKw, own, Error::NotPermitted);
    wrap(kw, Algorithm::AesGcm, anywhere, Error::Unsupported);
    let opener = Attributes::builder(KeyKind::Aes256).usage(Usage::UNWRAP);
    let opener = make(&session, opener.permit(Rule::any(NATIVE)));
    wrap(opener, NATIVE, own, Error::NotPermitted);
    // A public key leaves as what it is.
    let pair = make(&session, p256());
    let mut spki = [0; 91];
    session.public_key(pair, &mut spki).unwrap().value();
    let template = Attributes::builder(KeyKind::EcP256).public().usage(Usage::VERIFY);
    let template = template.permit(Rule::any(Algorithm::EcdsaP256)).build().unwrap();
    let public = session.import_public(&spki, &template).unwrap().value();
    wrap(native, NATIVE, public, Error::InvalidArgument);
    // Forms that an algorithm cannot carry: KW takes whole semiblocks, two at least.
    let odd = make(&session, hmac().length(31).export(Export::INTEROPERABLE));
    wrap(kw, Algorithm::AesKw, odd, Error::InvalidArgument);
    wrapped(&session, kwp, Algorithm::AesKwp, odd);

    // What is for trusted KEKs leaves under one, which an officer made.
    let officer = engine.open_session(Subject::officer(9), b"").unwrap();
    let trusted = make(&officer, kek().trusted());
    wrapped(&session, trusted, NATIVE, trusting[0]);
    // Somebody else's key leaves for nobody, its officer included.
    let mine = make(&session, payload(KeyKind::Aes256).owner(1));
    refused_into(300, Error::UnknownKey, |out| officer.wrap(trusted, NATIVE, &NONE, mine, out));
    let other = engine.open_session(Subject::user(2), b"").unwrap();
    refused_into(300, Error::UnknownKey, |out| other.wrap(native, NATIVE, &NONE, mine, out));
    approved(
        session.wrap(native, NATIVE, &NONE, mine, &mut [0; 300]).unwrap().indicator(),
        NATIVE,
        Some(256),
    );
}

/// Under OAEP a key has to fit beside the padding.
#[test]
fn what_does_not_fit_under_oaep_does_not_leave() {
    let session = open(&engine());
    let kek = make(&session, rsa_transport());
    let mut spki = vec![0; 294];
    session.public_key(kek, &mut spki).unwrap().value();
    let long = outside::oaep_seal(&spki, Hash::Sha256, b"", &[7; 128]);
    let template = hmac().length(128).export(Export::INTEROPERABLE).build().unwrap();
    let form = UnwrapAs::Foreign(&template);
    let key = session.unwrap(kek, Algorithm::RsaOaep, &SHA256, &long, form).unwrap().value();
    bytes(Algorithm::RsaOaep, Some(112), |out| session.wrap(kek, Algorithm::RsaOaep, &SHA256, key, out));
    // 256 - 2 * 64 - 2 bytes are left with SHA-512.
    let wide = make(&session, bare_kek(KeyKind::Rsa2048, Algorithm::RsaOaep));
    let sha512 = Params::with_hash(Hash::Sha512);
    refused_into(256, Error::InvalidArgument, |out| {
        session.wrap(wide, Algorithm::RsaOaep, &sha512, key, out)
    });
    // A stronger key does not leave under it at all, and a hash has to be given, from the rule.
    let strong = make(&session, hmac().export(Export::INTEROPERABLE));
    for (params, key, error) in [
        (SHA256, strong, Error::NotPermitted),
        (sha512, key, Error::NotPermitted),
        (NONE, key, Error::InvalidArgument),
        (SHA256.aad(b"x"), key, Error::InvalidArgument),
    ] {
        refused_into(256, error, |out| session.wrap(kek, Algorithm::RsaOaep, &params, key, out));
    }
}

#[test]
fn wrapping_is_counted_and_shares_out_the_uses_of_the_key() {
    let session = open(&engine());
    let kek = make(&session, kek().uses(3));
    let key = make(&session, hmac().uses(100).export(Export::NATIVE));
    let wrap = |out: &mut [u8]| session.wrap(kek, NATIVE, &NONE, key, out);
    let len = session.wrapped_len(kek, NATIVE, key).unwrap().value();
    too_small(len, wrap);
    let stays = make(&session, hmac());
    refused_into(300, Error::NotPermitted, |out| session.wrap(kek, NATIVE, &NONE, stays, out));
    assert_eq!((uses_left(&session, kek), uses_left(&session, key)), (3, 100), "nothing was charged");
    let blob = bytes(NATIVE, Some(256), wrap);
    assert_eq!((uses_left(&session, kek), uses_left(&session, key)), (2, 50));
    session.destroy(key).unwrap().value();
    let limit = Restriction::none();
    let unwrap = |blob: &[u8]| session.unwrap(kek, NATIVE, &NONE, blob, UnwrapAs::Native(&limit));
    // Bytes that cannot be a blob cost the KEK nothing; a wrong tag does.
    refused(unwrap(&blob[1..]), Error::Rejected);
    assert_eq!(uses_left(&session, kek), 2);
    let key = unwrap(&blob).unwrap().value();
    assert_eq!((uses_left(&session, kek), uses_left(&session, key)), (1, 50));
    session.destroy(key).unwrap().value();
    let mut changed = blob.clone();
    *changed.last_mut().unwrap() ^= 1;
    refused(unwrap(&changed), Error::Rejected);
    assert_eq!(uses_left(&session, kek), 0);
    refused(unwrap(&blob), Error::LimitReached);
    refused_into(300, Error::LimitReached, |out| {
        let key = make(&session, hmac().export(Export::NATIVE));
        session.wrap(kek, NATIVE, &NONE, key, out)
    });
    // A key without uses to give does not leave.
    let (kek, key) =
        (make(&session, crate::keys::kek()), make(&session, hmac().uses(1).export(Export::NATIVE)));
    wrapped(&session, kek, NATIVE, key);
    refused_into(300, Error::LimitReached, |out| session.wrap(kek, NATIVE, &NONE, key, out));
}
