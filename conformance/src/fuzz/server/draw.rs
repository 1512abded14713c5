//! Draws sessions with a server. Only what can be sent is chosen here; what has to come of it says `model`.

use fastrand::Rng;

use super::plan::{Piece, Plan, Step};
use crate::fuzz::{cut, pick};

/// Payloads as the contract writes them: empty, small, like a header, at the edges of a length's octets.
const PAYLOADS: [&str; 12] = [
    "-",
    "6f",
    "6f6b",
    "00",
    "000100000000000000000000",
    "000200000000000000000001",
    "@255",
    "@256",
    "@4097",
    "@65535",
    "@65536",
    "@70000",
];
/// How many of them are small.
const SMALL: usize = 6;

/// Where a redirect may lead: to the server itself and past it.
const LISTS: [&str; 7] = [
    "192.0.2.10:9000",
    "192.0.2.10:9000,198.51.100.7:1",
    "{main}",
    "{main},192.0.2.10:9000",
    "192.0.2.10:9000,{main}",
    "{main},192.0.2.10:9000,{main},198.51.100.7:65535",
    "127.1.2.3:513",
];

/// Ports that share nothing between plays, and so are opened once.
const PORTS: [&str; 8] = [
    "answer 6869",
    "answer 61;answer -;answer 62",
    "redirect 192.0.2.10:9000",
    "redirect 192.0.2.10:9000 6869",
    "redirect 192.0.2.10:9000 -",
    "answer 6869;redirect 192.0.2.10:9000",
    "answer 6869;fin",
    "answer @65536",
];

/// Opcodes that are neither NORMAL nor REDIRECT.
const OPCODES: [u16; 14] = [
    0x0000, 0x0003, 0x00ff, 0x0100, 0x0200, 0x0101, 0x1001, 0x13ff, 0x1603, 0x4745, 0x8000, 0x8001,
    0xff02, 0xffff,
];

/// Texts that look like requests and are none.
const UNKNOWN: [&str; 14] = [
    "",
    " ",
    "Hello",
    "hello ",
    "do",
    "do ",
    "do answer",
    "do answer 6F",
    "do fin;answer 61",
    "do answer 61;answer 62",
    "do mark {m}",
    "do answer 61;redirect 192.0.2.10:9000 62",
    "listen fin;mark {m}",
    "mark {m} {m}",
];

pub(super) fn draw(random: &mut Rng) -> Plan {
    let connections = pick(random, [1, 1, 1, 2, 2, 3]);
    let ports = ports(random);
    let mut scripts: Vec<Vec<Step>> = (0..connections)
        .map(|on| script(random, on, ports.len()))
        .collect();
    for token in ["s0", "s1"] {
        if random.u8(0..3) == 0 {
            let token = token.to_owned();
            scripts.push(vec![Step::Signal { token }]);
        }
    }
    let mut steps = Vec::new();
    for script in &mut scripts {
        script.reverse();
    }
    while !scripts.is_empty() {
        let place = random.usize(0..scripts.len());
        match scripts.get_mut(place).and_then(Vec::pop) {
            Some(step) => steps.push(step),
            None => drop(scripts.swap_remove(place)),
        }
    }
    Plan { ports, steps }
}

fn ports(random: &mut Rng) -> Vec<String> {
    match random.u8(0..24) {
        0..5 => vec![pick(random, PORTS).to_owned()],
        5 => vec![
            pick(random, PORTS).to_owned(),
            pick(random, PORTS).to_owned(),
        ],
        6 => {
            let own = [
                "mark {q}",
                "mark {q};await {s0};answer 6869",
                "await {s0};redirect 192.0.2.10:9000 6869",
                "mark {q};fin",
            ];
            vec![pick(random, own).to_owned()]
        }
        _ => Vec::new(),
    }
}

/// What happens on one connection.
fn script(random: &mut Rng, on: usize, ports: usize) -> Vec<Step> {
    let port = (ports > 0 && random.u8(0..3) > 0).then(|| random.usize(0..ports));
    let mut steps = vec![Step::Connect { on, port }];
    for _ in 0..random.usize(1..=4) {
        let pieces: Vec<_> = (0..random.usize(1..=5))
            .map(|_| request(random, on))
            .collect();
        steps.push(send(random, on, pieces));
        if random.bool() {
            steps.push(Step::Read { on });
        }
    }
    match random.u8(0..10) {
        0..3 => {
            let mut pieces = vec![broken(random, on)];
            pieces.extend((0..random.usize(0..=2)).map(|_| request(random, on)));
            if random.u8(0..3) == 0 {
                pieces.insert(0, request(random, on));
            }
            steps.push(send(random, on, pieces));
            if random.bool() {
                steps.push(Step::Read { on });
            }
        }
        3..5 => steps.push(Step::HalfClose { on }),
        5 => steps.push(Step::Reset { on }),
        6 => {
            let piece = truncated(random, on);
            steps.push(send(random, on, vec![piece]));
            steps.push(if random.bool() {
                Step::HalfClose { on }
            } else {
                Step::Reset { on }
            });
        }
        _ => {}
    }
    steps
}

fn send(random: &mut Rng, on: usize, pieces: Vec<Piece>) -> Step {
    let about = pieces.iter().map(|piece| match piece {
        Piece::Request(text) | Piece::Odd { request: text, .. } => text.len().saturating_add(12),
        Piece::Pattern(count) => *count,
        Piece::Nested(text) => text.len().saturating_add(24),
        Piece::AtLimit
        | Piece::Cut { .. }
        | Piece::Header { .. }
        | Piece::Opcode(_)
        | Piece::TooLarge(_)
        | Piece::Redirect(_) => 12,
    });
    let about = about.sum();
    let cuts = cut::draw(random, about);
    Step::Send { on, pieces, cuts }
}

fn request(random: &mut Rng, on: usize) -> Piece {
    match random.u8(0..48) {
        6..8 => Piece::Nested(valid(random, on)),
        8 if random.u8(0..4) == 0 => Piece::AtLimit,
        16..20 => Piece::Request(named(pick(random, UNKNOWN), on)),
        0..6 => {
            let text = valid(random, on);
            Piece::Request(mutated(random, &text))
        }
        10..12 => Piece::Pattern(pick(
            random,
            [1, 12, 255, 256, 5000, 65_535, 65_536, 70_000],
        )),
        12..16 => Piece::Odd {
            request: valid(random, on),
            port: pick(random, [0, 1, 0x0002, 9000, 65_535]),
            addr: pick(random, [1, 0x0100_0000, 0x7f00_0001, u32::MAX]),
        },
        _ => Piece::Request(valid(random, on)),
    }
}

/// The beginning of a request; often all but its last octet.
fn truncated(random: &mut Rng, on: usize) -> Piece {
    if random.bool() {
        let request = pick(random, ["do answer 6f6b", "marked a"]);
        return Piece::Cut {
            request: request.to_owned(),
            octets: request.len().saturating_add(11),
        };
    }
    Piece::Cut {
        request: valid(random, on),
        octets: random.usize(1..30),
    }
}

/// Something that ends the connection, unless a redirect before it makes it mean nothing.
fn broken(random: &mut Rng, on: usize) -> Piece {
    match random.u8(0..6) {
        0 => Piece::Opcode(pick(random, OPCODES)),
        1..3 => Piece::Header {
            opcode: pick(random, OPCODES),
            slen: pick(random, [0, 0, 0, 1, 12, 0x0100_0000, u32::MAX]),
        },
        3 => Piece::TooLarge(pick(random, [1, 2, 65_536, 0x7fff_ffff, u32::MAX])),
        4 => Piece::Redirect(pick(random, ["-", "6f6b", "68656c6c6f"]).to_owned()),
        _ => Piece::Cut {
            request: valid(random, on),
            octets: random.usize(2..12),
        },
    }
}

/// A request that keeps every rule.
fn valid(random: &mut Rng, on: usize) -> String {
    let body = payload(random);
    let list = pick(random, LISTS);
    let text = match random.u8(0..40) {
        0..8 => format!("do answer {body}"),
        8..12 => format!("do mark {{m}};answer {body}"),
        12..14 => format!("do answer {body};mark {{m}}"),
        14 => format!("do mark {{m}};mark {{n}};answer {body};mark {{m}}"),
        15 => format!("do await {{s0}};mark {{m}};answer {body}"),
        16 => format!("do mark {{m}};await {{s1}};answer {body}"),
        17..20 => "mark {m}".to_owned(),
        20..22 => "marked {m}".to_owned(),
        22 => "marked {n}".to_owned(),
        23 => "signal {r}".to_owned(),
        24 => format!("do await {{r}};answer {body}"),
        25..27 => "hello".to_owned(),
        27 => format!("do redirect {list}"),
        28 => format!("do redirect {list} {body}"),
        29 => format!("do mark {{m}};redirect {list} {body}"),
        30 => format!("do answer {body};redirect {list}"),
        31 => format!("do mark {{m}};await {{s0}};redirect {list}"),
        32 => "do fin".to_owned(),
        33 => format!("do answer {body};mark {{m}};fin"),
        34 => format!("do answer {body};reset"),
        _ => "do answer 6f6b".to_owned(),
    };
    named(&text, on)
}

/// Marks and signals that a connection counts belong to it alone: what others do has no order.
fn named(text: &str, on: usize) -> String {
    ["m", "n", "r"]
        .into_iter()
        .fold(text.to_owned(), |text, name| {
            text.replace(&format!("{{{name}}}"), &format!("{{{name}{on}}}"))
        })
}

fn payload(random: &mut Rng) -> &'static str {
    let most = if random.u8(0..6) == 0 {
        PAYLOADS.len()
    } else {
        SMALL
    };
    let place = random.usize(0..most);
    PAYLOADS.get(place).copied().unwrap_or("-")
}

/// The text with one octet left out, doubled or changed, but for its names.
fn mutated(random: &mut Rng, text: &str) -> String {
    let mut inside = false;
    let mut places = Vec::new();
    for (place, letter) in text.char_indices() {
        inside = letter == '{' || inside && letter != '}';
        if !inside && letter != '}' {
            places.push(place);
        }
    }
    let place = random.choice(places).unwrap_or_default();
    let (before, behind) = text.split_at_checked(place).unwrap_or((text, ""));
    let mut letters = behind.chars();
    let letter = letters.next().map_or_else(String::new, String::from);
    let letters = letters.as_str();
    match random.u8(0..4) {
        0 => format!("{before}{letters}"),
        1 => format!("{before}{letter}{letter}{letters}"),
        2 => format!("{before}{}{letters}", letter.to_uppercase()),
        _ => format!(
            "{before}{}{letters}",
            pick(random, [" ", ";", "0", "g", ",", "@", "-", "\n"])
        ),
    }
}
