//! Fuzzes testkit's target `tar`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::tar(data));
