//! A client on an event loop by hand: epoll, by mio. What is done between two waits is `turn/mod.rs`'s.

#[cfg(unix)]
#[path = "turn/servers.rs"]
mod servers;
#[cfg(unix)]
mod turn;

#[cfg(unix)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::time::Instant;

    use mio::net::TcpStream;
    use mio::{Events, Interest, Poll, Token};
    use turn::{Next, Turn};

    let home = servers::servers()?;
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(16));
    let mut socket: Option<TcpStream> = None;
    let mut turn = Turn::new(home)?;
    turn.ask(b"question")?;
    loop {
        let next = match &mut socket {
            Some(socket) => turn.turn(socket),
            // Nothing is read from it or written to it.
            None => turn.turn(&mut std::io::empty()),
        };
        match next {
            Next::Connect(endpoint) => {
                drop(socket.take());
                let mut connecting = TcpStream::connect(endpoint.into())?;
                let interest = Interest::READABLE | Interest::WRITABLE;
                poll.registry()
                    .register(&mut connecting, Token(0), interest)?;
                // Writable, or in error, once it is decided.
                poll.poll(&mut events, Some(std::time::Duration::from_secs(10)))?;
                let made = connecting.take_error()?.is_none() && connecting.peer_addr().is_ok();
                socket = made.then_some(connecting);
                turn.connected(made);
            }
            Next::Wait { write, until } => {
                let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
                poll.poll(&mut events, timeout)?;
                if write && events.iter().any(mio::event::Event::is_writable) {
                    turn.writable();
                }
                turn.woken();
            }
            Next::Answer(answer) => {
                assert_eq!(answer, b"question");
                println!("{}", String::from_utf8_lossy(&answer));
                return Ok(());
            }
            Next::End(end) => return Err(end.into()),
        }
    }
}

#[cfg(not(unix))]
fn main() {}
