//! A half-close over several connections.

use eop_statemachine::Why;
use eop_statemachine::session::{Cause, Config, End, Loss, Place, Resend, State, Want};
use eop_wire::Frame;

use crate::{at, connected, manual, moved, n, r, read, redirect, send, write};

/// Shows EOP-HCL-2.
#[test]
fn the_half_close_is_reproduced_after_what_is_owed() {
    let mut session = connected(Config::default());
    send(&mut session, 0);
    write(&mut session);
    session.half_close(0).unwrap();
    assert_eq!(session.want(), Want::HalfClose);
    session.half_closed().unwrap();
    moved(&mut session, &r(4001, ""), 0);
    assert_eq!(session.want(), Want::Decide { hop: 1 });
    session.resend(1, 0).unwrap();
    write(&mut session);
    assert_eq!(session.want(), Want::HalfClose);
    assert_eq!(session.half_close(0).unwrap_err().why, Why::HalfClosed);
    assert_eq!(
        session.send(1, Resend::Allowed, 0).unwrap_err().why,
        Why::HalfClosed
    );
}

/// Shows EOP-HCL-3.
#[test]
fn half_closed_with_nothing_left_it_ends_without_asking_for_the_target() {
    let mut session = connected(Config::default());
    session.half_close(0).unwrap();
    let forbidden = Frame::redirect("0.0.0.0:0".parse().unwrap(), &[])
        .unwrap()
        .encode()
        .chunks()
        .concat();
    read(&mut session, &forbidden, 0).unwrap();
    assert_eq!(session.end(), Some(End::Eof));
}

#[test]
fn half_closed_and_dropped_it_ends_without_connecting() {
    let mut session = connected(Config::default());
    send(&mut session, 0);
    write(&mut session);
    session.half_close(0).unwrap();
    let _ = redirect(&mut session, &r(4001, ""), 0);
    session.drop_owed(1, 0).unwrap();
    assert_eq!(
        (session.want(), session.end()),
        (Want::Done, Some(End::Eof))
    );
}

#[test]
fn in_manual_a_half_closed_session_waits_before_it_connects() {
    let mut session = connected(manual());
    send(&mut session, 0);
    write(&mut session);
    session.half_close(0).unwrap();
    let _ = redirect(&mut session, &r(4001, "answer"), 0);
    assert_eq!(
        (session.state(), session.want()),
        (State::Holding, Want::Decide { hop: 1 })
    );
    let mut retired = session.clone();
    retired.retire(1, 0).unwrap();
    assert_eq!(retired.end(), Some(End::Eof));
    session.resend(1, 0).unwrap();
    assert_eq!(session.want(), Want::Connect(Place::Target(at(4001))));
}

#[test]
fn in_manual_a_reset_is_no_clean_end_though_everything_was_retired() {
    let mut session = connected(manual());
    send(&mut session, 0);
    write(&mut session);
    session.half_close(0).unwrap();
    read(&mut session, &n("answer"), 0).unwrap();
    session.lost(Loss::Reset, 0);
    session.retire(1, 0).unwrap();
    assert_eq!(session.end(), Some(End::Failed(Cause::Uncertain)));
}
