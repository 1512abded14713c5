//! The interop matrix: every client against every server, through a relay that writes down both directions.
//!
//! A play has two testees, so a failure has to say whose it is. From the outside in: `implementations` are the entries of a
//! file; a `scenario` is what a client and a server do together; `play` plays its `acts` on a `stage`, over the `relay`; the `court` reads the
//! timeline and names the guilty side, knowing the messages that the client was given and, from `service`, what the test
//! service does with each; `table` tells all.

mod acts;
mod court;
mod implementations;
mod play;
mod relay;
mod scenario;
mod service;
mod stage;
mod table;

pub use court::Guilt;
pub use implementations::{Implementation, Malformed, implementations};
pub use play::{Pair, play};
pub use scenario::{SCENARIOS, Scenario};
pub use table::table;

use crate::timeline::Timeline;

/// What came of one scenario between a client and a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was as required, at both sides.
    Pass,
    /// One side provably broke a requirement.
    Guilty(Guilt),
    /// It did not come out as it should, and the wire proves neither side guilty.
    Nobody {
        /// What should have happened.
        expected: String,
        /// What happened.
        observed: String,
    },
    /// The driver declares that it lacks what the scenario needs.
    Lacking(String),
    /// The runner failed.
    Error(String),
    /// The deadline passed before it was played.
    NotRun,
}

/// One play of the matrix: who with whom, what, and what came of it.
#[derive(Debug, Clone)]
pub struct Played {
    /// The client's name.
    pub client: String,
    /// The server's name.
    pub server: String,
    /// What was played.
    pub scenario: &'static Scenario,
    /// What came of it.
    pub verdict: Verdict,
    /// What happened; nothing if it was not played.
    pub timeline: Option<Timeline>,
}
