//! ring.

use std::hint::black_box;

use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use ring::{digest, hmac};

use super::{AAD, KEY, MESSAGE, rsa_key};
use crate::measure::Side;
use crate::task::{Scheme, Task};

pub fn side(task: Task) -> Option<Side> {
    let rng = SystemRandom::new();
    Some(match task {
        Task::Sign(Scheme::Ed25519) => {
            let key = ed25519();
            Box::new(move || {
                black_box(key.sign(black_box(&MESSAGE)));
            })
        }
        Task::Sign(Scheme::Rsa(bits)) => {
            let key = signature::RsaKeyPair::from_pkcs8(&rsa_key(bits)).unwrap();
            let mut out = vec![0; bits / 8];
            Box::new(move || {
                key.sign(&signature::RSA_PKCS1_SHA256, &rng, black_box(&MESSAGE), &mut out).unwrap();
                black_box(&out);
            })
        }
        Task::Sign(scheme @ (Scheme::P256 | Scheme::P384)) => {
            let key = ec_key(scheme);
            Box::new(move || {
                black_box(key.sign(&rng, black_box(&MESSAGE)).unwrap());
            })
        }
        Task::Verify(scheme) => {
            let (algorithm, public, made): (&'static dyn signature::VerificationAlgorithm, _, _) =
                match scheme {
                    Scheme::P256 | Scheme::P384 => {
                        let key = ec_key(scheme);
                        let made = key.sign(&rng, &MESSAGE).unwrap().as_ref().to_vec();
                        let public = key.public_key().as_ref().to_vec();
                        match scheme {
                            Scheme::P256 => (&signature::ECDSA_P256_SHA256_FIXED, public, made),
                            _ => (&signature::ECDSA_P384_SHA384_FIXED, public, made),
                        }
                    }
                    Scheme::Ed25519 => {
                        let key = ed25519();
                        let made = key.sign(&MESSAGE).as_ref().to_vec();
                        (&signature::ED25519, key.public_key().as_ref().to_vec(), made)
                    }
                    Scheme::Rsa(bits) => {
                        let key = signature::RsaKeyPair::from_pkcs8(&rsa_key(bits)).unwrap();
                        let mut made = vec![0; bits / 8];
                        key.sign(&signature::RSA_PKCS1_SHA256, &rng, &MESSAGE, &mut made).unwrap();
                        (&signature::RSA_PKCS1_2048_8192_SHA256, key.public().as_ref().to_vec(), made)
                    }
                    _ => return None,
                };
            // There is no other form of a public key.
            let public = UnparsedPublicKey::new(algorithm, public);
            Box::new(move || public.verify(black_box(&MESSAGE), &made).unwrap())
        }
        Task::Generate(Scheme::P256) => {
            // What comes out is PKCS#8; reading it is left out of the figure.
            let algorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
            Box::new(move || {
                black_box(EcdsaKeyPair::generate_pkcs8(algorithm, &rng).unwrap());
            })
        }
        Task::GcmCounter(len) => {
            let key = LessSafeKey::new(UnboundKey::new(&aead::AES_256_GCM, &KEY).unwrap());
            let (mut buffer, mut count) = (vec![0x5a; len], 0u64);
            Box::new(move || {
                count += 1;
                seal(&key, super::rust_crypto::nonce(count), &mut buffer);
            })
        }
        Task::GcmRandom(len) => {
            let key = LessSafeKey::new(UnboundKey::new(&aead::AES_256_GCM, &KEY).unwrap());
            let mut buffer = vec![0x5a; len];
            Box::new(move || {
                let mut nonce = [0; 12];
                rng.fill(&mut nonce).unwrap();
                seal(&key, nonce, &mut buffer);
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
        Task::Random(len) => {
            let mut out = vec![0; len];
            Box::new(move || rng.fill(black_box(&mut out)).unwrap())
        }
        _ => return None,
    })
}

fn seal(key: &LessSafeKey, nonce: [u8; 12], buffer: &mut [u8]) {
    let nonce = Nonce::assume_unique_for_key(nonce);
    let sealed = key.seal_in_place_separate_tag(nonce, Aad::from(AAD), black_box(buffer));
    let _ = black_box(sealed.unwrap());
}

fn digest_of(algorithm: &'static digest::Algorithm, len: usize) -> Side {
    let input = vec![0x5a; len];
    Box::new(move || {
        black_box(digest::digest(algorithm, black_box(&input)));
    })
}

fn ed25519() -> Ed25519KeyPair {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap()
}

fn ec_key(scheme: Scheme) -> EcdsaKeyPair {
    let algorithm = match scheme {
        Scheme::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        _ => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
    };
    let rng = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &rng).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &rng).unwrap()
}
