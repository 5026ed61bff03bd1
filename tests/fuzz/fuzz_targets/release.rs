//! See `targets::release`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::release(bytes));
