//! See `oracles/src/server_ops.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eop_oracles::server_ops::check(data));
