//! Fuzzes testkit's target `patch`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::patch(data));
