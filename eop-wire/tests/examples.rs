//! Every frame of the specification's examples is what this crate encodes: the notation on the left, the octets on the right.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic, and says what matters to it"
)]

use eop_wire::Frame;

/// The lines of the appendix that say a frame and its octets, as (notation, octets without spaces).
fn examples() -> Vec<(&'static str, String)> {
    let specification = include_str!("../../spec/eop.md");
    let (_, examples) = specification.split_once("# Examples").unwrap();
    examples
        .lines()
        .filter_map(|line| {
            let begin = line.find("N(").or_else(|| line.find("R("))?;
            let (notation, rest) = line.get(begin..)?.split_once(')')?;
            let octets = rest.replace([' ', '`', '|'], "");
            (octets.len() >= 24 && octets.bytes().all(|b| b.is_ascii_hexdigit()))
                .then_some((notation, octets))
        })
        .collect()
}

/// The frame that `N("hi"` or `R(192.0.2.10:9000, "ok"` stands for, in hex.
fn encoded(notation: &str) -> String {
    let (kind, arguments) = notation.split_once('(').unwrap();
    let (target, payload) = match kind {
        "N" => (None, arguments),
        "R" => match arguments.split_once(", ") {
            Some((target, payload)) => (Some(target), payload),
            None => (Some(arguments), "\"\""),
        },
        _ => panic!("{notation}: neither N nor R"),
    };
    let payload = payload.trim_matches('"').as_bytes();
    let frame = match target {
        None => Frame::normal(payload),
        Some(target) => Frame::redirect(target.parse().unwrap(), payload),
    };
    let octets = frame.unwrap().encode().chunks().concat();
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}

#[test]
fn every_frame_of_the_examples_has_the_octets_beside_it() {
    let examples = examples();
    assert!(examples.len() > 15, "only {} were found", examples.len());
    for (notation, octets) in examples {
        assert_eq!(octets, encoded(notation), "{notation})");
    }
}
