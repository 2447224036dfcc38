//! Describing an engine, and powering it on.

use core::fmt;

use super::{Core, Engine};
use crate::algorithm::DrbgMechanism;
use crate::attributes::Strength;
use crate::boundary::random::{Drbg, EntropyPool, Setup};
use crate::boundary::{Backend, Backends, Seal};
use crate::entropy::{Entropy, Monitored, Source};
use crate::error::Error;
use crate::faults::Faults;
use crate::hooks::{Authenticator, Clock, Hook, UsageLog, UsersOnly};
use crate::integrity::IntegrityImage;
use crate::marks;
use crate::outcome::Caveats;
use crate::policy::password::DEFAULT_ITERATIONS;
use crate::policy::{Profile, Rulebook};
use crate::selftest::{self, Period};
use crate::state::{Event, Module, State};
use crate::store::Store;
use crate::sync::Lock;

/// Longest input of a buffered multi-part operation, unless set otherwise.
const STREAM_LIMIT: usize = 1 << 20;

/// An engine that is not powered on yet.
pub struct Builder<S: Store> {
    store: S,
    source: Option<Source>,
    drbg: DrbgMechanism,
    authenticator: Hook<dyn Authenticator>,
    clock: Option<Hook<dyn Clock>>,
    log: Option<Hook<dyn UsageLog>>,
    image: Option<Hook<dyn IntegrityImage>>,
    profile: Profile,
    min_strength: Strength,
    min_iterations: u32,
    device: Option<u32>,
    stream_limit: usize,
    period: Option<u32>,
    backends: Option<Backends>,
    #[cfg(strongroom_lab)]
    broken: Option<crate::state::TestId>,
}

impl<S: Store> Builder<S> {
    pub(super) fn new(store: S) -> Self {
        Self {
            store,
            source: None,
            drbg: DrbgMechanism::default(),
            authenticator: Hook::Static(&UsersOnly),
            clock: None,
            log: None,
            image: None,
            profile: Profile::Approved,
            min_strength: Strength(112),
            min_iterations: DEFAULT_ITERATIONS,
            device: None,
            stream_limit: STREAM_LIMIT,
            period: None,
            backends: None,
            #[cfg(strongroom_lab)]
            broken: None,
        }
    }

    /// Uses this store instead.
    #[must_use]
    pub fn store<T: Store>(self, store: T) -> Builder<T> {
        Builder {
            store,
            source: self.source,
            drbg: self.drbg,
            authenticator: self.authenticator,
            clock: self.clock,
            log: self.log,
            image: self.image,
            profile: self.profile,
            min_strength: self.min_strength,
            min_iterations: self.min_iterations,
            device: self.device,
            stream_limit: self.stream_limit,
            period: self.period,
            backends: self.backends,
            #[cfg(strongroom_lab)]
            broken: self.broken,
        }
    }

    /// Seeds the DRBGs from this source. The default is the operating system, where there is one.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn entropy(mut self, source: impl Entropy + 'static) -> Self {
        self.source = Some(Source::Boxed(alloc::boxed::Box::new(source)));
        self
    }

    /// Seeds the DRBGs from a source that lives as long as the program.
    #[must_use]
    pub fn entropy_static(mut self, source: &'static mut dyn Entropy) -> Self {
        self.source = Some(Source::Static(source));
        self
    }

    /// Draws random numbers with this mechanism; CTR_DRBG with AES-256 unless set.
    #[must_use]
    pub fn drbg(mut self, mechanism: DrbgMechanism) -> Self {
        self.drbg = mechanism;
        self
    }

    /// Asks this authenticator before a session is opened.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn authenticator(mut self, authenticator: impl Authenticator + 'static) -> Self {
        self.authenticator = Hook::Shared(alloc::sync::Arc::new(authenticator));
        self
    }

    /// Asks this authenticator before a session is opened.
    #[must_use]
    pub fn authenticator_static(mut self, authenticator: &'static dyn Authenticator) -> Self {
        self.authenticator = Hook::Static(authenticator);
        self
    }

    /// A clock, for keys with a validity period. Without one they cannot be made or used.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Hook::Shared(alloc::sync::Arc::new(clock)));
        self
    }

    /// A clock, for keys with a validity period. Without one they cannot be made or used.
    #[must_use]
    pub fn clock_static(mut self, clock: &'static dyn Clock) -> Self {
        self.clock = Some(Hook::Static(clock));
        self
    }

    /// A log of the uses of counted keys, kept across restarts.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn usage_log(mut self, log: impl UsageLog + 'static) -> Self {
        self.log = Some(Hook::Shared(alloc::sync::Arc::new(log)));
        self
    }

    /// A log of the uses of counted keys, kept across restarts.
    #[must_use]
    pub fn usage_log_static(mut self, log: &'static dyn UsageLog) -> Self {
        self.log = Some(Hook::Static(log));
        self
    }

    /// The image of the program this engine is part of, for the integrity test at power-on and on demand.
    /// Without one, or while it is unsigned, every answer carries [`Caveats::UNSIGNED`] and none reports
    /// approved. An image that is signed and does not fit its reference, or cannot be read, fails power-on.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn integrity(mut self, image: impl IntegrityImage + 'static) -> Self {
        self.image = Some(Hook::Shared(alloc::sync::Arc::new(image)));
        self
    }

    /// The image of the program this engine is part of. Without one, or while it is unsigned, every answer
    /// carries [`Caveats::UNSIGNED`] and none reports approved. An image that is signed and does not fit its
    /// reference, or cannot be read, fails power-on.
    #[must_use]
    pub fn integrity_static(mut self, image: &'static dyn IntegrityImage) -> Self {
        self.image = Some(Hook::Static(image));
        self
    }

    /// Self-tests are to run again within this many seconds of the clock, at power-on and by
    /// [`Engine::self_test`]; afterwards services answer `SelfTestFailed` until they have (CAST-14). There is no
    /// period unless one is set; one needs a clock.
    #[must_use]
    pub fn self_test_every(mut self, seconds: u32) -> Self {
        self.period = Some(seconds);
        self
    }

    /// Approved services only (the default), or everything.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Least effective strength of a key that is made, comes in, or protects; 112 bits unless set
    /// (STR-4).
    #[must_use]
    pub fn min_strength(mut self, strength: Strength) -> Self {
        self.min_strength = strength;
        self
    }

    /// Least iterations of a derivation from a password; 600 000 unless set. Fewer than 1000 are never an approved
    /// service, whatever is set here (SP 800-132 section 5.2).
    #[must_use]
    pub fn min_iterations(mut self, count: u32) -> Self {
        self.min_iterations = count;
        self
    }

    /// Fixed field of deterministic IVs: give every engine that may hold a copy of one key its own.
    /// Random in each power cycle unless set.
    #[must_use]
    pub fn device_id(mut self, id: u32) -> Self {
        self.device = Some(id);
        self
    }

    /// Longest input of a buffered multi-part operation in bytes; 1 MiB unless set.
    #[must_use]
    pub fn stream_limit(mut self, bytes: usize) -> Self {
        self.stream_limit = bytes;
        self
    }

    /// Runs these implementations, and portable ones where it has none, instead of the fastest that the
    /// processor has: for tests and benches. Every one gives the same answers.
    ///
    /// # Errors
    /// `Unsupported` when this build or this processor has no such implementations.
    pub fn backend(mut self, backend: Backend) -> crate::Result<Self> {
        self.backends = Some(Backends::of(backend).ok_or(Error::Unsupported)?);
        Ok(self)
    }

    /// Breaks the named self-test from power-on. Laboratory builds only.
    ///
    /// # Errors
    /// `InvalidArgument` when no test has this name.
    #[cfg(strongroom_lab)]
    pub fn lab_break(mut self, name: &str) -> crate::Result<Self> {
        self.broken = Some(test_named(name)?);
        Ok(self)
    }

    /// Powers on: runs the self-tests, seeds, and only then returns an engine.
    ///
    /// # Errors
    /// The error, and the self-test that failed if one did. Without a registered source and without the
    /// `os-entropy` feature it is `EntropyFailed`; with a period of self-tests and no clock, `InvalidArgument`.
    pub fn power_on(self) -> Result<Engine<S>, PowerOnError> {
        if self.period.is_some() && self.clock.is_none() {
            return Err(PowerOnError { error: Error::InvalidArgument, test: None });
        }
        crate::fork::watch();
        let faults = Faults::none();
        #[cfg(strongroom_lab)]
        faults.arm(self.broken);
        let module = Module::new();
        module.apply(Event::PowerOn);
        let backends = self.backends.unwrap_or_else(Backends::fastest);
        let integrity =
            selftest::power_on(&module, &faults, backends, self.image.as_deref()).map_err(|error| {
                let test = module.failed_test().and_then(selftest::name_of);
                PowerOnError { error, test }
            })?;
        let source = self.source.or_else(default_source).ok_or(Error::EntropyFailed)?;
        let mut source = Monitored::new(source)?;
        source.startup()?;
        let pool = EntropyPool::new(source);
        let setup = Setup { mechanism: self.drbg, device: self.device, backends };
        let mut drbg = Drbg::new(&pool, setup, "engine", 0)?;
        let seal = Seal::new(|out| drbg.fill(&pool, out))?;
        let mut generation = [0; 4];
        drbg.fill(&pool, &mut generation)?;
        marks::declassify("public random numbers", &generation);
        // Half of the range is left to count up in.
        self.store.start(u32::from_be_bytes(generation) >> 1)?;
        let mut device = [0; 4];
        match self.device {
            Some(id) => device = id.to_be_bytes(),
            None => {
                drbg.fill(&pool, &mut device)?;
                marks::declassify("public random numbers", &device);
            }
        }
        let unsigned = if integrity.is_none() { Caveats::UNSIGNED } else { Caveats::NONE };
        let lab = if cfg!(strongroom_lab) { Caveats::TEST_BUILD } else { Caveats::NONE };
        let core = Core {
            module,
            faults,
            store: self.store,
            seal,
            pool,
            drbg: setup,
            rulebook: Rulebook {
                profile: self.profile,
                min_strength: self.min_strength,
                min_iterations: self.min_iterations,
                // Entropy is the word of whoever hands it in.
                caveats: unsigned.and(Caveats::ENTROPY_NOT_ASSURED).and(lab),
            },
            device,
            backends,
            stream_limit: self.stream_limit,
            period: Period::new(self.period),
            authenticator: self.authenticator,
            clock: self.clock,
            log: self.log,
            image: self.image,
            integrity,
            fixed_device: self.device,
            sessions: core::sync::atomic::AtomicU32::new(0),
            wiped: Lock::new(false),
        };
        core.begin_period();
        if core.module.apply(Event::TestsPassed) != State::Operational {
            return Err(PowerOnError { error: Error::NotOperational, test: None });
        }
        Ok(Engine::new(core))
    }
}

impl<S: Store> Engine<S> {
    /// Zeroises this instance and powers a new one on, with the same store size, source and hooks. Every
    /// handle, session and clone of before is dead (FSM-5).
    ///
    /// # Errors
    /// As [`Builder::power_on`].
    pub fn restart(self) -> Result<Self, PowerOnError> {
        self.zeroise();
        let core = self.core();
        let source = core.pool.take().ok_or(Error::NotOperational)?;
        Builder {
            store: core.store.renew(),
            source: Some(source.into_source()),
            drbg: core.drbg.mechanism,
            authenticator: core.authenticator.clone(),
            clock: core.clock.clone(),
            log: core.log.clone(),
            image: core.image.clone(),
            profile: core.rulebook.profile,
            min_strength: core.rulebook.min_strength,
            min_iterations: core.rulebook.min_iterations,
            device: core.fixed_device,
            stream_limit: core.stream_limit,
            period: core.period.seconds,
            backends: Some(core.backends),
            #[cfg(strongroom_lab)]
            broken: None,
        }
        .power_on()
    }
}

#[cfg(all(feature = "os-entropy", not(target_os = "none")))]
#[allow(clippy::unnecessary_wraps)] // the other build has none
fn default_source() -> Option<Source> {
    Some(Source::Os(crate::entropy::OsEntropy))
}

#[cfg(not(all(feature = "os-entropy", not(target_os = "none"))))]
fn default_source() -> Option<Source> {
    None
}

#[cfg(strongroom_lab)]
pub(super) fn test_named(name: &str) -> crate::Result<crate::state::TestId> {
    selftest::id_of(name).ok_or(Error::InvalidArgument)
}

/// Why power-on gave no engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerOnError {
    /// The error.
    pub error: Error,
    /// The self-test that failed, if one did.
    pub test: Option<&'static str>,
}

impl From<Error> for PowerOnError {
    fn from(error: Error) -> Self {
        Self { error, test: None }
    }
}

impl From<PowerOnError> for Error {
    fn from(failure: PowerOnError) -> Self {
        failure.error
    }
}

impl fmt::Display for PowerOnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "power-on failed: {}", self.error)?;
        match self.test {
            Some(test) => write!(f, " ({test})"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for PowerOnError {}
