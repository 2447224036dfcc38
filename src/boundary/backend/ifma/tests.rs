//! The kernels against the portable implementation. Without IFMA there is nothing to test, and it is said aloud.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate std;

#[cfg(feature = "ecdsa")]
mod ecdsa;
#[cfg(feature = "ed25519")]
mod ed25519;
#[cfg(feature = "rsa")] // for its integers
mod field;

use std::io::Write;
use std::vec::Vec;

use super::Ifma;

/// The processor, or a line past the capture of test output.
fn cpu(test: &str) -> Option<Ifma> {
    let cpu = Ifma::detect();
    if cpu.is_none() {
        #[allow(clippy::explicit_write)] // the harness would keep what `eprintln!` says
        std::writeln!(std::io::stderr(), "SKIPPED {test}: this processor has no AVX-512 IFMA").unwrap();
    }
    cpu
}

fn hex(s: &str) -> Vec<u8> {
    assert!(s.len().is_multiple_of(2));
    (0..s.len()).step_by(2).map(|i| u8::from_str_radix(&s[i..i + 2], 16).unwrap()).collect()
}
