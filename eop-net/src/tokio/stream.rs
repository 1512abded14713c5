//! [`Async`]: a stream of tokio as a transport. Everything that waits is somebody else's.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use ::tokio::io::{AsyncRead, AsyncWrite};
use ::tokio::net::TcpStream;
use tokio_util::io::poll_read_buf;

use super::linger::see_off;
use crate::server::{Acknowledging, Farewell, Lingering};
use crate::socket::{self, Ready};
use crate::transport::{self, Read, Transport, Written};

/// A stream that a client can use: octets in order, and an end for each direction. What was written reaches the peer without
/// being flushed.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Our end, which [`Connected`](crate::client::Connected) tells.
    ///
    /// # Errors
    /// What the system says. The session takes the connection as not to be had then.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// Sends every message at once (EOP-FRM-10), if the stream would not.
    fn send_at_once(&self) {}

    /// Makes closing a reset, which the server cannot take for an end, if the stream has such a thing.
    fn reset_on_close(&self) {}

    /// Reads what is readable although the runtime has not heard of it yet, once, into the free capacity of `octets`, of
    /// which there is some; how many octets, or [`WouldBlock`](io::ErrorKind::WouldBlock). A client asks before it begins to
    /// write on an idle connection (EOP-CLS-11). A stream whose `poll_read` says it all has nothing to add.
    ///
    /// # Errors
    /// What the system says.
    fn try_read_now(&mut self, _octets: &mut Vec<u8>) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl Stream for TcpStream {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn send_at_once(&self) {
        socket::send_at_once(self);
    }

    fn reset_on_close(&self) {
        socket::reset_on_close(self);
    }

    fn try_read_now(&mut self, octets: &mut Vec<u8>) -> io::Result<usize> {
        let before = octets.len();
        match socket::read(&*self, octets) {
            Read::Octets => Ok(octets.len().saturating_sub(before)),
            Read::End => Ok(0),
            Read::Nothing => Err(io::ErrorKind::WouldBlock.into()),
            Read::Lost(error) => Err(error),
        }
    }
}

/// A stream that a server can use.
pub trait Accepted: Stream {
    /// The client's end.
    ///
    /// # Errors
    /// What the system says, for instance that the client is gone.
    fn peer_addr(&self) -> io::Result<SocketAddr>;

    /// Ends both streams, at once as far as the client can tell (EOP-ERR-1).
    fn end_both(&mut self);

    /// Octets that were handed over and that the client's transport has not acknowledged; `None` if that cannot be seen. The
    /// limits of a client that is seen off begin when there are none (EOP-CLS-4).
    fn unacknowledged(&self) -> Option<u32> {
        None
    }

    /// The most octets that can be handed over and not acknowledged, if that is known.
    fn send_buffer(&self) -> Option<u64> {
        None
    }

    /// The socket, if it is one: then a linger list's thread sees the client off. Otherwise a task does, which the list counts
    /// and does not limit: such a client costs no descriptor of its own.
    ///
    /// # Errors
    /// The stream itself, if it is no socket.
    fn into_socket(self) -> Result<io::Result<std::net::TcpStream>, Self>
    where
        Self: Sized,
    {
        Err(self)
    }
}

impl Accepted for TcpStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }

    fn end_both(&mut self) {
        socket::end_both(&*self);
    }

    fn into_socket(self) -> Result<io::Result<std::net::TcpStream>, Self> {
        Ok(self.into_std())
    }
}

/// A stream of tokio.
#[derive(Debug)]
pub struct Async<S>(pub(super) S);

impl<S: Accepted> Acknowledging for Async<S> {
    fn unacknowledged(&self) -> Option<u32> {
        self.0.unacknowledged()
    }

    fn send_buffer(&self) -> Option<u64> {
        self.0.send_buffer()
    }
}

impl<S: Stream> Transport for Async<S> {
    fn read(&mut self, cx: &mut Context<'_>, octets: &mut Vec<u8>) -> Read {
        match poll_read_buf(Pin::new(&mut self.0), cx, octets) {
            Poll::Ready(Ok(0)) => Read::End,
            Poll::Ready(Ok(_)) => Read::Octets,
            Poll::Ready(Err(error)) => Read::Lost(error),
            Poll::Pending => Read::Nothing,
        }
    }

    fn read_now(&mut self, cx: &mut Context<'_>, octets: &mut Vec<u8>) -> Read {
        match self.read(cx, octets) {
            Read::Nothing => match self.0.try_read_now(octets) {
                Ok(0) => Read::End,
                Ok(_) => Read::Octets,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Read::Nothing,
                Err(error) => Read::Lost(error),
            },
            read @ (Read::Octets | Read::End | Read::Lost(_)) => read,
        }
    }

    fn write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Written {
        let stream = Pin::new(&mut self.0);
        let written = match slices {
            [one] => stream.poll_write(cx, one),
            [..] => stream.poll_write_vectored(cx, slices),
        };
        match written {
            Poll::Ready(Ok(0)) => Written::Failed(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(count)) => Written::Octets(count),
            Poll::Ready(Err(error)) => Written::Failed(error),
            Poll::Pending => Written::Blocked,
        }
    }

    fn end_stream(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn reset_on_close(&mut self) {
        self.0.reset_on_close();
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn send_at_once(&self) {
        self.0.send_at_once();
    }

    fn now() -> Instant {
        ::tokio::time::Instant::now().into_std()
    }
}

impl<S: Accepted> transport::Accepted for Async<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }

    fn end_both(&mut self) {
        self.0.end_both();
    }

    fn see_off(self, farewell: Farewell) -> Lingering {
        match self.0.into_socket() {
            Ok(Ok(socket)) => farewell.over(socket),
            Ok(Err(_)) => farewell.lost(),
            Err(stream) => see_off(Self(stream), farewell),
        }
    }

    fn wait(&self, _: Ready, _: Duration) -> Option<io::Result<Ready>> {
        None
    }
}
