//! secp256k1: only the general profile serves it, and every answer says that it is not approved.

use k256::ecdsa::signature::hazmat::PrehashSigner;
use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Engine, Error, Export, Hash, KeyHandle, KeyKind, Outcome,
    Params, Profile, Reason, Restriction, Rule, Session, Strength, Subject, UnwrapAs, Usage,
};

use super::outside::{self, Partner};
use super::{inventory, make, refused, refused_into, too_small};
use crate::keys::{SHA256, engine, kek, open};

const ALGORITHM: Algorithm = Algorithm::EcdsaSecp256k1;
const SHA3: Params<'static> = Params::with_hash(Hash::Sha3_256);

fn general() -> Session<'static> {
    let engine = Engine::builder().profile(Profile::General).power_on().unwrap();
    engine.open_session(Subject::user(1), b"").unwrap()
}

fn signer() -> AttributesBuilder {
    Attributes::builder(KeyKind::EcSecp256k1)
        .usage(Usage::SIGN.and(Usage::SIGN_DIGEST).and(Usage::VERIFY))
        .permit(Rule::any(ALGORITHM).allow_deterministic())
}

fn verifier() -> Attributes {
    let builder = Attributes::builder(KeyKind::EcSecp256k1).public().usage(Usage::VERIFY);
    builder.permit(Rule::any(ALGORITHM)).build().unwrap()
}

/// The private key on both sides.
fn theirs() -> (k256::ecdsa::SigningKey, Vec<u8>, Vec<u8>) {
    let key = k256::ecdsa::SigningKey::from_slice(&[0x11; 32]).unwrap();
    let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let pkcs8 = outside::ec_pkcs8(outside::SECP256K1, &[0x11; 32], &point);
    (key, point, pkcs8)
}

/// What a not approved service answers.
fn given<T>(answer: strongroom::Result<Outcome<T>>) -> T {
    let (value, indicator) = answer.unwrap().into_parts();
    assert_eq!((indicator.algorithm(), indicator.reason()), (ALGORITHM, Some(Reason::Algorithm)));
    assert!(!indicator.approved() && !indicator.approved_parameters());
    value
}

#[test]
fn the_approved_profile_has_no_such_key() {
    let session = open(&engine());
    let before = inventory(&session);
    refused(session.generate(&signer().build().unwrap()), Error::NotPermitted);
    let (_, point, pkcs8) = theirs();
    let spki = outside::ec_spki(outside::SECP256K1, &point);
    refused(session.import_public(&spki, &verifier()), Error::NotPermitted);
    assert_eq!(inventory(&session), before);
    let partner = Partner::of(&session, Algorithm::AesKwp);
    let before = inventory(&session);
    let template = signer().build().unwrap();
    let form = UnwrapAs::Foreign(&template);
    let sealed = partner.seal(&pkcs8);
    let answer = session.unwrap(partner.kek, Algorithm::AesKwp, &Params::NONE, &sealed, form);
    refused(answer, Error::NotPermitted);
    assert_eq!(inventory(&session), before);
}

#[test]
fn a_key_signs_and_others_verify() {
    let session = general();
    let key = given(session.generate(&signer().build().unwrap()));
    let info = session.attributes(key).unwrap().value();
    assert_eq!(info.effective_strength(), Strength::of_bits(128));
    assert!(info.origin().pairwise_tested());
    let mut spki = [0; 88];
    assert_eq!(session.public_key(key, &mut spki).unwrap().value(), spki.len());
    let public = given(session.import_public(&spki, &verifier()));
    for (params, hash) in [(SHA256, Hash::Sha256), (SHA3, Hash::Sha3_256)] {
        let digest = outside::digest(hash, b"message");
        for params in [params, params.deterministic()] {
            let (mut one, mut two) = ([0; 64], [0; 64]);
            assert_eq!(given(session.sign(key, ALGORITHM, &params, b"message", &mut one)), 64);
            assert_eq!(given(session.sign_digest(key, ALGORITHM, &params, &digest, &mut two)), 64);
            for made in [one, two] {
                assert!(outside::verifies(ALGORITHM, Some(hash), &spki, b"message", &made));
                // Ledgers take the lesser s only.
                let made = k256::ecdsa::Signature::from_slice(&made).unwrap();
                assert!(made.normalize_s() == made);
            }
            for key in [key, public] {
                let params = Params::with_hash(hash);
                given(session.verify(key, ALGORITHM, &params, b"message", &one));
                given(session.verify_digest(key, ALGORITHM, &params, &digest, &two));
                refused(session.verify(key, ALGORITHM, &params, b"massage", &one), Error::Rejected);
                for at in 0..64 {
                    let mut wrong = one;
                    wrong[at] ^= 1 << (at % 8);
                    refused(session.verify(key, ALGORITHM, &params, b"message", &wrong), Error::Rejected);
                }
            }
        }
        too_small(64, |out| session.sign(key, ALGORITHM, &params, b"message", out));
    }
    for hash in [Hash::Sha384, Hash::Sha512, Hash::Sha512_256] {
        let params = Params::with_hash(hash);
        refused_into(64, Error::Unsupported, |out| session.sign(key, ALGORITHM, &params, b"m", out));
    }
    // In pieces.
    let context = session.sign_start(key, ALGORITHM, &SHA256).unwrap();
    session.update(&context, b"mes").unwrap();
    session.update(&context, b"sage").unwrap();
    let mut made = [0; 64];
    assert_eq!(given(session.sign_finish(&context, &mut made)), 64);
    given(session.verify(public, ALGORITHM, &SHA256, b"message", &made));
}

#[test]
fn a_key_verifies_what_others_sign_whichever_s() {
    let session = general();
    let (key, point, _) = theirs();
    let spki = outside::ec_spki(outside::SECP256K1, &point);
    let public = given(session.import_public(&spki, &verifier()));
    let made: k256::ecdsa::Signature = key.sign_prehash(&outside::digest(Hash::Sha256, b"message")).unwrap();
    given(session.verify(public, ALGORITHM, &SHA256, b"message", &made.to_bytes()));
    let greater = k256::ecdsa::Signature::from_scalars(made.r().to_bytes(), (-*made.s()).to_bytes()).unwrap();
    assert!(greater.normalize_s() == made && greater != made);
    given(session.verify(public, ALGORITHM, &SHA256, b"message", &greater.to_bytes()));
    // A point of another curve, one off the curve, and a compressed one.
    let before = inventory(&session);
    let mut off = point.clone();
    off[64] ^= 1;
    refused(session.import_public(&outside::ec_spki(outside::SECP256K1, &off), &verifier()), Error::Rejected);
    let other = outside::ec_spki(outside::P256, &point);
    refused(session.import_public(&other, &verifier()), Error::InvalidArgument);
    assert_eq!(inventory(&session), before);
    let compressed = key.verifying_key().to_sec1_point(true).as_bytes().to_vec();
    let again = given(session.import_public(&outside::ec_spki(outside::SECP256K1, &compressed), &verifier()));
    let mut out = [0; 88];
    session.public_key(again, &mut out).unwrap().value();
    assert_eq!(out.as_slice(), spki);
}

#[test]
fn a_key_travels_natively_and_as_pkcs8() {
    let session = general();
    let (theirs, point, pkcs8) = theirs();
    let deterministic = |key: KeyHandle| {
        let mut out = [0; 64];
        given(session.sign(key, ALGORITHM, &SHA256.deterministic(), b"message", &mut out));
        out
    };
    let made: k256::ecdsa::Signature =
        theirs.sign_prehash(&outside::digest(Hash::Sha256, b"message")).unwrap();

    let partner = Partner::of(&session, Algorithm::AesKwp);
    let key = partner.bring(&session, &pkcs8, signer().export(Export::INTEROPERABLE));
    assert_eq!(deterministic(key), made.to_bytes().as_slice());
    let mut blob = [0; 160];
    let none = Params::NONE;
    let len = session.wrap(partner.kek, Algorithm::AesKwp, &none, key, &mut blob).unwrap().value();
    assert_eq!(blob[..len], partner.seal(&pkcs8));
    let told = session.wrapped_len(partner.kek, Algorithm::AesKwp, key).unwrap().value();
    assert!(len <= told);

    let native = make(&session, kek());
    let mut blob = [0; 512];
    let len = session.wrap(native, Algorithm::NativeWrap, &none, key, &mut blob).unwrap().value();
    session.destroy(key).unwrap().value();
    let limit = Restriction::none();
    let form = UnwrapAs::Native(&limit);
    let back = session.unwrap(native, Algorithm::NativeWrap, &none, &blob[..len], form).unwrap().value();
    assert_eq!(deterministic(back), made.to_bytes().as_slice());

    // A scalar out of range, a point of another key, another curve, and a blob cut short.
    let template = signer().build().unwrap();
    let before = inventory(&session);
    let generator = k256::ecdsa::SigningKey::from_slice(&outside::unhex(ONE)).unwrap();
    let generator = generator.verifying_key().to_sec1_point(false).as_bytes().to_vec();
    for wrong in [
        outside::ec_pkcs8(outside::SECP256K1, &[0; 32], &point),
        outside::ec_pkcs8(outside::SECP256K1, &[0xff; 32], &point),
        outside::ec_pkcs8(outside::SECP256K1, &[0x11; 32], &generator),
        outside::ec_pkcs8(outside::P256, &[0x11; 32], &point),
        outside::ec_pkcs8(outside::SECP256K1, &[0x11; 31], &point),
        pkcs8[..pkcs8.len() - 1].to_vec(),
    ] {
        let form = UnwrapAs::Foreign(&template);
        let answer = session.unwrap(partner.kek, Algorithm::AesKwp, &none, &partner.seal(&wrong), form);
        refused(answer, Error::Rejected);
    }
    assert_eq!(inventory(&session), before);
}

const ONE: &str = "0000000000000000000000000000000000000000000000000000000000000001";

/// Keys on this curve sign and do nothing else.
#[test]
fn there_is_no_agreement_on_it() {
    for algorithm in [Algorithm::EcdhP256, Algorithm::EcdhP384, Algorithm::EcdhP521] {
        let builder = Attributes::builder(KeyKind::EcSecp256k1).usage(Usage::AGREE);
        assert_eq!(builder.permit(Rule::any(algorithm)).build().unwrap_err(), Error::InvalidArgument);
    }
}
