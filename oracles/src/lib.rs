//! What is right, by hand: each target takes octets, does something with them to the codec or to a machine, and
//! compares the outcome with an oracle that shares no code with what it checks. They panic on a finding and on
//! nothing else. libFuzzer calls them (`fuzz/`), `tests/corpora.rs` runs them over the committed corpora,
//! and `tests/histories.rs` over random ones, which it makes smaller.

pub mod by_hand;
pub mod client_ops;
pub mod connection;
pub mod cuts;
pub mod decode;
pub mod driver;
pub mod incoming;
pub mod pair;
pub mod plan;
pub mod roundtrip;
pub mod server_ops;
pub mod session;
pub mod vectors;
