//! What is measured in memory: one small thing, done by EOP and by others that do the like. No clock and no counter
//! comes in here; `micro.rs`, `instructions.rs` and the benchmarks of criterion bring theirs.

pub mod deframing;
pub mod header;
pub mod heads;
pub mod machines;

/// Does the work of one round and returns something that depends on all of it.
pub type Round = Box<dyn FnMut() -> u64>;

/// One way of doing a thing.
pub struct Contender {
    /// What is done: contenders of one task can be compared.
    pub task: String,
    /// Who does it.
    pub name: &'static str,
    /// What one unit of the task is.
    pub unit: &'static str,
    /// Units in a round.
    pub units: u32,
    /// Gets ready.
    pub prepare: Box<dyn Fn() -> Round>,
}

impl Contender {
    fn new(
        task: impl Into<String>,
        name: &'static str,
        (units, unit): (u32, &'static str),
        prepare: impl Fn() -> Round + 'static,
    ) -> Self {
        Self {
            task: task.into(),
            name,
            unit,
            units,
            prepare: Box::new(prepare),
        }
    }

    /// How it is named on a command line.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.task, self.name)
    }
}

/// Every contender, task by task; the first of a task is EOP.
#[must_use]
pub fn all() -> Vec<Contender> {
    let mut all = header::contenders();
    all.extend(heads::contenders());
    all.extend(deframing::contenders());
    all.extend(machines::contenders());
    all
}
