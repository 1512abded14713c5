//! The tool over TLS, with certificates from files.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

mod stage;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Output;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use stage::{Folder, Program, eop};

const ANYWHERE: &str = "127.0.0.1:0";
const NAME: &str = "service.example";

/// Files with which a service is secured: an authority, and a certificate of it with its key.
struct Files {
    ca: String,
    cert: String,
    key: String,
    _folder: Folder,
}

impl Files {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).expect("a certificate");
        let issuer = Issuer::new(params, key);
        let own = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
        let cert = params.signed_by(&own, &issuer).expect("a certificate");
        let file = |name, text: String| folder.write(name, text).display().to_string();
        Self {
            ca: file("ca.pem", authority.pem()),
            cert: file("cert.pem", cert.pem()),
            key: file("key.pem", own.serialize_pem()),
            _folder: folder,
        }
    }

    fn serving(&self, arguments: &[&str]) -> (Program, String) {
        let identity = ["--cert", &self.cert, "--key", &self.key];
        Program::serving(&[arguments, &identity].concat())
    }

    /// How a client is secured.
    fn session(&self) -> [&str; 5] {
        ["--tls", "--ca", &self.ca, "--name", NAME]
    }
}

fn send(home: &str, arguments: &[&str]) -> Output {
    let mut command = eop(&["send", home, "-d", "question"]);
    command.args(arguments).output().expect("it is built")
}

#[test]
fn a_message_is_answered_by_the_server_that_the_client_is_moved_to() {
    let files = Files::new("moved");
    let (_target, to) = files.serving(&["listen", ANYWHERE, "--echo"]);
    let (_redirector, home) = files.serving(&["redirector", ANYWHERE, "--to", &to]);
    let output = send(&home, &files.session());
    assert_eq!(output.stdout, b"question", "{output:?}");
}

#[test]
fn a_server_that_somebody_else_vouches_for_gets_nothing() {
    let (files, others) = (Files::new("ours"), Files::new("others"));
    let (_program, home) = others.serving(&["listen", ANYWHERE, "--echo"]);
    let output = send(&home, &files.session());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("it is not authenticated as the service"),
        "{said}"
    );
}

#[test]
fn a_server_that_wants_to_know_its_clients_serves_no_others() {
    let files = Files::new("curious");
    let (_program, home) = files.serving(&[
        "listen",
        ANYWHERE,
        "--echo",
        "--keep",
        "--client-ca",
        &files.ca,
    ]);
    let unknown = send(&home, &files.session());
    assert!(!unknown.status.success(), "{unknown:?}");
    let own = ["--cert", &files.cert, "--key", &files.key];
    let known = send(&home, &[&files.session()[..], &own].concat());
    assert_eq!(known.stdout, b"question", "{known:?}");
}

#[test]
fn the_gateways_speak_tls_to_each_other_and_none_to_the_application() {
    let files = Files::new("gateways");
    let server = TcpListener::bind(ANYWHERE).expect("a port");
    let address = server.local_addr().expect("its address").to_string();
    let (_target, to) = files.serving(&["gateway", "server", ANYWHERE, &address]);
    let (_redirector, home) = files.serving(&["redirector", ANYWHERE, "--to", &to]);
    let client = ["gateway", "client", ANYWHERE, &home];
    let (_client, address) = Program::serving(&[&client[..], &files.session()].concat());
    let mut client = TcpStream::connect(address).expect("it listens");
    let (mut served, _) = server.accept().expect("a client");
    served.write_all(b"220 banner").expect("it is read");
    let mut heard = [0; 10];
    client.read_exact(&mut heard).expect("the banner");
    assert_eq!(&heard, b"220 banner");
}

#[test]
fn a_file_that_holds_no_certificate_is_a_mistake_of_the_command_line() {
    let files = Files::new("empty");
    let output = send("127.0.0.1:9000", &["--tls", "--ca", &files.key]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("key.pem: no certificate is in it"), "{said}");
}
