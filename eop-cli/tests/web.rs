//! Unmodified programs of Debian over EOP, moved from one server to another: curl and lynx, nginx and Apache, and curl as a
//! client of SMTP.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

mod stage;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use stage::{Folder, PATIENCE, Program, free_port, reach, there};

/// A web server with a page of its own, `page`.
struct Web {
    /// Gone before its folder is.
    _program: Program,
    folder: Folder,
    address: String,
    page: Vec<u8>,
}

impl Web {
    /// `page` says which server this is in every octet line, and is longer than a pipe holds.
    fn start(name: &str, command: impl FnOnce(&Folder, u16) -> Command) -> Self {
        let folder = Folder::new(name);
        let page = format!("a page of {name}\n").repeat(20_000).into_bytes();
        std::fs::create_dir_all(folder.0.join("www")).expect("room");
        folder.write("www/page", &page);
        let port = free_port();
        let program = Program::start(&mut command(&folder, port));
        let address = format!("127.0.0.1:{port}");
        reach(&address);
        Self {
            _program: program,
            folder,
            address,
            page,
        }
    }

    fn nginx(name: &str) -> Self {
        Self::start(name, |folder, port| {
            let at = folder.0.display();
            let config = format!(
                "daemon off; master_process off; pid {at}/pid; error_log {at}/errors;\n\
                 events {{}}\n\
                 http {{ access_log {at}/requests; client_body_temp_path {at}/body; proxy_temp_path {at}/proxy;\n\
                   fastcgi_temp_path {at}/fastcgi; uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;\n\
                   server {{ listen 127.0.0.1:{port}; root {at}/www; }} }}\n"
            );
            let config = folder.write("config", config);
            let mut command = Command::new("/usr/sbin/nginx");
            command
                .arg("-e")
                .arg(folder.0.join("errors"))
                .arg("-c")
                .arg(config);
            command
        })
    }

    fn apache(name: &str) -> Self {
        Self::start(name, |folder, port| {
            let at = folder.0.display();
            let modules = "/usr/lib/apache2/modules";
            let config = format!(
                "ServerRoot {at}\nServerName {name}.example\nListen 127.0.0.1:{port}\nPidFile {at}/pid\n\
                 DefaultRuntimeDir {at}\nMutex file:{at} default\nErrorLog {at}/errors\n\
                 LoadModule mpm_prefork_module {modules}/mod_mpm_prefork.so\n\
                 LoadModule authz_core_module {modules}/mod_authz_core.so\n\
                 CustomLog {at}/requests \"%r\"\nDocumentRoot {at}/www\nKeepAlive On\n\
                 <Directory {at}/www>\nRequire all granted\n</Directory>\n"
            );
            let config = folder.write("config", config);
            let mut command = Command::new("/usr/sbin/apache2");
            command.arg("-X").arg("-f").arg(config);
            command
        })
    }

    /// How many requests it was asked, waited for until there are `least`.
    fn requests(&self, least: usize) -> usize {
        let until = Instant::now() + PATIENCE;
        loop {
            let log = std::fs::read_to_string(self.folder.0.join("requests")).unwrap_or_default();
            let requests = log.lines().filter(|line| line.contains("GET ")).count();
            // Apache writes its line behind the answer.
            if requests >= least || Instant::now() > until {
                return requests;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A program that is a client, without what the machine may have set for it.
fn client(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// What a client printed, and it went well.
fn output(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("it is installed");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

const ANYWHERE: &str = "127.0.0.1:0";

#[test]
fn curl_and_lynx_fetch_a_page_across_a_redirect_at_accept() {
    if !there(&["nginx", "apache2", "curl", "lynx"]) {
        return;
    }
    for target in [Web::nginx("accept-nginx"), Web::apache("accept-apache")] {
        let (_server, to) = Program::serving(&["gateway", "server", ANYWHERE, &target.address]);
        let (mut redirector, home) = Program::serving(&["redirector", ANYWHERE, "--to", &to]);
        let (_client, address) = Program::serving(&["gateway", "client", ANYWHERE, &home]);
        let url = format!("http://{address}/page");
        let curl = output(client("curl").args(["-sSf", &url]));
        assert!(curl == target.page, "curl has another page");
        let lynx = output(client("lynx").args(["-source", &url]));
        assert!(lynx == target.page, "lynx has another page");
        assert_eq!(target.requests(2), 2);
        redirector.signal(Signal::INT);
        redirector.hear("2 clients moved, 0 turned away, 0 lost");
    }
}

/// Two pages on one connection of curl, from `first`, whose gateway moves its clients before the second request, to
/// `second`. What curl printed.
fn two_requests(first: &Web, second: &Web, half_duplex: bool) -> Vec<u8> {
    let (_second, to) = Program::serving(&["gateway", "server", ANYWHERE, &second.address]);
    let mut arguments = vec![
        "gateway",
        "server",
        ANYWHERE,
        &first.address,
        "--redirect-to",
        &to,
    ];
    arguments.extend(half_duplex.then_some("--half-duplex"));
    let (mut moving, home) = Program::serving(&arguments);
    let (_client, address) = Program::serving(&["gateway", "client", ANYWHERE, &home]);

    let url = format!("http://{address}/page");
    let connections = "%{stderr}%{num_connects} new connections\n";
    let mut curl = Program::start(
        client("curl")
            .args(["-sS", "-w", connections, &url, &url])
            .stdout(Stdio::piped()),
    );
    let mut stdout = curl.child.stdout.take().expect("it is piped");
    // The page does not fit into the pipe. So curl is still about the first while the gateway learns of the move.
    let mut pages = vec![0];
    stdout.read_exact(&mut pages).expect("an octet of the page");
    moving.signal(Signal::USR1);
    moving.hear("moving the clients");
    stdout.read_to_end(&mut pages).expect("the rest");
    assert!(curl.end().success());
    assert!(
        curl.said().ends_with("0 new connections"),
        "curl connected twice"
    );
    pages
}

#[test]
fn curl_is_moved_between_two_requests_of_one_connection() {
    if !there(&["nginx", "apache2", "curl"]) {
        return;
    }
    let pairs = [
        (Web::nginx("first-nginx"), Web::apache("second-apache")),
        (Web::apache("first-apache"), Web::nginx("second-nginx")),
    ];
    for (first, second) in pairs {
        let pages = two_requests(&first, &second, true);
        assert!(
            pages == [&*first.page, &*second.page].concat(),
            "other pages"
        );
        assert_eq!((first.requests(1), second.requests(1)), (1, 1));
    }
}

#[test]
fn curl_stays_where_it_is_if_the_application_was_not_said_to_be_half_duplex() {
    if !there(&["nginx", "curl"]) {
        return;
    }
    let (first, second) = (Web::nginx("stays-here"), Web::nginx("not-there"));
    let pages = two_requests(&first, &second, false);
    assert!(
        pages == [&*first.page, &*first.page].concat(),
        "other pages"
    );
    assert_eq!((first.requests(2), second.requests(0)), (2, 0));
}

/// Takes one mail as a server of SMTP does, which speaks first. What was mailed.
fn take_mail(mut client: TcpStream) -> String {
    let mut lines = BufReader::new(client.try_clone().expect("a descriptor")).lines();
    let mut say = |line: &str| client.write_all(line.as_bytes()).expect("it is read");
    say("220 second.example ESMTP\r\n");
    let mut mail = String::new();
    while let Some(Ok(line)) = lines.next() {
        match line.split(' ').next() {
            Some("DATA") => {
                say("354 go on\r\n");
                let mailed = lines.by_ref().map_while(Result::ok);
                mail.extend(
                    mailed
                        .take_while(|line| line != ".")
                        .map(|line| line + "\n"),
                );
                say("250 taken\r\n");
            }
            Some("QUIT") => {
                say("221 bye\r\n");
                break;
            }
            Some(_) | None => say("250 second.example\r\n"),
        }
    }
    mail
}

#[test]
fn curl_mails_to_the_server_that_it_is_moved_to_at_accept() {
    if !there(&["curl"]) {
        return;
    }
    let server = TcpListener::bind(ANYWHERE).expect("a port");
    let address = server.local_addr().expect("its address").to_string();
    let mail = thread::spawn(move || take_mail(server.accept().expect("a client").0));
    let (_server, to) = Program::serving(&["gateway", "server", ANYWHERE, &address]);
    let (_redirector, home) = Program::serving(&["redirector", ANYWHERE, "--to", &to]);
    let (_client, address) = Program::serving(&["gateway", "client", ANYWHERE, &home]);
    let folder = Folder::new("mail");
    let letter = folder.write("letter", "Subject: moved\r\n\r\nbefore your banner\r\n");
    let url = format!("smtp://{address}");
    let options = [
        "-sSf",
        &url,
        "--mail-from",
        "a@example",
        "--mail-rcpt",
        "b@example",
        "-T",
    ];
    output(client("curl").args(options).arg(letter));
    let mail = mail.join().expect("no panic");
    assert_eq!(mail, "Subject: moved\n\nbefore your banner\n");
}
