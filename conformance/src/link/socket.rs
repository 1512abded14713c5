//! A connected socket that writes down what goes over it. What the octets mean is not known here.

use std::cell::Cell;
use std::io;
use std::net::{SocketAddrV4, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::net::sockopt;

use super::secured::{Secured, Security, Shown, Unsecured};
use super::transport::{Received, Transport};
use super::{ready, v4};
use crate::link::Manner;
use crate::timeline::{Connection, Log, Side};
use crate::verdict::{Axis, End, Step, Stop};

/// A connection with the log of its play.
#[derive(Debug)]
pub(super) struct Socket {
    transport: Transport,
    connection: Arc<Connection>,
    log: Log,
    /// Whether a write has failed. Then the next read may report an end of stream that is none.
    lost: Cell<bool>,
}

impl Socket {
    /// `testee` is the other end, which a connection that was reset meanwhile could not tell any more. A connection that has
    /// to be secured is, or the handshake failed, which may take so long.
    pub(super) fn over(
        label: &str,
        stream: TcpStream,
        testee: SocketAddrV4,
        opener: Side,
        Manner {
            log,
            security,
            wait,
            ..
        }: &Manner,
    ) -> Step<Result<Self, Unsecured>> {
        let set = stream
            .set_nonblocking(true)
            .and_then(|()| stream.set_nodelay(true));
        set.map_err(|error| Stop::Harness(format!("cannot set up a socket: {error}")))?;
        // What a script lets go of is reset: thousands of ports in TIME-WAIT would slow down every `listen` of this host.
        sockopt::set_socket_linger(&stream, Some(Duration::ZERO))
            .map_err(|error| Stop::Harness(format!("cannot set up a socket: {error}")))?;
        let connection = log.opened(label, opener, v4(stream.local_addr())?, testee);
        let transport = match security {
            None => Transport::Plain(stream),
            Some(security) => match secure(stream, &connection, security, *wait, log)? {
                Ok(secured) => Transport::Secured(Box::new(secured)),
                Err(unsecured) => return Ok(Err(unsecured)),
            },
        };
        Ok(Ok(Self {
            transport,
            connection,
            log: log.clone(),
            lost: Cell::new(false),
        }))
    }

    /// What the testee showed in the handshake; `None` without one.
    pub(super) fn shown(&self) -> Option<&Shown> {
        self.transport.secured().map(Secured::shown)
    }

    /// Whether both sides said that they speak EOP; `None` without a handshake.
    pub(super) fn speaks_eop(&self) -> Option<bool> {
        self.transport.secured().map(Secured::speaks_eop)
    }

    pub(super) fn runner(&self) -> SocketAddrV4 {
        self.connection.runner
    }

    pub(super) const fn lost(&self) -> bool {
        self.lost.get()
    }

    pub(super) fn testee(&self) -> SocketAddrV4 {
        self.connection.testee
    }

    /// Writes all octets; `blocked` runs whenever the testee does not take them. A testee that has closed is no error here:
    /// the script sees the end.
    pub(super) fn push(
        &self,
        mut octets: &[u8],
        wait: Duration,
        mut blocked: impl FnMut(),
    ) -> Step {
        let until = Instant::now() + wait;
        while !octets.is_empty() || self.transport.holds_back() {
            let written = match octets {
                [] => self.transport.flush().map(|()| 0),
                [..] => self.transport.write(octets),
            };
            match written {
                Ok(count) => {
                    let (taken, rest) = octets.split_at_checked(count).unwrap_or((octets, &[]));
                    if !taken.is_empty() {
                        self.log.octets(&self.connection, Side::Runner, taken);
                    }
                    octets = rest;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if Instant::now() > until {
                        return Err(Stop::silence(
                            Axis::Messages,
                            "the testee reads what it is sent",
                            wait,
                        ));
                    }
                    ready(
                        self.transport.stream(),
                        PollFlags::OUT | PollFlags::IN,
                        Duration::from_millis(20),
                    );
                    blocked();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.note(format!("{} octets not sent: {error}", octets.len()));
                    self.lost.set(true);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Takes what the system has received until there is `enough`.
    pub(super) fn take(&self, input: &mut Vec<u8>, ended: &mut Option<End>, enough: usize) {
        let mut buffer = [0; 16 * 1024];
        while ended.is_none() && input.len() < enough {
            match self.transport.read(&mut buffer) {
                Ok(Received::End(end)) => self.end(ended, end),
                Ok(Received::Octets(count)) => {
                    let taken = buffer.get(..count).unwrap_or_default();
                    self.log.octets(&self.connection, Side::Testee, taken);
                    input.extend_from_slice(taken);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.get_ref().is_some_and(|it| it.is::<rustls::Error>()) => {
                    self.note(format!("  TLS: {error}"));
                    self.end(ended, End::Cut);
                }
                Err(_) => self.end(ended, End::Reset),
            }
        }
    }

    fn end(&self, ended: &mut Option<End>, end: End) {
        self.log.ended(&self.connection, Side::Testee, end);
        *ended = Some(end);
    }

    /// No more octets from the runner. A connection that the testee has already ended cannot be shut down; the script sees
    /// its end.
    pub(super) fn half_close(&self, wait: Duration) -> Step {
        self.transport.say_end();
        self.push(&[], wait, || {})?;
        if self.transport.end().is_ok() {
            self.log.ended(&self.connection, Side::Runner, End::Fin);
        }
        Ok(())
    }

    /// The same, over TLS without close_notify.
    pub(super) fn cut_off(&self) {
        if self.transport.end().is_ok() {
            self.log.ended(&self.connection, Side::Runner, End::Cut);
        }
    }

    /// Notes that letting go of the socket, which follows, is a reset that the script wants.
    pub(super) fn resetting(&self) {
        self.log.ended(&self.connection, Side::Runner, End::Reset);
    }

    pub(super) fn note(&self, text: impl Into<String>) {
        self.log.note(&self.connection.label, text);
    }
}

/// Shakes hands, and writes down what came of it.
fn secure(
    stream: TcpStream,
    connection: &Arc<Connection>,
    security: &Security,
    wait: Duration,
    log: &Log,
) -> Step<Result<Secured, Unsecured>> {
    let made = Secured::shake(stream, connection.opener, security, wait)
        .map_err(|error| Stop::Harness(format!("cannot shake hands: {error}")))?;
    let told = match &made {
        Ok(_) => "  TLS".to_owned(),
        Err(unsecured) => format!("  TLS: {}", unsecured.why),
    };
    log.note(&connection.label, told);
    if made.is_err() {
        log.left(connection);
    }
    Ok(made)
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.transport.stream().as_fd()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.log.left(&self.connection);
    }
}
