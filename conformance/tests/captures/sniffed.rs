//! What really went over the loopback interface, against what the suite logged: the log does not only agree with itself.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::tshark::Tshark;
use crate::{EVERY_PORT, decoded, logged};

/// How long tshark may take to see a packet that went by.
const PATIENCE: Duration = Duration::from_secs(20);

/// The built-in server as a process; it ends with its standard input.
struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    address: SocketAddr,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_eop-conformance"))
            .args(["peer", "server"])
            .env("EOP_LISTEN", "127.0.0.1:0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line
            .trim()
            .rsplit(' ')
            .next()
            .and_then(|address| address.parse().ok());
        Self {
            stdin: child.stdin.take(),
            child,
            address: address.unwrap_or_else(|| panic!("no address in `{line}`")),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// tshark while it sniffs, and the client ports of the packets that it has written.
struct Sniffer {
    child: Child,
    ports: Receiver<String>,
}

impl Sniffer {
    /// A sniffer at one port that is known to work; `None` if this user may not sniff.
    fn start(tshark: &Tshark, server: SocketAddr, capture: &Path) -> Option<Self> {
        let mut child = tshark
            .command()
            .args([
                "-i",
                "lo",
                "-f",
                &format!("tcp port {}", server.port()),
                "-w",
            ])
            .arg(capture)
            .args([
                "-l",
                "-P",
                "-T",
                "fields",
                "-e",
                "tcp.srcport",
                "-a",
                "duration:60",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("tshark starts");
        let stdout = child.stdout.take().expect("a pipe");
        let (sender, ports) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut sniffer = Self { child, ports };
        let until = Instant::now() + PATIENCE;
        let mut probes = Vec::new();
        loop {
            probes.push(probe(server));
            if sniffer.sees(&probes, Duration::from_millis(200)) {
                return Some(sniffer);
            }
            if sniffer.child.try_wait().expect("its own child").is_some() {
                return None;
            }
            assert!(Instant::now() < until, "tshark sees no packet");
        }
    }

    /// Whether a packet from one of these ports is written within `wait`.
    fn sees(&self, ports: &[String], wait: Duration) -> bool {
        let until = Instant::now() + wait;
        let left = || until.saturating_duration_since(Instant::now());
        let mut written = std::iter::from_fn(|| self.ports.recv_timeout(left()).ok());
        written.any(|port| ports.contains(&port))
    }

    fn stop(mut self) {
        let told = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        assert!(told.is_ok_and(|status| status.success()));
        let _ = self.child.wait();
    }
}

/// A connection in which nothing is said; the port that it came from.
fn probe(server: SocketAddr) -> String {
    let probe = TcpStream::connect(server).expect("the server listens");
    let from = probe.local_addr().expect("it has an address");
    from.port().to_string()
}

#[test]
fn a_sniffed_session_is_what_the_suite_logged() {
    let Some(tshark) = Tshark::here() else { return };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (capture, log) = (folder.join("sniffed.pcapng"), folder.join("sniffed.jsonl"));
    let server = Server::start();
    let Some(sniffer) = Sniffer::start(&tshark, server.address, &capture) else {
        eprintln!("SKIPPED: this user may not sniff at the loopback interface");
        return;
    };
    let status = Command::new(env!("CARGO_BIN_EXE_eop-conformance"))
        .args([
            "server",
            "--addr",
            &server.address.to_string(),
            "--timelines",
        ])
        .args([
            "--case",
            "red.early",
            "--case",
            "red.late",
            "--case",
            "red.idle",
            "--out",
        ])
        .arg(format!("jsonl={}", log.display()))
        .status();
    assert!(status.is_ok_and(|status| status.success()));
    assert!(
        sniffer.sees(&[probe(server.address)], PATIENCE),
        "the packet behind the last of the session"
    );
    sniffer.stop();
    let sniffed = decoded::connections(&tshark, &capture, EVERY_PORT);
    let logged = logged::connections(&log);
    assert_eq!(logged.len(), 3 * 15, "every cut of three cases");
    for connection in logged {
        assert!(
            sniffed.contains(&connection),
            "{connection:?} is not in the capture"
        );
    }
}
