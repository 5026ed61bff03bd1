//! See `targets::readings`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::readings(bytes));
