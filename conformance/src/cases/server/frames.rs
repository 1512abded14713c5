//! Sections 3 and 10 for servers: frames, opcodes, sizes; nothing beside them.

use super::{TARGET, expect_nothing_more, expect_open};
use crate::case::Case;
use crate::cases::measures::{ANNOUNCED_ON, memory_stays, nothing_held_back, one_segment_each};
use crate::link::{Link, Seen};
use crate::octets::{cut, n, normal_header, pattern, raw};
use crate::stage::ServerStage;
use crate::testee::NotStarted;
use crate::timeline::frame;
use crate::verdict::{Step, Stop};
use eop_wire::RawHeader;

pub(super) const GATE: Case = Case::server(
    "frm.request-is-answered",
    &["EOP-FRM-1"],
    "a message is answered with one message",
    |s| {
        let mut a = s.connect()?;
        a.send(s.known())?;
        s.expect_known(&mut a)
    },
)
.needs_answer();

/// The control is answered; the defect ends the connection with no octet sent.
fn refused(s: &ServerStage<'_>, valid: Vec<u8>, defect: Vec<u8>) -> Step {
    let mut a = s.connect()?;
    a.send(s.pick(valid, defect))?;
    accepted_or_ended(s, &mut a)
}

fn accepted_or_ended(s: &ServerStage<'_>, a: &mut Link) -> Step {
    if s.control() {
        s.expect_known(a)
    } else {
        a.expect_end()
    }
}

/// The known request under another opcode.
fn opcode(s: &ServerStage<'_>, opcode: u16) -> Vec<u8> {
    let payload = s.known_payload();
    let header = RawHeader {
        opcode,
        ..normal_header(u32::try_from(payload.len()).unwrap_or(u32::MAX))
    };
    raw(header, payload)
}

pub(super) const CASES: &[Case] = &[
    GATE,
    Case::server(
        "frm.two-requests",
        &["EOP-FRM-2", "EOP-ACC-3"],
        "two requests are answered one by one, however they are cut or joined",
        |s| {
            let mut a = s.connect()?;
            a.send(n("do answer 6f6e65"))?;
            a.send(n("do answer 74776f"))?;
            a.expect_n("one")?;
            a.expect_n("two")
        },
    ),
    Case::server(
        "frm.nothing-between",
        &["EOP-FRM-3"],
        "two answers and the end: two frames and FIN, with no octet between or behind",
        |s| {
            let mut a = s.connect()?;
            a.send(n("do answer 6f6e65"))?;
            a.send(n("do answer 74776f;fin"))?;
            a.expect_n("one")?;
            a.expect_n("two")
                .and_then(|()| a.expect_end())
                .map_err(|stop| stop.against("EOP-FRM-3"))
        },
    ),
    Case::server(
        "frm.payload-like-a-header",
        &["EOP-FRM-9", "EOP-FRM-2"],
        "a payload that looks like a header stays a payload",
        |s| {
            let mut a = s.connect()?;
            a.send(n(raw(normal_header(5), b"hello")))?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("unknown")?;
            a.expect_n("ok")
        },
    ),
    Case::server(
        "frm.empty-message",
        &["EOP-FRM-8"],
        "an empty message is a request, and is answered before the next",
        |s| {
            let mut a = s.connect()?;
            a.send(n(""))?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("unknown")?;
            a.expect_n("ok")
        },
    ),
    Case::server(
        "frm.empty-answer",
        &["EOP-FRM-8"],
        "an empty answer is a frame",
        |s| {
            let mut a = s.connect()?;
            a.send(n("do answer -"))?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("")?;
            a.expect_n("ok")
        },
    ),
    Case::server(
        "frm.normal-port-addr-ignored",
        &["EOP-FRM-7"],
        "port and addr of a NORMAL frame are ignored, whatever they hold",
        |s| {
            let mut a = s.connect()?;
            let payload = s.known_payload();
            let slen = u32::try_from(payload.len()).unwrap_or(u32::MAX);
            for (port, addr) in [(0xffff, [255; 4]), (1, [127, 0, 0, 1]), (0, [0, 0, 0, 1])] {
                a.send(raw(
                    RawHeader {
                        port,
                        addr: addr.into(),
                        ..normal_header(slen)
                    },
                    payload,
                ))?;
                s.expect_known(&mut a)?;
            }
            Ok(())
        },
    )
    .needs_answer(),
    Case::server(
        "frm.normal-port-addr-zero",
        &["EOP-FRM-6"],
        "a server sends port and addr of NORMAL as zero",
        |s| {
            let mut a = s.connect()?;
            a.send(s.known())?;
            match a.next("N with port and addr zero")? {
                Seen::Frame(header, _) if header.port == 0 && header.addr.is_unspecified() => {
                    Ok(())
                }
                Seen::Frame(header, payload) => Err(Stop::messages(
                    "port and addr zero",
                    frame(header, &payload),
                )),
                Seen::End(end) => Err(Stop::messages(
                    "an answer",
                    format!("the connection ended ({end})"),
                )),
            }
        },
    )
    .needs_answer(),
    Case::server(
        "frm.one-operation",
        &["EOP-FRM-4"],
        "a small answer comes in one segment, header and payload together",
        |s| {
            let mut a = s.connect()?;
            one_segment_each(&mut a, |a| {
                a.send_whole(s.known())?;
                s.expect_known(a)
            })
        },
    )
    .needs_answer()
    .whole(),
    Case::server(
        "frm.nothing-held-back",
        &["EOP-FRM-10"],
        "a small answer right behind another does not wait for the acknowledgement of the first",
        |s| {
            let mut a = s.connect()?;
            nothing_held_back(
                &mut a,
                |a| a.send_whole([s.known(), s.known()].concat()),
                |_| Ok(()),
            )
        },
    )
    .needs_answer()
    .whole(),
    Case::server(
        "frm.truncated-header",
        &["EOP-FRM-5"],
        "a stream that ends inside a header is no message",
        |s| {
            let mut a = s.connect()?;
            let frame = n("do answer 6f6b");
            a.send(s.pick(frame.clone(), cut(frame, 11)))?;
            a.half_close()?;
            if s.control() {
                a.expect_n("ok")
            } else {
                a.expect_end()
            }
        },
    )
    .negative(),
    Case::server(
        "frm.truncated-payload",
        &["EOP-FRM-5", "EOP-RSD-10"],
        "a stream that ends inside a payload is no message",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            // What is there of the truncated message would be a request of its own.
            let longer = format!("{token}x");
            let frame = n(format!("mark {longer}"));
            let short = frame.len().saturating_sub(1);
            a.send(s.pick(frame.clone(), cut(frame, short)))?;
            a.half_close()?;
            if s.control() {
                a.expect_n("1")?
            } else {
                a.expect_end()?
            }
            let acted = |stop: Stop| stop.against("EOP-RSD-10");
            s.expect_marked(&longer, s.pick(1, 0)).map_err(acted)?;
            s.expect_marked(&token, 0).map_err(acted)
        },
    )
    .negative(),
    Case::server(
        "frm.truncated-anywhere",
        &["EOP-FRM-5", "EOP-RSD-10"],
        "a stream that ends behind any octet of a frame but its last brings no message",
        |s| {
            let token = s.token("t");
            let frame = n(format!("do mark {token};answer 6f6b"));
            for count in 1..frame.len() {
                let mut a = s.connect()?;
                a.send(s.pick(frame.clone(), cut(frame.clone(), count)))?;
                a.half_close()?;
                if s.control() {
                    return a.expect_n("ok");
                }
                a.expect_end()?;
            }
            s.expect_marked(&token, 0)
                .map_err(|stop| stop.against("EOP-RSD-10"))
        },
    )
    .negative()
    .whole(),
    Case::server(
        "opc.zero",
        &["EOP-OPC-2"],
        "opcode 0x0000 fails the connection",
        |s| refused(s, s.known(), opcode(s, 0x0000)),
    )
    .negative()
    .needs_answer(),
    Case::server(
        "opc.three",
        &["EOP-OPC-2"],
        "opcode 0x0003 fails the connection",
        |s| refused(s, s.known(), opcode(s, 0x0003)),
    )
    .negative()
    .needs_answer(),
    Case::server(
        "opc.all-ones",
        &["EOP-OPC-2"],
        "opcode 0xFFFF fails the connection",
        |s| refused(s, s.known(), opcode(s, 0xffff)),
    )
    .negative()
    .needs_answer(),
    Case::server(
        "opc.swapped",
        &["EOP-OPC-2"],
        "opcode 0x0100, NORMAL in the other byte order, fails the connection",
        |s| refused(s, s.known(), opcode(s, 0x0100)),
    )
    .negative()
    .needs_answer(),
    Case::server(
        "opc.extension",
        &["EOP-OPC-2"],
        "opcode 0x1001, an extension not negotiated, fails the connection",
        |s| refused(s, s.known(), opcode(s, 0x1001)),
    )
    .negative()
    .needs_answer(),
    Case::server(
        "opc.one-bit-off",
        &["EOP-OPC-2"],
        "every opcode one bit away from NORMAL, but for REDIRECT's neighbour, fails the connection",
        |s| {
            for bit in 0..16 {
                let flipped = 0x0001 ^ (1_u16 << bit);
                refused(s, s.known(), opcode(s, flipped))?;
            }
            Ok(())
        },
    )
    .negative()
    .needs_answer()
    .whole(),
    Case::server(
        "opc.http",
        &["EOP-OPC-2"],
        "an HTTP request fails the connection",
        |s| {
            refused(
                s,
                s.known(),
                b"GET / HTTP/1.1\r\nHost: example\r\n\r\n".to_vec(),
            )
        },
    )
    .negative()
    .needs_answer(),
    Case::server(
        "opc.tls",
        &["EOP-OPC-2"],
        "a TLS record fails the connection",
        |s| {
            refused(
                s,
                s.known(),
                vec![
                    0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x00,
                ],
            )
        },
    )
    .negative()
    .needs_answer(),
    Case::server(
        "opc.two-octets-suffice",
        &["EOP-OPC-3"],
        "two octets of a bad opcode fail the connection; no more come",
        |s| refused(s, s.known(), vec![0x00, 0x03]),
    )
    .negative()
    .needs_answer(),
    Case::server(
        "opc.not-skipped",
        &["EOP-OPC-4"],
        "a frame with an unknown opcode is not skipped: the request behind it is not answered",
        |s| {
            let valid = s.known();
            let mut defect = opcode(s, 0x0004);
            defect.extend(s.known());
            refused(s, valid, defect)
        },
    )
    .negative()
    .needs_answer(),
    Case::server(
        "opc.second-frame",
        &["EOP-OPC-2"],
        "an unknown opcode fails the connection after valid frames too",
        |s| {
            let mut a = s.connect()?;
            a.send(s.known())?;
            s.expect_known(&mut a)?;
            a.send(s.pick(s.known(), opcode(s, 0x0003)))?;
            accepted_or_ended(s, &mut a)
        },
    )
    .negative()
    .needs_answer(),
    Case::server(
        "lim.65536",
        &["EOP-LIM-1", "EOP-FRM-1"],
        "a request of 65,536 octets is received and answered, and so is the one behind it",
        |s| {
            let mut a = s.connect()?;
            a.send(n(pattern(65_536)))?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("unknown")?;
            a.expect_n("ok")
        },
    ),
    Case::server(
        "lim.limit",
        &["EOP-LIM-2"],
        "a payload of the limit is accepted, one of an octet more is not",
        |s| {
            let (address, limit) = s.with_option("limit", 70_000)?;
            let mut a = s.connect_as("A", address)?;
            let octets = usize::try_from(limit).unwrap_or_default();
            a.send(s.pick(n(pattern(octets)), n(pattern(octets.saturating_add(1)))))?;
            if s.control() {
                a.expect_n("unknown")
            } else {
                a.expect_end()
            }
        },
    )
    .negative()
    .whole(),
    Case::server(
        "lim.small",
        &["EOP-LIM-2"],
        "a limit below 65,536 is obeyed: a request of the limit is answered, one of an octet more is not",
        |s| {
            let (address, limit) = s.with_option("limit", 16)?;
            let octets = usize::try_from(limit).unwrap_or_default();
            let mut a = s.connect_as("A", address)?;
            a.send(s.pick(n(pattern(octets)), n(pattern(octets.saturating_add(1)))))?;
            if s.control() {
                a.expect_n("unknown")
            } else {
                a.expect_end()
            }
        },
    )
    .negative(),
    Case::server(
        "lim.raised",
        &["EOP-LIM-2"],
        "a limit beyond the default is obeyed: a request of 2,000,000 octets is answered, and a header that announces one more fails the connection",
        |s| {
            let (address, limit) = s.with_option("limit", 2_000_000)?;
            let mut a = s.connect_as("A", address)?;
            if s.control() {
                let octets = usize::try_from(limit.min(8 << 20)).unwrap_or_default();
                a.send(n(pattern(octets)))?;
                return a.expect_n("unknown");
            }
            a.send(raw(normal_header(limit.saturating_add(1)), b""))?;
            a.expect_end()
        },
    )
    .negative()
    .whole(),
    Case::server(
        "lim.at-a-further-port",
        &["EOP-LIM-2", "EOP-TST-20"],
        "the limit holds at a port that `listen` opened as at the main one",
        |s| {
            let limit = s.in_force("limit")?;
            let mut a = s.connect_as("A", s.listen(&format!("mark {}", s.token("port")))?)?;
            a.send(s.pick(s.known(), raw(normal_header(limit.saturating_add(1)), b"")))?;
            accepted_or_ended(s, &mut a)
        },
    )
    .negative(),
    Case::server(
        "lim.default",
        &["EOP-LIM-2"],
        "a request of the limit in force is answered, and a header that announces an octet more fails the connection",
        |s| {
            let limit = s.in_force("limit")?;
            let mut a = s.connect()?;
            if s.control() {
                // A server that takes more than that by default is not sent all of it.
                let octets = usize::try_from(limit.min(8 << 20)).unwrap_or_default();
                a.send(n(pattern(octets)))?;
                return a.expect_n("unknown");
            }
            a.send(raw(normal_header(limit.saturating_add(1)), b""))?;
            a.expect_end()
        },
    )
    .negative()
    .whole(),
    Case::server(
        "lim.each-frame",
        &["EOP-LIM-2", "EOP-LIM-1"],
        "the limit is for each frame: three requests of the limit are answered, and a fourth beyond it is not",
        |s| {
            let (address, limit) = s.with_option("limit", 70_000)?;
            let octets = usize::try_from(limit).unwrap_or_default();
            let mut a = s.connect_as("A", address)?;
            for _ in 0..3 {
                a.send(n(pattern(octets)))?;
                a.expect_n("unknown")?;
            }
            a.send(s.pick(n(pattern(octets)), n(pattern(octets.saturating_add(1)))))?;
            if s.control() {
                a.expect_n("unknown")
            } else {
                a.expect_end()
            }
        },
    )
    .negative()
    .whole(),
    Case::server(
        "lim.every-bit",
        &["EOP-LIM-2", "EOP-FRM-1"],
        "an slen is too much whichever of its high bits makes it so",
        |s| {
            let limit = s.in_force("limit")?;
            for bit in (21..32).filter(|bit| 1_u32 << bit > limit) {
                let mut a = s.connect()?;
                a.send(s.pick(s.known(), raw(normal_header(1 << bit | 1), b"")))?;
                accepted_or_ended(s, &mut a)?;
            }
            Ok(())
        },
    )
    .negative()
    .whole(),
    Case::server(
        "lim.header-suffices",
        &["EOP-LIM-3", "EOP-LIM-2"],
        "a header that announces too much fails the connection before any payload",
        |s| refused(s, s.known(), raw(normal_header(u32::MAX), b"")),
    )
    .negative()
    .needs_answer(),
    Case::server(
        "lim.memory",
        &["EOP-LIM-4"],
        "two hundred headers that announce much, with one octet of payload each, take no more memory than little ones",
        |s| {
            memory_stays(|octets| {
                let instance = s
                    .started("127.0.0.1:0", "")?
                    .map_err(|NotStarted(why)| Stop::Gone(why))?;
                let mut links = Vec::new();
                for i in 0..ANNOUNCED_ON {
                    let mut link = s.connect_as(&i.to_string(), instance.address)?;
                    link.send_whole(octets)?;
                    links.push(link);
                }
                links.iter_mut().try_for_each(expect_open)?;
                let mut a = s.connect_as("A", instance.address)?;
                a.send_whole(s.known())?;
                s.expect_known(&mut a)?;
                Ok(instance.memory())
            })
        },
    )
    .needs_command()
    .whole(),
    Case::server(
        "ext.nothing-unasked",
        &["EOP-EXT-1", "EOP-FRM-3"],
        "without an extension a server sends NORMAL and REDIRECT, and no octet beside them",
        |s| {
            let mut a = s.connect()?;
            for request in ["hello", "", "do answer -", "do answer 6f6b"] {
                a.send(n(request))?;
                a.message("NORMAL")?;
            }
            a.send(n(format!("do redirect {TARGET} 6f6b")))?;
            a.expect_r(TARGET, "ok")?;
            expect_nothing_more(&mut a)
        },
    ),
];
