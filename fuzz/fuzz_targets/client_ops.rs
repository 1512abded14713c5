//! See `src/client_ops.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eop_fuzz::client_ops::check(data));
