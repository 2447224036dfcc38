//! OAEP over data: only the general profile serves it, and every answer says that it is not approved (RSA-8).

use strongroom::{
    Algorithm, Attributes, AttributesBuilder, Engine, Error, Hash, KeyKind, Outcome, Params, Profile, Reason,
    Rule, Session, Subject, UnwrapAs, Usage,
};

use super::{inventory, make, outside, refused, refused_into, strong_hashes, too_small};
use crate::keys::{SHA256, engine, open, rsa_transport};

const ALGORITHM: Algorithm = Algorithm::RsaOaepData;

fn general() -> Session<'static> {
    let engine = Engine::builder().profile(Profile::General).power_on().unwrap();
    engine.open_session(Subject::user(1), b"").unwrap()
}

fn cipher() -> AttributesBuilder {
    let both = Usage::ENCRYPT.and(Usage::DECRYPT);
    Attributes::builder(KeyKind::Rsa2048).usage(both).permit(Rule::any(ALGORITHM))
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
    refused(session.generate(&cipher().build().unwrap()), Error::NotPermitted);
    let spki = outside::rsa(2048).spki();
    let public =
        Attributes::builder(KeyKind::Rsa2048).public().usage(Usage::ENCRYPT).permit(Rule::any(ALGORITHM));
    refused(session.import_public(&spki, &public.build().unwrap()), Error::NotPermitted);
    assert_eq!(inventory(&session), before);
}

#[test]
fn both_directions_against_others() {
    let session = general();
    let key = make(&session, cipher());
    let mut spki = [0; 294];
    assert_eq!(session.public_key(key, &mut spki).unwrap().value(), spki.len());
    let theirs = outside::rsa(3072);
    let public =
        Attributes::builder(KeyKind::Rsa3072).public().usage(Usage::ENCRYPT).permit(Rule::any(ALGORITHM));
    let public = given(session.import_public(&theirs.spki(), &public.build().unwrap()));
    for hash in strong_hashes() {
        let params = Params::with_hash(hash).label(b"label");
        let most = 256 - 2 * hash.output_len() - 2;
        for len in [0, 1, most] {
            let message = vec![0x5a; len];
            let mut sealed = [0xee; 384];
            assert_eq!(given(session.encrypt(public, ALGORITHM, &params, &message, &mut sealed)).len, 384);
            assert_eq!(theirs.oaep_open(hash, b"label", &sealed).unwrap(), message);

            let sealed = outside::oaep_seal(&spki, hash, b"label", &message);
            let mut opened = vec![0xee; most];
            assert_eq!(given(session.decrypt(key, ALGORITHM, &params, &sealed, &mut opened)), len);
            assert_eq!(opened[..len], message);
            assert!(opened[len..].iter().all(|byte| *byte == 0), "nothing stands behind the message");
        }
        too_small(256, |out| session.encrypt(key, ALGORITHM, &params, b"m", out));
        let sealed = outside::oaep_seal(&spki, hash, b"label", b"message");
        too_small(most, |out| session.decrypt(key, ALGORITHM, &params, &sealed, out));
        let long = vec![0; most + 1];
        refused_into(256, Error::InvalidArgument, |out| session.encrypt(key, ALGORITHM, &params, &long, out));
    }
}

#[test]
fn damage_gets_one_answer() {
    let session = general();
    let key = make(&session, cipher());
    let mut sealed = [0; 256];
    let params = SHA256.label(b"label");
    given(session.encrypt(key, ALGORITHM, &params, b"message", &mut sealed));
    for at in 0..sealed.len() {
        let mut changed = sealed;
        changed[at] ^= 1 << (at % 8);
        refused_into(190, Error::Rejected, |out| session.decrypt(key, ALGORITHM, &params, &changed, out));
    }
    for changed in [&sealed[..255], &[&sealed[..], &[0]].concat(), &[], &[0; 256], &[0xff; 256]] {
        refused_into(190, Error::Rejected, |out| session.decrypt(key, ALGORITHM, &params, changed, out));
    }
    refused_into(190, Error::Rejected, |out| session.decrypt(key, ALGORITHM, &SHA256, &sealed, out));
    let other = Params::with_hash(Hash::Sha3_256).label(b"label");
    refused_into(190, Error::Rejected, |out| session.decrypt(key, ALGORITHM, &other, &sealed, out));
}

/// What a data key decrypts comes out in plaintext: it brings no key in, and a transport key opens no data.
#[test]
fn data_and_keys_have_keys_of_their_own() {
    let session = general();
    let data = make(&session, cipher());
    let transport = make(&session, rsa_transport());
    let template =
        Attributes::builder(KeyKind::Aes128).usage(Usage::ENCRYPT).permit(Rule::any(Algorithm::AesGcm));
    let template = template.build().unwrap();
    let form = UnwrapAs::Foreign(&template);
    let before = inventory(&session);
    for algorithm in [Algorithm::RsaOaep, ALGORITHM] {
        let answer = session.unwrap(data, algorithm, &SHA256, &[7; 256], form);
        assert!(matches!(answer, Err(Error::NotPermitted | Error::Unsupported)), "{answer:?}");
    }
    refused_into(190, Error::NotPermitted, |out| {
        session.decrypt(transport, ALGORITHM, &SHA256, &[7; 256], out)
    });
    assert_eq!(inventory(&session), before);
    // No purpose holds both, and no family.
    let both = Usage::DECRYPT.and(Usage::UNWRAP);
    assert!(Attributes::builder(KeyKind::Rsa2048).usage(both).permit(Rule::any(ALGORITHM)).build().is_err());
    let mixed = cipher().permit(Rule::any(Algorithm::RsaOaep));
    assert!(mixed.build().is_err());
}
