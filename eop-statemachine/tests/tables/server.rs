//! The server connection's table.

use eop_statemachine::server::{On, Server, State, TABLE};
use eop_statemachine::table::{Cell, Vocabulary as _};
use eop_statemachine::{Discipline, Service};
use eop_wire::Frame;

use crate::{Did, Machine, assert_laid_out, assert_reachable, check};

impl Machine for Server {
    type State = State;
    fn state(&self) -> State {
        Server::state(self)
    }
}

fn target() -> std::net::SocketAddrV4 {
    "127.0.0.1:4001".parse().unwrap()
}

fn request() -> Vec<u8> {
    Frame::normal(b"x").unwrap().encode().chunks().concat()
}

fn redirect() -> Vec<u8> {
    Frame::redirect(target(), &[])
        .unwrap()
        .encode()
        .chunks()
        .concat()
}

/// A server in `state`, with what `on` needs: greetings due, or requests that wait.
fn arrange(state: State, on: On) -> Server {
    let greetings = u32::from(on == On::Greet);
    let service = Service {
        discipline: Discipline::Paired,
        greetings,
        max_payload: 16,
    };
    let mut server = Server::new(&service);
    let waiting = match (state, on) {
        (State::Finished, _) | (State::Open, On::FinIdle) => 0,
        (_, On::Respond) => 2,
        _ => 1,
    };
    for _ in 0..waiting {
        assert_eq!(receive(&mut server, &request()), Did::Took);
    }
    match state {
        State::Open => {}
        State::PeerDone | State::Finished => server.end_of_stream().unwrap(),
        State::Draining => drop(server.redirect(target()).unwrap()),
        State::DrainingDone => {
            let _ = server.redirect(target()).unwrap();
            server.half_close().unwrap();
        }
        State::HalfClosed => server.half_close().unwrap(),
        State::Lost => server.lost(),
        State::Failed => assert_eq!(receive(&mut server, b"GE"), Did::Blamed),
        State::Closed => server.close(),
    }
    server
}

/// Reads until there is no event; whether the peer was blamed.
fn receive(server: &mut Server, octets: &[u8]) -> Did<On> {
    let mut input = octets;
    loop {
        match server.receive(&mut input) {
            Ok(Some(_)) => {}
            Ok(None) => {
                assert!(input.is_empty(), "octets are left over");
                return Did::Took;
            }
            Err(error) => {
                assert_eq!(server.fault(), Some(error), "the fault is not latched");
                return Did::Blamed;
            }
        }
    }
}

fn act(server: &mut Server, on: On) -> Did<On> {
    let result = match on {
        On::Greet => server.greet(b"g").map(drop),
        On::Respond | On::RespondLast => server.respond(b"r").map(drop),
        On::Redirect => server.redirect(target()).map(drop),
        On::HalfClose => server.half_close(),
        On::Close => {
            server.close();
            Ok(())
        }
        On::Octets => return receive(server, &[0]),
        On::Request => return receive(server, &request()),
        On::ClientRedirect => return receive(server, &redirect()),
        On::BadFrame => return receive(server, b"GE"),
        On::Cut | On::Fin | On::FinIdle => {
            if on == On::Cut {
                receive(server, &[0]);
            }
            return if server.end_of_stream().is_ok() {
                Did::Took
            } else {
                Did::Blamed
            };
        }
        On::Reset => {
            server.lost();
            Ok(())
        }
    };
    match result {
        Ok(()) => Did::Took,
        Err(misuse) => {
            assert_eq!(
                misuse.state,
                server.state(),
                "the error names another state"
            );
            // With no request left, what is refused is the last answer.
            Did::Refused(if misuse.on == On::RespondLast {
                on
            } else {
                misuse.on
            })
        }
    }
}

#[test]
fn every_cell_is_what_the_server_does() {
    for (on, row) in TABLE {
        for (state, cell) in State::ALL.iter().zip(row) {
            let before = arrange(*state, on);
            let mut after = before.clone();
            let did = act(&mut after, on);
            check(cell, *state, on, &before, &after, &did);
            if cell == Cell::Blame {
                assert_eq!(after.state(), State::Failed);
                let first = after.fault();
                assert_eq!(
                    receive(&mut after, &request()),
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
    assert_reachable(&TABLE, &[State::Open], Some(State::Failed));
}
