//! What the test service does with a request, as the frames that it sends: section 2.2 of `testee.md`, and no more of it
//! than the scenarios use.

use std::net::SocketAddrV4;

use crate::octets;

/// A frame that a server has to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Due {
    /// N with this payload.
    Message(Vec<u8>),
    /// N with a count, which only the server knows.
    Count,
    /// R to this endpoint, with this payload.
    Redirect(SocketAddrV4, Vec<u8>),
}

/// What answers a request on a connection that the server accepted at `here`.
pub(super) fn answer(request: &[u8], here: SocketAddrV4) -> Vec<Due> {
    let request = std::str::from_utf8(request).unwrap_or_default();
    match request.split_once(' ') {
        Some(("do", steps)) => perform(steps, here, true),
        Some(("mark", _)) => vec![Due::Count],
        Some(_) | None => vec![Due::Message(b"unknown".to_vec())],
    }
}

/// What a port that was opened with these steps sends at an accept.
pub(super) fn at_accept(steps: &str, here: SocketAddrV4) -> Vec<Due> {
    perform(steps, here, false)
}

fn perform(steps: &str, here: SocketAddrV4, asked: bool) -> Vec<Due> {
    let mut due = Vec::new();
    for step in steps.split(';') {
        let words: Vec<_> = step.split(' ').collect();
        match words.as_slice() {
            ["answer", body] => due.push(Due::Message(payload(body))),
            ["redirect", list, body @ ..] => {
                let body = body.first().map(|body| payload(body));
                match next(list, here) {
                    Some(to) if body.as_ref().is_some_and(Vec::is_empty) => {
                        due.extend([Due::Message(Vec::new()), Due::Redirect(to, Vec::new())]);
                    }
                    Some(to) => due.push(Due::Redirect(to, body.unwrap_or_default())),
                    None if asked && due.is_empty() => due.push(Due::Message(b"here".to_vec())),
                    None => {}
                }
            }
            _ => {}
        }
    }
    due
}

/// Where EOP-TST-9 leads; nowhere at the last endpoint (EOP-TST-10).
fn next(list: &str, here: SocketAddrV4) -> Option<SocketAddrV4> {
    let list: Vec<SocketAddrV4> = list.split(',').filter_map(|one| one.parse().ok()).collect();
    let behind = list.iter().rposition(|one| *one == here);
    list.get(behind.map_or(0, |place| place.saturating_add(1)))
        .copied()
}

/// The octets of a payload as the contract writes it.
pub(super) fn payload(word: &str) -> Vec<u8> {
    if let Some(count) = word.strip_prefix('@') {
        return octets::pattern(count.parse().unwrap_or(0));
    }
    let digits: Vec<u32> = word
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .collect();
    digits
        .chunks_exact(2)
        .filter_map(|pair| u8::try_from(pair.iter().fold(0, |sum, digit| sum * 16 + digit)).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> SocketAddrV4 {
        SocketAddrV4::new([127, 0, 0, 1].into(), port)
    }

    #[test]
    fn a_list_leads_on_from_the_server_s_own_place_and_ends_at_its_last() {
        let request = b"do redirect 127.0.0.1:2,127.0.0.1:3";
        let here = Due::Message(b"here".to_vec());
        assert_eq!(answer(request, at(1)), [Due::Redirect(at(2), vec![])]);
        assert_eq!(answer(request, at(2)), [Due::Redirect(at(3), vec![])]);
        assert_eq!(answer(request, at(3)), [here]);
    }

    #[test]
    fn an_empty_answer_stands_before_its_redirect() {
        let due = answer(b"do redirect 127.0.0.1:2 -", at(1));
        assert_eq!(due, [Due::Message(vec![]), Due::Redirect(at(2), vec![])]);
    }

    #[test]
    fn the_last_endpoint_says_here_to_nobody_who_did_not_ask_or_was_answered() {
        assert_eq!(at_accept("redirect 127.0.0.1:1", at(1)), []);
        let due = answer(b"do answer 6f6b;redirect 127.0.0.1:1", at(1));
        assert_eq!(due, [Due::Message(b"ok".to_vec())]);
    }
}
