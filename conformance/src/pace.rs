//! Whether the testee's application has taken what was sent: the receive queue of its socket, asked of the kernel.
//!
//! Linux tells it for any socket of this host (sock_diag, one request a question). Elsewhere, and for testees on other
//! hosts, the answer is "cannot tell".

use std::net::SocketAddrV4;

/// What the kernel knows of the testee's end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// This many octets wait for the application.
    Holds(u32),
    /// The testee's end is not on this host, is closed, or the system does not tell.
    Unknown,
}

/// The receive queue of the socket at `testee` that is connected to `runner`.
#[cfg(target_os = "linux")]
#[must_use]
pub fn queue(testee: SocketAddrV4, runner: SocketAddrV4) -> Queue {
    linux::ask(testee, runner).map_or(Queue::Unknown, Queue::Holds)
}

/// The receive queue of the socket at `testee` that is connected to `runner`.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn queue(_testee: SocketAddrV4, _runner: SocketAddrV4) -> Queue {
    Queue::Unknown
}

#[cfg(target_os = "linux")]
mod linux {
    //! One `inet_diag_req_v2` for one socket; layouts from linux/inet_diag.h and linux/netlink.h.

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
    const REPLY_HEAD: usize = 16;
    /// Where `idiag_rqueue` stands behind the netlink header.
    const RECEIVE_QUEUE: usize = 56;

    thread_local! {
        static SOCKET: OnceCell<Option<OwnedFd>> = const { OnceCell::new() };
    }

    pub(super) fn ask(testee: SocketAddrV4, runner: SocketAddrV4) -> Option<u32> {
        SOCKET.with(|cell| {
            let socket = cell.get_or_init(open).as_ref()?;
            send(socket, &request(testee, runner), SendFlags::empty()).ok()?;
            let mut reply = [0_u8; 512];
            let (length, _) = recv(socket, &mut reply[..], RecvFlags::empty()).ok()?;
            receive_queue(reply.get(..length)?)
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

    fn request(testee: SocketAddrV4, runner: SocketAddrV4) -> Vec<u8> {
        let mut octets = Vec::new();
        octets.extend(REQUEST_LEN.to_ne_bytes());
        octets.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        octets.extend(NLM_F_REQUEST.to_ne_bytes());
        octets.extend(1_u32.to_ne_bytes()); // sequence
        octets.extend(0_u32.to_ne_bytes()); // to the kernel
        octets.extend([AF_INET, IPPROTO_TCP, 0, 0]);
        octets.extend(u32::MAX.to_ne_bytes()); // whatever state
        octets.extend(testee.port().to_be_bytes());
        octets.extend(runner.port().to_be_bytes());
        octets.extend(testee.ip().octets());
        octets.extend([0; 12]);
        octets.extend(runner.ip().octets());
        octets.extend([0; 12]);
        octets.extend(0_u32.to_ne_bytes()); // any interface
        octets.extend([0xff; 8]); // no cookie
        octets
    }

    fn receive_queue(reply: &[u8]) -> Option<u32> {
        let kind = u16::from_ne_bytes(*reply.get(4..)?.first_chunk()?);
        let queue = u32::from_ne_bytes(
            *reply
                .get(REPLY_HEAD.checked_add(RECEIVE_QUEUE)?..)?
                .first_chunk()?,
        );
        (kind == SOCK_DIAG_BY_FAMILY).then_some(queue)
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::*;

    fn v4(address: SocketAddr) -> SocketAddrV4 {
        crate::link::v4(Ok(address)).unwrap_or(SocketAddrV4::new([0, 0, 0, 0].into(), 0))
    }

    #[test]
    fn the_queue_shrinks_when_the_application_reads() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut runner = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut testee, _) = listener.accept().unwrap();
        let (there, here) = (
            v4(testee.local_addr().unwrap()),
            v4(runner.local_addr().unwrap()),
        );
        runner.write_all(b"hello").unwrap();
        while queue(there, here) == Queue::Holds(0) {}
        let before = queue(there, here);
        testee.read_exact(&mut [0; 3]).unwrap();
        assert_eq!(
            (before, queue(there, here)),
            (Queue::Holds(5), Queue::Holds(2))
        );
    }

    #[test]
    fn a_connection_that_is_not_there_is_unknown() {
        let nowhere = SocketAddrV4::new([127, 0, 0, 1].into(), 1);
        assert_eq!(queue(nowhere, nowhere), Queue::Unknown);
    }
}
