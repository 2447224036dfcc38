//! aws-lc-rs.

use std::hint::black_box;

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, RandomizedNonceKey, UnboundKey};
use aws_lc_rs::cipher::{self, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::kem::{self, DecapsulationKey};
use aws_lc_rs::key_wrap::{self, AesKek, KeyWrapPadded};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ML_DSA_65, ML_DSA_65_SIGNING, ParsedPublicKey, PqdsaKeyPair,
};
use aws_lc_rs::{agreement, cmac, digest, hmac, rand};

use super::{AAD, KEY, MESSAGE, rsa_key};
use crate::measure::Side;
use crate::task::{Scheme, Task};

pub fn side(task: Task) -> Option<Side> {
    Some(match task {
        Task::Sign(scheme) => sign(scheme),
        Task::Verify(scheme) => verify(scheme)?,
        Task::Generate(Scheme::P256) => Box::new(|| {
            black_box(EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
        }),
        Task::Generate(Scheme::Rsa(bits)) => {
            let size = match bits {
                2048 => KeySize::Rsa2048,
                3072 => KeySize::Rsa3072,
                _ => KeySize::Rsa4096,
            };
            Box::new(move || drop(black_box(RsaKeyPair::generate(size).unwrap())))
        }
        Task::Generate(Scheme::MlDsa65) => {
            Box::new(|| drop(black_box(PqdsaKeyPair::generate(&ML_DSA_65_SIGNING).unwrap())))
        }
        Task::Generate(_) => return None,
        Task::Agree => {
            let own = agreement::PrivateKey::generate(&agreement::ECDH_P256).unwrap();
            let other = agreement::PrivateKey::generate(&agreement::ECDH_P256).unwrap();
            let peer = other.compute_public_key().unwrap();
            Box::new(move || {
                let peer = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, black_box(&peer));
                let take = |secret: &[u8]| <[u8; 32]>::try_from(secret);
                black_box(agreement::agree(&own, peer, (), |secret| take(secret).map_err(drop)).unwrap());
            })
        }
        Task::KemGenerate => {
            Box::new(|| drop(black_box(DecapsulationKey::generate(&kem::ML_KEM_768).unwrap())))
        }
        Task::Encapsulate => {
            let key = DecapsulationKey::generate(&kem::ML_KEM_768).unwrap().encapsulation_key().unwrap();
            Box::new(move || drop(black_box(key.encapsulate().unwrap())))
        }
        Task::Decapsulate => {
            let key = DecapsulationKey::generate(&kem::ML_KEM_768).unwrap();
            let (ciphertext, _) = key.encapsulation_key().unwrap().encapsulate().unwrap();
            let ciphertext = ciphertext.as_ref().to_vec();
            Box::new(move || drop(black_box(key.decapsulate(black_box(&ciphertext[..]).into()).unwrap())))
        }
        Task::GcmCounter(len) => {
            let key = LessSafeKey::new(UnboundKey::new(&aead::AES_256_GCM, &KEY).unwrap());
            let (mut buffer, mut count) = (vec![0x5a; len], 0u64);
            Box::new(move || {
                count += 1;
                let nonce = Nonce::assume_unique_for_key(super::rust_crypto::nonce(count));
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(AAD), black_box(&mut buffer));
                let _ = black_box(tag.unwrap());
            })
        }
        Task::GcmRandom(len) => {
            let key = RandomizedNonceKey::new(&aead::AES_256_GCM, &KEY).unwrap();
            let mut buffer = vec![0x5a; len];
            Box::new(move || {
                let sealed = key.seal_in_place_separate_tag(Aad::from(AAD), black_box(&mut buffer[..]));
                let _ = black_box(sealed.unwrap());
            })
        }
        Task::Ctr(len) => {
            let key = UnboundCipherKey::new(&cipher::AES_256, &KEY).unwrap();
            let key = EncryptingKey::ctr(key).unwrap();
            let mut buffer = vec![0x5a; len];
            Box::new(move || drop(black_box(key.encrypt(black_box(&mut buffer)).unwrap())))
        }
        Task::CbcDecrypt(len) => {
            let key = UnboundCipherKey::new(&cipher::AES_256, &KEY).unwrap();
            let key = DecryptingKey::cbc(key).unwrap();
            let mut buffer = vec![0x5a; len];
            Box::new(move || {
                let context = DecryptionContext::Iv128([9; 16].into());
                black_box(key.decrypt(black_box(&mut buffer), context).unwrap());
            })
        }
        Task::Kwp(len) => {
            // A key that wraps is used up by one call.
            let (plain, mut out) = (vec![0x5a; len], vec![0; len + 16]);
            Box::new(move || {
                let key = AesKek::new(&key_wrap::AES_256, black_box(&KEY)).unwrap();
                black_box(key.wrap_with_padding(black_box(&plain), &mut out).unwrap());
            })
        }
        Task::Sha256(len) => digest_of(&digest::SHA256, len),
        Task::Sha512(len) => digest_of(&digest::SHA512, len),
        Task::Hmac(len) => {
            let (key, input) = (hmac::Key::new(hmac::HMAC_SHA256, &KEY), vec![0x5a; len]);
            Box::new(move || {
                black_box(hmac::sign(&key, black_box(&input)));
            })
        }
        Task::Cmac(len) => {
            let (key, input) = (cmac::Key::new(cmac::AES_256, &KEY).unwrap(), vec![0x5a; len]);
            Box::new(move || {
                black_box(cmac::sign(&key, black_box(&input)).unwrap());
            })
        }
        Task::Random(len) => {
            let mut out = vec![0; len];
            Box::new(move || rand::fill(black_box(&mut out)).unwrap())
        }
    })
}

fn digest_of(algorithm: &'static digest::Algorithm, len: usize) -> Side {
    let input = vec![0x5a; len];
    Box::new(move || {
        black_box(digest::digest(algorithm, black_box(&input)));
    })
}

fn ec_key(scheme: Scheme) -> EcdsaKeyPair {
    let algorithm = match scheme {
        Scheme::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        Scheme::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        Scheme::Secp256k1 => &signature::ECDSA_P256K1_SHA256_FIXED_SIGNING,
        _ => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
    };
    EcdsaKeyPair::generate(algorithm).unwrap()
}

fn sign(scheme: Scheme) -> Side {
    let rng = SystemRandom::new();
    match scheme {
        Scheme::Ed25519 => {
            let key = Ed25519KeyPair::generate().unwrap();
            Box::new(move || {
                black_box(key.sign(black_box(&MESSAGE)));
            })
        }
        Scheme::Rsa(bits) => {
            let key = RsaKeyPair::from_pkcs8(&rsa_key(bits)).unwrap();
            let mut out = vec![0; bits / 8];
            Box::new(move || {
                key.sign(&signature::RSA_PKCS1_SHA256, &rng, black_box(&MESSAGE), &mut out).unwrap();
                black_box(&out);
            })
        }
        Scheme::MlDsa65 => {
            let key = PqdsaKeyPair::generate(&ML_DSA_65_SIGNING).unwrap();
            let mut out = vec![0; 3309];
            Box::new(move || {
                black_box(key.sign(black_box(&MESSAGE), &mut out).unwrap());
            })
        }
        curve => {
            let key = ec_key(curve);
            Box::new(move || {
                black_box(key.sign(&rng, black_box(&MESSAGE)).unwrap());
            })
        }
    }
}

fn verify(scheme: Scheme) -> Option<Side> {
    let rng = SystemRandom::new();
    let (public, made) = match scheme {
        Scheme::P256 | Scheme::P384 => {
            let key = ec_key(scheme);
            let algorithm: &'static dyn signature::VerificationAlgorithm = match scheme {
                Scheme::P256 => &signature::ECDSA_P256_SHA256_FIXED,
                _ => &signature::ECDSA_P384_SHA384_FIXED,
            };
            let public = ParsedPublicKey::new(algorithm, key.public_key()).unwrap();
            (public, key.sign(&rng, &MESSAGE).unwrap().as_ref().to_vec())
        }
        Scheme::Ed25519 => {
            let key = Ed25519KeyPair::generate().unwrap();
            let public = ParsedPublicKey::new(&signature::ED25519, key.public_key()).unwrap();
            (public, key.sign(&MESSAGE).as_ref().to_vec())
        }
        Scheme::Rsa(bits) => {
            let key = RsaKeyPair::from_pkcs8(&rsa_key(bits)).unwrap();
            let mut made = vec![0; bits / 8];
            key.sign(&signature::RSA_PKCS1_SHA256, &rng, &MESSAGE, &mut made).unwrap();
            let public = ParsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, key.public_key());
            (public.unwrap(), made)
        }
        Scheme::MlDsa65 => {
            let key = PqdsaKeyPair::generate(&ML_DSA_65_SIGNING).unwrap();
            let mut made = vec![0; 3309];
            let len = key.sign(&MESSAGE, &mut made).unwrap();
            made.truncate(len);
            (ParsedPublicKey::new(&ML_DSA_65, key.public_key()).unwrap(), made)
        }
        _ => return None,
    };
    Some(Box::new(move || public.verify_sig(black_box(&MESSAGE), &made).unwrap()))
}
