//! What becomes of one mutant: which cases it fails, and whether that finds it out.
//!
//! A mutant is found out by a case that does not pass and claims a requirement which the mutant breaks, or because it does
//! not even start as the contract wants. A trivial one may also be found out by the gate alone. A trivial one, moreover, may pass no negative case at all, nor one whose first requirement
//! it breaks: its silence or its nodding is no refusal. The honest peer has to pass everything.

use std::time::{Duration, Instant};

use eop_conformance::case::{Case, Polarity, Role};
use eop_conformance::schedule::Outcome;
use eop_conformance::segmentation::Cut;
use eop_conformance::testee::NotStarted;
use eop_conformance::verdict::Verdict;
use eop_mutants::Mutant;

use super::record::{By, Record};
use super::{Exit, Refusal, launch, outcomes};
use crate::arguments::Manner;

/// How often what would be published is played again at most.
const CONFIRMED: usize = 3;
/// How often a mutant that is not as published is played to again at most: some faults meet the clock, and may miss it.
const AGAIN: u8 = 2;

/// A case that did not pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// The case.
    pub(super) case: Case,
    /// The requirement that it says is broken.
    pub(super) blamed: &'static str,
    /// The first cut with which it did not pass.
    pub(super) cut: Cut,
}

impl Found {
    /// Whether it speaks for the requirement, and did not pass.
    pub(super) fn claims(&self, id: &str) -> bool {
        self.blamed == id || self.case.requirements.contains(&id)
    }
}

/// What became of a mutant.
#[derive(Debug)]
pub(super) struct Fate {
    /// Which one.
    pub(super) mutant: &'static Mutant,
    /// Why it could not even be started.
    pub(super) not_started: Option<String>,
    /// What did not pass, in the order of the cases.
    pub(super) found: Vec<Found>,
    /// What passed.
    pub(super) passed: Vec<Case>,
    /// How often it was played to anew because it was not as published.
    pub(super) again: u8,
    /// How long it took.
    pub(super) took: Duration,
}

impl Fate {
    /// The role that it plays.
    pub(super) const fn role(&self) -> Role {
        super::role(self.mutant)
    }

    fn breaks(&self, id: &str) -> bool {
        self.mutant.breaks.contains(&id)
    }

    /// The cases that found it out.
    pub(super) fn killers(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|found| self.is_killer(found))
    }

    fn is_killer(&self, found: &Found) -> bool {
        self.mutant.breaks.iter().any(|id| found.claims(id))
    }

    /// Whether the case that every other rests on did not pass.
    pub(super) fn fails_the_gate(&self) -> bool {
        let gate = eop_conformance::cases::gate(self.role());
        self.found.iter().any(|found| found.case.id == gate.id)
    }

    /// What a trivial mutant may not pass.
    fn nodded_at(&self) -> impl Iterator<Item = &Case> {
        self.passed.iter().filter(|case| {
            let first = case.requirements.first();
            case.polarity == Polarity::Negative || first.is_some_and(|id| self.breaks(id))
        })
    }

    /// Whether the suite does with it what it has to.
    pub(super) fn as_it_should_be(&self) -> bool {
        if self.mutant.breaks.is_empty() {
            return self.found.is_empty() && self.not_started.is_none();
        }
        let started = self.not_started.is_none();
        if self.mutant.trivial {
            let found = !started || self.fails_the_gate() || self.killers().next().is_some();
            return found && self.nodded_at().next().is_none();
        }
        self.killers().next().is_some() || !started && self.breaks(start_requirement(self.role()))
    }

    /// One line about it.
    pub(super) fn line(&self) -> String {
        let stand = match (self.as_it_should_be(), self.mutant.breaks.is_empty()) {
            (true, true) => "honest",
            (true, false) => "killed",
            (false, true) => "BLAMED",
            (false, false) => "SURVIVES",
        };
        let names = |found: Vec<&Found>| -> String {
            let shown = found.iter().take(4);
            let mut shown: Vec<_> = shown
                .map(|found| format!("{} ({})", found.case.id, found.blamed))
                .collect();
            if found.len() > shown.len() {
                shown.push(format!("{} more", found.len().saturating_sub(shown.len())));
            }
            shown.join(", ")
        };
        let how = if self.not_started.is_some() {
            "does not start".to_owned()
        } else {
            let killers: Vec<_> = self.killers().collect();
            let others = self.found.iter().filter(|found| !self.is_killer(found));
            let others: Vec<_> = others.collect();
            format!("by {}; others: {}", names(killers), names(others))
        };
        let nodded: Vec<_> = self.nodded_at().map(|case| case.id).collect();
        let nodded = if self.mutant.trivial && !nodded.is_empty() {
            format!("; NODDED AT {}", nodded.join(", "))
        } else {
            String::new()
        };
        format!(
            "{stand:<9}{:<8}{:<32}{:>6} ms  {how}{nodded}",
            self.role().to_string(),
            self.mutant.name,
            self.took.as_millis()
        )
    }
}

/// The requirement that a testee breaks which does not start.
pub(super) const fn start_requirement(role: Role) -> &'static str {
    match role {
        Role::Server => "EOP-TST-1",
        Role::Client => "EOP-DRV-1",
    }
}

/// Plays `cases` to the mutant, uncut. If that does not find it out, the cases that claim what it breaks are played with
/// every cut; to the honest peer all of them are.
pub(super) fn whole_suite(
    mutant: &'static Mutant,
    cases: &[Case],
    manner: &Manner,
) -> Result<Fate, Refusal> {
    if mutant.breaks.is_empty() {
        return play(mutant, cases, None, manner);
    }
    let mut fate = play(mutant, cases, Some(Cut::Whole), manner)?;
    if !mutant.trivial && !fate.as_it_should_be() {
        let claims = |case: &&Case| {
            case.requirements
                .iter()
                .any(|id| mutant.breaks.contains(id))
        };
        let claiming: Vec<_> = cases.iter().filter(claims).copied().collect();
        let cut = play(mutant, &claiming, None, manner)?;
        let anew = |case: &Case| cut.found.iter().any(|found| found.case.id == case.id);
        fate.passed.retain(|case| !anew(case));
        fate.found.extend(cut.found);
        fate.took += cut.took;
    }
    Ok(fate)
}

/// Plays what is published of a mutant; what is not as published, if anything.
pub(super) fn published(
    record: &Record,
    manner: &Manner,
) -> Result<(Fate, Option<String>), Refusal> {
    let mut cuts: Vec<Cut> = record
        .kills
        .iter()
        .filter_map(|kill| kill.by.cut())
        .collect();
    cuts.push(Cut::Whole);
    cuts.sort_by_key(|cut| Cut::all().position(|one| one == *cut));
    cuts.dedup();
    let mut fate: Option<Fate> = None;
    for cut in cuts {
        let mut cases = record.cases_at(cut);
        if cut == Cut::Whole {
            cases.extend(&record.beside);
        }
        if cases.is_empty() && fate.is_some() {
            continue;
        }
        let more = play(record.mutant, &cases, Some(cut), manner)?;
        match &mut fate {
            None => fate = Some(more),
            Some(fate) => {
                fate.found.extend(more.found);
                fate.passed.extend(more.passed);
                fate.took += more.took;
            }
        }
    }
    let Some(mut fate) = fate else {
        return Err(Refusal(Exit::Harness, "nothing was played".to_owned()));
    };
    while differences(record, &fate).is_some() && fate.again < AGAIN {
        fate.again += 1;
        // A fault that shows only when octets meet in one read may need another cut today.
        let cases: Vec<_> = Cut::all().flat_map(|cut| record.cases_at(cut)).collect();
        let more = play(record.mutant, &cases, manner.cut, manner)?;
        fate.found.extend(more.found);
        fate.took += more.took;
    }
    let wrong = differences(record, &fate);
    Ok((fate, wrong))
}

/// What is not as published.
fn differences(record: &Record, fate: &Fate) -> Option<String> {
    for kill in &record.kills {
        let as_published = match kill.by {
            By::Nobody => true,
            By::Start => fate.not_started.is_some(),
            By::Case(case, _) => fate.found.iter().any(|found| {
                let blamed = found.blamed == kill.requirement || !kill.blamed;
                found.case.id == case.id && blamed
            }),
        };
        if !as_published {
            return Some(format!("not found out: {kill}"));
        }
    }
    let disturbed = record
        .beside
        .iter()
        .find(|case| !fate.passed.iter().any(|passed| passed.id == case.id));
    disturbed.map(|case| {
        format!(
            "{} does not pass, although nothing that it asks is broken",
            case.id
        )
    })
}

fn play(
    mutant: &'static Mutant,
    cases: &[Case],
    cut: Option<Cut>,
    manner: &Manner,
) -> Result<Fate, Refusal> {
    let begun = Instant::now();
    let mut fate = Fate {
        mutant,
        not_started: None,
        found: Vec::new(),
        passed: Vec::new(),
        again: 0,
        took: Duration::ZERO,
    };
    match launch(mutant, manner)? {
        Err(NotStarted(why)) => fate.not_started = Some(why),
        Ok(testee) => {
            for outcome in outcomes(&testee, fate.role(), cases, cut, manner) {
                fate.note(&outcome)?;
            }
        }
    }
    fate.took = begun.elapsed();
    Ok(fate)
}

impl Fate {
    /// Plays again what would be published of a subtle mutant, and forgets what does not come out as before. Of one that
    /// is never twice the same, no case is published as undisturbed.
    pub(super) fn confirm(&mut self, manner: &Manner) -> Result<(), Refusal> {
        if self.mutant.trivial || self.mutant.breaks.is_empty() {
            return Ok(());
        }
        for _ in 0..CONFIRMED {
            let Some(record) = Record::of(self) else {
                return Ok(());
            };
            let (again, wrong) = published(&record, manner)?;
            if wrong.is_none() {
                return Ok(());
            }
            let same = |found: &Found| {
                again
                    .found
                    .iter()
                    .any(|one| one.case.id == found.case.id && one.blamed == found.blamed)
            };
            let played = |case: &Case| {
                record
                    .kills
                    .iter()
                    .any(|kill| matches!(kill.by, By::Case(one, _) if one.id == case.id))
            };
            self.found
                .retain(|found| !played(&found.case) || same(found));
            self.passed
                .retain(|case| !again.found.iter().any(|one| one.case.id == case.id));
        }
        self.passed.clear();
        Ok(())
    }

    fn note(&mut self, outcome: &Outcome) -> Result<(), Refusal> {
        match outcome.verdict {
            Verdict::Pass | Verdict::PassLenient => self.passed.push(outcome.case),
            Verdict::Unsupported if outcome.conforms() => self.passed.push(outcome.case),
            Verdict::Error => {
                let told = outcome.failing().map(|played| format!("{:?}", played.stop));
                let told = told.unwrap_or_default();
                let why = format!("{} at {}: {told}", outcome.case.id, self.mutant.name);
                return Err(Refusal(Exit::Harness, why));
            }
            Verdict::NotRun
            | Verdict::Warn
            | Verdict::Fail
            | Verdict::Inconclusive
            | Verdict::Unsupported => {
                // What the gate's failure kept from being played found nothing out.
                if let Some(failing) = outcome.failing() {
                    self.found.push(Found {
                        case: outcome.case,
                        blamed: outcome.broken(),
                        cut: failing.cut,
                    });
                }
            }
        }
        Ok(())
    }
}
