//! [`Transport`]: the octets of one connection, as everything above takes them: whatever cannot be done now is not waited
//! for here. Whoever drives a future is woken through the context; whoever waits for sockets ignores it. No frame, no
//! machine, no limit may come in.

use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpStream};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::server::{Farewell, Lingering};
use crate::socket::{self, Ready};

/// What came of reading.
#[derive(Debug)]
pub enum Read {
    /// Octets.
    Octets,
    /// The end of the stream.
    End,
    /// Nothing is there now.
    Nothing,
    /// The connection is lost.
    Lost(io::Error),
}

/// What came of writing.
#[derive(Debug)]
pub enum Written {
    /// The transport took this many octets.
    Octets(usize),
    /// It takes none now.
    Blocked,
    /// It takes none any more, and took none of these.
    Failed(io::Error),
}

/// A connection's octets.
pub trait Transport {
    /// Reads once into the free capacity of `octets`, of which there is some.
    fn read(&mut self, cx: &mut Context<'_>, octets: &mut Vec<u8>) -> Read;

    /// The same, and nothing is there only if the system says so: a transport that learns by and by of what is readable may
    /// not have heard yet.
    fn read_now(&mut self, cx: &mut Context<'_>, octets: &mut Vec<u8>) -> Read {
        self.read(cx, octets)
    }

    /// Hands `slices`, which are not all empty, to the transport in one operation.
    fn write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Written;

    /// Goes on with what it took and has not handed on.
    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ends our stream. The peer's goes on.
    fn end_stream(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Makes closing a reset, where that can be done.
    fn reset_on_close(&mut self);

    /// Our end.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// Switches Nagle's algorithm off (EOP-FRM-10). A socket that is lost already does not mind.
    fn send_at_once(&self);

    /// The time, by the clock of whoever waits for this transport.
    fn now() -> Instant {
        Instant::now()
    }
}

/// The same for a connection that was accepted, and may have to be seen off.
pub trait Accepted: Transport + Sized {
    /// The peer's end.
    fn peer_addr(&self) -> io::Result<SocketAddr>;

    /// Ends both streams, at once as far as the peer can tell.
    fn end_both(&mut self);

    /// Sees the peer off, whoever does that for such a transport.
    fn see_off(self, farewell: Farewell) -> Lingering;

    /// Waits, at most for `timeout`, for what is wanted; `None` if this is no transport that is waited for.
    fn wait(&self, wanted: Ready, timeout: Duration) -> Option<io::Result<Ready>>;
}

impl Transport for TcpStream {
    fn read(&mut self, _: &mut Context<'_>, octets: &mut Vec<u8>) -> Read {
        socket::read(self, octets)
    }

    fn write(&mut self, _: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Written {
        socket::write(self, slices)
    }

    fn end_stream(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(socket::end_stream(self))
    }

    fn reset_on_close(&mut self) {
        socket::reset_on_close(self);
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn send_at_once(&self) {
        socket::send_at_once(self);
    }
}

impl Accepted for TcpStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }

    fn end_both(&mut self) {
        socket::end_both(self);
    }

    fn see_off(self, farewell: Farewell) -> Lingering {
        farewell.over(self)
    }

    fn wait(&self, wanted: Ready, timeout: Duration) -> Option<io::Result<Ready>> {
        Some(socket::wait(self, wanted, Some(timeout)))
    }
}
