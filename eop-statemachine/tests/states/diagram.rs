//! A machine as a diagram in DOT. What a state does without leaving it stands in its box; events that lead from one
//! state to another share an arrow; what all states of a group do leaves the group's border, once.

use std::fmt::{Debug, Write as _};

use eop_statemachine::table::Vocabulary;

use crate::machine::{Effect, Group, Machine};

/// Characters in a line of events.
const WIDTH: usize = 28;

/// Black on a white ground, so that it reads in a dark page, too.
const STYLE: &str = r##"  graph [compound=true, bgcolor="white", fontname="Arial", fontsize=12, labeljust=l, labelloc=b, nodesep=0.4, ranksep=0.45]
  node [shape=box, style="rounded,filled", fillcolor="white", fontname="Arial", fontsize=14]
  edge [fontname="Arial", fontsize=12]
"##;

/// An arrow, with the events that it stands for.
struct Arrow<S: 'static, E> {
    from: Tail<S>,
    to: S,
    blame: bool,
    on: Vec<E>,
}

/// Where an arrow begins.
enum Tail<S: 'static> {
    State(S),
    Group(&'static Group<S>),
}

impl<S: Vocabulary> Tail<S> {
    /// The state where it is fastened: of a group, the last.
    fn state(&self) -> S {
        match self {
            Self::State(state) => *state,
            Self::Group(group) => group.states[group.states.len() - 1],
        }
    }

    fn group(&self) -> Option<&'static str> {
        match self {
            Self::State(_) => None,
            Self::Group(group) => Some(group.label),
        }
    }
}

pub(crate) fn print<S: Vocabulary, E: Vocabulary>(machine: &Machine<S, E>) -> String {
    let mut dot = format!("digraph \"{}\" {{\n{STYLE}\n", machine.title);
    for group in machine.groups {
        print_group(&mut dot, machine, group, 1);
    }
    for state in S::ALL {
        if !machine
            .groups
            .iter()
            .any(|group| group.states.contains(state))
        {
            print_state(&mut dot, machine, *state, 1);
        }
    }
    dot.push_str("\n  begin [shape=point, width=0.12]\n");
    for (state, when) in machine.begins {
        let _ = writeln!(dot, "  begin -> {state:?} [label=\" {when} \"]");
    }
    for arrow in arrows(machine) {
        let events = wrapped(&arrow.on, " \\n ");
        let _ = write!(
            dot,
            "  {:?} -> {:?} [label=\" {events} \"",
            arrow.from.state(),
            arrow.to
        );
        if let Some(group) = arrow.from.group() {
            let _ = write!(dot, ", ltail=\"cluster_{group}\"");
        }
        dot.push_str(if arrow.blame {
            ", style=dashed]\n"
        } else {
            "]\n"
        });
    }
    dot.push_str("}\n");
    dot
}

fn print_group<S: Vocabulary, E: Vocabulary>(
    dot: &mut String,
    machine: &Machine<S, E>,
    group: &Group<S>,
    depth: usize,
) {
    let indent = "  ".repeat(depth);
    let label = group.label;
    let _ = writeln!(
        dot,
        "{indent}subgraph \"cluster_{label}\" {{\n{indent}  label=\"{label}\"; style=\"rounded\""
    );
    for inner in group.inner {
        print_group(dot, machine, inner, depth + 1);
    }
    for state in group.states {
        if !group.inner.iter().any(|inner| inner.states.contains(state)) {
            print_state(dot, machine, *state, depth + 1);
        }
    }
    let _ = writeln!(dot, "{indent}}}");
}

fn print_state<S: Vocabulary, E: Vocabulary>(
    dot: &mut String,
    machine: &Machine<S, E>,
    state: S,
    depth: usize,
) {
    let staying: Vec<_> = machine
        .rows
        .iter()
        .map(|(on, _)| *on)
        .filter(|on| machine.effect(*on, state) == Effect::Stays)
        .collect();
    let indent = "  ".repeat(depth);
    let _ = write!(dot, "{indent}{state:?} [label=<<b>{state:?}</b>");
    if !staying.is_empty() {
        let events = wrapped(&staying, "<br/>");
        let _ = write!(dot, "<br/><font point-size=\"11\">{events}</font>");
    }
    dot.push_str(">]\n");
}

/// Every way out of a state, those of the largest groups first. That blame stays where it leads is left out.
fn arrows<S: Vocabulary, E: Vocabulary>(machine: &Machine<S, E>) -> Vec<Arrow<S, E>> {
    let mut arrows: Vec<Arrow<S, E>> = Vec::new();
    for (on, _) in &machine.rows {
        for to in S::ALL {
            for (effect, blame) in [(Effect::Moves(*to), false), (Effect::Blames(*to), true)] {
                let leaving = S::ALL.iter().copied();
                let leaving = leaving
                    .filter(|from| from != to && machine.effect(*on, *from) == effect)
                    .collect();
                for from in beginnings(machine.groups, leaving) {
                    let same = arrows.iter_mut().find(|arrow| {
                        (arrow.from.state(), arrow.from.group()) == (from.state(), from.group())
                            && (arrow.to, arrow.blame) == (*to, blame)
                    });
                    match same {
                        Some(arrow) => arrow.on.push(*on),
                        None => arrows.push(Arrow {
                            from,
                            to: *to,
                            blame,
                            on: vec![*on],
                        }),
                    }
                }
            }
        }
    }
    arrows
}

/// Where the arrows begin that leave these states: at the borders of the groups that lie within them, and at what is
/// left.
fn beginnings<S: Vocabulary>(groups: &'static [Group<S>], mut leaving: Vec<S>) -> Vec<Tail<S>> {
    let mut beginnings = Vec::new();
    let mut within: Vec<_> = groups.iter().collect();
    while let Some(group) = within.pop() {
        if group.states.iter().all(|state| leaving.contains(state)) {
            leaving.retain(|state| !group.states.contains(state));
            beginnings.push(Tail::Group(group));
        } else {
            within.extend(group.inner);
        }
    }
    beginnings.extend(leaving.into_iter().map(Tail::State));
    beginnings
}

/// Names in lines of some [`WIDTH`] characters.
fn wrapped<T: Debug>(names: &[T], line_break: &str) -> String {
    let mut lines = vec![String::new()];
    for (index, name) in names.iter().enumerate() {
        let mut name = format!("{name:?}");
        if index + 1 < names.len() {
            name.push(',');
        }
        match lines.last_mut() {
            Some(line) if line.is_empty() => *line = name,
            Some(line) if line.len() + name.len() < WIDTH => {
                line.push(' ');
                line.push_str(&name);
            }
            Some(_) | None => lines.push(name),
        }
    }
    lines.join(line_break)
}
