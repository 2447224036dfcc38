//! The period after which self-tests are due again (CAST-14, ISO/IEC 19790 section 7.10.3.8).

use core::sync::atomic::{AtomicU32, Ordering};

/// When the self-tests ran last, and how long that counts. Times are seconds of the embedder's clock.
pub(crate) struct Period {
    /// The longest time between two runs; none where nobody set one.
    pub(crate) seconds: Option<u32>,
    /// The time of the last run in units of [`UNIT`]: every call reads it, on targets without 64-bit atomics too.
    last: AtomicU32,
}

/// Seconds: with these the counter lasts for two thousand years. A period ends up to that much late.
const UNIT: u64 = 16;

impl Period {
    pub(crate) const fn new(seconds: Option<u32>) -> Self {
        Self { seconds, last: AtomicU32::new(0) }
    }

    /// The tests have run.
    pub(crate) fn begin(&self, now: u64) {
        self.last.store(u32::try_from(now.div_euclid(UNIT)).unwrap_or(u32::MAX), Ordering::Release);
    }

    /// The last second of the period.
    pub(crate) fn end(&self) -> Option<u64> {
        let last = u64::from(self.last.load(Ordering::Acquire)).saturating_mul(UNIT);
        self.seconds.map(|seconds| last.saturating_add(u64::from(seconds)).saturating_add(UNIT))
    }

    /// Whether the tests are overdue.
    pub(crate) fn is_over(&self, now: Option<u64>) -> bool {
        // Without a clock there is no period: the builder refuses one.
        self.end().is_some_and(|end| now.is_none_or(|now| now > end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_ends_when_it_is_over() {
        let never = Period::new(None);
        never.begin(5);
        assert!(!never.is_over(Some(u64::MAX)) && never.end().is_none());
        let hour = Period::new(Some(3600));
        for start in [0, 1, 15, 16, 1_800_000_000, u64::from(u32::MAX) * 3] {
            hour.begin(start);
            assert!(!hour.is_over(Some(start)) && !hour.is_over(Some(start.saturating_add(3600))));
            assert!(hour.is_over(Some(start.saturating_add(3600 + UNIT + 1))));
            assert!(hour.is_over(None), "a clock that went away");
        }
    }
}
