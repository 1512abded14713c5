//! [`Stream`]: the octets of one connection, in cleartext or over TLS. Whom TLS trusts, and what is wrong with that, is
//! `tls`'s.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use rustls::Connection;

use crate::socket::{Arrived, read, reset};
use crate::tls::Layer;

/// The longest that a record can be.
const RECORD: usize = 16_384;
/// The first octet of a handshake.
const HANDSHAKE: u8 = 0x16;

/// How far the handshake is.
pub(crate) enum Shaken {
    /// It is over, or there is none.
    Done,
    /// It waits for the peer.
    Waits,
    Failed,
}

pub(crate) struct Stream {
    tcp: TcpStream,
    tls: RefCell<Option<Box<Layer>>>,
}

impl Stream {
    pub(crate) fn new(tcp: TcpStream, tls: Option<Layer>) -> Self {
        let tls = RefCell::new(tls.map(Box::new));
        Self { tcp, tls }
    }

    /// Puts TLS between what is said and the socket.
    pub(crate) fn secure(&self, tls: Option<Layer>) {
        self.tls.replace(tls.map(Box::new));
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// Ends the connection with RST.
    pub(crate) fn reset(&self) {
        reset(&self.tcp);
        // No farewell goes before it.
        self.tls.take();
    }

    /// Goes on with the handshake.
    pub(crate) fn shake(&self) -> Shaken {
        let mut tls = self.tls.borrow_mut();
        let Some(layer) = tls.as_mut() else {
            return Shaken::Done;
        };
        if layer.takes_cleartext && layer.tls.is_handshaking() {
            let mut first = [0];
            match self.tcp.peek(&mut first) {
                Ok(1) if first != [HANDSHAKE] => {
                    tls.take();
                    return Shaken::Done;
                }
                Ok(_) => layer.takes_cleartext = false,
                Err(_) => return Shaken::Waits,
            }
        }
        while !layer.made {
            match flush(&mut layer.tls, &self.tcp) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Shaken::Failed,
                Ok(()) | Err(_) => {}
            }
            if layer.tls.is_handshaking() {
                match take_in(&mut layer.tls, &self.tcp) {
                    Arrived::Octets => {}
                    Arrived::Nothing => return Shaken::Waits,
                    Arrived::Fin | Arrived::Reset => return Shaken::Failed,
                }
            } else if layer.is_agreed() {
                layer.made = true;
            } else {
                return Shaken::Failed;
            }
        }
        Shaken::Done
    }

    /// Whether the handshake is not over.
    pub(crate) fn is_shaking(&self) -> bool {
        let tls = self.tls.borrow();
        tls.as_ref().is_some_and(|layer| !layer.made)
    }

    /// Whether octets were taken that the system has not.
    pub(crate) fn holds_back(&self) -> bool {
        let tls = self.tls.borrow();
        tls.as_ref().is_some_and(|layer| layer.tls.wants_write())
    }

    /// Hands on what was taken.
    pub(crate) fn flush(&self) {
        if let Some(layer) = self.tls.borrow_mut().as_mut() {
            // Whoever reads or writes next finds an error again.
            let _ = flush(&mut layer.tls, &self.tcp);
        }
    }

    /// Whether the peer took what was sent as early data.
    pub(crate) fn took_early(&self) -> bool {
        match self.tls.borrow().as_ref().map(|layer| &layer.tls) {
            Some(Connection::Client(tls)) => tls.is_early_data_accepted(),
            Some(Connection::Server(_)) | None => false,
        }
    }

    /// Reads once, and appends it.
    pub(crate) fn read(&self, to: &mut Vec<u8>) -> Arrived {
        let mut tls = self.tls.borrow_mut();
        let Some(layer) = tls.as_mut() else {
            return read(&self.tcp, to);
        };
        loop {
            match plaintext(&mut layer.tls, to) {
                Arrived::Nothing => {}
                Arrived::Reset if layer.cut_is_end => return Arrived::Fin,
                other @ (Arrived::Octets | Arrived::Fin | Arrived::Reset) => return other,
            }
            match take_in(&mut layer.tls, &self.tcp) {
                // What it means that the octets end is known by who reads them.
                Arrived::Octets | Arrived::Fin => {}
                other @ (Arrived::Nothing | Arrived::Reset) => return other,
            }
        }
    }

    /// Writes once.
    pub(crate) fn write(&self, octets: &[u8]) -> io::Result<usize> {
        let mut tls = self.tls.borrow_mut();
        let Some(layer) = tls.as_mut() else {
            return (&self.tcp).write(octets);
        };
        if layer.tls.wants_write() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = layer.tls.writer().write(octets)?;
        match flush(&mut layer.tls, &self.tcp) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            Ok(()) | Err(_) => Ok(count),
        }
    }

    /// Ends our stream; the peer's goes on.
    pub(crate) fn end(&self) {
        self.say_end();
        let _ = self.tcp.shutdown(Shutdown::Write);
    }

    fn say_end(&self) {
        if let Some(layer) = self.tls.borrow_mut().as_mut()
            && layer.made
            && !std::mem::replace(&mut layer.said_end, true)
        {
            layer.tls.send_close_notify();
            let _ = flush(&mut layer.tls, &self.tcp);
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.say_end();
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tcp.as_fd()
    }
}

fn flush(tls: &mut Connection, mut tcp: &TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(&mut tcp)?;
    }
    Ok(())
}

/// Takes what the system has received.
fn take_in(tls: &mut Connection, mut tcp: &TcpStream) -> Arrived {
    let read = match tls.read_tls(&mut tcp) {
        Ok(read) => read,
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Arrived::Nothing,
        Err(_) => return Arrived::Reset,
    };
    if tls.process_new_packets().is_err() {
        let _ = flush(tls, tcp);
        return Arrived::Reset;
    }
    match read {
        0 => Arrived::Fin,
        _ => Arrived::Octets,
    }
}

/// Takes what was decrypted.
fn plaintext(tls: &mut Connection, to: &mut Vec<u8>) -> Arrived {
    let (before, mut scratch) = (to.len(), [0; RECORD]);
    loop {
        let end = match tls.reader().read(&mut scratch) {
            Ok(0) => Arrived::Fin,
            Ok(count) => {
                to.extend(scratch.iter().take(count));
                continue;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Arrived::Nothing,
            Err(_) => Arrived::Reset,
        };
        // An end is found again behind the octets.
        return if to.len() > before {
            Arrived::Octets
        } else {
            end
        };
    }
}
