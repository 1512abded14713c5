//! See `oracles/src/connection.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eop_oracles::connection::check(data));
