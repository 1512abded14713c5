//! Baselines as a user keeps them: what is expected passes, and nothing else does.

#![allow(
    clippy::expect_used,
    reason = "a test may stop at what it did not expect"
)]

mod common;

use common::{Scratch, code, eop, own, said};
use std::process::Output;

/// What the mutant of these tests breaks: it acts on a REDIRECT whose payload is not there yet.
const BROKEN: &str = r#"
# It moves too soon.
[[expected]]
case = "red.cut-payload"
role = "client"
verdict = "fail" # at the header
broken = "EOP-RED-6"
reason = "the reader is rewritten in the spring"
"#;

/// Judges a client by one case with this baseline.
fn judge(client: &str, baseline: &Scratch, more: &[&str]) -> Output {
    let exec = own(&format!("mutant-client {client}"));
    let known = [
        "client",
        "--exec",
        &exec,
        "--case",
        "red.cut-payload",
        "--baseline",
        baseline.path(),
    ];
    eop(&[&known, more].concat())
}

fn baseline(text: &str) -> Scratch {
    let scratch = Scratch::new("toml");
    scratch.write(text);
    scratch
}

#[test]
fn a_failure_that_is_expected_does_not_fail_the_run() {
    let output = judge("redirect-on-header", &baseline(BROKEN), &[]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(
        said(&output)
            .contains("red.cut-payload  breaks EOP-RED-6: the reader is rewritten in the spring")
            && said(&output).contains("DOES NOT CONFORM, AS EXPECTED"),
        "{}",
        said(&output)
    );
}

#[test]
fn a_failure_that_no_entry_expects_fails_the_run() {
    let output = judge("redirect-on-header", &baseline("# nothing yet\n"), &[]);
    assert_eq!(code(&output), 1, "{}", said(&output));
}

/// The run ends in failure and says this of the entry.
fn amiss(client: &str, text: &str, what: &str) {
    let output = judge(client, &baseline(text), &[]);
    assert_eq!(code(&output), 1, "{}", said(&output));
    assert!(
        said(&output).contains(what),
        "no `{what}` in {}",
        said(&output)
    );
}

#[test]
fn an_unexpected_pass_fails_the_run() {
    amiss(
        "none",
        BROKEN,
        "red.cut-payload  unexpected pass: take the entry out (line 3)",
    );
}

#[test]
fn an_entry_for_another_verdict_or_requirement_is_stale() {
    let other = BROKEN.replace("EOP-RED-6", "EOP-RED-5");
    amiss(
        "redirect-on-header",
        &other,
        "stale: it says fail of EOP-RED-5, and it is fail of EOP-RED-6",
    );
    let other = BROKEN.replace(r#""fail""#, r#""unsupported""#);
    amiss("redirect-on-header", &other, "stale: it says unsupported");
}

#[test]
fn an_entry_holds_to_the_day_on_which_it_expires() {
    amiss(
        "redirect-on-header",
        &(BROKEN.to_owned() + "expires = 2001-01-31\n"),
        "expired on 2001-01-31",
    );
    let output = judge(
        "redirect-on-header",
        &baseline(&(BROKEN.to_owned() + "expires = 2999-12-31\n")),
        &[],
    );
    assert_eq!(code(&output), 0, "{}", said(&output));
}

#[test]
fn an_entry_for_no_case_is_unmatched_and_one_for_a_case_left_out_says_nothing() {
    let other = BROKEN.replace("red.cut-payload", "red.cut-paylod");
    amiss(
        "none",
        &other,
        "unmatched: there is no such case for a client; did you mean `red.cut-payload`?",
    );
    let other = BROKEN.replace("red.cut-payload", "red.late");
    let output = judge("none", &baseline(&other), &[]);
    assert_eq!(code(&output), 0, "{}", said(&output));
}

#[test]
fn a_file_that_is_no_baseline_is_a_usage_error_that_names_line_and_entry() {
    for (wrong, right, what) in [
        (
            r#"reason = "the reader is rewritten in the spring""#,
            r#"reason = """#,
            "line 3: entry 1: `reason` is empty",
        ),
        ("role = ", "rôle = ", "line 5"),
        ("reason", "because", "line 3: entry 1: `because` is no key"),
        (
            r#""client""#,
            r#""both""#,
            "line 3: entry 1: `role` is server or client",
        ),
        (
            r#""fail""#,
            r#""error""#,
            "line 3: entry 1: `verdict` is fail, inconclusive or unsupported",
        ),
        (
            "EOP-RED-6",
            "eop-red-66",
            "line 3: entry 1: `broken`: there is no requirement eop-red-66",
        ),
        (
            "[[expected]]",
            "[[expect]]",
            "line 3: `expect`; a baseline holds [[expected]] alone",
        ),
    ] {
        let output = judge("none", &baseline(&BROKEN.replace(wrong, right)), &[]);
        assert_eq!(code(&output), 2, "{right}: {}", said(&output));
        assert!(
            said(&output).contains(what),
            "no `{what}` in {}",
            said(&output)
        );
    }
    let output = judge("none", &baseline(&[BROKEN, BROKEN].concat()), &[]);
    assert!(
        said(&output).contains("line 11: entry 2: `red.cut-payload` stands in line 3 already"),
        "{}",
        said(&output)
    );
}

#[test]
fn an_update_keeps_reasons_and_comments_and_what_was_not_selected() {
    let late = BROKEN.replace("red.cut-payload", "red.late");
    let gone = BROKEN.replace("red.cut-payload", "red.no-such-case");
    let stale = BROKEN.replace("EOP-RED-6", "EOP-RED-5");
    let file = baseline(&[&stale, &late, &gone].map(String::as_str).concat());
    let output = judge("redirect-on-header", &file, &["--update-baseline"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert_eq!(file.text(), [BROKEN, &late].concat());
}

#[test]
fn an_update_that_finds_nothing_amiss_takes_every_entry_out() {
    let file = baseline(BROKEN);
    let output = judge("none", &file, &["--update-baseline"]);
    assert_eq!(
        (code(&output), file.text().contains("[[expected]]")),
        (0, false),
        "{}",
        said(&output)
    );
}

#[test]
fn an_update_of_a_run_that_was_cut_short_writes_nothing() {
    let file = baseline(BROKEN);
    let output = judge(
        "none",
        &file,
        &["--update-baseline", "--case", "*", "--deadline", "0.01"],
    );
    assert_eq!(
        (code(&output), file.text().as_str()),
        (5, BROKEN),
        "{}",
        said(&output)
    );
}

#[test]
fn a_baseline_that_is_not_there_is_a_usage_error() {
    let output = judge("none", &Scratch::new("toml"), &[]);
    assert_eq!(code(&output), 2, "{}", said(&output));
}

#[test]
fn a_new_baseline_is_written_and_holds_once_its_reasons_are_given() {
    let file = Scratch::new("toml");
    let output = judge("redirect-on-header", &file, &["--update-baseline"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(
        said(&output).contains("a reason has to be given for: red.cut-payload"),
        "{}",
        said(&output)
    );
    let output = judge("redirect-on-header", &file, &[]);
    assert_eq!(code(&output), 2, "{}", said(&output));
    file.write(&file.text().replace(r#"reason = """#, r#"reason = "known""#));
    let output = judge("redirect-on-header", &file, &[]);
    assert_eq!(code(&output), 0, "{}", said(&output));
}
