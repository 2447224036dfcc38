//! Implementations of the primitives, by family, and which of them run.
//!
//! The contract of a backend: it answers byte for byte as the portable one, and changes no policy, default or
//! interface. What runs is chosen once, at power-on, from the processor's features ([`Backends::fastest`]), or
//! forced by the builder; the engine holds the choice, hands it to every cell that can use it, and the
//! self-tests run through it (CAST-6). A family with more than one implementation has one field in
//! [`Backends`] and one `match` in its dispatcher.

#[cfg(all(
    target_arch = "x86_64",
    feature = "std",
    any(feature = "ecdsa", feature = "ed25519", feature = "rsa")
))]
pub(crate) mod adx;
pub(crate) mod aes;
#[cfg(all(target_arch = "x86_64", feature = "std", any(feature = "ml-kem", feature = "ml-dsa")))]
pub(crate) mod avx2;
#[cfg(feature = "ecdsa")]
pub(crate) mod ec_lanes;
#[cfg(feature = "ed25519")]
pub(crate) mod ed25519_lanes;
#[cfg(feature = "hybrid")]
pub(crate) mod hybrid;
#[cfg(all(
    target_arch = "x86_64",
    feature = "std",
    any(feature = "ecdsa", feature = "ed25519", feature = "rsa")
))]
pub(crate) mod ifma;
#[cfg(all(feature = "rsa", feature = "std", target_arch = "x86_64"))]
pub(crate) mod ifma_rsa;
#[cfg(all(
    feature = "std",
    any(
        all(feature = "ecdsa", target_pointer_width = "64"),
        all(feature = "ed25519", target_arch = "x86_64")
    )
))]
mod inversion;
#[cfg(feature = "ml-dsa")]
pub(crate) mod ml_dsa;
#[cfg(feature = "ml-kem")]
pub(crate) mod ml_kem;
pub(crate) mod portable;
#[cfg(feature = "rsa")]
pub(crate) mod rsa;
#[cfg(all(target_arch = "x86_64", feature = "std"))]
pub(crate) mod vaes;
#[cfg(all(feature = "ecdsa", feature = "std", target_pointer_width = "64"))]
pub(crate) mod words64;

#[cfg(any(feature = "ecdsa", feature = "ed25519", feature = "rsa"))]
use super::batch::LANES;

/// A set of implementations that an engine can be made to run, see [`Builder::backend`].
///
/// [`Builder::backend`]: crate::Builder::backend
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// What runs on every processor.
    Portable,
    /// AVX-512 IFMA: groups in the lanes of vectors, and RSA private operations alone. Its processors have AVX2,
    /// and lattices run on that.
    Ifma,
    /// AES-GCM, CTR and CBC on VAES and VPCLMULQDQ.
    Vaes,
    /// AVX2: ML-KEM and ML-DSA.
    Avx2,
    /// Words of 64 bits: P-256, P-384 and P-521, one operation at a time.
    Words64,
    /// The same with P-256 on BMI2 and ADX of x86-64, and Ed25519 signatures and RSA, with its key generation, there.
    Adx,
}

/// The lanes of a group: each an operation of its own, or empty.
#[cfg(any(feature = "ecdsa", feature = "ed25519", feature = "rsa"))]
pub(in crate::boundary) type Lanes<T> = [Option<T>; LANES];

impl Backend {
    /// Every set, whether or not this build and this processor have it.
    pub const ALL: [Self; 6] = [Self::Portable, Self::Ifma, Self::Vaes, Self::Avx2, Self::Words64, Self::Adx];

    /// Name for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Ifma => "ifma",
            Self::Vaes => "vaes",
            Self::Avx2 => "avx2",
            Self::Words64 => "words64",
            Self::Adx => "adx",
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
    /// Keys of P-256, P-384 and P-521 and what they do one at a time.
    #[cfg_attr(not(feature = "ecdsa"), allow(dead_code))]
    // named in reports, and there is nothing to report
    pub(in crate::boundary) ec: Curves,
    /// Signatures of Ed25519, one at a time.
    #[cfg_attr(not(feature = "ed25519"), allow(dead_code))]
    pub(in crate::boundary) ed25519: Words,
    /// Groups of P-256 and P-384: signing, verification, agreement.
    pub(in crate::boundary) ec_groups: Which,
    /// Groups of Ed25519: signing, verification.
    pub(in crate::boundary) ed25519_groups: Which,
    /// Private operations, alone and in groups, and groups of public ones.
    pub(in crate::boundary) rsa: Which,
    /// What RSA runs where that is portable, the search for its primes, and the checks of its keys.
    #[cfg_attr(not(feature = "rsa"), allow(dead_code))] // as above
    pub(in crate::boundary) rsa_words: Words,
    /// GCM, CTR, CBC and single blocks.
    pub(in crate::boundary) aes: aes::Which,
    /// Keys of ML-KEM and what they do.
    pub(in crate::boundary) ml_kem: Lattice,
    /// Keys of ML-DSA and what they do.
    pub(in crate::boundary) ml_dsa: Lattice,
}

/// The implementation of a family.
#[derive(Clone, Copy)]
pub(in crate::boundary) enum Which {
    /// On every processor; a group one after the other.
    Portable,
    /// AVX-512 IFMA. The proof that the processor has it is the choice.
    #[cfg(all(
        target_arch = "x86_64",
        feature = "std",
        any(feature = "ecdsa", feature = "ed25519", feature = "rsa")
    ))]
    Ifma(ifma::Ifma),
}

impl Which {
    const fn name(self) -> &'static str {
        match self {
            Self::Portable => Backend::Portable.name(),
            #[cfg(all(
                target_arch = "x86_64",
                feature = "std",
                any(feature = "ecdsa", feature = "ed25519", feature = "rsa")
            ))]
            Self::Ifma(_) => Backend::Ifma.name(),
        }
    }

    #[cfg(all(
        target_arch = "x86_64",
        feature = "std",
        any(feature = "ecdsa", feature = "ed25519", feature = "rsa")
    ))]
    fn ifma() -> Option<Self> {
        ifma::Ifma::detect().map(Self::Ifma)
    }

    #[cfg(not(all(
        target_arch = "x86_64",
        feature = "std",
        any(feature = "ecdsa", feature = "ed25519", feature = "rsa")
    )))]
    const fn ifma() -> Option<Self> {
        None
    }
}

/// The implementation of the curves of SP 800-186.
#[derive(Clone, Copy)]
pub(in crate::boundary) enum Curves {
    /// On every processor.
    Portable,
    /// In words of 64 bits.
    #[cfg(all(feature = "ecdsa", feature = "std", target_pointer_width = "64"))]
    Words64,
    /// The same, and P-256 on BMI2 and ADX. The proof that the processor has them is the choice.
    #[cfg(all(feature = "ecdsa", feature = "std", target_arch = "x86_64"))]
    Adx(adx::Adx),
}

impl Curves {
    const fn name(self) -> &'static str {
        match self {
            Self::Portable => Backend::Portable.name(),
            #[cfg(all(feature = "ecdsa", feature = "std", target_pointer_width = "64"))]
            Self::Words64 => Backend::Words64.name(),
            #[cfg(all(feature = "ecdsa", feature = "std", target_arch = "x86_64"))]
            Self::Adx(_) => Backend::Adx.name(),
        }
    }

    #[cfg(all(feature = "ecdsa", feature = "std", target_arch = "x86_64"))]
    fn adx() -> Option<Self> {
        adx::Adx::detect().map(Self::Adx)
    }

    #[cfg(not(all(feature = "ecdsa", feature = "std", target_arch = "x86_64")))]
    const fn adx() -> Option<Self> {
        None
    }

    #[cfg(all(feature = "ecdsa", feature = "std", target_pointer_width = "64"))]
    const fn words64() -> Option<Self> {
        Some(Self::Words64)
    }

    #[cfg(not(all(feature = "ecdsa", feature = "std", target_pointer_width = "64")))]
    const fn words64() -> Option<Self> {
        None
    }

    /// What to call instead of the portable one.
    #[cfg(feature = "ecdsa")]
    pub(in crate::boundary) fn arithmetic<C: portable::ec::Curve>(
        self,
    ) -> Option<&'static dyn portable::ec::Arithmetic> {
        match self {
            Self::Portable => None,
            #[cfg(all(feature = "std", target_pointer_width = "64"))]
            Self::Words64 => C::words64(),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Self::Adx(cpu) => C::adx(cpu).or_else(C::words64),
        }
    }
}

/// The implementation of signatures on edwards25519, or of the products of RSA.
#[derive(Clone, Copy)]
pub(in crate::boundary) enum Words {
    /// On every processor.
    Portable,
    /// BMI2 and ADX. The proof that the processor has them is the choice.
    #[cfg(all(feature = "std", target_arch = "x86_64", any(feature = "ed25519", feature = "rsa")))]
    Adx(adx::Adx),
}

impl Words {
    const fn name(self) -> &'static str {
        match self {
            Self::Portable => Backend::Portable.name(),
            #[cfg(all(feature = "std", target_arch = "x86_64", any(feature = "ed25519", feature = "rsa")))]
            Self::Adx(_) => Backend::Adx.name(),
        }
    }

    #[cfg(all(feature = "std", target_arch = "x86_64", any(feature = "ed25519", feature = "rsa")))]
    fn adx() -> Option<Self> {
        adx::Adx::detect().map(Self::Adx)
    }

    #[cfg(not(all(feature = "std", target_arch = "x86_64", any(feature = "ed25519", feature = "rsa"))))]
    const fn adx() -> Option<Self> {
        None
    }
}

/// The implementation of a lattice family.
#[derive(Clone, Copy)]
pub(in crate::boundary) enum Lattice {
    /// On every processor.
    Portable,
    /// AVX2. The proof that the processor has it is the choice.
    #[cfg(all(target_arch = "x86_64", feature = "std", any(feature = "ml-kem", feature = "ml-dsa")))]
    Avx2(avx2::Avx2),
}

impl Lattice {
    const fn name(self) -> &'static str {
        match self {
            Self::Portable => Backend::Portable.name(),
            #[cfg(all(target_arch = "x86_64", feature = "std", any(feature = "ml-kem", feature = "ml-dsa")))]
            Self::Avx2(_) => Backend::Avx2.name(),
        }
    }

    #[cfg(all(target_arch = "x86_64", feature = "std", any(feature = "ml-kem", feature = "ml-dsa")))]
    fn avx2() -> Option<Self> {
        avx2::Avx2::detect().map(Self::Avx2)
    }

    #[cfg(not(all(target_arch = "x86_64", feature = "std", any(feature = "ml-kem", feature = "ml-dsa"))))]
    const fn avx2() -> Option<Self> {
        None
    }
}

impl Backends {
    pub(crate) const PORTABLE: Self = Self::all(Which::Portable, Lattice::Portable);

    const fn all(which: Which, lattice: Lattice) -> Self {
        let aes = aes::Which::Portable;
        let (ec, words) = (Curves::Portable, Words::Portable);
        Self {
            ec,
            ed25519: words,
            ec_groups: which,
            ed25519_groups: which,
            rsa: which,
            rsa_words: words,
            aes,
            ml_kem: lattice,
            ml_dsa: lattice,
        }
    }

    /// The fastest that this build and this processor have.
    pub(crate) fn fastest() -> Self {
        let arithmetic =
            Self::of(Backend::Ifma).or_else(|| Self::of(Backend::Avx2)).unwrap_or(Self::PORTABLE);
        Self {
            ec: Curves::adx().or_else(Curves::words64).unwrap_or(Curves::Portable),
            ed25519: Words::adx().unwrap_or(Words::Portable),
            rsa_words: Words::adx().unwrap_or(Words::Portable),
            aes: aes::Which::vaes().unwrap_or(aes::Which::Portable),
            ..arithmetic
        }
    }

    /// One set, if there is such a thing here.
    pub(crate) fn of(backend: Backend) -> Option<Self> {
        match backend {
            Backend::Portable => Some(Self::PORTABLE),
            Backend::Vaes => aes::Which::vaes().map(|aes| Self { aes, ..Self::PORTABLE }),
            Backend::Ifma => {
                let lattice = Lattice::avx2().unwrap_or(Lattice::Portable);
                Which::ifma().map(|which| Self::all(which, lattice))
            }
            Backend::Avx2 => Lattice::avx2().map(|lattice| Self::all(Which::Portable, lattice)),
            Backend::Words64 => Curves::words64().map(|ec| Self { ec, ..Self::PORTABLE }),
            Backend::Adx => {
                // Of a family that the build leaves out there is none.
                let (ec, words) = (Curves::adx(), Words::adx());
                (ec.is_some() || words.is_some()).then(|| Self {
                    ec: ec.unwrap_or(Curves::Portable),
                    ed25519: words.unwrap_or(Words::Portable),
                    rsa_words: words.unwrap_or(Words::Portable),
                    ..Self::PORTABLE
                })
            }
        }
    }

    /// Families that have more than one implementation, each with the name of the one that runs. Every other
    /// family runs the portable one, which uses AES-NI, CLMUL and SHA-NI where the processor has them.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let rsa = if matches!(self.rsa, Which::Portable) { self.rsa_words.name() } else { self.rsa.name() };
        let families = [
            (cfg!(feature = "ecdsa"), "EC", self.ec.name()),
            (cfg!(feature = "ecdsa"), "EC groups", self.ec_groups.name()),
            (cfg!(feature = "ed25519"), "Ed25519", self.ed25519.name()),
            (cfg!(feature = "ed25519"), "Ed25519 groups", self.ed25519_groups.name()),
            (cfg!(feature = "rsa"), "RSA", rsa),
            (cfg!(feature = "rsa"), "RSA key generation", self.rsa_words.name()),
            (true, "AES", self.aes.name()),
            (cfg!(feature = "ml-kem"), "ML-KEM", self.ml_kem.name()),
            (cfg!(feature = "ml-dsa"), "ML-DSA", self.ml_dsa.name()),
        ];
        families.into_iter().filter(|(built, ..)| *built).map(|(_, family, name)| (family, name))
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
