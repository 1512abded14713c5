//! Section 3 for clients: frames, opcodes, sizes.

use super::scenes::{ask, asked, early, follow, moved};
use crate::case::Case;
use crate::cases::measures::{ANNOUNCED_ON, memory_stays, nothing_held_back, one_segment_each};
use crate::link::Seen;
use crate::octets::{cut, n, normal_header, pattern, r_with, raw, redirect_header};
use crate::stage::ClientStage;
use crate::timeline::frame;
use crate::verdict::{Step, Stop};
use eop_wire::RawHeader;

pub(super) const GATE: Case = Case::client(
    "frm.message-is-sent",
    &[
        "EOP-FRM-1",
        "EOP-OPC-1",
        "EOP-DRV-16",
        "EOP-DRV-18",
        "EOP-DRV-19",
    ],
    "a message is sent as one frame, and its answer delivered",
    |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0 greeting=0")?;
        session.close().map(drop)
    },
);

/// The control is the answer `r`, delivered; the defect ends the session with one of `kinds` and is not delivered.
fn refused(s: &ClientStage<'_>, defect: Vec<u8>, kinds: &str) -> Step {
    let home = s.endpoint("home")?;
    let (mut session, mut h) = asked(s, &home, "")?;
    h.send(s.pick(n("r"), defect))?;
    if s.control() {
        session.expect_message(b"r", "outstanding=0")?;
        return session.close().map(drop);
    }
    session.expect(&format!("ended {kinds} uncertain=1"))?;
    h.expect_end()
}

/// The answer `r` under another opcode.
fn opcode(opcode: u16) -> Vec<u8> {
    raw(
        RawHeader {
            opcode,
            ..normal_header(1)
        },
        b"r",
    )
}

/// What a bad first opcode should be called (EOP-OPC-5), and may be.
const BAD_FIRST: &str = "NotEop~UnknownOpcode~ByteOrderMismatch";

pub(super) const CASES: &[Case] = &[
    GATE,
    Case::client(
        "frm.two-answers",
        &["EOP-FRM-2", "EOP-ACC-1"],
        "two answers are two messages, however they are cut or joined",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "")?;
            ask(&mut session, &mut h)?;
            h.send(n("one"))?;
            h.send(n("two"))?;
            session.expect_message(b"one", "outstanding=1")?;
            session.expect_message(b"two", "outstanding=0").map(drop)
        },
    ),
    Case::client(
        "frm.nothing-between",
        &["EOP-FRM-3"],
        "two messages and the end: two frames and FIN, with no octet between or behind",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = s.begin(&home, "")?;
            session.say("send 6f6e65");
            session.say("send 74776f");
            session.sync()?;
            session.say("close");
            h.expect_n("one")?;
            h.expect_n("two")
                .and_then(|()| h.expect_end())
                .map_err(|stop| stop.against("EOP-FRM-3"))
        },
    ),
    Case::client(
        "frm.payload-like-a-header",
        &["EOP-FRM-9", "EOP-FRM-2"],
        "an answer that looks like a REDIRECT stays an answer",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            let inner = raw(redirect_header(target.address(), 0), b"");
            h.send(n(&inner))?;
            session.expect_message(&inner, "outstanding=0")?;
            session.sync()?;
            target.nobody()
        },
    ),
    Case::client(
        "frm.empty-answer",
        &["EOP-FRM-8"],
        "an empty answer is delivered as an empty message",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send(n(""))?;
            session.expect_message(b"", "outstanding=0")?;
            session.close().map(drop)
        },
    ),
    Case::client(
        "frm.empty-among-others",
        &["EOP-FRM-8", "EOP-FRM-2"],
        "an empty answer between two others is delivered, however they are cut or joined",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "")?;
            ask(&mut session, &mut h)?;
            ask(&mut session, &mut h)?;
            h.send([n("one"), n(""), n("two")].concat())?;
            session.expect_message(b"one", "outstanding=2")?;
            session.expect_message(b"", "outstanding=1")?;
            session.expect_message(b"two", "outstanding=0").map(drop)
        },
    ),
    Case::client(
        "frm.empty-message",
        &["EOP-FRM-8"],
        "an empty message is sent as a frame",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = s.begin(&home, "")?;
            session.say("send -");
            h.expect_n("")?;
            h.send(n("r"))?;
            session.expect_message(b"r", "outstanding=0").map(drop)
        },
    ),
    Case::client(
        "frm.normal-port-addr-ignored",
        &["EOP-FRM-7"],
        "port and addr of an answer are ignored, whatever they hold",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = s.begin(&home, "")?;
            for (port, addr) in [(0xffff, [255; 4]), (1, [127, 0, 0, 1]), (0, [0, 0, 0, 1])] {
                ask(&mut session, &mut h)?;
                h.send(raw(
                    RawHeader {
                        port,
                        addr: addr.into(),
                        ..normal_header(1)
                    },
                    b"r",
                ))?;
                session.expect_message(b"r", "outstanding=0")?;
            }
            Ok(())
        },
    ),
    Case::client(
        "frm.normal-port-addr-zero",
        &["EOP-FRM-6"],
        "a client sends port and addr of NORMAL as zero",
        |s| {
            let home = s.endpoint("home")?;
            let (session, mut h) = s.begin(&home, "")?;
            session.say("send 71");
            match h.next("N(\"q\")")? {
                Seen::Frame(header, _) if header.port == 0 && header.addr.is_unspecified() => {
                    Ok(())
                }
                Seen::Frame(header, payload) => Err(Stop::messages(
                    "port and addr zero",
                    frame(header, &payload),
                )),
                Seen::End(end) => Err(Stop::messages(
                    "N(\"q\")",
                    format!("the connection ended ({end})"),
                )),
            }
        },
    ),
    Case::client(
        "frm.one-operation",
        &["EOP-FRM-4"],
        "a small message comes in one segment, header and payload together",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = s.begin(&home, "")?;
            one_segment_each(&mut h, |h| {
                ask(&mut session, h)?;
                h.send(n("r"))?;
                session.expect_message(b"r", "outstanding=0").map(drop)
            })
        },
    )
    .whole(),
    Case::client(
        "frm.nothing-held-back",
        &["EOP-FRM-10"],
        "a small message right behind another does not wait for the acknowledgement of the first",
        |s| {
            let home = s.endpoint("home")?;
            let (session, mut h) = s.begin(&home, "")?;
            nothing_held_back(
                &mut h,
                |_| {
                    session.say("send 6f6e65");
                    session.say("send 74776f");
                    Ok(())
                },
                |h| h.send([n("1"), n("2")].concat()),
            )
        },
    )
    .whole(),
    Case::client(
        "frm.truncated-header",
        &["EOP-FRM-5"],
        "a stream that ends inside a header is TruncatedFrame",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send(s.pick(n("r"), cut(n("r"), 11)))?;
            h.half_close()?;
            if s.control() {
                session.expect_message(b"r", "outstanding=0")?;
                return session.expect("ended eof").map(drop);
            }
            session.expect("ended TruncatedFrame uncertain=1").map(drop)
        },
    )
    .negative(),
    Case::client(
        "frm.truncated-payload",
        &["EOP-FRM-5"],
        "a payload cut short is TruncatedFrame and is not delivered",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send(s.pick(n("answer"), cut(n("answer"), 17)))?;
            h.half_close()?;
            if s.control() {
                session.expect_message(b"answer", "outstanding=0")?;
                return session.expect("ended eof").map(drop);
            }
            session.expect("ended TruncatedFrame uncertain=1").map(drop)
        },
    )
    .negative(),
    Case::client(
        "frm.truncated-anywhere",
        &["EOP-FRM-5"],
        "a stream that ends behind any octet of a frame but its last is TruncatedFrame",
        |s| {
            for count in 1..n("answer").len() {
                let home = s.endpoint("home")?;
                let (mut session, mut h) = asked(s, &home, "")?;
                h.send(s.pick(n("answer"), cut(n("answer"), count)))?;
                h.half_close()?;
                if s.control() {
                    session.expect_message(b"answer", "outstanding=0")?;
                    return session.expect("ended eof").map(drop);
                }
                session.expect("ended TruncatedFrame uncertain=1")?;
            }
            Ok(())
        },
    )
    .negative()
    .whole(),
    Case::client(
        "frm.truncated-at-target",
        &["EOP-FRM-5", "EOP-DRV-11"],
        "at a target a payload cut short is RedirectFailed with the cause TruncatedFrame",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut t) = moved(s, &home, &target, "")?;
            ask(&mut session, &mut t)?;
            t.send(s.pick(n("answer"), cut(n("answer"), 17)))?;
            t.half_close()?;
            if s.control() {
                session.expect_message(b"answer", "outstanding=0")?;
                return session.expect("ended eof").map(drop);
            }
            session
                .expect("ended RedirectFailed cause=TruncatedFrame uncertain=1")
                .map(drop)
        },
    )
    .negative(),
    Case::client(
        "frm.large",
        &["EOP-LIM-1", "EOP-FRM-1", "EOP-DRV-20"],
        "messages of 65,536 octets go out and come in",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = s.begin(&home, "")?;
            session.say("send @65536");
            h.expect_n(pattern(65_536))?;
            h.send(n(pattern(65_536)))?;
            session.expect_message(&pattern(65_536), "outstanding=0")?;
            ask(&mut session, &mut h)?;
            h.send(n("r"))?;
            session.expect_message(b"r", "outstanding=0").map(drop)
        },
    ),
    Case::client(
        "opc.zero",
        &["EOP-OPC-2"],
        "opcode 0x0000 fails the connection",
        |s| refused(s, opcode(0x0000), BAD_FIRST),
    )
    .negative(),
    Case::client(
        "opc.three",
        &["EOP-OPC-2"],
        "opcode 0x0003 fails the connection",
        |s| refused(s, opcode(0x0003), BAD_FIRST),
    )
    .negative(),
    Case::client(
        "opc.all-ones",
        &["EOP-OPC-2"],
        "opcode 0xFFFF fails the connection",
        |s| refused(s, opcode(0xffff), BAD_FIRST),
    )
    .negative(),
    Case::client(
        "opc.extension",
        &["EOP-OPC-2"],
        "opcode 0x1001, an extension not negotiated, fails the connection",
        |s| refused(s, opcode(0x1001), BAD_FIRST),
    )
    .negative(),
    Case::client(
        "opc.one-bit-off",
        &["EOP-OPC-2"],
        "every opcode one bit away from NORMAL fails the connection",
        |s| {
            for bit in 0..16 {
                refused(s, opcode(0x0001 ^ (1_u16 << bit)), BAD_FIRST)?;
            }
            Ok(())
        },
    )
    .negative()
    .whole(),
    Case::client(
        "opc.one-bit-off-redirect",
        &["EOP-OPC-2"],
        "every opcode one bit away from REDIRECT fails the connection, and moves nobody",
        |s| {
            let target = s.endpoint("target")?;
            for bit in 0..16 {
                let header = RawHeader {
                    opcode: 0x0002 ^ (1_u16 << bit),
                    ..redirect_header(target.address(), 1)
                };
                refused(s, raw(header, b"r"), BAD_FIRST)?;
            }
            target.nobody()
        },
    )
    .negative()
    .whole(),
    Case::client(
        "opc.http",
        &["EOP-OPC-2"],
        "an HTTP answer fails the connection",
        |s| refused(s, b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), BAD_FIRST),
    )
    .negative(),
    Case::client(
        "opc.name-not-eop",
        &["EOP-OPC-5"],
        "a bad first opcode is named NotEop",
        |s| refused(s, b"SSH-2.0-x\r\n".to_vec(), "NotEop"),
    )
    .negative(),
    Case::client(
        "opc.name-byte-order",
        &["EOP-OPC-6"],
        "opcodes 0x0100 and 0x0200 are named ByteOrderMismatch",
        |s| {
            refused(s, opcode(0x0100), "ByteOrderMismatch")?;
            refused(s, opcode(0x0200), "ByteOrderMismatch")
        },
    )
    .negative(),
    Case::client(
        "opc.name-byte-order-later",
        &["EOP-OPC-6"],
        "opcode 0x0100 behind a valid frame is named ByteOrderMismatch too",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "")?;
            ask(&mut session, &mut h)?;
            h.send([n("one"), s.pick(n("r"), opcode(0x0100))].concat())?;
            session.expect_message(b"one", "outstanding=1")?;
            if s.control() {
                return session.expect_message(b"r", "outstanding=0").map(drop);
            }
            session.expect("ended ByteOrderMismatch uncertain=1").map(drop)
        },
    )
    .negative(),
    Case::client(
        "opc.name-unknown",
        &["EOP-OPC-2"],
        "an unknown opcode behind a valid frame is named UnknownOpcode",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "")?;
            ask(&mut session, &mut h)?;
            h.send(n("one"))?;
            session.expect_message(b"one", "outstanding=1")?;
            h.send(s.pick(n("r"), opcode(0x0003)))?;
            if s.control() {
                return session.expect_message(b"r", "outstanding=0").map(drop);
            }
            session.expect("ended UnknownOpcode uncertain=1")?;
            h.expect_end()
        },
    )
    .negative(),
    Case::client(
        "opc.two-octets-suffice",
        &["EOP-OPC-3"],
        "two octets of a bad opcode fail the connection; no more come",
        |s| refused(s, vec![0x00, 0x03], BAD_FIRST),
    )
    .negative(),
    Case::client(
        "opc.not-skipped",
        &["EOP-OPC-4"],
        "a frame with an unknown opcode is not skipped: the answer behind it is not delivered",
        |s| refused(s, [opcode(0x0004), n("r")].concat(), BAD_FIRST),
    )
    .negative(),
    Case::client(
        "lim.limit",
        &["EOP-LIM-2"],
        "an answer of the limit is delivered, one of an octet more is MessageTooLarge",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "limit=70000")?;
            h.send(s.pick(n(pattern(70_000)), n(pattern(70_001))))?;
            if s.control() {
                return session
                    .expect_message(&pattern(70_000), "outstanding=0")
                    .map(drop);
            }
            session.expect("ended MessageTooLarge uncertain=1")?;
            h.expect_end()
        },
    )
    .negative()
    .whole(),
    Case::client(
        "lim.small",
        &["EOP-LIM-2"],
        "a limit below 65,536 is obeyed: with 5, five octets are delivered and six are MessageTooLarge",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "limit=5")?;
            h.send(s.pick(n("12345"), n("123456")))?;
            if s.control() {
                return session
                    .expect_message(b"12345", "outstanding=0")
                    .map(drop);
            }
            session.expect("ended MessageTooLarge uncertain=1")?;
            h.expect_end()
        },
    )
    .negative(),
    Case::client(
        "lim.default",
        &["EOP-LIM-2"],
        "without a setting 1,048,576 octets are delivered, and one more is MessageTooLarge",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send(s.pick(n(pattern(1 << 20)), raw(normal_header((1 << 20) + 1), b"")))?;
            if s.control() {
                return session
                    .expect_message(&pattern(1 << 20), "outstanding=0")
                    .map(drop);
            }
            session.expect("ended MessageTooLarge uncertain=1")?;
            h.expect_end()
        },
    )
    .negative()
    .whole(),
    Case::client(
        "lim.raised",
        &["EOP-LIM-2"],
        "a limit beyond the default is obeyed: with 2,000,000 that many octets are delivered, and one more is MessageTooLarge",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "limit=2000000")?;
            h.send(s.pick(n(pattern(2_000_000)), raw(normal_header(2_000_001), b"")))?;
            if s.control() {
                return session
                    .expect_message(&pattern(2_000_000), "outstanding=0")
                    .map(drop);
            }
            session.expect("ended MessageTooLarge uncertain=1")?;
            h.expect_end()
        },
    )
    .negative()
    .whole(),
    Case::client(
        "lim.at-target",
        &["EOP-LIM-2", "EOP-DRV-11"],
        "the limit holds at a target too, where MessageTooLarge is the cause of RedirectFailed",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut t) = moved(s, &home, &target, "limit=5")?;
            ask(&mut session, &mut t)?;
            t.send(s.pick(n("12345"), n("123456")))?;
            if s.control() {
                return session
                    .expect_message(b"12345", "outstanding=0")
                    .map(drop);
            }
            session.expect("ended RedirectFailed cause=MessageTooLarge uncertain=1")?;
            t.expect_end()
        },
    )
    .negative(),
    Case::client(
        "lim.each-frame",
        &["EOP-LIM-2", "EOP-LIM-1"],
        "the limit is for each frame: three answers of the limit are delivered, and a fourth beyond it is not",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "limit=70000")?;
            for _ in 0..3 {
                ask(&mut session, &mut h)?;
                h.send(n(pattern(70_000)))?;
                session.expect_message(&pattern(70_000), "outstanding=1")?;
            }
            h.send(s.pick(n(pattern(70_000)), n(pattern(70_001))))?;
            if s.control() {
                return session
                    .expect_message(&pattern(70_000), "outstanding=0")
                    .map(drop);
            }
            session.expect("ended MessageTooLarge uncertain=1").map(drop)
        },
    )
    .negative()
    .whole(),
    Case::client(
        "lim.every-bit",
        &["EOP-LIM-2", "EOP-FRM-1"],
        "an slen is too much whichever of its high bits makes it so",
        |s| {
            for bit in 21..32 {
                refused(s, raw(normal_header(1 << bit | 1), b""), "MessageTooLarge")?;
            }
            Ok(())
        },
    )
    .negative()
    .whole(),
    Case::client(
        "lim.redirect-exact",
        &["EOP-LIM-2"],
        "the payload of a REDIRECT may be of the limit, and of no octet more",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "limit=5")?;
            h.send(s.pick(
                r_with(target.address(), "12345"),
                r_with(target.address(), "123456"),
            ))?;
            if s.control() {
                session.expect_message(b"12345", "outstanding=0")?;
                return follow(&mut session, &target, "owed=0 late=1").map(drop);
            }
            session.expect("ended MessageTooLarge uncertain=1")?;
            target.nobody()
        },
    )
    .negative(),
    Case::client(
        "lim.header-suffices",
        &["EOP-LIM-3", "EOP-LIM-2"],
        "a header that announces too much is MessageTooLarge before any payload",
        |s| refused(s, raw(normal_header(u32::MAX), b""), "MessageTooLarge"),
    )
    .negative(),
    Case::client(
        "lim.redirect",
        &["EOP-LIM-2"],
        "a REDIRECT that announces too much is MessageTooLarge and is not followed",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send(s.pick(
                raw(redirect_header(target.address(), 1), b"r"),
                raw(redirect_header(target.address(), u32::MAX), b"r"),
            ))?;
            if s.control() {
                session.expect_message(b"r", "outstanding=0")?;
                session.expect(&format!("redirected {} late=1", target.address()))?;
                return target.accept().map(drop);
            }
            session.expect("ended MessageTooLarge uncertain=1")?;
            target.nobody()
        },
    )
    .negative(),
    Case::client(
        "lim.memory",
        &["EOP-LIM-4"],
        "two hundred headers that announce much, with one octet of payload each, take no more memory than little ones",
        |s| {
            memory_stays(|octets| {
                let s = s.afresh()?;
                let home = s.endpoint("home")?;
                let mut open = Vec::new();
                for _ in 0..ANNOUNCED_ON {
                    let (session, mut h) = asked(&s, &home, "")?;
                    h.send(octets)?;
                    h.settle()?;
                    open.push((session, h));
                }
                for (session, _) in &mut open {
                    session.sync()?;
                }
                Ok(s.memory())
            })
        },
    )
    .whole(),
    Case::client(
        "ext.nothing-unasked",
        &["EOP-EXT-1", "EOP-FRM-3"],
        "without an extension a client sends NORMAL, at home and at a target, and no octet beside it",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            session.say("send -");
            h.expect_n("")?;
            h.send(n("r"))?;
            session.expect_message(b"r", "outstanding=1")?;
            let mut t = early(&mut session, &mut h, &target, 1)?;
            h.expect_end()?;
            session.say("resend 1");
            t.expect_n("")?;
            session.say("half-close");
            t.expect_end()
        },
    ),
];
