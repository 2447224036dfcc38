//! The engine: through a session, one at a time and in batches.

use std::hint::black_box;
use std::rc::Rc;

use strongroom::{
    AgreeItem, Algorithm, Attributes, Backend, Engine, Export, Hash, Kdf, KeyHandle, KeyKind, Params,
    Profile, Rule, Session, SignItem, Subject, Usage, VerifyItem,
};

use super::{AAD, MESSAGE};
use crate::measure::Side;
use crate::task::{Scheme, Task};

pub struct Rig {
    pub engine: Engine,
    pub session: Session<'static>,
}

/// An engine that serves everything (secp256k1 is not approved), with the implementations that it chooses or with
/// these.
pub fn rig(backend: Option<Backend>) -> Rc<Rig> {
    let mut builder = Engine::builder().profile(Profile::General);
    if let Some(backend) = backend {
        builder = builder.backend(backend).expect("backend");
    }
    let engine = builder.power_on().expect("power-on");
    let session = open(&engine);
    Rc::new(Rig { engine, session })
}

pub fn open(engine: &Engine) -> Session<'static> {
    engine.open_session(Subject::user(1), b"").expect("session")
}

const SIGNS: Usage = Usage::SIGN.and(Usage::VERIFY);
const AGREEMENT: Params<'static> = Params::with_hash(Hash::Sha256).kdf(Kdf::Hkdf).info(b"peers");

fn facts(scheme: Scheme) -> (KeyKind, Algorithm, Option<Hash>) {
    match scheme {
        Scheme::P256 => (KeyKind::EcP256, Algorithm::EcdsaP256, Some(Hash::Sha256)),
        Scheme::P384 => (KeyKind::EcP384, Algorithm::EcdsaP384, Some(Hash::Sha384)),
        Scheme::P521 => (KeyKind::EcP521, Algorithm::EcdsaP521, Some(Hash::Sha512)),
        Scheme::Secp256k1 => (KeyKind::EcSecp256k1, Algorithm::EcdsaSecp256k1, Some(Hash::Sha256)),
        Scheme::Ed25519 => (KeyKind::Ed25519, Algorithm::Ed25519, None),
        Scheme::Rsa(2048) => (KeyKind::Rsa2048, Algorithm::RsaPkcs1, Some(Hash::Sha256)),
        Scheme::Rsa(3072) => (KeyKind::Rsa3072, Algorithm::RsaPkcs1, Some(Hash::Sha256)),
        Scheme::Rsa(_) => (KeyKind::Rsa4096, Algorithm::RsaPkcs1, Some(Hash::Sha256)),
        Scheme::MlDsa65 => (KeyKind::MlDsa65, Algorithm::MlDsa, None),
    }
}

fn rule(algorithm: Algorithm, hash: Option<Hash>) -> Rule {
    hash.map_or(Rule::any(algorithm), |hash| Rule::hashed(algorithm, hash))
}

/// Algorithm and parameters of a signature.
fn chosen(scheme: Scheme) -> (Algorithm, Params<'static>) {
    let (_, algorithm, hash) = facts(scheme);
    (algorithm, hash.map_or(Params::NONE, Params::with_hash))
}

fn signing(scheme: Scheme) -> Attributes {
    let (kind, algorithm, hash) = facts(scheme);
    Attributes::builder(kind).usage(SIGNS).permit(rule(algorithm, hash)).build().expect("policy")
}

/// A key that stays while sessions come and go.
fn key(session: &Session<'_>, kind: KeyKind, usage: Usage, rule: Rule) -> KeyHandle {
    let mut builder =
        Attributes::builder(kind).usage(usage).permit(rule).export(Export::INTEROPERABLE).persistent();
    if kind == KeyKind::Hmac {
        builder = builder.length(32);
    }
    session.generate(&builder.build().expect("policy")).expect("key").value()
}

fn signing_key(session: &Session<'_>, scheme: Scheme) -> KeyHandle {
    let (kind, algorithm, hash) = facts(scheme);
    key(session, kind, SIGNS, rule(algorithm, hash))
}

fn signature(session: &Session<'_>, key: KeyHandle, scheme: Scheme) -> Vec<u8> {
    let (algorithm, params) = chosen(scheme);
    let mut out = vec![0; 4096];
    let len = session.sign(key, algorithm, &params, &MESSAGE, &mut out).expect("signature").value();
    out.truncate(len);
    out
}

/// What agreements and encapsulations make: a MAC key that lives as long as the session.
fn secret() -> Attributes {
    let builder = Attributes::builder(KeyKind::Hmac).length(32).usage(Usage::MAC);
    builder.permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256)).build().expect("policy")
}

fn agreeing() -> Attributes {
    let rule = Rule::any(Algorithm::EcdhP256);
    Attributes::builder(KeyKind::EcP256).usage(Usage::AGREE).permit(rule).build().expect("policy")
}

/// The key's public half as an uncompressed point, which ends its SubjectPublicKeyInfo.
fn point(session: &Session<'_>, key: KeyHandle) -> Vec<u8> {
    let mut spki = [0; 128];
    let len = session.public_key(key, &mut spki).expect("public key").value();
    spki[len - 65..len].to_vec()
}

/// A key that every thread can use for the task, and the task done by a session.
pub fn shared(session: &Session<'_>, task: Task) -> impl Fn(&Session<'_>, &mut [u8]) + Copy + Send + Sync {
    let algorithm = match task {
        Task::GcmCounter(_) => Algorithm::AesGcmCounter,
        _ => Algorithm::AesGcm,
    };
    let (key, scheme) = match task {
        Task::Sign(scheme) => (signing_key(session, scheme), Some(scheme)),
        _ => {
            let usage = Usage::ENCRYPT.and(Usage::DECRYPT);
            (key(session, KeyKind::Aes256, usage, Rule::any(algorithm)), None)
        }
    };
    let len = task.bytes().unwrap_or(0);
    move |session, out| match scheme {
        Some(scheme) => {
            let (algorithm, params) = chosen(scheme);
            let _ = session.sign(key, algorithm, &params, &MESSAGE, out).expect("signature");
        }
        None => {
            let input = [0x5a; 1024];
            let sealed = session.encrypt(key, algorithm, &Params::NONE.aad(&AAD), &input[..len], out);
            let _ = sealed.expect("sealed");
        }
    }
}

/// One operation through a session. New keys are destroyed again inside the clock: a store is finite.
pub fn side(rig: &Rc<Rig>, task: Task) -> Option<Side> {
    let rig = Rc::clone(rig);
    let session = &rig.session;
    Some(match task {
        Task::Sign(scheme) => {
            let (key, (algorithm, params)) = (signing_key(session, scheme), chosen(scheme));
            let mut out = vec![0; 4096];
            Box::new(move || {
                let made = rig.session.sign(key, algorithm, &params, black_box(&MESSAGE), &mut out);
                black_box(made.unwrap().value());
            })
        }
        Task::Verify(scheme) => {
            let (key, (algorithm, params)) = (signing_key(session, scheme), chosen(scheme));
            let made = signature(session, key, scheme);
            Box::new(move || {
                rig.session.verify(key, algorithm, &params, black_box(&MESSAGE), &made).unwrap().value();
            })
        }
        Task::Generate(scheme) => generate(rig, signing(scheme)),
        Task::KemGenerate => generate(rig, kem()),
        Task::Agree => {
            let own = session.generate(&agreeing()).unwrap().value();
            let other = session.generate(&agreeing()).unwrap().value();
            let (peer, template) = (point(session, other), secret());
            Box::new(move || {
                let session = &rig.session;
                let made =
                    session.agree(own, Algorithm::EcdhP256, &AGREEMENT, black_box(&peer), &template).unwrap();
                session.destroy(made.value()).unwrap().value();
            })
        }
        Task::Encapsulate => {
            let (key, template) = (session.generate(&kem()).unwrap().value(), secret());
            let mut out = vec![0; 1088];
            Box::new(move || {
                let session = &rig.session;
                let made = session.encapsulate(key, Algorithm::MlKem, &Params::NONE, &template, &mut out);
                session.destroy(made.unwrap().value().0).unwrap().value();
            })
        }
        Task::Decapsulate => {
            let (key, template) = (session.generate(&kem()).unwrap().value(), secret());
            let mut ciphertext = vec![0; 1088];
            let made = session.encapsulate(key, Algorithm::MlKem, &Params::NONE, &template, &mut ciphertext);
            session.destroy(made.unwrap().value().0).unwrap().value();
            Box::new(move || {
                let (session, ciphertext) = (&rig.session, black_box(&ciphertext));
                let made = session.decapsulate(key, Algorithm::MlKem, &Params::NONE, ciphertext, &template);
                session.destroy(made.unwrap().value()).unwrap().value();
            })
        }
        Task::GcmCounter(len) => encrypt(rig, Algorithm::AesGcmCounter, len, &AAD),
        Task::GcmRandom(len) => encrypt(rig, Algorithm::AesGcm, len, &AAD),
        Task::Ctr(len) => encrypt(rig, Algorithm::AesCtr, len, &[]),
        Task::CbcDecrypt(len) => {
            let usage = Usage::ENCRYPT.and(Usage::DECRYPT);
            let key = key(session, KeyKind::Aes256, usage, Rule::any(Algorithm::AesCbc));
            let (mut sealed, mut out) = (vec![0; len], vec![0; len]);
            let made = session
                .encrypt(key, Algorithm::AesCbc, &Params::NONE, &vec![0x5a; len], &mut sealed)
                .unwrap();
            let iv = made.value().iv;
            Box::new(move || {
                let params = Params::NONE.iv(iv.as_bytes());
                let opened =
                    rig.session.decrypt(key, Algorithm::AesCbc, &params, black_box(&sealed), &mut out);
                black_box(opened.unwrap().value());
            })
        }
        Task::Kwp(len) => {
            let kek =
                key(session, KeyKind::Aes256, Usage::WRAP.and(Usage::UNWRAP), Rule::any(Algorithm::AesKwp));
            // Of keys that only decrypt no use is counted, and wrapping takes none away.
            let payload = match len {
                32 => key(session, KeyKind::Aes256, Usage::DECRYPT, Rule::any(Algorithm::AesGcm)),
                _ => return None,
            };
            let mut out = vec![0; 64];
            Box::new(move || {
                let made = rig.session.wrap(kek, Algorithm::AesKwp, &Params::NONE, payload, &mut out);
                black_box(made.unwrap().value());
            })
        }
        Task::Sha256(len) => digest(rig, Hash::Sha256, len),
        Task::Sha512(len) => digest(rig, Hash::Sha512, len),
        Task::Hmac(len) => mac(rig, KeyKind::Hmac, Algorithm::Hmac, Some(Hash::Sha256), len),
        Task::Cmac(len) => mac(rig, KeyKind::Aes256, Algorithm::AesCmac, None, len),
        Task::Random(len) => {
            let mut out = vec![0; len];
            Box::new(move || rig.session.random(black_box(&mut out)).unwrap().value())
        }
    })
}

fn kem() -> Attributes {
    let usage = Usage::ENCAPSULATE.and(Usage::DECAPSULATE);
    let builder = Attributes::builder(KeyKind::MlKem768).usage(usage);
    builder.permit(Rule::any(Algorithm::MlKem)).build().expect("policy")
}

fn generate(rig: Rc<Rig>, template: Attributes) -> Side {
    Box::new(move || {
        let key = rig.session.generate(&template).unwrap().value();
        rig.session.destroy(key).unwrap().value();
    })
}

fn encrypt(rig: Rc<Rig>, algorithm: Algorithm, len: usize, aad: &'static [u8]) -> Side {
    let usage = Usage::ENCRYPT.and(Usage::DECRYPT);
    let key = key(&rig.session, KeyKind::Aes256, usage, Rule::any(algorithm));
    let (input, mut out) = (vec![0x5a; len], vec![0; len + 16]);
    Box::new(move || {
        let params = Params::NONE.aad(aad);
        let sealed = rig.session.encrypt(key, algorithm, &params, black_box(&input), &mut out).unwrap();
        black_box(sealed.value().iv);
    })
}

fn digest(rig: Rc<Rig>, hash: Hash, len: usize) -> Side {
    let (input, mut out) = (vec![0x5a; len], [0; 64]);
    Box::new(move || {
        black_box(rig.session.digest(hash, black_box(&input), &mut out).unwrap().value());
    })
}

fn mac(rig: Rc<Rig>, kind: KeyKind, algorithm: Algorithm, hash: Option<Hash>, len: usize) -> Side {
    let key = key(&rig.session, kind, Usage::MAC.and(Usage::VERIFY_MAC), rule(algorithm, hash));
    let params = hash.map_or(Params::NONE, Params::with_hash);
    let (input, mut out) = (vec![0x5a; len], [0; 32]);
    Box::new(move || {
        black_box(rig.session.mac(key, algorithm, &params, black_box(&input), &mut out).unwrap().value());
    })
}

/// So many operations under one key in one call.
pub fn batch(rig: &Rc<Rig>, task: Task, size: usize) -> Option<Side> {
    let rig = Rc::clone(rig);
    let session = &rig.session;
    Some(match task {
        Task::Sign(scheme) => {
            let (key, (algorithm, params)) = (signing_key(session, scheme), chosen(scheme));
            let mut outs = vec![vec![0; 512]; size];
            Box::new(move || {
                let one = |out| SignItem::new(key, algorithm, params, black_box(&MESSAGE[..]), out);
                let mut items: Vec<_> = outs.iter_mut().map(|out| one(out)).collect();
                rig.session.sign_batch(&mut items).unwrap();
            })
        }
        Task::Verify(scheme) => {
            let (key, (algorithm, params)) = (signing_key(session, scheme), chosen(scheme));
            let made: Vec<_> = (0..size).map(|_| signature(session, key, scheme)).collect();
            Box::new(move || {
                let one = |made| VerifyItem::new(key, algorithm, params, black_box(&MESSAGE[..]), made);
                let mut items: Vec<_> = made.iter().map(|made| one(made)).collect();
                rig.session.verify_batch(&mut items).unwrap();
            })
        }
        Task::Agree => {
            let own = session.generate(&agreeing()).unwrap().value();
            let other = session.generate(&agreeing()).unwrap().value();
            let (peer, template) = (point(session, other), secret());
            Box::new(move || {
                let one = || AgreeItem::new(own, Algorithm::EcdhP256, AGREEMENT, black_box(&peer), &template);
                let mut items: Vec<_> = (0..size).map(|_| one()).collect();
                rig.session.agree_batch(&mut items).unwrap();
                for item in items {
                    rig.session.destroy(item.result.unwrap().value()).unwrap().value();
                }
            })
        }
        _ => return None,
    })
}
