//! The examples in the README do what they show.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

mod stage;

use std::path::Path;
use std::process::Command;

use stage::{Folder, Program, free_port, reach, there};

/// A command of an example, and what it prints.
struct Line<'a> {
    command: &'a str,
    prints: String,
}

/// The examples: what stands in blocks of the kind `console`, with ports that are free.
fn examples() -> Vec<String> {
    let readme = include_str!("../README.md");
    let blocks = readme.split("```console\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split_once("```"));
    blocks.map(|(block, _)| with_free_ports(block)).collect()
}

/// The same with another port for each that it names.
fn with_free_ports(block: &str) -> String {
    let mut ports: Vec<&str> = block
        .split("127.0.0.1:")
        .skip(1)
        .filter_map(|rest| rest.get(..4))
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports.iter().fold(block.to_owned(), |block, port| {
        block.replace(port, &free_port().to_string())
    })
}

fn lines(block: &str) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), lines.last_mut()) {
            (Some(command), _) => lines.push(Line {
                command,
                prints: String::new(),
            }),
            (None, Some(last)) => last.prints.extend([line, "\n"]),
            (None, None) => panic!("no command before {line:?}"),
        }
    }
    lines
}

/// A shell that knows `eop`, in `folder`.
fn shell(command: &str, folder: &Folder) -> Command {
    let eop = Path::new(env!("CARGO_BIN_EXE_eop"));
    let eop = eop.parent().expect("a folder").display();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .current_dir(&folder.0)
        .env_clear()
        .env("PATH", format!("{eop}:/usr/bin:/bin"));
    shell
}

/// Starts what runs in the background, and waits until it is there.
fn start(command: &str, folder: &Folder) -> Program {
    let mut program = Program::start(&mut shell(&format!("exec {command}"), folder));
    if command.starts_with("eop ") {
        program.address();
    } else {
        let port = command.split(' ').next_back().expect("a port");
        reach(&format!("127.0.0.1:{port}"));
    }
    program
}

#[test]
fn the_examples_print_what_they_show() {
    if !there(&["curl", "python3"]) {
        return;
    }
    let examples = examples();
    assert_eq!(examples.len(), 3);
    for (number, example) in examples.iter().enumerate() {
        let folder = Folder::new(&format!("readme-{number}"));
        let mut background = Vec::new();
        for line in lines(example) {
            if let Some(command) = line.command.strip_suffix(" &") {
                background.push(start(command, &folder));
                continue;
            }
            let output = shell(line.command, &folder).output().expect("a shell");
            let printed = String::from_utf8_lossy(&output.stdout);
            assert_eq!(printed, line.prints, "{}: {output:?}", line.command);
        }
    }
}
