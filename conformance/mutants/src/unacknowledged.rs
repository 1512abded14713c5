//! What the client's transport has not acknowledged, asked of the kernel for one connection at a time.
//!
//! Linux shows it (sock_diag); elsewhere the stated rate of EOP-CLS-4 stands in, see `server::connection`.

use std::net::{SocketAddr, SocketAddrV4, TcpStream};

use crate::socket::local_end;

/// How many octets are queued or on their way, our FIN included; `None` where the system does not show it.
pub(crate) fn unacknowledged(stream: &TcpStream) -> Option<u32> {
    match (local_end(stream)?, stream.peer_addr().ok()?) {
        (local, SocketAddr::V4(peer)) => ask(local, peer),
        (_, SocketAddr::V6(_)) => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn ask(_local: SocketAddrV4, _peer: SocketAddrV4) -> Option<u32> {
    None
}

/// One `inet_diag_req_v2` in one netlink message, and `idiag_wqueue` out of the `inet_diag_msg` that comes back.
#[cfg(target_os = "linux")]
fn ask(local: SocketAddrV4, peer: SocketAddrV4) -> Option<u32> {
    use rustix::net::{
        AddressFamily, RecvFlags, SendFlags, SocketType, netlink, recv, send, socket,
    };

    const BY_FAMILY: u16 = 20;
    const REQUEST: u16 = 1;
    const QUEUE: usize = 76;

    let kernel = socket(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        Some(netlink::SOCK_DIAG),
    )
    .ok()?;
    let mut question = Vec::with_capacity(72);
    question.extend(72_u32.to_ne_bytes());
    question.extend([BY_FAMILY.to_ne_bytes(), REQUEST.to_ne_bytes()].concat());
    question.extend([0; 8]); // no sequence, to the kernel
    question.extend([2, 6, 0, 0]); // AF_INET, TCP
    question.extend([0xFF; 4]); // in any state
    question.extend([local.port().to_be_bytes(), peer.port().to_be_bytes()].concat());
    for end in [local, peer] {
        question.extend(end.ip().octets());
        question.extend([0; 12]);
    }
    question.extend([0; 4]); // at any interface
    question.extend([0xFF; 8]); // no cookie
    send(&kernel, &question, SendFlags::empty()).ok()?;
    let mut answer = [0; 512];
    let (length, _) = recv(&kernel, &mut answer[..], RecvFlags::DONTWAIT).ok()?;
    let answer = answer.get(..length)?;
    let kind = u16::from_ne_bytes(*answer.get(4..)?.first_chunk()?);
    let queue = u32::from_ne_bytes(*answer.get(QUEUE..)?.first_chunk()?);
    (kind == BY_FAMILY).then_some(queue)
}
