//! Servers that get rid of their clients: the linger list, the redirector, the drain.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

mod stage;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, SocketAddrV4, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use eop_net::server::{
    Config, Connection, Drain, LingerCounts, LingerList, Listener, Redirector, RedirectorCounts,
    RoundRobin,
};
use stage::{PATIENCE, expect, loopback, normal, redirect, rest};

/// A listener with a linger list of its own.
fn listening(config: Config, limit: usize) -> (Listener, LingerList, SocketAddr) {
    let list = LingerList::new(limit);
    let listener = Listener::bind(loopback(), config)
        .expect("a port")
        .linger_in(&list);
    let address = listener.local_addr().expect("its address");
    (listener, list, address)
}

/// Waits until the counts are like that.
fn wait_for(list: &LingerList, mut like: impl FnMut(LingerCounts) -> bool) -> LingerCounts {
    let until = Instant::now() + PATIENCE;
    while !like(list.counts()) && Instant::now() < until {
        thread::sleep(Duration::from_millis(5));
    }
    list.counts()
}

fn target() -> SocketAddrV4 {
    SocketAddrV4::new([127, 0, 0, 1].into(), 9)
}

#[test]
fn a_redirect_does_not_wait_for_the_client_to_go() {
    let (listener, list, address) = listening(Config::default(), 8);
    let mut client = TcpStream::connect(address).expect("the server");
    let connection = listener.accept().expect("a client");
    drop(connection.redirect(target()).expect("sent"));
    assert_eq!(list.counts().lingering, 1);
    expect(&mut client, &redirect(target(), b""));
    drop(client);
    let counts = wait_for(&list, |counts| counts.lingering == 0);
    assert_eq!((counts.lingering, counts.ended), (0, 1));
}

#[test]
fn what_a_client_still_sends_does_not_cost_it_the_redirect() {
    let (listener, _list, address) = listening(Config::default(), 8);
    let mut client = TcpStream::connect(address).expect("the server");
    let connection = listener.accept().expect("a client");
    drop(connection.redirect(target()).expect("sent"));
    // Unread, each of these would have reset the connection.
    for _ in 0..4 {
        client.write_all(&[7; 300_000]).expect("somebody reads");
    }
    expect(&mut client, &redirect(target(), b""));
    client.shutdown(Shutdown::Write).expect("a half-close");
    assert_eq!(rest(&mut client), b"");
}

#[test]
fn a_list_that_is_full_ends_whom_it_has_had_for_longest() {
    let (listener, list, address) = listening(Config::default(), 2);
    let mut clients: Vec<_> = (0..3)
        .map(|_| {
            let client = TcpStream::connect(address).expect("the server");
            let connection = listener.accept().expect("a client");
            drop(connection.redirect(target()).expect("sent"));
            client
        })
        .collect();
    assert_eq!((list.counts().lingering, list.counts().evicted), (2, 1));
    assert_eq!(rest(&mut clients[0]), redirect(target(), b""));
}

#[test]
fn a_client_that_stays_is_left_by_the_list_too() {
    let config = Config {
        linger_idle: Duration::from_millis(100),
        ..Config::default()
    };
    let (listener, list, address) = listening(config, 8);
    let mut client = TcpStream::connect(address).expect("the server");
    drop(listener.accept().expect("a client").redirect(target()));
    assert_eq!(rest(&mut client), redirect(target(), b""));
    assert_eq!(wait_for(&list, |it| it.lingering == 0).idle_limit, 1);
}

#[test]
fn a_list_that_is_dropped_still_sees_off_its_clients() {
    let (listener, list, address) = listening(Config::default(), 8);
    let mut client = TcpStream::connect(address).expect("the server");
    drop(listener.accept().expect("a client").redirect(target()));
    drop((listener, list));
    client.write_all(&[7; 300_000]).expect("somebody reads");
    client.shutdown(Shutdown::Write).expect("a half-close");
    assert_eq!(rest(&mut client), redirect(target(), b""));
}

#[test]
fn the_end_of_a_stream_is_seen_off_by_the_list_as_well() {
    let (listener, list, address) = listening(Config::default(), 8);
    let mut client = TcpStream::connect(address).expect("the server");
    drop(listener.accept().expect("a client").close());
    assert_eq!((rest(&mut client), list.counts().lingering), (vec![], 1));
}

/// The octets with which a redirector sees off a client, then the end.
fn redirected(address: SocketAddr) -> Vec<u8> {
    let mut client = TcpStream::connect(address).expect("the redirector");
    client.shutdown(Shutdown::Write).expect("a half-close");
    rest(&mut client)
}

/// The counts once so many clients are counted: a client can be gone before it is.
fn counted(redirector: &Redirector, clients: u64) -> RedirectorCounts {
    let until = Instant::now() + PATIENCE;
    loop {
        let counts = redirector.counts();
        if counts.redirected + counts.turned_away >= clients || Instant::now() > until {
            return counts;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn targets_take_turns() {
    let targets = [1, 2].map(|port| SocketAddrV4::new([127, 0, 0, 1].into(), port));
    let (listener, _list, address) = listening(Config::default(), 8);
    let redirector = Redirector::start([listener], RoundRobin::new(targets)).expect("a thread");
    let octets = [(); 3].map(|()| redirected(address));
    let [first, second] = targets.map(|target| redirect(target, b""));
    assert_eq!(octets, [first.clone(), second, first]);
    assert_eq!(counted(&redirector, 3).redirected, 3);
}

#[test]
fn a_client_without_a_target_is_turned_away() {
    let (listener, _list, address) = listening(Config::default(), 8);
    let targets = RoundRobin::new([]);
    let redirector = Redirector::start([listener], targets).expect("a thread");
    assert_eq!(redirected(address), b"");
    assert_eq!(counted(&redirector, 1).turned_away, 1);
}

#[test]
fn a_client_is_not_redirected_to_where_it_is() {
    let (listener, _list, address) = listening(Config::default(), 8);
    let SocketAddr::V4(here) = address else {
        panic!("{address}")
    };
    let redirector = Redirector::start([listener], here).expect("a thread");
    assert_eq!(redirected(address), b""); // EOP-EPI-10
    assert_eq!(counted(&redirector, 1).turned_away, 1);
}

#[test]
fn listeners_share_an_address_and_its_clients() {
    let listeners = Listener::bind_each(loopback(), Config::default(), 2).expect("a port");
    let [one, other] = &listeners[..] else {
        panic!("{listeners:?}")
    };
    let address = one.local_addr().expect("its address");
    assert_eq!(other.local_addr().expect("its address"), address);
    let redirector = Redirector::start(listeners, target()).expect("threads");
    for _ in 0..32 {
        assert_eq!(redirected(address), redirect(target(), b""));
    }
    drop(redirector);
    assert!(TcpStream::connect(address).is_err(), "nobody listens now");
}

#[test]
fn a_redirector_keeps_to_the_limit_of_its_list() {
    let (listener, list, address) = listening(Config::default(), 2);
    let _redirector = Redirector::start([listener], target()).expect("a thread");
    let mut clients: Vec<_> = (0..3)
        .map(|_| {
            let mut client = TcpStream::connect(address).expect("the redirector");
            expect(&mut client, &redirect(target(), b""));
            client
        })
        .collect();
    let counts = wait_for(&list, |counts| counts.evicted > 0);
    assert_eq!((counts.lingering, counts.evicted), (2, 1));
    assert_eq!(rest(&mut clients[0]), b"", "the first one is the last's");
}

#[test]
fn a_client_that_has_gone_keeps_no_place_from_the_next() {
    let (listener, list, address) = listening(Config::default(), 2);
    let _redirector = Redirector::start([listener], target()).expect("a thread");
    for _ in 0..16 {
        let mut client = TcpStream::connect(address).expect("the redirector");
        expect(&mut client, &redirect(target(), b""));
    }
    let counts = wait_for(&list, |counts| counts.ended == 16);
    assert_eq!((counts.ended, counts.evicted), (16, 0));
}

#[test]
fn a_client_that_stays_is_left_by_a_redirector_too() {
    let config = Config {
        linger_idle: Duration::from_millis(100),
        ..Config::default()
    };
    let (listener, list, address) = listening(config, 8);
    let _redirector = Redirector::start([listener], target()).expect("a thread");
    let mut client = TcpStream::connect(address).expect("the redirector");
    assert_eq!(rest(&mut client), redirect(target(), b""));
    assert_eq!(wait_for(&list, |it| it.lingering == 0).idle_limit, 1);
}

#[test]
fn a_redirector_that_stops_still_sees_off_its_clients() {
    let (listener, list, address) = listening(Config::default(), 8);
    let redirector = Redirector::start([listener], target()).expect("a thread");
    let mut client = TcpStream::connect(address).expect("the redirector");
    expect(&mut client, &redirect(target(), b""));
    drop(redirector);
    client.write_all(&[7; 300_000]).expect("somebody reads");
    client.shutdown(Shutdown::Write).expect("a half-close");
    assert_eq!(rest(&mut client), b"");
    assert_eq!(wait_for(&list, |it| it.lingering == 0).ended, 1);
}

/// A server that can be drained: every connection answers each request with its own octets.
fn drained(drain: &Drain) -> SocketAddr {
    let (listener, _, address) = listening(Config::default(), 64);
    let listener = listener.drained_by(drain);
    thread::spawn(move || {
        while let Ok(connection) = listener.accept() {
            thread::spawn(move || echo(connection));
        }
    });
    address
}

fn echo(mut connection: Connection) -> Result<(), eop_net::Error> {
    while let Some(request) = connection.receive()? {
        connection.respond(&request)?;
    }
    Ok(())
}

fn asked(address: SocketAddr, question: &[u8]) -> TcpStream {
    let mut client = TcpStream::connect(address).expect("the server");
    client.write_all(&normal(question)).expect("room");
    client
}

#[test]
fn a_drain_moves_idle_clients_and_new_ones_without_reading() {
    let drain = Drain::new().expect("descriptors");
    let address = drained(&drain);
    let mut idle = asked(address, b"before");
    expect(&mut idle, &normal(b"before"));

    drain.begin(target());
    expect(&mut idle, &redirect(target(), b""));
    let mut late = asked(address, b"never acted on");
    expect(&mut late, &redirect(target(), b""));

    assert_eq!(drain.wait(Duration::ZERO), 2, "they have not gone yet");
    drop((idle, late));
    assert_eq!(drain.wait(PATIENCE), 0);
}

#[test]
fn a_drain_that_begins_while_a_connection_looks_for_it_is_not_missed() {
    for _ in 0..500 {
        let drain = Drain::new().expect("descriptors");
        let (listener, _list, address) = listening(Config::default(), 8);
        let listener = listener.drained_by(&drain);
        let mut client = asked(address, b"before");
        let connection = listener.accept().expect("a client");
        let serving = thread::spawn(move || echo(connection));
        expect(&mut client, &normal(b"before"));
        drain.begin(target());
        expect(&mut client, &redirect(target(), b""));
        serving.join().expect("no panic").expect("no fault");
    }
}

#[test]
fn a_drain_answers_what_was_begun_and_moves_the_client_with_the_answer() {
    let drain = Drain::new().expect("descriptors");
    let (listener, _list, address) = listening(Config::default(), 8);
    let listener = listener.drained_by(&drain);
    let mut client = asked(address, b"one");
    client.write_all(&normal(b"two")).expect("room");

    let mut connection = listener.accept().expect("a client");
    let one = connection.receive().expect("no fault").expect("a request");
    drain.begin(target());
    connection.respond(&one).expect("it is asked for");
    // Two was not acted on: the client takes it along (EOP-RSD-2).
    assert_eq!(connection.receive().expect("no fault"), None);

    expect(&mut client, &redirect(target(), b"one"));
}

#[test]
fn a_drain_waits_for_every_answer_that_is_owed() {
    let drain = Drain::new().expect("descriptors");
    let (listener, _list, address) = listening(Config::default(), 8);
    let listener = listener.drained_by(&drain);
    let mut client = asked(address, b"one");
    let mut connection = listener.accept().expect("a client");
    connection.receive().expect("no fault").expect("a request");
    drain.begin(target());
    // One may have been acted on: nothing moves before it is answered, however often the server asks for more.
    client.write_all(&normal(b"two")).expect("room");
    connection.receive().expect("no fault").expect("a request");
    connection.respond(b"first").expect("it is asked for");
    connection.respond(b"second").expect("it is asked for");

    expect(
        &mut client,
        &[normal(b"first"), redirect(target(), b"second")].concat(),
    );
}

#[test]
fn a_client_for_which_there_is_no_target_stays() {
    let drain = Drain::new().expect("descriptors");
    let address = drained(&drain);
    drain.begin(|_: SocketAddr| None);
    let mut client = asked(address, b"still here");
    expect(&mut client, &normal(b"still here"));
    assert_eq!(drain.wait(Duration::ZERO), 1);
}

#[test]
fn a_connection_that_waits_in_the_middle_of_a_header_is_moved_as_well() {
    let drain = Drain::new().expect("descriptors");
    let address = drained(&drain);
    let mut client = TcpStream::connect(address).expect("the server");
    client.write_all(&normal(b"cut off")[..14]).expect("room");
    drain.begin(target());
    expect(&mut client, &redirect(target(), b""));
    client.write_all(&[0; 100]).expect("somebody reads");
    client.shutdown(Shutdown::Write).expect("a half-close");
    assert_eq!(client.read(&mut [0]).expect("the end"), 0);
}
