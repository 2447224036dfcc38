//! Signing and verifying a message of 64 bytes, hashed inside on both sides.

use std::hint::black_box;
use std::rc::Rc;

use ed25519_dalek::VerifyingKey;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign, raw_verify};
use rsa::signature::{RandomizedSigner, SignatureEncoding, Verifier};
use sha2::{Sha256, Sha512};
use strongroom::{Algorithm, Hash, KeyHandle, KeyKind, Params};

use super::Pair;
use super::rig::{Cheap, Rig};

pub const MESSAGE: [u8; 64] = [0x5a; 64];

const ECDSA: &str = "ecdsa crate: hash, RFC 6979 nonce with added randomness from a generator without cost";
const ECDSA_VERIFY: &str = "ecdsa crate: hash, prepared public key";
const ED25519: &str = "ed25519-dalek: expanded key and public key prepared";
const ED25519_VERIFY: &str = "ed25519-dalek: public key decompressed beforehand";
const RSA: &str =
    "rsa crate: hash, padding, blinding, CRT, check of the result; other code than the engine's";
const RSA_VERIFY: &str = "rsa crate: hash, padding; other code than the engine's";

/// Every algorithm but RSA.
pub fn curves(rig: &Rc<Rig>) -> Vec<Pair> {
    let mut pairs = ecdsa_p256(rig);
    pairs.extend(ecdsa_p384(rig));
    pairs.extend(ecdsa_p521(rig));
    pairs.extend(ed25519(rig));
    pairs
}

/// The engine's half: sign, and verify what was signed.
fn engine(
    rig: &Rc<Rig>,
    key: KeyHandle,
    algorithm: Algorithm,
    hash: Option<Hash>,
) -> (impl FnMut() + 'static, impl FnMut() + 'static) {
    let params = hash.map_or(Params::NONE, Params::with_hash);
    let mut signature = vec![0; 512];
    let len = rig.session.sign(key, algorithm, &params, &MESSAGE, &mut signature).unwrap().value();
    signature.truncate(len);
    let (signer, mut out) = (Rc::clone(rig), vec![0; len]);
    let sign = move || {
        let made = signer.session.sign(key, algorithm, &params, black_box(&MESSAGE), &mut out).unwrap();
        black_box((&out, made.value()));
    };
    let verifier = Rc::clone(rig);
    let verify = move || {
        let verdict = verifier.session.verify(key, algorithm, &params, black_box(&MESSAGE), &signature);
        let _ = verdict.unwrap();
    };
    (sign, verify)
}

macro_rules! ecdsa {
    ($function:ident, $curve:ident, $name:literal, $kind:expr, $algorithm:expr, $hash:expr, $key:expr) => {
        pub fn $function(rig: &Rc<Rig>) -> Vec<Pair> {
            let key = rig.signing($kind, $algorithm, Some($hash));
            let (sign, verify) = engine(rig, key, $algorithm, Some($hash));
            let bare = $curve::ecdsa::SigningKey::from_slice(&$key).unwrap();
            let public = bare.verifying_key().clone();
            let mut rng = Cheap(1);
            let made: $curve::ecdsa::Signature = bare.sign_with_rng(&mut rng, &MESSAGE);
            let bare_sign = move || {
                let made: $curve::ecdsa::Signature = bare.sign_with_rng(&mut rng, black_box(&MESSAGE));
                black_box(made.to_bytes());
            };
            let bare_verify = move || public.verify(black_box(&MESSAGE), &made).unwrap();
            vec![
                Pair::new(concat!($name, " sign"), ECDSA, sign, bare_sign),
                Pair::new(concat!($name, " verify"), ECDSA_VERIFY, verify, bare_verify),
            ]
        }
    };
}

ecdsa!(ecdsa_p256, p256, "ECDSA P-256", KeyKind::EcP256, Algorithm::EcdsaP256, Hash::Sha256, [0x42; 32]);
ecdsa!(ecdsa_p384, p384, "ECDSA P-384", KeyKind::EcP384, Algorithm::EcdsaP384, Hash::Sha384, [0x42; 48]);
// Below the order, which begins with seven zero bits.
const KEY521: [u8; 66] = {
    let mut key = [0x42; 66];
    key[0] = 0;
    key
};
ecdsa!(ecdsa_p521, p521, "ECDSA P-521", KeyKind::EcP521, Algorithm::EcdsaP521, Hash::Sha512, KEY521);

pub fn ed25519(rig: &Rc<Rig>) -> Vec<Pair> {
    let key = rig.signing(KeyKind::Ed25519, Algorithm::Ed25519, None);
    let (sign, verify) = engine(rig, key, Algorithm::Ed25519, None);
    let expanded = ExpandedSecretKey::from_bytes(&[0x42; 64]);
    let public = VerifyingKey::from(&expanded);
    let made = raw_sign::<Sha512>(&expanded, &MESSAGE, &public);
    let bare_sign = move || {
        black_box(raw_sign::<Sha512>(&expanded, black_box(&MESSAGE), &public).to_bytes());
    };
    let bare_verify = move || raw_verify::<Sha512>(&public, black_box(&MESSAGE), &made).unwrap();
    vec![
        Pair::new("Ed25519 sign", ED25519, sign, bare_sign),
        Pair::new("Ed25519 verify", ED25519_VERIFY, verify, bare_verify),
    ]
}

/// Both paddings over one modulus length.
pub fn rsa(rig: &Rc<Rig>, kind: KeyKind) -> Vec<Pair> {
    let bits = kind.modulus_len() * 8;
    let mut rng = Cheap(bits as u64);
    let bare = rsa::PrivateKey::new(&mut rng, bits).unwrap();
    let mut pairs = Vec::new();
    {
        let key = rig.signing(kind, Algorithm::RsaPkcs1, Some(Hash::Sha256));
        let (sign, verify) = engine(rig, key, Algorithm::RsaPkcs1, Some(Hash::Sha256));
        let signer = rsa::pkcs1v15::SigningKey::<Sha256>::new(bare.clone());
        let verifier = rsa::pkcs1v15::VerifyingKey::<Sha256>::new(bare.to_public_key());
        let mut rng = Cheap(2);
        let made = signer.sign_with_rng(&mut rng, &MESSAGE);
        let bare_sign = move || {
            black_box(signer.sign_with_rng(&mut rng, black_box(&MESSAGE)).to_vec());
        };
        let bare_verify = move || verifier.verify(black_box(&MESSAGE), &made).unwrap();
        pairs.push(Pair::new(format!("RSA-{bits} PKCS#1 sign"), RSA, sign, bare_sign));
        pairs.push(Pair::new(format!("RSA-{bits} PKCS#1 verify"), RSA_VERIFY, verify, bare_verify));
    }
    {
        let key = rig.signing(kind, Algorithm::RsaPss, Some(Hash::Sha256));
        let (sign, verify) = engine(rig, key, Algorithm::RsaPss, Some(Hash::Sha256));
        let signer = rsa::pss::SigningKey::<Sha256>::new(bare.clone());
        let verifier = rsa::pss::VerifyingKey::<Sha256>::new(bare.to_public_key());
        let mut rng = Cheap(3);
        let made = signer.sign_with_rng(&mut rng, &MESSAGE);
        let bare_sign = move || {
            black_box(signer.sign_with_rng(&mut rng, black_box(&MESSAGE)).to_vec());
        };
        let bare_verify = move || verifier.verify(black_box(&MESSAGE), &made).unwrap();
        pairs.push(Pair::new(format!("RSA-{bits} PSS sign"), RSA, sign, bare_sign));
        pairs.push(Pair::new(format!("RSA-{bits} PSS verify"), RSA_VERIFY, verify, bare_verify));
    }
    pairs
}
