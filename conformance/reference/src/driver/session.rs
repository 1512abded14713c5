//! One session of the driver: a client, the commands that it is given and the events that it is told by.

use std::io;
use std::time::{Duration, Instant};

use eop_net::client::{Blocking, Client, ClientOver, Ended, Event, Network, Waits};
use eop_net::{ConfigError, Counts, Discipline, Misuse, SessionState, Why};

use super::command::Verb;
use super::dial::Dialling;
use super::output::Output;
use super::report::Report;
use super::settings::Settings;

/// How long the end of a manual session waits for the application.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Session<N: Network> {
    id: u32,
    pub(super) client: ClientOver<N>,
    discipline: Discipline,
    /// Whether a message was delivered since the last `retire`.
    delivered: bool,
    /// What is asked to be told once everything is done.
    syncs: Vec<String>,
    phase: Phase,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// Its connection is over, and until then the application can say which messages were answered (manual). With the end,
    /// if nothing can change it any more.
    Held(Instant, Option<Ended>),
    Over,
}

/// A client that does what it can, whoever waits for it.
pub(super) trait Step {
    fn step(&mut self) -> Option<Event>;
}

impl Step for Client {
    fn step(&mut self) -> Option<Event> {
        self.step()
    }
}

impl Session<Blocking> {
    /// Begins a session; a word for what contradicts itself in the settings.
    pub(super) fn blocking(id: u32, settings: Settings) -> Result<Self, &'static str> {
        let Settings { home, config, map } = settings;
        let discipline = config.service.discipline;
        let client = Client::new(home.into(), config).map_err(contradiction)?;
        let client = client.dial_with(Dialling { session: id, map });
        Ok(Self::new(id, client, discipline))
    }

    /// What to wait for before the next work.
    pub(super) fn waits_for(&self) -> Waits<'_> {
        let mut waits = self.client.waits_for();
        if let Some(until) = self.held_until() {
            waits.until = Some(waits.until.map_or(until, |other| other.min(until)));
        }
        waits
    }
}

impl<N: Network> Session<N>
where
    ClientOver<N>: Step,
{
    pub(super) const fn new(id: u32, client: ClientOver<N>, discipline: Discipline) -> Self {
        Self {
            id,
            client,
            discipline,
            delivered: false,
            syncs: Vec::new(),
            phase: Phase::Running,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Until when the application may retire, if it is waited for.
    pub(super) const fn held_until(&self) -> Option<Instant> {
        match self.phase {
            Phase::Held(until, _) => Some(until),
            Phase::Running | Phase::Over => None,
        }
    }

    /// Does what can be done, and tells what comes of it.
    pub(super) fn work(&mut self, output: &mut Output) -> io::Result<()> {
        while let Some(event) = self.client.step() {
            self.tell(event, output)?;
        }
        if let Phase::Held(until, _) = self.phase
            && until <= Instant::now()
        {
            self.let_end(output)?;
        }
        // EOP-DRV-9. What was asked before the end of a manual session waits is told when it begins to (EOP-DRV-15).
        let waits = matches!(self.phase, Phase::Held(..));
        let state = self.client.session().state();
        if waits || self.client.session().is_connected() || state == SessionState::Holding {
            self.tell_synced(output)?;
        }
        Ok(())
    }

    /// Does what a command says. [`work`](Self::work) tells what comes of it.
    pub(super) fn obey(&mut self, verb: Verb, output: &mut Output) -> io::Result<()> {
        let name = verb.name();
        let done = match verb {
            Verb::Send {
                payload,
                never_resend,
            } => {
                let payload = payload.into_octets();
                let sent = match never_resend {
                    false => self.client.send(&payload),
                    true => self.client.send_once(&payload),
                };
                sent.map(drop)
            }
            Verb::Retire(count) => self.retire(count),
            Verb::Resend(hop) => self.client.resend(hop),
            Verb::Drop(hop) => self.client.drop_owed(hop),
            Verb::HalfClose => self.client.half_close(),
            Verb::Close => {
                self.client.close();
                return self.let_end(output);
            }
            Verb::Sync(token) => {
                self.syncs.push(token);
                return self.let_end(output);
            }
        };
        match done {
            Ok(()) => Ok(()),
            Err(misuse) => output.print(format_args!(
                "{} rejected {name} {}",
                self.id,
                word(misuse.why)
            )),
        }
    }

    fn retire(&mut self, count: u32) -> Result<(), Misuse> {
        self.client.retire(count)?;
        self.delivered = false;
        if self.client.session().end().is_none() {
            self.phase = Phase::Running;
        }
        Ok(())
    }

    pub(super) fn tell(&mut self, event: Event, output: &mut Output) -> io::Result<()> {
        match event {
            Event::Connected(connected) => output.print(Report(self.id, &connected)),
            Event::Redirected(redirected) => output.print(Report(self.id, &redirected)),
            Event::Message(message) => {
                self.delivered = true;
                output.print(Report(self.id, &message))
            }
            Event::Settling => {
                self.hold(None);
                Ok(())
            }
            Event::Ended(ended) if self.may_retire(&ended) => {
                self.hold(Some(ended));
                Ok(())
            }
            Event::Ended(ended) => self.end(&ended, output),
        }
    }

    /// Whether the application gets its chance to retire before it is told of the end.
    fn may_retire(&self, ended: &Ended) -> bool {
        let closed = ended.end == eop_net::End::Closed;
        let held = matches!(self.phase, Phase::Held(..));
        let left = ended.left != Counts::default();
        self.discipline == Discipline::Manual && !closed && (held || left || self.delivered)
    }

    fn hold(&mut self, ended: Option<Ended>) {
        let until = match self.phase {
            Phase::Held(until, _) => until,
            Phase::Running | Phase::Over => Instant::now() + PATIENCE,
        };
        self.phase = Phase::Held(until, ended);
    }

    /// The application has had its chance.
    fn let_end(&mut self, output: &mut Output) -> io::Result<()> {
        match self.phase {
            Phase::Running | Phase::Over => Ok(()),
            Phase::Held(_, Some(ended)) => self.end(&ended, output),
            Phase::Held(_, None) => {
                // Refused only if the session is not over after all.
                let _ = self.client.settle();
                match self.client.step() {
                    Some(Event::Ended(ended)) => self.end(&ended, output),
                    Some(event) => self.tell(event, output),
                    None => Ok(()),
                }
            }
        }
    }

    fn end(&mut self, ended: &Ended, output: &mut Output) -> io::Result<()> {
        self.tell_synced(output)?;
        self.phase = Phase::Over;
        output.print(Report(self.id, ended))
    }

    fn tell_synced(&mut self, output: &mut Output) -> io::Result<()> {
        for token in self.syncs.drain(..) {
            output.print(format_args!("{} synced {token}", self.id))?;
        }
        Ok(())
    }
}

pub(super) fn contradiction(error: ConfigError) -> &'static str {
    match error {
        ConfigError::AutomaticManual => "automatic-manual",
        ConfigError::Redirects(_) => "max-redirects",
        ConfigError::Moves(_) => "moves",
        _ => "settings",
    }
}

/// Why a command was refused.
fn word(why: Why) -> &'static str {
    match why {
        Why::Paired => "paired",
        Why::NotOffered => "not-offered",
        Why::DecisionPending => "decision-pending",
        Why::NothingOwed => "nothing-owed",
        Why::StaleDecision => "stale-hop",
        Why::HalfClosed => "half-closed",
        Why::Full => "full",
        Why::PayloadTooLong => "too-long",
        Why::State
        | Why::NothingToOffer
        | Why::PastEnd
        | Why::BeingAnswered
        | Why::MessagesToOffer
        | Why::NothingToAnswer
        | Why::Greetings
        | Why::UnusableTarget(_)
        | _ => "not-now",
    }
}
