//! A payload that is taken as it comes is not put together: no memory for it is ever asked for.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::thread;

use allocation_counter::measure;
use eop_net::client::Config;
use eop_net::server;
use eop_net::{Client, Event, Service};

use super::exchange::{listener, runtime};
use super::stage::{self, normal, serving};

const LONG: usize = 8 << 20;
/// What a connection reads at a time, and a little.
const LITTLE: u64 = 80 * 1024;

fn unlimited() -> Service {
    Service {
        max_payload: u32::MAX,
        ..Service::default()
    }
}

/// Counts octets, and sums them up.
#[derive(Default)]
struct Taken {
    octets: u64,
    sum: u64,
}

impl Taken {
    fn take(&mut self, piece: &[u8]) {
        self.octets += u64::try_from(piece.len()).expect("it fits");
        self.sum += piece.iter().copied().map(u64::from).sum::<u64>();
    }
}

const WHOLE: (u64, u64) = (LONG as u64, 7 * LONG as u64);

#[test]
fn blocking_a_server_takes_a_long_request_as_it_comes() {
    let config = server::Config {
        service: unlimited(),
        ..server::Config::default()
    };
    let server = serving(config, |mut connection| {
        let mut taken = Taken::default();
        let memory = measure(|| {
            let received = connection.receive_by(|piece| taken.take(piece));
            assert_eq!(received.expect("no fault"), Some(WHOLE.0));
        });
        ((taken.octets, taken.sum), memory.bytes_max)
    });
    let mut client = TcpStream::connect(server.address).expect("the server");
    client.write_all(&normal(&vec![7; LONG])).expect("it reads");
    let (taken, memory) = server.join();
    assert_eq!(taken, WHOLE);
    assert!(memory <= LITTLE, "{memory} octets of memory");
}

#[test]
fn over_tokio_a_server_takes_a_long_request_as_it_comes() {
    let (told, address) = channel();
    let server = thread::spawn(move || {
        let runtime = runtime();
        let (listener, home) = runtime.block_on(async { listener() });
        told.send(home).expect("it is awaited");
        let config = server::Config {
            service: unlimited(),
            ..server::Config::default()
        };
        let socket = runtime
            .block_on(listener.accept_stream())
            .expect("a client");
        let mut connection = listener.connection(socket, config).expect("a connection");
        let mut taken = Taken::default();
        let memory = measure(|| {
            let received = runtime.block_on(connection.receive_by(|piece| taken.take(piece)));
            assert_eq!(received.expect("no fault"), Some(WHOLE.0));
        });
        ((taken.octets, taken.sum), memory.bytes_max)
    });
    let mut client = TcpStream::connect(address.recv().expect("it listens")).expect("the server");
    client.write_all(&normal(&vec![7; LONG])).expect("it reads");
    let (taken, memory) = server.join().expect("no panic");
    assert_eq!(taken, WHOLE);
    assert!(memory <= LITTLE, "{memory} octets of memory");
}

#[test]
fn a_client_takes_a_long_answer_as_it_comes() {
    let server = serving(server::Config::default(), |mut connection| {
        connection.receive().expect("no fault").expect("a request");
        connection.respond(&vec![7; LONG]).expect("it is asked for");
        drop(connection.close());
    });
    let (told, pieces) = channel();
    let config = Config {
        service: unlimited(),
        ..Config::default()
    };
    let client = Client::new(server.address.into(), config).expect("no contradiction");
    let mut taken = Taken::default();
    let mut client = client.received_by(move |piece| {
        taken.take(piece);
        told.send((taken.octets, taken.sum))
            .expect("somebody counts");
    });
    client.send(b"question").expect("accepted");
    let message = loop {
        if let Event::Message(message) = stage::next(&mut client) {
            break message;
        }
    };
    assert!(message.payload.is_empty(), "it was taken before");
    assert_eq!(pieces.try_iter().last(), Some(WHOLE));
    server.join();
}
