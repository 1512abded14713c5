//! The server: one loop over a poll set. It speaks the test service of `spec/testee.md` section 2 by the rules of
//! `spec/eop.md`, save for its fault. What happens on one connection stands in `connection`.

mod connection;
mod draining;

use std::collections::{HashMap, HashSet};
use std::env;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use self::connection::Connection;
use crate::driver::stay;
use crate::service::Step;
use crate::socket::{listen_at, reset, wait};
use crate::table::Fault;
use crate::text::{endpoint, number};
use crate::tls::ServerTls;

pub(crate) fn run(fault: Fault) -> ExitCode {
    if fault.has(Fault::ExitAtOnce) {
        return ExitCode::FAILURE;
    }
    if fault.has(Fault::Hang) {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        return ExitCode::SUCCESS;
    }
    let address = env::var("EOP_LISTEN").unwrap_or_else(|_| "127.0.0.1:0".to_owned());
    let Some(mut address) = endpoint(&address) else {
        eprintln!("EOP_LISTEN={address} is no endpoint; 127.0.0.1:0 is one");
        return ExitCode::from(2);
    };
    let options = match Options::parse(&env::var("EOP_OPTIONS").unwrap_or_default(), fault) {
        Ok(options) => options,
        Err(option) => {
            eprintln!("EOP_OPTIONS: {option} has no number from 0 to 4294967295");
            return ExitCode::from(2);
        }
    };
    if fault.has(Fault::AddressIgnored) && address.ip().is_loopback() {
        address.set_ip(Ipv4Addr::LOCALHOST);
    }
    let asked = *address.ip();
    if fault.has(Fault::ListensAnywhere) {
        // It only says so: nothing of this leaves the machine.
        address.set_ip(Ipv4Addr::LOCALHOST);
    }
    if !address.ip().is_loopback() {
        eprintln!("EOP_LISTEN has to name a loopback address (EOP-TST-3)");
        return ExitCode::from(2);
    }
    let tls = match ServerTls::of_environment(fault) {
        Ok(tls) => tls,
        Err(why) => {
            eprintln!("cannot speak TLS: {why}");
            return ExitCode::from(2);
        }
    };
    match Server::listen(address, asked, options, tls, fault) {
        Ok(mut server) => {
            server.serve();
            if fault.has(Fault::StaysAfterInput) {
                stay();
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot listen on {address}: {error}");
            ExitCode::from(2)
        }
    }
}

struct Options {
    limit: u32,
    linger_idle: u32,
    linger_total: u32,
    header: u32,
    stall: u32,
}

impl Options {
    /// Reads `EOP_OPTIONS`; the option with a bad value if there is one. Unknown options are ignored.
    fn parse(text: &str, fault: Fault) -> Result<Self, String> {
        let mut options = Self::default();
        if fault.has(Fault::LingerDefaultLonger) {
            options.linger_idle *= 10;
        }
        for option in text.split_whitespace() {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let known = match name {
                "limit" => &mut options.limit,
                "linger-idle" => &mut options.linger_idle,
                "linger-total" => &mut options.linger_total,
                "header" => &mut options.header,
                "stall" if fault.has(Fault::StallOptionIgnored) => continue,
                "stall" => &mut options.stall,
                _ if fault.has(Fault::UnknownOptionRefused) => return Err(option.to_owned()),
                _ => continue,
            };
            match number(value) {
                Some(number) => *known = number,
                None if fault.has(Fault::BadOptionTaken) => {}
                None => return Err(option.to_owned()),
            }
        }
        Ok(options)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limit: 1_048_576,
            linger_idle: 5_000,
            linger_total: 30_000,
            header: 10_000,
            stall: 30_000,
        }
    }
}

fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(u64::from(count))
}

/// What all connections of the process share.
struct World {
    fault: Fault,
    options: Options,
    /// How connections are secured; `None` in cleartext.
    tls: Option<ServerTls>,
    address: Ipv4Addr,
    marks: HashMap<String, u32>,
    signals: HashSet<String>,
    ports: Vec<Port>,
    /// One connection's error ends all of them.
    upset: bool,
}

impl World {
    fn mark(&mut self, token: &str) -> u32 {
        let count = self.marks.entry(token.to_owned()).or_insert(0);
        *count += 1;
        if self.fault.has(Fault::MarkWraps) {
            *count %= 256;
        }
        *count
    }

    /// Whether this is the end of the port that the server was started for.
    fn is_main(&self, end: SocketAddrV4) -> bool {
        let main = self
            .ports
            .first()
            .and_then(|port| port.listener.local_addr().ok());
        main.is_some_and(|main| main.port() == end.port())
    }

    /// How long the transport may take nothing (EOP-CLS-12).
    fn stall(&self) -> Option<Duration> {
        let stall = milliseconds(self.options.stall);
        (!self.fault.has(Fault::StallMissing)).then_some(stall)
    }

    /// Opens another port where these steps run at every accept.
    fn open(&mut self, steps: Vec<Step>) -> io::Result<u16> {
        let address = if self.fault.has(Fault::PortsAtLocalhost) {
            Ipv4Addr::LOCALHOST
        } else {
            self.address
        };
        let listener = listen_at(SocketAddrV4::new(address, 0))?;
        let port = listener.local_addr()?.port();
        let steps = steps.into();
        let cleartext = self.fault.has(Fault::ListenInCleartext);
        self.ports.push(Port {
            listener,
            steps,
            cleartext,
        });
        Ok(port)
    }
}

/// A listening port and what runs at each accept there.
struct Port {
    listener: TcpListener,
    steps: Rc<[Step]>,
    /// Nothing is secured here, whatever holds elsewhere.
    cleartext: bool,
}

struct Server {
    world: World,
    connections: Vec<Connection>,
}

impl Server {
    /// Listens, and says where (EOP-TST-1); `asked` is the address to say.
    fn listen(
        address: SocketAddrV4,
        asked: Ipv4Addr,
        options: Options,
        tls: Option<ServerTls>,
        fault: Fault,
    ) -> io::Result<Self> {
        let listener = listen_at(address)?;
        let bound = SocketAddrV4::new(asked, listener.local_addr()?.port());
        if fault.has(Fault::Garbage) {
            io::stdout().write_all(b"\xff\x00 listening soon\n")?;
        }
        let end = if fault.has(Fault::ReadyUnended) {
            ""
        } else {
            "\n"
        };
        write!(io::stdout(), "ready {bound}{end}")?;
        if fault.has(Fault::ReadyAndMore) {
            writeln!(io::stdout(), "serving")?;
        }
        io::stdout().flush()?;
        let mut steps = Vec::new();
        if fault.has(Fault::UnaskedGreeting) {
            steps.push(Step::Answer(crate::payload::Payload::text("welcome")));
        }
        let steps = steps.into();
        let world = World {
            fault,
            options,
            tls,
            address: *address.ip(),
            marks: HashMap::new(),
            signals: HashSet::new(),
            ports: vec![Port {
                listener,
                steps,
                cleartext: false,
            }],
            upset: false,
        };
        let connections = Vec::new();
        Ok(Self { world, connections })
    }

    /// Serves until standard input ends (EOP-TST-2).
    fn serve(&mut self) {
        loop {
            let Some(ready) = self.wait() else { return };
            let now = Instant::now();
            for (connection, ready) in self.connections.iter_mut().zip(ready) {
                if !ready.is_empty() || connection.is_due(&self.world, now) {
                    connection.turn(&mut self.world, ready, now);
                }
            }
            if !self.is_busy() {
                self.accept(now);
            }
            self.connections.retain(Connection::is_open);
            if std::mem::take(&mut self.world.upset) {
                self.connections.clear();
            }
        }
    }

    fn is_busy(&self) -> bool {
        self.world.fault.has(Fault::OneAtATime) && !self.connections.is_empty()
    }

    /// Waits for something to do: for each connection what its socket is ready for; `None` at the end of standard input.
    fn wait(&self) -> Option<Vec<PollFlags>> {
        let input = io::stdin();
        let mut fds = vec![PollFd::new(&input, PollFlags::IN)];
        let accepts = if self.is_busy() {
            PollFlags::empty()
        } else {
            PollFlags::IN
        };
        let ports = self.world.ports.iter();
        fds.extend(ports.map(|port| PollFd::new(&port.listener, accepts)));
        let connections = self.connections.iter();
        fds.extend(
            connections.map(|one| PollFd::new(one.stream(), one.interest(self.world.fault))),
        );
        let due = self
            .connections
            .iter()
            .filter_map(|one| one.due(&self.world));
        wait(&mut fds, due.min());
        let mut ready = fds.iter().map(PollFd::revents);
        let spoken = ready.next().is_some_and(|flags| !flags.is_empty());
        if spoken && !matches!(io::stdin().read(&mut [0; 4096]), Ok(1..)) {
            return None;
        }
        Some(ready.skip(self.world.ports.len()).collect())
    }

    fn accept(&mut self, now: Instant) {
        let mut accepted = Vec::new();
        for port in &mut self.world.ports {
            while let Ok((stream, _)) = port.listener.accept() {
                accepted.push((stream, Rc::clone(&port.steps), port.cleartext));
                if self.world.fault.has(Fault::GreetsOnce) {
                    port.steps = Rc::new([]);
                }
            }
        }
        for (stream, steps, cleartext) in accepted {
            if self.world.fault.has(Fault::AcceptAndClose) {
                continue;
            }
            if self.world.fault.has(Fault::ResetAlways) {
                reset(&stream);
                continue;
            }
            let tls = self.world.tls.as_ref().filter(|_| !cleartext);
            let tls = tls.and_then(ServerTls::layer);
            if let Some(mut connection) = Connection::accept(stream, tls, &steps, &self.world, now)
            {
                connection.turn(&mut self.world, PollFlags::empty(), now);
                self.connections.push(connection);
            }
        }
    }
}
