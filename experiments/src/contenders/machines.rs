//! The machines, a request and its answer at a time, with no network below: what EOP's account costs.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddrV4};

use eop_statemachine::policy::Home;
use eop_statemachine::session::{Config, Resend};
use eop_statemachine::{Client, Server, Service, Session};
use eop_wire::{Encoded, Frame};

use super::{Contender, Round};

/// Requests in a round.
const REQUESTS: u32 = 256;
/// Octets of payload in a request and in its answer.
const PAYLOAD: [u8; 64] = [7; 64];
/// The same number, and that of the whole frame.
const LEN: u32 = 64;
const FRAME: u64 = 76;

/// The task of a machine, and how many events or calls a unit of it is.
pub const TASKS: [(&str, u32); 3] = [
    // Head, chunk, request; respond.
    ("a server's request", 4),
    // Accept, offer; head, chunk, message.
    ("a client's request", 5),
    // Send, want, offer; head, chunk, message.
    ("a session's request", 6),
];

pub(super) fn contenders() -> Vec<Contender> {
    let rounds: [fn() -> Round; 3] = [server, client, session];
    let contenders = TASKS.into_iter().zip(rounds);
    contenders
        .map(|((task, _), round)| {
            Contender::new(task, "eop-statemachine", (REQUESTS, "request"), round)
        })
        .collect()
}

fn frame() -> Vec<u8> {
    let frame = Frame::normal(&PAYLOAD).map(Frame::encode);
    frame.map(|it| it.chunks().concat()).unwrap_or_default()
}

fn octets(frame: &Encoded<'_>) -> u64 {
    let [header, payload] = frame.chunks();
    black_box(header).len() as u64 + black_box(payload).len() as u64
}

fn server() -> Round {
    let mut machine = Server::new(&Service::default());
    let request = frame();
    Box::new(move || {
        let mut sum = 0;
        for _ in 0..REQUESTS {
            let mut input = black_box(&request[..]);
            while let Ok(Some(event)) = machine.receive(&mut input) {
                black_box(event);
            }
            sum += machine.respond(&PAYLOAD).as_ref().map_or(0, octets);
        }
        sum
    })
}

fn client() -> Round {
    let mut machine = Client::new(&Service::default());
    let answer = frame();
    Box::new(move || {
        let mut sum = 0;
        for _ in 0..REQUESTS {
            sum += u64::from(machine.accept().is_ok());
            sum += u64::from(machine.offer(FRAME, LEN).is_ok());
            let mut input = black_box(&answer[..]);
            while let Ok(Some(event)) = machine.receive(&mut input) {
                black_box(event);
            }
        }
        sum
    })
}

fn session() -> Round {
    let home = Home::v4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 4000));
    let Ok(mut session) = Session::<64>::new(home, Config::default(), 0) else {
        return Box::new(|| 0);
    };
    let connected = session.connected(0).is_ok();
    let answer = frame();
    Box::new(move || {
        let mut sum = u64::from(connected);
        for _ in 0..REQUESTS {
            sum += u64::from(session.send(LEN, Resend::Allowed, 1).is_ok());
            let _ = black_box(session.want());
            sum += u64::from(session.offer(FRAME).is_ok());
            let mut input = black_box(&answer[..]);
            while let Ok(Some(event)) = session.receive(&mut input, 1) {
                black_box(event);
            }
        }
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_of_a_machine_is_refused() {
        assert_eq!(server()(), u64::from(REQUESTS) * FRAME);
        assert_eq!(client()(), u64::from(REQUESTS) * 2);
        assert_eq!(session()(), u64::from(REQUESTS) * 2 + 1);
    }
}
