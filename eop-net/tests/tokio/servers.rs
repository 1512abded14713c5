//! What a server's connection takes, refuses and leaves behind.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use eop_net::server::{Config, Drain};
use eop_net::tokio::{Client, Listener};
use eop_net::{Error, PeerError, client};

use super::stage::{self, expect, normal, redirect, rest};
use super::{echo, serving};

/// Does what blocks, while the runtime serves.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("no panic")
}

#[tokio::test]
async fn what_was_asked_before_the_end_is_answered() {
    let (address, server) = serving(Config::default(), |mut connection| async move {
        let mut requests = Vec::new();
        while let Some(request) = connection.receive().await.expect("no fault") {
            requests.push(request);
        }
        for request in requests {
            connection.respond(&request).await.expect("it is asked for");
        }
    });
    let octets = [normal(b"one"), normal(b""), normal(&[7; 300])].concat();
    let sent = octets.clone();
    let heard = aside(move || {
        let mut client = TcpStream::connect(address).expect("the server");
        client.write_all(&sent).expect("room");
        client.shutdown(Shutdown::Write).expect("a half-close");
        rest(&mut client)
    });
    assert_eq!(heard.await, octets);
    server.await.expect("no panic");
}

#[tokio::test]
async fn a_fault_ends_the_connection_while_the_application_still_holds_it() {
    let (address, server) = serving(Config::default(), |mut connection| async move {
        let fault = connection.receive().await;
        (fault, connection)
    });
    let client = aside(move || {
        let mut client = TcpStream::connect(address).expect("the server");
        let octets = redirect(stage::nowhere(), b"");
        client.write_all(&octets).expect("room");
        client
    });
    let mut client = client.await;
    let (fault, _connection) = server.await.expect("no panic");
    let unexpected = matches!(fault, Err(Error::Peer(PeerError::UnexpectedRedirect)));
    assert!(unexpected, "{fault:?}");
    assert_eq!(aside(move || rest(&mut client)).await, b"");
}

#[tokio::test]
async fn a_header_that_does_not_go_on_is_not_waited_for_for_ever() {
    let config = Config {
        header: Duration::from_millis(100),
        ..Config::default()
    };
    let (address, server) = serving(config, |mut connection| async move {
        connection.receive().await
    });
    let mut client = TcpStream::connect(address).expect("the server");
    client.write_all(&[0]).expect("room");
    let received = server.await.expect("no panic");
    assert!(matches!(received, Err(Error::Timeout)), "{received:?}");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let config = Config {
        stall: Duration::from_millis(200),
        ..Config::default()
    };
    let (address, server) = serving(config, |mut connection| async move {
        connection.receive().await.expect("no fault");
        connection.respond(&vec![0; 64 << 20]).await
    });
    let mut client = TcpStream::connect(address).expect("the server");
    client.write_all(&normal(b"question")).expect("room");
    assert!(matches!(server.await.expect("no panic"), Err(Error::Stall)));
}

#[tokio::test]
async fn a_late_redirect_that_the_client_takes_slowly_goes_out_behind_its_caller() {
    const LONG: usize = 16 << 20;
    let to = "127.0.0.1:4000".parse().expect("an endpoint");
    let (address, server) = serving(Config::default(), move |mut connection| async move {
        connection.receive().await.expect("no fault");
        drop(connection.redirect_with(&vec![7; LONG], to).expect("sent"));
    });
    let mut client = TcpStream::connect(address).expect("the server");
    client.write_all(&normal(b"question")).expect("room");
    // It is done although nobody has read an octet.
    server.await.expect("no panic");
    client.write_all(&normal(b"crossing")).expect("room");
    let heard = aside(move || {
        client.shutdown(Shutdown::Write).expect("a half-close");
        rest(&mut client)
    });
    assert!(heard.await == redirect(to, &vec![7; LONG]), "all of it");
}

#[tokio::test]
async fn a_drain_moves_idle_clients_and_answers_the_rest_late() {
    let drain = Drain::new().expect("descriptors");
    let listener = Listener::bind(stage::loopback(), Config::default())
        .expect("a port")
        .drained_by(&drain);
    let address = listener.local_addr().expect("its address");
    let mut idle = TcpStream::connect(address).expect("the server");
    let idle_task = tokio::spawn(echo(listener.accept().await.expect("a client")));
    let mut busy = TcpStream::connect(address).expect("the server");
    busy.write_all(&normal(b"one")).expect("room");
    let mut connection = listener.accept().await.expect("a client");
    let request = connection.receive().await.expect("no fault").expect("one");
    tokio::task::yield_now().await; // the idle one waits by now

    let to = "127.0.0.1:4000".parse().expect("an endpoint");
    drain.begin(to);
    idle_task.await.expect("no panic").expect("no fault");
    connection.respond(&request).await.expect("it is asked for");

    let told = aside(move || {
        expect(&mut idle, &redirect(to, b""));
        expect(&mut busy, &redirect(to, b"one"));
    });
    told.await;
    drain.emptied().await;
}

#[tokio::test]
async fn a_client_that_resets_did_not_end_its_stream() {
    let (address, server) = serving(Config::default(), |mut connection| async move {
        connection.receive().await
    });
    let mut client = Client::connect(address, client::Config::default())
        .await
        .expect("the server");
    client.reset();
    assert!(matches!(
        server.await.expect("no panic"),
        Err(Error::Lost(_))
    ));
}
