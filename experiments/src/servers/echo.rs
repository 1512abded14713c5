//! Servers that answer with what they were asked, three ways: over TCP alone, with the codec, and with `eop-net`. TCP alone
//! has to be told how long the messages are.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Result;
use eop_net::server::Config;
use eop_net::{Connection, Listener};

use super::moving::answer_with_the_codec;
use super::until_told;

/// The longest message, in octets.
pub const LONGEST: usize = 32 * 1024;

/// Listens at three places, in the order above. What it is told is the length of the messages.
pub(super) fn serve() -> Result<()> {
    let length = Arc::new(AtomicUsize::new(0));
    let mut addresses = Vec::new();
    for framed in [false, true] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        addresses.push(listener.local_addr()?);
        let length = Arc::clone(&length);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let length = Arc::clone(&length);
                thread::spawn(move || match framed {
                    true => answer_with_the_codec(&mut Vec::new(), socket),
                    false => over_tcp(socket, &length),
                });
            }
        });
    }
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), Config::default())?;
    addresses.push(listener.local_addr()?);
    thread::spawn(move || {
        while let Ok(connection) = listener.accept() {
            thread::spawn(move || with_eop_net(connection));
        }
    });
    until_told(&addresses, |line| {
        length.store(line.trim().parse().unwrap_or(0), Ordering::SeqCst);
        line.to_owned()
    })
}

fn over_tcp(mut socket: TcpStream, length: &AtomicUsize) -> Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = vec![0; LONGEST];
    loop {
        let mut had = socket.read(&mut buffer)?;
        if had == 0 {
            return Ok(());
        }
        let length = length.load(Ordering::SeqCst);
        while had < length {
            had += socket.read(buffer.get_mut(had..length).unwrap_or_default())?;
        }
        socket.write_all(buffer.get(..had).unwrap_or_default())?;
    }
}

fn with_eop_net(mut connection: Connection) -> Result<(), eop_net::Error> {
    while let Some(request) = connection.receive()? {
        connection.respond(&request)?;
    }
    Ok(())
}
