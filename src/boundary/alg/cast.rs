//! What a known-answer test is (SP 800-140 IG 10.3.A; CAST-1 to CAST-11).

use subtle::ConstantTimeEq;

use crate::boundary::backend::Backends;
use crate::error::{Error, Result};
use crate::state::TestId;

/// A cryptographic algorithm self-test: fixed input through the code that services use, compared with
/// a stored answer.
#[derive(Debug)]
pub(crate) struct Cast {
    /// Index in the ledger. Never reused.
    pub(crate) id: TestId,
    /// Unique and stable: reports, documents and fault tests use it (CAST-8).
    pub(crate) name: &'static str,
    /// Runs before the first service of any kind, not before first use.
    pub(crate) at_power_on: bool,
    /// Tests that must have passed before (CAST-15).
    pub(crate) depends_on: &'static [&'static Cast],
    pub(crate) run: fn(&mut Check) -> Result<()>,
}

/// A test of the module as a whole: no single algorithm needs it, so no row of the table names it.
#[derive(Debug)]
pub(crate) struct ModuleTest {
    /// Index in the ledger. Never reused.
    pub(crate) id: TestId,
    /// Unique and stable.
    pub(crate) name: &'static str,
    /// Known-answer tests of the algorithms that this test uses (INT-1).
    pub(crate) depends_on: &'static [&'static Cast],
}

/// Compares what was computed with what is stored. An armed fault changes the computed side, before the
/// comparison (BRK-2).
pub(crate) struct Check {
    broken: bool,
    compared: u32,
    backends: Backends,
}

impl Check {
    pub(crate) const fn new(broken: bool, backends: Backends) -> Self {
        Self { broken, compared: 0, backends }
    }

    /// The implementations that services use (CAST-6).
    pub(in crate::boundary) const fn backends(&self) -> &Backends {
        &self.backends
    }

    /// `computed` must be `stored`.
    pub(in crate::boundary) fn equal(&mut self, computed: &mut [u8], stored: &[u8]) -> Result<()> {
        self.compared = self.compared.saturating_add(1);
        if self.broken
            && let Some(first) = computed.first_mut()
        {
            *first ^= 1;
        }
        if bool::from((*computed).ct_eq(stored)) { Ok(()) } else { Err(Error::SelfTestFailed) }
    }

    /// `verdict` must be an acceptance.
    pub(in crate::boundary) fn accepts(&mut self, verdict: Result<()>) -> Result<()> {
        self.compared = self.compared.saturating_add(1);
        if verdict.is_ok() != self.broken { Ok(()) } else { Err(Error::SelfTestFailed) }
    }

    /// `verdict` must be [`Error::Rejected`].
    pub(in crate::boundary) fn rejects<T>(&mut self, verdict: Result<T>) -> Result<()> {
        self.compared = self.compared.saturating_add(1);
        let rejected = matches!(verdict, Err(Error::Rejected));
        if rejected != self.broken { Ok(()) } else { Err(Error::SelfTestFailed) }
    }

    /// `verdict` must be an error, whichever.
    pub(in crate::boundary) fn refuses<T, E>(&mut self, verdict: core::result::Result<T, E>) -> Result<()> {
        self.compared = self.compared.saturating_add(1);
        if verdict.is_err() != self.broken { Ok(()) } else { Err(Error::SelfTestFailed) }
    }

    /// A test that compared nothing has tested nothing.
    pub(crate) fn verdict(self, result: Result<()>) -> bool {
        result.is_ok() && self.compared > 0
    }
}
