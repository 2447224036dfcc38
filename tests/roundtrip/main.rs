//! Keys go out wrapped and come back: every kind of key, with random rights, under every mechanism that may
//! carry it. What comes back does what the key did that went out, under the policy that the mechanism
//! promises (SSP-7). Of a blob, every truncation, every changed byte and every byte more is rejected.
#![cfg(not(strongroom_lab))] // nothing in here differs in the laboratory build
#![cfg(all(feature = "std", feature = "aes", feature = "hmac"))]
#![cfg(all(
    feature = "rsa",
    feature = "ecdsa",
    feature = "ed25519",
    feature = "kdf",
    feature = "sha3",
    feature = "ml-kem",
    feature = "ml-dsa",
    feature = "slh-dsa"
))]
// A test reports by panicking.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
#![allow(clippy::cast_possible_truncation)]

mod bench;
mod damage;
mod story;
mod travel;
