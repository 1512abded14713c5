//! The suite's own measure: its faulty peers, and which case finds which fault.

use std::process::ExitCode;

use eop_conformance::case::Role;

use super::{Exit, Refusal};
use crate::arguments::{Manner, Selection};

pub(super) fn run(_name: &str, _selection: &Selection, _manner: &Manner) -> Result<Exit, Refusal> {
    Err(Refusal(Exit::Usage, "to come".to_owned()))
}

/// Acts as a mutant.
pub(super) fn act(_role: Role, _name: &str) -> ExitCode {
    ExitCode::FAILURE
}
