//! `eop gateway client`: takes unmodified clients over TCP, and has a session of EOP for each.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use eop_net::client::{self, Config, Ended, Event, Message};
use eop_net::tokio::Client;
use eop_net::{End, Kind, Misuse};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tracing::{info, warn};

use super::{Closing, PIECE, SERVICE, hand_on};
use crate::arguments;
use crate::crowd::{Crowd, Phases, cut_off};
use crate::failure::Failure;
use crate::session;

/// Messages that are not acknowledged at a time.
const WINDOW: u32 = 16;
/// Octets that are held for a client that does not take them, before the server is not listened to any more.
const HELD: usize = 256 * 1024;
/// How long a client may go on sending to a server that has ended.
const LINGER: Duration = Duration::from_secs(5);

pub(crate) async fn run(options: arguments::ClientGateway) -> Result<(), Failure> {
    let config = session::config(&options.session, &options.home, SERVICE)?;
    let crowd = Crowd::gather(options.crowd, false)?;
    let failed = |error| Failure::Io(options.listen.to_string(), error);
    let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
    info!("listening on {}", listener.local_addr().map_err(failed)?);
    let home: Arc<str> = options.home.into();
    let serve = |(plain, client), phases, _| {
        serve(plain, client, Arc::clone(&home), config.clone(), phases)
    };
    crowd.serve(async || listener.accept().await, serve).await
}

/// Why a client is not carried any further.
#[derive(Debug)]
enum Broken {
    /// There is no session for it.
    NotBegun(client::Error),
    /// The session broke.
    Session(Ended),
    /// The server gateway acknowledged what it was not sent.
    Acknowledged(Misuse),
    /// The client is gone, or takes nothing.
    Client(io::Error),
    /// The operator wants it so.
    CutOff,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBegun(error) => write!(f, "no session: {error}"),
            Self::Session(ended) => write!(f, "the session broke: {ended}"),
            Self::Acknowledged(misuse) => write!(f, "a false acknowledgement: {misuse}"),
            Self::Client(error) => write!(f, "the client: {error}"),
            Self::CutOff => f.write_str("cut off"),
        }
    }
}

/// Serves one client, to the end of its connection.
async fn serve(
    plain: TcpStream,
    client: SocketAddr,
    home: Arc<str>,
    config: Config,
    mut phases: Phases,
) -> Result<(), Failure> {
    let stall = config.stall;
    Closing::Reset.of(&plain);
    // What the server sent is not to wait for more.
    let _ = plain.set_nodelay(true);
    let connected = tokio::select! {
        session = Client::connect(&*home, config) => session.map_err(Broken::NotBegun),
        () = cut_off(&mut phases) => Err(Broken::CutOff),
    };
    let mut carriage = match connected {
        Ok(session) => Carriage::new(plain, client, session, stall),
        Err(broken) => {
            warn!(%client, "{broken}");
            return Ok(());
        }
    };
    let carried = tokio::select! {
        carried = carriage.carry() => carried,
        () = cut_off(&mut phases) => Err(Broken::CutOff),
    };
    match carried {
        Ok(()) => info!(%client, "done"),
        Err(broken) => {
            warn!(%client, "{broken}");
            carriage.session.reset();
        }
    }
    Ok(())
}

/// One client and its session.
struct Carriage {
    plain: TcpStream,
    client: SocketAddr,
    session: Client,
    stall: Duration,
    /// Whether the server that we are connected to has taken the client.
    greeted: bool,
    /// Whether the client's stream goes on.
    asking: bool,
    /// Octets of the client, for the server.
    request: BytesMut,
    /// Octets of the server, for the client.
    answer: BytesMut,
}

impl Carriage {
    fn new(plain: TcpStream, client: SocketAddr, session: Client, stall: Duration) -> Self {
        info!(%client, "connected to {}", session.endpoint());
        Self {
            plain,
            client,
            session,
            stall,
            greeted: false,
            asking: true,
            request: BytesMut::new(),
            answer: BytesMut::new(),
        }
    }

    /// Carries octets both ways until the session has ended.
    async fn carry(&mut self) -> Result<(), Broken> {
        loop {
            self.send();
            let (mut from, mut to) = self.plain.split();
            let room = self.answer.len() < HELD;
            let ready = self.greeted && self.asking && self.request.is_empty();
            let in_window = self.session.session().outstanding() < WINDOW;
            self.request.reserve(PIECE);
            let mut piece = (&mut self.request).limit(PIECE);
            tokio::select! {
                event = self.session.receive(), if room => {
                    if self.heed(event)? {
                        return self.end().await;
                    }
                }
                read = from.read_buf(&mut piece), if room && ready && in_window => {
                    self.asking = read.map_err(Broken::Client)? > 0;
                }
                handed = hand_on(&mut to, &mut self.answer, self.stall), if !self.answer.is_empty() => {
                    handed.map_err(Broken::Client)?;
                }
            }
        }
    }

    /// Hands the client's octets to the session, and the end of its stream. What the session refuses, because it has
    /// something to tell first, is offered again later.
    fn send(&mut self) {
        if !self.request.is_empty() && self.session.send(&self.request).is_ok() {
            self.request.clear();
        }
        if !self.asking && self.request.is_empty() {
            let _ = self.session.half_close();
        }
    }

    /// What an event means to the client: whether the session has ended.
    fn heed(&mut self, event: Event) -> Result<bool, Broken> {
        let client = self.client;
        match event {
            Event::Connected(connected) => info!(%client, "connected to {}", connected.endpoint),
            Event::Message(Message { payload, kind, .. }) => match kind {
                Kind::Greeting => self.greeted = true,
                Kind::Plain | Kind::Answer if payload.is_empty() => {
                    self.session.retire(1).map_err(Broken::Acknowledged)?;
                }
                Kind::Plain | Kind::Answer => self.answer.extend_from_slice(&payload),
            },
            Event::Redirected(redirected) => {
                info!(%client, "moved from {} to {}", redirected.from, redirected.target);
                self.greeted = false;
                if redirected.decide {
                    // Awaited at this hop, so not refused.
                    let _ = self.session.resend(redirected.hop);
                }
            }
            Event::Settling => {}
            Event::Ended(ended) if ended.end == End::Eof => return Ok(true),
            Event::Ended(ended) => return Err(Broken::Session(ended)),
        }
        Ok(false)
    }

    /// Gives the client the rest of the server's octets, and their end. Closing before the client's own end would reset the
    /// connection under them.
    async fn end(&mut self) -> Result<(), Broken> {
        while !self.answer.is_empty() {
            let handed = hand_on(&mut self.plain, &mut self.answer, self.stall);
            handed.await.map_err(Broken::Client)?;
        }
        Closing::End.of(&self.plain);
        self.plain.shutdown().await.map_err(Broken::Client)?;
        let _ = timeout(LINGER, copy(&mut self.plain, &mut sink())).await;
        Ok(())
    }
}
