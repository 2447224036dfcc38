//! Runs every operation on secrets through the services of an engine, for valgrind to watch: tests/valgrind/run.sh.
//!
//! The engine of the laboratory build marks its secrets as undefined (docs/side-channels.md). This program marks
//! what a caller brings, calls, and prints a row for each operation: how many errors valgrind reported meanwhile. It
//! fails on any, on an operation that fails, on one that no marked byte reached, and on an algorithm that has none.

// A tool: what goes wrong ends it with a message.
#![cfg_attr(
    strongroom_lab,
    allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

#[cfg(strongroom_lab)]
#[path = "secrets/run.rs"]
mod run;

#[cfg(strongroom_lab)]
fn main() -> std::process::ExitCode {
    run::main()
}

#[cfg(not(strongroom_lab))]
fn main() -> std::process::ExitCode {
    eprintln!("strongroom-secrets: only the laboratory build marks secrets: tests/valgrind/run.sh builds it");
    std::process::ExitCode::from(2)
}
