//! A process of the testee: its lines, its input, its end. It never outlives the runner's interest in it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::NotStarted;
use crate::authority::VARIABLES;

/// The longest line taken from a testee, in octets; the contract's longest is 8,300.
const LONGEST_LINE: u64 = 64 * 1024;
/// Lines that may wait to be taken; a testee that prints more waits as well.
const UNTAKEN: usize = 256;
/// How long a process may take to leave once its input has ended, before it is killed.
const LEAVE: Duration = Duration::from_millis(400);

/// What a process prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its end.
    Text(String),
    /// Something that is no line of text: what it was, and how it began.
    Garbage(String),
    /// The end of its output.
    End,
}

/// What a process is told by its environment.
pub(super) type Environment = [(&'static str, String)];

/// A running process.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    input: Option<Sender<String>>,
    /// How it ended, once it was waited for.
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts `command` with the shell's word splitting; what it prints comes through the channel.
    pub(super) fn start(
        command: &str,
        environment: &Environment,
    ) -> Result<(Self, Receiver<Line>), NotStarted> {
        let failed = |what: &str| NotStarted(format!("cannot start `{command}`: {what}"));
        let mut child = shell(command)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(&error.to_string()))?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("it has no pipes"));
        };
        let (print, lines) = mpsc::sync_channel(UNTAKEN);
        std::thread::spawn(move || read(BufReader::new(stdout), &print));
        // A testee that stops reading must not hold up the runner: a thread of its own waits for it.
        let (input, commands) = mpsc::channel::<String>();
        std::thread::spawn(move || {
            for line in commands {
                if stdin
                    .write_all(line.as_bytes())
                    .and_then(|()| stdin.flush())
                    .is_err()
                {
                    return;
                }
            }
        });
        Ok((
            Self {
                child,
                input: Some(input),
                status: None,
            },
            lines,
        ))
    }

    /// Starts `command` alike, with neither input nor output.
    pub(super) fn start_alone(
        command: &str,
        environment: &Environment,
    ) -> Result<Self, NotStarted> {
        let child = shell(command)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| NotStarted(format!("cannot start `{command}`: {error}")))?;
        Ok(Self {
            child,
            input: None,
            status: None,
        })
    }

    /// Writes a line to the process. A process that has gone is noticed by the end of its output.
    pub(super) fn say(&self, line: &str) {
        if let Some(input) = &self.input {
            let _ = input.send(format!("{line}\n"));
        }
    }

    /// Ends its input and says whether it left by itself in time.
    pub(super) fn leave(&mut self, wait: Duration) -> bool {
        self.input = None;
        let until = Instant::now() + wait;
        while !self.has_left() {
            if Instant::now() > until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }

    /// Whether it has left. It is not forgotten by that: until then its number, which is its group's too, is no other's.
    fn has_left(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // A process that cannot be waited for was waited for.
        id.is_none_or(|id| !matches!(waitid(WaitId::Pid(id), options), Ok(None)))
    }

    /// How much memory it holds that is its own to write to, with the processes that it started, in octets; `None` where
    /// the system does not tell.
    pub(super) fn memory(&self) -> Option<u64> {
        let group = self.child.id().to_string();
        let mut held = None;
        for entry in std::fs::read_dir("/proc").ok()?.flatten() {
            let told = |file: &str| std::fs::read_to_string(entry.path().join(file)).ok();
            // The name in parentheses may hold anything; behind it stand state, parent and group.
            let ours = told("stat").is_some_and(|stat| {
                let behind = stat.rsplit_once(") ").map(|(_, behind)| behind);
                behind.and_then(|fields| fields.split(' ').nth(2)) == Some(&group)
            });
            if let Some(octets) = ours.then(|| data(&told("status")?)).flatten() {
                held = Some(octets.saturating_add(held.unwrap_or(0)));
            }
        }
        held
    }

    /// Ends everything that it started and has left behind, and itself, at once.
    pub(super) fn kill(&mut self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = id.filter(|_| self.status.is_none()) {
            let _ = kill_process_group(group, Signal::KILL);
            // It may have left the group that it was started in.
            let _ = self.child.kill();
        }
        self.status = self.child.wait().ok().or(self.status);
    }

    /// Its process group.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Option<String> {
        if self.has_left() {
            self.kill();
        }
        self.status.map(|status| status.to_string())
    }
}

/// A command for the shell, in a process group of its own; its standard error is the user's.
fn shell(command: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    // Whoever is to speak TLS is told so by the runner alone.
    for name in VARIABLES {
        shell.env_remove(name);
    }
    shell
        .args(["-c", command])
        .stderr(Stdio::inherit())
        .process_group(0);
    shell
}

impl Drop for Process {
    fn drop(&mut self) {
        self.leave(LEAVE);
        self.kill();
    }
}

/// `VmData` of a process's status, in octets.
fn data(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmData:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

fn read(mut output: BufReader<impl std::io::Read>, print: &SyncSender<Line>) {
    loop {
        let mut octets = Vec::new();
        let line = match output
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut octets)
        {
            Ok(0) | Err(_) => Line::End,
            Ok(_) => parse(&octets),
        };
        let last = !matches!(line, Line::Text(_));
        if print.send(line).is_err() || last {
            return;
        }
    }
}

fn parse(octets: &[u8]) -> Line {
    let shown = || {
        String::from_utf8_lossy(octets.get(..octets.len().min(60)).unwrap_or_default())
            .escape_debug()
            .to_string()
    };
    match octets.strip_suffix(b"\n") {
        Some(line) => match std::str::from_utf8(line) {
            Ok(text) => Line::Text(text.to_owned()),
            Err(_) => Line::Garbage(format!("a line that is not text: \"{}\"", shown())),
        },
        None => Line::Garbage(format!(
            "{} octets without an end of line: \"{}\"",
            octets.len(),
            shown()
        )),
    }
}
