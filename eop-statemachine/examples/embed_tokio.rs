//! A client over tokio's sockets, without a task of its own. What is done between two waits is `turn/mod.rs`'s.

#[cfg(unix)]
#[path = "turn/servers.rs"]
mod servers;
#[cfg(unix)]
mod turn;

#[cfg(unix)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(ask(servers::servers()?))
}

#[cfg(unix)]
async fn ask(home: std::net::SocketAddrV4) -> Result<(), Box<dyn std::error::Error>> {
    use std::time::Duration;

    use tokio::io::Interest;
    use tokio::net::TcpStream;
    use tokio::time::timeout;
    use turn::{Next, Turn};

    let mut socket: Option<TcpStream> = None;
    let mut turn = Turn::new(home)?;
    turn.ask(b"question")?;
    loop {
        let next = match &socket {
            Some(socket) => turn.turn(&mut Ready(socket)),
            // Nothing is read from it or written to it.
            None => turn.turn(&mut std::io::empty()),
        };
        match next {
            Next::Connect(endpoint) => {
                drop(socket.take());
                let limit = Duration::from_secs(10);
                let connected = timeout(limit, TcpStream::connect(endpoint)).await;
                socket = connected.ok().and_then(Result::ok);
                turn.connected(socket.is_some());
            }
            Next::Wait { write, until } => {
                let Some(socket) = &socket else { continue };
                let interest = match write {
                    true => Interest::READABLE | Interest::WRITABLE,
                    false => Interest::READABLE,
                };
                let limit = until.map_or(Duration::MAX, |until| {
                    until.saturating_duration_since(std::time::Instant::now())
                });
                if let Ok(ready) = timeout(limit, socket.ready(interest)).await
                    && ready?.is_writable()
                {
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

/// A socket of tokio that is read and written as far as that goes without waiting.
#[cfg(unix)]
struct Ready<'a>(&'a tokio::net::TcpStream);

#[cfg(unix)]
impl std::io::Read for Ready<'_> {
    fn read(&mut self, octets: &mut [u8]) -> std::io::Result<usize> {
        self.0.try_read(octets)
    }
}

#[cfg(unix)]
impl std::io::Write for Ready<'_> {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.try_write(octets)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
fn main() {}
