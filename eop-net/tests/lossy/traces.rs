//! The traces of `spec/traces.md` on real sockets: on loopback, and where 5 % and 20 % of the packets get lost. The numbers are
//! those of the traces.
//!
//! Of trace 17 only what real sockets can show is here: they report a write at once, so an answer cannot overtake the report.
//! The machine's own tests play that (`eop-statemachine/tests/traces.rs`).

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use eop_net::client::{Client, Config, Redirected};
use eop_net::server::{self, Connection, Departure};
use eop_net::{
    Bounds, Cause, Discipline, End, Event, Fallback, Kind, Misuse, Resending, Service, Why,
};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::sockopt::set_socket_linger;

use super::place::Place;
use super::stage::{answer, end, ended, expect, moved, next, normal, redirect, rest};

fn automatic() -> Config {
    Config {
        resending: Resending::Automatic { budget: 1 << 30 },
        ..Config::default()
    }
}

fn home_again() -> Config {
    Config {
        fallback: Fallback::Home,
        ..automatic()
    }
}

fn greeted() -> Config {
    let service = Service {
        greetings: 1,
        ..Service::default()
    };
    Config {
        service,
        ..automatic()
    }
}

fn manual() -> Config {
    let service = Service {
        discipline: Discipline::Manual,
        ..Service::default()
    };
    Config {
        service,
        ..Config::default()
    }
}

fn reset(socket: TcpStream) {
    set_socket_linger(&socket, Some(Duration::ZERO)).expect("a flag");
    drop(socket);
}

fn send(socket: &mut TcpStream, octets: &[u8]) {
    socket.write_all(octets).expect("room");
}

/// Sends a redirect behind other octets, and sees the client off.
fn leave(mut socket: TcpStream, octets: &[u8]) {
    send(&mut socket, octets);
    // What the client still sends, and a reset, are nobody's business any more.
    let _ = socket.read_to_end(&mut Vec::new());
}

/// A server that does that with the next client.
fn leaving(listener: &TcpListener, octets: Vec<u8>) -> impl FnOnce() + Send {
    move || leave(listener.accept().expect("the client").0, &octets)
}

/// Nobody else came there.
fn nobody_came(listener: &TcpListener) {
    listener.set_nonblocking(true).expect("a flag");
    assert!(listener.accept().is_err(), "somebody came");
}

/// The next message that answers something.
fn message(client: &mut Client) -> (Kind, Vec<u8>) {
    loop {
        match next(client) {
            Event::Message(message) => return (message.kind, message.payload),
            Event::Connected(_) | Event::Redirected(_) | Event::Settling => {}
            Event::Ended(ended) => panic!("{ended}"),
        }
    }
}

/// Shows EOP-RSD-7 and EOP-FAI-5.
#[test]
fn trace_1_what_a_target_may_have_acted_on_does_not_come_home() {
    Place::everywhere(|place| {
        let (home, address) = place.listening();
        let target = place.serving(|mut socket| {
            expect(&mut socket, &normal(b"q"));
            reset(socket);
        });
        let mut client = place.client(address, home_again());
        client.send(b"q").expect("accepted");
        let to = target.address;
        thread::scope(|scope| {
            scope.spawn(leaving(&home, redirect(to, b"")));
            let ended = ended(&mut client);
            assert_eq!(ended.end, failed(to, Cause::Uncertain));
            assert_eq!(ended.left.uncertain, 1);
        });
        nobody_came(&home);
    });
}

const fn failed(target: SocketAddrV4, cause: Cause) -> End {
    End::RedirectFailed { target, cause }
}

/// Shows EOP-ACC-2 and EOP-ACC-9.
#[test]
fn trace_2_a_message_that_is_no_greeting_and_answers_nothing_is_the_servers_fault() {
    Place::everywhere(|place| {
        let home = place.serving(|socket| leave(socket, &normal(b"unsolicited")));
        let mut client = place.client(home.address, Config::default());
        assert_eq!(end(&mut client).kind(), "Unsolicited");
        home.join();
    });
}

/// Shows EOP-ACC-5 and EOP-ACC-6.
#[test]
fn trace_3_a_targets_greeting_answers_nothing_although_a_message_is_owed() {
    Place::everywhere(|place| {
        let target = place.serving(|mut socket| {
            send(&mut socket, &normal(b"hello"));
            expect(&mut socket, &normal(b"q"));
            send(&mut socket, &normal(b"r"));
            rest(&mut socket);
        });
        let to = target.address;
        let home = place.serving(move |mut socket| {
            send(&mut socket, &normal(b"hello"));
            expect(&mut socket, &normal(b"q"));
            leave(socket, &redirect(to, b""));
        });
        let mut client = place.client(home.address, greeted());
        client.send(b"q").expect("accepted");
        let heard: Vec<_> = (0..3).map(|_| message(&mut client)).collect();
        let greeting = (Kind::Greeting, b"hello".to_vec());
        let answer = (Kind::Answer, b"r".to_vec());
        assert_eq!(heard, [greeting.clone(), greeting, answer]);
        drop(client);
        home.join();
        target.join();
    });
}

/// Shows EOP-ACC-14.
#[test]
fn trace_4_in_manual_what_was_answered_before_the_redirect_can_be_retired_behind_it() {
    Place::everywhere(|place| {
        let target = place.serving(|mut socket| expect(&mut socket, &normal(b"q2")));
        let to = target.address;
        let home = place.serving(move |mut socket| {
            expect(&mut socket, &[normal(b"q1"), normal(b"q2")].concat());
            leave(socket, &[normal(b"r1"), redirect(to, b"")].concat());
        });
        let mut client = place.client(home.address, manual());
        for q in [b"q1", b"q2"] {
            client.send(q).expect("accepted");
        }
        message(&mut client);
        let redirected = moved(&mut client);
        client.retire(1).expect("it is answered");
        client.resend(redirected.hop).expect("the other is owed");
        while next_is_connected(&mut client) {}
        home.join();
        target.join();
    });
}

/// Whether the next event is that.
fn next_is_connected(client: &mut Client) -> bool {
    match next(client) {
        Event::Connected(_) => true,
        Event::Ended(_) | Event::Settling => false,
        other @ (Event::Message(_) | Event::Redirected(_)) => panic!("{other:?}"),
    }
}

/// Shows EOP-EPI-2.
#[test]
fn trace_5_an_idle_client_comes_back_much_later() {
    Place::everywhere(|place| {
        let (b, home) = place.listening();
        let (c, to) = place.listening();
        let bounds = Bounds {
            quiet: 50,
            ..Bounds::default()
        };
        let config = Config {
            bounds,
            ..Config::default()
        };
        let mut client = place.client(home, config);
        thread::scope(|scope| {
            scope.spawn(leaving(&b, redirect(to, b"")));
            moved(&mut client);
            assert!(next_is_connected(&mut client));
            let (socket, _) = c.accept().expect("the client");
            // Longer than quiet, while the client waits.
            assert_eq!(client.receive_within(Duration::from_millis(400)), None);
            scope.spawn(move || leave(socket, &redirect(home, b"")));
            assert_eq!(moved(&mut client).target, home);
            assert!(next_is_connected(&mut client));
            drop(client);
        });
    });
}

/// Shows EOP-EPI-6.
#[test]
fn trace_6_a_target_takes_longer_than_an_episode_may() {
    Place::everywhere(|place| {
        let target = place.serving(|mut socket| {
            expect(&mut socket, &normal(b"q"));
            // Computing.
            thread::sleep(Duration::from_millis(2_500));
            send(&mut socket, &normal(b"r"));
            rest(&mut socket);
        });
        let to = target.address;
        let home = place.serving(move |mut socket| {
            expect(&mut socket, &normal(b"q"));
            leave(socket, &redirect(to, b""));
        });
        let bounds = Bounds {
            deadline: 2_000,
            ..Bounds::default()
        };
        let mut client = place.client(
            home.address,
            Config {
                bounds,
                ..automatic()
            },
        );
        client.send(b"q").expect("accepted");
        assert_eq!(answer(&mut client), b"r");
        drop(client);
        home.join();
        target.join();
    });
}

/// Shows EOP-EPI-4.
#[test]
fn trace_7_greetings_do_not_make_a_chain_of_redirects_longer() {
    Place::everywhere(|place| {
        // Seven servers, each of which greets and moves its client to the next.
        let (last, end_of_chain) = place.listening();
        let mut to = end_of_chain;
        for _ in 0..7 {
            let next = to;
            let server = place.serving(move |socket| {
                leave(socket, &[normal(b"hello"), redirect(next, b"")].concat());
            });
            to = server.address;
        }
        let mut client = place.client(to, greeted());
        let end = end(&mut client);
        assert!(matches!(end, End::TooManyRedirects { .. }), "{end}");
        nobody_came(&last);
    });
}

/// Shows EOP-CLS-4 and EOP-CLS-7.
#[test]
fn trace_8_a_slow_reader_gets_a_late_response_whole() {
    const LONG: usize = 3 << 20;
    Place::everywhere(|place| {
        let to = place.listening().1;
        let home = place.serving(move |socket| {
            let config = server::Config {
                linger_idle: Duration::from_millis(150),
                ..server::Config::default()
            };
            let mut connection = Connection::over(socket, config);
            connection.receive().expect("no fault").expect("a request");
            let lingering = connection.redirect_with(&vec![7; LONG], to);
            lingering.expect("sent").linger()
        });
        let mut client = place.connected(home.address);
        send(&mut client, &[normal(b"one"), normal(b"two")].concat());
        thread::sleep(Duration::from_millis(600));
        let mut octets = vec![0; 12 + LONG];
        client
            .read_exact(&mut octets)
            .expect("every octet, and no reset");
        drop(client);
        // Its last octets to the client may still be on their way back when the limit passes.
        let departure = home.join();
        assert!(
            matches!(departure, Departure::Ended | Departure::IdleLimit),
            "{departure:?}"
        );
    });
}

/// Shows EOP-CLS-12.
#[test]
fn trace_9_two_peers_that_only_write_do_not_wait_for_ever() {
    Place::everywhere(|place| {
        let (listener, home) = place.listening();
        let config = Config {
            stall: Duration::from_secs(1),
            ..Config::default()
        };
        let mut client = place.client(home, config);
        assert!(next_is_connected(&mut client));
        let _never_read = listener.accept().expect("the client");
        client.send(&vec![0; 32 << 20]).expect("accepted");
        assert_eq!(end(&mut client), End::Failed(Cause::Stall));
    });
}

/// Shows EOP-CLS-10 and EOP-CLS-11.
#[test]
fn trace_10_a_redirect_that_lies_unread_is_seen_before_the_reset() {
    Place::everywhere(|place| {
        let (listener, home) = place.listening();
        let target = place.serving(|mut socket| {
            expect(&mut socket, &normal(b"q"));
            send(&mut socket, &normal(b"r"));
            rest(&mut socket);
        });
        let (mut client, sockets) = place.watched_client(home, automatic());
        assert!(next_is_connected(&mut client));
        let (mut server, _) = listener.accept().expect("the client");
        send(&mut server, &redirect(target.address, b""));
        // It is there before the server is gone.
        let socket = sockets.into_iter().next().expect("it is connected");
        let mut arrives = [PollFd::new(&socket, PollFlags::IN)];
        poll(&mut arrives, None).expect("sockets can be waited for");
        drop(socket);
        reset(server);
        client.send(b"q").expect("accepted");
        assert_eq!(answer(&mut client), b"r");
        drop(client);
        target.join();
    });
}

/// Shows EOP-CLS-2.
#[test]
fn trace_11_what_a_redirected_client_still_sends_is_nobodys_fault() {
    Place::everywhere(|place| {
        let to = place.listening().1;
        let home = place.serving(move |socket| {
            let connection = Connection::over(socket, server::Config::default());
            connection.redirect(to).expect("sent").linger()
        });
        let mut client = place.connected(home.address);
        expect(&mut client, &redirect(to, b""));
        send(&mut client, b"GET / HTTP/1.1\r\n\r\n");
        client.shutdown(Shutdown::Write).expect("a half-close");
        assert_eq!((rest(&mut client), home.join()), (vec![], Departure::Ended));
    });
}

/// Shows EOP-FRM-8 and EOP-ACC-1.
#[test]
fn trace_12_an_empty_answer_before_a_redirect_counts() {
    Place::everywhere(|place| {
        let to = place.listening().1;
        let home = place.serving(move |mut socket| {
            expect(&mut socket, &normal(b"q"));
            leave(socket, &[normal(b""), redirect(to, b"")].concat());
        });
        let mut client = place.client(home.address, Config::default());
        client.send(b"q").expect("accepted");
        assert_eq!(answer(&mut client), b"");
        let Redirected { owed, late, .. } = moved(&mut client);
        assert_eq!((owed, late), (0, false));
        drop(client);
        home.join();
    });
}

/// Shows EOP-FAI-5.
#[test]
fn trace_13_one_message_that_was_offered_keeps_the_others_from_home() {
    Place::everywhere(|place| {
        let (home, address) = place.listening();
        let target = place.serving(|mut socket| {
            socket.read_exact(&mut [0; 12]).expect("the first message");
            reset(socket);
        });
        let mut client = place.client(address, home_again());
        // The second one waits behind what no transport holds.
        client.send(&vec![1; 32 << 20]).expect("accepted");
        client.send(b"m2").expect("accepted");
        let to = target.address;
        thread::scope(|scope| {
            scope.spawn(leaving(&home, redirect(to, b"")));
            let ended = ended(&mut client);
            assert_eq!(ended.end, failed(to, Cause::Uncertain));
            assert_eq!((ended.left.uncertain, ended.left.owed), (1, 1));
        });
        nobody_came(&home);
    });
}

/// Shows EOP-EPI-3.
#[test]
fn trace_14_an_answer_ends_the_episode() {
    Place::everywhere(|place| {
        let (b, home) = place.listening();
        let target = place.serving(move |mut socket| {
            expect(&mut socket, &normal(b"m1"));
            leave(socket, &[normal(b"r1"), redirect(home, b"")].concat());
        });
        let to = target.address;
        let mut client = place.client(home, Config::default());
        thread::scope(|scope| {
            scope.spawn(leaving(&b, redirect(to, b"")));
            moved(&mut client);
            client.send(b"m1").expect("accepted");
            assert_eq!(answer(&mut client), b"r1");
            assert_eq!(moved(&mut client).target, home);
            assert!(next_is_connected(&mut client));
            drop(client);
        });
        target.join();
    });
}

/// Shows EOP-EPI-4.
#[test]
fn trace_15_a_payload_that_answers_nothing_does_not_end_the_episode() {
    Place::everywhere(|place| {
        let (b, home) = place.listening();
        let target = place.serving(move |socket| leave(socket, &redirect(home, b"news")));
        let to = target.address;
        let mut client = place.client(home, manual());
        thread::scope(|scope| {
            scope.spawn(leaving(&b, redirect(to, b"news")));
            assert_eq!(end(&mut client), End::RedirectLoop { target: home });
        });
        target.join();
    });
}

/// Shows EOP-HCL-3.
#[test]
fn trace_16_half_closed_and_answered_with_the_redirect_is_a_clean_end() {
    Place::everywhere(|place| {
        let (target, to) = place.listening();
        let home = place.serving(move |mut socket| {
            expect(&mut socket, &normal(b"m1"));
            leave(socket, &redirect(to, b"r1"));
        });
        let mut client = place.client(home.address, Config::default());
        client.send(b"m1").expect("accepted");
        client.half_close().expect("once");
        assert_eq!(answer(&mut client), b"r1");
        assert_eq!(end(&mut client), End::Eof);
        home.join();
        nobody_came(&target);
    });
}

/// Shows EOP-RSD-8.
#[test]
fn trace_17_a_message_that_the_transport_took_is_uncertain_although_nobody_read_it() {
    Place::everywhere(|place| {
        let (listener, home) = place.listening();
        let mut client = place.client(home, Config::default());
        assert!(next_is_connected(&mut client));
        client.send(b"m1").expect("accepted");
        let (server, _) = listener.accept().expect("the client");
        reset(server);
        let ended = ended(&mut client);
        assert_eq!((ended.left.uncertain, ended.left.unsent), (1, 0));
    });
}

/// Shows EOP-ACC-14.
#[test]
fn trace_18_in_manual_an_answer_before_the_reset_can_still_be_retired() {
    Place::everywhere(|place| {
        let home = place.serving(|mut socket| {
            expect(&mut socket, &normal(b"q"));
            send(&mut socket, &normal(b"r"));
            socket
        });
        let mut client = place.client(home.address, manual());
        client.send(b"q").expect("accepted");
        message(&mut client);
        reset(home.join());
        while next(&mut client) != Event::Settling {}
        client.retire(1).expect("it was answered");
        assert_eq!(ended(&mut client).left.uncertain, 0);
    });
}

/// Shows EOP-RSD-12.
#[test]
fn trace_19_a_decision_for_one_hop_does_not_hold_for_the_next() {
    Place::everywhere(|place| {
        let d = place.listening().1;
        let target = place.serving(move |socket| leave(socket, &redirect(d, b"")));
        let to = target.address;
        let home = place.serving(move |mut socket| {
            expect(&mut socket, &normal(b"q"));
            leave(socket, &redirect(to, b""));
        });
        let mut client = place.client(home.address, Config::default());
        client.send(b"q").expect("accepted");
        let first = moved(&mut client);
        let second = moved(&mut client);
        assert_eq!((second.target, second.owed), (d, 1));
        let refused = client.resend(first.hop);
        assert!(
            matches!(
                refused,
                Err(Misuse {
                    why: Why::StaleDecision,
                    ..
                })
            ),
            "{refused:?}"
        );
        drop(client);
        home.join();
        target.join();
    });
}
