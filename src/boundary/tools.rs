//! What a cell of the table works with beside its permit: random numbers, and under the lab cfg the
//! faults that a test has armed.

use super::backend::Backends;
use super::random::{EntropyPool, Generators};
use crate::error::{Error, Result};
use crate::faults::Faults;
use crate::state::{Module, TestId};

/// The tools of one call.
pub(crate) struct Tools<'a> {
    pub(crate) generators: &'a mut Generators,
    pub(crate) pool: &'a EntropyPool,
    pub(crate) module: &'a Module,
    pub(crate) faults: &'a Faults,
    /// Fixed field of deterministic IVs (GCM-1).
    pub(crate) device: [u8; 4],
    /// Which implementations run.
    pub(crate) backends: Backends,
}

impl Tools<'_> {
    /// Random bytes that must stay secret: keys, per-message secrets, blinding.
    pub(crate) fn secret(&mut self, out: &mut [u8]) -> Result<()> {
        self.generators.secret.fill(self.pool, out)
    }

    /// Random bytes for a caller outside, with additional input, and with prediction resistance if asked for.
    pub(crate) fn random(&mut self, additional: &[u8], fresh: bool, out: &mut [u8]) -> Result<()> {
        self.generators.secret.fill_with(self.pool, additional, fresh, out)
    }

    /// Random bytes that will be seen: IVs, salts, ids.
    pub(crate) fn public(&mut self, out: &mut [u8]) -> Result<()> {
        self.generators.few_public(self.pool, out)
    }

    /// Runs a pairwise consistency test and writes its result into the ledger (PCT-1). The test is given
    /// whether a fault is armed: it then damages its message between the two halves (BRK-2).
    ///
    /// Three failures in a row stop the module (FSM-6).
    pub(crate) fn pairwise(
        &mut self,
        test: &Pairwise,
        run: impl FnOnce(&mut Self, bool) -> Result<()>,
    ) -> Result<()> {
        let broken = self.faults.armed(test.id);
        let result = run(self, broken);
        self.module.record_pairwise(test.id, result.is_ok());
        result.map_err(|error| match error {
            Error::Rejected => Error::SelfTestFailed,
            other => other,
        })
    }
}

/// A pairwise consistency test.
#[derive(Debug)]
pub(crate) struct Pairwise {
    pub(crate) id: TestId,
    pub(crate) name: &'static str,
}
