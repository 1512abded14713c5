//! See `src/server_ops.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eop_fuzz::server_ops::check(data));
