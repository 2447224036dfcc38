//! Algorithm identifiers, their parameters, and the public facts about both.
//!
//! What an algorithm *does* is in `boundary/table.rs`; what everybody may know about it (its id, the
//! standard, the key kinds, the closed sets of parameters, whether it is approved) is here, because
//! policy and attributes are decided without touching a key.

mod facts;
mod hash;

pub(crate) use facts::FACTS;
pub use hash::{Hash, HashSet, Xof};

use crate::attributes::{KeyKind, Usage};
use crate::error::{Error, Result};

/// A cryptographic scheme. The numeric ids are permanent: they appear in wrapped-key blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u16)]
pub enum Algorithm {
    /// AES-GCM, 96-bit random IV made inside (SP 800-38D section 8.2.2).
    AesGcm = 0x0101,
    /// AES-GCM, 96-bit deterministic IV made inside (SP 800-38D section 8.2.1).
    AesGcmCounter = 0x0102,
    /// AES key wrap KW (SP 800-38F section 6.2).
    AesKw = 0x0111,
    /// AES key wrap with padding KWP (SP 800-38F section 6.3).
    AesKwp = 0x0112,
    /// AES-GCM over a bare key, 96-bit random IV made inside (SP 800-38F section 3.1).
    AesGcmWrap = 0x0113,
    /// The native wrapped-key format, AES-256-GCM with the whole policy authenticated.
    NativeWrap = 0x0121,
    /// AES-CBC over whole blocks, random IV made inside (SP 800-38A section 6.2). Not authenticated.
    AesCbc = 0x0131,
    /// AES-CBC with PKCS #7 padding (RFC 5652 section 6.3). Not authenticated.
    AesCbcPkcs7 = 0x0132,
    /// AES-CTR, counter blocks made inside (SP 800-38A section 6.5). Not authenticated.
    AesCtr = 0x0141,
    /// SHA-2 message digests (FIPS 180-4).
    Sha2 = 0x0201,
    /// SHA-3 message digests (FIPS 202 section 6.1).
    Sha3 = 0x0202,
    /// SHAKE, output of any length (FIPS 202 section 6.2).
    Shake = 0x0203,
    /// HMAC (FIPS 198-1).
    Hmac = 0x0301,
    /// AES-CMAC (SP 800-38B).
    AesCmac = 0x0311,
    /// RSASSA-PKCS1-v1_5 (FIPS 186-5 section 5.4, RFC 8017 section 8.2).
    RsaPkcs1 = 0x0401,
    /// RSASSA-PSS, salt as long as the hash (FIPS 186-5 section 5.4, RFC 8017 section 8.1).
    RsaPss = 0x0402,
    /// RSA-OAEP for keys (SP 800-56B r2 section 9, RFC 8017 section 7.1).
    RsaOaep = 0x0411,
    /// RSA-OAEP over a fresh AES-256 key, KWP under that (PKCS #11 `CKM_RSA_AES_KEY_WRAP`).
    RsaAesKwp = 0x0412,
    /// RSA-OAEP over data (RFC 8017 section 7.1). Not approved: OAEP is approved for keys alone (RSA-8).
    RsaOaepData = 0x0413,
    /// ECDSA on P-256 (FIPS 186-5 section 6).
    EcdsaP256 = 0x0501,
    /// ECDSA on P-384 (FIPS 186-5 section 6).
    EcdsaP384 = 0x0502,
    /// ECDSA on P-521 (FIPS 186-5 section 6).
    EcdsaP521 = 0x0503,
    /// ECDSA on secp256k1 (SEC 1 v2 section 4.1, SEC 2 v2 section 2.4.1), as ledgers use it: signatures
    /// have an s of at most n/2, and verifying takes either. Not approved.
    EcdsaSecp256k1 = 0x0504,
    /// ECDH on P-256 into a derived key (SP 800-56A r3 section 5.7.1.2, SP 800-56C r2).
    EcdhP256 = 0x0511,
    /// ECDH on P-384 into a derived key (SP 800-56A r3 section 5.7.1.2, SP 800-56C r2).
    EcdhP384 = 0x0512,
    /// ECDH on P-521 into a derived key (SP 800-56A r3 section 5.7.1.2, SP 800-56C r2).
    EcdhP521 = 0x0513,
    /// ML-KEM: keys encapsulated under a public key (FIPS 203 section 7).
    MlKem = 0x0521,
    /// ECDH on P-384 with ML-KEM-1024 into an AES-256 key, KWP under that (SP 800-56C r2 section 2).
    HybridKwp = 0x0531,
    /// ECDH on P-384 with ML-KEM-1024 into an AES-256 key, the native format under that (SP 800-56C r2 section 2).
    HybridNative = 0x0532,
    /// Ed25519, pure (FIPS 186-5 section 7.6).
    Ed25519 = 0x0601,
    /// Ed25519ph: Ed25519 over SHA-512 of the message, with a context (FIPS 186-5 section 7.8).
    Ed25519ph = 0x0602,
    /// ML-DSA, pure (FIPS 204 section 5.2).
    MlDsa = 0x0621,
    /// HashML-DSA: ML-DSA over the hash of the message (FIPS 204 section 5.4).
    HashMlDsa = 0x0622,
    /// SLH-DSA, pure (FIPS 205 section 10.2.1).
    SlhDsa = 0x0631,
    /// HashSLH-DSA: SLH-DSA over the hash of the message (FIPS 205 section 10.2.2).
    HashSlhDsa = 0x0632,
    /// CTR_DRBG with AES-256 and derivation function (SP 800-90A r1 section 10.2.1).
    CtrDrbg = 0x0701,
    /// HMAC_DRBG with SHA-512 (SP 800-90A r1 section 10.1.2).
    HmacDrbg = 0x0702,
    /// HKDF (RFC 5869; the two-step derivation of SP 800-56C r2 section 5).
    Hkdf = 0x0801,
    /// One-step derivation with a hash (SP 800-56C r2 section 4, option 1).
    OneStepHash = 0x0802,
    /// One-step derivation with HMAC (SP 800-56C r2 section 4, option 2).
    OneStepHmac = 0x0803,
    /// Derivation in counter mode with HMAC (SP 800-108 r1 section 4.1).
    CounterHmac = 0x0811,
    /// Derivation in counter mode with AES-CMAC (SP 800-108 r1 section 4.1).
    CounterCmac = 0x0812,
    /// Derivation in feedback mode with HMAC (SP 800-108 r1 section 4.2).
    FeedbackHmac = 0x0813,
    /// Derivation in feedback mode with AES-CMAC (SP 800-108 r1 section 4.2).
    FeedbackCmac = 0x0814,
    /// The derivation of ANSI X9.63 from a key. Approved after an agreement alone, see [`Kdf::X963`].
    X963Kdf = 0x0821,
    /// PBKDF2 with HMAC, for stored data (SP 800-132).
    Pbkdf2 = 0x0831,
}

/// How the service indicator treats a scheme when all its parameters are in the closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// An approved security function.
    Approved,
    /// Offered, never approved.
    NotApproved,
}

/// Public facts of one algorithm.
#[derive(Debug)]
pub struct Facts {
    /// Whose facts these are.
    pub algorithm: Algorithm,
    /// Name as it appears in reports and documents.
    pub name: &'static str,
    /// Standard and section.
    pub standard: &'static str,
    /// Approved or not.
    pub approval: Approval,
    /// Kinds of key that it takes.
    pub kinds: &'static [KeyKind],
    /// Usages that a key may hold for it.
    pub usage: Usage,
    /// Keys of different families never mix on one key (GCM-8, and "a KEK is fixed to one format").
    pub family: Family,
    /// The closed sets of its parameters.
    pub params: ParamSet,
}

/// Groups of algorithms that may share one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// AES-GCM for data.
    Gcm,
    /// KW.
    Kw,
    /// KWP.
    Kwp,
    /// AES-GCM for bare keys.
    GcmWrap,
    /// The native format.
    Native,
    /// AES-CBC, padded or not.
    Cbc,
    /// AES-CTR.
    Ctr,
    /// Keyless digests.
    Digest,
    /// HMAC.
    Hmac,
    /// AES-CMAC.
    Cmac,
    /// RSA signatures, both paddings.
    RsaSignature,
    /// RSA key transport.
    RsaTransport,
    /// RSA key transport through an AES key.
    RsaAesTransport,
    /// RSA encryption of data.
    RsaEncryption,
    /// ECDSA.
    Ecdsa,
    /// EdDSA.
    Eddsa,
    /// EdDSA over a hash: a key serves this or the pure one (EDDSA-1).
    EddsaPrehash,
    /// Key agreement on elliptic curves.
    Agreement,
    /// ML-DSA.
    MlDsa,
    /// ML-DSA over a hash: a key serves this or the pure one.
    MlDsaPrehash,
    /// SLH-DSA.
    SlhDsa,
    /// SLH-DSA over a hash: a key serves this or the pure one.
    SlhDsaPrehash,
    /// Key encapsulation.
    Encapsulation,
    /// Key transport by a curve and a lattice, into KWP.
    HybridTransport,
    /// HKDF.
    Derivation,
    /// One-step derivation.
    OneStep,
    /// Derivation in counter mode.
    CounterKdf,
    /// Derivation in feedback mode.
    FeedbackKdf,
    /// Derivation of ANSI X9.63.
    X963,
    /// Derivation from passwords.
    Password,
    /// Random numbers.
    Random,
}

/// The IVs that an algorithm makes when it protects, and what that asks of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ivs {
    /// It makes none.
    None,
    /// Random and not counted: they must be unpredictable (SP 800-38A appendix C), and one that repeats
    /// shows no more than that two texts begin alike.
    Unpredictable,
    /// Random and counted: at most 2^32 under one key (SP 800-38D section 8.3, GCM-3).
    Random,
    /// Made of the number of the use. None may repeat in the whole life of the key (GCM-4, CTR-1), so a
    /// key whose count of uses is not known makes none.
    Numbered,
}

impl Ivs {
    /// How many one key may make, where they are counted.
    #[must_use]
    pub const fn ceiling(self) -> Option<u64> {
        match self {
            Self::None | Self::Unpredictable => None,
            Self::Random => Some(1 << 32),
            Self::Numbered => Some(1 << 62),
        }
    }
}

/// Longest context of a signature, in bytes (FIPS 186-5 section 7.8, FIPS 204 section 5.2, FIPS 205
/// section 10.2).
pub(crate) const MAX_CONTEXT: usize = 255;

/// The closed sets a scheme's parameters come from.
#[derive(Clone, Copy, Debug)]
pub struct ParamSet {
    /// Allowed hashes; empty when the scheme takes none.
    pub hashes: HashSet,
    /// Allowed tag lengths in bytes, inclusive; `None` when the length is not a parameter.
    pub tag: Option<(u8, u8)>,
    /// Takes additional authenticated data.
    pub aad: bool,
    /// Takes an IV when it opens (and makes its own when it protects).
    pub iv_len: Option<u8>,
    /// The IVs it makes.
    pub ivs: Ivs,
    /// Offers deterministic signing beside the hedged default.
    pub deterministic: bool,
    /// Takes a label (OAEP; SP 800-108, where it holds no zero byte).
    pub label: bool,
    /// Takes a context of at most 255 bytes (Ed25519ph).
    pub context: bool,
    /// Derives: takes bytes of context.
    pub derives: bool,
    /// Takes a salt. One that names a [`Kdf`] takes what that takes.
    pub salt: bool,
    /// Agrees: names its derivation function, see [`Kdf`].
    pub kdf: bool,
    /// Takes a number of iterations, which must be given.
    pub iterations: bool,
}

impl ParamSet {
    pub(super) const NONE: Self = Self {
        hashes: HashSet::EMPTY,
        tag: None,
        aad: false,
        iv_len: None,
        ivs: Ivs::None,
        deterministic: false,
        label: false,
        context: false,
        derives: false,
        salt: false,
        kdf: false,
        iterations: false,
    };

    /// Whether `params` come from the closed sets. `opens` is true for decrypt-like operations,
    /// which take the IV that the protecting operation returned.
    pub(crate) fn check(&self, params: &Params<'_>, opens: bool) -> Result<()> {
        match params.hash {
            Some(hash) if self.hashes.contains(hash) => {}
            None if self.hashes.is_empty() => {}
            Some(_) => return Err(Error::Unsupported),
            None => return Err(Error::InvalidArgument),
        }
        match (params.tag_len, self.tag) {
            (None, _) => {}
            (Some(len), Some((low, high)))
                if (usize::from(low)..=usize::from(high)).contains(&len)
                    && params.hash.is_none_or(|hash| len <= hash.output_len()) => {}
            (Some(_), _) => return Err(Error::Unsupported),
        }
        match (params.iv, self.iv_len) {
            (None, None) => {}
            (Some(iv), Some(len)) if opens && iv.len() == usize::from(len) => {}
            (None, Some(_)) if !opens => {}
            _ => return Err(Error::InvalidArgument),
        }
        if (!params.aad.is_empty() && !self.aad)
            || (params.deterministic && !self.deterministic)
            || (!params.label.is_empty() && !self.label)
            || (!params.salt.is_empty() && !self.salt && !params.kdf.is_some_and(Kdf::takes_salt))
            || (!params.info.is_empty() && !self.derives)
            || (!params.context.is_empty() && !self.context)
            || params.context.len() > MAX_CONTEXT
            || params.kdf.is_some() != self.kdf
            || params.iterations.is_some() != self.iterations
            // Label || 00 || Context can be read in one way only (SP 800-108 r1 section 4).
            || (self.derives && params.label.contains(&0))
        {
            return Err(Error::InvalidArgument);
        }
        match (params.kdf, params.hash) {
            (Some(kdf), Some(hash)) if !kdf.hashes().contains(hash) => Err(Error::Unsupported),
            _ => Ok(()),
        }
    }
}

/// Parameters of one call. Build with [`Params::NONE`] or [`Params::with_hash`] and the chained setters.
#[derive(Clone, Copy, Debug)]
pub struct Params<'a> {
    pub(crate) hash: Option<Hash>,
    pub(crate) tag_len: Option<usize>,
    pub(crate) aad: &'a [u8],
    pub(crate) iv: Option<&'a [u8]>,
    pub(crate) deterministic: bool,
    pub(crate) label: &'a [u8],
    pub(crate) context: &'a [u8],
    pub(crate) salt: &'a [u8],
    pub(crate) info: &'a [u8],
    pub(crate) kdf: Option<Kdf>,
    pub(crate) iterations: Option<u32>,
}

/// How an agreed secret becomes a key (SP 800-56A r3 section 5.8); the hash stands beside it in [`Params`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kdf {
    /// HKDF: extraction with the salt, expansion with the info (SP 800-56C r2 section 5).
    Hkdf,
    /// One step with a hash, over the info; no salt (SP 800-56C r2 section 4, option 1).
    OneStepHash,
    /// One step with HMAC, keyed with the salt, over the info (SP 800-56C r2 section 4, option 2).
    OneStepHmac,
    /// ANSI X9.63 with SHA-2; the info is its SharedInfo; no salt (SP 800-135 r1 section 5.1).
    X963,
}

impl Kdf {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Hkdf, Self::OneStepHash, Self::OneStepHmac, Self::X963];

    /// The algorithm whose self-tests it needs.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Hkdf => Algorithm::Hkdf,
            Self::OneStepHash => Algorithm::OneStepHash,
            Self::OneStepHmac => Algorithm::OneStepHmac,
            Self::X963 => Algorithm::X963Kdf,
        }
    }

    /// Whether it takes a salt.
    #[must_use]
    pub const fn takes_salt(self) -> bool {
        self.algorithm().facts().params.salt
    }

    const fn hashes(self) -> HashSet {
        self.algorithm().facts().params.hashes
    }
}

/// The mechanism that an engine draws its random numbers with (SP 800-90A r1 section 10). Both have a security
/// strength of 256 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DrbgMechanism {
    /// CTR_DRBG with AES-256 and the derivation function.
    #[default]
    CtrAes256,
    /// HMAC_DRBG with SHA-512: simpler, and several times slower where the CPU has AES.
    HmacSha512,
}

impl DrbgMechanism {
    /// Its algorithm, as the indicator names it.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::CtrAes256 => Algorithm::CtrDrbg,
            Self::HmacSha512 => Algorithm::HmacDrbg,
        }
    }
}

impl<'a> Params<'a> {
    /// No parameters.
    pub const NONE: Params<'static> = Params {
        hash: None,
        tag_len: None,
        aad: &[],
        iv: None,
        deterministic: false,
        label: &[],
        context: &[],
        salt: &[],
        info: &[],
        kdf: None,
        iterations: None,
    };

    /// The hash of a signature, MAC, OAEP or digest.
    #[must_use]
    pub const fn with_hash(hash: Hash) -> Self {
        Self { hash: Some(hash), ..Self::NONE }
    }

    /// Additional authenticated data of an AEAD, in bytes.
    #[must_use]
    pub const fn aad(self, aad: &'a [u8]) -> Self {
        Self { aad, ..self }
    }

    /// The IV to open with. Protecting operations refuse one: their IV is made inside (GCM-1).
    #[must_use]
    pub const fn iv(self, iv: &'a [u8]) -> Self {
        Self { iv: Some(iv), ..self }
    }

    /// Tag length in bytes; the default is the full tag.
    #[must_use]
    pub const fn tag_len(self, bytes: usize) -> Self {
        Self { tag_len: Some(bytes), ..self }
    }

    /// Deterministic ECDSA (FIPS 186-5 A.3.3), ML-DSA (FIPS 204 section 3.4) or SLH-DSA (FIPS 205 section 9.2)
    /// instead of the hedged default.
    #[must_use]
    pub const fn deterministic(self) -> Self {
        Self { deterministic: true, ..self }
    }

    /// Label: of OAEP; of SP 800-108, where it says what the derived key is for and holds no zero byte.
    #[must_use]
    pub const fn label(self, label: &'a [u8]) -> Self {
        Self { label, ..self }
    }

    /// Context of a signature, at most 255 bytes: verifying takes the same.
    #[must_use]
    pub const fn context(self, context: &'a [u8]) -> Self {
        Self { context, ..self }
    }

    /// Salt of a derivation; none is as many zeros as the hash has bytes.
    #[must_use]
    pub const fn salt(self, salt: &'a [u8]) -> Self {
        Self { salt, ..self }
    }

    /// Context of a derivation: who, what for, and everything else that must tell two keys apart.
    #[must_use]
    pub const fn info(self, info: &'a [u8]) -> Self {
        Self { info, ..self }
    }

    /// How an agreed secret becomes a key.
    #[must_use]
    pub const fn kdf(self, kdf: Kdf) -> Self {
        Self { kdf: Some(kdf), ..self }
    }

    /// Iterations of a derivation from a password.
    #[must_use]
    pub const fn iterations(self, count: u32) -> Self {
        Self { iterations: Some(count), ..self }
    }
}

impl Algorithm {
    /// The permanent id, as it stands in blobs.
    #[must_use]
    pub const fn id(self) -> u16 {
        self as u16
    }

    /// The algorithm with this id.
    #[must_use]
    pub fn from_id(id: u16) -> Option<Self> {
        FACTS.iter().map(|facts| facts.algorithm).find(|algorithm| algorithm.id() == id)
    }

    /// Every algorithm that the engine knows, whether or not this build has it.
    pub fn all() -> impl Iterator<Item = Self> {
        FACTS.iter().map(|facts| facts.algorithm)
    }

    /// The public facts.
    #[must_use]
    pub const fn facts(self) -> &'static Facts {
        match self {
            Self::AesGcm => &facts::AES_GCM,
            Self::AesGcmCounter => &facts::AES_GCM_COUNTER,
            Self::AesKw => &facts::AES_KW,
            Self::AesKwp => &facts::AES_KWP,
            Self::AesGcmWrap => &facts::AES_GCM_WRAP,
            Self::NativeWrap => &facts::NATIVE_WRAP,
            Self::AesCbc => &facts::AES_CBC,
            Self::AesCbcPkcs7 => &facts::AES_CBC_PKCS7,
            Self::AesCtr => &facts::AES_CTR,
            Self::Sha2 => &facts::SHA2,
            Self::Sha3 => &facts::SHA3,
            Self::Shake => &facts::SHAKE,
            Self::Hmac => &facts::HMAC,
            Self::AesCmac => &facts::AES_CMAC,
            Self::RsaPkcs1 => &facts::RSA_PKCS1,
            Self::RsaPss => &facts::RSA_PSS,
            Self::RsaOaep => &facts::RSA_OAEP,
            Self::RsaAesKwp => &facts::RSA_AES_KWP,
            Self::RsaOaepData => &facts::RSA_OAEP_DATA,
            Self::EcdsaP256 => &facts::ECDSA_P256,
            Self::EcdsaP384 => &facts::ECDSA_P384,
            Self::EcdsaP521 => &facts::ECDSA_P521,
            Self::EcdsaSecp256k1 => &facts::ECDSA_SECP256K1,
            Self::EcdhP256 => &facts::ECDH_P256,
            Self::EcdhP384 => &facts::ECDH_P384,
            Self::EcdhP521 => &facts::ECDH_P521,
            Self::MlKem => &facts::ML_KEM,
            Self::HybridKwp => &facts::HYBRID_KWP,
            Self::HybridNative => &facts::HYBRID_NATIVE,
            Self::Ed25519 => &facts::ED25519,
            Self::Ed25519ph => &facts::ED25519PH,
            Self::MlDsa => &facts::ML_DSA,
            Self::HashMlDsa => &facts::HASH_ML_DSA,
            Self::SlhDsa => &facts::SLH_DSA,
            Self::HashSlhDsa => &facts::HASH_SLH_DSA,
            Self::CtrDrbg => &facts::CTR_DRBG,
            Self::HmacDrbg => &facts::HMAC_DRBG,
            Self::Hkdf => &facts::HKDF,
            Self::OneStepHash => &facts::ONE_STEP_HASH,
            Self::OneStepHmac => &facts::ONE_STEP_HMAC,
            Self::CounterHmac => &facts::COUNTER_HMAC,
            Self::CounterCmac => &facts::COUNTER_CMAC,
            Self::FeedbackHmac => &facts::FEEDBACK_HMAC,
            Self::FeedbackCmac => &facts::FEEDBACK_CMAC,
            Self::X963Kdf => &facts::X963_KDF,
            Self::Pbkdf2 => &facts::PBKDF2,
        }
    }

    /// Name as it appears in reports and documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_resolve() {
        for (i, facts) in FACTS.iter().enumerate() {
            assert_eq!(Algorithm::from_id(facts.algorithm.id()), Some(facts.algorithm));
            assert!(core::ptr::eq(facts.algorithm.facts(), *facts));
            assert!(FACTS.iter().skip(i + 1).all(|other| other.name != facts.name));
            assert!(FACTS.iter().skip(i + 1).all(|other| other.algorithm.id() > facts.algorithm.id()));
        }
        assert_eq!(Algorithm::from_id(0), None);
    }

    #[test]
    fn closed_sets_are_closed() {
        let ecdsa = &Algorithm::EcdsaP384.facts().params;
        assert_eq!(ecdsa.check(&Params::with_hash(Hash::Sha384), false), Ok(()));
        assert_eq!(ecdsa.check(&Params::with_hash(Hash::Sha256), false), Err(Error::Unsupported));
        assert_eq!(ecdsa.check(&Params::NONE, false), Err(Error::InvalidArgument));
        assert_eq!(
            ecdsa.check(&Params::with_hash(Hash::Sha384).aad(b"x"), false),
            Err(Error::InvalidArgument)
        );

        let hmac = &Algorithm::Hmac.facts().params;
        assert_eq!(hmac.check(&Params::with_hash(Hash::Sha512).tag_len(64), false), Ok(()));
        assert_eq!(hmac.check(&Params::with_hash(Hash::Sha384).tag_len(48), false), Ok(()));
        for (hash, tag_len) in [(Hash::Sha512, 65), (Hash::Sha384, 49), (Hash::Sha256, 33), (Hash::Sha256, 9)]
        {
            let params = Params::with_hash(hash).tag_len(tag_len);
            assert_eq!(hmac.check(&params, false), Err(Error::Unsupported));
        }

        let gcm = &Algorithm::AesGcm.facts().params;
        assert_eq!(gcm.check(&Params::NONE.aad(b"x"), false), Ok(()));
        assert_eq!(gcm.check(&Params::NONE.iv(&[0; 12]), false), Err(Error::InvalidArgument));
        assert_eq!(gcm.check(&Params::NONE.iv(&[0; 12]), true), Ok(()));
        assert_eq!(gcm.check(&Params::NONE.iv(&[0; 16]), true), Err(Error::InvalidArgument));
        assert_eq!(gcm.check(&Params::NONE, true), Err(Error::InvalidArgument));
        assert_eq!(gcm.check(&Params::NONE.tag_len(8), false), Err(Error::Unsupported));
        assert_eq!(gcm.check(&Params::NONE.deterministic(), false), Err(Error::InvalidArgument));
    }

    #[test]
    fn closed_sets_of_derivations() {
        let sha256 = Params::with_hash(Hash::Sha256);
        let given = |algorithm: Algorithm, params: &Params<'_>| algorithm.facts().params.check(params, false);
        let refused = Err(Error::InvalidArgument);
        for (algorithm, salt, label) in [
            (Algorithm::Hkdf, true, false),
            (Algorithm::OneStepHash, false, false),
            (Algorithm::OneStepHmac, true, false),
            (Algorithm::CounterHmac, false, true),
            (Algorithm::FeedbackHmac, false, true),
            (Algorithm::X963Kdf, false, false),
        ] {
            assert_eq!(given(algorithm, &sha256.info(b"\0")), Ok(()));
            assert_eq!(given(algorithm, &sha256.salt(b"s")), if salt { Ok(()) } else { refused });
            assert_eq!(given(algorithm, &sha256.label(b"l")), if label { Ok(()) } else { refused });
            assert_eq!(given(algorithm, &sha256.label(b"l\0")), refused, "the separator in a label");
            assert_eq!(given(algorithm, &sha256.iterations(1)), refused);
            assert_eq!(given(algorithm, &sha256.kdf(Kdf::Hkdf)), refused);
            assert_eq!(given(algorithm, &Params::with_hash(Hash::Sha224)), Err(Error::Unsupported));
        }
        assert_eq!(given(Algorithm::X963Kdf, &Params::with_hash(Hash::Sha3_256)), Err(Error::Unsupported));
        for algorithm in [Algorithm::CounterCmac, Algorithm::FeedbackCmac] {
            assert_eq!(given(algorithm, &Params::NONE.label(b"l").info(b"i")), Ok(()));
            assert_eq!(given(algorithm, &sha256), Err(Error::Unsupported), "it has no hash");
        }
        for kdf in Kdf::ALL {
            let salted = sha256.kdf(kdf).salt(b"s");
            assert_eq!(given(Algorithm::EcdhP256, &salted), if kdf.takes_salt() { Ok(()) } else { refused });
            let sha3 = Params::with_hash(Hash::Sha3_256).kdf(kdf);
            let expected = if kdf == Kdf::X963 { Err(Error::Unsupported) } else { Ok(()) };
            assert_eq!(given(Algorithm::EcdhP256, &sha3), expected);
        }
        assert_eq!(given(Algorithm::Pbkdf2, &sha256.salt(b"s").iterations(1)), Ok(()));
        assert_eq!(given(Algorithm::Pbkdf2, &sha256.salt(b"s")), refused, "no count");
        assert_eq!(given(Algorithm::Pbkdf2, &sha256.iterations(1).info(b"i")), refused);
    }
}
