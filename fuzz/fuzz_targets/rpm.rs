//! Fuzzes testkit's target `rpm`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::rpm(data));
