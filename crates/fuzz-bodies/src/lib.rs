//! Bodies of the fuzz targets. Each takes any bytes and panics when the engine breaks a promise.
//!
//! `fuzz/` hands them to cargo-fuzz; `tests/replay.rs` replays the committed corpora and lets proptest
//! loose on them, so that `cargo test` fuzzes too, without nightly.
//!
//! Bodies keep their engine and keys from one input to the next. The engine is seeded from a fixed
//! source, so that an input does the same in every process.

// A body reports by panicking.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod acvp;
mod fixture;
mod image;
mod public_key;
mod seeds;
mod sequence;
mod unwrap;
mod wrapped_key;

pub use acvp::acvp;
pub use image::image;
pub use public_key::public_key;
pub use seeds::seeds;
pub use sequence::sequence;
pub use unwrap::unwrap;
pub use wrapped_key::wrapped_key;

/// What a fuzz target does with an input.
pub type Body = fn(&[u8]);

/// Every target by the name of its directory in `fuzz/corpus`.
pub const TARGETS: [(&str, Body); 6] = [
    ("wrapped_key", wrapped_key),
    ("unwrap", unwrap),
    ("public_key", public_key),
    ("sequence", sequence),
    ("image", image),
    ("acvp", acvp),
];
