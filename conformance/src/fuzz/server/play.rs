//! Plays a session to a server, and holds what comes back against the model.

use std::collections::BTreeMap;

use eop_wire::{RawHeader, opcode};

use super::Fuzzed;
use super::model::{Connection, Due, Shared};
use super::plan::{Names, Plan, Step as Action};
use super::request;
use crate::fuzz::{blame, cut};
use crate::link::{Link, Seen};
use crate::octets::raw;
use crate::stage::{Play, ServerStage};
use crate::timeline::frame;
use crate::verdict::{End, Step, Stop};

/// A connection, and what the server has to do on it.
struct Open {
    link: Link,
    model: Connection,
}

/// One session.
struct Session<'s> {
    stage: ServerStage<'s>,
    names: Names,
    shared: Shared,
    open: BTreeMap<usize, Open>,
    /// What was left by a reset: a server may go on with it, or not.
    reset: Vec<Connection>,
}

pub(super) fn play(fuzzed: &Fuzzed<'_>, plan: &Plan, play: Play) -> Step {
    let number = play.number;
    let stage = ServerStage::new(fuzzed.testee, play);
    let main = stage.address()?;
    let mut names = Names {
        play: format!("{}-{number}", std::process::id()),
        limit: stage.in_force("limit")?,
        ..Names::default()
    };
    names.places.insert("main".to_owned(), main);
    for (index, steps) in plan.ports.iter().enumerate() {
        let port = fuzzed.port(&stage, &names.fill(steps))?;
        names.places.insert(format!("p{index}"), port);
    }
    let mut session = Session {
        stage,
        names,
        shared: Shared::default(),
        open: BTreeMap::new(),
        reset: Vec::new(),
    };
    for step in &plan.steps {
        session.step(plan, step)?;
    }
    session.finish()
}

impl Session<'_> {
    /// Does one step. What concerns a connection that is not there does nothing, so that every part of a plan is a plan.
    fn step(&mut self, plan: &Plan, step: &Action) -> Step {
        match step {
            Action::Connect { on, port } => self.connect(plan, *on, *port),
            Action::Send { on, pieces, cuts } => {
                let octets: Vec<u8> = pieces
                    .iter()
                    .flat_map(|piece| self.names.octets(piece))
                    .collect();
                let Some(open) = self.open.get_mut(on) else {
                    return Ok(());
                };
                if !open.model.half_closed {
                    open.link.send_pieces(&cut::pieces(&octets, cuts))?;
                    open.model.take(&octets);
                }
                self.run();
                Ok(())
            }
            Action::Read { on } => self.read(*on),
            Action::HalfClose { on } => self.half_close(*on),
            Action::Reset { on } => match self.open.remove(on) {
                Some(open) => {
                    self.reset.push(open.model);
                    open.link.reset()
                }
                None => Ok(()),
            },
            Action::Signal { token } => self.signal(&self.names.token(token)),
        }
    }

    fn connect(&mut self, plan: &Plan, on: usize, port: Option<usize>) -> Step {
        let place = port.map_or_else(|| "main".to_owned(), |port| format!("p{port}"));
        let steps = port
            .and_then(|port| plan.ports.get(port))
            .map(|steps| self.names.fill(steps));
        let Some(here) = self.names.places.get(&place).copied() else {
            return Ok(());
        };
        let steps = steps
            .and_then(|steps| request::acts(&steps))
            .unwrap_or_default();
        let link = self.stage.connect_as(&format!("{on}"), here)?;
        let model = Connection::accepted(here, self.names.limit, &steps);
        self.open.insert(on, Open { link, model });
        self.run();
        Ok(())
    }

    /// Every connection goes on as far as it can.
    fn run(&mut self) {
        for open in self.open.values_mut() {
            open.model.run(&mut self.shared);
        }
        for model in &mut self.reset {
            model.run(&mut self.shared);
        }
    }

    /// The connections that wait for a signal.
    fn waiting(&self) -> Vec<usize> {
        let blocked = |open: &&Open| open.model.blocked(&self.shared).is_some();
        let waiting = self.open.iter().filter(|(_, open)| blocked(open));
        waiting.map(|(on, _)| *on).collect()
    }

    /// Signals a token, once those that wait have shown that they do.
    fn signal(&mut self, token: &str) -> Step {
        let waiting = self.waiting();
        if !waiting.is_empty() {
            // Nothing orders what must not come; a round trip gives it time.
            self.stage.ask("hello")?;
        }
        for on in waiting {
            self.read(on)?;
        }
        self.stage.signal(token)?;
        self.shared.signals.insert(token.to_owned());
        self.run();
        Ok(())
    }

    fn half_close(&mut self, on: usize) -> Step {
        let Some(open) = self.open.get_mut(&on) else {
            return Ok(());
        };
        open.link.half_close()?;
        open.model.end_of_stream();
        Ok(())
    }

    /// Reads what is due by now, and the end if that is due; then nothing else may have come.
    fn read(&mut self, on: usize) -> Step {
        let Some(Open { link, model }) = self.open.get_mut(&on) else {
            return Ok(());
        };
        while !model.over
            && let Some(due) = model.next()
        {
            match came(link, model, &due)? {
                Came::Due => model.saw(&due, &mut self.shared),
                Came::EndAllowed => model.over = true,
            }
        }
        if model.over {
            return Ok(());
        }
        if model.blocked(&self.shared).is_some() {
            // EOP-OPC-3 counts from when the server reads on: the end of a failed connection may wait, and may not.
            return if model.failed {
                Ok(())
            } else {
                silent(link, "EOP-TST-26")
            };
        }
        if model.failed {
            model.over = true;
            return ended(link, "EOP-ERR-1", "EOP-ERR-2");
        }
        if model.half_closed && model.moved {
            model.over = true;
            let fin = link.expect_fin();
            return fin.map_err(|stop| blame_end(stop, "EOP-CLS-5", "EOP-CLS-7", "EOP-RED-8"));
        }
        if model.half_closed && model.idle() {
            ended(link, "EOP-HCL-5", "EOP-ACC-2")?;
            model.saw(&Due::Fin, &mut self.shared);
            return Ok(());
        }
        if model.moved {
            link.settle().map_err(|stop| blame(stop, "EOP-CLS-1"))?;
            // EOP-TST-11: its FIN shows the end of the discarding, which waits for the client's.
            return silent(link, "EOP-RED-8").map_err(|stop| match link.ended_by_now() {
                Some(End::Fin) => stop.against("EOP-TST-11"),
                Some(End::Reset) => stop.against("EOP-CLS-7"),
                // Only TLS is cut, and this is not played over it.
                Some(End::Cut) | None => stop,
            });
        }
        silent(link, "EOP-ACC-2")
    }

    /// Lets everything come to its end, and counts what was marked.
    fn finish(mut self) -> Step {
        while let Some(token) = self.awaited() {
            self.signal(&token)?;
        }
        // Nothing orders an end that must not come; a round trip gives it time.
        self.stage.ask("hello")?;
        let failed = |on: &usize| self.open.get(on).is_some_and(|open| open.model.failed);
        // Those that failed come first: an error that does not stay on its connection has shown then (EOP-ERR-3).
        let (first, then): (Vec<_>, Vec<_>) = self.open.keys().copied().partition(failed);
        for on in first.into_iter().chain(then) {
            self.read(on)?;
            if self.open.get(&on).is_some_and(|open| !open.model.over) {
                self.half_close(on)?;
                self.read(on)?;
            }
        }
        for (token, count) in &self.shared.counts {
            let marked = self.stage.marked(token)?;
            if marked < count.least {
                let expected = format!("{token} marked {} time(s) at least", count.least);
                return Err(Stop::messages(expected, format!("{marked}")).against("EOP-TST-21"));
            }
            if marked > count.most {
                let expected = format!("{token} marked {} time(s) at most", count.most);
                return Err(Stop::messages(expected, format!("{marked}")).against("EOP-RSD-1"));
            }
        }
        Ok(())
    }

    /// A token that somebody waits for.
    fn awaited(&self) -> Option<String> {
        let open = self.open.values().map(|open| &open.model);
        let mut all = open.chain(&self.reset);
        all.find_map(|model| model.blocked(&self.shared))
            .map(str::to_owned)
    }
}

/// What came where something was due.
enum Came {
    /// That.
    Due,
    /// The end of a connection that failed.
    EndAllowed,
}

fn came(link: &mut Link, model: &Connection, due: &Due) -> Step<Came> {
    let expected = if model.failed {
        format!("{}, or the end", due.shown())
    } else {
        due.shown()
    };
    let wrong = |observed: String, broken| Err(Stop::messages(&expected, observed).against(broken));
    match (link.next(&expected), due) {
        (Ok(Seen::End(_)), _) if model.failed => Ok(Came::EndAllowed),
        (Ok(Seen::End(_)), Due::Fin | Due::Reset) if link.write_failed() => Ok(Came::Due),
        (Ok(Seen::End(End::Fin)), Due::Fin) | (Ok(Seen::End(End::Reset)), Due::Reset) => {
            Ok(Came::Due)
        }
        (Ok(Seen::End(end)), _) => {
            let broken = match (due, model.half_closed, end) {
                (Due::Fin, ..) | (Due::Reset, false, _) => due.requirement(),
                (_, true, _) => "EOP-HCL-1",
                (Due::Frame(octets, _), false, End::Reset) if redirects(octets) => "EOP-CLS-7",
                _ => due.requirement(),
            };
            Err(Stop::end(expected, end.to_string()).against(broken))
        }
        (Ok(Seen::Frame(header, payload)), Due::Frame(octets, _))
            if raw(header, &payload) == *octets =>
        {
            Ok(Came::Due)
        }
        (Ok(Seen::Frame(header, payload)), Due::Hello)
            if is_text(header, &payload, "eop-test 1 limit=") =>
        {
            Ok(Came::Due)
        }
        (Ok(Seen::Frame(header, payload)), Due::Port) if is_text(header, &payload, "port ") => {
            Ok(Came::Due)
        }
        (Ok(Seen::Frame(header, payload)), _) => wrong(
            frame(header, &payload),
            broken(model, due, header, &payload),
        ),
        // A reset takes what was on its way.
        (Err(Stop::Breach(_)), _) if model.failed && link.ended_by_now().is_some() => {
            Ok(Came::EndAllowed)
        }
        (Err(stop), _) if model.failed => Err(blame(stop, "EOP-ERR-1")),
        (Err(stop), _) => Err(blame(stop, due.requirement())),
    }
}

fn redirects(octets: &[u8]) -> bool {
    octets.starts_with(&opcode::REDIRECT.to_be_bytes())
}

fn is_text(header: RawHeader, payload: &[u8], begin: &str) -> bool {
    let plain = header.opcode == opcode::NORMAL && header.port == 0 && header.addr.is_unspecified();
    plain && payload.starts_with(begin.as_bytes())
}

/// The requirement that a frame breaks where something else was due.
fn broken(model: &Connection, due: &Due, header: RawHeader, payload: &[u8]) -> &'static str {
    let came = raw(header, payload);
    let later = model
        .due
        .iter()
        .any(|due| matches!(due, Due::Frame(octets, _) if *octets == came));
    match due {
        _ if header.opcode == opcode::NORMAL
            && (header.port != 0 || !header.addr.is_unspecified()) =>
        {
            "EOP-FRM-6"
        }
        Due::Fin | Due::Reset => "EOP-ACC-2",
        Due::Frame(octets, _) if redirects(octets) && header.opcode == opcode::NORMAL => {
            "EOP-RED-3"
        }
        Due::Frame(..) if later && header.opcode == opcode::REDIRECT => "EOP-RED-4",
        Due::Frame(..) if later => "EOP-ACC-3",
        Due::Frame(octets, _) if redirects(octets) && came.get(12..) == octets.get(12..) => {
            "EOP-TST-9"
        }
        Due::Frame(..) | Due::Hello | Due::Port | Due::Mark(_) => due.requirement(),
    }
}

/// The connection ends, one way or the other, and nothing comes before.
fn ended(link: &mut Link, stays: &'static str, speaks: &'static str) -> Step {
    link.expect_end()
        .map_err(|stop| blame_end(stop, stays, stays, speaks))
}

/// Nothing has come.
fn silent(link: &mut Link, requirement: &'static str) -> Step {
    match link.anything_by_now() {
        None => Ok(()),
        Some(observed) => {
            Err(Stop::messages("nothing, and an open connection", observed).against(requirement))
        }
    }
}

/// What is broken by a connection that stays open, that is reset, or on which a frame comes in place of the end.
fn blame_end(stop: Stop, stays: &'static str, reset: &'static str, speaks: &'static str) -> Stop {
    let Stop::Breach(breach) = &stop else {
        return stop;
    };
    let broken = match (breach.timed_out(), breach.axis) {
        (true, _) => stays,
        (false, crate::verdict::Axis::End) => reset,
        (false, crate::verdict::Axis::Messages) => speaks,
    };
    blame(stop, broken)
}
