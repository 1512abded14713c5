//! What the stories share: servers that serve one client on a thread, frames as octets, and what a client hears.

#![allow(
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    reason = "a test may stop at what it did not expect, and no story uses everything"
)]

use std::io::Read as _;
use std::net::{SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use eop_net::client::{Client, Config, Ended, Event, Redirected};
use eop_net::server::{self, Connection, Listener};
use eop_net::{End, Service};
use eop_wire::Frame;
use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};

/// A server that serves one client, on a thread of its own.
pub struct Server<T = ()> {
    pub address: SocketAddrV4,
    pub thread: JoinHandle<T>,
}

impl<T> Server<T> {
    /// What it came to. A server that panicked, or that goes on for ever, fails the test.
    pub fn join(self) -> T {
        let until = Instant::now() + PATIENCE;
        while !self.thread.is_finished() {
            let address = self.address;
            assert!(Instant::now() < until, "the server at {address} goes on");
            thread::sleep(Duration::from_millis(1));
        }
        self.thread
            .join()
            .expect("the server's own expectations hold")
    }
}

/// A server over `eop-net`.
pub fn serving<T: Send + 'static>(
    config: server::Config,
    serve: impl FnOnce(Connection) -> T + Send + 'static,
) -> Server<T> {
    let listener = Listener::bind(loopback(), config).expect("a port");
    let address = v4(listener.local_addr().expect("its address"));
    let thread = thread::spawn(move || serve(listener.accept().expect("a client")));
    Server { address, thread }
}

/// A server that says and hears raw octets.
pub fn scripted<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> Server<T> {
    let (listener, address) = listening();
    let thread = thread::spawn(move || serve(listener.accept().expect("a client").0));
    Server { address, thread }
}

/// A server that answers each request, of whatever length, with that request behind `name`.
pub fn echoing(name: &'static str) -> Server {
    let service = Service {
        max_payload: u32::MAX,
        ..Service::default()
    };
    let config = server::Config {
        service,
        ..server::Config::default()
    };
    serving(config, move |mut connection| {
        while let Ok(Some(request)) = connection.receive() {
            let answer = [name.as_bytes(), &request].concat();
            connection.respond(&answer).expect("it is asked for");
        }
    })
}

/// A port that nobody serves yet.
pub fn listening() -> (TcpListener, SocketAddrV4) {
    let listener = TcpListener::bind(loopback()).expect("a port");
    let address = v4(listener.local_addr().expect("its address"));
    (listener, address)
}

/// An endpoint at which nobody listens, and nobody will: it is taken as long as the tests run.
pub fn nowhere() -> SocketAddrV4 {
    let taken = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&taken, &loopback()).expect("a port");
    let address = getsockname(&taken).expect("its address");
    std::mem::forget(taken);
    v4(SocketAddr::try_from(address).expect("an address of the internet"))
}

pub fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

pub fn v4(address: SocketAddr) -> SocketAddrV4 {
    match address {
        SocketAddr::V4(address) => address,
        SocketAddr::V6(address) => panic!("loopback here is IPv4, not {address}"),
    }
}

/// N(payload)
pub fn normal(payload: &[u8]) -> Vec<u8> {
    Frame::normal(payload)
        .expect("short")
        .encode()
        .chunks()
        .concat()
}

/// R(to, payload)
pub fn redirect(to: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    Frame::redirect(to, payload)
        .expect("short")
        .encode()
        .chunks()
        .concat()
}

/// How long a story waits for what has to come. A story that goes well does not wait for it.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for exactly these octets.
pub fn expect(socket: &mut TcpStream, octets: &[u8]) {
    socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
    let mut heard = vec![0; octets.len()];
    socket.read_exact(&mut heard).expect("octets");
    assert_eq!(heard, octets);
}

/// The octets up to the end of the stream.
pub fn rest(socket: &mut TcpStream) -> Vec<u8> {
    socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
    let mut octets = Vec::new();
    socket
        .read_to_end(&mut octets)
        .expect("the end of the stream");
    octets
}

/// A connected client.
pub fn connect(home: SocketAddrV4, config: Config) -> Client {
    Client::connect(home, config).expect("home")
}

/// The next event.
pub fn next(client: &mut Client) -> Event {
    client.receive_within(PATIENCE).expect("an event")
}

/// The payload of the next message; what is owed on the way is sent again.
pub fn answer(client: &mut Client) -> Vec<u8> {
    loop {
        match next(client) {
            Event::Message(message) => return message.payload,
            Event::Redirected(redirected) if redirected.decide => {
                client.resend(redirected.hop).expect("it is awaited");
            }
            Event::Redirected(_) | Event::Connected(_) | Event::Settling => {}
            Event::Ended(ended) => panic!("{ended}"),
        }
    }
}

/// The next move; nothing else but connections may come before.
pub fn moved(client: &mut Client) -> Redirected {
    loop {
        match next(client) {
            Event::Redirected(redirected) => return redirected,
            Event::Connected(_) => {}
            other @ (Event::Message(_) | Event::Settling | Event::Ended(_)) => panic!("{other:?}"),
        }
    }
}

/// The end, whatever comes before.
pub fn ended(client: &mut Client) -> Ended {
    loop {
        if let Event::Ended(ended) = next(client) {
            return ended;
        }
    }
}

pub fn end(client: &mut Client) -> End {
    ended(client).end
}
