//! Groups of Ed25519 operations: the contract, and its dispatcher. Each lane answers what the single operation
//! answers, byte for byte; an empty lane answers nothing.

#[cfg(all(target_arch = "x86_64", feature = "std"))]
mod ifma;

use super::portable::ed25519::{PrivateKey, PublicKey};
use super::{Backends, Lanes, Which};
use crate::error::{Error, Result};

/// One signature, see [`PrivateKey::sign`].
pub(in crate::boundary) struct Signing<'l> {
    pub(in crate::boundary) key: &'l PrivateKey,
    pub(in crate::boundary) message: &'l [u8],
    pub(in crate::boundary) signature: &'l mut [u8; 64],
    pub(in crate::boundary) made: Result<()>,
}

/// One verification, see [`PublicKey::verify`].
pub(in crate::boundary) struct Verifying<'l> {
    pub(in crate::boundary) key: &'l PublicKey,
    pub(in crate::boundary) message: &'l [u8],
    pub(in crate::boundary) signature: &'l [u8],
    pub(in crate::boundary) verdict: Result<()>,
}

impl<'l> Signing<'l> {
    pub(in crate::boundary) fn new(
        key: &'l PrivateKey,
        message: &'l [u8],
        signature: &'l mut [u8; 64],
    ) -> Self {
        Self { key, message, signature, made: Err(Error::Corrupted) }
    }
}

impl<'l> Verifying<'l> {
    pub(in crate::boundary) fn new(key: &'l PublicKey, message: &'l [u8], signature: &'l [u8]) -> Self {
        Self { key, message, signature, verdict: Err(Error::Corrupted) }
    }
}

/// Signs in every lane.
pub(in crate::boundary) fn sign_lanes(backends: &Backends, lanes: &mut Lanes<Signing<'_>>) {
    match backends.ed25519_groups {
        #[cfg(all(target_arch = "x86_64", feature = "std"))]
        Which::Ifma(cpu) if lanes.iter().flatten().count() >= ifma::FEW => ifma::sign(cpu, lanes),
        _ => {
            for Signing { key, message, signature, made } in lanes.iter_mut().flatten() {
                *made = key.sign(message, signature);
            }
        }
    }
}

/// Verifies in every lane.
pub(in crate::boundary) fn verify_lanes(backends: &Backends, lanes: &mut Lanes<Verifying<'_>>) {
    match backends.ed25519_groups {
        #[cfg(all(target_arch = "x86_64", feature = "std"))]
        Which::Ifma(cpu) if lanes.iter().flatten().count() >= ifma::FEW => ifma::verify(cpu, lanes),
        _ => {
            for Verifying { key, message, signature, verdict } in lanes.iter_mut().flatten() {
                *verdict = key.verify(message, signature);
            }
        }
    }
}

#[cfg(test)]
mod tests;
