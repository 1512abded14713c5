//! The commands, and what can be said with each. What is done with it is in the commands' own files.

use std::net::{SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::input::Cut;
use crate::log::Speaks;

mod shared;
mod values;

pub(crate) use shared::{Crowd, Identity, Serving, Session};
use values::{home, seconds, target};

/// Send and serve messages that can be moved from server to server, and carry unmodified applications
#[derive(Debug, Parser)]
#[command(name = "eop", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Say more; may be given several times
    #[arg(short, long, global = true, display_order = 100, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say less; may be given several times
    #[arg(short, long, global = true, display_order = 100, action = clap::ArgAction::Count)]
    pub(crate) quiet: u8,
}

const AFTER_HELP: &str = "\
Try it, in three shells:
  eop listen 127.0.0.1:9001 > copy
  eop redirector 127.0.0.1:9000 --to 127.0.0.1:9001
  eop send 127.0.0.1:9000 < file

Exit codes: 0 everything was answered · 1 it was not, and no server acted on the rest
            2 usage · 3 nobody knows whether a server acted on the rest
            130 Ctrl-C · 141 nobody reads our output any more";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Take messages and print them, echo them, or have a program answer them
    Listen(Listen),
    /// Send messages and print the answers, wherever the servers move us
    Send(Send),
    /// Move every client that arrives, before anything is read from it
    Redirector(Redirector),
    /// Carry an application that knows nothing of EOP
    #[command(subcommand)]
    Gateway(Gateway),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Gateway {
    /// In front of unmodified clients: take TCP, speak EOP
    Client(ClientGateway),
    /// In front of an unmodified server: take EOP, speak TCP
    Server(ServerGateway),
}

impl Command {
    pub(crate) const fn speaks(&self) -> Speaks {
        match self {
            Self::Send(_) => Speaks::OfFailures,
            Self::Listen(_) | Self::Redirector(_) | Self::Gateway(_) => Speaks::OfEvents,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = LISTENING)]
pub(crate) struct Listen {
    /// Where to listen, such as 0.0.0.0:9000; port 0 means any free one
    pub(crate) listen: SocketAddr,
    /// Answer every message with itself instead of printing it
    #[arg(long, conflicts_with = "exec")]
    pub(crate) echo: bool,
    /// Answer every message with what this shell command, given the message, prints
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exec: Option<String>,
    /// Serve any number of clients, not just one
    #[arg(short, long)]
    pub(crate) keep: bool,
    /// The longest message that is taken, in octets
    #[arg(long, value_name = "OCTETS", default_value_t = MAX_MESSAGE)]
    pub(crate) max_message: u32,
    #[command(flatten)]
    pub(crate) serving: Serving,
}

const LISTENING: &str = "\
A message is answered once it was printed, which its sender waits for:
  eop listen 127.0.0.1:9000 > copy
  eop listen 127.0.0.1:9000 --keep --exec 'tr a-z A-Z'

SIGTERM and SIGINT move the clients to --redirect-to, each behind its last answer, wait until they are gone, and end";

#[derive(Debug, Args)]
#[command(after_help = SENDING)]
pub(crate) struct Send {
    /// The server to begin at, such as service.example:9000
    #[arg(value_parser = home)]
    pub(crate) home: String,
    /// What to send; - and nothing mean standard input
    #[arg(conflicts_with = "data")]
    pub(crate) file: Option<PathBuf>,
    /// Send this as a message; may be given several times
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) data: Vec<String>,
    /// What of the input becomes a message
    #[arg(long, value_name = "CUT", default_value = "pieces")]
    pub(crate) cut: Cut,
    /// The longest message that is sent or taken, in octets
    #[arg(long, value_name = "OCTETS", default_value_t = MAX_MESSAGE)]
    pub(crate) max_message: u32,
    /// Give up rather than send a message again that a server left unanswered
    #[arg(long)]
    pub(crate) no_resend: bool,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) session: Session,
}

const SENDING: &str = "\
Copy a file, ask one question, ask one a line:
  eop send 127.0.0.1:9000 < file
  eop send 127.0.0.1:9000 --data question
  eop send 127.0.0.1:9000 --cut lines";

#[derive(Debug, Args)]
#[command(after_help = REDIRECTING)]
pub(crate) struct Redirector {
    /// Where to listen, such as 0.0.0.0:9000; port 0 means any free one
    pub(crate) listen: SocketAddr,
    /// Where clients are moved; if given several times, in turn
    #[arg(long, value_name = "TARGET", required = true, value_parser = target)]
    pub(crate) to: Vec<SocketAddrV4>,
    #[command(flatten)]
    pub(crate) identity: Identity,
}

const REDIRECTING: &str = "\
Half of the clients here, half there:
  eop redirector 0.0.0.0:9000 --to 192.168.0.10:9000 --to 192.168.0.11:9000";

#[derive(Debug, Args)]
#[command(after_help = TO_THE_SERVER)]
pub(crate) struct ClientGateway {
    /// Where the unmodified clients connect to; port 0 means any free one
    pub(crate) listen: SocketAddr,
    /// The server gateway, or redirector, at which every client begins
    #[arg(value_parser = home)]
    pub(crate) home: String,
    #[command(flatten)]
    pub(crate) session: Session,
    #[command(flatten)]
    pub(crate) crowd: Crowd,
}

const TO_THE_SERVER: &str = "\
  eop gateway client 127.0.0.1:8080 service.example:9000
  curl http://127.0.0.1:8080/";

#[derive(Debug, Args)]
#[command(after_help = TO_THE_APPLICATION)]
pub(crate) struct ServerGateway {
    /// Where to listen, such as 0.0.0.0:9000; port 0 means any free one
    pub(crate) listen: SocketAddr,
    /// The unmodified server, such as 127.0.0.1:80
    pub(crate) application: String,
    /// The application takes turns and keeps nothing between two of them (HTTP/1.1 without pipelining): clients may be
    /// moved between two requests, and not only before the first octet
    #[arg(long)]
    pub(crate) half_duplex: bool,
    #[command(flatten)]
    pub(crate) serving: Serving,
}

const TO_THE_APPLICATION: &str = "\
  eop gateway server 0.0.0.0:9000 127.0.0.1:80 --half-duplex --redirect-to 192.168.0.11:9000

Signals: SIGUSR1 moves the clients to --redirect-to from now on; SIGUSR2 keeps them again
         SIGTERM and SIGINT move them, wait until they are gone, and end; a second one ends at once";

/// 1 MiB (EOP-LIM-2).
const MAX_MESSAGE: u32 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_does_not_contradict_itself() {
        Arguments::command().debug_assert();
    }
}
