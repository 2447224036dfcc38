//! OpenSSL of the system. Contexts are made once and initialised anew only where its interface asks for it.

use std::hint::black_box;

use openssl::cipher::{Cipher, CipherRef};
use openssl::cipher_ctx::CipherCtx;
use openssl::derive::Deriver;
use openssl::ec::{EcGroup, EcKey, PointConversionForm};
use openssl::hash::MessageDigest;
use openssl::md::Md;
use openssl::md_ctx::MdCtx;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rand::rand_bytes;
use openssl::rsa::{Padding, Rsa};
use openssl::sha;
use openssl::sign::Signer;

use super::{AAD, KEY, MESSAGE};
use crate::measure::Side;
use crate::task::{Scheme, Task};

pub fn side(task: Task) -> Option<Side> {
    Some(match task {
        Task::Sign(Scheme::Ed25519) => {
            let (key, mut out) = (PKey::generate_ed25519().unwrap(), [0; 64]);
            Box::new(move || {
                let mut context = MdCtx::new().unwrap();
                context.digest_sign_init(None, &key).unwrap();
                black_box(context.digest_sign(black_box(&MESSAGE), Some(&mut out)).unwrap());
            })
        }
        Task::Verify(Scheme::Ed25519) => {
            let (key, mut made) = (PKey::generate_ed25519().unwrap(), [0; 64]);
            let mut context = MdCtx::new().unwrap();
            context.digest_sign_init(None, &key).unwrap();
            context.digest_sign(&MESSAGE, Some(&mut made)).unwrap();
            Box::new(move || {
                let mut context = MdCtx::new().unwrap();
                context.digest_verify_init(None, &key).unwrap();
                assert!(context.digest_verify(black_box(&MESSAGE), &made).unwrap());
            })
        }
        Task::Sign(scheme) => {
            let key = key(scheme)?;
            let (mut context, mut out) = (PkeyCtx::new(&key).unwrap(), vec![0; 512]);
            context.sign_init().unwrap();
            choose_padding(&mut context, scheme);
            Box::new(move || {
                let digest = hash(scheme, black_box(&MESSAGE));
                black_box(context.sign(&digest, Some(&mut out)).unwrap());
            })
        }
        Task::Verify(scheme) => {
            let key = key(scheme)?;
            let (mut context, mut made) = (PkeyCtx::new(&key).unwrap(), Vec::new());
            context.sign_init().unwrap();
            choose_padding(&mut context, scheme);
            context.sign_to_vec(&hash(scheme, &MESSAGE), &mut made).unwrap();
            context.verify_init().unwrap();
            choose_padding(&mut context, scheme);
            Box::new(move || {
                let digest = hash(scheme, black_box(&MESSAGE));
                assert!(context.verify(&digest, &made).unwrap());
            })
        }
        Task::Generate(Scheme::P256) => {
            let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
            Box::new(move || drop(black_box(EcKey::generate(&group).unwrap())))
        }
        Task::Generate(Scheme::Rsa(bits)) => {
            Box::new(move || drop(black_box(Rsa::generate(u32::try_from(bits).unwrap()).unwrap())))
        }
        Task::Agree => {
            let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
            let own = key(Scheme::P256)?;
            let peer = EcKey::generate(&group).unwrap();
            let mut numbers = openssl::bn::BigNumContext::new().unwrap();
            let form = PointConversionForm::UNCOMPRESSED;
            let peer = peer.public_key().to_bytes(&group, form, &mut numbers).unwrap();
            Box::new(move || {
                let point = openssl::ec::EcPoint::from_bytes(&group, black_box(&peer), &mut numbers).unwrap();
                let peer = PKey::from_ec_key(EcKey::from_public_key(&group, &point).unwrap()).unwrap();
                let (mut deriver, mut out) = (Deriver::new(&own).unwrap(), [0; 32]);
                deriver.set_peer(&peer).unwrap();
                black_box(deriver.derive(&mut out).unwrap());
            })
        }
        Task::GcmCounter(len) => {
            let mut sealing = Sealing::new(len);
            let mut count = 0;
            Box::new(move || {
                count += 1;
                sealing.seal(&super::rust_crypto::nonce(count));
            })
        }
        Task::GcmRandom(len) => {
            let mut sealing = Sealing::new(len);
            Box::new(move || {
                let mut nonce = [0; 12];
                rand_bytes(&mut nonce).unwrap();
                sealing.seal(&nonce);
            })
        }
        Task::Ctr(len) => {
            let mut context = CipherCtx::new().unwrap();
            context.encrypt_init(Some(Cipher::aes_256_ctr()), Some(&KEY), None).unwrap();
            let mut buffer = vec![0x5a; len];
            Box::new(move || {
                let mut iv = [0; 16];
                rand_bytes(&mut iv).unwrap();
                context.encrypt_init(None::<&CipherRef>, None, Some(&iv)).unwrap();
                context.cipher_update_inplace(black_box(&mut buffer), len).unwrap();
            })
        }
        Task::CbcDecrypt(len) => {
            let mut context = CipherCtx::new().unwrap();
            context.decrypt_init(Some(Cipher::aes_256_cbc()), Some(&KEY), None).unwrap();
            context.set_padding(false);
            // It wants room for a block more than it writes.
            let mut buffer = vec![0x5a; len + 16];
            Box::new(move || {
                context.decrypt_init(None::<&CipherRef>, None, Some(&[9; 16])).unwrap();
                context.cipher_update_inplace(black_box(&mut buffer), len).unwrap();
            })
        }
        Task::Kwp(len) => {
            let mut context = CipherCtx::new().unwrap();
            context.set_flags(openssl::cipher_ctx::CipherCtxFlags::FLAG_WRAP_ALLOW);
            let (plain, mut out) = (vec![0x5a; len], vec![0; len + 32]);
            context.encrypt_init(Some(Cipher::aes_256_wrap_pad()), Some(&KEY), None).unwrap();
            Box::new(move || {
                context.encrypt_init(None::<&CipherRef>, None, Some(&[0xa6, 0x59, 0x59, 0xa6])).unwrap();
                black_box(context.cipher_update(black_box(&plain), Some(&mut out)).unwrap());
            })
        }
        Task::Sha256(len) => {
            let input = vec![0x5a; len];
            Box::new(move || {
                black_box(sha::sha256(black_box(&input)));
            })
        }
        Task::Sha512(len) => {
            let input = vec![0x5a; len];
            Box::new(move || {
                black_box(sha::sha512(black_box(&input)));
            })
        }
        Task::Hmac(len) => mac(PKey::hmac(&KEY).unwrap(), Some(MessageDigest::sha256()), len),
        Task::Cmac(len) => mac(PKey::cmac(&openssl::symm::Cipher::aes_256_cbc(), &KEY).unwrap(), None, len),
        Task::Random(len) => {
            let mut out = vec![0; len];
            Box::new(move || rand_bytes(black_box(&mut out)).unwrap())
        }
        _ => return None,
    })
}

fn mac(key: PKey<Private>, digest: Option<MessageDigest>, len: usize) -> Side {
    let (input, mut out) = (vec![0x5a; len], [0; 32]);
    Box::new(move || {
        let mut signer = match digest {
            Some(digest) => Signer::new(digest, &key).unwrap(),
            None => Signer::new_without_digest(&key).unwrap(),
        };
        signer.update(black_box(&input)).unwrap();
        black_box(signer.sign(&mut out).unwrap());
    })
}

struct Sealing {
    context: CipherCtx,
    buffer: Vec<u8>,
}

impl Sealing {
    fn new(len: usize) -> Self {
        let mut context = CipherCtx::new().unwrap();
        context.encrypt_init(Some(Cipher::aes_256_gcm()), Some(&KEY), None).unwrap();
        Self { context, buffer: vec![0x5a; len] }
    }

    fn seal(&mut self, nonce: &[u8]) {
        let (context, len, mut tag) = (&mut self.context, self.buffer.len(), [0; 16]);
        context.encrypt_init(None::<&CipherRef>, None, Some(nonce)).unwrap();
        context.cipher_update(&AAD, None).unwrap();
        context.cipher_update_inplace(black_box(&mut self.buffer), len).unwrap();
        context.cipher_final(&mut []).unwrap();
        context.tag(&mut tag).unwrap();
        black_box(tag);
    }
}

fn key(scheme: Scheme) -> Option<PKey<Private>> {
    let curve = match scheme {
        Scheme::P256 => Nid::X9_62_PRIME256V1,
        Scheme::P384 => Nid::SECP384R1,
        Scheme::P521 => Nid::SECP521R1,
        Scheme::Secp256k1 => Nid::SECP256K1,
        Scheme::Rsa(bits) => {
            return PKey::from_rsa(Rsa::generate(u32::try_from(bits).unwrap()).unwrap()).ok();
        }
        _ => return None,
    };
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).ok()
}

fn choose_padding(context: &mut PkeyCtx<Private>, scheme: Scheme) {
    if matches!(scheme, Scheme::Rsa(_)) {
        context.set_rsa_padding(Padding::PKCS1).unwrap();
        context.set_signature_md(Md::sha256()).unwrap();
    }
}

fn hash(scheme: Scheme, message: &[u8]) -> Vec<u8> {
    match scheme {
        Scheme::P384 => sha::sha384(message).to_vec(),
        Scheme::P521 => sha::sha512(message).to_vec(),
        _ => sha::sha256(message).to_vec(),
    }
}
