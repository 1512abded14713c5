//! The driver's commands: their grammar. What they do stands in `session`.

use std::collections::HashSet;
use std::net::SocketAddrV4;
use std::time::Duration;

use crate::payload::Payload;
use crate::policy::{Allow, Cleartext};
use crate::text::{endpoint, ipv4, number, port, token};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verb {
    Connect(SocketAddrV4, Box<Settings>),
    Send {
        payload: Payload,
        never_resend: bool,
    },
    Retire(u32),
    Resend(u32),
    Drop(u32),
    HalfClose,
    Close,
    Sync(String),
}

impl Verb {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Connect(..) => "connect",
            Self::Send { .. } => "send",
            Self::Retire(_) => "retire",
            Self::Resend(_) => "resend",
            Self::Drop(_) => "drop",
            Self::HalfClose => "half-close",
            Self::Close => "close",
            Self::Sync(_) => "sync",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Discipline {
    Paired,
    Manual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resend {
    Explicit,
    Automatic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fallback {
    None,
    Home,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    OldFirst,
    NewFirst,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) discipline: Discipline,
    pub(crate) greeting: u32,
    pub(crate) resend: Resend,
    pub(crate) policy: Cleartext,
    pub(crate) allow: Vec<Allow>,
    pub(crate) fallback: Fallback,
    pub(crate) order: Order,
    pub(crate) limit: u32,
    pub(crate) budget: u32,
    pub(crate) max_redirects: u32,
    pub(crate) moves: u32,
    pub(crate) deadline: Duration,
    pub(crate) episode: Duration,
    pub(crate) stall: Duration,
    pub(crate) header: Duration,
    /// What is dialled for what the session believes; `None`: believed is dialled.
    pub(crate) dial: Option<Vec<(SocketAddrV4, SocketAddrV4)>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            discipline: Discipline::Paired,
            greeting: 0,
            resend: Resend::Explicit,
            policy: Cleartext::Secure,
            allow: Vec::new(),
            fallback: Fallback::None,
            order: Order::OldFirst,
            limit: 1_048_576,
            budget: 1_048_576,
            max_redirects: 5,
            moves: 30,
            deadline: Duration::from_secs(30),
            episode: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            header: Duration::from_secs(10),
            dial: None,
        }
    }
}

/// A line that is no command: under which session it is answered, the verb it has, and what is wrong (EOP-DRV-12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bad {
    pub(crate) session: u32,
    pub(crate) verb: &'static str,
    pub(crate) why: &'static str,
}

pub(crate) fn command(line: &[u8]) -> Result<(u32, Verb), Bad> {
    let no_session = Bad {
        session: 0,
        verb: "line",
        why: "bad-session",
    };
    let text = std::str::from_utf8(line).map_err(|_| no_session.clone())?;
    let (session, rest) = text.split_once(' ').unwrap_or((text, ""));
    let session = number(session).ok_or(no_session)?;
    verb(rest)
        .map(|verb| (session, verb))
        .map_err(|(verb, why)| Bad { session, verb, why })
}

fn verb(text: &str) -> Result<Verb, (&'static str, &'static str)> {
    let mut words = text.split(' ');
    let (name, first, second) = (words.next().unwrap_or(""), words.next(), words.next());
    let alone = |verb: Verb| {
        if first.is_none() {
            Ok(verb)
        } else {
            Err("too-many-words")
        }
    };
    let count = || match (first, second) {
        (Some(count), None) => number(count).ok_or("bad-number"),
        _ => Err("bad-number"),
    };
    match name {
        "connect" => connect(text).map_err(|why| ("connect", why)),
        "send" => match (first.and_then(Payload::parse), second, words.next()) {
            (Some(payload), None, None) => Ok(Verb::Send {
                payload,
                never_resend: false,
            }),
            (Some(payload), Some("never-resend"), None) => Ok(Verb::Send {
                payload,
                never_resend: true,
            }),
            (Some(_), ..) => Err(("send", "too-many-words")),
            (None, ..) => Err(("send", "bad-payload")),
        },
        "retire" => count().map(Verb::Retire).map_err(|why| ("retire", why)),
        "resend" => count().map(Verb::Resend).map_err(|why| ("resend", why)),
        "drop" => count().map(Verb::Drop).map_err(|why| ("drop", why)),
        "half-close" => alone(Verb::HalfClose).map_err(|why| ("half-close", why)),
        "close" => alone(Verb::Close).map_err(|why| ("close", why)),
        "sync" => match (first.and_then(token), second) {
            (Some(token), None) => Ok(Verb::Sync(token.to_owned())),
            _ => Err(("sync", "bad-token")),
        },
        _ => Err(("line", "no-such-verb")),
    }
}

fn connect(text: &str) -> Result<Verb, &'static str> {
    let mut words = text.split(' ').skip(1);
    let home = words.next().and_then(endpoint).ok_or("bad-endpoint")?;
    let mut settings = Settings::default();
    let mut given = HashSet::new();
    for word in words {
        let (name, value) = word.split_once('=').ok_or("bad-setting")?;
        if !given.insert(name) {
            return Err("given-twice");
        }
        settings.set(name, value).ok_or("bad-setting")?;
    }
    Ok(Verb::Connect(home, Box::new(settings)))
}

impl Settings {
    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        let time = |value| number(value).map(|count| Duration::from_millis(u64::from(count)));
        match (name, value) {
            ("discipline", "paired") => self.discipline = Discipline::Paired,
            ("discipline", "manual") => self.discipline = Discipline::Manual,
            ("resend", "explicit") => self.resend = Resend::Explicit,
            ("resend", "automatic") => self.resend = Resend::Automatic,
            ("policy", "secure") => self.policy = Cleartext::Secure,
            ("policy", "paper") => self.policy = Cleartext::Paper,
            ("fallback", "none") => self.fallback = Fallback::None,
            ("fallback", "home") => self.fallback = Fallback::Home,
            ("order", "old-first") => self.order = Order::OldFirst,
            ("order", "new-first") => self.order = Order::NewFirst,
            ("greeting", _) => self.greeting = number(value)?,
            ("limit", _) => self.limit = number(value)?,
            ("budget", _) => self.budget = number(value)?,
            ("max-redirects", _) => self.max_redirects = number(value)?,
            ("moves", _) => self.moves = number(value).filter(|moves| *moves > 0)?,
            ("deadline", _) => self.deadline = time(value)?,
            ("episode", _) => self.episode = time(value)?,
            ("stall", _) => self.stall = time(value)?,
            ("header", _) => self.header = time(value)?,
            ("allow", _) => self.allow = value.split(',').map(allow).collect::<Option<_>>()?,
            ("dial", _) => self.dial = Some(value.split(',').map(map).collect::<Option<_>>()?),
            _ => return None,
        }
        Some(())
    }
}

fn allow(text: &str) -> Option<Allow> {
    let (network, rest) = text.split_once('/')?;
    let (prefix, ports) = rest.split_once(':')?;
    let ports = match (ports, ports.split_once('-')) {
        ("*", _) => (0, u16::MAX),
        (_, Some((from, to))) => (port(from)?, port(to)?),
        (one, None) => (port(one)?, port(one)?),
    };
    let prefix = number(prefix).filter(|prefix| *prefix <= 32)?;
    Some(Allow {
        network: ipv4(network)?,
        prefix,
        ports,
    })
}

fn map(text: &str) -> Option<(SocketAddrV4, SocketAddrV4)> {
    let (believed, dialled) = text.split_once('>')?;
    Some((endpoint(believed)?, endpoint(dialled)?))
}
