//! How long the conformance suite takes: with a peer that conforms, and with one that never says anything.

use std::env;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::counted;
use crate::experiment::{Experiment, Setting};
use crate::record::{Findings, Table};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "suite",
    title: "The conformance suite",
    asks: "How long does the whole suite take, from start to end: both roles of the built-in peer, which conforms; and a server \
that accepts and a client program that starts, neither of which ever says anything?",
    paper: "None.",
    meaning: "A suite that takes seconds is run at every change; one that waits out a limit for every case of a mute testee \
takes minutes.",
    run,
};

fn run(_: &mut Setting) -> Result<Findings> {
    let suite = program()?;
    let mut findings = Findings::default();
    let mut table = Table::new("The suite", &["", "seconds"]);
    let (good, status) = timed(Command::new(&suite))?;
    ensure!(status.success(), "the built-in peer fails: {status}");
    table.row("the built-in peer, both roles", [good]);

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?.to_string();
    thread::spawn(move || {
        // Accepted, kept, and never answered.
        let _held: Vec<_> = listener.incoming().collect();
    });
    let mut command = Command::new(&suite);
    command.args(["server", "--addr", &address]);
    let (mute_server, status) = timed(command)?;
    ensure!(!status.success(), "a mute server passes");
    table.row("a mute server", [mute_server]);
    let mut command = Command::new(&suite);
    command.args(["client", "--exec", "exec sleep 30"]);
    let (mute_client, status) = timed(command)?;
    ensure!(!status.success(), "a mute client passes");
    table.row("a mute client", [mute_client]);

    findings.budgets.push(counted(
        "the whole suite, a testee that conforms",
        5.0,
        good,
        "s",
    ));
    let mute = mute_server.max(mute_client);
    findings
        .budgets
        .push(counted("the whole suite, a mute testee", 3.0, mute, "s"));
    findings.tables.push(table);
    Ok(findings)
}

/// The suite's program, which lies beside this one once it is built.
fn program() -> Result<PathBuf> {
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "-p", "eop-conformance"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .context("cargo")?;
    ensure!(built.success(), "eop-conformance does not build");
    let ours = env::current_exe()?;
    Ok(ours.with_file_name("eop-conformance"))
}

/// Runs a command and says how many seconds it took.
fn timed(mut command: Command) -> Result<(f64, ExitStatus)> {
    let began = Instant::now();
    let status = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    Ok((began.elapsed().as_secs_f64(), status))
}
