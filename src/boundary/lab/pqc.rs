//! The post-quantum schemes over bytes: randomness from outside, expanded keys, messages that are formatted
//! already.

use super::{Error, Hash, Result, Vec, vec};
use crate::attributes::KeyKind;
use crate::boundary::alg::prehash::{self, Prefix};
use crate::boundary::backend::portable::{ml_dsa, ml_kem, slh_dsa};

/// A private key of a lattice scheme, in one of its two forms.
#[derive(Clone, Copy)]
pub enum LatticeKey<'a> {
    /// The seed: of ML-KEM d and z, of ML-DSA xi. The form of the engine.
    Seed(&'a [u8]),
    /// As FIPS 203 section 6.1 and FIPS 204 algorithm 24 encode it. The engine takes none.
    Expanded(&'a [u8]),
}

/// What is signed.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// A formatted message M' (FIPS 204 section 6.2, FIPS 205 section 9.2).
    Formatted(&'a [u8]),
    /// A message under a context.
    Pure(&'a [u8], &'a [u8]),
    /// A message under a context, to be hashed first.
    Hashed(Hash, &'a [u8], &'a [u8]),
    /// A mu (FIPS 204 section 6.2).
    Mu(&'a [u8; 64]),
}

impl Content<'_> {
    fn formatted(&self) -> Result<Vec<u8>> {
        match *self {
            Self::Formatted(message) => Ok(message.to_vec()),
            Self::Pure(context, message) => Ok([Prefix::pure(context)?.bytes(), message].concat()),
            Self::Hashed(hash, context, message) => prehash::digest(Some(hash), message, |digest| {
                Ok([Prefix::hashed(hash, context)?.bytes(), digest].concat())
            }),
            Self::Mu(_) => Err(Error::Unsupported),
        }
    }

    fn mu(&self, key: &ml_dsa::PublicKey) -> Result<[u8; ml_dsa::MU]> {
        if let Self::Mu(mu) = self {
            return Ok(**mu);
        }
        let (mut state, mut mu) = (key.start(), [0; ml_dsa::MU]);
        state.update(&self.formatted()?);
        state.finish(&mut mu);
        Ok(mu)
    }
}

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
    ml_kem::PublicKey::new(kind, ek)?.encapsulate(m, &mut ciphertext, &mut secret)?;
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

fn ml_kem_private(kind: KeyKind, key: LatticeKey<'_>) -> Result<ml_kem::PrivateKey> {
    match key {
        LatticeKey::Seed(seed) => ml_kem::PrivateKey::new(kind, seed),
        LatticeKey::Expanded(bytes) => ml_kem::PrivateKey::from_expanded(kind, bytes),
    }
}

/// Public key and expanded private key (FIPS 204 section 6.1).
///
/// # Errors
/// `Rejected` for bytes that are no key; `Unsupported` for another kind.
pub fn ml_dsa_key(kind: KeyKind, key: LatticeKey<'_>) -> Result<(Vec<u8>, Vec<u8>)> {
    let key = ml_dsa_private(kind, key)?;
    Ok((key.public().with_bytes(<[u8]>::to_vec), key.with_expanded(<[u8]>::to_vec)))
}

/// A signature (FIPS 204 section 6.2); `random` of zeros makes it deterministic.
///
/// # Errors
/// `Rejected` for bytes that are no key; `InvalidArgument` for a context above 255 bytes.
pub fn ml_dsa_sign(
    kind: KeyKind,
    key: LatticeKey<'_>,
    content: Content<'_>,
    random: &[u8; 32],
) -> Result<Vec<u8>> {
    let key = ml_dsa_private(kind, key)?;
    let mut out = vec![0; ml_dsa::signature_len(kind).ok_or(Error::Unsupported)?];
    key.sign(&content.mu(key.public())?, random, &mut out)?;
    Ok(out)
}

/// Verifies (FIPS 204 section 6.3).
///
/// # Errors
/// `Rejected`; `InvalidArgument` for a context above 255 bytes.
pub fn ml_dsa_verify(kind: KeyKind, pk: &[u8], content: Content<'_>, signature: &[u8]) -> Result<()> {
    let key = ml_dsa::PublicKey::new(kind, pk)?;
    key.verify(&content.mu(&key)?, signature)
}

fn ml_dsa_private(kind: KeyKind, key: LatticeKey<'_>) -> Result<ml_dsa::PrivateKey> {
    match key {
        LatticeKey::Seed(seed) => ml_dsa::PrivateKey::new(kind, seed),
        LatticeKey::Expanded(bytes) => ml_dsa::PrivateKey::from_expanded(kind, bytes),
    }
}

/// The private key of SK.seed, SK.prf and PK.seed side by side (FIPS 205 section 9.1): its last half is the
/// public key.
///
/// # Errors
/// `Rejected` for seeds of another length; `Unsupported` for another kind.
pub fn slh_dsa_key(kind: KeyKind, seeds: &[u8]) -> Result<Vec<u8>> {
    let mut root = vec![0; slh_dsa::n(kind)];
    slh_dsa::root(kind, seeds, &mut root)?;
    Ok([seeds, &root].concat())
}

/// A signature (FIPS 205 section 9.2); without randomness the deterministic variant.
///
/// # Errors
/// `Rejected` for a key of another length; `Corrupted` for randomness of another one; `InvalidArgument` for a
/// context above 255 bytes.
pub fn slh_dsa_sign(
    kind: KeyKind,
    key: &[u8],
    content: Content<'_>,
    random: Option<&[u8]>,
) -> Result<Vec<u8>> {
    let mut out = vec![0; slh_dsa::signature_len(kind).ok_or(Error::Unsupported)?];
    slh_dsa::PrivateKey::new(kind, key)?.sign(&[&content.formatted()?], random, &mut out)?;
    Ok(out)
}

/// Verifies (FIPS 205 section 9.3).
///
/// # Errors
/// `Rejected`; `InvalidArgument` for a context above 255 bytes.
pub fn slh_dsa_verify(kind: KeyKind, pk: &[u8], content: Content<'_>, signature: &[u8]) -> Result<()> {
    slh_dsa::PublicKey::new(kind, pk)?.verify(&[&content.formatted()?], signature)
}
