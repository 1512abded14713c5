//! The axis laid over every case: how the runner's octets are cut into separate arrivals at the testee.
//!
//! TCP joins what is sent in small pieces, so each piece waits until the testee's application has taken the one before
//! (`pace`); where that cannot be seen, a short gap stands in and the report says so.

use std::fmt;

use eop_wire::HEADER_LEN;

/// One way of cutting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cut {
    /// Every send as it is.
    Whole,
    /// Sends that no answer separates are joined into one.
    Joined,
    /// Octet by octet, up to [`SINGLE`] octets of a send; the rest of it follows whole.
    Octets,
    /// A send is cut once, after this many octets: within its first header, or right behind it.
    At(usize),
}

/// How many octets of a send go one by one under [`Cut::Octets`].
pub const SINGLE: usize = 40;

impl Cut {
    /// Every way of cutting, the plain one first.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Whole, Self::Joined, Self::Octets]
            .into_iter()
            .chain((1..=HEADER_LEN).map(Self::At))
    }

    /// The pieces of one send.
    pub fn pieces(self, octets: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Whole | Self::Joined => vec![octets],
            Self::Octets => {
                let (single, rest) = octets.split_at(octets.len().min(SINGLE));
                single
                    .chunks(1)
                    .chain((!rest.is_empty()).then_some(rest))
                    .collect()
            }
            Self::At(place) => {
                let (first, second) = octets.split_at(octets.len().min(place));
                [first, second]
                    .into_iter()
                    .filter(|piece| !piece.is_empty())
                    .collect()
            }
        }
    }

    /// The cut with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|cut| cut.to_string() == name)
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::Joined => f.write_str("joined"),
            Self::Octets => f.write_str("octets"),
            Self::At(place) => write!(f, "at{place}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cut_loses_or_moves_an_octet() {
        let octets: Vec<u8> = (0..100).collect();
        for cut in Cut::all() {
            assert_eq!(cut.pieces(&octets).concat(), octets, "{cut}");
        }
    }

    #[test]
    fn a_send_shorter_than_the_cut_stays_whole() {
        assert_eq!(Cut::At(7).pieces(b"abc"), vec![b"abc"]);
    }

    #[test]
    fn names_lead_back_to_cuts() {
        for cut in Cut::all() {
            assert_eq!(Cut::named(&cut.to_string()), Some(cut));
        }
    }
}
