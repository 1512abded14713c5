//! A connected socket that writes down what goes over it. What the octets mean is not known here.

use std::cell::Cell;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddrV4, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::net::sockopt;

use super::{ready, v4};
use crate::timeline::{Connection, Log, Side};
use crate::verdict::{Axis, End, Step, Stop};

/// A connection with the log of its play.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    connection: Arc<Connection>,
    log: Log,
    /// Whether a write has failed. Then the next read may report an end of stream that is none.
    lost: Cell<bool>,
}

impl Socket {
    /// `testee` is the other end, which a connection that was reset meanwhile could not tell any more.
    pub(super) fn over(
        label: &str,
        stream: TcpStream,
        testee: SocketAddrV4,
        opener: Side,
        log: Log,
    ) -> Step<Self> {
        let set = stream
            .set_nonblocking(true)
            .and_then(|()| stream.set_nodelay(true));
        set.map_err(|error| Stop::Harness(format!("cannot set up a socket: {error}")))?;
        // What a script lets go of is reset: thousands of ports in TIME-WAIT would slow down every `listen` of this host.
        sockopt::set_socket_linger(&stream, Some(Duration::ZERO))
            .map_err(|error| Stop::Harness(format!("cannot set up a socket: {error}")))?;
        let connection = log.opened(label, opener, v4(stream.local_addr())?, testee);
        Ok(Self {
            stream,
            connection,
            log,
            lost: Cell::new(false),
        })
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
        while !octets.is_empty() {
            match (&self.stream).write(octets) {
                Ok(count) => {
                    let (taken, rest) = octets.split_at_checked(count).unwrap_or((octets, &[]));
                    self.log.octets(&self.connection, Side::Runner, taken);
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
                        &self.stream,
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
            match (&self.stream).read(&mut buffer) {
                Ok(0) => self.end(ended, End::Fin),
                Ok(count) => {
                    let taken = buffer.get(..count).unwrap_or_default();
                    self.log.octets(&self.connection, Side::Testee, taken);
                    input.extend_from_slice(taken);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
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
    pub(super) fn half_close(&self) {
        if self.stream.shutdown(Shutdown::Write).is_ok() {
            self.log.ended(&self.connection, Side::Runner, End::Fin);
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

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.log.left(&self.connection);
    }
}
