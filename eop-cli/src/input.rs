//! [`Input`]: how octets that come by and by become messages.

use std::collections::VecDeque;
use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use clap::ValueEnum;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What becomes a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Cut {
    /// Whatever is there, up to 64 KiB: for a copy of any length.
    #[default]
    Pieces,
    /// Every line, without its end. Answers are printed as lines, too.
    Lines,
    /// All of it, which has to fit into one message.
    Whole,
}

/// Octets of a piece at most: what every receiver takes (EOP-LIM-1).
const PIECE: usize = 64 * 1024;

/// Messages that are yet to be sent.
pub(crate) struct Input {
    given: VecDeque<Bytes>,
    source: Option<Box<dyn AsyncRead + Unpin + Send>>,
    cut: Cut,
    /// The most octets of one message.
    limit: usize,
    /// What was read and is no message yet.
    rest: BytesMut,
}

impl Input {
    /// The messages that were given one by one.
    pub(crate) fn given(messages: impl IntoIterator<Item = Bytes>) -> Self {
        Self {
            given: messages.into_iter().collect(),
            source: None,
            cut: Cut::Whole,
            limit: 0,
            rest: BytesMut::new(),
        }
    }

    /// What comes from `source`, cut as said into messages of at most `limit` octets.
    pub(crate) fn from(
        source: impl AsyncRead + Unpin + Send + 'static,
        cut: Cut,
        limit: usize,
    ) -> Self {
        Self {
            given: VecDeque::new(),
            source: Some(Box::new(source)),
            cut,
            limit,
            rest: BytesMut::new(),
        }
    }

    /// The next message; `None` if there is none. The future may be dropped at any time: nothing is lost.
    ///
    /// # Errors
    /// What the source says; [`InvalidData`](io::ErrorKind::InvalidData) if a message would be too long.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if let Some(message) = self.given.pop_front() {
            return Ok(Some(message));
        }
        loop {
            if let Some(message) = self.cut_off() {
                return Ok(Some(message));
            }
            let Some(source) = &mut self.source else {
                return Ok(None);
            };
            if self.cut != Cut::Pieces && self.rest.len() > self.limit {
                return Err(too_long(self.limit));
            }
            self.rest.reserve(PIECE);
            if source.read_buf(&mut self.rest).await? == 0 {
                self.source = None;
                let last = self.rest.split().freeze();
                let is_message = self.cut == Cut::Whole || !last.is_empty();
                return Ok(Some(last).filter(|_| is_message));
            }
        }
    }

    /// The next message of what was read, if there is a complete one.
    fn cut_off(&mut self) -> Option<Bytes> {
        match self.cut {
            Cut::Pieces if self.rest.is_empty() => None,
            Cut::Pieces => {
                let len = self.rest.len().min(self.limit).min(PIECE);
                Some(self.rest.split_to(len).freeze())
            }
            Cut::Lines => {
                let end = self.rest.iter().position(|octet| *octet == b'\n')?;
                if end > self.limit {
                    return None;
                }
                let line = self.rest.split_to(end).freeze();
                self.rest.advance(1);
                Some(line)
            }
            Cut::Whole => None,
        }
    }
}

fn too_long(limit: usize) -> io::Error {
    let why = format!("longer than a message may be, which is {limit} octets (EOP-LIM-2)");
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All messages of `octets`, or the first error.
    async fn messages(octets: &'static [u8], cut: Cut, limit: usize) -> io::Result<Vec<Bytes>> {
        let mut input = Input::from(octets, cut, limit);
        let mut messages = Vec::new();
        while let Some(message) = input.next().await? {
            messages.push(message);
        }
        Ok(messages)
    }

    #[tokio::test]
    async fn lines_lose_their_ends_and_the_last_needs_none() {
        let lines = messages(b"one\n\nthree", Cut::Lines, 5).await;
        assert_eq!(lines.expect("short"), [&b"one"[..], b"", b"three"]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_an_error_and_not_cut() {
        let error = messages(b"1\n123456\n", Cut::Lines, 5)
            .await
            .expect_err("six octets");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn pieces_are_no_longer_than_a_message_may_be() {
        let pieces = messages(b"1234567", Cut::Pieces, 3).await;
        assert_eq!(pieces.expect("any length"), [&b"123"[..], b"456", b"7"]);
    }

    #[tokio::test]
    async fn nothing_is_one_empty_message_if_all_of_it_is_one() {
        let whole = messages(b"", Cut::Whole, 3).await;
        assert_eq!(whole.expect("short"), [&b""[..]]);
        let pieces = messages(b"", Cut::Pieces, 3).await;
        assert!(pieces.expect("short").is_empty());
    }
}
