//! ACVP vector sets; in the laboratory build.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strongroom_fuzz_bodies::acvp(data));
