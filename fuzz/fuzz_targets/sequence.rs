//! Sequences of calls, checked against a model of policy.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strongroom_fuzz_bodies::sequence(data));
