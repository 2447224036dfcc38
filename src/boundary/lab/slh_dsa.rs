//! SLH-DSA over bytes: seeds and randomness from outside, formatted messages.

use super::{Content, Error, Result, Vec, vec};
use crate::attributes::KeyKind;
use crate::boundary::backend::portable::slh_dsa::{self, PrivateKey, PublicKey};

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
    PrivateKey::new(kind, key)?.sign(&[&content.formatted()?], random, &mut out)?;
    Ok(out)
}

/// Verifies (FIPS 205 section 9.3).
///
/// # Errors
/// `Rejected`; `InvalidArgument` for a context above 255 bytes.
pub fn slh_dsa_verify(kind: KeyKind, pk: &[u8], content: Content<'_>, signature: &[u8]) -> Result<()> {
    PublicKey::new(kind, pk)?.verify(&[&content.formatted()?], signature)
}
