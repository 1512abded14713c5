//! See `oracles/src/driver.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eop_oracles::driver::check(data));
