//! What operators see: numbers that can be exported, and with the feature `tracing` its spans and events.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

#[path = "../stage/mod.rs"]
mod stage;

mod counted;
mod traced;
