//! Fuzzes testkit's target `elf`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::elf(data));
