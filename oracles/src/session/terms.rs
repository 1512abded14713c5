//! What a session is played with: the terms of the service and the session's configuration, from four octets.

use core::net::SocketAddrV4;

use eop_statemachine::policy::{Allow, Home, Policy, Rule, Scope};
use eop_statemachine::session::{Bounds, Config, Fallback, Resending};
use eop_statemachine::{Discipline, Service};

use crate::plan::Plan;

/// Messages that may be outstanding.
pub(super) const ROOM: usize = 3;
/// Octets of payload that a message from the server may have.
pub(super) const LIMIT: u32 = 64;

/// Endpoints that occur: home's first. Some of them no policy lets pass, some only one does.
pub(super) const ENDPOINTS: [([u8; 4], u16); 12] = [
    ([10, 0, 0, 1], 4000),
    ([10, 0, 0, 2], 4000),
    ([10, 0, 0, 3], 4000),
    ([192, 168, 1, 4], 4000),
    ([100, 64, 0, 5], 80),
    ([172, 31, 0, 6], 4000),
    ([127, 0, 0, 7], 4000),
    ([8, 8, 8, 8], 4000),
    ([169, 254, 0, 9], 4000),
    ([10, 0, 0, 2], 0),
    ([198, 19, 0, 1], 4000),
    ([224, 0, 0, 1], 4000),
];

pub(super) fn endpoint(index: usize) -> SocketAddrV4 {
    let (addr, port) = ENDPOINTS[index];
    SocketAddrV4::new(addr.into(), port)
}

#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub manual: bool,
    /// The replay budget, with automatic resending.
    pub budget: Option<u64>,
    pub greetings: usize,
    pub fallback: bool,
    pub secured: bool,
    pub paper: bool,
    /// Whether the policy has an exception for the third endpoint's network.
    pub allows: bool,
    /// Whether home is IPv4.
    pub home_v4: bool,
    pub bounds: Bounds,
}

const ALLOWED: [Allow; 1] = [Allow {
    prefix: core::net::Ipv4Addr::new(198, 18, 0, 0),
    bits: 15,
    first_port: 1,
    last_port: u16::MAX,
}];

impl Terms {
    pub(super) fn new(plan: &mut Plan<'_>) -> Self {
        let [kind, policy, count, time] = [(); 4].map(|()| plan.octet());
        let flag = |octet: u8, bit: u8| octet >> bit & 1 == 1;
        let manual = flag(kind, 0);
        Self {
            manual,
            budget: (!manual && flag(kind, 1)).then_some(20),
            greetings: usize::from(flag(kind, 2)),
            fallback: flag(kind, 3),
            secured: flag(policy, 0),
            paper: flag(policy, 1),
            allows: flag(policy, 2),
            home_v4: !flag(policy, 3) || !flag(policy, 4),
            bounds: Bounds {
                redirects: [5, 2, 1, 0][usize::from(count & 3)],
                moves: [30, 3, 2, 1][usize::from(count >> 2 & 3)],
                moves_window: [60_000, 7_000][usize::from(time & 1)],
                quiet: [10_000, 3_000][usize::from(time >> 1 & 1)],
                deadline: [30_000, 5_000][usize::from(time >> 2 & 1)],
                home_deadline: [30_000, 4_000][usize::from(time >> 3 & 1)],
            },
        }
    }

    pub(super) fn home(&self) -> Home {
        if self.home_v4 {
            Home::v4(endpoint(0))
        } else {
            Home::other(Scope::Private, 4000)
        }
    }

    pub(super) fn config(&self) -> Config {
        Config {
            service: Service {
                discipline: if self.manual {
                    Discipline::Manual
                } else {
                    Discipline::Paired
                },
                greetings: self.greetings as u32,
                max_payload: LIMIT,
            },
            resending: match self.budget {
                Some(budget) => Resending::Automatic { budget },
                None => Resending::Explicit,
            },
            fallback: if self.fallback {
                Fallback::Home
            } else {
                Fallback::None
            },
            bounds: self.bounds,
            secured: self.secured,
        }
    }

    pub(super) fn policy(&self) -> Policy<'static> {
        Policy {
            rule: if self.paper {
                Rule::Paper
            } else {
                Rule::Secure
            },
            allow: if self.allows { &ALLOWED } else { &[] },
        }
    }
}
