//! Fuzzes testkit's target `signature`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::signature(data));
