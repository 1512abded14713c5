//! `vectors`: the parser of the vectors' notation, over any text. What it takes for octets is what the pattern in the
//! schema lets pass, by a reading octet by octet; and what octets are written as is read as these octets.
//!
//! Input: text; then the same octets as octets.

#[path = "../../vectors/notation.rs"]
mod notation;

/// # Panics
/// On a finding.
pub fn check(data: &[u8]) {
    if let Ok(text) = core::str::from_utf8(data)
        && !asks_for_much(text)
    {
        assert_eq!(notation::octets(text), by_hand(text), "{text:?}");
    }
    let written = written(data);
    assert_eq!(
        notation::octets(&written).as_deref(),
        Some(data),
        "{written}"
    );
}

/// More octets than are worth the time.
fn asks_for_much(text: &str) -> bool {
    text.split('@').skip(1).any(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        digits > 4 && digits < 11
    })
}

/// A machine with four states: at the start of a group, in a pattern's number, before and after a digit's fellow.
fn by_hand(text: &str) -> Option<Vec<u8>> {
    enum At {
        Start,
        Number(u64),
        High(u8),
        Low,
    }
    if text == "-" {
        return Some(Vec::new());
    }
    let mut octets = Vec::new();
    let mut at = At::Start;
    for octet in text.bytes().chain([b' ']) {
        let digit = match octet {
            b'0'..=b'9' => Some(octet - b'0'),
            b'a'..=b'f' => Some(octet - b'a' + 10),
            _ => None,
        };
        at = match (at, octet, digit) {
            (At::Start, b'@', _) => At::Number(0),
            (At::Start | At::Low, _, Some(high)) => At::High(high),
            (At::High(high), _, Some(low)) => {
                octets.push(high * 16 + low);
                At::Low
            }
            (At::Number(0), b'0', _) => return None,
            (At::Number(count), b'0'..=b'9', Some(digit)) => {
                let count = count * 10 + u64::from(digit);
                if count > u64::from(u32::MAX) {
                    return None;
                }
                At::Number(count)
            }
            (At::Number(count @ 1..), b' ', _) => {
                octets.extend((0..count).map(|i| (i % 251) as u8));
                At::Start
            }
            (At::Low, b' ', _) => At::Start,
            _ => return None,
        };
    }
    Some(octets)
}

/// One group where the octets are the pattern, groups of four else.
fn written(octets: &[u8]) -> String {
    let is_pattern = octets
        .iter()
        .enumerate()
        .all(|(i, octet)| i % 251 == usize::from(*octet));
    match octets {
        [] => "-".to_owned(),
        _ if is_pattern => format!("@{}", octets.len()),
        _ => {
            let group = |four: &[u8]| four.iter().map(|octet| format!("{octet:02x}")).collect();
            octets
                .chunks(4)
                .map(group)
                .collect::<Vec<String>>()
                .join(" ")
        }
    }
}
