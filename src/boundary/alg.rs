//! Algorithm families, a file each. Every file has the same parts, top-down: cells (take a permit), raw
//! (take bytes, call the backend), casts (known-answer tests), tests.

pub(crate) mod aes_cbc;
pub(crate) mod aes_cmac;
pub(crate) mod aes_ctr;
pub(crate) mod aes_gcm;
pub(crate) mod cast;
pub(crate) mod ctr_drbg;
#[cfg(feature = "ecdsa")]
pub(crate) mod ecdh;
#[cfg(feature = "ecdsa")]
pub(crate) mod ecdh_many;
#[cfg(feature = "ecdsa")]
pub(crate) mod ecdsa;
#[cfg(feature = "ecdsa")]
pub(crate) mod ecdsa_many;
#[cfg(feature = "ecdsa")]
pub(crate) mod ecdsa_nonce;
#[cfg(feature = "ed25519")]
pub(crate) mod ed25519;
#[cfg(feature = "ed25519")]
pub(crate) mod ed25519_many;
pub(crate) mod hmac;
pub(crate) mod hmac_drbg;
#[cfg(feature = "hybrid")]
pub(crate) mod hybrid;
pub(crate) mod kbkdf;
pub(crate) mod kdf;
pub(crate) mod key_wrap;
pub(crate) mod mac;
#[cfg(feature = "ml-dsa")]
pub(crate) mod ml_dsa;
#[cfg(feature = "ml-kem")]
pub(crate) mod ml_kem;
pub(crate) mod pbkdf2;
#[cfg(any(feature = "ml-dsa", feature = "slh-dsa"))]
pub(crate) mod prehash;
#[cfg(feature = "rsa")]
pub(crate) mod rsa;
#[cfg(all(feature = "rsa", feature = "aes"))]
pub(crate) mod rsa_aes;
#[cfg(feature = "rsa")]
pub(crate) mod rsa_encoding;
#[cfg(feature = "rsa")]
pub(crate) mod rsa_many;
pub(crate) mod sha2;
#[cfg(feature = "sha3")]
pub(crate) mod sha3;
#[cfg(feature = "slh-dsa")]
pub(crate) mod slh_dsa;
