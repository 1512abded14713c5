//! Clients that are moved: what is home's, and what would be less.

use std::io::Read as _;
use std::net::SocketAddrV4;

use eop_net::client::{Client, Error};
use eop_net::tls::rustls::{ClientConfig, ServerConfig, Stream};
use eop_net::{Cause, End};

use super::authority::{Authority, NAME};
use super::stage::{PATIENCE, Server, answer, end, ended, normal, scripted};
use super::{ALPN, by_hand, config, connect, echo, say_and_end, serving};

/// A home that moves its client at accept.
fn moving(tls: ServerConfig, to: SocketAddrV4) -> Server {
    serving(tls, move |connection| {
        drop(connection.redirect(to).expect("sent"));
    })
}

/// How a session ends that has a message for where it is moved to.
fn moved_to(to: SocketAddrV4, authority: &Authority, client: ClientConfig) -> End {
    let home = moving(authority.server(NAME), to);
    let mut client = connect(&home, client);
    client.send(b"secret").expect("accepted");
    end(&mut client)
}

fn failed(target: SocketAddrV4) -> End {
    let cause = Cause::TlsFailed;
    End::RedirectFailed { target, cause }
}

#[test]
fn a_message_crosses_two_moves_and_is_answered_once() {
    let authority = Authority::new();
    let last = serving(authority.server(NAME), echo);
    let to = last.address;
    let middle = moving(authority.server(NAME), to);
    let home = moving(authority.server(NAME), middle.address);
    let mut client = connect(&home, authority.client());
    client.send(b"question").expect("accepted");
    assert_eq!(answer(&mut client), b"question");
    client.half_close().expect("once");
    assert_eq!(end(&mut client), End::Eof);
    assert!(last.join().is_ok(), "it was told that the stream ended");
}

#[test]
fn long_messages_go_both_ways_across_a_late_move() {
    let authority = Authority::new();
    let target = serving(authority.server(NAME), echo);
    let to = target.address;
    let home = serving(authority.server(NAME), move |mut connection| {
        let first = connection.receive().expect("no fault").expect("one");
        drop(connection.redirect_with(&first, to).expect("sent"));
    });
    let mut client = connect(&home, authority.client());
    let long: Vec<u8> = (0..=250).cycle().take(4 << 20).collect();
    for _ in 0..3 {
        client.send(&long).expect("accepted");
    }
    for _ in 0..3 {
        assert!(answer(&mut client) == long, "octet for octet");
    }
}

/// Shows EOP-SEC-1.
#[test]
fn a_target_that_shows_another_name_gets_nothing() {
    let authority = Authority::new();
    let target = serving(authority.server("other.example"), |mut connection| {
        connection.receive()
    });
    let end = moved_to(target.address, &authority, authority.client());
    assert_eq!(end, failed(target.address));
    assert!(target.join().is_err());
}

/// Shows EOP-SEC-1.
#[test]
fn a_target_whose_certificate_is_for_its_address_gets_nothing() {
    let authority = Authority::new();
    let target = serving(authority.server("127.0.0.1"), |mut connection| {
        connection.receive()
    });
    let end = moved_to(target.address, &authority, authority.client());
    assert_eq!(end, failed(target.address));
}

/// Shows EOP-SEC-1.
#[test]
fn a_target_that_somebody_else_vouches_for_gets_nothing() {
    let authority = Authority::new();
    let target = serving(Authority::new().server(NAME), |mut connection| {
        connection.receive()
    });
    let end = moved_to(target.address, &authority, authority.client());
    assert_eq!(end, failed(target.address));
}

/// Shows EOP-SEC-2.
#[test]
fn a_target_in_cleartext_gets_no_message() {
    let authority = Authority::new();
    let target = scripted(|mut socket| {
        socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
        let mut heard = vec![0; 4096];
        let count = socket.read(&mut heard).expect("something");
        heard.truncate(count);
        heard
    });
    let end = moved_to(target.address, &authority, authority.client());
    assert_eq!(end, failed(target.address));
    let heard = target.join();
    assert_eq!(heard.first(), Some(&0x16), "a handshake");
    assert!(!heard.windows(6).any(|octets| octets == b"secret"));
}

/// Shows EOP-SEC-3.
#[test]
fn a_target_that_does_not_say_that_it_speaks_eop_gets_nothing() {
    let authority = Authority::new();
    let target = by_hand(authority.server(NAME), &[], |mut tls, mut socket, _| {
        let _ = tls.complete_io(&mut socket);
        let mut heard = Vec::new();
        let _ = tls.reader().read_to_end(&mut heard);
        heard
    });
    let end = moved_to(target.address, &authority, authority.client());
    assert_eq!(end, failed(target.address));
    assert_eq!(target.join(), b"");
}

/// Shows EOP-SEC-3.
#[test]
fn a_home_that_speaks_something_else_is_none() {
    let authority = Authority::new();
    let home = by_hand(authority.server(NAME), &[b"http/1.1"], |_, _, made| made);
    let error = Client::connect(home.address, config(authority.client())).expect_err("no EOP");
    let Error::Ended(ended) = error else {
        panic!("{error}")
    };
    assert_eq!(ended.end, End::Failed(Cause::TlsFailed));
    assert!(!home.join());
}

/// Shows EOP-SEC-4.
#[test]
fn a_target_is_asked_for_the_name_of_home() {
    let authority = Authority::new();
    let target = by_hand(authority.server(NAME), &[ALPN], |tls, _, _| {
        tls.server_name().map(str::to_owned)
    });
    moved_to(target.address, &authority, authority.client());
    assert_eq!(target.join().as_deref(), Some(NAME));
}

/// Shows EOP-SEC-5.
#[test]
fn no_octet_is_sent_as_early_data_even_where_both_would_allow_it() {
    let authority = Authority::new();
    let mut eager = authority.client();
    eager.enable_early_data = true;
    let config = config(eager);
    let mut server = authority.server(NAME);
    server.max_early_data_size = 1024;
    let server = std::sync::Arc::new(server);
    let early: Vec<bool> = [(); 2]
        .map(|()| {
            let home = by_hand((*server).clone(), &[ALPN], |mut tls, mut socket, _| {
                let early = tls.early_data().is_some();
                let mut question = vec![0; normal(b"question").len()];
                let mut stream = Stream::new(&mut tls, &mut socket);
                stream.read_exact(&mut question).expect("a question");
                say_and_end(tls, socket, &normal(b"answer"), true);
                early
            });
            let mut client = Client::new(home.address.into(), config.clone()).expect("a session");
            client.send(b"question").expect("accepted");
            assert_eq!(answer(&mut client), b"answer");
            drop(client); // which the server waits for
            home.join()
        })
        .into();
    assert_eq!(early, [false, false]);
}

/// Shows EOP-SEC-6.
#[test]
fn a_stream_that_is_cut_off_is_no_clean_end() {
    let authority = Authority::new();
    let ends = [true, false].map(|polite| {
        let home = by_hand(authority.server(NAME), &[ALPN], move |tls, socket, _| {
            say_and_end(tls, socket, b"", polite);
        });
        end(&mut connect(&home, authority.client()))
    });
    assert_eq!(ends, [End::Eof, End::Failed(Cause::Uncertain)]);
}

/// Shows EOP-SEC-7.
#[test]
fn a_target_that_did_not_show_who_it_is_does_not_learn_who_the_client_is() {
    let authority = Authority::new();
    let show = |name| {
        by_hand(
            authority.curious_server(name),
            &[ALPN],
            |mut tls, mut socket, _| {
                let _ = tls.complete_io(&mut socket);
                tls.peer_certificates().is_some()
            },
        )
    };
    let (honest, other) = (show(NAME), show("other.example"));
    moved_to(honest.address, &authority, authority.known_client());
    moved_to(other.address, &authority, authority.known_client());
    assert_eq!((honest.join(), other.join()), (true, false));
}

#[test]
fn what_was_owed_to_a_target_that_failed_is_told() {
    let authority = Authority::new();
    let target = serving(authority.server("other.example"), |mut connection| {
        connection.receive()
    });
    let home = moving(authority.server(NAME), target.address);
    let mut client = connect(&home, authority.client());
    client.send(b"secret").expect("accepted");
    assert_eq!(ended(&mut client).left.owed, 1);
}
