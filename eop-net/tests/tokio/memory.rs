//! Endpoints in memory, so that a story runs on a clock that nobody waits for.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use eop_net::tokio::{Dial, Dialing, Stream};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::sync::mpsc;

/// Octets that fit into a direction.
const CAPACITY: usize = 1024;

/// The endpoints, by their addresses.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<HashMap<SocketAddr, mpsc::UnboundedSender<DuplexStream>>>>);

impl Memory {
    /// Clients that arrive there.
    pub(crate) fn listen(&self, address: SocketAddrV4) -> mpsc::UnboundedReceiver<DuplexStream> {
        let (arrivals, clients) = mpsc::unbounded_channel();
        let mut endpoints = self.0.lock().expect("no panic");
        endpoints.insert(address.into(), arrivals);
        clients
    }
}

impl Dial for Memory {
    type Stream = Pipe;

    fn dial(&mut self, endpoint: SocketAddr) -> Dialing<Pipe> {
        let arrivals = self.0.lock().expect("no panic").get(&endpoint).cloned();
        Box::pin(async move {
            let arrivals = arrivals.ok_or(io::ErrorKind::ConnectionRefused)?;
            let (ours, theirs) = duplex(CAPACITY);
            arrivals
                .send(theirs)
                .map_err(|_| io::ErrorKind::ConnectionRefused)?;
            Ok(Pipe(ours))
        })
    }
}

/// A client's end.
pub(crate) struct Pipe(DuplexStream);

impl Stream for Pipe {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::from(([127, 0, 0, 1], 1)))
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
