//! The portable implementations, on RustCrypto and dalek crates. They use AES-NI, CLMUL and SHA-NI where
//! those crates find them.

pub(crate) mod aes;
#[cfg(feature = "ecdsa")]
pub(crate) mod ec;
#[cfg(all(test, feature = "ecdsa", feature = "ed25519"))]
mod ec_wycheproof_tests;
#[cfg(feature = "ed25519")]
pub(crate) mod ed25519;
pub(crate) mod hash;
pub(crate) mod key_wrap;
#[cfg(feature = "ml-dsa")]
pub(crate) mod ml_dsa;
#[cfg(feature = "ml-kem")]
pub(crate) mod ml_kem;
#[cfg(feature = "rsa")]
pub(crate) mod rsa;
#[cfg(feature = "slh-dsa")]
pub(crate) mod slh_dsa;
