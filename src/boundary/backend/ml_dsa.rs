//! ML-DSA: the contract, and its dispatcher.
//!
//! What runs is decided where a key is made: the form that it is prepared in. Answers are those of the portable
//! implementation, byte for byte.

use super::Backends;
use super::Lattice;
#[cfg(all(target_arch = "x86_64", feature = "std"))]
use super::avx2::ml_dsa as avx2;
use super::portable::ml_dsa as portable;
use crate::attributes::KeyKind;
use crate::error::Result;

pub(in crate::boundary) use portable::{MAX_SIGNATURE, MU, MuState, RANDOM, SEED, signature_len};

/// A signing key, expanded, with its public half. Wiped on drop.
pub(in crate::boundary) enum PrivateKey {
    Portable(portable::PrivateKey),
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    Avx2(avx2::SigningKey),
}

/// A public key ready for use.
pub(in crate::boundary) enum PublicKey {
    Portable(portable::PublicKey),
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    Avx2(avx2::VerifyingKey),
}

/// A public key, its own or that of a private one.
#[derive(Clone, Copy)]
pub(in crate::boundary) enum PublicView<'k> {
    Portable(&'k portable::PublicKey),
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    Avx2(avx2::View<'k>),
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
        match backends.ml_dsa {
            Lattice::Portable => portable::PrivateKey::new(kind, seed).map(Self::Portable),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Lattice::Avx2(cpu) => avx2::SigningKey::new(cpu, kind, seed).map(Self::Avx2),
        }
    }

    /// The public half, ready for use.
    pub(in crate::boundary) fn public(&self) -> PublicView<'_> {
        match self {
            Self::Portable(key) => PublicView::Portable(key.public()),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Self::Avx2(key) => PublicView::Avx2(key.public()),
        }
    }

    /// Signs a mu, see [`portable::PrivateKey::sign`].
    pub(in crate::boundary) fn sign(
        &self,
        mu: &[u8; MU],
        random: &[u8; RANDOM],
        signature: &mut [u8],
    ) -> Result<()> {
        each!(self, key => key.sign(mu, random, signature))
    }

    /// The expanded key as the standard encodes it, for the known answer of key generation.
    pub(in crate::boundary) fn with_expanded<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        each!(self, key => key.with_expanded(with))
    }
}

impl PublicKey {
    /// Decodes a public key, see [`portable::PublicKey::new`].
    pub(in crate::boundary) fn new(backends: &Backends, kind: KeyKind, bytes: &[u8]) -> Result<Self> {
        match backends.ml_dsa {
            Lattice::Portable => portable::PublicKey::new(kind, bytes).map(Self::Portable),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Lattice::Avx2(cpu) => avx2::VerifyingKey::new(cpu, kind, bytes).map(Self::Avx2),
        }
    }

    pub(in crate::boundary) fn public(&self) -> PublicView<'_> {
        match self {
            Self::Portable(key) => PublicView::Portable(key),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Self::Avx2(key) => PublicView::Avx2(key.public()),
        }
    }
}

impl PublicView<'_> {
    /// The parameter set.
    pub(in crate::boundary) const fn kind(self) -> KeyKind {
        each!(self, key => key.kind())
    }

    /// Hands the encoded key to `with`.
    pub(in crate::boundary) fn with_bytes<R>(self, with: impl FnOnce(&[u8]) -> R) -> R {
        each!(self, key => key.with_bytes(with))
    }

    /// Begins the mu of a formatted message.
    pub(in crate::boundary) fn start(self) -> MuState {
        MuState::new(each!(self, key => key.hash()))
    }

    /// Verifies a signature of a mu, see [`portable::PublicKey::verify`].
    pub(in crate::boundary) fn verify(self, mu: &[u8; MU], signature: &[u8]) -> Result<()> {
        each!(self, key => key.verify(mu, signature))
    }
}

#[cfg(test)]
mod tests;
