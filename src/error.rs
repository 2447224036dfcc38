//! The one error type: flat, `Copy`, no payload, grouped by what the caller must do next.
//!
//! No variant carries data, so no secret can leave through an error (SSP-14), and everything an
//! attacker can feed to the engine answers the same [`Error::Rejected`].

use core::fmt;

/// Result of every fallible call of the engine.
pub type Result<T> = core::result::Result<T, Error>;

/// Runs a few steps that end at the first error. Unlike a closure that is called at once, what it answers may
/// keep what it was given.
#[inline]
pub(crate) fn attempt<T>(steps: impl FnOnce() -> Result<T>) -> Result<T> {
    steps()
}

/// Why a call did nothing.
///
/// A call that returns an error has changed no key, has left the output buffer it was given untouched or
/// zeroed, and reports no approval (IND-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    // -- the module: ask `Engine::status()`; only a restart helps --
    /// The module is not serving: it is initialising, self-testing, in error or zeroised.
    NotOperational,
    /// A self-test that this call depends on has failed; `Engine::status()` names it.
    SelfTestFailed,

    // -- policy: the call is understood and refused --
    /// The key's policy, the caller's role or the engine's profile does not allow this.
    NotPermitted,
    /// No live key has this handle (it never existed, was destroyed, or was zeroised).
    UnknownKey,

    // -- the caller can fix it --
    /// An argument is malformed, out of range or does not fit the key or the algorithm.
    InvalidArgument,
    /// This build or this algorithm does not have the operation or the parameter.
    Unsupported,
    /// The output buffer is too small; `Session::output_len` tells the size. Nothing was charged.
    BufferTooSmall,
    /// No room for another key, session or context: destroy or close one.
    NoSpace,
    /// A use limit, the ceiling on IVs or the validity period of the key is exhausted.
    LimitReached,

    // -- the data: one answer for tag, signature, padding and blob --
    /// The signature, tag, ciphertext or blob was not accepted.
    Rejected,

    // -- fatal or close to it --
    /// The entropy source failed; no output was made. The call may be repeated.
    EntropyFailed,
    /// A key record or an internal invariant is damaged; the module is now in its error state.
    Corrupted,
}

impl Error {
    /// A short sentence for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotOperational => "the module is not operational; ask for its status",
            Self::SelfTestFailed => "a self-test this call depends on has failed",
            Self::NotPermitted => "not permitted by the policy of the key, role or profile",
            Self::UnknownKey => "no live key has this handle",
            Self::InvalidArgument => "an argument is malformed or does not fit",
            Self::Unsupported => "not supported by this build or algorithm",
            Self::BufferTooSmall => "the output buffer is too small",
            Self::NoSpace => "no room left; destroy a key or close a session or context",
            Self::LimitReached => "a limit of the key is exhausted",
            Self::Rejected => "the signature, tag, ciphertext or blob was not accepted",
            Self::EntropyFailed => "the entropy source failed",
            Self::Corrupted => "internal corruption was detected; the module has stopped",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for Error {}
