//! [`Stream`]: a transport as it is, or secured. What securing does is `tls/secured.rs`'s.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::socket::Ready;
#[cfg(feature = "tls")]
use crate::tls::Secured;
use crate::transport::{Accepted, Read, Transport, Written};

#[derive(Debug)]
pub(crate) enum Stream<S: Transport> {
    Plain(S),
    #[cfg(feature = "tls")]
    Secured(Box<Secured<S>>),
}

/// The same call on either.
macro_rules! either {
    ($stream:expr, $it:ident => $call:expr) => {
        match $stream {
            Stream::Plain($it) => $call,
            #[cfg(feature = "tls")]
            Stream::Secured($it) => $call,
        }
    };
}

impl<S: Transport> Stream<S> {
    /// Goes on with the handshake, if there is one.
    pub(crate) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(_) => {
                let _ = cx;
                Poll::Ready(Ok(()))
            }
            #[cfg(feature = "tls")]
            Self::Secured(secured) => secured.poll_handshake(cx),
        }
    }

    /// When the handshake, if there is one, could begin.
    pub(crate) const fn handshake_since(&self) -> Option<Instant> {
        match self {
            Self::Plain(_) => None,
            #[cfg(feature = "tls")]
            Self::Secured(secured) => Some(secured.handshake_since()),
        }
    }

    /// Whether something goes out that nobody else knows of.
    pub(crate) fn wants_write(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            #[cfg(feature = "tls")]
            Self::Secured(secured) => secured.wants_write(),
        }
    }

    /// Says that the stream ends here, where that is said, if the transport still takes it.
    pub(crate) fn say_farewell(&mut self) {
        match self {
            Self::Plain(_) => {}
            #[cfg(feature = "tls")]
            Self::Secured(secured) => secured.say_farewell(),
        }
    }

    /// The transport itself, if nothing lies between.
    pub(crate) const fn plain(&self) -> Option<&S> {
        match self {
            Self::Plain(transport) => Some(transport),
            #[cfg(feature = "tls")]
            Self::Secured(_) => None,
        }
    }
}

impl<S: Transport> Transport for Stream<S> {
    fn read(&mut self, cx: &mut Context<'_>, octets: &mut Vec<u8>) -> Read {
        either!(self, it => it.read(cx, octets))
    }

    fn read_now(&mut self, cx: &mut Context<'_>, octets: &mut Vec<u8>) -> Read {
        either!(self, it => it.read_now(cx, octets))
    }

    fn write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Written {
        either!(self, it => it.write(cx, slices))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, it => it.poll_flush(cx))
    }

    fn end_stream(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, it => it.end_stream(cx))
    }

    fn reset_on_close(&mut self) {
        either!(self, it => it.reset_on_close());
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        either!(self, it => it.local_addr())
    }

    fn send_at_once(&self) {
        either!(self, it => it.send_at_once());
    }

    fn now() -> Instant {
        S::now()
    }
}

impl<S: Accepted> Stream<S> {
    /// The peer's end.
    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.transport().peer_addr()
    }

    /// Ends both streams, at once as far as the peer can tell.
    pub(crate) fn end_both(&mut self) {
        self.transport_mut().end_both();
    }

    /// Waits, at most for `timeout`, for what is wanted; `None` if this is no transport that is waited for.
    pub(crate) fn wait(&self, wanted: Ready, timeout: Duration) -> Option<io::Result<Ready>> {
        self.transport().wait(wanted, timeout)
    }

    /// The transport below, and what it has to write so that `unsent` has gone out, and, if our stream `end`s there, that it
    /// does.
    pub(crate) fn into_transport(self, unsent: Vec<u8>, end: bool) -> io::Result<(S, Vec<u8>)> {
        match self {
            Self::Plain(transport) => {
                let _ = end;
                Ok((transport, unsent))
            }
            #[cfg(feature = "tls")]
            Self::Secured(secured) => secured.into_transport(&unsent, end),
        }
    }

    const fn transport(&self) -> &S {
        match self {
            Self::Plain(transport) => transport,
            #[cfg(feature = "tls")]
            Self::Secured(secured) => secured.transport(),
        }
    }

    const fn transport_mut(&mut self) -> &mut S {
        match self {
            Self::Plain(transport) => transport,
            #[cfg(feature = "tls")]
            Self::Secured(secured) => secured.transport_mut(),
        }
    }
}

impl<S: Transport + AsFd> AsFd for Stream<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        either!(self, it => it.as_fd())
    }
}
