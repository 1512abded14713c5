//! `eop-mutants server NAME`, `eop-mutants client NAME`: one mutant by hand; without arguments, the list of all.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use eop_mutants::{MUTANTS, Role, client, server};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let played = match words.as_slice() {
        ["server", name] => server(name),
        ["client", name] => client(name),
        [] => return list(),
        _ => {
            eprintln!("usage: eop-mutants [server NAME | client NAME]");
            return ExitCode::from(2);
        }
    };
    played.unwrap_or_else(|unknown| {
        eprintln!("{unknown}");
        ExitCode::from(2)
    })
}

fn list() -> ExitCode {
    let mut out = io::stdout().lock();
    for mutant in MUTANTS {
        let role = match mutant.role {
            Role::Server => "server",
            Role::Client => "client",
        };
        if writeln!(
            out,
            "{role} {} [{}] {}",
            mutant.name,
            mutant.breaks.join(" "),
            mutant.fault
        )
        .is_err()
        {
            break;
        }
    }
    ExitCode::SUCCESS
}
