//! The parsers of wrapped keys: what they accept is canonical.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strongroom_fuzz_bodies::wrapped_key(data));
