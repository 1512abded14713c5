//! What the application retires, and when it still can.

use eop_statemachine::session::{Bounds, Cause, Config, End, Judged, State, Want};
use eop_statemachine::{Discipline, Service, Why};

use crate::{HOME, at, connected, dialing, manual, moved, r, redirect, send, served, write};

/// Shows EOP-ACC-12.
#[test]
fn what_was_not_completely_offered_cannot_be_retired_at_the_next_hop_either() {
    let mut session = connected(manual());
    for _ in 0..2 {
        send(&mut session, 0);
    }
    session.offer(13).unwrap();
    session.offer(5).unwrap();
    moved(&mut session, &r(4001, ""), 0);
    assert_eq!(session.retire(2, 0).unwrap_err().why, Why::NotOffered);
    session.retire(1, 0).unwrap();
    assert_eq!(session.want(), Want::Decide { hop: 1 });
    session.resend(1, 0).unwrap();
    assert_eq!(write(&mut session), [1]);
    session.retire(1, 0).unwrap();
}

#[test]
fn retiring_everything_makes_the_decision() {
    let mut session = connected(manual());
    send(&mut session, 0);
    write(&mut session);
    moved(&mut session, &r(4001, ""), 0);
    session.retire(1, 0).unwrap();
    assert_eq!(session.want(), Want::Read);
    send(&mut session, 0);
}

/// Shows EOP-ACC-12.
#[test]
fn none_can_be_retired_before_anything_was_offered() {
    let mut session = dialing(served(Service {
        discipline: Discipline::Manual,
        greetings: 1,
        ..Service::default()
    }));
    session.retire(0, 0).unwrap();
    session.connected(0).unwrap();
    session.retire(0, 0).unwrap();
    assert_eq!(session.retire(1, 0).unwrap_err().why, Why::NotOffered);
}

#[test]
fn retiring_none_is_nothing() {
    let mut session = connected(manual());
    send(&mut session, 0);
    write(&mut session);
    moved(&mut session, &r(4001, ""), 0);
    let before = session.clone();
    session.retire(0, 0).unwrap();
    assert_eq!(session, before);
}

#[test]
fn in_paired_nothing_can_be_retired() {
    let mut session = connected(Config::default());
    send(&mut session, 0);
    write(&mut session);
    assert_eq!(session.retire(1, 0).unwrap_err().why, Why::Paired);
}

/// Shows EOP-ACC-14.
#[test]
fn retiring_at_the_end_decides_what_the_end_is() {
    let mut session = connected(manual());
    send(&mut session, 0);
    write(&mut session);
    session.end_of_stream(0).unwrap();
    assert_eq!(session.end(), Some(End::Failed(Cause::Uncertain)));
    session.retire(1, 0).unwrap();
    assert_eq!(
        (session.state(), session.end()),
        (State::Ended, Some(End::Eof))
    );
}

#[test]
fn a_self_redirect_with_an_answer_is_a_loop_until_the_answer_is_retired() {
    let mut session = connected(manual());
    send(&mut session, 0);
    write(&mut session);
    let _ = redirect(&mut session, &r(HOME, "answer"), 0);
    assert_eq!(session.end(), Some(End::RedirectLoop { target: at(HOME) }));
    session.retire(1, 0).unwrap();
    let Judged::Followed(redirected) = session.judged(Ok(()), 0).unwrap() else {
        panic!()
    };
    assert_eq!((redirected.target, redirected.owed), (at(HOME), 0));
}

#[test]
fn retiring_none_does_not_have_a_loop_judged_again() {
    let mut session = connected(manual());
    send(&mut session, 0);
    write(&mut session);
    let _ = redirect(&mut session, &r(HOME, "answer"), 0);
    session.retire(0, 0).unwrap();
    assert_eq!(session.state(), State::Settling);
}

#[test]
fn an_episode_that_an_answer_ended_does_not_count_when_it_is_retired_late() {
    let bounds = Bounds {
        redirects: 2,
        ..Bounds::default()
    };
    let mut session = connected(Config { bounds, ..manual() });
    moved(&mut session, &r(4001, ""), 0);
    send(&mut session, 0);
    write(&mut session);
    moved(&mut session, &r(4002, "answer"), 0);
    session.retire(1, 0).unwrap();
    moved(&mut session, &r(4001, ""), 0); // neither a loop nor one too many: 4001 answered
    assert_eq!(redirect(&mut session, &r(4003, ""), 0), Judged::NotFollowed);
    assert_eq!(
        session.end(),
        Some(End::TooManyRedirects { target: at(4003) })
    );
}
