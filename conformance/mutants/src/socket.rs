//! Sockets that never block: listening, dialling, resetting, polling.

use std::io::{self, ErrorKind, Read};
use std::net::{SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, Timespec, poll};
use rustix::net::sockopt::set_socket_linger;
use rustix::net::{AddressFamily, SocketType, connect, listen, socket};

/// What one read of the transport brought.
pub(crate) enum Arrived {
    Octets,
    Nothing,
    Fin,
    Reset,
}

/// Reads once, at most 64 KiB, and appends it.
pub(crate) fn read(mut stream: &TcpStream, to: &mut Vec<u8>) -> Arrived {
    let mut scratch = [0; 65_536];
    match stream.read(&mut scratch) {
        Ok(0) => Arrived::Fin,
        Ok(count) => {
            to.extend(scratch.iter().take(count));
            Arrived::Octets
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Arrived::Nothing
        }
        Err(_) => Arrived::Reset,
    }
}

/// Listens with a queue that holds a whole suite's connections (std's holds 128).
pub(crate) fn listen_at(address: SocketAddrV4) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listen(&listener, 1024)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Begins to connect. When the stream is writable, `take_error` says what became of it.
pub(crate) fn dial(address: SocketAddrV4) -> io::Result<TcpStream> {
    let stream = TcpStream::from(socket(AddressFamily::INET, SocketType::STREAM, None)?);
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    match connect(&stream, &address) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Ok(stream),
        Err(error) => Err(error.into()),
    }
}

/// Ends a connection with RST.
pub(crate) fn reset(stream: &TcpStream) {
    let _ = set_socket_linger(stream, Some(Duration::ZERO));
}

/// Waits until something is ready or `until` has come.
pub(crate) fn wait(fds: &mut [PollFd<'_>], until: Option<Instant>) {
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    // Rounded up, so that a timer that woke the loop has really passed.
    let left = left.map(|left| left + Duration::from_micros(100));
    let left = left.and_then(|left| Timespec::try_from(left).ok());
    let _ = poll(fds, left.as_ref());
}

/// The end of a connection that is ours, where it is IPv4.
pub(crate) fn local_end(stream: &TcpStream) -> Option<SocketAddrV4> {
    match stream.local_addr().ok()? {
        SocketAddr::V4(address) => Some(address),
        SocketAddr::V6(_) => None,
    }
}
