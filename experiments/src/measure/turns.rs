//! Variants take turns, in an order that is another one each time: what the machine does meanwhile meets them all alike,
//! and none gains from its place.

use anyhow::Result;

/// Plays each of `variants` once in each of `rounds`, and returns what `play` said, variant by variant.
///
/// # Errors
/// The first one of `play`.
pub fn take_turns(
    variants: usize,
    rounds: usize,
    random: &mut fastrand::Rng,
    mut play: impl FnMut(usize) -> Result<f64>,
) -> Result<Vec<Vec<f64>>> {
    let mut samples = vec![Vec::with_capacity(rounds); variants];
    let mut order: Vec<usize> = (0..variants).collect();
    for _ in 0..rounds {
        random.shuffle(&mut order);
        for variant in &order {
            let sample = play(*variant)?;
            if let Some(samples) = samples.get_mut(*variant) {
                samples.push(sample);
            }
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_turn_in_each_round_and_nobody_is_always_first() {
        let mut played = Vec::new();
        let mut random = fastrand::Rng::with_seed(1);
        let samples = take_turns(3, 20, &mut random, |variant| {
            played.push(variant);
            Ok(variant as f64)
        });
        assert_eq!(
            samples.expect("no error"),
            [vec![0.0; 20], vec![1.0; 20], vec![2.0; 20]]
        );
        let first: std::collections::HashSet<_> = played.chunks(3).map(|it| it[0]).collect();
        assert_eq!(first.len(), 3);
    }
}
