//! What is asked of the operating system, and nothing else: one function a system call, of which only those wait whose
//! name says so. No frame, no machine, no limit may come in.

use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::{
    set_socket_linger, set_socket_reuseaddr, set_socket_reuseport, set_tcp_nodelay, socket_error,
    socket_send_buffer_size,
};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, SocketFlags, SocketType,
    accept_with, acceptfrom_with, bind, connect, listen, recv, sendmsg, shutdown, socket_with,
};

use crate::transport::{Read, Written};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// What a socket is ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// For reading.
    pub read: bool,
    /// For writing.
    pub write: bool,
}

/// What is known of a socket before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Something came, or room to write.
    Something,
    /// The peer ended its stream: behind what is there nothing comes.
    TheEnd,
}

/// Listens on `address`, from which a server that has just left does not keep us.
pub(crate) fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = stream_socket(address, SocketFlags::CLOEXEC)?;
    listen_by(socket, address)
}

/// Listens `count` times on one address; the system spreads the clients between them.
pub(crate) fn listen_each(address: SocketAddr, count: usize) -> io::Result<Vec<TcpListener>> {
    let mut listeners: Vec<TcpListener> = Vec::with_capacity(count);
    for _ in 0..count {
        // Of any free port, the same one.
        let address = match listeners.first() {
            Some(first) => first.local_addr()?,
            None => address,
        };
        let socket = stream_socket(address, SocketFlags::CLOEXEC)?;
        set_socket_reuseport(&socket, true)?;
        listeners.push(listen_by(socket, address)?);
    }
    Ok(listeners)
}

fn listen_by(socket: OwnedFd, address: SocketAddr) -> io::Result<TcpListener> {
    set_socket_reuseaddr(&socket, true)?;
    send_at_once(&socket);
    bind(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}

/// Waits for a connection and takes it, unless the listener was told not to wait.
pub(crate) fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let socket = retry_on_intr(|| accept_with(listener, SocketFlags::CLOEXEC))?;
    Ok(TcpStream::from(socket))
}

/// The same, with the peer's end.
pub(crate) fn accept_from(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (socket, peer) = retry_on_intr(|| acceptfrom_with(listener, SocketFlags::CLOEXEC))?;
    let peer = peer.ok_or(io::ErrorKind::ConnectionAborted)?;
    Ok((TcpStream::from(socket), SocketAddr::try_from(peer)?))
}

/// Begins to connect; [`connected`] says what came of it once the socket is writable.
pub(crate) fn begin_to_connect(to: SocketAddr) -> io::Result<TcpStream> {
    let socket = stream_socket(to, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)?;
    match connect(&socket, &to) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(TcpStream::from(socket)),
        Err(error) => Err(error.into()),
    }
}

/// Whether the connection was made: `None` if that is not decided yet.
pub(crate) fn connected(socket: &TcpStream) -> Option<io::Result<()>> {
    match wait(
        socket,
        Ready {
            read: false,
            write: true,
        },
        Some(Duration::ZERO),
    ) {
        Ok(Ready { write: false, .. }) => None,
        Ok(Ready { write: true, .. }) => Some(made(socket)),
        Err(error) => Some(Err(error)),
    }
}

fn made(socket: &TcpStream) -> io::Result<()> {
    socket_error(socket)??;
    // Two ends of one socket: nobody listened, and the system chose the endpoint itself as our own.
    if socket.local_addr()? == socket.peer_addr()? {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(())
}

fn stream_socket(address: SocketAddr, flags: SocketFlags) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    Ok(socket_with(family, SocketType::STREAM, flags, None)?)
}

/// Whether an accepted socket has Nagle's algorithm off because its listener has.
pub(crate) const HANDED_DOWN: bool = cfg!(target_os = "linux");

/// Switches Nagle's algorithm off (EOP-FRM-10). A socket that is lost already does not mind.
pub(crate) fn send_at_once(socket: impl AsFd) {
    let _ = set_tcp_nodelay(socket, true);
}

/// Reads into the free capacity of `octets`, of which there is some.
pub(crate) fn read(socket: impl AsFd, octets: &mut Vec<u8>) -> Read {
    read_with(socket, octets, RecvFlags::DONTWAIT)
}

/// The same, and waits until there is something, unless the socket was told not to.
pub(crate) fn wait_and_read(socket: &TcpStream, octets: &mut Vec<u8>) -> Read {
    read_with(socket, octets, RecvFlags::empty())
}

fn read_with(socket: impl AsFd, octets: &mut Vec<u8>, flags: RecvFlags) -> Read {
    debug_assert!(
        octets.len() < octets.capacity(),
        "no room is no end of stream"
    );
    let read = retry_on_intr(|| recv(&socket, spare_capacity(octets), flags));
    match read {
        Ok((0, _)) => Read::End,
        Ok(_) => Read::Octets,
        Err(Errno::AGAIN) => Read::Nothing,
        Err(error) => Read::Lost(error.into()),
    }
}

/// Hands `slices`, which are not all empty, to the transport in one operation.
pub(crate) fn write(socket: &TcpStream, slices: &[IoSlice<'_>]) -> Written {
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let sent = retry_on_intr(|| match slices {
        [one] => rustix::net::send(socket, one, flags),
        [..] => sendmsg(socket, slices, &mut SendAncillaryBuffer::default(), flags),
    });
    match sent {
        Ok(count) => Written::Octets(count),
        Err(Errno::AGAIN) => Written::Blocked,
        Err(error) => Written::Failed(error.into()),
    }
}

/// Ends our stream. The peer's goes on.
pub(crate) fn end_stream(socket: &TcpStream) -> io::Result<()> {
    Ok(shutdown(socket, Shutdown::Write)?)
}

/// Ends both streams, at once as far as the peer can tell.
pub(crate) fn end_both(socket: impl AsFd) {
    let _ = shutdown(socket, Shutdown::Both);
}

/// Makes closing the socket a reset. One that is lost already needs none.
pub(crate) fn reset_on_close(socket: impl AsFd) {
    let _ = set_socket_linger(socket, Some(Duration::ZERO));
}

/// The most octets that can be queued for sending.
pub(crate) fn send_buffer(socket: &TcpStream) -> Option<u64> {
    u64::try_from(socket_send_buffer_size(socket).ok()?).ok()
}

/// Waits until the socket is ready for something of `wanted`, or `timeout` has passed; without one, for ever.
pub(crate) fn wait(
    socket: impl AsFd,
    wanted: Ready,
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    let mut polled = [PollFd::new(&socket, wanted.flags())];
    poll_for(&mut polled, timeout)?;
    let [polled] = polled;
    Ok(Ready::of(polled.revents()))
}

/// Waits until there is something to read from one of the two, or `timeout` has passed; without one, for ever.
pub(crate) fn wait_for_either(
    one: impl AsFd,
    other: impl AsFd,
    timeout: Option<Duration>,
) -> io::Result<()> {
    let mut polled = [
        PollFd::new(&one, PollFlags::IN),
        PollFd::new(&other, PollFlags::IN),
    ];
    poll_for(&mut polled, timeout)
}

/// What each of the sockets has now, of reading and, if that is wanted, of writing. Where the system does not tell the end of a
/// stream from octets, it is found by reading.
pub(crate) fn heard<'a>(
    sockets: impl Iterator<Item = (BorrowedFd<'a>, Ready)>,
) -> io::Result<Vec<Option<Heard>>> {
    let mut polled: Vec<PollFd<'_>> = sockets
        .map(|(socket, wanted)| PollFd::from_borrowed_fd(socket, wanted.flags() | ENDED))
        .collect();
    poll_for(&mut polled, Some(Duration::ZERO))?;
    let heard = polled.iter().map(|polled| match polled.revents() {
        found if found.is_empty() => None,
        found if found.intersects(ENDED) => Some(Heard::TheEnd),
        _ => Some(Heard::Something),
    });
    Ok(heard.collect())
}

/// That the peer has ended its stream, if the system says so.
#[cfg(target_os = "linux")]
const ENDED: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const ENDED: PollFlags = PollFlags::empty();

fn poll_for(polled: &mut [PollFd<'_>], timeout: Option<Duration>) -> io::Result<()> {
    let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(polled, left.as_ref()) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl Ready {
    fn flags(self) -> PollFlags {
        let flag = |wanted, flag| if wanted { flag } else { PollFlags::empty() };
        flag(self.read, PollFlags::IN) | flag(self.write, PollFlags::OUT)
    }

    /// An error or a hang-up is for the next read or write to find.
    fn of(found: PollFlags) -> Self {
        let over = found.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL);
        Self {
            read: over || found.contains(PollFlags::IN),
            write: over || found.contains(PollFlags::OUT),
        }
    }
}
