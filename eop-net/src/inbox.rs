//! [`Inbox`]: what a connection has received and its machine has not seen yet, the message that is being put together,
//! and since when a header has been incomplete. What the frames mean is the machine's.

use std::net::TcpStream;
use std::task::Context;
use std::time::Instant;

use crate::lent::Lent;
use crate::socket;
use crate::transport::{Read, Transport};

/// A step of a frame, as a machine reports it. `T` is what the end of one means.
pub(crate) enum Piece<'a, T> {
    Head,
    Chunk(&'a [u8]),
    End(T),
}

/// A payload that is complete.
pub(crate) struct Payload {
    /// What was not handed on before.
    pub(crate) octets: Vec<u8>,
    /// How many octets were.
    pub(crate) handed_on: u64,
}

impl Payload {
    /// Its octets in all.
    pub(crate) fn len(&self) -> u64 {
        let octets = u64::try_from(self.octets.len()).unwrap_or(u64::MAX);
        octets.saturating_add(self.handed_on)
    }
}

/// Nobody takes payloads as they come.
pub(crate) const fn nobody() -> Option<fn(&[u8])> {
    None
}

/// Octets of one connection. Memory follows what was received, whatever a header announces (EOP-LIM-4): before anything was,
/// there is none.
#[derive(Debug, Default)]
pub(crate) struct Inbox(Option<Box<Received>>);

#[derive(Debug, Default)]
struct Received {
    /// If the machine has not seen everything.
    unseen: Option<Unseen>,
    /// The payload, as far as it came and was not handed on.
    message: Vec<u8>,
    /// Memory for the next one.
    spare: Vec<u8>,
    /// Octets of the payload that were handed on as they came.
    handed_on: u64,
    /// When the first octet of the header came that is incomplete.
    header_since: Option<Instant>,
}

impl Received {
    /// All but the last `left` octets were shown to the machine.
    fn has_seen_all_but(&mut self, left: usize) {
        match &mut self.unseen {
            Some(unseen) if left > 0 => unseen.seen = unseen.octets.len().saturating_sub(left),
            Some(_) | None => self.unseen = None,
        }
    }
}

#[derive(Debug)]
struct Unseen {
    octets: Lent,
    /// Octets at the front that the machine has seen.
    seen: usize,
}

impl Unseen {
    fn has_room(&self) -> bool {
        self.octets.len() < self.octets.capacity()
    }
}

impl Inbox {
    /// Reads once what is there, if there is room.
    pub(crate) fn read(&mut self, transport: &mut impl Transport, cx: &mut Context<'_>) -> Read {
        self.read_by(|octets| transport.read(cx, octets))
    }

    /// Waits until there is something and reads it, if there is room. A socket that was told not to wait does not.
    pub(crate) fn wait_and_read(&mut self, socket: &TcpStream) -> Read {
        self.read_by(|octets| socket::wait_and_read(socket, octets))
    }

    /// Reads once by `read`, if there is room.
    pub(crate) fn read_by(&mut self, read: impl FnOnce(&mut Vec<u8>) -> Read) -> Read {
        match self.0.as_mut().and_then(|it| it.unseen.as_mut()) {
            Some(unseen) if unseen.has_room() => read(&mut unseen.octets),
            Some(_) => Read::Nothing,
            None => {
                let mut octets = Lent::new();
                let outcome = read(&mut octets);
                if let Read::Octets = outcome {
                    let received = self.0.get_or_insert_default();
                    received.unseen = Some(Unseen { octets, seen: 0 });
                }
                outcome
            }
        }
    }

    /// Whether a read would read.
    pub(crate) fn has_room(&self) -> bool {
        let unseen = self.0.as_ref().and_then(|it| it.unseen.as_ref());
        unseen.is_none_or(Unseen::has_room)
    }

    /// Forgets every octet that the machine has not seen.
    pub(crate) fn discard(&mut self) {
        if let Some(received) = &mut self.0 {
            received.unseen = None;
        }
    }

    /// Since when a header has been incomplete (EOP-TIM-1).
    pub(crate) fn header_since(&self) -> Option<Instant> {
        self.0.as_ref()?.header_since
    }

    /// Takes memory for the payload of a later message.
    pub(crate) fn reuse(&mut self, mut payload: Vec<u8>) {
        let received = self.0.get_or_insert_default();
        if payload.capacity() > received.spare.capacity() {
            payload.clear();
            received.spare = payload;
        }
    }

    /// Shows the machine what is there, up to the end of a frame: what that means, with the payload. `None` if the
    /// machine has seen everything and no frame ended. `clock` tells the time. If there is somebody to `take` the payload,
    /// it is handed on without being copied, and counted.
    pub(crate) fn next_frame<T, E>(
        &mut self,
        clock: impl Fn() -> Instant,
        take: &mut Option<impl FnMut(&[u8])>,
        mut receive: impl for<'a> FnMut(&mut &'a [u8]) -> Result<Option<Piece<'a, T>>, E>,
    ) -> Result<Option<(T, Payload)>, E> {
        let Some(received) = &mut self.0 else {
            return Ok(None);
        };
        let unseen = received.unseen.as_ref();
        let mut input = unseen.map_or(&[][..], |it| it.octets.get(it.seen..).unwrap_or_default());
        loop {
            let more = !input.is_empty();
            match receive(&mut input)? {
                Some(Piece::Head) => received.header_since = None,
                Some(Piece::Chunk(chunk)) => match take {
                    None => received.message.extend_from_slice(chunk),
                    Some(take) => {
                        for piece in [&*received.message, chunk]
                            .iter()
                            .filter(|it| !it.is_empty())
                        {
                            take(piece);
                            let octets = u64::try_from(piece.len()).unwrap_or(u64::MAX);
                            received.handed_on = received.handed_on.saturating_add(octets);
                        }
                        received.message.clear();
                    }
                },
                Some(Piece::End(meaning)) => {
                    let left = input.len();
                    received.has_seen_all_but(left);
                    received.header_since = None;
                    let spare = std::mem::take(&mut received.spare);
                    let payload = Payload {
                        octets: std::mem::replace(&mut received.message, spare),
                        handed_on: std::mem::take(&mut received.handed_on),
                    };
                    return Ok(Some((meaning, payload)));
                }
                None => {
                    if more {
                        // Of a payload there would have been a chunk.
                        received.header_since.get_or_insert_with(&clock);
                    }
                    received.unseen = None;
                    return Ok(None);
                }
            }
        }
    }
}
