//! What each command does, and the exit code that it ends with.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use eop_conformance::case::{Case, Needs, Role};
use eop_conformance::report::{self, Capture, Run};
use eop_conformance::requirement;
use eop_conformance::schedule::{self, Settings, Testee, Timelines};
use eop_conformance::segmentation::Cut;
use eop_conformance::testee::{DriverTestee, NotStarted, ServerTestee};
use eop_conformance::verdict::Verdict;

use crate::arguments::{Arguments, Command, Manner, Octets, Out, Peer, Selection, ServerWay};

mod mutants;

/// How long a testee may take to say that it is there.
const START: Duration = Duration::from_millis(2500);

/// How the command ends; see the help text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    Conforms = 0,
    DoesNot = 1,
    Usage = 2,
    Harness = 3,
    NotStarted = 4,
    Deadline = 5,
}

/// What ends a command before there is anything to report.
#[derive(Debug)]
struct Refusal(Exit, String);

impl From<NotStarted> for Refusal {
    fn from(why: NotStarted) -> Self {
        Self(Exit::NotStarted, why.to_string())
    }
}

/// Does what was asked.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let Arguments {
        command,
        selection,
        manner,
    } = arguments;
    let result = match command {
        None => both(selection, manner),
        Some(Command::Server { testee, request }) => {
            server(testee, request.as_ref(), selection, manner)
        }
        Some(Command::Client { exec }) => client(exec, selection, manner),
        Some(Command::List) => select(selection, None).map(|cases| {
            print!("{}", report::list(&cases));
            Exit::Conforms
        }),
        Some(Command::Explain { case }) => explain(case, manner),
        Some(Command::Mutants { name, published }) => {
            mutants::run(name, published, selection, manner)
        }
        Some(Command::Peer { peer }) => return act(peer),
    };
    let exit = result.unwrap_or_else(|Refusal(exit, why)| {
        eprintln!("eop-conformance: {why}");
        exit
    });
    ExitCode::from(match exit {
        Exit::Conforms => 0,
        Exit::DoesNot => 1,
        Exit::Usage => 2,
        Exit::Harness => 3,
        Exit::NotStarted => 4,
        Exit::Deadline => 5,
    })
}

fn act(peer: &Peer) -> ExitCode {
    match peer {
        Peer::Server => eop_reference_peer::server(),
        Peer::Client => eop_reference_peer::client(),
        Peer::MutantServer { name } => mutants::act(Role::Server, name),
        Peer::MutantClient { name } => mutants::act(Role::Client, name),
    }
}

/// The command that starts one of this program's own peers.
fn own(peer: &str) -> Result<String, Refusal> {
    let program = std::env::current_exe()
        .map_err(|error| Refusal(Exit::Harness, format!("where am I? {error}")))?;
    Ok(format!("exec '{}' peer {peer}", program.display()))
}

fn both(selection: &Selection, manner: &Manner) -> Result<Exit, Refusal> {
    let mut exit = Exit::Conforms;
    let mut told_to = open(manner)?;
    for role in [Role::Server, Role::Client] {
        let cases: Vec<_> = select(selection, None)?
            .into_iter()
            .filter(|case| case.role() == role)
            .collect();
        if cases.is_empty() {
            continue;
        }
        let testee = built_in(role, manner)?;
        let told = judge(
            &testee,
            &cases,
            manner,
            "built-in peer",
            "eop-conformance".to_owned(),
            &mut told_to,
        )?;
        exit = exit.max(told);
    }
    Ok(exit)
}

fn built_in(role: Role, manner: &Manner) -> Result<Testee, Refusal> {
    Ok(match role {
        Role::Server => Testee::Server(ServerTestee::start(&own("server")?, None, start(manner))?),
        Role::Client => Testee::Client(DriverTestee::start(&own("client")?, start(manner))?),
    })
}

fn server(
    way: &ServerWay,
    request: Option<&Octets>,
    selection: &Selection,
    manner: &Manner,
) -> Result<Exit, Refusal> {
    let mut cases = select(selection, Some(Role::Server))?;
    if request.is_some() {
        cases.retain(|case| case.needs == Needs::Answer);
        if cases.is_empty() {
            return Err(Refusal(
                Exit::Usage,
                "every selected case needs the test service, which --request does without"
                    .to_owned(),
            ));
        }
    }
    if way.exec.is_none() {
        cases.retain(|case| case.needs != Needs::Command);
        if cases.is_empty() {
            return Err(Refusal(
                Exit::Usage,
                "every selected case starts the server itself, which takes --exec".to_owned(),
            ));
        }
    }
    let known = request.map(|Octets(octets)| octets.clone());
    let flag = request.map_or_else(String::new, |Octets(octets)| {
        format!(" --request {}", eop_conformance::octets::payload(octets))
    });
    let (testee, name, command) = match (way.addr, &way.exec) {
        (Some(address), _) => {
            // Whether anybody is there is found out before anything is judged.
            std::net::TcpStream::connect_timeout(&address.into(), start(manner)).map_err(
                |error| Refusal(Exit::NotStarted, format!("cannot reach {address}: {error}")),
            )?;
            (
                ServerTestee::attach(address, known),
                address.to_string(),
                format!("--addr {address}"),
            )
        }
        (None, Some(exec)) => (
            ServerTestee::start(exec, known, start(manner))?,
            format!("`{exec}`"),
            format!("--exec {}", quoted(exec)),
        ),
        (None, None) => return Err(Refusal(Exit::Usage, "--addr or --exec".to_owned())),
    };
    judge(
        &Testee::Server(testee),
        &cases,
        manner,
        &name,
        format!("eop-conformance server {command}{flag}"),
        &mut open(manner)?,
    )
}

fn client(exec: &str, selection: &Selection, manner: &Manner) -> Result<Exit, Refusal> {
    let cases = select(selection, Some(Role::Client))?;
    let testee = Testee::Client(DriverTestee::start(exec, start(manner))?);
    judge(
        &testee,
        &cases,
        manner,
        &format!("`{exec}`"),
        format!("eop-conformance client --exec {}", quoted(exec)),
        &mut open(manner)?,
    )
}

/// Plays the cases, tells the outcomes, and says how that ends.
fn judge(
    testee: &Testee,
    cases: &[Case],
    manner: &Manner,
    name: &str,
    command: String,
    told_to: &mut [Told],
) -> Result<Exit, Refusal> {
    let Some(role) = cases.first().map(Case::role) else {
        return Err(Refusal(Exit::Usage, "no case is selected".to_owned()));
    };
    let run = play(testee, role, cases, manner, name, command);
    told_to
        .iter_mut()
        .try_for_each(|told_to| told_to.tell(&run))?;
    let has = |verdict| run.count(verdict) > 0;
    Ok(if has(Verdict::NotRun) {
        Exit::Deadline
    } else if has(Verdict::Error) {
        Exit::Harness
    } else if run
        .outcomes
        .iter()
        .all(|outcome| outcome.verdict.conforms())
    {
        Exit::Conforms
    } else {
        Exit::DoesNot
    })
}

fn play(
    testee: &Testee,
    role: Role,
    cases: &[Case],
    manner: &Manner,
    name: &str,
    command: String,
) -> Run {
    let begun = Instant::now();
    let settings = settings(manner, begun);
    let outcomes = schedule::run(
        testee,
        &eop_conformance::cases::gate(role),
        cases,
        &settings,
    );
    Run {
        role,
        testee: name.to_owned(),
        outcomes,
        timelines: settings.timelines,
        millis: begun.elapsed().as_millis(),
        command,
    }
}

fn settings(manner: &Manner, begun: Instant) -> Settings {
    Settings {
        patience: manner.patience,
        serial: manner.serial,
        cut: manner.cut,
        deadline: manner
            .deadline
            .and_then(|deadline| begun.checked_add(deadline)),
        timelines: match manner.timelines || manner.out.iter().any(Out::needs_timelines) {
            true => Timelines::All,
            false => Timelines::Failing,
        },
    }
}

/// Where a report goes.
enum Told {
    Human,
    JsonLines(PathBuf, BufWriter<File>),
    Capture(PathBuf, Capture<BufWriter<File>>),
}

/// Opens every report that was asked for, before anything is played.
fn open(manner: &Manner) -> Result<Vec<Told>, Refusal> {
    if manner.out.is_empty() {
        return Ok(vec![Told::Human]);
    }
    let file = |path: &Path| {
        File::create(path)
            .map(BufWriter::new)
            .map_err(|error| unwritten(path, &error))
    };
    let open = |out: &Out| match out {
        Out::Human => Ok(Told::Human),
        Out::JsonLines(path) => Ok(Told::JsonLines(path.clone(), file(path)?)),
        Out::Capture(path) => Capture::begin(file(path)?)
            .map(|capture| Told::Capture(path.clone(), capture))
            .map_err(|error| unwritten(path, &error)),
    };
    manner.out.iter().map(open).collect()
}

fn unwritten(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal(
        Exit::Usage,
        format!("cannot write {}: {error}", path.display()),
    )
}

impl Told {
    fn tell(&mut self, run: &Run) -> Result<(), Refusal> {
        match self {
            Self::Human => {
                print!("{}", report::human(run));
                Ok(())
            }
            Self::JsonLines(path, file) => report::json_lines(run, file)
                .and_then(|()| file.flush())
                .map_err(|error| unwritten(path, &error)),
            Self::Capture(path, capture) => {
                capture.tell(run).map_err(|error| unwritten(path, &error))
            }
        }
    }
}

fn explain(name: &str, manner: &Manner) -> Result<Exit, Refusal> {
    let cases: Vec<_> = eop_conformance::cases::all()
        .into_iter()
        .filter(|case| case.id == name)
        .collect();
    if cases.is_empty() {
        return Err(unknown(
            "case",
            name,
            eop_conformance::cases::all().iter().map(|case| case.id),
        ));
    }
    for case in cases {
        let testee = built_in(case.role(), manner)?;
        let whole = Settings {
            cut: Some(Cut::Whole),
            timelines: Timelines::All,
            ..settings(manner, Instant::now())
        };
        let outcomes = schedule::run(
            &testee,
            &eop_conformance::cases::gate(case.role()),
            &[case],
            &whole,
        );
        let played = outcomes.last().and_then(|outcome| outcome.plays.first());
        print!("{}", report::explain(&case, played));
    }
    Ok(Exit::Conforms)
}

/// The cases that the options leave, of one role or of both.
fn select(selection: &Selection, role: Option<Role>) -> Result<Vec<Case>, Refusal> {
    let all: Vec<_> = eop_conformance::cases::all()
        .into_iter()
        .filter(|case| role.is_none_or(|role| case.role() == role))
        .collect();
    for pattern in &selection.case {
        if !all.iter().any(|case| matches(pattern, case.id)) {
            return Err(unknown("case", pattern, all.iter().map(|case| case.id)));
        }
    }
    for id in &selection.req {
        if requirement::find(id).is_none() {
            return Err(unknown(
                "requirement",
                id,
                requirement::all().iter().map(|requirement| requirement.id),
            ));
        }
    }
    let wanted = |case: &Case| {
        (selection.case.is_empty()
            || selection
                .case
                .iter()
                .any(|pattern| matches(pattern, case.id)))
            && (selection.req.is_empty()
                || selection
                    .req
                    .iter()
                    .any(|id| case.requirements.contains(&id.as_str())))
            && selection.level.is_none_or(|level| case.level() == level)
    };
    let cases: Vec<_> = all.into_iter().filter(wanted).collect();
    if cases.is_empty() {
        return Err(Refusal(
            Exit::Usage,
            "the options select no case".to_owned(),
        ));
    }
    Ok(cases)
}

fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> Refusal {
    let nearest = known
        .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
    let hint = nearest.map_or_else(String::new, |nearest| {
        format!("; did you mean `{nearest}`?")
    });
    Refusal(Exit::Usage, format!("no {what} matches `{name}`{hint}"))
}

/// Whether `name` is what `pattern` says; `*` stands for any run of characters.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => name.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| rest.get(at..).is_some_and(|end| matches(tail, end)))
        }),
    }
}

fn start(manner: &Manner) -> Duration {
    START.saturating_mul(manner.patience)
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        assert!(matches("frm.*", "frm.empty"));
        assert!(matches("*.empty*", "frm.empty-message"));
        assert!(matches("*", ""));
        assert!(!matches("frm", "frm.empty"));
        assert!(!matches("frm.*-x", "frm.empty"));
    }

    #[test]
    fn a_word_survives_the_shell() {
        assert_eq!(quoted("a 'b'"), r"'a '\''b'\'''");
    }
}
