//! Fuzzes testkit's target `ctf`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::ctf(data));
