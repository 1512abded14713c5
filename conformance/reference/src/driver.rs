//! The client under test: one loop over standard input and the sockets of all sessions, so that none holds up another
//! (EOP-DRV-3). What a line asks for is `driver/command.rs`'s, and what a session does `driver/session.rs`'s.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::time::Instant;

use eop_net::client::Blocking;
use eop_net::tls::ClientTls;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

mod command;
mod dial;
mod lines;
mod output;
mod report;
mod session;
mod settings;
mod tasks;

use command::Line;
use lines::Lines;
use output::Output;
use session::Session;
pub(crate) use tasks::run as run_tokio;

/// Says hello, and drives sessions until standard input ends (EOP-DRV-1, EOP-DRV-2).
pub(crate) fn run() -> io::Result<()> {
    let mut driver = Driver {
        output: Output::default(),
        sessions: BTreeMap::new(),
        ended: HashSet::new(),
        tls: crate::tls::client()?,
    };
    driver.output.print("hello eop-test 1 role=client")?;
    let stdin = io::stdin();
    let mut lines = Lines::default();
    loop {
        let ready = driver.wait(&stdin)?;
        for id in ready.sessions {
            driver.work(id)?;
        }
        if ready.stdin {
            if !lines.read(&stdin)? {
                return Ok(());
            }
            while let Some(line) = lines.next() {
                driver.obey(&line)?;
            }
        }
    }
}

struct Driver {
    output: Output,
    sessions: BTreeMap<u32, Session<Blocking>>,
    /// Numbers of sessions that are over: what is said to them is ignored (EOP-DRV-10).
    ended: HashSet<u32>,
    /// How every session is secured; `None` in cleartext.
    tls: Option<ClientTls>,
}

struct Ready {
    stdin: bool,
    sessions: Vec<u32>,
}

impl Driver {
    /// Waits until something has come: a line, something at a socket, a moment.
    fn wait(&self, stdin: &io::Stdin) -> io::Result<Ready> {
        let mut polled = vec![PollFd::new(stdin, PollFlags::IN)];
        let mut owners = Vec::new();
        let mut until: Option<(u32, Instant)> = None;
        for (id, session) in &self.sessions {
            let waits = session.waits_for();
            if let Some(socket) = waits.socket {
                let flag = |wanted, flag| if wanted { flag } else { PollFlags::empty() };
                let flags = flag(waits.read, PollFlags::IN) | flag(waits.write, PollFlags::OUT);
                polled.push(PollFd::from_borrowed_fd(socket, flags));
                owners.push(*id);
            }
            let earlier = |moment: &Instant| until.is_none_or(|(_, until)| *moment < until);
            if let Some(moment) = waits.until.filter(earlier) {
                until = Some((*id, moment));
            }
        }
        let left = until.map(|(_, moment)| moment.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut polled, left.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut found = polled.iter().map(|polled| !polled.revents().is_empty());
        let stdin = found.next().unwrap_or(false);
        let mut sessions: Vec<u32> = owners
            .into_iter()
            .zip(found)
            .filter_map(|(id, found)| found.then_some(id))
            .collect();
        if let Some((id, moment)) = until
            && moment <= Instant::now()
            && !sessions.contains(&id)
        {
            sessions.push(id);
        }
        Ok(Ready { stdin, sessions })
    }

    /// Lets a session do what it can.
    fn work(&mut self, id: u32) -> io::Result<()> {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.work(&mut self.output)?;
            if session.is_over() {
                self.sessions.remove(&id);
                self.ended.insert(id);
            }
        }
        Ok(())
    }

    fn obey(&mut self, line: &[u8]) -> io::Result<()> {
        match command::parse(line) {
            Line::Connect(id, _) | Line::Command(id, _) if self.ended.contains(&id) => Ok(()),
            Line::Connect(id, settings) => self.connect(id, *settings),
            Line::Command(id, verb) => match self.sessions.get_mut(&id) {
                Some(session) => {
                    session.obey(verb, &mut self.output)?;
                    self.work(id)
                }
                None => self.reject(id, verb.name(), "no-session"),
            },
            // The end is the last that is said of a session (EOP-DRV-8).
            Line::Bad(id, verb, why) if self.ended.contains(&id) => self.reject(0, verb, why),
            Line::Bad(id, verb, why) => self.reject(id, verb, why),
        }
    }

    fn connect(&mut self, id: u32, mut settings: settings::Settings) -> io::Result<()> {
        settings.config.tls.clone_from(&self.tls);
        if self.sessions.contains_key(&id) {
            return self.reject(id, "connect", "in-use");
        }
        match Session::blocking(id, settings) {
            Ok(session) => {
                self.sessions.insert(id, session);
                self.work(id)
            }
            Err(why) => self.reject(id, "connect", why),
        }
    }

    fn reject(&mut self, id: u32, verb: &str, why: &str) -> io::Result<()> {
        self.output
            .print(format_args!("{id} rejected {verb} {why}"))
    }
}
