//! Processes to talk to, and a hand-made peer for the other end of the wire.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn normal(payload: &[u8]) -> Vec<u8> {
    frame(1, "0.0.0.0:0".parse().unwrap(), payload)
}

pub(crate) fn redirect(target: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    frame(2, target, payload)
}

pub(crate) fn frame(opcode: u16, endpoint: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    let mut octets = [opcode.to_be_bytes(), endpoint.port().to_be_bytes()].concat();
    octets.extend(endpoint.ip().octets());
    octets.extend(length.to_be_bytes());
    octets.extend(payload);
    octets
}

/// A mutant in a process of its own.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Process {
    fn start(role: &str, name: &str, options: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_eop-mutants"))
            .args([role, name])
            .env("EOP_LISTEN", "127.0.0.1:0")
            .env("EOP_OPTIONS", options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        Self {
            input: child.stdin.take(),
            child,
            lines,
        }
    }

    pub(crate) fn tell(&self, line: &str) {
        writeln!(self.input.as_ref().unwrap(), "{line}").unwrap();
    }

    pub(crate) fn hear(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }

    /// Ends standard input and says how the process left.
    pub(crate) fn leave(mut self) -> Option<i32> {
        self.input = None;
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server mutant and where it listens.
pub(crate) struct Service {
    pub(crate) process: Process,
    pub(crate) address: SocketAddrV4,
}

impl Service {
    pub(crate) fn start(name: &str, options: &str) -> Self {
        let process = Process::start("server", name, options);
        let address = process
            .hear()
            .strip_prefix("ready ")
            .unwrap()
            .parse()
            .unwrap();
        Self { process, address }
    }

    pub(crate) fn connect(&self) -> Wire {
        Wire::new(TcpStream::connect(self.address).unwrap())
    }

    /// Asks on a connection of its own.
    pub(crate) fn ask(&self, request: &str) -> String {
        self.connect().ask(request)
    }

    /// A port of the same process whose connections begin with these steps.
    pub(crate) fn listen(&self, steps: &str) -> SocketAddrV4 {
        let port = self.ask(&format!("listen {steps}"));
        SocketAddrV4::new(
            *self.address.ip(),
            port.strip_prefix("port ").unwrap().parse().unwrap(),
        )
    }
}

/// A driver that said hello.
pub(crate) fn driver(name: &str) -> Process {
    let process = Process::start("client", name, "");
    assert_eq!(process.hear(), "hello eop-test 1 role=client");
    process
}

impl Process {
    /// Begins session 1 with a home, and takes the `connected` line.
    pub(crate) fn connect(&self, home: SocketAddrV4, settings: &str) {
        self.tell(format!("1 connect {home} {settings}").trim_end());
        self.connected(home, 0);
    }

    pub(crate) fn connected(&self, to: SocketAddrV4, hop: u32) {
        let line = self.hear();
        let begins = line.starts_with(&format!("1 connected {to} local=127.0.0.1:"));
        assert!(begins && line.ends_with(&format!(" hop={hop}")), "{line}");
    }

    pub(crate) fn expect(&self, line: &str) {
        assert_eq!(self.hear(), line);
    }
}

/// A server made by hand: a listener whose connections the test plays itself.
pub(crate) struct Stage {
    listener: TcpListener,
    pub(crate) address: SocketAddrV4,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let SocketAddr::V4(address) = listener.local_addr().unwrap() else {
            panic!("an IPv4 address")
        };
        Self { listener, address }
    }

    pub(crate) fn accept(&self) -> Wire {
        Wire::new(self.listener.accept().unwrap().0)
    }
}

/// A connection played by hand.
pub(crate) struct Wire(pub(crate) TcpStream);

impl Wire {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    pub(crate) fn send(&mut self, octets: &[u8]) {
        self.0.write_all(octets).unwrap();
    }

    pub(crate) fn expect(&mut self, octets: &[u8]) {
        let mut read = vec![0; octets.len()];
        self.0.read_exact(&mut read).unwrap();
        assert_eq!(read, octets);
    }

    pub(crate) fn message(&mut self) -> Vec<u8> {
        let mut header = [0; 12];
        self.0.read_exact(&mut header).unwrap();
        assert_eq!(header[..8], [0, 1, 0, 0, 0, 0, 0, 0]);
        let length = u32::from_be_bytes(*header.last_chunk().unwrap());
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).unwrap();
        payload
    }

    pub(crate) fn ask(&mut self, request: &str) -> String {
        self.send(&normal(request.as_bytes()));
        String::from_utf8(self.message()).unwrap()
    }

    pub(crate) fn finish(&mut self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }

    /// Reads to the end and says how it came, with what came before.
    pub(crate) fn ending(&mut self) -> (Vec<u8>, Ending) {
        let mut rest = Vec::new();
        let ending = match self.0.read_to_end(&mut rest) {
            Ok(_) => Ending::Fin,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ending::Reset,
            Err(error) => panic!("neither FIN nor RST: {error}"),
        };
        (rest, ending)
    }

    pub(crate) fn ends_cleanly(&mut self) {
        assert_eq!(self.ending(), (Vec::new(), Ending::Fin));
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Fin,
    Reset,
}
