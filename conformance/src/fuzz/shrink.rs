//! Makes a plan that fails smaller for as long as it fails: what is left is what the failure needs.

use std::time::{Duration, Instant};

use super::{Failure, Plan, Player, play};
use crate::verdict::Stop;

/// The most plays that one shrinking takes.
const PLAYS: usize = 400;
/// The longest that it takes.
const TIME: Duration = Duration::from_secs(20);

/// The smallest plan found that breaks the same requirement, and how often was played for it.
pub(super) fn shrink<P: Player>(
    player: &P,
    plan: P::Plan,
    failure: Failure,
    wait: Duration,
) -> (P::Plan, Failure, usize) {
    let until = Instant::now() + TIME;
    let mut plays = 0_usize;
    let (mut smallest, mut last) = (plan, failure);
    'smaller: loop {
        for candidate in smallest.simpler() {
            if plays >= PLAYS || Instant::now() > until {
                return (smallest, last, plays);
            }
            plays = plays.saturating_add(1);
            // Twice: a smaller plan that fails by luck alone would be of no use to anybody.
            let fails = || {
                play(player, &candidate, wait)
                    .err()
                    .filter(|it| alike(it, &last))
            };
            if let Some(failure) = fails().and_then(|_| fails()) {
                (smallest, last) = (candidate, failure);
                continue 'smaller;
            }
        }
        return (smallest, last, plays);
    }
}

/// Whether two failures are of one kind: else a shrinking could end at another fault than it began with.
fn alike(one: &Failure, other: &Failure) -> bool {
    match (&one.stop, &other.stop) {
        (Stop::Breach(_), Stop::Breach(_)) => one.broken() == other.broken(),
        (Stop::Gone(_), Stop::Gone(_)) => true,
        (
            Stop::Breach(_) | Stop::Gone(_) | Stop::Lacking(_) | Stop::Harness(_),
            Stop::Breach(_) | Stop::Gone(_) | Stop::Lacking(_) | Stop::Harness(_),
        ) => false,
    }
}

/// Every way of leaving out a run of items, long runs first.
pub(super) fn without<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let mut fewer = Vec::new();
    let mut length = items.len();
    while length > 0 {
        let mut begin = 0;
        while begin < items.len() {
            let kept = items.iter().take(begin);
            let behind = items.iter().skip(begin.saturating_add(length));
            fewer.push(kept.chain(behind).cloned().collect());
            begin = begin.saturating_add(length);
        }
        length /= 2;
    }
    fewer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_left_out_once_long_runs_before_single_items() {
        let fewer = without(&[1, 2, 3, 4]);
        let expected: [&[u8]; 7] = [
            &[],
            &[3, 4],
            &[1, 2],
            &[2, 3, 4],
            &[1, 3, 4],
            &[1, 2, 4],
            &[1, 2, 3],
        ];
        assert_eq!(fewer, expected);
    }
}
