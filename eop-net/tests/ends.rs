//! How sessions end: refusals, bounds, deadlines, failures, and the way home.

mod stage;

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use eop_net::client::{self, Client, Config, Event};
use eop_net::policy::{Proposal, Refusal};
use eop_net::server;
use eop_net::{Bounds, Cause, Counts, End, Error, Fallback, PeerError, Resending, Service};
use rustix::event::{PollFd, PollFlags, poll};
use stage::{
    answer, connect, echoing, end, ended, expect, moved, normal, nowhere, redirect, rest, scripted,
    serving,
};

fn automatic() -> Config {
    let resending = Resending::Automatic { budget: 1 << 20 };
    Config {
        resending,
        ..Config::default()
    }
}

/// Shows EOP-EPI-9.
#[test]
fn a_home_that_nobody_serves_fails_to_connect() {
    let error = Client::connect(nowhere(), Config::default()).expect_err("nobody listens");
    let client::Error::Ended(ended) = error else {
        panic!("{error}")
    };
    assert_eq!(ended.end, End::Failed(Cause::ConnectFailed));
}

#[test]
fn a_home_with_several_addresses_is_sought_at_each() {
    let home = echoing("");
    let addresses = [nowhere().into(), SocketAddr::from(home.address)];
    let client = Client::connect(&addresses[..], Config::default()).expect("the second");
    assert_eq!(client.home(), addresses[1]);
}

#[test]
fn a_home_without_an_address_is_an_error() {
    let error = Client::connect(&[][..], Config::default()).expect_err("there is none");
    assert!(matches!(error, client::Error::Resolve(_)), "{error}");
}

/// Shows EOP-FAI-1 and EOP-FAI-2.
#[test]
fn a_target_that_nobody_serves_is_named_with_what_was_owed_to_it() {
    let to = nowhere();
    let home = scripted(move |mut socket| {
        expect(&mut socket, &normal(b"question"));
        socket.write_all(&redirect(to, b"")).expect("room");
    });
    let mut client = connect(home.address, automatic());
    client.send(b"question").expect("accepted");
    let ended = ended(&mut client);
    assert_eq!(
        ended.end,
        End::RedirectFailed {
            target: to,
            cause: Cause::ConnectFailed
        }
    );
    assert_eq!(
        ended.left,
        Counts {
            owed: 1,
            ..Counts::default()
        }
    );
}

/// Shows EOP-POL-5 and EOP-RED-10.
#[test]
fn a_target_that_the_policy_refuses_is_not_connected_to_and_its_payload_is_delivered() {
    let to = "192.0.2.1:9000".parse().expect("an endpoint");
    let home = scripted(move |mut socket| {
        expect(&mut socket, &normal(b"question"));
        socket.write_all(&redirect(to, b"answer")).expect("room");
        rest(&mut socket)
    });
    let mut client = connect(home.address, Config::default());
    client.send(b"question").expect("accepted");
    assert_eq!(answer(&mut client), b"answer");
    assert_eq!(
        end(&mut client),
        End::RedirectRefused {
            target: to,
            reason: Refusal::Special
        }
    );
    assert_eq!(home.join(), b"");
}

#[test]
fn the_application_can_judge_targets_itself() {
    let (listener, to) = stage::listening();
    let home = scripted(move |mut socket| {
        socket.write_all(&redirect(to, b"")).expect("room");
        rest(&mut socket)
    });
    let deny = |proposal: &Proposal| match proposal.hop {
        1 => Err(Refusal::Denied),
        _ => Ok(()),
    };
    let client = Client::new(home.address.into(), Config::default()).expect("no contradiction");
    let mut client = client.judge_with(deny);
    assert_eq!(
        end(&mut client),
        End::RedirectRefused {
            target: to,
            reason: Refusal::Denied
        }
    );
    listener.set_nonblocking(true).expect("a flag");
    assert!(listener.accept().is_err(), "nobody came");
}

/// Shows EOP-EPI-5.
#[test]
fn a_target_that_does_not_greet_runs_into_the_deadline() {
    let (_listener, to) = stage::listening();
    let home = scripted(move |mut socket| {
        socket.write_all(&redirect(to, b"")).expect("room");
        rest(&mut socket)
    });
    let config = Config {
        service: Service {
            greetings: 1,
            ..Service::default()
        },
        bounds: Bounds {
            deadline: 100,
            ..Bounds::default()
        },
        ..Config::default()
    };
    let mut client = connect(home.address, config);
    assert_eq!(end(&mut client), End::RedirectDeadline { target: to });
}

/// Shows EOP-EPI-9.
#[test]
fn home_that_does_not_greet_runs_into_its_own_deadline() {
    let (_listener, home) = stage::listening();
    let config = Config {
        service: Service {
            greetings: 1,
            ..Service::default()
        },
        bounds: Bounds {
            home_deadline: 100,
            ..Bounds::default()
        },
        ..Config::default()
    };
    assert_eq!(end(&mut connect(home, config)), End::Failed(Cause::Timeout));
}

#[test]
fn a_deadline_that_passed_while_nobody_looked_does_not_undo_what_came_before() {
    let home = scripted(|mut socket| {
        socket.write_all(&normal(b"hello")).expect("room");
        rest(&mut socket)
    });
    let config = Config {
        service: Service {
            greetings: 1,
            ..Service::default()
        },
        bounds: Bounds {
            home_deadline: 200,
            ..Bounds::default()
        },
        ..Config::default()
    };
    let mut client = connect(home.address, config);
    let socket = client.waits_for().socket.expect("it is connected");
    let mut readable = [PollFd::from_borrowed_fd(socket, PollFlags::IN)];
    poll(&mut readable, None).expect("octets");
    std::thread::sleep(Duration::from_millis(250));
    assert_eq!(answer(&mut client), b"hello");
}

/// Shows EOP-FAI-4.
#[test]
fn a_session_falls_back_to_home_once_a_target_cannot_be_had() {
    let (listener, home) = stage::listening();
    let to = nowhere();
    let serving = std::thread::spawn(move || {
        let (mut first, _) = listener.accept().expect("the client");
        expect(&mut first, &normal(b"question"));
        first.write_all(&redirect(to, b"")).expect("room");
        let (mut second, _) = listener.accept().expect("the client, again");
        expect(&mut second, &normal(b"question"));
        second.write_all(&normal(b"answer")).expect("room");
    });
    let mut client = connect(
        home,
        Config {
            fallback: Fallback::Home,
            ..automatic()
        },
    );
    client.send(b"question").expect("accepted");
    assert_eq!(answer(&mut client), b"answer");
    serving.join().expect("no panic");
}

/// Shows EOP-FAI-4 and EOP-RSD-12.
#[test]
fn a_session_that_fell_back_says_that_a_decision_is_due_again() {
    let (listener, home) = stage::listening();
    let to = nowhere();
    let serving = std::thread::spawn(move || {
        let (mut first, _) = listener.accept().expect("the client");
        expect(&mut first, &normal(b"question"));
        first.write_all(&redirect(to, b"")).expect("room");
        let (mut second, _) = listener.accept().expect("the client, again");
        expect(&mut second, &normal(b"question"));
    });
    let config = Config {
        fallback: Fallback::Home,
        ..Config::default()
    };
    let mut client = connect(home, config);
    client.send(b"question").expect("accepted");
    let redirected = moved(&mut client);
    client.resend(redirected.hop).expect("it is awaited");
    let Event::Connected(connected) = stage::next(&mut client) else {
        panic!("it falls back")
    };
    assert_eq!((connected.hop, connected.decide), (2, true));
    client.resend(connected.hop).expect("it is awaited");
    serving.join().expect("the question came home");
}

/// Shows EOP-FAI-5.
#[test]
fn a_session_does_not_fall_back_with_a_message_that_the_target_may_have_acted_on() {
    let target = scripted(|mut socket| expect(&mut socket, &normal(b"question")));
    let to = target.address;
    let home = scripted(move |mut socket| {
        expect(&mut socket, &normal(b"question"));
        socket.write_all(&redirect(to, b"")).expect("room");
    });
    let mut client = connect(
        home.address,
        Config {
            fallback: Fallback::Home,
            ..automatic()
        },
    );
    client.send(b"question").expect("accepted");
    let ended = ended(&mut client);
    assert_eq!(
        ended.end,
        End::RedirectFailed {
            target: to,
            cause: Cause::Uncertain
        }
    );
    assert_eq!(ended.left.uncertain, 1);
}

/// Shows EOP-RED-9.
#[test]
fn what_a_server_sends_behind_a_redirect_reaches_nobody() {
    let target = echoing("target: ");
    let to = target.address;
    let home = scripted(move |mut socket| {
        let octets = [redirect(to, b""), normal(b"late"), vec![0xff; 99]].concat();
        socket.write_all(&octets).expect("room");
    });
    let mut client = connect(home.address, automatic());
    moved(&mut client);
    client.send(b"question").expect("accepted");
    assert_eq!(answer(&mut client), b"target: question");
}

/// Shows EOP-ERR-1.
#[test]
fn a_server_that_breaks_the_protocol_is_left_at_once() {
    let home = scripted(|mut socket| {
        socket
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .expect("room");
        rest(&mut socket)
    });
    let mut client = connect(home.address, Config::default());
    let end = end(&mut client);
    assert!(
        matches!(end, End::Failed(Cause::Peer(PeerError::NotEop(_)))),
        "{end:?}"
    );
}

/// Shows EOP-TIM-1.
#[test]
fn a_header_that_does_not_go_on_is_not_waited_for_for_ever() {
    let home = scripted(|mut socket| {
        socket.write_all(&[0, 1, 0, 0, 0]).expect("room");
        rest(&mut socket)
    });
    let config = Config {
        header: Duration::from_millis(100),
        ..Config::default()
    };
    let mut client = connect(home.address, config);
    assert_eq!(end(&mut client), End::Failed(Cause::Timeout));
    assert_eq!(home.join(), b"");
}

/// Shows EOP-TIM-1.
#[test]
fn a_header_that_goes_on_too_slowly_is_not_waited_for_either() {
    let home = scripted(|mut socket| {
        for octet in [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0] {
            let _ = socket.write_all(&[octet]);
            std::thread::sleep(Duration::from_millis(60));
        }
    });
    let config = Config {
        header: Duration::from_millis(200),
        ..Config::default()
    };
    let mut client = connect(home.address, config);
    assert_eq!(end(&mut client), End::Failed(Cause::Timeout));
}

/// Shows EOP-TIM-1.
#[test]
fn a_payload_that_takes_its_time_is_no_header() {
    let home = scripted(|mut socket| {
        expect(&mut socket, &normal(b"question"));
        for part in normal(b"answer").chunks(13) {
            socket.write_all(part).expect("room");
            std::thread::sleep(Duration::from_millis(300));
        }
    });
    let config = Config {
        header: Duration::from_millis(100),
        ..Config::default()
    };
    let mut client = connect(home.address, config);
    client.send(b"question").expect("accepted");
    assert_eq!(answer(&mut client), b"answer");
}

#[test]
fn closing_tells_what_is_left_and_the_end_is_told_as_often_as_asked() {
    let home = scripted(|mut socket| rest(&mut socket));
    let mut client = connect(home.address, Config::default());
    client.send(b"question").expect("accepted");
    client.close();
    let ended = ended(&mut client);
    assert_eq!((ended.end, ended.left.uncertain), (End::Closed, 1));
    assert_eq!(client.receive(), Event::Ended(ended));
    assert_eq!(home.join(), normal(b"question"));
}

#[test]
fn waiting_has_an_end_of_its_own_and_looks_at_least_once() {
    let home = scripted(|mut socket| {
        expect(&mut socket, &normal(b"question"));
        socket.write_all(&normal(b"answer")).expect("room");
        rest(&mut socket)
    });
    let mut client = connect(home.address, Config::default());
    assert_eq!(client.receive_within(Duration::from_millis(20)), None);
    client.send(b"question").expect("accepted");
    let event = loop {
        if let Some(event) = client.receive_within(Duration::ZERO) {
            break event;
        }
    };
    assert!(matches!(event, Event::Message(message) if message.payload == b"answer"));
}

#[test]
fn a_reset_is_no_end_to_the_server() {
    let home = serving(server::Config::default(), |mut connection| {
        connection.receive()
    });
    let mut client = connect(home.address, Config::default());
    client.reset();
    assert!(matches!(home.join(), Err(Error::Lost(_))));
    assert_eq!(end(&mut client), End::Closed);
}
