//! Fuzzes testkit's target `kernel_image`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::kernel_image(data));
