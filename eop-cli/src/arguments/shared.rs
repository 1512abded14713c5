//! Options that several commands have.

use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use eop_net::policy::{Allow, Rule};

use super::values::{allow, seconds, target};

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
    #[arg(long, help_heading = "TLS", value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// The certificate's private key (a file in PEM)
    #[arg(long, help_heading = "TLS", value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Serve only clients whose certificates these authorities signed (a file in PEM)
    #[arg(long, help_heading = "TLS", value_name = "FILE", requires = "cert")]
    pub(crate) client_ca: Option<PathBuf>,
}

/// How a client's session goes.
#[derive(Debug, Args)]
pub(crate) struct Session {
    /// Speak TLS on every connection, and accept only servers that can show home's name
    #[arg(long, help_heading = "TLS")]
    pub(crate) tls: bool,
    /// Trust these authorities (a file in PEM) instead of the system's
    #[arg(long, help_heading = "TLS", value_name = "FILE", requires = "tls")]
    pub(crate) ca: Option<PathBuf>,
    /// The name in the certificates, if it is not that of home
    #[arg(long, help_heading = "TLS", value_name = "NAME", requires = "tls")]
    pub(crate) name: Option<String>,
    /// Show this certificate (a file in PEM, with its chain)
    #[arg(long, help_heading = "TLS", value_name = "FILE", requires_all = ["tls", "key"])]
    pub(crate) cert: Option<PathBuf>,
    /// The certificate's private key (a file in PEM)
    #[arg(long, help_heading = "TLS", value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Which targets are followed
    #[arg(
        long,
        help_heading = "Moves",
        value_name = "POLICY",
        default_value = "secure"
    )]
    pub(crate) policy: PolicyName,
    /// Follow these targets besides, such as 203.0.113.0/24:9000-9010; may be given several times
    #[arg(long, help_heading = "Moves", value_name = "PREFIX/BITS:PORTS", value_parser = allow)]
    pub(crate) allow: Vec<Allow>,
    /// Follow at most so many redirects until something is answered; 0 follows none
    #[arg(
        long,
        help_heading = "Moves",
        value_name = "COUNT",
        default_value_t = 5
    )]
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
