//! What tshark, with the dissector, finds in a capture.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddrV4;
use std::path::Path;

use serde_json::Value;

use crate::logged::{Connection, Direction, Frame};
use crate::tshark::{Tshark, requirements};

const OURS: &[&str] = &["-Y", "eop || eop_edges"];

/// Every TCP connection of a capture in its order, with the frames and the broken requirements that the dissector shows.
pub(crate) fn connections(tshark: &Tshark, capture: &Path, options: &[&str]) -> Vec<Connection> {
    let mut found = BTreeMap::new();
    let ends = [
        "tcp.stream",
        "ip.src",
        "tcp.srcport",
        "ip.dst",
        "tcp.dstport",
    ];
    let syn = "tcp.flags.syn == 1 && tcp.flags.ack == 0";
    for row in tshark.fields(capture, &["-Y", syn], &ends) {
        let directions = [direction(&row[1], &row[2]), direction(&row[3], &row[4])];
        found.insert(number(&row[0]), Connection { directions });
    }
    for packet in packets(tshark, capture, options) {
        let direction = sender(&mut found, &packet["tcp"], &packet["ip"]);
        let frames = layers(&packet["eop"]).filter(|layer| layer.get("eop.opcode").is_some());
        direction.frames.extend(frames.map(frame));
    }
    let fields = ["tcp.stream", "ip.src", "tcp.srcport", "_ws.expert.message"];
    for row in tshark.fields(capture, &[options, OURS].concat(), &fields) {
        let broken: BTreeSet<_> = requirements(&row[3]).into_iter().collect();
        let from = direction(&row[1], &row[2]).from;
        of(&mut found, number(&row[0]), from).broken.extend(broken);
    }
    found.into_values().collect()
}

/// The info column of every packet that is EOP's.
pub(crate) fn words(tshark: &Tshark, capture: &Path, options: &[&str]) -> Vec<String> {
    let rows = tshark.fields(
        capture,
        &[options, &["-Y", "eop"]].concat(),
        &["_ws.col.Info"],
    );
    rows.into_iter().flatten().collect()
}

fn packets(tshark: &Tshark, capture: &Path, options: &[&str]) -> Vec<Value> {
    let json = ["-T", "json", "--no-duplicate-keys", "-J", "eop tcp ip"];
    let printed = tshark.read(capture, &[options, OURS, &json].concat());
    let packets: Vec<Value> = serde_json::from_str(&printed).expect("tshark prints JSON");
    packets
        .into_iter()
        .map(|mut packet| packet["_source"]["layers"].take())
        .collect()
}

/// The layers of one protocol in a packet: none, one, or a list.
fn layers(value: &Value) -> std::slice::Iter<'_, Value> {
    match value {
        Value::Null => [].iter(),
        Value::Array(several) => several.iter(),
        Value::Object(_) | Value::String(_) | Value::Number(_) | Value::Bool(_) => {
            std::slice::from_ref(value).iter()
        }
    }
}

fn frame(layer: &Value) -> Frame {
    let text = |name: &str| layer[name].as_str().unwrap_or_default();
    Frame {
        opcode: u16::from_str_radix(text("eop.opcode").trim_start_matches("0x"), 16).expect("hex"),
        port: text("eop.port").parse().expect("a port"),
        addr: text("eop.addr").parse().expect("an address"),
        slen: text("eop.slen").parse().expect("a length"),
        payload: text("eop.payload").replace(':', ""),
    }
}

fn direction(addr: &str, port: &str) -> Direction {
    Direction {
        from: SocketAddrV4::new(
            addr.parse().expect("an address"),
            port.parse().expect("a port"),
        ),
        frames: Vec::new(),
        broken: BTreeSet::new(),
    }
}

fn number(stream: &str) -> u32 {
    stream.parse().expect("a stream's number")
}

fn sender<'f>(
    found: &'f mut BTreeMap<u32, Connection>,
    tcp: &Value,
    ip: &Value,
) -> &'f mut Direction {
    let text = |layer: &Value, name: &str| layer[name].as_str().expect("a field").to_owned();
    let from = direction(&text(ip, "ip.src"), &text(tcp, "tcp.srcport")).from;
    of(found, number(&text(tcp, "tcp.stream")), from)
}

fn of(found: &mut BTreeMap<u32, Connection>, stream: u32, from: SocketAddrV4) -> &mut Direction {
    let connection = found.get_mut(&stream).expect("its SYN is there");
    let mut directions = connection.directions.iter_mut();
    directions
        .find(|direction| direction.from == from)
        .expect("one of its ends")
}
