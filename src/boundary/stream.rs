//! Running states of operations that take their input in pieces. They lie in the session's cell, derive
//! from keys and data, and wipe themselves on drop.

use super::alg::mac::MacState;
#[cfg(feature = "ml-dsa")]
use super::alg::ml_dsa;
#[cfg(feature = "ml-dsa")]
use super::backend::ml_dsa::{MU, MuState};
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
    #[cfg(feature = "ml-dsa")]
    Mu(MuState),
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

    /// A running mu under the permitted key, its context absorbed.
    #[cfg(feature = "ml-dsa")]
    pub(crate) fn mu<O: Op>(permit: &Permit<'_, O>, params: &Params<'_>) -> Result<Self> {
        permit.material(|material| Ok(Self(State::Mu(ml_dsa::start(material.prepared(), params.context)?))))
    }

    /// Those of the parameters that the running state has not absorbed yet.
    pub(crate) fn left_of<'p>(&self, params: Params<'p>) -> Params<'p> {
        match &self.0 {
            #[cfg(feature = "ml-dsa")]
            State::Mu(_) => Params { context: &[], ..params },
            _ => params,
        }
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
            #[cfg(feature = "ml-dsa")]
            State::Mu(state) => state.update(data),
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

    /// Ends a running hash or mu; hands it on.
    pub(crate) fn digest<R>(self, with: impl FnOnce(&[u8]) -> Result<R>) -> Result<R> {
        let (hash, state) = match self.0 {
            State::Hash(hash, state) => (hash, state),
            #[cfg(feature = "ml-dsa")]
            State::Mu(state) => {
                let mut mu = zeroize::Zeroizing::new([0; MU]);
                state.finish(&mut *mu);
                return with(&*mu);
            }
            _ => return Err(Error::InvalidArgument),
        };
        let mut digest = zeroize::Zeroizing::new([0; 64]);
        let digest = digest.get_mut(..hash.output_len()).ok_or(Error::Corrupted)?;
        state.finish(digest)?;
        with(digest)
    }

    /// Ends a running MAC.
    pub(crate) fn finish_mac(
        self,
        _permit: Permit<'_, Mac>,
        params: &Params<'_>,
        out: &mut Staged<'_>,
    ) -> Result<()> {
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
