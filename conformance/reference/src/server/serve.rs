//! One connection of the test service: requests in order, and the steps that they ask for.

use std::io;
use std::net::{SocketAddr, SocketAddrV4, TcpStream};
use std::sync::Arc;

use eop_net::Error;
use eop_net::policy;
use eop_net::server::{Connection, Listener};

use crate::grammar::Payload;

use super::request::{self, Last, Request, Step, Steps};
use super::service::Service;
use super::{accept, spawn};

/// Serves a client until it, or the service, ends the connection.
pub(super) fn connection(socket: TcpStream, service: &Arc<Service>, steps: Option<&Steps>) {
    let mut config = service.config;
    let Ok(SocketAddr::V4(local)) = socket.local_addr() else {
        return;
    };
    if let Some(steps) = steps {
        config.service.greetings = greetings(steps, local);
    }
    let serving = Serving {
        connection: Connection::over(socket, config),
        local,
        service: Arc::clone(service),
    };
    // How it ended is the client's to notice.
    let _ = serve(serving, steps);
}

struct Serving {
    connection: Connection,
    local: SocketAddrV4,
    service: Arc<Service>,
}

/// What the messages of steps are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// In a `do`, the answer to the request.
    Answer,
    /// In a `listen`.
    Greeting,
}

/// What a connection comes to after a request: more of the same, or its end.
type Next = Option<Serving>;

fn serve(serving: Serving, steps: Option<&Steps>) -> Result<(), Error> {
    let mut next = match steps {
        Some(steps) => serving.perform(steps.clone(), Part::Greeting)?,
        None => Some(serving),
    };
    while let Some(mut serving) = next {
        let Some(request) = serving.connection.receive()? else {
            return Ok(());
        };
        next = serving.handle(&request)?;
    }
    Ok(())
}

/// Greetings that a port with these steps has for a client that arrives here: a redirect with a payload is the last one,
/// if there is a redirect.
fn greetings(steps: &Steps, local: SocketAddrV4) -> u32 {
    let answers = steps
        .first
        .iter()
        .filter(|step| matches!(step, Step::Answer(_)))
        .count();
    let moves = match &steps.last {
        Some(Last::Redirect(list, Some(_))) => {
            matches!(destination(list, local), Destination::There(_))
        }
        Some(Last::Redirect(_, None) | Last::Fin | Last::Reset) | None => false,
    };
    u32::try_from(answers)
        .unwrap_or(u32::MAX)
        .saturating_add(u32::from(moves))
}

/// Where a `redirect LIST` leads from here.
enum Destination {
    There(SocketAddrV4),
    /// This is the last endpoint (EOP-TST-10).
    Here,
    /// No client may be sent there (EOP-TST-13).
    Refused,
}

/// EOP-TST-9.
fn destination(list: &[SocketAddrV4], local: SocketAddrV4) -> Destination {
    let next = list
        .iter()
        .rposition(|endpoint| *endpoint == local)
        .map_or(0, |place| place + 1);
    match list.get(next) {
        None => Destination::Here,
        Some(target) if policy::never(*target).is_some() => Destination::Refused,
        Some(target) => Destination::There(*target),
    }
}

impl Serving {
    fn handle(mut self, request: &[u8]) -> Result<Next, Error> {
        let answer = match request::parse(request) {
            None => "unknown".to_owned(),
            Some(Request::Hello) => self.hello(),
            Some(Request::Mark(token)) => self.service.mark(&token).to_string(),
            Some(Request::Marked(token)) => self.service.marked(&token).to_string(),
            Some(Request::Signal(token)) => {
                self.service.signal(&token);
                "ok".to_owned()
            }
            Some(Request::Listen(steps)) => match self.listen(steps) {
                Ok(port) => format!("port {port}"),
                Err(error) => {
                    eprintln!("eop reference server: cannot listen: {error}");
                    "unknown".to_owned()
                }
            },
            Some(Request::Do(steps)) => return self.perform(steps, Part::Answer),
        };
        self.connection.respond(answer.as_bytes())?;
        Ok(Some(self))
    }

    fn hello(&self) -> String {
        let config = &self.service.config;
        format!(
            "eop-test 1 limit={} linger-idle={} linger-total={} header={} stall={}",
            config.service.max_payload,
            config.linger_idle.as_millis(),
            config.linger_total.as_millis(),
            config.header.as_millis(),
            config.stall.as_millis(),
        )
    }

    /// Opens a fresh port on the same address, with these steps at every accept.
    fn listen(&self, steps: Steps) -> io::Result<u16> {
        let address = SocketAddrV4::new(*self.local.ip(), 0);
        let listener = Listener::bind(address.into(), self.service.config)?;
        let port = listener.local_addr()?.port();
        let service = Arc::clone(&self.service);
        spawn(move || accept(&listener, &service, Some(&steps)))?;
        Ok(port)
    }

    /// Performs steps. What they say answers a request in a `do`, and greets in a `listen`.
    fn perform(mut self, steps: Steps, part: Part) -> Result<Next, Error> {
        let mut said = false;
        for step in steps.first {
            match step {
                Step::Answer(payload) => {
                    self.say(part, &payload.into_octets())?;
                    said = true;
                }
                Step::Mark(token) => drop(self.service.mark(&token)),
                Step::Await(token) if self.service.wait_for(&token) => {}
                Step::Await(_) => return Ok(None),
            }
        }
        match steps.last {
            None => Ok(Some(self)),
            Some(Last::Fin) => {
                drop(self.connection.close());
                Ok(None)
            }
            Some(Last::Reset) => {
                self.connection.reset();
                Ok(None)
            }
            Some(Last::Redirect(list, payload)) => match destination(&list, self.local) {
                Destination::There(target) => self.move_to(target, part, payload),
                Destination::Here => self.stay("here", part, said),
                Destination::Refused => self.stay("refused", part, said),
            },
        }
    }

    fn say(&mut self, part: Part, payload: &[u8]) -> Result<(), Error> {
        match part {
            Part::Answer => self.connection.respond(payload),
            Part::Greeting => self.connection.greet(payload),
        }
    }

    fn move_to(
        self,
        target: SocketAddrV4,
        part: Part,
        payload: Option<Payload>,
    ) -> Result<Next, Error> {
        let connection = self.connection;
        let lingering = match (part, payload.map(Payload::into_octets)) {
            (_, None) => connection.redirect(target)?,
            (Part::Answer, Some(payload)) => connection.redirect_with(&payload, target)?,
            (Part::Greeting, Some(payload)) => connection.greet_and_redirect(&payload, target)?,
        };
        drop(lingering); // the linger list sees it off
        Ok(None)
    }

    /// A redirect that leads nowhere else: the request still has its answer (EOP-TST-10, EOP-TST-13).
    fn stay(mut self, answer: &str, part: Part, said: bool) -> Result<Next, Error> {
        if part == Part::Answer && !said {
            self.connection.respond(answer.as_bytes())?;
        }
        Ok(Some(self))
    }
}
