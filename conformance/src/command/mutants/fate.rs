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
use super::{Exit, Refusal, all_of, launch, outcomes, playable};
use crate::arguments::Manner;

/// How often in a row what would be published has to come out: what chance finds half the time does so once in 256.
const CONFIRMED: usize = 8;
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
        let cut = play(mutant, &claiming(mutant, cases), None, manner)?;
        let anew = |case: &Case| cut.found.iter().any(|found| found.case.id == case.id);
        fate.passed.retain(|case| !anew(case));
        fate.found.extend(cut.found);
        fate.took += cut.took;
    }
    Ok(fate)
}

/// Those of `cases` that claim a requirement which the mutant breaks.
fn claiming(mutant: &Mutant, cases: &[Case]) -> Vec<Case> {
    let claims = |case: &Case| {
        let broken = |id| mutant.breaks.contains(id);
        case.requirements.iter().any(broken)
    };
    cases.iter().filter(|case| claims(case)).copied().collect()
}

/// Plays what is published of a mutant, more than once if it has to be; what is not as published, if anything.
pub(super) fn published(
    record: &Record,
    manner: &Manner,
) -> Result<(Fate, Option<String>), Refusal> {
    let mut fate = once(record, manner)?;
    while differences(record, &fate).is_some() && fate.again < AGAIN {
        fate.again += 1;
        // A fault that shows only when octets meet in one read may need another cut today.
        let cases: Vec<_> = Cut::all().flat_map(|cut| record.cases_at(cut)).collect();
        fate.add(play(record.mutant, &cases, manner.cut, manner)?);
        fate.add(undisturbed(record, manner)?);
    }
    let wrong = differences(record, &fate);
    Ok((fate, wrong))
}

/// Plays what is published of a mutant, once.
fn once(record: &Record, manner: &Manner) -> Result<Fate, Refusal> {
    let mut fate = undisturbed(record, manner)?;
    for cut in Cut::all() {
        let cases = record.cases_at(cut);
        if !cases.is_empty() {
            fate.add(play(record.mutant, &cases, Some(cut), manner)?);
        }
    }
    Ok(fate)
}

/// Plays what a mutant does not disturb, by itself: what finds it out may bring down a testee that serves both.
fn undisturbed(record: &Record, manner: &Manner) -> Result<Fate, Refusal> {
    play(record.mutant, &record.beside, Some(Cut::Whole), manner)
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
    /// Plays again what would be published of a subtle mutant, and forgets what does not come out as before, until all of
    /// it has come out so a number of times in a row. Where nothing blames a requirement, the cuts that were not played
    /// have their turn.
    pub(super) fn confirm(&mut self, manner: &Manner) -> Result<(), Refusal> {
        if self.mutant.trivial || self.mutant.breaks.is_empty() {
            return Ok(());
        }
        let (mut in_a_row, mut cut) = (0, false);
        while in_a_row < CONFIRMED {
            let Some(record) = Record::of(self) else {
                return Ok(());
            };
            if record.lacks_blame() && !cut {
                cut = true;
                self.cut(manner)?;
                continue;
            }
            let again = once(&record, manner)?;
            if differences(&record, &again).is_none() {
                in_a_row += 1;
                continue;
            }
            in_a_row = 0;
            let before = (self.found.len(), self.passed.len());
            self.forget_what_differs(&record, &again);
            if before == (self.found.len(), self.passed.len()) {
                let why = format!("{} starts at one time only", self.mutant.name);
                return Err(Refusal(Exit::Harness, why));
            }
        }
        Ok(())
    }

    /// Plays the cases that claim what the mutant breaks with every cut but the whole one, each for itself.
    fn cut(&mut self, manner: &Manner) -> Result<(), Refusal> {
        let playable = playable(&all_of(self.role()), self.mutant);
        let claiming = claiming(self.mutant, &playable);
        for cut in Cut::all().filter(|cut| *cut != Cut::Whole) {
            self.add(play(self.mutant, &claiming, Some(cut), manner)?);
        }
        Ok(())
    }

    /// Forgets what was published and did not come out again: kills, and passes.
    fn forget_what_differs(&mut self, record: &Record, again: &Self) {
        let among = |cases: &[Case], case: &Case| cases.iter().any(|one| one.id == case.id);
        self.found.retain(|found| {
            let same = |one: &Found| one.case.id == found.case.id && one.blamed == found.blamed;
            !among(&record.cases_at(found.cut), &found.case) || again.found.iter().any(same)
        });
        self.passed
            .retain(|case| !among(&record.beside, case) || among(&again.passed, case));
    }

    /// Takes up what came of more plays.
    fn add(&mut self, more: Self) {
        self.found.extend(more.found);
        self.passed.extend(more.passed);
        self.took += more.took;
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
