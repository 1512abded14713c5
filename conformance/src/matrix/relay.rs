//! The relay between a client and a server: it hands on octets, ends and resets as they come, in order and unchanged, and
//! writes them down first. What they mean is not known here.
//!
//! In the timeline the client is the testee, and the server stands where the runner stands otherwise.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;

use crate::link::v4;
use crate::timeline::{Connection, Log, Side};
use crate::verdict::{End, Step, Stop};

/// Octets of one direction held back at most while its receiver takes none.
const ROOM: usize = 64 * 1024;
/// How long one look at the sockets takes at most.
const LOOK: Duration = Duration::from_millis(1);

/// All relays of one play.
#[derive(Debug)]
pub(super) struct Relay {
    fronts: Vec<Front>,
    pairs: Vec<Pair>,
    log: Log,
    wait: Duration,
    /// Why the server could not be connected to, if it could not.
    pub(super) refused: Option<String>,
}

/// Where clients come that believe they connect to an endpoint of the server.
#[derive(Debug)]
struct Front {
    label: &'static str,
    listener: TcpListener,
    behind: SocketAddrV4,
}

/// A connection of the client's, and the one that stands for it at the server.
#[derive(Debug)]
struct Pair {
    on: Arc<Connection>,
    client: Half,
    server: Half,
}

/// One of the two, and what is still to be written to it.
#[derive(Debug)]
struct Half {
    /// None once it takes nothing more: a write failed, or it was reset.
    stream: Option<TcpStream>,
    pending: VecDeque<u8>,
    /// How many octets it took.
    took: usize,
    /// How its peer ended it.
    ended: Option<End>,
    /// Whether the end of the other one was handed on.
    shut: bool,
}

impl Relay {
    pub(super) fn new(log: Log, wait: Duration) -> Self {
        Self {
            fronts: Vec::new(),
            pairs: Vec::new(),
            log,
            wait,
            refused: None,
        }
    }

    /// A relay in front of an endpoint of the server; where it listens.
    pub(super) fn front(
        &mut self,
        label: &'static str,
        behind: SocketAddrV4,
    ) -> Step<SocketAddrV4> {
        let failed = |error: io::Error| Stop::Harness(format!("cannot listen: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = v4(listener.local_addr())?;
        let note = format!("runner relays {address} to {behind}");
        self.log.note(label, note);
        self.fronts.push(Front {
            label,
            listener,
            behind,
        });
        Ok(address)
    }

    /// Hands on what there is; returns after [`LOOK`] if there is nothing.
    pub(super) fn turn(&mut self) -> Step {
        let mut polled: Vec<_> = self
            .fronts
            .iter()
            .map(|front| PollFd::new(&front.listener, PollFlags::IN))
            .collect();
        for pair in &self.pairs {
            for (half, other) in [(&pair.client, &pair.server), (&pair.server, &pair.client)] {
                let flags = half.awaits(other);
                if let Some(stream) = half.stream.as_ref().filter(|_| !flags.is_empty()) {
                    polled.push(PollFd::new(stream, flags));
                }
            }
        }
        let timeout = Timespec::try_from(LOOK).ok();
        let _ = poll(&mut polled, timeout.as_ref());
        self.accept()?;
        for pair in &mut self.pairs {
            let Pair { on, client, server } = pair;
            hand_on(&self.log, on, Side::Testee, client, server);
            hand_on(&self.log, on, Side::Runner, server, client);
        }
        Ok(())
    }

    fn accept(&mut self) -> Step {
        for front in &self.fronts {
            let client = match front.listener.accept() {
                Ok((stream, _)) => stream,
                Err(_) => continue,
            };
            let (Ok(here), Ok(there)) = (v4(client.local_addr()), v4(client.peer_addr())) else {
                continue;
            };
            let on = self.log.opened(front.label, Side::Testee, here, there);
            match TcpStream::connect_timeout(&front.behind.into(), self.wait) {
                Ok(server) => self.pairs.push(Pair {
                    on,
                    client: Half::over(client)?,
                    server: Half::over(server)?,
                }),
                Err(error) => {
                    self.refused = Some(format!("{}: {error}", front.behind));
                }
            }
        }
        Ok(())
    }

    /// How many octets of the client the server took, on all connections.
    pub(super) fn taken_by_the_server(&self) -> usize {
        self.pairs.iter().map(|pair| pair.server.took).sum()
    }

    /// Whether the end of the client's stream was handed on, on any connection.
    pub(super) fn client_s_end_is_handed_on(&self) -> bool {
        self.pairs.iter().any(|pair| pair.server.shut)
    }

    /// Whether every connection has ended.
    pub(super) fn all_over(&self) -> bool {
        self.pairs.iter().all(|Pair { client, server, .. }| {
            client.gone() || server.gone() || client.ended.is_some() && server.ended.is_some()
        })
    }
}

impl Half {
    fn over(stream: TcpStream) -> Step<Self> {
        let set = stream
            .set_nonblocking(true)
            .and_then(|()| stream.set_nodelay(true));
        set.map_err(|error| Stop::Harness(format!("cannot set up a socket: {error}")))?;
        Ok(Self {
            stream: Some(stream),
            pending: VecDeque::new(),
            took: 0,
            ended: None,
            shut: false,
        })
    }

    fn gone(&self) -> bool {
        self.stream.is_none()
    }

    fn awaits(&self, other: &Self) -> PollFlags {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, self.reads(other));
        flags.set(PollFlags::OUT, !self.pending.is_empty());
        flags
    }

    fn reads(&self, other: &Self) -> bool {
        self.ended.is_none() && !other.gone() && other.pending.len() < ROOM
    }

    /// Writes what is pending.
    fn write(&mut self) {
        while let Some(stream) = &mut self.stream {
            let (next, _) = self.pending.as_slices();
            if next.is_empty() {
                return;
            }
            match stream.write(next) {
                Ok(count) => {
                    self.took = self.took.saturating_add(count);
                    self.pending.drain(..count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.stream = None,
            }
        }
    }

    /// Takes what its peer has sent, as far as the other one has room; how its peer ended it, if it did so now.
    fn read(&mut self, other: &mut Self, mut note: impl FnMut(&[u8])) -> Option<End> {
        let mut buffer = [0; 16 * 1024];
        while self.reads(other) {
            match self.stream.as_mut()?.read(&mut buffer) {
                Ok(0) => self.ended = Some(End::Fin),
                Ok(count) => {
                    let taken = buffer.get(..count).unwrap_or_default();
                    note(taken);
                    other.pending.extend(taken);
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(_) => self.ended = Some(End::Reset),
            }
            return self.ended;
        }
        None
    }

    /// Ends it with RST.
    fn reset(&mut self) {
        if let Some(stream) = self.stream.take() {
            let _ = sockopt::set_socket_linger(&stream, Some(Duration::ZERO));
        }
    }
}

/// Hands on from one half to the other what `by` sent.
fn hand_on(log: &Log, on: &Arc<Connection>, by: Side, from: &mut Half, to: &mut Half) {
    if let Some(end) = from.read(to, |octets| log.octets(on, by, octets)) {
        log.ended(on, by, end);
    }
    to.write();
    match (from.ended, &to.stream) {
        // Whoever sends to one that has gone is told so, as without a relay.
        (_, None) => from.reset(),
        (Some(End::Fin | End::Cut), Some(stream)) if to.pending.is_empty() && !to.shut => {
            let _ = stream.shutdown(Shutdown::Write);
            to.shut = true;
        }
        (Some(End::Reset), Some(_)) if to.pending.is_empty() => to.reset(),
        (Some(End::Fin | End::Cut | End::Reset) | None, Some(_)) => {}
    }
}
