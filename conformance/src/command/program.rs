//! Acts as a client program without a driver, which it makes of a driver: so the cases for programs can be played to the
//! built-in client and to every faulty one.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddrV4;
use std::process::{Command, ExitCode, Stdio};

use super::exit::{Exit, Refusal};

/// Connects to `addr` through the driver, asks once, and closes when it is answered.
pub(super) fn act(driver: &str, addr: SocketAddrV4) -> Result<ExitCode, Refusal> {
    let failed = |error: std::io::Error| Refusal(Exit::NotStarted, format!("`{driver}`: {error}"));
    let mut child = Command::new("/bin/sh")
        .args(["-c", driver])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (Some(mut commands), Some(events)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Refusal(
            Exit::NotStarted,
            format!("`{driver}` has no pipes"),
        ));
    };
    write!(
        commands,
        "1 connect {addr} resend=automatic\n1 send 7768657265\n"
    )
    .map_err(failed)?;
    let mut answered = false;
    for event in BufReader::new(events).lines() {
        let event = event.map_err(failed)?;
        // What the answer brought with it, a redirect, is seen to before the program is done.
        if event.starts_with("1 message ") {
            answered = true;
            writeln!(commands, "1 sync done").map_err(failed)?;
        }
        if event == "1 synced done" {
            writeln!(commands, "1 close").map_err(failed)?;
        }
        if event.starts_with("1 ended ") {
            break;
        }
    }
    drop(commands);
    child.wait().map_err(failed)?;
    Ok(if answered {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
