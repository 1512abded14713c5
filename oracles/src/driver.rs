//! `driver`: the runner's reading of what a driver prints, over any line. A line is an event exactly if it reads as one
//! by hand, token by token, from the grammar of `spec/testee.md`; and then its words and keys are those of the line.
//!
//! Input: the line.

#[allow(dead_code, unreachable_pub, reason = "it is written for the runner")]
#[path = "../../conformance/src/testee/event.rs"]
mod event;

use event::Event;

/// The events, token by token: a form, or a key with the form of its value, `?` before what may be left out.
const EVENTS: &str = "connected endpoint local=endpoint hop=number;message body outstanding=number greeting=flag;\
                      message length crc32=crc outstanding=number greeting=flag;\
                      redirected endpoint owed=number late=flag hop=number resend=resend;dial endpoint;\
                      rejected token token;synced token;ended kind ?target=endpoint ?cause=kind ?reason=reason \
                      ?owed=number ?unsent=number ?uncertain=number";
const KINDS: &str = "eof closed NotEop UnknownOpcode ByteOrderMismatch MessageTooLarge TruncatedFrame Unsolicited \
                     Uncertain Stall Timeout ConnectFailed NotFollowed RedirectRefused RedirectFailed RedirectLoop \
                     TooManyRedirects RedirectDeadline TlsFailed";

/// # Panics
/// On a finding.
pub fn check(data: &[u8]) {
    let Ok(line) = core::str::from_utf8(data) else {
        return;
    };
    let tokens: Vec<&str> = line.split(' ').collect();
    let parsed = Event::parse(line);
    assert_eq!(parsed.is_ok(), is_event(&tokens), "{line:?}: {parsed:?}");
    let Ok(event) = parsed else {
        return;
    };
    assert_eq!(event.to_string(), line);
    assert_eq!(event.verb(), tokens[0]);
    let mut loose = tokens.clone();
    for (at, token) in tokens.iter().enumerate() {
        if let Some((key, value)) = token.split_once('=') {
            assert_eq!(event.key(key), value, "{line:?}");
            let other = format!("{key}={value}x");
            assert!(!event.matches(&[&tokens[..at], &[&other]].concat().join(" ")));
        } else {
            loose[at] = "*";
        }
    }
    assert!(event.matches(line), "{line:?} is what it says");
    assert!(event.matches(&loose.join(" ")));
    assert!(
        !event.matches(&format!("* {}", loose.join(" "))),
        "a word more"
    );
}

/// Whether the tokens are those of some event.
fn is_event(tokens: &[&str]) -> bool {
    EVENTS.split(';').any(|event| {
        let mut fields = event.split(' ');
        fields.next() == Some(tokens[0]) && follow(&fields.collect::<Vec<_>>(), &tokens[1..])
    })
}

/// Whether the tokens are what the fields ask for, some of them left out.
fn follow(fields: &[&str], tokens: &[&str]) -> bool {
    let Some((field, fields)) = fields.split_first() else {
        return tokens.is_empty();
    };
    if let Some(field) = field.strip_prefix('?') {
        return follow(fields, tokens) || follow(&[&[field], fields].concat(), tokens);
    }
    let Some((token, tokens)) = tokens.split_first() else {
        return false;
    };
    let (prefix, form) = field.split_at(field.find('=').map_or(0, |at| at + 1));
    token
        .strip_prefix(prefix)
        .is_some_and(|value| has_form(form, value))
        && follow(fields, tokens)
}

fn has_form(form: &str, value: &str) -> bool {
    let octets = value.as_bytes();
    let hex = octets
        .iter()
        .all(|octet| b"0123456789abcdef".contains(octet));
    match form {
        "number" => is_number(value, u64::from(u32::MAX)),
        "flag" => value == "0" || value == "1",
        "resend" => value == "explicit" || value == "automatic",
        "reason" => ["forbidden", "scope", "port", "special", "insecure"].contains(&value),
        "kind" => KINDS.split(' ').any(|kind| kind == value),
        "crc" => hex && octets.len() == 8,
        "length" => {
            octets[..1.min(octets.len())] == *b"@" && is_number(&value[1..], u32::MAX.into())
        }
        "body" => {
            value == "-"
                || hex && octets.len().is_multiple_of(2) && (1..=4096).contains(&(octets.len() / 2))
        }
        "token" => {
            let known = |octet: &u8| b"abcdefghijklmnopqrstuvwxyz0123456789-".contains(octet);
            octets.iter().all(known) && !octets.is_empty() && octets.len() < 33
        }
        "endpoint" => {
            let parts: Vec<&str> = value.split([':', '.']).collect();
            let marks: String = value.chars().filter(|c| [':', '.'].contains(c)).collect();
            marks == "...:"
                && parts[..4].iter().all(|byte| is_number(byte, 255))
                && is_number(parts[4], 65_535)
        }
        other => unreachable!("{other} is no form"),
    }
}

/// Digits without a leading zero, up to `most`.
fn is_number(value: &str, most: u64) -> bool {
    let digits = value.bytes().all(|octet| octet.is_ascii_digit());
    let leading = value.len() > 1 && value.starts_with('0');
    digits
        && !leading
        && (1..=10).contains(&value.len())
        && value.parse::<u64>().is_ok_and(|n| n <= most)
}
