//! `pair`: a client's session and conforming servers, with the octets between them delivered in any pieces, and
//! connections lost at any moment. Nobody may blame anybody, no message may be acted on twice, each answer has to
//! reach its question, and once the plan is over everything has to come to an end.
//!
//! Input: an octet for the terms; then operations, an octet each with what they need.

use core::net::SocketAddrV4;
use std::collections::{BTreeMap, VecDeque};

use eop_statemachine::policy::{Home, Policy};
use eop_statemachine::session::{
    Config, ConnectError, End, Event, Loss, Message, Place, Resend, Resending, Want,
};
use eop_statemachine::{Server, Service, Session, client, server};
use eop_wire::Frame;

use crate::plan::Plan;

const ENDPOINTS: u8 = 5;

fn endpoint(index: u8) -> SocketAddrV4 {
    SocketAddrV4::new([10, 0, 0, index + 1].into(), 4000)
}

/// One connection, seen from the server: a connection of its own to a machine of its own.
struct Link {
    at: SocketAddrV4,
    server: Server,
    to_server: VecDeque<u8>,
    to_client: VecDeque<u8>,
    /// The client ended its stream, or closed.
    client_done: bool,
    /// The server knows.
    client_done_seen: bool,
    /// The server closed its side.
    server_done: bool,
    arriving: Vec<u8>,
    /// Requests that are complete and not answered.
    waiting: VecDeque<u8>,
}

struct World {
    session: Session<6>,
    service: Service,
    /// The last one is the client's current connection, if it has one.
    links: Vec<Link>,
    connected: bool,
    next: u8,
    /// The payload of each message by its number: one octet, which is never used again.
    payloads: BTreeMap<u64, u8>,
    /// How often each payload was acted on, on any server.
    acted: BTreeMap<u8, u32>,
    answered: Vec<u8>,
    arriving: Vec<u8>,
    /// Somebody did what a conforming peer may do, but does not survive: a connection was lost.
    losses: bool,
}

/// # Panics
/// On a finding.
pub fn check(data: &[u8]) {
    let mut plan = Plan::new(data);
    let mut world = World::new(plan.octet());
    while !plan.is_over() && world.session.want() != Want::Done {
        world.step(&mut plan);
    }
    world.finish();
}

impl World {
    fn new(terms: u8) -> Self {
        let service = Service {
            greetings: u32::from(terms & 1),
            max_payload: 64,
            ..Service::default()
        };
        let resending = if terms & 2 == 2 {
            Resending::Automatic { budget: 1000 }
        } else {
            Resending::Explicit
        };
        let config = Config {
            service,
            resending,
            ..Config::default()
        };
        Self {
            session: Session::new(Home::v4(endpoint(0)), config, 0).expect("a sound configuration"),
            service,
            links: Vec::new(),
            connected: false,
            next: 0,
            payloads: BTreeMap::new(),
            acted: BTreeMap::new(),
            answered: Vec::new(),
            arriving: Vec::new(),
            losses: false,
        }
    }

    fn step(&mut self, plan: &mut Plan<'_>) {
        let count = self.links.len();
        match plan.below(12) {
            0 => self.send(),
            1 => self.write(usize::from(plan.octet())),
            2 | 3 if count > 0 => {
                let link = usize::from(plan.octet()) % count;
                self.deliver_to_server(link, usize::from(plan.octet()));
            }
            4 if count > 0 => self.answer(usize::from(plan.octet()) % count, None),
            5 if count > 0 => {
                let (link, target) = (usize::from(plan.octet()) % count, plan.below(ENDPOINTS));
                self.redirect(link, endpoint(target));
            }
            6 if count > 0 => {
                let (link, target) = (usize::from(plan.octet()) % count, plan.below(ENDPOINTS));
                self.answer(link, Some(endpoint(target)));
            }
            7 => self.deliver_to_client(usize::from(plan.octet())),
            8 => self.decide(plan.octet() & 1 == 0),
            9 => self.connect(plan.below(8) != 0),
            10 if plan.below(4) == 0 => self.lose(),
            11 if plan.below(4) == 0 => {
                let _ = self.session.half_close(0); // refused if it was said before
            }
            _ => self.close_what_is_over(),
        }
        self.after();
    }

    // --- The client's application ---

    fn send(&mut self) {
        if self.next == u8::MAX {
            return;
        }
        if let Ok(number) = self.session.send(1, Resend::Allowed, 0) {
            self.payloads.insert(number, self.next);
            self.next += 1;
        }
    }

    fn decide(&mut self, resend: bool) {
        if let Want::Decide { hop } = self.session.want() {
            let done = if resend {
                self.session.resend(hop, 0)
            } else {
                self.session.drop_owed(hop, 0)
            };
            assert_eq!(done, Ok(()));
        }
    }

    // --- The client's transport ---

    fn connect(&mut self, succeeds: bool) {
        let Want::Connect(place) = self.session.want() else {
            return;
        };
        let at = match place {
            Place::Home => endpoint(0),
            Place::Target(target) => target,
        };
        if !succeeds {
            self.losses = true;
            self.session
                .connect_failed(ConnectError::Failed, 0)
                .expect("it was asked for");
            return;
        }
        self.session.connected(0).expect("it was asked for");
        self.connected = true;
        self.arriving.clear();
        self.links.push(Link {
            at,
            server: Server::new(&self.service),
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            client_done: false,
            client_done_seen: false,
            server_done: false,
            arriving: Vec::new(),
            waiting: VecDeque::new(),
        });
        let link = self.links.last_mut().expect("just pushed");
        for _ in 0..self.service.greetings {
            let greeting = link.server.greet(b"hello").expect("it is due");
            link.to_client.extend(greeting.chunks().concat());
        }
    }

    fn write(&mut self, room: usize) {
        let Some(link) = self.links.last_mut().filter(|_| self.connected) else {
            return;
        };
        match self.session.want() {
            Want::Write { message, from } => {
                let payload = [self.payloads[&message]];
                let frame = Frame::normal(&payload)
                    .expect("short")
                    .encode()
                    .chunks()
                    .concat();
                let rest = &frame[from as usize..];
                let piece = &rest[..rest.len().min(room)];
                self.session
                    .offer(piece.len() as u64)
                    .expect("it was asked for");
                link.to_server.extend(piece);
            }
            Want::HalfClose => {
                self.session.half_closed().expect("it was asked for");
                link.client_done = true;
            }
            Want::Connect(_)
            | Want::Judge(_)
            | Want::Read
            | Want::Decide { .. }
            | Want::Settle
            | Want::Done => {}
        }
    }

    fn deliver_to_client(&mut self, count: usize) {
        let Some(link) = self.links.last_mut().filter(|_| self.connected) else {
            return;
        };
        let count = count.min(link.to_client.len());
        let octets: Vec<u8> = link.to_client.drain(..count).collect();
        let all = link.to_client.is_empty() && link.server_done;
        let mut input = octets.as_slice();
        loop {
            match self.session.receive(&mut input, 0) {
                Ok(Some(Event::Head { .. })) => self.arriving.clear(),
                Ok(Some(Event::Chunk(chunk))) => self.arriving.extend(chunk),
                Ok(Some(Event::Message(message) | Event::Redirect(Some(message)))) => {
                    self.message(message)
                }
                Ok(Some(Event::Redirect(None))) => {}
                Ok(None) => break,
                Err(fault) => panic!("a conforming server is blamed: {fault}"),
            }
        }
        if all && self.session.is_connected() {
            self.session
                .end_of_stream(0)
                .expect("a conforming server ends between two frames");
            self.losses = true;
        }
    }

    fn message(&mut self, message: Message) {
        let payload = core::mem::take(&mut self.arriving);
        match message.kind {
            client::Kind::Greeting => assert_eq!(payload, b"hello"),
            client::Kind::Answer => {
                let number = message.answers.expect("an answer answers");
                assert_eq!(
                    payload,
                    [self.payloads[&number]],
                    "each answer reaches its question"
                );
                self.answered.push(payload[0]);
            }
            client::Kind::Plain => panic!("not in paired"),
        }
    }

    fn lose(&mut self) {
        if !self.connected {
            return;
        }
        self.losses = true;
        self.session.lost(Loss::Reset, 0);
        let link = self.links.last_mut().expect("connected");
        link.server.lost();
        link.server_done = true;
        link.to_server.clear();
        link.to_client.clear();
    }

    // --- The servers ---

    fn deliver_to_server(&mut self, link: usize, count: usize) {
        let link = &mut self.links[link];
        let count = count.min(link.to_server.len());
        let octets: Vec<u8> = link.to_server.drain(..count).collect();
        let mut input = octets.as_slice();
        loop {
            match link.server.receive(&mut input) {
                Ok(Some(server::Event::Head { .. })) => link.arriving.clear(),
                Ok(Some(server::Event::Chunk(chunk))) => link.arriving.extend(chunk),
                Ok(Some(server::Event::Request)) => link.waiting.push_back(link.arriving[0]),
                Ok(None) => break,
                Err(fault) => panic!("a conforming client is blamed: {fault}"),
            }
        }
        assert_eq!(link.server.waiting() as usize, link.waiting.len());
        if link.client_done && link.to_server.is_empty() && !link.client_done_seen {
            link.client_done_seen = true;
            // A client that was moved may leave in the middle of a message: then the server has redirected.
            link.server
                .end_of_stream()
                .expect("a conforming client ends between two frames, or was moved");
        }
    }

    /// Acts on the oldest request, and answers it; with a target also moves the client.
    fn answer(&mut self, link: usize, target: Option<SocketAddrV4>) {
        let link = &mut self.links[link];
        let Some(request) = link.waiting.front().copied() else {
            return;
        };
        let payload = [request];
        let octets = match target {
            None => link
                .server
                .respond(&payload)
                .map(|frame| frame.chunks().concat()),
            Some(target) if target == link.at => return,
            Some(target) => link
                .server
                .respond_and_redirect(&payload, target)
                .map(|frames| frames.chunks().concat()),
        };
        if let Ok(octets) = octets {
            link.waiting.pop_front();
            link.to_client.extend(octets);
            *self.acted.entry(request).or_default() += 1;
        }
    }

    fn redirect(&mut self, link: usize, target: SocketAddrV4) {
        let link = &mut self.links[link];
        if target != link.at
            && let Ok(frame) = link.server.redirect(target)
        {
            link.to_client.extend(frame.chunks().concat());
        }
    }

    fn close_what_is_over(&mut self) {
        for link in &mut self.links {
            link.server_done |= link.server.want() == server::Want::Close;
        }
    }

    // --- After every step ---

    fn after(&mut self) {
        if let Want::Judge(proposal) = self.session.want() {
            let _ = self
                .session
                .judged(Policy::default().judge(&proposal), 0)
                .expect("it was asked for");
        }
        if self.connected && !self.session.is_connected() {
            // The client closes; what it wrote is still on its way.
            self.connected = false;
            self.links.last_mut().expect("there was one").client_done = true;
        }
        assert!(
            self.acted.values().all(|times| *times == 1),
            "acted on twice: {:?}",
            self.acted
        );
        assert!(self.links.iter().all(|link| link.server.fault().is_none()));
    }

    /// Everybody does what is left to do. It has to come to an end, and if nothing was lost, to a good one.
    fn finish(&mut self) {
        for _ in 0..200 {
            if self.session.want() == Want::Done {
                break;
            }
            self.connect(true);
            self.decide(true);
            self.write(usize::MAX);
            for link in 0..self.links.len() {
                self.deliver_to_server(link, usize::MAX);
                self.answer(link, None);
            }
            self.close_what_is_over();
            self.deliver_to_client(usize::MAX);
            self.after();
        }
        match self.session.end() {
            None => assert_eq!(self.session.outstanding(), 0, "messages wait for ever"),
            Some(End::Eof | End::Closed) => {}
            Some(End::RedirectLoop { .. } | End::TooManyRedirects { .. }) => {}
            Some(end) => assert!(self.losses, "nothing was lost, and it ended with {end}"),
        }
        let mut answered = self.answered.clone();
        answered.dedup();
        assert_eq!(answered.len(), self.answered.len(), "answered twice");
    }
}
