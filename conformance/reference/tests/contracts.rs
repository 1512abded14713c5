//! Both roles, each in a process of its own, through both contracts: the driver talks to the test service.

#![allow(
    clippy::expect_used,
    reason = "a test may stop at what it did not expect"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// One process of the reference peer.
struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Peer {
    fn start(role: &str, options: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_eop-reference-peer"))
            .arg(role)
            .env("EOP_LISTEN", "127.0.0.1:0")
            .env("EOP_OPTIONS", options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Self {
            child,
            input,
            output,
        }
    }

    fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input has not ended");
        // In one write, so that lines given at once are read at once.
        let line = format!("{line}\n");
        input.write_all(line.as_bytes()).expect("it reads");
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("text");
        line.trim_end_matches('\n').to_owned()
    }

    /// The next line; our own end of connections, which nobody can foretell, is left out.
    fn event(&mut self) -> String {
        let line = self.hear();
        let words = line.split(' ').filter(|word| !word.starts_with("local="));
        words.collect::<Vec<_>>().join(" ")
    }

    /// Sends a message in session 1; the text of the answer that comes to it.
    fn ask(&mut self, request: &str) -> String {
        self.say(&format!("1 send {}", hex(request)));
        let event = self.event();
        let body = event.strip_prefix("1 message ").expect("an answer");
        text(body.split(' ').next().expect("a body"))
    }

    /// Ends its input and waits for it to leave.
    fn leave(mut self) -> bool {
        self.input = None;
        self.child.wait().expect("it leaves").success()
    }
}

impl Drop for Peer {
    /// A failed test leaves nobody behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|octet| format!("{octet:02x}")).collect()
}

fn text(hex: &str) -> String {
    let octets = hex.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(pair, 16).expect("digits")
    });
    String::from_utf8(octets.collect()).expect("text")
}

/// A server that is ready, and where.
fn server(options: &str) -> (Peer, String) {
    let mut server = Peer::start("server", options);
    let line = server.hear();
    let address = line.strip_prefix("ready ").expect("EOP-TST-1").to_owned();
    (server, address)
}

/// A driver that said hello.
fn driver() -> Peer {
    let mut driver = Peer::start("client", "");
    assert_eq!(driver.hear(), "hello eop-test 1 role=client");
    driver
}

/// A driver whose session 1 is connected to `home`.
fn connected(home: &str, settings: &str) -> Peer {
    let mut driver = driver();
    driver.say(format!("1 connect {home} {settings}").trim_end());
    assert_eq!(driver.event(), format!("1 connected {home} hop=0"));
    driver
}

#[test]
fn the_service_answers_what_it_is_asked() {
    let (_server, home) = server("limit=70000 linger-idle=200");
    let mut driver = connected(&home, "");
    let hello =
        "eop-test 1 limit=70000 linger-idle=200 linger-total=30000 header=10000 stall=30000";
    assert_eq!(driver.ask("hello"), hello);
    assert_eq!(
        ["mark a", "mark a", "marked a", "marked b"].map(|ask| driver.ask(ask)),
        ["1", "2", "2", "0"]
    );
    assert_eq!(driver.ask("signal s"), "ok");
    assert_eq!(driver.ask("do await s;answer 6f6b"), "ok");
    assert_eq!(driver.ask("do mark c"), "unknown");
    assert_eq!(driver.ask("marked c"), "0");
}

#[test]
fn an_early_redirect_is_decided_by_the_application_and_its_message_follows_the_list() {
    let ((_first, home), (_second, target)) = (server(""), server(""));
    let mut driver = connected(&home, "");
    driver.say(&format!("1 send {}", hex(&format!("do redirect {target}"))));
    assert_eq!(
        driver.event(),
        format!("1 redirected {target} owed=1 late=0 hop=1 resend=explicit")
    );
    assert_eq!(driver.event(), format!("1 connected {target} hop=1"));
    driver.say("1 send 71");
    assert_eq!(driver.event(), "1 rejected send decision-pending");
    driver.say("1 resend 0");
    assert_eq!(driver.event(), "1 rejected resend stale-hop");
    driver.say("1 resend 1");
    assert_eq!(
        driver.event(),
        format!("1 message {} outstanding=0 greeting=0", hex("here"))
    );
    driver.say("1 close");
    assert_eq!(driver.event(), "1 ended closed");
    driver.say("1 send 71");
    driver.say("2 send 71");
    assert_eq!(driver.event(), "2 rejected send no-session");
}

#[test]
fn a_late_redirect_brings_its_response_first() {
    let ((_first, home), (_second, target)) = (server(""), server(""));
    let mut driver = connected(&home, "");
    assert_eq!(driver.ask(&format!("do redirect {target} 6f6b")), "ok");
    assert_eq!(
        driver.event(),
        format!("1 redirected {target} owed=0 late=1 hop=1 resend=automatic")
    );
    assert_eq!(driver.event(), format!("1 connected {target} hop=1"));
    assert_eq!(driver.ask("marked x"), "0");
}

#[test]
fn a_port_that_greets_greets_before_the_first_request() {
    let (_server, home) = server("");
    let mut first = connected(&home, "");
    let port = first.ask("listen mark seen;answer 6869");
    let greeting = home.replace(
        home.rsplit(':').next().expect("a port"),
        &port.replace("port ", ""),
    );
    let mut second = connected(&greeting, "greeting=1");
    assert_eq!(
        second.event(),
        format!("1 message {} outstanding=0 greeting=1", hex("hi"))
    );
    assert_eq!(second.ask("marked seen"), "1");
}

#[test]
fn a_long_answer_is_told_by_its_length_and_its_sum() {
    let (_server, home) = server("");
    let mut driver = connected(&home, "");
    driver.say(&format!("1 send {}", hex("do answer @100000")));
    let pattern: Vec<u8> = (0..=250_u8).cycle().take(100_000).collect();
    let sum = crc32fast::hash(&pattern);
    assert_eq!(
        driver.event(),
        format!("1 message @100000 crc32={sum:08x} outstanding=0 greeting=0")
    );
}

#[test]
fn ends_are_told_by_what_happened_on_the_connection() {
    let (_server, home) = server("");
    for (request, ended) in [
        ("do fin", "1 ended Uncertain uncertain=1"),
        ("do reset", "1 ended Uncertain uncertain=1"),
        (
            "do redirect 192.0.2.1:9000",
            "1 ended RedirectRefused target=192.0.2.1:9000 reason=special owed=1",
        ),
    ] {
        let mut driver = connected(&home, "");
        driver.say(&format!("1 send {}", hex(request)));
        assert_eq!(driver.event(), ended, "{request}");
    }
    let mut driver = connected(&home, "");
    assert_eq!(driver.ask("do answer 6f6b;fin"), "ok");
    assert_eq!(driver.event(), "1 ended eof");
}

#[test]
fn believed_endpoints_are_told_and_real_ones_dialled() {
    let (_server, real) = server("");
    let mut driver = driver();
    driver.say(&format!(
        "1 connect 192.0.2.1:9000 dial=192.0.2.1:9000>{real}"
    ));
    assert_eq!(driver.event(), "1 connected 192.0.2.1:9000 hop=0");
    driver.say(&format!(
        "2 connect 192.0.2.2:9000 dial=192.0.2.1:9000>{real}"
    ));
    assert_eq!(driver.event(), "2 dial 192.0.2.2:9000");
    assert_eq!(driver.event(), "2 ended ConnectFailed");
    driver.say("3 connect 192.0.2.2:9000");
    assert_eq!(driver.event(), "3 dial 192.0.2.2:9000");
    assert_eq!(driver.event(), "3 ended ConnectFailed");
}

#[test]
fn in_manual_the_end_waits_for_what_is_still_retired() {
    let (_server, home) = server("");
    let mut driver = connected(&home, "discipline=manual");
    driver.say(&format!("1 send {}", hex("do answer 6f6b;fin")));
    assert_eq!(driver.event(), "1 message 6f6b outstanding=1 greeting=0");
    driver.say("1 retire 1\n1 sync a");
    // An end of stream that comes between the two has nothing to wait for (EOP-DRV-15), and the second comes too late.
    let mut told = driver.event();
    if told == "1 synced a" {
        told = driver.event();
    }
    assert_eq!(told, "1 ended eof");
}

#[test]
fn lines_that_are_none_are_rejected_and_sessions_do_not_mind() {
    let (_server, home) = server("");
    let mut driver = connected(&home, "");
    driver.say("nonsense");
    assert_eq!(driver.event(), "0 rejected line no-session");
    driver.say("1 send 7");
    assert_eq!(driver.event(), "1 rejected send grammar");
    driver.say("1 sync a\r");
    assert_eq!(driver.event(), "1 rejected sync grammar");
    driver.say("2 connect 127.0.0.1:1 discipline=manual resend=automatic");
    assert_eq!(driver.event(), "2 rejected connect automatic-manual");
    assert_eq!(driver.ask("marked x"), "0");
}

#[test]
fn both_leave_when_their_input_ends() {
    let (server, home) = server("");
    let driver = connected(&home, "");
    assert!(driver.leave());
    assert!(server.leave());
}

#[test]
fn a_server_does_not_listen_on_other_addresses() {
    let output = Command::new(env!("CARGO_BIN_EXE_eop-reference-peer"))
        .arg("server")
        .env("EOP_LISTEN", "0.0.0.0:0")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(said.contains("EOP-TST-3"), "{said}");
}
