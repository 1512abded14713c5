//! The server: one loop over a poll set, one small state per connection. It speaks the test service of
//! `spec/testee.md` section 2 by the rules of `spec/eop.md`, save for its fault.

use std::collections::{HashMap, HashSet, VecDeque};
use std::env;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use crate::frame::{Frame, Inbox, Next, Outgoing, Taken};
use crate::payload::Payload;
use crate::policy::forbidden;
use crate::service::{Request, Step, request};
use crate::socket::{Arrived, listen_at, local_end, read, reset, unacknowledged, wait};
use crate::table::{Fault, Role};
use crate::text::{endpoint, number};

/// How long an `await` waits for a signal.
const PATIENCE: Duration = Duration::from_secs(30);
/// Octets a second that a client is trusted to take where acknowledgements cannot be seen (EOP-CLS-4).
const RATE: u64 = 65_536;
/// How often the kernel is asked whether the client acknowledged everything.
const ASK_AGAIN: Duration = Duration::from_millis(25);

pub(crate) fn run(fault: Fault) -> ExitCode {
    if fault == Fault::ExitAtOnce {
        return ExitCode::FAILURE;
    }
    if fault == Fault::Hang {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        return ExitCode::SUCCESS;
    }
    let address = env::var("EOP_LISTEN").ok().and_then(|text| endpoint(&text));
    let Some(address) = address.filter(|address| address.ip().is_loopback()) else {
        eprintln!("EOP_LISTEN has to name a loopback endpoint, such as 127.0.0.1:0 (EOP-TST-3)");
        return ExitCode::from(2);
    };
    match Server::listen(address, fault) {
        Ok(mut server) => {
            server.serve();
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
    fn parse(text: &str) -> Self {
        let value = |name: &str, default| {
            let mut pairs = text.split(' ').filter_map(|option| option.split_once('='));
            pairs
                .find(|pair| pair.0 == name)
                .and_then(|pair| number(pair.1))
                .unwrap_or(default)
        };
        Self {
            limit: value("limit", 1_048_576),
            linger_idle: value("linger-idle", 5_000),
            linger_total: value("linger-total", 30_000),
            header: value("header", 10_000),
            stall: value("stall", 30_000),
        }
    }

    fn hello(&self) -> String {
        let Self {
            limit,
            linger_idle,
            linger_total,
            header,
            stall,
        } = self;
        format!(
            "eop-test 1 limit={limit} linger-idle={linger_idle} linger-total={linger_total} header={header} stall={stall}"
        )
    }
}

fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(u64::from(count))
}

/// What all connections of the process share.
struct World {
    fault: Fault,
    options: Options,
    address: Ipv4Addr,
    marks: HashMap<String, u32>,
    signals: HashSet<String>,
    ports: Vec<Port>,
}

impl World {
    fn mark(&mut self, token: &str) -> u32 {
        let count = self.marks.entry(token.to_owned()).or_insert(0);
        *count += 1;
        *count
    }
}

/// A listening port and what runs at each accept there.
struct Port {
    listener: TcpListener,
    steps: Rc<[Step]>,
}

struct Server {
    world: World,
    connections: Vec<Connection>,
}

impl Server {
    fn listen(address: SocketAddrV4, fault: Fault) -> io::Result<Self> {
        let listener = listen_at(address)?;
        let bound = listener.local_addr()?;
        if fault == Fault::Garbage {
            io::stdout().write_all(b"\xff\x00 listening soon\n")?;
        }
        writeln!(io::stdout(), "ready {bound}")?;
        io::stdout().flush()?;
        let world = World {
            fault,
            options: Options::parse(&env::var("EOP_OPTIONS").unwrap_or_default()),
            address: *address.ip(),
            marks: HashMap::new(),
            signals: HashSet::new(),
            ports: vec![Port {
                listener,
                steps: Rc::new([]),
            }],
        };
        Ok(Self {
            world,
            connections: Vec::new(),
        })
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
            self.accept(now);
            self.connections
                .retain(|connection| !matches!(connection.phase, Phase::Closed));
        }
    }

    /// Waits for something to do: for each connection what its socket is ready for, `None` at the end of standard input.
    fn wait(&self) -> Option<Vec<PollFlags>> {
        let input = io::stdin();
        let mut fds = vec![PollFd::new(&input, PollFlags::IN)];
        fds.extend(
            self.world
                .ports
                .iter()
                .map(|port| PollFd::new(&port.listener, PollFlags::IN)),
        );
        fds.extend(
            self.connections
                .iter()
                .map(|connection| PollFd::new(&connection.stream, connection.interest())),
        );
        let now = Instant::now();
        let due = self.connections.iter().filter_map(|connection| {
            if connection.is_due(&self.world, now) {
                Some(now)
            } else {
                connection.wake(&self.world.options)
            }
        });
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
        for port in &self.world.ports {
            while let Ok((stream, _)) = port.listener.accept() {
                accepted.push((stream, Rc::clone(&port.steps)));
            }
        }
        for (stream, steps) in accepted {
            if self.world.fault == Fault::AcceptAndClose {
                continue;
            }
            if self.world.fault == Fault::ResetAlways {
                reset(&stream);
                continue;
            }
            if let Some(mut connection) = Connection::accept(stream, &steps, &self.world, now) {
                connection.turn(&mut self.world, PollFlags::empty(), now);
                self.connections.push(connection);
            }
        }
    }
}

enum Phase {
    Serving,
    Awaiting {
        token: String,
        until: Instant,
    },
    /// Everything is said; what still comes is read and discarded (EOP-CLS-1).
    Draining {
        half_close: bool,
        queued: u64,
        clock: Clock,
    },
    /// RST follows the last octet.
    Resetting,
    Closed,
}

/// The limits of EOP-CLS-3, which begin when the last octet was acknowledged (EOP-CLS-4).
enum Clock {
    Unsent,
    Unacknowledged { since: Instant, ask: Instant },
    Running { began: Instant, heard: Instant },
}

/// What the steps at work belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Accept,
    Request { answered: bool },
}

struct Connection {
    stream: TcpStream,
    local: SocketAddrV4,
    inbox: Inbox,
    out: VecDeque<Outgoing>,
    /// When the transport last took an octet of what is to be sent.
    progress: Instant,
    steps: VecDeque<Step>,
    scope: Scope,
    phase: Phase,
    /// The client said that it has no more messages.
    ended: bool,
}

impl Connection {
    fn accept(stream: TcpStream, steps: &[Step], world: &World, now: Instant) -> Option<Self> {
        stream.set_nonblocking(true).ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Self {
            local: local_end(&stream)?,
            stream,
            inbox: Inbox::new(Role::Server, world.options.limit, world.fault),
            out: VecDeque::new(),
            progress: now,
            steps: steps.iter().cloned().collect(),
            scope: Scope::Accept,
            phase: Phase::Serving,
            ended: false,
        })
    }

    fn interest(&self) -> PollFlags {
        let reads = match self.phase {
            Phase::Serving | Phase::Awaiting { .. } | Phase::Resetting => self.inbox.has_room(),
            Phase::Draining { .. } => true,
            Phase::Closed => false,
        };
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, reads && !self.ended);
        flags.set(PollFlags::OUT, !self.out.is_empty());
        flags
    }

    /// When there is something to do even if the socket stays as it is.
    fn wake(&self, options: &Options) -> Option<Instant> {
        let stall = (!self.out.is_empty()).then(|| self.progress + milliseconds(options.stall));
        let header = self
            .inbox
            .header_since()
            .map(|since| since + milliseconds(options.header));
        let phase = match &self.phase {
            Phase::Serving | Phase::Resetting | Phase::Closed => header,
            Phase::Awaiting { until, .. } => Some(*until),
            Phase::Draining {
                clock: Clock::Unsent,
                ..
            } => None,
            Phase::Draining {
                clock: Clock::Unacknowledged { ask, .. },
                ..
            } => Some(*ask),
            Phase::Draining {
                clock: Clock::Running { began, heard },
                ..
            } => Some(
                (*began + milliseconds(options.linger_total))
                    .min(*heard + milliseconds(options.linger_idle)),
            ),
        };
        stall.into_iter().chain(phase).min()
    }

    fn is_due(&self, world: &World, now: Instant) -> bool {
        let released = match &self.phase {
            Phase::Awaiting { token, .. } => world.signals.contains(token),
            Phase::Serving | Phase::Draining { .. } | Phase::Resetting | Phase::Closed => false,
        };
        released || self.wake(&world.options).is_some_and(|wake| wake <= now)
    }

    /// Reads once, does everything that can be done, writes what the transport takes, and looks at the clock.
    fn turn(&mut self, world: &mut World, ready: PollFlags, now: Instant) {
        if self.interest().contains(PollFlags::IN) {
            self.read(now);
        } else if ready.intersects(PollFlags::HUP | PollFlags::ERR) {
            self.phase = Phase::Closed;
        }
        self.work(world, now);
        self.clocks(world, now);
    }

    fn read(&mut self, now: Instant) {
        match self.inbox.fill(&self.stream) {
            Arrived::Octets => {
                if let Phase::Draining {
                    clock: Clock::Running { heard, .. },
                    ..
                } = &mut self.phase
                {
                    *heard = now;
                }
            }
            Arrived::Nothing => {}
            Arrived::Fin => self.ended = true,
            Arrived::Reset => self.phase = Phase::Closed,
        }
    }

    /// Handles requests and steps in order, each only when everything before it was handed to the transport.
    fn work(&mut self, world: &mut World, now: Instant) {
        loop {
            if self.flush(now) == Taken::Part {
                return;
            }
            if matches!(self.phase, Phase::Draining { .. }) {
                self.discard(world);
            }
            match &mut self.phase {
                Phase::Serving => {}
                Phase::Awaiting { token, .. } if world.signals.contains(token) => {
                    self.phase = Phase::Serving
                }
                Phase::Awaiting { .. } => return,
                Phase::Draining {
                    half_close,
                    clock: clock @ Clock::Unsent,
                    ..
                } => {
                    if *half_close {
                        let _ = self.stream.shutdown(Shutdown::Write);
                    }
                    *clock = Clock::Unacknowledged {
                        since: now,
                        ask: now + ASK_AGAIN,
                    };
                }
                Phase::Draining { .. } => {
                    if self.ended {
                        self.phase = Phase::Closed;
                    }
                    return;
                }
                Phase::Resetting => {
                    reset(&self.stream);
                    self.phase = Phase::Closed;
                }
                Phase::Closed => return,
            }
            if matches!(self.phase, Phase::Serving) && !self.serve(world, now) {
                return;
            }
        }
    }

    /// Drops what arrived after a REDIRECT or before a FIN, unread (EOP-CLS-2).
    fn discard(&mut self, world: &mut World) {
        if world.fault == Fault::ActsAfterRedirect {
            while let Next::Frame(Frame::Message(payload)) = self.inbox.next() {
                if let Request::Mark(token) = request(&payload, world.fault) {
                    world.mark(&token);
                }
            }
            return;
        }
        self.inbox.take_all();
    }

    /// Does the next step or request; `false` if there is none.
    fn serve(&mut self, world: &mut World, now: Instant) -> bool {
        if world.fault == Fault::AcceptAndSilent {
            return false;
        }
        if world.fault == Fault::EchoEverything {
            let octets = self.inbox.take_all();
            let any = !octets.is_empty();
            if any {
                self.push(Outgoing::raw(octets));
            } else if self.ended {
                self.phase = Phase::Closed;
            }
            return any;
        }
        if let Some(step) = self.steps.pop_front() {
            self.step(step, world, now);
            return true;
        }
        match self.inbox.next() {
            Next::Frame(Frame::Message(payload)) => {
                self.request(&payload, world);
                true
            }
            Next::More if !self.ended => false,
            // The end of the stream: clean at a boundary, and TruncatedFrame inside a frame (EOP-FRM-5).
            Next::More => {
                self.phase = Phase::Closed;
                true
            }
            Next::Frame(Frame::Redirect { .. }) | Next::Broken(_) => {
                self.fail();
                true
            }
        }
    }

    fn request(&mut self, payload: &[u8], world: &mut World) {
        if world.fault == Fault::CloseAfterFirstFrame {
            return self.fail();
        }
        match request(payload, world.fault) {
            Request::Hello => self.answer(&world.options.hello(), world),
            Request::Do(steps) => {
                self.scope = Scope::Request { answered: false };
                self.steps = steps.into();
            }
            Request::Listen(steps) => self.listen(steps, world),
            Request::Mark(token) => {
                let count = world.mark(&token);
                self.answer(&count.to_string(), world);
            }
            Request::Marked(token) => {
                let count = world.marks.get(&token).copied().unwrap_or(0);
                self.answer(&count.to_string(), world);
            }
            Request::Signal(token) => {
                world.signals.insert(token);
                self.answer("ok", world);
            }
            Request::Unknown if world.fault == Fault::YesMan => self.answer("ok", world),
            Request::Unknown => self.answer("unknown", world),
        }
    }

    fn listen(&mut self, steps: Vec<Step>, world: &mut World) {
        let opened = listen_at(SocketAddrV4::new(world.address, 0));
        match opened.and_then(|listener| Ok((listener.local_addr()?.port(), listener))) {
            Ok((port, listener)) => {
                world.ports.push(Port {
                    listener,
                    steps: steps.into(),
                });
                self.answer(&format!("port {port}"), world);
            }
            Err(error) => {
                eprintln!("cannot open another port: {error}");
                self.fail();
            }
        }
    }

    fn step(&mut self, step: Step, world: &mut World, now: Instant) {
        match step {
            Step::Answer(payload) => self.send(payload, world),
            Step::Redirect(list, payload) => self.redirect(&list, payload, world),
            Step::Await(token) => {
                self.phase = Phase::Awaiting {
                    token,
                    until: now + PATIENCE,
                }
            }
            Step::Mark(token) => {
                world.mark(&token);
            }
            Step::Fin => {
                self.phase = Phase::Draining {
                    half_close: true,
                    queued: 0,
                    clock: Clock::Unsent,
                }
            }
            Step::Reset => self.phase = Phase::Resetting,
        }
    }

    /// EOP-TST-9, EOP-TST-10, EOP-TST-13: which endpoint of the list it is, if any.
    fn redirect(&mut self, list: &[SocketAddrV4], payload: Option<Payload>, world: &World) {
        let target = match list.iter().rposition(|endpoint| *endpoint == self.local) {
            Some(place) => list.get(place + 1),
            None => list.first(),
        };
        let unanswered = self.scope == Scope::Request { answered: false };
        match target.copied() {
            Some(target) if !forbidden(target) => self.go(target, payload, world),
            Some(_) if unanswered => self.answer("refused", world),
            None if unanswered => self.answer("here", world),
            Some(_) | None => {}
        }
    }

    fn go(&mut self, target: SocketAddrV4, payload: Option<Payload>, world: &World) {
        let late = payload.as_ref().is_some_and(|payload| !payload.is_empty());
        // An empty response cannot travel in the redirect: it would say "no response" there (EOP-RED-4).
        let payload = match payload {
            Some(payload) if payload.is_empty() => {
                self.send(payload, world);
                Payload::empty()
            }
            Some(payload) => payload,
            None => Payload::empty(),
        };
        self.push(Outgoing::redirect(target, payload, world.fault));
        let queued = self.out.iter().map(Outgoing::length).sum();
        self.phase = Phase::Draining {
            half_close: false,
            queued,
            clock: Clock::Unsent,
        };
        if world.fault == Fault::CloseAfterLateRedirect && late {
            self.ended = true;
        }
    }

    fn answer(&mut self, text: &str, world: &World) {
        self.send(Payload::text(text), world);
    }

    fn send(&mut self, payload: Payload, world: &World) {
        if let Scope::Request { answered } = &mut self.scope {
            *answered = true;
        }
        self.push(Outgoing::message(payload, world.fault));
    }

    fn push(&mut self, frame: Outgoing) {
        if self.out.is_empty() {
            self.progress = Instant::now();
        }
        self.out.push_back(frame);
    }

    fn flush(&mut self, now: Instant) -> Taken {
        while let Some(frame) = self.out.front_mut() {
            let before = frame.taken;
            let written = frame.write(&self.stream);
            if frame.taken > before {
                self.progress = now;
            }
            match written {
                Ok(Taken::Whole) => self.out.pop_front(),
                Ok(Taken::Part) => return Taken::Part,
                Err(_) => {
                    self.phase = Phase::Closed;
                    return Taken::Part;
                }
            };
        }
        Taken::Whole
    }

    /// A protocol error: the connection ends at once, and nothing more is said on it (EOP-ERR-1, EOP-ERR-2).
    fn fail(&mut self) {
        self.out.clear();
        // What is read now cannot turn the FIN into a reset that takes earlier answers with it.
        let mut discarded = Vec::new();
        while discarded.len() < 1_048_576
            && matches!(read(&self.stream, &mut discarded), Arrived::Octets)
        {}
        self.phase = Phase::Closed;
    }

    fn clocks(&mut self, world: &World, now: Instant) {
        if self.wake(&world.options).is_none_or(|wake| wake > now) {
            return;
        }
        if let Phase::Draining {
            queued,
            clock: clock @ Clock::Unacknowledged { .. },
            ..
        } = &mut self.phase
        {
            clock.ask(&self.stream, *queued, now);
        } else {
            // A stall, a header that does not end, an await that no one signalled, or the end of the discarding.
            self.phase = Phase::Closed;
        }
    }
}

impl Clock {
    fn ask(&mut self, stream: &TcpStream, queued: u64, now: Instant) {
        let Self::Unacknowledged { since, ask } = self else {
            return;
        };
        let acknowledged = match unacknowledged(stream) {
            Some(octets) => octets == 0,
            None => now >= *since + Duration::from_millis(queued.saturating_mul(1000) / RATE),
        };
        if acknowledged {
            *self = Self::Running {
                began: now,
                heard: now,
            };
        } else {
            *ask = now + ASK_AGAIN;
        }
    }
}
