//! See `oracles/src/vectors.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eop_oracles::vectors::check(data));
