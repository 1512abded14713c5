//! `eop listen`: takes messages, and answers each once it was acted on: printed, echoed, or given to a program.

use std::io;
use std::process::Stdio;
use std::sync::Arc;

use eop_net::server::{self, Drain, RoundRobin};
use eop_net::tokio::{Connection, Listener};
use eop_net::{Error, Service};
use tokio::io::{AsyncWriteExt as _, Stdout, stdout};
use tokio::process::Command;
use tokio::sync::Mutex;
use tracing::{info, warn};

use crate::arguments;
use crate::crowd::{Crowd, Phase, Phases, cut_off};
use crate::failure::Failure;
use crate::secure;

pub(crate) async fn run(options: arguments::Listen) -> Result<(), Failure> {
    let arguments::Serving {
        redirect_to,
        crowd,
        stall,
        identity,
    } = options.serving;
    let movable = !redirect_to.is_empty();
    let crowd = Crowd::gather(crowd, movable)?.only_one(!options.keep);
    let failed = |error| Failure::Io(options.listen.to_string(), error);
    let config = server::Config {
        service: Service {
            max_payload: options.max_message,
            ..Service::default()
        },
        stall,
        ..server::Config::default()
    };
    let drain = Drain::new().map_err(failed)?;
    let mut listener = Listener::bind(options.listen, config)
        .map_err(failed)?
        .drained_by(&drain);
    if let Some(tls) = secure::server(&identity)? {
        listener = listener.secured_by(&tls);
    }
    info!("listening on {}", listener.local_addr().map_err(failed)?);

    let mut phases = crowd.phases();
    tokio::spawn(async move {
        if phases
            .wait_for(|phase| *phase == Phase::Moving)
            .await
            .is_ok()
        {
            drain.begin(RoundRobin::new(redirect_to));
        }
    });
    let answerer = Arc::new(match (options.exec, options.echo) {
        (Some(command), _) => Answerer::Program(command),
        (None, true) => Answerer::Echo,
        (None, false) => Answerer::Print(Mutex::new(stdout())),
    });
    let once = !options.keep;
    let serve = |connection, phases, _| {
        let answerer = Arc::clone(&answerer);
        async move {
            match visit(connection, phases, &answerer).await {
                Err(Broken::Client(error)) if once => Err(Failure::Io(
                    "the client".to_owned(),
                    io::Error::other(error),
                )),
                Err(Broken::Client(_)) | Ok(()) => Ok(()),
                Err(Broken::Answerer(failure)) => Err(failure),
            }
        }
    };
    crowd.serve(async || listener.accept().await, serve).await
}

/// How messages are answered.
enum Answerer {
    /// With nothing, once they are printed.
    Print(Mutex<Stdout>),
    /// With themselves.
    Echo,
    /// With what a shell command prints.
    Program(String),
}

/// Why a client is not served any more.
enum Broken {
    /// It concerns that client alone.
    Client(Error),
    /// It concerns all.
    Answerer(Failure),
}

/// Serves one client, from its first message to its last.
async fn visit(
    mut connection: Connection,
    mut phases: Phases,
    answerer: &Answerer,
) -> Result<(), Broken> {
    let client = match connection.peer_addr() {
        Ok(client) => client,
        Err(error) => return Err(Broken::Client(Error::Lost(error))),
    };
    info!(%client, "connected");
    let served = tokio::select! {
        served = answer_all(&mut connection, answerer) => Some(served),
        () = cut_off(&mut phases) => None,
    };
    match served {
        Some(Ok(messages)) => {
            info!(%client, messages, "done");
            drop(connection.close());
            Ok(())
        }
        Some(Err(broken)) => {
            if let Broken::Client(error) = &broken {
                warn!(%client, "{error}");
            }
            // Not an end that the client could take for one.
            connection.reset();
            Err(broken)
        }
        None => {
            connection.reset();
            Ok(())
        }
    }
}

/// Answers until the client has no more, or is moved: how many messages.
async fn answer_all(connection: &mut Connection, answerer: &Answerer) -> Result<u64, Broken> {
    let mut messages: u64 = 0;
    while let Some(message) = connection.receive().await.map_err(Broken::Client)? {
        let answer = answerer.answer(message).await?;
        connection.respond(&answer).await.map_err(Broken::Client)?;
        messages = messages.saturating_add(1);
    }
    Ok(messages)
}

impl Answerer {
    /// Acts on a message, and says what the answer is.
    async fn answer(&self, message: Vec<u8>) -> Result<Vec<u8>, Broken> {
        match self {
            Self::Print(output) => {
                let mut output = output.lock().await;
                let printed = async {
                    output.write_all(&message).await?;
                    output.flush().await
                };
                match printed.await {
                    Ok(()) => Ok(Vec::new()),
                    Err(error) => Err(Broken::Answerer(Failure::of_output(error))),
                }
            }
            Self::Echo => Ok(message),
            Self::Program(command) => run_program(command, &message)
                .await
                .map_err(|error| Broken::Client(Error::Lost(error))),
        }
    }
}

/// What a shell command prints, given a message.
async fn run_program(command: &str, message: &[u8]) -> io::Result<Vec<u8>> {
    let mut program = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stdin = program.stdin.take();
    let give = async {
        if let Some(mut stdin) = stdin {
            // A program may answer without having read it all.
            let _ = stdin.write_all(message).await;
        }
    };
    let (output, ()) = tokio::join!(program.wait_with_output(), give);
    let output = output?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(io::Error::other(format!("{command}: {}", output.status))),
    }
}
