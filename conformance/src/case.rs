//! A case: what is played to a testee, and which requirements it speaks for.
//!
//! Cases are constants, grouped by section of the specification in `cases`; nothing here runs them.

use std::fmt;

use crate::feature::Feature;
use crate::requirement::{self, Level, Requirement};
use crate::segmentation::Cut;
use crate::stage::{ClientStage, ProgramStage, ServerStage};
use crate::verdict::Step;

/// The role under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The testee accepts connections.
    Server,
    /// The testee opens them.
    Client,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}

/// Whether a case demands that something be done or that something be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polarity {
    /// The testee does what is asked.
    Positive,
    /// The testee refuses a defect. Played twice: as [`Twin::Control`], then as [`Twin::Defect`].
    Negative,
}

/// Which of the two plays of a negative case this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twin {
    /// The same without the defect: it has to be accepted, else the case is inconclusive.
    Control,
    /// With the defect.
    Defect,
}

impl fmt::Display for Twin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "control",
            Self::Defect => "defect",
        })
    }
}

/// What a case is played by.
#[derive(Debug, Clone, Copy)]
pub enum Script {
    /// The runner is the client.
    Server(fn(&mut ServerStage<'_>) -> Step),
    /// The runner is every server, and the application behind a driver.
    Client(fn(&mut ClientStage<'_>) -> Step),
    /// The runner is every server, of a client program without a driver.
    Program(fn(&mut ProgramStage<'_>) -> Step),
}

/// What the testee has to offer for a case to be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A message that is known to be answered.
    Answer,
    /// The test service, or the driver.
    Contract,
    /// The test service, and a command that starts further instances.
    Command,
    /// A client program, started anew for every play; no driver.
    Program,
    /// The driver, and a feature that a driver may lack.
    Feature(Feature),
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => f.write_str("a message that is answered"),
            Self::Contract => f.write_str("the test service, or a driver"),
            Self::Command => f.write_str("the test service, and a command that starts it"),
            Self::Program => f.write_str("a program that --plain starts"),
            Self::Feature(feature) => write!(f, "a driver, and {feature}"),
        }
    }
}

/// How the octets of a case are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cuts {
    /// In every way.
    Every,
    /// Not at all: the case is about time or about large amounts.
    Whole,
}

/// Over what a case can be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Over TCP alone and over TLS.
    Either,
    /// Over TCP alone, because of what this says.
    Cleartext(&'static str),
    /// Over TLS alone.
    Tls,
}

/// One case.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Its name, which never changes: `section.what-it-is`.
    pub id: &'static str,
    /// The requirements it speaks for; a breach that names none breaks the first.
    pub requirements: &'static [&'static str],
    /// What is played and what has to happen, in one sentence.
    pub title: &'static str,
    /// Whether it has a twin.
    pub polarity: Polarity,
    /// What the testee has to offer.
    pub needs: Needs,
    /// How its octets are cut.
    pub cuts: Cuts,
    /// Over what it can be played.
    pub over: Over,
    /// What is played.
    pub script: Script,
}

impl Case {
    /// A case that a server passes by doing something.
    pub(crate) const fn server(
        id: &'static str,
        requirements: &'static [&'static str],
        title: &'static str,
        script: fn(&mut ServerStage<'_>) -> Step,
    ) -> Self {
        Self::new(id, requirements, title, Script::Server(script))
    }

    /// A case that a client passes by doing something.
    pub(crate) const fn client(
        id: &'static str,
        requirements: &'static [&'static str],
        title: &'static str,
        script: fn(&mut ClientStage<'_>) -> Step,
    ) -> Self {
        Self::new(id, requirements, title, Script::Client(script))
    }

    /// A case that a client program without a driver passes by doing something. It is not cut: every play costs a process.
    pub(crate) const fn program(
        id: &'static str,
        requirements: &'static [&'static str],
        title: &'static str,
        script: fn(&mut ProgramStage<'_>) -> Step,
    ) -> Self {
        let case = Self::new(id, requirements, title, Script::Program(script));
        Self {
            needs: Needs::Program,
            ..case.whole()
        }
    }

    const fn new(
        id: &'static str,
        requirements: &'static [&'static str],
        title: &'static str,
        script: Script,
    ) -> Self {
        let (polarity, needs, cuts) = (Polarity::Positive, Needs::Contract, Cuts::Every);
        let over = Over::Either;
        Self {
            id,
            requirements,
            title,
            polarity,
            needs,
            cuts,
            over,
            script,
        }
    }

    /// The case demands a refusal, and has a twin.
    pub(crate) const fn negative(self) -> Self {
        Self {
            polarity: Polarity::Negative,
            ..self
        }
    }

    /// The case is not cut.
    pub(crate) const fn whole(self) -> Self {
        Self {
            cuts: Cuts::Whole,
            ..self
        }
    }

    /// The case is cut in every way, though others of its kind are not.
    pub(crate) const fn every_cut(self) -> Self {
        Self {
            cuts: Cuts::Every,
            ..self
        }
    }

    /// The case looks at what TLS hides, or has another meaning under it.
    pub(crate) const fn in_cleartext(self, why: &'static str) -> Self {
        Self {
            over: Over::Cleartext(why),
            ..self
        }
    }

    /// The case is about TLS. It is not cut: handshakes are not the script's octets.
    pub(crate) const fn over_tls(self) -> Self {
        Self {
            over: Over::Tls,
            ..self.whole()
        }
    }

    /// The case needs a message that is answered, and no test service.
    pub(crate) const fn needs_answer(self) -> Self {
        Self {
            needs: Needs::Answer,
            ..self
        }
    }

    /// The case is about how a server starts and leaves.
    pub(crate) const fn needs_command(self) -> Self {
        Self {
            needs: Needs::Command,
            ..self
        }
    }

    /// The case needs a feature that a driver may lack.
    pub(crate) const fn needs(self, feature: Feature) -> Self {
        Self {
            needs: Needs::Feature(feature),
            ..self
        }
    }

    /// The role under test.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self.script {
            Script::Server(_) => Role::Server,
            Script::Client(_) | Script::Program(_) => Role::Client,
        }
    }

    /// Whether it can be played over TLS, or, if not `secured`, in cleartext.
    #[must_use]
    pub const fn applies(&self, secured: bool) -> bool {
        match self.over {
            Over::Either => true,
            Over::Cleartext(_) => !secured,
            Over::Tls => secured,
        }
    }

    /// The cuts it is played with, the plain one first.
    pub fn played_with(&self) -> impl Iterator<Item = Cut> {
        let every = self.cuts == Cuts::Every;
        Cut::all().filter(move |cut| every || *cut == Cut::Whole)
    }

    /// Its requirements, with their sentences.
    pub fn requirements(&self) -> impl Iterator<Item = Requirement> + '_ {
        self.requirements
            .iter()
            .filter_map(|id| requirement::find(id))
    }

    /// The level of its first requirement.
    #[must_use]
    pub fn level(&self) -> Level {
        self.requirements()
            .next()
            .map_or(Level::Must, |requirement| requirement.level)
    }
}
