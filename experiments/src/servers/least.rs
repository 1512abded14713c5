//! The least that a server can do which moves its clients: it accepts, sends the same twelve octets to everybody, and does
//! nothing else. What it takes for that nobody is spared. It loses redirects where packets get lost, so it is no server.

use std::collections::VecDeque;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::thread;

use anyhow::Result;
use eop_wire::Frame;

use super::until_told;

/// Sockets that are kept until their clients are gone, so that closing is in nobody's way.
const KEPT: usize = 64;

pub(super) fn serve(target: SocketAddrV4) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let redirect = Frame::redirect(target, b"")?.encode().chunks().concat();
    thread::spawn(move || {
        let mut kept = VecDeque::with_capacity(KEPT);
        for mut socket in listener.incoming().flatten() {
            // A client that is gone is none of the next one's business.
            let _ = socket.write_all(&redirect);
            kept.push_back(socket);
            if kept.len() == KEPT {
                kept.pop_front();
            }
        }
    });
    until_told(&[address], str::to_owned)
}
