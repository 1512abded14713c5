//! What a client has to do, as stories: one burst after another, and what the model foretells.

use eop_wire::HEADER_LEN;

use super::*;
use crate::fuzz::client::plan::{LISTENING, REFUSING};
use crate::octets::{cut, r, r_with};

fn places() -> Places {
    let names = LISTENING.into_iter().chain([REFUSING]).zip(4001..);
    let at = |port| SocketAddrV4::new([127, 0, 0, 1].into(), port);
    names
        .map(|(name, port)| (name.to_owned(), at(port)))
        .collect()
}

fn to(name: &str) -> SocketAddrV4 {
    place(&places(), name)
}

/// A session that is connected to home, with nothing of that left to be foretold.
fn begun(settings: Settings) -> Session {
    let mut session = Session::begin(settings, places());
    session.foretold();
    session
}

fn asked(settings: Settings, messages: &[&str]) -> Session {
    let mut session = begun(settings);
    for message in messages {
        session.say(&Command::Send((*message).to_owned()));
    }
    session.foretold();
    session
}

/// The events of the last burst, without the counts that end them.
fn events(session: &mut Session) -> Vec<String> {
    let told = session.foretold().events;
    told.into_iter().map(|expected| expected.what).collect()
}

/// The payloads that went out in the last burst, in hex.
fn frames(session: &mut Session) -> Vec<String> {
    let wire = session.foretold().wire.into_iter();
    let frame = |expected: Expected<Wire>| match expected.what {
        Wire::Frame(octets) => octets.get(HEADER_LEN..).map(crate::octets::payload),
        Wire::Fin | Wire::Left | Wire::Arrived(_) => None,
    };
    wire.filter_map(frame).collect()
}

fn automatic() -> Settings {
    Settings {
        automatic: true,
        ..Settings::default()
    }
}

#[test]
fn an_answer_is_the_oldest_message_s_and_one_too_many_is_unsolicited() {
    let mut session = asked(Settings::default(), &["61", "62"]);
    session.serve(&[n("x"), n("y"), n("z")].concat());
    let expected = [
        "message 78 outstanding=1 greeting=0",
        "message 79 outstanding=0 greeting=0",
        "ended Unsolicited owed=0 unsent=0 uncertain=0",
    ];
    assert_eq!(events(&mut session), expected);
}

#[test]
fn what_is_owed_goes_out_after_the_decision_for_its_hop_and_not_before() {
    let mut session = asked(Settings::default(), &["61", "62"]);
    session.serve(&r_with(to("a"), "x"));
    assert_eq!(frames(&mut session), Vec::<String>::new());
    session.say(&Command::Send("63".to_owned()));
    session.say(&Command::Resend(1));
    assert_eq!(
        events(&mut session),
        ["rejected send *", "rejected resend *"]
    );
    session.say(&Command::Resend(0));
    assert_eq!(frames(&mut session), ["62"]);
}

#[test]
fn automatic_resending_stops_at_the_first_message_that_may_not_be_resent() {
    let mut session = begun(automatic());
    session.say(&Command::Send("61".to_owned()));
    session.say(&Command::SendOnce("62".to_owned()));
    session.say(&Command::Send("63".to_owned()));
    session.foretold();
    session.serve(&r(to("a")));
    assert!(session.awaited());
    assert_eq!(frames(&mut session), ["61"]);
}

#[test]
fn a_message_waits_for_the_greetings() {
    let mut session = begun(Settings {
        greeting: Some(1),
        ..Settings::default()
    });
    session.say(&Command::Send("61".to_owned()));
    assert_eq!(frames(&mut session), Vec::<String>::new());
    session.serve(&n("hi"));
    assert_eq!(frames(&mut session), ["61"]);
}

#[test]
fn nobody_goes_twice_to_the_same_place_before_an_answer() {
    let mut unanswered = asked(Settings::default(), &["61"]);
    unanswered.serve(&r(to("home")));
    let ended = format!(
        "ended RedirectLoop target={} owed=1 unsent=0 uncertain=0",
        to("home")
    );
    assert_eq!(events(&mut unanswered), [ended]);
    let mut answered = asked(Settings::default(), &["61"]);
    answered.serve(&[n("x"), r(to("home"))].concat());
    assert!(!answered.ended);
}

#[test]
fn a_fallback_counts_as_a_redirect_and_as_a_move() {
    let fallback = |moves, max_redirects| {
        let mut session = begun(Settings {
            fallback: true,
            moves,
            max_redirects,
            ..Settings::default()
        });
        session.serve(&r(to(REFUSING)));
        !session.ended
    };
    assert!(fallback(None, None) && fallback(Some(2), Some(2)));
    assert!(!fallback(Some(1), None) && !fallback(None, Some(1)));
}

#[test]
fn nobody_falls_back_who_has_sent_the_target_something() {
    let mut session = asked(
        Settings {
            fallback: true,
            ..automatic()
        },
        &["61"],
    );
    session.serve(&r(to("a")));
    session.foretold();
    session.reset();
    let ended = format!(
        "ended RedirectFailed target={} cause=Uncertain owed=0 unsent=0 uncertain=1",
        to("a")
    );
    assert_eq!(events(&mut session), [ended]);
}

#[test]
fn a_half_closed_session_with_nothing_outstanding_ends_cleanly_wherever_it_is_sent() {
    let mut session = asked(Settings::default(), &["61"]);
    session.say(&Command::HalfClose);
    session.serve(&[n("x"), r("0.0.0.0:0".parse().unwrap())].concat());
    let last = events(&mut session).pop();
    assert_eq!(
        last.as_deref(),
        Some("ended eof owed=0 unsent=0 uncertain=0")
    );
}

#[test]
fn an_end_inside_a_frame_is_not_one_between_frames() {
    let ended = |octets: &[u8]| {
        let mut session = begun(Settings::default());
        session.serve(octets);
        session.end_of_stream();
        events(&mut session).pop().unwrap()
    };
    assert!(ended(&cut(n("x"), 5)).starts_with("ended TruncatedFrame"));
    assert!(ended(b"").starts_with("ended eof"));
}

#[test]
fn what_is_retired_two_moves_later_ended_the_episode_before_the_first() {
    let manual = Settings {
        manual: true,
        ..Settings::default()
    };
    let mut session = asked(manual, &["61"]);
    session.serve(&r(to("a")));
    session.serve(&r(to("b")));
    session.say(&Command::Retire(1));
    session.serve(&r(to("home")));
    session.serve(&r(to("a")));
    let told = events(&mut session);
    let ended = format!(
        "ended RedirectLoop target={} owed=0 unsent=0 uncertain=0",
        to("a")
    );
    assert_eq!(told.last(), Some(&ended));
    assert!(
        told.contains(&format!("connected {} hop=3", to("home"))),
        "{told:?}"
    );
}

#[test]
fn a_half_closed_session_with_nothing_outstanding_does_not_go_home() {
    let falls_back = Settings {
        fallback: true,
        ..Settings::default()
    };
    let mut session = begun(falls_back);
    session.serve(&r(to("a")));
    session.say(&Command::HalfClose);
    session.foretold();
    session.reset();
    let ended = format!(
        "ended RedirectFailed target={} cause=Uncertain owed=0 unsent=0 uncertain=0",
        to("a")
    );
    assert_eq!(events(&mut session), [ended]);
}

#[test]
fn in_manual_what_was_sent_is_retired_and_nothing_is_unsolicited() {
    let mut session = asked(
        Settings {
            manual: true,
            ..Settings::default()
        },
        &["61"],
    );
    session.serve(&n("x"));
    session.say(&Command::Retire(2));
    session.say(&Command::Retire(1));
    session.serve(&n("y"));
    let expected = [
        "message 78 outstanding=1 greeting=0",
        "rejected retire *",
        "message 79 outstanding=0 greeting=0",
    ];
    assert_eq!(events(&mut session), expected);
}
