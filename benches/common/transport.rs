//! Wrapping and unwrapping an AES-256 key.

use std::hint::black_box;
use std::rc::Rc;

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use sha2::Sha256;
use strongroom::{
    Algorithm, Attributes, Hash, KeyHandle, KeyKind, Params, Restriction, Rule, UnwrapAs, Usage,
};

use super::Pair;
use super::ciphers::BareGcm;
use super::rig::{Cheap, Rig};

type Side = Box<dyn FnMut()>;

const KEK: Usage = Usage::WRAP.and(Usage::UNWRAP);
const NATIVE: &str = "aes-gcm: seals or opens the 32 bytes; no policy, no parsing, no key record";
const KW: &str = "aes crate: the blocks of W; no key record";
const OAEP: &str = "rsa crate: OAEP, blinded; no key record; other code than the engine's";

/// Native format, KW and KWP.
pub fn symmetric(rig: &Rc<Rig>) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (name, algorithm) in
        [("Native", Algorithm::NativeWrap), ("KW", Algorithm::AesKw), ("KWP", Algorithm::AesKwp)]
    {
        let kek = rig.key(KeyKind::Aes256, KEK, Rule::any(algorithm));
        let (wrap, unwrap) = engine(rig, kek, algorithm, Params::NONE, KeyKind::Aes256);
        let (note, bare_wrap, bare_unwrap): (_, Side, Side) = match algorithm {
            Algorithm::NativeWrap => {
                let (mut seal, mut open, mut nonce) = (BareGcm::new(32), BareGcm::new(32), 0);
                open.seal(1);
                let seal = move || {
                    nonce += 1;
                    seal.seal(nonce);
                };
                (NATIVE, Box::new(seal), Box::new(move || open.open(1)))
            }
            _ => {
                let key = aes::Aes256::new(&[0x42; 32].into());
                let other = key.clone();
                let wrap = move || {
                    black_box(w(&key, black_box([0x5a; 32])));
                };
                let unwrap = move || {
                    black_box(w_inverse(&other, black_box([0x5a; 40])));
                };
                (KW, Box::new(wrap), Box::new(unwrap))
            }
        };
        pairs.push(Pair::new(format!("{name} wrap AES-256"), note, wrap, bare_wrap));
        pairs.push(Pair::new(format!("{name} unwrap and destroy"), note, unwrap, bare_unwrap));
    }
    pairs
}

/// RSA-OAEP with SHA-256, of an AES-128 key: no key leaves under a weaker one.
pub fn oaep(rig: &Rc<Rig>, kind: KeyKind) -> Vec<Pair> {
    let bits = kind.modulus_len() * 8;
    let kek = rig.key(kind, KEK, Rule::hashed(Algorithm::RsaOaep, Hash::Sha256));
    let params = Params::with_hash(Hash::Sha256);
    let (wrap, unwrap) = engine(rig, kek, Algorithm::RsaOaep, params, KeyKind::Aes128);
    let bare = rsa::PrivateKey::new(&mut Cheap(bits as u64), bits).unwrap();
    let public = bare.to_public_key();
    let mut rng = Cheap(4);
    let wrapped = public.oaep_encrypt_with_rng::<Sha256, _>(&mut rng, &[0x5a; 16]).unwrap();
    let bare_wrap = move || {
        black_box(public.oaep_encrypt_with_rng::<Sha256, _>(&mut rng, black_box(&[0x5a; 16])).unwrap());
    };
    let mut blinding = Cheap(5);
    let bare_unwrap = move || {
        black_box(bare.oaep_decrypt_with_rng::<Sha256, _>(&mut blinding, &wrapped).unwrap());
    };
    vec![
        Pair::new(format!("OAEP-{bits} wrap AES-128"), OAEP, wrap, bare_wrap),
        Pair::new(format!("OAEP-{bits} unwrap and destroy"), OAEP, unwrap, bare_unwrap),
    ]
}

fn engine(
    rig: &Rc<Rig>,
    kek: KeyHandle,
    algorithm: Algorithm,
    params: Params<'static>,
    kind: KeyKind,
) -> (impl FnMut() + 'static, impl FnMut() + 'static) {
    // Keys that only decrypt make no IVs and are not counted: native wraps do not use up their budget.
    let payload = || rig.key(kind, Usage::DECRYPT, Rule::any(Algorithm::AesGcm));
    let (wrapper, kept, mut out) = (Rc::clone(rig), payload(), vec![0; 1024]);
    let wrap = move || {
        let made = wrapper.session.wrap(kek, algorithm, &params, kept, &mut out).unwrap();
        black_box((&out, made.value()));
    };

    // A native blob brings its key's id, which may not live twice.
    let (gone, mut blob) = (payload(), vec![0; 1024]);
    let len = rig.session.wrap(kek, algorithm, &params, gone, &mut blob).unwrap().value();
    blob.truncate(len);
    let _ = rig.session.destroy(gone).unwrap();
    let foreign = algorithm != Algorithm::NativeWrap;
    let template = Attributes::builder(kind).usage(Usage::DECRYPT).permit(Rule::any(Algorithm::AesGcm));
    let (template, limit) = (template.build().unwrap(), Restriction::none());
    let unwrapper = Rc::clone(rig);
    let unwrap = move || {
        let form = if foreign { UnwrapAs::Foreign(&template) } else { UnwrapAs::Native(&limit) };
        let key = unwrapper.session.unwrap(kek, algorithm, &params, black_box(&blob), form).unwrap().value();
        let _ = unwrapper.session.destroy(key).unwrap();
    };
    (wrap, unwrap)
}

/// W (SP 800-38F section 6.1) of a check value and 32 bytes.
fn w(key: &aes::Aes256, plain: [u8; 32]) -> [u8; 40] {
    let mut out = [0xa6; 40];
    out[8..].copy_from_slice(&plain);
    let mut block = [0; 16];
    block[..8].copy_from_slice(&out[..8]);
    for t in 1..=24u64 {
        let at = 8 + 8 * ((t as usize - 1) % 4);
        block[8..].copy_from_slice(&out[at..at + 8]);
        key.encrypt_block((&mut block).into());
        out[at..at + 8].copy_from_slice(&block[8..]);
        for (byte, step) in block.iter_mut().zip(t.to_be_bytes()) {
            *byte ^= step;
        }
    }
    out[..8].copy_from_slice(&block[..8]);
    out
}

/// The inverse of [`w`].
fn w_inverse(key: &aes::Aes256, mut out: [u8; 40]) -> [u8; 40] {
    let mut block = [0; 16];
    block[..8].copy_from_slice(&out[..8]);
    for t in (1..=24u64).rev() {
        let at = 8 + 8 * ((t as usize - 1) % 4);
        for (byte, step) in block.iter_mut().zip(t.to_be_bytes()) {
            *byte ^= step;
        }
        block[8..].copy_from_slice(&out[at..at + 8]);
        key.decrypt_block((&mut block).into());
        out[at..at + 8].copy_from_slice(&block[8..]);
    }
    out[..8].copy_from_slice(&block[..8]);
    out
}
