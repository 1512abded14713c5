//! See `src/pair.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eop_fuzz::pair::check(data));
