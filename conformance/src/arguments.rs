//! The command line: what can be asked for. What is done about it stands in `command`.

use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use eop_conformance::requirement::Level;
use eop_conformance::segmentation::Cut;

mod sense;

/// Judges implementations of EOP over TCP or TLS. Without a command: the built-in peer, in both roles.
///
/// Exit codes: 0 conforms, or fails exactly as the baseline expects; 1 does not; 2 usage, or nothing selected; 3 the runner
/// failed; 4 the testee could not be started or reached; 5 the deadline passed.
#[derive(Debug, Parser)]
#[command(name = "eop-conformance", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) manner: Manner,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judges a server.
    Server {
        #[command(flatten)]
        testee: ServerWay,
        /// A message (hex) that the server answers, for servers that do not speak the test service; only the cases that
        /// need nothing more are played.
        #[arg(long, value_name = "HEX", value_parser = octets)]
        request: Option<Octets>,
        #[command(flatten)]
        attached: AttachedTls,
    },
    /// Judges a client, through its driver, or a client program by what it does on the wire.
    Client {
        #[command(flatten)]
        testee: ClientWay,
        /// A payload (hex) that the program takes for an answer to its request; `ok` if none is given.
        #[arg(long, value_name = "HEX", value_parser = octets, requires = "plain")]
        answer: Option<Octets>,
    },
    /// Lists the cases with their requirements.
    List,
    /// Explains a case (the sentences it speaks for, and how it goes with the built-in peer) or a requirement (its
    /// sentence, its cases, its mutants).
    Explain {
        /// The name of a case, or the identifier of a requirement.
        #[arg(value_name = "CASE|ID")]
        what: String,
    },
    /// Plays the suite to its own faulty peers, and shows which case finds which fault.
    Mutants {
        /// Only the mutants whose name matches (`*` stands for anything).
        #[arg(default_value = "*")]
        name: String,
        #[command(flatten)]
        published: Published,
    },
    /// Plays every client of a file with every server of it, through a relay that names the guilty side.
    Matrix(MatrixWay),
    /// Plays random sessions, valid and broken, to a testee until one of them shows a fault, and shrinks that one.
    Fuzz {
        #[command(subcommand)]
        testee: Fuzz,
    },
    /// Acts as a testee.
    #[command(hide = true)]
    Peer {
        #[command(subcommand)]
        peer: Peer,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ServerWay {
    /// A server that runs already.
    #[arg(long, value_name = "A.B.C.D:P")]
    pub(crate) addr: Option<SocketAddrV4>,
    /// The command that starts the server.
    #[arg(long, value_name = "CMD")]
    pub(crate) exec: Option<String>,
}

/// Whom random sessions are played to.
#[derive(Debug, Subcommand)]
pub(crate) enum Fuzz {
    /// A server that speaks the test service.
    Server {
        #[command(flatten)]
        testee: ServerWay,
        #[command(flatten)]
        way: FuzzWay,
    },
    /// A client, through its driver.
    Client {
        /// The command that starts the driver.
        #[arg(long, value_name = "CMD")]
        exec: String,
        #[command(flatten)]
        way: FuzzWay,
    },
}

/// How many random sessions, and what becomes of the one that shows a fault.
#[derive(Debug, Args)]
pub(crate) struct FuzzWay {
    /// The most sessions; 300 if neither this nor --seconds is given.
    #[arg(long, value_name = "N")]
    pub(crate) sessions: Option<u64>,
    /// Begins no session after so many seconds.
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) seconds: Option<Duration>,
    /// Where the session that shows a fault is written; `eop-fuzz-ROLE-SEED.json` here if nothing is given.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    /// Plays the session of such a file, and no other.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sessions", "seconds", "save"])]
    pub(crate) replay: Option<PathBuf>,
}

/// What a server that runs already, and speaks TLS, shows.
#[derive(Debug, Args)]
pub(crate) struct AttachedTls {
    /// With --addr and --tls: the trust anchors that the server's certificate is judged by (PEM).
    #[arg(long, value_name = "FILE", requires_all = ["tls", "addr"])]
    pub(crate) tls_ca: Option<PathBuf>,
    /// With --addr and --tls: the name in the server's certificate.
    #[arg(long, value_name = "NAME", requires_all = ["tls", "addr"])]
    pub(crate) tls_name: Option<String>,
}

impl AttachedTls {
    /// The anchors and the name, if both are told.
    pub(crate) fn told(&self) -> Option<(&Path, &str)> {
        self.tls_ca.as_deref().zip(self.tls_name.as_deref())
    }
}

/// Who is played with whom.
#[derive(Debug, Args)]
pub(crate) struct MatrixWay {
    /// The implementations and how they are started (TOML).
    pub(crate) file: PathBuf,
    /// Only this pair, by their names in the file, `*` for any; may be given several times.
    #[arg(long, value_name = "CLIENT:SERVER")]
    pub(crate) only: Vec<String>,
    /// Only this scenario; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Vec<String>,
}

/// What is published of the mutants.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Published {
    /// Writes the table of requirements, mutants and cases there.
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
    /// Plays only what the table there names: the cases that find each mutant out, and some that it does not disturb.
    #[arg(long, value_name = "FILE")]
    pub(crate) check: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ClientWay {
    /// The command that starts the driver.
    #[arg(long, value_name = "CMD")]
    pub(crate) exec: Option<String>,
    /// The command that starts a client program without a driver, once for every play, with `{addr}` (or `{host}` and
    /// `{port}`) where the runner's address goes. Only the wire is judged.
    #[arg(long, value_name = "CMD")]
    pub(crate) plain: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Peer {
    /// The built-in server.
    Server,
    /// The built-in client's driver.
    Client,
    /// The built-in server over tokio.
    ServerTokio,
    /// The built-in client's driver over tokio.
    ClientTokio,
    /// A faulty server.
    MutantServer { name: String },
    /// A faulty client's driver.
    MutantClient { name: String },
    /// A client program, made of a driver: asks once, and is done when it is answered.
    Program {
        addr: SocketAddrV4,
        /// The command that starts the driver; the built-in one if none is given.
        #[arg(long)]
        driver: Option<String>,
    },
}

/// Which cases.
#[derive(Debug, Default, Args)]
pub(crate) struct Selection {
    /// Only cases whose name matches (`*` stands for anything); may be given several times.
    #[arg(long, global = true, value_name = "GLOB")]
    pub(crate) case: Vec<String>,
    /// Only cases that speak for this requirement; may be given several times.
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) req: Vec<String>,
    /// Only cases of this level.
    #[arg(long, global = true, value_name = "must|should", value_parser = level)]
    pub(crate) level: Option<Level>,
    /// Only part I of N equal parts of the cases that the other options leave; the parts together are all of them.
    #[arg(long, global = true, value_name = "I/N", value_parser = shard)]
    pub(crate) shard: Option<Shard>,
}

/// One of several equal parts of the selected cases.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shard {
    /// Which part, from 1.
    pub(crate) part: usize,
    /// Of how many.
    pub(crate) of: usize,
}

/// How they are played and told.
#[derive(Debug, Args)]
pub(crate) struct Manner {
    /// Only this cut: whole, joined, octets, at1 to at12.
    #[arg(long, global = true, value_name = "CUT", value_parser = cut)]
    pub(crate) cut: Option<Cut>,
    /// Stops after this many seconds, whatever is left.
    #[arg(long, global = true, value_name = "S", value_parser = seconds)]
    pub(crate) deadline: Option<Duration>,
    /// Multiplies every wait.
    #[arg(long, global = true, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) patience: u32,
    /// One play at a time.
    #[arg(long, global = true)]
    pub(crate) serial: bool,
    /// Over TLS, with a certificate authority of the run's own (spec/testee.md, section 4).
    #[arg(long, global = true)]
    pub(crate) tls: bool,
    /// The JSON lines tell the timeline of every play too, octets in hex.
    #[arg(long, global = true)]
    pub(crate) timelines: bool,
    /// Plays the cases in an order drawn from this number, instead of the order of `list`; what `fuzz` draws from.
    #[arg(long, global = true, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Plays everything again and again, each time in another order, until something fails, or N times.
    #[arg(long, global = true, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "4294967295", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) repeat_until_fail: Option<u32>,
    /// Plays the first case that failed once more and keeps its connections open, for a debugger, until Enter or for S
    /// seconds.
    #[arg(long, global = true, value_name = "S", num_args = 0..=1, require_equals = true, default_missing_value = "0", value_parser = seconds)]
    pub(crate) hold: Option<Duration>,
    /// Where and how to tell; may be given several times, alone it stands for `human`.
    #[arg(long, global = true, value_name = FORMS, value_parser = out)]
    pub(crate) out: Vec<Out>,
    /// The failures that are expected, with their reasons: a new one, one that has changed, one that has passed and one
    /// that has expired end in exit code 1.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Writes what fails now into the baseline, keeping the reasons that stand there.
    #[arg(long, global = true, requires = "baseline")]
    pub(crate) update_baseline: bool,
}

/// The forms of report, for the help and for errors.
const FORMS: &str = "human|jsonl=FILE|junit=FILE|html=FILE|pcap=FILE";

/// A form of report and where it goes.
#[derive(Debug, Clone)]
pub(crate) enum Out {
    Human,
    JsonLines(PathBuf),
    Junit(PathBuf),
    Html(PathBuf),
    Capture(PathBuf),
}

impl Out {
    /// Whether it tells of plays that were as required what was exchanged in them.
    pub(crate) const fn needs_timelines(&self) -> bool {
        match self {
            Self::Human | Self::JsonLines(_) | Self::Junit(_) | Self::Html(_) => false,
            Self::Capture(_) => true,
        }
    }
}

/// A payload given in hex.
#[derive(Debug, Clone)]
pub(crate) struct Octets(pub(crate) Vec<u8>);

/// What was asked for. Where nobody could make sense of it, the process ends and says why.
pub(crate) fn parse() -> Arguments {
    let mut command = sense::hide(Arguments::command());
    let matches = command.get_matches_mut();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Err(why) = sense::check(&matches, &arguments) {
        command.error(ErrorKind::ArgumentConflict, why).exit();
    }
    arguments
}

fn octets(hex: &str) -> Result<Octets, String> {
    let digits: Option<Vec<u32>> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.ok_or("not hex")?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err("an odd number of hex digits".to_owned());
    }
    let octets = pairs
        .filter_map(|pair| u8::try_from(pair.iter().fold(0, |sum, digit| sum * 16 + digit)).ok());
    Ok(Octets(octets.collect()))
}

fn level(word: &str) -> Result<Level, String> {
    match word {
        "must" => Ok(Level::Must),
        "should" => Ok(Level::Should),
        _ => Err("`must` or `should`".to_owned()),
    }
}

fn cut(word: &str) -> Result<Cut, String> {
    Cut::named(word).ok_or_else(|| "whole, joined, octets, or at1 to at12".to_owned())
}

fn seconds(word: &str) -> Result<Duration, String> {
    let seconds = word.parse().map_err(|_| "not a number")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn out(word: &str) -> Result<Out, String> {
    match word.split_once('=') {
        None if word == "human" => Ok(Out::Human),
        Some((_, "")) => Err("the name of the file is missing".to_owned()),
        Some(("jsonl", file)) => Ok(Out::JsonLines(file.into())),
        Some(("pcap", file)) => Ok(Out::Capture(file.into())),
        Some(("junit", file)) => Ok(Out::Junit(file.into())),
        Some(("html", file)) => Ok(Out::Html(file.into())),
        _ => Err(format!("no such form; {FORMS}")),
    }
}

fn shard(word: &str) -> Result<Shard, String> {
    let number = |word: &str| word.parse().ok().filter(|number| *number > 0);
    let both = word.split_once('/');
    match both.and_then(|(part, of)| Some((number(part)?, number(of)?))) {
        Some((part, of)) if part <= of => Ok(Shard { part, of }),
        Some((part, of)) => Err(format!("there is no part {part} of {of}")),
        None => Err("two numbers, such as 1/4".to_owned()),
    }
}
