//! Elliptic curves in eight lanes on AVX-512 IFMA: P-256, P-384 and edwards25519.
//!
//! Every function takes a slice of lanes, each an operation of its own with its own keys; eight go through
//! one stream of instructions, and up to 32 share an inversion. Answers are those of the portable
//! implementation, byte for byte; docs/decisions/020 has the reasons of the representation.
//!
//! **Time.** No branch and no address depends on a key, a scalar or a lane's validity. Tables are read whole.
//! The multiplications of a given point in verification run the same way, though everything there is public.
//!
//! **Memory.** A caller owns what goes in and out. Numbers on their way between bytes and vectors, scalars,
//! and the projective Z are wiped where they lie; after every function that was given a secret
//! [`lanes::wipe_stack`] wipes the stack that its frames had, with whatever the compiler spilled there. Nothing
//! secret is on the heap. Out of reach: the vector registers themselves, until the next function that uses them.
//!
//! **Unsafe code** is of two sorts: loads and stores of an array of eight words by reference, in lanes.rs, and
//! calls into functions that need the features, which are made only with an [`Ifma`], the proof that they are
//! there.

#[cfg(feature = "ecdsa")]
pub(in crate::boundary) mod ecdsa;
#[cfg(feature = "ed25519")]
pub(in crate::boundary) mod ed25519;
#[cfg(feature = "ecdsa")]
pub(in crate::boundary) mod p256;
#[cfg(feature = "ecdsa")]
pub(in crate::boundary) mod p384;

#[cfg(any(feature = "ecdsa", feature = "ed25519"))]
mod comb;
#[cfg(feature = "ed25519")]
mod edwards;
#[cfg(any(feature = "ecdsa", feature = "ed25519"))]
mod field;
#[cfg(any(feature = "ecdsa", feature = "ed25519"))]
mod invert;
#[cfg(any(feature = "ecdsa", feature = "ed25519"))]
mod lanes;
#[cfg(feature = "ecdsa")]
mod weierstrass;

#[cfg(all(test, feature = "ecdsa", feature = "ed25519"))]
mod tests;

use std::arch::is_x86_feature_detected;

/// The proof that this processor, and the operating system, have what the kernels need.
#[derive(Clone, Copy)]
pub(in crate::boundary) struct Ifma(());

impl Ifma {
    /// Looks the features up; the standard library remembers them.
    pub(in crate::boundary) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512ifma");
        found.then_some(Self(()))
    }
}
