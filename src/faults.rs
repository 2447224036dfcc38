//! Breaking self-tests on purpose. In an ordinary build nothing can be armed and [`Faults`] is empty.

use crate::state::TestId;

/// Faults armed on one engine.
pub(crate) struct Faults {
    #[cfg(strongroom_lab)]
    armed: core::sync::atomic::AtomicU16,
}

impl Faults {
    pub(crate) const fn none() -> Self {
        Self {
            #[cfg(strongroom_lab)]
            armed: core::sync::atomic::AtomicU16::new(u16::MAX),
        }
    }

    /// Whether this test is to be broken.
    #[cfg(strongroom_lab)]
    pub(crate) fn armed(&self, test: TestId) -> bool {
        self.armed.load(core::sync::atomic::Ordering::SeqCst) == test.0
    }

    /// Whether this test is to be broken: never, outside the laboratory.
    #[cfg(not(strongroom_lab))]
    #[allow(clippy::unused_self)] // the same shape in both builds
    pub(crate) const fn armed(&self, _test: TestId) -> bool {
        false
    }

    /// Breaks one test until another is armed; `None` breaks none.
    #[cfg(strongroom_lab)]
    pub(crate) fn arm(&self, test: Option<TestId>) {
        self.armed.store(test.map_or(u16::MAX, |test| test.0), core::sync::atomic::Ordering::SeqCst);
    }
}
