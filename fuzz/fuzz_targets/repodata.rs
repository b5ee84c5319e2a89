//! Fuzzes testkit's target `repodata`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::repodata(data));
