//! Breadth first through every world, remembering which were seen by their fingerprints: 64 bits each, so that
//! of ten million worlds the chance that any two are taken for one is below 1 in 300,000.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::properties::{Property, Verdict, goes_on};
use crate::races::Races;
use crate::setting::Setting;
use crate::steps::{Step, steps, take};
use crate::world::World;

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub states: usize,
    pub transitions: usize,
    /// Steps of the longest history.
    pub depth: usize,
    /// Worlds in which the session is over.
    pub ended: usize,
    pub races: Races,
}

/// A history that breaks a property: the shortest there is.
#[derive(Debug)]
pub(crate) struct Counterexample {
    pub verdict: Verdict,
    pub history: Vec<Step>,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verdict, history } = self;
        write!(
            f,
            "{:?} does not hold, {}: {history:?}",
            verdict.property, verdict.what
        )
    }
}

/// Walks everything that the setting allows.
pub(crate) fn walk(setting: &Setting) -> Result<Walk, Counterexample> {
    let mut found = Walk::default();
    let mut seen: HashMap<u64, u32, BuildHasherDefault<Same>> = HashMap::default();
    // From world to world, by what happens of itself.
    let mut of_itself: Vec<(u32, u32)> = Vec::new();
    let mut origins: Vec<(u32, Option<Step>)> = Vec::new();
    let mut queue: VecDeque<(World, u32, usize)> = VecDeque::new();
    let mut next = Vec::new();
    let first = World::new(setting);
    seen.insert(fingerprint(&first), 0);
    origins.push((0, None));
    queue.push_back((first, 0, 0));
    while let Some((world, origin, depth)) = queue.pop_front() {
        found.states += 1;
        found.depth = depth;
        steps(&world, setting, &mut next);
        if next.is_empty() {
            found.ended += 1;
        }
        goes_on(&world, setting, &next)
            .map_err(|verdict| counterexample(&origins, origin, None, verdict))?;
        for step in &next {
            found.transitions += 1;
            let after = match take(&world, setting, *step, &mut found.races) {
                Ok(after) => after,
                // With one property watched, a history that breaks another leads nowhere.
                Err(verdict)
                    if setting
                        .watched
                        .is_some_and(|watched| watched != verdict.property) =>
                {
                    continue;
                }
                Err(verdict) => return Err(counterexample(&origins, origin, Some(*step), verdict)),
            };
            let next = u32::try_from(origins.len()).expect("fewer than 2^32 worlds");
            let number = *seen.entry(fingerprint(&after)).or_insert(next);
            if number == next {
                origins.push((origin, Some(*step)));
                queue.push_back((after, number, depth + 1));
            }
            if step.is_cooperative() {
                of_itself.push((origin, number));
            }
        }
    }
    match on_a_cycle(origins.len(), &of_itself) {
        Some(origin)
            if setting
                .watched
                .is_none_or(|watched| watched == Property::NoLivelock) =>
        {
            let verdict = Verdict {
                property: Property::NoLivelock,
                what: "it comes back to this world of itself".to_owned(),
            };
            Err(counterexample(&origins, origin, None, verdict))
        }
        Some(_) | None => Ok(found),
    }
}

/// The first world that is left when those are taken away, again and again, to which no step leads any more. `None`: no
/// world is left, so none can be come back to.
fn on_a_cycle(worlds: usize, edges: &[(u32, u32)]) -> Option<u32> {
    let mut arriving = vec![0_u32; worlds];
    let mut leaving: Vec<u32> = vec![0; worlds + 1];
    for (from, to) in edges {
        arriving[*to as usize] += 1;
        leaving[*from as usize + 1] += 1;
    }
    // Worlds are numbered in the order in which they are left, so the edges are sorted already.
    for world in 0..worlds {
        leaving[world + 1] += leaving[world];
    }
    let mut free: Vec<u32> = (0..).take(worlds).collect();
    free.retain(|world| arriving[*world as usize] == 0);
    let mut taken = vec![false; worlds];
    while let Some(world) = free.pop() {
        let world = world as usize;
        taken[world] = true;
        for (_, to) in &edges[leaving[world] as usize..leaving[world + 1] as usize] {
            arriving[*to as usize] -= 1;
            if arriving[*to as usize] == 0 {
                free.push(*to);
            }
        }
    }
    let left = taken.iter().position(|taken| !taken)?;
    u32::try_from(left).ok()
}

fn counterexample(
    origins: &[(u32, Option<Step>)],
    mut origin: u32,
    last: Option<Step>,
    verdict: Verdict,
) -> Counterexample {
    let mut history: Vec<Step> = last.into_iter().collect();
    while let (before, Some(step)) = origins[origin as usize] {
        history.push(step);
        origin = before;
    }
    history.reverse();
    Counterexample { verdict, history }
}

fn fingerprint(world: &World) -> u64 {
    let mut hasher = Mix::default();
    world.hash(&mut hasher);
    hasher.finish()
}

/// Multiplies and folds, eight octets at a time.
#[derive(Default)]
struct Mix(u64);

impl Mix {
    fn add(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ 0x9e37_79b9_7f4a_7c15) * 0xa076_1d64_78bd_642f;
        self.0 = ((product >> 64) ^ product) as u64 ^ self.0.rotate_left(25);
    }
}

impl Hasher for Mix {
    fn write(&mut self, octets: &[u8]) {
        let mut words = octets.chunks_exact(8);
        for word in &mut words {
            self.add(u64::from_le_bytes(word.try_into().expect("eight octets")));
        }
        let rest = words.remainder();
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.add(u64::from_le_bytes(word) ^ ((rest.len() as u64) << 56));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.add(u64::from(word));
    }

    fn write_u16(&mut self, word: u16) {
        self.add(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.add(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.add(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.write(&word.to_le_bytes());
    }

    fn finish(&self) -> u64 {
        let mut last = Self(self.0);
        last.add(0);
        last.add(1);
        last.0
    }
}

/// The fingerprints are hashes already.
#[derive(Default)]
struct Same(u64);

impl Hasher for Same {
    fn write(&mut self, _: &[u8]) {
        unreachable!("fingerprints are words");
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
