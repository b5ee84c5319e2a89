//! Fuzzes testkit's target `modifications`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::modifications(data));
