//! Fuzzes testkit's target `dwarf`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::dwarf(data));
