//! Fuzzes testkit's target `program`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::program(data));
