//! [`Desk`]: one thread of a redirector, with its listener and the clients whose handshakes go on. What it was started with, and
//! what it counts, is `redirector.rs`'s; who was moved is `linger_list.rs`'s.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd as _};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Token};

use super::redirector::Work;
use super::{Connection, Listener};
use crate::socket;

const LISTENER: Token = Token(usize::MAX);
const STOP: Token = Token(usize::MAX - 1);
/// Clients that are taken before those whose handshakes go on have their turn.
const BATCH: usize = 64;
/// Events taken from the system at a time.
const EVENTS: usize = 64;
/// How often it is looked whether a handshake takes too long.
const TICK: Duration = Duration::from_millis(50);
/// How long to wait when the system has no more sockets to give.
const SHORTAGE: Duration = Duration::from_millis(20);

pub(super) struct Desk {
    listener: Listener,
    poll: mio::Poll,
    accepting: Accepting,
    /// Clients with which a handshake is going on (EOP-SEC-3).
    securing: BTreeMap<usize, (Connection, SocketAddr)>,
    next: usize,
}

/// Whether to look for clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accepting {
    /// There may be some.
    Now,
    /// When the listener has something.
    WhenTold,
    /// When the system may have sockets again.
    At(Instant),
}

impl Desk {
    /// # Errors
    /// What the system says.
    pub(super) fn new(listener: Listener, stop: impl AsFd) -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        // Desks share no lock.
        let own = listener.list.beside();
        let listener = listener.linger_in(&own);
        listener.socket.set_nonblocking(true)?;
        for (source, token) in [(listener.as_fd(), LISTENER), (stop.as_fd(), STOP)] {
            let source = source.as_raw_fd();
            poll.registry()
                .register(&mut SourceFd(&source), token, Interest::READABLE)?;
        }
        Ok(Self {
            listener,
            poll,
            accepting: Accepting::Now,
            securing: BTreeMap::new(),
            next: 0,
        })
    }

    /// Moves clients until the redirector stops.
    pub(super) fn serve(mut self, work: &Work) {
        let mut events = Events::with_capacity(EVENTS);
        let mut tick = Instant::now();
        loop {
            let timeout = self.timeout(tick, Instant::now());
            match self.poll.poll(&mut events, timeout) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => std::thread::sleep(SHORTAGE),
            }
            if events.iter().any(|it| it.token() == STOP) {
                break;
            }
            if events.iter().any(|it| it.token() == LISTENER) {
                self.accepting = Accepting::Now;
            }
            self.accept(work);
            for event in &events {
                let Token(number) = event.token();
                self.secure(number, work);
            }
            let now = Instant::now();
            if tick <= now {
                tick = now + TICK;
                self.look_at_handshakes(now, work);
            }
        }
    }

    fn timeout(&self, tick: Instant, now: Instant) -> Option<Duration> {
        let accepting = match self.accepting {
            Accepting::Now => Some(now),
            Accepting::WhenTold => None,
            Accepting::At(at) => Some(at),
        };
        let securing = (!self.securing.is_empty()).then_some(tick);
        let until = accepting.into_iter().chain(securing).min();
        until.map(|until| until.saturating_duration_since(now))
    }

    fn accept(&mut self, work: &Work) {
        match self.accepting {
            Accepting::Now => {}
            Accepting::At(at) if at <= Instant::now() => {}
            Accepting::WhenTold | Accepting::At(_) => return,
        }
        self.accepting = Accepting::Now;
        for _ in 0..BATCH {
            match socket::accept_from(&self.listener.socket) {
                Ok((socket, client)) => self.receive(socket, client, work),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.accepting = Accepting::WhenTold;
                    return;
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => {
                    self.accepting = Accepting::At(Instant::now() + SHORTAGE);
                    return;
                }
            }
        }
    }

    fn receive(&mut self, socket: TcpStream, client: SocketAddr, work: &Work) {
        let Ok(connection) = self.listener.accepted(socket) else {
            work.lost.note();
            return;
        };
        if connection.is_plain() {
            return self.redirect(connection, client, work);
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1) & (usize::MAX >> 1);
        if self.watch(number, &connection).is_ok() {
            self.securing.insert(number, (connection, client));
            self.secure(number, work);
        } else {
            work.lost.note();
        }
    }

    fn watch(&self, number: usize, connection: &Connection) -> io::Result<()> {
        let socket = connection.socket()?.as_fd().as_raw_fd();
        self.poll.registry().register(
            &mut SourceFd(&socket),
            Token(number),
            Interest::READABLE | Interest::WRITABLE,
        )
    }

    /// Goes on with a handshake.
    fn secure(&mut self, number: usize, work: &Work) {
        let Some((connection, _)) = self.securing.get_mut(&number) else {
            return;
        };
        let secured = connection.poll_secured(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(secured) = secured else {
            return;
        };
        let Some((connection, client)) = self.securing.remove(&number) else {
            return;
        };
        if let Ok(socket) = connection.socket() {
            let socket = socket.as_fd().as_raw_fd();
            let _ = self.poll.registry().deregister(&mut SourceFd(&socket));
        }
        match secured {
            Ok(()) => self.redirect(connection, client, work),
            Err(_) => work.lost.note(),
        }
    }

    fn redirect(&mut self, connection: Connection, client: SocketAddr, work: &Work) {
        let Some(to) = work.targets.choose(client) else {
            work.turned_away.note();
            return;
        };
        match connection.redirect(to) {
            Ok(_lingering) => work.redirected.note(),
            Err(refused) if refused.error.is_final() => work.lost.note(),
            Err(_) => work.turned_away.note(),
        }
    }

    /// A handshake can take too long.
    fn look_at_handshakes(&mut self, now: Instant, work: &Work) {
        let late = self
            .securing
            .iter()
            .filter(|(_, (connection, _))| connection.secured_by().is_some_and(|by| by <= now));
        for number in late.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.secure(number, work);
        }
    }
}
