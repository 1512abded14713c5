//! See `oracles/src/client_ops.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eop_oracles::client_ops::check(data));
