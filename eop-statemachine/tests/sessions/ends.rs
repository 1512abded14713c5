//! What the end of a session is called, and what it lists.

use eop_statemachine::policy::Refusal;
use eop_statemachine::session::{Cause, Config, ConnectError, End, Loss};

use crate::{Subject, at, connected, counts, dialing, moved, n, r, read, send, write};

/// Shows EOP-FAI-1.
#[test]
fn at_a_target_before_its_first_answer_every_failure_is_the_redirects() {
    type Fail = fn(&mut Subject);
    let failures: [(Fail, &str); 6] = [
        (|session| session.lost(Loss::Reset, 0), "Uncertain"),
        (|session| session.lost(Loss::Stall, 0), "Stall"),
        (|session| session.lost(Loss::Timeout, 0), "Timeout"),
        (|session| session.lost(Loss::Tls, 0), "TlsFailed"),
        (
            |session| assert!(read(session, b"SSH-2.0-", 0).is_err()),
            "NotEop",
        ),
        (
            |session| {
                read(session, &[0], 0).unwrap();
                session.end_of_stream(0).unwrap_err();
            },
            "TruncatedFrame",
        ),
    ];
    for (fail, kind) in failures {
        let mut session = connected(Config::default());
        moved(&mut session, &r(4001, ""), 0);
        let mut answered = session.clone();
        fail(&mut session);
        let Some(End::RedirectFailed { target, cause }) = session.end() else {
            panic!("{kind}")
        };
        assert_eq!((target, cause.kind()), (at(4001), kind));

        send(&mut answered, 0);
        write(&mut answered);
        read(&mut answered, &n("answer"), 0).unwrap();
        fail(&mut answered);
        let after = answered.end().map(|end| end.kind());
        let expected = if kind == "NotEop" {
            "UnknownOpcode"
        } else {
            kind
        };
        assert_eq!(
            after,
            Some(expected),
            "after an answer it is the connection's own"
        );
    }
}

/// Shows EOP-HCL-4.
#[test]
fn a_stream_that_ends_is_clean_if_nothing_is_outstanding() {
    let mut idle = connected(Config::default());
    idle.end_of_stream(0).unwrap();
    assert_eq!(idle.end(), Some(End::Eof));

    let mut asking = connected(Config::default());
    send(&mut asking, 0);
    asking.end_of_stream(0).unwrap();
    assert_eq!(
        (asking.end(), asking.counts()),
        (Some(End::Failed(Cause::Uncertain)), counts(0, 1, 0))
    );
}

#[test]
fn closing_ends_it_whatever_is_outstanding() {
    let mut session = connected(Config::default());
    send(&mut session, 0);
    write(&mut session);
    session.close(0);
    assert_eq!(
        (session.end(), session.counts()),
        (Some(End::Closed), counts(0, 0, 1))
    );
    session.close(0);
    assert_eq!(session.end(), Some(End::Closed));
}

/// Shows EOP-EPI-9.
#[test]
fn a_home_that_cannot_be_had_is_named_as_that() {
    for (error, kind) in [
        (ConnectError::Failed, "ConnectFailed"),
        (ConnectError::Timeout, "Timeout"),
        (ConnectError::Tls, "TlsFailed"),
    ] {
        let mut session = dialing(Config::default());
        session.connect_failed(error, 0).unwrap();
        assert_eq!(session.end().map(|end| end.kind()), Some(kind));
    }
}

#[test]
fn what_is_refused_leaves_everything_owed() {
    let mut session = connected(Config::default());
    send(&mut session, 0);
    write(&mut session);
    read(&mut session, &r(4001, ""), 0).unwrap();
    let _ = session.judged(Err(Refusal::Insecure), 0).unwrap();
    assert_eq!(session.counts(), counts(1, 0, 0));
}

#[test]
fn after_the_end_nothing_is_delivered() {
    let mut session = connected(Config::default());
    session.close(0);
    let before = session.clone();
    let mut input = &n("late")[..];
    assert_eq!(session.receive(&mut input, 0), Ok(None));
    session.connected(0).unwrap();
    session.expire(u64::MAX);
    session.lost(Loss::Reset, 0);
    assert_eq!(session, before);
}
