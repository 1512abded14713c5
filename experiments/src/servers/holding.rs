//! Servers whose clients do nothing, and the clients: what a connection costs while nothing happens on it.

use std::collections::HashMap;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;

use anyhow::Result;
use eop_net::server::Config;
use eop_statemachine::{Server, Service};
use mio::{Events, Interest, Poll, Token};

use super::{on_tokio, until_told, wait_for_events};

const LISTENER: Token = Token(usize::MAX);

/// One thread, epoll, and a machine of `eop-statemachine` for each client; a buffer for all of them.
pub(super) fn with_machines() -> Result<()> {
    let listener = mio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let address = listener.local_addr()?;
    thread::spawn(move || hold(listener));
    until_told(&[address], str::to_owned)
}

fn hold(mut listener: mio::net::TcpListener) -> Result<()> {
    let mut poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut clients: HashMap<usize, (mio::net::TcpStream, Server)> = HashMap::new();
    let (mut buffer, mut next) = (vec![0; 64 * 1024], 0);
    loop {
        wait_for_events(&mut poll, &mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut socket, _)) = listener.accept() {
                    poll.registry()
                        .register(&mut socket, Token(next), Interest::READABLE)?;
                    clients.insert(next, (socket, Server::new(&Service::default())));
                    next += 1;
                }
            } else if let Some((socket, machine)) = clients.get_mut(&event.token().0) {
                let count = socket.read(&mut buffer).unwrap_or(0);
                let mut input = buffer.get(..count).unwrap_or_default();
                while let Ok(Some(_)) = machine.receive(&mut input) {}
                if count == 0 {
                    clients.remove(&event.token().0);
                }
            }
        }
    }
}

/// `eop-net` over tokio on one thread: a task for each client, which waits for a request.
pub(super) fn with_tasks() -> Result<()> {
    let address = on_tokio(hold_with_tasks)?;
    until_told(&[address], str::to_owned)
}

async fn hold_with_tasks(tell: mpsc::Sender<SocketAddr>) -> Result<()> {
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    let listener = eop_net::tokio::Listener::bind(address, Config::default())?;
    tell.send(listener.local_addr()?)?;
    loop {
        let mut connection = listener.accept().await?;
        tokio::spawn(async move { while let Ok(Some(_)) = connection.receive().await {} });
    }
}

/// Clients of a server: as many as it is told.
pub(super) fn clients(server: SocketAddr) -> Result<()> {
    let mut clients = Vec::new();
    until_told(&[], |line| {
        for _ in 0..line.trim().parse().unwrap_or(0) {
            match TcpStream::connect(server) {
                Ok(client) => clients.push(client),
                Err(error) => return error.to_string(),
            }
        }
        clients.len().to_string()
    })
}
