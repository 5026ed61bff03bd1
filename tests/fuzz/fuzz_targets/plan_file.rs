//! See `targets::plan_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::plan_file(bytes));
