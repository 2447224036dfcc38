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

pub(super) fn p256_sign() -> Operation {
    let key = p256::ecdsa::SigningKey::from_slice(&KEY);
    Box::new(move || {
        let key = key.as_ref().map_err(|_| Error::Rejected)?;
        done::<p256::ecdsa::Signature, _>(key.try_sign(MESSAGE))
    })
}

pub(super) fn p256_verify() -> Operation {
    let pair = p256::ecdsa::SigningKey::from_slice(&KEY).map(|key| {
        let signature: p256::ecdsa::Signature = key.sign(MESSAGE);
        (*key.verifying_key(), signature)
    });
    Box::new(move || {
        let (key, signature) = pair.as_ref().map_err(|_| Error::Rejected)?;
        done(key.verify(MESSAGE, signature))
    })
}

pub(super) fn p384_sign() -> Operation {
    let key = p384::ecdsa::SigningKey::from_slice(&[0x11; 48]);
    Box::new(move || {
        let key = key.as_ref().map_err(|_| Error::Rejected)?;
        done::<p384::ecdsa::Signature, _>(key.try_sign(MESSAGE))
    })
}

pub(super) fn p384_verify() -> Operation {
    let pair = p384::ecdsa::SigningKey::from_slice(&[0x11; 48]).map(|key| {
        let signature: p384::ecdsa::Signature = key.sign(MESSAGE);
        (*key.verifying_key(), signature)
    });
    Box::new(move || {
        let (key, signature) = pair.as_ref().map_err(|_| Error::Rejected)?;
        done(key.verify(MESSAGE, signature))
    })
}

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
