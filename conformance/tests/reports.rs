//! Every report of the same fixed outcomes, against the golden text. `EOP_BLESS=1` writes the golden texts anew.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at what it did not expect"
)]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use common::{Scratch, code, eop, own, said};
use eop_conformance::baseline::Amiss;
use eop_conformance::case::{Case, Cuts, Needs, Polarity, Role, Script, Twin};
use eop_conformance::report::{self, Run};
use eop_conformance::schedule::{Outcome, Played};
use eop_conformance::segmentation::Cut;
use eop_conformance::timeline::Entry;
use eop_conformance::verdict::{Axis, Stop, Verdict};

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares with a golden text, or writes it.
fn golden(name: &str, said: &str) {
    let path = here("tests/golden").join(name);
    if std::env::var_os("EOP_BLESS").is_some() {
        std::fs::write(&path, said).expect("the golden text is written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        said,
        golden,
        "{} has drifted; EOP_BLESS=1 writes it anew",
        path.display()
    );
}

fn case(id: &'static str, requirements: &'static [&'static str], polarity: Polarity) -> Case {
    Case {
        id,
        requirements,
        title: "a title with <angle brackets> & an ampersand",
        polarity,
        needs: Needs::Contract,
        cuts: Cuts::Every,
        script: Script::Server(|_| Ok(())),
    }
}

fn played(cut: Cut, twin: Twin, stop: Option<Stop>) -> Played {
    let entry = |at_us, place: &str, text: &str| Entry {
        at_us,
        place: place.to_owned(),
        text: text.to_owned(),
    };
    Played {
        cut,
        twin,
        stop,
        timeline: vec![
            entry(0, "A", "runner connects: 127.0.0.1:50000 - 127.0.0.1:4000"),
            entry(1203, "A", "> N(\"hello\")"),
            entry(1_002_417, "A", "< N(\"<b>\u{1b}[31m&amp;</b>\")"),
        ],
        took: Duration::from_micros(1_002_500),
    }
}

fn outcome(case: Case, verdict: Verdict, plays: Vec<Played>) -> Outcome {
    let took = plays.iter().map(|played| played.took).sum();
    Outcome {
        case,
        verdict,
        plays,
        took,
    }
}

/// One outcome of every verdict, one expected, and one entry amiss.
fn server() -> Run {
    let (plus, minus) = (Polarity::Positive, Polarity::Negative);
    let frames = &["EOP-FRM-1", "EOP-FRM-2"][..];
    let silence = || Stop::silence(Axis::End, "the connection ends", Duration::from_secs(1));
    Run {
        role: Role::Server,
        testee: "`./server --fast`".to_owned(),
        outcomes: vec![
            outcome(
                case("frm.passes", frames, minus),
                Verdict::Pass,
                vec![
                    played(Cut::Whole, Twin::Defect, None),
                    played(Cut::At(5), Twin::Defect, None),
                ],
            ),
            outcome(
                case("red.warns", &["EOP-RED-14"], plus),
                Verdict::Warn,
                vec![played(
                    Cut::Whole,
                    Twin::Control,
                    Some(Stop::messages("no such target", "R(0.0.0.0:0)")),
                )],
            ),
            outcome(
                case("opc.fails", &["EOP-OPC-2", "EOP-OPC-3"], minus),
                Verdict::Fail,
                vec![
                    played(
                        Cut::Whole,
                        Twin::Defect,
                        Some(silence().against("EOP-OPC-3")),
                    ),
                    played(Cut::Octets, Twin::Defect, None),
                    played(Cut::At(3), Twin::Defect, Some(silence())),
                ],
            ),
            outcome(
                case("lim.inconclusive", &["EOP-LIM-1"], minus),
                Verdict::Inconclusive,
                vec![played(
                    Cut::Joined,
                    Twin::Control,
                    Some(Stop::Gone("it exited: 1".to_owned())),
                )],
            ),
            outcome(
                case("cls.unsupported", &["EOP-CLS-3"], plus),
                Verdict::Unsupported,
                vec![played(
                    Cut::Whole,
                    Twin::Control,
                    Some(Stop::Lacking("lacks=header".to_owned())),
                )],
            ),
            outcome(
                case("tim.error", &["EOP-TIM-1"], plus),
                Verdict::Error,
                vec![played(
                    Cut::Whole,
                    Twin::Control,
                    Some(Stop::Harness("no socket".to_owned())),
                )],
            ),
            outcome(
                case("err.not-run", &["EOP-ERR-1"], plus),
                Verdict::NotRun,
                Vec::new(),
            ),
        ],
        millis: 12_034,
        command: "eop-conformance server --exec './server --fast'".to_owned(),
        seed: Some(7),
        expected: BTreeMap::from([("cls.unsupported", "it has no timer yet, see #12".to_owned())]),
        amiss: vec![Amiss {
            case: "frm.passes".to_owned(),
            what: "unexpected pass: take the entry out (line 9)".to_owned(),
        }],
        not_judged: vec!["EOP-RED-3", "EOP-RED-4"],
    }
}

fn client() -> Run {
    let asked = Case {
        script: Script::Client(|_| Ok(())),
        ..case("frm.asked", &["EOP-FRM-6"], Polarity::Positive)
    };
    Run {
        role: Role::Client,
        testee: "built-in peer".to_owned(),
        outcomes: vec![outcome(
            asked,
            Verdict::Pass,
            vec![played(Cut::Whole, Twin::Control, None)],
        )],
        millis: 5,
        command: "eop-conformance".to_owned(),
        seed: None,
        expected: BTreeMap::new(),
        amiss: Vec::new(),
        not_judged: Vec::new(),
    }
}

fn json_lines() -> String {
    let mut said = Vec::new();
    report::json_lines(&[server(), client()], &mut said).expect("memory takes it");
    String::from_utf8(said).expect("text")
}

fn junit() -> String {
    let mut said = Vec::new();
    report::junit(&[server(), client()], &mut said).expect("memory takes it");
    String::from_utf8(said).expect("text")
}

#[test]
fn for_people() {
    golden(
        "human.txt",
        &(report::human(&server()) + &report::human(&client())),
    );
}

#[test]
fn for_programs() {
    golden("lines.jsonl", &json_lines());
}

#[test]
fn for_continuous_integration() {
    golden("junit.xml", &junit());
}

fn line_schema() -> jsonschema::Validator {
    let text = std::fs::read_to_string(here("schema/lines.json")).expect("the schema is there");
    jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
}

#[test]
fn every_line_is_what_the_schema_says() {
    let schema = line_schema();
    for line in json_lines().lines() {
        let value = serde_json::from_str(line).expect("JSON");
        let errors: Vec<_> = schema
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{line}: {errors:?}");
    }
}

#[test]
fn the_schema_refuses_a_line_that_lacks_or_garbles_a_member() {
    let schema = line_schema();
    for line in json_lines().lines() {
        let whole: serde_json::Value = serde_json::from_str(line).expect("JSON");
        for member in whole.as_object().expect("an object").keys() {
            let mut lacking = whole.clone();
            lacking.as_object_mut().expect("an object").remove(member);
            assert!(!schema.is_valid(&lacking), "without `{member}`: {line}");
            let mut garbled = whole.clone();
            garbled[member] = serde_json::json!({ "no": ["such", "thing"] });
            assert!(!schema.is_valid(&garbled), "garbled `{member}`: {line}");
        }
    }
}

/// Whether the JUnit file is what its schema says; continuous integration insists on the tool.
fn valid_junit(path: &Path) {
    if Command::new("xmllint").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "xmllint is needed here");
        eprintln!("skipped: no xmllint on this machine");
        return;
    }
    let output = Command::new("xmllint")
        .args(["--noout", "--schema"])
        .args([&here("schema/junit.xsd"), path])
        .output()
        .expect("xmllint runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_junit_file_is_what_its_schema_says() {
    valid_junit(&here("tests/golden/junit.xml"));
}

#[test]
fn the_reports_of_a_real_run_are_what_their_schemas_say() {
    let (lines, junit) = (Scratch::new("jsonl"), Scratch::new("xml"));
    let output = eop(&[
        "server",
        "--exec",
        &own("mutant-server yes-man"),
        "--cut",
        "whole",
        "--case",
        "red.*",
        "--out",
        &format!("jsonl={}", lines.path()),
        "--out",
        &format!("junit={}", junit.path()),
    ]);
    assert_eq!(code(&output), 1, "{}", said(&output));
    valid_junit(Path::new(junit.path()));
    let (schema, mut failed) = (line_schema(), 0);
    for line in lines.text().lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(schema.is_valid(&value), "{line}");
        failed += usize::from(value["verdict"] == "fail" || value["verdict"] == "inconclusive");
    }
    assert!(failed > 5, "{failed} failures: too few to be a test");
    assert_eq!(junit.text().matches("<failure").count(), failed);
}
