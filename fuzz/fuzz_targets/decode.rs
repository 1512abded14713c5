//! See `oracles/src/decode.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eop_oracles::decode::check(data));
