//! One engine is one cryptographic module instance: power-on, status, self-test, zeroise, sessions.

mod builder;

#[cfg(feature = "alloc")]
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

pub use builder::{Builder, PowerOnError};

use crate::algorithm::{Algorithm, DrbgMechanism};
use crate::attributes::Strength;
use crate::boundary::random::{EntropyPool, Generators, Setup};
use crate::boundary::table;
use crate::boundary::{Backends, Seal, on_scrubbed_stack};
use crate::error::{Error, Result};
use crate::faults::Faults;
use crate::hooks::{Authenticator, Clock, Hook, UsageLog};
use crate::integrity::IntegrityImage;
use crate::outcome::Caveats;
use crate::policy::{Profile, Rulebook, Subject};
use crate::selftest::{self, Period, TestReport};
use crate::session::Session;
use crate::session::cell::{Cell, Contexts};
use crate::state::{Event, Module, Pass, State, TamperSwitch};
#[cfg(feature = "alloc")]
use crate::store::HeapStore;
use crate::store::{Keeper, Store};
use crate::sync::Lock;

/// Everything that one module instance shares.
pub(crate) struct Core<S: Store> {
    pub(crate) module: Module,
    pub(crate) faults: Faults,
    pub(crate) store: S,
    pub(crate) seal: Seal,
    pub(crate) pool: EntropyPool,
    pub(crate) drbg: Setup,
    pub(crate) rulebook: Rulebook,
    pub(crate) device: [u8; 4],
    pub(crate) backends: Backends,
    pub(crate) stream_limit: usize,
    pub(crate) period: Period,
    /// The integrity value of a signed image.
    pub(crate) integrity: Option<[u8; 32]>,
    image: Option<Hook<dyn IntegrityImage>>,
    authenticator: Hook<dyn Authenticator>,
    clock: Option<Hook<dyn Clock>>,
    log: Option<Hook<dyn UsageLog>>,
    fixed_device: Option<u32>,
    sessions: AtomicU32,
    wiped: Lock<bool>,
}

impl<S: Store> Core<S> {
    /// Step 1 of the doorway. A module that a tamper switch has stopped is wiped here, so the caller must
    /// not hold its cell yet; later in the same call it asks `module.enter()`.
    #[inline]
    pub(crate) fn enter(&self) -> Result<Pass<'_>> {
        let entered = self.module.enter();
        if entered.is_err() && self.module.state() == State::Zeroised {
            self.wipe();
        }
        entered
    }

    #[inline]
    pub(crate) fn keeper(&self) -> Keeper<'_> {
        Keeper { seal: &self.seal, backends: self.backends, log: self.log.as_deref() }
    }

    #[inline]
    pub(crate) fn now(&self) -> Option<u64> {
        self.clock.as_ref().map(|clock| clock.now())
    }

    /// Self-tests have passed now.
    pub(crate) fn begin_period(&self) {
        if let Some(now) = self.now() {
            self.period.begin(now);
        }
    }

    pub(crate) fn log(&self) -> Option<&dyn UsageLog> {
        self.log.as_deref()
    }

    pub(crate) fn image(&self) -> Option<&dyn IntegrityImage> {
        self.image.as_deref()
    }

    /// A damaged record or a panicked service stops the module.
    /// So does an entropy source that fails its health tests three times in a row (ENT-6).
    #[inline]
    pub(crate) fn notice<T>(&self, result: Result<T>) -> Result<T> {
        let fatal = match result {
            Err(Error::Corrupted) => true,
            Err(Error::EntropyFailed) => self.pool.failures() >= 3,
            _ => false,
        };
        if fatal {
            self.module.apply(Event::Fault);
        }
        result
    }

    /// Makes every session let go of a key: its pins and running states are wiped when this returns.
    /// The caller holds no cell.
    pub(crate) fn sweep(&self, key: crate::KeyHandle) {
        for slot in self.store.cells() {
            if slot.is_in_use()
                && let Some(mut guard) = slot.lock_to_wipe()
                && let Some(cell) = guard.as_mut()
            {
                self.store.forget(&mut cell.pins, false);
                cell.contexts.forget(key);
            }
        }
    }

    pub(crate) fn check_records(&self) -> Result<()> {
        self.notice(self.store.check_all(self.keeper()))
    }

    /// Wipes every key, then every session's cell, waiting for at most one running call in each.
    fn wipe(&self) {
        let Some(mut wiped) = self.wiped.lock_to_wipe() else { return };
        if *wiped {
            return;
        }
        self.store.wipe_all();
        for slot in self.store.cells() {
            if let Some(mut cell) = slot.lock_to_wipe() {
                *cell = None;
            }
        }
        *wiped = true;
    }

    fn zeroise(&self) {
        // State first: nothing that is running releases output any more.
        self.module.apply(Event::Zeroise);
        self.wipe();
    }
}

/// A cryptographic module instance.
///
/// With `alloc` an engine is a cheap handle on shared state, and its sessions are `'static`; without,
/// sessions borrow it.
#[cfg(feature = "alloc")]
pub struct Engine<S: Store = HeapStore> {
    core: Arc<Core<S>>,
}

/// A cryptographic module instance; its sessions borrow it.
#[cfg(not(feature = "alloc"))]
pub struct Engine<S: Store> {
    core: Core<S>,
}

#[cfg(feature = "alloc")]
impl<S: Store> Clone for Engine<S> {
    fn clone(&self) -> Self {
        Self { core: Arc::clone(&self.core) }
    }
}

#[cfg(feature = "alloc")]
impl Engine<HeapStore> {
    /// Starts to describe an engine with keys on the heap: room for 1024 keys and 64 sessions, unless
    /// another store is set.
    #[must_use]
    pub fn builder() -> Builder<HeapStore> {
        Builder::new(HeapStore::new(1024, 64))
    }

    /// An engine with every default, seeded by the operating system.
    ///
    /// # Errors
    /// Any self-test or entropy failure; the error names it.
    pub fn power_on() -> core::result::Result<Self, PowerOnError> {
        Self::builder().power_on()
    }
}

impl<S: Store> Engine<S> {
    /// Starts to describe an engine with this store.
    #[must_use]
    pub fn with_store(store: S) -> Builder<S> {
        Builder::new(store)
    }

    fn new(core: Core<S>) -> Self {
        #[cfg(feature = "alloc")]
        let core = Arc::new(core);
        Self { core }
    }

    fn core(&self) -> &Core<S> {
        &self.core
    }

    /// Opens a session for `subject`, if the authenticator agrees.
    ///
    /// # Errors
    /// `NotOperational`; `NotPermitted` when the authenticator refuses; `NoSpace` when all sessions are
    /// open; `EntropyFailed`.
    #[cfg(feature = "alloc")]
    pub fn open_session(&self, subject: Subject, credential: &[u8]) -> Result<Session<'static, S>>
    where
        S: 'static,
    {
        let (slot, serial) = self.open_cell(subject, credential)?;
        Ok(Session::shared(Arc::clone(&self.core), slot, serial))
    }

    /// Opens a session for `subject`, if the authenticator agrees.
    ///
    /// # Errors
    /// `NotOperational`; `NotPermitted` when the authenticator refuses; `NoSpace` when all sessions are
    /// open; `EntropyFailed`.
    #[cfg(not(feature = "alloc"))]
    pub fn open_session(&self, subject: Subject, credential: &[u8]) -> Result<Session<'_, S>> {
        let (slot, serial) = self.open_cell(subject, credential)?;
        Ok(Session::borrowed(&self.core, slot, serial))
    }

    fn open_cell(&self, subject: Subject, credential: &[u8]) -> Result<(usize, u32)> {
        let core = self.core();
        let _pass = core.enter()?;
        if !core.authenticator.authenticate(subject, credential) {
            return Err(Error::NotPermitted);
        }
        let serial = core.sessions.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1);
        let index = core.store.cells().iter().position(|slot| slot.occupy()).ok_or(Error::NoSpace)?;
        let slot = core.store.cells().get(index).ok_or(Error::Corrupted)?;
        let filled = on_scrubbed_stack(|| {
            let generators = Generators::new(&core.pool, core.drbg, serial)?;
            let contexts = Contexts::default();
            *slot.cell.lock()? =
                Some(Cell { serial, subject, pins: Default::default(), generators, contexts });
            Ok(())
        });
        if filled.is_err() {
            slot.vacate();
            core.notice(filled)?;
        }
        // Zeroised meanwhile? Then the sweep may have been here before the cell was.
        if core.module.state() == State::Zeroised {
            if let Some(mut place) = slot.lock_to_wipe() {
                *place = None;
            }
            slot.vacate();
            return Err(Error::NotOperational);
        }
        Ok((index, serial))
    }

    /// State, profile, caveats, the failed test if there is one, and what implementations run. Served in
    /// every state, to everybody (FSM-4, FSM-10).
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            state: self.core.module.state(),
            failed_test: self.core.module.failed_test().and_then(selftest::name_of),
            profile: self.core.rulebook.profile,
            min_strength: self.core.rulebook.min_strength,
            caveats: self.core.rulebook.caveats,
            integrity: self.core.integrity,
            backends: self.core.backends,
            drbg: self.core.drbg.mechanism,
            entropy: self.core.pool.claim(),
            entropy_failures: self.core.pool.failures(),
        }
    }

    /// Name and version of the module. Served in every state.
    #[must_use]
    pub const fn version() -> Version {
        Version { name: "strongroom", version: env!("CARGO_PKG_VERSION") }
    }

    /// Every self-test with its state. Served in every state.
    pub fn self_test_report(&self) -> impl Iterator<Item = TestReport> + '_ {
        selftest::report(&self.core.module)
    }

    /// Runs every known-answer test now, measures a signed image again, runs the health tests of the entropy
    /// source, then checks every key record. Other calls wait; keys survive.
    ///
    /// # Errors
    /// `NotOperational` outside Operational; `SelfTestFailed` or `Corrupted`, and the module is in Error;
    /// `EntropyFailed`, and the third time in a row the module is in Error.
    pub fn self_test(&self) -> Result<()> {
        selftest::on_demand(&self.core)
    }

    /// The last second, on the embedder's clock, before which [`self_test`](Self::self_test) must run again; `None`
    /// unless [`Builder::self_test_every`] set a period. Every keyed service, digest and random number answers
    /// `SelfTestFailed` from then on, until the tests have run; calls that are running are not interrupted
    /// (CAST-14).
    #[must_use]
    pub fn self_test_due(&self) -> Option<u64> {
        self.core.period.end()
    }

    /// Destroys every key, context, pin and DRBG of every session; returns when all are wiped.
    /// Idempotent, served in every state (FSM-9). Only [`restart`](Self::restart) leads on.
    pub fn zeroise(&self) {
        self.core.zeroise();
    }

    /// Tells the engine that it may be a copy of another one that runs too: a virtual machine resumed from a
    /// snapshot, say. Every DRBG reseeds before its next output (DRBG-13). Forks are noticed without it, with `std`
    /// on Unix.
    pub fn resumed(&self) {
        self.core.pool.mark_copied();
    }

    /// A handle that latches Zeroised with one atomic store, callable from an interrupt.
    #[must_use]
    pub fn tamper_switch(&self) -> TamperSwitch<'_> {
        TamperSwitch::new(&self.core.module)
    }

    /// Whether this build has an algorithm.
    #[must_use]
    pub fn has(algorithm: Algorithm) -> bool {
        table::row(algorithm).is_ok()
    }

    /// Names of the known-answer tests that must pass before the first use of an algorithm: those of the
    /// operations that apply protection, and those of the operations that remove or check it.
    ///
    /// # Errors
    /// `Unsupported` when this build lacks the algorithm.
    #[allow(clippy::type_complexity)] // two lists of names
    pub fn tests_of(
        algorithm: Algorithm,
    ) -> Result<(impl Iterator<Item = &'static str>, impl Iterator<Item = &'static str>)> {
        let row = table::row(algorithm)?;
        Ok((row.applying.iter().map(|cast| cast.name), row.opening.iter().map(|cast| cast.name)))
    }

    /// The same for batches, whose groups of eight are another path: what must pass before the first one, beside
    /// [`tests_of`](Self::tests_of). Nothing where items run one by one.
    ///
    /// # Errors
    /// `Unsupported` when this build lacks the algorithm.
    #[allow(clippy::type_complexity)] // two lists of names
    pub fn tests_of_batches(
        algorithm: Algorithm,
    ) -> Result<(impl Iterator<Item = &'static str>, impl Iterator<Item = &'static str>)> {
        let row = table::row(algorithm)?;
        Ok((row.applying_many.iter().map(|cast| cast.name), row.opening_many.iter().map(|cast| cast.name)))
    }

    /// Names of the tests that every new key of a kind depends on: known answers before the first one, and
    /// the pairwise test of each generated pair.
    ///
    /// # Errors
    /// `Unsupported` when this build lacks the kind.
    pub fn tests_of_kind(
        kind: crate::KeyKind,
    ) -> Result<(impl Iterator<Item = &'static str>, Option<&'static str>)> {
        let row = table::kind(kind)?;
        Ok((row.casts.iter().map(|cast| cast.name), row.pairwise.map(|test| test.name)))
    }

    /// Breaks the named self-test on this engine, or none. Laboratory builds only.
    ///
    /// # Errors
    /// `InvalidArgument` when no test has this name.
    #[cfg(strongroom_lab)]
    pub fn lab_break(&self, name: Option<&str>) -> Result<()> {
        let Some(name) = name else {
            self.core.faults.arm(None);
            return Ok(());
        };
        self.core.faults.arm(Some(builder::test_named(name)?));
        Ok(())
    }

    /// Raw samples of the entropy source, past its health tests, for an assessment by SP 800-90B (ENT-9). The
    /// engine never uses them. Laboratory builds only.
    ///
    /// # Errors
    /// `EntropyFailed`.
    #[cfg(strongroom_lab)]
    pub fn lab_raw_samples(&self, out: &mut [u8]) -> Result<()> {
        self.core.pool.raw(out)
    }

    /// Flips one bit in the record of a live key that no session has pinned. Laboratory builds only.
    ///
    /// # Errors
    /// `UnknownKey`, or `NotPermitted` while a session has the key pinned.
    #[cfg(strongroom_lab)]
    pub fn lab_flip(&self, key: crate::KeyHandle, bit: usize) -> Result<()> {
        self.core.store.flip(key, bit)
    }
}

/// What [`Engine::status`] says.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Status {
    /// State of the module.
    pub state: State,
    /// The self-test that failed, if one did.
    pub failed_test: Option<&'static str>,
    /// Profile chosen at power-on.
    pub profile: Profile,
    /// Least strength of keys that protect.
    pub min_strength: Strength,
    /// Caveats that go with every answer.
    pub caveats: Caveats,
    /// The integrity value of the program, if it was signed and found intact: it says which build this is
    /// (ROLE-1).
    pub integrity: Option<[u8; 32]>,
    /// The implementations that run, by family.
    pub backends: Backends,
    /// Mechanism of the random numbers.
    pub drbg: DrbgMechanism,
    /// What the entropy source claims; `None` once it was taken over by a restart.
    pub entropy: Option<crate::EntropyClaim>,
    /// Consecutive failures of the entropy health tests.
    pub entropy_failures: u32,
}

/// What [`Engine::version`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Name of the module.
    pub name: &'static str,
    /// Version of the module.
    pub version: &'static str,
}

impl core::fmt::Display for Version {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}
