//! The same over tokio.

use std::net::SocketAddrV4;

use eop_net::server;
use eop_net::tls::ServerTls;
use eop_net::tokio::{Client, Connection, Listener};
use eop_net::{End, Error, Event};
use tokio::time::timeout;

use super::authority::{Authority, NAME};
use super::stage::{self, PATIENCE};
use super::{config, service};

async fn serving<F: Future<Output = ()> + Send + 'static>(
    authority: &Authority,
    serve: impl FnOnce(Connection) -> F + Send + 'static,
) -> SocketAddrV4 {
    let config = server::Config {
        service: service(),
        ..server::Config::default()
    };
    let listener = Listener::bind(stage::loopback(), config)
        .expect("a port")
        .secured_by(&ServerTls::new(authority.server(NAME)));
    let address = stage::v4(listener.local_addr().expect("its address"));
    let task = async move { serve(listener.accept().await.expect("a client")).await };
    tokio::spawn(task);
    address
}

async fn echo(mut connection: Connection) {
    while let Some(request) = connection.receive().await.expect("no fault") {
        connection.respond(&request).await.expect("it is asked for");
    }
}

/// The payloads up to the end of the session.
async fn answers(client: &mut Client) -> (Vec<Vec<u8>>, End) {
    let mut answers = Vec::new();
    loop {
        match timeout(PATIENCE, client.receive()).await.expect("an event") {
            Event::Message(message) => answers.push(message.payload),
            Event::Redirected(_) | Event::Connected(_) | Event::Settling => {}
            Event::Ended(ended) => return (answers, ended.end),
        }
    }
}

#[tokio::test]
async fn long_messages_go_both_ways_across_a_late_move() {
    let authority = Authority::new();
    let to = serving(&authority, echo).await;
    let home = serving(&authority, move |mut connection| async move {
        let first = connection.receive().await.expect("no fault").expect("one");
        // The client takes it slowly: the linger list writes the rest, encrypted.
        drop(connection.redirect_with(&first, to).expect("sent"));
    });
    let config = config(authority.client());
    let mut client = Client::connect(home.await, config).await.expect("home");
    let long: Vec<u8> = (0..=250).cycle().take(8 << 20).collect();
    for _ in 0..3 {
        client.send(&long).expect("accepted");
    }
    client.half_close().expect("once");
    let (answers, end) = answers(&mut client).await;
    assert!(
        answers == [long.clone(), long.clone(), long],
        "octet for octet"
    );
    assert_eq!(end, End::Eof);
}

#[tokio::test]
async fn nothing_is_said_before_the_handshake_which_a_server_that_speaks_first_awaits() {
    let authority = Authority::new();
    let to = serving(&authority, echo).await;
    let home = serving(&authority, move |connection| async move {
        let refused = connection.redirect(to).expect_err("it is too early");
        assert!(matches!(refused.error, Error::NotSecured), "{refused}");
        let mut connection = refused.connection;
        connection.secured().await.expect("a client of EOP");
        drop(connection.redirect(to).expect("sent"));
    });
    let config = config(authority.client());
    let mut client = Client::connect(home.await, config).await.expect("home");
    client.send(b"question").expect("accepted");
    client.half_close().expect("once");
    let answered = (vec![b"question".to_vec()], End::Eof);
    assert_eq!(answers(&mut client).await, answered);
}
