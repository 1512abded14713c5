//! Why a call on a server's connection failed.

use std::fmt;
use std::io;

use eop_statemachine::{PeerError, server};

/// Why a connection cannot go on, or why a call was refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The caller's mistake. Nothing was sent and the connection goes on.
    Misuse(server::Misuse),
    /// A redirect to the very endpoint on which the client was accepted (EOP-EPI-10): the caller's mistake, too.
    OwnEndpoint,
    /// The caller's mistake, too: over TLS nothing is said before the handshake, which was to be awaited.
    NotSecured,
    /// The client broke the protocol. The connection is over (EOP-ERR-1).
    Peer(PeerError),
    /// The client left a header, or a handshake, incomplete for too long. The connection is over (EOP-TIM-1).
    Timeout,
    /// The client took no octets for too long. The connection is over (EOP-CLS-12).
    Stall,
    /// The connection was lost.
    Lost(io::Error),
}

impl Error {
    /// The name by which it is counted. What the client broke has the name that test drivers and reports know it by.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Misuse(_) => "Misuse",
            Self::OwnEndpoint => "OwnEndpoint",
            Self::NotSecured => "NotSecured",
            Self::Peer(error) => error.kind(),
            Self::Timeout => "Timeout",
            Self::Stall => "Stall",
            Self::Lost(_) => "Lost",
        }
    }

    /// Whether the connection is over. Otherwise the call was refused and had no effect.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Misuse(_) | Self::OwnEndpoint | Self::NotSecured => false,
            Self::Peer(_) | Self::Timeout | Self::Stall | Self::Lost(_) => true,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::OwnEndpoint => f.write_str("a redirect to where the client is (EOP-EPI-10)"),
            Self::NotSecured => f.write_str("the TLS handshake is not over (EOP-SEC-1)"),
            Self::Peer(error) => error.fmt(f),
            Self::Timeout => f.write_str("the client left a header incomplete (EOP-TIM-1)"),
            Self::Stall => f.write_str("the client takes no octets (EOP-CLS-12)"),
            Self::Lost(error) => write!(f, "the connection is lost: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Misuse(misuse) => Some(misuse),
            Self::Peer(error) => Some(error),
            Self::Lost(error) => Some(error),
            Self::OwnEndpoint | Self::NotSecured | Self::Timeout | Self::Stall => None,
        }
    }
}

impl From<server::Misuse> for Error {
    fn from(misuse: server::Misuse) -> Self {
        Self::Misuse(misuse)
    }
}
