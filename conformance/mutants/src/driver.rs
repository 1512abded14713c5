//! The driver: standard input, standard output, and one loop over all sessions.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::SocketAddrV4;
use std::process::ExitCode;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags};

use crate::command::{Bad, Discipline, Resend, Settings, Verb, command};
use crate::session::Session;
use crate::socket::wait;
use crate::table::Fault;

/// Standard output, one flushed line at a time (EOP-DRV-1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voice;

impl Voice {
    pub(crate) fn say(self, session: u32, report: &str) {
        self.line(&format!("{session} {report}"));
    }

    fn line(self, line: &str) {
        // A reader that went away has also closed our input, which ends the process.
        let mut out = io::stdout().lock();
        let _ = out.write_all(format!("{line}\n").as_bytes());
        let _ = out.flush();
    }
}

pub(crate) fn run(fault: Fault) -> ExitCode {
    if fault == Fault::ExitAtOnce {
        return ExitCode::FAILURE;
    }
    if fault == Fault::Garbage {
        let _ = io::stdout().write_all(b"\xff\x00 starting up\n");
    }
    if fault == Fault::Hang {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        return ExitCode::SUCCESS;
    }
    let mut driver = Driver {
        fault,
        voice: Voice,
        sessions: BTreeMap::new(),
        unread: Vec::new(),
    };
    driver.voice.line("hello eop-test 1 role=client");
    while driver.turn() {}
    ExitCode::SUCCESS
}

struct Driver {
    fault: Fault,
    voice: Voice,
    sessions: BTreeMap<u32, Session>,
    /// The beginning of a line whose end has not come.
    unread: Vec<u8>,
}

impl Driver {
    /// One round; `false` at the end of standard input (EOP-DRV-2).
    fn turn(&mut self) -> bool {
        let (spoken, ready) = self.wait();
        let now = Instant::now();
        for id in ready {
            if let Some(session) = self.sessions.get_mut(&id) {
                session.turn(now);
            }
        }
        !spoken || self.listen(now)
    }

    /// Waits for something to do: whether standard input has something, and the sessions that have.
    fn wait(&self) -> (bool, Vec<u32>) {
        let input = io::stdin();
        let mut fds = vec![PollFd::new(&input, PollFlags::IN)];
        let mut polled = Vec::new();
        let mut wakes = BTreeMap::new();
        for (id, session) in self.sessions.iter().filter(|entry| !entry.1.is_over()) {
            if let Some((stream, flags)) = session.interest() {
                fds.push(PollFd::new(stream, flags));
                polled.push(*id);
            }
            if let Some(wake) = session.wake() {
                wakes.insert(*id, wake);
            }
        }
        wait(&mut fds, wakes.values().min().copied());
        let mut flags = fds.iter().map(|fd| !fd.revents().is_empty());
        let spoken = flags.next().unwrap_or(false);
        let now = Instant::now();
        let due = wakes
            .into_iter()
            .filter(|wake| wake.1 <= now)
            .map(|wake| wake.0);
        let mut ready: Vec<u32> = polled
            .into_iter()
            .zip(flags)
            .filter(|pair| pair.1)
            .map(|pair| pair.0)
            .collect();
        ready.extend(due);
        (spoken, ready)
    }

    fn listen(&mut self, now: Instant) -> bool {
        let mut scratch = [0; 65_536];
        match io::stdin().read(&mut scratch) {
            Ok(0) => return false,
            Ok(count) => self.unread.extend(scratch.iter().take(count)),
            Err(error) => return error.kind() == io::ErrorKind::Interrupted,
        }
        while let Some(end) = self.unread.iter().position(|octet| *octet == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).take(end).collect();
            self.obey(&line, now);
        }
        true
    }

    fn obey(&mut self, line: &[u8], now: Instant) {
        if self.fault == Fault::HelloOnly {
            return;
        }
        if self.fault == Fault::EchoEverything {
            return self.voice.line(&String::from_utf8_lossy(line));
        }
        match command(line) {
            Err(Bad { session, verb, why }) => self.reject(session, verb, why),
            Ok((id, verb)) if self.fault == Fault::RejectedToEverything => {
                self.reject(id, verb.name(), "unsupported")
            }
            Ok((id, verb)) => match (self.sessions.get_mut(&id), verb) {
                (Some(session), _) if session.is_over() => {}
                (Some(session), verb) => session.command(verb, now),
                (None, Verb::Connect(home, settings)) => self.connect(id, home, *settings),
                (None, verb) => self.reject(id, verb.name(), "no-session"),
            },
        }
    }

    fn connect(&mut self, id: u32, home: SocketAddrV4, settings: Settings) {
        if settings.discipline == Discipline::Manual && settings.resend == Resend::Automatic {
            return self.reject(id, "connect", "manual-never-resends");
        }
        self.sessions.insert(
            id,
            Session::begin(id, home, settings, self.fault, self.voice),
        );
    }

    fn reject(&mut self, session: u32, verb: &str, why: &str) {
        self.voice.say(session, &format!("rejected {verb} {why}"));
    }
}
