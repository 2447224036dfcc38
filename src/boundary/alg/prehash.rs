//! What ML-DSA and SLH-DSA sign: the message, or its hash, behind a prefix that keeps the two apart (FIPS 204,
//! August 2024, sections 5.2 and 5.4; FIPS 205, August 2024, sections 10.2.1 and 10.2.2).

use crate::algorithm::{Hash, MAX_CONTEXT};
use crate::attributes::KeyKind;
use crate::boundary::backend::portable::hash;
use crate::error::{Error, Result};

/// Length of the DER encoding of a hash's object identifier.
const OID: usize = 11;

/// The prefix of a formatted message: domain, length of the context, context, and of a hash its object
/// identifier.
pub(in crate::boundary) struct Prefix {
    bytes: [u8; 2 + MAX_CONTEXT + OID],
    len: usize,
}

impl Prefix {
    /// Before a message.
    pub(in crate::boundary) fn pure(context: &[u8]) -> Result<Self> {
        Self::new(0, context, &[])
    }

    /// Before the hash of a message.
    pub(in crate::boundary) fn hashed(hash: Hash, context: &[u8]) -> Result<Self> {
        Self::new(1, context, &oid(hash))
    }

    fn new(domain: u8, context: &[u8], oid: &[u8]) -> Result<Self> {
        let context_len = u8::try_from(context.len()).map_err(|_| Error::InvalidArgument)?;
        let mut prefix = Self { bytes: [0; 2 + MAX_CONTEXT + OID], len: 0 };
        prefix.push(&[domain, context_len])?;
        prefix.push(context)?;
        prefix.push(oid)?;
        Ok(prefix)
    }

    fn push(&mut self, part: &[u8]) -> Result<()> {
        let end = self.len.saturating_add(part.len());
        self.bytes.get_mut(self.len..end).ok_or(Error::InvalidArgument)?.copy_from_slice(part);
        self.len = end;
        Ok(())
    }

    pub(in crate::boundary) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

/// The hash of the call, if it is as strong against collisions as the key is against forgery (FIPS 204 section
/// 5.4, FIPS 205 section 10.2.2): half its length, in bits.
pub(in crate::boundary) fn strong(hash: Option<Hash>, kind: KeyKind) -> Result<Hash> {
    let hash = hash.ok_or(Error::InvalidArgument)?;
    let enough = hash.output_len().saturating_mul(4) >= usize::from(kind.strength().bits());
    if enough { Ok(hash) } else { Err(Error::Unsupported) }
}

/// Hands the digest of a message to `with`.
pub(in crate::boundary) fn digest<R>(
    hash: Option<Hash>,
    message: &[u8],
    with: impl FnOnce(&[u8]) -> Result<R>,
) -> Result<R> {
    let hash = hash.ok_or(Error::InvalidArgument)?;
    let mut digest = [0; 64];
    let digest = digest.get_mut(..hash.output_len()).ok_or(Error::Corrupted)?;
    hash::digest(hash, &[message], digest)?;
    with(digest)
}

/// Object identifiers of NIST's register, 2.16.840.1.101.3.4.2, in DER.
const fn oid(hash: Hash) -> [u8; OID] {
    let last = match hash {
        Hash::Sha256 => 1,
        Hash::Sha384 => 2,
        Hash::Sha512 => 3,
        Hash::Sha224 => 4,
        Hash::Sha512_256 => 6,
        Hash::Sha3_224 => 7,
        Hash::Sha3_256 => 8,
        Hash::Sha3_384 => 9,
        Hash::Sha3_512 => 10,
    };
    [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last]
}
