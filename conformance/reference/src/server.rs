//! The server under test: where it listens, and with which options. What requests mean is `server/request.rs`'s, what is
//! done about them `server/serve.rs`'s, and over which sockets `server/stack.rs`'s.

use std::io::{self, Write as _};
use std::net::SocketAddrV4;
use std::sync::Arc;
use std::time::Duration;

use eop_net::server::Config;

use crate::environment::variable;
use crate::{grammar, tls};

mod request;
mod serve;
mod service;
mod stack;

use service::Service;
use stack::Stack;

/// Serves with a thread a connection.
pub(crate) fn run() -> io::Result<()> {
    run_over::<eop_net::Connection>()
}

/// Serves with a task a connection.
pub(crate) fn run_tokio() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let context = runtime.enter();
    let result = run_over::<eop_net::tokio::Connection>();
    drop(context);
    runtime.shutdown_background();
    result
}

/// Listens where `EOP_LISTEN` says, prints the `ready` line, and serves until standard input ends.
fn run_over<S: Stack>() -> io::Result<()> {
    let address = variable("EOP_LISTEN")?.unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let address = loopback(&address)?;
    let config = options(&variable("EOP_OPTIONS")?.unwrap_or_default())?;
    let service = Service::new(config, tls::server()?);
    let ready = S::serve(address, Arc::new(service), None)?;

    let mut stdout = io::stdout().lock();
    writeln!(stdout, "ready {ready}")?;
    stdout.flush()?;
    wait_for_the_end(io::stdin().lock())
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// EOP-TST-3: the test service moves anyone anywhere.
fn loopback(address: &str) -> io::Result<SocketAddrV4> {
    let endpoint = grammar::endpoint(address)
        .ok_or_else(|| invalid(format!("EOP_LISTEN=\"{address}\" is no endpoint A.B.C.D:P")))?;
    if endpoint.ip().is_loopback() {
        Ok(endpoint)
    } else {
        Err(invalid(format!(
            "EOP_LISTEN={endpoint} is not loopback (EOP-TST-3)"
        )))
    }
}

/// `EOP_OPTIONS`. What is unknown is ignored; what is known has to be a number.
fn options(text: &str) -> io::Result<Config> {
    let mut config = Config::default();
    for option in text.split(' ').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let number = || {
            grammar::number(value)
                .ok_or_else(|| invalid(format!("EOP_OPTIONS: {option}: \"{value}\" is no number")))
        };
        let time = || number().map(|number| Duration::from_millis(number.into()));
        match name {
            "limit" => config.service.max_payload = number()?,
            "linger-idle" => config.linger_idle = time()?,
            "linger-total" => config.linger_total = time()?,
            "header" => config.header = time()?,
            "stall" => config.stall = time()?,
            _ => {}
        }
    }
    Ok(config)
}

/// EOP-TST-2.
fn wait_for_the_end(mut stdin: impl io::Read) -> io::Result<()> {
    let mut ignored = [0; 4096];
    loop {
        match stdin.read(&mut ignored) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_change_what_they_name_and_nothing_else() {
        let config = options("limit=70000 future=x linger-idle=200").unwrap();
        let mut expected = Config::default();
        expected.service.max_payload = 70_000;
        expected.linger_idle = Duration::from_millis(200);
        assert_eq!(config, expected);
    }

    #[test]
    fn a_known_option_that_is_no_number_is_named() {
        let error = options("header=soon").unwrap_err().to_string();
        assert_eq!(error, "EOP_OPTIONS: header=soon: \"soon\" is no number");
    }

    #[test]
    fn the_test_service_listens_on_loopback_alone() {
        let error = loopback("0.0.0.0:4000").unwrap_err().to_string();
        assert_eq!(error, "EOP_LISTEN=0.0.0.0:4000 is not loopback (EOP-TST-3)");
    }
}
