//! Numbers out of samples.

use serde::{Deserialize, Serialize};

/// What many samples of one thing came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Half of the samples are below.
    pub median: f64,
    /// A tenth of the samples is below.
    pub p10: f64,
    /// A tenth of the samples is above.
    pub p90: f64,
    /// How many there were.
    pub samples: usize,
}

impl Summary {
    /// Of samples, of which there are some.
    #[must_use]
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |percent: usize| {
            let last = samples.len().saturating_sub(1);
            samples
                .get(last * percent / 100)
                .copied()
                .unwrap_or(f64::NAN)
        };
        Self {
            median: at(50),
            p10: at(10),
            p90: at(90),
            samples: samples.len(),
        }
    }
}

/// The sum by the number.
#[must_use]
pub fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / samples.len() as f64
}

/// How far the mean of ratios of equal things may be from one by chance: as far as it is, and twice its standard error.
#[must_use]
pub fn apart(ratios: &[f64]) -> f64 {
    let mean = mean(ratios);
    let squares: f64 = ratios.iter().map(|it| (it - mean).powi(2)).sum();
    let count = ratios.len() as f64;
    let error = (squares / (count * (count - 1.0).max(1.0))).sqrt();
    (mean - 1.0).abs() + 2.0 * error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_that_happen_to_be_one_on_average_are_apart_by_their_error() {
        let chance = apart(&[0.9, 1.1, 0.9, 1.1]);
        assert!(
            (chance - 2.0 * (0.04_f64 / 12.0).sqrt()).abs() < 1e-9,
            "{chance}"
        );
        assert_eq!(apart(&[1.25; 4]), 0.25);
    }

    #[test]
    fn a_summary_does_not_depend_on_the_order() {
        let samples = (0..=100).map(f64::from).rev().collect();
        let Summary {
            median,
            p10,
            p90,
            samples,
        } = Summary::of(samples);
        assert_eq!((median, p10, p90, samples), (50.0, 10.0, 90.0, 101));
    }
}
