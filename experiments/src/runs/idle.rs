//! What a connection takes in memory while nothing happens on it.

use std::mem::size_of;

use anyhow::{Result, ensure};
use eop_statemachine::Server as Machine;

use super::counted;
use crate::experiment::{Experiment, Setting};
use crate::measure::system::{kernel_octets, private_octets};
use crate::record::{Findings, Table};
use crate::servers::Server;

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "idle",
    title: "Memory of connections on which nothing happens",
    asks: "Thousands of clients connect and do nothing. What does the server's process take for each, and what the kernel? \
Once with the machines of `eop-statemachine` over epoll (a socket and a machine in a hash map, one buffer for all), once with \
`eop-net` over tokio (a task for each client that waits for its request). The process's figure is the memory that it shares with nobody, \
the kernel's what its allocator for small objects gained, for both ends of each connection.",
    paper: "None.",
    meaning: "The kernel's socket is most of an idle connection, whatever the server does with it. The machine itself takes its \
octets and no heap. A connection of `eop-net` that waits for a request has no memory to read into, which its thread lends it \
when something comes, and no timer, as no limit runs. What it takes is asked for twice: tokio's account of the socket, 256 \
octets, and the task, 384 with the whole connection in it (`cargo test -p eop-net --test waste waiting`). The rest is lost to the \
allocator, as tokio wants both at multiples of 128 octets.",
    run,
};

fn run(setting: &mut Setting) -> Result<Findings> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let most = limit.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
    let many = setting.pick(18_000, 200).min(most.saturating_sub(500));
    let counts = [many / 10, many * 10 / 18, many];
    let columns = [
        "",
        "connections",
        "octets of the process, each",
        "octets of the kernel, each (both ends)",
    ];
    let mut table = Table::new("Idle connections", &columns);
    let mut findings = Findings::default();
    for (name, kind) in [
        ("machines over epoll", "idle-machine"),
        ("eop-net over tokio", "idle-tokio"),
    ] {
        let server = Server::ours("idle", &[kind, ""])?;
        let mut clients = Server::ours("clients", &["clients", &server.address().to_string()])?;
        // What the first ones bring along belongs to nobody.
        clients.ask("100")?;
        settle();
        let (process, kernel) = (private_octets(server.process())?, kernel_octets());
        let mut held = 100;
        let mut each = f64::NAN;
        for count in counts {
            let told = clients.ask(&(count + 100 - held).to_string())?;
            ensure!(
                told.trim() == (count + 100).to_string(),
                "the clients say: {told}"
            );
            held = count + 100;
            settle();
            let more = |now: u64, before: u64| (now as f64 - before as f64) / count as f64;
            each = more(private_octets(server.process())?, process);
            table.row(
                format!("{name}, {count}"),
                [count as f64, each, more(kernel_octets(), kernel)],
            );
        }
        if kind == "idle-tokio" {
            findings.budgets.push(counted(
                "an idle connection of eop-net over tokio",
                1024.0,
                each,
                "octets",
            ));
        }
    }
    findings.notes.push(format!(
        "A server's machine is {} octets; the rest of the first rows is the hash map's, and mio's socket.",
        size_of::<Machine>()
    ));
    findings.notes.push(format!(
        "At most {most} descriptors are allowed here to a process, which bounds the count."
    ));
    findings.tables.push(table);
    Ok(findings)
}

/// Lets the server accept what is there.
fn settle() {
    std::thread::sleep(std::time::Duration::from_millis(500));
}
