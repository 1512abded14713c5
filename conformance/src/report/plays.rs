//! The timelines of all plays for programs: one JSON object a play, with every octet that was kept.

use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use crate::case::Twin;
use crate::octets;
use crate::schedule::{Outcome, Played};
use crate::timeline::{Entry, Side, Timeline, What};

/// The rows of one case: one for every play, and every twin of it, whose timeline was kept.
pub(super) fn plays(outcome: &Outcome) -> impl Iterator<Item = Value> + '_ {
    outcome.plays.iter().flat_map(move |played| {
        let timelines = played.timelines.iter();
        timelines.map(move |(twin, timeline)| row(outcome, played, *twin, timeline))
    })
}

fn row(outcome: &Outcome, played: &Played, twin: Twin, timeline: &Timeline) -> Value {
    let begun = timeline.begun.duration_since(UNIX_EPOCH);
    json!({
        "row": "play",
        "case": outcome.case.id,
        "role": outcome.case.role().to_string(),
        "cut": played.cut.to_string(),
        "twin": twin.to_string(),
        "begun_us": begun.map_or(0, |begun| micros(begun.as_micros())),
        "entries": timeline.entries.iter().map(entry).collect::<Vec<_>>(),
        "lines": lines(timeline),
    })
}

/// A timeline in words.
pub(super) fn lines(timeline: &Timeline) -> Value {
    let lines = timeline.lines();
    let rows = lines.iter().map(|line| {
        json!({
            "us": micros(line.at_us),
            "place": line.place,
            "text": line.text,
        })
    });
    rows.collect()
}

fn entry(entry: &Entry) -> Value {
    let us = micros(entry.at.as_micros());
    match &entry.what {
        What::Opened(on) => json!({
            "us": us,
            "what": "opened",
            "on": on.number,
            "place": on.label,
            "by": side(on.opener),
            "runner": on.runner.to_string(),
            "testee": on.testee.to_string(),
        }),
        What::Octets {
            on,
            by,
            octets: kept,
        } => json!({
            "us": us,
            "what": "octets",
            "on": on.number,
            "by": side(*by),
            "len": kept.len,
            "octets": octets::payload(&kept.octets),
        }),
        What::Ended { on, by, end } => {
            json!({ "us": us, "what": end.to_string(), "on": on.number, "by": side(*by) })
        }
        What::Left(on) => json!({ "us": us, "what": "left", "on": on.number }),
        What::Line { by, text } => {
            json!({ "us": us, "what": "line", "by": side(*by), "text": text })
        }
        What::Note { place, text } => {
            json!({ "us": us, "what": "note", "place": place, "text": text })
        }
    }
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Runner => "runner",
        Side::Testee => "testee",
    }
}

fn micros(us: u128) -> u64 {
    u64::try_from(us).unwrap_or(u64::MAX)
}
