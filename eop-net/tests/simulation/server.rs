//! What the servers of a world do: they act and answer, move their clients, take their time, or die. They keep what EOP asks of
//! them (EOP-RSD-2), unless the world is to show that a breach is found.

use std::collections::VecDeque;
use std::net::SocketAddrV4;
use std::time::Duration;

use eop_net::server::{Config, Drain, LingerList};
use eop_net::tokio::Connection;
use eop_net::{Error, Service};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::account::Acts;
use super::chance::Chance;
use super::connection::End;
use super::fickle::{insisted, tried};
use super::world::Nature;

/// A server, as often as it takes a connection.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) chance: Chance,
    pub(crate) service: Service,
    pub(crate) list: LingerList,
    pub(crate) drain: Option<Drain>,
    /// Where it may move its clients, itself among them.
    pub(crate) targets: Vec<SocketAddrV4>,
    pub(crate) acts: Acts,
    pub(crate) nature: Nature,
}

/// What a server does next.
enum Next {
    Answer,
    Hold,
    Move,
    MoveWithAnswer,
    Die,
    Reset,
}

impl Server {
    /// Takes connections until the endpoint is gone, and ends with the last of them.
    pub(crate) async fn run(self, mut arrivals: UnboundedReceiver<End>) {
        let mut clients = JoinSet::new();
        while let Some(end) = arrivals.recv().await {
            let server = self.clone();
            clients.spawn(async move {
                // How a connection ended is its client's to tell.
                let _ = server.serve(end).await;
            });
        }
        while let Some(client) = clients.join_next().await {
            client.expect("no panic");
        }
    }

    fn next(&self) -> Next {
        match self.chance.of_range(1..=100) {
            63..=74 => Next::Hold,
            75..=86 => Next::Move,
            87..=94 => Next::MoveWithAnswer,
            95..=97 if self.nature != Nature::Kind => Next::Die,
            98..=100 if self.nature != Nature::Kind => Next::Reset,
            _ => Next::Answer,
        }
    }

    async fn serve(self, end: End) -> Result<(), Error> {
        let chance = &self.chance;
        let config = Config {
            service: self.service,
            ..Config::default()
        };
        let mut connection = Connection::over(end, config).linger_in(&self.list);
        if let Some(drain) = &self.drain {
            connection = connection.drained_by(drain);
        }
        for _ in 0..self.service.greetings {
            sleep(chance.millis(0..=30)).await;
            connection.greet(b"hello").await?;
        }
        let mut held = VecDeque::new();
        loop {
            let received = match held.is_empty() {
                true => insisted!(chance, connection.receive()),
                // It goes on with what it has if nothing more comes.
                false => match tried(chance, connection.receive()).await {
                    Some(received) => received,
                    None => Ok(None),
                },
            }?;
            let over = received.is_none() && held.is_empty();
            held.extend(received);
            let Some(oldest) = held.front() else {
                if over {
                    drop(connection.close());
                }
                return Ok(());
            };
            match self.next() {
                Next::Hold => sleep(chance.millis(0..=100)).await,
                Next::Answer => {
                    self.think().await;
                    let answer = self.acts.act(oldest);
                    held.pop_front();
                    // What is dropped is only the waiting.
                    let sent = tried(chance, connection.respond(&answer)).await;
                    sent.unwrap_or(Ok(()))?;
                }
                Next::Move => {
                    if self.nature == Nature::Dishonest {
                        self.acts.act(oldest);
                    }
                    match connection.redirect(self.target()) {
                        Ok(_) => return Ok(()),
                        Err(refused) if refused.error.is_final() => return Err(refused.error),
                        Err(refused) => connection = refused.connection,
                    }
                }
                Next::MoveWithAnswer => {
                    // It knows where it is, so that it does not act in vain.
                    let to = self.target();
                    if connection.local_addr().ok() == Some(to.into()) {
                        continue;
                    }
                    drop(connection.redirect_with(&self.acts.act(oldest), to)?);
                    return Ok(());
                }
                Next::Die => {
                    if chance.percent(50) {
                        self.acts.act(oldest);
                    }
                    return Ok(());
                }
                Next::Reset => {
                    connection.reset();
                    return Ok(());
                }
            }
        }
    }

    async fn think(&self) {
        // Longer than an episode may take; where no client is to stall, so short that all of its messages are acted on before.
        let long = Duration::from_secs(if self.nature == Nature::Kind { 2 } else { 40 });
        sleep(match self.chance.percent(3) {
            true => long,
            false => self.chance.millis(0..=50),
        })
        .await;
    }

    fn target(&self) -> SocketAddrV4 {
        self.targets[self.chance.index(self.targets.len())]
    }
}
