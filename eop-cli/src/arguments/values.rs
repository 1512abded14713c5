//! What a value on the command line has to look like.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use eop_net::policy::{Allow, never};

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(Duration::ZERO) | Err(_) => Err("not a number of seconds above 0".to_owned()),
        Ok(duration) => Ok(duration),
    }
}

/// A server to begin at, by its name or its address. Whether the name leads anywhere shows later.
pub(super) fn home(text: &str) -> Result<String, String> {
    let named = text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    named
        .then(|| text.to_owned())
        .ok_or_else(|| "not of the form service.example:9000".to_owned())
}

pub(super) fn target(text: &str) -> Result<SocketAddrV4, String> {
    let target = text
        .parse()
        .map_err(|_| "not of the form 192.0.2.10:9000")?;
    match never(target) {
        None => Ok(target),
        Some(_) => Err("no client may be sent there (EOP-RED-14)".to_owned()),
    }
}

pub(super) fn allow(text: &str) -> Result<Allow, String> {
    parse_allow(text).ok_or_else(|| "not of the form 203.0.113.0/24:9000-9010".to_owned())
}

fn parse_allow(text: &str) -> Option<Allow> {
    let (network, ports) = text.split_once(':')?;
    let (prefix, bits) = network.split_once('/').unwrap_or((network, "32"));
    let prefix: Ipv4Addr = prefix.parse().ok()?;
    let bits = bits.parse().ok().filter(|bits| *bits <= 32)?;
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let (first_port, last_port) = (first.parse().ok()?, last.parse().ok()?);
    (first_port <= last_port).then_some(Allow {
        prefix,
        bits,
        first_port,
        last_port,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_has_a_name_and_a_port() {
        let right = ["service.example:9000", "127.0.0.1:1", "localhost:65535"];
        let wrong = [
            "service.example",
            ":9000",
            "a:",
            "a:0",
            "a:65536",
            "a:b",
            "",
        ];
        assert!(right.into_iter().all(|text| home(text).is_ok()));
        assert!(wrong.into_iter().all(|text| home(text).is_err()));
    }

    #[test]
    fn an_exception_names_a_network_and_its_ports() {
        let expected = Allow {
            prefix: Ipv4Addr::new(203, 0, 113, 0),
            bits: 24,
            first_port: 9000,
            last_port: 9010,
        };
        assert_eq!(allow("203.0.113.0/24:9000-9010"), Ok(expected));
    }

    #[test]
    fn an_exception_of_one_endpoint_needs_neither_bits_nor_a_second_port() {
        let expected = Allow {
            prefix: Ipv4Addr::new(203, 0, 113, 7),
            bits: 32,
            first_port: 9000,
            last_port: 9000,
        };
        assert_eq!(allow("203.0.113.7:9000"), Ok(expected));
    }

    #[test]
    fn an_exception_without_ports_or_with_none_between_is_refused() {
        let wrong = ["203.0.113.0/24", "203.0.113.0/33:1", "203.0.113.0/24:2-1"];
        assert!(wrong.into_iter().all(|text| allow(text).is_err()));
    }
}
