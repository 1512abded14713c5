//! One connection of the test service: requests in order, and the steps that they ask for.

use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eop_net::Error;
use eop_net::policy;
use eop_net::server::Config;

use crate::grammar::Payload;

use super::request::{self, Last, Request, Step, Steps};
use super::service::Service;
use super::stack::Stack;

/// How often the system is asked what the client has acknowledged.
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// The terms of a client that arrived at `local`.
pub(super) fn terms(service: &Service, steps: Option<&Steps>, local: SocketAddr) -> Config {
    let mut config = service.config;
    if let (Some(steps), SocketAddr::V4(local)) = (steps, local) {
        config.service.greetings = greetings(steps, local);
    }
    config
}

/// Serves a client until it, or the service, ends the connection.
pub(super) async fn connection<S: Stack>(
    connection: S,
    service: Arc<Service>,
    steps: Option<Arc<Steps>>,
) {
    let Ok(SocketAddr::V4(local)) = connection.local_addr() else {
        return;
    };
    let serving = Serving {
        connection,
        local,
        service,
    };
    // How it ended is the client's to notice.
    let _ = serve(serving, steps.as_deref()).await;
}

struct Serving<S> {
    connection: S,
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
type Next<S> = Option<Serving<S>>;

async fn serve<S: Stack>(mut serving: Serving<S>, steps: Option<&Steps>) -> Result<(), Error> {
    serving.connection.secured().await?;
    let mut next = match steps {
        Some(steps) => serving.perform(steps.clone(), Part::Greeting).await?,
        None => Some(serving),
    };
    while let Some(mut serving) = next {
        let Some(request) = serving.connection.receive().await? else {
            return Ok(());
        };
        next = serving.handle(&request).await?;
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

impl<S: Stack> Serving<S> {
    async fn handle(mut self, request: &[u8]) -> Result<Next<S>, Error> {
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
            Some(Request::Do(steps)) => return self.perform(steps, Part::Answer).await,
        };
        self.connection.respond(answer.as_bytes()).await?;
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
        let at = S::serve(address, Arc::clone(&self.service), Some(Arc::new(steps)))?;
        Ok(at.port())
    }

    /// Performs steps. What they say answers a request in a `do`, and greets in a `listen`.
    async fn perform(mut self, steps: Steps, part: Part) -> Result<Next<S>, Error> {
        let mut said = false;
        for step in steps.first {
            match step {
                Step::Answer(payload) => {
                    self.say(part, &payload.into_octets()).await?;
                    said = true;
                }
                Step::Mark(token) => drop(self.service.mark(&token)),
                Step::Await(token) => {
                    if !S::wait_for(Arc::clone(&self.service), token).await {
                        return Ok(None);
                    }
                }
            }
        }
        match steps.last {
            None => Ok(Some(self)),
            Some(Last::Fin) => {
                self.connection.close();
                Ok(None)
            }
            Some(Last::Reset) => {
                self.be_acknowledged().await;
                self.connection.reset();
                Ok(None)
            }
            Some(Last::Redirect(list, payload)) => match destination(&list, self.local) {
                Destination::There(target) => self.move_to(target, part, payload),
                Destination::Here => self.stay("here", part, said).await,
                Destination::Refused => self.stay("refused", part, said).await,
            },
        }
    }

    /// Waits until the client has acknowledged everything (EOP-TST-29), or takes no octet for the time of a stall.
    async fn be_acknowledged(&self) {
        let stall = self.service.config.stall;
        let (mut least, mut since) = (u32::MAX, Instant::now());
        while let Some(left @ 1..) = self.connection.unacknowledged() {
            if left < least {
                (least, since) = (left, Instant::now());
            } else if since.elapsed() >= stall {
                return;
            }
            S::pause(ASK_AGAIN).await;
        }
    }

    async fn say(&mut self, part: Part, payload: &[u8]) -> Result<(), Error> {
        match part {
            Part::Answer => self.connection.respond(payload).await,
            Part::Greeting => self.connection.greet(payload).await,
        }
    }

    fn move_to(
        self,
        target: SocketAddrV4,
        part: Part,
        payload: Option<Payload>,
    ) -> Result<Next<S>, Error> {
        let connection = self.connection;
        match (part, payload.map(Payload::into_octets)) {
            (_, None) => connection.redirect(target)?,
            (Part::Answer, Some(payload)) => connection.redirect_with(&payload, target)?,
            (Part::Greeting, Some(payload)) => connection.greet_and_redirect(&payload, target)?,
        }
        Ok(None)
    }

    /// A redirect that leads nowhere else: the request still has its answer (EOP-TST-10, EOP-TST-13).
    async fn stay(mut self, answer: &str, part: Part, said: bool) -> Result<Next<S>, Error> {
        if part == Part::Answer && !said {
            self.connection.respond(answer.as_bytes()).await?;
        }
        Ok(Some(self))
    }
}
