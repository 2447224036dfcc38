//! Batches inside the boundary: a group of jobs goes to one cell of the table, each with its own permit and its
//! own answer. A row without such a cell runs its single one for each job in turn.
//!
//! A job that fails takes nothing from its neighbours: its output is zeroed when it is dropped, theirs goes on.

use super::backend::Backends;
use super::derivation::Yields;
use super::key::Permit;
use super::scratch::Scratch;
use super::table::Row;
use super::tools::Tools;
use super::wrapping::Opened;
use crate::algorithm::Params;
use crate::error::{Error, Result};
use crate::outcome::Indicator;
use crate::policy::ops::{Agree, Op, Sign, Verify};
use crate::state::Staged;

/// Most jobs in a group. Eight are the lanes of a 512-bit register; four times as many share an inversion, where
/// the stack is that of a server.
pub(crate) const LANES: usize = if cfg!(feature = "std") { 32 } else { 8 };
/// Most different keys in a group: as many as a session pins.
pub(crate) const KEYS: usize = 8;

/// The jobs of a group. An item that was not admitted leaves its place empty.
pub(crate) type Group<J> = [Option<J>; LANES];

/// A cell that makes output for a whole group.
pub(crate) type MakeMany<O> = for<'a, 'b> fn(&mut Group<Making<'a, 'b, O>>, &mut Tools<'_>);
/// A cell that judges a whole group.
pub(crate) type JudgeMany<O> = for<'a, 'b> fn(&mut Group<Judging<'a, 'b, O>>, &Backends);
/// A cell that fills the secrets of new keys for a whole group.
pub(crate) type YieldMany<O> = for<'a, 'b> fn(&mut Group<Yielding<'a, 'b, O>>, &mut Tools<'_>);

/// What an admitted item brings, whatever becomes of it.
pub(crate) struct Job<'a, 'b, O: Op> {
    /// Taken by the single cell, looked through by the cell of a group.
    permit: Option<Permit<'a, O>>,
    indicator: Indicator,
    pub(in crate::boundary) params: &'b Params<'b>,
    pub(in crate::boundary) input: &'b [u8],
}

impl<'a, 'b, O: Op> Job<'a, 'b, O> {
    pub(crate) fn new(permit: Permit<'a, O>, params: &'b Params<'b>, input: &'b [u8]) -> Self {
        let indicator = permit.evidence().indicator();
        Self { permit: Some(permit), indicator, params, input }
    }

    pub(in crate::boundary) fn permit(&self) -> Result<&Permit<'a, O>> {
        self.permit.as_ref().ok_or(Error::Corrupted)
    }

    fn spend(&mut self) -> Result<Permit<'a, O>> {
        self.permit.take().ok_or(Error::Corrupted)
    }
}

/// A job that makes output into its item's own buffer.
pub(crate) struct Making<'a, 'b, O: Op> {
    pub(in crate::boundary) job: Job<'a, 'b, O>,
    /// An error here is the item's answer, and has zeroed its buffer.
    pub(in crate::boundary) out: Result<Staged<'b>>,
}

impl<'a, 'b, O: Op> Making<'a, 'b, O> {
    pub(crate) fn new(job: Job<'a, 'b, O>, out: Staged<'b>) -> Self {
        Self { job, out: Ok(out) }
    }

    /// Why nothing was made, if so.
    pub(crate) fn failure(&self) -> Result<()> {
        self.out.as_ref().map(drop).map_err(|error| *error)
    }

    /// What was made, for the state machine to release.
    pub(crate) fn made(self) -> (Result<Staged<'b>>, Indicator) {
        (self.out, self.job.indicator)
    }
}

/// The permits of a group.
#[cfg(any(feature = "ecdsa", feature = "ed25519", feature = "rsa"))]
pub(in crate::boundary) fn permits<'p, 'a, O: Op>(
    jobs: &'p Group<Making<'a, '_, O>>,
) -> [Option<&'p Permit<'a, O>>; LANES] {
    jobs.each_ref().map(|making| making.as_ref()?.job.permit().ok())
}

/// The outputs of a group, while its cell fills them where they are.
#[cfg(any(feature = "ed25519", feature = "rsa"))]
pub(in crate::boundary) fn take_outputs<'b, O: Op>(
    jobs: &mut Group<Making<'_, 'b, O>>,
) -> [Result<Staged<'b>>; LANES] {
    jobs.each_mut().map(|making| match making {
        Some(making) => core::mem::replace(&mut making.out, Err(Error::Corrupted)),
        None => Err(Error::Corrupted),
    })
}

/// Gives them back, each with its answer: an error zeroes it.
#[cfg(any(feature = "ed25519", feature = "rsa"))]
pub(in crate::boundary) fn give_outputs<'b, O: Op>(
    jobs: &mut Group<Making<'_, 'b, O>>,
    outputs: [Result<Staged<'b>>; LANES],
    answers: [Result<()>; LANES],
) {
    for ((making, output), answer) in jobs.iter_mut().zip(outputs).zip(answers) {
        if let Some(making) = making {
            making.out = output.and_then(|staged| answer.map(|()| staged));
        }
    }
}

/// A job that judges a proof.
pub(crate) struct Judging<'a, 'b, O: Op> {
    pub(in crate::boundary) job: Job<'a, 'b, O>,
    pub(in crate::boundary) proof: &'b [u8],
    pub(in crate::boundary) verdict: Result<()>,
}

impl<'a, 'b, O: Op> Judging<'a, 'b, O> {
    pub(crate) fn new(job: Job<'a, 'b, O>, proof: &'b [u8]) -> Self {
        // Nothing is accepted that no cell has judged.
        Self { job, proof, verdict: Err(Error::Corrupted) }
    }

    pub(crate) fn judged(self) -> (Result<()>, Indicator) {
        (self.verdict, self.job.indicator)
    }
}

/// A job that computes the secret of a new key.
pub(crate) struct Yielding<'a, 'b, O: Op> {
    pub(in crate::boundary) job: Job<'a, 'b, O>,
    pub(in crate::boundary) secret: Scratch,
    pub(in crate::boundary) done: Result<()>,
}

impl<'a, 'b, O: Op> Yielding<'a, 'b, O> {
    /// For a secret of `len` bytes.
    pub(crate) fn new(job: Job<'a, 'b, O>, len: usize) -> Result<Self> {
        Ok(Self { job, secret: Scratch::new(len)?, done: Err(Error::Corrupted) })
    }

    pub(crate) const fn indicator(&self) -> Indicator {
        self.job.indicator
    }

    /// The secret on its way into its record.
    pub(crate) fn yielded(self) -> Result<Opened> {
        self.done.map(|()| Opened::computed(self.secret))
    }
}

/// Signs each job's message.
pub(crate) fn sign(row: &Row, jobs: &mut Group<Making<'_, '_, Sign>>, tools: &mut Tools<'_>) {
    if let Some(many) = row.sign_many {
        return many(jobs, tools);
    }
    for making in jobs.iter_mut().flatten() {
        let Making { job, out } = making;
        let done = out.as_mut().map_err(|error| *error).and_then(|staged| {
            let cell = row.sign.ok_or(Error::Unsupported)?;
            cell(job.spend()?, job.params, tools, job.input, staged)
        });
        if let Err(error) = done {
            *out = Err(error);
        }
    }
}

/// Verifies each job's signature.
pub(crate) fn verify(row: &Row, jobs: &mut Group<Judging<'_, '_, Verify>>, backends: &Backends) {
    if let Some(many) = row.verify_many {
        return many(jobs, backends);
    }
    for Judging { job, proof, verdict } in jobs.iter_mut().flatten() {
        *verdict = row.verify.ok_or(Error::Unsupported).and_then(|cell| {
            let permit = job.spend()?;
            cell(permit, job.params, job.input, proof)
        });
    }
}

/// Computes each job's agreed secret.
pub(crate) fn agree(row: &Row, jobs: &mut Group<Yielding<'_, '_, Agree>>, tools: &mut Tools<'_>) {
    if let Some(many) = row.agree_many {
        return many(jobs, tools);
    }
    for Yielding { job, secret, done } in jobs.iter_mut().flatten() {
        *done = Agree::cell(row).ok_or(Error::Unsupported).and_then(|cell| {
            let permit = job.spend()?;
            cell(permit, job.params, tools, job.input, secret.bytes_mut())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A group lies on the stack, of firmware too: docs/batch.md says how much that is.
    #[test]
    fn a_job_is_small() {
        assert!(size_of::<Making<'_, '_, Sign>>() <= 512);
        assert!(size_of::<Judging<'_, '_, Verify>>() <= 512);
        assert!(!cfg!(feature = "alloc") || size_of::<Yielding<'_, '_, Agree>>() <= 512);
    }
}
