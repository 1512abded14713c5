//! [`Transport`]: the octets of EOP on one socket, in cleartext or over TLS. Nothing here waits, and nothing knows frames.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use super::secured::Secured;
use crate::verdict::End;

/// What carries the octets.
#[derive(Debug)]
pub(super) enum Transport {
    Plain(TcpStream),
    Secured(Box<Secured>),
}

/// What reading brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Received {
    /// This many octets.
    Octets(usize),
    /// The end of the testee's stream.
    End(End),
}

impl Transport {
    /// Hands over octets, in one operation; how many were taken. An error [would block](io::ErrorKind::WouldBlock), or is
    /// the connection's end.
    pub(super) fn write(&self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => (&*stream).write(octets),
            Self::Secured(secured) => secured.write(octets),
        }
    }

    /// Whether octets were taken that the system has not.
    pub(super) fn holds_back(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Secured(secured) => secured.holds_back(),
        }
    }

    /// Hands on what was taken; errors as in [`write`](Self::write).
    pub(super) fn flush(&self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Secured(secured) => secured.flush(),
        }
    }

    /// Reads once; errors as in [`write`](Self::write).
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<Received> {
        match self {
            Self::Plain(stream) => Ok(match (&*stream).read(buffer)? {
                0 => Received::End(End::Fin),
                count => Received::Octets(count),
            }),
            Self::Secured(secured) => secured.read(buffer),
        }
    }

    /// Takes, as the last octets, what says over TLS that the runner's stream ends.
    pub(super) fn say_end(&self) {
        if let Self::Secured(secured) = self {
            secured.say_end();
        }
    }

    /// Ends the runner's stream, behind what the system was handed.
    pub(super) fn end(&self) -> io::Result<()> {
        self.stream().shutdown(Shutdown::Write)
    }

    /// What TLS found out in the handshake.
    pub(super) fn secured(&self) -> Option<&Secured> {
        match self {
            Self::Plain(_) => None,
            Self::Secured(secured) => Some(secured),
        }
    }

    pub(super) fn stream(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Secured(secured) => secured.stream(),
        }
    }
}
