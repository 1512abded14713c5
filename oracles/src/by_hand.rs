//! EOP's frames read and written by hand: the oracle of the other targets. Nothing of `eop-wire` may come in.

/// A whole frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The target of a redirect; `None` for a message.
    pub target: Option<([u8; 4], u16)>,
    pub payload: Vec<u8>,
}

/// What stands at the front of some octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Front {
    /// A whole frame and how many octets it takes.
    Whole(Frame, usize),
    /// A frame that is not all there: how many octets are missing, at least.
    Part { missing: u64 },
    /// Not a frame of EOP. The first octet tells, or the first two.
    Unknown,
    /// An opcode with its octets swapped.
    Swapped,
    /// More octets of payload than the limit.
    TooLarge,
}

/// Looks at the front of `octets`.
#[must_use]
pub fn front(octets: &[u8], limit: u32) -> Front {
    match octets {
        [] => return Front::Part { missing: 12 },
        [first] if *first > 2 => return Front::Unknown,
        [0, 1 | 2, ..] | [_] => {}
        [1 | 2, 0, ..] => return Front::Swapped,
        _ => return Front::Unknown,
    }
    if octets.len() < 12 {
        return Front::Part {
            missing: 12 - octets.len() as u64,
        };
    }
    let slen = octets[8..12]
        .iter()
        .fold(0_u64, |sum, octet| sum * 256 + u64::from(*octet));
    if slen > u64::from(limit) {
        return Front::TooLarge;
    }
    let end = 12 + slen;
    if (octets.len() as u64) < end {
        return Front::Part {
            missing: end - octets.len() as u64,
        };
    }
    let payload = octets[12..end as usize].to_vec();
    let port = u16::from(octets[2]) * 256 + u16::from(octets[3]);
    let target = (octets[1] == 2).then(|| ([octets[4], octets[5], octets[6], octets[7]], port));
    Front::Whole(Frame { target, payload }, end as usize)
}

/// A stream read to its end, to a redirect, or to an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    pub frames: Vec<Frame>,
    /// What follows the last of them.
    pub then: Front,
    /// How many octets the frames take.
    pub taken: usize,
}

/// Reads a whole stream at once. With `until_redirect` nothing after a redirect is looked at.
#[must_use]
pub fn read(octets: &[u8], limit: u32, until_redirect: bool) -> Stream {
    let (mut frames, mut taken) = (Vec::new(), 0);
    loop {
        match front(&octets[taken..], limit) {
            Front::Whole(frame, len) => {
                let last = until_redirect && frame.target.is_some();
                frames.push(frame);
                taken += len;
                if last {
                    return Stream {
                        frames,
                        then: Front::Part { missing: 12 },
                        taken,
                    };
                }
            }
            then => {
                return Stream {
                    frames,
                    then,
                    taken,
                };
            }
        }
    }
}

/// Writes a frame.
#[must_use]
pub fn write(frame: &Frame) -> Vec<u8> {
    let (addr, port) = frame.target.unwrap_or_default();
    let opcode = if frame.target.is_some() { 2 } else { 1 };
    let mut octets = vec![0, opcode, (port / 256) as u8, (port % 256) as u8];
    octets.extend(addr);
    let len = frame.payload.len();
    octets.extend([24, 16, 8, 0].map(|shift| (len >> shift) as u8));
    octets.extend(&frame.payload);
    octets
}
