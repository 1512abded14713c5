//! A client under test: one driver process, any number of sessions on its two pipes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::process::{Environment, Line, Process};
use super::{NotStarted, environment};
use crate::authority::Authority;
use crate::case::Role;
use crate::feature::Feature;
use crate::verdict::{Step, Stop};

/// What a session gets from its driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// A line for it, without the session number.
    Line(String),
    /// The driver printed something that is no line of the contract, and is of no more use.
    Babble(String),
    /// The driver is of no more use: why.
    Gone(String),
}

#[derive(Debug, Default)]
struct Sessions {
    open: HashMap<u32, Sender<Report>>,
    gone: Option<String>,
}

/// A driver process.
#[derive(Debug)]
pub struct Driver {
    process: Mutex<Process>,
    sessions: Arc<Mutex<Sessions>>,
    next: AtomicU32,
    lacks: Vec<Feature>,
}

/// A client under test; a driver that died is started again.
#[derive(Debug)]
pub struct DriverTestee {
    command: String,
    start_wait: Duration,
    authority: Option<Arc<Authority>>,
    driver: Mutex<Arc<Driver>>,
}

impl DriverTestee {
    /// Starts the driver with `command`; it gets `start_wait` to say `hello`. With an authority it speaks TLS.
    pub fn start(
        command: &str,
        start_wait: Duration,
        authority: Option<Arc<Authority>>,
    ) -> Result<Self, NotStarted> {
        let environment = environment(authority.as_ref(), Role::Client);
        let driver = Mutex::new(Arc::new(Driver::start(command, start_wait, &environment)?));
        Ok(Self {
            command: command.to_owned(),
            start_wait,
            authority,
            driver,
        })
    }

    /// Who vouches for whom, if the driver speaks TLS.
    #[must_use]
    pub const fn authority(&self) -> Option<&Arc<Authority>> {
        self.authority.as_ref()
    }

    /// The driver, alive.
    pub fn driver(&self) -> Step<Arc<Driver>> {
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        if driver.gone().is_some() {
            *driver = Arc::new(self.another()?);
        }
        Ok(Arc::clone(&driver))
    }

    /// The process group of the driver.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        let driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        let process = driver
            .process
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        vec![process.id()]
    }

    /// A further driver process, for a case that ends it.
    pub fn another(&self) -> Step<Driver> {
        let environment = environment(self.authority.as_ref(), Role::Client);
        Driver::start(&self.command, self.start_wait, &environment)
            .map_err(|NotStarted(why)| Stop::Gone(why))
    }
}

impl Driver {
    fn start(command: &str, wait: Duration, environment: &Environment) -> Result<Self, NotStarted> {
        let (mut process, lines) = Process::start(command, environment)?;
        let lacks = hello(command, &lines, wait).map_err(|NotStarted(why)| {
            let ended = process
                .ended()
                .map_or_else(String::new, |status| format!(" ({status})"));
            NotStarted(why + &ended)
        })?;
        let sessions = Arc::<Mutex<Sessions>>::default();
        let registry = Arc::clone(&sessions);
        std::thread::spawn(move || deliver(&lines, &registry));
        Ok(Self {
            process: Mutex::new(process),
            sessions,
            next: AtomicU32::new(1),
            lacks,
        })
    }

    /// Whether the driver declares that it lacks a feature.
    #[must_use]
    pub fn lacks(&self, feature: Feature) -> bool {
        self.lacks.contains(&feature)
    }

    /// All that the driver declares that it lacks.
    #[must_use]
    pub fn lacking(&self) -> &[Feature] {
        &self.lacks
    }

    /// A fresh session number, and where its events come.
    pub fn open(&self) -> (u32, Receiver<Report>) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = mpsc::channel();
        let mut sessions = self.sessions();
        match &sessions.gone {
            Some(why) => drop(sender.send(Report::Gone(why.clone()))),
            None => drop(sessions.open.insert(id, sender)),
        }
        (id, receiver)
    }

    /// Forgets a session: what is still said of it is dropped.
    pub fn forget(&self, id: u32) {
        self.sessions().open.remove(&id);
    }

    /// Writes a line to the driver.
    pub fn say(&self, line: &str) {
        self.process
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .say(line);
    }

    /// Ends the driver's standard input and says whether it left within `wait`.
    pub fn leave(&self, wait: Duration) -> bool {
        self.process
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .leave(wait)
    }

    /// How much memory it holds, in octets; `None` where the system does not tell.
    #[must_use]
    pub fn memory(&self) -> Option<u64> {
        self.process
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .memory()
    }

    fn gone(&self) -> Option<String> {
        self.sessions().gone.clone()
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands every line to its session until the driver is of no more use.
fn deliver(lines: &Receiver<Line>, registry: &Mutex<Sessions>) {
    let (gone, last): (String, fn(String) -> Report) = loop {
        match lines.recv() {
            Ok(Line::Text(line)) => {
                let Some((id, report)) = split(&line) else {
                    let line = line.escape_debug();
                    let what = format!("the driver printed a line without a session: \"{line}\"");
                    break (what, Report::Babble);
                };
                let sessions = registry.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(session) = sessions.open.get(&id) {
                    let _ = session.send(Report::Line(report.to_owned()));
                }
            }
            Ok(Line::Garbage(what)) => {
                break (format!("the driver printed {what}"), Report::Babble);
            }
            Ok(Line::End) | Err(_) => {
                break ("the driver ended its output".to_owned(), Report::Gone);
            }
        }
    };
    let mut sessions = registry.lock().unwrap_or_else(PoisonError::into_inner);
    for session in sessions.open.values() {
        let _ = session.send(last(gone.clone()));
    }
    sessions.open.clear();
    sessions.gone = Some(gone);
}

fn split(line: &str) -> Option<(u32, &str)> {
    let (id, report) = line.split_once(' ')?;
    Some((id.parse().ok()?, report))
}

/// The features of `lacks=`, each of them known.
fn features(words: &str) -> Option<Vec<Feature>> {
    let known = |word| Feature::ALL.into_iter().find(|one| one.word() == word);
    words.split(',').map(known).collect()
}

fn hello(
    command: &str,
    lines: &Receiver<Line>,
    wait: Duration,
) -> Result<Vec<Feature>, NotStarted> {
    let instead = |what: String| {
        NotStarted(format!(
            "`{command}` did not print `hello eop-test 1 role=client` (EOP-DRV-1): {what}"
        ))
    };
    match lines.recv_timeout(wait) {
        Ok(Line::Text(line)) => {
            let lacks = match line.strip_prefix("hello eop-test 1 role=client") {
                Some("") => Some(Vec::new()),
                Some(rest) => rest.strip_prefix(" lacks=").and_then(features),
                None => None,
            };
            lacks.ok_or_else(|| instead(format!("it printed \"{}\"", line.escape_debug())))
        }
        Ok(Line::Garbage(what)) => Err(instead(format!("it printed {what}"))),
        Ok(Line::End) | Err(RecvTimeoutError::Disconnected) => {
            Err(instead("it ended its output".to_owned()))
        }
        Err(RecvTimeoutError::Timeout) => Err(instead(format!(
            "it printed nothing for {} ms",
            wait.as_millis()
        ))),
    }
}
