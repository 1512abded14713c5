//! What becomes of messages under faults: connections that are cut at every octet, targets that are not to be had, and
//! crowds. Every message is answered or ends in a named error, none runs twice, and no descriptor is left.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

#[path = "../account/mod.rs"]
mod account;
#[path = "../stage/mod.rs"]
mod stage;

mod crowd;
mod cuts;
mod cutter;
mod descriptors;
mod targets;
