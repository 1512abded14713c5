//! The client connection's table.

use eop_statemachine::client::{Client, On, State, TABLE};
use eop_statemachine::table::{Cell, Vocabulary as _};
use eop_statemachine::{Discipline, Service};
use eop_wire::Frame;

use crate::{Did, Machine, assert_laid_out, assert_reachable, check};

impl Machine for Client {
    type State = State;
    fn state(&self) -> State {
        Client::state(self)
    }
}

/// Octets of a message with a payload of one.
const WHOLE: u64 = 13;

fn message() -> Vec<u8> {
    Frame::normal(b"x").unwrap().encode().chunks().concat()
}

fn redirect() -> Vec<u8> {
    Frame::redirect("127.0.0.1:4001".parse().unwrap(), &[])
        .unwrap()
        .encode()
        .chunks()
        .concat()
}

/// A client in `state`, with what `on` needs: an unanswered message and one not offered yet, as a rule.
fn arrange(state: State, on: On) -> Client {
    let greetings = match (state, on) {
        (State::Greeting | State::GreetingEnding, On::LastGreeting) => 1,
        (State::Greeting | State::GreetingEnding, _) => 2,
        _ => 0,
    };
    let discipline = if on == On::Retire {
        Discipline::Manual
    } else {
        Discipline::Paired
    };
    let mut client = Client::new(&Service {
        discipline,
        greetings,
        max_payload: 16,
    });
    // A message after the greetings is no greeting, but unsolicited if nothing is to be answered.
    let unsolicited = matches!(on, On::Unsolicited | On::LastGreeting);
    match state {
        State::Greeting => {}
        State::GreetingEnding => client.half_close().unwrap(),
        State::Open | State::Ending if unsolicited => client.accept().unwrap(),
        State::HalfClosed if unsolicited => {}
        State::Unwritable if unsolicited => {
            client.accept().unwrap();
            client.offer(5, 1).unwrap();
        }
        State::Ending if on == On::HalfClosed => {}
        _ => {
            client.accept().unwrap();
            client.offer(WHOLE, 1).unwrap();
            if matches!(state, State::Open | State::Ending) && on != On::TakeBack {
                client.accept().unwrap();
            }
        }
    }
    match state {
        State::Greeting | State::GreetingEnding | State::Open => {}
        State::Ending => client.half_close().unwrap(),
        State::HalfClosed => {
            client.half_close().unwrap();
            client.half_closed().unwrap();
        }
        State::Unwritable => client.write_failed().unwrap(),
        State::Redirected => {
            client.receive(&mut &redirect()[..]).unwrap();
        }
        State::Finished => client.end_of_stream().unwrap(),
        State::Lost => client.lost(),
        State::Failed => {
            client.receive(&mut &b"GE"[..]).unwrap_err();
        }
        State::Closed => client.close(),
    }
    client
}

/// Reads until there is no event; whether the peer was blamed.
fn receive(client: &mut Client, octets: &[u8]) -> Did<On> {
    let mut input = octets;
    loop {
        match client.receive(&mut input) {
            Ok(Some(_)) => {}
            Ok(None) => {
                assert!(input.is_empty(), "octets are left over");
                return Did::Took;
            }
            Err(error) => {
                assert_eq!(client.fault(), Some(error), "the fault is not latched");
                return Did::Blamed;
            }
        }
    }
}

fn act(client: &mut Client, on: On) -> Did<On> {
    let is_greeted = !matches!(client.state(), State::Greeting | State::GreetingEnding);
    let result = match on {
        On::Accept => client.accept(),
        On::Offer => client.offer(WHOLE, 1),
        On::TakeBack => client.take_back(1, 1),
        On::WriteFailed => client.write_failed(),
        On::HalfClose => client.half_close(),
        On::HalfClosed => client.half_closed(),
        // Before the greetings there is none.
        On::Retire => client.retire(u32::from(is_greeted)),
        On::Close => {
            client.close();
            Ok(())
        }
        On::Octets => return receive(client, &[0]),
        On::Message | On::LastGreeting | On::Unsolicited => return receive(client, &message()),
        On::Redirect => return receive(client, &redirect()),
        On::BadFrame => return receive(client, b"GE"),
        On::Cut | On::Fin => {
            if on == On::Cut {
                receive(client, &[0]);
            }
            return if client.end_of_stream().is_ok() {
                Did::Took
            } else {
                Did::Blamed
            };
        }
        On::Reset => {
            client.lost();
            Ok(())
        }
    };
    match result {
        Ok(()) => Did::Took,
        Err(misuse) => {
            assert_eq!(
                misuse.state,
                client.state(),
                "the error names another state"
            );
            Did::Refused(misuse.on)
        }
    }
}

#[test]
fn every_cell_is_what_the_client_does() {
    for (on, row) in TABLE {
        for (state, cell) in State::ALL.iter().zip(row) {
            if matches!(
                (*state, on),
                (State::Greeting | State::GreetingEnding, On::Unsolicited)
            ) {
                // Nothing is unsolicited as long as greetings are due.
                assert_eq!(cell, Cell::Blame);
                continue;
            }
            let before = arrange(*state, on);
            let mut after = before.clone();
            let did = act(&mut after, on);
            check(cell, *state, on, &before, &after, &did);
            if cell == Cell::Blame {
                assert_eq!(after.state(), State::Failed);
                let first = after.fault();
                assert_eq!(
                    receive(&mut after, &message()),
                    Did::Blamed,
                    "a later call looks fine"
                );
                assert_eq!(after.fault(), first, "a later call changed the fault");
            }
        }
    }
}

#[test]
fn the_table_is_laid_out_as_its_vocabularies_say() {
    assert_laid_out(&TABLE);
    assert_reachable(&TABLE, &[State::Greeting, State::Open], Some(State::Failed));
}
