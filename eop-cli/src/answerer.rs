//! [`Answerer`]: what becomes of a message that `eop listen` took, and what its answer is.

use std::io;
use std::process::Stdio;

use tokio::io::{AsyncWriteExt as _, Stdout, stdout};
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::failure::Failure;

/// How messages are answered.
pub(crate) enum Answerer {
    /// With nothing, once they are printed.
    Print(Mutex<Stdout>),
    /// With themselves.
    Echo,
    /// With what a shell command prints, given them.
    Program(String),
}

/// Why there is no answer.
pub(crate) enum Unanswered {
    /// The program failed at this message.
    Program(io::Error),
    /// Nothing can be printed any more.
    Output(Failure),
}

impl Answerer {
    pub(crate) fn new(echo: bool, program: Option<String>) -> Self {
        match program {
            Some(command) => Self::Program(command),
            None if echo => Self::Echo,
            None => Self::Print(Mutex::new(stdout())),
        }
    }

    /// Acts on a message, and says what the answer is.
    pub(crate) async fn answer(&self, message: Vec<u8>) -> Result<Vec<u8>, Unanswered> {
        match self {
            Self::Print(output) => {
                // One message is not to get into another.
                let mut output = output.lock().await;
                let printed = async {
                    output.write_all(&message).await?;
                    output.flush().await
                };
                match printed.await {
                    Ok(()) => Ok(Vec::new()),
                    Err(error) => Err(Unanswered::Output(Failure::of_output(error))),
                }
            }
            Self::Echo => Ok(message),
            Self::Program(command) => run(command, &message).await.map_err(Unanswered::Program),
        }
    }
}

/// What a shell command prints, given a message.
async fn run(command: &str, message: &[u8]) -> io::Result<Vec<u8>> {
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
