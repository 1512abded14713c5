//! The servers that experiments are made on, each a process of its own on a processor of its own. Here is how they are
//! started and ended; our own ones are in `servers/`, and are started as `eop-experiments serve KIND`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::measure::system::processor;

pub mod echo;
pub mod found;
pub mod holding;
pub mod http_daemons;
pub mod hyper_302;
mod least;
pub mod moving;

/// How long a server may take to begin.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that runs until this is dropped.
pub struct Server {
    /// Who it is.
    pub name: &'static str,
    /// Where it listens; our own ones at several places.
    pub addresses: Vec<SocketAddrV4>,
    child: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
    /// What it reads while it runs.
    _files: Option<tempfile::TempDir>,
}

impl Server {
    /// Starts one of our own.
    ///
    /// # Errors
    /// It does not begin.
    pub fn ours(name: &'static str, arguments: &[&str]) -> Result<Self> {
        let program = std::env::current_exe()?;
        let mut child = on_its_processor(&program.to_string_lossy())
            .arg("serve")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("taskset of util-linux")?;
        let input = child.stdin.take();
        let output = child.stdout.take().map(BufReader::new);
        let mut server = Self {
            name,
            addresses: Vec::new(),
            child,
            input,
            output,
            _files: None,
        };
        let told = server
            .hear()
            .with_context(|| format!("serve {}", arguments.join(" ")))?;
        let addresses = told.split_whitespace().map(str::parse);
        server.addresses = addresses
            .collect::<Result<_, _>>()
            .context("its addresses")?;
        Ok(server)
    }

    /// Starts somebody else's, which listens on the port it was told in its files.
    fn theirs(
        name: &'static str,
        port: u16,
        files: tempfile::TempDir,
        command: &[&str],
    ) -> Result<Self> {
        let (program, arguments) = command.split_first().context("no program")?;
        let child = on_its_processor(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("taskset of util-linux")?;
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        let (addresses, input, output) = (vec![address], None, None);
        let mut server = Self {
            name,
            addresses,
            child,
            input,
            output,
            _files: Some(files),
        };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{program} ended with {status}: it has to be installed");
            }
            if began.elapsed() > PATIENCE {
                bail!("{program} does not listen");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    /// Where it listens first.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        let first = self.addresses.first().copied();
        SocketAddr::V4(first.unwrap_or(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)))
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Tells it something and waits for its answer; one of our own.
    ///
    /// # Errors
    /// It is gone.
    pub fn ask(&mut self, line: &str) -> Result<String> {
        let input = self.input.as_mut().context("it does not listen to that")?;
        writeln!(input, "{line}")?;
        self.hear()
    }

    fn hear(&mut self) -> Result<String> {
        let mut line = String::new();
        let output = self.output.as_mut().context("it does not say anything")?;
        output.read_line(&mut line)?;
        if line.is_empty() {
            bail!("it ended without a word");
        }
        Ok(line)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ours end with their input.
        let ours = self.input.take().is_some();
        if !ours {
            // The daemons take their workers with them, if they are asked.
            if let Some(process) = i32::try_from(self.child.id())
                .ok()
                .and_then(rustix::process::Pid::from_raw)
            {
                let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
            }
        }
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if began.elapsed() > PATIENCE {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn on_its_processor(program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &processor(1).to_string()]);
    // Whatever ends us ends the servers.
    command.args(["setpriv", "--pdeathsig", "TERM", program]);
    command
}

/// A port that was free just now, for servers that cannot choose one themselves.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// One of our own, in its process: says where it listens, and ends when its input does. `answer` answers what is asked
/// meanwhile.
///
/// # Errors
/// Nobody listens to what it says.
pub fn until_told(addresses: &[SocketAddr], mut answer: impl FnMut(&str) -> String) -> Result<()> {
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    println!("{}", addresses.join(" "));
    for line in std::io::stdin().lines() {
        println!("{}", answer(&line?));
    }
    Ok(())
}

/// The kinds of our own servers, by name.
///
/// # Errors
/// There is no such kind, or it cannot listen.
pub fn serve(kind: &str, argument: &str) -> Result<()> {
    match kind {
        "echo" => echo::serve(),
        "302" => found::serve(argument),
        "hyper" => hyper_302::serve(argument),
        "least" => least::serve(argument.parse()?),
        "redirector" => moving::redirector(argument.parse()?),
        "redirector-tokio" => moving::redirector_tokio(argument.parse()?),
        "files" => moving::files(),
        "transaction" => moving::transaction(argument),
        "idle-machine" => holding::with_machines(),
        "idle-tokio" => holding::with_tasks(),
        "clients" => holding::clients(argument.parse()?),
        other => bail!("no kind of server is called {other}"),
    }
}

/// Runs a server over tokio, on a thread; it tells where it listens.
fn on_tokio<F: Future<Output = Result<()>>>(
    server: impl FnOnce(mpsc::Sender<SocketAddr>) -> F + Send + 'static,
) -> Result<SocketAddr> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(server(tell))
    });
    told.recv().context("it does not listen")
}

/// Waits for events, whatever interrupts that: strace does when it takes hold.
///
/// # Errors
/// What the system says else.
pub fn wait_for_events(
    poll: &mut mio::Poll,
    events: &mut mio::Events,
    timeout: Option<Duration>,
) -> std::io::Result<()> {
    loop {
        match poll.poll(events, timeout) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Reads and forgets until the stream ends.
fn drain(socket: &mut TcpStream) {
    let mut buffer = [0; 4096];
    while matches!(socket.read(&mut buffer), Ok(count) if count > 0) {}
}
