//! The traces of `spec/traces.md` that only real sockets can show, and the two ways of resending.

#![allow(
    clippy::expect_used,
    reason = "a test may stop at what it did not expect"
)]

mod stage;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddrV4, TcpStream};
use std::thread;
use std::time::Duration;

use eop_net::client::{Config, Event};
use eop_net::server::{self, Departure};
use eop_net::{Cause, End, Error, Resending, Service};
use stage::{Server, answer, connect, echoing, end, ended, normal, redirect, scripted, serving};

const LONG: usize = 3 << 20;

/// A server that moves its client to `target` when the first octet has come, and resets it.
fn moving_and_resetting(target: SocketAddrV4) -> Server {
    scripted(move |mut socket| {
        socket.read_exact(&mut [0]).expect("an octet");
        socket
            .write_all(&redirect(target, b""))
            .expect("room for 12 octets");
        // Closing with octets unread resets the connection.
    })
}

/// (EOP-CLS-1, EOP-CLS-7)
/// Trace 8: the linger limits wait for the client's acknowledgement.
#[test]
fn a_slow_reader_with_an_unread_request_gets_a_late_response_whole() {
    let config = server::Config {
        linger_idle: Duration::from_millis(150),
        ..server::Config::default()
    };
    let server = serving(config, |mut connection| {
        connection.receive().expect("no fault").expect("a request");
        let lingering = connection.redirect_with(&vec![7; LONG], stage::nowhere());
        lingering.expect("sent").linger()
    });
    let mut client = TcpStream::connect(server.address).expect("the server");
    client
        .write_all(&[normal(b"one"), normal(b"two")].concat())
        .expect("room");
    thread::sleep(Duration::from_millis(600));
    client
        .read_exact(&mut vec![0; 12 + LONG])
        .expect("every octet, and no reset");
    drop(client);
    assert_eq!(server.join(), Departure::Ended);
}

/// (EOP-CLS-12)
/// Trace 9: somebody gives up.
#[test]
fn two_peers_that_only_write_do_not_wait_for_ever() {
    let (listener, address) = stage::listening();
    let config = Config {
        stall: Duration::from_millis(300),
        ..Config::default()
    };
    let mut client = connect(address, config);
    let _never_read = listener.accept().expect("the client");
    client.send(&vec![0; 32 << 20]).expect("accepted");
    assert_eq!(end(&mut client), End::Failed(Cause::Stall));
}

/// Trace 9, for a caller that looks often: looking is not progress.
#[test]
fn a_stall_is_one_however_often_the_caller_looks() {
    let (listener, address) = stage::listening();
    let config = Config {
        stall: Duration::from_millis(300),
        ..Config::default()
    };
    let mut client = connect(address, config);
    let _never_read = listener.accept().expect("the client");
    client.send(&vec![0; 32 << 20]).expect("accepted");
    let looks = (0..1000).find_map(|_| client.receive_within(Duration::from_millis(20)));
    let Some(Event::Ended(ended)) = looks else {
        panic!("{looks:?}")
    };
    assert_eq!(ended.end, End::Failed(Cause::Stall));
}

/// (EOP-CLS-12)
/// Trace 9, for a server: that the client sends does not mean that it takes.
#[test]
fn a_client_that_sends_and_takes_nothing_is_given_up() {
    let config = server::Config {
        stall: Duration::from_millis(300),
        ..server::Config::default()
    };
    let server = serving(config, |mut connection| {
        connection.receive().expect("no fault").expect("a request");
        connection.respond(&vec![0; 64 << 20])
    });
    let mut client = TcpStream::connect(server.address).expect("the server");
    client.write_all(&normal(b"question")).expect("room");
    // Parts of one long message, until the server has had enough.
    let mut sent = client.write_all(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
    for _ in 0..1000 {
        if sent.is_err() {
            break;
        }
        thread::sleep(Duration::from_millis(20));
        sent = client.write_all(b"on and on");
    }
    assert!(sent.is_err(), "the server goes on waiting");
    assert!(matches!(server.join(), Err(Error::Stall)));
}

/// (EOP-CLS-1, EOP-CLS-7)
/// Trace 9, with a redirect: what the client still sends is thrown away while the server still writes.
#[test]
fn a_client_that_writes_to_the_end_before_it_reads_gets_a_long_redirect() {
    let config = server::Config {
        stall: Duration::from_secs(5),
        ..server::Config::default()
    };
    let server = serving(config, |mut connection| {
        connection.receive().expect("no fault").expect("a request");
        let lingering = connection.redirect_with(&vec![7; 16 << 20], stage::nowhere());
        lingering
            .map(server::Lingering::linger)
            .map_err(Error::from)
    });
    let mut client = TcpStream::connect(server.address).expect("the server");
    client.write_all(&normal(b"question")).expect("room");
    client
        .write_all(&normal(&vec![0; 32 << 20]))
        .expect("somebody reads");
    client
        .read_exact(&mut vec![0; 12 + (16 << 20)])
        .expect("the redirect");
    drop(client);
    assert_eq!(server.join().expect("sent"), Departure::Ended);
}

/// (EOP-CLS-10)
/// Trace 10: what came before the reset counts.
#[test]
fn a_redirect_behind_which_the_server_is_gone_is_followed() {
    let target = echoing("");
    let home = moving_and_resetting(target.address);
    let service = Service {
        max_payload: u32::MAX,
        ..Service::default()
    };
    let mut client = connect(
        home.address,
        Config {
            service,
            ..Config::default()
        },
    );
    // Longer than every buffer, so that the reset stops the writing.
    let message = vec![0; 32 << 20];
    client.send(&message).expect("accepted");
    home.join();
    assert_eq!(answer(&mut client), message);
}

/// (EOP-CLS-2)
/// Trace 11: what a redirected client still sends is nobody's fault.
#[test]
fn garbage_behind_a_redirect_is_thrown_away() {
    let server = serving(server::Config::default(), |connection| {
        connection
            .redirect(stage::nowhere())
            .expect("sent")
            .linger()
    });
    let mut client = TcpStream::connect(server.address).expect("the server");
    client.read_exact(&mut [0; 12]).expect("the redirect");
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("room");
    client
        .shutdown(std::net::Shutdown::Write)
        .expect("a half-close");
    let left = client.read_to_end(&mut Vec::new()).expect("FIN, not RST");
    assert_eq!((left, server.join()), (0, Departure::Ended));
}

/// Shows EOP-RSD-14.
#[test]
fn with_automatic_resending_the_application_sees_the_answer_alone() {
    let target = echoing("moved: ");
    let home = moving_and_resetting(target.address);
    let resending = Resending::Automatic { budget: 1 << 20 };
    let mut client = connect(
        home.address,
        Config {
            resending,
            ..Config::default()
        },
    );
    client.send(b"question").expect("accepted");
    assert!(!stage::moved(&mut client).decide);
    assert_eq!(answer(&mut client), b"moved: question");
}

/// Shows EOP-RSD-8 and EOP-RSD-9.
#[test]
fn a_message_lost_with_its_connection_is_uncertain_and_goes_nowhere() {
    let (listener, address) = stage::listening();
    let mut client = connect(address, Config::default());
    client.send(b"pay").expect("accepted");
    let (mut socket, _) = listener.accept().expect("the client");
    stage::expect(&mut socket, &normal(b"pay"));
    drop(socket);
    let ended = ended(&mut client);
    assert_eq!(
        (ended.end, ended.left.uncertain),
        (End::Failed(Cause::Uncertain), 1)
    );
    listener.set_nonblocking(true).expect("a flag");
    assert!(listener.accept().is_err(), "nobody comes back");
}
