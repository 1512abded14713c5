//! [`World`]: servers, of which some are not to be had, and clients, on a clock that nobody waits for. All of it follows from one
//! seed.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use eop_net::Service;
use eop_net::server::{Drain, LingerList, RoundRobin};
use tokio::runtime;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::account::{Acts, Breach, Diary};
use super::chance::Chance;
use super::client::Asker;
use super::network::{Endpoint, Network};
use super::server::Server;
use super::story::Story;

/// More than every limit together.
const LONG: Duration = Duration::from_secs(3_600);

/// What a world is made of.
#[derive(Clone, Copy)]
pub(crate) struct World {
    /// What its servers and its network are like.
    pub(crate) nature: Nature,
}

/// What goes wrong in a world.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Whatever can, by chance.
    Faulty,
    /// Nothing but delays: nobody dies, and no connection is lost.
    Kind,
    /// Besides, servers move clients on whose messages they have acted.
    Dishonest,
}

/// What came of a world.
pub(crate) struct Outcome {
    pub(crate) story: Vec<String>,
    pub(crate) diaries: Vec<Diary>,
    /// What was promised and did not happen.
    pub(crate) breach: Option<String>,
}

impl World {
    /// Plays it with this seed.
    pub(crate) fn play(self, seed: u64) -> Outcome {
        let mut runtime = runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build();
        runtime
            .expect("a runtime")
            .block_on(self.play_with(&Chance::of(seed)))
    }

    async fn play_with(self, chance: &Chance) -> Outcome {
        let service = Service {
            greetings: u32::from(chance.percent(30)),
            ..Service::default()
        };
        let is_kind = self.nature == Nature::Kind;
        let faults = if is_kind { 0 } else { chance.of_range(0..=40) };
        let network = Network::new(chance, faults);
        let (acts, story, list) = (Acts::default(), Story::begin(), LingerList::new(1));
        let count = 3 + chance.index(4);
        let endpoints: Vec<SocketAddrV4> = (0..count).map(endpoint).collect();
        let mut servers = JoinSet::new();
        for (number, address) in endpoints.iter().enumerate() {
            let mood = match is_kind || number == 0 {
                true => 100,
                false => chance.of_range(1..=100),
            };
            match mood {
                1..=8 => {}
                9..=14 => network.put(*address, Endpoint::Silent),
                15..=18 => network.put(*address, Endpoint::Unreachable),
                _ => {
                    let drain = chance.percent(20).then(|| drain(chance, &endpoints));
                    let server = Server {
                        chance: chance.clone(),
                        service,
                        list: list.clone(),
                        drain,
                        targets: endpoints.clone(),
                        acts: acts.clone(),
                        nature: self.nature,
                    };
                    let (arrivals, clients) = unbounded_channel();
                    network.put(*address, Endpoint::Served(arrivals));
                    servers.spawn(server.run(clients));
                }
            }
            if mood < 30 {
                let (network, address, after) =
                    (network.clone(), *address, chance.millis(0..=3_000));
                tokio::spawn(async move {
                    sleep(after).await;
                    network.kill(address);
                });
            }
        }

        let clients = 1 + chance.index(5);
        let mut asking = JoinSet::new();
        for number in 0..clients {
            let asker = Asker {
                number,
                chance: chance.clone(),
                network: network.clone(),
                home: endpoint(0),
                service,
                story: story.clone(),
            };
            asking.spawn(asker.run());
        }
        let diaries = timeout(LONG, asking.join_all()).await;
        let Ok(diaries) = diaries else {
            return Outcome {
                story: story.lines(),
                diaries: Vec::new(),
                breach: Some(format!("{:?}", Breach::Endless)),
            };
        };

        // Everybody leaves, and nobody waits for what will never come.
        for address in &endpoints {
            network.put(*address, Endpoint::Unreachable);
        }
        network.give_up_lost_ways();
        let left = timeout(LONG, async {
            while servers.join_next().await.is_some() {}
            while list.counts().lingering > 0 {
                sleep(Duration::from_secs(1)).await;
            }
        })
        .await;
        let breach = diaries
            .iter()
            .find_map(|diary| Some((diary.judge(&acts).err()?, diary)))
            .map(|(breach, diary)| format!("{breach:?}: {diary:?}"));
        let breach = breach.or_else(|| match (left.is_err(), network.held()) {
            (true, held) => Some(format!("servers wait for ever, for {held} connections")),
            (false, 0) => None,
            (false, held) => Some(format!("{held} ends of connections are left")),
        });
        Outcome {
            story: story.lines(),
            diaries,
            breach,
        }
    }
}

fn endpoint(number: usize) -> SocketAddrV4 {
    let number = u16::try_from(number).expect("a few");
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, 4_000 + number)
}

/// A drain that begins at some time.
fn drain(chance: &Chance, endpoints: &[SocketAddrV4]) -> Drain {
    let drain = Drain::new().expect("descriptors");
    let (beginning, after) = (drain.clone(), chance.millis(0..=2_000));
    let targets = RoundRobin::new(endpoints);
    tokio::spawn(async move {
        sleep(after).await;
        beginning.begin(targets);
    });
    drain
}
