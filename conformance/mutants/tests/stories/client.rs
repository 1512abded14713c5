//! Stories of the client.

use std::net::SocketAddrV4;

use crate::harness::{Ending, Process, Service, Stage, Wire, driver, frame, normal, redirect};

fn at(text: &str) -> SocketAddrV4 {
    text.parse().unwrap()
}

/// A session at a home of our own.
fn session(settings: &str) -> (Process, Wire, Stage) {
    let (home, client) = (Stage::new(), driver("none"));
    client.connect(home.address, settings);
    let wire = home.accept();
    (client, wire, home)
}

/// A session that was moved to a target while "q" was outstanding, and its connection there.
fn moved(settings: &str) -> (Process, Wire, Stage) {
    let (client, mut old, _home) = session(settings);
    let target = Stage::new();
    client.tell("1 send 71");
    old.expect(&normal(b"q"));
    old.send(&redirect(target.address, b""));
    let line = client.hear();
    assert!(
        line.starts_with(&format!(
            "1 redirected {} owed=1 late=0 hop=1 resend=",
            target.address
        )),
        "{line}"
    );
    client.connected(target.address, 1);
    let new = target.accept();
    (client, new, target)
}

// ---- resending

#[test]
fn an_early_redirect_is_resent_when_the_application_says_so() {
    let (client, mut new, _target) = moved("");
    client.tell("1 resend 1");
    new.expect(&normal(b"q"));
    new.send(&normal(b"r"));
    client.expect("1 message 72 outstanding=0 greeting=0");
    client.tell("1 close");
    client.expect("1 ended closed owed=0 unsent=0 uncertain=0");
    new.ends_cleanly();
}

#[test]
fn the_old_connection_ends_before_the_new_one_begins() {
    let (client, mut old, _home) = session("");
    let target = Stage::new();
    old.send(&redirect(target.address, b""));
    old.ends_cleanly();
    client.expect(&format!(
        "1 redirected {} owed=0 late=0 hop=1 resend=automatic",
        target.address
    ));
}

#[test]
fn a_decision_for_another_hop_or_a_message_before_it_is_refused() {
    let (client, mut new, _target) = moved("");
    for (command, refusal) in [
        ("resend 0", "resend stale-hop"),
        ("drop 2", "drop stale-hop"),
        ("send 72", "send undecided"),
    ] {
        client.tell(&format!("1 {command}"));
        client.expect(&format!("1 rejected {refusal}"));
    }
    client.tell("1 drop 1");
    client.tell("1 send 73");
    new.expect(&normal(b"s"));
    client.tell("1 resend 1");
    client.expect("1 rejected resend nothing-owed");
}

#[test]
fn owed_messages_stay_owed_over_a_second_redirect_and_keep_their_order() {
    let (client, mut old, _home) = session("resend=automatic");
    let (first, last) = (Stage::new(), Stage::new());
    client.tell("1 send 71");
    client.tell("1 send 72");
    old.expect(&[normal(b"q"), normal(b"r")].concat());
    old.send(&redirect(first.address, b""));
    first.accept().send(&redirect(last.address, b""));
    let mut new = last.accept();
    client.tell("1 send 73");
    new.expect(&[normal(b"q"), normal(b"r"), normal(b"s")].concat());
}

#[test]
fn automatic_resending_stops_at_a_marked_message_and_at_the_budget() {
    for settings in ["resend=automatic", "resend=automatic budget=1"] {
        let (client, mut old, _home) = session(settings);
        let target = Stage::new();
        client.tell("1 send 71");
        client.tell(if settings.ends_with('1') {
            "1 send 72"
        } else {
            "1 send 72 never-resend"
        });
        client.tell("1 send 73");
        old.expect(&[normal(b"q"), normal(b"r"), normal(b"s")].concat());
        old.send(&redirect(target.address, b""));
        client.expect(&format!(
            "1 redirected {} owed=3 late=0 hop=1 resend=explicit",
            target.address
        ));
        client.connected(target.address, 1);
        let mut new = target.accept();
        new.expect(&normal(b"q"));
        client.tell("1 send 74");
        client.expect("1 rejected send undecided");
        client.tell("1 drop 1");
        client.tell("1 send 74");
        new.expect(&normal(b"t"));
    }
}

#[test]
fn what_was_offered_and_not_answered_is_uncertain_and_the_rest_is_not() {
    let (client, wire, _home) = session("");
    client.tell("1 send 71");
    client.tell("1 send @30000000");
    client.tell("1 send 72");
    client.tell("1 sync a");
    client.expect("1 synced a");
    drop(wire);
    client.expect("1 ended Uncertain owed=0 unsent=1 uncertain=2");
}

#[test]
fn a_redirect_reaches_a_client_whose_write_is_blocked() {
    let (client, mut old, _home) = session("resend=automatic");
    let target = Stage::new();
    client.tell("1 send @30000000");
    client.tell("1 sync a");
    client.expect("1 synced a");
    old.send(&redirect(target.address, b""));
    client.expect(&format!(
        "1 redirected {} owed=1 late=0 hop=1 resend=explicit",
        target.address
    ));
    client.connected(target.address, 1);
    let rest = old.ending().0.len();
    assert!(
        rest < 30_000_000,
        "the rest of the message followed the redirect: {rest}"
    );
}

// ---- answers and greetings

#[test]
fn pipelined_messages_are_answered_oldest_first() {
    let (client, mut wire, _home) = session("");
    client.tell("1 send 71");
    client.tell("1 send -");
    wire.expect(&[normal(b"q"), normal(b"")].concat());
    wire.send(&[normal(b""), normal(&[7; 4097])].concat());
    client.expect("1 message - outstanding=1 greeting=0");
    client.expect(&format!(
        "1 message @4097 crc32={:08x} outstanding=0 greeting=0",
        crc32fast::hash(&[7; 4097])
    ));
}

#[test]
fn nothing_is_said_before_the_greetings_on_any_connection() {
    let (client, mut old, _home) = session("greeting=1 resend=automatic");
    let target = Stage::new();
    client.tell("1 send 71");
    client.tell("1 sync a");
    client.expect("1 synced a");
    old.send(&normal(b"hi"));
    client.expect("1 message 6869 outstanding=1 greeting=1");
    old.expect(&normal(b"q"));
    old.send(&redirect(target.address, b""));
    client.hear();
    client.connected(target.address, 1);
    let mut new = target.accept();
    client.tell("1 sync b");
    client.expect("1 synced b");
    new.send(&normal(b"ho"));
    client.expect("1 message 686f outstanding=1 greeting=1");
    new.expect(&normal(b"q"));
}

#[test]
fn a_redirect_stands_in_for_greetings_and_its_payload_is_one() {
    for (payload, late) in [(b"".as_slice(), 0), (b"hi", 1)] {
        let (client, mut wire, _home) = session("greeting=2");
        let target = Stage::new();
        wire.send(&redirect(target.address, payload));
        if late == 1 {
            client.expect("1 message 6869 outstanding=0 greeting=1");
        }
        client.expect(&format!(
            "1 redirected {} owed=0 late={late} hop=1 resend=automatic",
            target.address
        ));
    }
}

#[test]
fn what_answers_nothing_is_neither_delivered_nor_followed() {
    let target = Stage::new();
    for octets in [normal(b"x"), redirect(target.address, b"x")] {
        let (client, mut wire, _home) = session("");
        wire.send(&octets);
        client.expect("1 ended Unsolicited owed=0 unsent=0 uncertain=0");
        assert_eq!(wire.ending().0, b"");
    }
}

#[test]
fn an_answer_to_a_message_that_is_still_on_its_way_is_unsolicited() {
    let (client, mut wire, _home) = session("");
    client.tell("1 send @30000000");
    client.tell("1 sync a");
    client.expect("1 synced a");
    wire.send(&normal(b"x"));
    client.expect("1 ended Unsolicited owed=0 unsent=0 uncertain=1");
}

#[test]
fn a_late_redirect_answers_and_leads_to_a_clean_new_connection() {
    let (client, mut old, _home) = session("");
    let target = Stage::new();
    client.tell("1 send 71");
    old.expect(&normal(b"q"));
    old.send(
        &[
            redirect(target.address, b"r"),
            normal(b"leftover"),
            redirect(at("127.0.0.1:1"), b""),
        ]
        .concat(),
    );
    client.expect("1 message 72 outstanding=0 greeting=0");
    client.expect(&format!(
        "1 redirected {} owed=0 late=1 hop=1 resend=automatic",
        target.address
    ));
    client.connected(target.address, 1);
    client.tell("1 send 73");
    let mut new = target.accept();
    new.expect(&normal(b"s"));
    new.send(&normal(b"t"));
    client.expect("1 message 74 outstanding=0 greeting=0");
}

#[test]
fn an_incomplete_redirect_is_not_followed() {
    let (client, mut wire, _home) = session("");
    client.tell("1 send 71");
    wire.expect(&normal(b"q"));
    let octets = redirect(at("127.0.0.1:1"), b"answer");
    wire.send(&octets[..octets.len() - 1]);
    client.tell("1 sync a");
    client.expect("1 synced a");
    wire.finish();
    client.expect("1 ended TruncatedFrame owed=0 unsent=0 uncertain=1");
}

// ---- manual

#[test]
fn in_manual_the_application_retires_even_after_the_move() {
    let (client, mut old, _home) = session("discipline=manual");
    let target = Stage::new();
    client.tell("1 send 71");
    client.tell("1 send 72");
    old.expect(&[normal(b"q"), normal(b"r")].concat());
    old.send(
        &[
            normal(b"unasked"),
            normal(b"a"),
            redirect(target.address, b"b"),
        ]
        .concat(),
    );
    for payload in ["756e61736b6564", "61", "62"] {
        client.expect(&format!("1 message {payload} outstanding=2 greeting=0"));
    }
    client.expect(&format!(
        "1 redirected {} owed=2 late=1 hop=1 resend=explicit",
        target.address
    ));
    client.connected(target.address, 1);
    client.tell("1 retire 1");
    client.tell("1 resend 1");
    target.accept().expect(&normal(b"r"));
}

#[test]
fn in_manual_the_end_waits_for_what_was_delivered_to_be_retired() {
    let (client, mut wire, _home) = session("discipline=manual");
    client.tell("1 send 71");
    wire.expect(&normal(b"q"));
    client.tell("1 retire 2");
    client.expect("1 rejected retire not-offered");
    wire.send(&normal(b"a"));
    drop(wire);
    client.expect("1 message 61 outstanding=1 greeting=0");
    client.tell("1 retire 1");
    client.tell("1 sync b");
    client.expect("1 synced b");
    client.expect("1 ended eof owed=0 unsent=0 uncertain=0");
}

// ---- half-close and ends

#[test]
fn a_half_close_is_reproduced_after_the_owed_messages() {
    let (client, mut old, _home) = session("resend=automatic");
    let target = Stage::new();
    client.tell("1 send 71");
    client.tell("1 half-close");
    client.tell("1 send 72");
    client.expect("1 rejected send half-closed");
    assert_eq!(old.ending(), (normal(b"q"), Ending::Fin));
    old.send(&redirect(target.address, b""));
    let mut new = target.accept();
    assert_eq!(new.ending(), (normal(b"q"), Ending::Fin));
    new.send(&normal(b"r"));
    drop(new);
    client.hear();
    client.connected(target.address, 1);
    client.expect("1 message 72 outstanding=0 greeting=0");
    client.expect("1 ended eof owed=0 unsent=0 uncertain=0");
}

#[test]
fn a_half_closed_session_with_nothing_outstanding_ends_at_the_redirect() {
    let (client, mut wire, _home) = session("");
    client.tell("1 send 71");
    client.tell("1 half-close");
    assert_eq!(wire.ending(), (normal(b"q"), Ending::Fin));
    wire.send(&redirect(at("127.0.0.1:1"), b"r"));
    client.expect("1 message 72 outstanding=0 greeting=0");
    client.expect("1 ended eof owed=0 unsent=0 uncertain=0");
}

#[test]
fn a_broken_frame_is_named() {
    let nowhere = at("0.0.0.0:0");
    let broken = [
        (vec![0x47, 0x45], "NotEop"),
        (vec![1, 0], "ByteOrderMismatch"),
        ([normal(b"a"), vec![0, 3]].concat(), "UnknownOpcode"),
        (
            frame(1, nowhere, &[0; 101])[..12].to_vec(),
            "MessageTooLarge",
        ),
        (vec![0, 1, 0], "Timeout"),
    ];
    for (octets, kind) in broken {
        let (client, mut wire, _home) = session("limit=100 header=100");
        client.tell("1 send 71");
        wire.expect(&normal(b"q"));
        wire.send(&octets);
        let line = Some(client.hear())
            .filter(|line| !line.contains("message"))
            .unwrap_or_else(|| client.hear());
        assert!(
            line.starts_with(&format!("1 ended {kind} ")),
            "{line} instead of {kind}"
        );
    }
}

#[test]
fn a_server_that_takes_nothing_is_left() {
    let (client, _wire, _home) = session("stall=100");
    client.tell("1 send @100000000");
    client.expect("1 ended Stall owed=0 unsent=0 uncertain=1");
}

#[test]
fn what_a_reset_took_with_it_is_uncertain() {
    let service = Service::start("none", "");
    let client = driver("none");
    client.connect(service.address, "");
    client.tell("1 send 646f207265736574");
    client.expect("1 ended Uncertain owed=0 unsent=0 uncertain=1");
}

// ---- targets

#[test]
fn a_target_that_fails_before_its_first_answer_is_named_with_the_cause() {
    let (client, new, target) = moved("resend=automatic");
    drop(new);
    let line = client.hear();
    let named = format!(
        "1 ended RedirectFailed target={} cause=Uncertain owed=0 unsent=0 uncertain=1",
        target.address
    );
    assert!(
        line == named
            || line
                == named
                    .replace("owed=0", "owed=1")
                    .replace("uncertain=1", "uncertain=0"),
        "{line}"
    );
}

#[test]
fn a_target_that_refuses_leaves_what_is_owed_owed() {
    let (client, mut old, _home) = session("");
    let target = at("127.9.9.9:4000");
    client.tell("1 send 71");
    old.expect(&normal(b"q"));
    old.send(&redirect(target, b""));
    client.hear();
    client.expect(&format!(
        "1 ended RedirectFailed target={target} cause=ConnectFailed owed=1 unsent=0 uncertain=0"
    ));
}

#[test]
fn home_is_the_fallback_where_it_was_asked_for() {
    let (client, mut old, home) = session("fallback=home resend=automatic");
    client.tell("1 send 71");
    old.expect(&normal(b"q"));
    old.send(&redirect(at("127.9.9.9:4000"), b""));
    client.hear();
    client.connected(home.address, 2);
    home.accept().expect(&normal(b"q"));
}

#[test]
fn there_is_no_fallback_once_a_message_was_offered() {
    let (client, mut new, target) = moved("fallback=home resend=automatic");
    new.expect(&normal(b"q"));
    drop(new);
    let named = format!(
        "1 ended RedirectFailed target={} cause=Uncertain",
        target.address
    );
    client.expect(&format!("{named} owed=0 unsent=0 uncertain=1"));
}

#[test]
fn every_refusal_has_its_reason() {
    let refusals = [
        ("", "127.0.0.1:0", "forbidden"),
        ("", "0.0.0.1:4000", "forbidden"),
        ("", "240.0.0.1:4000", "forbidden"),
        ("", "127.0.0.1:80", "port"),
        ("", "192.0.2.1:4000", "special"),
        ("", "8.8.8.8:4000", "insecure"),
        ("allow=0.0.0.0/0:*", "224.0.0.1:4000", "forbidden"),
    ];
    for (settings, target, reason) in refusals {
        let (client, mut wire, _home) = session(settings);
        wire.send(&redirect(at(target), b""));
        let line = format!(
            "1 ended RedirectRefused target={target} reason={reason} owed=0 unsent=0 uncertain=0"
        );
        client.expect(&line);
    }
}

#[test]
fn a_narrower_scope_is_refused_unless_it_is_home_s() {
    let (home, target) = (Stage::new(), Stage::new());
    for (from, ends) in [
        (
            "8.8.8.8:4000",
            "RedirectRefused target=10.0.0.1:4000 reason=scope",
        ),
        ("10.0.0.2:4000", "dial"),
    ] {
        let client = driver("none");
        client.tell(&format!(
            "1 connect {from} policy=paper dial={from}>{},8.8.4.4:4000>{}",
            home.address, target.address
        ));
        client.connected(at(from), 0);
        home.accept().send(&redirect(at("8.8.4.4:4000"), b""));
        client.hear();
        client.connected(at("8.8.4.4:4000"), 1);
        target.accept().send(&redirect(at("10.0.0.1:4000"), b""));
        if ends == "dial" {
            client.expect("1 redirected 10.0.0.1:4000 owed=0 late=0 hop=2 resend=automatic");
            client.expect("1 dial 10.0.0.1:4000");
            client.expect("1 ended RedirectFailed target=10.0.0.1:4000 cause=ConnectFailed owed=0 unsent=0 uncertain=0");
        } else {
            client.expect(&format!("1 ended {ends} owed=0 unsent=0 uncertain=0"));
        }
    }
}

#[test]
fn a_payload_is_delivered_even_if_the_target_is_refused() {
    let (client, mut wire, _home) = session("");
    client.tell("1 send 71");
    wire.expect(&normal(b"q"));
    wire.send(&redirect(at("127.0.0.1:0"), b"r"));
    client.expect("1 message 72 outstanding=0 greeting=0");
    client.expect(
        "1 ended RedirectRefused target=127.0.0.1:0 reason=forbidden owed=0 unsent=0 uncertain=0",
    );
}

// ---- bounds

#[test]
fn a_loop_ends_unless_an_answer_came_between() {
    let (client, mut old, home) = session("");
    let target = Stage::new();
    old.send(&redirect(target.address, b""));
    target.accept().send(&redirect(home.address, b""));
    client.hear();
    client.connected(target.address, 1);
    client.expect(&format!(
        "1 ended RedirectLoop target={} owed=0 unsent=0 uncertain=0",
        home.address
    ));

    let (client, mut new, _target) = moved("resend=automatic");
    new.expect(&normal(b"q"));
    let back = Stage::new();
    new.send(&[normal(b"r"), redirect(back.address, b"")].concat());
    client.expect("1 message 72 outstanding=0 greeting=0");
    client.expect(&format!(
        "1 redirected {} owed=0 late=0 hop=2 resend=automatic",
        back.address
    ));
}

#[test]
fn too_many_redirects_and_none_at_all() {
    let (client, mut old, _home) = session("max-redirects=1");
    let target = Stage::new();
    old.send(&redirect(target.address, b""));
    target.accept().send(&redirect(at("127.0.0.1:4000"), b""));
    client.hear();
    client.connected(target.address, 1);
    client.expect("1 ended TooManyRedirects target=127.0.0.1:4000 owed=0 unsent=0 uncertain=0");

    let (client, mut wire, _home) = session("max-redirects=0");
    client.tell("1 send 71");
    wire.expect(&normal(b"q"));
    wire.send(&redirect(at("127.0.0.1:4000"), b""));
    client.expect("1 ended NotFollowed target=127.0.0.1:4000 owed=1 unsent=0 uncertain=0");
}

#[test]
fn the_deadline_bounds_greetings_at_home_and_at_a_target() {
    let (client, _wire, _home) = session("greeting=1 deadline=100");
    client.expect("1 ended Timeout owed=0 unsent=0 uncertain=0");

    let (client, mut old, _home) = session("greeting=1 deadline=300");
    let target = Stage::new();
    old.send(&redirect(target.address, b""));
    client.hear();
    client.connected(target.address, 1);
    client.expect(&format!(
        "1 ended RedirectDeadline target={} owed=0 unsent=0 uncertain=0",
        target.address
    ));
}

#[test]
fn the_deadline_stands_still_while_an_answer_is_awaited() {
    let (client, mut new, _target) = moved("deadline=200 resend=automatic");
    new.expect(&normal(b"q"));
    std::thread::sleep(std::time::Duration::from_millis(400));
    new.send(&redirect(at("127.0.0.1:4000"), b""));
    client.expect("1 redirected 127.0.0.1:4000 owed=1 late=0 hop=2 resend=automatic");
}

// ---- the driver

#[test]
fn bad_lines_are_rejected_and_change_nothing() {
    let client = driver("none");
    let bad = [
        ("x send 71", "0 rejected line bad-session"),
        ("", "0 rejected line bad-session"),
        ("1 send 7", "1 rejected send bad-payload"),
        ("1 send 71\r", "1 rejected send bad-payload"),
        ("1  send 71", "1 rejected line no-such-verb"),
        ("1 send 71", "1 rejected send no-session"),
        (
            "1 connect 127.0.0.1:1 colour=red",
            "1 rejected connect bad-setting",
        ),
        (
            "1 connect 127.0.0.1:1 discipline=manual resend=automatic",
            "1 rejected connect manual-never-resends",
        ),
        ("01 close", "0 rejected line bad-session"),
        ("1 sync A", "1 rejected sync bad-token"),
        ("1 frobnicate", "1 rejected line no-such-verb"),
    ];
    for (line, answer) in bad {
        client.tell(line);
        client.expect(answer);
    }
}

#[test]
fn commands_to_a_session_that_ended_are_ignored() {
    let (client, _wire, home) = session("");
    client.tell("1 close");
    client.expect("1 ended closed owed=0 unsent=0 uncertain=0");
    client.tell("1 send 71");
    client.tell(&format!("2 connect {}", home.address));
    assert!(client.hear().starts_with("2 connected "));
}

#[test]
fn only_loopback_and_what_is_mapped_is_dialled() {
    let client = driver("none");
    client.tell("1 connect 192.0.2.1:4000");
    client.expect("1 dial 192.0.2.1:4000");
    client.expect("1 ended ConnectFailed owed=0 unsent=0 uncertain=0");
}

#[test]
fn it_leaves_when_its_input_ends() {
    let (client, _wire, _home) = session("");
    assert_eq!(client.leave(), Some(0));
}

// ---- both together

#[test]
fn a_chain_is_followed_with_the_driver_against_the_server() {
    let (service, client) = (Service::start("none", ""), driver("none"));
    let (first, last) = (service.listen("mark x"), service.listen("mark x"));
    client.connect(service.address, "resend=automatic");
    let request = format!("do redirect {first},{last}");
    let hex: String = request
        .bytes()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    client.tell(&format!("1 send {hex}"));
    client.expect(&format!(
        "1 redirected {first} owed=1 late=0 hop=1 resend=automatic"
    ));
    client.connected(first, 1);
    client.expect(&format!(
        "1 redirected {last} owed=1 late=0 hop=2 resend=automatic"
    ));
    client.connected(last, 2);
    client.expect("1 message 68657265 outstanding=0 greeting=0");
}
