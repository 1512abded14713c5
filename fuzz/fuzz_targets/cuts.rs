//! See `oracles/src/cuts.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eop_oracles::cuts::check(data));
