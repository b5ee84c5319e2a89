//! Fuzzes testkit's target `modules`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::modules(data));
