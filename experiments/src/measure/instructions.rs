//! Instructions, counted by callgrind: exact, the same on a busy machine, and so fit to be a test.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Instructions that the contender of this name, of so many units in a round, takes for a unit: what four rounds take more than two, so that getting ready is not
/// counted.
///
/// # Errors
/// valgrind is not installed, or says nothing.
pub fn per_unit(contender: &str, units: u32) -> Result<f64> {
    let (two, four) = (collected(contender, 2)?, collected(contender, 4)?);
    Ok((four - two) / 2.0 / f64::from(units))
}

fn collected(contender: &str, rounds: u32) -> Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["count", contender, &rounds.to_string()])
        .output()
        .context("valgrind has to be installed")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "valgrind failed: {told}");
    let collected = told
        .lines()
        .find_map(|it| it.split_once("Collected : ")?.1.parse().ok());
    collected.with_context(|| format!("valgrind counted nothing: {told}"))
}
