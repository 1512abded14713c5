//! What the kernel knows of a TCP socket of this host, whoever's it is: Linux tells it (sock_diag), one request a question.
//!
//! Elsewhere, and of sockets on other hosts, nothing is known. What the answers mean is said by who asks.

use std::net::SocketAddrV4;

/// How many octets wait unread in the socket at `local` that is connected to `remote`.
#[must_use]
pub fn receive_queue(local: SocketAddrV4, remote: SocketAddrV4) -> Option<u32> {
    system::receive_queue(local, remote)
}

/// How many segments with octets in them have come to the socket at `local` that is connected to `remote`.
#[must_use]
pub fn data_segments(local: SocketAddrV4, remote: SocketAddrV4) -> Option<u32> {
    system::data_segments(local, remote)
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::net::SocketAddrV4;

    pub(super) fn receive_queue(_local: SocketAddrV4, _remote: SocketAddrV4) -> Option<u32> {
        None
    }

    pub(super) fn data_segments(_local: SocketAddrV4, _remote: SocketAddrV4) -> Option<u32> {
        None
    }
}

#[cfg(target_os = "linux")]
mod system {
    //! One `inet_diag_req_v2` for one socket; layouts from linux/inet_diag.h, linux/netlink.h and linux/tcp.h.

    use std::cell::OnceCell;
    use std::net::SocketAddrV4;
    use std::os::fd::OwnedFd;

    use rustix::net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send,
        socket_with,
    };

    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const NLM_F_REQUEST: u16 = 1;
    const AF_INET: u8 = 2;
    const IPPROTO_TCP: u8 = 6;
    const REQUEST_LEN: u32 = 72;
    const NETLINK_HEAD: usize = 16;
    /// `inet_diag_msg`, behind the netlink header.
    const MESSAGE: usize = 72;
    /// Where `idiag_rqueue` stands in it.
    const RECEIVE_QUEUE: usize = 56;
    /// The attribute that holds a `tcp_info`.
    const INET_DIAG_INFO: u16 = 2;
    /// Where `tcpi_data_segs_in` stands in that.
    const DATA_SEGMENTS_IN: usize = 152;

    thread_local! {
        static SOCKET: OnceCell<Option<OwnedFd>> = const { OnceCell::new() };
    }

    pub(super) fn receive_queue(local: SocketAddrV4, remote: SocketAddrV4) -> Option<u32> {
        number(message(&ask(local, remote, 0)?)?, RECEIVE_QUEUE)
    }

    pub(super) fn data_segments(local: SocketAddrV4, remote: SocketAddrV4) -> Option<u32> {
        let reply = ask(local, remote, 1 << (INET_DIAG_INFO - 1))?;
        let mut attributes = message(&reply)?.get(MESSAGE..)?;
        loop {
            let length = usize::from(half(attributes, 0)?);
            if half(attributes, 2)? == INET_DIAG_INFO {
                return number(attributes.get(4..length)?, DATA_SEGMENTS_IN);
            }
            attributes = attributes.get(length.max(4).next_multiple_of(4)..)?;
        }
    }

    /// The kernel's reply about one socket, with these extensions.
    fn ask(local: SocketAddrV4, remote: SocketAddrV4, extensions: u8) -> Option<Vec<u8>> {
        SOCKET.with(|cell| {
            let socket = cell.get_or_init(open).as_ref()?;
            send(
                socket,
                &request(local, remote, extensions),
                SendFlags::empty(),
            )
            .ok()?;
            let mut reply = [0_u8; 2048];
            let (length, _) = recv(socket, &mut reply[..], RecvFlags::empty()).ok()?;
            reply.get(..length).map(<[u8]>::to_vec)
        })
    }

    fn open() -> Option<OwnedFd> {
        let flags = SocketFlags::CLOEXEC;
        socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            flags,
            Some(netlink::SOCK_DIAG),
        )
        .ok()
    }

    fn request(local: SocketAddrV4, remote: SocketAddrV4, extensions: u8) -> Vec<u8> {
        let mut octets = Vec::new();
        octets.extend(REQUEST_LEN.to_ne_bytes());
        octets.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        octets.extend(NLM_F_REQUEST.to_ne_bytes());
        octets.extend(1_u32.to_ne_bytes()); // sequence
        octets.extend(0_u32.to_ne_bytes()); // to the kernel
        octets.extend([AF_INET, IPPROTO_TCP, extensions, 0]);
        octets.extend(u32::MAX.to_ne_bytes()); // whatever state
        octets.extend(local.port().to_be_bytes());
        octets.extend(remote.port().to_be_bytes());
        octets.extend(local.ip().octets());
        octets.extend([0; 12]);
        octets.extend(remote.ip().octets());
        octets.extend([0; 12]);
        octets.extend(0_u32.to_ne_bytes()); // any interface
        octets.extend([0xff; 8]); // no cookie
        octets
    }

    /// What stands behind the netlink header, if the reply is about a socket at all.
    fn message(reply: &[u8]) -> Option<&[u8]> {
        (half(reply, 4)? == SOCK_DIAG_BY_FAMILY).then(|| reply.get(NETLINK_HEAD..))?
    }

    fn half(octets: &[u8], at: usize) -> Option<u16> {
        Some(u16::from_ne_bytes(*octets.get(at..)?.first_chunk()?))
    }

    fn number(octets: &[u8], at: usize) -> Option<u32> {
        Some(u32::from_ne_bytes(*octets.get(at..)?.first_chunk()?))
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn two_writes_without_delay_are_two_segments() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut here, _) = listener.accept().unwrap();
        there.set_nodelay(true).unwrap();
        for octets in [&b"one"[..], b"two"] {
            there.write_all(octets).unwrap();
            here.read_exact(&mut [0; 3]).unwrap();
        }
        let end = |address| crate::link::v4(address).unwrap();
        let (local, remote) = (end(here.local_addr()), end(here.peer_addr()));
        assert_eq!(data_segments(local, remote), Some(2));
    }
}
