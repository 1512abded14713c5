//! [`Framed`]: a socket that speaks frames, by the codec alone: one write for a frame, one buffered read, no copy of a
//! payload. What an embedder of `eop-wire` has; no machine keeps account here.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, SocketAddrV4, TcpStream};

use anyhow::{Context, Result, bail};
use eop_wire::{Deframer, Frame, HEADER_LEN, Header, Item};

/// Octets read at a time.
const CAPACITY: usize = 64 * 1024;

/// A socket that speaks frames.
pub struct Framed {
    /// The socket.
    pub socket: TcpStream,
    deframer: Deframer,
    buffer: Vec<u8>,
    /// What of the buffer was received and not looked at.
    unseen: std::ops::Range<usize>,
}

/// A frame that was received, but for its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A message of so many octets.
    Message(u32),
    /// A redirect, and the octets of its response.
    Redirect(SocketAddrV4, u32),
    /// Only the header of a redirect with a response, if that was asked for.
    Heading(SocketAddrV4),
}

impl Framed {
    /// Speaks over `socket`.
    #[must_use]
    pub fn over(socket: TcpStream) -> Self {
        Self::reusing(Vec::new(), socket)
    }

    /// The same with a buffer that was used before, which is not got ready again.
    #[must_use]
    pub fn reusing(mut buffer: Vec<u8>, socket: TcpStream) -> Self {
        buffer.resize(CAPACITY, 0);
        Self {
            socket,
            deframer: Deframer::new(u32::MAX),
            buffer,
            unseen: 0..0,
        }
    }

    /// Closes the socket and returns the buffer.
    #[must_use]
    pub fn close(self) -> Vec<u8> {
        self.buffer
    }

    /// Connects, with Nagle's algorithm off.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect(to: SocketAddr) -> Result<Self> {
        Self::connect_reusing(Vec::new(), to)
    }

    /// The same with a buffer that was used before.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect_reusing(buffer: Vec<u8>, to: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(to)?;
        socket.set_nodelay(true)?;
        Ok(Self::reusing(buffer, socket))
    }

    /// Sends a message that lies behind room for its header, in one write.
    ///
    /// # Errors
    /// What the system says.
    pub fn send_behind_headroom(&mut self, message: &mut [u8]) -> Result<()> {
        put_header(message, |payload| Ok(Frame::normal(payload)?))?;
        Ok(self.socket.write_all(message)?)
    }

    /// The same as the response of a redirect to `to`.
    ///
    /// # Errors
    /// What the system says.
    pub fn redirect_behind_headroom(&mut self, to: SocketAddrV4, message: &mut [u8]) -> Result<()> {
        put_header(message, |payload| Ok(Frame::redirect(to, payload)?))?;
        Ok(self.socket.write_all(message)?)
    }

    /// Sends a message by a gathering write.
    ///
    /// # Errors
    /// What the system says.
    pub fn send_gathered(&mut self, payload: &[u8]) -> Result<()> {
        let mut encoded = Frame::normal(payload)?.encode();
        while !encoded.is_done() {
            let slices = encoded.chunks().map(std::io::IoSlice::new);
            let taken = self.socket.write_vectored(&slices)?;
            encoded.advance(taken)?;
        }
        Ok(())
    }

    /// Waits for a whole frame.
    ///
    /// # Errors
    /// The peer is gone, or does not speak EOP.
    pub fn receive(&mut self) -> Result<Received> {
        self.receive_until(false)
    }

    /// The same, but of a redirect with a response its header is enough, the first time.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn receive_heading(&mut self) -> Result<Received> {
        self.receive_until(true)
    }

    fn receive_until(&mut self, heading: bool) -> Result<Received> {
        let mut received = None;
        loop {
            let unseen = self.buffer.get(self.unseen.clone()).unwrap_or_default();
            let mut input = unseen;
            while let Some(item) = self.deframer.next(&mut input)? {
                self.unseen.start = self.unseen.end - input.len();
                match item {
                    Item::Head(Header::Normal { len }) => received = Some(Received::Message(len)),
                    Item::Head(Header::Redirect { to, len }) => {
                        if heading && len > 0 {
                            return Ok(Received::Heading(to));
                        }
                        received = Some(Received::Redirect(to, len));
                    }
                    Item::Head(_) | Item::Chunk(_) => {}
                    Item::End => {
                        return received.context("the end of a frame that did not begin here");
                    }
                }
            }
            let count = self.socket.read(&mut self.buffer)?;
            if count == 0 {
                bail!("the stream ended where a frame was expected");
            }
            self.unseen = 0..count;
        }
    }

    /// Waits for the end of a frame whose header was received.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn receive_rest(&mut self) -> Result<()> {
        loop {
            let mut input = self.buffer.get(self.unseen.clone()).unwrap_or_default();
            while let Some(item) = self.deframer.next(&mut input)? {
                self.unseen.start = self.unseen.end - input.len();
                if item == Item::End {
                    return Ok(());
                }
            }
            let count = self.socket.read(&mut self.buffer)?;
            if count == 0 {
                bail!("the stream ended within a frame");
            }
            self.unseen = 0..count;
        }
    }
}

/// Writes the header of the frame that `make` makes of the octets behind the headroom into it.
fn put_header(message: &mut [u8], make: impl Fn(&[u8]) -> Result<Frame<'_>>) -> Result<()> {
    let (room, payload) = message
        .split_first_chunk_mut::<HEADER_LEN>()
        .context("no headroom")?;
    let encoded = make(payload)?.encode();
    let [header, _] = encoded.chunks();
    *room = *header.first_chunk().context("a short header")?;
    Ok(())
}
