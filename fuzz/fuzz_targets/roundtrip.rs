//! See `oracles/src/roundtrip.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eop_oracles::roundtrip::check(data));
