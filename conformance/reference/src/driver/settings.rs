//! The settings of `connect` (`spec/testee.md`, 3.2), turned into a client's configuration.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use eop_net::client::{Config, Order};
use eop_net::policy::{Allow, Rule};
use eop_net::{Discipline, Fallback, Resending};

use crate::grammar;

/// What a session is begun with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) home: SocketAddrV4,
    pub(super) config: Config,
    /// `dial=`
    pub(super) map: Option<HashMap<SocketAddrV4, SocketAddrV4>>,
}

const DEFAULT_BUDGET: u64 = 1024 * 1024;

/// Reads what follows `connect`; a word for what is wrong with it.
pub(super) fn parse(words: &[&str]) -> Result<Settings, &'static str> {
    let (home, words) = words.split_first().ok_or("no-home")?;
    let home = grammar::endpoint(home).ok_or("home")?;
    let mut settings = Settings {
        home,
        config: Config::default(),
        map: None,
    };
    let mut budget = DEFAULT_BUDGET;
    let mut given = HashSet::new();
    for word in words {
        let (name, value) = word.split_once('=').ok_or("setting")?;
        if !given.insert(name) {
            return Err("twice");
        }
        if name == "budget" {
            budget = grammar::number(value).ok_or("budget")?.into();
        } else {
            settings.set(name, value).ok_or("setting")?;
        }
    }
    if let Resending::Automatic { budget: octets } = &mut settings.config.resending {
        *octets = budget;
    }
    Ok(settings)
}

impl Settings {
    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        let number = || grammar::number(value);
        let milliseconds = || number().map(u64::from);
        let time = || milliseconds().map(Duration::from_millis);
        let config = &mut self.config;
        match (name, value) {
            ("discipline", "paired") => config.service.discipline = Discipline::Paired,
            ("discipline", "manual") => config.service.discipline = Discipline::Manual,
            ("greeting", _) => config.service.greetings = number()?,
            ("resend", "explicit") => config.resending = Resending::Explicit,
            ("resend", "automatic") => {
                config.resending = Resending::Automatic {
                    budget: DEFAULT_BUDGET,
                };
            }
            ("policy", "secure") => config.rule = Rule::Secure,
            ("policy", "paper") => config.rule = Rule::Paper,
            ("allow", _) => config.allow = value.split(',').map(allow).collect::<Option<_>>()?,
            ("fallback", "none") => config.fallback = Fallback::None,
            ("fallback", "home") => config.fallback = Fallback::Home,
            ("order", "old-first") => config.order = Order::OldFirst,
            ("order", "new-first") => config.order = Order::NewFirst,
            ("limit", _) => config.service.max_payload = number()?,
            ("max-redirects", _) => config.bounds.redirects = number()?,
            ("moves", _) => config.bounds.moves = number()?,
            ("deadline", _) => {
                config.bounds.deadline = milliseconds()?;
                config.bounds.home_deadline = milliseconds()?;
            }
            ("episode", _) => config.bounds.quiet = milliseconds()?,
            ("stall", _) => config.stall = time()?,
            ("header", _) => config.header = time()?,
            ("dial", _) => self.map = Some(value.split(',').map(map).collect::<Option<_>>()?),
            _ => return None,
        }
        Some(())
    }
}

/// `ipv4 "/" number ":" ( "*" / port [ "-" port ] )`
fn allow(word: &str) -> Option<Allow> {
    let (prefix, ports) = word.split_once(':')?;
    let (prefix, bits) = prefix.split_once('/')?;
    let prefix: Ipv4Addr = grammar::ipv4(prefix)?;
    let bits = u8::try_from(grammar::number(bits)?)
        .ok()
        .filter(|bits| *bits <= 32)?;
    let (first_port, last_port) = match ports.split_once('-') {
        None if ports == "*" => (0, u16::MAX),
        None => (grammar::port(ports)?, grammar::port(ports)?),
        Some((first, last)) => (grammar::port(first)?, grammar::port(last)?),
    };
    Some(Allow {
        prefix,
        bits,
        first_port,
        last_port,
    })
}

/// `endpoint ">" endpoint`
fn map(word: &str) -> Option<(SocketAddrV4, SocketAddrV4)> {
    let (believed, real) = word.split_once('>')?;
    Some((grammar::endpoint(believed)?, grammar::endpoint(real)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Settings, &'static str> {
        parse(&text.split(' ').collect::<Vec<_>>())
    }

    #[test]
    fn the_budget_counts_wherever_it_stands() {
        for text in [
            "127.0.0.1:1 budget=9 resend=automatic",
            "127.0.0.1:1 resend=automatic budget=9",
        ] {
            let resending = parsed(text).unwrap().config.resending;
            assert_eq!(resending, Resending::Automatic { budget: 9 });
        }
    }

    #[test]
    fn allow_lists_have_a_prefix_and_ports() {
        let settings =
            parsed("127.0.0.1:1 allow=10.0.0.0/8:*,192.0.2.1/32:80,1.2.3.4/0:5-6").unwrap();
        let ports: Vec<_> = settings
            .config
            .allow
            .iter()
            .map(|allow| (allow.bits, allow.first_port, allow.last_port))
            .collect();
        assert_eq!(ports, [(8, 0, 65535), (32, 80, 80), (0, 5, 6)]);
    }

    #[test]
    fn a_map_tells_believed_endpoints_from_real_ones() {
        let map = parsed("192.0.2.1:1 dial=192.0.2.1:1>127.0.0.1:4000")
            .unwrap()
            .map
            .unwrap();
        let expected = (
            "192.0.2.1:1".parse().unwrap(),
            "127.0.0.1:4000".parse().unwrap(),
        );
        assert_eq!(map.into_iter().collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn what_the_grammar_does_not_have_is_refused() {
        for text in [
            "",
            "here",
            "127.0.0.1",
            "127.0.0.1:1 ",
            "127.0.0.1:1  limit=1",
            "127.0.0.1:1 limit",
            "127.0.0.1:1 limit=",
            "127.0.0.1:1 limit=-1",
            "127.0.0.1:1 limit=1 limit=1",
            "127.0.0.1:1 discipline=Paired",
            "127.0.0.1:1 colour=red",
            "127.0.0.1:1 allow=10.0.0.0/33:*",
            "127.0.0.1:1 allow=10.0.0.0/8",
            "127.0.0.1:1 allow=10.0.0.0/8:",
            "127.0.0.1:1 dial=127.0.0.1:1",
            "127.0.0.1:1 dial=",
            "127.0.0.1:1 budget=x",
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
