//! What is owed, unsent or uncertain.

use eop_statemachine::Why;
use eop_statemachine::session::{Config, Event, Judged, Loss, Redirected, Resend, Status, Want};

use crate::{at, connected, counts, dialing, moved, n, r, redirect, send, write};

/// Shows EOP-RSD-3.
#[test]
fn what_a_redirect_leaves_unanswered_is_owed_at_its_hop() {
    let mut session = connected(Config::default());
    let messages = [
        send(&mut session, 0),
        send(&mut session, 0),
        send(&mut session, 0),
    ];
    assert_eq!(write(&mut session), messages);
    let judged = redirect(&mut session, &[n("r1"), r(4001, "")].concat(), 0);
    let followed = Redirected {
        target: at(4001),
        owed: 2,
        late: false,
        hop: 1,
        decide: true,
    };
    assert_eq!(judged, Judged::Followed(followed));
    session.connected(0).unwrap();
    assert_eq!(session.want(), Want::Decide { hop: 1 });
    session.resend(1, 0).unwrap();
    assert_eq!(write(&mut session), messages[1..]);
}

#[test]
fn an_answer_says_which_message_it_answers() {
    let mut session = connected(Config::default());
    let first = send(&mut session, 0);
    write(&mut session);
    let octets = r(4001, "ok");
    let mut input = &octets[..];
    let mut last = None;
    while let Some(event) = session.receive(&mut input, 0).unwrap() {
        last = Some(event);
    }
    let Some(Event::Redirect(Some(message))) = last else {
        panic!("a redirect with its message")
    };
    assert_eq!(message.answers, Some(first));
    assert_eq!(session.outstanding(), 0);
}

#[test]
fn each_outstanding_message_has_its_status() {
    let mut session = connected(Config::default());
    for _ in 0..3 {
        send(&mut session, 0);
    }
    write(&mut session);
    moved(&mut session, &r(4001, ""), 0);
    session.resend(1, 0).unwrap();
    send(&mut session, 0);
    session.offer(13).unwrap();
    session.offer(1).unwrap();
    session.lost(Loss::Reset, 0);
    let statuses: Vec<_> = session.messages().collect();
    assert_eq!(
        statuses,
        [
            (0, Status::Uncertain),
            (1, Status::Uncertain),
            (2, Status::Owed),
            (3, Status::Unsent)
        ]
    );
    assert_eq!(session.counts(), counts(1, 1, 2));
}

#[test]
fn a_message_given_before_the_connection_waits() {
    let mut session = dialing(Config::default());
    let message = send(&mut session, 0);
    session.connected(0).unwrap();
    assert_eq!(session.want(), Want::Write { message, from: 0 });
}

#[test]
fn what_was_taken_back_is_offered_again() {
    let mut session = connected(Config::default());
    let message = send(&mut session, 0);
    session.offer(13).unwrap();
    session.take_back(9).unwrap();
    assert_eq!(session.want(), Want::Write { message, from: 4 });
    session.take_back(4).unwrap();
    session.lost(Loss::Reset, 0);
    assert_eq!(
        session.counts(),
        counts(0, 1, 0),
        "nothing of it left, so it is unsent"
    );
}

#[test]
fn a_take_back_knows_the_message_that_was_last() {
    let mut session = connected(Config::default());
    session.send(5, Resend::Allowed, 0).unwrap();
    session.send(1, Resend::Allowed, 0).unwrap();
    session.offer(17).unwrap();
    session.offer(13).unwrap();
    assert_eq!(session.take_back(14).unwrap_err().why, Why::PastEnd);
    session.take_back(13).unwrap();
    session.take_back(17).unwrap();
    assert_eq!(session.connection().bound(), 0);
}

#[test]
fn a_full_outbox_refuses() {
    let mut session = connected(Config::default());
    for _ in 0..8 {
        send(&mut session, 0);
    }
    let before = session.clone();
    assert_eq!(
        session.send(1, Resend::Allowed, 0).unwrap_err().why,
        Why::Full
    );
    assert_eq!(session, before);
}
