//! What was asked for, and who does it.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use eop_conformance::case::Role;
use eop_conformance::report;

use crate::arguments::{Arguments, Command, Manner, Peer};
use exit::{Exit, Refusal};

mod baseline;
mod exit;
mod explain;
mod fuzz;
mod hold;
mod judge;
mod matrix;
mod mutants;
mod outputs;
mod program;
mod progress;
mod select;

/// How long a testee may take to say that it is there.
const START: Duration = Duration::from_millis(2500);

/// Does what was asked.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    conduct(arguments).unwrap_or_else(|Refusal(exit, why)| {
        eprintln!("eop-conformance: {why}");
        exit.into()
    })
}

fn conduct(arguments: &Arguments) -> Result<ExitCode, Refusal> {
    let Arguments {
        command,
        selection,
        manner,
    } = arguments;
    let exit = match command {
        None => judge::both(selection, manner)?,
        Some(Command::Server {
            testee,
            request,
            attached,
        }) => judge::server(testee, request.as_ref(), attached, selection, manner)?,
        Some(Command::Client { testee, answer }) => {
            judge::client(testee, answer.as_ref(), selection, manner)?
        }
        Some(Command::List) => {
            let cases = select::select(selection, &select::every())?;
            say(&report::list(&cases));
            Exit::Conforms
        }
        Some(Command::Explain { what }) => explain::explain(what, manner)?,
        Some(Command::Mutants { name, published }) => {
            mutants::run(name, published, selection, manner)?
        }
        Some(Command::Matrix(way)) => matrix::run(way, manner)?,
        Some(Command::Fuzz { testee }) => fuzz::run(testee, manner)?,
        Some(Command::Peer { peer }) => return act(peer),
    };
    Ok(exit.into())
}

fn act(peer: &Peer) -> Result<ExitCode, Refusal> {
    Ok(match peer {
        Peer::Server => eop_reference_peer::server(),
        Peer::Client => eop_reference_peer::client(),
        Peer::ServerTokio => eop_reference_peer::server_tokio(),
        Peer::ClientTokio => eop_reference_peer::client_tokio(),
        Peer::MutantServer { name } => mutants::act(Role::Server, name),
        Peer::MutantClient { name } => mutants::act(Role::Client, name),
        Peer::Program { addr, driver } => match driver {
            Some(driver) => program::act(driver, *addr)?,
            None => program::act(&own("client")?, *addr)?,
        },
    })
}

/// The command that starts one of this program's own peers.
fn own(peer: &str) -> Result<String, Refusal> {
    let program = std::env::current_exe()
        .map_err(|error| Refusal(Exit::Harness, format!("where am I? {error}")))?;
    Ok(format!(
        "exec {} peer {peer}",
        quoted(&program.display().to_string())
    ))
}

/// Prints; a reader that has gone, as `head` does, is no error.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// How long a testee may take to start, with patience.
fn start(manner: &Manner) -> Duration {
    START.saturating_mul(manner.patience)
}

/// A word that the shell reads as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_survives_the_shell() {
        assert_eq!(quoted("a 'b'"), r"'a '\''b'\'''");
    }
}
