//! [`Record`]: what a run of one experiment came to, as it is written to a file. How it is shown is `report.rs`'s.

use serde::{Deserialize, Serialize};

use crate::measure::system::Machine;

/// What a run of an experiment came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Which one.
    pub experiment: String,
    /// When it began, in UTC.
    pub began: String,
    /// How long it took.
    pub seconds: f64,
    /// Whether it was only to be seen that it runs. Such figures mean nothing.
    pub quick: bool,
    /// Where.
    pub machine: Machine,
    /// What it found.
    pub findings: Findings,
}

/// What an experiment found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Findings {
    /// How the budgets of the design fared.
    pub budgets: Vec<Budget>,
    /// Figures as tables.
    pub tables: Vec<Table>,
    /// Figures as graphs.
    pub graphs: Vec<Graph>,
    /// What has to be said besides: what was left out, and why.
    pub notes: Vec<String>,
}

/// A budget, and what was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// What is to be kept small.
    pub what: String,
    /// At most this.
    pub limit: f64,
    /// What was measured.
    pub measured: f64,
    /// What both are counted in.
    pub unit: String,
    /// How far two equal things were apart in the same run; zero for what is counted.
    pub spread: f64,
}

/// How a budget fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fared {
    /// It was kept.
    Met,
    /// It was not.
    Missed,
    /// What was measured is nearer to the limit than two equal things are to each other.
    NotResolvable,
}

impl Budget {
    /// How it fared.
    #[must_use]
    pub fn fared(&self) -> Fared {
        if self.spread > 0.0 && (self.measured - self.limit).abs() < self.spread {
            Fared::NotResolvable
        } else if self.measured <= self.limit {
            Fared::Met
        } else {
            Fared::Missed
        }
    }
}

/// A table of numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// What the rows are, and then what stands in each column.
    pub columns: Vec<String>,
    /// A name, and a number for each column but the first.
    pub rows: Vec<(String, Vec<Option<f64>>)>,
}

impl Table {
    /// An empty one.
    #[must_use]
    pub fn new(title: impl Into<String>, columns: &[&str]) -> Self {
        Self {
            title: title.into(),
            columns: columns.iter().map(|it| (*it).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, name: impl Into<String>, numbers: impl IntoIterator<Item = f64>) {
        let numbers = numbers.into_iter().map(|it| it.is_finite().then_some(it));
        self.rows.push((name.into(), numbers.collect()));
    }
}

/// A graph.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Graph {
    /// The file's name, without its ending.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// What goes to the right.
    pub x: Axis,
    /// What goes up.
    pub y: Axis,
    /// The lines.
    pub lines: Vec<Line>,
}

/// An axis of a graph.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Axis {
    /// What it shows, and in what.
    pub label: String,
    /// Whether equal steps are equal ratios.
    pub logarithmic: bool,
}

impl Axis {
    /// With equal steps.
    #[must_use]
    pub fn linear(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            logarithmic: false,
        }
    }

    /// With equal ratios.
    #[must_use]
    pub fn logarithmic(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            logarithmic: true,
        }
    }
}

/// A line of a graph.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    /// What it shows.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(measured: f64, spread: f64) -> Fared {
        let (what, unit) = (String::new(), String::new());
        Budget {
            what,
            limit: 1.0,
            measured,
            unit,
            spread,
        }
        .fared()
    }

    #[test]
    fn what_is_counted_is_met_or_missed() {
        assert_eq!(budget(1.0, 0.0), Fared::Met);
        assert_eq!(budget(1.01, 0.0), Fared::Missed);
    }

    #[test]
    fn nothing_is_claimed_within_the_spread_of_two_equal_things() {
        assert_eq!(budget(0.99, 0.02), Fared::NotResolvable);
        assert_eq!(budget(1.01, 0.02), Fared::NotResolvable);
        assert_eq!(budget(0.97, 0.02), Fared::Met);
        assert_eq!(budget(1.03, 0.02), Fared::Missed);
    }
}
