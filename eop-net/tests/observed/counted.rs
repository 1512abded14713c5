//! Numbers of a client, of a server and of a linger list, after stories of which they are known.

use std::io::Write as _;
use std::net::{SocketAddrV4, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use eop_net::client::{Config, Counters};
use eop_net::server::{self, Connection, LingerList, Listener, ServerCounts};
use eop_net::{Client, End, Event, Fallback, Resending};

use super::stage::{self, answer, ended, nowhere, scripted};

/// A server whose connections are counted.
fn serving(
    counters: &server::Counters,
    serve: impl FnOnce(Connection) + Send + 'static,
) -> (SocketAddrV4, JoinHandle<()>) {
    let listener = Listener::bind(stage::loopback(), server::Config::default());
    let listener = listener.expect("a port").counted_by(counters);
    let address = stage::v4(listener.local_addr().expect("its address"));
    let thread = thread::spawn(move || serve(listener.accept().expect("a client")));
    (address, thread)
}

fn echo(mut connection: Connection) {
    while let Ok(Some(request)) = connection.receive() {
        connection.respond(&request).expect("it is asked for");
    }
}

fn client(home: SocketAddrV4, config: Config, counters: &Counters) -> Client {
    let client = Client::new(home.into(), config).expect("no contradiction");
    client.counted_by(counters)
}

fn automatic() -> Config {
    Config {
        resending: Resending::Automatic { budget: 1 << 20 },
        ..Config::default()
    }
}

#[test]
fn both_ends_count_moves_by_kind() {
    let (at_servers, at_client) = (server::Counters::new(), Counters::new());
    let (last, fourth) = serving(&at_servers, echo);
    // One answers and moves its idle client, one moves it with the answer, one moves it and does not answer.
    let (idle, third) = serving(&at_servers, move |mut connection| {
        let request = connection.receive().expect("no fault").expect("one");
        connection.respond(&request).expect("it is asked for");
        drop(connection.redirect(last).expect("sent"));
    });
    let (late, second) = serving(&at_servers, move |mut connection| {
        let request = connection.receive().expect("no fault").expect("one");
        drop(connection.redirect_with(&request, idle).expect("sent"));
    });
    let (early, first) = serving(&at_servers, move |mut connection| {
        connection.receive().expect("no fault").expect("one");
        drop(connection.redirect(late).expect("sent"));
    });
    let mut client = client(early, automatic(), &at_client);
    for question in [b"one", b"two"] {
        client.send(question).expect("accepted");
        assert_eq!(answer(&mut client), question);
    }
    // It is idle when it hears of the last move.
    stage::moved(&mut client);
    client.send(b"six").expect("accepted");
    assert_eq!(answer(&mut client), b"six");
    client.close();
    assert_eq!(ended(&mut client).end, End::Closed);
    for server in [first, second, third, fourth] {
        server.join().expect("the server's own expectations hold");
    }

    let counted = at_client.counts();
    let moves = [counted.early, counted.late, counted.idle];
    assert_eq!(
        (moves, counted.connections, counted.sessions),
        ([1, 1, 1], 4, 1)
    );
    assert_eq!((counted.sent, counted.resent, counted.answered), (3, 1, 3));
    assert_eq!(counted.ended.get("closed"), Some(&1));

    let counted = at_servers.counts();
    let moves = [counted.early, counted.late, counted.idle];
    assert_eq!((moves, counted.accepted, counted.open), ([1, 1, 1], 4, 0));
    assert_eq!((counted.requests, counted.responses), (4, 3));
}

#[test]
fn a_client_counts_how_its_sessions_failed_and_what_was_left() {
    let counters = Counters::new();
    let refused = scripted(|mut socket| {
        let forbidden = "192.0.2.1:9000".parse().expect("an endpoint");
        socket
            .write_all(&stage::redirect(forbidden, b""))
            .expect("room");
        stage::rest(&mut socket);
    });
    ended(&mut client(refused.address, automatic(), &counters));

    let to = nowhere();
    let failed = scripted(move |mut socket| {
        stage::expect(&mut socket, &stage::normal(b"q"));
        socket.write_all(&stage::redirect(to, b"")).expect("room");
        stage::rest(&mut socket);
    });
    let mut client = client(failed.address, automatic(), &counters);
    client.send(b"q").expect("accepted");
    ended(&mut client);

    let counted = counters.counts();
    assert_eq!(counted.refused.get("special"), Some(&1));
    let ends: Vec<_> = counted.ended.into_iter().collect();
    assert_eq!(ends, [("RedirectFailed", 1), ("RedirectRefused", 1)]);
    assert_eq!((counted.owed, counted.unsent, counted.uncertain), (1, 0, 0));
}

#[test]
fn a_client_counts_fallbacks() {
    let counters = Counters::new();
    let (listener, home) = stage::listening();
    let to = nowhere();
    let serving = thread::spawn(move || {
        let (mut first, _) = listener.accept().expect("the client");
        first.write_all(&stage::redirect(to, b"")).expect("room");
        drop(listener.accept().expect("the client, again"));
    });
    let config = Config {
        fallback: Fallback::Home,
        ..automatic()
    };
    let mut client = client(home, config, &counters);
    ended(&mut client);
    serving.join().expect("no panic");
    assert_eq!(
        (counters.counts().fallbacks, counters.counts().connections),
        (1, 2)
    );
}

#[test]
fn a_server_counts_how_connections_failed_and_what_it_did_not_send() {
    let counters = server::Counters::new();
    let (address, serving) = serving(&counters, |mut connection| {
        let here = stage::v4(connection.local_addr().expect("its address"));
        let refused = connection.redirect(here).expect_err("it is here");
        connection = refused.connection;
        connection.receive().expect_err("that is not EOP");
        assert!(connection.receive().is_err(), "it counts once");
    });
    let mut client = TcpStream::connect(address).expect("the server");
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("room");
    serving.join().expect("the server's own expectations hold");
    let counted = counters.counts();
    assert_eq!(counted.refused, 1);
    assert_eq!(
        counted.failed.into_iter().collect::<Vec<_>>(),
        [("NotEop", 1)]
    );
}

#[test]
fn a_linger_list_counts_how_long_it_waited() {
    let list = LingerList::new(8);
    let limit = Duration::from_millis(200);
    let config = server::Config {
        linger_idle: limit,
        ..server::Config::default()
    };
    let listener = Listener::bind(stage::loopback(), config).expect("a port");
    let listener = listener.linger_in(&list);
    let address = listener.local_addr().expect("its address");
    let client = TcpStream::connect(address).expect("the server");
    drop(listener.accept().expect("the client").redirect(nowhere()));
    while list.counts().lingering > 0 {
        thread::sleep(Duration::from_millis(5));
    }
    drop(client);
    let counted = list.counts();
    assert_eq!(counted.idle_limit, 1);
    assert!(counted.waited >= limit, "{:?}", counted.waited);
}

/// What Prometheus reads: a name, a label if there are kinds, a number.
#[test]
fn the_numbers_can_be_exported_as_they_are() {
    let client = Counters::new().counts().to_string();
    let server = server::Counters::new().counts().to_string();
    let list = LingerList::new(1).counts().to_string();
    for text in [client, server, list] {
        assert!(!text.is_empty(), "there are numbers");
        for line in text.lines() {
            let (name, number) = line.rsplit_once(' ').expect("a name and a number");
            assert!(name.starts_with("eop_"), "{line}");
            assert_eq!(number, "0", "{line}");
        }
    }
    let mut counted = ServerCounts::default();
    (counted.late, counted.open) = (7, 3);
    counted.failed.insert("Stall", 2);
    let text = counted.to_string();
    for line in [
        "eop_server_connections_open 3",
        "eop_server_redirects_total{kind=\"late\"} 7",
        "eop_server_connections_failed_total{kind=\"Stall\"} 2",
    ] {
        assert!(
            text.lines().any(|it| it == line),
            "{line} is not in\n{text}"
        );
    }
}

#[test]
fn who_says_nothing_is_counted_by_the_process() {
    let before = Counters::default().counts().sent;
    let (home, serving) = serving(&server::Counters::new(), echo);
    let mut client = Client::connect(home, Config::default()).expect("home");
    client.send(b"question").expect("accepted");
    while !matches!(stage::next(&mut client), Event::Message(_)) {}
    drop(client);
    serving.join().expect("no panic");
    assert!(Counters::default().counts().sent > before);
}
