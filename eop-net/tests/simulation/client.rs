//! What the clients of a world do: they ask, one at a time or many at once, decide what becomes of what is owed, and give up
//! when nothing comes for too long. Each writes down what it is told.

use std::net::SocketAddrV4;
use std::time::Duration;

use eop_net::client::{ClientOver, Config, Order};
use eop_net::tokio::{Client, Tokio};
use eop_net::{Event, Fallback, Resending, Service};
use tokio::time::{Instant, timeout};

use super::account::Diary;
use super::chance::Chance;
use super::fickle::tried;
use super::network::Network;
use super::story::Story;

/// How long a client waits for anything at all.
const PATIENCE: Duration = Duration::from_secs(600);

/// A client.
pub(crate) struct Asker {
    pub(crate) number: usize,
    pub(crate) chance: Chance,
    pub(crate) network: Network,
    pub(crate) home: SocketAddrV4,
    pub(crate) service: Service,
    pub(crate) story: Story,
}

type Session = ClientOver<Tokio<Network>>;

impl Asker {
    fn config(&self) -> Config {
        let chance = &self.chance;
        Config {
            service: self.service,
            resending: match chance.percent(60) {
                true => Resending::Automatic {
                    budget: chance.of_range(0..=200),
                },
                false => Resending::Explicit,
            },
            fallback: match chance.percent(50) {
                true => Fallback::Home,
                false => Fallback::None,
            },
            order: match chance.percent(50) {
                true => Order::OldFirst,
                false => Order::NewFirst,
            },
            ..Config::default()
        }
    }

    /// Asks, until the session is over.
    pub(crate) async fn run(self) -> Diary {
        let session = Client::dialed_by(self.network.clone(), self.home.into(), self.config());
        let mut client = session.expect("no contradiction");
        let mut diary = Diary::default();
        let mut left = self.chance.of_range(1..=8);
        let mut heard = Instant::now();
        while diary.ended.is_none() {
            if left > 0 && self.chance.percent(50) {
                left -= 1;
                self.ask(&mut client, &mut diary);
                if left == 0 && self.chance.percent(30) {
                    // Refused if the session is over.
                    let _ = client.half_close();
                }
            }
            let Some(event) = self.hear(&mut client, left).await else {
                let all_answered = left == 0 && client.session().outstanding() == 0;
                match all_answered || heard.elapsed() > PATIENCE {
                    true if self.chance.percent(20) => client.reset(),
                    true => client.close(),
                    false => {}
                }
                continue;
            };
            heard = Instant::now();
            self.story.tell(self.number, &event);
            diary.hear(&event, &client);
            match event {
                Event::Redirected(redirected) if redirected.decide => {
                    self.decide(redirected.hop, &mut client, &mut diary);
                }
                Event::Connected(connected) if connected.decide => {
                    self.decide(connected.hop, &mut client, &mut diary);
                }
                Event::Redirected(_)
                | Event::Connected(_)
                | Event::Message(_)
                | Event::Settling
                | Event::Ended(_) => {}
            }
        }
        diary
    }

    /// The next event, unless something else comes first.
    async fn hear(&self, client: &mut Session, left: u64) -> Option<Event> {
        match self.chance.percent(50) {
            true => tried(&self.chance, client.receive()).await,
            // Who has nothing more to ask can wait.
            false => {
                let most = if left > 0 { 200 } else { 20_000 };
                let limit = self.chance.millis(0..=most);
                timeout(limit, client.receive()).await.ok()
            }
        }
    }

    fn ask(&self, client: &mut Session, diary: &mut Diary) {
        let chance = &self.chance;
        let number = diary.count();
        // Some are longer than what a connection holds.
        let long = if chance.percent(10) { 600 } else { 0 };
        let message = format!("{}/{number}{}", self.number, "+".repeat(long));
        let sent = match chance.percent(10) {
            true => client.send_once(message.as_bytes()),
            false => client.send(message.as_bytes()),
        };
        // Refused while a decision is due, and once the session is over.
        if let Ok(number) = sent {
            diary.sent(number, message.as_bytes());
        }
    }

    fn decide(&self, hop: u32, client: &mut Session, diary: &mut Diary) {
        // Refused if the session is over meanwhile.
        if self.chance.percent(85) {
            let _ = client.resend(hop);
        } else if client.drop_owed(hop).is_ok() {
            diary.dropped(client);
        }
    }
}
