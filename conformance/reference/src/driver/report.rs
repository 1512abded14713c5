//! How events are told (`spec/testee.md`, 3.3).

use std::fmt;

use eop_net::client::{Connected, Ended, Message, Redirected};
use eop_net::{End, Kind};

use crate::grammar::Hex;

/// Bodies of more octets than this are told as length and sum.
const SHOWN: usize = 4096;

/// A report, after its session.
pub(super) struct Report<'a, T>(pub(super) u32, pub(super) &'a T);

impl fmt::Display for Report<'_, Connected> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(
            session,
            Connected {
                endpoint,
                local,
                hop,
                ..
            },
        ) = self;
        write!(f, "{session} connected {endpoint} local={local} hop={hop}")
    }
}

impl fmt::Display for Report<'_, Message> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(
            session,
            Message {
                payload,
                kind,
                outstanding,
                ..
            },
        ) = self;
        let greeting = u8::from(*kind == Kind::Greeting);
        write!(
            f,
            "{session} message {} outstanding={outstanding} greeting={greeting}",
            Body(payload)
        )
    }
}

impl fmt::Display for Report<'_, Redirected> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(
            session,
            Redirected {
                from: _,
                target,
                owed,
                late,
                hop,
                decide,
            },
        ) = self;
        let late = u8::from(*late);
        let resend = if *decide { "explicit" } else { "automatic" };
        write!(
            f,
            "{session} redirected {target} owed={owed} late={late} hop={hop} resend={resend}"
        )
    }
}

impl fmt::Display for Report<'_, Ended> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(session, Ended { end, left }) = self;
        write!(f, "{session} ended {}", end.kind())?;
        if let Some(target) = end.target() {
            write!(f, " target={target}")?;
        }
        if let End::RedirectFailed { cause, .. } = end {
            write!(f, " cause={}", cause.kind())?;
        }
        if let End::RedirectRefused { reason, .. } = end {
            write!(f, " reason={}", reason.word())?;
        }
        for (name, count) in [
            ("owed", left.owed),
            ("unsent", left.unsent),
            ("uncertain", left.uncertain),
        ] {
            if count > 0 {
                write!(f, " {name}={count}")?;
            }
        }
        Ok(())
    }
}

struct Body<'a>(&'a [u8]);

impl fmt::Display for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("-"),
            short if short.len() <= SHOWN => Hex(short).fmt(f),
            long => write!(f, "@{} crc32={:08x}", long.len(), crc32fast::hash(long)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_told_whole_up_to_4096_octets() {
        assert_eq!(Body(&[]).to_string(), "-");
        assert_eq!(Body(&[0, 255]).to_string(), "00ff");
        assert_eq!(Body(&[7; 4096]).to_string().len(), 8192);
        // The sum is zlib's.
        assert_eq!(Body(&[0; 4097]).to_string(), "@4097 crc32=b875d37f");
    }
}
