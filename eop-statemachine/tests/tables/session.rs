//! The session's table.

use std::net::SocketAddrV4;

use eop_statemachine::policy::{Home, Refusal};
use eop_statemachine::session::{
    Config, ConnectError, Fallback, On, Resend, Session, State, TABLE,
};
use eop_statemachine::table::{Cell, Vocabulary as _};
use eop_statemachine::{Discipline, Service};
use eop_wire::Frame;

use crate::{Did, Machine, assert_laid_out, assert_reachable, check};

type Subject = Session<4>;

impl Machine for Subject {
    type State = State;
    fn state(&self) -> State {
        Session::state(self)
    }
}

fn home() -> SocketAddrV4 {
    "127.0.0.1:4000".parse().unwrap()
}

fn target() -> SocketAddrV4 {
    "127.0.0.1:4001".parse().unwrap()
}

fn redirect(to: SocketAddrV4) -> Vec<u8> {
    Frame::redirect(to, &[]).unwrap().encode().chunks().concat()
}

/// A session on its way to the state that it is to be in.
fn dialing(discipline: Discipline, fallback: Fallback, greetings: u32) -> Subject {
    let service = Service {
        discipline,
        greetings,
        max_payload: 16,
    };
    Session::new(
        Home::v4(home()),
        Config {
            service,
            fallback,
            ..Config::default()
        },
        0,
    )
    .unwrap()
}

fn connected(mut session: Subject) -> Subject {
    session.connected(0).unwrap();
    session
}

/// Accepts a message, and offers it whole if it can be.
fn with_message(mut session: Subject) -> Subject {
    session.send(1, Resend::Allowed, 0).unwrap();
    session.offer(13).unwrap();
    session
}

fn half_closed(mut session: Subject) -> Subject {
    session.half_close(0).unwrap();
    session
}

fn redirected(mut session: Subject, to: SocketAddrV4) -> Subject {
    assert_eq!(receive(&mut session, &redirect(to)), Did::Took);
    session
}

fn judged(mut session: Subject) -> Subject {
    let _ = session.judged(Ok(()), 0).unwrap();
    session
}

fn plain() -> Subject {
    dialing(Discipline::Paired, Fallback::None, 0)
}

fn manual() -> Subject {
    dialing(Discipline::Manual, Fallback::None, 0)
}

/// A session in `state`, to which `on` can happen; `None` if there is none.
fn arrange(state: State, on: On) -> Option<Subject> {
    let retiring = matches!(on, On::Retire | On::RetireClears | On::RetireReopens);
    let base = || if retiring { manual() } else { plain() };
    let owing = |session: Subject| redirected(with_message(connected(session)), target());
    Some(match (state, on) {
        // What can happen in some states only.
        (State::Moving, On::DropClears) => judged(redirected(
            half_closed(with_message(connected(plain()))),
            target(),
        )),
        (State::Holding, On::DropClears | On::RetireClears) => holding(),
        (State::Judging, On::RetireClears) => half_closed(owing(manual())),
        (State::Moving, On::RetireClears) => half_closed(judged(owing(manual()))),
        (State::Settling, On::RetireClears) => settling(1),
        (State::Settling, On::RetireReopens) => {
            judged(redirected(with_message(connected(manual())), home()))
        }
        (State::Judging, On::HalfCloseClears) => redirected(connected(plain()), target()),
        (State::Moving, On::HalfCloseClears) => judged(redirected(connected(plain()), target())),
        (State::Moving, On::ConnectFailedFallBack) => {
            judged(owing(dialing(Discipline::Paired, Fallback::Home, 0)))
        }
        (State::Moving, On::ConnectFailedProvisional | On::ExpireProvisional) => {
            judged(owing(manual()))
        }
        (State::Open, On::RedirectClears) => half_closed(connected(plain())),
        (State::Open, On::OverFallBack) => connected(judged(owing(dialing(
            Discipline::Paired,
            Fallback::Home,
            0,
        )))),
        (State::Open, On::OverProvisional) => with_message(connected(manual())),
        (State::Judging, On::FollowHeld) => {
            redirected(half_closed(with_message(connected(manual()))), target())
        }
        (State::Judging, On::RejectProvisional | On::ExpireProvisional) => owing(manual()),
        (State::Open, On::ExpireProvisional) => greeting_at_target(),
        (
            _,
            On::DropClears
            | On::RetireClears
            | On::RetireReopens
            | On::HalfCloseClears
            | On::ConnectFailedFallBack
            | On::ConnectFailedProvisional
            | On::RedirectClears
            | On::OverFallBack
            | On::OverProvisional
            | On::FollowHeld
            | On::RejectProvisional
            | On::ExpireProvisional,
        ) => return None,
        // Everything else can be tried in every state.
        (State::Dialing, _) => base(),
        (State::Open, On::Resend | On::Drop) => connected(judged(owing(plain()))),
        (State::Open, On::Offer) => {
            let mut session = connected(plain());
            session.send(1, Resend::Allowed, 0).unwrap();
            session
        }
        (State::Open, On::Retire | On::TakeBack | On::WriteFailed) => {
            with_message(connected(base()))
        }
        (State::Open, On::HalfClosed) => half_closed(connected(plain())),
        (State::Open, On::Expire) => connected(dialing(Discipline::Paired, Fallback::None, 1)),
        (State::Open, _) => connected(base()),
        (State::Judging, On::Send) => redirected(connected(plain()), target()),
        (State::Judging, _) => owing(base()),
        (State::Moving, On::Send) => judged(redirected(connected(plain()), target())),
        (State::Moving, _) => judged(owing(base())),
        (State::Holding, On::Retire) => {
            let mut session = connected(manual());
            session.send(1, Resend::Allowed, 0).unwrap();
            session = with_message(session);
            session = judged(redirected(half_closed(session), target()));
            session
        }
        (State::Holding, On::Drop) => return None, // it always clears
        (State::Holding, _) => holding(),
        (State::Settling, _) => settling(2),
        (State::Ended, _) => {
            let mut session = with_message(connected(base()));
            session.close(0);
            session
        }
    })
}

fn holding() -> Subject {
    judged(redirected(
        half_closed(with_message(connected(manual()))),
        target(),
    ))
}

fn settling(messages: usize) -> Subject {
    let mut session = connected(manual());
    for _ in 0..messages {
        session = with_message(session);
    }
    session.end_of_stream(0).unwrap();
    session
}

/// At a target whose greeting is awaited, with what was offered at home still to be retired.
fn greeting_at_target() -> Subject {
    let mut session = connected(dialing(Discipline::Manual, Fallback::None, 1));
    let greeting = Frame::normal(b"g").unwrap().encode().chunks().concat();
    assert_eq!(receive(&mut session, &greeting), Did::Took);
    connected(judged(redirected(with_message(session), target())))
}

fn receive(session: &mut Subject, octets: &[u8]) -> Did<On> {
    let mut input = octets;
    loop {
        match session.receive(&mut input, 0) {
            Ok(Some(_)) => {}
            Ok(None) => {
                assert!(input.is_empty(), "octets are left over");
                return Did::Took;
            }
            Err(_) => return Did::Blamed,
        }
    }
}

/// The call that an event is a variant of: which variant matters only where the call is possible.
fn call(on: On) -> On {
    match on {
        On::DropClears => On::Drop,
        On::RetireClears | On::RetireReopens => On::Retire,
        On::HalfCloseClears => On::HalfClose,
        On::ConnectFailedFallBack | On::ConnectFailedProvisional => On::ConnectFailed,
        On::FollowHeld => On::Follow,
        On::RejectProvisional => On::Reject,
        other => other,
    }
}

fn act(session: &mut Subject, on: On) -> Did<On> {
    let hop = session.hop();
    // While home is dialled there is none.
    let offered = u32::from(session.state() != State::Dialing);
    let result = match on {
        On::Send => session.send(1, Resend::Allowed, 0).map(drop),
        On::Resend => session.resend(hop, 0),
        On::Drop | On::DropClears => session.drop_owed(hop, 0),
        On::Retire | On::RetireClears | On::RetireReopens => session.retire(offered, 0),
        On::HalfClose | On::HalfCloseClears => session.half_close(0),
        On::Settle => session.settle(),
        On::Close => {
            session.close(0);
            Ok(())
        }
        On::Connected => session.connected(0),
        On::ConnectFailed | On::ConnectFailedFallBack | On::ConnectFailedProvisional => {
            session.connect_failed(ConnectError::Failed, 0)
        }
        On::Offer => session.offer(13),
        On::TakeBack => session.take_back(1),
        On::WriteFailed => session.write_failed(),
        On::HalfClosed => session.half_closed(),
        On::Octets => return receive(session, &[0]),
        On::Redirect | On::RedirectClears => return receive(session, &redirect(target())),
        On::Over | On::OverFallBack | On::OverProvisional => {
            return if session.end_of_stream(0).is_ok() {
                Did::Took
            } else {
                Did::Blamed
            };
        }
        On::Follow | On::FollowHeld => session.judged(Ok(()), 0).map(drop),
        On::Reject | On::RejectProvisional => session.judged(Err(Refusal::Denied), 0).map(drop),
        On::Expire | On::ExpireProvisional => {
            let deadline = session.deadline().unwrap_or(u64::MAX);
            session.expire(deadline);
            Ok(())
        }
    };
    match result {
        Ok(()) => Did::Took,
        Err(misuse) => {
            assert_eq!(
                misuse.state,
                session.state(),
                "the error names another state"
            );
            assert_eq!(call(misuse.on), call(on), "the error names another call");
            Did::Refused(on)
        }
    }
}

#[test]
fn every_cell_is_what_the_session_does() {
    let mut cells = 0;
    for (on, row) in TABLE {
        for (state, cell) in State::ALL.iter().zip(row) {
            cells += 1;
            let Some(before) = arrange(*state, on) else {
                let moves = !matches!(cell, Cell::Refuse | Cell::Skip);
                assert!(
                    !moves,
                    "{on:?} cannot happen in {state:?}, and yet moves it"
                );
                continue;
            };
            let mut after = before.clone();
            let did = act(&mut after, on);
            check(cell, *state, on, &before, &after, &did);
        }
    }
    assert_eq!(cells, 7 * 31);
}

#[test]
fn the_table_is_laid_out_as_its_vocabularies_say() {
    assert_laid_out(&TABLE);
    assert_reachable(&TABLE, &[State::Dialing], None);
}
