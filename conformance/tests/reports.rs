//! Every report of the same fixed outcomes, against the golden text. `EOP_BLESS=1` writes the golden texts anew.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at what it did not expect"
)]

mod common;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use common::{Scratch, code, eop, own, said};
use eop_conformance::baseline::Amiss;
use eop_conformance::case::{Case, Cuts, Needs, Over, Polarity, Role, Script, Twin};
use eop_conformance::feature::Feature;
use eop_conformance::octets::n;
use eop_conformance::report::{self, Run};
use eop_conformance::schedule::{Outcome, Played, Timelines};
use eop_conformance::segmentation::Cut;
use eop_conformance::timeline::{Connection, Entry, Kept, Side, Timeline, What};
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
        over: Over::Either,
        script: Script::Server(|_| Ok(())),
    }
}

fn played(cut: Cut, twin: Twin, stop: Option<Stop>) -> Played {
    let entry = |at_us, what| Entry {
        at: Duration::from_micros(at_us),
        what,
    };
    let at = |port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    let on = Arc::new(Connection {
        number: 0,
        label: "A".to_owned(),
        opener: Side::Runner,
        runner: at(50000),
        testee: at(4000),
    });
    let octets = |by, payload: &str| What::Octets {
        on: Arc::clone(&on),
        by,
        octets: Kept {
            octets: n(payload),
            len: n(payload).len(),
        },
    };
    let garbage = What::Line {
        by: Side::Testee,
        text: "\u{1b}[31mred".to_owned(),
    };
    let entries = vec![
        entry(0, What::Opened(Arc::clone(&on))),
        entry(1203, octets(Side::Runner, "hello")),
        entry(1_002_417, octets(Side::Testee, "<b>&amp;</b>")),
        entry(1_002_500, garbage),
    ];
    let begun = SystemTime::UNIX_EPOCH;
    Played {
        cut,
        twin,
        stop,
        alternative: None,
        timelines: vec![(twin, Timeline { begun, entries })],
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
                case("opc.lenient", &["EOP-OPC-4"], plus),
                Verdict::PassLenient,
                vec![Played {
                    alternative: Some("UnknownOpcode, not NotEop".to_owned()),
                    ..played(Cut::Whole, Twin::Control, None)
                }],
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
        timelines: Timelines::Failing,
        millis: 12_034,
        command: "eop-conformance server --exec './server --fast'".to_owned(),
        seed: Some(7),
        expected: BTreeMap::from([("cls.unsupported", "it has no timer yet, see #12".to_owned())]),
        amiss: vec![Amiss {
            case: "frm.passes".to_owned(),
            what: "unexpected pass: take the entry out (line 9)".to_owned(),
        }],
        not_judged: vec!["EOP-RED-3", "EOP-RED-4"],
        inapplicable: ["pol.first", "pol.second"]
            .map(|id| Case {
                over: Over::Cleartext("it is about cleartext"),
                ..case(id, &["EOP-POL-6"], plus)
            })
            .to_vec(),
    }
}

/// A client that passes, and one that lacks what it may lack.
fn client() -> Run {
    let asked = Case {
        script: Script::Client(|_| Ok(())),
        ..case("frm.asked", &["EOP-FRM-6"], Polarity::Positive)
    };
    Run {
        role: Role::Client,
        testee: "built-in peer".to_owned(),
        outcomes: vec![
            outcome(
                asked,
                Verdict::Pass,
                vec![played(Cut::Whole, Twin::Control, None)],
            ),
            outcome(
                Case {
                    id: "fai.lacks",
                    requirements: &["EOP-FAI-4"],
                    needs: Needs::Feature(Feature::Fallback),
                    ..asked
                },
                Verdict::Unsupported,
                vec![played(
                    Cut::Whole,
                    Twin::Control,
                    Some(Stop::Lacking(
                        "the driver declares lacks=fallback".to_owned(),
                    )),
                )],
            ),
        ],
        timelines: Timelines::Failing,
        millis: 5,
        command: "eop-conformance".to_owned(),
        seed: None,
        expected: BTreeMap::new(),
        amiss: Vec::new(),
        not_judged: Vec::new(),
        inapplicable: Vec::new(),
    }
}

fn json_lines() -> String {
    let mut said = Vec::new();
    let with_every_timeline = Run {
        timelines: Timelines::All,
        ..client()
    };
    report::json_lines(&[server(), with_every_timeline], &mut said).expect("memory takes it");
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

fn page() -> String {
    let mut said = Vec::new();
    report::page(&[server(), client()], &mut said).expect("memory takes it");
    String::from_utf8(said).expect("text")
}

/// The text without what stands between these two, which has a file of its own.
fn without(text: &str, begin: &str, end: &str) -> String {
    let (before, rest) = text.split_once(begin).expect("it begins");
    let (_, after) = rest.split_once(end).expect("it ends");
    [before, begin, end, after].concat()
}

#[test]
fn for_a_browser() {
    let page = without(&page(), "<style>", "</style>");
    let page = without(&page, "<script>", "</script>");
    // The requirements are the specification's, whose sentences may change; the next test is about them.
    let page = without(&page, "<h2>Requirements</h2>", "<h2>Cases</h2>");
    // An element a line, so that a difference can be read.
    golden("page.html", &page.replace("><", ">\n<"));
}

#[test]
fn a_cell_is_the_worst_that_a_role_was_worth_by_a_requirement() {
    let page = page();
    for (requirement, server, client) in [
        ("EOP-FRM-1", "pass", "not judged"),
        ("EOP-FRM-6", "not judged", "pass"),
        ("EOP-OPC-3", "fail", "not judged"),
        ("EOP-OPC-4", "pass-lenient", "not judged"),
        // The case for it stopped at something else.
        ("EOP-OPC-2", "inconclusive", "not judged"),
        ("EOP-LIM-1", "inconclusive", "not judged"),
        ("EOP-ERR-1", "not-run", "not judged"),
    ] {
        let cell = page
            .split_once(&format!("data-requirement=\"{requirement}\""))
            .expect("it is there")
            .1;
        let cell = cell.split_once("</details>").expect("it ends").0;
        for (role, worth) in [("server", server), ("client", client)] {
            let label = format!("aria-label=\"{role} {worth}\"");
            assert!(cell.contains(&label), "{requirement}: no {label} in {cell}");
        }
    }
    let server_only = page
        .split_once("data-requirement=\"EOP-RED-14\"")
        .expect("it is there")
        .1;
    assert!(
        !server_only
            .split_once("</details>")
            .expect("it ends")
            .0
            .contains("aria-label=\"client")
    );
}

#[test]
fn the_page_needs_nothing_from_outside() {
    let page = page();
    for outside in ["src=", "href=", "url(", "@import", "http://", "https://"] {
        assert!(!page.contains(outside), "`{outside}` in the page");
    }
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

/// The page as a browser has it once its script has run; continuous integration insists on the browser.
fn browsed(page: &Scratch) -> Option<String> {
    if Command::new("chromium").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "chromium is needed here");
        eprintln!("skipped: no chromium on this machine");
        return None;
    }
    let profile = Scratch::new("profile");
    let output = Command::new("timeout")
        .args([
            "120",
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
        ])
        .args([
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args(["--disable-component-update", "--disable-sync", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path()))
        .arg(format!("file://{}", page.path()))
        .output()
        .expect("timeout runs");
    std::fs::remove_dir_all(profile.path()).expect("the browser wrote its profile");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn a_browser_counts_the_rows_and_verdicts_of_the_json_lines() {
    let (page, lines) = (Scratch::new("html"), Scratch::new("jsonl"));
    let output = eop(&[
        "server",
        "--exec",
        &own("mutant-server yes-man"),
        "--cut",
        "whole",
        "--case",
        "red.*",
        "--case",
        "frm.*",
        "--out",
        &format!("html={}", page.path()),
        "--out",
        &format!("jsonl={}", lines.path()),
    ]);
    assert_eq!(code(&output), 1, "{}", said(&output));
    let Some(dom) = browsed(&page) else {
        return;
    };
    let rows: Vec<serde_json::Value> = lines
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|row: &serde_json::Value| row["row"] == "case")
        .collect();
    assert!(rows.len() > 20, "{} rows: too few to be a test", rows.len());
    let shown = format!("{0} of {0} shown", rows.len());
    assert!(dom.contains(&shown), "the script does not count {shown}");
    for verdict in Verdict::ALL.map(Verdict::word) {
        let told = rows.iter().filter(|row| row["verdict"] == verdict).count();
        let attribute = format!("data-verdict=\"{verdict}\"");
        assert_eq!(dom.matches(&attribute).count(), told, "{verdict}");
    }
    for row in rows {
        let attribute = format!("data-case={}", row["case"]);
        assert_eq!(dom.matches(&attribute).count(), 1, "{attribute}");
        let timeline = row["timeline"].as_array().map_or(0, Vec::len);
        let rest = dom.split_once(&attribute).expect("it is there").1;
        let mine = rest.split_once("</li>").expect("it ends").0;
        assert_eq!(mine.matches("<tr class=").count(), timeline, "{attribute}");
    }
}
