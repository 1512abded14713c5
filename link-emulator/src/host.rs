//! [`Host`]: a network namespace with one TUN device in it. What becomes of its packets is `forwarding.rs`'s.

use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsFd as _;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tun_rs::{DeviceBuilder, SyncDevice};

/// The name of every host's device.
const DEVICE: &str = "link0";

/// A host: its own interfaces, ports and TCP.
#[derive(Debug)]
pub struct Host {
    namespace: File,
    address: Ipv4Addr,
}

impl Host {
    /// A host with a link, and the other end of that.
    pub(crate) fn new(address: Ipv4Addr) -> io::Result<(Self, SyncDevice)> {
        let namespace = nameless_namespace()?;
        let host = Self { namespace, address };
        let device = host.within(|| link(address))??;
        Ok((host, device))
    }

    /// Where the other hosts find it.
    #[must_use]
    pub const fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Does `work` on this host, in a thread for it alone. The sockets that it opens, the processes and the threads that it
    /// starts and the files under `/proc/sys/net` that it writes are the host's. A panic goes on here.
    ///
    /// # Errors
    /// What the system says: that it has no more threads, or that this process may not enter.
    pub fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> io::Result<T> {
        thread::scope(|scope| {
            let worker = thread::Builder::new().spawn_scoped(scope, || {
                let network = Some(LinkNameSpaceType::Network);
                move_into_link_name_space(self.namespace.as_fd(), network)?;
                Ok(work())
            })?;
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

/// A network namespace that lasts as long as it is open somewhere, or something runs in it.
fn nameless_namespace() -> io::Result<File> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("eop-{}-{number}", std::process::id());
    ip(&["netns", "add", &name])?;
    let namespace = File::open(format!("/run/netns/{name}"));
    ip(&["netns", "delete", &name])?;
    namespace
}

/// The interfaces of a host, made where the calling thread is.
fn link(address: Ipv4Addr) -> io::Result<SyncDevice> {
    let device = DeviceBuilder::new().name(DEVICE).build_sync()?;
    device.set_nonblocking(true)?;
    ip(&["link", "set", "lo", "up"])?;
    ip(&["address", "add", &format!("{address}/24"), "dev", DEVICE])?;
    ip(&["link", "set", DEVICE, "up"])?;
    Ok(device)
}

fn ip(arguments: &[&str]) -> io::Result<()> {
    let output = Command::new("ip").args(arguments).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let command = arguments.join(" ");
    Err(io::Error::other(format!("ip {command}: {}", said.trim())))
}
