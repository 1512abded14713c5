//! The paper's section 4, run again: what EOP costs, and what it wins.

pub mod contenders;
