//! Fuzzes testkit's target `btf`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::btf(data));
