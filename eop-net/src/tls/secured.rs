//! [`Secured`]: a transport of plaintext over a transport of ciphertext. It never waits either. Whom to trust is decided by
//! rustls and its configuration.

use std::io::{self, BufRead as _, IoSlice, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use ::rustls::{ClientConnection, Connection, ServerConnection};

use super::{ALPN, ClientTls, ServerTls};
use crate::transport::{Accepted, Read, Transport, Written};

/// Octets of ciphertext read at a time: more than a record.
const CAPACITY: usize = 32 * 1024;

#[derive(Debug)]
pub(crate) struct Secured<S: Transport> {
    tls: Connection,
    transport: S,
    /// When the handshake could begin.
    since: Instant,
    /// Ciphertext that was received.
    received: Vec<u8>,
    /// Octets of it at the front that rustls has.
    seen: usize,
    /// Whether the handshake is over, and ends as it has to.
    is_made: bool,
    /// Whether our stream was ended.
    ended: bool,
}

/// Whether an error of a transport is TLS's own: an alert, or octets that are none of TLS.
pub(crate) fn is_fault(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<::rustls::Error>())
}

impl<S: Transport> Secured<S> {
    pub(crate) fn client(transport: S, tls: &ClientTls) -> io::Result<Self> {
        let tls = ClientConnection::new(Arc::clone(&tls.config), tls.name.clone())
            .map_err(io::Error::other)?;
        Ok(Self::new(transport, tls.into()))
    }

    pub(crate) fn server(transport: S, tls: &ServerTls) -> io::Result<Self> {
        let tls = ServerConnection::new(Arc::clone(&tls.config)).map_err(io::Error::other)?;
        Ok(Self::new(transport, tls.into()))
    }

    fn new(transport: S, tls: Connection) -> Self {
        transport.send_at_once();
        Self {
            tls,
            transport,
            since: S::now(),
            received: Vec::new(),
            seen: 0,
            is_made: false,
            ended: false,
        }
    }

    /// Ready once both ends are authenticated as they have to be and speak EOP (EOP-SEC-3).
    pub(crate) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.is_made {
            // What it cannot take now goes out while we read.
            let _ = self.poll_flush(cx)?;
            if !self.tls.is_handshaking() {
                if self.tls.alpn_protocol() != Some(ALPN) {
                    let error = ::rustls::Error::NoApplicationProtocol;
                    return Poll::Ready(Err(io::Error::other(error)));
                }
                self.is_made = true;
                break;
            }
            match self.take_in(cx, false) {
                Read::Octets => {}
                Read::End => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Read::Nothing => return Poll::Pending,
                Read::Lost(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// When the handshake could begin.
    pub(crate) const fn handshake_since(&self) -> Instant {
        self.since
    }

    pub(crate) fn wants_write(&self) -> bool {
        self.tls.wants_write()
    }

    /// Reads ciphertext once, or goes on with what was read, and lets rustls see it.
    fn take_in(&mut self, cx: &mut Context<'_>, now: bool) -> Read {
        if self.seen == self.received.len() {
            self.received.clear();
            self.seen = 0;
            self.received.reserve_exact(CAPACITY);
            let read = match now {
                true => self.transport.read_now(cx, &mut self.received),
                false => self.transport.read(cx, &mut self.received),
            };
            match read {
                Read::Octets => {}
                other @ (Read::End | Read::Nothing | Read::Lost(_)) => return other,
            }
        }
        let mut rest = self.received.get(self.seen..).unwrap_or_default();
        let fed = self.tls.read_tls(&mut rest);
        self.seen = self.received.len().saturating_sub(rest.len());
        let processed = match fed {
            Ok(_) => self.tls.process_new_packets(),
            Err(error) => return Read::Lost(error),
        };
        match processed {
            Ok(_) => Read::Octets,
            Err(error) => {
                // The alert, if the transport takes it.
                let _ = self.poll_flush(cx);
                Read::Lost(io::Error::other(error))
            }
        }
    }

    /// Hands plaintext to the free capacity of `octets`.
    fn hand_out(&mut self, octets: &mut Vec<u8>) -> Read {
        let mut reader = self.tls.reader();
        let count = match reader.fill_buf() {
            // The peer said that it would end (EOP-SEC-6).
            Ok([]) => return Read::End,
            Ok(plaintext) => {
                let room = octets.capacity().saturating_sub(octets.len());
                let taken = plaintext.get(..room).unwrap_or(plaintext);
                octets.extend_from_slice(taken);
                taken.len()
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Read::Nothing,
            Err(error) => return Read::Lost(error),
        };
        reader.consume(count);
        Read::Octets
    }

    /// Reads ciphertext until there is plaintext.
    fn read_plaintext(&mut self, cx: &mut Context<'_>, octets: &mut Vec<u8>, now: bool) -> Read {
        let _ = self.poll_flush(cx);
        loop {
            match self.hand_out(octets) {
                Read::Nothing => {}
                other @ (Read::Octets | Read::End | Read::Lost(_)) => return other,
            }
            match self.take_in(cx, now) {
                Read::Octets => {}
                // Whoever cut it off there was not our peer (EOP-SEC-6).
                Read::End => return Read::Lost(io::ErrorKind::UnexpectedEof.into()),
                other @ (Read::Nothing | Read::Lost(_)) => return other,
            }
        }
    }
}

impl<S: Transport> Transport for Secured<S> {
    fn read(&mut self, cx: &mut Context<'_>, octets: &mut Vec<u8>) -> Read {
        self.read_plaintext(cx, octets, false)
    }

    fn read_now(&mut self, cx: &mut Context<'_>, octets: &mut Vec<u8>) -> Read {
        self.read_plaintext(cx, octets, true)
    }

    fn write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Written {
        match self.poll_flush(cx) {
            Poll::Ready(Ok(())) => {}
            Poll::Pending => return Written::Blocked,
            Poll::Ready(Err(error)) => return Written::Failed(error),
        }
        // Bounded by rustls: what it takes goes out before it takes more.
        match self.tls.writer().write_vectored(slices) {
            Ok(count) => {
                // An error is found again by whoever reads, or writes, next.
                let _ = self.poll_flush(cx);
                Written::Octets(count)
            }
            Err(error) => Written::Failed(error),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let transport = &mut self.transport;
        while self.tls.wants_write() {
            let mut to = Ciphertext {
                transport: &mut *transport,
                cx: &mut *cx,
            };
            match self.tls.write_tls(&mut to) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn end_stream(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.say_end();
        if self.poll_flush(cx)?.is_pending() {
            return Poll::Pending;
        }
        self.transport.end_stream(cx)
    }

    /// And no farewell before it: the peer would take that for the end.
    fn reset_on_close(&mut self) {
        self.ended = true;
        self.transport.reset_on_close();
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.transport.local_addr()
    }

    fn send_at_once(&self) {}

    fn now() -> Instant {
        S::now()
    }
}

impl<S: Transport> Secured<S> {
    /// Says that the stream ends here, if the transport still takes that (EOP-SEC-6).
    pub(crate) fn say_farewell(&mut self) {
        if self.is_made {
            self.say_end();
            let _ = self.poll_flush(&mut Context::from_waker(Waker::noop()));
        }
    }

    fn say_end(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            self.tls.send_close_notify();
        }
    }
}

impl<S: Accepted> Secured<S> {
    /// The transport below, and what it has to write so that `unsent` has gone out, and, if our stream `end`s there, that it
    /// does. What is discarded from now on need not be decrypted.
    pub(crate) fn into_transport(mut self, unsent: &[u8], end: bool) -> io::Result<(S, Vec<u8>)> {
        self.tls.set_buffer_limit(None);
        self.tls.writer().write_all(unsent)?;
        if end {
            self.say_end();
        }
        let mut ciphertext = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut ciphertext)?;
        }
        Ok((self.transport, ciphertext))
    }

    pub(crate) const fn transport(&self) -> &S {
        &self.transport
    }

    pub(crate) const fn transport_mut(&mut self) -> &mut S {
        &mut self.transport
    }
}

impl<S: Transport + AsFd> AsFd for Secured<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.transport.as_fd()
    }
}

/// Where rustls writes to.
struct Ciphertext<'a, 'b, S> {
    transport: &'a mut S,
    cx: &'a mut Context<'b>,
}

impl<S: Transport> Write for Ciphertext<'_, '_, S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(octets)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.transport.write(self.cx, slices) {
            Written::Octets(count) => Ok(count),
            Written::Blocked => Err(io::ErrorKind::WouldBlock.into()),
            Written::Failed(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
