//! The only place for locks.
//!
//! With `std` a lock is a mutex and the engine may be shared between threads; without it a lock is a
//! `RefCell`, which makes the engine `!Sync`: the compiler then keeps it on one thread.

use crate::error::{Error, Result};

#[cfg(feature = "std")]
mod imp {
    pub(super) type Inner<T> = std::sync::Mutex<T>;
    pub(crate) type Guard<'a, T> = std::sync::MutexGuard<'a, T>;
}
#[cfg(not(feature = "std"))]
mod imp {
    pub(super) type Inner<T> = core::cell::RefCell<T>;
    pub(crate) type Guard<'a, T> = core::cell::RefMut<'a, T>;
}

pub(crate) use imp::Guard;

/// A value behind a lock.
pub(crate) struct Lock<T>(imp::Inner<T>);

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(imp::Inner::new(value))
    }

    /// Takes the lock. A lock that a panicking thread left behind guards a half-made change: that is
    /// corruption (FSM-12).
    #[cfg(feature = "std")]
    pub(crate) fn lock(&self) -> Result<Guard<'_, T>> {
        self.0.lock().map_err(|_| Error::Corrupted)
    }

    /// Takes the lock. On one thread it can only be taken already by a call further up the stack.
    #[cfg(not(feature = "std"))]
    pub(crate) fn lock(&self) -> Result<Guard<'_, T>> {
        self.0.try_borrow_mut().map_err(|_| Error::Corrupted)
    }

    /// Takes the lock even after a panic: for wiping, which must not be refused.
    #[cfg(feature = "std")]
    pub(crate) fn lock_to_wipe(&self) -> Option<Guard<'_, T>> {
        Some(self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Takes the lock for wiping.
    #[cfg(not(feature = "std"))]
    pub(crate) fn lock_to_wipe(&self) -> Option<Guard<'_, T>> {
        self.0.try_borrow_mut().ok()
    }
}
