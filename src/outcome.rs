//! What a service says beside its value: whether this very call was an approved service, and the
//! caveats that go with the answer (IND-1 to IND-6). The envelope itself, [`Outcome`](crate::Outcome),
//! is in `state.rs`, because only the module's state machine may release one.

use core::fmt;

use crate::algorithm::Algorithm;
use crate::attributes::Strength;

/// Why a successful call was not an approved service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The algorithm is offered, and is not an approved one.
    Algorithm,
    /// The digest was made outside the module (ECDSA-4).
    ExternalDigest,
    /// The key is weaker than 112 bits in effect (STR-4).
    Strength,
    /// Password, salt or iterations are less than SP 800-132 asks for (KDF-3).
    Password,
    /// The engine runs in the general profile, whose keys never serve as approved ones (IND-2).
    GeneralProfile,
}

impl Reason {
    /// A short sentence for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Algorithm => "not an approved algorithm",
            Self::ExternalDigest => "the digest was made outside the module",
            Self::Strength => "the key's effective strength is below 112 bits",
            Self::Password => "password, salt or iterations are below what SP 800-132 asks for",
            Self::GeneralProfile => "the engine runs in the general profile",
        }
    }
}

/// Facts about the module or the key that qualify an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Caveats(u8);

impl Caveats {
    /// No caveat.
    pub const NONE: Self = Self(0);
    /// The image carries no integrity reference, so nothing it does is an approved service (INT-4).
    pub const UNSIGNED: Self = Self(1);
    /// The entropy source's quality is the embedder's word, or the operating system's (ENT-3).
    pub const ENTROPY_NOT_ASSURED: Self = Self(2);
    /// A build with test abilities (`--cfg strongroom_lab`).
    pub const TEST_BUILD: Self = Self(4);
    /// The key came in, or left, under a weaker key: its effective strength is that key's.
    pub const TRANSPORT_STRENGTH: Self = Self(8);
    /// Derived without a context: nothing tells the key from another of the same parent (KDF-1).
    pub const NO_CONTEXT: Self = Self(16);
    /// The key came of a password. Its strength is what is assumed of that, not what is known (KDF-3).
    pub const PASSWORD: Self = Self(32);

    /// Every caveat with a name and the reason for it.
    pub const NAMED: [(Self, &'static str, &'static str); 6] = [
        (
            Self::UNSIGNED,
            "unsigned image",
            "the program has no integrity reference that was checked, so no call reports approved",
        ),
        (
            Self::ENTROPY_NOT_ASSURED,
            "entropy not assured",
            "no assurance of the minimum strength of generated keys: the source is outside the module",
        ),
        (
            Self::TEST_BUILD,
            "test build",
            "built with --cfg strongroom_lab: self-tests can be broken on purpose",
        ),
        (
            Self::TRANSPORT_STRENGTH,
            "transport strength",
            "the key travelled under a weaker key and has only that strength",
        ),
        (
            Self::NO_CONTEXT,
            "no context",
            "derived without a context: nothing tells the key from another of the same parent",
        ),
        (
            Self::PASSWORD,
            "from a password",
            "the key came of a password: nobody knows its strength, and at most 112 bits are counted",
        ),
    ];

    const DISQUALIFYING: Self = Self(Self::UNSIGNED.0 | Self::TEST_BUILD.0);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in this set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The caveats with their names and reasons.
    pub fn iter(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        Self::NAMED
            .into_iter()
            .filter(move |(caveat, _, _)| self.has(*caveat))
            .map(|(_, name, why)| (name, why))
    }
}

/// What is known about one successful call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indicator {
    pub(crate) algorithm: Algorithm,
    pub(crate) strength: Option<Strength>,
    pub(crate) reason: Option<Reason>,
    pub(crate) caveats: Caveats,
}

impl Indicator {
    /// Whether this call was an approved service with no disqualifying caveat.
    #[must_use]
    pub const fn approved(&self) -> bool {
        self.reason.is_none() && self.caveats.0 & Caveats::DISQUALIFYING.0 == 0
    }

    /// Whether algorithm and parameters were approved, caveats of the module aside.
    #[must_use]
    pub const fn approved_parameters(&self) -> bool {
        self.reason.is_none()
    }

    /// The same, with more caveats.
    pub(crate) const fn and_caveats(mut self, more: Caveats) -> Self {
        self.caveats = self.caveats.and(more);
        self
    }

    /// The algorithm that served.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Effective strength of the key that served; `None` for services without a key.
    #[must_use]
    pub const fn strength(&self) -> Option<Strength> {
        self.strength
    }

    /// Why the parameters were not approved.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// The caveats.
    #[must_use]
    pub const fn caveats(&self) -> Caveats {
        self.caveats
    }
}

impl fmt::Display for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.approved() { "approved" } else { "not approved" };
        write!(f, "{} {verdict}", self.algorithm.name())?;
        if let Some(reason) = self.reason {
            write!(f, " ({})", reason.message())?;
        }
        for (name, _) in self.caveats.iter() {
            write!(f, " [{name}]")?;
        }
        Ok(())
    }
}

/// An IV that the engine made, 12 or 16 bytes; empty for services that make none. Public.
// Aligned, so that it is copied word by word on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(C, align(8))]
pub struct Iv {
    bytes: [u8; 16],
    len: u8,
}

impl Iv {
    #[inline]
    pub(crate) fn new(iv: &[u8]) -> Option<Self> {
        let mut bytes = [0; 16];
        // The usual length, without a call to copy it.
        if let Ok([a, b, c, d, e, f, g, h, i, j, k, l]) = <&[u8; 12]>::try_from(iv).copied() {
            bytes = [a, b, c, d, e, f, g, h, i, j, k, l, 0, 0, 0, 0];
            return Some(Self { bytes, len: 12 });
        }
        bytes.get_mut(..iv.len())?.copy_from_slice(iv);
        Some(Self { bytes, len: u8::try_from(iv.len()).ok()? })
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

/// What an encryption wrote: ciphertext, with a tag if the mode has one, in the caller's buffer, and the IV to
/// open it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encrypted {
    /// Bytes written: ciphertext, then the tag.
    pub len: usize,
    /// The IV made inside. Public; keep it with the ciphertext.
    pub iv: Iv,
}
