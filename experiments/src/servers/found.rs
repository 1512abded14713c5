//! What a redirect by HTTP costs at least: one thread, epoll, httparse, one write, and nothing that a web server does
//! besides.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::Ipv4Addr;

use anyhow::Result;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use super::{until_told, wait_for_events};

const LISTENER: Token = Token(usize::MAX);

/// Redirects to `location`.
pub(super) fn serve(location: &str) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let address = listener.local_addr()?;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    std::thread::spawn(move || redirect_all(listener, answer.as_bytes()));
    until_told(&[address], str::to_owned)
}

fn redirect_all(mut listener: TcpListener, answer: &[u8]) -> Result<()> {
    let mut poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let (mut events, mut clients, mut next) = (Events::with_capacity(1024), HashMap::new(), 0);
    loop {
        wait_for_events(&mut poll, &mut events, None)?;
        for event in &events {
            if event.token() != LISTENER {
                turn(&mut clients, event.token(), answer);
                continue;
            }
            while let Ok((socket, _)) = listener.accept() {
                // One that is reset already is none of the others' business.
                let _ = socket.set_nodelay(true);
                let mut client = Client {
                    socket,
                    request: Vec::new(),
                };
                // What is there already is answered without asking epoll.
                if client.answer(answer).is_none() {
                    let token = Token(next);
                    next += 1;
                    poll.registry()
                        .register(&mut client.socket, token, Interest::READABLE)?;
                    clients.insert(token, client);
                }
            }
        }
    }
}

struct Client {
    socket: TcpStream,
    request: Vec<u8>,
}

fn turn(clients: &mut HashMap<Token, Client>, token: Token, answer: &[u8]) {
    if clients
        .get_mut(&token)
        .is_some_and(|it| it.answer(answer).is_some())
    {
        clients.remove(&token);
    }
}

impl Client {
    /// Answers if the whole request is there. `Some` once the client is done with, in whatever way.
    fn answer(&mut self, answer: &[u8]) -> Option<()> {
        let mut buffer = [0; 4096];
        match self.socket.read(&mut buffer) {
            Ok(0) => return Some(()),
            Ok(count) => self.request.extend(buffer.iter().take(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            Err(_) => return Some(()),
        }
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&self.request) {
            Ok(httparse::Status::Partial) => None,
            Ok(httparse::Status::Complete(_)) => {
                // One that does not take it is lost.
                let _ = self.socket.write(answer);
                Some(())
            }
            Err(_) => Some(()),
        }
    }
}
