//! Fuzzes testkit's target `kernel_text`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::kernel_text(data));
