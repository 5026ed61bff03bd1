//! See `targets::wire`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::wire(bytes));
