//! See `targets::estate`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::estate(bytes));
