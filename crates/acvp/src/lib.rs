//! ACVP vector sets, answered with the strongroom engine.
//!
//! A set goes in as JSON and its response comes out ([`run`]). `registry.rs` says which algorithms there are,
//! and each has one file in `family/`. Keys go in through the front door (`rig.rs`): unwrapped under a key
//! that came in under RSA-OAEP. What no service takes goes to `strongroom::lab::raw`.
//!
//! In an ordinary build this library is empty.
#![cfg(strongroom_lab)]
// A tool over test vectors: sizes are those of its input and of small constants.
#![allow(clippy::arithmetic_side_effects)]

mod der;
mod envelope;
mod family;
mod fields;
mod registry;
mod rig;
#[cfg(test)]
mod tests;

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

pub use envelope::{Report, run};
pub use registry::supported;

/// What the program does: standard input to standard output, and one line on standard error when something
/// is missing or wrong.
#[must_use]
pub fn command() -> ExitCode {
    if std::env::args().len() > 1 {
        for line in supported() {
            eprintln!("{line}");
        }
        eprintln!(
            "strongroom-acvp: takes no argument: a vector set on standard input (above: what is answered)"
        );
        return ExitCode::from(2);
    }
    let mut input = Vec::new();
    if let Err(error) = std::io::stdin().lock().read_to_end(&mut input) {
        eprintln!("strongroom-acvp: standard input: {error}");
        return ExitCode::from(2);
    }
    let report = run(&input);
    if let Some(response) = &report.response {
        let mut out = std::io::stdout().lock();
        let written = serde_json::to_writer_pretty(&mut out, response).map_err(std::io::Error::from);
        if let Err(error) = written.and_then(|()| writeln!(out)).and_then(|()| out.flush()) {
            eprintln!("strongroom-acvp: standard output: {error}");
            return ExitCode::from(1);
        }
    }
    if let Some(line) = &report.message {
        eprintln!("strongroom-acvp: {line}");
    }
    ExitCode::from(report.code)
}
