//! How things are measured: turns, statistics, instructions, and what the system tells.

pub mod instructions;
pub mod memory;
pub mod statistics;
pub mod system;
pub mod turns;
