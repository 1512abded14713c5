//! See `oracles/src/pair.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eop_oracles::pair::check(data));
