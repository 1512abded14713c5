//! What lingering clients cost. Alone in its process, because it counts the process's threads and descriptors.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    reason = "a test may stop at what it did not expect"
)]

use std::fs;
use std::net::{SocketAddrV4, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use eop_net::server::{Config, LingerList, Listener};

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).expect("it is Linux").count()
}

#[test]
fn lingering_clients_share_one_thread_and_leave_no_descriptor() {
    const CLIENTS: usize = 200;
    let target = SocketAddrV4::new([127, 0, 0, 1].into(), 9);
    let address = SocketAddrV4::new([127, 0, 0, 1].into(), 0);
    let list = LingerList::new(CLIENTS);
    let listener = Listener::bind(address.into(), Config::default())
        .expect("a port")
        .linger_in(&list);
    let address = listener.local_addr().expect("its address");
    let threads = entries("/proc/self/task");
    let descriptors = entries("/proc/self/fd");

    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let client = TcpStream::connect(address).expect("the server");
            drop(listener.accept().expect("a client").redirect(target));
            client
        })
        .collect();
    assert_eq!(entries("/proc/self/task"), threads + 1);
    assert_eq!(list.counts().lingering, CLIENTS);

    drop((clients, list, listener));
    // The listener, which was counted, is gone as well; the thread ends a moment after its last descriptor.
    let before = (descriptors - 1, threads);
    let until = Instant::now() + Duration::from_secs(20);
    let mut now = (usize::MAX, usize::MAX);
    while Instant::now() < until {
        now = (entries("/proc/self/fd"), entries("/proc/self/task"));
        if now == before {
            break;
        }
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(now, before);
}
