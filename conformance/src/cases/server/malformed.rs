//! The grammar of the test service, `testee.md`, section 2.2: what breaks it is `unknown`, and does nothing.

use crate::case::Case;
use crate::link::Seen;
use crate::octets::n;
use crate::stage::ServerStage;
use crate::timeline::frame;
use crate::verdict::{Step, Stop};
use eop_wire::opcode;

/// Requests that break the contract, each beside a neighbour that does not. `TOKEN` is the play's own token.
type Table = [(&'static str, &'static str)];

const SPACES: &Table = &[
    ("do  mark TOKEN;answer 6f6b", "do mark TOKEN;answer 6f6b"),
    (" do mark TOKEN;answer 6f6b", "do mark TOKEN;answer 6f6b"),
    ("do mark TOKEN;answer 6f6b ", "do mark TOKEN;answer 6f6b"),
    ("do mark TOKEN; answer 6f6b", "do mark TOKEN;answer 6f6b"),
    ("do mark TOKEN ;answer 6f6b", "do mark TOKEN;answer 6f6b"),
    ("do mark  TOKEN;answer 6f6b", "do mark TOKEN;answer 6f6b"),
    ("do\tmark TOKEN;answer 6f6b", "do mark TOKEN;answer 6f6b"),
    ("do mark TOKEN;answer 6f6b\n", "do mark TOKEN;answer 6f6b"),
    ("do mark TOKEN;answer 6f6b\r\n", "do mark TOKEN;answer 6f6b"),
    ("do mark TOKEN;answer 6f6b\0", "do mark TOKEN;answer 6f6b"),
    (
        "\u{feff}do mark TOKEN;answer 6f6b",
        "do mark TOKEN;answer 6f6b",
    ),
    ("mark TOKEN ", "mark TOKEN"),
    ("mark  TOKEN", "mark TOKEN"),
    ("mark TOKEN\n", "mark TOKEN"),
];

const WORDS: &Table = &[
    ("Hello", "hello"),
    ("hello ", "hello"),
    ("hello 1", "hello"),
    ("hell", "hello"),
    ("Do mark TOKEN;answer 6f6b", "do mark TOKEN;answer 6f6b"),
    ("DO MARK TOKEN;ANSWER 6F6B", "do mark TOKEN;answer 6f6b"),
    ("done mark TOKEN;answer 6f6b", "do mark TOKEN;answer 6f6b"),
    ("do marks TOKEN;answer 6f6b", "do mark TOKEN;answer 6f6b"),
    (
        "do mark TOKEN;wait TOKEN;answer 6f6b",
        "do mark TOKEN;answer 6f6b",
    ),
    ("do mark TOKEN;fin 1", "do mark TOKEN;fin"),
    ("do mark TOKEN;close", "do mark TOKEN;fin"),
    ("do hello", "hello"),
    ("do", "do answer -"),
    ("do ", "do answer -"),
    ("listen", "listen answer -"),
    ("listen ", "listen answer -"),
    ("mark TOKEN TOKEN", "mark TOKEN"),
    ("mark TOKEN;mark TOKEN", "mark TOKEN"),
    ("Mark TOKEN", "mark TOKEN"),
    ("mark", "mark TOKEN"),
    ("mark ", "mark TOKEN"),
    ("marked", "marked TOKEN"),
    ("marked ", "marked TOKEN"),
    ("signal", "signal TOKEN"),
    ("signal ", "signal TOKEN"),
];

const TOKENS: &Table = &[
    ("mark an_underscore", "mark a-hyphen"),
    ("mark Capital", "mark small"),
    ("mark caf\u{e9}", "mark cafe"),
    ("mark dot.", "mark dot"),
    (
        "mark abcdefghijklmnopqrstuvwxyz0123456",
        "mark abcdefghijklmnopqrstuvwxyz012345",
    ),
    (
        "marked abcdefghijklmnopqrstuvwxyz0123456",
        "marked abcdefghijklmnopqrstuvwxyz012345",
    ),
    (
        "signal abcdefghijklmnopqrstuvwxyz0123456",
        "signal abcdefghijklmnopqrstuvwxyz012345",
    ),
    (
        "do mark TOKEN;mark A;answer 6f6b",
        "do mark TOKEN;mark a;answer 6f6b",
    ),
    (
        "do mark TOKEN;mark;answer 6f6b",
        "do mark TOKEN;mark -;answer 6f6b",
    ),
    (
        "do mark TOKEN;await;answer 6f6b",
        "do mark TOKEN;answer 6f6b",
    ),
    (
        "do mark TOKEN;await A;answer 6f6b",
        "do mark TOKEN;answer 6f6b",
    ),
];

const PAYLOADS: &Table = &[
    ("do mark TOKEN;answer", "do mark TOKEN;answer -"),
    ("do mark TOKEN;answer ", "do mark TOKEN;answer -"),
    ("do mark TOKEN;answer --", "do mark TOKEN;answer -"),
    ("do mark TOKEN;answer 6F6B", "do mark TOKEN;answer 6f6b"),
    ("do mark TOKEN;answer 6f6", "do mark TOKEN;answer 6f60"),
    ("do mark TOKEN;answer 0x6f", "do mark TOKEN;answer 006f"),
    ("do mark TOKEN;answer 6g", "do mark TOKEN;answer 6f"),
    ("do mark TOKEN;answer 6f 6b", "do mark TOKEN;answer 6f6b"),
    ("do mark TOKEN;answer +6", "do mark TOKEN;answer 06"),
    ("do mark TOKEN;answer @", "do mark TOKEN;answer @0"),
    ("do mark TOKEN;answer @01", "do mark TOKEN;answer @1"),
    ("do mark TOKEN;answer @00", "do mark TOKEN;answer @0"),
    ("do mark TOKEN;answer @+1", "do mark TOKEN;answer @1"),
    ("do mark TOKEN;answer @-1", "do mark TOKEN;answer @1"),
    ("do mark TOKEN;answer @1_0", "do mark TOKEN;answer @10"),
    ("do mark TOKEN;answer @0x10", "do mark TOKEN;answer @10"),
    (
        "do mark TOKEN;answer @4294967296",
        "do mark TOKEN;answer @429496",
    ),
    (
        "do mark TOKEN;answer @18446744073709551617",
        "do mark TOKEN;answer @1",
    ),
    ("do mark TOKEN;answer @1 1", "do mark TOKEN;answer @1"),
    (
        "do mark TOKEN;redirect 192.0.2.10:9000 6F",
        "do mark TOKEN;redirect 192.0.2.10:9000 6f",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:9000 6f 6b",
        "do mark TOKEN;redirect 192.0.2.10:9000 6f6b",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:9000 @01",
        "do mark TOKEN;redirect 192.0.2.10:9000 @1",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:9000 ",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
];

const ENDPOINTS: &Table = &[
    (
        "do mark TOKEN;redirect",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect :9000",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2:9000",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10.1:9000",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.256:9000",
        "do mark TOKEN;redirect 192.0.2.255:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.02.10:9000",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.0x10:9000",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.+10:9000",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:65536",
        "do mark TOKEN;redirect 192.0.2.10:65535",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:09000",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:+9000",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:9000:1",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect localhost:9000",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect [::1]:9000",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:9000,",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect ,192.0.2.10:9000",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:9000,,192.0.2.11:1",
        "do mark TOKEN;redirect 192.0.2.10:9000,192.0.2.11:1",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:9000, 192.0.2.11:1",
        "do mark TOKEN;redirect 192.0.2.10:9000,192.0.2.11:1",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:9000,192.0.2.11",
        "do mark TOKEN;redirect 192.0.2.10:9000,192.0.2.11:1",
    ),
];

const SEPARATORS: &Table = &[
    ("do ;mark TOKEN;answer 6f6b", "do mark TOKEN;answer 6f6b"),
    ("do mark TOKEN;;answer 6f6b", "do mark TOKEN;answer 6f6b"),
    ("do mark TOKEN;answer 6f6b;", "do mark TOKEN;answer 6f6b"),
    ("do mark TOKEN,answer 6f6b", "do mark TOKEN;answer 6f6b"),
    ("do mark TOKEN answer 6f6b", "do mark TOKEN;answer 6f6b"),
    ("do;mark TOKEN;answer 6f6b", "do mark TOKEN;answer 6f6b"),
    ("listen mark TOKEN;", "listen mark TOKEN"),
    ("listen ;mark TOKEN", "listen mark TOKEN"),
];

const DO: &Table = &[
    ("do mark TOKEN", "do mark TOKEN;answer 6f6b"),
    ("do mark TOKEN;mark TOKEN", "do mark TOKEN;fin"),
    (
        "do mark TOKEN;await TOKEN",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;answer 6f6b;answer 6f6b",
        "do mark TOKEN;answer 6f6b;mark TOKEN",
    ),
    (
        "do answer 6f6b;mark TOKEN;answer -",
        "do answer 6f6b;mark TOKEN",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:9000;answer 6f6b",
        "do mark TOKEN;answer 6f6b;redirect 192.0.2.10:9000",
    ),
    (
        "do redirect 192.0.2.10:9000;mark TOKEN",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:9000;redirect 192.0.2.10:9000",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;redirect 192.0.2.10:9000;fin",
        "do mark TOKEN;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;fin;answer 6f6b",
        "do mark TOKEN;answer 6f6b;fin",
    ),
    ("do mark TOKEN;fin;fin", "do mark TOKEN;fin"),
    ("do fin;mark TOKEN", "do mark TOKEN;fin"),
    ("do mark TOKEN;fin;reset", "do mark TOKEN;fin"),
    ("do mark TOKEN;reset;fin", "do mark TOKEN;reset"),
    ("do reset;mark TOKEN", "do mark TOKEN;reset"),
];

const LISTEN: &Table = &[
    (
        "listen redirect 192.0.2.10:9000;answer 6f6b",
        "listen answer 6f6b;redirect 192.0.2.10:9000",
    ),
    (
        "listen redirect 192.0.2.10:9000;redirect 192.0.2.10:9000",
        "listen redirect 192.0.2.10:9000",
    ),
    (
        "listen redirect 192.0.2.10:9000;mark TOKEN",
        "listen mark TOKEN;redirect 192.0.2.10:9000",
    ),
    ("listen fin;mark TOKEN", "listen mark TOKEN;fin"),
    ("listen fin;reset", "listen fin"),
    ("listen reset;answer 6f6b", "listen answer 6f6b;reset"),
    ("listen mark", "listen mark TOKEN"),
    ("listen answer 6F", "listen answer 6f;answer 6f;answer 6f"),
    ("listen hello", "listen answer 6f"),
];

const LATE: &Table = &[
    (
        "do mark TOKEN;answer 6f6b;redirect 192.0.2.10:9000 6f6b",
        "do mark TOKEN;answer 6f6b;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;answer 6f6b;redirect 192.0.2.10:9000 -",
        "do mark TOKEN;answer 6f6b;redirect 192.0.2.10:9000",
    ),
    (
        "do mark TOKEN;answer -;mark TOKEN;redirect 192.0.2.10:9000 @1",
        "do mark TOKEN;answer -;redirect 192.0.2.10:9000",
    ),
];

/// Every request of the table's first column is answered `unknown` and does nothing; its neighbour is done.
fn unknown(s: &ServerStage<'_>, table: &Table) -> Step {
    let token = s.token("t");
    for (broken, neighbour) in table {
        let request = s.pick(neighbour, broken).replace("TOKEN", &token);
        let ends = request.ends_with("fin") || request.ends_with("reset");
        let expected = s.pick("is done", "is answered `unknown`");
        let mut a = s.connect()?;
        a.send(n(&request))?;
        let (as_expected, observed) = match a.next("an answer")? {
            Seen::Frame(header, payload) => {
                let unknown = header.opcode == opcode::NORMAL && payload == b"unknown";
                (unknown != s.control(), frame(header, &payload))
            }
            Seen::End(end) => (s.control() && ends, end.to_string()),
        };
        if !as_expected {
            return Err(Stop::messages(
                format!("`{}` {expected}", request.escape_debug()),
                observed,
            ));
        }
    }
    if s.control() {
        Ok(())
    } else {
        s.expect_marked(&token, 0)
    }
}

pub(super) const CASES: &[Case] = &[
    Case::server(
        "tst.spaces",
        &["EOP-TST-5"],
        "requests with a space too many, a tab, an end of line or a NUL are unknown",
        |s| unknown(s, SPACES),
    )
    .negative()
    .whole(),
    Case::server(
        "tst.words",
        &["EOP-TST-5"],
        "requests with other words, capitals, or arguments too few or too many are unknown",
        |s| unknown(s, WORDS),
    )
    .negative()
    .whole(),
    Case::server(
        "tst.tokens",
        &["EOP-TST-5"],
        "requests with a token that is empty, too long or has other characters are unknown",
        |s| unknown(s, TOKENS),
    )
    .negative()
    .whole(),
    Case::server(
        "tst.payloads",
        &["EOP-TST-5"],
        "requests with a payload that is no hex, no pattern and not `-` are unknown",
        |s| unknown(s, PAYLOADS),
    )
    .negative()
    .whole(),
    Case::server(
        "tst.endpoints",
        &["EOP-TST-5"],
        "requests with an endpoint or a list that does not match the grammar are unknown",
        |s| unknown(s, ENDPOINTS),
    )
    .negative()
    .whole(),
    Case::server(
        "tst.separators",
        &["EOP-TST-5"],
        "requests whose steps are not separated by one semicolon are unknown",
        |s| unknown(s, SEPARATORS),
    )
    .negative()
    .whole(),
    Case::server(
        "tst.steps-of-do",
        &["EOP-TST-6"],
        "a `do` that answers nothing, twice, or goes on after its last step is unknown",
        |s| unknown(s, DO),
    )
    .negative()
    .whole(),
    Case::server(
        "tst.steps-of-listen",
        &["EOP-TST-7", "EOP-TST-5"],
        "a `listen` that goes on after its last step is unknown",
        |s| unknown(s, LISTEN),
    )
    .negative()
    .whole(),
    Case::server(
        "tst.payload-after-answer",
        &["EOP-TST-8"],
        "a `do` that answers and then redirects with a payload is unknown",
        |s| unknown(s, LATE),
    )
    .negative()
    .whole(),
];
