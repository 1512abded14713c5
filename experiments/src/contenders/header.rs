//! One header of twelve octets, read and written. All readers refuse an opcode that is not of the core, and all return the
//! same sum; all writers write the same octets.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddrV4};

use bytes::{Buf, BufMut, BytesMut};
use eop_wire::{Frame, HEADER_LEN, Header, RawHeader};
use zerocopy::network_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::Contender;

/// Headers in a round.
const HEADERS: u32 = 4096;
/// The payloads whose lengths are written lie in here.
static PAYLOAD: [u8; 4096] = [0; 4096];

pub(super) fn contenders() -> Vec<Contender> {
    let mut contenders = readers();
    contenders.extend(writers());
    contenders.extend(makers());
    contenders
}

/// What a reader found out: what is to be done, and how long the payload is.
enum Found {
    Message(u32),
    Move(u32, u16, u32),
}

impl Found {
    fn of(opcode: u16, port: u16, addr: u32, slen: u32) -> Option<Self> {
        match opcode {
            1 => Some(Self::Message(slen)),
            2 => Some(Self::Move(slen, port, addr)),
            _ => None,
        }
    }
}

fn readers() -> Vec<Contender> {
    fn reader<F>(name: &'static str, take: F) -> Contender
    where
        F: for<'a> Fn(&'a [u8]) -> Option<(Found, &'a [u8])> + Copy + 'static,
    {
        Contender::new("decode", name, (HEADERS, "header"), move || {
            let headers = random_fields().map(|it| {
                let Fields {
                    opcode,
                    port,
                    addr,
                    slen,
                } = it;
                RawHeader {
                    opcode,
                    port,
                    addr,
                    slen,
                }
                .to_bytes()
            });
            let octets: Vec<u8> = headers.flatten().collect();
            Box::new(move || {
                let (mut sum, mut rest) = (0, black_box(&octets[..]));
                while let Some((found, behind)) = take(rest) {
                    sum += match found {
                        Found::Message(slen) => u64::from(slen),
                        Found::Move(slen, port, addr) => {
                            u64::from(slen) + u64::from(port) + u64::from(addr)
                        }
                    };
                    rest = behind;
                }
                sum
            })
        })
    }
    vec![
        reader("eop-wire", |octets| {
            let (raw, rest) = RawHeader::split_from(octets)?;
            match Header::try_from(raw).ok()? {
                Header::Normal { len } => Some((Found::Message(len), rest)),
                Header::Redirect { len, to } => {
                    Some((Found::Move(len, to.port(), to.ip().to_bits()), rest))
                }
                _ => None,
            }
        }),
        reader("by hand", |octets| {
            let ([o0, o1, p0, p1, a0, a1, a2, a3, s0, s1, s2, s3], rest) =
                octets.split_first_chunk::<HEADER_LEN>()?;
            let found = Found::of(
                u16::from_be_bytes([*o0, *o1]),
                u16::from_be_bytes([*p0, *p1]),
                u32::from_be_bytes([*a0, *a1, *a2, *a3]),
                u32::from_be_bytes([*s0, *s1, *s2, *s3]),
            );
            Some((found?, rest))
        }),
        reader("zerocopy", |octets| {
            let (header, rest) = Overlay::ref_from_prefix(octets).ok()?;
            let (opcode, port) = (header.opcode.get(), header.port.get());
            let found = Found::of(opcode, port, header.addr.get(), header.slen.get());
            Some((found?, rest))
        }),
        reader("bytes::Buf", |mut octets| {
            if octets.remaining() < HEADER_LEN {
                return None;
            }
            let (opcode, port) = (octets.get_u16(), octets.get_u16());
            let found = Found::of(opcode, port, octets.get_u32(), octets.get_u32());
            Some((found?, octets))
        }),
    ]
}

/// The header as a type that lies over its octets.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Overlay {
    opcode: U16,
    port: U16,
    addr: U32,
    slen: U32,
}

/// The four fields that are to be written.
#[derive(Clone, Copy)]
struct Fields {
    opcode: u16,
    port: u16,
    addr: Ipv4Addr,
    slen: u32,
}

fn writers() -> Vec<Contender> {
    fn writer(
        name: &'static str,
        write: impl Fn(Fields, &mut [u8; HEADER_LEN]) + Copy + 'static,
    ) -> Contender {
        Contender::new("encode", name, (HEADERS, "header"), move || {
            let fields: Vec<Fields> = random_fields().collect();
            let mut out = vec![[0; HEADER_LEN]; fields.len()];
            Box::new(move || {
                for (fields, place) in black_box(&fields[..]).iter().zip(&mut out) {
                    write(*fields, place);
                }
                last_octet(black_box(out.as_flattened()))
            })
        })
    }
    vec![
        writer(
            "eop-wire",
            |Fields {
                 opcode,
                 port,
                 addr,
                 slen,
             },
             place| {
                *place = RawHeader {
                    opcode,
                    port,
                    addr,
                    slen,
                }
                .to_bytes();
            },
        ),
        writer("by hand", |fields, place| {
            let [o0, o1] = fields.opcode.to_be_bytes();
            let [p0, p1] = fields.port.to_be_bytes();
            let [a0, a1, a2, a3] = fields.addr.octets();
            let [s0, s1, s2, s3] = fields.slen.to_be_bytes();
            *place = [o0, o1, p0, p1, a0, a1, a2, a3, s0, s1, s2, s3];
        }),
        writer("zerocopy", |fields, place| {
            let header = Overlay {
                opcode: fields.opcode.into(),
                port: fields.port.into(),
                addr: fields.addr.to_bits().into(),
                slen: fields.slen.into(),
            };
            place.copy_from_slice(header.as_bytes());
        }),
        Contender::new("encode", "BytesMut", (HEADERS, "header"), || {
            let fields: Vec<Fields> = random_fields().collect();
            let mut out = BytesMut::with_capacity(fields.len() * HEADER_LEN);
            Box::new(move || {
                out.clear();
                for fields in black_box(&fields[..]) {
                    out.put_u16(fields.opcode);
                    out.put_u16(fields.port);
                    out.put_u32(fields.addr.to_bits());
                    out.put_u32(fields.slen);
                }
                last_octet(black_box(&out))
            })
        }),
    ]
}

/// A redirect is made of its target and its response, whose length is looked up and checked.
fn makers() -> Vec<Contender> {
    fn maker(
        name: &'static str,
        make: impl Fn(SocketAddrV4, &'static [u8], &mut [u8; HEADER_LEN]) -> Option<()> + Copy + 'static,
    ) -> Contender {
        Contender::new("make a redirect", name, (HEADERS, "header"), move || {
            let redirects: Vec<_> = random_redirects().collect();
            let mut out = vec![[0; HEADER_LEN]; redirects.len()];
            Box::new(move || {
                for ((to, response), place) in black_box(&redirects[..]).iter().zip(&mut out) {
                    make(*to, response, place);
                }
                last_octet(black_box(out.as_flattened()))
            })
        })
    }
    vec![
        maker("eop-wire", |to, response, place| {
            let encoded = Frame::redirect(to, response).ok()?.encode();
            let [header, _] = encoded.chunks();
            *place = *header.first_chunk()?;
            Some(())
        }),
        maker("by hand", |to, response, place| {
            let [p0, p1] = to.port().to_be_bytes();
            let [a0, a1, a2, a3] = to.ip().octets();
            let [s0, s1, s2, s3] = u32::try_from(response.len()).ok()?.to_be_bytes();
            *place = [0, 2, p0, p1, a0, a1, a2, a3, s0, s1, s2, s3];
            Some(())
        }),
    ]
}

/// Seeded; half of them are redirects.
fn random_fields() -> impl Iterator<Item = Fields> {
    let mut random = fastrand::Rng::with_seed(7);
    (0..HEADERS).map(move |_| {
        let slen = random.u32(..);
        match random.bool() {
            true => Fields {
                opcode: 2,
                port: random.u16(..),
                addr: random.u32(..).into(),
                slen,
            },
            false => Fields {
                opcode: 1,
                port: 0,
                addr: Ipv4Addr::UNSPECIFIED,
                slen,
            },
        }
    })
}

/// Seeded.
fn random_redirects() -> impl Iterator<Item = (SocketAddrV4, &'static [u8])> {
    let mut random = fastrand::Rng::with_seed(7);
    (0..HEADERS).map(move |_| {
        let to = SocketAddrV4::new(random.u32(..).into(), random.u16(..));
        (
            to,
            PAYLOAD.get(..random.usize(1..=4096)).unwrap_or_default(),
        )
    })
}

/// Something of what was written, that costs nothing to look at.
fn last_octet(octets: &[u8]) -> u64 {
    octets.last().copied().map_or(0, u64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever does the same thing comes to the same result.
    #[test]
    fn all_read_and_write_the_same() {
        for contenders in [readers(), writers(), makers()] {
            let results = contenders.iter().map(|it| (it.prepare)()());
            let results: Vec<u64> = results.collect();
            assert!(results.iter().all(|it| *it > 0), "{results:?}");
            assert!(
                results.windows(2).all(|it| it.first() == it.last()),
                "{results:?}"
            );
        }
    }
}
