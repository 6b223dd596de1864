//! A memory store on a made-up disk that fails, fills up and crashes on command. For the simulator and for tests;
//! the same seed and the same calls give the same outcome.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::memory::State;
use crate::{Batch, CommitError, Durability, Memory, Need, Reader, Store};

/// The disk, which outlives the stores opened on it. Clones are handles on the same disk.
#[derive(Debug, Clone)]
pub struct Disk {
    plates: Arc<Mutex<Plates>>,
}

/// What becomes of the batch whose commit fails. The store answers `Failed` from then on in each case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// None of it is there after recovery, and everything before it is.
    Lost,
    /// All of it is there after recovery, although the caller was told of a failure.
    Kept,
    /// The machine stops in the middle: as much of the unsynced commits as the seed says is there, each whole.
    Torn,
}

/// A store on a [`Disk`].
#[derive(Debug)]
pub struct Faulty {
    memory: Memory,
    disk: Disk,
    opening: u64,
}

#[derive(Debug, Default)]
struct Plates {
    /// What a crash cannot take.
    synced: State,
    /// What was committed since, in order; a crash keeps some first part of it.
    unsynced: Vec<Batch>,
    /// Counts openings; a store of an earlier one is dead.
    opening: u64,
    is_dead: bool,
    is_full: bool,
    /// Commits to go until the fault.
    fault: Option<(u32, Fault)>,
    commits: u64,
    random: u64,
}

impl Disk {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { plates: Arc::new(Mutex::new(Plates { random: seed, is_dead: true, ..Plates::default() })) }
    }

    /// Opens the store as recovery finds it. A store still open on this disk crashes.
    #[must_use]
    pub fn open(&self) -> Faulty {
        self.crash();
        let mut plates = self.plates();
        plates.opening += 1;
        plates.is_dead = false;
        plates.fault = None;
        Faulty { memory: Memory::holding(plates.synced.clone()), disk: self.clone(), opening: plates.opening }
    }

    /// Stops the machine: the open store is dead, and of its unsynced commits a first part is kept.
    pub fn crash(&self) {
        let mut plates = self.plates();
        if !plates.is_dead {
            let kept = plates.draw();
            plates.keep(kept);
            plates.is_dead = true;
        }
    }

    /// Lets the commit after `healthy_commits` more fail.
    pub fn fail_commit(&self, healthy_commits: u32, fault: Fault) {
        self.plates().fault = Some((healthy_commits, fault));
    }

    /// Refuses commits that need room until told otherwise.
    pub fn set_full(&self, is_full: bool) {
        self.plates().is_full = is_full;
    }

    /// How many commits succeeded on this disk.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.plates().commits
    }

    fn plates(&self) -> MutexGuard<'_, Plates> {
        self.plates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plates {
    /// Makes the first unsynced commits durable and forgets the others.
    fn keep(&mut self, count: usize) {
        for batch in self.unsynced.drain(..).take(count) {
            self.synced.take(&batch).expect("a batch that was taken once is taken again in the same order");
        }
    }

    /// How many of the unsynced commits a crash keeps.
    fn draw(&mut self) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let choices = self.unsynced.len() as u64 + 1;
        usize::try_from(mixed % choices).unwrap_or(0)
    }

    /// Whether this commit is the one to fail.
    fn due(&mut self) -> Option<Fault> {
        match self.fault {
            Some((0, fault)) => {
                self.fault = None;
                Some(fault)
            }
            Some((healthy, fault)) => {
                self.fault = Some((healthy - 1, fault));
                None
            }
            None => None,
        }
    }

    fn fail(&mut self, batch: &Batch, fault: Fault) {
        let before = self.unsynced.len();
        self.unsynced.push(batch.clone());
        let kept = match fault {
            Fault::Lost => before,
            Fault::Kept => before + 1,
            Fault::Torn => self.draw(),
        };
        self.keep(kept);
        self.is_dead = true;
    }
}

impl Store for Faulty {
    fn commit(&mut self, batch: &Batch, durability: Durability) -> Result<(), CommitError> {
        let mut plates = self.disk.plates();
        if plates.is_dead || plates.opening != self.opening {
            return Err(CommitError::Failed("the disk stopped".to_owned()));
        }
        if plates.is_full && batch.need(|_| false) != Need::Nothing {
            return Err(CommitError::Full);
        }
        self.memory.check(batch)?;
        if let Some(fault) = plates.due() {
            plates.fail(batch, fault);
            return Err(CommitError::Failed("the disk was told to fail".to_owned()));
        }
        plates.unsynced.push(batch.clone());
        if durability == Durability::Synced {
            plates.keep(usize::MAX);
        }
        plates.commits += 1;
        self.memory.commit(batch, durability)
    }

    fn reader(&self) -> Arc<dyn Reader> {
        self.memory.reader()
    }
}

/// A clean stop keeps everything.
impl Drop for Faulty {
    fn drop(&mut self) {
        let mut plates = self.disk.plates();
        if !plates.is_dead && plates.opening == self.opening {
            plates.keep(usize::MAX);
            plates.is_dead = true;
        }
    }
}
