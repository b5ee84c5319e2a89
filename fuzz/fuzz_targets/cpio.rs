//! Fuzzes testkit's target `cpio`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::cpio(data));
