//! THE table: a row per scheme, a column per operation. The cell is the function; a verify function in
//! the `sign` column does not compile. What a build does not have is a missing row.
//!
//! Below it, the kinds of key: how each is made and tested.

use super::alg::cast::{Cast, ModuleTest};
#[cfg(feature = "hmac")]
use super::alg::hmac;
#[cfg(feature = "hybrid")]
use super::alg::hybrid;
#[cfg(feature = "aes")]
use super::alg::key_wrap;
#[cfg(feature = "ml-dsa")]
use super::alg::ml_dsa;
#[cfg(feature = "ml-kem")]
use super::alg::ml_kem;
#[cfg(all(feature = "rsa", feature = "aes"))]
use super::alg::rsa_aes;
#[cfg(feature = "sha3")]
use super::alg::sha3;
#[cfg(feature = "slh-dsa")]
use super::alg::slh_dsa;
#[cfg(feature = "aes")]
use super::alg::{aes_cbc, aes_cmac, aes_ctr};
use super::alg::{aes_gcm, ctr_drbg, hmac_drbg, sha2};
#[cfg(feature = "ecdsa")]
use super::alg::{ecdh, ecdh_many, ecdsa, ecdsa_many};
#[cfg(feature = "ed25519")]
use super::alg::{ed25519, ed25519_many};
#[cfg(feature = "kdf")]
use super::alg::{kbkdf, kdf, pbkdf2};
#[cfg(feature = "rsa")]
use super::alg::{rsa, rsa_many};
#[cfg(feature = "secp256k1")]
use super::backend::portable::ec::Secp256k1;
#[cfg(feature = "ecdsa")]
use super::backend::portable::ec::{P256, P384, P521};
use super::batch::{JudgeMany, MakeMany, YieldMany};
use super::derivation::{Encapsulation, Yield};
use super::image;
use super::key::{Paired, Permit, Vacant};
use super::tools::{Pairwise, Tools};
use crate::algorithm::{Algorithm, Params, Xof};
use crate::attributes::{Attributes, KeyClass, KeyKind};
use crate::error::{Error, Result};
use crate::policy::ops::{
    Agree, Decapsulate, Decrypt, Derive, Encrypt, Generate, Mac, Sign, SignDigest, Stretch, Unwrap, Verify,
    VerifyMac, Wrap,
};
use crate::state::{Staged, TestId};
use crate::wire::spki;

type Make<O> = for<'a> fn(Permit<'a, O>, &Params<'_>, &mut Tools<'_>, &[u8], &mut Staged<'_>) -> Result<()>;
type Judge<O> = for<'a> fn(Permit<'a, O>, &Params<'_>, &[u8], &[u8]) -> Result<()>;
type Transport<O> =
    for<'a> fn(Permit<'a, O>, &Params<'_>, &mut Tools<'_>, &[u8], &[u8], &mut [u8]) -> Result<usize>;
type Digest = fn(&Params<'_>, &[u8], &mut Staged<'_>) -> Result<()>;
type Extend = fn(Xof, &[u8], usize, &mut Staged<'_>) -> Result<()>;
type Length = fn(&Attributes, &Params<'_>, usize) -> Option<usize>;

/// How an operation takes its input in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Streaming {
    /// All at once: the algorithm reads its input twice.
    OneShot,
    /// A running hash, then the digest cells.
    Hashed,
    /// A running mu (FIPS 204 section 6.2), then the digest cells.
    #[cfg(feature = "ml-dsa")]
    Mu,
    /// A running MAC.
    Maced,
    /// Kept in wiped memory up to the engine's limit, then all at once: nothing is released early.
    Buffered,
}

/// One scheme.
pub(crate) struct Row {
    pub(crate) algorithm: Algorithm,
    /// Tests that must pass before the first operation that applies protection.
    pub(crate) applying: &'static [&'static Cast],
    /// Tests that must pass before the first operation that removes or checks protection.
    pub(crate) opening: &'static [&'static Cast],
    /// Tests that must pass before the first group of a batch, beside those above.
    pub(crate) applying_many: &'static [&'static Cast],
    /// The same for operations that check.
    pub(crate) opening_many: &'static [&'static Cast],
    /// Output length of an operation that applies protection, from the input's.
    pub(crate) applied_len: Length,
    /// Most that an operation which removes protection can write.
    pub(crate) opened_len: Length,
    pub(crate) sign: Option<Make<Sign>>,
    /// A group at once; without it, one after the other by the cell above.
    pub(crate) sign_many: Option<MakeMany<Sign>>,
    pub(crate) sign_hashed: Option<Make<Sign>>,
    pub(crate) sign_digest: Option<Make<SignDigest>>,
    pub(crate) verify: Option<Judge<Verify>>,
    pub(crate) verify_many: Option<JudgeMany<Verify>>,
    pub(crate) verify_digest: Option<Judge<Verify>>,
    pub(crate) encrypt: Option<Make<Encrypt>>,
    pub(crate) decrypt: Option<Make<Decrypt>>,
    pub(crate) mac: Option<Make<Mac>>,
    pub(crate) verify_mac: Option<Judge<VerifyMac>>,
    pub(crate) wrap: Option<Transport<Wrap>>,
    pub(crate) unwrap: Option<Transport<Unwrap>>,
    /// Length of what `wrap` writes for a payload under a KEK.
    pub(crate) wrapped_len: fn(&Attributes, usize) -> Option<usize>,
    pub(crate) derive: Option<Yield<Derive>>,
    /// From a password, which is the input.
    pub(crate) stretch: Option<Yield<Stretch>>,
    pub(crate) agree: Option<Yield<Agree>>,
    pub(crate) agree_many: Option<YieldMany<Agree>>,
    pub(crate) encapsulate: Option<Encapsulation>,
    pub(crate) decapsulate: Option<Yield<Decapsulate>>,
    pub(crate) digest: Option<Digest>,
    pub(crate) xof: Option<Extend>,
    pub(crate) stream: Streaming,
}

const fn no_len(_: &Attributes, _: &Params<'_>, _: usize) -> Option<usize> {
    None
}

const fn no_wrapped_len(_: &Attributes, _: usize) -> Option<usize> {
    None
}

const EMPTY: Row = Row {
    algorithm: Algorithm::Sha2,
    applying: &[],
    opening: &[],
    applying_many: &[],
    opening_many: &[],
    applied_len: no_len,
    opened_len: no_len,
    sign: None,
    sign_many: None,
    sign_hashed: None,
    sign_digest: None,
    verify: None,
    verify_many: None,
    verify_digest: None,
    encrypt: None,
    decrypt: None,
    mac: None,
    verify_mac: None,
    wrap: None,
    unwrap: None,
    wrapped_len: no_wrapped_len,
    derive: None,
    stretch: None,
    agree: None,
    agree_many: None,
    encapsulate: None,
    decapsulate: None,
    digest: None,
    xof: None,
    stream: Streaming::OneShot,
};

/// The schemes of this build, in order of their ids.
pub(crate) static ROWS: &[Row] = &[
    #[cfg(feature = "aes")]
    Row {
        algorithm: Algorithm::AesGcm,
        applying: &[&aes_gcm::SEAL],
        opening: &[&aes_gcm::OPEN],
        applied_len: aes_gcm::encrypted_len,
        opened_len: aes_gcm::decrypted_len,
        encrypt: Some(aes_gcm::encrypt),
        decrypt: Some(aes_gcm::decrypt),
        stream: Streaming::Buffered,
        ..EMPTY
    },
    #[cfg(feature = "aes")]
    Row {
        algorithm: Algorithm::AesGcmCounter,
        applying: &[&aes_gcm::SEAL],
        opening: &[&aes_gcm::OPEN],
        applied_len: aes_gcm::encrypted_len,
        opened_len: aes_gcm::decrypted_len,
        encrypt: Some(aes_gcm::encrypt),
        decrypt: Some(aes_gcm::decrypt),
        stream: Streaming::Buffered,
        ..EMPTY
    },
    #[cfg(feature = "aes")]
    Row {
        algorithm: Algorithm::AesKw,
        applying: &[&key_wrap::KW_WRAP],
        opening: &[&key_wrap::KW_UNWRAP],
        wrap: Some(key_wrap::kw_wrap),
        unwrap: Some(key_wrap::kw_unwrap),
        wrapped_len: key_wrap::kw_wrapped_len,
        ..EMPTY
    },
    #[cfg(feature = "aes")]
    Row {
        algorithm: Algorithm::AesKwp,
        applying: &[&key_wrap::KWP_WRAP],
        opening: &[&key_wrap::KWP_UNWRAP],
        wrap: Some(key_wrap::kwp_wrap),
        unwrap: Some(key_wrap::kwp_unwrap),
        wrapped_len: key_wrap::kwp_wrapped_len,
        ..EMPTY
    },
    #[cfg(feature = "aes")]
    Row {
        algorithm: Algorithm::AesGcmWrap,
        applying: &[&aes_gcm::SEAL],
        opening: &[&aes_gcm::OPEN],
        wrap: Some(aes_gcm::wrap_bare),
        unwrap: Some(aes_gcm::unwrap_bare),
        wrapped_len: aes_gcm::wrapped_len,
        ..EMPTY
    },
    Row {
        algorithm: Algorithm::NativeWrap,
        applying: &[&aes_gcm::SEAL],
        opening: &[&aes_gcm::OPEN],
        wrap: Some(aes_gcm::wrap),
        unwrap: Some(aes_gcm::unwrap),
        wrapped_len: aes_gcm::wrapped_len,
        ..EMPTY
    },
    #[cfg(feature = "aes")]
    Row {
        algorithm: Algorithm::AesCbc,
        applying: &[&aes_cbc::ENCRYPT],
        opening: &[&aes_cbc::DECRYPT],
        applied_len: aes_cbc::encrypted_len,
        opened_len: aes_cbc::decrypted_len,
        encrypt: Some(aes_cbc::encrypt),
        decrypt: Some(aes_cbc::decrypt),
        stream: Streaming::Buffered,
        ..EMPTY
    },
    #[cfg(feature = "aes")]
    Row {
        algorithm: Algorithm::AesCbcPkcs7,
        applying: &[&aes_cbc::ENCRYPT],
        opening: &[&aes_cbc::DECRYPT],
        applied_len: aes_cbc::padded_len,
        opened_len: aes_cbc::unpadded_len,
        encrypt: Some(aes_cbc::encrypt_padded),
        decrypt: Some(aes_cbc::decrypt_padded),
        stream: Streaming::Buffered,
        ..EMPTY
    },
    #[cfg(feature = "aes")]
    Row {
        algorithm: Algorithm::AesCtr,
        applying: &[&aes_ctr::CTR],
        opening: &[&aes_ctr::CTR],
        applied_len: aes_ctr::encrypted_len,
        opened_len: aes_ctr::decrypted_len,
        encrypt: Some(aes_ctr::encrypt),
        decrypt: Some(aes_ctr::decrypt),
        stream: Streaming::Buffered,
        ..EMPTY
    },
    Row {
        algorithm: Algorithm::Sha2,
        applying: &[&sha2::SHA256, &sha2::SHA384, &sha2::SHA512],
        digest: Some(sha2::digest),
        stream: Streaming::Hashed,
        ..EMPTY
    },
    #[cfg(feature = "sha3")]
    Row {
        algorithm: Algorithm::Sha3,
        applying: &[&sha3::SHA3_256],
        digest: Some(sha2::digest),
        stream: Streaming::Hashed,
        ..EMPTY
    },
    #[cfg(feature = "sha3")]
    Row { algorithm: Algorithm::Shake, applying: &[&sha3::SHAKE256], xof: Some(sha3::xof), ..EMPTY },
    #[cfg(feature = "hmac")]
    Row {
        algorithm: Algorithm::Hmac,
        applying: HMACS,
        opening: HMACS,
        applied_len: hmac::tag_len,
        mac: Some(hmac::mac),
        verify_mac: Some(hmac::verify),
        stream: Streaming::Maced,
        ..EMPTY
    },
    #[cfg(feature = "aes")]
    Row {
        algorithm: Algorithm::AesCmac,
        applying: &[&aes_cmac::CMAC],
        opening: &[&aes_cmac::CMAC],
        applied_len: aes_cmac::tag_len,
        mac: Some(aes_cmac::mac),
        verify_mac: Some(aes_cmac::verify),
        stream: Streaming::Maced,
        ..EMPTY
    },
    #[cfg(feature = "rsa")]
    Row {
        algorithm: Algorithm::RsaPkcs1,
        applying: &[&rsa::PKCS1_SIGN],
        opening: &[&rsa::PKCS1_VERIFY],
        ..RSA_SIGNATURE
    },
    #[cfg(feature = "rsa")]
    Row {
        algorithm: Algorithm::RsaPss,
        applying: &[&rsa::PSS_SIGN],
        opening: &[&rsa::PSS_VERIFY],
        ..RSA_SIGNATURE
    },
    #[cfg(feature = "rsa")]
    Row {
        algorithm: Algorithm::RsaOaep,
        applying: &[&rsa::OAEP_ENCRYPT],
        opening: &[&rsa::OAEP_DECRYPT],
        wrap: Some(rsa::oaep_wrap),
        unwrap: Some(rsa::oaep_unwrap),
        wrapped_len: rsa::oaep_wrapped_len,
        ..EMPTY
    },
    #[cfg(all(feature = "rsa", feature = "aes"))]
    Row {
        algorithm: Algorithm::RsaAesKwp,
        applying: &[&rsa::OAEP_ENCRYPT, &key_wrap::KWP_WRAP],
        opening: &[&rsa::OAEP_DECRYPT, &key_wrap::KWP_UNWRAP],
        wrap: Some(rsa_aes::wrap),
        unwrap: Some(rsa_aes::unwrap),
        wrapped_len: rsa_aes::wrapped_len,
        ..EMPTY
    },
    #[cfg(feature = "rsa")]
    Row {
        algorithm: Algorithm::RsaOaepData,
        applying: &[&rsa::OAEP_ENCRYPT],
        opening: &[&rsa::OAEP_DECRYPT],
        applied_len: rsa::modulus_len,
        opened_len: rsa::oaep_opened_len,
        encrypt: Some(rsa::encrypt),
        decrypt: Some(rsa::decrypt),
        ..EMPTY
    },
    #[cfg(feature = "ecdsa")]
    Row {
        algorithm: Algorithm::EcdsaP256,
        applying: &[&ecdsa::P256_SIGN, &ecdsa::P256_DETERMINISTIC],
        opening: &[&ecdsa::P256_VERIFY],
        applying_many: &[&ecdsa_many::P256_SIGN_MANY],
        opening_many: &[&ecdsa_many::P256_VERIFY_MANY],
        sign_many: Some(ecdsa_many::sign::<P256>),
        verify_many: Some(ecdsa_many::verify::<P256>),
        ..ecdsa_row::<P256>()
    },
    #[cfg(feature = "ecdsa")]
    Row {
        algorithm: Algorithm::EcdsaP384,
        applying: &[&ecdsa::P384_SIGN, &ecdsa::P256_DETERMINISTIC],
        opening: &[&ecdsa::P384_VERIFY],
        applying_many: &[&ecdsa_many::P384_SIGN_MANY],
        opening_many: &[&ecdsa_many::P384_VERIFY_MANY],
        sign_many: Some(ecdsa_many::sign::<P384>),
        verify_many: Some(ecdsa_many::verify::<P384>),
        ..ecdsa_row::<P384>()
    },
    #[cfg(feature = "ecdsa")]
    Row {
        algorithm: Algorithm::EcdsaP521,
        applying: &[&ecdsa::P521_SIGN, &ecdsa::P521_DETERMINISTIC],
        opening: &[&ecdsa::P521_VERIFY],
        ..ecdsa_row::<P521>()
    },
    #[cfg(feature = "secp256k1")]
    Row {
        algorithm: Algorithm::EcdsaSecp256k1,
        applying: &[&ecdsa::SECP256K1_SIGN, &ecdsa::P256_DETERMINISTIC],
        opening: &[&ecdsa::SECP256K1_VERIFY],
        ..ecdsa_row::<Secp256k1>()
    },
    #[cfg(feature = "ecdsa")]
    Row {
        algorithm: Algorithm::EcdhP256,
        applying: &[&ecdh::P256_AGREE],
        opening: &[&ecdh::P256_AGREE],
        applying_many: &[&ecdh_many::P256_AGREE_MANY],
        agree: Some(ecdh::agree::<P256>),
        agree_many: Some(ecdh_many::agree::<P256>),
        ..EMPTY
    },
    #[cfg(feature = "ecdsa")]
    Row {
        algorithm: Algorithm::EcdhP384,
        applying: &[&ecdh::P384_AGREE],
        opening: &[&ecdh::P384_AGREE],
        applying_many: &[&ecdh_many::P384_AGREE_MANY],
        agree: Some(ecdh::agree::<P384>),
        agree_many: Some(ecdh_many::agree::<P384>),
        ..EMPTY
    },
    #[cfg(feature = "ecdsa")]
    Row {
        algorithm: Algorithm::EcdhP521,
        applying: &[&ecdh::P521_AGREE],
        opening: &[&ecdh::P521_AGREE],
        agree: Some(ecdh::agree::<P521>),
        ..EMPTY
    },
    #[cfg(feature = "ml-kem")]
    Row {
        algorithm: Algorithm::MlKem,
        applying: &[&ml_kem::KEYGEN, &ml_kem::ENCAPSULATE],
        opening: &[&ml_kem::KEYGEN, &ml_kem::DECAPSULATE, &ml_kem::REJECT],
        applied_len: ml_kem::ciphertext_len,
        encapsulate: Some(ml_kem::encapsulate),
        decapsulate: Some(ml_kem::decapsulate),
        ..EMPTY
    },
    #[cfg(feature = "hybrid")]
    Row {
        algorithm: Algorithm::HybridKwp,
        applying: &[
            &ecdh::P384_AGREE,
            &ml_kem::KEYGEN,
            &ml_kem::ENCAPSULATE,
            &kdf::ONE_STEP_HASH,
            &hybrid::SEND,
            &key_wrap::KWP_WRAP,
        ],
        opening: &[
            &ecdh::P384_AGREE,
            &ml_kem::KEYGEN,
            &ml_kem::DECAPSULATE,
            &ml_kem::REJECT,
            &kdf::ONE_STEP_HASH,
            &hybrid::RECEIVE,
            &key_wrap::KWP_UNWRAP,
        ],
        wrap: Some(hybrid::kwp_wrap),
        unwrap: Some(hybrid::kwp_unwrap),
        wrapped_len: hybrid::kwp_wrapped_len,
        ..EMPTY
    },
    #[cfg(feature = "hybrid")]
    Row {
        algorithm: Algorithm::HybridNative,
        applying: &[
            &ecdh::P384_AGREE,
            &ml_kem::KEYGEN,
            &ml_kem::ENCAPSULATE,
            &kdf::ONE_STEP_HASH,
            &hybrid::SEND,
            &aes_gcm::SEAL,
        ],
        opening: &[
            &ecdh::P384_AGREE,
            &ml_kem::KEYGEN,
            &ml_kem::DECAPSULATE,
            &ml_kem::REJECT,
            &kdf::ONE_STEP_HASH,
            &hybrid::RECEIVE,
            &aes_gcm::OPEN,
        ],
        wrap: Some(hybrid::native_wrap),
        unwrap: Some(hybrid::native_unwrap),
        wrapped_len: hybrid::native_wrapped_len,
        ..EMPTY
    },
    #[cfg(feature = "ed25519")]
    Row {
        algorithm: Algorithm::Ed25519,
        applying: &[&ed25519::ED25519_SIGN],
        opening: &[&ed25519::ED25519_VERIFY],
        applying_many: &[&ed25519_many::SIGN_MANY],
        opening_many: &[&ed25519_many::VERIFY_MANY],
        applied_len: ed25519::signature_len,
        sign: Some(ed25519::sign),
        sign_many: Some(ed25519_many::sign),
        verify: Some(ed25519::verify),
        verify_many: Some(ed25519_many::verify),
        ..EMPTY
    },
    #[cfg(feature = "ed25519")]
    Row {
        algorithm: Algorithm::Ed25519ph,
        applying: &[&ed25519::ED25519PH_SIGN],
        opening: &[&ed25519::ED25519PH_VERIFY],
        applied_len: ed25519::signature_len,
        sign: Some(ed25519::sign_prehashed),
        sign_hashed: Some(ed25519::sign_digest::<Sign>),
        sign_digest: Some(ed25519::sign_digest::<SignDigest>),
        verify: Some(ed25519::verify_prehashed),
        verify_digest: Some(ed25519::verify_digest),
        stream: Streaming::Hashed,
        ..EMPTY
    },
    #[cfg(feature = "ml-dsa")]
    Row {
        algorithm: Algorithm::MlDsa,
        applying: &[&ml_dsa::KEYGEN, &ml_dsa::SIGN, &ml_dsa::HEDGED],
        opening: &[&ml_dsa::VERIFY],
        applied_len: ml_dsa::signature_len,
        sign: Some(ml_dsa::sign),
        sign_hashed: Some(ml_dsa::sign_mu::<Sign>),
        sign_digest: Some(ml_dsa::sign_mu::<SignDigest>),
        verify: Some(ml_dsa::verify),
        verify_digest: Some(ml_dsa::verify_mu),
        stream: Streaming::Mu,
        ..EMPTY
    },
    #[cfg(feature = "ml-dsa")]
    Row {
        algorithm: Algorithm::HashMlDsa,
        applying: &[&ml_dsa::KEYGEN, &ml_dsa::HASH_SIGN],
        opening: &[&ml_dsa::HASH_VERIFY],
        applied_len: ml_dsa::signature_len,
        sign: Some(ml_dsa::sign_prehashed),
        sign_hashed: Some(ml_dsa::sign_digest::<Sign>),
        sign_digest: Some(ml_dsa::sign_digest::<SignDigest>),
        verify: Some(ml_dsa::verify_prehashed),
        verify_digest: Some(ml_dsa::verify_digest),
        stream: Streaming::Hashed,
        ..EMPTY
    },
    #[cfg(feature = "slh-dsa")]
    Row {
        algorithm: Algorithm::SlhDsa,
        applying: SLH_DSA_SIGN,
        opening: SLH_DSA_VERIFY,
        applied_len: slh_dsa::signature_len,
        sign: Some(slh_dsa::sign),
        verify: Some(slh_dsa::verify),
        ..EMPTY
    },
    #[cfg(feature = "slh-dsa")]
    Row {
        algorithm: Algorithm::HashSlhDsa,
        applying: SLH_DSA_SIGN,
        opening: SLH_DSA_VERIFY,
        applied_len: slh_dsa::signature_len,
        sign: Some(slh_dsa::sign_prehashed),
        sign_hashed: Some(slh_dsa::sign_digest::<Sign>),
        sign_digest: Some(slh_dsa::sign_digest::<SignDigest>),
        verify: Some(slh_dsa::verify_prehashed),
        verify_digest: Some(slh_dsa::verify_digest),
        stream: Streaming::Hashed,
        ..EMPTY
    },
    Row { algorithm: Algorithm::CtrDrbg, applying: &[&ctr_drbg::DRBG], ..EMPTY },
    Row { algorithm: Algorithm::HmacDrbg, applying: &[&hmac_drbg::DRBG], ..EMPTY },
    #[cfg(feature = "kdf")]
    Row {
        algorithm: Algorithm::Hkdf,
        applying: &[&kdf::HKDF],
        opening: &[&kdf::HKDF],
        derive: Some(kdf::hkdf),
        ..EMPTY
    },
    #[cfg(feature = "kdf")]
    Row {
        algorithm: Algorithm::OneStepHash,
        applying: &[&kdf::ONE_STEP_HASH],
        opening: &[&kdf::ONE_STEP_HASH],
        derive: Some(kdf::one_step_hash),
        ..EMPTY
    },
    #[cfg(feature = "kdf")]
    Row {
        algorithm: Algorithm::OneStepHmac,
        applying: &[&kdf::ONE_STEP_HMAC],
        opening: &[&kdf::ONE_STEP_HMAC],
        derive: Some(kdf::one_step_hmac),
        ..EMPTY
    },
    #[cfg(feature = "kdf")]
    Row {
        algorithm: Algorithm::CounterHmac,
        applying: &[&kbkdf::COUNTER_HMAC],
        opening: &[&kbkdf::COUNTER_HMAC],
        derive: Some(kbkdf::counter_hmac),
        ..EMPTY
    },
    #[cfg(all(feature = "kdf", feature = "aes"))]
    Row {
        algorithm: Algorithm::CounterCmac,
        applying: &[&kbkdf::COUNTER_CMAC],
        opening: &[&kbkdf::COUNTER_CMAC],
        derive: Some(kbkdf::counter_cmac),
        ..EMPTY
    },
    #[cfg(feature = "kdf")]
    Row {
        algorithm: Algorithm::FeedbackHmac,
        applying: &[&kbkdf::FEEDBACK_HMAC],
        opening: &[&kbkdf::FEEDBACK_HMAC],
        derive: Some(kbkdf::feedback_hmac),
        ..EMPTY
    },
    #[cfg(all(feature = "kdf", feature = "aes"))]
    Row {
        algorithm: Algorithm::FeedbackCmac,
        applying: &[&kbkdf::FEEDBACK_CMAC],
        opening: &[&kbkdf::FEEDBACK_CMAC],
        derive: Some(kbkdf::feedback_cmac),
        ..EMPTY
    },
    #[cfg(feature = "kdf")]
    Row {
        algorithm: Algorithm::X963Kdf,
        applying: &[&kdf::X963],
        opening: &[&kdf::X963],
        derive: Some(kdf::x963),
        ..EMPTY
    },
    #[cfg(feature = "kdf")]
    Row {
        algorithm: Algorithm::Pbkdf2,
        applying: &[&pbkdf2::PBKDF2],
        stretch: Some(pbkdf2::stretch),
        ..EMPTY
    },
];

#[cfg(feature = "hmac")]
const HMACS: &[&Cast] = &[&hmac::HMAC256, &hmac::HMAC384, &hmac::HMAC512];

const DRBG: &[&Cast] = &[&ctr_drbg::DRBG, &hmac_drbg::DRBG];

#[cfg(feature = "rsa")]
const RSA_PAIR: &[&Cast] = &[&rsa::PKCS1_SIGN, &rsa::PKCS1_VERIFY];

#[cfg(feature = "ml-kem")]
const ML_KEM_PAIR: &[&Cast] = &[&ml_kem::KEYGEN, &ml_kem::ENCAPSULATE, &ml_kem::DECAPSULATE, &ml_kem::REJECT];

#[cfg(feature = "ml-dsa")]
const ML_DSA_PAIR: &[&Cast] = &[&ml_dsa::KEYGEN, &ml_dsa::SIGN, &ml_dsa::HEDGED, &ml_dsa::VERIFY];

// Both families of hashes: a row does not see which one a key asks for.
#[cfg(feature = "slh-dsa")]
const SLH_DSA_KEYGEN: &[&Cast] = &[&slh_dsa::SHA2_KEYGEN, &slh_dsa::SHAKE_KEYGEN];
#[cfg(feature = "slh-dsa")]
const SLH_DSA_SIGN: &[&Cast] =
    &[&slh_dsa::SHA2_KEYGEN, &slh_dsa::SHA2_SIGN, &slh_dsa::SHAKE_KEYGEN, &slh_dsa::SHAKE_SIGN];
#[cfg(feature = "slh-dsa")]
const SLH_DSA_VERIFY: &[&Cast] = &[&slh_dsa::SHA2_VERIFY, &slh_dsa::SHAKE_VERIFY];

#[cfg(feature = "rsa")]
const RSA_SIGNATURE: Row = Row {
    applying_many: &[&rsa_many::SIGN_MANY],
    opening_many: &[&rsa_many::VERIFY_MANY],
    applied_len: rsa::modulus_len,
    sign: Some(rsa::sign),
    sign_many: Some(rsa_many::sign),
    sign_hashed: Some(rsa::sign_digest::<Sign>),
    sign_digest: Some(rsa::sign_digest::<SignDigest>),
    verify: Some(rsa::verify),
    verify_many: Some(rsa_many::verify),
    verify_digest: Some(rsa::verify_digest),
    stream: Streaming::Hashed,
    ..EMPTY
};

/// The cells of a curve.
#[cfg(feature = "ecdsa")]
const fn ecdsa_row<C: ecdsa::Named>() -> Row {
    Row {
        applied_len: ecdsa::signature_len::<C>,
        sign: Some(ecdsa::sign::<C>),
        sign_hashed: Some(ecdsa::sign_digest::<C, Sign>),
        sign_digest: Some(ecdsa::sign_digest::<C, SignDigest>),
        verify: Some(ecdsa::verify::<C>),
        verify_digest: Some(ecdsa::verify_digest::<C>),
        stream: Streaming::Hashed,
        ..EMPTY
    }
}

// What protects must also be able to open, and nothing serves untested.
const _: () = {
    let mut i = 0;
    while i < ROWS_CHECK.len() {
        #[allow(clippy::indexing_slicing)] // i is below the length
        let row = &ROWS_CHECK[i];
        assert!(row.sign.is_some() == row.verify.is_some());
        let hashes = match row.stream {
            Streaming::Hashed => true,
            #[cfg(feature = "ml-dsa")]
            Streaming::Mu => true,
            _ => false,
        };
        assert!(row.sign_hashed.is_some() == hashes || row.digest.is_some());
        assert!(row.sign_digest.is_none() || row.sign.is_some());
        assert!(row.encrypt.is_some() == row.decrypt.is_some());
        assert!(row.mac.is_some() == row.verify_mac.is_some());
        assert!(row.wrap.is_some() == row.unwrap.is_some());
        assert!(row.encapsulate.is_some() == row.decapsulate.is_some());
        assert!(!row.applying.is_empty());
        // A cell for groups is another path than the single one: it has a test of its own.
        assert!(row.applying_many.is_empty() != (row.sign_many.is_some() || row.agree_many.is_some()));
        assert!(row.opening_many.is_empty() != row.verify_many.is_some());
        assert!(row.sign_many.is_none() || row.sign.is_some());
        assert!(row.verify_many.is_none() || row.verify.is_some());
        assert!(row.agree_many.is_none() || row.agree.is_some());
        let makes = row.derive.is_some() || row.agree.is_some() || row.encapsulate.is_some();
        let keyed =
            row.sign.is_some() || row.encrypt.is_some() || row.mac.is_some() || row.wrap.is_some() || makes;
        assert!(!keyed || !row.opening.is_empty());
        i += 1;
    }
};
const ROWS_CHECK: &[Row] = ROWS;

/// The row of an algorithm, if this build has it.
pub(crate) fn row(algorithm: Algorithm) -> Result<&'static Row> {
    ROWS.iter().find(|row| row.algorithm == algorithm).ok_or(Error::Unsupported)
}

/// One kind of key: how it is made.
pub(crate) struct KindRow {
    pub(crate) kind: KeyKind,
    pub(crate) generate: fn(&Permit<'_, Generate>, &mut Tools<'_>, Vacant<'_>) -> Result<Paired>,
    /// The pairwise test, for pairs.
    pub(crate) pairwise: Option<&'static Pairwise>,
    /// Known-answer tests of what the pairwise test uses.
    pub(crate) casts: &'static [&'static Cast],
    /// Length of a stored public key.
    pub(crate) public_len: usize,
}

/// The kinds of this build.
pub(crate) static KINDS: &[KindRow] = &[
    symmetric(KeyKind::Aes128),
    symmetric(KeyKind::Aes192),
    symmetric(KeyKind::Aes256),
    #[cfg(feature = "hmac")]
    symmetric(KeyKind::Hmac),
    symmetric(KeyKind::Derivation),
    #[cfg(feature = "rsa")]
    rsa_kind(KeyKind::Rsa2048),
    #[cfg(feature = "rsa")]
    rsa_kind(KeyKind::Rsa3072),
    #[cfg(feature = "rsa")]
    rsa_kind(KeyKind::Rsa4096),
    #[cfg(feature = "ecdsa")]
    ec_kind::<P256>(&[&ecdsa::P256_SIGN, &ecdsa::P256_DETERMINISTIC, &ecdsa::P256_VERIFY]),
    #[cfg(feature = "ecdsa")]
    ec_kind::<P384>(&[&ecdsa::P384_SIGN, &ecdsa::P256_DETERMINISTIC, &ecdsa::P384_VERIFY]),
    #[cfg(feature = "ecdsa")]
    ec_kind::<P521>(&[&ecdsa::P521_SIGN, &ecdsa::P521_DETERMINISTIC, &ecdsa::P521_VERIFY]),
    #[cfg(feature = "secp256k1")]
    ec_kind::<Secp256k1>(&[&ecdsa::SECP256K1_SIGN, &ecdsa::P256_DETERMINISTIC, &ecdsa::SECP256K1_VERIFY]),
    #[cfg(feature = "ed25519")]
    KindRow {
        kind: KeyKind::Ed25519,
        generate: ed25519::generate,
        pairwise: Some(&ed25519::PAIR),
        casts: &[&ed25519::ED25519_SIGN, &ed25519::ED25519_VERIFY],
        public_len: 32,
    },
    #[cfg(feature = "ml-kem")]
    ml_kem_kind(KeyKind::MlKem512),
    #[cfg(feature = "ml-kem")]
    ml_kem_kind(KeyKind::MlKem768),
    #[cfg(feature = "ml-kem")]
    ml_kem_kind(KeyKind::MlKem1024),
    #[cfg(feature = "ml-dsa")]
    ml_dsa_kind(KeyKind::MlDsa44),
    #[cfg(feature = "ml-dsa")]
    ml_dsa_kind(KeyKind::MlDsa65),
    #[cfg(feature = "ml-dsa")]
    ml_dsa_kind(KeyKind::MlDsa87),
    #[cfg(feature = "slh-dsa")]
    slh_dsa_kind(KeyKind::SlhDsaSha2_128s),
    #[cfg(feature = "slh-dsa")]
    slh_dsa_kind(KeyKind::SlhDsaShake128s),
    #[cfg(feature = "slh-dsa")]
    slh_dsa_kind(KeyKind::SlhDsaSha2_128f),
    #[cfg(feature = "slh-dsa")]
    slh_dsa_kind(KeyKind::SlhDsaShake128f),
    #[cfg(feature = "slh-dsa")]
    slh_dsa_kind(KeyKind::SlhDsaSha2_192s),
    #[cfg(feature = "slh-dsa")]
    slh_dsa_kind(KeyKind::SlhDsaShake192s),
    #[cfg(feature = "slh-dsa")]
    slh_dsa_kind(KeyKind::SlhDsaSha2_192f),
    #[cfg(feature = "slh-dsa")]
    slh_dsa_kind(KeyKind::SlhDsaShake192f),
    #[cfg(feature = "slh-dsa")]
    slh_dsa_kind(KeyKind::SlhDsaSha2_256s),
    #[cfg(feature = "slh-dsa")]
    slh_dsa_kind(KeyKind::SlhDsaShake256s),
    #[cfg(feature = "slh-dsa")]
    slh_dsa_kind(KeyKind::SlhDsaSha2_256f),
    #[cfg(feature = "slh-dsa")]
    slh_dsa_kind(KeyKind::SlhDsaShake256f),
    #[cfg(feature = "hybrid")]
    KindRow {
        kind: KeyKind::HybridP384MlKem1024,
        generate: hybrid::generate,
        pairwise: Some(&hybrid::PAIR),
        casts: &[
            &ecdh::P384_AGREE,
            &ml_kem::KEYGEN,
            &ml_kem::ENCAPSULATE,
            &ml_kem::DECAPSULATE,
            &ml_kem::REJECT,
        ],
        public_len: super::backend::hybrid::PUBLIC,
    },
];

const fn symmetric(kind: KeyKind) -> KindRow {
    KindRow { kind, generate: generate_symmetric, pairwise: None, casts: DRBG, public_len: 0 }
}

#[cfg(feature = "ecdsa")]
const fn ec_kind<C: ecdsa::Named>(casts: &'static [&'static Cast]) -> KindRow {
    KindRow {
        kind: C::CURVE.kind(),
        generate: ecdsa::generate::<C>,
        pairwise: Some(C::PAIRWISE),
        casts,
        public_len: C::CURVE.point_len(),
    }
}

#[cfg(feature = "rsa")]
const fn rsa_kind(kind: KeyKind) -> KindRow {
    KindRow {
        kind,
        generate: rsa::generate,
        pairwise: Some(&rsa::PAIR),
        casts: RSA_PAIR,
        public_len: kind.modulus_len().saturating_add(super::public::RSA_E_LEN),
    }
}

#[cfg(feature = "ml-kem")]
const fn ml_kem_kind(kind: KeyKind) -> KindRow {
    KindRow {
        kind,
        generate: ml_kem::generate,
        pairwise: Some(&ml_kem::PAIR),
        casts: ML_KEM_PAIR,
        public_len: spki::public_len(kind),
    }
}

#[cfg(feature = "ml-dsa")]
const fn ml_dsa_kind(kind: KeyKind) -> KindRow {
    KindRow {
        kind,
        generate: ml_dsa::generate,
        pairwise: Some(&ml_dsa::PAIR),
        casts: ML_DSA_PAIR,
        public_len: spki::public_len(kind),
    }
}

#[cfg(feature = "slh-dsa")]
const fn slh_dsa_kind(kind: KeyKind) -> KindRow {
    KindRow {
        kind,
        generate: slh_dsa::generate,
        pairwise: Some(&slh_dsa::PAIR),
        casts: SLH_DSA_KEYGEN,
        public_len: spki::public_len(kind),
    }
}

/// A secret key is direct output of the DRBG (SP 800-133 r2 section 6.1, SSP-10).
fn generate_symmetric(
    _permit: &Permit<'_, Generate>,
    tools: &mut Tools<'_>,
    mut place: Vacant<'_>,
) -> Result<Paired> {
    tools.secret(place.bytes())?;
    place.secret_key()
}

/// The row of a kind, if this build has it.
pub(crate) fn kind(kind: KeyKind) -> Result<&'static KindRow> {
    KINDS.iter().find(|row| row.kind == kind).ok_or(Error::Unsupported)
}

/// Length of the stored bytes of a key with these attributes.
pub(crate) fn stored_len(attributes: &Attributes) -> Result<usize> {
    match attributes.class() {
        KeyClass::Public => Ok(kind(attributes.kind())?.public_len),
        KeyClass::Secret | KeyClass::Private => Ok(usize::from(attributes.length())),
    }
}

/// Every known-answer test of this build, each once, in order of the table.
pub(crate) fn casts() -> impl Iterator<Item = &'static Cast> {
    (0..MAX_ID).filter_map(|id| {
        let all = ROWS.iter().flat_map(|row| {
            let single = row.applying.iter().chain(row.opening);
            single.chain(row.applying_many).chain(row.opening_many)
        });
        let direct = all.chain(MODULE_TESTS.iter().flat_map(|test| test.depends_on)).copied();
        let deps = direct.clone().flat_map(|cast| cast.depends_on.iter().copied());
        direct.chain(deps).find(|cast| cast.id == TestId(id))
    })
}

/// Every pairwise test of this build, each once.
pub(crate) fn pairwise_tests() -> impl Iterator<Item = &'static Pairwise> {
    (0..MAX_ID)
        .filter_map(|id| KINDS.iter().filter_map(|kind| kind.pairwise).find(|test| test.id == TestId(id)))
}

/// Tests of the module as a whole, in order of their ids.
pub(crate) static MODULE_TESTS: &[&ModuleTest] = &[&image::INTEGRITY];

/// Ids of tests are below this.
const MAX_ID: u16 = 192;
