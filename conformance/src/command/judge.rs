//! Judging a testee: how it is reached, which cases it can be played, and what the outcome is worth.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eop_conformance::authority::{Attached, Authority};
use eop_conformance::baseline::Judged;
use eop_conformance::case::{Case, Needs, Role, Script};
use eop_conformance::report::Run;
use eop_conformance::schedule::{self, Settings, Testee, Timelines};
use eop_conformance::testee::{DriverTestee, ProgramTestee, ServerTestee};
use eop_conformance::verdict::Verdict;

use super::baseline::Expectations;
use super::exit::{Exit, Refusal};
use super::outputs::Outputs;
use super::progress::Progress;
use super::select::{all_of, inapplicable, select};
use super::{hold, own, quoted, say, start};
use crate::arguments::{AttachedTls, ClientWay, Manner, Octets, Out, Selection, ServerWay};

/// What a client program is answered if the user does not say what it understands.
const ANSWER: &[u8] = b"ok";

/// A testee and what it is played.
struct Trial {
    testee: Testee,
    role: Role,
    cases: Vec<Case>,
    /// The testee, as the user named it.
    name: String,
    /// The command line that judges it again.
    command: String,
    /// Requirements of the role that no case speaks for which this testee can be played.
    not_judged: Vec<&'static str>,
    /// Cases of the role that the options leave and that do not apply over TLS.
    inapplicable: Vec<Case>,
}

/// The built-in peer, in both roles.
pub(super) fn both(selection: &Selection, manner: &Manner) -> Result<Exit, Refusal> {
    let mut all = eop_conformance::cases::all();
    all.retain(|case| case.applies(manner.tls));
    let cases = select(selection, &all)?;
    let trial = |role| {
        let cases: Vec<_> = cases
            .iter()
            .filter(|case| case.role() == role)
            .copied()
            .collect();
        if cases.is_empty() {
            return Ok(None);
        }
        Ok(Some(Trial {
            testee: built_in(
                cases.first().unwrap_or(&eop_conformance::cases::gate(role)),
                manner,
                manner.tls,
            )?,
            role,
            cases,
            name: named("built-in peer".to_owned(), manner),
            command: format!("eop-conformance{}", flag(manner)),
            not_judged: Vec::new(),
            inapplicable: inapplicable(selection, &all_of(role), manner.tls),
        }))
    };
    let trials: Result<Vec<_>, Refusal> = [Role::Server, Role::Client]
        .into_iter()
        .map(trial)
        .collect();
    judge(&trials?.into_iter().flatten().collect::<Vec<_>>(), manner)
}

/// The built-in peer that a case can be played to, over TLS if it is to be `secured`.
pub(super) fn built_in(case: &Case, manner: &Manner, secured: bool) -> Result<Testee, Refusal> {
    let (wait, authority) = (start(manner), secured.then(authority).transpose()?);
    Ok(match case.script {
        Script::Server(_) => {
            Testee::Server(ServerTestee::start(&own("server")?, None, wait, authority)?)
        }
        Script::Client(_) => Testee::Client(DriverTestee::start(&own("client")?, wait, authority)?),
        Script::Program(_) => Testee::Program(ProgramTestee::new(
            &own("program {addr}")?,
            ANSWER.to_vec(),
            authority,
        )?),
    })
}

/// A certificate authority for one testee.
pub(super) fn authority() -> Result<Arc<Authority>, Refusal> {
    let authority = Authority::new();
    authority
        .map(Arc::new)
        .map_err(|error| Refusal(Exit::Harness, format!("cannot prepare TLS: {error}")))
}

/// The authority that vouches for a server that runs already.
fn authority_of(attached: &AttachedTls) -> Result<Arc<Authority>, Refusal> {
    let Some((anchors, name)) = attached.told() else {
        return Err(Refusal::usage(
            "a server that runs already has a certificate already: --tls-ca FILE and --tls-name NAME say what it shows",
        ));
    };
    let attached = Attached {
        anchors: anchors.to_owned(),
        name: name.to_owned(),
    };
    let authority = Authority::attached(&attached);
    authority
        .map(Arc::new)
        .map_err(|error| Refusal::usage(error.to_string()))
}

/// A testee's name in reports.
fn named(name: String, manner: &Manner) -> String {
    if manner.tls {
        format!("{name} over TLS")
    } else {
        name
    }
}

/// What a command line says about TLS.
const fn flag(manner: &Manner) -> &'static str {
    if manner.tls { " --tls" } else { "" }
}

/// The case that must pass before this one means anything.
pub(super) const fn gate(case: &Case) -> Case {
    match case.script {
        Script::Server(_) | Script::Client(_) => eop_conformance::cases::gate(case.role()),
        Script::Program(_) => eop_conformance::cases::plain_gate(),
    }
}

/// A server, with or without the test service.
pub(super) fn server(
    way: &ServerWay,
    request: Option<&Octets>,
    attached: &AttachedTls,
    selection: &Selection,
    manner: &Manner,
) -> Result<Exit, Refusal> {
    let all = all_of(Role::Server);
    let playable: Vec<_> = all
        .iter()
        .filter(|case| case.applies(manner.tls))
        .filter(|case| request.is_none() || case.needs == Needs::Answer)
        .filter(|case| way.exec.is_some() || case.needs != Needs::Command)
        .copied()
        .collect();
    let cases = select(selection, &playable)?;
    let known = request.map(|Octets(octets)| octets.clone());
    let mut flags = request.map_or_else(String::new, |Octets(octets)| {
        format!(" --request {}", eop_conformance::octets::payload(octets))
    });
    flags += flag(manner);
    let reached = reached(way, Some(attached), known, manner)?;
    judge(
        &[Trial {
            testee: Testee::Server(reached.testee),
            role: Role::Server,
            cases,
            name: named(reached.name, manner),
            command: format!("eop-conformance server {}{flags}", reached.flags),
            not_judged: eop_conformance::cases::not_judged(&all, &playable),
            inapplicable: inapplicable(selection, &all, manner.tls),
        }],
        manner,
    )
}

/// A server, and how the user named it.
pub(super) struct Reached {
    /// The server.
    pub(super) testee: ServerTestee,
    /// What reports call it.
    pub(super) name: String,
    /// The options that reach it again.
    pub(super) flags: String,
}

/// Attaches to a server that runs, or starts one; `known` is a message that it answers if it does not speak the test
/// service. `attached` says what one that runs shows over TLS.
pub(super) fn reached(
    way: &ServerWay,
    attached: Option<&AttachedTls>,
    known: Option<Vec<u8>>,
    manner: &Manner,
) -> Result<Reached, Refusal> {
    let secured = attached.filter(|_| manner.tls);
    match (way.addr, &way.exec) {
        (Some(address), _) => {
            let authority = secured.map(authority_of).transpose()?;
            // Whether anybody is there is found out before anything is judged.
            std::net::TcpStream::connect_timeout(&address.into(), start(manner)).map_err(
                |error| Refusal(Exit::NotStarted, format!("cannot reach {address}: {error}")),
            )?;
            let mut flags = format!("--addr {address}");
            if let Some((anchors, name)) = secured.and_then(AttachedTls::told) {
                let (anchors, name) = (quoted(&anchors.display().to_string()), quoted(name));
                flags += &format!(" --tls-ca {anchors} --tls-name {name}");
            }
            Ok(Reached {
                testee: ServerTestee::attach(address, known, authority),
                name: address.to_string(),
                flags,
            })
        }
        (None, Some(exec)) => {
            let authority = secured.map(|_| authority()).transpose()?;
            Ok(Reached {
                testee: ServerTestee::start(exec, known, start(manner), authority)?,
                name: format!("`{exec}`"),
                flags: format!("--exec {}", quoted(exec)),
            })
        }
        (None, None) => Err(Refusal::usage("--addr or --exec")),
    }
}

/// A client, through its driver, or as a program.
pub(super) fn client(
    way: &ClientWay,
    answer: Option<&Octets>,
    selection: &Selection,
    manner: &Manner,
) -> Result<Exit, Refusal> {
    let all = all_of(Role::Client);
    let applicable = |cases: &[Case]| -> Vec<Case> {
        let applies = cases.iter().filter(|case| case.applies(manner.tls));
        applies.copied().collect()
    };
    let authority = || manner.tls.then(authority).transpose();
    let (testee, playable, cases, name, way) = match (&way.exec, &way.plain) {
        (Some(exec), _) => {
            let playable = applicable(&all);
            let cases = select(selection, &playable)?;
            let testee = DriverTestee::start(exec, start(manner), authority()?)?;
            (Testee::Client(testee), playable, cases, exec, "--exec")
        }
        (None, Some(plain)) => {
            let playable = applicable(&eop_conformance::cases::plain());
            let cases = select(selection, &playable)?;
            let answer = answer.map_or_else(|| ANSWER.to_vec(), |Octets(octets)| octets.clone());
            let testee = ProgramTestee::new(plain, answer, authority()?)
                .map_err(|why| Refusal::usage(why.to_string()))?;
            (Testee::Program(testee), playable, cases, plain, "--plain")
        }
        (None, None) => return Err(Refusal::usage("--exec or --plain")),
    };
    let answered = answer.map_or_else(String::new, |Octets(octets)| {
        format!(" --answer {}", eop_conformance::octets::payload(octets))
    });
    let every = match &testee {
        Testee::Program(_) => eop_conformance::cases::plain(),
        Testee::Server(_) | Testee::Client(_) => all.clone(),
    };
    judge(
        &[Trial {
            testee,
            role: Role::Client,
            cases,
            name: named(format!("`{name}`"), manner),
            command: format!(
                "eop-conformance client {way} {}{answered}{}",
                quoted(name),
                flag(manner)
            ),
            not_judged: eop_conformance::cases::not_judged(&all, &playable),
            inapplicable: inapplicable(selection, &every, manner.tls),
        }],
        manner,
    )
}

/// Plays, as often as was asked for, tells, and says how that ends.
fn judge(trials: &[Trial], manner: &Manner) -> Result<Exit, Refusal> {
    hold::check(manner)?;
    let mut outputs = Outputs::open(&manner.out)?;
    let mut expectations = Expectations::read(manner)?;
    let rounds = manner.repeat_until_fail.unwrap_or(1);
    let begun = Instant::now();
    let mut round = 0_u32;
    let (runs, exit) = loop {
        let seed = match manner.repeat_until_fail {
            Some(_) => Some(manner.seed.unwrap_or_default().wrapping_add(round.into())),
            None => manner.seed,
        };
        round = round.saturating_add(1);
        let settings = settings(manner, begun, seed);
        let play = |trial: &Trial| {
            let progress = Progress::begin(trial.role, &trial.cases, &settings, round);
            let run = play(trial, &settings, &expectations, &progress);
            progress.end();
            run
        };
        let runs: Vec<_> = trials.iter().map(play).collect();
        let exit = runs.iter().map(exit).max().unwrap_or(Exit::Usage);
        if exit != Exit::Conforms || round >= rounds {
            break (runs, exit);
        }
    };
    outputs.tell(&runs)?;
    if manner.repeat_until_fail.is_some() {
        let so = if exit == Exit::Conforms {
            "as it should be"
        } else {
            "not as it should be"
        };
        say(&format!("round {round}: {so}\n"));
    }
    let exit = expectations.update(&runs, exit)?;
    if let Some(time) = manner.hold {
        hold::hold(
            trials.iter().map(|trial| &trial.testee).zip(&runs),
            &settings(manner, Instant::now(), None),
            time,
        );
    }
    Ok(exit)
}

fn play(
    trial: &Trial,
    settings: &Settings,
    expectations: &Expectations,
    progress: &Progress,
) -> Run {
    let begun = Instant::now();
    let any = eop_conformance::cases::gate(trial.role);
    let gate = gate(trial.cases.first().unwrap_or(&any));
    let outcomes = schedule::run(&trial.testee, &gate, &trial.cases, settings, &|played| {
        progress.played(played);
    });
    let Judged { expected, amiss } = expectations.judge(trial.role, &outcomes);
    Run {
        role: trial.role,
        testee: trial.name.clone(),
        outcomes,
        timelines: settings.timelines,
        millis: begun.elapsed().as_millis(),
        command: trial.command.clone(),
        seed: settings.seed,
        expected,
        amiss,
        not_judged: trial.not_judged.clone(),
        inapplicable: trial.inapplicable.clone(),
    }
}

fn exit(run: &Run) -> Exit {
    let has = |verdict| run.count(verdict) > 0;
    if has(Verdict::NotRun) {
        Exit::Deadline
    } else if has(Verdict::Error) {
        Exit::Harness
    } else if run.as_expected() {
        Exit::Conforms
    } else {
        Exit::DoesNot
    }
}

/// How to play, as the options say, with a deadline that counts from `begun`.
pub(super) fn settings(manner: &Manner, begun: Instant, seed: Option<u64>) -> Settings {
    let until = |deadline: Duration| begun.checked_add(deadline);
    Settings {
        patience: manner.patience,
        serial: manner.serial,
        cut: manner.cut,
        deadline: manner.deadline.and_then(until),
        seed,
        timelines: if manner.timelines || manner.out.iter().any(Out::needs_timelines) {
            Timelines::All
        } else {
            Timelines::Failing
        },
    }
}
