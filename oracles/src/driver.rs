//! `driver`: the runner's reading of what a driver prints, over any line. A line is an event exactly if it reads as one
//! by hand, token by token, from the grammar of `spec/testee.md`; and then its words and keys are those of the line.
//!
//! Input: the line.

#[allow(dead_code, unreachable_pub, reason = "it is written for the runner")]
#[path = "../../conformance/src/testee/event.rs"]
mod event;

use event::Event;

/// The events: verb, plain words, keys that have to be there.
const EVENTS: &str = "connected 1 local hop;message 1 outstanding greeting;redirected 1 owed late hop resend;\
                      dial 1;rejected 2;synced 1;ended 1";

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
    // Bars in a line would be alternatives in a pattern.
    if !line.contains('|') {
        assert!(event.matches(line), "{line:?} is what it says");
    }
    assert!(event.matches(&loose.join(" ")) || line.contains('|'));
    assert!(
        !event.matches(&format!("* {}", loose.join(" "))),
        "a word more"
    );
}

fn is_event(tokens: &[&str]) -> bool {
    let keys: Vec<&str> = tokens
        .iter()
        .filter_map(|token| Some(token.split_once('=')?.0))
        .collect();
    let plain = tokens.len() - keys.len();
    let words_first = tokens[..plain].iter().all(|token| !token.contains('='));
    let twice = (1..keys.len()).any(|at| keys[..at].contains(&keys[at]));
    let known = EVENTS
        .split(';')
        .map(|event| event.split(' ').collect::<Vec<_>>());
    let fits = |event: Vec<&str>| {
        event[0] == tokens[0]
            && event[1] == (plain.wrapping_sub(1)).to_string()
            && event[2..].iter().all(|needed| keys.contains(needed))
    };
    words_first && !twice && known.into_iter().any(fits)
}
