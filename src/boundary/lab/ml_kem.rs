//! ML-KEM over bytes: randomness from outside, secrets, expanded keys.

use super::{Error, LatticeKey, Result, Vec, vec};
use crate::attributes::KeyKind;
use crate::boundary::backend::ml_kem::{self, PrivateKey, PublicKey};
use crate::boundary::backend::{Backends, portable};

/// Encapsulation key and expanded decapsulation key (FIPS 203 section 6.1). Of an expanded key, its checks
/// (section 7.3).
///
/// # Errors
/// `Rejected` for a key that fails its checks; `Unsupported` for another kind.
pub fn ml_kem_key(kind: KeyKind, key: LatticeKey<'_>) -> Result<(Vec<u8>, Vec<u8>)> {
    let key = ml_kem_private(kind, key)?;
    Ok((key.with_public_key(<[u8]>::to_vec), key.with_expanded(<[u8]>::to_vec)))
}

/// Length of a ciphertext (FIPS 203 Table 3).
#[must_use]
pub const fn ml_kem_ciphertext_len(kind: KeyKind) -> Option<usize> {
    ml_kem::ciphertext_len(kind)
}

/// Ciphertext and shared secret (FIPS 203 section 6.2, after the checks of section 7.2).
///
/// # Errors
/// `Rejected` for a key that fails its checks; `Unsupported` for another kind.
pub fn ml_kem_encapsulate(kind: KeyKind, ek: &[u8], m: &[u8; 32]) -> Result<(Vec<u8>, [u8; 32])> {
    let len = ml_kem::ciphertext_len(kind).ok_or(Error::Unsupported)?;
    let (mut ciphertext, mut secret) = (vec![0; len], [0; 32]);
    PublicKey::new(&Backends::fastest(), kind, ek)?.encapsulate(m, &mut ciphertext, &mut secret)?;
    Ok((ciphertext, secret))
}

/// The shared secret (FIPS 203 section 7.3), of implicit rejection too.
///
/// # Errors
/// `Rejected` for a key that fails its checks; `InvalidArgument` for a ciphertext of another length.
pub fn ml_kem_decapsulate(kind: KeyKind, key: LatticeKey<'_>, ciphertext: &[u8]) -> Result<[u8; 32]> {
    let mut secret = [0; 32];
    ml_kem_private(kind, key)?.decapsulate(ciphertext, &mut secret)?;
    Ok(secret)
}

fn ml_kem_private(kind: KeyKind, key: LatticeKey<'_>) -> Result<PrivateKey> {
    match key {
        LatticeKey::Seed(seed) => PrivateKey::new(&Backends::fastest(), kind, seed),
        // From outside: the portable form alone takes it.
        LatticeKey::Expanded(bytes) => {
            portable::ml_kem::PrivateKey::from_expanded(kind, bytes).map(PrivateKey::Portable)
        }
    }
}
