//! graviola.

use std::hint::black_box;

use graviola::aead::AesGcm;
use graviola::hashing::{Hash, Sha256, Sha384, Sha512, hmac::Hmac};
use graviola::key_agreement::{mlkem768, p256};
use graviola::random;
use graviola::signing::ecdsa::{P256, P384, SigningKey, VerifyingKey};
use graviola::signing::eddsa::Ed25519SigningKey;
use graviola::signing::rsa;

use super::{AAD, KEY, MESSAGE, rsa_key};
use crate::measure::Side;
use crate::task::{Scheme, Task};

pub fn side(task: Task) -> Option<Side> {
    Some(match task {
        Task::Sign(Scheme::P256) => {
            let key = SigningKey::<P256>::generate().unwrap();
            Box::new(move || {
                let mut out = [0; 64];
                black_box(key.sign::<Sha256>(&[black_box(&MESSAGE)], &mut out).unwrap());
            })
        }
        Task::Sign(Scheme::P384) => {
            let key = SigningKey::<P384>::generate().unwrap();
            Box::new(move || {
                let mut out = [0; 96];
                black_box(key.sign::<Sha384>(&[black_box(&MESSAGE)], &mut out).unwrap());
            })
        }
        Task::Sign(Scheme::Ed25519) => {
            let key = Ed25519SigningKey::generate().unwrap();
            Box::new(move || {
                black_box(key.sign(black_box(&MESSAGE)));
            })
        }
        Task::Sign(Scheme::Rsa(bits)) => {
            let key = rsa::SigningKey::from_pkcs8_der(&rsa_key(bits)).unwrap();
            let mut out = vec![0; bits / 8];
            Box::new(move || {
                black_box(key.sign_pkcs1_sha256(&mut out, black_box(&MESSAGE)).unwrap());
            })
        }
        Task::Verify(Scheme::P256) => {
            let key = SigningKey::<P256>::generate().unwrap();
            let mut made = [0; 64];
            let _ = key.sign::<Sha256>(&[&MESSAGE], &mut made).unwrap();
            let point = key.private_key.public_key_uncompressed();
            let public = VerifyingKey::<P256>::from_x962_uncompressed(&point).unwrap();
            Box::new(move || public.verify::<Sha256>(&[black_box(&MESSAGE)], &made).unwrap())
        }
        Task::Verify(Scheme::P384) => {
            let key = SigningKey::<P384>::generate().unwrap();
            let mut made = [0; 96];
            let _ = key.sign::<Sha384>(&[&MESSAGE], &mut made).unwrap();
            let point = key.private_key.public_key_uncompressed();
            let public = VerifyingKey::<P384>::from_x962_uncompressed(&point).unwrap();
            Box::new(move || public.verify::<Sha384>(&[black_box(&MESSAGE)], &made).unwrap())
        }
        Task::Verify(Scheme::Ed25519) => {
            let key = Ed25519SigningKey::generate().unwrap();
            let (public, made) = (key.public_key(), key.sign(&MESSAGE));
            Box::new(move || public.verify(&made, black_box(&MESSAGE)).unwrap())
        }
        Task::Verify(Scheme::Rsa(bits)) => {
            let key = rsa::SigningKey::from_pkcs8_der(&rsa_key(bits)).unwrap();
            let mut made = vec![0; bits / 8];
            let _ = key.sign_pkcs1_sha256(&mut made, &MESSAGE).unwrap();
            let public = key.public_key();
            Box::new(move || public.verify_pkcs1_sha256(&made, black_box(&MESSAGE)).unwrap())
        }
        Task::Generate(Scheme::P256) => {
            // A private key alone is a random number: the public key is asked for.
            Box::new(|| {
                let key = SigningKey::<P256>::generate().unwrap();
                black_box(key.private_key.public_key_uncompressed());
            })
        }
        Task::Generate(Scheme::Rsa(bits)) => {
            let size = move || match bits {
                2048 => rsa::KeySize::Rsa2048,
                3072 => rsa::KeySize::Rsa3072,
                _ => rsa::KeySize::Rsa4096,
            };
            Box::new(move || drop(black_box(rsa::SigningKey::generate(size()).unwrap())))
        }
        Task::Agree => {
            let own = p256::StaticPrivateKey::new_random().unwrap();
            let peer = p256::StaticPrivateKey::new_random().unwrap().public_key_uncompressed();
            Box::new(move || {
                let peer = p256::PublicKey::from_x962_uncompressed(black_box(&peer)).unwrap();
                black_box(own.diffie_hellman(&peer).unwrap());
            })
        }
        Task::KemGenerate => Box::new(|| drop(black_box(mlkem768::DecapKey::generate().unwrap()))),
        Task::Encapsulate => {
            let key = mlkem768::DecapKey::generate().unwrap().encapsulation_key();
            Box::new(move || drop(black_box(key.clone().encaps().unwrap())))
        }
        Task::Decapsulate => {
            // Its public function takes the key away with the first call; this one does the same work.
            let key = mlkem768::DecapKey::generate().unwrap();
            let (_, ciphertext) = key.encapsulation_key().encaps().unwrap();
            Box::new(move || drop(black_box(key.decaps_internal(black_box(&ciphertext)))))
        }
        Task::GcmCounter(len) => {
            let (key, mut buffer, mut count) = (AesGcm::new(&KEY), vec![0x5a; len], 0u64);
            Box::new(move || {
                count += 1;
                let mut tag = [0; 16];
                key.encrypt(&super::rust_crypto::nonce(count), &AAD, black_box(&mut buffer), &mut tag);
                black_box(tag);
            })
        }
        Task::GcmRandom(len) => {
            let (key, mut buffer) = (AesGcm::new(&KEY), vec![0x5a; len]);
            Box::new(move || {
                let (mut nonce, mut tag) = ([0; 12], [0; 16]);
                random::fill(&mut nonce).unwrap();
                key.encrypt(&nonce, &AAD, black_box(&mut buffer), &mut tag);
                black_box(tag);
            })
        }
        Task::Sha256(len) => digest_of::<Sha256>(len),
        Task::Sha512(len) => digest_of::<Sha512>(len),
        Task::Hmac(len) => {
            let (key, input) = (Hmac::<Sha256>::new(KEY), vec![0x5a; len]);
            Box::new(move || {
                let mut mac = key.clone();
                mac.update(black_box(&input));
                black_box(mac.finish());
            })
        }
        Task::Random(len) => {
            let mut out = vec![0; len];
            Box::new(move || random::fill(black_box(&mut out)).unwrap())
        }
        _ => return None,
    })
}

fn digest_of<H: Hash + 'static>(len: usize) -> Side {
    let input = vec![0x5a; len];
    Box::new(move || {
        black_box(H::hash(black_box(&input)));
    })
}
