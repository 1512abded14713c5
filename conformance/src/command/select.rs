//! Which cases the options leave, and what a mistyped name may have meant.

use eop_conformance::case::{Case, Over, Role};
use eop_conformance::nearest::nearest;
use eop_conformance::requirement;

use super::exit::Refusal;
use crate::arguments::{Selection, Shard};

/// The cases of one role.
pub(super) fn all_of(role: Role) -> Vec<Case> {
    let all = eop_conformance::cases::all().into_iter();
    all.filter(|case| case.role() == role).collect()
}

/// Every case there is, in whatever way it is played.
pub(super) fn every() -> Vec<Case> {
    [
        eop_conformance::cases::all(),
        eop_conformance::cases::plain(),
    ]
    .concat()
}

/// Those of the playable cases that the options leave. An option that none of them answers to is refused.
pub(super) fn select(selection: &Selection, playable: &[Case]) -> Result<Vec<Case>, Refusal> {
    for pattern in &selection.case {
        if !playable.iter().any(|case| matches(pattern, case.id)) {
            return Err(not_playable(pattern, playable));
        }
    }
    for id in &selection.req {
        if requirement::find(id).is_none() {
            let all = requirement::all();
            return Err(unknown(
                "requirement",
                id,
                all.iter().map(|requirement| requirement.id),
            ));
        }
        if !playable
            .iter()
            .any(|case| case.requirements.contains(&id.as_str()))
        {
            return Err(Refusal::usage(format!(
                "no case that can be played here speaks for {id}"
            )));
        }
    }
    let cases = left_by(selection, playable);
    if cases.is_empty() {
        return Err(Refusal::usage("the options select no case"));
    }
    match selection.shard {
        None => Ok(cases),
        Some(shard) => part(&cases, shard),
    }
}

/// The cases that the options leave and that do not apply over TLS, if that is where everything is played.
pub(super) fn inapplicable(selection: &Selection, cases: &[Case], tls: bool) -> Vec<Case> {
    let mut left = left_by(selection, cases);
    left.retain(|case| tls && !case.applies(true));
    left
}

fn left_by(selection: &Selection, cases: &[Case]) -> Vec<Case> {
    let wanted = |case: &&Case| {
        let (id, requirements) = (case.id, case.requirements);
        (selection.case.is_empty() || selection.case.iter().any(|pattern| matches(pattern, id)))
            && (selection.req.is_empty()
                || selection
                    .req
                    .iter()
                    .any(|id| requirements.contains(&id.as_str())))
            && selection.level.is_none_or(|level| case.level() == level)
    };
    cases.iter().filter(wanted).copied().collect()
}

/// Every `of`-th case: slow and quick ones stand together in the lists, so the parts are alike.
fn part(cases: &[Case], Shard { part, of }: Shard) -> Result<Vec<Case>, Refusal> {
    let mine: Vec<_> = cases
        .iter()
        .skip(part.saturating_sub(1))
        .step_by(of)
        .copied()
        .collect();
    if mine.is_empty() {
        let count = cases.len();
        return Err(Refusal::usage(format!(
            "part {part} of {of} of {count} case(s) holds none"
        )));
    }
    Ok(mine)
}

/// Why no playable case is what the pattern says.
fn not_playable(pattern: &str, playable: &[Case]) -> Refusal {
    let of_role = |case: &&Case| playable.iter().any(|other| other.role() == case.role());
    let every = every();
    let (mine, others): (Vec<&Case>, Vec<&Case>) = every
        .iter()
        .filter(|case| matches(pattern, case.id))
        .partition(of_role);
    let secured = playable.iter().any(|case| case.over == Over::Tls);
    match mine.first().or(others.first()) {
        Some(Case {
            over: Over::Tls, ..
        }) if !secured => Refusal::usage(format!("`{pattern}` is played over TLS: --tls")),
        Some(Case {
            over: Over::Cleartext(why),
            ..
        }) if secured => Refusal::usage(format!("`{pattern}` does not apply over TLS: {why}")),
        Some(case) => Refusal::usage(format!(
            "`{pattern}` cannot be played here: it is for a {} with {}",
            case.role(),
            case.needs
        )),
        None => unknown("case", pattern, playable.iter().map(|case| case.id)),
    }
}

/// The refusal of a name that does not exist, with the nearest that does.
pub(super) fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> Refusal {
    let hint =
        nearest(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Refusal::usage(format!("no {what} matches `{name}`{hint}"))
}

/// Whether `name` is what `pattern` says; `*` stands for any run of characters.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => name.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| rest.get(at..).is_some_and(|end| matches(tail, end)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        assert!(matches("frm.*", "frm.empty"));
        assert!(matches("*.empty*", "frm.empty-message"));
        assert!(matches("*", ""));
        assert!(!matches("frm", "frm.empty"));
        assert!(!matches("frm.*-x", "frm.empty"));
    }
}
