//! `eop listen`: takes messages, and answers each once it was acted on. What acting on one is, is `answerer.rs`'s.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use eop_net::server::{Drain, RoundRobin, Targets as _};
use eop_net::tokio::Connection;
use eop_net::{Error, Service};
use tracing::{info, warn};

use crate::answerer::{Answerer, Unanswered};
use crate::arguments;
use crate::crowd::{Crowd, Phase, Phases, cut_off};
use crate::failure::Failure;
use crate::serving;

pub(crate) async fn run(options: arguments::Listen) -> Result<(), Failure> {
    let movable = !options.serving.redirect_to.is_empty();
    let crowd = Crowd::gather(options.serving.crowd, movable)?.only_one(!options.keep);
    let service = Service {
        max_payload: options.max_message,
        ..Service::default()
    };
    let drain = Drain::new().map_err(|error| Failure::Io("a pipe".to_owned(), error))?;
    let listener = serving::listen(options.listen, &options.serving, service)?.drained_by(&drain);

    let listening = Arc::new(Listening {
        answerer: Answerer::new(options.echo, options.exec),
        elsewhere: RoundRobin::new(options.serving.redirect_to),
        once: !options.keep,
    });
    let (mut phases, all) = (crowd.phases(), Arc::clone(&listening));
    tokio::spawn(async move {
        if phases.wait_for(|it| *it == Phase::Moving).await.is_ok() {
            drain.begin(move |client| all.elsewhere.choose(client));
        }
    });
    let serve = |connection, phases, full| Arc::clone(&listening).serve(connection, phases, full);
    crowd.serve(async || listener.accept().await, serve).await
}

/// What all clients share.
struct Listening {
    answerer: Answerer,
    /// Where clients are moved.
    elsewhere: RoundRobin,
    /// Whether there is only one client.
    once: bool,
}

/// Why a client is not served any more.
enum Broken {
    /// The client is gone, or at fault.
    Client(Error),
    /// A message was not answered.
    Unanswered(Unanswered),
    /// The operator wants it so.
    CutOff,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(error) => write!(f, "the client: {error}"),
            Self::Unanswered(Unanswered::Program(error)) => error.fmt(f),
            Self::Unanswered(Unanswered::Output(failure)) => failure.fmt(f),
            Self::CutOff => f.write_str("cut off"),
        }
    }
}

impl Listening {
    /// Serves one client, from its first message to its last. If there is no room for it, it is moved.
    async fn serve(
        self: Arc<Self>,
        mut connection: Connection,
        mut phases: Phases,
        full: bool,
    ) -> Result<(), Failure> {
        let Ok(client) = connection.peer_addr() else {
            return Ok(());
        };
        if full {
            return self.move_on(connection, client).await;
        }
        info!(%client, "connected");
        let served = tokio::select! {
            served = self.answer_all(&mut connection) => served,
            () = cut_off(&mut phases) => Err(Broken::CutOff),
        };
        let broken = match served {
            Ok(messages) => {
                info!(%client, messages, "done");
                drop(connection.close());
                return Ok(());
            }
            Err(broken) => broken,
        };
        // What the client was not answered is uncertain to it, however the connection ends.
        drop(connection);
        match broken {
            Broken::Unanswered(Unanswered::Output(failure)) => Err(failure),
            Broken::Client(_) | Broken::Unanswered(Unanswered::Program(_)) | Broken::CutOff => {
                let why = broken.to_string();
                if self.once {
                    return Err(Failure::Io(client.to_string(), io::Error::other(why)));
                }
                warn!(%client, "{why}");
                Ok(())
            }
        }
    }

    /// Answers until the client has no more, or is moved: how many messages.
    async fn answer_all(&self, connection: &mut Connection) -> Result<u64, Broken> {
        let mut messages: u64 = 0;
        while let Some(message) = connection.receive().await.map_err(Broken::Client)? {
            let answer = self.answerer.answer(message).await;
            let answer = answer.map_err(Broken::Unanswered)?;
            connection.respond(&answer).await.map_err(Broken::Client)?;
            messages = messages.saturating_add(1);
        }
        Ok(messages)
    }

    async fn move_on(&self, mut connection: Connection, client: SocketAddr) -> Result<(), Failure> {
        // A client that is gone, or a target that is this very server, is told by the log.
        let moved = match (connection.secured().await, self.elsewhere.choose(client)) {
            (Ok(()), Some(target)) => connection.redirect(target).map_err(Error::from),
            (Err(error), _) => Err(error),
            (Ok(()), None) => return Ok(()),
        };
        match moved {
            Ok(_) => info!(%client, "moved"),
            Err(error) => warn!(%client, "not moved: {error}"),
        }
        Ok(())
    }
}
