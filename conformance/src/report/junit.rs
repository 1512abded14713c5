//! The report for continuous integration: JUnit's XML, a suite a role, a test a case.
//!
//! What does not conform is a failure, a fault of the runner an error, an expected failure is skipped with its reason. A
//! warning passes and says so in its output; so does what passed by an alternative.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Run, human, inapplicable};
use crate::requirement;
use crate::schedule::Outcome;
use crate::verdict::Verdict;

/// Writes all runs as one document.
///
/// # Errors
/// What writing reports.
pub fn junit(runs: &[Run], to: &mut impl Write) -> io::Result<()> {
    let mut report = Report::new("eop-conformance");
    report.add_test_suites(runs.iter().map(suite));
    report.set_time(runs.iter().map(time).sum());
    report.serialize(to).map_err(io::Error::other)
}

fn time(run: &Run) -> Duration {
    Duration::from_millis(u64::try_from(run.millis).unwrap_or(u64::MAX))
}

fn suite(run: &Run) -> TestSuite {
    let mut suite = TestSuite::new(run.role.to_string());
    suite.set_time(time(run));
    suite.add_property(Property::new("testee", run.testee.as_str()));
    suite.add_property(Property::new("suite", env!("CARGO_PKG_VERSION")));
    suite.add_test_cases(run.outcomes.iter().map(|outcome| case(outcome, run)));
    for (why, cases) in inapplicable(&run.inapplicable) {
        for id in cases {
            let mut status = TestCaseStatus::skipped();
            status
                .set_type("not-applicable")
                .set_message(format!("not applicable over TLS: {why}"));
            suite.add_test_case(classified(TestCase::new(id, status), id, run));
        }
    }
    for amiss in &run.amiss {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type("baseline").set_message(amiss.what.as_str());
        let mut test = TestCase::new(amiss.case.as_str(), status);
        test.set_classname(format!("{}.baseline", run.role));
        suite.add_test_case(test);
    }
    suite
}

fn case(outcome: &Outcome, run: &Run) -> TestCase {
    let told = human::failure(outcome, run);
    let allowed = human::allowed(outcome);
    let non_success = |kind| {
        let mut status = TestCaseStatus::non_success(kind);
        status
            .set_type(outcome.verdict.word())
            .set_message(message(outcome))
            .set_description(told.as_str());
        status
    };
    let status = match (outcome.verdict, run.expected.get(outcome.case.id)) {
        (Verdict::Pass | Verdict::PassLenient | Verdict::Warn, _) => TestCaseStatus::success(),
        (Verdict::Unsupported, _) if outcome.conforms() => {
            let mut status = TestCaseStatus::skipped();
            status
                .set_type(outcome.verdict.word())
                .set_message(allowed.as_deref().unwrap_or_default());
            status
        }
        (Verdict::Error, _) => non_success(NonSuccessKind::Error),
        (Verdict::Fail | Verdict::Inconclusive | Verdict::Unsupported, Some(reason)) => {
            let mut status = TestCaseStatus::skipped();
            status
                .set_type("expected")
                .set_message(format!("{}, as expected: {reason}", outcome.verdict.word()));
            status
        }
        (Verdict::Fail | Verdict::Inconclusive | Verdict::Unsupported, None)
        | (Verdict::NotRun, _) => non_success(NonSuccessKind::Failure),
    };
    let test = TestCase::new(outcome.case.id, status);
    let mut test = classified(test, outcome.case.id, run);
    test.set_time(outcome.took);
    if outcome.verdict == Verdict::Warn {
        test.set_system_out(told);
    } else if let Some(allowed) = allowed.filter(|_| outcome.verdict.passes()) {
        test.set_system_out(allowed);
    }
    test
}

/// The test under its role and section.
fn classified(mut test: TestCase, id: &str, run: &Run) -> TestCase {
    let section = id.split('.').next().unwrap_or_default();
    test.set_classname(format!("{}.{section}", run.role));
    test
}

/// The sentence that is broken, or that nothing was judged.
fn message(outcome: &Outcome) -> String {
    match requirement::find(outcome.broken()) {
        Some(broken) if outcome.failing().is_some() => {
            format!("{}: {}", broken.id, broken.sentence)
        }
        Some(_) | None => "selected, and not played".to_owned(),
    }
}
