//! `eop gateway server`: takes clients over EOP, and has a connection to the unmodified server for each.

use std::fmt;
use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use eop_net::Error;
use eop_net::server::{RoundRobin, Targets as _};
use eop_net::tokio::Connection;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing::{info, warn};

use super::exchange::Exchange;
use super::{Closing, PIECE, SERVICE, hand_on};
use crate::arguments;
use crate::crowd::{Crowd, Phase, Phases, cut_off};
use crate::failure::Failure;
use crate::serving;

/// How long connecting to the application may take.
const CONNECT: Duration = Duration::from_secs(10);

pub(crate) async fn run(options: arguments::ServerGateway) -> Result<(), Failure> {
    let movable = !options.serving.redirect_to.is_empty();
    let crowd = Crowd::gather(options.serving.crowd, movable)?;
    let listener = serving::listen(options.listen, &options.serving, SERVICE)?;
    let gateway = Arc::new(Gateway {
        application: options.application,
        half_duplex: options.half_duplex,
        elsewhere: RoundRobin::new(options.serving.redirect_to),
        stall: options.serving.stall,
    });
    let serve = |connection, phases, full| Arc::clone(&gateway).serve(connection, phases, full);
    crowd.serve(async || listener.accept().await, serve).await
}

/// What the clients of a gateway share.
struct Gateway {
    /// Where the unmodified server is.
    application: String,
    half_duplex: bool,
    /// Where clients are moved.
    elsewhere: RoundRobin,
    /// How long a peer may take no octet.
    stall: Duration,
}

/// What became of a client.
enum Carried {
    /// Both streams ended.
    Done,
    /// It was moved.
    Moved(SocketAddrV4),
}

/// Why a client is not carried any further.
enum Broken {
    /// The client is gone, or at fault.
    Client(Error),
    /// The application cannot be had, is gone, or takes nothing.
    Application(io::Error),
    /// The operator wants it so.
    CutOff,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(error) => write!(f, "the client: {error}"),
            Self::Application(error) => write!(f, "the application: {error}"),
            Self::CutOff => f.write_str("cut off"),
        }
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self::Client(error)
    }
}

impl Gateway {
    /// Serves one client, to its end or until it is moved. If there is no room here, it is moved at accept.
    async fn serve(
        self: Arc<Self>,
        mut connection: Connection,
        mut phases: Phases,
        full: bool,
    ) -> Result<(), Failure> {
        let Ok(client) = connection.peer_addr() else {
            return Ok(());
        };
        let mut stop = phases.clone();
        let carried = tokio::select! {
            carried = self.carry(&mut connection, client, &mut phases, full) => carried,
            () = cut_off(&mut stop) => Err(Broken::CutOff),
        };
        let left = match carried {
            Ok(Carried::Done) => {
                info!(%client, "done");
                drop(connection.close());
                return Ok(());
            }
            Ok(Carried::Moved(target)) => match connection.redirect(target) {
                Ok(_) => {
                    info!(%client, "moved to {target}");
                    return Ok(());
                }
                Err(refused) => {
                    warn!(%client, "not moved to {target}: {refused}");
                    refused.connection
                }
            },
            Err(broken) => {
                warn!(%client, "{broken}");
                connection
            }
        };
        // Not an end that the client could take for one.
        left.reset();
        Ok(())
    }

    /// Carries octets both ways until the application has ended, or the client is to be moved.
    async fn carry(
        &self,
        connection: &mut Connection,
        client: SocketAddr,
        phases: &mut Phases,
        full: bool,
    ) -> Result<Carried, Broken> {
        connection.secured().await?;
        if let Some(target) = self.target(client, full || is_moving(phases)) {
            return Ok(Carried::Moved(target));
        }
        let mut application = self.connect().await.map_err(Broken::Application)?;
        connection.greet(b"").await?;
        info!(%client, "taken");
        let carried = self
            .converse(connection, client, phases, &mut application)
            .await?;
        Closing::End.of(&application);
        Ok(carried)
    }

    /// The same, once the client is taken.
    async fn converse(
        &self,
        connection: &mut Connection,
        client: SocketAddr,
        phases: &mut Phases,
        application: &mut TcpStream,
    ) -> Result<Carried, Broken> {
        let mut exchange = Exchange::new(self.half_duplex);
        let mut asking = true;
        // What the client asked and the application has not taken yet.
        let mut request = Bytes::new();
        let mut acknowledged = true;
        let mut answer = vec![0; PIECE];
        loop {
            if !acknowledged && request.is_empty() {
                connection.respond(b"").await?;
                acknowledged = true;
            }
            let (mut from, mut to) = application.split();
            tokio::select! {
                message = connection.receive(), if asking && acknowledged => match message? {
                    Some(message) => {
                        let moves = is_moving(phases) && exchange.is_between_requests();
                        if let Some(target) = self.target(client, moves) {
                            return Ok(Carried::Moved(target));
                        }
                        exchange.asked();
                        request = message.into();
                        acknowledged = false;
                    }
                    None => {
                        exchange.asked();
                        asking = false;
                        to.shutdown().await.map_err(Broken::Application)?;
                    }
                },
                handed = hand_on(&mut to, &mut request, self.stall), if !request.is_empty() => {
                    handed.map_err(Broken::Application)?;
                }
                read = from.read(&mut answer) => {
                    let len = read.map_err(Broken::Application)?;
                    let octets = answer.get(..len).unwrap_or_default();
                    if octets.is_empty() {
                        return Ok(Carried::Done);
                    }
                    exchange.answered(octets);
                    connection.respond(octets).await?;
                }
                Ok(()) = phases.changed(), if exchange.is_untouched() => {
                    if let Some(target) = self.target(client, is_moving(phases)) {
                        return Ok(Carried::Moved(target));
                    }
                }
            }
        }
    }

    /// Where the client goes, if it is to go.
    fn target(&self, client: SocketAddr, moves: bool) -> Option<SocketAddrV4> {
        moves.then(|| self.elsewhere.choose(client)).flatten()
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let application = timeout(CONNECT, TcpStream::connect(&self.application)).await;
        let application = application.map_err(|_| io::ErrorKind::TimedOut)??;
        Closing::Reset.of(&application);
        // What the client sent is not to wait for more.
        let _ = application.set_nodelay(true);
        Ok(application)
    }
}

fn is_moving(phases: &Phases) -> bool {
    *phases.borrow() == Phase::Moving
}
