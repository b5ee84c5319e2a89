//! Fuzzes testkit's target `spec`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::spec(data));
