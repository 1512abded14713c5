//! [`Network`]: TCP as far as an application can tell, in memory: octets in order that are cut anywhere and take their time,
//! buffers with an end, half-closes, and resets that overtake what is on its way. What goes wrong is drawn by chance. No EOP
//! may come in.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Context, Poll, Waker};

use eop_net::tokio::{Accepted, Dial, Dialing, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep, sleep_until};

use super::chance::Chance;

/// What becomes of attempts to connect to an endpoint.
#[derive(Clone)]
pub(crate) enum Endpoint {
    /// Somebody takes the connections.
    Served(mpsc::UnboundedSender<End>),
    /// The attempt is answered, and nobody ever takes the connection.
    Silent,
    /// The attempt is not answered.
    Unreachable,
}

/// The endpoints, and every connection between them.
#[derive(Clone)]
pub(crate) struct Network {
    chance: Chance,
    /// How many connections of a hundred come to a bad end by themselves.
    faults: u64,
    world: Arc<Mutex<World>>,
}

#[derive(Default)]
struct World {
    endpoints: BTreeMap<SocketAddrV4, Endpoint>,
    connections: Vec<Weak<Mutex<Connection>>>,
    next_port: u16,
    /// Ends of connections that nobody takes.
    untaken: Vec<End>,
}

impl Network {
    pub(crate) fn new(chance: &Chance, faults: u64) -> Self {
        Self {
            chance: chance.clone(),
            faults,
            world: Arc::default(),
        }
    }

    /// From now on that becomes of attempts to connect to it. Attempts to connect elsewhere are refused.
    pub(crate) fn put(&self, address: SocketAddrV4, endpoint: Endpoint) {
        self.world().endpoints.insert(address, endpoint);
    }

    /// A server dies: what it holds is reset, and attempts to connect are refused.
    pub(crate) fn kill(&self, address: SocketAddrV4) {
        self.world().endpoints.remove(&address);
        for connection in self.connections() {
            let is_its = lock(&connection).server == address;
            if is_its {
                reset_both(&connection);
            }
        }
    }

    /// Nobody waits any longer for what will never come: connections that lead nowhere are reset, on both sides.
    pub(crate) fn give_up_lost_ways(&self) {
        self.world().untaken.clear();
        for connection in self.connections() {
            let lost = lock(&connection).fate == Fate::Lost;
            if lost {
                reset_both(&connection);
            }
        }
    }

    /// Ends of connections that somebody still holds: the descriptors of this network.
    pub(crate) fn held(&self) -> usize {
        let held = |connection: &Arc<Mutex<Connection>>| {
            let connection = lock(connection);
            connection.sides.iter().filter(|side| !side.closed).count()
        };
        self.connections().iter().map(held).sum()
    }

    fn connections(&self) -> Vec<Arc<Mutex<Connection>>> {
        let world = self.world();
        world.connections.iter().filter_map(Weak::upgrade).collect()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    /// A connection to an endpoint, by chance with a bad end before it.
    fn connect(&self, server: SocketAddrV4, endpoint: &Endpoint) -> io::Result<End> {
        let mut world = self.world();
        world.next_port = world.next_port.wrapping_add(1);
        let client = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 10_000 + world.next_port);
        let fate = match self.chance.percent(self.faults) {
            false => Fate::Whole,
            true => Fate::Ends {
                behind: self.chance.of_range(0..=200),
                by_reset: self.chance.percent(60),
            },
        };
        let connection = Arc::new(Mutex::new(Connection {
            client,
            server,
            ways: Default::default(),
            sides: Default::default(),
            delay: self.chance.millis(0..=40),
            fate,
        }));
        world.connections.push(Arc::downgrade(&connection));
        let end = |side| End {
            connection: Arc::clone(&connection),
            side,
            chance: self.chance.clone(),
        };
        let (ours, theirs) = (end(CLIENT), end(SERVER));
        match endpoint {
            Endpoint::Served(arrivals) => arrivals
                .send(theirs)
                .map_err(|_| io::ErrorKind::ConnectionRefused)?,
            Endpoint::Silent | Endpoint::Unreachable => world.untaken.push(theirs),
        }
        Ok(ours)
    }
}

impl Dial for Network {
    type Stream = End;

    fn dial(&mut self, endpoint: SocketAddr) -> Dialing<End> {
        let network = self.clone();
        Box::pin(async move {
            sleep(network.chance.millis(0..=80)).await;
            let SocketAddr::V4(address) = endpoint else {
                return Err(io::ErrorKind::ConnectionRefused.into());
            };
            let found = network.world().endpoints.get(&address).cloned();
            match found {
                None => Err(io::ErrorKind::ConnectionRefused.into()),
                Some(Endpoint::Unreachable) => pending().await,
                Some(endpoint) => network.connect(address, &endpoint),
            }
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic")
}

const CLIENT: usize = 0;
const SERVER: usize = 1;

/// Octets that a way holds, on their way or unread.
const CAPACITY: usize = 256;

struct Connection {
    client: SocketAddrV4,
    server: SocketAddrV4,
    /// From each side to the other.
    ways: [Way; 2],
    sides: [Side; 2],
    delay: Duration,
    fate: Fate,
}

/// What comes of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
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

fn reset_both(connection: &Arc<Mutex<Connection>>) {
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
            let _ = &self.chance;
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
        let [client, server] = [connection.client, connection.server];
        Ok([client, server][self.side].into())
    }

    fn reset_on_close(&self) {
        lock(&self.connection).sides[self.side].reset_on_close = true;
    }
}

impl Accepted for End {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        let connection = lock(&self.connection);
        Ok([connection.client, connection.server][other(self.side)].into())
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
