//! The built-in testee as a program of its own: `eop-reference-peer server`, `eop-reference-peer client`, and both over tokio
//! with `-tokio` behind.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server"] => eop_reference_peer::server(),
        ["client"] => eop_reference_peer::client(),
        ["server-tokio"] => eop_reference_peer::server_tokio(),
        ["client-tokio"] => eop_reference_peer::client_tokio(),
        _ => {
            eprintln!(
                "eop-reference-peer server[-tokio] | client[-tokio], as spec/testee.md has them"
            );
            ExitCode::from(2)
        }
    }
}
