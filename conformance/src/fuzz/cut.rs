//! How the octets of one burst are cut into arrivals, as a plan has it: places counted from the burst's first octet.

use fastrand::Rng;

/// The most places of an ordinary cutting.
const FEW: usize = 4;
/// How far a burst that is cut everywhere is cut.
const EVERYWHERE: usize = 30;

/// Places to cut a burst at, for one of about so many octets.
pub(super) fn draw(random: &mut Rng, octets: usize) -> Vec<usize> {
    match random.u8(0..8) {
        0..4 => Vec::new(),
        4 => (1..EVERYWHERE).collect(),
        _ => {
            let mut places: Vec<_> = (0..random.usize(1..=FEW))
                .map(|_| random.usize(1..=octets.max(1)))
                .collect();
            places.sort_unstable();
            places.dedup();
            places
        }
    }
}

/// The burst in pieces. Places that lie outside it cut nothing.
pub(super) fn pieces<'o>(octets: &'o [u8], places: &[usize]) -> Vec<&'o [u8]> {
    let mut pieces = Vec::new();
    let (mut rest, mut taken) = (octets, 0_usize);
    for place in places {
        let Some((piece, behind)) = place
            .checked_sub(taken)
            .and_then(|length| rest.split_at_checked(length))
        else {
            continue;
        };
        if !piece.is_empty() && !behind.is_empty() {
            pieces.push(piece);
            (rest, taken) = (behind, *place);
        }
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_cut_where_the_plan_says_and_nothing_of_it_is_lost() {
        assert_eq!(pieces(b"abcdef", &[1, 4]), [&b"a"[..], b"bcd", b"ef"]);
        assert_eq!(pieces(b"abc", &[0, 2, 2, 1, 3, 9]), [&b"ab"[..], b"c"]);
        assert_eq!(pieces(b"", &[1]), [b""]);
    }
}
