//! Fuzzes testkit's target `mirrors`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::mirrors(data));
