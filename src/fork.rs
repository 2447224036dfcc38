//! Counts forks of the process, so that a child never repeats its parent's random numbers (DRBG-13).
//!
//! No system call on the hot path: `pthread_atfork` bumps a counter in the child, and every DRBG
//! compares the counter with the one it was seeded under.

#[cfg(all(feature = "std", unix))]
mod imp {
    #![allow(unsafe_code)] // one libc call, the only one of the library

    use core::sync::atomic::{AtomicU32, Ordering};
    use std::sync::Once;

    static GENERATION: AtomicU32 = AtomicU32::new(0);
    static REGISTERED: Once = Once::new();

    type Handler = Option<unsafe extern "C" fn()>;

    unsafe extern "C" {
        fn pthread_atfork(prepare: Handler, parent: Handler, child: Handler) -> i32;
    }

    unsafe extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::SeqCst);
    }

    /// Starts counting. Idempotent.
    pub(crate) fn watch() {
        REGISTERED.call_once(|| {
            // SAFETY: POSIX pthread_atfork takes three optional handlers of this type. `in_child` lives
            // as long as the program and only touches one atomic, which is async-signal-safe. If
            // registration fails (no memory) the counter stays at 0, as without fork detection.
            let _ = unsafe { pthread_atfork(None, None, Some(in_child)) };
        });
    }

    /// How many forks lie between the first process and this one.
    pub(crate) fn generation() -> u32 {
        GENERATION.load(Ordering::Relaxed)
    }
}

#[cfg(not(all(feature = "std", unix)))]
mod imp {
    /// Nothing forks here, or nothing can be known of it.
    pub(crate) fn watch() {}

    /// Always the same.
    pub(crate) fn generation() -> u32 {
        0
    }
}

pub(crate) use imp::{generation, watch};
