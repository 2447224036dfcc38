//! Plaintext key bytes exist below this line and nowhere else.
//!
//! What leaves this folder: the key record with its bytes private, the table, wrapping, and the DRBG's
//! service face. What never leaves it: [`key::Material`]'s accessors, and every function that takes the
//! bytes of a key.

pub(crate) mod alg;
pub(crate) mod backend;
pub(crate) mod batch;
pub(crate) mod derivation;
mod drbg;
pub(crate) mod image;
pub(crate) mod key;
#[cfg(all(feature = "alloc", strongroom_lab))]
pub mod lab;
mod prepared;
pub(crate) mod public;
pub(crate) mod random;
mod scratch;
mod seal;
mod secret;
pub(crate) mod stream;
pub(crate) mod table;
pub(crate) mod tools;
mod wiped;
pub(crate) mod wrapping;

pub use backend::{Backend, Backends};
pub(crate) use batch::{KEYS, LANES};
pub use key::Origin;
pub(crate) use key::{Header, Key, Paired, Permit, Pinned, Vacant};
pub(crate) use seal::Seal;
pub(crate) use secret::{Inline, on_scrubbed_stack};
pub(crate) use tools::Tools;
use wiped::Wiped;
