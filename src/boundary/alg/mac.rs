//! What MACs have in common: a running state of whichever MAC a key serves, and what becomes of the full
//! tag, which is truncated and given, or truncated and compared.

use subtle::ConstantTimeEq;

use crate::algorithm::Params;
use crate::boundary::Wiped;
use crate::boundary::backend::aes::cmac::CmacState;
use crate::boundary::backend::portable::hash::HmacState;
use crate::error::{Error, Result};
use crate::marks;
use crate::state::Staged;

/// Longest full tag, in bytes.
const MAX_TAG: usize = 64;

/// A running MAC.
#[allow(clippy::large_enum_variant)] // without a heap there is nowhere to put the larger one
pub(in crate::boundary) enum MacState {
    Hmac(HmacState),
    Cmac(CmacState),
}

impl MacState {
    /// Absorbs `data`.
    pub(in crate::boundary) fn update(&mut self, data: &[u8]) {
        match self {
            Self::Hmac(state) => state.update(data),
            Self::Cmac(state) => state.update(data),
        }
    }

    /// Ends with a tag for the caller.
    pub(in crate::boundary) fn give(self, params: &Params<'_>, out: &mut Staged<'_>) -> Result<()> {
        give(params, self.full_len(), |full| self.finish(full), out)
    }

    /// Ends with a comparison.
    pub(in crate::boundary) fn judge(self, params: &Params<'_>, tag: &[u8]) -> Result<()> {
        judge(params, self.full_len(), |full| self.finish(full), tag)
    }

    const fn full_len(&self) -> usize {
        match self {
            Self::Hmac(state) => state.output_len(),
            Self::Cmac(_) => super::aes_cmac::TAG,
        }
    }

    fn finish(self, full: &mut [u8]) -> Result<()> {
        match self {
            Self::Hmac(state) => state.finish(full),
            Self::Cmac(state) => state.finish(full),
        }
    }
}

/// Makes the full tag and writes as much of it as the call asks for.
#[inline]
pub(in crate::boundary) fn give(
    params: &Params<'_>,
    full_len: usize,
    make: impl FnOnce(&mut [u8]) -> Result<()>,
    out: &mut Staged<'_>,
) -> Result<()> {
    with_tag(params, full_len, make, |tag| {
        out.claim(tag.len())?.copy_from_slice(tag);
        Ok(())
    })
}

/// Makes the full tag and compares; that takes the same time wherever the tags differ.
#[inline]
pub(in crate::boundary) fn judge(
    params: &Params<'_>,
    full_len: usize,
    make: impl FnOnce(&mut [u8]) -> Result<()>,
    tag: &[u8],
) -> Result<()> {
    with_tag(params, full_len, make, |expected| {
        if marks::declassified("MAC verdict", bool::from(expected.ct_eq(tag))) {
            Ok(())
        } else {
            Err(Error::Rejected)
        }
    })
}

/// Makes the full tag in memory that is wiped, and shows its leftmost bytes, as many as the call asks for.
#[inline]
fn with_tag<R>(
    params: &Params<'_>,
    full_len: usize,
    make: impl FnOnce(&mut [u8]) -> Result<()>,
    show: impl FnOnce(&[u8]) -> Result<R>,
) -> Result<R> {
    let mut full = Wiped::<MAX_TAG>::new();
    let full = full.get_mut(..full_len).ok_or(Error::Corrupted)?;
    make(full)?;
    let len = tag_len(params, full_len).ok_or(Error::InvalidArgument)?;
    show(full.get(..len).ok_or(Error::InvalidArgument)?)
}

/// Length of the tag that a call asks for, if the full one is long enough.
pub(in crate::boundary) fn tag_len(params: &Params<'_>, full_len: usize) -> Option<usize> {
    let len = params.tag_len.unwrap_or(full_len);
    (len <= full_len).then_some(len)
}
