//! What the embedder may bring: an authenticator, a clock, a usage log. The engine only asks; none of
//! them can widen a key's rights.

use crate::error::Result;
use crate::handle::KeyId;
use crate::policy::Subject;

/// Decides who may open a session.
pub trait Authenticator: Send + Sync {
    /// Whether `credential` proves that the caller is `claimed`. Compare in constant time, and slow
    /// down after failures: the engine asks once for each session.
    fn authenticate(&self, claimed: Subject, credential: &[u8]) -> bool;
}

/// The authenticator when none is given: every caller is the user it claims to be, nobody is an
/// officer. The engine trusts its embedder for the subject.
#[derive(Debug)]
pub struct UsersOnly;

impl Authenticator for UsersOnly {
    fn authenticate(&self, claimed: Subject, _credential: &[u8]) -> bool {
        claimed.role == crate::policy::Role::User
    }
}

/// A clock, for keys with a validity period.
pub trait Clock: Send + Sync {
    /// Seconds since an epoch of the embedder's choice; must never run backwards.
    fn now(&self) -> u64;
}

/// Remembers, across restarts, how far the uses of counted keys have been spent (GCM-3).
pub trait UsageLog: Send + Sync {
    /// The highest `up_to` ever reserved for this key; 0 if it is unknown.
    ///
    /// # Errors
    /// Any error refuses the call that asked.
    fn high_water(&self, id: &KeyId) -> Result<u64>;

    /// Remembers durably, before it returns, that uses below `up_to` count as spent.
    ///
    /// # Errors
    /// Any error refuses the call that asked.
    fn reserve(&self, id: &KeyId, up_to: u64) -> Result<()>;
}

/// A hook: borrowed for ever, or shared where there is a heap. Cloned when the engine restarts.
pub(crate) enum Hook<T: ?Sized + 'static> {
    Static(&'static T),
    #[cfg(feature = "alloc")]
    Shared(alloc::sync::Arc<T>),
}

impl<T: ?Sized> Clone for Hook<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Static(hook) => Self::Static(hook),
            #[cfg(feature = "alloc")]
            Self::Shared(hook) => Self::Shared(alloc::sync::Arc::clone(hook)),
        }
    }
}

impl<T: ?Sized> core::ops::Deref for Hook<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Static(hook) => hook,
            #[cfg(feature = "alloc")]
            Self::Shared(hook) => hook,
        }
    }
}
