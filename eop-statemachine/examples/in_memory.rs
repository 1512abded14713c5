//! A client and a server of the core over nothing but arrays: no socket, no heap, no clock.
//!
//! Built for `wasm32-unknown-unknown` it imports nothing (`.ci/no_imports.py` looks).

use eop_statemachine::policy::Home;
use eop_statemachine::session::{Config, Event, Resend, Session, Want};
use eop_statemachine::{Server, Service, server};
use eop_wire::Frame;

/// Octets on their way.
struct Pipe {
    octets: [u8; 64],
    length: usize,
}

impl Pipe {
    const fn new() -> Self {
        Self {
            octets: [0; 64],
            length: 0,
        }
    }

    fn put(&mut self, chunk: &[u8]) {
        let end = self.length.saturating_add(chunk.len());
        if let Some(room) = self.octets.get_mut(self.length..end) {
            room.copy_from_slice(chunk);
            self.length = end;
        }
    }

    fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }
}

/// The octets of the answer that arrived at the client.
fn ask(question: &[u8]) -> Result<usize, Box<dyn std::error::Error>> {
    let mut session: Session =
        Session::new(Home::v4("127.0.0.1:4000".parse()?), Config::default(), 0)?;
    let mut server = Server::new(&Service::default());
    session.connected(0)?;
    session.send(u32::try_from(question.len())?, Resend::Allowed, 0)?;

    let mut there = Pipe::new();
    if let Want::Write { .. } = session.want() {
        let frame = Frame::normal(question)?.encode();
        session.offer(frame.remaining())?;
        frame.chunks().iter().for_each(|chunk| there.put(chunk));
    }

    let mut back = Pipe::new();
    let mut input = there.octets();
    while let Some(event) = server.receive(&mut input)? {
        if event == server::Event::Request {
            let answer = server.respond(b"answer")?;
            answer.chunks().iter().for_each(|chunk| back.put(chunk));
        }
    }

    let mut answered = 0;
    let mut input = back.octets();
    while let Some(event) = session.receive(&mut input, 0)? {
        if let Event::Chunk(chunk) = event {
            answered += chunk.len();
        }
    }
    Ok(answered)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(ask(b"question")?, b"answer".len());
    Ok(())
}
