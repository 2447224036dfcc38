//! How a front end names a key: a volatile handle while it lives, a [`KeyId`] for its whole life.

use core::fmt;

/// Names one live key of one engine until it is destroyed or the module powers off.
///
/// Opaque and volatile: never store one. A handle of a destroyed key stays dead, because a slot's
/// generation only counts up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHandle {
    index: u32,
    generation: u32,
}

impl KeyHandle {
    pub(crate) const fn new(index: u32, generation: u32) -> Self {
        Self { index, generation }
    }

    pub(crate) const fn index(self) -> u32 {
        self.index
    }

    pub(crate) const fn generation(self) -> u32 {
        self.generation
    }

    /// The handle as one number, for front ends whose callers want an integer (`CK_OBJECT_HANDLE`).
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        ((self.generation as u64) << 32) | self.index as u64
    }

    /// The handle that [`to_u64`](Self::to_u64) gave. Any number is accepted; one that never was a
    /// handle names no key.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // both halves are 32 bits by construction
    pub const fn from_u64(number: u64) -> Self {
        Self { index: number as u32, generation: (number >> 32) as u32 }
    }
}

/// 128 random bits that name a key for its whole life: sealed in its native blob, used for receipts,
/// audit and as the wrapping-key id. Public.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 16]);

impl KeyId {
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The id as bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}
