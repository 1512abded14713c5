//! Captures of timelines that never happened, written by the suite's own reporter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use eop_conformance::case::Twin;
use eop_conformance::cases;
use eop_conformance::report::{Capture, Run};
use eop_conformance::schedule::{Outcome, Played, Timelines};
use eop_conformance::segmentation::Cut;
use eop_conformance::timeline::Timeline;
use eop_conformance::verdict::{Stop, Verdict};

/// The capture of one play of some case.
pub(crate) fn octets(timeline: Timeline, stop: Option<Stop>) -> Vec<u8> {
    let all = cases::all();
    let case = *all
        .iter()
        .find(|case| case.id == "frm.empty-message")
        .expect("it is there");
    let played = Played {
        cut: Cut::Whole,
        twin: Twin::Control,
        stop,
        alternative: None,
        timelines: vec![(Twin::Control, timeline)],
        took: Duration::ZERO,
    };
    let outcome = Outcome {
        case,
        verdict: if played.stop.is_some() {
            Verdict::Fail
        } else {
            Verdict::Pass
        },
        plays: vec![played],
        took: Duration::ZERO,
    };
    let run = Run {
        role: case.role(),
        testee: "a peer".to_owned(),
        outcomes: vec![outcome],
        timelines: Timelines::All,
        millis: 0,
        command: String::new(),
        seed: None,
        expected: BTreeMap::new(),
        amiss: Vec::new(),
        not_judged: Vec::new(),
        inapplicable: Vec::new(),
    };
    let mut written = Vec::new();
    let told = Capture::begin(&mut written).and_then(|mut capture| capture.tell(&run));
    told.expect("memory takes everything");
    written
}

/// The same as a file.
pub(crate) fn file(name: &str, timeline: Timeline) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pcapng"));
    std::fs::write(&path, octets(timeline, None)).expect("the capture is written");
    path
}
