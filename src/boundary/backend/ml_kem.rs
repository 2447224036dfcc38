//! ML-KEM: the contract, and its dispatcher.
//!
//! What runs is decided where a key is made: the form that it is prepared in. Answers are those of the portable
//! implementation, byte for byte.

use super::Backends;
use super::Lattice;
#[cfg(all(target_arch = "x86_64", feature = "std"))]
use super::avx2::ml_kem as avx2;
use super::portable::ml_kem as portable;
use crate::attributes::KeyKind;
use crate::error::Result;

pub(in crate::boundary) use portable::{MAX_CIPHERTEXT, SECRET, SEED, ciphertext_len};

/// A decapsulation key, expanded. Wiped on drop.
pub(in crate::boundary) enum PrivateKey {
    Portable(portable::PrivateKey),
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    Avx2(avx2::PrivateKey),
}

/// An encapsulation key that passed its checks.
pub(in crate::boundary) enum PublicKey {
    Portable(portable::PublicKey),
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    Avx2(avx2::PublicKey),
}

/// Runs the same code on whichever form it is.
macro_rules! each {
    ($form:expr, $key:ident => $run:expr) => {
        match $form {
            Self::Portable($key) => $run,
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Self::Avx2($key) => $run,
        }
    };
}

impl PrivateKey {
    /// A key from its seed, see [`portable::PrivateKey::new`].
    pub(in crate::boundary) fn new(backends: &Backends, kind: KeyKind, seed: &[u8]) -> Result<Self> {
        match backends.ml_kem {
            Lattice::Portable => portable::PrivateKey::new(kind, seed).map(Self::Portable),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Lattice::Avx2(cpu) => avx2::PrivateKey::new(cpu, kind, seed).map(Self::Avx2),
        }
    }

    /// The parameter set.
    pub(in crate::boundary) const fn kind(&self) -> KeyKind {
        each!(self, key => key.kind())
    }

    /// Hands the encoded public key to `with`.
    pub(in crate::boundary) fn with_public_key<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        each!(self, key => key.with_public_key(with))
    }

    /// Encapsulation under the own public key; as [`PublicKey::encapsulate`].
    pub(in crate::boundary) fn encapsulate(
        &self,
        m: &[u8; SECRET],
        ciphertext: &mut [u8],
        secret: &mut [u8],
    ) -> Result<()> {
        each!(self, key => key.encapsulate(m, ciphertext, secret))
    }

    /// Opens a ciphertext, or gives what nobody else has: see [`portable::PrivateKey::decapsulate`].
    pub(in crate::boundary) fn decapsulate(&self, ciphertext: &[u8], secret: &mut [u8]) -> Result<()> {
        each!(self, key => key.decapsulate(ciphertext, secret))
    }

    /// The expanded key as the standard encodes it, for the known answer of key generation.
    pub(in crate::boundary) fn with_expanded<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        each!(self, key => key.with_expanded(with))
    }
}

impl PublicKey {
    /// A key from elsewhere, after its checks, see [`portable::PublicKey::new`].
    pub(in crate::boundary) fn new(backends: &Backends, kind: KeyKind, bytes: &[u8]) -> Result<Self> {
        match backends.ml_kem {
            Lattice::Portable => portable::PublicKey::new(kind, bytes).map(Self::Portable),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Lattice::Avx2(cpu) => avx2::PublicKey::new(cpu, kind, bytes).map(Self::Avx2),
        }
    }

    /// The parameter set.
    pub(in crate::boundary) const fn kind(&self) -> KeyKind {
        each!(self, key => key.kind())
    }

    /// Hands the encoded key to `with`.
    pub(in crate::boundary) fn with_bytes<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        each!(self, key => key.with_bytes(with))
    }

    /// Encapsulation with the randomness m, see [`portable::PublicKey::encapsulate`].
    pub(in crate::boundary) fn encapsulate(
        &self,
        m: &[u8; SECRET],
        ciphertext: &mut [u8],
        secret: &mut [u8],
    ) -> Result<()> {
        each!(self, key => key.encapsulate(m, ciphertext, secret))
    }
}

#[cfg(test)]
mod tests;
