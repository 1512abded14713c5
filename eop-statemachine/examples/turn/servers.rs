//! Servers for the examples to ask.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, SocketAddrV4, TcpListener};
use std::thread;

use eop_statemachine::{Server, Service, server};

/// Two servers of the examples, each for one client: home, which moves it, and the target, which answers it.
pub(crate) fn servers() -> io::Result<SocketAddrV4> {
    let listen = |to| -> io::Result<SocketAddrV4> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let SocketAddr::V4(address) = listener.local_addr()? else {
            return Err(ErrorKind::AddrNotAvailable.into());
        };
        thread::spawn(move || serve(&listener, to).map_err(|error| error.to_string()));
        Ok(address)
    };
    let target = listen(None)?;
    listen(Some(target))
}

/// It answers with the question, or moves its client before it acts on it.
fn serve(
    listener: &TcpListener,
    to: Option<SocketAddrV4>,
) -> Result<(), Box<dyn std::error::Error>> {
    let (mut socket, _) = listener.accept()?;
    let mut server = Server::new(&Service::default());
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = socket.read(&mut buffer)?;
        if count == 0 {
            return Ok(server.end_of_stream()?);
        }
        let mut input = buffer.get(..count).unwrap_or_default();
        while let Some(event) = server.receive(&mut input)? {
            match event {
                server::Event::Head { .. } => request.clear(),
                server::Event::Chunk(octets) => request.extend_from_slice(octets),
                server::Event::Request => {
                    let frame = match to {
                        Some(to) => server.redirect(to)?,
                        None => server.respond(&request)?,
                    };
                    socket.write_all(&frame.chunks().concat())?;
                }
            }
        }
    }
}
