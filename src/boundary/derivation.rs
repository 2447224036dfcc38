//! Keys that come of other keys: what a cell computes goes into wiped memory and from there into the new
//! record, without leaving the boundary.

use super::key::Permit;
use super::scratch::Scratch;
use super::table::Row;
use super::tools::Tools;
use super::wrapping::Opened;
use crate::algorithm::Params;
use crate::error::{Error, Result};
use crate::policy::ops::{Agree, Decapsulate, Derive, Encapsulate, Op, Stretch};
use crate::state::Staged;

/// A cell that fills the last argument with the secret of a new key, from what the other side sent.
pub(crate) type Yield<O> =
    for<'a> fn(Permit<'a, O>, &Params<'_>, &mut Tools<'_>, &[u8], &mut [u8]) -> Result<()>;
/// A cell that makes a secret and its encapsulation.
pub(crate) type Encapsulation =
    for<'a> fn(Permit<'a, Encapsulate>, &mut Tools<'_>, &mut [u8], &mut Staged<'_>) -> Result<()>;

/// Operations whose cells yield a secret.
pub(crate) trait Yields: Op + Sized {
    /// The cell of a row.
    fn cell(row: &Row) -> Option<Yield<Self>>;
}

impl Yields for Derive {
    fn cell(row: &Row) -> Option<Yield<Self>> {
        row.derive
    }
}

impl Yields for Stretch {
    fn cell(row: &Row) -> Option<Yield<Self>> {
        row.stretch
    }
}

impl Yields for Agree {
    fn cell(row: &Row) -> Option<Yield<Self>> {
        row.agree
    }
}

impl Yields for Decapsulate {
    fn cell(row: &Row) -> Option<Yield<Self>> {
        row.decapsulate
    }
}

/// Runs the cell for a secret of `len` bytes.
pub(crate) fn run<O: Yields>(
    row: &Row,
    permit: Permit<'_, O>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    input: &[u8],
    len: usize,
) -> Result<Opened> {
    let cell = O::cell(row).ok_or(Error::Unsupported)?;
    let mut secret = Scratch::new(len)?;
    cell(permit, params, tools, input, secret.bytes_mut())?;
    Ok(Opened::computed(secret))
}

/// Makes a secret of `len` bytes and its encapsulation.
pub(crate) fn encapsulate(
    row: &Row,
    permit: Permit<'_, Encapsulate>,
    tools: &mut Tools<'_>,
    len: usize,
    out: &mut Staged<'_>,
) -> Result<Opened> {
    let cell = row.encapsulate.ok_or(Error::Unsupported)?;
    let mut secret = Scratch::new(len)?;
    cell(permit, tools, secret.bytes_mut(), out)?;
    Ok(Opened::computed(secret))
}
