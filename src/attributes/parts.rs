//! The parts that attributes are made of.

use crate::algorithm::{Algorithm, HashSet};

/// Kind of key: what the secret is. The ids are permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u16)]
pub enum KeyKind {
    /// AES, 128 bits.
    Aes128 = 0x0101,
    /// AES, 192 bits.
    Aes192 = 0x0102,
    /// AES, 256 bits.
    Aes256 = 0x0103,
    /// HMAC key, 14 to 128 bytes, for one hash.
    Hmac = 0x0201,
    /// Secret to derive keys from, 14 to 128 bytes.
    Derivation = 0x0202,
    /// RSA, 2048-bit modulus.
    Rsa2048 = 0x0301,
    /// RSA, 3072-bit modulus.
    Rsa3072 = 0x0302,
    /// RSA, 4096-bit modulus.
    Rsa4096 = 0x0303,
    /// Elliptic-curve key on P-256.
    EcP256 = 0x0401,
    /// Elliptic-curve key on P-384.
    EcP384 = 0x0402,
    /// Elliptic-curve key on P-521.
    EcP521 = 0x0403,
    /// Elliptic-curve key on secp256k1.
    EcSecp256k1 = 0x0404,
    /// Edwards-curve key, Ed25519.
    Ed25519 = 0x0501,
    /// ML-KEM-512.
    MlKem512 = 0x0601,
    /// ML-KEM-768.
    MlKem768 = 0x0602,
    /// ML-KEM-1024.
    MlKem1024 = 0x0603,
    /// ML-DSA-44.
    MlDsa44 = 0x0701,
    /// ML-DSA-65.
    MlDsa65 = 0x0702,
    /// ML-DSA-87.
    MlDsa87 = 0x0703,
    /// SLH-DSA-SHA2-128s.
    SlhDsaSha2_128s = 0x0801,
    /// SLH-DSA-SHAKE-128s.
    SlhDsaShake128s = 0x0802,
    /// SLH-DSA-SHA2-128f.
    SlhDsaSha2_128f = 0x0803,
    /// SLH-DSA-SHAKE-128f.
    SlhDsaShake128f = 0x0804,
    /// SLH-DSA-SHA2-192s.
    SlhDsaSha2_192s = 0x0805,
    /// SLH-DSA-SHAKE-192s.
    SlhDsaShake192s = 0x0806,
    /// SLH-DSA-SHA2-192f.
    SlhDsaSha2_192f = 0x0807,
    /// SLH-DSA-SHAKE-192f.
    SlhDsaShake192f = 0x0808,
    /// SLH-DSA-SHA2-256s.
    SlhDsaSha2_256s = 0x0809,
    /// SLH-DSA-SHAKE-256s.
    SlhDsaShake256s = 0x080a,
    /// SLH-DSA-SHA2-256f.
    SlhDsaSha2_256f = 0x080b,
    /// SLH-DSA-SHAKE-256f.
    SlhDsaShake256f = 0x080c,
    /// A key on P-384 and one of ML-KEM-1024, which serve together alone.
    HybridP384MlKem1024 = 0x0901,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [Self; 32] = [
        Self::Aes128,
        Self::Aes192,
        Self::Aes256,
        Self::Hmac,
        Self::Derivation,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::EcP256,
        Self::EcP384,
        Self::EcP521,
        Self::EcSecp256k1,
        Self::Ed25519,
        Self::MlKem512,
        Self::MlKem768,
        Self::MlKem1024,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
        Self::SlhDsaSha2_128s,
        Self::SlhDsaShake128s,
        Self::SlhDsaSha2_128f,
        Self::SlhDsaShake128f,
        Self::SlhDsaSha2_192s,
        Self::SlhDsaShake192s,
        Self::SlhDsaSha2_192f,
        Self::SlhDsaShake192f,
        Self::SlhDsaSha2_256s,
        Self::SlhDsaShake256s,
        Self::SlhDsaSha2_256f,
        Self::SlhDsaShake256f,
        Self::HybridP384MlKem1024,
    ];

    /// The permanent id.
    #[must_use]
    pub const fn id(self) -> u16 {
        self as u16
    }

    /// The kind with this id.
    #[must_use]
    pub fn from_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// Name for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128 => "AES-128",
            Self::Aes192 => "AES-192",
            Self::Aes256 => "AES-256",
            Self::Hmac => "HMAC",
            Self::Derivation => "Derivation",
            Self::Rsa2048 => "RSA-2048",
            Self::Rsa3072 => "RSA-3072",
            Self::Rsa4096 => "RSA-4096",
            Self::EcP256 => "P-256",
            Self::EcP384 => "P-384",
            Self::EcP521 => "P-521",
            Self::EcSecp256k1 => "secp256k1",
            Self::Ed25519 => "Ed25519",
            Self::MlKem512 => "ML-KEM-512",
            Self::MlKem768 => "ML-KEM-768",
            Self::MlKem1024 => "ML-KEM-1024",
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
            Self::SlhDsaSha2_128s => "SLH-DSA-SHA2-128s",
            Self::SlhDsaShake128s => "SLH-DSA-SHAKE-128s",
            Self::SlhDsaSha2_128f => "SLH-DSA-SHA2-128f",
            Self::SlhDsaShake128f => "SLH-DSA-SHAKE-128f",
            Self::SlhDsaSha2_192s => "SLH-DSA-SHA2-192s",
            Self::SlhDsaShake192s => "SLH-DSA-SHAKE-192s",
            Self::SlhDsaSha2_192f => "SLH-DSA-SHA2-192f",
            Self::SlhDsaShake192f => "SLH-DSA-SHAKE-192f",
            Self::SlhDsaSha2_256s => "SLH-DSA-SHA2-256s",
            Self::SlhDsaShake256s => "SLH-DSA-SHAKE-256s",
            Self::SlhDsaSha2_256f => "SLH-DSA-SHA2-256f",
            Self::SlhDsaShake256f => "SLH-DSA-SHAKE-256f",
            Self::HybridP384MlKem1024 => "P-384-ML-KEM-1024",
        }
    }

    /// Whether keys of this kind come in pairs.
    #[must_use]
    pub const fn is_asymmetric(self) -> bool {
        !matches!(self, Self::Aes128 | Self::Aes192 | Self::Aes256 | Self::Hmac | Self::Derivation)
    }

    /// RSA modulus length in bytes, 0 for other kinds.
    #[must_use]
    pub const fn modulus_len(self) -> usize {
        match self {
            Self::Rsa2048 => 256,
            Self::Rsa3072 => 384,
            Self::Rsa4096 => 512,
            _ => 0,
        }
    }

    /// Length of the stored secret in bytes (RSA: both primes; EC: the scalar; Ed25519,
    /// ML-KEM and ML-DSA: the seed; SLH-DSA: the key as FIPS 205 encodes it; hybrid: scalar and seed); 0 where the
    /// length is an attribute of its own.
    pub(crate) const fn secret_len(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256
            | Self::EcP256
            | Self::EcSecp256k1
            | Self::Ed25519
            | Self::MlDsa44
            | Self::MlDsa65
            | Self::MlDsa87 => 32,
            Self::EcP384 => 48,
            Self::EcP521 => 66,
            Self::MlKem512 | Self::MlKem768 | Self::MlKem1024 => 64,
            Self::HybridP384MlKem1024 => 112,
            Self::SlhDsaSha2_128s | Self::SlhDsaShake128s | Self::SlhDsaSha2_128f | Self::SlhDsaShake128f => {
                64
            }
            Self::SlhDsaSha2_192s | Self::SlhDsaShake192s | Self::SlhDsaSha2_192f | Self::SlhDsaShake192f => {
                96
            }
            Self::SlhDsaSha2_256s | Self::SlhDsaShake256s | Self::SlhDsaSha2_256f | Self::SlhDsaShake256f => {
                128
            }
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => self.modulus_len(),
            Self::Hmac | Self::Derivation => 0,
        }
    }

    pub(crate) const fn strength(self) -> Strength {
        match self {
            Self::Rsa2048 => Strength(112),
            Self::Aes128
            | Self::EcP256
            | Self::EcSecp256k1
            | Self::Ed25519
            | Self::MlKem512
            | Self::MlDsa44
            | Self::Rsa3072
            | Self::Rsa4096 => Strength(128),
            Self::Aes192 | Self::EcP384 | Self::MlKem768 | Self::MlDsa65 => Strength(192),
            Self::Aes256 | Self::EcP521 | Self::MlKem1024 | Self::MlDsa87 => Strength(256),
            // Who wants the key must break both halves: the stronger one counts.
            Self::HybridP384MlKem1024 => Strength(256),
            Self::SlhDsaSha2_128s | Self::SlhDsaShake128s | Self::SlhDsaSha2_128f | Self::SlhDsaShake128f => {
                Strength(128)
            }
            Self::SlhDsaSha2_192s | Self::SlhDsaShake192s | Self::SlhDsaSha2_192f | Self::SlhDsaShake192f => {
                Strength(192)
            }
            Self::SlhDsaSha2_256s | Self::SlhDsaShake256s | Self::SlhDsaSha2_256f | Self::SlhDsaShake256f => {
                Strength(256)
            }
            Self::Hmac | Self::Derivation => Strength(0),
        }
    }
}

/// Security strength in bits (SP 800-57 part 1 r5 section 5.6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Strength(pub(crate) u16);

impl Strength {
    /// Bits of security.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// A strength of this many bits.
    #[must_use]
    pub const fn of_bits(bits: u16) -> Self {
        Self(bits)
    }
}

/// Whether the record holds a secret key, a private key (with its public half) or a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum KeyClass {
    /// Symmetric.
    Secret = 1,
    /// Private half; the public half is derived from it.
    Private = 2,
    /// Public key alone.
    Public = 3,
}

/// A set of usages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Usage(u32);

impl Usage {
    /// No usage.
    pub const NONE: Self = Self(0);
    /// Encrypt data.
    pub const ENCRYPT: Self = Self(1 << 0);
    /// Decrypt data.
    pub const DECRYPT: Self = Self(1 << 1);
    /// Sign messages (hashed inside).
    pub const SIGN: Self = Self(1 << 2);
    /// Sign digests that were made outside: a right of its own, and never an approved service.
    pub const SIGN_DIGEST: Self = Self(1 << 3);
    /// Verify signatures.
    pub const VERIFY: Self = Self(1 << 4);
    /// Make message authentication codes.
    pub const MAC: Self = Self(1 << 5);
    /// Verify message authentication codes.
    pub const VERIFY_MAC: Self = Self(1 << 6);
    /// Wrap other keys.
    pub const WRAP: Self = Self(1 << 7);
    /// Unwrap other keys.
    pub const UNWRAP: Self = Self(1 << 8);
    /// Derive other keys.
    pub const DERIVE: Self = Self(1 << 9);
    /// Agree on keys.
    pub const AGREE: Self = Self(1 << 10);
    /// Encapsulate keys.
    pub const ENCAPSULATE: Self = Self(1 << 11);
    /// Decapsulate keys.
    pub const DECAPSULATE: Self = Self(1 << 12);

    const MASK: u32 = (1 << 13) - 1;

    /// Every single usage with its name.
    pub const NAMED: [(Self, &'static str); 13] = [
        (Self::ENCRYPT, "encrypt"),
        (Self::DECRYPT, "decrypt"),
        (Self::SIGN, "sign"),
        (Self::SIGN_DIGEST, "sign-digest"),
        (Self::VERIFY, "verify"),
        (Self::MAC, "mac"),
        (Self::VERIFY_MAC, "verify-mac"),
        (Self::WRAP, "wrap"),
        (Self::UNWRAP, "unwrap"),
        (Self::DERIVE, "derive"),
        (Self::AGREE, "agree"),
        (Self::ENCAPSULATE, "encapsulate"),
        (Self::DECAPSULATE, "decapsulate"),
    ];

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both sets have.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of `other` is in this set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether all of this set is in `other`.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The bits as they stand in blobs.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The set with these bits, if all of them are known.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits & !Self::MASK == 0 { Some(Self(bits)) } else { None }
    }
}

/// One permitted algorithm with the parameters it may be called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub(crate) algorithm: Algorithm,
    pub(crate) hashes: HashSet,
    pub(crate) min_tag: u8,
    pub(crate) deterministic: bool,
}

impl Rule {
    /// Permits the algorithm with every hash of its closed set, full tags only, and no deterministic
    /// signing.
    #[must_use]
    pub const fn any(algorithm: Algorithm) -> Self {
        let params = &algorithm.facts().params;
        let min_tag = match params.tag {
            Some((_, full)) => full,
            None => 0,
        };
        Self { algorithm, hashes: params.hashes, min_tag, deterministic: false }
    }

    /// Permits the algorithm with one hash.
    #[must_use]
    pub const fn hashed(algorithm: Algorithm, hash: crate::algorithm::Hash) -> Self {
        let mut rule = Self::any(algorithm);
        rule.hashes = HashSet::of(hash);
        rule
    }

    /// Permits tags as short as this many bytes. A MAC's full length is always permitted.
    #[must_use]
    pub const fn min_tag(mut self, bytes: u8) -> Self {
        self.min_tag = bytes;
        self
    }

    /// Permits deterministic signing too.
    #[must_use]
    pub const fn allow_deterministic(mut self) -> Self {
        self.deterministic = true;
        self
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The permitted hashes.
    #[must_use]
    pub const fn hashes(&self) -> HashSet {
        self.hashes
    }

    /// Whether every call that this rule permits is permitted by `other` too.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm
            && self.hashes.is_subset(other.hashes)
            && self.min_tag >= other.min_tag
            && (other.deterministic || !self.deterministic)
    }

    /// Inside the closed sets of the algorithm, and not empty where a hash is needed.
    pub(crate) fn is_valid(&self) -> bool {
        let params = &self.algorithm.facts().params;
        let tag_fits = match params.tag {
            Some((low, high)) => low <= self.min_tag && self.min_tag <= high,
            None => self.min_tag == 0,
        };
        self.hashes.is_subset(params.hashes)
            && self.hashes.is_empty() == params.hashes.is_empty()
            && tag_fits
            && (params.deterministic || !self.deterministic)
    }
}

/// The permitted algorithms of a key, at most [`Rules::MAX`], in order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    list: [Option<Rule>; Self::MAX],
}

impl Rules {
    /// Most rules on one key.
    pub const MAX: usize = 4;

    /// No rule.
    #[must_use]
    pub const fn empty() -> Self {
        Self { list: [None; Self::MAX] }
    }

    /// One rule.
    #[must_use]
    pub const fn one(rule: Rule) -> Self {
        Self { list: [Some(rule), None, None, None] }
    }

    /// These rules and one more; `None` when there is no room or the algorithm has a rule already.
    #[must_use]
    pub fn with(mut self, rule: Rule) -> Option<Self> {
        if self.find(rule.algorithm).is_some() || self.len() == Self::MAX {
            return None;
        }
        // Insertion keeps the order of ids: the encoding is canonical.
        let mut moving = Some(rule);
        for slot in &mut self.list {
            match (&*slot, &moving) {
                (Some(here), Some(new)) if here.algorithm < new.algorithm => {}
                _ => core::mem::swap(slot, &mut moving),
            }
        }
        Some(self)
    }

    /// The rules.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.list.iter().flatten()
    }

    /// The rules as words, zero where there is none: for the integrity of key records.
    #[inline]
    pub(crate) fn words(&self) -> [u64; Self::MAX] {
        self.list.map(|rule| {
            rule.map_or(0, |rule| {
                u64::from(rule.algorithm.id()) << 32
                    | u64::from(rule.hashes.bits()) << 16
                    | u64::from(rule.min_tag) << 8
                    | u64::from(rule.deterministic)
            })
        })
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rule for an algorithm.
    #[must_use]
    pub fn find(&self, algorithm: Algorithm) -> Option<&Rule> {
        self.iter().find(|rule| rule.algorithm == algorithm)
    }

    /// Whether all that `rule` permits is permitted here.
    pub(crate) fn permits(&self, rule: &Rule) -> bool {
        self.find(rule.algorithm).is_some_and(|have| rule.is_within(have))
    }
}

/// In which formats a key may leave. No format is plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExportFormat {
    /// Never leaves.
    None = 0,
    /// Only as a native blob, its policy sealed with it.
    Native = 1,
    /// Native, and bare KW, KWP or OAEP: a key that left so has left its policy behind.
    Interoperable = 2,
}

/// The export rule of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export {
    pub(crate) format: ExportFormat,
    pub(crate) trusted_only: bool,
}

impl Export {
    /// Never leaves.
    pub const NONE: Self = Self { format: ExportFormat::None, trusted_only: false };
    /// Native format under any KEK.
    pub const NATIVE: Self = Self { format: ExportFormat::Native, trusted_only: false };
    /// Native and interoperable formats under any KEK.
    pub const INTEROPERABLE: Self = Self { format: ExportFormat::Interoperable, trusted_only: false };

    /// The same formats, under KEKs only that are marked trusted.
    #[must_use]
    pub const fn trusted_only(mut self) -> Self {
        self.trusted_only = true;
        self
    }

    /// The widest format.
    #[must_use]
    pub const fn format(self) -> ExportFormat {
        self.format
    }

    /// Whether only trusted KEKs may wrap the key.
    #[must_use]
    pub const fn needs_trusted(self) -> bool {
        self.trusted_only
    }

    pub(crate) fn is_within(self, other: Self) -> bool {
        self.format == ExportFormat::None
            || (self.format <= other.format && (self.trusted_only || !other.trusted_only))
    }
}

/// How long a key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Lifetime {
    /// Wiped when the session that made it closes.
    Session = 0,
    /// Lives until destroyed; the front end stores its native blob.
    Persistent = 1,
}

/// Validity period in seconds of the embedder's clock. After it ends, a key only opens what it protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// First second of validity.
    pub not_before: Option<u64>,
    /// Last second of validity.
    pub not_after: Option<u64>,
}

impl Validity {
    /// No bounds.
    pub const ALWAYS: Self = Self { not_before: None, not_after: None };

    pub(crate) fn is_ordered(self) -> bool {
        match (self.not_before, self.not_after) {
            (Some(first), Some(last)) => first <= last,
            _ => true,
        }
    }

    pub(crate) fn is_within(self, other: Self) -> bool {
        other.not_before.is_none_or(|bound| self.not_before.is_some_and(|first| first >= bound))
            && other.not_after.is_none_or(|bound| self.not_after.is_some_and(|last| last <= bound))
    }
}

/// A few bytes of fixed capacity. Unused bytes are zero, so that equal texts are equal values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<const N: usize> {
    len: u8,
    bytes: [u8; N],
}

impl<const N: usize> Text<N> {
    /// Nothing.
    pub const EMPTY: Self = Self { len: 0, bytes: [0; N] };

    /// These bytes, if they fit.
    #[must_use]
    pub fn new(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; N];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self { len: u8::try_from(text.len()).ok()?, bytes })
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// All of it, unused zeros too, and the length: for the integrity of key records.
    pub(crate) const fn raw(&self) -> (&[u8; N], u8) {
        (&self.bytes, self.len)
    }
}
