//! AES-GCM (SP 800-38D), and CTR and CBC decryption (SP 800-38A), on wide AES and carry-less multiplication: VAES and
//! VPCLMULQDQ, two blocks (AVX2) or four (AVX-512) in a register.
//!
//! One algorithm, written over [`cpu::Cpu`], and compiled for each width. A whole operation runs inside one
//! function with the features, which the key chose when it was prepared; docs/decisions/026 has the reasons.
//!
//! **Time.** No branch and no address depends on a key or a text; lengths are public.
//!
//! **Memory.** Round keys and powers of H lie in the prepared key and are wiped with it. The vector registers that
//! AVX2 has are cleared after every operation, and buffers on the stack are wiped; out of reach is what the compiler
//! spilled.
//!
//! **Unsafe code** is of two sorts: the instructions of cpu.rs, whose methods take the proof that the features are
//! there as `self`, and calls into the functions that have the features, which are made with that proof.

mod cpu;
mod gcm;
mod ghash;
mod keys;
mod modes;

#[cfg(test)]
mod tests;

pub(in crate::boundary) use gcm::GcmKey;
pub(in crate::boundary) use modes::{BlockKey, ForwardKey};

use cpu::{Ymm, Zmm};

/// The proof that this processor, and the operating system, have what the kernels of a width need.
#[derive(Clone, Copy)]
pub(in crate::boundary) enum Vaes {
    Ymm(Ymm),
    Zmm(Zmm),
}

impl Vaes {
    /// The wider one that is there.
    pub(in crate::boundary) fn detect() -> Option<Self> {
        Zmm::detect().map(Self::Zmm).or_else(|| Ymm::detect().map(Self::Ymm))
    }

    /// Every width that is there.
    #[cfg(test)]
    pub(in crate::boundary) fn every() -> std::vec::Vec<Self> {
        Ymm::detect().map(Self::Ymm).into_iter().chain(Zmm::detect().map(Self::Zmm)).collect()
    }

    /// Name for reports, with the width of the registers.
    pub(in crate::boundary) const fn name(self) -> &'static str {
        match self {
            Self::Ymm(_) => "vaes-256",
            Self::Zmm(_) => "vaes-512",
        }
    }
}
