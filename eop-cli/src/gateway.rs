//! The two gateways, which carry an application's octets over EOP without a word of its protocol:
//!
//! ```text
//! client <--TCP--> client gateway <--EOP--> server gateway <--TCP--> server
//! ```
//!
//! Between them runs one session for each connection of the client, on these terms ([`SERVICE`]):
//!
//! * The server gateway begins every connection with one *greeting*, which is empty: the server takes the client. A
//!   redirect in its place moves the client at accept. Until the greeting the client gateway reads nothing from its client:
//!   then there is nothing to send again, and no end of a stream that a redirect would make the end of the session
//!   (EOP-HCL-3).
//! * The client's octets travel as messages. The server gateway answers each with an *empty message* once the server has
//!   all of it. That is what the client gateway retires, so a redirect leaves owed exactly what no server has seen, whatever
//!   the servers say meanwhile and whether anybody asked. What was passed on and not acknowledged when a connection breaks
//!   is uncertain, and ends the client's connection with a reset: it is not said again.
//! * The server's octets travel as messages that are not empty.
//!
//! When a client may be moved is `exchange.rs`'s to say. Each side holds a bounded number of octets for the other: a client
//! that does not read is not read from, and neither is a server.

pub(crate) mod client;
mod exchange;
pub(crate) mod server;

use std::io;
use std::time::Duration;

use bytes::Buf;
use eop_net::{Discipline, Service};
use rustix::net::sockopt::set_socket_linger;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The most octets of a message between the gateways: what every receiver takes (EOP-LIM-1).
const PIECE: usize = 64 * 1024;

/// The terms between the gateways.
const SERVICE: Service = Service {
    discipline: Discipline::Manual,
    greetings: 1,
    max_payload: 64 * 1024,
};

/// Hands `octets` on, as many as are taken at once. Whoever takes none for as long as `stall` is not waited for.
///
/// May be dropped at any time: what was taken is gone from `octets`.
async fn hand_on(
    to: &mut (impl AsyncWrite + Unpin),
    octets: &mut impl Buf,
    stall: Duration,
) -> io::Result<()> {
    let taken = timeout(stall, to.write_buf(octets)).await;
    match taken {
        Ok(taken) => taken.map(drop),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "it takes no octets",
        )),
    }
}

/// How closing a socket looks to its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    /// Like the end of a stream.
    End,
    /// Like what it is, a failure. Every socket begins so: whatever goes wrong here, nobody takes what was said so far for
    /// all there was to say.
    Reset,
}

impl Closing {
    fn of(self, socket: &TcpStream) {
        let linger = match self {
            Self::End => None,
            Self::Reset => Some(Duration::ZERO),
        };
        // A socket that is lost already does not mind.
        let _ = set_socket_linger(socket, linger);
    }
}
