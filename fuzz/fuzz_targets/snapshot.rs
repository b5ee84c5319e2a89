//! Fuzzes testkit's target `snapshot`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::snapshot(data));
