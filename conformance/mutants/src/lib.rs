//! Peers that are wrong on purpose, with which the conformance suite is measured.
//!
//! One small EOP peer of its own in both roles, independent of the product's crates, with one knob: the fault.
//! Without a fault (`none`) it is a complete test service and a complete driver, as `spec/testee.md` asks; with
//! one it breaks the requirements that [`MUTANTS`] names, and a suite that does not notice has a hole there.
//!
//! ```
//! use eop_mutants::{MUTANTS, Role};
//!
//! let late = MUTANTS.iter().find(|mutant| mutant.name == "acts-after-redirect" && mutant.role == Role::Server);
//! assert!(late.is_some_and(|mutant| mutant.breaks.contains(&"EOP-RSD-1")));
//! ```
//!
//! | File | |
//! |---|---|
//! | `table` | every mutant: name, fault, requirements |
//! | `frame` | octets into frames and back, wrong on demand |
//! | `service`, `server` | the test service: its grammar; its connections |
//! | `command`, `driver`, `session`, `episode`, `policy` | the driver: its grammar; its loop; one client session; its bounds; the target policy |
//! | `stream`, `tls` | a connection's octets, over TLS if the environment says so; whom it trusts then |
//! | `payload`, `text`, `socket`, `unacknowledged` | what both roles stand on |

#![forbid(unsafe_code)]

mod command;
mod driver;
mod episode;
mod frame;
mod payload;
mod policy;
mod server;
mod service;
mod session;
mod socket;
mod stream;
mod table;
mod text;
mod tls;
mod unacknowledged;

use std::fmt;
use std::process::ExitCode;

pub use table::{MUTANTS, Mutant, Role};

/// No mutant of that role has that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The role that was asked for.
    pub role: Role,
    /// The name that was asked for.
    pub name: String,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match self.role {
            Role::Server => "server",
            Role::Client => "client",
        };
        write!(f, "no {role} mutant is named {:?}", self.name)
    }
}

impl std::error::Error for Unknown {}

/// Serves the test service with the fault of `mutant`, until standard input ends (`spec/testee.md` section 2):
/// the environment says where and how, standard output gets the `ready` line. The code is 0 after that, and 2 where the server could not listen.
///
/// # Errors
/// [`Unknown`] if no server mutant has that name; nothing was done then.
pub fn server(mutant: &str) -> Result<ExitCode, Unknown> {
    find(Role::Server, mutant).map(|mutant| server::run(mutant.knob))
}

/// Drives client sessions with the fault of `mutant`, commands on standard input and events on standard output,
/// until standard input ends (`spec/testee.md` section 3). The code is 0 then.
///
/// # Errors
/// [`Unknown`] if no client mutant has that name; nothing was done then.
pub fn client(mutant: &str) -> Result<ExitCode, Unknown> {
    find(Role::Client, mutant).map(|mutant| driver::run(mutant.knob))
}

fn find(role: Role, name: &str) -> Result<&'static Mutant, Unknown> {
    let mut mutants = MUTANTS.iter();
    mutants
        .find(|mutant| mutant.role == role && mutant.name == name)
        .ok_or_else(|| Unknown {
            role,
            name: name.to_owned(),
        })
}
