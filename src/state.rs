//! The finite state model (FSM-1 to FSM-12): one atomic, one total transition function, and the two
//! doors that hang on it: [`Module::enter`] makes the only [`Pass`], [`Module::release`] makes the only
//! [`Outcome`].

use core::sync::atomic::{AtomicU8, AtomicU16, Ordering};

use zeroize::Zeroize;

use crate::error::{Error, Result};
use crate::outcome::{Encrypted, Indicator, Iv};
use crate::sync::{Guard, Lock};

/// States of the module. All-zero memory reads as `PowerOff`, an unknown value as `Error` (FSM-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// Not started.
    PowerOff = 0x00,
    /// Power-on self-tests run; nothing is served.
    Initialising = 0x17,
    /// Serving.
    Operational = 0x5a,
    /// Self-tests run on demand; services wait or are refused.
    SelfTest = 0x6c,
    /// A self-test or an invariant failed. Only status, version, zeroise and restart work.
    Error = 0xa5,
    /// Every key is wiped. Only status, version and restart work.
    Zeroised = 0xf0,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::PowerOff, Self::Initialising, Self::Operational, Self::SelfTest, Self::Error, Self::Zeroised];

    /// Name for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PowerOff => "PowerOff",
            Self::Initialising => "Initialising",
            Self::Operational => "Operational",
            Self::SelfTest => "SelfTest",
            Self::Error => "Error",
            Self::Zeroised => "Zeroised",
        }
    }

    fn from_byte(byte: u8) -> Self {
        Self::ALL.into_iter().find(|state| *state as u8 == byte).unwrap_or(Self::Error)
    }
}

/// What can happen to the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Power is applied.
    PowerOn,
    /// All self-tests of this phase passed.
    TestsPassed,
    /// A self-test failed, a record is damaged, or a service panicked.
    Fault,
    /// Self-tests were asked for.
    TestsRequested,
    /// Zeroisation was asked for, or a tamper switch fired.
    Zeroise,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 5] =
        [Self::PowerOn, Self::TestsPassed, Self::Fault, Self::TestsRequested, Self::Zeroise];
}

/// The transition function, total: an event that means nothing in a state leaves it as it is. Error and
/// Zeroised are left only by making a new module instance (FSM-5).
#[must_use]
pub const fn next(state: State, event: Event) -> State {
    use {Event as E, State as S};
    match (state, event) {
        (S::Zeroised, _) | (_, E::Zeroise) => S::Zeroised,
        (S::Error, _) | (_, E::Fault) => S::Error,
        (S::PowerOff, E::PowerOn) => S::Initialising,
        (S::Initialising | S::SelfTest, E::TestsPassed) => S::Operational,
        (S::Operational, E::TestsRequested) => S::SelfTest,
        (unchanged, _) => unchanged,
    }
}

/// Index of a test in the table's list of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TestId(pub(crate) u16);

/// Where a test stands in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestState {
    /// Not run in this power cycle.
    NotRun,
    /// Passed.
    Passed,
    /// Failed.
    Failed,
}

const MAX_TESTS: usize = 192;
const NO_TEST: u16 = u16::MAX;

/// The state and self-test ledger of one module instance.
pub(crate) struct Module {
    state: AtomicU8,
    first_failure: AtomicU16,
    ledger: [AtomicU8; MAX_TESTS],
    runs: [AtomicU16; MAX_TESTS],
    pairwise_failures: AtomicU8,
    /// Held while tests run; a thread that needs a test, or that has output to release, waits here.
    testing: Lock<()>,
}

impl Module {
    pub(crate) const fn new() -> Self {
        Self {
            state: AtomicU8::new(State::PowerOff as u8),
            first_failure: AtomicU16::new(NO_TEST),
            ledger: [const { AtomicU8::new(0) }; MAX_TESTS],
            runs: [const { AtomicU16::new(0) }; MAX_TESTS],
            pairwise_failures: AtomicU8::new(0),
            testing: Lock::new(()),
        }
    }

    pub(crate) fn state(&self) -> State {
        State::from_byte(self.state.load(Ordering::Acquire))
    }

    /// Applies an event; answers the state after it.
    pub(crate) fn apply(&self, event: Event) -> State {
        let mut before = self.state.load(Ordering::Acquire);
        loop {
            let after = next(State::from_byte(before), event);
            match self.state.compare_exchange_weak(before, after as u8, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return after,
                Err(changed) => before = changed,
            }
        }
    }

    /// The byte that a tamper switch stores into.
    pub(crate) fn switch(&self) -> &AtomicU8 {
        &self.state
    }

    /// One compare for the one state in which services run.
    #[inline]
    fn is_operational(&self) -> bool {
        self.state.load(Ordering::Acquire) == State::Operational as u8
    }

    /// Check at entry (FSM-2): the only maker of a [`Pass`].
    #[inline]
    pub(crate) fn enter(&self) -> Result<Pass<'_>> {
        self.settle()?;
        Ok(Pass { module: self })
    }

    /// Check before output (FSM-2): hands a staged buffer to the caller, or zeroes it.
    #[inline]
    pub(crate) fn release(&self, mut staged: Staged<'_>, indicator: Indicator) -> Result<Outcome<Encrypted>> {
        self.settle()?;
        Ok(Outcome { value: staged.disarm(), indicator })
    }

    /// Check before output for a value that is no buffer: a handle, a verdict, attributes.
    #[inline]
    pub(crate) fn release_value<T>(&self, value: T, indicator: Indicator) -> Result<Outcome<T>> {
        self.settle()?;
        Ok(Outcome { value, indicator })
    }

    /// Operational now, or after tests that are running have passed.
    #[inline]
    fn settle(&self) -> Result<()> {
        if self.is_operational() { Ok(()) } else { self.settle_later() }
    }

    /// With the lock in hand no tests run: a state that still says so was left behind by a thread that
    /// panicked in them, and that stops the module.
    #[cold]
    fn settle_later(&self) -> Result<()> {
        match self.state() {
            State::Operational => Ok(()),
            State::SelfTest => {
                let nobody_tests = self.testing.lock();
                match self.state() {
                    State::Operational if nobody_tests.is_ok() => Ok(()),
                    State::Operational | State::SelfTest => {
                        self.apply(Event::Fault);
                        Err(Error::NotOperational)
                    }
                    _ => Err(Error::NotOperational),
                }
            }
            _ => Err(Error::NotOperational),
        }
    }

    /// The right to run tests: one thread at a time (FSM-11).
    pub(crate) fn begin_tests(&self) -> Result<Guard<'_, ()>> {
        self.testing.lock()
    }

    #[inline]
    pub(crate) fn test_state(&self, test: TestId) -> TestState {
        // Release in `record` and Acquire here: a test seen as passed has happened (CAST-7).
        match self.ledger.get(usize::from(test.0)).map(|entry| entry.load(Ordering::Acquire)) {
            Some(1) => TestState::Passed,
            Some(2) => TestState::Failed,
            _ => TestState::NotRun,
        }
    }

    pub(crate) fn test_runs(&self, test: TestId) -> u16 {
        self.runs.get(usize::from(test.0)).map_or(0, |runs| runs.load(Ordering::Relaxed))
    }

    /// Writes a result into the ledger.
    pub(crate) fn record(&self, test: TestId, passed: bool) {
        let index = usize::from(test.0);
        if let (Some(entry), Some(runs)) = (self.ledger.get(index), self.runs.get(index)) {
            let seen = runs.load(Ordering::Relaxed);
            runs.store(seen.saturating_add(1), Ordering::Relaxed);
            entry.store(if passed { 1 } else { 2 }, Ordering::Release);
        }
        if !passed {
            let _ = self.first_failure.compare_exchange(NO_TEST, test.0, Ordering::AcqRel, Ordering::Acquire);
        } else {
            // A soft failure (a pairwise test, say) is cleared by repeating the test with success.
            let _ = self.first_failure.compare_exchange(test.0, NO_TEST, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// Writes a pairwise result into the ledger. Three failures in a row stop the module (FSM-6).
    pub(crate) fn record_pairwise(&self, test: TestId, passed: bool) {
        self.record(test, passed);
        if passed {
            self.pairwise_failures.store(0, Ordering::Release);
        } else if self.pairwise_failures.fetch_add(1, Ordering::AcqRel) >= 2 {
            self.apply(Event::Fault);
        }
    }

    /// The test that failed and was not repeated with success since.
    pub(crate) fn failed_test(&self) -> Option<TestId> {
        match self.first_failure.load(Ordering::Acquire) {
            NO_TEST => None,
            id => Some(TestId(id)),
        }
    }
}

/// Proof that the module may serve, checked at the start of this call.
///
/// A panic while a pass is held (it goes into the permit) stops the module (FSM-12).
pub(crate) struct Pass<'m> {
    module: &'m Module,
}

impl<'m> Pass<'m> {
    /// The same proof for the second permit of one decision.
    pub(crate) fn again(&self) -> Self {
        Self { module: self.module }
    }

    /// Still serving? Long loops poll this.
    pub(crate) fn still_serving(&self) -> bool {
        matches!(self.module.state(), State::Operational | State::SelfTest)
    }
}

#[cfg(feature = "std")]
impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.module.apply(Event::Fault);
        }
    }
}

/// The caller's buffer while a service fills it. Dropped before [`Module::release`], it is zeroed.
pub(crate) struct Staged<'b> {
    out: &'b mut [u8],
    len: usize,
    iv: Iv,
}

impl<'b> Staged<'b> {
    #[inline]
    pub(crate) fn new(out: &'b mut [u8]) -> Self {
        Self { out, len: 0, iv: Iv::default() }
    }

    /// The first `len` bytes of the buffer, to be filled; they count as the output from now on.
    #[inline]
    pub(crate) fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        let out = self.out.get_mut(..len).ok_or(Error::BufferTooSmall)?;
        self.len = len;
        Ok(out)
    }

    /// Shortens the output to what was really written; the rest is zeroed.
    pub(crate) fn truncate(&mut self, len: usize) {
        if let Some(rest) = self.out.get_mut(len..self.len) {
            rest.zeroize();
            self.len = len;
        }
    }

    /// Records the IV made inside.
    #[inline]
    pub(crate) fn set_iv(&mut self, iv: &[u8]) -> Result<()> {
        self.iv = Iv::new(iv).ok_or(Error::InvalidArgument)?;
        Ok(())
    }

    #[inline]
    /// What was written is the caller's from here on.
    fn disarm(&mut self) -> Encrypted {
        self.out = &mut [];
        Encrypted { len: self.len, iv: self.iv }
    }
}

impl Drop for Staged<'_> {
    #[inline]
    fn drop(&mut self) {
        // An empty slice points nowhere, and a masked store to nowhere costs a hundred nanoseconds.
        if !self.out.is_empty() {
            self.out.zeroize();
        }
    }
}

/// A value with the service indicator of the call that made it (IND-1).
///
/// Made by the module's state machine alone, after the second look at the state.
#[must_use]
#[derive(Clone, Copy, Debug)]
pub struct Outcome<T> {
    value: T,
    indicator: Indicator,
}

impl<T> Outcome<T> {
    /// The value.
    pub fn value(self) -> T {
        self.value
    }

    /// The value, borrowed.
    pub const fn as_value(&self) -> &T {
        &self.value
    }

    /// Whether this call was an approved service, and its caveats.
    pub const fn indicator(&self) -> Indicator {
        self.indicator
    }

    /// Value and indicator.
    pub fn into_parts(self) -> (T, Indicator) {
        (self.value, self.indicator)
    }

    /// The same indicator on a value made from this one.
    #[inline]
    pub(crate) fn map<U>(self, make: impl FnOnce(T) -> U) -> Outcome<U> {
        Outcome { value: make(self.value), indicator: self.indicator }
    }
}

/// Latches Zeroised with one atomic store; callable from an interrupt. Outputs stop at once; wiping
/// happens at the next safe point ([`Engine::zeroise`](crate::Engine::zeroise), or the next call).
#[derive(Clone, Copy)]
pub struct TamperSwitch<'e> {
    state: &'e AtomicU8,
}

impl<'e> TamperSwitch<'e> {
    pub(crate) fn new(module: &'e Module) -> Self {
        Self { state: module.switch() }
    }

    /// Fires.
    pub fn fire(self) {
        self.state.store(State::Zeroised as u8, Ordering::SeqCst);
    }
}

#[cfg(all(test, feature = "std"))]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests;
