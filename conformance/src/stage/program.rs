//! The stage on which a client program without a driver is judged: the runner is home and every target, and sees the wire
//! alone.

use std::ops::Deref;

use super::{Endpoint, Play};
use crate::link::{Link, Seen};
use crate::octets::raw;
use crate::testee::{Program, ProgramTestee};
use crate::timeline::describe;
use crate::verdict::{Step, Stop};

/// How much longer than a step the program may take to start and to connect.
const START: f32 = 2.5;

/// One play against a client program.
#[derive(Debug)]
pub struct ProgramStage<'a> {
    testee: &'a ProgramTestee,
    play: Play,
}

/// A run of the program, its connection to home, and the request that it sent there.
#[derive(Debug)]
pub struct Asked {
    program: Program,
    /// The connection to home.
    pub link: Link,
    /// The frame of its request, as it came.
    pub request: Vec<u8>,
}

impl<'a> ProgramStage<'a> {
    /// A stage for one play.
    #[must_use]
    pub const fn new(testee: &'a ProgramTestee, play: Play) -> Self {
        Self { testee, play }
    }

    /// A payload that the program takes for an answer.
    #[must_use]
    pub fn answer(&self) -> &[u8] {
        self.testee.answer()
    }

    /// A port of the runner that takes connections.
    pub fn endpoint(&self, label: &str) -> Step<Endpoint> {
        Endpoint::listening(label, self.play.manner.clone())
    }

    /// The program is started, connects to a fresh home and sends a request there.
    pub fn asked(&self) -> Step<Asked> {
        let home = self.endpoint("home")?;
        let mut program = self.testee.start(home.address())?;
        let patience = self.play.manner.wait.mul_f32(START);
        // Whoever asks nothing has kept no rule and broken none.
        let mute = |stop: Stop| match (stop, program.ended()) {
            (Stop::Breach(breach), None) if breach.requirement.is_none() => {
                Stop::Gone(format!("the program asked nothing: {}", breach.observed))
            }
            (Stop::Breach(breach), Some(how)) if breach.requirement.is_none() => {
                Stop::Gone(format!("the program ended and had asked nothing: {how}"))
            }
            (other, _) => other,
        };
        let home = home.accept_within(patience);
        let asked = home.and_then(|mut link| request(&mut link).map(|request| (link, request)));
        let (link, request) = asked.map_err(mute)?;
        Ok(Asked {
            program,
            link,
            request,
        })
    }
}

impl Deref for ProgramStage<'_> {
    type Target = Play;

    fn deref(&self) -> &Play {
        &self.play
    }
}

impl Asked {
    /// The program connects to `target`, and what it sends there first is its request, octet for octet.
    pub fn resends_at(&self, target: &Endpoint) -> Step<Link> {
        let mut link = target.accept()?;
        let again = request(&mut link)?;
        if again == self.request {
            return Ok(link);
        }
        Err(Stop::messages(
            format!("the request again: {}", describe(&self.request)),
            describe(&again),
        ))
    }

    /// The program ends, or connects to `target` and sends nothing there that it has sent before. Nothing orders what a
    /// program does not send, so it has the time of one step for it, if it does not end the connection sooner.
    pub fn sends_nothing_old_at(&mut self, target: &Endpoint) -> Step {
        let mut link = match target.accept() {
            Ok(link) => link,
            Err(Stop::Breach(_)) => return Ok(()),
            Err(other) => return Err(other),
        };
        let expected = "nothing that was sent before";
        match link.next(expected) {
            Ok(Seen::Frame(header, payload)) if raw(header, &payload) == self.request => {
                let observed = format!("the request again: {}", describe(&self.request));
                Err(Stop::messages(expected, observed))
            }
            Ok(Seen::Frame(..) | Seen::End(_)) => Ok(()),
            Err(Stop::Breach(breach)) if breach.timed_out() => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// The program is done with its session, as far as that shows: it has ended, or was given the time of one step. Then
    /// it has not connected to `target`.
    pub fn never_comes_to(&mut self, target: &Endpoint, time: std::time::Duration) -> Step {
        self.program.ended_within(time);
        target.nobody()
    }
}

/// The first frame of a connection, which has to be a message.
fn request(link: &mut Link) -> Step<Vec<u8>> {
    let expected = "a request, as a NORMAL frame";
    match link.next(expected)? {
        Seen::Frame(header, payload) if header.opcode == eop_wire::opcode::NORMAL => {
            Ok(raw(header, &payload))
        }
        Seen::Frame(header, payload) => Err(Stop::messages(
            expected,
            crate::timeline::frame(header, &payload),
        )
        .against("EOP-RED-1")),
        Seen::End(end) => Err(Stop::messages(
            expected,
            format!("the connection ended ({end})"),
        )),
    }
}
