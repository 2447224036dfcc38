//! strongroom: a cryptographic engine to build HSMs on.
//!
//! Keys go in wrapped or are born inside; plaintext never comes out. Policy, self-tests and the module's
//! state stand in one doorway before every operation, and each answer says whether it was an approved
//! service. The design follows FIPS 140-3; no certificate is held, and nothing here claims one.
//!
//! ```
//! use strongroom::{Algorithm, Attributes, Engine, Hash, KeyKind, Params, Rule, Subject, Usage};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::power_on()?;
//! let session = engine.open_session(Subject::user(1), b"")?;
//! let policy = Attributes::builder(KeyKind::EcP256)
//!     .usage(Usage::SIGN.and(Usage::VERIFY))
//!     .permit(Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256))
//!     .build()?;
//! let key = session.generate(&policy)?.value();
//!
//! let params = Params::with_hash(Hash::Sha256);
//! let mut signature = [0; 64];
//! let signed = session.sign(key, Algorithm::EcdsaP256, &params, b"message", &mut signature)?;
//! println!("{}", signed.indicator());
//! session.verify(key, Algorithm::EcdsaP256, &params, b"message", &signature)?.value();
//! # Ok(())
//! # }
//! ```
#![no_std]
#![deny(unsafe_code)]
// A build without some family leaves helpers of that family unused; the full build denies what is unused.
#![cfg_attr(
    not(all(
        feature = "std",
        feature = "aes",
        feature = "hmac",
        feature = "sha3",
        feature = "kdf",
        feature = "rsa",
        feature = "ecdsa",
        feature = "secp256k1",
        feature = "ed25519",
        feature = "ml-kem",
        feature = "ml-dsa",
        feature = "slh-dsa"
    )),
    allow(dead_code, unused_imports, unused_variables)
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

// -- the face: what embedders call --
mod engine; // power-on, status, self-test, zeroise, sessions
mod hooks; // what the embedder may bring: authenticator, clock, usage log
mod integrity; // the image of the module, and how it is measured
mod session; // the whole keyed service list

// -- the doorway: state, self-tests, policy, in this order --
mod admit; // handle -> pinned key -> permit
mod policy; // the one function that says yes
mod selftest; // walks the table: power-on, first use, on demand
mod state; // the finite state model; the only maker of a pass and of an outcome

// -- plain facts: no keys, no ciphers --
mod algorithm; // algorithm ids, parameters and their public facts
mod attributes; // what a key is and may do; only valid ones can be built
mod budget; // use counts, leased in blocks
mod error; // one page, no payloads
mod handle; // volatile handles, lifelong ids
mod outcome; // the service indicator and its caveats
mod services; // what the module serves, as facts for documents
mod ssp; // its sensitive security parameters, as facts for documents
mod store; // where live keys lie: on the heap, or in place

// -- the boundary: plaintext key bytes exist in this folder and nowhere else --
mod boundary;

// -- around it --
mod entropy; // the entropy source and its health tests
mod faults; // breaking self-tests on purpose, in laboratory builds
mod fork; // counts forks; holds the library's only system call of its own
mod kat; // compile-time reader of known answers
#[cfg(all(feature = "alloc", any(strongroom_lab, fuzzing)))]
#[doc(hidden)]
pub mod lab; // pure parsers for fuzzing, primitives for conformance tests; in no ordinary build
mod marks; // what is secret, for valgrind, in laboratory builds
mod sync; // the only place for locks
mod wire; // parse and emit: blobs, policies, DER; no crypto

/// PEM text of public keys (RFC 7468 section 13): what `public_key` writes, for people and files.
pub mod pem {
    pub use crate::wire::pem::{emit, emitted_len, parse};
}

/// The example of docs/batch.md is compiled and run.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../docs/batch.md")]
mod batches {}

pub use algorithm::{
    Algorithm, Approval, DrbgMechanism, Facts, Family, Hash, HashSet, Ivs, Kdf, ParamSet, Params, Xof,
};
pub use attributes::{
    APPLICATION_LEN, Attributes, AttributesBuilder, Export, ExportFormat, HMAC_KEY_LEN, KeyClass, KeyKind,
    LABEL_LEN, Lifetime, Owner, PURPOSES, Restriction, Rule, Rules, Strength, Text, Usage, Validity,
};
pub use boundary::image::INTEGRITY_KEY;
pub use boundary::{Backend, Backends, Origin};
pub use engine::{Builder, Engine, PowerOnError, Status, Version};
#[cfg(all(feature = "os-entropy", not(target_os = "none")))]
pub use entropy::OsEntropy;
pub use entropy::{Entropy, EntropyClaim, EntropyFailure};
pub use error::{Error, Result};
pub use handle::{KeyHandle, KeyId};
pub use hooks::{Authenticator, Clock, UsageLog, UsersOnly};
pub use integrity::{ImageUnreadable, IntegrityImage, Measurement, MemoryImage};
pub use outcome::{Caveats, Encrypted, Indicator, Iv, Reason};
pub use policy::{Profile, Role, Subject};
pub use selftest::{TestKind, TestReport};
pub use services::{Access, SERVICES, Service};
pub use session::{
    AgreeItem, Context, Filter, GenerateItem, KeyInfo, Operation, Session, SignItem, UnwrapAs, UnwrapItem,
    VerifyItem, WrapItem,
};
pub use ssp::{SSPS, Ssp, SspFacts};
pub use state::{Event, Outcome, State, TamperSwitch, TestState, next as next_state};
#[cfg(feature = "alloc")]
pub use store::HeapStore;
pub use store::{SlotTable, Store};
