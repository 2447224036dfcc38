//! The native wrapped-key blob, version 1: parse and emit only. docs/wrap-format.md describes it for
//! other implementations.
//!
//! ```text
//! "SRWK"   u8 version = 1   u16 algorithm, 0x0121 or 0x0532
//! 16 bytes id of the wrapping key   16 bytes id of the key
//! u8 origin   u16 strength in bits
//! u8 counted: 0, or 1 and then u64 first use, u64 end of uses
//! u16 length, policy (wire/policy.rs)
//! u16 length, { 12 bytes IV   ciphertext   16 bytes tag }
//! ```
//! Everything before the IV is associated data. Big-endian, no optional parts, no trailing bytes. Under a hybrid key
//! (0x0532) the encapsulation stands before the IV, and the associated data ends before it.

use super::{Reader, Writer, policy};
use crate::algorithm::Algorithm;
use crate::attributes::{Attributes, Strength};
use crate::error::{Error, Result};
use crate::handle::KeyId;

const MAGIC: &[u8; 4] = b"SRWK";
const VERSION: u8 = 1;
const COUNTED: u8 = 1;
const ORIGIN_BITS: u8 = 0x3f;
/// Made here, and made of another key: no key is both.
const LOCAL_AND_DERIVED: u8 = 0x21;
/// What is sealed beside the ciphertext: IV and tag, and under a hybrid key the point and the ciphertext of the
/// encapsulation. Nothing for algorithms that native blobs are not written under.
const fn overhead(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::NativeWrap => Some(12 + 16),
        Algorithm::HybridNative => Some(97 + 1568 + 12 + 16),
        _ => None,
    }
}

/// Longest header.
pub(crate) const MAX_HEADER: usize = 4 + 1 + 2 + 16 + 16 + 1 + 2 + 1 + 16 + 2 + policy::MAX_LEN + 2;

/// What a blob says of its key. Claims of nobody until the tag was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) id: KeyId,
    pub(crate) origin: u8,
    pub(crate) strength: Strength,
    pub(crate) uses: Option<(u64, u64)>,
    pub(crate) attributes: Attributes,
}

/// A value read from a blob that nobody has authenticated yet.
#[derive(Debug)]
pub(crate) struct Claimed<T>(T);

impl<T> Claimed<T> {
    /// The value. Called in one place: `boundary/wrapping.rs`, after the tag was checked.
    pub(crate) fn authenticated(self) -> T {
        self.0
    }
}

/// A parsed blob.
#[derive(Debug)]
pub(crate) struct WrappedKey<'a> {
    /// Which key wrapped it: tells a front end what to unwrap with. Not authenticated by itself.
    pub(crate) kek: KeyId,
    pub(crate) claims: Claimed<Claims>,
    /// The header.
    pub(crate) associated: &'a [u8],
    /// What the algorithm wrote: IV, ciphertext, tag, after an encapsulation or none.
    pub(crate) sealed: &'a [u8],
}

/// Reads a blob of `algorithm`. Anything but the one canonical form is [`Error::Rejected`].
pub(crate) fn parse(algorithm: Algorithm, blob: &[u8]) -> Result<WrappedKey<'_>> {
    let overhead = overhead(algorithm).ok_or(Error::Rejected)?;
    let mut from = Reader::new(blob);
    if from.take_array()? != MAGIC || from.u8()? != VERSION || from.u16()? != algorithm.id() {
        return Err(Error::Rejected);
    }
    let kek = KeyId::from_bytes(*from.take_array()?);
    let id = KeyId::from_bytes(*from.take_array()?);
    let origin = from.u8()?;
    if origin & !ORIGIN_BITS != 0 || origin & LOCAL_AND_DERIVED == LOCAL_AND_DERIVED {
        return Err(Error::Rejected);
    }
    let strength = Strength(from.u16()?);
    let uses = match from.u8()? {
        0 => None,
        COUNTED => Some((from.u64()?, from.u64()?)),
        _ => return Err(Error::Rejected),
    };
    if uses.is_some_and(|(next, end)| next > end) {
        return Err(Error::Rejected);
    }
    let policy_len = usize::from(from.u16()?);
    let mut inner = Reader::new(from.take(policy_len)?);
    let attributes = policy::parse(&mut inner)?;
    inner.finish()?;
    let sealed_len = usize::from(from.u16()?);
    let header_len = blob.len().checked_sub(from.remaining()).ok_or(Error::Rejected)?;
    let associated = blob.get(..header_len).ok_or(Error::Rejected)?;
    let sealed = from.take(sealed_len)?;
    from.finish()?;
    if sealed_len <= overhead || kek == id {
        return Err(Error::Rejected);
    }
    let claims = Claimed(Claims { id, origin, strength, uses, attributes });
    Ok(WrappedKey { kek, claims, associated, sealed })
}

/// Writes the header for a sealed part of `sealed_len` bytes; answers its length.
pub(crate) fn emit_header(
    algorithm: Algorithm,
    kek: &KeyId,
    claims: &Claims,
    sealed_len: usize,
    out: &mut [u8],
) -> Result<usize> {
    overhead(algorithm).ok_or(Error::InvalidArgument)?;
    let mut policy_bytes = [0; policy::MAX_LEN];
    let mut inner = Writer::new(&mut policy_bytes);
    policy::emit(&claims.attributes, &mut inner)?;
    let policy_len = inner.finish();

    let mut to = Writer::new(out);
    to.put(MAGIC)?;
    to.u8(VERSION)?;
    to.u16(algorithm.id())?;
    to.put(kek.as_bytes())?;
    to.put(claims.id.as_bytes())?;
    to.u8(claims.origin)?;
    to.u16(claims.strength.bits())?;
    match claims.uses {
        None => to.u8(0)?,
        Some((next, end)) => {
            to.u8(COUNTED)?;
            to.u64(next)?;
            to.u64(end)?;
        }
    }
    to.u16(u16::try_from(policy_len).map_err(|_| Error::InvalidArgument)?)?;
    to.put(policy_bytes.get(..policy_len).ok_or(Error::InvalidArgument)?)?;
    to.u16(u16::try_from(sealed_len).map_err(|_| Error::InvalidArgument)?)?;
    Ok(to.finish())
}

#[cfg(test)]
mod tests;
