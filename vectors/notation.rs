//! The notation of the vectors, for the tests that run them: groups of hex and `@N` patterns with one space between,
//! `-` for nothing. It reads exactly what `schema.json` lets pass. Standard library only; no JSON.

/// The octets that the notation stands for; `None` if it is none.
pub(crate) fn octets(notation: &str) -> Option<Vec<u8>> {
    if notation == "-" {
        return Some(Vec::new());
    }
    let mut octets = Vec::new();
    for group in notation.split(' ') {
        match group.strip_prefix('@') {
            Some(count) => octets.extend(pattern(count)?),
            None => octets.extend(hex(group)?),
        }
    }
    Some(octets)
}

/// Octet i is i mod 251.
fn pattern(count: &str) -> Option<impl Iterator<Item = u8>> {
    let canonical = count.bytes().all(|digit| digit.is_ascii_digit()) && !count.starts_with('0');
    let count = canonical.then(|| count.parse::<u32>().ok()).flatten()?;
    Some((0..=250_u8).cycle().take(usize::try_from(count).ok()?))
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let lower = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    let octet = |pair: &[u8; 2]| {
        let text = core::str::from_utf8(pair)
            .ok()
            .filter(|_| pair.iter().all(lower))?;
        u8::from_str_radix(text, 16).ok()
    };
    let sound = rest.is_empty() && !pairs.is_empty();
    sound.then(|| pairs.iter().map(octet).collect())?
}
