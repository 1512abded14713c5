//! HTTP/1.1 as a client that is redirected needs it: a request, and the head of the answer.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, bail, ensure};

/// What a browser asks at least, for a path.
#[must_use]
pub fn get(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: eop-experiments\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )
}

/// Where an answer begins to be: its head, and how many octets of the body came with it.
pub struct Head {
    /// The status.
    pub status: u16,
    /// Where it leads, if anywhere.
    pub location: Option<String>,
    /// Octets of the body.
    pub length: Option<u64>,
    /// Octets of the body that came with the head.
    pub beyond: u64,
}

impl Head {
    /// Of the octets so far; `None` if more have to come.
    ///
    /// # Errors
    /// They are no answer.
    pub fn parse(octets: &[u8]) -> Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(len) = response.parse(octets)? else {
            return Ok(None);
        };
        let value = |name: &str| {
            let header = response
                .headers
                .iter()
                .find(|it| it.name.eq_ignore_ascii_case(name));
            header.map(|it| String::from_utf8_lossy(it.value).into_owned())
        };
        Ok(Some(Self {
            status: response.code.context("no status")?,
            location: value("location"),
            length: value("content-length").and_then(|it| it.parse().ok()),
            beyond: u64::try_from(octets.len() - len)?,
        }))
    }
}

/// Waits for the head of an answer.
///
/// # Errors
/// There is none.
pub fn read_head(socket: &mut TcpStream) -> Result<Head> {
    let (mut octets, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = socket.read(&mut buffer)?;
        if count == 0 {
            bail!("the stream ended where a head was expected");
        }
        octets.extend_from_slice(buffer.get(..count).unwrap_or_default());
        if let Some(head) = Head::parse(&octets)? {
            return Ok(head);
        }
    }
}

/// Connects, asks in one write, and waits for the head of a redirect.
///
/// # Errors
/// It is none.
pub fn be_redirected(by: SocketAddr, request: &str) -> Result<String> {
    let mut socket = TcpStream::connect(by)?;
    socket.set_nodelay(true)?;
    socket.write_all(request.as_bytes())?;
    redirect_of(&mut socket)
}

/// Waits for the head of a redirect, and says where it leads.
///
/// # Errors
/// It is none.
pub fn redirect_of(socket: &mut TcpStream) -> Result<String> {
    let head = read_head(socket)?;
    ensure!(
        head.status == 302,
        "status {} where a redirect was expected",
        head.status
    );
    head.location.context("a redirect to nowhere")
}

/// Fetches a file and says how many octets came.
///
/// # Errors
/// It is not there.
pub fn fetch(from: SocketAddr, path: &str) -> Result<u64> {
    let mut socket = TcpStream::connect(from)?;
    socket.set_nodelay(true)?;
    socket.write_all(get(path).as_bytes())?;
    let head = read_head(&mut socket)?;
    ensure!(head.status == 200, "status {} for {path}", head.status);
    let (mut came, mut buffer) = (head.beyond, vec![0; 64 * 1024]);
    loop {
        let count = socket.read(&mut buffer)?;
        came += u64::try_from(count)?;
        if count == 0 || head.length.is_some_and(|length| came >= length) {
            return Ok(came);
        }
    }
}
