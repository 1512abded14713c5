//! How many octets the peer's transport has not acknowledged yet, asked of the kernel. Linux tells (sock_diag, one
//! request a question); elsewhere the answer is "cannot tell". What follows from it is `server/lingering.rs`'s.

use std::net::{SocketAddr, TcpStream};

/// Octets of `socket` that are queued or on their way, its end of stream counting as one; `None` if the system does not
/// tell.
pub(crate) fn octets(socket: &TcpStream) -> Option<u32> {
    between(socket.local_addr().ok()?, socket.peer_addr().ok()?)
}

/// The same for the socket whose ends these are.
pub(crate) fn between(local: SocketAddr, peer: SocketAddr) -> Option<u32> {
    #[cfg(target_os = "linux")]
    return linux::ask(local, peer);
    #[cfg(not(target_os = "linux"))]
    return None;
}

#[cfg(target_os = "linux")]
mod linux {
    //! One `inet_diag_req_v2` for one socket; layouts from linux/inet_diag.h and linux/netlink.h.

    use std::cell::OnceCell;
    use std::net::{IpAddr, SocketAddr};
    use std::os::fd::OwnedFd;

    use rustix::net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send,
        socket_with,
    };

    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const NLM_F_REQUEST: u16 = 1;
    const AF_INET: u8 = 2;
    const AF_INET6: u8 = 10;
    const IPPROTO_TCP: u8 = 6;
    const REQUEST_LEN: u32 = 72;
    /// Where `idiag_wqueue` stands: 16 octets of netlink header, then 60 of `inet_diag_msg` before it.
    const SEND_QUEUE: usize = 76;

    thread_local! {
        static NETLINK: OnceCell<Option<OwnedFd>> = const { OnceCell::new() };
    }

    pub(super) fn ask(local: SocketAddr, peer: SocketAddr) -> Option<u32> {
        NETLINK.with(|cell| {
            let netlink = cell.get_or_init(open).as_ref()?;
            send(netlink, &request(local, peer), SendFlags::DONTWAIT).ok()?;
            let mut reply = [0_u8; 512];
            let (length, _) = recv(netlink, &mut reply[..], RecvFlags::DONTWAIT).ok()?;
            send_queue(reply.get(..length)?)
        })
    }

    fn open() -> Option<OwnedFd> {
        let flags = SocketFlags::CLOEXEC;
        let protocol = Some(netlink::SOCK_DIAG);
        socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, protocol).ok()
    }

    fn request(local: SocketAddr, peer: SocketAddr) -> Vec<u8> {
        let family = if local.is_ipv4() { AF_INET } else { AF_INET6 };
        let mut octets = Vec::new();
        octets.extend(REQUEST_LEN.to_ne_bytes());
        octets.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        octets.extend(NLM_F_REQUEST.to_ne_bytes());
        octets.extend(1_u32.to_ne_bytes()); // sequence
        octets.extend(0_u32.to_ne_bytes()); // to the kernel
        octets.extend([family, IPPROTO_TCP, 0, 0]);
        octets.extend(u32::MAX.to_ne_bytes()); // whatever state
        octets.extend(local.port().to_be_bytes());
        octets.extend(peer.port().to_be_bytes());
        octets.extend(address(local.ip()));
        octets.extend(address(peer.ip()));
        octets.extend(0_u32.to_ne_bytes()); // any interface
        octets.extend([0xff; 8]); // no cookie
        octets
    }

    fn address(ip: IpAddr) -> [u8; 16] {
        match ip {
            IpAddr::V4(ip) => {
                let [a, b, c, d] = ip.octets();
                [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
            }
            IpAddr::V6(ip) => ip.octets(),
        }
    }

    fn send_queue(reply: &[u8]) -> Option<u32> {
        let kind = u16::from_ne_bytes(*reply.get(4..)?.first_chunk()?);
        let queue = u32::from_ne_bytes(*reply.get(SEND_QUEUE..)?.first_chunk()?);
        (kind == SOCK_DIAG_BY_FAMILY).then_some(queue)
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};

    /// Connects over loopback and sends `count` octets that nobody reads: our end, and the peer's.
    fn sent(loopback: impl Into<IpAddr>, count: usize) -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(SocketAddr::new(loopback.into(), 0)).unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut ours, _) = listener.accept().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut left = count;
        while left > 0 {
            match ours.write(&vec![0; left]) {
                Ok(taken) => left -= taken,
                Err(error) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
                    break;
                }
            }
        }
        (ours, peer)
    }

    #[test]
    fn what_the_peer_has_no_room_for_is_unacknowledged_until_it_reads() {
        let (ours, mut peer) = sent(Ipv4Addr::LOCALHOST, 64 << 20);
        assert!(super::octets(&ours).unwrap() > 0);
        ours.shutdown(std::net::Shutdown::Write).unwrap();
        peer.read_to_end(&mut Vec::new()).unwrap();
        while super::octets(&ours) != Some(0) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn ipv6_is_told_too() {
        if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
            return; // not on this machine
        }
        let (ours, _peer) = sent(Ipv6Addr::LOCALHOST, 64 << 20);
        assert!(super::octets(&ours).unwrap() > 0);
    }
}
