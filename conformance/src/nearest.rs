//! What a mistyped name may have meant.

/// How alike a name has to be to be what was meant; 1 is the same.
const ALIKE: f64 = 0.75;

/// The name that is most like this one, if any is like it.
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_lowercase();
    known
        .map(|one| (strsim::jaro_winkler(&one.to_lowercase(), &name), one))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, one)| one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_whatever_its_case_and_nonsense_is_not() {
        let known = ["red.late", "frm.empty-message", "EOP-RED-5"];
        assert_eq!(
            nearest("frm.emty-mesage", known.into_iter()),
            Some("frm.empty-message")
        );
        assert_eq!(nearest("eop-red-5", known.into_iter()), Some("EOP-RED-5"));
        assert_eq!(nearest("xyzzy", known.into_iter()), None);
    }
}
