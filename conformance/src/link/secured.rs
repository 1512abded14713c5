//! [`Secured`]: TLS on a socket that does not block, by rustls. What the handshake has to show is said by the scripts.

use std::cell::RefCell;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustls::{ClientConnection, Connection, ServerConnection};

use super::ready;
use super::transport::Received;
use crate::authority::{ALPN, Authority, Terms};
use crate::timeline::Side;
use crate::verdict::{End, Stop};

/// How the connections of a play are secured.
#[derive(Debug, Clone)]
pub struct Security {
    /// Who vouches for whom.
    pub authority: Arc<Authority>,
    /// How the runner's end behaves.
    pub terms: Terms,
}

/// What a testee showed in a handshake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// The server name that it indicated.
    pub server_name: Option<String>,
    /// Whether it authenticated itself.
    pub certificate: bool,
    /// What it sent as early data.
    pub early: Vec<u8>,
}

/// A handshake that failed.
#[derive(Debug)]
pub struct Unsecured {
    /// Why.
    pub why: String,
    /// Who opened the connection.
    pub opener: Side,
    /// What was shown until then.
    pub shown: Shown,
}

impl Unsecured {
    /// The testee does not secure a connection where it has to.
    #[must_use]
    pub fn stop(self) -> Stop {
        let broken = match self.opener {
            Side::Runner => "EOP-TST-34",
            Side::Testee => "EOP-DRV-25",
        };
        Stop::messages("a TLS handshake", self.why).against(broken)
    }
}

#[derive(Debug)]
pub(super) struct Secured {
    tls: RefCell<Connection>,
    stream: TcpStream,
    shown: Shown,
}

impl Secured {
    /// Shakes hands on `stream`; the outer error is the runner's own.
    pub(super) fn shake(
        stream: TcpStream,
        opener: Side,
        Security { authority, terms }: &Security,
        wait: Duration,
    ) -> io::Result<Result<Self, Unsecured>> {
        let mut tls: Connection = match opener {
            Side::Runner => {
                ClientConnection::new(authority.client(*terms), authority.name().clone())
                    .map_err(io::Error::other)?
                    .into()
            }
            Side::Testee => ServerConnection::new(authority.server(*terms)?)
                .map_err(io::Error::other)?
                .into(),
        };
        let made = shake(&mut tls, &stream, wait);
        let shown = shown(&mut tls);
        Ok(match made {
            Ok(()) => Ok(Self {
                tls: RefCell::new(tls),
                stream,
                shown,
            }),
            Err(error) => Err(Unsecured {
                why: format!("no handshake: {error}"),
                opener,
                shown,
            }),
        })
    }

    /// What the testee showed.
    pub(super) const fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Whether both sides said that they speak EOP.
    pub(super) fn speaks_eop(&self) -> bool {
        self.tls.borrow().alpn_protocol() == Some(ALPN)
    }

    pub(super) const fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(super) fn holds_back(&self) -> bool {
        self.tls.borrow().wants_write()
    }

    /// Makes one record or more of the octets, once what was there before has gone.
    pub(super) fn write(&self, octets: &[u8]) -> io::Result<usize> {
        self.flush()?;
        let count = self.tls.borrow_mut().writer().write(octets)?;
        match self.flush() {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            Ok(()) | Err(_) => Ok(count),
        }
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        flush(&mut self.tls.borrow_mut(), &self.stream)
    }

    /// Takes close_notify.
    pub(super) fn say_end(&self) {
        self.tls.borrow_mut().send_close_notify();
    }

    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<Received> {
        let mut tls = self.tls.borrow_mut();
        loop {
            match tls.reader().read(buffer) {
                Ok(0) => return Ok(Received::End(End::Fin)),
                Ok(count) => return Ok(Received::Octets(count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(Received::End(End::Cut));
                }
                Err(error) => return Err(error),
            }
            tls.read_tls(&mut &self.stream)?;
            // An alert of the testee's, or octets that are none of TLS.
            tls.process_new_packets().map_err(io::Error::other)?;
        }
    }
}

fn flush(tls: &mut Connection, mut stream: &TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(&mut stream)?;
    }
    Ok(())
}

fn shake(tls: &mut Connection, mut stream: &TcpStream, wait: Duration) -> io::Result<()> {
    let until = Instant::now() + wait;
    loop {
        match flush(tls, stream) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Ok(()) if !tls.is_handshaking() => return Ok(()),
            Ok(()) | Err(_) => {}
        }
        match tls.read_tls(&mut stream) {
            Ok(0) => return Err(io::Error::other("the testee ended the connection in it")),
            Ok(_) => {
                if let Err(error) = tls.process_new_packets() {
                    // The alert that says so, if the testee takes it.
                    let _ = flush(tls, stream);
                    return Err(io::Error::other(error));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    let millis = wait.as_millis();
                    return Err(io::Error::other(format!("nothing for {millis} ms")));
                }
                let flags = match tls.wants_write() {
                    true => PollFlags::IN | PollFlags::OUT,
                    false => PollFlags::IN,
                };
                ready(&stream, flags, left);
            }
            Err(error) => return Err(error),
        }
    }
}

fn shown(tls: &mut Connection) -> Shown {
    match tls {
        Connection::Client(_) => Shown::default(),
        Connection::Server(tls) => {
            let mut early = Vec::new();
            if let Some(mut data) = tls.early_data() {
                // What is there; it never waits.
                let _ = data.read_to_end(&mut early);
            }
            Shown {
                server_name: tls.server_name().map(str::to_owned),
                certificate: tls.peer_certificates().is_some(),
                early,
            }
        }
    }
}
