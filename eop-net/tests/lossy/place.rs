//! [`Place`]: where a story is played: on loopback, or between two hosts with a link that loses packets.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use eop_link_emulator::{Access, Network, Path};
use eop_net::client::{Client, Config, Dial, begin_to_connect};

use super::stage::v4;

/// Where servers listen, and clients come from.
#[derive(Clone)]
pub(crate) enum Place {
    Loopback,
    Apart(Arc<Network<2>>),
}

impl Place {
    /// Two hosts, between which this share of the packets gets lost each way. `None` where that cannot be, which in CI is a
    /// failure.
    pub(crate) fn lossy(seed: u64, path: Path) -> Option<Self> {
        match Network::start(seed, [Access::both(path), Access::default()]) {
            Ok(network) => Some(Self::Apart(Arc::new(network))),
            Err(error) if std::env::var_os("CI").is_some() => {
                panic!("network namespaces cannot be made: {error}")
            }
            Err(error) => {
                eprintln!("SKIPPED: network namespaces cannot be made: {error}");
                None
            }
        }
    }

    /// Plays a story everywhere: on loopback, and where 5 % and 20 % of the packets get lost.
    pub(crate) fn everywhere(story: impl Fn(&Self) + Sync) {
        let lossy = |loss| Path {
            delay: Duration::from_millis(2),
            loss,
            // A lost one costs a second, or the story, and shows nothing.
            spares_syn: true,
            spares_rst: true,
            ..Path::default()
        };
        let apart = [0.05, 0.2].map(|loss| Self::lossy(1, lossy(loss)));
        thread::scope(|scope| {
            for place in apart.iter().flatten().chain([&Self::Loopback]) {
                scope.spawn(|| story(place));
            }
        });
    }

    /// Does something where the servers are.
    pub(crate) fn at_servers<T: Send>(&self, work: impl FnOnce(Ipv4Addr) -> T + Send) -> T {
        match self {
            Self::Loopback => work(Ipv4Addr::LOCALHOST),
            Self::Apart(network) => {
                let [_, server] = network.hosts();
                let address = server.address();
                server.within(|| work(address)).expect("a host")
            }
        }
    }

    /// Does something where the clients are.
    pub(crate) fn at_clients<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match self {
            Self::Loopback => work(),
            Self::Apart(network) => {
                let [client, _] = network.hosts();
                client.within(work).expect("a host")
            }
        }
    }

    pub(crate) fn listening(&self) -> (TcpListener, SocketAddrV4) {
        let listener = self.at_servers(|address| TcpListener::bind((address, 0)));
        let listener = listener.expect("a port");
        let address = v4(listener.local_addr().expect("its address"));
        (listener, address)
    }

    /// A server that serves one client, on a thread.
    pub(crate) fn serving<T: Send + 'static>(
        &self,
        serve: impl FnOnce(TcpStream) -> T + Send + 'static,
    ) -> Server<T> {
        let (listener, address) = self.listening();
        let thread = thread::spawn(move || serve(listener.accept().expect("a client").0));
        Server { address, thread }
    }

    /// A client, which is not connected yet.
    pub(crate) fn client(&self, home: SocketAddrV4, config: Config) -> Client {
        self.watched_client(home, config).0
    }

    /// The same, and its sockets, for who looks what has arrived at them.
    pub(crate) fn watched_client(
        &self,
        home: SocketAddrV4,
        config: Config,
    ) -> (Client, Receiver<TcpStream>) {
        let (told, sockets) = channel();
        let client = Client::new(home.into(), config).expect("no contradiction");
        let place = self.clone();
        (client.dial_with(From { place, told }), sockets)
    }

    pub(crate) fn connected(&self, server: SocketAddrV4) -> TcpStream {
        let connected = self.at_clients(|| TcpStream::connect(server));
        connected.expect("the server")
    }
}

/// A server on a thread.
pub(crate) struct Server<T> {
    pub(crate) address: SocketAddrV4,
    thread: JoinHandle<T>,
}

impl<T> Server<T> {
    /// What it came to.
    pub(crate) fn join(self) -> T {
        let joined = self.thread.join();
        joined.expect("the server's own expectations hold")
    }
}

/// Connections from there.
struct From {
    place: Place,
    told: Sender<TcpStream>,
}

impl Dial for From {
    fn dial(&mut self, endpoint: SocketAddr) -> io::Result<TcpStream> {
        let socket = self.place.at_clients(|| begin_to_connect(endpoint))?;
        // Unless nobody looks.
        let _ = self.told.send(socket.try_clone()?);
        Ok(socket)
    }
}
