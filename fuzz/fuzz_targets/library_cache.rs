//! Fuzzes testkit's target `library_cache`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::library_cache(data));
