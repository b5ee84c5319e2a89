//! Fuzzes testkit's target `apt`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::apt(data));
