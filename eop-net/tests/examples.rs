//! The examples do what they say.

#![allow(
    clippy::expect_used,
    reason = "a test may stop at what it did not expect"
)]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// An example, which `cargo test` builds next to this test.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().expect("this test");
    let profile = test
        .ancestors()
        .nth(2)
        .map_or_else(PathBuf::new, Into::into);
    Command::new(profile.join("examples").join(name))
}

/// A server that ends with the story.
struct Server(Child, String);

impl Server {
    fn start(target: Option<&Self>) -> Self {
        let mut child = example("figure_2_server")
            .arg("127.0.0.1:0")
            .args(target.map(|target| &target.1))
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo test builds it");
        let mut address = String::new();
        BufReader::new(child.stdout.take().expect("it is piped"))
            .read_line(&mut address)
            .expect("its address");
        Self(child, address.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it is gone");
    }
}

#[test]
fn the_client_of_figure_2_is_answered_where_it_is_sent() {
    let idle = Server::start(None);
    let busy = Server::start(Some(&idle));
    let output = example("figure_2_client")
        .args([&busy.1, "hello"])
        .output()
        .expect("cargo test builds it");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "HELLO\n");
}
