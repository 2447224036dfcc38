//! RustCrypto and dalek: a peer, and what most of the engine's portable implementation is made of.

use std::convert::Infallible;
use std::hint::black_box;

use aes::cipher::{BlockModeDecrypt, KeyIvInit, StreamCipher};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign, raw_verify};
use hmac::Mac;
use ml_dsa::{ExpandedSigningKey, MlDsa65};
use ml_kem::kem::Decapsulate;
use ml_kem::{DecapsulationKey, MlKem768};
use rand_core::{TryCryptoRng, TryRng};
use rsa::signature::{Keypair, RandomizedSigner, SignatureEncoding, Verifier};
use sha2::{Digest, Sha256, Sha512};

use super::{AAD, KEY, MESSAGE};
use crate::measure::Side;
use crate::task::{Scheme, Task};

/// SplitMix64. RustCrypto has no generator of its own: it draws from one that costs next to nothing.
pub struct Cheap(pub u64);

impl Cheap {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        let Ok(()) = self.try_fill_bytes(&mut out);
        out
    }
}

impl TryRng for Cheap {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next() as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(8) {
            let word = self.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Cheap {}

/// The nonce with this number.
pub fn nonce(number: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    nonce
}

/// Below the order, which begins with seven zero bits.
const KEY521: [u8; 66] = {
    let mut key = [0x42; 66];
    key[0] = 0;
    key
};

/// Hash, RFC 6979 nonce with added randomness; verification with a prepared key.
macro_rules! ecdsa {
    (sign $curve:ident, $key:expr) => {{
        let (key, mut rng) = ($curve::ecdsa::SigningKey::from_slice(&$key).unwrap(), Cheap(1));
        Box::new(move || {
            let made: $curve::ecdsa::Signature = key.sign_with_rng(&mut rng, black_box(&MESSAGE));
            black_box(made.to_bytes());
        })
    }};
    (verify $curve:ident, $key:expr) => {{
        let key = $curve::ecdsa::SigningKey::from_slice(&$key).unwrap();
        let made: $curve::ecdsa::Signature = key.sign_with_rng(&mut Cheap(1), &MESSAGE);
        let public = key.verifying_key().clone();
        Box::new(move || public.verify(black_box(&MESSAGE), &made).unwrap())
    }};
}

pub fn side(task: Task) -> Option<Side> {
    Some(match task {
        Task::Sign(Scheme::P256) => ecdsa!(sign p256, KEY),
        Task::Sign(Scheme::P384) => ecdsa!(sign p384, [0x42; 48]),
        Task::Sign(Scheme::P521) => ecdsa!(sign p521, KEY521),
        Task::Sign(Scheme::Secp256k1) => ecdsa!(sign k256, KEY),
        Task::Verify(Scheme::P256) => ecdsa!(verify p256, KEY),
        Task::Verify(Scheme::P384) => ecdsa!(verify p384, [0x42; 48]),
        Task::Verify(Scheme::P521) => ecdsa!(verify p521, KEY521),
        Task::Verify(Scheme::Secp256k1) => ecdsa!(verify k256, KEY),
        Task::Sign(Scheme::Ed25519) => {
            let key = ExpandedSecretKey::from_bytes(&[0x42; 64]);
            let public = VerifyingKey::from(&key);
            Box::new(move || {
                black_box(raw_sign::<Sha512>(&key, black_box(&MESSAGE), &public).to_bytes());
            })
        }
        Task::Verify(Scheme::Ed25519) => {
            let key = ExpandedSecretKey::from_bytes(&[0x42; 64]);
            let public = VerifyingKey::from(&key);
            let made = raw_sign::<Sha512>(&key, &MESSAGE, &public);
            Box::new(move || raw_verify::<Sha512>(&public, black_box(&MESSAGE), &made).unwrap())
        }
        Task::Sign(Scheme::Rsa(bits)) => {
            let (key, mut rng) = (rsa_key(bits), Cheap(2));
            Box::new(move || {
                black_box(key.sign_with_rng(&mut rng, black_box(&MESSAGE)).to_vec());
            })
        }
        Task::Verify(Scheme::Rsa(bits)) => {
            let key = rsa_key(bits);
            let (public, made) = (key.verifying_key(), key.sign_with_rng(&mut Cheap(2), &MESSAGE));
            Box::new(move || public.verify(black_box(&MESSAGE), &made).unwrap())
        }
        Task::Sign(Scheme::MlDsa65) => {
            let key = ExpandedSigningKey::<MlDsa65>::from_seed(&KEY.into());
            let mut rng = Cheap(3);
            Box::new(move || {
                black_box(key.sign_randomized(black_box(&MESSAGE), b"", &mut rng).unwrap().encode());
            })
        }
        Task::Verify(Scheme::MlDsa65) => {
            let key = ExpandedSigningKey::<MlDsa65>::from_seed(&KEY.into());
            let (public, made) = (key.verifying_key(), key.sign_deterministic(&MESSAGE, b"").unwrap());
            let made = made.encode();
            Box::new(move || {
                let made = ml_dsa::Signature::<MlDsa65>::decode(black_box(&made)).unwrap();
                assert!(public.verify_with_context(black_box(&MESSAGE), b"", &made));
            })
        }
        Task::Generate(Scheme::P256) => {
            let mut rng = Cheap(4);
            Box::new(move || {
                let key = p256::SecretKey::from_slice(&rng.bytes::<32>()).unwrap();
                black_box(key.public_key());
            })
        }
        Task::Generate(Scheme::Rsa(bits)) => {
            let mut rng = Cheap(5);
            Box::new(move || drop(black_box(rsa::PrivateKey::new(&mut rng, bits).unwrap())))
        }
        Task::Generate(Scheme::MlDsa65) => {
            let mut rng = Cheap(6);
            Box::new(move || {
                let key = ExpandedSigningKey::<MlDsa65>::from_seed(&rng.bytes::<32>().into());
                black_box(key.verifying_key());
            })
        }
        Task::Generate(_) => return None,
        Task::Agree => {
            let own = p256::SecretKey::from_slice(&KEY).unwrap();
            let peer = p256::SecretKey::from_slice(&[0x43; 32]).unwrap().public_key().to_sec1_bytes();
            Box::new(move || {
                let peer = p256::PublicKey::from_sec1_bytes(black_box(&peer)).unwrap();
                black_box(p256::ecdh::diffie_hellman(own.to_nonzero_scalar(), peer.as_affine()));
            })
        }
        Task::KemGenerate => {
            let mut rng = Cheap(7);
            Box::new(move || {
                let seed = rng.bytes::<64>().into();
                drop(black_box(DecapsulationKey::<MlKem768>::from_seed(seed)));
            })
        }
        Task::Encapsulate => {
            let key = DecapsulationKey::<MlKem768>::from_seed([0x42; 64].into());
            let mut rng = Cheap(8);
            Box::new(move || {
                let m = rng.bytes::<32>().into();
                black_box(key.encapsulation_key().encapsulate_deterministic(&m));
            })
        }
        Task::Decapsulate => {
            let key = DecapsulationKey::<MlKem768>::from_seed([0x42; 64].into());
            let (ciphertext, _) = key.encapsulation_key().encapsulate_deterministic(&KEY.into());
            Box::new(move || {
                black_box(key.decapsulate(black_box(&ciphertext)));
            })
        }
        Task::GcmCounter(len) => {
            let (key, mut buffer, mut count) = (Aes256Gcm::new(&KEY.into()), vec![0x5a; len], 0u64);
            Box::new(move || {
                count += 1;
                let buffer = black_box(&mut buffer[..]).into();
                black_box(key.encrypt_inout_detached(&nonce(count).into(), &AAD, buffer).unwrap());
            })
        }
        // No generator, no nonces of its own.
        Task::GcmRandom(_) | Task::Random(_) => return None,
        Task::Ctr(len) => {
            let (mut buffer, mut rng) = (vec![0x5a; len], Cheap(9));
            // The key is prepared with each counter block.
            Box::new(move || {
                let block = rng.bytes::<16>().into();
                let mut stream = ctr::Ctr128BE::<aes::Aes256>::new(&KEY.into(), &block);
                stream.apply_keystream(black_box(&mut buffer));
            })
        }
        Task::CbcDecrypt(len) => {
            let mut blocks = vec![[0x5a; 16].into(); len / 16];
            Box::new(move || {
                let mut key = cbc::Decryptor::<aes::Aes256>::new(&KEY.into(), &[9; 16].into());
                key.decrypt_blocks(black_box(&mut blocks));
            })
        }
        Task::Kwp(len) => {
            let (key, plain) = (aes_kw::KwpAes256::new(&KEY.into()), vec![0x5a; len]);
            let mut out = vec![0; len + 16];
            Box::new(move || {
                black_box(key.wrap_key(black_box(&plain), &mut out).unwrap());
            })
        }
        Task::Sha256(len) => {
            let input = vec![0x5a; len];
            Box::new(move || {
                black_box(Sha256::digest(black_box(&input)));
            })
        }
        Task::Sha512(len) => {
            let input = vec![0x5a; len];
            Box::new(move || {
                black_box(Sha512::digest(black_box(&input)));
            })
        }
        Task::Hmac(len) => {
            let key = <hmac::Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&KEY).unwrap();
            let input = vec![0x5a; len];
            Box::new(move || {
                let mut mac = key.clone();
                mac.update(black_box(&input));
                black_box(mac.finalize());
            })
        }
        Task::Cmac(len) => {
            let key = <cmac::Cmac<aes::Aes256> as cmac::KeyInit>::new_from_slice(&KEY).unwrap();
            let input = vec![0x5a; len];
            Box::new(move || {
                let mut mac = key.clone();
                cmac::Mac::update(&mut mac, black_box(&input));
                black_box(cmac::Mac::finalize(mac));
            })
        }
    })
}

fn rsa_key(bits: usize) -> rsa::pkcs1v15::SigningKey<Sha256> {
    rsa::pkcs1v15::SigningKey::new(rsa::PrivateKey::new(&mut Cheap(bits as u64), bits).unwrap())
}

/// What the engine's portable implementation does, without the engine. Both make an ECDSA nonce with HMAC_DRBG from
/// key, digest and random bytes, which cost nothing here; no IV is drawn.
pub fn bare(task: Task) -> Option<Side> {
    match task {
        Task::GcmCounter(len) | Task::GcmRandom(len) => Some(gcm_apart(len)),
        task => side(task),
    }
}

/// From one buffer to another, as the engine works.
fn gcm_apart(len: usize) -> Side {
    let (key, plain, mut out, mut count) =
        (Aes256Gcm::new(&KEY.into()), vec![0x5a; len], vec![0; len + 16], 0u64);
    Box::new(move || {
        count += 1;
        let (text, place) = out.split_at_mut(len);
        let buffer = InOutBuf::new(black_box(&plain[..]), text).unwrap();
        let tag = key.encrypt_inout_detached(&nonce(count).into(), &AAD, buffer).unwrap();
        place.copy_from_slice(&tag);
        black_box(&out);
    })
}
