//! When a session goes home because its target failed.

use eop_statemachine::Why;
use eop_statemachine::session::{
    Bounds, Cause, Config, ConnectError, End, Fallback, Loss, Place, State, Want,
};

use crate::{
    HOME, Subject, at, connected, counts, manual, moved, n, r, read, redirect, send, with_fallback,
    write,
};

/// Shows EOP-FAI-4.
#[test]
fn a_fallback_is_a_hop_with_a_decision_of_its_own() {
    let mut session = connected(with_fallback());
    send(&mut session, 0);
    write(&mut session);
    let _ = redirect(&mut session, &r(4001, ""), 0);
    session.resend(1, 0).unwrap();
    session.connect_failed(ConnectError::Failed, 0).unwrap();
    assert_eq!(
        (session.want(), session.hop()),
        (Want::Connect(Place::Home), 2)
    );
    session.connected(0).unwrap();
    assert_eq!(session.resend(1, 0).unwrap_err().why, Why::StaleDecision);
    session.resend(2, 0).unwrap();
    assert_eq!(write(&mut session), [0]);
}

#[test]
fn a_target_that_ends_before_it_was_offered_anything_is_left_for_home() {
    let failures: [fn(&mut Subject); 3] = [
        |session| session.end_of_stream(0).unwrap(),
        |session| session.lost(Loss::Stall, 0),
        |session| assert!(read(session, b"SSH-2.0-", 0).is_err()),
    ];
    for fail in failures {
        let mut session = connected(with_fallback());
        send(&mut session, 0);
        write(&mut session);
        moved(&mut session, &r(4001, ""), 0);
        fail(&mut session);
        assert_eq!(session.want(), Want::Connect(Place::Home));
    }
}

/// Shows EOP-FAI-5.
#[test]
fn there_is_no_fallback_once_a_message_was_offered() {
    let mut session = connected(with_fallback());
    send(&mut session, 0);
    moved(&mut session, &r(4001, ""), 0);
    session.resend(1, 0).unwrap();
    session.offer(1).unwrap();
    session.lost(Loss::Reset, 0);
    let end = End::RedirectFailed {
        target: at(4001),
        cause: Cause::Uncertain,
    };
    assert_eq!(
        (session.end(), session.counts()),
        (Some(end), counts(0, 0, 1))
    );
}

/// Shows EOP-FAI-4.
#[test]
fn there_is_one_fallback_an_episode() {
    let mut session = connected(with_fallback());
    for (target, falls_back) in [(4001, true), (4002, false)] {
        let _ = redirect(&mut session, &r(target, ""), 0);
        session.connect_failed(ConnectError::Timeout, 0).unwrap();
        assert_eq!(session.state() == State::Moving, falls_back);
        let _ = session.connected(0);
    }
    let end = End::RedirectFailed {
        target: at(4002),
        cause: Cause::Timeout,
    };
    assert_eq!(session.end(), Some(end));
}

/// Shows EOP-FAI-4 and EOP-EPI-1.
#[test]
fn a_fallback_that_would_be_one_hop_too_many_is_none() {
    let bounds = Bounds {
        redirects: 1,
        ..Bounds::default()
    };
    let mut session = connected(Config {
        bounds,
        ..with_fallback()
    });
    let _ = redirect(&mut session, &r(4001, ""), 0);
    session.connect_failed(ConnectError::Failed, 0).unwrap();
    let end = End::RedirectFailed {
        target: at(4001),
        cause: Cause::ConnectFailed,
    };
    assert_eq!(session.end(), Some(end));
}

/// Shows EOP-EPI-7.
#[test]
fn a_fallback_counts_against_the_pace() {
    let bounds = Bounds {
        moves: 1,
        ..Bounds::default()
    };
    let mut session = connected(Config {
        bounds,
        ..with_fallback()
    });
    let _ = redirect(&mut session, &r(4001, ""), 0);
    session.connect_failed(ConnectError::Failed, 0).unwrap();
    assert_eq!(session.state(), State::Ended);
}

#[test]
fn an_identity_that_is_wrong_is_no_reason_to_fall_back() {
    let mut session = connected(with_fallback());
    let _ = redirect(&mut session, &r(4001, ""), 0);
    session.connect_failed(ConnectError::Tls, 0).unwrap();
    let end = End::RedirectFailed {
        target: at(4001),
        cause: Cause::TlsFailed,
    };
    assert_eq!(session.end(), Some(end));
}

#[test]
fn after_a_fallback_home_has_been_visited() {
    let mut session = connected(with_fallback());
    send(&mut session, 0);
    write(&mut session);
    let _ = redirect(&mut session, &r(4001, "answer"), 0); // so home does not count as visited
    session.connect_failed(ConnectError::Failed, 0).unwrap();
    session.connected(0).unwrap();
    let _ = redirect(&mut session, &r(HOME, ""), 0);
    assert_eq!(session.end(), Some(End::RedirectLoop { target: at(HOME) }));
}

#[test]
fn home_keeps_its_own_failures_when_one_fell_back_to_it() {
    let mut session = connected(with_fallback());
    let _ = redirect(&mut session, &r(4001, ""), 0);
    session.connect_failed(ConnectError::Failed, 0).unwrap();
    session.connect_failed(ConnectError::Failed, 0).unwrap();
    assert_eq!(session.end(), Some(End::Failed(Cause::ConnectFailed)));
}

#[test]
fn outside_an_episode_there_is_no_fallback() {
    let mut session = connected(with_fallback());
    moved(&mut session, &r(4001, ""), 0);
    session.lost(Loss::Reset, 10_000);
    let end = End::RedirectFailed {
        target: at(4001),
        cause: Cause::Uncertain,
    };
    assert_eq!(session.end(), Some(end));
}

#[test]
fn after_a_deadline_there_is_no_fallback() {
    let mut session = connected(with_fallback());
    let _ = redirect(&mut session, &r(4001, ""), 0);
    session
        .connect_failed(ConnectError::Timeout, 30_000)
        .unwrap();
    assert_eq!(session.state(), State::Ended);
}

/// Shows EOP-FAI-6.
#[test]
fn a_clean_end_is_no_reason_to_fall_back() {
    let mut session = connected(with_fallback());
    moved(&mut session, &r(4001, ""), 0);
    session.end_of_stream(0).unwrap();
    assert_eq!(session.end(), Some(End::Eof));
}

/// Shows EOP-FAI-4: once in an episode, and an answer that is retired late has ended the one before.
#[test]
fn an_answer_retired_late_allows_the_next_fallback() {
    let mut session = connected(Config {
        fallback: Fallback::Home,
        ..manual()
    });
    let _ = redirect(&mut session, &r(4001, ""), 0);
    session.connect_failed(ConnectError::Failed, 0).unwrap();
    session.connected(0).unwrap();
    send(&mut session, 0);
    write(&mut session);
    read(&mut session, &n("answer"), 0).unwrap();
    let _ = redirect(&mut session, &r(4002, ""), 0);
    let mut unretired = session.clone();
    unretired.connect_failed(ConnectError::Failed, 0).unwrap();
    assert_ne!(unretired.want(), Want::Connect(Place::Home));
    session.retire(1, 0).unwrap();
    session.connect_failed(ConnectError::Failed, 0).unwrap();
    assert_eq!(session.want(), Want::Connect(Place::Home));
}
