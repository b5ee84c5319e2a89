//! Fuzzes testkit's target `deb`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::deb(data));
