//! The driver over tokio: a task a session. What a line asks for is `command.rs`'s, and what a session does `session.rs`'s.

use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::task::{Context, Waker};
use std::thread;

use eop_net::client::{Config, Event};
use eop_net::tls::ClientTls;
use eop_net::tokio::{Client, Tokio};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::yield_now;
use tokio::time::sleep_until;

use super::command::{self, Line, Verb};
use super::dial::Dialling;
use super::lines::Lines;
use super::output::Output;
use super::session::{Session, Step, contradiction};
use super::settings::Settings;

type TokioSession = Session<Tokio<Dialling>>;

/// Turns of the runtime in which it learns of everything that is readable by now.
const TURNS: u32 = 3;

/// Says hello, and drives sessions until standard input ends (EOP-DRV-1, EOP-DRV-2).
pub(crate) fn run() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(1)
        .build()?;
    let tls = crate::tls::client()?;
    Output::default().print("hello eop-test 1 role=client")?;
    let (lines, input) = unbounded_channel();
    let reader = thread::spawn(move || read_lines(&lines));
    runtime.block_on(drive(input, tls))?;
    reader.join().unwrap_or(Ok(()))
}

fn read_lines(output: &UnboundedSender<Vec<u8>>) -> io::Result<()> {
    let stdin = io::stdin();
    let mut lines = Lines::default();
    while lines.read(&stdin)? {
        while let Some(line) = lines.next() {
            // Refused only if the driver is gone.
            let _ = output.send(line);
        }
    }
    Ok(())
}

/// Hands each line to its session. A session that is over does not listen any more (EOP-DRV-10).
async fn drive(mut input: UnboundedReceiver<Vec<u8>>, tls: Option<ClientTls>) -> io::Result<()> {
    let mut sessions: HashMap<u32, UnboundedSender<Verb>> = HashMap::new();
    let mut output = Output::default();
    while let Some(line) = input.recv().await {
        let line = command::parse(&line);
        let (Line::Connect(id, _) | Line::Command(id, _) | Line::Bad(id, ..)) = &line;
        let id = *id;
        let over = sessions.get(&id).is_some_and(UnboundedSender::is_closed);
        match (line, sessions.get(&id)) {
            (Line::Connect(..) | Line::Command(..), _) if over => {}
            (Line::Connect(..), Some(_)) => reject(&mut output, id, "connect", "in-use")?,
            (Line::Connect(_, settings), None) => match begin(id, *settings, tls.clone()) {
                Ok(session) => {
                    let (verbs, commands) = unbounded_channel();
                    sessions.insert(id, verbs);
                    tokio::spawn(live(session, commands));
                }
                Err(why) => reject(&mut output, id, "connect", why)?,
            },
            // The end of a session may overtake it.
            (Line::Command(_, verb), Some(session)) => drop(session.send(verb)),
            (Line::Command(_, verb), None) => {
                reject(&mut output, id, verb.name(), "no-session")?;
            }
            // The end is the last that is said of a session (EOP-DRV-8).
            (Line::Bad(_, verb, why), _) if over => reject(&mut output, 0, verb, why)?,
            (Line::Bad(_, verb, why), _) => reject(&mut output, id, verb, why)?,
        }
    }
    Ok(())
}

fn reject(output: &mut Output, id: u32, verb: &str, why: &str) -> io::Result<()> {
    output.print(format_args!("{id} rejected {verb} {why}"))
}

fn begin(
    id: u32,
    settings: Settings,
    tls: Option<ClientTls>,
) -> Result<TokioSession, &'static str> {
    let Settings { home, config, map } = settings;
    let config = Config { tls, ..config };
    let discipline = config.service.discipline;
    let dialling = Dialling { session: id, map };
    let client = Client::dialed_by(dialling, home.into(), config).map_err(contradiction)?;
    Ok(Session::new(id, client, discipline))
}

/// A session to its end. Whatever it waits for is given up whenever something else comes: that must not matter.
async fn live(mut session: TokioSession, mut commands: UnboundedReceiver<Verb>) -> io::Result<()> {
    let mut output = Output::default();
    let mut listening = true;
    session.work(&mut output)?;
    while !session.is_over() {
        let held_until = session.held_until();
        let held = async {
            match held_until {
                Some(until) => sleep_until(until.into()).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            verb = commands.recv(), if listening => match verb {
                Some(verb) => {
                    if matches!(verb, Verb::Sync(_)) {
                        for _ in 0..TURNS {
                            yield_now().await;
                            session.work(&mut output)?;
                        }
                    }
                    session.obey(verb, &mut output)?;
                }
                None => listening = false,
            },
            // It would settle a session that its application may still retire in.
            event = session.client.receive(), if held_until.is_none() => {
                session.tell(event, &mut output)?;
            }
            () = held => {}
        }
        session.work(&mut output)?;
    }
    Ok(())
}

impl Step for Client<Dialling> {
    fn step(&mut self) -> Option<Event> {
        self.step(&mut Context::from_waker(Waker::noop()))
    }
}
