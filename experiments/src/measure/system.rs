//! What Linux tells of processes and sockets, and what this machine is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context, Result};
use rustix::thread::CpuSet;
use serde::{Deserialize, Serialize};

/// What stands for the sources' commit among the versions.
pub const COMMIT: &str = "commit";

/// Where an experiment ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many of them.
    pub processors: usize,
    /// Memory, in MiB.
    pub memory_mib: u64,
    /// The kernel.
    pub kernel: String,
    /// TCP's congestion control.
    pub congestion_control: String,
    /// Processes that wanted to run, on average, in the minute before.
    pub load_before: f64,
    /// What was measured, and with what.
    pub versions: BTreeMap<String, String>,
}

impl Machine {
    /// This one, now.
    #[must_use]
    pub fn here() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let after = |text: &str, key: &str| {
            let line = text.lines().find_map(|it| it.strip_prefix(key));
            line.map(|it| it.trim_matches([' ', ':', '\t']).to_owned())
                .unwrap_or_default()
        };
        let memory = after(&read("/proc/meminfo"), "MemTotal:");
        let kib = memory
            .split(' ')
            .next()
            .and_then(|it| it.parse::<u64>().ok());
        let load = read("/proc/loadavg");
        let load = load.split(' ').next().and_then(|it| it.parse().ok());
        let mut versions =
            BTreeMap::from([("eop".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]);
        for (program, argument) in [
            ("rustc", "--version"),
            ("nginx", "-v"),
            ("apache2", "-v"),
            ("valgrind", "--version"),
        ] {
            let said = said(program, &[argument]);
            let said = said.lines().next().unwrap_or("not here").trim();
            let said = said.rsplit_once(": ").map_or(said, |(_, version)| version);
            versions.insert(program.to_owned(), said.to_owned());
        }
        versions.insert(COMMIT.to_owned(), commit());
        Self {
            processor: after(&read("/proc/cpuinfo"), "model name"),
            processors: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mib: kib.unwrap_or_default() / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            congestion_control: read("/proc/sys/net/ipv4/tcp_congestion_control")
                .trim()
                .to_owned(),
            load_before: load.unwrap_or(f64::NAN),
            versions,
        }
    }
}

/// Of which commit the sources are; `-dirty` if they are not quite. Results are no sources: a run writes them one by one.
fn commit() -> String {
    let head = said("git", &["rev-parse", "--short", "HEAD"]);
    let sources = [
        ":(top)",
        ":(top,exclude)experiments/results",
        ":(top,exclude)experiments/REPORT.md",
    ];
    let status = ["status", "--porcelain", "--untracked-files=no", "--"];
    let changed = said("git", &[&status[..], &sources].concat());
    let dirty = if changed.is_empty() { "" } else { "-dirty" };
    head.trim().to_owned() + dirty
}

/// What a program prints, on either output.
fn said(program: &str, arguments: &[&str]) -> String {
    let said = Command::new(program).args(arguments).output();
    let said = said.map(|it| [it.stdout, it.stderr].concat());
    String::from_utf8_lossy(&said.unwrap_or_default()).into_owned()
}

/// A process and those that it started.
#[must_use]
pub fn family(process: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_whitespace().filter_map(|it| it.parse().ok());
    std::iter::once(process)
        .chain(children.flat_map(family))
        .collect()
}

/// Seconds that a process and those that it started have run on a processor.
#[must_use]
pub fn cpu_seconds(process: u32) -> f64 {
    let threads = family(process).into_iter().flat_map(|process| {
        let threads = fs::read_dir(format!("/proc/{process}/task"))
            .into_iter()
            .flatten();
        threads
            .filter_map(Result::ok)
            .map(|it| it.path())
            .collect::<Vec<PathBuf>>()
    });
    threads.filter_map(|thread| ran(&thread)).sum()
}

/// Seconds that this thread has run on a processor.
#[must_use]
pub fn own_cpu_seconds() -> f64 {
    ran(Path::new("/proc/thread-self")).unwrap_or(f64::NAN)
}

/// Seconds that a thread has run.
fn ran(thread: &Path) -> Option<f64> {
    let told = fs::read_to_string(thread.join("schedstat")).ok()?;
    let nanoseconds = told.split(' ').next()?.parse::<u64>().ok()?;
    Some(nanoseconds as f64 / 1e9)
}

/// Octets of memory that a process has all for itself.
///
/// # Errors
/// The process is gone.
pub fn private_octets(process: u32) -> Result<u64> {
    let rollup =
        fs::read_to_string(format!("/proc/{process}/smaps_rollup")).context("no such process")?;
    let private = rollup.lines().filter(|it| it.starts_with("Private_"));
    let kib = private.filter_map(|it| it.split_whitespace().nth(1)?.parse::<u64>().ok());
    Ok(kib.sum::<u64>() * 1024)
}

/// Octets of the kernel's own memory, most of which is sockets while many of them are made.
#[must_use]
pub fn kernel_octets() -> u64 {
    let told = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let slab = told.lines().find_map(|it| it.strip_prefix("Slab:"));
    slab.and_then(|it| it.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or_default()
        * 1024
}

/// Sockets in TIME_WAIT whose local end has this port.
#[must_use]
pub fn time_waits(port: u16) -> usize {
    let told = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let ending = format!(":{port:04X}");
    let waiting = told.lines().filter(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next().is_some_and(|local| local.ends_with(&ending)) && fields.nth(1) == Some("06")
    });
    waiting.count()
}

/// The processors that this process was given, in their order. They do not become fewer by [`stay_on`], which leaves its
/// caller but one of them: whoever asks the system later how many there are is told of that one.
fn processors() -> &'static [usize] {
    static PROCESSORS: LazyLock<Vec<usize>> = LazyLock::new(|| {
        let set = rustix::thread::sched_getaffinity(None).unwrap_or_default();
        (0..CpuSet::MAX_CPU).filter(|it| set.is_set(*it)).collect()
    });
    &PROCESSORS
}

/// The processor at a place among those that this process was given, or the last one if there are not so many: 0 is the
/// clients', 1 the servers'.
#[must_use]
pub fn processor(place: usize) -> usize {
    let processors = processors();
    let found = processors.get(place).or(processors.last());
    found.copied().unwrap_or_default()
}

/// Keeps the caller's thread, and those that it starts, on the processor at `place`, as far as there are so many.
pub fn stay_on(place: usize) {
    stay_on_any_of(&[processor(place)]);
}

/// Lets the caller's thread run anywhere again.
pub fn stay_anywhere() {
    stay_on_any_of(processors());
}

fn stay_on_any_of(processors: &[usize]) {
    let mut set = CpuSet::new();
    processors.iter().for_each(|it| set.set(*it));
    // Where that is not allowed, the figures are only less steady.
    let _ = rustix::thread::sched_setaffinity(None, &set);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_keep_their_processor_while_their_client_stays_on_its_own() {
        let given = std::thread::available_parallelism().expect("Linux tells");
        stay_on(0);
        let apart = processor(0) != processor(1);
        stay_anywhere();
        assert_eq!(apart, given.get() > 1);
    }

    #[test]
    fn whoever_stayed_on_one_processor_can_go_anywhere_again() {
        let given = std::thread::available_parallelism().expect("Linux tells");
        stay_on(0);
        stay_anywhere();
        let after = std::thread::available_parallelism().expect("Linux tells");
        assert_eq!(after, given);
    }
}
