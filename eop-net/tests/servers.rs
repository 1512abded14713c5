//! What a server's connection takes, refuses and leaves behind.

#![allow(
    clippy::expect_used,
    reason = "a test may stop at what it did not expect"
)]

mod stage;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use eop_net::server::{Config, Connection, Departure, Listener};
use eop_net::{Error, PeerError, Service};
use stage::{expect, loopback, normal, redirect, rest, serving};

fn connect(server: &stage::Server<impl Sized>) -> TcpStream {
    TcpStream::connect(server.address).expect("the server")
}

/// Answers every request with its own octets, to the end.
fn echo(mut connection: Connection) -> Result<(), Error> {
    while let Some(request) = connection.receive()? {
        connection.respond(&request)?;
    }
    Ok(())
}

/// Shows EOP-FRM-2.
#[test]
fn requests_are_answered_however_they_are_cut() {
    let server = serving(Config::default(), echo);
    let mut client = connect(&server);
    client.set_nodelay(true).expect("a flag");
    let octets = [normal(b"one"), normal(b""), normal(&[7; 300])].concat();
    for octet in &octets {
        client.write_all(&[*octet]).expect("room");
    }
    client.shutdown(Shutdown::Write).expect("a half-close");
    assert_eq!(rest(&mut client), octets);
    assert!(server.join().is_ok());
}

/// Shows EOP-FRM-10. Its listener hands that down to it, where the system does; elsewhere it is asked for later.
#[test]
#[cfg(target_os = "linux")]
fn what_is_accepted_sends_at_once() {
    let listener = Listener::bind(loopback(), Config::default()).expect("a port");
    let address = listener.local_addr().expect("its address");
    let _client = TcpStream::connect(address).expect("the server");
    let socket = listener.accept_stream().expect("a client");
    assert!(socket.nodelay().expect("a flag"));
}

/// Shows EOP-HCL-1.
#[test]
fn what_was_asked_before_the_end_is_answered() {
    let server = serving(Config::default(), |mut connection| {
        let mut requests = Vec::new();
        while let Some(request) = connection.receive().expect("no fault") {
            requests.push(request);
        }
        for request in requests {
            connection.respond(&request).expect("it is asked for");
        }
        connection.close().linger()
    });
    let mut client = connect(&server);
    let octets = [normal(b"one"), normal(b"two")].concat();
    client.write_all(&octets).expect("room");
    client.shutdown(Shutdown::Write).expect("a half-close");
    assert_eq!(rest(&mut client), octets);
    assert_eq!(server.join(), Departure::Ended);
}

/// Shows EOP-FRM-5 and EOP-RSD-10.
#[test]
fn a_request_that_is_cut_off_is_no_request() {
    let server = serving(Config::default(), |mut connection| connection.receive());
    let mut client = connect(&server);
    let request = normal(b"question");
    client.write_all(&request[..15]).expect("room");
    client.shutdown(Shutdown::Write).expect("a half-close");
    let received = server.join();
    assert!(
        matches!(received, Err(Error::Peer(PeerError::TruncatedFrame))),
        "{received:?}"
    );
}

#[test]
fn a_fault_ends_the_connection_while_the_application_still_holds_it() {
    let server = serving(Config::default(), |mut connection| {
        let fault = connection.receive();
        (fault, connection)
    });
    let mut client = connect(&server);
    client
        .write_all(&redirect(stage::nowhere(), b""))
        .expect("room");
    let (fault, _connection) = server.join();
    assert!(
        matches!(fault, Err(Error::Peer(PeerError::UnexpectedRedirect))),
        "{fault:?}"
    );
    assert_eq!(rest(&mut client), b"");
}

/// Shows EOP-TIM-1.
#[test]
fn a_header_that_does_not_go_on_is_not_waited_for_for_ever() {
    let config = Config {
        header: Duration::from_millis(100),
        ..Config::default()
    };
    let server = serving(config, |mut connection| connection.receive());
    let mut client = connect(&server);
    client.write_all(&[0]).expect("room");
    let received = server.join();
    assert!(matches!(received, Err(Error::Timeout)), "{received:?}");
    assert_eq!(rest(&mut client), b"");
}

/// Shows EOP-CLS-12.
#[test]
fn a_client_that_takes_nothing_is_given_up() {
    let config = Config {
        stall: Duration::from_millis(200),
        ..Config::default()
    };
    let server = serving(config, |mut connection| {
        connection.receive().expect("no fault").expect("a request");
        connection.respond(&vec![0; 64 << 20])
    });
    let mut client = connect(&server);
    client.write_all(&normal(b"question")).expect("room");
    assert!(matches!(server.join(), Err(Error::Stall)));
}

#[test]
fn what_a_client_sends_while_it_is_answered_is_not_lost() {
    let server = serving(Config::default(), |mut connection| {
        connection.receive().expect("no fault").expect("a request");
        connection
            .respond(&vec![0; 16 << 20])
            .expect("it is asked for");
        connection.receive()
    });
    let mut client = connect(&server);
    client.write_all(&normal(b"one")).expect("room");
    client.read_exact(&mut [0]).expect("the answer begins");
    client.write_all(&normal(b"two")).expect("room");
    client
        .read_exact(&mut vec![0; 12 + (16 << 20) - 1])
        .expect("the answer");
    assert_eq!(server.join().expect("no fault"), Some(b"two".to_vec()));
}

#[test]
fn a_refused_redirect_leaves_the_connection_as_it_was() {
    let server = serving(Config::default(), |mut connection| {
        let here = match connection.local_addr() {
            Ok(SocketAddr::V4(here)) => here,
            other => panic!("{other:?}"),
        };
        connection.receive().expect("no fault").expect("a request");
        let multicast = "224.0.0.1:80".parse().expect("an endpoint");
        let refused = connection.redirect(multicast).expect_err("EOP-RED-14");
        assert!(matches!(refused.error, Error::Misuse(_)), "{refused}");
        let refused = refused.connection.redirect(here).expect_err("EOP-EPI-10");
        assert!(matches!(refused.error, Error::OwnEndpoint), "{refused}");
        refused
            .connection
            .redirect_with(b"answer", stage::nowhere())
            .map(drop)
    });
    let mut client = connect(&server);
    client.write_all(&normal(b"question")).expect("room");
    let mut head = [0; 2];
    client.read_exact(&mut head).expect("a frame");
    assert_eq!((head, server.join().is_ok()), ([0, 2], true));
}

/// Shows EOP-ACC-2.
#[test]
fn an_answer_that_nobody_asked_for_is_refused_and_not_sent() {
    let server = serving(Config::default(), |mut connection| {
        let refused = connection.respond(b"answer").expect_err("nobody asked");
        assert!(!refused.is_final());
        connection.receive().expect("no fault").expect("a request");
        connection.respond(b"asked").expect("it is asked for");
        connection.close().linger()
    });
    let mut client = connect(&server);
    client.write_all(&normal(b"question")).expect("room");
    expect(&mut client, &normal(b"asked"));
    drop(client);
    assert_eq!(server.join(), Departure::Ended);
}

#[test]
fn greetings_are_due_before_anything_is_answered() {
    let service = Service {
        greetings: 1,
        ..Service::default()
    };
    let server = serving(
        Config {
            service,
            ..Config::default()
        },
        |mut connection| {
            connection.receive().expect("no fault").expect("a request");
            assert!(connection.respond(b"answer").is_err());
            connection
                .greet_and_redirect(b"hello", "127.0.0.1:9".parse().expect("an endpoint"))
                .map(drop)
        },
    );
    let mut client = connect(&server);
    client.write_all(&normal(b"question")).expect("room");
    expect(
        &mut client,
        &redirect("127.0.0.1:9".parse().expect("an endpoint"), b"hello"),
    );
    assert!(server.join().is_ok());
}

/// Shows EOP-CLS-3.
#[test]
fn a_client_that_stays_silent_behind_a_redirect_is_left() {
    let config = Config {
        linger_idle: Duration::from_millis(100),
        ..Config::default()
    };
    let server = serving(config, |connection| {
        connection
            .redirect(stage::nowhere())
            .expect("sent")
            .linger()
    });
    let mut client = connect(&server);
    assert_eq!(rest(&mut client).len(), 12);
    assert_eq!(server.join(), Departure::IdleLimit);
}

/// Shows EOP-CLS-3.
#[test]
fn a_client_that_goes_on_sending_behind_a_redirect_is_left() {
    let config = Config {
        linger_total: Duration::from_millis(300),
        ..Config::default()
    };
    let server = serving(config, |connection| {
        connection
            .redirect(stage::nowhere())
            .expect("sent")
            .linger()
    });
    let mut client = connect(&server);
    expect(&mut client, &[0, 2]);
    while client.write_all(b"still here").is_ok() {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.join(), Departure::TotalLimit);
}

#[test]
fn a_reset_is_a_reset() {
    let server = serving(Config::default(), Connection::reset);
    let mut client = connect(&server);
    server.join();
    let error = client.read(&mut [0]).expect_err("no end of stream");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}
