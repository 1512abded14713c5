//! What the two gateways carry, and what they do not: octets, ends, resets, and moves, between a client and a server that are
//! plain sockets.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

mod stage;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use eop_wire::Frame;
use rustix::net::sockopt::{
    Timeout, set_socket_linger, set_socket_recv_buffer_size, set_socket_timeout,
};
use rustix::net::{AddressFamily, SocketType, connect, socket};
use rustix::process::Signal;
use stage::{PATIENCE, Program};

const ANYWHERE: &str = "127.0.0.1:0";

/// An unmodified server, which is us.
struct Server(TcpListener);

impl Server {
    fn new() -> Self {
        let listener = TcpListener::bind(ANYWHERE).expect("a port");
        set_socket_timeout(&listener, Timeout::Recv, Some(PATIENCE)).expect("an option");
        Self(listener)
    }

    fn address(&self) -> String {
        self.0.local_addr().expect("its address").to_string()
    }

    fn accept(&self) -> TcpStream {
        let (socket, _) = self.0.accept().expect("a client");
        patient(socket)
    }

    /// Whether nobody has come.
    fn is_alone(&self) -> bool {
        self.0.set_nonblocking(true).expect("an option");
        let accepted = self.0.accept().map_err(|error| error.kind());
        matches!(accepted, Err(ErrorKind::WouldBlock))
    }
}

fn patient(socket: TcpStream) -> TcpStream {
    socket.set_read_timeout(Some(PATIENCE)).expect("an option");
    socket.set_write_timeout(Some(PATIENCE)).expect("an option");
    socket
}

fn expect(socket: &mut TcpStream, octets: &[u8]) {
    let mut heard = vec![0; octets.len()];
    socket.read_exact(&mut heard).expect("octets");
    assert_eq!(heard, octets);
}

fn say(socket: &mut TcpStream, octets: &[u8]) {
    socket.write_all(octets).expect("it is there");
}

/// Says `octets` at one end and hears them at the other.
fn pass(from: &mut TcpStream, to: &mut TcpStream, octets: &[u8]) {
    say(from, octets);
    expect(to, octets);
}

/// Everything up to the end of the stream.
fn rest(socket: &mut TcpStream) -> Vec<u8> {
    let mut octets = Vec::new();
    socket.read_to_end(&mut octets).expect("an end");
    octets
}

fn reset(socket: TcpStream) {
    set_socket_linger(&socket, Some(Duration::ZERO)).expect("an option");
    drop(socket);
}

/// The stream does not end, it breaks.
fn expect_reset(socket: &mut TcpStream) {
    let error = socket.read(&mut [0]).expect_err("no end of stream");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

/// Both gateways in front of `server`, with more arguments for the server's.
struct Gateways {
    client: Program,
    server: Program,
    address: String,
}

impl Gateways {
    fn before(server: &Server, arguments: &[&str]) -> Self {
        let address = server.address();
        let own = ["gateway", "server", ANYWHERE, &address];
        let (server, home) = Program::serving(&[&own, arguments].concat());
        let (client, address) = Program::serving(&["gateway", "client", ANYWHERE, &home]);
        Self {
            client,
            server,
            address,
        }
    }

    fn connect(&self) -> TcpStream {
        patient(TcpStream::connect(&self.address).expect("it listens"))
    }

    /// A client, and the same connection at its server.
    fn meet(&self, server: &Server) -> (TcpStream, TcpStream) {
        (self.connect(), server.accept())
    }

    /// From now on clients are moved.
    fn begin_to_move(&mut self) {
        self.server.signal(Signal::USR1);
        self.server.hear("moving the clients");
    }
}

/// Two servers: the gateway of the first moves its clients to that of the second. Which is gone with its program.
fn pair(arguments: &[&str]) -> (Server, Server, Gateways, Program) {
    let (first, second) = (Server::new(), Server::new());
    let address = second.address();
    let (program, to) = Program::serving(&["gateway", "server", ANYWHERE, &address]);
    let gateways = Gateways::before(&first, &[&["--redirect-to", &to], arguments].concat());
    (first, second, gateways, program)
}

#[test]
fn the_end_of_the_clients_stream_is_the_end_of_the_servers_input() {
    let server = Server::new();
    let gateways = Gateways::before(&server, &[]);
    let (mut client, mut served) = gateways.meet(&server);
    say(&mut client, b"question");
    client.shutdown(Shutdown::Write).expect("a half-close");
    let asked = rest(&mut served);
    say(&mut served, &[&asked[..], b" answered"].concat());
    drop(served);
    let answer = rest(&mut client);
    assert_eq!(answer, b"question answered");
}

#[test]
fn a_client_that_ended_first_gets_all_of_its_answer_however_late_it_reads() {
    let server = Server::new();
    let mut gateways = Gateways::before(&server, &[]);
    // The system takes in little of an answer that is not read, and holds the rest at the gateway.
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    set_socket_recv_buffer_size(&socket, 8 * 1024).expect("an option");
    let address: SocketAddr = gateways.address.parse().expect("an address");
    connect(&socket, &address).expect("it listens");
    let mut client = patient(TcpStream::from(socket));
    client.shutdown(Shutdown::Write).expect("a half-close");
    let answer = vec![7; 300_000];
    say(&mut server.accept(), &answer);
    gateways.client.hear("done");
    let heard = rest(&mut client);
    assert!(heard == answer, "{} octets", heard.len());
}

#[test]
fn an_end_without_a_word_is_not_lost_in_a_move_at_accept() {
    let server = Server::new();
    let (_server, to) = Program::serving(&["gateway", "server", ANYWHERE, &server.address()]);
    let (_redirector, home) = Program::serving(&["redirector", ANYWHERE, "--to", &to]);
    let (_client, address) = Program::serving(&["gateway", "client", ANYWHERE, &home]);
    let mut client = patient(TcpStream::connect(address).expect("it listens"));
    client.shutdown(Shutdown::Write).expect("a half-close");
    let mut served = server.accept();
    let asked = rest(&mut served);
    say(&mut served, b"220 and bye");
    drop(served);
    let answer = rest(&mut client);
    assert_eq!((&asked[..], &answer[..]), (&b""[..], &b"220 and bye"[..]));
}

#[test]
fn long_streams_go_both_ways_at_once() {
    let server = Server::new();
    let gateways = Gateways::before(&server, &[]);
    let (mut client, mut served) = gateways.meet(&server);
    let echo = thread::spawn(move || {
        let mut writer = served.try_clone().expect("a descriptor");
        std::io::copy(&mut served, &mut writer).expect("to the end")
    });
    let octets: Vec<u8> = (0..30_000_000_u32).map(|it| (it % 251) as u8).collect();
    let sent = octets.clone();
    let mut writer = client.try_clone().expect("a descriptor");
    let sending = thread::spawn(move || {
        say(&mut writer, &sent);
        writer.shutdown(Shutdown::Write).expect("a half-close");
    });
    let echoed = rest(&mut client);
    sending.join().expect("no panic");
    echo.join().expect("no panic");
    assert!(echoed == octets, "{} octets, or others", echoed.len());
}

#[test]
fn a_client_that_resets_its_connection_ended_nothing() {
    let server = Server::new();
    let gateways = Gateways::before(&server, &[]);
    let (mut client, mut served) = gateways.meet(&server);
    pass(&mut client, &mut served, b"half a questi");
    reset(client);
    expect_reset(&mut served);
}

#[test]
fn a_server_that_resets_its_connection_ended_nothing() {
    let server = Server::new();
    let mut gateways = Gateways::before(&server, &[]);
    let (mut client, mut served) = gateways.meet(&server);
    pass(&mut served, &mut client, b"half an answ");
    reset(served);
    expect_reset(&mut client);
    gateways
        .client
        .hear("the session broke: the server failed: the connection was lost");
}

#[test]
fn a_request_whose_server_dies_is_not_said_to_another() {
    let (first, second, mut gateways, _program) = pair(&["--half-duplex"]);
    let (mut client, mut served) = gateways.meet(&first);
    pass(&mut client, &mut served, b"question");
    gateways.begin_to_move();
    reset(served);
    expect_reset(&mut client);
    assert!(second.is_alone());
}

#[test]
fn a_client_that_said_nothing_is_moved_at_once() {
    let (first, second, mut gateways, _program) = pair(&[]);
    let (mut client, mut unused) = gateways.meet(&first);
    gateways.begin_to_move();
    let mut served = second.accept();
    pass(&mut client, &mut served, b"question");
    assert_eq!(rest(&mut unused), b"");
}

#[test]
fn a_client_that_heard_a_banner_stays() {
    let (first, second, mut gateways, _program) = pair(&[]);
    let (mut client, mut served) = gateways.meet(&first);
    pass(&mut served, &mut client, b"220 first");
    gateways.begin_to_move();
    pass(&mut client, &mut served, b"HELO");
    assert!(second.is_alone());
}

#[test]
fn nobody_is_moved_in_the_middle_of_a_request() {
    let (first, second, mut gateways, _program) = pair(&["--half-duplex"]);
    let (mut client, mut served) = gateways.meet(&first);
    pass(&mut client, &mut served, b"half a ques");
    gateways.begin_to_move();
    pass(&mut client, &mut served, b"tion");
    assert!(second.is_alone());
}

#[test]
fn behind_an_interim_answer_the_rest_of_the_request_stays_with_its_beginning() {
    let (first, second, mut gateways, _program) = pair(&["--half-duplex"]);
    let (mut client, mut served) = gateways.meet(&first);
    pass(
        &mut client,
        &mut served,
        b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
    );
    pass(&mut served, &mut client, b"HTTP/1.1 100 Continue\r\n\r\n");
    gateways.begin_to_move();
    pass(&mut client, &mut served, b"the body");
    assert!(second.is_alone());
}

#[test]
fn a_long_request_is_moved_whole() {
    let (first, second, mut gateways, _program) = pair(&["--half-duplex"]);
    let (mut client, mut served) = gateways.meet(&first);
    pass(&mut client, &mut served, b"first question");
    pass(&mut served, &mut client, b"first answer");
    gateways.begin_to_move();
    let question: Vec<u8> = (0..3_000_000_u32).map(|it| (it % 251) as u8).collect();
    let sent = question.clone();
    let sending = thread::spawn(move || {
        say(&mut client, &sent);
        client
    });
    let mut moved = second.accept();
    expect(&mut moved, &question);
    sending.join().expect("no panic");
    assert_eq!(rest(&mut served), b"");
}

#[test]
fn new_clients_are_moved_at_accept_until_they_are_kept_again() {
    let (first, second, mut gateways, _program) = pair(&[]);
    gateways.begin_to_move();
    let mut moved = gateways.connect();
    pass(&mut second.accept(), &mut moved, b"220 second");
    gateways.server.signal(Signal::USR2);
    gateways.server.hear("keeping the clients");
    let mut kept = gateways.connect();
    pass(&mut first.accept(), &mut kept, b"220 first");
    assert!(first.is_alone());
}

#[test]
fn whoever_finds_no_room_is_moved_at_accept() {
    let (first, second, gateways, _program) = pair(&["--max-clients", "1"]);
    let _fills_it = gateways.connect();
    let _served = first.accept();
    let mut client = gateways.connect();
    pass(&mut second.accept(), &mut client, b"220 second");
    assert!(first.is_alone());
}

#[test]
fn a_gateway_that_stops_moves_its_clients_and_ends_well() {
    let (first, second, mut gateways, _program) = pair(&["--half-duplex"]);
    let (mut client, mut served) = gateways.meet(&first);
    pass(&mut client, &mut served, b"first question");
    pass(&mut served, &mut client, b"first answer");
    gateways.server.signal(Signal::TERM);
    gateways.server.hear("stopping, 1 clients left");
    say(&mut client, b"second question");
    expect(&mut second.accept(), b"second question");
    assert!(gateways.server.end().success());
}

#[test]
fn a_gateway_that_stops_stays_until_who_was_moved_has_gone() {
    let server = Server::new();
    let to = "127.0.0.1:9";
    let arguments = [
        "gateway",
        "server",
        ANYWHERE,
        &server.address(),
        "--redirect-to",
        to,
    ];
    let (mut gateway, address) = Program::serving(&arguments);
    let mut client = patient(TcpStream::connect(address).expect("it listens"));
    let greeting = Frame::normal(b"").expect("short");
    expect(&mut client, &greeting.encode().chunks().concat());
    gateway.signal(Signal::TERM);
    let target = to.parse().expect("an endpoint");
    let redirect = Frame::redirect(target, b"").expect("short");
    expect(&mut client, &redirect.encode().chunks().concat());
    // To a gateway that had gone, this would be a reset.
    say(&mut client, &vec![0; 50_000_000]);
    client.shutdown(Shutdown::Write).expect("a half-close");
    assert_eq!(rest(&mut client), b"");
    assert!(gateway.end().success());
}

#[test]
fn a_client_that_is_left_at_the_end_of_the_grace_sees_no_end_of_stream() {
    let server = Server::new();
    let mut gateways = Gateways::before(&server, &["--grace", "0.1"]);
    let (mut client, mut served) = gateways.meet(&server);
    pass(&mut served, &mut client, b"half an answ");
    gateways.server.signal(Signal::TERM);
    expect_reset(&mut client);
    gateways.server.hear("1 clients were cut off");
    assert_eq!(gateways.server.end().code(), Some(1));
}

#[test]
fn a_client_that_does_not_read_holds_the_server_and_is_given_up_by_name() {
    let server = Server::new();
    let mut gateways = Gateways::before(&server, &["--stall", "0.5"]);
    let _client = gateways.connect();
    let mut served = server.accept();
    let mut endless = std::io::repeat(7).take(1 << 30);
    let written = std::io::copy(&mut endless, &mut served);
    assert!(written.is_err(), "it is held, and reset");
    gateways
        .server
        .hear("the client takes no octets (EOP-CLS-12)");
}

#[test]
fn a_server_that_does_not_read_holds_the_client_and_is_given_up_by_name() {
    let server = Server::new();
    let mut gateways = Gateways::before(&server, &["--stall", "0.5"]);
    let (mut client, _served) = gateways.meet(&server);
    let mut endless = std::io::repeat(7).take(1 << 30);
    let written = std::io::copy(&mut endless, &mut client);
    assert!(written.is_err(), "it is held, and reset");
    gateways.server.hear("the application: it takes no octets");
}

#[test]
fn an_acknowledgement_of_what_was_not_sent_ends_the_client_by_name() {
    let peer = Server::new();
    let arguments = ["gateway", "client", ANYWHERE, &peer.address()];
    let (mut gateway, address) = Program::serving(&arguments);
    let mut client = patient(TcpStream::connect(address).expect("it listens"));
    let empty = Frame::normal(b"")
        .expect("short")
        .encode()
        .chunks()
        .concat();
    // The greeting, and what acknowledges nothing.
    say(&mut peer.accept(), &empty.repeat(2));
    gateway.hear("a false acknowledgement");
    expect_reset(&mut client);
}

#[test]
fn a_client_whose_server_is_not_there_is_told_by_a_reset() {
    let server = Server::new();
    let mut gateways = Gateways::before(&server, &[]);
    drop(server);
    let mut client = gateways.connect();
    expect_reset(&mut client);
    gateways.server.hear("the application: Connection refused");
}
