//! `eop listen`, `eop send` and `eop redirector`, used as `nc`, `curl` and `socat` are.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

mod stage;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddrV4, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread;

use eop_wire::Frame;
use rustix::process::Signal;
use stage::{Folder, Program, eop};

const ANYWHERE: &str = "127.0.0.1:0";

/// What a program made of this input.
fn given(mut command: Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it is built");
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_vec();
    // It may end before it has read everything.
    let writing = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("it ends");
    writing.join().expect("no panic");
    output
}

/// What a program printed, and it went well.
fn printed(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// A program that listens and prints, and what it prints.
fn printing(arguments: &[&str]) -> (Program, String, std::process::ChildStdout) {
    let mut program = Program::start(eop(arguments).stdout(Stdio::piped()));
    let stdout = program.child.stdout.take().expect("it is piped");
    let address = program.address();
    (program, address, stdout)
}

/// How `eop send` ended, and what it said of that.
fn sent(arguments: &[&str]) -> (Option<i32>, String) {
    let output = given(eop(&[&["send"], arguments].concat()), b"question");
    let said = String::from_utf8(output.stderr).expect("text");
    (output.status.code(), said)
}

/// A server of raw octets, for one client.
fn scripted(serve: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind(ANYWHERE).expect("a port");
    let address = listener.local_addr().expect("its address").to_string();
    thread::spawn(move || serve(listener.accept().expect("a client").0));
    address
}

/// A server that reads `question` and then moves its client to `target` without an answer.
fn moving(target: SocketAddrV4) -> String {
    scripted(move |mut client| {
        client.read_exact(&mut [0; 20]).expect("the question");
        let frame = Frame::redirect(target, b"").expect("short");
        client
            .write_all(&frame.encode().chunks().concat())
            .expect("it is read");
        let _ = client.read_to_end(&mut Vec::new());
    })
}

#[test]
fn a_long_file_arrives_as_it_was_sent() {
    let (mut listening, address, mut stdout) = printing(&["listen", ANYWHERE]);
    let copying = thread::spawn(move || {
        let mut copy = Vec::new();
        stdout.read_to_end(&mut copy).expect("an end");
        copy
    });
    let folder = Folder::new("long");
    let octets: Vec<u8> = (0..20_000_000_u32).map(|it| (it % 251) as u8).collect();
    let file = folder.write("file", &octets);
    let status = eop(&["send", &address])
        .arg(file)
        .status()
        .expect("it is built");
    assert!(status.success());
    assert!(copying.join().expect("no panic") == octets, "another file");
    assert!(listening.end().success());
}

#[test]
fn every_line_is_a_message_and_every_answer_a_line() {
    let (_program, address) = Program::serving(&["listen", ANYWHERE, "--echo"]);
    let output = given(eop(&["send", &address, "--cut", "lines"]), b"one\n\nthree");
    assert_eq!(printed(output), "one\n\nthree\n");
}

#[test]
fn a_program_answers() {
    let (_program, address) = Program::serving(&["listen", ANYWHERE, "--exec", "tr a-z A-Z"]);
    let output = given(eop(&["send", &address, "-d", "one ", "-d", "two"]), b"");
    assert_eq!(printed(output), "ONE TWO");
}

#[test]
fn a_message_whose_program_fails_is_uncertain() {
    let (mut listening, address) = Program::serving(&["listen", ANYWHERE, "--exec", "exit 7"]);
    let (code, said) = sent(&[&address]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("1 uncertain"), "{said}");
    listening.hear("exit 7: exit status: 7");
}

#[test]
fn a_redirector_sends_clients_to_its_targets_in_turn() {
    let (_one, one) = Program::serving(&["listen", ANYWHERE, "--keep", "--exec", "echo one"]);
    let (_two, two) = Program::serving(&["listen", ANYWHERE, "--keep", "--exec", "echo two"]);
    let arguments = ["redirector", ANYWHERE, "--to", &one, "--to", &two];
    let (redirector, home) = Program::serving(&arguments);
    let answers = ["q", "q", "q"].map(|it| printed(given(eop(&["send", &home, "-d", it]), b"")));
    assert_eq!(answers, ["one\n", "two\n", "one\n"]);
    redirector.signal(Signal::TERM);
    assert!(redirector.said().contains("3 clients moved"));
}

#[test]
fn a_listener_that_stops_in_the_middle_of_a_transfer_hands_the_rest_to_another() {
    let (_second, to, mut rest) = printing(&["listen", ANYWHERE]);
    let (mut first, home, mut beginning) =
        printing(&["listen", ANYWHERE, "--keep", "--redirect-to", &to]);
    let mut sending = Program::start(eop(&["send", &home]).stdin(Stdio::piped()));
    let mut input = sending.child.stdin.take().expect("it is piped");
    input.write_all(b"the beginning").expect("it is read");
    let mut heard = [0; 13];
    beginning.read_exact(&mut heard).expect("the beginning");
    first.signal(Signal::TERM);
    assert!(first.end().success());
    input.write_all(b"the rest").expect("it is read");
    drop(input);
    let mut octets = Vec::new();
    rest.read_to_end(&mut octets).expect("an end");
    beginning.read_to_end(&mut octets).expect("an end");
    assert_eq!(
        (&heard[..], &octets[..]),
        (&b"the beginning"[..], &b"the rest"[..])
    );
    assert!(sending.end().success());
}

#[test]
fn a_listener_that_is_full_moves_whoever_comes() {
    let (_second, to) = Program::serving(&["listen", ANYWHERE, "--exec", "echo second"]);
    let arguments = [
        "listen",
        ANYWHERE,
        "--keep",
        "--max-clients",
        "1",
        "--redirect-to",
        &to,
    ];
    let (mut first, home) = Program::serving(&arguments);
    let _fills_it = TcpStream::connect(&home).expect("it listens");
    first.hear("connected");
    let output = given(eop(&["send", &home, "-d", "question"]), b"");
    assert_eq!(printed(output), "second\n");
}

#[test]
fn what_came_before_a_line_that_is_too_long_is_answered() {
    let (_program, address) = Program::serving(&["listen", ANYWHERE, "--echo"]);
    let command = eop(&["send", &address, "--cut", "lines", "--max-message", "5"]);
    let output = given(command, b"one\nfour five\n");
    assert_eq!(
        (output.status.code(), &*output.stdout),
        (Some(1), &b"one\n"[..])
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("longer than a message may be, which is 5 octets"),
        "{said}"
    );
}

#[test]
fn a_home_without_a_port_is_exit_code_2() {
    let (code, said) = sent(&["127.0.0.1"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("not of the form"), "{said}");
}

#[test]
fn a_home_that_nobody_serves_is_exit_code_1() {
    let nobody = TcpListener::bind(ANYWHERE).expect("a port");
    let address = nobody.local_addr().expect("its address").to_string();
    drop(nobody);
    let (code, said) = sent(&[&address]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("it cannot be connected to"), "{said}");
}

#[test]
fn a_message_that_may_have_been_acted_on_is_exit_code_3() {
    let address = scripted(|mut client| {
        client.read_exact(&mut [0; 20]).expect("the message");
    });
    let (code, said) = sent(&[&address]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("1 uncertain"), "{said}");
}

#[test]
fn a_target_that_is_refused_is_exit_code_1_because_nobody_acted_on_anything() {
    let address = moving("203.0.113.9:9000".parse().expect("an endpoint"));
    let (code, said) = sent(&[&address]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("redirected to 203.0.113.9:9000, which is refused"),
        "{said}"
    );
    assert!(
        said.contains("messages left: 1 owed, 0 unsent, 0 uncertain"),
        "{said}"
    );
}

#[test]
fn a_message_is_not_sent_again_if_that_was_said() {
    let (target, to) = Program::serving(&["listen", ANYWHERE]);
    let address = moving(to.parse().expect("an endpoint"));
    let (code, said) = sent(&[&address, "--no-resend"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("messages left: 1 owed, 0 unsent, 0 uncertain"),
        "{said}"
    );
    target.signal(Signal::TERM);
    assert!(!target.said().contains("messages=1"));
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for_longer_than_was_said() {
    let silent = TcpListener::bind(ANYWHERE).expect("a port");
    let address = silent.local_addr().expect("its address").to_string();
    let (code, said) = sent(&[&address, "--timeout", "0.2"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("out of time; messages left: 0 owed, 0 unsent, 1 uncertain"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named_and_exit_code_2() {
    let (code, said) = sent(&["127.0.0.1:9000", "/no/such/file"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("/no/such/file: No such file"), "{said}");
}

#[test]
fn whoever_closes_our_output_ends_us_without_a_word() {
    let (_program, address) = Program::serving(&["listen", ANYWHERE, "--echo"]);
    let mut command = eop(&["send", &address, "--cut", "lines"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it is built");
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(b"question\n").expect("it is read");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        (output.status.code(), output.stderr),
        (Some(141), Vec::new())
    );
}

#[test]
fn control_c_says_what_is_left() {
    let silent = TcpListener::bind(ANYWHERE).expect("a port");
    let address = silent.local_addr().expect("its address").to_string();
    let mut sending = Program::start(&mut eop(&["send", &address, "-v", "-d", "question"]));
    let (mut asked, _) = silent.accept().expect("a client");
    asked.read_exact(&mut [0; 20]).expect("the question");
    sending.signal(Signal::INT);
    sending.hear("interrupted; messages left: 0 owed, 0 unsent, 1 uncertain");
    assert_eq!(sending.end().code(), Some(130));
}

#[test]
fn who_wants_to_hear_it_is_told_of_every_message() {
    let (_program, address) = Program::serving(&["listen", ANYWHERE]);
    let quiet = given(eop(&["send", &address, "-v", "-d", "question"]), b"");
    assert!(!String::from_utf8_lossy(&quiet.stderr).contains("sending"));
    let (_program, address) = Program::serving(&["listen", ANYWHERE]);
    let told = given(eop(&["send", &address, "-vvv", "-d", "question"]), b"");
    assert!(String::from_utf8_lossy(&told.stderr).contains("sending"));
}

#[test]
fn a_terminal_shows_how_far_it_is() {
    let (_program, address, mut stdout) = printing(&["listen", ANYWHERE]);
    let copying = thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
    let folder = Folder::new("terminal");
    let file = folder.write("file", vec![7; 3 * 1024 * 1024]);
    let command = format!(
        "{} send {address} {}",
        env!("CARGO_BIN_EXE_eop"),
        file.display()
    );
    let mut script = Command::new("script");
    script.args(["-qec", &command, "/dev/null"]);
    let shown = printed(given(script, b""));
    copying.join().expect("no panic").expect("an end");
    assert!(shown.contains("100% "), "{shown}");
    assert!(shown.contains("3.00 MiB of 3.00 MiB"), "{shown}");
}
