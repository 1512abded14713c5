//! The bodies of the fuzz targets: each takes octets, does something with them, and compares the outcome with
//! an oracle that shares no code with what it checks. They panic on a finding and on nothing else. The targets in
//! `fuzz_targets/` only call them, and `tests/corpora.rs` runs them over the committed corpora.

pub mod by_hand;
pub mod client_ops;
pub mod cuts;
pub mod decode;
pub mod pair;
pub mod plan;
pub mod roundtrip;
pub mod server_ops;
