//! The stage on which a server is judged: the runner is every client, and the target of every redirect.

use std::net::SocketAddrV4;
use std::ops::Deref;

use super::{Endpoint, Play};
use crate::authority::Terms;
use crate::link::{Link, Manner, Unsecured};
use crate::octets::n;
use crate::segmentation::Cut;
use crate::testee::{Instance, NotStarted, ServerTestee};
use crate::verdict::{Step, Stop};

/// One play against a server.
#[derive(Debug)]
pub struct ServerStage<'a> {
    testee: &'a ServerTestee,
    play: Play,
}

impl<'a> ServerStage<'a> {
    /// A stage for one play.
    #[must_use]
    pub const fn new(testee: &'a ServerTestee, play: Play) -> Self {
        Self { testee, play }
    }

    /// A connection to the server, named `A`.
    pub fn connect(&self) -> Step<Link> {
        self.connect_as("A", self.testee.address()?)
    }

    /// A connection to some port of the server.
    pub fn connect_as(&self, label: &str, to: SocketAddrV4) -> Step<Link> {
        Link::connect(label, to, self.play.manner.clone(), None)
    }

    /// A connection in cleartext, whatever is spoken elsewhere.
    pub fn connect_in_cleartext(&self, label: &str, to: SocketAddrV4) -> Step<Link> {
        let manner = Manner {
            security: None,
            ..self.play.manner.clone()
        };
        Link::connect(label, to, manner, None)
    }

    /// A connection with these terms in its handshake, which may fail, or end without a word of EOP.
    pub fn attempt(&self, label: &str, terms: Terms) -> Step<Result<Link, Unsecured>> {
        let mut manner = self.play.manner.clone();
        if let Some(security) = &mut manner.security {
            security.terms = terms;
        }
        Link::attempt(label, self.testee.address()?, manner, None)
    }

    /// A connection whose receive buffer is as small as the system allows.
    pub fn connect_slow(&self, label: &str, to: SocketAddrV4) -> Step<Link> {
        Link::connect(label, to, self.play.manner.clone(), Some(2048))
    }

    /// Where the main instance listens.
    pub fn address(&self) -> Step<SocketAddrV4> {
        self.testee.address()
    }

    /// The frame of a message that is known to be answered.
    #[must_use]
    pub fn known(&self) -> Vec<u8> {
        n(self.testee.request())
    }

    /// The message that is known to be answered.
    #[must_use]
    pub fn known_payload(&self) -> &[u8] {
        self.testee.request()
    }

    /// The answer to [`known`](Self::known): whatever it is, a message.
    pub fn expect_known(&self, link: &mut Link) -> Step {
        let answer = link.message("an answer to the known request")?;
        let hello = |answer: &[u8]| answer.starts_with(b"eop-test 1 limit=");
        if self.testee.has_service() && !hello(&answer) {
            // The answer behind it: then what came first answers nothing.
            let unasked = link.message("").is_ok_and(|next| hello(&next));
            let broken = if unasked { "EOP-ACC-2" } else { "EOP-TST-15" };
            let observed = String::from_utf8_lossy(&answer).escape_debug().to_string();
            return Err(
                Stop::messages("`eop-test 1 limit=…` in answer to `hello`", observed)
                    .against(broken),
            );
        }
        Ok(())
    }

    /// Asks the test service something on a connection of its own, uncut; the answer as text.
    pub fn ask(&self, request: &str) -> Step<String> {
        self.play.manner.flush()?;
        let manner = Manner {
            cut: Cut::Whole,
            ..self.play.manner.clone()
        };
        let mut side = Link::connect("side", self.testee.address()?, manner, None)?;
        side.send(n(request))?;
        let answer = side.message(&format!("an answer to `{request}`"))?;
        String::from_utf8(answer)
            .map_err(|_| Stop::messages("an answer in ASCII", "octets that are not"))
    }

    /// The count of a token.
    pub fn marked(&self, token: &str) -> Step<u32> {
        let answer = self.ask(&format!("marked {token}"))?;
        answer.parse().map_err(|_| {
            Stop::messages("a count in answer to `marked`", answer).against("EOP-TST-17")
        })
    }

    /// The count of a token is `expected`.
    pub fn expect_marked(&self, token: &str, expected: u32) -> Step {
        let count = self.marked(token)?;
        if count == expected {
            return Ok(());
        }
        Err(Stop::messages(
            format!("acted on {expected} time(s)"),
            format!("acted on {count} time(s)"),
        ))
    }

    /// Releases an `await`.
    pub fn signal(&self, token: &str) -> Step {
        match self.ask(&format!("signal {token}"))?.as_str() {
            "ok" => Ok(()),
            other => Err(Stop::messages("`ok` in answer to `signal`", other).against("EOP-TST-18")),
        }
    }

    /// A fresh port of the server, at whose every accept the steps run.
    pub fn listen(&self, steps: &str) -> Step<SocketAddrV4> {
        let answer = self.ask(&format!("listen {steps}"))?;
        let port = answer
            .strip_prefix("port ")
            .and_then(|port| port.parse().ok());
        let port = port.ok_or_else(|| {
            Stop::messages("`port P` in answer to `listen`", answer).against("EOP-TST-19")
        })?;
        Ok(SocketAddrV4::new(*self.testee.address()?.ip(), port))
    }

    /// A port of the runner to name as a target.
    pub fn target(&self) -> Step<Endpoint> {
        Endpoint::listening("target", self.play.manner.clone())
    }

    /// Where an instance of the server with this option listens, and the value that it declares for it. Plays share it.
    pub fn with_option(&self, option: &str, value: u32) -> Step<(SocketAddrV4, u32)> {
        let address = self.testee.address_with(&format!("{option}={value}"))?;
        let declared = self.declared(option, address)?;
        // A server that is attached to has what it has; a limit of its own would only make the runner wait for it.
        if self.testee.is_started() && declared != value {
            let observed = format!("`{option}={declared}` in answer to `hello`");
            let expected = format!("`{option}={value}` in force");
            return Err(Stop::messages(expected, observed).against("EOP-TST-32"));
        }
        Ok((address, declared))
    }

    /// The value of an option that the main instance declares.
    pub fn in_force(&self, option: &str) -> Step<u32> {
        self.declared(option, self.testee.address()?)
    }

    fn declared(&self, option: &str, address: SocketAddrV4) -> Step<u32> {
        let mut link = self.connect_as("side", address)?;
        link.send_whole(n("hello"))?;
        let answer = String::from_utf8(link.message("an answer to `hello`")?).unwrap_or_default();
        answer
            .split(' ')
            .find_map(|token| token.strip_prefix(option)?.strip_prefix('=')?.parse().ok())
            .ok_or_else(|| {
                Stop::messages(format!("`{option}=` in answer to `hello`"), answer)
                    .against("EOP-TST-15")
            })
    }

    /// A further instance of the server, with a certificate that it can use or one that is not there; the reason, if it does
    /// not say `ready`.
    pub fn started_with_certificate(&self, usable: bool) -> Step<Result<Instance, NotStarted>> {
        self.testee.another_with_certificate(usable)
    }

    /// A further instance of the server with this `EOP_LISTEN` and `EOP_OPTIONS`; the reason, if it does not say `ready`.
    pub fn started(&self, listen: &str, options: &str) -> Step<Result<Instance, NotStarted>> {
        self.testee.another(listen, options)
    }
}

impl Deref for ServerStage<'_> {
    type Target = Play;

    fn deref(&self) -> &Play {
        &self.play
    }
}
