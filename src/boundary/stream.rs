//! Running states of operations that take their input in pieces. They lie in the session's cell, derive
//! from keys and data, and wipe themselves on drop.

use super::alg::mac::MacState;
use super::backend::portable::hash::HashState;
use super::key::Permit;
use crate::algorithm::{Hash, Params};
use crate::error::{Error, Result};
use crate::policy::ops::{Mac, Op, VerifyMac};
use crate::state::Staged;

/// A running state.
pub(crate) struct Running(State);

#[allow(clippy::large_enum_variant)] // without a heap there is nowhere to put the larger one
enum State {
    Hash(Hash, HashState),
    Mac(MacState),
    #[cfg(feature = "alloc")]
    Buffer {
        bytes: zeroize::Zeroizing<alloc::vec::Vec<u8>>,
        limit: usize,
    },
}

impl Running {
    /// A running hash.
    pub(crate) fn hash(hash: Hash) -> Result<Self> {
        Ok(Self(State::Hash(hash, HashState::new(hash)?)))
    }

    /// A running MAC under the permitted key.
    pub(crate) fn mac<O: Op>(permit: &Permit<'_, O>) -> Result<Self> {
        permit.material(|material| Ok(Self(State::Mac(material.prepared().start_mac()?))))
    }

    /// A buffer for at most `limit` bytes.
    #[cfg(feature = "alloc")]
    pub(crate) fn buffer(limit: usize) -> Self {
        Self(State::Buffer { bytes: zeroize::Zeroizing::new(alloc::vec::Vec::new()), limit })
    }

    /// Takes in a piece.
    pub(crate) fn update(&mut self, data: &[u8]) -> Result<()> {
        match &mut self.0 {
            State::Hash(_, state) => state.update(data),
            State::Mac(state) => state.update(data),
            #[cfg(feature = "alloc")]
            State::Buffer { bytes, limit } => {
                let needed = bytes.len().checked_add(data.len()).ok_or(Error::LimitReached)?;
                if needed > *limit {
                    return Err(Error::LimitReached);
                }
                if needed > bytes.capacity() {
                    // Grown by hand: a vector that grows itself leaves its old bytes behind.
                    let room = needed.max(bytes.capacity().saturating_mul(2)).max(1024);
                    let mut larger = zeroize::Zeroizing::new(alloc::vec::Vec::with_capacity(room));
                    larger.extend_from_slice(bytes);
                    *bytes = larger;
                }
                bytes.extend_from_slice(data);
            }
        }
        Ok(())
    }

    /// Bytes kept so far; 0 where none are.
    pub(crate) fn len(&self) -> usize {
        match &self.0 {
            #[cfg(feature = "alloc")]
            State::Buffer { bytes, .. } => bytes.len(),
            _ => 0,
        }
    }

    /// Ends a running hash; hands its digest on.
    pub(crate) fn digest<R>(self, with: impl FnOnce(&[u8]) -> Result<R>) -> Result<R> {
        let State::Hash(hash, state) = self.0 else { return Err(Error::InvalidArgument) };
        let mut digest = zeroize::Zeroizing::new([0; 64]);
        let digest = digest.get_mut(..hash.output_len()).ok_or(Error::Corrupted)?;
        state.finish(digest)?;
        with(digest)
    }

    /// Ends a running MAC.
    pub(crate) fn finish_mac<'b>(
        self,
        _permit: Permit<'_, Mac>,
        params: &Params<'_>,
        out: Staged<'b>,
    ) -> Result<Staged<'b>> {
        let State::Mac(state) = self.0 else { return Err(Error::InvalidArgument) };
        state.give(params, out)
    }

    /// Ends a running MAC and compares.
    pub(crate) fn verify_mac(
        self,
        _permit: Permit<'_, VerifyMac>,
        params: &Params<'_>,
        tag: &[u8],
    ) -> Result<()> {
        let State::Mac(state) = self.0 else { return Err(Error::InvalidArgument) };
        state.judge(params, tag)
    }

    /// The bytes kept so far.
    #[cfg(feature = "alloc")]
    pub(crate) fn buffered(&self) -> Result<&[u8]> {
        match &self.0 {
            State::Buffer { bytes, .. } => Ok(bytes),
            _ => Err(Error::InvalidArgument),
        }
    }
}
