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

#[cfg(test)]
mod tests {
    use super::*;

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
