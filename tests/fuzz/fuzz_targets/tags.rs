//! See `targets::tags`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::tags(bytes));
