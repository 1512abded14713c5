//! The honest peer, told as stories: it has to be right before its faults can mean anything.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod client;
mod harness;
mod server;
