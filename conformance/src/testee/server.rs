//! A server under test: attached to, or started; and further instances of it with other options.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::process::{Environment, Line, Process};
use super::{NotStarted, environment};
use crate::authority::{Authority, CERTIFICATE};
use crate::case::Role;
use crate::verdict::{Step, Stop};

/// Where a started server listens: any free port of this host, for this host.
const LOOPBACK: &str = "127.0.0.1:0";

/// How much longer than the first a further instance may take to start: it starts beside everything else that is played.
const FURTHER: u32 = 4;

/// How the runner gets at a server.
#[derive(Debug)]
enum Way {
    Attached(SocketAddrV4),
    Started {
        command: String,
        instances: Instances,
    },
}

/// The instances of a started server by their `EOP_OPTIONS`. Each has a lock of its own: starting one holds up no other.
type Instances = Mutex<BTreeMap<String, Arc<Mutex<Option<Instance>>>>>;

/// A server under test.
#[derive(Debug)]
pub struct ServerTestee {
    way: Way,
    /// A message known to be answered, if the server does not speak the test service.
    request: Option<Vec<u8>>,
    start_wait: Duration,
    authority: Option<Arc<Authority>>,
}

/// One server that was started.
#[derive(Debug)]
pub struct Instance {
    /// Where it listens.
    pub address: SocketAddrV4,
    process: Process,
    /// What it prints after `ready`.
    lines: Receiver<Line>,
}

impl ServerTestee {
    /// A server that runs already. With `request` it is judged without the test service. With an authority it speaks TLS.
    #[must_use]
    pub const fn attach(
        address: SocketAddrV4,
        request: Option<Vec<u8>>,
        authority: Option<Arc<Authority>>,
    ) -> Self {
        Self {
            way: Way::Attached(address),
            request,
            start_wait: Duration::from_secs(3),
            authority,
        }
    }

    /// A server that `command` starts; it gets `start_wait` to say `ready`. With an authority it speaks TLS.
    pub fn start(
        command: &str,
        request: Option<Vec<u8>>,
        start_wait: Duration,
        authority: Option<Arc<Authority>>,
    ) -> Result<Self, NotStarted> {
        let environment = environment(authority.as_ref(), Role::Server);
        let main = Instance::start(command, LOOPBACK, "", &environment, start_wait)?;
        let main = Arc::new(Mutex::new(Some(main)));
        Ok(Self {
            way: Way::Started {
                command: command.to_owned(),
                instances: Mutex::new(BTreeMap::from([(String::new(), main)])),
            },
            request,
            start_wait,
            authority,
        })
    }

    /// Who vouches for whom, if the server speaks TLS.
    #[must_use]
    pub const fn authority(&self) -> Option<&Arc<Authority>> {
        self.authority.as_ref()
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        environment(self.authority.as_ref(), Role::Server)
    }

    /// The message known to be answered.
    #[must_use]
    pub fn request(&self) -> &[u8] {
        self.request.as_deref().unwrap_or(b"hello")
    }

    /// Whether the server speaks the test service.
    #[must_use]
    pub const fn has_service(&self) -> bool {
        self.request.is_none()
    }

    /// Whether the runner started it, with options of its own.
    #[must_use]
    pub const fn is_started(&self) -> bool {
        matches!(self.way, Way::Started { .. })
    }

    /// How long a further instance may take to say `ready`: that one did already shows that the command works.
    const fn further_wait(&self) -> Duration {
        self.start_wait.saturating_mul(FURTHER)
    }

    /// Where the main instance listens.
    pub fn address(&self) -> Step<SocketAddrV4> {
        self.address_with("")
    }

    /// Where an instance with these `EOP_OPTIONS` listens; it is started if there is none, or if it has died. A server
    /// that is attached to is used as it is.
    pub fn address_with(&self, options: &str) -> Step<SocketAddrV4> {
        let (command, instances) = match &self.way {
            Way::Attached(address) => return Ok(*address),
            Way::Started { command, instances } => (command, instances),
        };
        let mut instances = instances.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(instances.entry(options.to_owned()).or_default());
        drop(instances);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(instance) = slot.as_mut()
            && instance.ended().is_none()
        {
            return Ok(instance.address);
        }
        let (environment, wait) = (self.environment(), self.further_wait());
        let started = Instance::start(command, LOOPBACK, options, &environment, wait);
        let started = started.map_err(|NotStarted(why)| Stop::Gone(why))?;
        Ok(slot.insert(started).address)
    }

    /// The process groups of its instances; none of a server that is attached to.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        let Way::Started { instances, .. } = &self.way else {
            return Vec::new();
        };
        let instances = instances.lock().unwrap_or_else(PoisonError::into_inner);
        let id = |slot: &Arc<Mutex<Option<Instance>>>| {
            let slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            slot.as_ref().map(|instance| instance.process.id())
        };
        instances.values().filter_map(id).collect()
    }

    /// Another instance with this `EOP_LISTEN` and `EOP_OPTIONS`; the reason, if it does not say `ready`.
    pub fn another(&self, listen: &str, options: &str) -> Step<Result<Instance, NotStarted>> {
        self.another_in(listen, options, &self.environment())
    }

    /// Another instance over TLS, with a certificate that is there or not; the reason, if it does not say `ready`.
    pub fn another_with_certificate(&self, is_there: bool) -> Step<Result<Instance, NotStarted>> {
        let mut environment = self.environment();
        for (name, file) in &mut environment {
            if *name == CERTIFICATE && !is_there {
                file.push_str(".missing");
            }
        }
        self.another_in(LOOPBACK, "", &environment)
    }

    fn another_in(
        &self,
        listen: &str,
        options: &str,
        environment: &Environment,
    ) -> Step<Result<Instance, NotStarted>> {
        match &self.way {
            Way::Attached(_) => Err(Stop::Harness(
                "a server that is attached to cannot be started".to_owned(),
            )),
            Way::Started { command, .. } => Ok(Instance::start(
                command,
                listen,
                options,
                environment,
                self.further_wait(),
            )),
        }
    }
}

impl Instance {
    fn start(
        command: &str,
        listen: &str,
        options: &str,
        security: &Environment,
        wait: Duration,
    ) -> Result<Self, NotStarted> {
        let mut environment = security.to_vec();
        environment.push(("EOP_LISTEN", listen.to_owned()));
        environment.push(("EOP_OPTIONS", options.to_owned()));
        let (mut process, lines) = Process::start(command, &environment)?;
        let address = ready(command, &lines, wait).map_err(|NotStarted(why)| {
            let ended = process
                .ended()
                .map_or_else(String::new, |status| format!(" ({status})"));
            NotStarted(why + &ended)
        })?;
        Ok(Self {
            address,
            process,
            lines,
        })
    }

    /// How its process ended, if it has.
    pub fn ended(&mut self) -> Option<String> {
        self.process.ended()
    }

    /// How much memory it holds, in octets; `None` where the system does not tell.
    #[must_use]
    pub fn memory(&self) -> Option<u64> {
        self.process.memory()
    }

    /// Ends its standard input; whether it left within `wait`.
    pub fn leave(&mut self, wait: Duration) -> bool {
        self.process.leave(wait)
    }

    /// What it has printed after its `ready` line, if anything. It has left: its output ends within `wait`.
    pub fn printed_more(&self, wait: Duration) -> Option<String> {
        match self.lines.recv_timeout(wait) {
            Ok(Line::Text(line)) => Some(format!("\"{}\"", line.escape_debug())),
            Ok(Line::Garbage(what)) => Some(what),
            Ok(Line::End) | Err(_) => None,
        }
    }
}

fn ready(
    command: &str,
    lines: &Receiver<Line>,
    wait: Duration,
) -> Result<SocketAddrV4, NotStarted> {
    let instead = |what: String| {
        NotStarted(format!(
            "`{command}` did not print `ready 127.0.0.1:PORT` (EOP-TST-1): {what}"
        ))
    };
    match lines.recv_timeout(wait) {
        Ok(Line::Text(line)) => line
            .strip_prefix("ready ")
            .and_then(|endpoint| endpoint.parse().ok())
            .ok_or_else(|| instead(format!("it printed \"{}\"", line.escape_debug()))),
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
