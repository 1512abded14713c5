//! What cases of both roles measure about a testee, beside what it sends. No case stands here.

use std::time::Instant;

use crate::link::Link;
use crate::octets::{normal_header, raw};
use crate::verdict::{Step, Stop};

/// How many small frames are looked at, of which a few may have been sent again.
const FRAMES: u32 = 16;
/// How often two frames behind one another are looked at.
const PAIRS: u32 = 5;
/// How many milliseconds the second of them may take: half of the 40 ms for which Linux holds an acknowledgement back.
const HELD_BACK: u128 = 20;
/// On how many connections a large payload is announced.
pub(super) const ANNOUNCED_ON: usize = 200;
/// How many octets are announced on each: below the default limit.
const ANNOUNCED: u32 = 1_000_000;

/// [`FRAMES`] small frames that `exchange` brought came in one segment each: no header in front of its payload. Where the
/// system does not tell, nothing is judged.
pub(super) fn one_segment_each(
    link: &mut Link,
    mut exchange: impl FnMut(&mut Link) -> Step,
) -> Step {
    let before = link.data_segments();
    for _ in 0..FRAMES {
        exchange(link)?;
    }
    let (Some(before), Some(after)) = (before, link.data_segments()) else {
        return Ok(());
    };
    let segments = after.saturating_sub(before);
    if segments > FRAMES.saturating_add(FRAMES / 2) {
        return Err(Stop::messages(
            format!("{FRAMES} small frames in {FRAMES} segments"),
            format!("{segments} segments"),
        ));
    }
    Ok(())
}

/// Of two small frames that `begin` brings behind one another, each in a write of its own, the second does not wait until
/// the first is acknowledged: Nagle's algorithm is off. What most of [`PAIRS`] show counts, since a busy machine is late as well.
pub(super) fn nothing_held_back(
    link: &mut Link,
    mut begin: impl FnMut(&mut Link) -> Step,
    mut end: impl FnMut(&mut Link) -> Step,
) -> Step {
    let mut late = 0;
    for _ in 0..PAIRS {
        link.acknowledge_late()?;
        begin(link)?;
        link.message("the first of two messages")?;
        let first = Instant::now();
        link.message("the second of two messages")?;
        late += u32::from(first.elapsed().as_millis() > HELD_BACK);
        end(link)?;
    }
    if late > PAIRS / 2 {
        return Err(Stop::messages(
            "two small frames behind one another, each sent at once",
            format!("the second more than {HELD_BACK} ms later in {late} of {PAIRS} pairs"),
        ));
    }
    Ok(())
}

/// The memory that a fresh testee holds does not grow with what headers announce. `hold` begins [`ANNOUNCED_ON`]
/// connections to one, sends these octets on each, and says what it holds then.
pub(super) fn memory_stays(mut hold: impl FnMut(&[u8]) -> Step<Option<u64>>) -> Step {
    // The first octet of a payload, once of two and once of very many.
    let [little, much] = [2, ANNOUNCED].map(|slen| raw(normal_header(slen), b"a"));
    let (Some(little), Some(much)) = (hold(&little)?, hold(&much)?) else {
        return Ok(());
    };
    let growth = much.saturating_sub(little);
    // Half of what was announced: heaps grow in steps, and not by the same steps each time.
    if growth / 500_000 >= u64::try_from(ANNOUNCED_ON).unwrap_or(u64::MAX) {
        return Err(Stop::messages(
            "memory that does not depend on slen",
            format!(
                "{growth} octets more for {ANNOUNCED_ON} headers that announce {ANNOUNCED} octets instead of 2"
            ),
        ));
    }
    Ok(())
}
