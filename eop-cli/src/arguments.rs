//! What can be said on the command line, and what it means. What is done with it is in the commands' own files.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use eop_net::policy::{Allow, Rule, never};

use crate::input::Cut;
use crate::log::Speaks;

/// Send and serve messages that can be moved from server to server, and carry unmodified applications
#[derive(Debug, Parser)]
#[command(name = "eop", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Say more; -vv says most
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say less: only failures, and with -qq nothing
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
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

#[derive(Debug, Args)]
pub(crate) struct Send {
    /// The server to begin at, such as service.example:9000
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

#[derive(Debug, Args)]
pub(crate) struct Redirector {
    /// Where to listen, such as 0.0.0.0:9000; port 0 means any free one
    pub(crate) listen: SocketAddr,
    /// Where clients are moved; if given several times, in turn
    #[arg(long, value_name = "TARGET", required = true, value_parser = target)]
    pub(crate) to: Vec<SocketAddrV4>,
    #[command(flatten)]
    pub(crate) identity: Identity,
}

#[derive(Debug, Args)]
pub(crate) struct ClientGateway {
    /// Where the unmodified clients connect to; port 0 means any free one
    pub(crate) listen: SocketAddr,
    /// The server gateway, or redirector, at which every client begins
    pub(crate) home: String,
    #[command(flatten)]
    pub(crate) session: Session,
    #[command(flatten)]
    pub(crate) crowd: Crowd,
}

#[derive(Debug, Args)]
#[command(after_help = SIGNALS)]
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

const SIGNALS: &str = "\
Signals: SIGUSR1 moves the clients to --redirect-to from now on; SIGUSR2 keeps them again
         SIGTERM and SIGINT move them, if there is --redirect-to, wait until they are gone, and end; a second one ends at once";

/// How a server treats its clients.
#[derive(Debug, Args)]
pub(crate) struct Serving {
    /// Where clients are moved when this server is full or is to stop; if given several times, in turn
    #[arg(long, value_name = "TARGET", value_parser = target)]
    pub(crate) redirect_to: Vec<SocketAddrV4>,
    #[command(flatten)]
    pub(crate) crowd: Crowd,
    /// How many seconds a peer may take no octet that is there for it
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) stall: Duration,
    #[command(flatten)]
    pub(crate) identity: Identity,
}

/// How many clients there are, and how long they are waited for.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Crowd {
    /// Clients at a time; others wait, or are moved
    #[arg(long, value_name = "COUNT", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_clients: u32,
    /// How many seconds clients are waited for when this is to stop
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) grace: Duration,
}

/// Who a server is.
#[derive(Debug, Args)]
pub(crate) struct Identity {
    /// Speak TLS, and show this certificate (a file in PEM, with its chain)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// The certificate's private key (a file in PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Serve only clients whose certificates these authorities signed (a file in PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) client_ca: Option<PathBuf>,
}

/// How a client's session goes.
#[derive(Debug, Args)]
pub(crate) struct Session {
    /// Speak TLS on every connection, and accept only servers that can show home's name
    #[arg(long)]
    pub(crate) tls: bool,
    /// Trust these authorities (a file in PEM) instead of the system's
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) ca: Option<PathBuf>,
    /// The name in the certificates, if it is not that of home
    #[arg(long, value_name = "NAME", requires = "tls")]
    pub(crate) name: Option<String>,
    /// Show this certificate (a file in PEM, with its chain)
    #[arg(long, value_name = "FILE", requires_all = ["tls", "key"])]
    pub(crate) cert: Option<PathBuf>,
    /// The certificate's private key (a file in PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Which targets are followed
    #[arg(long, value_name = "POLICY", default_value = "secure")]
    pub(crate) policy: PolicyName,
    /// Follow these targets besides, such as 203.0.113.0/24:9000-9010; may be given several times
    #[arg(long, value_name = "PREFIX/BITS:PORTS", value_parser = allow)]
    pub(crate) allow: Vec<Allow>,
    /// Follow at most so many redirects until something is answered; 0 follows none
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub(crate) max_redirects: u32,
    /// How many seconds a peer may take no octet that is there for it
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) stall: Duration,
}

/// The policies of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyName {
    /// Without TLS only within one host or one private network (EOP-POL-6)
    Secure,
    /// Also across the open network without TLS (EOP-POL-7)
    Paper,
}

impl PolicyName {
    pub(crate) const fn rule(self) -> Rule {
        match self {
            Self::Secure => Rule::Secure,
            Self::Paper => Rule::Paper,
        }
    }
}

/// 1 MiB (EOP-LIM-2).
const MAX_MESSAGE: u32 = 1024 * 1024;

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(Duration::ZERO) | Err(_) => Err("not a number of seconds above 0".to_owned()),
        Ok(duration) => Ok(duration),
    }
}

fn target(text: &str) -> Result<SocketAddrV4, String> {
    let target = text
        .parse()
        .map_err(|_| "not of the form 192.0.2.10:9000")?;
    match never(target) {
        None => Ok(target),
        Some(_) => Err("no client may be sent there (EOP-RED-14)".to_owned()),
    }
}

fn allow(text: &str) -> Result<Allow, String> {
    parse_allow(text).ok_or_else(|| "not of the form 203.0.113.0/24:9000-9010".to_owned())
}

fn parse_allow(text: &str) -> Option<Allow> {
    let (network, ports) = text.split_once(':')?;
    let (prefix, bits) = network.split_once('/').unwrap_or((network, "32"));
    let prefix: Ipv4Addr = prefix.parse().ok()?;
    let bits = bits.parse().ok().filter(|bits| *bits <= 32)?;
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let (first_port, last_port) = (first.parse().ok()?, last.parse().ok()?);
    (first_port <= last_port).then_some(Allow {
        prefix,
        bits,
        first_port,
        last_port,
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_does_not_contradict_itself() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_exception_names_a_network_and_its_ports() {
        let expected = Allow {
            prefix: Ipv4Addr::new(203, 0, 113, 0),
            bits: 24,
            first_port: 9000,
            last_port: 9010,
        };
        assert_eq!(allow("203.0.113.0/24:9000-9010"), Ok(expected));
    }

    #[test]
    fn an_exception_of_one_endpoint_needs_neither_bits_nor_a_second_port() {
        let expected = Allow {
            prefix: Ipv4Addr::new(203, 0, 113, 7),
            bits: 32,
            first_port: 9000,
            last_port: 9000,
        };
        assert_eq!(allow("203.0.113.7:9000"), Ok(expected));
    }

    #[test]
    fn an_exception_without_ports_or_with_none_between_is_refused() {
        let wrong = ["203.0.113.0/24", "203.0.113.0/33:1", "203.0.113.0/24:2-1"];
        assert!(wrong.into_iter().all(|text| allow(text).is_err()));
    }
}
