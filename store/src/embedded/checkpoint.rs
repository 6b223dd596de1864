//! A frozen overlay in, one sorted run of entries for the tables out, and the ledger brought after it. Runs on a thread
//! of its own, beside commits and reads.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::Core;
use super::layout::{self, BlockId};
use super::ledger::{Ledger, LogState};
use super::overlay::{Fresh, Overlay};
use super::tables::{Trouble, WAITING_RUNS};
use crate::CommitError;

/// Records of one log go into blocks of about this size: a reader takes a whole block.
const BLOCK_BYTES: usize = 16 * 1024;
/// Logs of which the ledger hears at once: readers wait for so long.
const SETTLED_AT_ONCE: usize = 256;
/// How long to wait before the next try when there was no room, and for runs to be merged.
const PAUSE: Duration = Duration::from_millis(20);
/// How long to wait before the next try when the engine failed: what a try leaves behind takes room.
const LONG_PAUSE: Duration = Duration::from_secs(1);
/// So many failures in a row are taken for lasting.
const FAILURES: u32 = 4;
/// Waits for merging at most; a run more is better than none.
const PAUSES: usize = 500;

/// Where the writer leaves a generation for the thread.
#[derive(Debug, Default)]
pub(super) struct Desk {
    work: Mutex<Work>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct Work {
    generation: Option<Generation>,
    stop: bool,
    /// Why the last try failed.
    trouble: Option<Trouble>,
    /// Tries in a row that failed for another reason than room.
    failures: u32,
}

impl From<Trouble> for CommitError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::NoRoom => CommitError::Full,
            Trouble::Failed(_) => CommitError::Failed(trouble.to_string()),
        }
    }
}

/// An overlay whose commits are all in these files.
#[derive(Debug, Clone)]
pub(super) struct Generation {
    pub(super) overlay: Arc<Overlay>,
    pub(super) files: Vec<PathBuf>,
}

impl Desk {
    pub(super) fn give(&self, generation: Generation) {
        self.lock().generation = Some(generation);
        self.bell.notify_all();
    }

    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.bell.notify_all();
    }

    /// Why tables cannot be written at the moment.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.lock().trouble.clone()
    }

    /// Why tables will not be written any more.
    pub(super) fn lasting_failure(&self) -> Option<Trouble> {
        let work = self.lock();
        work.trouble.clone().filter(|_| work.failures >= FAILURES)
    }

    /// Whether no generation is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().generation.is_none()
    }

    /// Waits a little for the generation to be done; whether it is.
    pub(super) fn wait(&self) -> bool {
        let work = self.lock();
        if work.generation.is_none() {
            return true;
        }
        let (work, _) = self.bell.wait_timeout(work, PAUSE).unwrap_or_else(PoisonError::into_inner);
        work.generation.is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next generation; `None`: it is over.
    fn take(&self) -> Option<Generation> {
        let mut work = self.lock();
        loop {
            if work.stop {
                return None;
            }
            if let Some(generation) = &work.generation {
                return Some(generation.clone());
            }
            work = self.bell.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn pause(&self, pause: Duration) {
        let work = self.lock();
        if !work.stop {
            drop(self.bell.wait_timeout(work, pause));
        }
    }

    fn done(&self) {
        let mut work = self.lock();
        (work.generation, work.trouble, work.failures) = (None, None, 0);
        self.bell.notify_all();
    }

    fn failed(&self, trouble: Trouble) {
        let mut work = self.lock();
        let pause = if trouble == Trouble::NoRoom { PAUSE } else { LONG_PAUSE };
        work.failures = if trouble == Trouble::NoRoom { 0 } else { work.failures + 1 };
        work.trouble = Some(trouble);
        drop(work);
        self.bell.notify_all();
        self.pause(pause);
    }
}

/// The thread: until the desk is stopped. What it could not finish stays in the journal.
pub(super) fn run(core: &Core) {
    while let Some(generation) = core.desk.take() {
        for _ in 0..PAUSES {
            if core.tables.waiting_runs() < WAITING_RUNS {
                break;
            }
            core.desk.pause(PAUSE);
        }
        match write(core, &generation) {
            Ok(()) => core.desk.done(),
            Err(trouble) => core.desk.failed(trouble),
        }
    }
}

fn write(core: &Core, generation: &Generation) -> Result<(), Trouble> {
    let overlay = &generation.overlay;
    let is_full = || core.directory.free_bytes().is_ok_and(|free| free < overlay.bytes as u64);
    // A run that fails half-way takes room, too.
    if is_full() {
        return Err(Trouble::NoRoom);
    }
    let mut logs: Vec<(&[u8], &Fresh)> = overlay.logs.iter().map(|(log, fresh)| (&**log, fresh)).collect();
    logs.sort_unstable_by_key(|(log, _)| (log.len(), *log));
    let commit = (layout::COMMIT_KEY.to_vec(), Some(layout::commit_value(overlay.last)));
    let documents = overlay.documents.iter().map(|(key, kept)| {
        let value = kept.as_ref().map(|kept| layout::document_value(kept.revision, &kept.value));
        (layout::document_key(key), value)
    });
    let blocks = logs.chunks(SETTLED_AT_ONCE).flat_map(|some| {
        let layers = core.layers();
        let entries: Vec<_> =
            some.iter().flat_map(|(log, fresh)| entries_of(log, fresh, &layers.ledger)).collect();
        entries
    });
    let added = core.tables.add(std::iter::once(commit).chain(documents).chain(blocks).map(Ok));
    added.map_err(|trouble| if is_full() { Trouble::NoRoom } else { trouble })?;
    // Nobody looks at the ledger for these logs as long as the frozen overlay lies over it, and it stays there until the
    // next one comes: what was changed a short while ago is asked for most.
    for some in logs.chunks(SETTLED_AT_ONCE) {
        let mut layers = core.layers_mut();
        some.iter().for_each(|(log, fresh)| settle(log, fresh, &mut layers.ledger));
    }
    // Nothing may fail from here on: settling twice would count blocks twice.
    generation.files.iter().for_each(|file| core.spares.release(file.clone()));
    Ok(())
}

type Entry = (Vec<u8>, Option<Vec<u8>>);

/// What the tables have to learn of a log, in the order of the keys.
fn entries_of(log: &[u8], fresh: &Fresh, ledger: &Ledger) -> Vec<Entry> {
    let stored = ledger.get(log);
    let mut entries: Vec<Entry> = Vec::new();
    let blocks =
        stored.into_iter().flat_map(|stored| (0..stored.block_count()).filter_map(|at| stored.block(at)));
    let is_gone = |id: &BlockId| fresh.dropped || !fresh.exists || id.end() <= fresh.head;
    entries.extend(blocks.take_while(is_gone).map(|id| (id.key(log), None)));
    let head = if fresh.exists {
        entries.extend(blocks_of(fresh).map(|id| {
            let records = fresh.numbered(id.first_seq).take(id.count as usize);
            let records: Vec<Bytes> = records.map(|(_, record)| record.clone()).collect();
            (id.key(log), Some(layout::block_value(id, &records)))
        }));
        let after = after(fresh, stored.cloned());
        (!after.begins_with_a_block()).then(|| layout::head_value(fresh.head))
    } else {
        None
    };
    if head.is_some() || (fresh.dropped && stored.is_some()) {
        entries.push((layout::log_key(log), head));
    }
    // A block that is written again takes the place of the one that is gone.
    entries.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.is_none().cmp(&other.1.is_none())));
    entries.dedup_by(|later, earlier| later.0 == earlier.0);
    entries
}

/// The blocks that the log's records make.
fn blocks_of(fresh: &Fresh) -> impl Iterator<Item = BlockId> {
    let mut lengths = fresh.records.iter().map(Bytes::len).peekable();
    let mut first_seq = fresh.start;
    std::iter::from_fn(move || {
        let (mut count, mut bytes) = (1, lengths.next()?);
        while let Some(length) = lengths.next_if(|length| bytes + length <= BLOCK_BYTES) {
            bytes += length;
            count += 1;
        }
        let bytes = u32::try_from(bytes).expect("a record has at most 64 MiB");
        let id = BlockId { first_seq, count, bytes };
        first_seq += u64::from(count);
        Some(id)
    })
}

/// The ledger's state of the log when this is in the tables.
fn after(fresh: &Fresh, stored: Option<LogState>) -> LogState {
    let mut state = match stored {
        Some(stored) if !fresh.dropped => stored,
        _ => LogState::starting_at(fresh.start),
    };
    while state.block(0).is_some_and(|id| id.end() <= fresh.head) {
        state.pop();
    }
    state.tail = state.tail.max(fresh.start);
    blocks_of(fresh).for_each(|id| state.push(id));
    state.settle(fresh.head, fresh.tail, fresh.bytes);
    state
}

fn settle(log: &[u8], fresh: &Fresh, ledger: &mut Ledger) {
    let stored = ledger.remove(log);
    if fresh.exists {
        ledger.insert(log.into(), after(fresh, stored));
    }
}
