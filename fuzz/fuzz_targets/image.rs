//! The signer of programs: slots, ELF files.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strongroom_fuzz_bodies::image(data));
