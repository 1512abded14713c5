//! Hosts hear each other as their links let them.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use eop_link_emulator::{Access, Host, Network, Path};

const DELAY: Duration = Duration::from_millis(20);

/// A network, or `None` where there can be none, which in CI is a failure.
fn network<const N: usize>(accesses: [Access; N]) -> Option<Network<N>> {
    match Network::start(1, accesses) {
        Ok(network) => Some(network),
        Err(error) if std::env::var_os("CI").is_some() => panic!("no network: {error}"),
        Err(error) => {
            eprintln!("SKIPPED: no network namespaces here: {error}");
            None
        }
    }
}

/// A connection between two hosts: the ends of the first and of the second, and how long it took to make it.
fn connected(one: &Host, other: &Host) -> (TcpStream, TcpStream, Duration) {
    let listening = other.within(|| TcpListener::bind((other.address(), 0)));
    let listener = listening.expect("a host").expect("a port");
    let address = listener.local_addr().expect("its address");
    let began = Instant::now();
    let connecting = one.within(|| TcpStream::connect(address));
    let ours = connecting.expect("a host").expect("the other host");
    let took = began.elapsed();
    (ours, listener.accept().expect("a connection").0, took)
}

#[test]
fn a_delay_is_seen_in_each_direction() {
    let far = Path {
        delay: DELAY,
        ..Path::default()
    };
    let Some(network) = network([Access::both(far), Access::default()]) else {
        return;
    };
    let [one, other] = network.hosts();
    let (_, _, took) = connected(one, other);
    assert!(took >= 2 * DELAY, "SYN and its answer in {took:?}");
}

#[test]
fn tcp_repairs_what_a_lossy_link_loses() {
    let lossy = Path {
        delay: Duration::from_millis(1),
        loss: 0.1,
        spares_syn: true,
        ..Path::default()
    };
    let Some(network) = network([Access::both(lossy), Access::default()]) else {
        return;
    };
    let [one, other] = network.hosts();
    let (mut ours, mut theirs, _) = connected(one, other);
    let octets: Vec<u8> = (0..300_000_u32).map(|it| it.to_be_bytes()[3]).collect();
    let sending = octets.clone();
    let writer = std::thread::spawn(move || ours.write_all(&sending));
    let mut heard = vec![0; octets.len()];
    theirs.read_exact(&mut heard).expect("every octet");
    writer.join().expect("no panic").expect("room");
    assert!(heard == octets, "in order");
    let counts = network.counts();
    assert!(counts[0].0.lost > 0, "the link lost nothing: {counts:?}");
}

#[test]
fn a_rate_bounds_what_comes_through() {
    let slow = Path {
        rate: Some(8_000_000),
        ..Path::default()
    };
    let Some(network) = network([Access::both(slow), Access::default()]) else {
        return;
    };
    let [one, other] = network.hosts();
    let (mut ours, mut theirs, _) = connected(one, other);
    let began = Instant::now();
    let writer = std::thread::spawn(move || ours.write_all(&[0; 300_000]));
    theirs.read_exact(&mut [0; 300_000]).expect("every octet");
    writer.join().expect("no panic").expect("room");
    // A megabyte a second.
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(300), "{took:?}");
}

#[test]
fn a_host_is_in_a_network_of_its_own() {
    let Some(network) = network([Access::default()]) else {
        return;
    };
    let [host] = network.hosts();
    // Nobody else has this address.
    assert!(UdpSocket::bind((host.address(), 0)).is_err());
    let within = host.within(|| UdpSocket::bind((host.address(), 0)));
    assert!(within.expect("a host").is_ok());
}

#[test]
fn nothing_is_left_behind() {
    let names = || {
        let named = std::fs::read_dir("/run/netns").map(|names| {
            let ours = format!("eop-{}-", std::process::id());
            let names = names.filter_map(|it| it.ok()?.file_name().into_string().ok());
            names.filter(|name| name.starts_with(&ours)).count()
        });
        named.unwrap_or(0)
    };
    let Some(network) = network([Access::default(), Access::default()]) else {
        return;
    };
    drop(network);
    let until = Instant::now() + Duration::from_secs(20);
    while names() > 0 {
        // Another test may be between making one and forgetting its name.
        assert!(Instant::now() < until, "namespaces are left");
        std::thread::sleep(Duration::from_millis(5));
    }
}
