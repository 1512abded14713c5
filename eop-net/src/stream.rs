//! [`Stream`]: a transport as it is, or secured. What securing does is `tls/secured.rs`'s.

use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpStream};
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

impl<S: Accepted> Accepted for Stream<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        either!(self, it => it.peer_addr())
    }

    fn end_both(&self) {
        either!(self, it => it.end_both());
    }

    fn into_std(self, unsent: Vec<u8>, end: bool) -> io::Result<(TcpStream, Vec<u8>)> {
        either!(self, it => it.into_std(unsent, end))
    }

    fn wait(&self, wanted: Ready, timeout: Duration) -> Option<io::Result<Ready>> {
        either!(self, it => it.wait(wanted, timeout))
    }
}

impl<S: Transport + AsFd> AsFd for Stream<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        either!(self, it => it.as_fd())
    }
}
