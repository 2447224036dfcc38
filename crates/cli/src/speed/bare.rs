//! The bare primitives that the engine's backend is made of, prepared as it prepares them. RSA has none: it is
//! the engine's own arithmetic.

use std::hint::black_box;

use aes_gcm::aead::{AeadInOut, KeyInit};
use p256::ecdsa::signature::{Signer, Verifier};
use sha2::Digest;
use strongroom::Error;

use super::{MESSAGE, Operation};

/// Any key will do.
const KEY: [u8; 32] = [0x11; 32];

/// Nothing here fails with this key; if it does, the row says so.
fn done<T, E>(result: Result<T, E>) -> Result<(), Error> {
    black_box(result).map(drop).map_err(|_| Error::Rejected)
}

/// Signing and verifying by the crate of a curve; `$key` is its private key.
macro_rules! ecdsa {
    ($sign:ident, $verify:ident, $curve:ident, $key:expr) => {
        pub(super) fn $sign() -> Operation {
            let key = $curve::ecdsa::SigningKey::from_slice(&$key);
            Box::new(move || {
                let key = key.as_ref().map_err(|_| Error::Rejected)?;
                done::<$curve::ecdsa::Signature, _>(key.try_sign(MESSAGE))
            })
        }

        pub(super) fn $verify() -> Operation {
            let pair = $curve::ecdsa::SigningKey::from_slice(&$key).map(|key| {
                let signature: $curve::ecdsa::Signature = key.sign(MESSAGE);
                (key.verifying_key().clone(), signature)
            });
            Box::new(move || {
                let (key, signature) = pair.as_ref().map_err(|_| Error::Rejected)?;
                done(key.verify(MESSAGE, signature))
            })
        }
    };
}

ecdsa!(p256_sign, p256_verify, p256, KEY);
ecdsa!(p384_sign, p384_verify, p384, [0x11; 48]);
// 0x11 in the first of 66 bytes would be above the order.
ecdsa!(p521_sign, p521_verify, p521, [[0; 33], [0x11; 33]].concat());
ecdsa!(secp256k1_sign, secp256k1_verify, k256, KEY);

pub(super) fn ed25519_sign() -> Operation {
    let key = ed25519_dalek::SigningKey::from_bytes(&KEY);
    Box::new(move || done(key.try_sign(MESSAGE)))
}

pub(super) fn ed25519_verify() -> Operation {
    let key = ed25519_dalek::SigningKey::from_bytes(&KEY);
    let (public, signature) = (key.verifying_key(), key.sign(MESSAGE));
    Box::new(move || done(public.verify(MESSAGE, &signature)))
}

pub(super) fn gcm<const BYTES: usize>() -> Operation {
    let key = aes_gcm::Aes256Gcm::new(&KEY.into());
    let mut buffer = vec![0x42; BYTES];
    Box::new(move || done(key.encrypt_inout_detached(&[0; 12].into(), b"", buffer.as_mut_slice().into())))
}

pub(super) fn hmac() -> Operation {
    use hmac::Mac;
    let key = hmac::Hmac::<sha2::Sha256>::new_from_slice(&KEY);
    Box::new(move || {
        let mut state = key.as_ref().map_err(|_| Error::Rejected)?.clone();
        state.update(MESSAGE);
        black_box(state.finalize());
        Ok(())
    })
}

pub(super) fn sha256<const BYTES: usize>() -> Operation {
    let message = vec![0x42; BYTES];
    Box::new(move || {
        black_box(sha2::Sha256::digest(&message));
        Ok(())
    })
}
