//! The moves: early, late, idle, chained, at accept; and what goes with the client.

#![allow(
    clippy::expect_used,
    reason = "a test may stop at what it did not expect"
)]

mod stage;

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use eop_net::client::{Client, Config, Dial, Event, Order};
use eop_net::server::{self, Departure};
use eop_net::{Cause, Discipline, End, Resending, Service};
use rustix::event::{PollFd, PollFlags, poll};
use stage::{
    answer, connect, echoing, end, expect, listening, moved, normal, redirect, rest, scripted,
    serving,
};

fn automatic() -> Config {
    let resending = Resending::Automatic { budget: 1 << 20 };
    Config {
        resending,
        ..Config::default()
    }
}

fn greeted() -> Service {
    Service {
        greetings: 1,
        ..Service::default()
    }
}

/// Shows EOP-RSD-3 and EOP-RSD-11.
#[test]
fn early_what_was_not_answered_is_resent_when_the_application_says_so() {
    let target = echoing("target: ");
    let to = target.address;
    let home = serving(server::Config::default(), move |mut connection| {
        connection.receive().expect("no fault").expect("a request");
        connection.redirect(to).expect("sent").linger()
    });
    let mut client = connect(home.address, Config::default());
    client.send(b"question").expect("accepted");
    let redirected = moved(&mut client);
    assert_eq!(
        (redirected.target, redirected.owed, redirected.late),
        (to, 1, false)
    );
    client.resend(redirected.hop).expect("it is awaited");
    assert_eq!(answer(&mut client), b"target: question");
    assert_eq!(home.join(), Departure::Ended);
}

/// Shows EOP-RSD-17.
#[test]
fn early_what_was_not_answered_stays_here_when_the_application_drops_it() {
    let target = scripted(|mut socket| rest(&mut socket));
    let to = target.address;
    let home = serving(server::Config::default(), move |connection| {
        connection.redirect(to).expect("sent").linger()
    });
    let mut client = connect(home.address, Config::default());
    client.send(b"question").expect("accepted");
    let hop = moved(&mut client).hop;
    client.drop_owed(hop).expect("it is awaited");
    client.send(b"another").expect("accepted");
    client.half_close().expect("not said before");
    assert_eq!(
        end(&mut client),
        End::RedirectFailed {
            target: to,
            cause: Cause::Uncertain
        }
    );
    assert_eq!(target.join(), normal(b"another"));
}

#[test]
fn dropping_what_waits_for_a_decision_leaves_what_was_resent() {
    let last = echoing("last: ");
    let to = last.address;
    let middle = scripted(move |mut socket| {
        expect(&mut socket, &normal(b"anyone"));
        socket.write_all(&redirect(to, b"")).expect("room");
        rest(&mut socket)
    });
    let to = middle.address;
    let home = scripted(move |mut socket| {
        expect(
            &mut socket,
            &[normal(b"anyone"), normal(b"home alone")].concat(),
        );
        socket.write_all(&redirect(to, b"")).expect("room");
    });
    let mut client = connect(home.address, automatic());
    client.send(b"anyone").expect("accepted");
    client.send_once(b"home alone").expect("accepted");
    let redirected = moved(&mut client);
    assert_eq!((redirected.owed, redirected.decide), (2, true));
    client.drop_owed(redirected.hop).expect("it is awaited");
    assert_eq!(moved(&mut client).owed, 1);
    assert_eq!(answer(&mut client), b"last: anyone");
    assert_eq!(middle.join(), b"");
}

/// Shows EOP-RED-3 and EOP-RED-5.
#[test]
fn late_the_response_comes_before_the_move_and_nothing_is_owed() {
    let target = echoing("target: ");
    let to = target.address;
    let home = serving(server::Config::default(), move |mut connection| {
        connection.receive().expect("no fault").expect("a request");
        connection
            .redirect_with(b"done", to)
            .expect("sent")
            .linger()
    });
    let mut client = connect(home.address, Config::default());
    client.send(b"one").expect("accepted");
    assert_eq!(answer(&mut client), b"done");
    let redirected = moved(&mut client);
    assert_eq!(
        (redirected.owed, redirected.late, redirected.decide),
        (0, true, false)
    );
    client.send(b"two").expect("accepted");
    assert_eq!(answer(&mut client), b"target: two");
    assert_eq!(home.join(), Departure::Ended);
}

/// Shows EOP-RED-4.
#[test]
fn late_an_empty_response_is_a_message_of_its_own() {
    let to = stage::nowhere();
    let home = serving(server::Config::default(), move |mut connection| {
        connection.receive().expect("no fault").expect("a request");
        connection.redirect_with(b"", to).expect("sent").linger()
    });
    let mut client = TcpStream::connect(home.address).expect("home");
    client.write_all(&normal(b"question")).expect("room");
    expect(&mut client, &[normal(b""), redirect(to, b"")].concat());
    drop(client);
    assert_eq!(home.join(), Departure::Ended);
}

/// Shows EOP-RED-7.
#[test]
fn idle_the_next_message_goes_to_the_target() {
    let target = echoing("target: ");
    let to = target.address;
    let home = serving(server::Config::default(), move |mut connection| {
        connection.receive().expect("no fault").expect("a request");
        connection.respond(b"done").expect("it is asked for");
        connection.redirect(to).expect("sent").linger()
    });
    let mut client = connect(home.address, Config::default());
    client.send(b"one").expect("accepted");
    assert_eq!(answer(&mut client), b"done");
    assert_eq!(moved(&mut client).owed, 0);
    client.send(b"two").expect("accepted");
    assert_eq!(answer(&mut client), b"target: two");
    assert_eq!(home.join(), Departure::Ended);
}

#[test]
fn a_move_names_where_it_came_from_and_where_it_leads() {
    let target = echoing("");
    let to = target.address;
    let home = serving(server::Config::default(), move |connection| {
        connection.redirect(to).expect("sent").linger()
    });
    let mut client = connect(home.address, automatic());
    client.send(b"question").expect("accepted");
    let redirected = moved(&mut client);
    assert_eq!(
        (redirected.from, redirected.target),
        (home.address.into(), to)
    );
    answer(&mut client);
    assert_eq!(
        (client.home(), client.endpoint()),
        (home.address.into(), to.into())
    );
}

/// Shows EOP-RSD-6 and EOP-RED-16.
#[test]
fn chained_a_message_crosses_three_servers_and_is_answered_once() {
    let last = echoing("last: ");
    let to = last.address;
    let middle = serving(server::Config::default(), move |connection| {
        connection.redirect(to).expect("sent").linger()
    });
    let to = middle.address;
    let home = serving(server::Config::default(), move |connection| {
        connection.redirect(to).expect("sent").linger()
    });
    let mut client = connect(home.address, automatic());
    client.send(b"question").expect("accepted");
    assert_eq!(answer(&mut client), b"last: question");
    assert_eq!(client.session().hop(), 2);
    assert_eq!(
        (home.join(), middle.join()),
        (Departure::Ended, Departure::Ended)
    );
}

/// Shows EOP-RSD-5.
#[test]
fn pipelined_messages_arrive_in_their_order_and_whole() {
    let target = echoing("");
    let to = target.address;
    let home = serving(server::Config::default(), move |mut connection| {
        connection.receive().expect("no fault").expect("a request");
        connection
            .redirect_with(b"first", to)
            .expect("sent")
            .linger()
    });
    let mut client = connect(home.address, automatic());
    let long = vec![7; 100_000];
    for message in [&b"one"[..], &long, b"", b"four"] {
        client.send(message).expect("accepted");
    }
    let answers = [(); 4].map(|()| answer(&mut client));
    assert_eq!(answers, [b"first".to_vec(), long, vec![], b"four".to_vec()]);
}

/// Shows EOP-RED-12.
#[test]
fn a_message_longer_than_every_buffer_goes_out_while_answers_come_in() {
    let home = echoing("");
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
    let long = vec![7; 16 << 20];
    for message in [&long[..], b"short", &long] {
        client.send(message).expect("accepted");
    }
    let lengths = [(); 3].map(|()| answer(&mut client).len());
    assert_eq!(lengths, [long.len(), 5, long.len()]);
}

/// Shows EOP-ACC-5 and EOP-ACC-6.
#[test]
fn greetings_come_before_the_first_octet_and_answer_nothing() {
    let config = server::Config {
        service: greeted(),
        ..server::Config::default()
    };
    let target = serving(config, |mut connection| {
        connection.greet(b"hello").expect("it is due");
        let request = connection.receive().expect("no fault").expect("a request");
        connection.respond(&request).expect("it is asked for");
    });
    let to = target.address;
    let home = serving(config, move |connection| {
        connection.redirect(to).expect("sent").linger()
    });
    let config = Config {
        service: greeted(),
        ..automatic()
    };
    let mut client = connect(home.address, config);
    client.send(b"question").expect("accepted");
    assert_eq!(
        [answer(&mut client), answer(&mut client)],
        [&b"hello"[..], b"question"]
    );
    target.join();
}

/// Shows EOP-HCL-2.
#[test]
fn a_client_that_half_closed_half_closes_at_the_target_too() {
    let target = scripted(|mut socket| {
        let heard = rest(&mut socket);
        socket.write_all(&normal(b"answer")).expect("room");
        heard
    });
    let to = target.address;
    let home = scripted(move |mut socket| {
        assert_eq!(rest(&mut socket), normal(b"question"));
        socket.write_all(&redirect(to, b"")).expect("room");
    });
    let mut client = connect(home.address, automatic());
    client.send(b"question").expect("accepted");
    client.half_close().expect("not said before");
    assert_eq!(answer(&mut client), b"answer");
    assert_eq!(end(&mut client), End::Eof);
    assert_eq!(target.join(), normal(b"question"));
}

/// Shows EOP-HCL-3.
#[test]
fn half_closed_with_nothing_left_to_say_ends_without_a_connection() {
    let (listener, target) = listening();
    let home = scripted(move |mut socket| {
        assert_eq!(rest(&mut socket), normal(b"question"));
        socket
            .write_all(&redirect(target, b"answer"))
            .expect("room");
    });
    let mut client = connect(home.address, Config::default());
    client.send(b"question").expect("accepted");
    client.half_close().expect("not said before");
    assert_eq!(answer(&mut client), b"answer");
    assert_eq!(end(&mut client), End::Eof);
    listener.set_nonblocking(true).expect("a flag");
    assert!(listener.accept().is_err(), "nobody came");
}

/// Dials, and then waits until somebody has looked at how things are while the new connection is made and the session
/// does not know it yet.
struct Pausing {
    made: Sender<()>,
    looked: Receiver<()>,
}

impl Dial for Pausing {
    fn dial(&mut self, endpoint: SocketAddr) -> io::Result<TcpStream> {
        let socket = TcpStream::connect(endpoint)?;
        self.made.send(()).expect("home waits for this");
        self.looked.recv().expect("home says so");
        Ok(socket)
    }
}

/// Whether the old connection was still there when the new one was made.
fn old_connection_outlives_the_move(order: Order) -> bool {
    let ((made, is_made), (saw, looked)) = (channel(), channel());
    let (_target, to) = listening();
    let home = scripted(move |mut socket| {
        is_made.recv().expect("the first connection is this one");
        saw.send(()).expect("the client waits");
        socket.write_all(&redirect(to, b"")).expect("room");
        is_made.recv().expect("the second one leads to the target");
        socket.set_nonblocking(true).expect("a flag");
        let is_open = socket.read(&mut [0]).is_err();
        saw.send(()).expect("the client waits");
        is_open
    });
    let config = Config {
        order,
        ..Config::default()
    };
    let client = Client::new(home.address.into(), config).expect("no contradiction");
    let mut client = client.dial_with(Pausing { made, looked });
    moved(&mut client);
    assert!(matches!(client.receive(), Event::Connected(connected) if connected.hop == 1));
    home.join()
}

/// Shows EOP-CLS-8 and EOP-CLS-9.
#[test]
fn the_old_connection_is_closed_before_the_new_one_is_made_or_after_it() {
    assert!(!old_connection_outlives_the_move(Order::OldFirst));
    assert!(old_connection_outlives_the_move(Order::NewFirst));
}

/// Shows EOP-CLS-8.
#[test]
fn with_the_new_connection_first_what_is_resent_comes_before_the_farewell_to_the_old_one() {
    let ((home, at_home), (_target, to)) = (listening(), listening());
    let config = Config {
        order: Order::NewFirst,
        ..automatic()
    };
    let mut client = connect(at_home, config);
    let (mut old, _) = home.accept().expect("the client");
    client.send(b"question").expect("accepted");
    expect(&mut old, &normal(b"question"));
    old.write_all(&redirect(to, b"")).expect("room");
    moved(&mut client);
    while !matches!(client.receive(), Event::Connected(_)) {}

    old.set_nonblocking(true).expect("a flag");
    let is_open = old.read(&mut [0]).is_err();
    assert!(client.step().is_none(), "the question goes out");
    old.set_nonblocking(false).expect("a flag");
    assert_eq!((is_open, rest(&mut old)), (true, vec![]));
}

/// Shows EOP-CLS-11.
#[test]
fn a_redirect_that_waits_to_be_read_is_read_before_a_message_begins() {
    let target = echoing("target: ");
    let to = target.address;
    let home = scripted(move |mut socket| {
        socket.write_all(&redirect(to, b"")).expect("room");
        rest(&mut socket)
    });
    let mut client = connect(home.address, automatic());
    let socket = client.waits_for().socket.expect("it is connected");
    poll(&mut [PollFd::from_borrowed_fd(socket, PollFlags::IN)], None).expect("octets");
    client.send(b"question").expect("accepted");
    assert_eq!(answer(&mut client), b"target: question");
    assert_eq!(home.join(), b"");
}

/// Shows EOP-ACC-14.
#[test]
fn in_manual_what_was_delivered_can_be_retired_after_the_end() {
    let home = scripted(|mut socket| {
        expect(&mut socket, &[normal(b"one"), normal(b"two")].concat());
        socket.write_all(&normal(b"done")).expect("room");
    });
    let service = Service {
        discipline: Discipline::Manual,
        ..Service::default()
    };
    let mut client = connect(
        home.address,
        Config {
            service,
            ..Config::default()
        },
    );
    client.send(b"one").expect("accepted");
    client.send(b"two").expect("accepted");
    assert_eq!(answer(&mut client), b"done");
    assert_eq!(client.receive(), Event::Settling);
    client.retire(1).expect("it was sent, and may be answered");
    assert_eq!(stage::ended(&mut client).left.uncertain, 1);
    let left: Vec<_> = client
        .outstanding()
        .map(|(_, _, payload)| payload.to_vec())
        .collect();
    assert_eq!(left, [b"two"]);
}

/// Shows EOP-ACC-12.
#[test]
fn in_manual_nothing_is_retired_with_none_before_the_greeting() {
    let home = scripted(|mut socket| drop(rest(&mut socket)));
    let service = Service {
        discipline: Discipline::Manual,
        ..greeted()
    };
    let mut client = connect(
        home.address,
        Config {
            service,
            ..Config::default()
        },
    );
    client.send(b"one").expect("it waits for the greeting");
    client.retire(0).expect("there is nothing to refuse");
    assert_eq!(client.session().outstanding(), 1);
}
