//! A client under test without a driver: a program that is started for every play, with the runner's address on its
//! command line. What it prints and what it is asked for is its own affair.

use std::net::SocketAddrV4;
use std::sync::Arc;
use std::time::Duration;

use super::process::Process;
use super::{NotStarted, environment};
use crate::authority::{Authority, NAME};
use crate::case::Role;
use crate::verdict::{Step, Stop};

/// A client program under test.
#[derive(Debug)]
pub struct ProgramTestee {
    command: String,
    answer: Vec<u8>,
    authority: Option<Arc<Authority>>,
}

/// A run of the program.
#[derive(Debug)]
pub struct Program(Process);

impl ProgramTestee {
    /// The program that `command` starts, once `{addr}`, or `{host}` and `{port}`, are put in; `answer` is a payload that
    /// it takes for an answer to its request. With an authority it speaks TLS, and `{ca}` and `{name}` are put in too.
    pub fn new(
        command: &str,
        answer: Vec<u8>,
        authority: Option<Arc<Authority>>,
    ) -> Result<Self, NotStarted> {
        if !command.contains("{addr}") && !command.contains("{port}") {
            return Err(NotStarted(format!(
                "`{command}` says nowhere where the address goes: {{addr}}, or {{host}} and {{port}}"
            )));
        }
        Ok(Self {
            command: command.to_owned(),
            answer,
            authority,
        })
    }

    /// Who vouches for whom, if the program speaks TLS.
    #[must_use]
    pub const fn authority(&self) -> Option<&Arc<Authority>> {
        self.authority.as_ref()
    }

    /// A payload that the program takes for an answer.
    #[must_use]
    pub fn answer(&self) -> &[u8] {
        &self.answer
    }

    /// Starts the program, which is to connect to `home`.
    pub fn start(&self, home: SocketAddrV4) -> Step<Program> {
        let mut command = self
            .command
            .replace("{addr}", &home.to_string())
            .replace("{host}", &home.ip().to_string())
            .replace("{port}", &home.port().to_string());
        if let Some(authority) = &self.authority {
            command = command
                .replace("{ca}", &authority.trust().display().to_string())
                .replace("{name}", NAME);
        }
        let environment = environment(self.authority.as_ref(), Role::Client);
        let started = Process::start_alone(&command, &environment);
        started
            .map(Program)
            .map_err(|NotStarted(why)| Stop::Gone(why))
    }
}

impl Program {
    /// Whether the program has ended within so long.
    pub fn ended_within(&mut self, time: Duration) -> bool {
        self.0.leave(time)
    }

    /// How the program ended, if it has.
    pub fn ended(&mut self) -> Option<String> {
        self.0.ended()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill();
    }
}
