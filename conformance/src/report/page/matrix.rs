//! Every requirement and what each role was worth by it.

use maud::{Markup, html};

use super::Run;
use crate::case::Role;
use crate::requirement::{self, Bound, Requirement};
use crate::schedule::Outcome;
use crate::verdict::Verdict;

/// What a role was worth by a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// It does not bind the role.
    Free,
    /// It was not judged: no case that was played speaks for it.
    NotJudged,
    /// The worst of what speaks for it.
    Judged(Verdict),
}

/// All requirements that some run could be judged by, section by section.
pub(super) fn matrix(runs: &[Run]) -> Markup {
    let mut sections: Vec<(&str, Vec<Requirement>)> = Vec::new();
    let bound = |requirement: &Requirement| {
        runs.iter()
            .any(|run| worth(requirement, run) != Worth::Free)
    };
    for requirement in requirement::all().into_iter().filter(bound) {
        let section = requirement
            .id
            .rsplit_once('-')
            .map_or("", |(section, _)| section);
        match sections.last_mut().filter(|(last, _)| *last == section) {
            Some((_, all)) => all.push(requirement),
            None => sections.push((section, vec![requirement])),
        }
    }
    html! {
        h2 { "Requirements" }
        p.note {
            "S is the server, C the client. Green: a case that speaks for the requirement passed, and none broke it. "
            "Dotted: not judged. Open one for its sentence and its cases."
        }
        @for (section, requirements) in &sections {
            section.matrix {
                h3 { (section) }
                div.grid { @for requirement in requirements { (cell(requirement, runs)) } }
            }
        }
    }
}

fn cell(requirement: &Requirement, runs: &[Run]) -> Markup {
    let number = requirement
        .id
        .rsplit_once('-')
        .map_or("", |(_, number)| number);
    let speak = |run: &Run| -> Vec<&'static str> {
        let mine = run
            .outcomes
            .iter()
            .filter(|outcome| speaks(outcome, requirement.id));
        mine.map(|outcome| outcome.case.id).collect()
    };
    html! {
        details.requirement data-requirement=(requirement.id) {
            summary {
                b { (number) }
                @for run in runs { " " (worth(requirement, run).shown(run.role)) }
            }
            p { b { (requirement.id) } " (" (requirement.level) ") " (requirement.sentence) }
            @for run in runs {
                @let cases = speak(run);
                @if !cases.is_empty() { p.by { (run.role) ": " (cases.join(", ")) } }
            }
        }
    }
}

fn speaks(outcome: &Outcome, id: &str) -> bool {
    outcome.case.requirements.contains(&id) || breaks(outcome, id)
}

fn breaks(outcome: &Outcome, id: &str) -> bool {
    outcome.failing().is_some() && outcome.broken() == id
}

fn worth(requirement: &Requirement, run: &Run) -> Worth {
    let binds = match requirement.bound {
        Bound::Both => true,
        Bound::Client => run.role == Role::Client,
        Bound::Server => run.role == Role::Server,
    };
    if !binds {
        return Worth::Free;
    }
    let speaking: Vec<_> = run
        .outcomes
        .iter()
        .filter(|outcome| speaks(outcome, requirement.id))
        .collect();
    let broken = speaking
        .iter()
        .filter(|outcome| breaks(outcome, requirement.id));
    let verdicts = speaking.iter().map(|outcome| outcome.verdict);
    let passed = verdicts.filter(|verdict| verdict.passes()).min();
    let unrun = |outcome: &&Outcome| outcome.verdict == Verdict::NotRun;
    match broken.map(|outcome| outcome.verdict).max().or(passed) {
        Some(verdict) => Worth::Judged(verdict),
        None if speaking.is_empty() => Worth::NotJudged,
        None if speaking.iter().all(unrun) => Worth::Judged(Verdict::NotRun),
        // Whatever speaks for it stopped at something else.
        None => Worth::Judged(Verdict::Inconclusive),
    }
}

impl Worth {
    fn shown(self, role: Role) -> Markup {
        let letter = match role {
            Role::Server => "S",
            Role::Client => "C",
        };
        let (class, word, mark) = match self {
            Self::Free => return html! { span.cell.free { (letter) } },
            Self::NotJudged => ("unjudged", "not judged", ""),
            Self::Judged(verdict) => (verdict.word(), verdict.word(), mark(verdict)),
        };
        html! {
            span.cell.(class) title={ (role) ": " (word) } aria-label={ (role) " " (word) } { (letter) (mark) }
        }
    }
}

/// What tells the verdicts apart without colour.
const fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "",
        Verdict::PassLenient => "~",
        Verdict::Warn => "!",
        Verdict::Fail => "\u{2717}",
        Verdict::Inconclusive | Verdict::Unsupported => "?",
        Verdict::Error | Verdict::NotRun => "\u{2013}",
    }
}
