//! `eop`: EOP on the command line. Here it is started and ends; every command has a file of its own.

mod answerer;
mod arguments;
mod crowd;
mod failure;
mod gateway;
mod input;
mod listen;
mod log;
mod progress;
mod redirector;
mod secure;
mod send;
mod serving;
mod session;
mod signals;

use std::process::ExitCode;

use clap::Parser as _;
use tokio::runtime::Runtime;

use arguments::{Arguments, Command, Gateway};
use failure::Failure;

fn main() -> ExitCode {
    let Arguments {
        command,
        verbose,
        quiet,
    } = Arguments::parse();
    log::begin(command.speaks(), verbose, quiet);
    let ended = Runtime::new()
        .map_err(|error| Failure::Io("the runtime".to_owned(), error))
        .and_then(|runtime| {
            let ended = runtime.block_on(run(command));
            // Standard input may still be waited for.
            runtime.shutdown_background();
            ended
        });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.exit_code()
        }
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Listen(options) => listen::run(options).await,
        Command::Send(options) => send::run(options).await,
        Command::Redirector(options) => redirector::run(&options).await,
        Command::Gateway(Gateway::Client(options)) => gateway::client::run(options).await,
        Command::Gateway(Gateway::Server(options)) => gateway::server::run(options).await,
    }
}
