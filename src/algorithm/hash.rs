//! The hash functions that algorithms take as a parameter.

use super::Algorithm;

/// Hash functions of FIPS 180-4 and FIPS 202.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA-224: 112 bits, not for signatures.
    Sha224,
    /// SHA-512/256.
    Sha512_256,
    /// SHA3-224: 112 bits, not for signatures.
    Sha3_224,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
}

impl Hash {
    /// Every hash, in order of its bit in a [`HashSet`]: that order is permanent, it stands in blobs.
    pub const ALL: [Self; 9] = [
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha224,
        Self::Sha512_256,
        Self::Sha3_224,
        Self::Sha3_256,
        Self::Sha3_384,
        Self::Sha3_512,
    ];

    /// Output length in bytes.
    #[must_use]
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha224 | Self::Sha3_224 => 28,
            Self::Sha256 | Self::Sha512_256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }

    /// Input block length in bytes (of SHA-3: the rate).
    #[must_use]
    pub const fn block_len(self) -> usize {
        match self {
            Self::Sha224 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 | Self::Sha512_256 => 128,
            Self::Sha3_224 => 144,
            Self::Sha3_256 => 136,
            Self::Sha3_384 => 104,
            Self::Sha3_512 => 72,
        }
    }

    /// Name as in FIPS 180-4 and FIPS 202.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sha512_256 => "SHA-512/256",
            Self::Sha3_224 => "SHA3-224",
            Self::Sha3_256 => "SHA3-256",
            Self::Sha3_384 => "SHA3-384",
            Self::Sha3_512 => "SHA3-512",
        }
    }

    /// The algorithm whose digest this is.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Sha224 | Self::Sha256 | Self::Sha384 | Self::Sha512 | Self::Sha512_256 => Algorithm::Sha2,
            Self::Sha3_224 | Self::Sha3_256 | Self::Sha3_384 | Self::Sha3_512 => Algorithm::Sha3,
        }
    }

    const fn bit(self) -> u16 {
        match self {
            Self::Sha256 => 1,
            Self::Sha384 => 1 << 1,
            Self::Sha512 => 1 << 2,
            Self::Sha224 => 1 << 3,
            Self::Sha512_256 => 1 << 4,
            Self::Sha3_224 => 1 << 5,
            Self::Sha3_256 => 1 << 6,
            Self::Sha3_384 => 1 << 7,
            Self::Sha3_512 => 1 << 8,
        }
    }
}

/// Functions of FIPS 202 with output of any length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Xof {
    /// SHAKE128.
    Shake128,
    /// SHAKE256.
    Shake256,
}

impl Xof {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Shake128, Self::Shake256];

    /// Name as in FIPS 202.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shake128 => "SHAKE128",
            Self::Shake256 => "SHAKE256",
        }
    }
}

/// A set of hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashSet(u16);

impl HashSet {
    /// No hash.
    pub const EMPTY: Self = Self(0);
    /// Every hash of FIPS 180-4 that the engine has.
    pub const SHA2: Self =
        Self::of(Hash::Sha224).and(Hash::Sha256).and(Hash::Sha384).and(Hash::Sha512).and(Hash::Sha512_256);
    /// Every hash of FIPS 202.
    pub const SHA3: Self =
        Self::of(Hash::Sha3_224).and(Hash::Sha3_256).and(Hash::Sha3_384).and(Hash::Sha3_512);
    /// Every hash.
    pub const ALL: Self = Self(Self::SHA2.0 | Self::SHA3.0);
    /// Those with at least 128 bits of security against collisions: for signatures and key transport.
    pub const STRONG: Self = Self(Self::ALL.0 & !Self::of(Hash::Sha224).and(Hash::Sha3_224).0);

    /// The set of one hash.
    #[must_use]
    pub const fn of(hash: Hash) -> Self {
        Self(hash.bit())
    }

    /// This set with one more hash.
    #[must_use]
    pub const fn and(self, hash: Hash) -> Self {
        Self(self.0 | hash.bit())
    }

    /// Whether the set holds this hash.
    #[must_use]
    pub const fn contains(self, hash: Hash) -> bool {
        self.0 & hash.bit() != 0
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every hash of this set is in `other`.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The hash, when the set holds exactly one.
    #[must_use]
    pub fn only(self) -> Option<Hash> {
        Hash::ALL.into_iter().find(|hash| hash.bit() == self.0)
    }

    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u16) -> Option<Self> {
        if bits & !Self::ALL.0 == 0 { Some(Self(bits)) } else { None }
    }
}
