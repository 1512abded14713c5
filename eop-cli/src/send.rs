//! `eop send`: sends messages, follows the servers' redirects, and prints the answers.

use std::collections::VecDeque;
use std::fs::File;
use std::future::pending;
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use eop_net::client::{Event, Redirected};
use eop_net::tokio::Client;
use eop_net::{Counts, Misuse, Service};
use tokio::io::{AsyncWriteExt as _, Stdout, stdin, stdout};
use tokio::time::sleep;
use tracing::info;

use crate::arguments;
use crate::failure::Failure;
use crate::input::{Cut, Input};
use crate::progress::Progress;
use crate::session;
use crate::signals::{Said, Signals};

/// Messages that are under way at a time.
const WINDOW: u32 = 16;

pub(crate) async fn run(options: arguments::Send) -> Result<(), Failure> {
    let signals = Signals::heed()?;
    let service = Service {
        max_payload: options.max_message,
        ..Service::default()
    };
    let config = session::config(&options.session, &options.home, service)?;
    let (mut input, progress) = open(&options)?;
    let mut stopped = pin!(stopped(signals, options.timeout));
    let client = tokio::select! {
        client = Client::connect(&options.home, config) => client.map_err(Failure::NotBegun)?,
        failure = &mut stopped => return Err(failure(Counts::default())),
    };
    info!("connected to {}", client.endpoint());
    let mut transfer = Transfer {
        client,
        under_way: VecDeque::new(),
        output: stdout(),
        lines: options.cut == Cut::Lines,
        resend: !options.no_resend,
        progress,
    };
    let sent = tokio::select! {
        sent = transfer.run(&mut input) => sent,
        failure = &mut stopped => {
            transfer.client.close();
            Err(failure(transfer.client.session().counts()))
        }
    };
    transfer.progress.end();
    sent
}

/// Waits for Ctrl-C, or the end of the time, and says what failure that is.
async fn stopped(mut signals: Signals, timeout: Option<Duration>) -> fn(Counts) -> Failure {
    let out_of_time = async {
        match timeout {
            Some(timeout) => sleep(timeout).await,
            None => pending().await,
        }
    };
    let interrupted = async { while signals.next().await != Said::Stop {} };
    tokio::select! {
        () = out_of_time => Failure::Timeout,
        () = interrupted => Failure::Interrupted,
    }
}

/// What is to be sent, and how far that is to be shown.
fn open(options: &arguments::Send) -> Result<(Input, Progress), Failure> {
    if !options.data.is_empty() {
        let messages = options.data.iter().map(|text| Bytes::from(text.clone()));
        return Ok((Input::given(messages), Progress::begin(None, true)));
    }
    let limit = usize::try_from(options.max_message).unwrap_or(usize::MAX);
    let file = options.file.as_deref().filter(|it| *it != Path::new("-"));
    let Some(path) = file else {
        let typed = io::stdin().is_terminal();
        let progress = Progress::begin(len(io::stdin()), typed);
        return Ok((Input::from(stdin(), options.cut, limit), progress));
    };
    let unusable =
        |error: io::Error| Failure::Unusable(path.display().to_string(), error.to_string());
    let file = File::open(path).map_err(unusable)?;
    let progress = Progress::begin(len(&file), false);
    let file = tokio::fs::File::from_std(file);
    Ok((Input::from(file, options.cut, limit), progress))
}

/// How long a file is, if it is one.
fn len(file: impl AsFd) -> Option<u64> {
    let file = File::from(file.as_fd().try_clone_to_owned().ok()?);
    let metadata = file.metadata().ok()?;
    metadata.is_file().then_some(metadata.len())
}

/// Messages on their way, and answers on theirs.
struct Transfer {
    client: Client,
    /// The lengths of the messages that are not answered.
    under_way: VecDeque<usize>,
    output: Stdout,
    /// Whether every answer is printed as a line.
    lines: bool,
    /// Whether what a redirect left unanswered is sent again.
    resend: bool,
    progress: Progress,
}

impl Transfer {
    /// Sends all of `input`, and waits until it is answered. So is what came before an error of the input.
    async fn run(&mut self, input: &mut Input) -> Result<(), Failure> {
        let mut more = true;
        let mut read = Ok(());
        while more || !self.under_way.is_empty() {
            let room = self.client.session().outstanding() < WINDOW;
            tokio::select! {
                // What a redirect leaves to be decided comes before anything new (EOP-RSD-13).
                biased;
                event = self.client.receive() => self.heed(event).await?,
                message = input.next(), if more && room => match message {
                    Ok(Some(message)) => self.send(&message)?,
                    Ok(None) => more = false,
                    Err(error) => {
                        more = false;
                        read = Err(Failure::Io("the input".to_owned(), error));
                    }
                }
            }
        }
        self.client.close();
        read
    }

    fn send(&mut self, message: &[u8]) -> Result<(), Failure> {
        let misused =
            |misuse: Misuse| Failure::Unusable("a message".to_owned(), misuse.to_string());
        self.client.send(message).map_err(misused)?;
        self.under_way.push_back(message.len());
        Ok(())
    }

    async fn heed(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Connected(connected) => info!("connected to {}", connected.endpoint),
            Event::Message(message) => self.print(message.payload).await?,
            Event::Redirected(redirected) => {
                let Redirected {
                    from, target, owed, ..
                } = redirected;
                info!("moved from {from} to {target}, {owed} messages owed");
                if redirected.decide && self.resend {
                    // Awaited at this hop, so not refused.
                    let _ = self.client.resend(redirected.hop);
                } else if redirected.decide {
                    self.client.close();
                }
            }
            Event::Settling => {}
            Event::Ended(ended) => return Err(Failure::Ended(ended)),
        }
        Ok(())
    }

    /// Prints an answer, before the next message is taken.
    async fn print(&mut self, mut answer: Vec<u8>) -> Result<(), Failure> {
        if self.lines {
            answer.push(b'\n');
        }
        let printed = async {
            self.output.write_all(&answer).await?;
            self.output.flush().await
        };
        printed.await.map_err(Failure::of_output)?;
        let answered = self.under_way.pop_front().unwrap_or_default();
        self.progress
            .advance(u64::try_from(answered).unwrap_or(u64::MAX));
        Ok(())
    }
}
