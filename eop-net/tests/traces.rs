//! The traces of `spec/traces.md` that only real sockets can show, and the two ways of resending.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use eop_net::client::{self, Client, Event};
use eop_net::server::{self, Departure, Listener};
use eop_statemachine::session::{Cause, End, Resending};
use eop_wire::Frame;

const ANSWER: usize = 3 << 20;

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().expect("an address")
}

fn v4(address: SocketAddr) -> SocketAddrV4 {
    address.to_string().parse().expect("loopback is IPv4")
}

fn listening(config: server::Config) -> (Listener, SocketAddr) {
    let listener = Listener::bind(loopback(), config).expect("a port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}

fn raw_listening() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(loopback()).expect("a port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}

fn normal(payload: &[u8]) -> Vec<u8> {
    Frame::normal(payload)
        .expect("short")
        .encode()
        .chunks()
        .concat()
}

fn redirect(to: SocketAddr) -> Vec<u8> {
    Frame::redirect(v4(to), b"")
        .expect("short")
        .encode()
        .chunks()
        .concat()
}

/// A server that answers each request with `answer`, for one client.
fn answers(answer: &'static [u8]) -> SocketAddr {
    let (listener, address) = listening(server::Config::default());
    thread::spawn(move || {
        let mut connection = listener.accept().expect("a client");
        while let Ok(Some(_)) = connection.receive() {
            connection.respond(answer).expect("it is asked for");
        }
    });
    address
}

/// A server of raw octets that moves its one client to `target` when the first octet has come, and resets it.
fn moves_and_resets(target: SocketAddr) -> SocketAddr {
    let (listener, address) = raw_listening();
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a client");
        socket.read_exact(&mut [0]).expect("an octet");
        socket
            .write_all(&redirect(target))
            .expect("room for 12 octets");
        // Closing with octets unread resets the connection.
    });
    address
}

/// The payload of the next message; moves on the way are left to `decide`.
fn answer(client: &mut Client, mut decide: impl FnMut(&mut Client, u32)) -> Vec<u8> {
    loop {
        match client.receive() {
            Event::Message(message) => return message.payload,
            Event::Redirected(redirected) if redirected.decide => decide(client, redirected.hop),
            Event::Redirected(_) | Event::Connected(_) | Event::Settling => {}
            Event::Ended(ended) => panic!("{ended}"),
        }
    }
}

fn end(client: &mut Client) -> client::Ended {
    loop {
        if let Event::Ended(ended) = client.receive() {
            return ended;
        }
    }
}

/// Trace 8: the linger limits wait for the client's acknowledgement.
#[test]
fn a_slow_reader_with_an_unread_request_gets_a_late_response_whole() {
    let config = server::Config {
        linger_idle: Duration::from_millis(150),
        ..server::Config::default()
    };
    let (listener, address) = listening(config);
    let server = thread::spawn(move || {
        let mut connection = listener.accept().expect("a client");
        connection.receive().expect("no fault").expect("a request");
        let target = "127.0.0.1:9".parse().expect("an endpoint");
        connection
            .respond_and_redirect(&vec![7; ANSWER], target)
            .expect("sent")
            .linger()
    });
    let mut client = TcpStream::connect(address).expect("the server");
    client
        .write_all(&[normal(b"one"), normal(b"two")].concat())
        .expect("room");
    thread::sleep(Duration::from_millis(600));
    let mut octets = vec![0; 12 + ANSWER];
    client
        .read_exact(&mut octets)
        .expect("every octet, and no reset");
    drop(client);
    assert_eq!(server.join().expect("no panic"), Departure::Ended);
}

/// Trace 9: somebody gives up.
#[test]
fn two_peers_that_only_write_do_not_wait_for_ever() {
    let (listener, address) = raw_listening();
    let config = client::Config {
        stall: Duration::from_millis(300),
        ..client::Config::default()
    };
    let mut client = Client::connect(address, config).expect("a listener");
    let _never_read = listener.accept().expect("the client");
    client.send(&vec![0; 32 << 20]).expect("accepted");
    assert_eq!(end(&mut client).end, End::Failed(Cause::Stall));
}

/// Trace 10: what came before the reset counts.
#[test]
fn a_redirect_behind_which_the_server_is_gone_is_followed() {
    let target = answers(b"moved");
    let mut client =
        Client::connect(moves_and_resets(target), client::Config::default()).expect("home");
    client.send(&vec![0; 1 << 20]).expect("accepted");
    let got = answer(&mut client, |client, hop| {
        client.resend(hop).expect("it is awaited")
    });
    assert_eq!(got, b"moved");
}

/// Trace 11: what a redirected client still sends is nobody's fault.
#[test]
fn garbage_behind_a_redirect_is_thrown_away() {
    let (listener, address) = listening(server::Config::default());
    let server = thread::spawn(move || {
        let target = "127.0.0.1:9".parse().expect("an endpoint");
        listener
            .accept()
            .expect("a client")
            .redirect(target)
            .expect("sent")
            .linger()
    });
    let mut client = TcpStream::connect(address).expect("the server");
    client.read_exact(&mut [0; 12]).expect("the redirect");
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("room");
    client
        .shutdown(std::net::Shutdown::Write)
        .expect("a half-close");
    let left = client.read_to_end(&mut Vec::new()).expect("FIN, not RST");
    assert_eq!(
        (left, server.join().expect("no panic")),
        (0, Departure::Ended)
    );
}

#[test]
fn with_automatic_resending_the_application_sees_the_answer_alone() {
    let config = client::Config {
        resending: Resending::Automatic { budget: 1 << 20 },
        ..client::Config::default()
    };
    let mut client = Client::connect(moves_and_resets(answers(b"moved")), config).expect("home");
    client.send(b"question").expect("accepted");
    let got = answer(&mut client, |_, hop| panic!("asked to decide at hop {hop}"));
    assert_eq!(got, b"moved");
}

#[test]
fn a_message_lost_with_its_connection_is_uncertain_and_goes_nowhere() {
    let (listener, address) = raw_listening();
    let mut client = Client::connect(address, client::Config::default()).expect("a listener");
    client.send(b"pay").expect("accepted");
    let (mut socket, _) = listener.accept().expect("the client");
    let home = thread::spawn(move || {
        socket.read_exact(&mut [0; 15]).expect("the message");
        drop(socket);
        listener
    });
    let ended = end(&mut client);
    let listener = home.join().expect("no panic");
    listener.set_nonblocking(true).expect("a flag");
    assert_eq!(
        (ended.end, ended.left.uncertain),
        (End::Failed(Cause::Uncertain), 1)
    );
    assert!(listener.accept().is_err(), "nobody comes back");
}
