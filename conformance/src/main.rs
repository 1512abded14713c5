//! `eop-conformance`: the command.

mod arguments;
mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run(&arguments::parse())
}
