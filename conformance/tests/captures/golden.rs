//! The pcap-ng reporter, octet for octet: a fixed timeline in, `golden.pcapng` out. `EOP_BLESS=1` writes that anew.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use eop_conformance::octets::{n, r};
use eop_conformance::timeline::{Connection, Entry, Kept, Side, Timeline, What};
use eop_conformance::verdict::{End, Stop};

use crate::timeline;
use crate::tshark::Tshark;

const HOME: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9000);
const TARGET: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 2), 9001);

/// A client of the testee is moved, its message cut in two; then the target resets it, and the last payload is kept in part.
fn moved() -> Timeline {
    let connection = |number, label: &str, runner| {
        Arc::new(Connection {
            number,
            label: label.to_owned(),
            opener: Side::Testee,
            runner,
            testee: SocketAddrV4::new(Ipv4Addr::LOCALHOST, 40_000),
        })
    };
    let (home, target) = (connection(0, "home", HOME), connection(1, "target", TARGET));
    let octets = |on: &Arc<Connection>, by, octets: &[u8], len| What::Octets {
        on: Arc::clone(on),
        by,
        octets: Kept {
            octets: octets.to_vec(),
            len,
        },
    };
    let ended = |on: &Arc<Connection>, by, end| What::Ended {
        on: Arc::clone(on),
        by,
        end,
    };
    let message = n("hi");
    let (head, tail) = message.split_at(5);
    let happened = [
        What::Opened(Arc::clone(&home)),
        octets(&home, Side::Testee, head, head.len()),
        octets(&home, Side::Testee, tail, tail.len()),
        octets(&home, Side::Runner, &r(TARGET), 12),
        ended(&home, Side::Testee, End::Fin),
        ended(&home, Side::Runner, End::Fin),
        What::Left(home),
        What::Opened(Arc::clone(&target)),
        octets(&target, Side::Testee, &n([0; 4]), 1500),
        ended(&target, Side::Runner, End::Reset),
        What::Left(target),
    ];
    let at = |(index, what)| Entry {
        at: Duration::from_micros(index) * 100,
        what,
    };
    Timeline {
        begun: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        entries: (0..).zip(happened).map(at).collect(),
    }
}

#[test]
fn a_fixed_timeline_gives_fixed_octets() {
    let stop = Stop::messages("N(\"hi\")", "N(00000000)").against("EOP-RSD-5");
    let written = timeline::octets(moved(), Some(stop));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/golden.pcapng");
    if std::env::var_os("EOP_BLESS").is_some() {
        std::fs::write(&path, &written).expect("the golden file is written");
    }
    let golden = std::fs::read(&path).expect("the golden file is there");
    let same = written
        .iter()
        .zip(&golden)
        .take_while(|(ours, golden)| ours == golden);
    let same = same.count();
    assert!(
        written == golden,
        "octet {same} differs; EOP_BLESS=1 writes golden.pcapng anew"
    );
}

#[test]
fn sequence_numbers_go_on_behind_octets_that_were_not_kept() {
    let Some(tshark) = Tshark::here() else { return };
    let capture = timeline::file("kept-in-part", moved());
    let fields = ["tcp.seq", "tcp.len", "frame.len", "frame.cap_len"];
    let rows = tshark.fields(&capture, &["-Y", "tcp.stream == 1 && tcp.len > 0"], &fields);
    assert_eq!(
        rows,
        [["1", "1448", "1488", "56"], ["1449", "52", "92", "40"]]
    );
    let reset = tshark.fields(
        &capture,
        &["-Y", "tcp.flags.reset == 1"],
        &["tcp.stream", "tcp.ack"],
    );
    assert_eq!(reset, [["1", "1501"]]);
}
