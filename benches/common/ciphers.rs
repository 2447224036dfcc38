//! AES-256-GCM and HMAC-SHA-256.

use std::hint::black_box;
use std::rc::Rc;

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use strongroom::{Algorithm, Hash, KeyKind, Params, Rule, Usage};

use super::Pair;
use super::rig::Rig;

const SEAL: &str = "aes-gcm, prepared key, nonce counted up, no IV drawn";
const OPEN: &str = "aes-gcm, prepared key";

/// Seal and open with `len` bytes and 16 bytes of associated data.
pub fn gcm(rig: &Rc<Rig>, len: usize) -> Vec<Pair> {
    vec![
        seal(rig, Algorithm::AesGcm, "random IV", len),
        seal(rig, Algorithm::AesGcmCounter, "counter IV", len),
        open(rig, len),
    ]
}

pub fn seal(rig: &Rc<Rig>, algorithm: Algorithm, iv: &str, len: usize) -> Pair {
    let rig = Rc::clone(rig);
    let key = rig.key(KeyKind::Aes256, Usage::ENCRYPT.and(Usage::DECRYPT), Rule::any(algorithm));
    let (input, mut out) = (vec![0x5a; len], vec![0; len + 16]);
    let engine = move || {
        let params = Params::NONE.aad(&[7; 16]);
        let sealed = rig.session.encrypt(key, algorithm, &params, black_box(&input), &mut out).unwrap();
        black_box((&out, sealed.value().iv));
    };
    let (mut cipher, mut nonce) = (BareGcm::new(len), 0u64);
    let bare = move || {
        nonce += 1;
        cipher.seal(nonce);
    };
    Pair::new(format!("AES-256-GCM seal {} {iv}", size(len)), SEAL, engine, bare).bytes(len)
}

pub fn open(rig: &Rc<Rig>, len: usize) -> Pair {
    let rig = Rc::clone(rig);
    let algorithm = Algorithm::AesGcm;
    let key = rig.key(KeyKind::Aes256, Usage::ENCRYPT.and(Usage::DECRYPT), Rule::any(algorithm));
    let (mut sealed, mut out) = (vec![0; len + 16], vec![0; len]);
    let params = Params::NONE.aad(&[7; 16]);
    let made = rig.session.encrypt(key, algorithm, &params, &vec![0x5a; len], &mut sealed).unwrap();
    let iv = made.value().iv;
    let engine = move || {
        let params = Params::NONE.aad(&[7; 16]).iv(iv.as_bytes());
        let opened = rig.session.decrypt(key, algorithm, &params, black_box(&sealed), &mut out).unwrap();
        black_box((&out, opened.value()));
    };
    let mut cipher = BareGcm::new(len);
    cipher.seal(1);
    Pair::new(format!("AES-256-GCM open {}", size(len)), OPEN, engine, move || cipher.open(1)).bytes(len)
}

/// A prepared key with separate input and output buffers, as the engine works.
pub struct BareGcm {
    key: Aes256Gcm,
    plain: Vec<u8>,
    sealed: Vec<u8>,
    opened: Vec<u8>,
}

impl BareGcm {
    pub fn new(len: usize) -> Self {
        let key = Aes256Gcm::new(&[0x42; 32].into());
        Self { key, plain: vec![0x5a; len], sealed: vec![0; len + 16], opened: vec![0; len] }
    }

    pub fn seal(&mut self, nonce: u64) {
        let (text, tag_out) = self.sealed.split_at_mut(self.plain.len());
        let buffer = InOutBuf::new(black_box(&self.plain[..]), text).unwrap();
        let tag = self.key.encrypt_inout_detached(&iv(nonce).into(), &[7; 16], buffer).unwrap();
        tag_out.copy_from_slice(&tag);
        black_box(&self.sealed);
    }

    pub fn open(&mut self, nonce: u64) {
        let (text, tag) = self.sealed.split_at(self.plain.len());
        let buffer = InOutBuf::new(black_box(text), &mut self.opened[..]).unwrap();
        let tag = tag.try_into().unwrap();
        self.key.decrypt_inout_detached(&iv(nonce).into(), &[7; 16], buffer, tag).unwrap();
        black_box(&self.opened);
    }
}

fn iv(number: u64) -> [u8; 12] {
    let mut iv = [0; 12];
    iv[4..].copy_from_slice(&number.to_be_bytes());
    iv
}

/// HMAC-SHA-256 of `len` bytes, made and verified.
pub fn hmac(rig: &Rc<Rig>, len: usize) -> Vec<Pair> {
    let rule = Rule::hashed(Algorithm::Hmac, Hash::Sha256);
    let key = rig.key(KeyKind::Hmac, Usage::MAC.and(Usage::VERIFY_MAC), rule);
    let params = Params::with_hash(Hash::Sha256);
    let message = vec![0x5a; len];
    let bare = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&[0x42; 32]).unwrap();

    let mut tag = [0; 32];
    let _ = rig.session.mac(key, Algorithm::Hmac, &params, &message, &mut tag).unwrap();
    let (maker, input, mut out) = (Rc::clone(rig), message.clone(), [0; 32]);
    let make = move || {
        let made = maker.session.mac(key, Algorithm::Hmac, &params, black_box(&input), &mut out).unwrap();
        black_box((&out, made.value()));
    };
    let (bare_key, input) = (bare.clone(), message.clone());
    let make_bare = move || {
        let mut mac = bare_key.clone();
        mac.update(black_box(&input));
        black_box(mac.finalize().into_bytes());
    };

    let (checker, input) = (Rc::clone(rig), message.clone());
    let check = move || {
        let verdict = checker.session.verify_mac(key, Algorithm::Hmac, &params, black_box(&input), &tag);
        let _ = verdict.unwrap();
    };
    let bare_tag = {
        let mut mac = bare.clone();
        mac.update(&message);
        mac.finalize().into_bytes()
    };
    let check_bare = move || {
        let mut mac = bare.clone();
        mac.update(black_box(&message));
        mac.verify(&bare_tag).unwrap();
    };
    vec![
        Pair::new(format!("HMAC-SHA-256 {}", size(len)), "hmac, prepared key cloned", make, make_bare)
            .bytes(len),
        Pair::new(
            format!("HMAC-SHA-256 verify {}", size(len)),
            "hmac, prepared key cloned",
            check,
            check_bare,
        )
        .bytes(len),
    ]
}

pub fn size(len: usize) -> String {
    match len {
        len if len >= 1 << 20 => format!("{} MiB", len >> 20),
        len if len >= 1 << 10 => format!("{} KiB", len >> 10),
        len => format!("{len} B"),
    }
}
