//! What a message costs besides its octets: no allocation, one write, no read that brings nothing, and no copy of a payload that
//! is taken as it comes. And what a connection holds between messages. Over TLS, rustls allocates for every record.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

#[path = "../stage/mod.rs"]
mod stage;

mod allocations;
mod calls;
mod copies;
mod exchange;
mod waiting;
