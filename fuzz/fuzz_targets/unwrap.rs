//! Unwrapping through the engine: only the good blob comes in, and a rejection changes nothing.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strongroom_fuzz_bodies::unwrap(data));
