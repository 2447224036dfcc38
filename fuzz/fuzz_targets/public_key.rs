//! Public keys in DER and PEM, through the parser and through the engine.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strongroom_fuzz_bodies::public_key(data));
