//! The implementation under test, as a process or an address. What it does is judged elsewhere.

mod driver;
mod event;
mod process;
mod program;
mod server;

pub use driver::{Driver, DriverTestee, Report};
pub use event::Event;
pub use program::{Program, ProgramTestee};
pub use server::{Instance, ServerTestee};

use std::sync::Arc;

use crate::authority::Authority;
use crate::case::Role;

/// What a testee's environment says about TLS.
fn environment(authority: Option<&Arc<Authority>>, role: Role) -> Vec<(&'static str, String)> {
    authority.map_or_else(Vec::new, |authority| authority.environment(role).to_vec())
}

/// Why a testee cannot be judged at all: it did not start, or cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotStarted(pub String);

impl std::fmt::Display for NotStarted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotStarted {}
