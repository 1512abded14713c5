//! What crosses on the wire, and what comes of it: gathered while walking, printed into `spec/races.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use eop_statemachine::session::{End, State};
use eop_statemachine::{Discipline, server};

use crate::setting::Setting;
use crate::wire::Token;
use crate::world::World;

/// Where something arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Client,
    /// At the server of this stop.
    Server(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Crossing {
    MessageWithAnswer,
    MessageWithRedirect,
    MessageWithLateRedirect,
    MessageWithGreeting,
    MessageWithGreetingRedirect,
    MessageWithNote,
    FinWithAnswer,
    FinWithRedirect,
    FinWithLateRedirect,
    FinWithFin,
    ResetWithRedirect,
    RedirectWithRedirect,
}

impl Crossing {
    const ALL: &[Self] = &[
        Self::MessageWithAnswer,
        Self::MessageWithRedirect,
        Self::MessageWithLateRedirect,
        Self::MessageWithGreeting,
        Self::MessageWithGreetingRedirect,
        Self::MessageWithNote,
        Self::FinWithAnswer,
        Self::FinWithRedirect,
        Self::FinWithLateRedirect,
        Self::FinWithFin,
        Self::ResetWithRedirect,
        Self::RedirectWithRedirect,
    ];

    /// Why it does not occur.
    const fn reason(self, manual: bool) -> &'static str {
        match self {
            Self::MessageWithGreeting | Self::MessageWithGreetingRedirect => {
                ": no octet of a message goes out before the greetings (EOP-ACC-5)"
            }
            Self::MessageWithNote if !manual => ": the server sends nothing unasked (EOP-ACC-2)",
            _ => "",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::MessageWithAnswer => "message with answer",
            Self::MessageWithRedirect => "message with R",
            Self::MessageWithLateRedirect => "message with late R",
            Self::MessageWithGreeting => "message with greeting",
            Self::MessageWithGreetingRedirect => "message with R that carries a greeting",
            Self::MessageWithNote => "message with unsolicited message",
            Self::FinWithAnswer => "client's FIN with answer",
            Self::FinWithRedirect => "client's FIN with R",
            Self::FinWithLateRedirect => "client's FIN with late R",
            Self::FinWithFin => "client's FIN with server's FIN",
            Self::ResetWithRedirect => "RST with R",
            Self::RedirectWithRedirect => "R with R",
        }
    }
}

/// What was seen: by discipline, crossing and side, every outcome.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Races {
    seen: BTreeMap<(bool, Crossing, &'static str), BTreeSet<String>>,
}

impl Races {
    pub(crate) fn absorb(&mut self, other: Self) {
        for (key, outcomes) in other.seen {
            self.seen.entry(key).or_default().extend(outcomes);
        }
    }

    fn add(&mut self, setting: &Setting, crossing: Crossing, side: &'static str, outcome: String) {
        let key = (setting.discipline == Discipline::Manual, crossing, side);
        self.seen.entry(key).or_default().insert(outcome);
    }

    /// `token` arrived, and `before` became `after`.
    pub(crate) fn note(
        &mut self,
        setting: &Setting,
        before: &World,
        after: &World,
        side: Side,
        token: Token,
    ) {
        match side {
            Side::Client => self.note_at_client(setting, before, after, token),
            Side::Server(stop) => self.note_at_server(setting, before, after, stop, token),
        }
    }

    fn note_at_client(&mut self, setting: &Setting, before: &World, after: &World, token: Token) {
        let Some(link) = before.current().filter(|link| !link.torn) else {
            return;
        };
        let messages = link.to_server.iter().any(|sent| {
            matches!(
                sent,
                Token::Request(_) | Token::RequestStart(_) | Token::RequestRest(_)
            )
        });
        let crossing = match token {
            Token::Answer(_) | Token::EmptyAnswer(_) => Some(Crossing::MessageWithAnswer),
            Token::Redirect(_) => Some(Crossing::MessageWithRedirect),
            Token::Late(..) | Token::LateNote(_) => Some(Crossing::MessageWithLateRedirect),
            Token::Greeting => Some(Crossing::MessageWithGreeting),
            Token::LateGreeting(_) => Some(Crossing::MessageWithGreetingRedirect),
            Token::Note => Some(Crossing::MessageWithNote),
            _ => None,
        };
        if let Some(crossing) = crossing.filter(|_| messages) {
            self.add(setting, crossing, "client", at_client(after));
        }
        let fin = link.to_server.iter().any(|sent| sent == Token::Fin);
        let crossing = match token {
            Token::Answer(_) | Token::EmptyAnswer(_) => Some(Crossing::FinWithAnswer),
            Token::Redirect(_) => Some(Crossing::FinWithRedirect),
            Token::Late(..) | Token::LateNote(_) => Some(Crossing::FinWithLateRedirect),
            Token::Fin => Some(Crossing::FinWithFin),
            _ => None,
        };
        if let Some(crossing) = crossing.filter(|_| fin) {
            self.add(setting, crossing, "client", at_client(after));
        }
        let reset_follows = link.to_client.iter().any(|sent| sent == Token::Reset);
        if token.is_redirect() && reset_follows {
            let outcome = format!("R arrived first: {}", at_client(after));
            self.add(setting, Crossing::ResetWithRedirect, "client", outcome);
        }
        if token == Token::Reset && link.redirected {
            let outcome = format!("the reset took R away: {}", at_client(after));
            self.add(setting, Crossing::ResetWithRedirect, "client", outcome);
        }
        let undecided = before.session.is_undecided();
        if token.is_redirect() && undecided && before.session.hop() > 0 {
            let outcome = format!(
                "a decision for the earlier hop is stale: {}",
                at_client(after)
            );
            self.add(setting, Crossing::RedirectWithRedirect, "client", outcome);
        }
    }

    fn note_at_server(
        &mut self,
        setting: &Setting,
        before: &World,
        after: &World,
        stop: usize,
        token: Token,
    ) {
        let Some(link) = before.links[stop].as_ref().filter(|link| !link.torn) else {
            return;
        };
        let outcome = match &after.links[stop] {
            None => "discarded unparsed; the connection is over",
            Some(link) => match (link.server.state(), token) {
                (server::State::Draining | server::State::DrainingDone, _) => "discarded unparsed",
                (server::State::HalfClosed, _) => "discarded unparsed, after the server's FIN",
                (server::State::Open, _) => "received; it waits for its answer",
                (server::State::PeerDone, _) => "the requests before it are still answered",
                (server::State::Finished, _) => "both streams have ended",
                (state, _) => {
                    return self.add(
                        setting,
                        Crossing::FinWithFin,
                        "server",
                        format!("{state:?}"),
                    );
                }
            },
        };
        let message = matches!(
            token,
            Token::Request(_) | Token::RequestStart(_) | Token::RequestRest(_)
        );
        for crossed in link.to_client.iter() {
            let crossing = match (message, crossed) {
                (true, Token::Answer(_) | Token::EmptyAnswer(_)) => Crossing::MessageWithAnswer,
                (true, Token::Redirect(_)) => Crossing::MessageWithRedirect,
                (true, Token::Late(..) | Token::LateNote(_)) => Crossing::MessageWithLateRedirect,
                (true, Token::Greeting) => Crossing::MessageWithGreeting,
                (true, Token::LateGreeting(_)) => Crossing::MessageWithGreetingRedirect,
                (true, Token::Note) => Crossing::MessageWithNote,
                (false, Token::Answer(_) | Token::EmptyAnswer(_)) => Crossing::FinWithAnswer,
                (false, Token::Redirect(_)) => Crossing::FinWithRedirect,
                (false, Token::Late(..) | Token::LateNote(_)) => Crossing::FinWithLateRedirect,
                (false, Token::Fin) => Crossing::FinWithFin,
                _ => continue,
            };
            self.add(setting, crossing, "server", outcome.to_owned());
        }
    }

    /// `spec/races.md`.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from(include_str!("races-intro.md"));
        for manual in [false, true] {
            let name = if manual { "manual" } else { "paired" };
            write!(
                text,
                "\n## {name}\n\n| What crosses | At the | Outcomes |\n|---|---|---|\n"
            )
            .expect("a string");
            for crossing in Crossing::ALL {
                let mut occurs = false;
                for side in ["client", "server"] {
                    let Some(outcomes) = self.seen.get(&(manual, *crossing, side)) else {
                        continue;
                    };
                    occurs = true;
                    let outcomes: Vec<_> = outcomes.iter().map(String::as_str).collect();
                    writeln!(
                        text,
                        "| {} | {side} | {} |",
                        crossing.name(),
                        outcomes.join("<br>")
                    )
                    .expect("a string");
                }
                if !occurs {
                    writeln!(
                        text,
                        "| {} | | does not occur{} |",
                        crossing.name(),
                        crossing.reason(manual)
                    )
                    .expect("a string");
                }
            }
        }
        text
    }
}

/// Where the client stands.
fn at_client(world: &World) -> String {
    let counts = world.session.counts();
    let outstanding = world.session.outstanding() > 0;
    match world.session.state() {
        State::Open if outstanding => "the message stays outstanding".to_owned(),
        State::Open => "the connection goes on".to_owned(),
        State::Judging if outstanding => {
            "what is outstanding is owed; the target is judged".to_owned()
        }
        State::Judging => "nothing is owed; the target is judged".to_owned(),
        State::Moving => "it falls back to home".to_owned(),
        State::Settling => "over; the application may still retire".to_owned(),
        State::Holding => "held until the application retired or decided".to_owned(),
        State::Dialing => "home is connected to".to_owned(),
        State::Ended => {
            let end = world.session.end().unwrap_or(End::Closed);
            match counts.uncertain {
                0 => format!("ended {}", end.kind()),
                _ => format!("ended {}; what was offered is uncertain", end.kind()),
            }
        }
    }
}
