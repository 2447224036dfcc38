//! The public facts of every algorithm: one entry each, in order of the ids.

use super::{Algorithm, Approval, Facts, Family, Hash, HashSet, Ivs, ParamSet};
use crate::attributes::{KeyKind, Usage};

/// All facts, in order of the ids.
pub(crate) static FACTS: &[&Facts] = &[
    &AES_GCM,
    &AES_GCM_COUNTER,
    &AES_KW,
    &AES_KWP,
    &AES_GCM_WRAP,
    &NATIVE_WRAP,
    &AES_CBC,
    &AES_CBC_PKCS7,
    &AES_CTR,
    &SHA2,
    &SHA3,
    &SHAKE,
    &HMAC,
    &AES_CMAC,
    &RSA_PKCS1,
    &RSA_PSS,
    &RSA_OAEP,
    &RSA_AES_KWP,
    &RSA_OAEP_DATA,
    &ECDSA_P256,
    &ECDSA_P384,
    &ECDSA_P521,
    &ECDSA_SECP256K1,
    &ECDH_P256,
    &ECDH_P384,
    &ECDH_P521,
    &ML_KEM,
    &HYBRID_KWP,
    &HYBRID_NATIVE,
    &ED25519,
    &ED25519PH,
    &ML_DSA,
    &HASH_ML_DSA,
    &SLH_DSA,
    &HASH_SLH_DSA,
    &CTR_DRBG,
    &HMAC_DRBG,
    &HKDF,
    &ONE_STEP_HASH,
    &ONE_STEP_HMAC,
    &COUNTER_HMAC,
    &COUNTER_CMAC,
    &FEEDBACK_HMAC,
    &FEEDBACK_CMAC,
    &X963_KDF,
    &PBKDF2,
];

const AES: &[KeyKind] = &[KeyKind::Aes128, KeyKind::Aes192, KeyKind::Aes256];
const RSA: &[KeyKind] = &[KeyKind::Rsa2048, KeyKind::Rsa3072, KeyKind::Rsa4096];
const CIPHER: Usage = Usage::ENCRYPT.and(Usage::DECRYPT);
const WRAPPING: Usage = Usage::WRAP.and(Usage::UNWRAP);
const SIGNATURE: Usage = Usage::SIGN.and(Usage::SIGN_DIGEST).and(Usage::VERIFY);

// GCM-6: 96 to 128 bit tags. Shorter ones are refused.
const GCM_PARAMS: ParamSet =
    ParamSet { tag: Some((12, 16)), aad: true, iv_len: Some(12), ivs: Ivs::Random, ..ParamSet::NONE };
// CBC-1: the IV is drawn for each message.
const CBC_PARAMS: ParamSet = ParamSet { iv_len: Some(16), ivs: Ivs::Unpredictable, ..ParamSet::NONE };

pub(super) static AES_GCM: Facts = Facts {
    algorithm: Algorithm::AesGcm,
    name: "AES-GCM",
    standard: "SP 800-38D 8.2.2",
    approval: Approval::Approved,
    kinds: AES,
    usage: CIPHER,
    family: Family::Gcm,
    params: GCM_PARAMS,
};
pub(super) static AES_GCM_COUNTER: Facts = Facts {
    algorithm: Algorithm::AesGcmCounter,
    name: "AES-GCM-COUNTER",
    standard: "SP 800-38D 8.2.1",
    approval: Approval::Approved,
    kinds: AES,
    usage: CIPHER,
    family: Family::Gcm,
    params: ParamSet { ivs: Ivs::Numbered, ..GCM_PARAMS },
};
pub(super) static AES_KW: Facts = Facts {
    algorithm: Algorithm::AesKw,
    name: "AES-KW",
    standard: "SP 800-38F 6.2",
    approval: Approval::Approved,
    kinds: AES,
    usage: WRAPPING,
    family: Family::Kw,
    params: ParamSet::NONE,
};
pub(super) static AES_KWP: Facts = Facts {
    algorithm: Algorithm::AesKwp,
    name: "AES-KWP",
    standard: "SP 800-38F 6.3",
    approval: Approval::Approved,
    kinds: AES,
    usage: WRAPPING,
    family: Family::Kwp,
    params: ParamSet::NONE,
};
pub(super) static AES_GCM_WRAP: Facts = Facts {
    algorithm: Algorithm::AesGcmWrap,
    name: "AES-GCM-WRAP",
    standard: "SP 800-38F 3.1, SP 800-38D",
    approval: Approval::Approved,
    kinds: AES,
    usage: WRAPPING,
    family: Family::GcmWrap,
    params: ParamSet { aad: true, ivs: Ivs::Random, ..ParamSet::NONE },
};
pub(super) static NATIVE_WRAP: Facts = Facts {
    algorithm: Algorithm::NativeWrap,
    name: "NATIVE-WRAP",
    standard: "SP 800-38F 3.1, SP 800-38D",
    approval: Approval::Approved,
    kinds: &[KeyKind::Aes256],
    usage: WRAPPING,
    family: Family::Native,
    params: ParamSet { ivs: Ivs::Random, ..ParamSet::NONE },
};
pub(super) static AES_CBC: Facts = Facts {
    algorithm: Algorithm::AesCbc,
    name: "AES-CBC",
    standard: "SP 800-38A 6.2",
    approval: Approval::Approved,
    kinds: AES,
    usage: CIPHER,
    family: Family::Cbc,
    params: CBC_PARAMS,
};
pub(super) static AES_CBC_PKCS7: Facts = Facts {
    algorithm: Algorithm::AesCbcPkcs7,
    name: "AES-CBC-PKCS7",
    standard: "SP 800-38A 6.2, RFC 5652 6.3",
    approval: Approval::Approved,
    kinds: AES,
    usage: CIPHER,
    family: Family::Cbc,
    params: CBC_PARAMS,
};
pub(super) static AES_CTR: Facts = Facts {
    algorithm: Algorithm::AesCtr,
    name: "AES-CTR",
    standard: "SP 800-38A 6.5",
    approval: Approval::Approved,
    kinds: AES,
    usage: CIPHER,
    family: Family::Ctr,
    // CTR-1: the initial counter block holds the number of the use.
    params: ParamSet { iv_len: Some(16), ivs: Ivs::Numbered, ..ParamSet::NONE },
};
pub(super) static SHA2: Facts = Facts {
    algorithm: Algorithm::Sha2,
    name: "SHA-2",
    standard: "FIPS 180-4",
    approval: Approval::Approved,
    kinds: &[],
    usage: Usage::NONE,
    family: Family::Digest,
    params: ParamSet { hashes: HashSet::SHA2, ..ParamSet::NONE },
};
pub(super) static SHA3: Facts = Facts {
    algorithm: Algorithm::Sha3,
    name: "SHA-3",
    standard: "FIPS 202 6.1",
    approval: Approval::Approved,
    kinds: &[],
    usage: Usage::NONE,
    family: Family::Digest,
    params: ParamSet { hashes: HashSet::SHA3, ..ParamSet::NONE },
};
pub(super) static SHAKE: Facts = Facts {
    algorithm: Algorithm::Shake,
    name: "SHAKE",
    standard: "FIPS 202 6.2",
    approval: Approval::Approved,
    kinds: &[],
    usage: Usage::NONE,
    family: Family::Digest,
    params: ParamSet::NONE,
};
pub(super) static HMAC: Facts = Facts {
    algorithm: Algorithm::Hmac,
    name: "HMAC",
    standard: "FIPS 198-1",
    approval: Approval::Approved,
    kinds: &[KeyKind::Hmac],
    usage: Usage::MAC.and(Usage::VERIFY_MAC),
    family: Family::Hmac,
    // HMAC-1: at least 80 bits of tag.
    params: ParamSet { hashes: HashSet::ALL, tag: Some((10, 64)), ..ParamSet::NONE },
};
pub(super) static AES_CMAC: Facts = Facts {
    algorithm: Algorithm::AesCmac,
    name: "AES-CMAC",
    standard: "SP 800-38B",
    approval: Approval::Approved,
    kinds: AES,
    usage: Usage::MAC.and(Usage::VERIFY_MAC),
    family: Family::Cmac,
    // CMAC-1: at least 64 bits of tag.
    params: ParamSet { tag: Some((8, 16)), ..ParamSet::NONE },
};
pub(super) static RSA_PKCS1: Facts = Facts {
    algorithm: Algorithm::RsaPkcs1,
    name: "RSA-PKCS1",
    standard: "FIPS 186-5 5.4, RFC 8017 8.2",
    approval: Approval::Approved,
    kinds: RSA,
    usage: SIGNATURE,
    family: Family::RsaSignature,
    params: ParamSet { hashes: HashSet::STRONG, ..ParamSet::NONE },
};
pub(super) static RSA_PSS: Facts = Facts {
    algorithm: Algorithm::RsaPss,
    name: "RSA-PSS",
    standard: "FIPS 186-5 5.4, RFC 8017 8.1",
    approval: Approval::Approved,
    kinds: RSA,
    usage: SIGNATURE,
    family: Family::RsaSignature,
    params: ParamSet { hashes: HashSet::STRONG, ..ParamSet::NONE },
};
pub(super) static RSA_OAEP: Facts = Facts {
    algorithm: Algorithm::RsaOaep,
    name: "RSA-OAEP",
    standard: "SP 800-56B r2 9, RFC 8017 7.1",
    approval: Approval::Approved,
    kinds: RSA,
    usage: WRAPPING,
    family: Family::RsaTransport,
    params: ParamSet { hashes: HashSet::STRONG, label: true, ..ParamSet::NONE },
};
pub(super) static RSA_AES_KWP: Facts = Facts {
    algorithm: Algorithm::RsaAesKwp,
    name: "RSA-AES-KWP",
    standard: "SP 800-56B r2 9, SP 800-38F 6.3",
    approval: Approval::Approved,
    kinds: RSA,
    usage: WRAPPING,
    // Not OAEP's: the key inside such a blob must not come in as a key of its own.
    family: Family::RsaAesTransport,
    params: ParamSet { hashes: HashSet::STRONG, label: true, ..ParamSet::NONE },
};
pub(super) static RSA_OAEP_DATA: Facts = Facts {
    algorithm: Algorithm::RsaOaepData,
    name: "RSA-OAEP-DATA",
    standard: "RFC 8017 7.1",
    approval: Approval::NotApproved,
    kinds: RSA,
    usage: CIPHER,
    // Not key transport's: what such a key decrypts comes out in plaintext (SSP-9).
    family: Family::RsaEncryption,
    params: ParamSet { hashes: HashSet::STRONG, label: true, ..ParamSet::NONE },
};
pub(super) static ECDSA_P256: Facts =
    Facts { algorithm: Algorithm::EcdsaP256, name: "ECDSA-P256", kinds: &[KeyKind::EcP256], ..ECDSA };
pub(super) static ECDSA_P384: Facts = Facts {
    algorithm: Algorithm::EcdsaP384,
    name: "ECDSA-P384",
    kinds: &[KeyKind::EcP384],
    // ECDSA-3: the hash is at least as strong as the curve.
    params: ParamSet { hashes: HashSet::of(Hash::Sha384).and(Hash::Sha512), ..ECDSA.params },
    ..ECDSA
};
pub(super) static ECDSA_P521: Facts = Facts {
    algorithm: Algorithm::EcdsaP521,
    name: "ECDSA-P521",
    kinds: &[KeyKind::EcP521],
    params: ParamSet { hashes: HashSet::of(Hash::Sha512).and(Hash::Sha3_512), ..ECDSA.params },
    ..ECDSA
};
pub(super) static ECDSA_SECP256K1: Facts = Facts {
    algorithm: Algorithm::EcdsaSecp256k1,
    name: "ECDSA-SECP256K1",
    // No curve of SP 800-186.
    standard: "SEC 1 v2 4.1, SEC 2 v2 2.4.1",
    approval: Approval::NotApproved,
    kinds: &[KeyKind::EcSecp256k1],
    params: ParamSet { hashes: HashSet::of(Hash::Sha256).and(Hash::Sha3_256), ..ECDSA.params },
    ..ECDSA
};
const ECDSA: Facts = Facts {
    algorithm: Algorithm::EcdsaP256,
    name: "",
    standard: "FIPS 186-5 6",
    approval: Approval::Approved,
    kinds: &[],
    usage: SIGNATURE,
    family: Family::Ecdsa,
    params: ParamSet { hashes: HashSet::STRONG, deterministic: true, ..ParamSet::NONE },
};
pub(super) static ED25519: Facts = Facts {
    algorithm: Algorithm::Ed25519,
    name: "ED25519",
    standard: "FIPS 186-5 7.6, RFC 8032 5.1",
    approval: Approval::Approved,
    kinds: &[KeyKind::Ed25519],
    usage: Usage::SIGN.and(Usage::VERIFY),
    family: Family::Eddsa,
    params: ParamSet::NONE,
};
pub(super) static ED25519PH: Facts = Facts {
    algorithm: Algorithm::Ed25519ph,
    name: "ED25519PH",
    standard: "FIPS 186-5 7.8, RFC 8032 5.1",
    approval: Approval::Approved,
    kinds: &[KeyKind::Ed25519],
    usage: SIGNATURE,
    family: Family::EddsaPrehash,
    params: ParamSet { hashes: HashSet::of(Hash::Sha512), context: true, ..ParamSet::NONE },
};
pub(super) static CTR_DRBG: Facts = Facts {
    algorithm: Algorithm::CtrDrbg,
    name: "CTR-DRBG",
    standard: "SP 800-90A r1 10.2.1",
    approval: Approval::Approved,
    kinds: &[],
    usage: Usage::NONE,
    family: Family::Random,
    params: ParamSet::NONE,
};
pub(super) static HMAC_DRBG: Facts = Facts {
    algorithm: Algorithm::HmacDrbg,
    name: "HMAC-DRBG",
    standard: "SP 800-90A r1 10.1.2",
    approval: Approval::Approved,
    kinds: &[],
    usage: Usage::NONE,
    family: Family::Random,
    params: ParamSet::NONE,
};

pub(super) static ECDH_P256: Facts =
    Facts { algorithm: Algorithm::EcdhP256, name: "ECDH-P256", kinds: &[KeyKind::EcP256], ..ECDH };
pub(super) static ECDH_P384: Facts =
    Facts { algorithm: Algorithm::EcdhP384, name: "ECDH-P384", kinds: &[KeyKind::EcP384], ..ECDH };
pub(super) static ECDH_P521: Facts =
    Facts { algorithm: Algorithm::EcdhP521, name: "ECDH-P521", kinds: &[KeyKind::EcP521], ..ECDH };
const ECDH: Facts = Facts {
    algorithm: Algorithm::EcdhP256,
    name: "",
    standard: "SP 800-56A r3 5.7.1.2, SP 800-56C r2",
    approval: Approval::Approved,
    kinds: &[],
    usage: Usage::AGREE,
    family: Family::Agreement,
    params: ParamSet { hashes: HashSet::STRONG, derives: true, kdf: true, ..ParamSet::NONE },
};
pub(super) static ML_KEM: Facts = Facts {
    algorithm: Algorithm::MlKem,
    name: "ML-KEM",
    standard: "FIPS 203 7",
    approval: Approval::Approved,
    kinds: &[KeyKind::MlKem512, KeyKind::MlKem768, KeyKind::MlKem1024],
    usage: Usage::ENCAPSULATE.and(Usage::DECAPSULATE),
    family: Family::Encapsulation,
    params: ParamSet::NONE,
};
pub(super) static HYBRID_KWP: Facts = Facts {
    algorithm: Algorithm::HybridKwp,
    name: "HYBRID-KWP",
    standard: "SP 800-56C r2 2, SP 800-56A r3 6.2.2, FIPS 203 7, SP 800-38F 6.3",
    approval: Approval::Approved,
    kinds: &[KeyKind::HybridP384MlKem1024],
    usage: WRAPPING,
    family: Family::HybridTransport,
    params: ParamSet::NONE,
};
pub(super) static HYBRID_NATIVE: Facts = Facts {
    algorithm: Algorithm::HybridNative,
    name: "HYBRID-NATIVE",
    standard: "SP 800-56C r2 2, SP 800-56A r3 6.2.2, FIPS 203 7, SP 800-38D",
    approval: Approval::Approved,
    kinds: &[KeyKind::HybridP384MlKem1024],
    usage: WRAPPING,
    family: Family::Native,
    // Each call has a cipher key of its own, so its IVs need no count.
    params: ParamSet::NONE,
};
pub(super) static ML_DSA: Facts = Facts {
    algorithm: Algorithm::MlDsa,
    name: "ML-DSA",
    standard: "FIPS 204 5.2",
    approval: Approval::Approved,
    kinds: ML_DSA_KINDS,
    // A digest made outside is a mu (section 6.2).
    usage: SIGNATURE,
    family: Family::MlDsa,
    params: ParamSet { deterministic: true, context: true, ..ParamSet::NONE },
};
pub(super) static HASH_ML_DSA: Facts = Facts {
    algorithm: Algorithm::HashMlDsa,
    name: "HASH-ML-DSA",
    standard: "FIPS 204 5.4",
    approval: Approval::Approved,
    kinds: ML_DSA_KINDS,
    usage: SIGNATURE,
    family: Family::MlDsaPrehash,
    // The kind narrows them: see alg/prehash.rs.
    params: ParamSet { hashes: HashSet::STRONG, deterministic: true, context: true, ..ParamSet::NONE },
};
const ML_DSA_KINDS: &[KeyKind] = &[KeyKind::MlDsa44, KeyKind::MlDsa65, KeyKind::MlDsa87];
pub(super) static SLH_DSA: Facts = Facts {
    algorithm: Algorithm::SlhDsa,
    name: "SLH-DSA",
    standard: "FIPS 205 10.2.1",
    approval: Approval::Approved,
    kinds: SLH_DSA_KINDS,
    usage: Usage::SIGN.and(Usage::VERIFY),
    family: Family::SlhDsa,
    params: ParamSet { deterministic: true, context: true, ..ParamSet::NONE },
};
pub(super) static HASH_SLH_DSA: Facts = Facts {
    algorithm: Algorithm::HashSlhDsa,
    name: "HASH-SLH-DSA",
    standard: "FIPS 205 10.2.2",
    approval: Approval::Approved,
    kinds: SLH_DSA_KINDS,
    usage: SIGNATURE,
    family: Family::SlhDsaPrehash,
    // The kind narrows them: see alg/prehash.rs.
    params: ParamSet { hashes: HashSet::STRONG, deterministic: true, context: true, ..ParamSet::NONE },
};
// In the order of FIPS 205 Table 2.
const SLH_DSA_KINDS: &[KeyKind] = &[
    KeyKind::SlhDsaSha2_128s,
    KeyKind::SlhDsaShake128s,
    KeyKind::SlhDsaSha2_128f,
    KeyKind::SlhDsaShake128f,
    KeyKind::SlhDsaSha2_192s,
    KeyKind::SlhDsaShake192s,
    KeyKind::SlhDsaSha2_192f,
    KeyKind::SlhDsaShake192f,
    KeyKind::SlhDsaSha2_256s,
    KeyKind::SlhDsaShake256s,
    KeyKind::SlhDsaSha2_256f,
    KeyKind::SlhDsaShake256f,
];
pub(super) static HKDF: Facts = Facts {
    algorithm: Algorithm::Hkdf,
    name: "HKDF",
    standard: "RFC 5869, SP 800-56C r2 5",
    params: ParamSet { salt: true, ..KDF_PARAMS },
    ..KDF
};
pub(super) static ONE_STEP_HASH: Facts = Facts {
    algorithm: Algorithm::OneStepHash,
    name: "ONE-STEP-HASH",
    standard: "SP 800-56C r2 4",
    family: Family::OneStep,
    ..KDF
};
pub(super) static ONE_STEP_HMAC: Facts = Facts {
    algorithm: Algorithm::OneStepHmac,
    name: "ONE-STEP-HMAC",
    params: ParamSet { salt: true, ..KDF_PARAMS },
    ..ONE_STEP_HASH
};
pub(super) static COUNTER_HMAC: Facts = Facts {
    algorithm: Algorithm::CounterHmac,
    name: "KDF-COUNTER-HMAC",
    standard: "SP 800-108 r1 4.1",
    family: Family::CounterKdf,
    params: ParamSet { label: true, ..KDF_PARAMS },
    ..KDF
};
pub(super) static COUNTER_CMAC: Facts = Facts {
    algorithm: Algorithm::CounterCmac,
    name: "KDF-COUNTER-CMAC",
    kinds: AES,
    params: ParamSet { hashes: HashSet::EMPTY, label: true, ..KDF_PARAMS },
    ..COUNTER_HMAC
};
pub(super) static FEEDBACK_HMAC: Facts = Facts {
    algorithm: Algorithm::FeedbackHmac,
    name: "KDF-FEEDBACK-HMAC",
    standard: "SP 800-108 r1 4.2",
    family: Family::FeedbackKdf,
    ..COUNTER_HMAC
};
pub(super) static FEEDBACK_CMAC: Facts = Facts {
    algorithm: Algorithm::FeedbackCmac,
    name: "KDF-FEEDBACK-CMAC",
    standard: "SP 800-108 r1 4.2",
    family: Family::FeedbackKdf,
    ..COUNTER_CMAC
};
pub(super) static X963_KDF: Facts = Facts {
    algorithm: Algorithm::X963Kdf,
    name: "X9.63-KDF",
    standard: "ANSI X9.63 5.6.3, SP 800-135 r1 5.1",
    // SP 800-135 r1 approves it where the scheme of its standard derives a key from an agreed secret, with the
    // hashes of FIPS 180. From a stored key it is nobody's approved function.
    approval: Approval::NotApproved,
    family: Family::X963,
    params: ParamSet {
        hashes: HashSet::of(Hash::Sha256).and(Hash::Sha384).and(Hash::Sha512).and(Hash::Sha512_256),
        ..KDF_PARAMS
    },
    ..KDF
};
pub(super) static PBKDF2: Facts = Facts {
    algorithm: Algorithm::Pbkdf2,
    name: "PBKDF2",
    standard: "SP 800-132 5.3",
    approval: Approval::Approved,
    // A password is no key.
    kinds: &[],
    usage: Usage::NONE,
    family: Family::Password,
    params: ParamSet { hashes: HashSet::STRONG, salt: true, iterations: true, ..ParamSet::NONE },
};
const KDF_PARAMS: ParamSet = ParamSet { hashes: HashSet::STRONG, derives: true, ..ParamSet::NONE };
const KDF: Facts = Facts {
    algorithm: Algorithm::Hkdf,
    name: "",
    standard: "",
    approval: Approval::Approved,
    kinds: &[KeyKind::Derivation],
    usage: Usage::DERIVE,
    family: Family::Derivation,
    params: KDF_PARAMS,
};
