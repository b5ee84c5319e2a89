//! Fuzzes testkit's target `lookaside`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::lookaside(data));
