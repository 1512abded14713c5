//! [`Exchange`]: which octets of an application have passed, and whether its client may be moved before the next of them.
//! It knows of turns, and of nothing that is said in them, with one exception that it names.

/// The octets of one connection of the application, as turns.
///
/// A client that is moved finds a server that knows nothing of it. So it may be moved as long as nothing was said: any
/// application's, before the first octet in either direction. Afterwards, only if the application is *half-duplex*: its
/// client asks, its server answers once it has the whole request, the client asks again once it has the whole answer, and
/// each such exchange stands for itself. Where an answer ends is written nowhere in the octets that a gateway could read
/// without knowing the application; but the client knows, and shows it by asking again. So the one moment at which a
/// client may be moved is when the first octets of its *next* request are here and no server has seen them.
#[derive(Debug)]
pub(super) struct Exchange {
    half_duplex: bool,
    /// Who spoke last.
    last: Option<Side>,
    /// How the server's turn begins.
    answer: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// How an interim answer of HTTP/1 begins (100 Continue and others): it ends no exchange, because the request may go on
/// behind it.
const INTERIM: [Option<u8>; 10] = [
    Some(b'H'),
    Some(b'T'),
    Some(b'T'),
    Some(b'P'),
    Some(b'/'),
    Some(b'1'),
    Some(b'.'),
    None,
    Some(b' '),
    Some(b'1'),
];

impl Exchange {
    /// Before the first octet.
    pub(super) const fn new(half_duplex: bool) -> Self {
        Self {
            half_duplex,
            last: None,
            answer: Vec::new(),
        }
    }

    /// Octets of the client, or the end of its stream, are passed on.
    pub(super) fn asked(&mut self) {
        self.last = Some(Side::Client);
        self.answer.clear();
    }

    /// Octets of the server were passed on.
    pub(super) fn answered(&mut self, octets: &[u8]) {
        self.last = Some(Side::Server);
        let room = INTERIM.len().saturating_sub(self.answer.len());
        self.answer
            .extend_from_slice(octets.get(..room).unwrap_or(octets));
    }

    /// Whether nothing was said yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.last.is_none()
    }

    /// Whether the client may be moved when it speaks next, before a server has heard it.
    pub(super) fn is_between_requests(&self) -> bool {
        match self.last {
            None => true,
            Some(Side::Client) => false,
            Some(Side::Server) => self.half_duplex && !self.may_be_interim(),
        }
    }

    fn may_be_interim(&self) -> bool {
        let mut both = self.answer.iter().zip(INTERIM);
        both.all(|(octet, expected)| expected.is_none_or(|expected| *octet == expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An exchange of a half-duplex application in which the server said this.
    fn answered(pieces: &[&str]) -> Exchange {
        let mut exchange = Exchange::new(true);
        exchange.asked();
        for piece in pieces {
            exchange.answered(piece.as_bytes());
        }
        exchange
    }

    #[test]
    fn any_client_may_be_moved_before_the_first_octet() {
        assert!(Exchange::new(false).is_between_requests());
    }

    #[test]
    fn nobody_is_moved_behind_a_banner() {
        let mut exchange = Exchange::new(false);
        exchange.answered(b"220 mail.example ESMTP\r\n");
        assert!(!exchange.is_between_requests());
    }

    #[test]
    fn nobody_is_moved_while_a_request_waits_for_its_answer() {
        let mut exchange = answered(&["HTTP/1.1 200 OK\r\n"]);
        exchange.asked();
        assert!(!exchange.is_between_requests());
    }

    #[test]
    fn a_half_duplex_client_may_be_moved_behind_an_answer() {
        assert!(answered(&["HTTP/1.1 200 OK\r\n"]).is_between_requests());
    }

    #[test]
    fn another_client_may_not() {
        let mut exchange = Exchange::new(false);
        exchange.asked();
        exchange.answered(b"HTTP/1.1 200 OK\r\n");
        assert!(!exchange.is_between_requests());
    }

    #[test]
    fn behind_an_interim_answer_the_request_goes_on_however_it_is_cut() {
        assert!(!answered(&["HTTP/1.1 100 Continue\r\n\r\n"]).is_between_requests());
        assert!(!answered(&["HTT", "P/1.0 1", "03 Early Hints"]).is_between_requests());
        assert!(!answered(&["HTTP/1."]).is_between_requests());
    }

    #[test]
    fn the_answer_to_a_request_that_went_on_is_looked_at_anew() {
        let mut exchange = answered(&["HTTP/1.1 100 Continue\r\n\r\n"]);
        exchange.asked();
        exchange.answered(b"HTTP/1.1 200 OK\r\n");
        assert!(exchange.is_between_requests());
    }
}
