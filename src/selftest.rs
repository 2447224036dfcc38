//! Runs the self-tests of the table: at power-on, before first use, on demand; and reports them.

use crate::boundary::alg::cast::{Cast, Check};
use crate::boundary::table;
use crate::engine::Core;
use crate::error::{Error, Result};
use crate::faults::Faults;
use crate::state::{Event, Module, State, TestState};
use crate::store::Store;

/// One line of the self-test report (CAST-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestReport {
    /// Unique, stable name.
    pub name: &'static str,
    /// What kind of test it is.
    pub kind: TestKind,
    /// Where it stands.
    pub state: TestState,
    /// How often it ran in this power cycle.
    pub runs: u16,
}

impl TestReport {
    /// Names of the tests that must have passed before this one (CAST-15).
    pub fn depends_on(&self) -> impl Iterator<Item = &'static str> {
        let name = self.name;
        let this = table::casts().filter(move |cast| cast.name == name);
        this.flat_map(|cast| cast.depends_on.iter().map(|dependency| dependency.name))
    }
}

/// Kinds of self-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestKind {
    /// Known answer, before the first service.
    PowerOn,
    /// Known answer, before first use of the algorithm.
    FirstUse,
    /// Pairwise consistency, on every generated pair.
    Pairwise,
}

impl TestKind {
    /// Name for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PowerOn => "power-on",
            Self::FirstUse => "first use",
            Self::Pairwise => "pairwise",
        }
    }
}

/// Every test with its state, in order of the ledger.
pub(crate) fn report(module: &Module) -> impl Iterator<Item = TestReport> {
    let casts = table::casts().map(|cast| {
        let kind = if cast.at_power_on { TestKind::PowerOn } else { TestKind::FirstUse };
        (cast.name, cast.id, kind)
    });
    let pairs = table::pairwise_tests().map(|test| (test.name, test.id, TestKind::Pairwise));
    casts.chain(pairs).map(|(name, id, kind)| TestReport {
        name,
        kind,
        state: module.test_state(id),
        runs: module.test_runs(id),
    })
}

/// The tests that must pass before the first service.
pub(crate) fn power_on(module: &Module, faults: &Faults) -> Result<()> {
    table::casts().filter(|cast| cast.at_power_on).try_for_each(|cast| run(module, faults, cast))
}

/// The tests a call depends on: run now if they have not run (CAST-1).
pub(crate) fn require<S: Store>(core: &Core<S>, casts: &[&'static Cast]) -> Result<()> {
    for cast in casts {
        match core.module.test_state(cast.id) {
            TestState::Passed => {}
            TestState::Failed => return Err(Error::SelfTestFailed),
            TestState::NotRun => {
                // Another thread may be at it: then this one waits, and finds the result (FSM-11).
                let _one_at_a_time = core.module.begin_tests()?;
                first_use(&core.module, &core.faults, cast)?;
            }
        }
    }
    Ok(())
}

fn first_use(module: &Module, faults: &Faults, cast: &'static Cast) -> Result<()> {
    match module.test_state(cast.id) {
        TestState::Passed => Ok(()),
        TestState::Failed => Err(Error::SelfTestFailed),
        TestState::NotRun => {
            cast.depends_on.iter().try_for_each(|dependency| first_use(module, faults, dependency))?;
            run(module, faults, cast)
        }
    }
}

/// Every known-answer test, on demand; then every key record (CAST-13, FSM-8). Keys survive.
pub(crate) fn on_demand<S: Store>(core: &Core<S>) -> Result<()> {
    let tested = {
        let _one_at_a_time = core.module.begin_tests()?;
        if core.module.apply(Event::TestsRequested) != State::SelfTest {
            return Err(Error::NotOperational);
        }
        let tested = table::casts().try_for_each(|cast| run(&core.module, &core.faults, cast));
        if tested.is_ok() {
            core.module.apply(Event::TestsPassed);
        }
        tested
    };
    tested?;
    core.check_records()
}

/// One test. A failure stops the module before anybody sees the ledger (CAST-7, FSM-5).
fn run(module: &Module, faults: &Faults, cast: &Cast) -> Result<()> {
    let mut check = Check::new(faults.armed(cast.id));
    let result = (cast.run)(&mut check);
    let passed = check.verdict(result);
    if !passed {
        module.apply(Event::Fault);
    }
    module.record(cast.id, passed);
    if passed { Ok(()) } else { Err(Error::SelfTestFailed) }
}
