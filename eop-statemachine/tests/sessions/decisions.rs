//! Who decides that owed messages are resent, and for which hop.

use eop_statemachine::Why;
use eop_statemachine::session::{Config, Judged, Resend, Want};

use crate::{automatic, connected, moved, n, r, read, redirect, send, write};

/// Shows EOP-RSD-13.
#[test]
fn while_a_decision_is_awaited_a_new_message_is_refused() {
    for config in [Config::default(), automatic(0)] {
        let mut session = connected(config);
        send(&mut session, 0);
        write(&mut session);
        moved(&mut session, &r(4001, ""), 0);
        let before = session.clone();
        assert_eq!(
            session.send(1, Resend::Allowed, 0).unwrap_err().why,
            Why::DecisionPending
        );
        assert_eq!(session, before);
        session.drop_owed(1, 0).unwrap();
        send(&mut session, 0);
    }
}

/// Shows EOP-RSD-12.
#[test]
fn a_decision_that_nobody_awaits_is_refused() {
    let mut session = connected(Config::default());
    assert_eq!(session.resend(0, 0).unwrap_err().why, Why::NothingOwed);
    assert_eq!(session.drop_owed(1, 0).unwrap_err().why, Why::StaleDecision);
}

#[test]
fn a_decision_may_be_made_before_the_connection_stands() {
    let mut session = connected(Config::default());
    let message = send(&mut session, 0);
    write(&mut session);
    let _ = redirect(&mut session, &r(4001, ""), 0);
    session.resend(1, 0).unwrap();
    session.connected(0).unwrap();
    assert_eq!(write(&mut session), [message]);
}

/// Shows EOP-RSD-17.
#[test]
fn dropped_messages_are_gone_and_the_session_goes_on() {
    let mut session = connected(Config::default());
    send(&mut session, 0);
    write(&mut session);
    moved(&mut session, &r(4001, ""), 0);
    session.drop_owed(1, 0).unwrap();
    assert_eq!(session.outstanding(), 0);
    let next = send(&mut session, 0);
    assert_eq!(write(&mut session), [next]);
}

/// Shows EOP-RSD-6.
#[test]
fn a_further_redirect_keeps_them_owed_for_a_new_decision() {
    let mut session = connected(Config::default());
    send(&mut session, 0);
    write(&mut session);
    moved(&mut session, &r(4001, ""), 0);
    session.resend(1, 0).unwrap();
    moved(&mut session, &r(4002, ""), 0);
    assert_eq!(session.want(), Want::Decide { hop: 2 });
    assert_eq!(session.resend(1, 0).unwrap_err().why, Why::StaleDecision);
    session.resend(2, 0).unwrap();
    assert_eq!(write(&mut session), [0]);
}

/// Shows EOP-RSD-14.
#[test]
fn automatic_resending_needs_no_decision_and_new_messages_queue_behind() {
    let mut session = connected(automatic(100));
    send(&mut session, 0);
    write(&mut session);
    let Judged::Followed(redirected) = redirect(&mut session, &r(4001, ""), 0) else {
        panic!()
    };
    assert!(!redirected.decide);
    send(&mut session, 0);
    session.connected(0).unwrap();
    assert_eq!(write(&mut session), [0, 1]);
}

/// Shows EOP-RSD-15.
#[test]
fn never_resend_holds_up_itself_and_what_is_behind() {
    let mut session = connected(automatic(100));
    session.send(1, Resend::Allowed, 0).unwrap();
    session.send(1, Resend::Never, 0).unwrap();
    session.send(1, Resend::Allowed, 0).unwrap();
    assert_eq!(
        write(&mut session),
        [0, 1, 2],
        "sending it is not resending it"
    );
    moved(&mut session, &r(4001, ""), 0);
    assert_eq!(write(&mut session), [0]);
    assert_eq!(session.want(), Want::Decide { hop: 1 });
    session.resend(1, 0).unwrap();
    assert_eq!(write(&mut session), [1, 2]);
}

#[test]
fn dropping_leaves_what_is_on_its_way_already() {
    let mut session = connected(automatic(100));
    session.send(1, Resend::Allowed, 0).unwrap();
    session.send(1, Resend::Never, 0).unwrap();
    session.send(1, Resend::Allowed, 0).unwrap();
    write(&mut session);
    moved(&mut session, &r(4001, ""), 0);
    write(&mut session);
    session.drop_owed(1, 0).unwrap();
    let left: Vec<_> = session.messages().map(|(message, _)| message).collect();
    assert_eq!(left, [0]);
}

/// Shows EOP-RSD-15.
#[test]
fn the_replay_budget_is_summed_oldest_first() {
    for (budget, resent) in [(4, vec![]), (5, vec![0]), (9, vec![0]), (10, vec![0, 1])] {
        let mut session = connected(automatic(budget));
        for _ in 0..2 {
            session.send(5, Resend::Allowed, 0).unwrap();
            session.offer(17).unwrap();
        }
        let _ = redirect(&mut session, &r(4001, ""), 0);
        session.connected(0).unwrap();
        let mut written = Vec::new();
        while let Want::Write { message, .. } = session.want() {
            session.offer(17).unwrap();
            written.push(message);
        }
        assert_eq!(written, resent, "with a budget of {budget}");
    }
}

#[test]
fn what_is_over_the_budget_stays_so_for_its_hop() {
    let mut session = connected(automatic(1));
    for _ in 0..2 {
        send(&mut session, 0);
    }
    write(&mut session);
    moved(&mut session, &r(4001, ""), 0);
    assert_eq!(write(&mut session), [0]);
    read(&mut session, &n("r0"), 0).unwrap();
    assert_eq!(
        session.want(),
        Want::Decide { hop: 1 },
        "an answer makes no decision"
    );
}
