//! Sessions between hosts whose link loses packets, and so on real sockets that resend, reorder and reset as TCP does. It takes
//! network namespaces.

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

mod place;
mod redirects;
mod traces;
