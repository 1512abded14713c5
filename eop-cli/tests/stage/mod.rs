//! What the stories share: programs that are started, listened to, and gone at the end of their story.

#![allow(
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    reason = "a test may stop at what it did not expect, and no story uses everything"
)]

use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long a story waits for what has to come. A story that goes well does not wait for it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// `eop` with these arguments.
pub fn eop(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eop"));
    command.args(arguments);
    command
}

/// A program that runs as long as its story.
pub struct Program {
    pub child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Program {
    /// Starts it, and listens to its standard error.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .expect("it is installed");
        let stderr = child.stderr.take().expect("it is piped");
        let (heard, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                // Nobody may be listening any more.
                let _ = heard.send(line);
            }
        });
        Self {
            child,
            lines,
            said: Vec::new(),
        }
    }

    /// `eop` with these arguments, and where it listens.
    pub fn serving(arguments: &[&str]) -> (Self, String) {
        let mut program = Self::start(&mut eop(arguments));
        let address = program.address();
        (program, address)
    }

    /// Where it says that it listens.
    pub fn address(&mut self) -> String {
        let line = self.hear("listening on ");
        let (_, address) = line.split_once("listening on ").expect("it says so");
        address.to_owned()
    }

    /// Waits until it says something with `text` in it, and returns that line.
    pub fn hear(&mut self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(_) => panic!("never said {text:?}, but {:#?}", self.said),
            }
        }
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("it runs");
    }

    /// Waits until it ends by itself.
    pub fn end(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("our child") {
                return status;
            }
            assert!(Instant::now() < until, "it does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Everything it has said, once it has ended.
    pub fn said(mut self) -> String {
        self.end();
        self.said.extend(self.lines.iter());
        self.said.join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            self.said.extend(self.lines.try_iter());
            println!("{:#?}", self.said);
        }
    }
}

/// Whether these programs are there. In CI, missing ones are a failure.
pub fn there(programs: &[&str]) -> bool {
    programs.iter().all(|program| {
        let there = ["/usr/sbin", "/usr/bin"]
            .iter()
            .any(|folder| Path::new(folder).join(program).exists());
        assert!(
            there || std::env::var_os("CI").is_none(),
            "{program} is missing"
        );
        there
    })
}

/// Waits until somebody listens at `address`.
pub fn reach(address: &str) {
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < until, "nobody listens at {address}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A port of this machine that is free, and that nothing else is likely to take soon.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}

/// A folder that is gone with its story.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("room");
        Self(path)
    }

    /// A file in it.
    pub fn write(&self, name: &str, octets: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, octets).expect("room");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
