//! A listener and its connections that make futures. What a connection does without waiting is `server/connection.rs`'s.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::tokio::net::{TcpListener, TcpStream};

use super::alarm::Alarm;
use super::stream::{Accepted, Async};
use crate::error::Error;
use crate::inbox::{Payload, nobody};
use crate::server::{
    AtHand, Config, ConnectionOver, Counters, LingerList, ListenerOver, RefusedOver,
};
use crate::socket;
use crate::transport::Transport as _;

/// A listening socket of tokio.
pub type Listener = ListenerOver<TcpListener>;
/// An accepted client over tokio.
pub type Connection<S = TcpStream> = ConnectionOver<Async<S>>;
/// A redirect that was refused, and the connection, as it was before.
pub type Refused<S = TcpStream> = RefusedOver<Async<S>>;

impl Listener {
    /// Listens on `address`; port 0 means any free one. 1024 connections may wait to be accepted.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(address: SocketAddr, config: Config) -> io::Result<Self> {
        Self::from_std(socket::listen_on(address)?, config)
    }

    /// The same `count` times on one address, as [`crate::Listener::bind_each`] does.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind_each(address: SocketAddr, config: Config, count: usize) -> io::Result<Vec<Self>> {
        let sockets = socket::listen_each(address, count)?.into_iter();
        sockets.map(|it| Self::from_std(it, config)).collect()
    }

    fn from_std(socket: std::net::TcpListener, config: Config) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let at = socket.local_addr().ok();
        Ok(Self::over(TcpListener::from_std(socket)?, at, config))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The next client.
    ///
    /// # Errors
    /// As [`crate::Listener::accept`].
    pub async fn accept(&self) -> io::Result<Connection> {
        self.accepted(Async(self.accept_stream().await?))
    }

    /// The same, without a word of EOP yet. Give the socket to [`connection`](Self::connection).
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub async fn accept_stream(&self) -> io::Result<TcpStream> {
        Ok(self.socket.accept().await?.0)
    }

    /// A connection over a socket that was accepted, with terms of its own. This listener's drain and linger list are its
    /// too.
    ///
    /// # Errors
    /// The configuration of TLS cannot be used.
    pub fn connection(&self, socket: TcpStream, config: Config) -> io::Result<Connection> {
        self.found(Async(socket), config)
    }
}

impl<S: Accepted> Connection<S> {
    /// Speaks EOP over a stream that was accepted elsewhere. It lingers in the process's own list.
    #[must_use]
    pub fn over(stream: S, config: Config) -> Self {
        let socket = Async(stream);
        socket.send_at_once();
        let socket = crate::stream::Stream::Plain(socket);
        Self::new(
            socket,
            Arc::new(config),
            LingerList::default(),
            None,
            Counters::default(),
        )
    }

    /// The next request's payload; `None` when the client has no more (EOP-HCL-1), or a
    /// [`Drain`](crate::server::Drain) has moved it. What it asked before may still be answered in the first case. What was
    /// handed over before goes out meanwhile.
    ///
    /// The future may be dropped at any time: a request that was not returned comes next time.
    ///
    /// # Errors
    /// [`Error`], final: the client broke the protocol, left a header incomplete, takes no octets, or is gone.
    pub async fn receive(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let request = self.next_request(nobody()).await?;
        Ok(request.map(|payload| payload.octets))
    }

    /// The same for a request that need not be in memory as a whole: `take` is given its payload piece by piece, as it comes,
    /// without a copy. Its length, once it is complete.
    ///
    /// The future may be dropped at any time; whoever takes the rest of the request does so with this function.
    ///
    /// # Errors
    /// As [`receive`](Self::receive). What was taken is then no request.
    pub async fn receive_by(&mut self, take: impl FnMut(&[u8])) -> Result<Option<u64>, Error> {
        let request = self.next_request(Some(take)).await?;
        Ok(request.map(|payload| payload.handed_on))
    }

    fn next_request(
        &mut self,
        mut take: Option<impl FnMut(&[u8])>,
    ) -> impl Future<Output = Result<Option<Payload>, Error>> {
        let mut alarm = Alarm::default();
        poll_fn(move |cx| self.poll_receive(&mut take, &mut alarm, cx))
    }

    /// Answers the oldest request that waits (EOP-ACC-3), or, in manual, sends any message. Once a
    /// [`Drain`](crate::server::Drain) has begun, the answer to the last request moves the client.
    ///
    /// The response is handed over by the call; the future waits until the transport has taken it. Who drops the future, or
    /// calls this again before, has the response sent during later calls.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no request waits, a greeting is still due or the payload is too long; otherwise final.
    pub fn respond<'a>(
        &'a mut self,
        payload: &[u8],
    ) -> impl Future<Output = Result<(), Error>> + Send + use<'a, S> {
        let handed_over = self.answer(payload);
        self.flush_after(handed_over)
    }

    /// Sends one of the greetings that the service begins every connection with (EOP-ACC-4), as
    /// [`respond`](Self::respond) sends a response.
    ///
    /// # Errors
    /// [`Error::Misuse`] if none is due or the payload is too long; otherwise final.
    pub fn greet<'a>(
        &'a mut self,
        payload: &[u8],
    ) -> impl Future<Output = Result<(), Error>> + Send + use<'a, S> {
        let handed_over = self.say_hello(payload);
        self.flush_after(handed_over)
    }

    /// Waits until the client is secured, which [`receive`](Self::receive) does by itself. A server that is secured and speaks
    /// first, or redirects without reading, calls this before.
    ///
    /// # Errors
    /// [`Error`], final: the handshake failed, or took too long.
    pub async fn secured(&mut self) -> Result<(), Error> {
        let mut alarm = Alarm::default();
        poll_fn(move |cx| {
            loop {
                if let Poll::Ready(secured) = self.poll_secured(cx) {
                    return Poll::Ready(secured);
                }
                if alarm.poll(self.secured_by(), cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Waits until the transport has taken everything that was handed over.
    ///
    /// # Errors
    /// [`Error`], final: the client takes no octets, or is gone.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.flush_after(Ok(())).await
    }

    fn flush_after(
        &mut self,
        handed_over: Result<(), Error>,
    ) -> impl Future<Output = Result<(), Error>> {
        let mut refused = handed_over.err();
        let mut alarm = Alarm::default();
        poll_fn(move |cx| {
            if let Some(error) = refused.take() {
                return Poll::Ready(Err(error));
            }
            loop {
                if let Poll::Ready(flushed) = self.poll_flush(cx) {
                    return Poll::Ready(flushed);
                }
                if alarm.poll(self.stalls_at(), cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
    }

    fn poll_receive(
        &mut self,
        take: &mut Option<impl FnMut(&[u8])>,
        alarm: &mut Alarm,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Payload>, Error>> {
        loop {
            if self.poll_secured(cx)?.is_pending() {
                if alarm.poll(self.secured_by(), cx).is_pending() {
                    return Poll::Pending;
                }
                continue;
            }
            let flushed = self.poll_flush(cx)?.is_ready();
            let mut until = self.stalls_at();
            if let Some(serving) = self.serving() {
                serving.wake_when_begun(cx.waker());
            }
            match self.at_hand(take)? {
                AtHand::Request(request) => return Poll::Ready(Ok(Some(request))),
                AtHand::NoMore if flushed || self.socket.is_none() => return Poll::Ready(Ok(None)),
                AtHand::NoMore => {}
                AtHand::Nothing => {
                    let Some(socket) = &mut self.socket else {
                        return Poll::Ready(Ok(None));
                    };
                    let read = self.inbox.read(socket, cx);
                    if self.heed(read)? {
                        continue;
                    }
                    let left = self.header_left()?;
                    let header = left.and_then(|left| Async::<S>::now().checked_add(left));
                    until = [until, header].into_iter().flatten().min();
                }
            }
            if alarm.poll(until, cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
