//! Fuzzes testkit's target `bug`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::bug(data));
