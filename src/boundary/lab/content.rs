//! What ML-DSA and SLH-DSA sign, formatted already or not.

use super::{Error, Hash, Result, Vec};
use crate::boundary::alg::prehash::{self, Prefix};

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
    pub(super) fn formatted(&self) -> Result<Vec<u8>> {
        match *self {
            Self::Formatted(message) => Ok(message.to_vec()),
            Self::Pure(context, message) => Ok([Prefix::pure(context)?.bytes(), message].concat()),
            Self::Hashed(hash, context, message) => prehash::digest(Some(hash), message, |digest| {
                Ok([Prefix::hashed(hash, context)?.bytes(), digest].concat())
            }),
            Self::Mu(_) => Err(Error::Unsupported),
        }
    }
}
