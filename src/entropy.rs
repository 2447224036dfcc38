//! Entropy: the trait an integrator implements, what may be claimed for it, and the health tests of
//! SP 800-90B (2018) that every sample passes before it is used.
//!
//! ```text
//! Entropy::fill -> Monitored: repetition count, adaptive proportion -> gather -> DRBG seed (Block_Cipher_df)
//! ```

#[cfg(feature = "alloc")]
use alloc::boxed::Box;

use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};

/// A source of raw samples, one byte each.
///
/// The engine owns its source from power-on and reads it at every seeding. A source hands out what it
/// measured: conditioning, whitening or a PRNG in front of it hides its failures from the health tests.
pub trait Entropy: Send {
    /// What is claimed for the samples. Read once, when the source is registered.
    fn claim(&self) -> EntropyClaim;

    /// Fills `out` with fresh samples, or fails; after a failure nothing of `out` is used. It may be called
    /// again at once.
    #[allow(clippy::missing_errors_doc)] // the line above
    fn fill(&mut self, out: &mut [u8]) -> core::result::Result<(), EntropyFailure>;

    /// Whether samples are measured when they are asked for. One that hands out a stored seed is not live: it
    /// seeds and reseeds until it is used up, and gives no prediction resistance (SP 800-90A r1 section 8.8).
    fn is_live(&self) -> bool {
        true
    }

    /// The source's own health test, beside those of the engine, when a test is demanded. A failure counts as one
    /// of theirs.
    #[allow(clippy::missing_errors_doc)] // the line above
    fn on_demand_health(&mut self) -> core::result::Result<(), EntropyFailure> {
        Ok(())
    }
}

/// The min-entropy that is claimed for each sample (ENT-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntropyClaim {
    /// Nobody assessed the source. It is gathered from as if each bit were full, on the integrator's word,
    /// and the engine reports that the entropy is not assured.
    Unassessed,
    /// Full entropy: a conditioned output with 64 bits more min-entropy in than bits out (SP 800-90B 3.1.5).
    FullEntropy,
    /// An SP 800-90B assessment, in thousandths of a bit per byte, rounded **down**; 100 to 8000.
    MinEntropy {
        /// Thousandths of a bit of min-entropy in each byte.
        millibits_per_byte: u16,
    },
}

/// The source gave no samples. It says no more: the reason is the source's own to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntropyFailure;

impl core::fmt::Display for EntropyFailure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the entropy source gave no samples")
    }
}

impl core::error::Error for EntropyFailure {}

/// The operating system's generator. Unassessed: what its kernel claims, the engine cannot know.
#[cfg(all(feature = "os-entropy", not(target_os = "none")))]
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

#[cfg(all(feature = "os-entropy", not(target_os = "none")))]
impl Entropy for OsEntropy {
    fn claim(&self) -> EntropyClaim {
        EntropyClaim::Unassessed
    }

    fn fill(&mut self, out: &mut [u8]) -> core::result::Result<(), EntropyFailure> {
        getrandom::fill(out).map_err(|_| EntropyFailure)
    }
}

/// Where the engine's samples come from.
pub(crate) enum Source {
    /// A source that lives as long as the program.
    #[cfg_attr(not(test), allow(dead_code))] // the only kind without a heap
    Static(&'static mut dyn Entropy),
    /// A source on the heap.
    #[cfg(feature = "alloc")]
    Boxed(Box<dyn Entropy>),
    /// The operating system.
    #[cfg(all(feature = "os-entropy", not(target_os = "none")))]
    Os(OsEntropy),
}

impl Source {
    fn get(&mut self) -> &mut dyn Entropy {
        match self {
            Self::Static(source) => &mut **source,
            #[cfg(feature = "alloc")]
            Self::Boxed(source) => &mut **source,
            #[cfg(all(feature = "os-entropy", not(target_os = "none")))]
            Self::Os(source) => source,
        }
    }
}

/// A source behind its health tests (SP 800-90B 4.3): a sample that they reject reaches nobody (ENT-4).
pub(crate) struct Monitored {
    source: Source,
    claim: EntropyClaim,
    /// The entropy that a byte is counted for.
    millibits: usize,
    repetition: RctState,
    proportion: AptState,
    /// The start-up test passed, and no health test failed since.
    started: bool,
    consecutive_failures: u32,
}

impl Monitored {
    /// Samples of a start-up or on-demand test; they are discarded.
    const STARTUP_SAMPLES: usize = 1024;
    /// How often a source that fails is asked again (DRBG-15).
    const RETRIES: usize = 3;

    /// Takes a source over. A claim outside the table of cut-offs is refused: it cannot be tested for.
    pub(crate) fn new(mut source: Source) -> Result<Self> {
        let claim = source.get().claim();
        let (tested, counted) = match claim {
            // A claim of nothing is tested at H = 1, where a sound source raises a false alarm at no rate
            // worth a number and a stuck or grossly biased one is still caught. H = 8 would accuse a perfect
            // source once in about 2^32 bytes, which a busy engine reads in a day.
            EntropyClaim::Unassessed => (1000, 8000),
            // Claimed to be ideal, so held to it.
            EntropyClaim::FullEntropy => (8000, 8000),
            EntropyClaim::MinEntropy { millibits_per_byte: m } => (m, m),
        };
        let cutoffs = Cutoffs::at(tested).ok_or(Error::InvalidArgument)?;
        Ok(Self {
            source,
            claim,
            millibits: usize::from(counted),
            repetition: RctState::new(cutoffs.repetition),
            proportion: AptState::new(cutoffs.proportion),
            started: false,
            consecutive_failures: 0,
        })
    }

    /// The bare source, for the next power cycle.
    pub(crate) fn into_source(self) -> Source {
        self.source
    }

    /// What the source claims.
    pub(crate) fn claim(&self) -> EntropyClaim {
        self.claim
    }

    /// Health tests that failed one after another, with no samples handed out in between (ENT-6).
    pub(crate) fn consecutive_failures(&self) -> u32 {
        self.consecutive_failures
    }

    /// Whether the source measures when it is asked.
    pub(crate) fn is_live(&mut self) -> bool {
        self.source.get().is_live()
    }

    /// The tests on demand (SP 800-90B 4.3, item 4): the source's own, then those of start-up.
    pub(crate) fn on_demand(&mut self) -> Result<()> {
        if self.source.get().on_demand_health().is_err() {
            return Err(self.unhealthy());
        }
        self.startup()
    }

    /// The start-up test, also on demand: the health tests from their initial state over
    /// [`Self::STARTUP_SAMPLES`] fresh samples (SP 800-90B 4.3, items 4 and 5).
    pub(crate) fn startup(&mut self) -> Result<()> {
        self.started = false;
        self.repetition.reset();
        self.proportion.reset();
        let mut samples = Zeroizing::new([0u8; 64]);
        for _ in 0..Self::STARTUP_SAMPLES.div_ceil(samples.len()) {
            self.read(samples.as_mut_slice())?;
        }
        self.started = true;
        Ok(())
    }

    /// Fills the front of `out` with as many samples as carry `min_entropy_bits` by the source's claim, and
    /// returns how many. All of `out` is zero after an error.
    ///
    /// A health failure ends the call; the next one begins with the start-up test (ENT-6).
    pub(crate) fn gather(&mut self, min_entropy_bits: usize, out: &mut [u8]) -> Result<usize> {
        let done = self.try_gather(min_entropy_bits, out);
        match done {
            Ok(_) => self.consecutive_failures = 0,
            Err(_) => out.zeroize(),
        }
        done
    }

    fn try_gather(&mut self, min_entropy_bits: usize, out: &mut [u8]) -> Result<usize> {
        let millibits = min_entropy_bits.checked_mul(1000).ok_or(Error::InvalidArgument)?;
        // Never zero: the table of cut-offs has no such claim.
        let needed = millibits.div_ceil(self.millibits.max(1));
        let out = out.get_mut(..needed).ok_or(Error::BufferTooSmall)?;
        if !self.started {
            self.startup()?;
        }
        self.read(out)?;
        Ok(needed)
    }

    /// Samples into all of `out`, each through both health tests; zeros and an error if one fails.
    fn read(&mut self, out: &mut [u8]) -> Result<()> {
        // A failed fill may have written: nothing of it is tested or used.
        let filled = (0..=Self::RETRIES).any(|_| self.source.get().fill(out).is_ok());
        if !filled {
            out.zeroize();
            return Err(Error::EntropyFailed);
        }
        let mut healthy = true;
        for &sample in out.iter() {
            healthy &= self.repetition.push(sample) & self.proportion.push(sample);
        }
        if !healthy {
            out.zeroize();
            return Err(self.unhealthy());
        }
        Ok(())
    }

    /// A health test failed: the next use begins with the start-up test (ENT-6).
    fn unhealthy(&mut self) -> Error {
        self.started = false;
        self.consecutive_failures = self.consecutive_failures.saturating_add(1);
        Error::EntropyFailed
    }

    /// Samples past every test (ENT-9). Laboratory builds only.
    #[cfg(strongroom_lab)]
    pub(crate) fn raw(&mut self, out: &mut [u8]) -> Result<()> {
        self.source.get().fill(out).map_err(|_| Error::EntropyFailed)
    }
}

/// Cut-offs of the two health tests for one claim.
struct Cutoffs {
    /// The min-entropy per sample that they are for, in millibits.
    millibits: u16,
    /// C of section 4.4.1: 1 + ceil(-log2(alpha) / H).
    repetition: u32,
    /// C of section 4.4.2: 1 + CRITBINOM(W, 2^-H, 1 - alpha).
    proportion: u32,
}

impl Cutoffs {
    /// alpha = 2^-30, W = 512 (ENT-5). The test `cutoffs_follow_from_the_formulas` recomputes it.
    const TABLE: [Self; 8] = [
        Self { millibits: 100, repetition: 301, proportion: 507 },
        Self { millibits: 300, repetition: 101, proportion: 466 },
        Self { millibits: 500, repetition: 61, proportion: 422 },
        Self { millibits: 1000, repetition: 31, proportion: 325 },
        Self { millibits: 2000, repetition: 16, proportion: 190 },
        Self { millibits: 4000, repetition: 9, proportion: 71 },
        Self { millibits: 6000, repetition: 6, proportion: 31 },
        Self { millibits: 8000, repetition: 5, proportion: 16 },
    ];

    /// The row of the claim, or of the next lower one: never a tighter test than the claim's own.
    fn at(millibits: u16) -> Option<&'static Self> {
        if millibits > 8000 {
            return None;
        }
        Self::TABLE.iter().rev().find(|row| row.millibits <= millibits)
    }
}

/// Repetition Count Test (SP 800-90B 4.4.1). Its time does not depend on the samples: they are secret.
pub(crate) struct RctState {
    cutoff: u32,
    /// A: the sample last seen.
    last: u8,
    /// B: how often in a row it was seen; zero before the first sample.
    count: u32,
}

impl RctState {
    pub(crate) const fn new(cutoff: u32) -> Self {
        Self { cutoff, last: 0, count: 0 }
    }

    fn reset(&mut self) {
        *self = Self::new(self.cutoff);
    }

    /// Whether the source still looks healthy.
    #[must_use]
    pub(crate) fn push(&mut self, sample: u8) -> bool {
        let again = u32::conditional_select(&0, &self.count, sample.ct_eq(&self.last));
        self.count = again.saturating_add(1);
        self.last = sample;
        self.count < self.cutoff
    }
}

impl Drop for RctState {
    fn drop(&mut self) {
        self.last.zeroize();
        self.count.zeroize();
    }
}

/// Adaptive Proportion Test (SP 800-90B 4.4.2). Its time does not depend on the samples.
pub(crate) struct AptState {
    cutoff: u32,
    /// A: the first sample of the window.
    reference: u8,
    /// B: how often it occurs in the window.
    count: u32,
    /// Samples of the window seen so far; zero before its first.
    seen: u32,
}

impl AptState {
    /// W, for samples of more than one bit.
    const WINDOW: u32 = 512;

    pub(crate) const fn new(cutoff: u32) -> Self {
        Self { cutoff, reference: 0, count: 0, seen: 0 }
    }

    fn reset(&mut self) {
        *self = Self::new(self.cutoff);
    }

    /// Whether the source still looks healthy.
    #[must_use]
    pub(crate) fn push(&mut self, sample: u8) -> bool {
        if self.seen == 0 {
            self.reference = sample;
            self.count = 0;
        }
        let same = u32::from(sample.ct_eq(&self.reference).unwrap_u8());
        self.count = self.count.saturating_add(same);
        self.seen = self.seen.saturating_add(1);
        if self.seen == Self::WINDOW {
            self.seen = 0;
        }
        self.count < self.cutoff
    }
}

impl Drop for AptState {
    fn drop(&mut self) {
        self.reference.zeroize();
        self.count.zeroize();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::boxed::Box;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::vec;
    use std::vec::Vec;

    const MIN: fn(u16) -> EntropyClaim = |millibits_per_byte| EntropyClaim::MinEntropy { millibits_per_byte };

    /// Sample number n is `sample(n)`; fill number i fails if `fails(i)`, after it wrote.
    struct Mock<S, F> {
        claim: EntropyClaim,
        sample: S,
        fails: F,
        samples: usize,
        fills: Arc<AtomicUsize>,
    }

    impl<S: FnMut(usize) -> u8 + Send, F: FnMut(usize) -> bool + Send> Entropy for Mock<S, F> {
        fn claim(&self) -> EntropyClaim {
            self.claim
        }

        fn fill(&mut self, out: &mut [u8]) -> core::result::Result<(), EntropyFailure> {
            for byte in out {
                *byte = (self.sample)(self.samples);
                self.samples += 1;
            }
            let fill = self.fills.fetch_add(1, Ordering::Relaxed);
            if (self.fails)(fill) { Err(EntropyFailure) } else { Ok(()) }
        }
    }

    /// The source as registered, and the count of its fills.
    fn mock(
        claim: EntropyClaim,
        sample: impl FnMut(usize) -> u8 + Send + 'static,
        fails: impl FnMut(usize) -> bool + Send + 'static,
    ) -> (Result<Monitored>, Arc<AtomicUsize>) {
        let fills = Arc::new(AtomicUsize::new(0));
        let mock = Mock { claim, sample, fails, samples: 0, fills: fills.clone() };
        (Monitored::new(Source::Static(Box::leak(Box::new(mock)))), fills)
    }

    /// A sound source: a multiplicative generator's high byte, the same at every run.
    fn noise(n: usize) -> u8 {
        let mut x = u64::try_from(n).unwrap().wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x.to_be_bytes()[0]
    }

    /// A sound source but for samples from `n` on.
    fn until(n: usize, then: impl Fn(usize) -> u8) -> impl Fn(usize) -> u8 {
        move |i| if i < n { noise(i) } else { then(i) }
    }

    fn assert_fails(monitored: &mut Monitored) {
        let mut out = [0xaa; 2560]; // enough for every claim
        assert_eq!(monitored.gather(256, &mut out), Err(Error::EntropyFailed));
        assert_eq!(out, [0; 2560]);
    }

    const STARTUP: usize = Monitored::STARTUP_SAMPLES;

    #[test]
    fn gathers_what_the_claim_asks_for_after_the_startup_samples() {
        for (claim, bytes) in [
            (EntropyClaim::FullEntropy, 32),
            (EntropyClaim::Unassessed, 32),
            (MIN(8000), 32),
            (MIN(7999), 33),
            (MIN(1000), 256),
            (MIN(999), 257),
            (MIN(100), 2560),
        ] {
            let mut monitored = mock(claim, noise, |_| false).0.unwrap();
            let mut out = vec![0xaa; bytes];
            assert_eq!(monitored.gather(256, &mut out), Ok(bytes));
            let want: Vec<u8> = (STARTUP..STARTUP + bytes).map(noise).collect();
            assert_eq!(out, want);
            let mut small = vec![0xaa; bytes - 1];
            assert_eq!(monitored.gather(256, &mut small), Err(Error::BufferTooSmall));
            assert!(small.iter().all(|&b| b == 0));
            assert_eq!(monitored.consecutive_failures(), 0);
            assert_eq!(monitored.claim(), claim);
        }
    }

    #[test]
    fn claims_outside_the_table_are_refused() {
        for millibits in [0, 1, 99, 8001, u16::MAX] {
            assert_eq!(mock(MIN(millibits), noise, |_| false).0.err(), Some(Error::InvalidArgument));
        }
        let mut monitored = mock(MIN(100), noise, |_| false).0.unwrap();
        assert_eq!(monitored.gather(usize::MAX, &mut [0; 4]), Err(Error::InvalidArgument));
    }

    #[test]
    fn a_stuck_source_never_starts() {
        for claim in [EntropyClaim::Unassessed, EntropyClaim::FullEntropy, MIN(100)] {
            let mut monitored = mock(claim, |_| 0, |_| false).0.unwrap();
            for failures in 1..=4 {
                assert_fails(&mut monitored);
                assert_eq!(monitored.consecutive_failures(), failures);
            }
        }
    }

    /// The sample that completes the cut-off is refused, the one before is not; then the source recovers.
    #[test]
    fn a_source_that_sticks_later_is_caught_at_the_cutoff() {
        // Samples 1024.. are the first gather's 32; the run begins within and goes on into the second's.
        for (claim, cutoff) in
            [(EntropyClaim::Unassessed, 31), (EntropyClaim::FullEntropy, 5), (MIN(2500), 16)]
        {
            let bytes = if claim == MIN(2500) { 103 } else { 32 };
            for (run, healthy) in [(cutoff - 1, true), (cutoff, false)] {
                let first = STARTUP + bytes - 3;
                let other = noise(first) ^ noise(first - 1) ^ 1; // differs from its neighbour in front
                let stuck = if other == noise(first - 1) { !other } else { other };
                let sample = move |i| if (first..first + run).contains(&i) { stuck } else { noise(i) };
                assert_ne!(noise(first + run), stuck);
                let mut monitored = mock(claim, sample, |_| false).0.unwrap();
                let mut out = vec![0; bytes];
                assert_eq!(monitored.gather(256, &mut out), Ok(bytes));
                let second = monitored.gather(256, &mut out);
                assert_eq!(second.is_ok(), healthy, "{claim:?}");
                if !healthy {
                    assert!(out.iter().all(|&b| b == 0));
                    assert_eq!(monitored.consecutive_failures(), 1);
                    // The start-up test again, then samples: a success ends the count.
                    assert_eq!(monitored.gather(256, &mut out), Ok(bytes));
                    let next = STARTUP + 2 * bytes + STARTUP;
                    assert_eq!(out, (next..next + bytes).map(noise).collect::<Vec<u8>>());
                }
                assert_eq!(monitored.consecutive_failures(), 0);
            }
        }
    }

    /// One value in every second sample: no repetition, but far from the claim.
    #[test]
    fn a_biased_source_is_caught() {
        let biased = |i: usize| if i.is_multiple_of(2) { 0 } else { noise(i) | 1 };
        let mut monitored = mock(MIN(4000), biased, |_| false).0.unwrap();
        assert_fails(&mut monitored);
        assert_eq!(monitored.consecutive_failures(), 1);

        // The same bias from the middle of operation on: caught before a window and a half has gone by.
        let mut monitored = mock(MIN(4000), until(STARTUP, biased), |_| false).0.unwrap();
        let mut out = [0; 64];
        let handed_out = (0..12).take_while(|_| monitored.gather(256, &mut out).is_ok()).count();
        assert!(handed_out < 12);
        assert_eq!(out, [0; 64]);

        // What the claim allows is let through: half of all samples equal is H = 1.
        let mut monitored = mock(MIN(1000), biased, |_| false).0.unwrap();
        assert_eq!(monitored.gather(256, &mut [0; 256]), Ok(256));
    }

    #[test]
    fn a_failing_source_is_asked_four_times_and_nothing_of_it_is_used() {
        let (monitored, fills) = mock(EntropyClaim::Unassessed, noise, |_| true);
        let mut monitored = monitored.unwrap();
        assert_fails(&mut monitored);
        assert_eq!(fills.load(Ordering::Relaxed), 4);
        assert_fails(&mut monitored);
        assert_eq!(fills.load(Ordering::Relaxed), 8);
        // A source that gives nothing has not failed a health test.
        assert_eq!(monitored.consecutive_failures(), 0);

        // Three failures in a row are survived, and samples of a failed fill do not come out.
        let startup_fills = STARTUP / 64;
        let fails = move |i| (startup_fills..startup_fills + 3).contains(&i);
        let (monitored, fills) = mock(EntropyClaim::Unassessed, noise, fails);
        let mut out = [0; 32];
        assert_eq!(monitored.unwrap().gather(256, &mut out), Ok(32));
        assert_eq!(fills.load(Ordering::Relaxed), startup_fills + 4);
        let want: Vec<u8> = (STARTUP + 96..STARTUP + 128).map(noise).collect();
        assert_eq!(out.to_vec(), want);
    }

    #[test]
    fn the_startup_test_can_be_demanded() {
        let (monitored, fills) = mock(MIN(4000), until(STARTUP * 2, |_| 7), |_| false);
        let mut monitored = monitored.unwrap();
        assert_eq!(monitored.startup(), Ok(()));
        assert_eq!(monitored.startup(), Ok(()));
        assert_eq!(fills.load(Ordering::Relaxed), 2 * STARTUP / 64);
        assert_eq!(monitored.startup(), Err(Error::EntropyFailed));
        assert_fails(&mut monitored);
        assert_eq!(monitored.consecutive_failures(), 2);
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn a_source_can_be_boxed() {
        let mock =
            Mock { claim: MIN(8000), sample: noise, fails: |_| false, samples: 0, fills: Arc::default() };
        let mut monitored = Monitored::new(Source::Boxed(Box::new(mock))).unwrap();
        assert_eq!(monitored.gather(256, &mut [0; 32]), Ok(32));
    }

    #[cfg(feature = "os-entropy")]
    #[test]
    fn the_operating_system_is_healthy_and_does_not_repeat_itself() {
        let mut monitored = Monitored::new(Source::Os(OsEntropy)).unwrap();
        assert_eq!(monitored.claim(), EntropyClaim::Unassessed);
        let (mut a, mut b) = ([0; 32], [0; 32]);
        assert_eq!(monitored.gather(256, &mut a), Ok(32));
        assert_eq!(monitored.gather(256, &mut b), Ok(32));
        assert_ne!(a, b);
    }

    /// A source with a test of its own fails it when asked, and is started anew.
    #[test]
    fn the_sources_own_test_is_asked_on_demand() {
        struct Sick(bool);
        impl Entropy for Sick {
            fn claim(&self) -> EntropyClaim {
                EntropyClaim::Unassessed
            }
            fn fill(&mut self, out: &mut [u8]) -> core::result::Result<(), EntropyFailure> {
                out.iter_mut().enumerate().for_each(|(i, byte)| *byte = noise(i));
                Ok(())
            }
            fn on_demand_health(&mut self) -> core::result::Result<(), EntropyFailure> {
                self.0 = !self.0;
                if self.0 { Err(EntropyFailure) } else { Ok(()) }
            }
        }
        let mut monitored = Monitored::new(Source::Static(Box::leak(Box::new(Sick(false))))).unwrap();
        assert!(monitored.is_live(), "unless it says otherwise");
        monitored.startup().unwrap();
        assert_eq!(monitored.on_demand(), Err(Error::EntropyFailed));
        assert_eq!((monitored.consecutive_failures(), monitored.started), (1, false));
        assert_eq!(monitored.on_demand(), Ok(()));
        assert!(monitored.started);
    }

    /// The cut-offs at alpha = 2^-30 as computed apart from this library, by the exact binomial distribution.
    #[test]
    fn cutoffs_are_those_of_the_published_table() {
        let published: [(u16, u32, u32); 7] = [
            (300, 101, 466),
            (500, 61, 422),
            (1000, 31, 325),
            (2000, 16, 190),
            (4000, 9, 71),
            (6000, 6, 31),
            (8000, 5, 16),
        ];
        for (millibits, repetition, proportion) in published {
            let row = Cutoffs::at(millibits).unwrap();
            assert_eq!((row.millibits, row.repetition, row.proportion), (millibits, repetition, proportion));
        }
        assert_eq!(Cutoffs::TABLE.len(), published.len() + 1, "and 0.1 bit");
    }

    /// The formulas of SP 800-90B 4.4.1 and 4.4.2, evaluated (not with the integers under test).
    #[test]
    fn cutoffs_follow_from_the_formulas() {
        const LOG2_ALPHA: f64 = -30.0;
        for row in Cutoffs::TABLE {
            let h = f64::from(row.millibits) / 1000.0;
            assert_eq!(f64::from(row.repetition), 1.0 + (-LOG2_ALPHA / h).ceil(), "H = {h}");

            // CRITBINOM: the smallest k with P(X <= k) >= 1 - alpha, that is P(X > k) <= alpha. The tail is
            // summed from its small end, terms as logarithms; each is the one above times
            // k/(W-k+1) * (1-p)/p.
            let (w, p) = (f64::from(AptState::WINDOW), (-h).exp2());
            let (mut k, mut log2_term, mut tail) = (w, -h * w, 0.0);
            while tail + log2_term.exp2() <= LOG2_ALPHA.exp2() {
                tail += log2_term.exp2();
                log2_term += (k / (w - k + 1.0) * (1.0 - p) / p).log2();
                k -= 1.0;
            }
            assert_eq!(f64::from(row.proportion), 1.0 + k, "H = {h}");
        }
    }

    #[test]
    fn the_next_lower_row_is_chosen() {
        for (millibits, row) in [(100, 100), (299, 100), (300, 300), (999, 500), (7999, 6000), (8000, 8000)] {
            assert_eq!(Cutoffs::at(millibits).unwrap().millibits, row);
        }
    }

    proptest! {
        /// Both tests against a direct reading of the standard over the whole sequence.
        #[test]
        fn the_health_tests_agree_with_their_definition(
            samples in prop::collection::vec(0u8..4, 0..1600),
            rct_cutoff in 4u32..9,
            apt_cutoff in 110u32..150,
        ) {
            let (mut rct, mut apt) = (RctState::new(rct_cutoff), AptState::new(apt_cutoff));
            for (i, &sample) in samples.iter().enumerate() {
                let run = samples[..=i].iter().rev().take_while(|&&s| s == sample).count();
                prop_assert_eq!(rct.push(sample), run < usize::try_from(rct_cutoff).unwrap());
                let window = &samples[i / 512 * 512..=i];
                let count = window.iter().filter(|&&s| s == window[0]).count();
                prop_assert_eq!(apt.push(sample), count < usize::try_from(apt_cutoff).unwrap());
            }
        }
    }
}
