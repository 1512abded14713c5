//! The requirements that no mutant breaks, and why.
//!
//! Every other one is broken by a mutant, which `tests/table.rs` checks row by row.

use std::fmt;

use crate::table::Role;

/// Why there is no mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It permits something; nothing that a peer does breaks it.
    Permission,
    /// What it asks shows neither on a connection nor in the contract with a testee.
    Unseen,
    /// It is about TLS, of which the contract with a testee says nothing.
    Tls,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permission => "it permits, and nothing breaks it",
            Self::Unseen => "it shows neither on a connection nor in the contract with a testee",
            Self::Tls => "it is about TLS, of which the contract with a testee says nothing",
        })
    }
}

/// A requirement without a mutant of a role.
#[derive(Debug, Clone, Copy)]
pub struct Unbroken {
    /// Its identifier.
    pub requirement: &'static str,
    /// The role.
    pub role: Role,
    /// Why.
    pub reason: Reason,
}

const fn none(requirement: &'static str, role: Role, reason: Reason) -> Unbroken {
    Unbroken {
        requirement,
        role,
        reason,
    }
}

/// Every requirement and role without a mutant.
pub const UNBROKEN: &[Unbroken] = &[
    none("EOP-FRM-4", Role::Server, Reason::Unseen),
    none("EOP-FRM-4", Role::Client, Reason::Unseen),
    none("EOP-OPC-5", Role::Server, Reason::Unseen),
    none("EOP-OPC-6", Role::Server, Reason::Unseen),
    none("EOP-LIM-4", Role::Server, Reason::Unseen),
    none("EOP-LIM-4", Role::Client, Reason::Unseen),
    none("EOP-LIM-5", Role::Server, Reason::Unseen),
    none("EOP-LIM-5", Role::Client, Reason::Unseen),
    none("EOP-RED-11", Role::Server, Reason::Permission),
    none("EOP-RED-16", Role::Server, Reason::Permission),
    none("EOP-CLS-6", Role::Server, Reason::Permission),
    none("EOP-SEC-1", Role::Client, Reason::Tls),
    none("EOP-SEC-2", Role::Client, Reason::Tls),
    none("EOP-SEC-3", Role::Server, Reason::Tls),
    none("EOP-SEC-3", Role::Client, Reason::Tls),
    none("EOP-SEC-4", Role::Client, Reason::Tls),
    none("EOP-SEC-5", Role::Client, Reason::Tls),
    none("EOP-SEC-6", Role::Server, Reason::Tls),
    none("EOP-SEC-6", Role::Client, Reason::Tls),
    none("EOP-SEC-7", Role::Client, Reason::Tls),
];
