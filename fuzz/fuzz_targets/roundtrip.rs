//! See `src/roundtrip.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eop_fuzz::roundtrip::check(data));
