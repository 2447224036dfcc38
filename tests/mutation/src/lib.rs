//! Policy, state and wire formats with the facts that they need, and nothing else of the library: no key, no cipher.
//! A mutant of these files compiles in a second here, and in a minute there.
#![no_std]
#![allow(dead_code, unused_imports, missing_docs)]

extern crate alloc;
extern crate std;

mod algorithm;
mod attributes;
mod error;
mod handle;
mod marks;
mod outcome;
mod policy;
mod state;
mod sync;
mod wire;
