//! ML-DSA over bytes: randomness from outside, expanded keys, formatted messages.

use super::{Content, Error, LatticeKey, Result, Vec, vec};
use crate::attributes::KeyKind;
use crate::boundary::backend::ml_dsa::{self, MU, PrivateKey, PublicKey, PublicView};
use crate::boundary::backend::{Backends, portable};

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
    key.sign(&mu_of(&content, key.public())?, random, &mut out)?;
    Ok(out)
}

/// Verifies (FIPS 204 section 6.3).
///
/// # Errors
/// `Rejected`; `InvalidArgument` for a context above 255 bytes.
pub fn ml_dsa_verify(kind: KeyKind, pk: &[u8], content: Content<'_>, signature: &[u8]) -> Result<()> {
    let key = PublicKey::new(&Backends::fastest(), kind, pk)?;
    key.public().verify(&mu_of(&content, key.public())?, signature)
}

fn ml_dsa_private(kind: KeyKind, key: LatticeKey<'_>) -> Result<PrivateKey> {
    match key {
        LatticeKey::Seed(seed) => PrivateKey::new(&Backends::fastest(), kind, seed),
        // From outside: the portable form alone takes it.
        LatticeKey::Expanded(bytes) => {
            portable::ml_dsa::PrivateKey::from_expanded(kind, bytes).map(PrivateKey::Portable)
        }
    }
}

fn mu_of(content: &Content<'_>, key: PublicView<'_>) -> Result<[u8; MU]> {
    if let Content::Mu(mu) = content {
        return Ok(**mu);
    }
    let (mut state, mut mu) = (key.start(), [0; MU]);
    state.update(&content.formatted()?);
    state.finish(&mut mu);
    Ok(mu)
}
