//! Section 11 for servers: whom a server speaks EOP with over TLS.

use crate::authority::{Protocol, Terms};
use crate::case::Case;
use crate::octets::n;
use crate::stage::ServerStage;
use crate::verdict::{Step, Stop};

/// How a TLS record begins that holds a handshake: a longer one than what stands here.
const BEGUN: [u8; 6] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01];

/// A limit of a header, in milliseconds.
const LIMIT: u32 = 300;

/// A client that says that it speaks `protocol` is answered if that is EOP, and else not.
fn answered(s: &ServerStage<'_>, protocol: Protocol) -> Step {
    let terms = Terms {
        speaks: protocol,
        ..Terms::default()
    };
    let attempt = s.attempt("A", terms)?;
    if s.control() {
        let mut a = attempt.map_err(crate::link::Unsecured::stop)?.speaking()?;
        a.send(s.known())?;
        return s.expect_known(&mut a);
    }
    // Over TLS 1.3 a client may be through with the handshake before the server is.
    if let Ok(mut a) = attempt {
        a.send(s.known())?;
        if a.drain()? > 0 {
            return Err(Stop::messages("no octet of EOP", "some"));
        }
    }
    Ok(())
}

pub(super) const CASES: &[Case] = &[
    Case::server(
        "tls.alpn-other",
        &["EOP-SEC-3"],
        "a client that speaks another protocol is not served",
        |s| answered(s, s.pick(Protocol::Eop, Protocol::Other)),
    )
    .negative()
    .needs_answer()
    .over_tls(),
    Case::server(
        "tls.alpn-unsaid",
        &["EOP-SEC-3"],
        "a client that does not say what it speaks is not served",
        |s| answered(s, s.pick(Protocol::Eop, Protocol::Unsaid)),
    )
    .negative()
    .needs_answer()
    .over_tls(),
    Case::server(
        "tls.in-cleartext",
        &["EOP-TST-34"],
        "a client that speaks cleartext is not served, at a port of `listen` neither",
        |s| {
            for port in [s.address()?, s.listen("mark other")?] {
                if s.control() {
                    let mut a = s.connect_as("A", port)?;
                    a.send(s.known())?;
                    s.expect_known(&mut a)?;
                } else {
                    let mut a = s.connect_in_cleartext("A", port)?;
                    a.send(s.known())?;
                    a.expect_no_frame()?;
                }
            }
            Ok(())
        },
    )
    .negative()
    .over_tls(),
    Case::server(
        "tls.handshake-in-time",
        &["EOP-TIM-1"],
        "a handshake that does not go on is given up at the limit of a header",
        |s| {
            let (address, limit) = s.with_option("header", LIMIT)?;
            if s.control() {
                let mut a = s.connect_as("A", address)?;
                a.idle(limit, 15);
                a.send(s.known())?;
                return s.expect_known(&mut a);
            }
            let mut a = s.connect_in_cleartext("A", address)?;
            a.send(BEGUN)?;
            a.patience(s.beyond(limit));
            a.drain().map(drop)
        },
    )
    .negative()
    .over_tls(),
    Case::server(
        "tls.handshake-holds-up-nobody",
        &["EOP-TST-4"],
        "a client that does not go on with its handshake holds up no other",
        |s| {
            let mut a = s.connect_in_cleartext("A", s.address()?)?;
            a.send(BEGUN)?;
            a.settle()?;
            let mut b = s.connect_as("B", s.address()?)?;
            b.send(n("hello"))?;
            s.expect_known(&mut b)
        },
    )
    .over_tls(),
    Case::server(
        "tls.unusable-certificate",
        &["EOP-TST-35"],
        "a server that cannot use the certificate that it is given does not start, in cleartext neither",
        |s| match (s.started_with_certificate(s.control())?, s.control()) {
            (Ok(_), true) | (Err(_), false) => Ok(()),
            (Err(why), true) => Err(Stop::messages("`ready`", why.to_string())),
            (Ok(instance), false) => Err(Stop::messages(
                "no `ready`",
                format!("ready {}", instance.address),
            )),
        },
    )
    .negative()
    .needs_command()
    .over_tls(),
];
