//! Stories of single connections, from both ends, where the table alone does not tell them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    reason = "a test may panic, and says what matters to it"
)]

use eop_statemachine::client::{self, Event, Kind};
use eop_statemachine::{Client, Discipline, PeerError, Server, Service, Why, server};
use eop_wire::{Frame, HeaderError};

fn n(payload: &str) -> Vec<u8> {
    Frame::normal(payload.as_bytes())
        .unwrap()
        .encode()
        .chunks()
        .concat()
}

fn r(payload: &str) -> Vec<u8> {
    let target = "192.0.2.10:9000".parse().unwrap();
    Frame::redirect(target, payload.as_bytes())
        .unwrap()
        .encode()
        .chunks()
        .concat()
}

fn paired() -> Client {
    Client::new(&Service::default())
}

fn manual() -> Client {
    Client::new(&Service {
        discipline: Discipline::Manual,
        ..Service::default()
    })
}

fn greeted_by(greetings: u32) -> Client {
    Client::new(&Service {
        greetings,
        ..Service::default()
    })
}

/// A paired client that offered this many one-octet messages.
fn with_offered(messages: u32) -> Client {
    let mut client = paired();
    for _ in 0..messages {
        client.accept().unwrap();
        client.offer(13, 1).unwrap();
    }
    client
}

/// Every event of these octets, chunks as text.
fn read(client: &mut Client, octets: &[u8]) -> Result<Vec<String>, PeerError> {
    let mut input = octets;
    let mut events = Vec::new();
    while let Some(event) = client.receive(&mut input)? {
        events.push(match event {
            Event::Head { kind, len } => format!("{kind:?} of {len}"),
            Event::Chunk(chunk) => String::from_utf8(chunk.to_vec()).unwrap(),
            Event::Message { kind } => format!("{kind:?} complete"),
            Event::Redirect { to, message } => format!("redirect to {to} with {message:?}"),
        });
    }
    Ok(events)
}

/// Shows EOP-ACC-1.
#[test]
fn an_answer_answers_the_oldest_message() {
    let mut client = with_offered(2);
    assert_eq!(
        read(&mut client, &n("ok")).unwrap(),
        ["Answer of 2", "ok", "Answer complete"]
    );
    assert_eq!((client.outstanding(), client.completely_offered()), (1, 1));
}

/// Shows EOP-RED-5.
#[test]
fn the_payload_of_a_redirect_is_delivered_before_it() {
    let mut client = with_offered(1);
    let events = read(&mut client, &r("ok")).unwrap();
    assert_eq!(
        events,
        [
            "Answer of 2",
            "ok",
            "redirect to 192.0.2.10:9000 with Some(Answer)"
        ]
    );
    assert_eq!(client.outstanding(), 0);
}

/// Shows EOP-RED-6.
#[test]
fn an_incomplete_redirect_moves_nothing() {
    let mut client = with_offered(1);
    let whole = r("ok");
    for end in 0..whole.len() {
        let mut client = client.clone();
        read(&mut client, &whole[..end]).unwrap();
        assert_eq!(client.state(), client::State::Open, "after {end} octets");
        assert_eq!(client.outstanding(), 1);
    }
    read(&mut client, &whole).unwrap();
    assert_eq!(client.state(), client::State::Redirected);
}

/// Shows EOP-RED-9.
#[test]
fn nothing_behind_a_redirect_is_looked_at() {
    let mut client = with_offered(1);
    let octets = [r(""), b"\xff\xff".to_vec(), n("x")].concat();
    let mut input = &octets[..];
    assert!(matches!(
        client.receive(&mut input),
        Ok(Some(Event::Redirect { message: None, .. }))
    ));
    assert!(
        input.is_empty(),
        "octets behind a redirect are left for the next connection"
    );
    assert_eq!(client.receive(&mut &b"\xff"[..]), Ok(None));
}

/// Shows EOP-ACC-9.
#[test]
fn only_a_completely_offered_message_can_be_answered() {
    let mut client = paired();
    client.accept().unwrap();
    client.offer(12, 1).unwrap();
    assert_eq!(
        read(&mut client, &n("too early")),
        Err(PeerError::Unsolicited)
    );
}

/// Shows EOP-ACC-10.
#[test]
fn an_unsolicited_payload_is_not_delivered_and_its_redirect_not_followed() {
    let mut client = paired();
    assert_eq!(read(&mut client, &r("note")), Err(PeerError::Unsolicited));
    assert_eq!(client.state(), client::State::Failed);
}

/// Shows EOP-ACC-7.
#[test]
fn an_empty_redirect_is_legal_at_any_time() {
    for mut client in [paired(), with_offered(1), greeted_by(3), manual()] {
        read(&mut client, &r("")).unwrap();
        assert_eq!(client.state(), client::State::Redirected);
    }
}

/// Shows EOP-ACC-8.
#[test]
fn a_redirect_with_payload_counts_as_a_greeting_while_one_is_due() {
    let mut client = greeted_by(2);
    client.accept().unwrap();
    let events = read(&mut client, &r("hello")).unwrap();
    assert_eq!(
        events.last().unwrap(),
        "redirect to 192.0.2.10:9000 with Some(Greeting)"
    );
    assert_eq!(client.outstanding(), 1, "a greeting answers nothing");
}

/// Shows EOP-ACC-5.
#[test]
fn nothing_is_written_before_the_last_greeting() {
    let mut client = greeted_by(2);
    client.accept().unwrap();
    for _ in 0..2 {
        assert_eq!(client.want(), client::Want::Read);
        assert_eq!(client.offer(13, 1).unwrap_err().why, Why::State);
        read(&mut client, &n("hello")).unwrap();
    }
    assert_eq!(client.want(), client::Want::Write);
}

/// Shows EOP-ACC-11 and EOP-ACC-13.
#[test]
fn in_manual_anything_may_come_and_only_the_application_retires() {
    let mut client = manual();
    client.accept().unwrap();
    assert_eq!(read(&mut client, &n("note")).unwrap()[0], "Plain of 4");
    assert_eq!(client.retire(1).unwrap_err().why, Why::NotOffered);
    client.offer(13, 1).unwrap();
    client.retire(1).unwrap();
    assert_eq!(client.outstanding(), 0);
    read(&mut client, &r("note")).unwrap();
    assert_eq!(client.state(), client::State::Redirected);
}

#[test]
fn what_was_offered_is_bound_and_what_is_taken_back_is_not() {
    let mut client = paired();
    client.accept().unwrap();
    client.accept().unwrap();
    client.offer(13, 1).unwrap();
    client.offer(4, 1).unwrap();
    assert_eq!((client.bound(), client.partly_offered()), (2, 4));
    client.take_back(4, 1).unwrap();
    assert_eq!(client.bound(), 1);
    client.take_back(1, 1).unwrap();
    assert_eq!(
        (client.completely_offered(), client.partly_offered()),
        (0, 12)
    );
    client.take_back(12, 1).unwrap();
    assert_eq!(client.bound(), 0);
    assert_eq!(client.take_back(1, 1).unwrap_err().why, Why::NothingToOffer);
}

#[test]
fn what_is_being_answered_did_leave() {
    let mut client = with_offered(1);
    read(&mut client, &n("ok")[..13]).unwrap();
    assert_eq!(client.take_back(1, 1).unwrap_err().why, Why::BeingAnswered);
}

#[test]
fn a_message_has_no_more_octets_than_it_has() {
    let mut client = paired();
    client.accept().unwrap();
    assert_eq!(client.offer(14, 1).unwrap_err().why, Why::PastEnd);
    client.offer(13, 1).unwrap();
    assert_eq!(client.offer(1, 1).unwrap_err().why, Why::NothingToOffer);
    assert_eq!(client.take_back(14, 1).unwrap_err().why, Why::PastEnd);
}

#[test]
fn the_longest_message_can_be_offered() {
    let mut client = paired();
    client.accept().unwrap();
    client.offer(u64::from(u32::MAX), u32::MAX).unwrap();
    client.offer(12, u32::MAX).unwrap();
    assert_eq!(client.completely_offered(), 1);
    assert_eq!(
        client.offer(u64::MAX, u32::MAX).unwrap_err().why,
        Why::NothingToOffer
    );
}

#[test]
fn the_half_close_follows_the_last_message() {
    let mut client = paired();
    client.accept().unwrap();
    client.half_close().unwrap();
    assert_eq!(client.want(), client::Want::Write);
    assert_eq!(client.accept().unwrap_err().why, Why::State);
    assert_eq!(client.half_closed().unwrap_err().why, Why::MessagesToOffer);
    client.offer(13, 1).unwrap();
    assert_eq!(client.want(), client::Want::HalfClose);
    client.half_closed().unwrap();
    assert_eq!(
        read(&mut client, &n("ok")).unwrap().len(),
        3,
        "answers still come"
    );
}

/// Shows EOP-OPC-2 and EOP-OPC-5.
#[test]
fn a_first_opcode_that_is_none_is_not_eop_and_a_later_one_unknown() {
    let first = read(&mut with_offered(1), b"HTTP/1.1 400");
    assert_eq!(
        first,
        Err(PeerError::NotEop(HeaderError::UnknownOpcode(0x4854)))
    );
    let later = read(&mut with_offered(1), &[n("ok"), b"HT".to_vec()].concat());
    assert_eq!(
        later,
        Err(PeerError::UnknownOpcode(HeaderError::UnknownOpcode(0x4854)))
    );
    let swapped = read(&mut with_offered(1), &[1, 0]);
    assert_eq!(swapped, Err(PeerError::ByteOrderMismatch(0x0100)));
    let alone = read(&mut with_offered(1), b"H");
    assert!(matches!(
        alone,
        Err(PeerError::NotEop(HeaderError::UnknownPrefix(b'H')))
    ));
}

/// Shows EOP-LIM-2 and EOP-LIM-3.
#[test]
fn what_is_too_large_is_known_by_its_header() {
    let mut client = Client::new(&Service {
        max_payload: 3,
        ..Service::default()
    });
    client.accept().unwrap();
    client.offer(13, 1).unwrap();
    let fault = read(&mut client, &n("four")[..12]);
    assert_eq!(fault, Err(PeerError::MessageTooLarge { len: 4, max: 3 }));
}

/// Shows EOP-FRM-5.
#[test]
fn a_stream_that_ends_inside_a_frame_is_truncated() {
    let whole = n("ok");
    for end in 1..whole.len() {
        let mut client = with_offered(1);
        read(&mut client, &whole[..end]).unwrap();
        assert_eq!(
            client.end_of_stream(),
            Err(PeerError::TruncatedFrame),
            "after {end} octets"
        );
    }
}

/// Shows EOP-ACC-2 and EOP-RSD-10.
#[test]
fn a_server_answers_what_is_complete_and_nothing_else() {
    let mut server = Server::new(&Service::default());
    assert_eq!(server.respond(b"r").unwrap_err().why, Why::NothingToAnswer);
    let request = n("q");
    let (mut start, mut rest) = request.split_at(12);
    assert_eq!(
        server.receive(&mut start),
        Ok(Some(server::Event::Head { len: 1 }))
    );
    assert_eq!(server.respond(b"r").unwrap_err().why, Why::NothingToAnswer);
    assert_eq!(
        server.receive(&mut rest),
        Ok(Some(server::Event::Chunk(b"q")))
    );
    assert_eq!(server.receive(&mut rest), Ok(Some(server::Event::Request)));
    assert_eq!(server.respond(b"r").unwrap().chunks().concat(), n("r"));
    assert_eq!(server.respond(b"r").unwrap_err().why, Why::NothingToAnswer);
}

/// A server to which these requests came.
fn asked(service: &Service, requests: usize) -> Server {
    let mut server = Server::new(service);
    for _ in 0..requests {
        let request = n("q");
        let mut input = &request[..];
        while server.receive(&mut input).unwrap().is_some() {}
    }
    server
}

#[test]
fn a_server_counts_what_waits_and_what_is_due() {
    let mut server = asked(
        &Service {
            greetings: 2,
            ..Service::default()
        },
        2,
    );
    assert_eq!((server.greetings(), server.waiting()), (2, 2));
    for _ in 0..2 {
        let _ = server.greet(b"g").unwrap();
    }
    let _ = server.respond(b"r").unwrap();
    assert_eq!((server.greetings(), server.waiting()), (0, 1));
}

/// Shows EOP-OPC-5.
#[test]
fn a_first_opcode_that_is_none_is_not_eop_to_a_server_either() {
    let first = Server::new(&Service::default()).receive(&mut &b"GET / HTTP/1"[..]);
    assert_eq!(
        first,
        Err(PeerError::NotEop(HeaderError::UnknownOpcode(0x4745)))
    );
    let later = asked(&Service::default(), 1).receive(&mut &b"GE"[..]);
    assert_eq!(
        later,
        Err(PeerError::UnknownOpcode(HeaderError::UnknownOpcode(0x4745)))
    );
}

/// Shows EOP-RED-4.
#[test]
fn an_empty_late_answer_is_a_message_of_its_own_and_no_answer_is_none() {
    let target = "192.0.2.10:9000".parse().unwrap();
    let mut late = asked(&Service::default(), 1);
    let frames = late.respond_and_redirect(b"", target).unwrap();
    assert_eq!(frames.chunks().concat(), [n(""), r("")].concat());
    let (empty, redirect) = frames.into_frames();
    assert_eq!(
        (empty.unwrap().chunks().concat(), redirect.chunks().concat()),
        (n(""), r(""))
    );

    let mut early = asked(&Service::default(), 1);
    assert_eq!(early.redirect(target).unwrap().chunks().concat(), r(""));

    let mut with_payload = asked(&Service::default(), 1);
    assert_eq!(
        with_payload
            .respond_and_redirect(b"ok", target)
            .unwrap()
            .chunks()
            .concat(),
        r("ok")
    );
}

/// Shows EOP-RED-14.
#[test]
fn a_server_sends_nobody_where_nobody_can_be() {
    for target in [
        "10.0.0.1:0",
        "0.0.0.0:9000",
        "224.0.0.1:9000",
        "255.255.255.255:9000",
    ] {
        let target = target.parse().unwrap();
        let mut server = asked(&Service::default(), 1);
        let before = server.clone();
        assert_eq!(
            server.redirect(target).unwrap_err().why,
            Why::UnusableTarget(target)
        );
        let late = server.respond_and_redirect(b"ok", target).unwrap_err();
        assert_eq!(late.why, Why::UnusableTarget(target));
        assert_eq!(server, before);
    }
}

#[test]
fn greetings_come_before_answers() {
    let target = "192.0.2.10:9000".parse().unwrap();
    let mut server = asked(
        &Service {
            greetings: 1,
            ..Service::default()
        },
        1,
    );
    assert_eq!(server.respond(b"r").unwrap_err().why, Why::Greetings);
    assert_eq!(
        server.respond_and_redirect(b"r", target).unwrap_err().why,
        Why::Greetings
    );
    let greeting = server
        .clone()
        .greet_and_redirect(b"g", target)
        .unwrap()
        .chunks()
        .concat();
    assert_eq!(greeting, r("g"));
    assert_eq!(server.greet(b"g").unwrap().chunks().concat(), n("g"));
    assert_eq!(server.greet(b"g").unwrap_err().why, Why::Greetings);
    let _ = server.respond(b"r").unwrap();
}

#[test]
fn in_manual_a_server_speaks_unasked() {
    let mut server = Server::new(&Service {
        discipline: Discipline::Manual,
        ..Service::default()
    });
    let _ = server.respond(b"news").unwrap();
    server.end_of_stream().unwrap();
    assert_eq!(
        server.want(),
        server::Want::Answer,
        "it may still have something to say"
    );
    let _ = server.respond(b"more news").unwrap();
    server.half_close().unwrap();
    assert_eq!(server.want(), server::Want::Close);
}

/// Shows EOP-HCL-1 and EOP-HCL-5.
#[test]
fn a_half_closed_client_is_answered_and_then_closed() {
    let mut server = asked(&Service::default(), 2);
    server.end_of_stream().unwrap();
    let _ = server.respond(b"r1").unwrap();
    assert_eq!(server.want(), server::Want::Answer);
    let _ = server.respond(b"r2").unwrap();
    assert_eq!(server.want(), server::Want::Close);
}

/// Shows EOP-RED-2.
#[test]
fn a_redirect_from_a_client_is_blamed_before_its_payload() {
    let mut server = Server::new(&Service::default());
    let mut input = &r("payload")[..];
    assert_eq!(
        server.receive(&mut input),
        Err(PeerError::UnexpectedRedirect)
    );
    assert_eq!(server.fault(), Some(PeerError::UnexpectedRedirect));
}

#[test]
fn an_event_outlives_the_borrow_of_the_machine() {
    let mut client = with_offered(1);
    let octets = n("ok");
    let mut input = &octets[..];
    assert!(matches!(
        client.receive(&mut input),
        Ok(Some(Event::Head {
            kind: Kind::Answer,
            ..
        }))
    ));
    let Ok(Some(Event::Chunk(chunk))) = client.receive(&mut input) else {
        panic!("a chunk follows")
    };
    client.accept().unwrap(); // the machine moves on while the chunk is held
    assert_eq!(chunk, b"ok");
}
