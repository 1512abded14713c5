//! The paper's section 4, run again: what EOP costs, and what it wins.
//!
//! `runs` holds an experiment each, and `experiment.rs` the list of them; `servers` what they are made on, each a process of
//! its own; `measure` how. What they find is a `record`, and `report` makes the page of it. Nothing here is for use by
//! others: the library exists so that the program and the benchmarks of criterion share the contenders.

pub mod contenders;
pub mod experiment;
pub mod framed;
pub mod http;
pub mod measure;
pub mod plain;
pub mod record;
pub mod report;
pub mod runs;
pub mod servers;
