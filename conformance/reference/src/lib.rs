//! The built-in testee: the test contract of `spec/testee.md` over `eop-net`, so that the suite has a peer to judge where
//! nobody brings one. Each role is a process of its own, over TLS if the environment says so; nothing of the judge may come in.

mod driver;
mod environment;
mod grammar;
mod server;
mod tls;

use std::process::ExitCode;

/// Runs the test service, as section 2 of `spec/testee.md` has it, until standard input ends. It listens on loopback alone
/// (EOP-TST-3).
#[must_use]
pub fn server() -> ExitCode {
    report("server", server::run())
}

/// Runs the driver, as section 3 of `spec/testee.md` has it, until standard input ends.
#[must_use]
pub fn client() -> ExitCode {
    report("client", driver::run())
}

/// The same server over tokio.
#[must_use]
pub fn server_tokio() -> ExitCode {
    report("server", server::run_tokio())
}

/// The same driver over tokio.
#[must_use]
pub fn client_tokio() -> ExitCode {
    report("client", driver::run_tokio())
}

/// Standard output belongs to the contract; what went wrong goes to standard error.
fn report(role: &str, result: std::io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("eop reference {role}: {error}");
            ExitCode::FAILURE
        }
    }
}
