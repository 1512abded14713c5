//! The driver: standard input, standard output, and one loop over all sessions.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::SocketAddrV4;
use std::process::ExitCode;
use std::rc::Rc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use crate::command::{Bad, Discipline, Fallback, Order, Resend, Settings, Verb, command};
use crate::episode::Moves;
use crate::session::Session;
use crate::socket::wait;
use crate::table::Fault;
use crate::tls::ClientTls;

/// Standard output, one flushed line at a time (EOP-DRV-1).
#[derive(Clone)]
pub(crate) struct Voice {
    fault: Fault,
    /// A line that is said only before the next one.
    unsaid: Rc<RefCell<String>>,
}

impl Voice {
    pub(crate) fn say(&self, session: u32, report: &str) {
        if self.fault.has(Fault::Chatter) {
            self.line(&format!("debug: session {session} reports"));
        }
        if self.fault.has(Fault::NumbersPadded) {
            return self.line(&format!("{session} {}", report.replace("hop=", "hop=0")));
        }
        self.line(&format!("{session} {report}"));
    }

    fn line(&self, line: &str) {
        let mut line = format!("{line}\n");
        if self.fault.has(Fault::LinesHeld) {
            line = self.unsaid.replace(line);
        }
        // A reader that went away has also closed our input, which ends the process.
        let mut out = io::stdout().lock();
        let _ = out.write_all(line.as_bytes());
        let _ = out.flush();
    }
}

/// Stays although standard input has ended, but not for ever.
pub(crate) fn stay() {
    sleep(Duration::from_secs(60));
}

/// What a driver says that it lacks, and whether it refuses that.
fn lacks(fault: Fault) -> (&'static [&'static str], bool) {
    if fault.has(Fault::WithoutOptions) {
        (&["new-first", "fallback"], true)
    } else if fault.has(Fault::LacksAndHas) {
        (&["new-first", "fallback"], false)
    } else if fault.has(Fault::LacksManual) {
        (&["manual"], true)
    } else if fault.has(Fault::LacksUnknown) {
        (&["sessions"], false)
    } else {
        (&[], false)
    }
}

/// The first line.
fn hello(fault: Fault) -> String {
    let hello = "hello eop-test 1 role=client";
    match lacks(fault) {
        ([], _) => hello.to_owned(),
        (lacking, _) => format!("{hello} lacks={}", lacking.join(",")),
    }
}

pub(crate) fn run(fault: Fault) -> ExitCode {
    if fault.has(Fault::ExitAtOnce) {
        return ExitCode::FAILURE;
    }
    if fault.has(Fault::Garbage) {
        let _ = io::stdout().write_all(b"\xff\x00 starting up\n");
    }
    if fault.has(Fault::Hang) {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        return ExitCode::SUCCESS;
    }
    let voice = Voice {
        fault,
        unsaid: Rc::default(),
    };
    let mut greeting = Some(hello(fault));
    if let Some(hello) = greeting.take_if(|_| !fault.has(Fault::HelloLate)) {
        voice.line(&hello);
    }
    let tls = match ClientTls::of_environment(fault) {
        Ok(tls) => tls.map(Rc::new),
        Err(why) => {
            eprintln!("cannot speak TLS: {why}");
            return ExitCode::from(2);
        }
    };
    let mut driver = Driver {
        fault,
        tls,
        voice,
        greeting,
        sessions: BTreeMap::new(),
        unread: Vec::new(),
        waiting: VecDeque::new(),
        moved: BTreeMap::new(),
    };
    while driver.turn() {}
    if fault.has(Fault::StaysAfterInput) {
        stay();
    }
    ExitCode::SUCCESS
}

struct Driver {
    fault: Fault,
    /// How sessions are secured; `None` in cleartext.
    tls: Option<Rc<ClientTls>>,
    voice: Voice,
    /// A hello that comes late.
    greeting: Option<String>,
    sessions: BTreeMap<u32, Session>,
    /// The beginning of a line whose end has not come.
    unread: Vec<u8>,
    /// Lines that wait until the session before has ended.
    waiting: VecDeque<Vec<u8>>,
    /// Where the last session from a home ended.
    moved: BTreeMap<SocketAddrV4, SocketAddrV4>,
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
        while self.sessions.values().all(Session::is_over)
            && let Some(line) = self.waiting.pop_front()
        {
            self.obey(&line, now);
        }
        let more = !spoken || self.listen(now);
        self.spread_the_upset();
        more
    }

    /// One session's protocol error ends all others, with a faulty driver.
    fn spread_the_upset(&mut self) {
        if self.sessions.values().any(Session::is_upset) {
            for session in self
                .sessions
                .values_mut()
                .filter(|session| !session.is_over())
            {
                session.abandon();
            }
        }
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
        let due = wakes.into_iter().filter(|wake| wake.1 <= now);
        let polled = polled.into_iter().zip(flags).filter(|pair| pair.1);
        let mut ready: Vec<u32> = polled.map(|pair| pair.0).collect();
        ready.extend(due.map(|wake| wake.0));
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
        if let Some(hello) = self.greeting.take() {
            self.voice.line(&hello);
        }
        if self.fault.has(Fault::HelloOnly) {
            return;
        }
        if self.fault.has(Fault::EchoEverything) {
            return self.voice.line(&String::from_utf8_lossy(line));
        }
        let lenient = line.to_ascii_lowercase();
        let line = if self.fault.has(Fault::BadLineTaken) {
            lenient.trim_ascii()
        } else {
            line
        };
        match command(line) {
            Err(_) if self.fault.has(Fault::BadLineIgnored) => {}
            Err(Bad { session, .. }) if self.has_ended(session) => {}
            Err(Bad { session, verb, why }) => self.reject(session, verb, why),
            Ok((id, _)) if self.is_held_up(id) => self.waiting.push_back(line.to_vec()),
            Ok((id, verb)) if self.fault.has(Fault::RejectedToEverything) => {
                self.reject(id, verb.name(), "unsupported")
            }
            Ok((id, verb)) => match (self.sessions.get_mut(&id), verb) {
                (Some(session), verb) if session.is_over() => self.late(id, &verb),
                (Some(session), verb) => session.command(verb, now),
                (None, Verb::Connect(home, settings)) => self.connect(id, home, *settings),
                (None, verb) => self.reject(id, verb.name(), "no-session"),
            },
        }
    }

    fn has_ended(&self, id: u32) -> bool {
        self.sessions.get(&id).is_some_and(Session::is_over)
    }

    /// Whether another session has to end first (EOP-DRV-3).
    fn is_held_up(&self, id: u32) -> bool {
        let mut others = self.sessions.iter().filter(|entry| *entry.0 != id);
        self.fault.has(Fault::OneSessionAtATime) && others.any(|entry| !entry.1.is_over())
    }

    /// A command to a session that ended (EOP-DRV-10).
    fn late(&self, id: u32, verb: &Verb) {
        if self.fault.has(Fault::EndedSessionAnswers) {
            self.reject(id, verb.name(), "ended");
        }
    }

    fn connect(&mut self, id: u32, mut home: SocketAddrV4, mut settings: Settings) {
        if settings.discipline == Discipline::Manual && settings.resend == Resend::Automatic {
            return self.reject(id, "connect", "manual-never-resends");
        }
        let (lacking, refuses) = lacks(self.fault);
        let asks = |feature: &&str| match *feature {
            "new-first" => settings.order == Order::NewFirst,
            "fallback" => settings.fallback == Fallback::Home,
            "manual" => settings.discipline == Discipline::Manual,
            _ => false,
        };
        if refuses && lacking.iter().any(asks) {
            return self.reject(id, "connect", "lacking");
        }
        if self.fault.has(Fault::RedirectRemembered) {
            self.moved
                .extend(self.sessions.values().map(Session::journey));
            home = self.moved.get(&home).copied().unwrap_or(home);
        }
        if self.fault.has(Fault::LimitKept) && settings.limit == Settings::default().limit {
            let same = self.sessions.values().filter(|one| one.journey().0 == home);
            settings.limit = same.map(Session::limit).min().unwrap_or(settings.limit);
        }
        let earlier = self.sessions.values();
        let moves = Moves::new(self.fault, earlier.map(Session::moves));
        let (voice, tls) = (self.voice.clone(), self.tls.clone());
        let session = Session::begin(id, home, settings, self.fault, voice, moves, tls);
        self.sessions.insert(id, session);
    }

    fn reject(&self, session: u32, verb: &str, why: &str) {
        self.voice.say(session, &format!("rejected {verb} {why}"));
    }
}
