//! Implementations of the primitives, by family, and which of them run.
//!
//! The contract of a backend: it answers byte for byte as the portable one, and changes no policy, default or
//! interface. What runs is chosen once, at power-on, from the processor's features ([`Backends::fastest`]), or
//! forced by the builder; the engine holds the choice, hands it to every cell that can use it, and the
//! self-tests run through it (CAST-6). A family with more than one implementation has one field in
//! [`Backends`] and one `match` in its dispatcher.

#[cfg(feature = "ecdsa")]
pub(crate) mod ec_lanes;
// Not all of it has a caller yet: public keys, and Ed25519.
#[cfg(all(target_arch = "x86_64", feature = "std", any(feature = "ecdsa", feature = "ed25519")))]
#[cfg_attr(not(test), allow(dead_code))]
pub(crate) mod ifma;
#[cfg(all(feature = "rsa", feature = "std", target_arch = "x86_64"))]
#[cfg_attr(not(test), allow(dead_code))] // until the batched services call it
pub(crate) mod ifma_rsa;
pub(crate) mod portable;

/// A set of implementations that an engine can be made to run, see [`Builder::backend`].
///
/// [`Builder::backend`]: crate::Builder::backend
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// What runs on every processor.
    Portable,
    /// Groups in the lanes of AVX-512 IFMA.
    Ifma,
}

impl Backend {
    /// Every set, whether or not this build and this processor have it.
    pub const ALL: [Self; 2] = [Self::Portable, Self::Ifma];

    /// Name for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Ifma => "ifma",
        }
    }

    /// Whether this build and this processor have it.
    #[must_use]
    pub fn is_available(self) -> bool {
        Backends::of(self).is_some()
    }
}

/// What runs in an engine, family by family.
#[derive(Clone, Copy)]
pub struct Backends {
    /// Groups of P-256 and P-384: signing, verification, agreement.
    pub(in crate::boundary) ec_groups: Groups,
}

/// Implementations of groups on the NIST curves.
#[derive(Clone, Copy)]
pub(in crate::boundary) enum Groups {
    /// One after the other.
    Portable,
    /// In the lanes of vectors. The proof that the processor has them is the choice.
    #[cfg(all(target_arch = "x86_64", feature = "std", feature = "ecdsa"))]
    Ifma(ifma::Ifma),
}

impl Groups {
    const fn name(self) -> &'static str {
        match self {
            Self::Portable => Backend::Portable.name(),
            #[cfg(all(target_arch = "x86_64", feature = "std", feature = "ecdsa"))]
            Self::Ifma(_) => Backend::Ifma.name(),
        }
    }
}

impl Backends {
    const PORTABLE: Self = Self { ec_groups: Groups::Portable };

    /// The fastest that this build and this processor have.
    pub(crate) fn fastest() -> Self {
        Self::of(Backend::Ifma).unwrap_or(Self::PORTABLE)
    }

    /// One set, if there is such a thing here.
    pub(crate) fn of(backend: Backend) -> Option<Self> {
        match backend {
            Backend::Portable => Some(Self::PORTABLE),
            #[cfg(all(target_arch = "x86_64", feature = "std", feature = "ecdsa"))]
            Backend::Ifma => ifma::Ifma::detect().map(|cpu| Self { ec_groups: Groups::Ifma(cpu) }),
            #[cfg(not(all(target_arch = "x86_64", feature = "std", feature = "ecdsa")))]
            Backend::Ifma => None,
        }
    }

    /// Families that have more than one implementation, each with the name of the one that runs. Every other
    /// family runs the portable one, which uses AES-NI, CLMUL and SHA-NI where the processor has them.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [("EC groups", self.ec_groups.name())].into_iter()
    }
}

/// `portable`, and what differs: `portable; EC groups ifma`.
impl core::fmt::Display for Backends {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let portable = Backend::Portable.name();
        f.write_str(portable)?;
        let mut others = self.iter().filter(|(_, name)| *name != portable);
        others.try_for_each(|(family, name)| write!(f, "; {family} {name}"))
    }
}

impl core::fmt::Debug for Backends {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Backends({self})")
    }
}
