//! [`Framed`]: a socket that speaks frames, by the codec alone: one write for a frame, one buffered read, no copy of a
//! payload, and an answer out of the memory that the request came into. What an embedder of `eop-wire` has; no machine keeps
//! account here.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddrV4, TcpStream};

use anyhow::{Context, Result, ensure};
use eop_wire::{Frame, HEADER_LEN, Header, RawHeader};

/// Octets that can be read at a time, unless a frame is longer.
pub(crate) const CAPACITY: usize = 64 * 1024;

/// A socket that speaks frames.
pub struct Framed {
    socket: TcpStream,
    /// At its front is the frame that is being received, or was received last; behind it, what came with it.
    buffer: Vec<u8>,
    /// Octets at the buffer's front that were received.
    received: usize,
    /// How many octets the frame at the front has by its header; none as long as that is not there.
    frame: usize,
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
        if buffer.len() < CAPACITY {
            buffer.resize(CAPACITY, 0);
        }
        Self {
            socket,
            buffer,
            received: 0,
            frame: 0,
        }
    }

    /// Closes the socket and returns the buffer for another one.
    #[must_use]
    pub fn close(self) -> Vec<u8> {
        self.buffer
    }

    /// The socket, and the buffer for another one.
    #[must_use]
    pub fn into_parts(self) -> (TcpStream, Vec<u8>) {
        (self.socket, self.buffer)
    }

    /// Sends a message that lies behind room for its header, in one write.
    ///
    /// # Errors
    /// What the system says.
    #[inline]
    pub fn send_behind_headroom(&mut self, message: &mut [u8]) -> Result<()> {
        put_header(message, |payload| Ok(Frame::normal(payload)?))?;
        Ok(self.socket.write_all(message)?)
    }

    /// Sends the message that was received last back, from where it lies, in one write.
    ///
    /// # Errors
    /// What the system says.
    #[inline]
    pub fn send_back(&mut self) -> Result<()> {
        self.send_received(|payload| Ok(Frame::normal(payload)?))
    }

    /// The same as the response of a redirect to `to`.
    ///
    /// # Errors
    /// What the system says.
    pub fn send_back_and_redirect(&mut self, to: SocketAddrV4) -> Result<()> {
        self.send_received(|payload| Ok(Frame::redirect(to, payload)?))
    }

    /// Sends what `make` makes of the payload that was received last: its new header takes the place of the old one.
    #[inline]
    fn send_received(&mut self, make: impl Fn(&[u8]) -> Result<Frame<'_>>) -> Result<()> {
        let frame = self.buffer.get_mut(..self.frame).unwrap_or_default();
        put_header(frame, make)?;
        Ok(self.socket.write_all(frame)?)
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

    /// Waits for a whole frame, and tells its header; nothing if the stream ends instead.
    ///
    /// # Errors
    /// The peer is gone within a frame, or does not speak EOP.
    // This and what it calls: each call costs as much as the header does, and a thousandth of the whole is to be seen.
    #[inline(always)]
    pub fn receive(&mut self) -> Result<Option<Header>> {
        let header = self.receive_header()?;
        if header.is_some() {
            self.receive_payload()?;
        }
        Ok(header)
    }

    /// Waits for the header of a frame; [`receive_payload`](Self::receive_payload) has to follow.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    #[inline(always)]
    pub fn receive_header(&mut self) -> Result<Option<Header>> {
        if self.frame < self.received {
            self.buffer.copy_within(self.frame..self.received, 0);
        }
        self.received -= self.frame;
        self.frame = 0;
        loop {
            let front = self.buffer.get(..self.received).unwrap_or_default();
            if let Some((raw, _)) = RawHeader::split_from(front) {
                let header = Header::try_from(raw)?;
                self.frame = HEADER_LEN + usize::try_from(header.len())?;
                return Ok(Some(header));
            }
            if !self.read()? {
                return Ok(None);
            }
        }
    }

    /// Waits for the rest of a frame whose header was received.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    #[inline(always)]
    pub fn receive_payload(&mut self) -> Result<()> {
        while self.received < self.frame {
            self.read()?;
        }
        Ok(())
    }

    /// Reads behind what was received: whether there was more. Between two frames there need not be.
    #[inline(always)]
    fn read(&mut self) -> Result<bool> {
        if self.received == self.buffer.len() {
            self.buffer.resize(2 * self.received, 0);
        }
        let room = self.buffer.get_mut(self.received..).unwrap_or_default();
        let count = self.socket.read(room)?;
        ensure!(
            count > 0 || self.received == 0,
            "the stream ended within a frame"
        );
        self.received += count;
        Ok(count > 0)
    }
}

/// Writes the header of the frame that `make` makes of the octets behind the headroom into it.
#[inline]
fn put_header(message: &mut [u8], make: impl Fn(&[u8]) -> Result<Frame<'_>>) -> Result<()> {
    let (room, payload) = message
        .split_first_chunk_mut::<HEADER_LEN>()
        .context("no headroom")?;
    let encoded = make(payload)?.encode();
    let [header, _] = encoded.chunks();
    *room = *header.first_chunk().context("a short header")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Shutdown, TcpListener};
    use std::time::Duration;

    use super::*;

    /// A plain socket, and the one that speaks frames at the other end.
    fn pair() -> (TcpStream, Framed) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback");
        let address = listener.local_addr().expect("it listens");
        let plain = TcpStream::connect(address).expect("it listens");
        let patience = Some(Duration::from_secs(10));
        plain.set_read_timeout(patience).expect("more than nothing");
        let (framed, _) = listener.accept().expect("somebody connected");
        (plain, Framed::over(framed))
    }

    #[test]
    fn each_of_two_frames_that_come_at_once_is_sent_back() {
        let (mut plain, mut framed) = pair();
        let frames = b"\0\x01\0\0\0\0\0\0\0\0\0\x03one\0\x01\0\0\0\0\0\0\0\0\0\x05three";
        plain.write_all(frames).expect("there is room");
        for _ in 0..2 {
            framed.receive().expect("a frame").expect("no end");
            framed.send_back().expect("there is room");
        }
        let mut answers = [0; 32];
        plain.read_exact(&mut answers).expect("both answers");
        assert_eq!(answers, *frames);
    }

    #[test]
    fn a_frame_longer_than_the_buffer_is_sent_back_whole() {
        let (mut plain, mut framed) = pair();
        let mut message = vec![7; HEADER_LEN + 3 * CAPACITY];
        put_header(&mut message, |payload| Ok(Frame::normal(payload)?)).expect("headroom");
        let sent = message.clone();
        let mut reader = plain.try_clone().expect("a second handle");
        let writing = std::thread::spawn(move || plain.write_all(&message));
        let reading = std::thread::spawn(move || {
            let mut answer = vec![0; HEADER_LEN + 3 * CAPACITY];
            reader.read_exact(&mut answer).map(|()| answer)
        });
        framed.receive().expect("a frame").expect("no end");
        framed.send_back().expect("somebody reads");
        writing.join().expect("no panic").expect("somebody reads");
        let answer = reading.join().expect("no panic").expect("an answer");
        assert!(answer == sent, "another frame than was sent");
    }

    #[test]
    fn a_stream_may_end_between_two_frames() {
        let (plain, mut framed) = pair();
        plain.shutdown(Shutdown::Write).expect("it is connected");
        assert_eq!(framed.receive().expect("a regular end"), None);
    }

    #[test]
    fn a_stream_that_ends_within_a_frame_is_an_error() {
        let (mut plain, mut framed) = pair();
        plain.write_all(b"\0\x01\0").expect("there is room");
        plain.shutdown(Shutdown::Write).expect("it is connected");
        assert!(framed.receive().is_err());
    }
}
