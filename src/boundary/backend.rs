//! Implementations of the primitives, by family. Each answers byte for byte as the portable one.
//!
//! There is one so far, and kernels for eight operations at a time. A second one comes with a dispatcher enum
//! for its family here, chosen at power-on from the CPU's features, and one more variant in the family's
//! prepared forms; the self-tests then run through the chosen one (CAST-6).

// Eight elliptic-curve operations at a time; what gives it eight comes later, so that only its tests call it.
#[cfg(all(target_arch = "x86_64", feature = "std", any(feature = "ecdsa", feature = "ed25519")))]
#[cfg_attr(not(test), allow(dead_code))]
pub(crate) mod ifma;
pub(crate) mod portable;

/// Names of the implementations in use, for the status report.
pub(crate) const IN_USE: &str = "portable";
