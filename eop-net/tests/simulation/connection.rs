//! [`End`]: TCP as far as an application can tell, in memory: octets in order that are cut anywhere and take their time, buffers
//! with an end, half-closes, and resets that overtake what is on its way. No EOP may come in.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Context, Poll, Waker};

use eop_net::tokio::{Accepted, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Duration, Instant, sleep, sleep_until};

use super::chance::Chance;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic")
}

const CLIENT: usize = 0;
const SERVER: usize = 1;

/// Octets that a way holds, on their way or unread.
const CAPACITY: usize = 256;

/// A connection, of which each side holds an end.
pub(crate) struct Connection {
    /// The client's and the server's.
    addresses: [SocketAddrV4; 2],
    /// From each side to the other.
    ways: [Way; 2],
    sides: [Side; 2],
    delay: Duration,
    fate: Fate,
}

/// What comes of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Whole,
    /// Behind so many octets it is reset, or everything gets lost from then on.
    Ends {
        behind: u64,
        by_reset: bool,
    },
    /// Everything gets lost.
    Lost,
}

/// Octets from one side to the other.
#[derive(Default)]
struct Way {
    /// Octets on their way.
    travelling: usize,
    /// When the last of them arrives.
    last: Option<Instant>,
    unread: VecDeque<u8>,
    /// Whether the sender has ended it, and whether the receiver knows.
    ended: bool,
    end_arrived: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// What a side knows of its connection.
#[derive(Default)]
struct Side {
    /// Nobody holds it any more.
    closed: bool,
    /// It wants to hear nothing more.
    deaf: bool,
    /// A reset came, which was not told yet.
    reset: bool,
    /// A reset came.
    lost: bool,
    reset_on_close: bool,
}

const fn other(side: usize) -> usize {
    1 - side
}

impl Connection {
    /// Whether this server took it.
    pub(crate) fn is_of(&self, server: SocketAddrV4) -> bool {
        self.addresses[SERVER] == server
    }

    /// Whether everything gets lost.
    pub(crate) fn leads_nowhere(&self) -> bool {
        self.fate == Fate::Lost
    }

    /// Ends of it that somebody holds.
    pub(crate) fn held(&self) -> usize {
        self.sides.iter().filter(|side| !side.closed).count()
    }

    fn wake(&mut self) {
        for way in &mut self.ways {
            for waker in [way.reader.take(), way.writer.take()] {
                waker.into_iter().for_each(Waker::wake);
            }
        }
    }

    /// A reset arrives at a side. What it has not read yet stays readable; what is on its way to it gets lost.
    fn reset_arrives(&mut self, side: usize) {
        let Side { reset, lost, .. } = &mut self.sides[side];
        if !*lost {
            (*reset, *lost) = (true, true);
        }
        self.wake();
    }

    /// So many octets were sent. Whether the connection is to be reset now.
    fn count(&mut self, octets: usize) -> bool {
        let Fate::Ends { behind, by_reset } = &mut self.fate else {
            return false;
        };
        *behind = behind.saturating_sub(u64::try_from(octets).expect("few"));
        if *behind > 0 {
            return false;
        }
        let by_reset = *by_reset;
        self.fate = if by_reset { Fate::Whole } else { Fate::Lost };
        by_reset
    }
}

/// A reset arrives at both sides.
pub(crate) fn reset_both(connection: &Arc<Mutex<Connection>>) {
    let mut connection = lock(connection);
    connection.reset_arrives(CLIENT);
    connection.reset_arrives(SERVER);
}

/// What arrives at the other side.
enum Arrival {
    Octets(Vec<u8>),
    End,
    Reset,
}

/// One end of a connection.
pub(crate) struct End {
    connection: Arc<Mutex<Connection>>,
    side: usize,
    chance: Chance,
}

impl End {
    /// The client's end and the server's of a new connection.
    pub(crate) fn pair(addresses: [SocketAddrV4; 2], fate: Fate, chance: &Chance) -> (Self, Self) {
        let connection = Arc::new(Mutex::new(Connection {
            addresses,
            ways: Default::default(),
            sides: Default::default(),
            delay: chance.millis(0..=40),
            fate,
        }));
        let end = |side| Self {
            connection: Arc::clone(&connection),
            side,
            chance: chance.clone(),
        };
        (end(CLIENT), end(SERVER))
    }

    /// Its connection, as long as somebody holds an end of that.
    pub(crate) fn connection(&self) -> Weak<Mutex<Connection>> {
        Arc::downgrade(&self.connection)
    }

    /// Sends something to the other side. Octets and ends arrive in order; a reset may overtake them.
    fn send(&self, connection: &mut Connection, arrival: Arrival) {
        let mut at = Instant::now() + connection.delay + self.chance.millis(0..=20);
        if self.chance.percent(5) {
            // It got lost on its way and is sent once more.
            at += Duration::from_millis(200);
        }
        let way = &mut connection.ways[self.side];
        match &arrival {
            Arrival::Octets(_) | Arrival::End => {
                at = way.last.map_or(at, |last| last.max(at));
                way.last = Some(at);
            }
            Arrival::Reset => {}
        }
        let (to, side) = (Arc::clone(&self.connection), self.side);
        let delay = connection.delay;
        tokio::spawn(async move {
            sleep_until(at).await;
            if arrive(&to, side, arrival) {
                // Nobody is there who would take it.
                sleep(delay).await;
                lock(&to).reset_arrives(side);
            }
        });
    }
}

/// Something from `side` arrives at the other. Whether it draws a reset.
fn arrive(connection: &Arc<Mutex<Connection>>, side: usize, arrival: Arrival) -> bool {
    let mut connection = lock(connection);
    if connection.fate == Fate::Lost {
        return false;
    }
    let Connection { ways, sides, .. } = &mut *connection;
    let (way, receiver) = (&mut ways[side], &sides[other(side)]);
    let mut draws_a_reset = false;
    match arrival {
        Arrival::Octets(octets) => {
            way.travelling -= octets.len();
            if receiver.closed {
                draws_a_reset = !receiver.lost;
            } else if !receiver.lost && !receiver.deaf {
                way.unread.extend(octets);
            }
        }
        Arrival::End => way.end_arrived = !receiver.lost,
        Arrival::Reset => connection.reset_arrives(other(side)),
    }
    connection.wake();
    draws_a_reset
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut connection = lock(&self.connection);
        let Connection { ways, sides, .. } = &mut *connection;
        let (way, side) = (&mut ways[other(self.side)], &mut sides[self.side]);
        if !way.unread.is_empty() {
            let most = way.unread.len().min(buf.remaining());
            let count = 1 + self.chance.index(most);
            buf.put_slice(&way.unread.drain(..count).collect::<Vec<_>>());
            way.writer.take().into_iter().for_each(Waker::wake);
            return Poll::Ready(Ok(()));
        }
        if std::mem::take(&mut side.reset) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if side.lost || side.deaf || way.end_arrived {
            return Poll::Ready(Ok(()));
        }
        way.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut connection = lock(&self.connection);
        let Connection { ways, sides, .. } = &mut *connection;
        let (way, side) = (&mut ways[self.side], &mut sides[self.side]);
        if std::mem::take(&mut side.reset) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if side.lost || way.ended {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = CAPACITY.saturating_sub(way.travelling + way.unread.len());
        if room == 0 {
            way.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let taken = match self.chance.percent(70) {
            true => octets.len().min(room),
            false => 1 + self.chance.index(octets.len().min(room)),
        };
        way.travelling += taken;
        let mut rest = &octets[..taken];
        while !rest.is_empty() {
            let cut = match self.chance.percent(60) {
                true => rest.len(),
                false => 1 + self.chance.index(rest.len()),
            };
            let (segment, behind) = rest.split_at(cut);
            self.send(&mut connection, Arrival::Octets(segment.to_vec()));
            rest = behind;
        }
        if connection.count(taken) {
            self.send(&mut connection, Arrival::Reset);
            connection.reset_arrives(self.side);
        }
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut connection = lock(&self.connection);
        if connection.sides[self.side].lost {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        }
        if !std::mem::replace(&mut connection.ways[self.side].ended, true) {
            self.send(&mut connection, Arrival::End);
        }
        Poll::Ready(Ok(()))
    }
}

impl Stream for End {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        let connection = lock(&self.connection);
        Ok(connection.addresses[self.side].into())
    }

    fn reset_on_close(&self) {
        lock(&self.connection).sides[self.side].reset_on_close = true;
    }
}

impl Accepted for End {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        let connection = lock(&self.connection);
        Ok(connection.addresses[other(self.side)].into())
    }

    fn end_both(&mut self) {
        let mut connection = lock(&self.connection);
        connection.sides[self.side].deaf = true;
        connection.ways[other(self.side)].unread.clear();
        if !std::mem::replace(&mut connection.ways[self.side].ended, true) {
            self.send(&mut connection, Arrival::End);
        }
        connection.wake();
    }

    fn unacknowledged(&self) -> Option<u32> {
        let connection = lock(&self.connection);
        u32::try_from(connection.ways[self.side].travelling).ok()
    }
}

/// Closing with octets unread is a reset, as TCP has it.
impl Drop for End {
    fn drop(&mut self) {
        let mut connection = lock(&self.connection);
        let side = &mut connection.sides[self.side];
        side.closed = true;
        if side.lost {
            return;
        }
        if side.reset_on_close || !connection.ways[other(self.side)].unread.is_empty() {
            connection.sides[self.side].lost = true;
            self.send(&mut connection, Arrival::Reset);
        } else if !std::mem::replace(&mut connection.ways[self.side].ended, true) {
            self.send(&mut connection, Arrival::End);
        }
    }
}
