//! Runs the self-tests of the table and the integrity test: at power-on, before first use, on demand; and
//! reports them.

mod periodic;

pub(crate) use periodic::Period;

use crate::boundary::alg::cast::{Cast, Check};
use crate::boundary::image::INTEGRITY;
use crate::boundary::{Backends, table};
use crate::engine::Core;
use crate::error::{Error, Result};
use crate::faults::Faults;
use crate::integrity::{self, IntegrityImage};
use crate::state::{Event, Module, State, TestId, TestState};
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
        let this = tests().filter(move |test| test.name == name);
        this.flat_map(|test| test.depends_on.iter().map(|dependency| dependency.name))
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
    /// Integrity of the program, at power-on: not run where there is no reference.
    Integrity,
}

impl TestKind {
    /// Name for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PowerOn => "power-on",
            Self::FirstUse => "first use",
            Self::Pairwise => "pairwise",
            Self::Integrity => "integrity",
        }
    }
}

/// Any self-test, whatever its sort.
struct Test {
    id: TestId,
    name: &'static str,
    kind: TestKind,
    depends_on: &'static [&'static Cast],
}

/// Every test of this build: the one list that names, reports and fault tests are made from.
fn tests() -> impl Iterator<Item = Test> {
    let casts = table::casts().map(|cast| {
        let kind = if cast.at_power_on { TestKind::PowerOn } else { TestKind::FirstUse };
        Test { id: cast.id, name: cast.name, kind, depends_on: cast.depends_on }
    });
    let pairs = table::pairwise_tests();
    let pairs =
        pairs.map(|test| Test { id: test.id, name: test.name, kind: TestKind::Pairwise, depends_on: &[] });
    let module = table::MODULE_TESTS.iter().map(|test| Test {
        id: test.id,
        name: test.name,
        kind: TestKind::Integrity,
        depends_on: test.depends_on,
    });
    casts.chain(pairs).chain(module)
}

/// The name of a test.
pub(crate) fn name_of(id: TestId) -> Option<&'static str> {
    tests().find(|test| test.id == id).map(|test| test.name)
}

/// The test of a name.
#[cfg(strongroom_lab)]
pub(crate) fn id_of(name: &str) -> Option<TestId> {
    tests().find(|test| test.name == name).map(|test| test.id)
}

/// Every test with its state.
pub(crate) fn report(module: &Module) -> impl Iterator<Item = TestReport> {
    tests().map(|test| TestReport {
        name: test.name,
        kind: test.kind,
        state: module.test_state(test.id),
        runs: module.test_runs(test.id),
    })
}

/// The tests that must pass before the first service: first what the integrity test is made of, then the
/// integrity test, then the others (INT-1, INT-5). Answers the integrity value of a signed image.
pub(crate) fn power_on(
    module: &Module,
    faults: &Faults,
    backends: Backends,
    image: Option<&dyn IntegrityImage>,
) -> Result<Option<[u8; 32]>> {
    INTEGRITY.depends_on.iter().try_for_each(|cast| first_use(module, faults, backends, cast))?;
    let value = image.map_or(Ok(None), |image| integrity(module, faults, backends, image))?;
    table::casts()
        .filter(|cast| cast.at_power_on)
        .try_for_each(|cast| first_use(module, faults, backends, cast))?;
    Ok(value)
}

/// The tests a call depends on: run now if they have not run (CAST-1), and none of them too long ago.
#[cfg_attr(feature = "std", inline(always))]
pub(crate) fn require<S: Store>(core: &Core<S>, casts: &[&'static Cast]) -> Result<()> {
    if core.period.seconds.is_some() && core.period.is_over(core.now()) {
        return Err(Error::SelfTestFailed);
    }
    for cast in casts {
        match core.module.test_state(cast.id) {
            TestState::Passed => {}
            TestState::Failed => return Err(Error::SelfTestFailed),
            TestState::NotRun => {
                // Another thread may be at it: then this one waits, and finds the result (FSM-11).
                let _one_at_a_time = core.module.begin_tests()?;
                first_use(&core.module, &core.faults, core.backends, cast)?;
            }
        }
    }
    Ok(())
}

fn first_use(module: &Module, faults: &Faults, backends: Backends, cast: &'static Cast) -> Result<()> {
    match module.test_state(cast.id) {
        TestState::Passed => Ok(()),
        TestState::Failed => Err(Error::SelfTestFailed),
        TestState::NotRun => {
            let before = cast.depends_on.iter();
            before.copied().try_for_each(|dependency| first_use(module, faults, backends, dependency))?;
            run(module, faults, backends, cast)
        }
    }
}

/// Every known-answer test and the integrity test, on demand; then the entropy source (ENT-4), then every key
/// record (CAST-13, FSM-8). Keys
/// survive.
pub(crate) fn on_demand<S: Store>(core: &Core<S>) -> Result<()> {
    let tested = {
        let _one_at_a_time = core.module.begin_tests()?;
        if core.module.apply(Event::TestsRequested) != State::SelfTest {
            return Err(Error::NotOperational);
        }
        let tested = table::casts()
            .try_for_each(|cast| run(&core.module, &core.faults, core.backends, cast))
            .and_then(|()| integrity_again(core));
        if tested.is_ok() {
            core.module.apply(Event::TestsPassed);
        }
        tested
    };
    tested?;
    core.notice(core.pool.test())?;
    core.check_records()?;
    core.begin_period();
    Ok(())
}

/// An image that was signed at power-on is measured again, and must have the value it had. One that was not
/// stays unsigned for the life of the instance.
fn integrity_again<S: Store>(core: &Core<S>) -> Result<()> {
    let (Some(image), Some(value)) = (core.image(), core.integrity) else { return Ok(()) };
    if integrity(&core.module, &core.faults, core.backends, image)? == Some(value) {
        Ok(())
    } else {
        conclude(&core.module, INTEGRITY.id, false)
    }
}

/// The integrity test. An image without a reference is not tested (INT-4).
fn integrity(
    module: &Module,
    faults: &Faults,
    backends: Backends,
    image: &dyn IntegrityImage,
) -> Result<Option<[u8; 32]>> {
    let mut check = Check::new(faults.armed(INTEGRITY.id), backends);
    let measured = integrity::test(image, &mut check);
    if measured == Ok(None) {
        return Ok(None);
    }
    conclude(module, INTEGRITY.id, check.verdict(measured.map(drop)))?;
    measured
}

/// One known-answer test, through the implementations in use (CAST-6).
fn run(module: &Module, faults: &Faults, backends: Backends, cast: &Cast) -> Result<()> {
    let mut check = Check::new(faults.armed(cast.id), backends);
    let result = (cast.run)(&mut check);
    conclude(module, cast.id, check.verdict(result))
}

/// A failure stops the module before anybody sees the ledger (CAST-7, FSM-5).
fn conclude(module: &Module, test: TestId, passed: bool) -> Result<()> {
    if !passed {
        module.apply(Event::Fault);
    }
    module.record(test, passed);
    if passed { Ok(()) } else { Err(Error::SelfTestFailed) }
}
