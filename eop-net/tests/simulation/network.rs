//! [`Network`]: the endpoints, what becomes of attempts to connect to them, and which connections come to a bad end. What TCP
//! is otherwise is `connection.rs`'s.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use eop_net::tokio::{Dial, Dialing};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::chance::Chance;
use super::connection::{Connection, End, Fate, lock, reset_both};

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
            if lock(&connection).is_of(address) {
                reset_both(&connection);
            }
        }
    }

    /// Nobody waits any longer for what will never come: connections that lead nowhere are reset, on both sides.
    pub(crate) fn give_up_lost_ways(&self) {
        self.world().untaken.clear();
        for connection in self.connections() {
            if lock(&connection).leads_nowhere() {
                reset_both(&connection);
            }
        }
    }

    /// Ends of connections that somebody still holds: the descriptors of this network.
    pub(crate) fn held(&self) -> usize {
        let connections = self.connections();
        connections.iter().map(|it| lock(it).held()).sum()
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
        let (ours, theirs) = End::pair([client, server], fate, &self.chance);
        world.connections.push(ours.connection());
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
