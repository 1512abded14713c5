//! Clients that are moved.

use std::io::Write as _;

use eop_net::client::Config;
use eop_net::server;
use eop_net::tokio::Client;
use eop_net::{Event, Resending};

use super::{answer, echo, serving, stage};

fn automatic() -> Config {
    Config {
        resending: Resending::Automatic { budget: 1 << 25 },
        ..Config::default()
    }
}

#[tokio::test]
async fn early_the_message_is_answered_at_the_target() {
    let (to, target) = serving(server::Config::default(), echo);
    let (home, _) = serving(server::Config::default(), move |connection| async move {
        drop(connection.redirect(to).expect("sent"));
    });
    let mut client = Client::connect(home, Config::default())
        .await
        .expect("home");
    client.send(b"question").expect("accepted");
    assert_eq!(answer(&mut client).await, b"question");
    client.close();
    assert!(target.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn late_the_response_comes_before_the_move() {
    let (to, _) = serving(server::Config::default(), echo);
    let (home, _) = serving(
        server::Config::default(),
        move |mut connection| async move {
            connection.receive().await.expect("no fault");
            drop(connection.redirect_with(b"done", to).expect("sent"));
        },
    );
    let mut client = Client::connect(home, Config::default())
        .await
        .expect("home");
    client.send(b"question").expect("accepted");
    assert_eq!(answer(&mut client).await, b"done");
    let Event::Redirected(redirected) = client.receive().await else {
        panic!("it moves")
    };
    assert_eq!((redirected.late, redirected.owed), (true, 0));
}

#[tokio::test]
async fn long_messages_go_out_while_answers_come_in_and_across_a_move() {
    let service = eop_net::Service {
        max_payload: u32::MAX,
        ..eop_net::Service::default()
    };
    let config = server::Config {
        service,
        ..server::Config::default()
    };
    let (to, _) = serving(config, echo);
    let (home, _) = serving(config, move |mut connection| async move {
        let first = connection.receive().await.expect("no fault").expect("one");
        drop(connection.redirect_with(&first, to).expect("sent"));
    });
    let config = Config {
        service,
        ..automatic()
    };
    let mut client = Client::connect(home, config).await.expect("home");
    let long = vec![7; 8 << 20];
    for message in [&long[..], b"short", &long] {
        client.send(message).expect("accepted");
    }
    for length in [long.len(), 5, long.len()] {
        assert_eq!(answer(&mut client).await.len(), length);
    }
    assert_eq!(client.session().hop(), 1);
}

#[tokio::test]
async fn a_redirect_that_the_runtime_has_not_heard_of_is_read_before_a_message_begins() {
    let (told, tell) = (stage::listening(), stage::redirect(stage::nowhere(), b""));
    let (listener, home) = told;
    let connecting = Client::connect(home, Config::default());
    let (accepted, client) = tokio::join!(
        tokio::task::spawn_blocking(move || listener.accept().expect("a client").0),
        connecting
    );
    let (mut server, mut client) = (accepted.expect("no panic"), client.expect("home"));
    // On this one thread nothing is awaited from here on, so the runtime does not turn.
    server.write_all(&tell).expect("room");
    client.send(b"question").expect("accepted");
    client.close();
    assert_eq!(stage::rest(&mut server), b""); // EOP-CLS-11
}
