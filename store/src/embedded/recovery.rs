//! A store's directory in, the running store as its last commit left it out, or why not. Checks that nothing
//! acknowledged is missing before anything is changed.

use std::fs::{self, File};
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::RwLock;

use bytes::Bytes;

use super::checkpoint::Desk;
use super::directory::{Directory, ENGINE_ALONE};
use super::journal::{self, Begun, CommitMark, Ending, FRAME_HEADER, Journal, Spares};
use super::layers::{Blocks as _, Layers};
use super::layout::{self, BlockId};
use super::ledger::{Ledger, LogState};
use super::tables::Tables;
use super::{Core, OpenError, Options};

pub(super) fn open(path: &Path, options: &Options) -> Result<(Core, Journal, CommitMark), OpenError> {
    let directory = Directory::open(path)?;
    let failed = |reason: String| OpenError::Failed { path: path.to_owned(), reason };
    let io_failed = |error: io::Error| failed(error.to_string());
    let acknowledged = directory.acknowledged().map_err(io_failed)?;
    let tables = Tables::open(&directory.engine_path(), options.cache_bytes, acknowledged.is_none())
        .map_err(failed)?;
    if directory.format == ENGINE_ALONE {
        take_over(&directory, &tables, acknowledged, options.accept_loss)?;
    }
    for earlier in EARLIER {
        if let Some(earlier) = tables.others(earlier).map_err(failed)? {
            tables.forget(earlier).map_err(failed)?;
        }
    }

    let damaged = |reason: String| OpenError::Damaged { path: path.to_owned(), reason };
    let written = written(&tables).map_err(damaged)?;
    let layers = Layers { ledger: ledger(&tables).map_err(damaged)?, ..Layers::default() };
    let spares = Spares::default();
    let core = Core { layers: RwLock::new(layers), tables, desk: Desk::default(), spares, directory };
    core.directory.create_journal().map_err(io_failed)?;
    let found = journal::find(&core.directory.journal_path()).map_err(io_failed)?;
    let last_id = found.begun.last().map_or(0, |begun| begun.id);
    let replayed = Replay { core: &core, acknowledged, last: written, options }.run(found.begun)?;
    let mut unused = replayed.unused;
    if let Some(acknowledged) = acknowledged.filter(|acknowledged| *acknowledged > replayed.last) {
        if !options.accept_loss {
            let missing = acknowledged - replayed.last;
            return Err(OpenError::Lost {
                path: path.to_owned(),
                file: core.directory.journal_path(),
                missing,
            });
        }
        // What was given up counts no more, or the next start would report it again.
        core.directory.acknowledge(replayed.last).map_err(io_failed)?;
        found.blank.iter().try_for_each(|file| rename(file)).map_err(io_failed)?;
    } else {
        unused.extend(found.blank);
    }
    unused.into_iter().for_each(|file| core.spares.release(file));
    let journal = Journal::new(&core.directory.journal_path(), replayed.live, last_id, core.spares.clone());
    let mark = CommitMark { number: replayed.last, synced: replayed.last };
    Ok((core, journal, mark))
}

/// Brings the journal's commits back into memory.
struct Replay<'c> {
    core: &'c Core,
    acknowledged: Option<u64>,
    /// The last commit so far.
    last: u64,
    options: &'c Options,
}

struct Replayed {
    last: u64,
    /// Files with commits that are not in the tables.
    live: Vec<PathBuf>,
    /// Files whose commits are all in the tables.
    unused: Vec<PathBuf>,
}

impl Replay<'_> {
    fn run(mut self, begun: Vec<Begun>) -> Result<Replayed, OpenError> {
        let (mut live, mut unused) = (Vec::new(), Vec::new());
        let mut files = begun.as_slice();
        while let Some((file, later)) = files.split_first() {
            files = later;
            let next = later.first().map(|next| next.first);
            if next.is_some_and(|next| next <= self.last + 1) {
                unused.push(file.path.clone());
                continue;
            }
            if file.first > self.last + 1 {
                self.lost(file, file.first - 1 - self.last)?;
                set_aside(later).and_then(|()| rename(&file.path)).map_err(|error| self.failed(&error))?;
                break;
            }
            live.push(file.path.clone());
            let doubtful = match self.file(file, next)? {
                Verdict::Whole => false,
                Verdict::Unfinished { is_doubtful } => is_doubtful,
                Verdict::Lost { missing } => {
                    self.lost(file, missing)?;
                    set_aside(later).map_err(|error| self.failed(&error))?;
                    files = &[];
                    true
                }
            };
            if doubtful {
                copy(file).map_err(|error| self.failed(&error))?;
            }
        }
        Ok(Replayed { last: self.last, live, unused })
    }

    /// Takes the commits of a file; `next`: the first commit of the file after it.
    fn file(&mut self, file: &Begun, next: Option<u64>) -> Result<Verdict, OpenError> {
        let run = journal::run(file).map_err(|error| self.failed(&error))?;
        let last = (file.first - 1) + run.frames.len() as u64;
        for (number, frame) in run.frames {
            if number > self.last {
                self.take(number, &frame)?;
            }
        }
        self.last = self.last.max(last);
        Ok(match next {
            // A file is synced as a whole before the next one is begun.
            Some(next) if last + 1 == next => Verdict::Whole,
            Some(next) => Verdict::Lost { missing: (next - 1).max(self.promised()) - self.last },
            None => verdict(run.ending, self.last, self.promised()),
        })
    }

    fn take(&self, number: u64, frame: &Bytes) -> Result<(), OpenError> {
        let taken = self.core.layers_mut().apply(number, frame, FRAME_HEADER, &self.core.tables);
        let path = self.core.directory.path.clone();
        taken.map_err(|reason| OpenError::Damaged { path, reason: reason.to_owned() })
    }

    fn promised(&self) -> u64 {
        self.acknowledged.unwrap_or_default()
    }

    /// An error, unless the loss is accepted.
    fn lost(&self, file: &Begun, missing: u64) -> Result<(), OpenError> {
        if self.options.accept_loss {
            return Ok(());
        }
        // As many as are known of, also behind this file.
        let missing = missing.max(self.promised().saturating_sub(self.last));
        Err(OpenError::Lost { path: self.core.directory.path.clone(), file: file.path.clone(), missing })
    }

    fn failed(&self, error: &io::Error) -> OpenError {
        OpenError::Failed { path: self.core.directory.path.clone(), reason: error.to_string() }
    }
}

/// What a file's ending means for those who were told of commits.
enum Verdict {
    Whole,
    /// The last commits are not whole, and nobody was told of them; doubtful if that cannot be known.
    Unfinished {
        is_doubtful: bool,
    },
    Lost {
        missing: u64,
    },
}

/// Of the last file.
fn verdict(ending: Ending, last: u64, acknowledged: u64) -> Verdict {
    // A later commit vouches for the synced ones before it, not for itself: a power cut may leave the end of an
    // unsynced stretch without its beginning.
    let (promised, is_followed) = match ending {
        Ending::Open => (acknowledged, false),
        Ending::Damaged { beyond } => (acknowledged.max(beyond.synced), true),
    };
    if promised > last {
        return Verdict::Lost { missing: promised - last };
    }
    Verdict::Unfinished { is_doubtful: is_followed }
}

fn aside(path: &Path) -> PathBuf {
    path.with_added_extension("damaged")
}

fn copy(file: &Begun) -> io::Result<()> {
    fs::copy(&file.path, aside(&file.path))?;
    File::open(aside(&file.path))?.sync_all()
}

fn rename(file: &Path) -> io::Result<()> {
    fs::rename(file, aside(file))
}

/// Puts files out of the way: what is left is a state the store once had.
fn set_aside(files: &[Begun]) -> io::Result<()> {
    files.iter().try_for_each(|file| rename(&file.path))
}

/// Keyspaces of the format in which the engine had the journal.
const EARLIER: [&str; 2] = ["documents", "logs"];

/// Brings everything of a directory in the earlier format into the tables, and then says so.
fn take_over(
    directory: &Directory,
    tables: &Tables,
    acknowledged: Option<u64>,
    accept_loss: bool,
) -> Result<(), OpenError> {
    let failed = |reason: String| OpenError::Failed { path: directory.path.clone(), reason };
    let [documents, logs] = EARLIER.map(|name| tables.others(name).map_err(failed));
    if let (Some(documents), Some(logs)) = (documents?, logs?) {
        let number = documents.get(layout::COMMIT_KEY).map_err(failed)?;
        let number = number.map(|stored| layout::commit_number(&stored)).transpose();
        let number = number.map_err(|reason| failed(reason.to_owned()))?.unwrap_or_default();
        let missing = acknowledged.unwrap_or_default().saturating_sub(number);
        if missing > 0 && !accept_loss {
            let (path, file) = (directory.path.clone(), directory.engine_path());
            return Err(OpenError::Lost { path, file, missing });
        }
        let documents =
            documents.entries().map(|entry| entry.map(|(key, value)| (key.to_vec(), Some(value.to_vec()))));
        let logs = logs.entries().map(|entry| {
            entry.map(|(key, value)| ([&[layout::LOG], &key[..]].concat(), Some(value.to_vec())))
        });
        tables.add(documents.chain(logs)).map_err(|trouble| failed(trouble.to_string()))?;
    }
    directory.update_format().map_err(|error| failed(error.to_string()))
}

/// The last commit that is in the tables.
fn written(tables: &Tables) -> Result<u64, String> {
    let stored = tables.get(layout::COMMIT_KEY.to_vec())?;
    stored.map_or(Ok(0), |stored| layout::commit_number(&stored).map_err(str::to_owned))
}

/// Builds the ledger from the keys and heads of the logs.
fn ledger(tables: &Tables) -> Result<Ledger, String> {
    let mut ledger = Ledger::default();
    let mut current: Option<(Box<[u8]>, LogState)> = None;
    let mut partial: Vec<(Box<[u8]>, BlockId)> = Vec::new();
    for entry in tables.range(Bound::Included(vec![layout::LOG])) {
        let (stored_key, value) = entry?;
        let (log, id) = layout::log_entry(&stored_key)?;
        let known = current.take_if(|(known, _)| **known == *log);
        ledger.extend(current.take());
        current = Some(match (known, id) {
            (None, None) => (log.into(), LogState::starting_at(layout::head(&value)?)),
            (None, Some(id)) => {
                let mut state = LogState::starting_at(id.first_seq);
                state.push(id);
                (log.into(), state)
            }
            (Some((log, mut state)), Some(id)) => {
                if state.block_count() == 0 && id.first_seq < state.head && state.head < id.end() {
                    partial.push((log.clone(), id));
                }
                add_block(&log, &mut state, id)?;
                (log, state)
            }
            (Some(_), None) => return Err(format!("log \"{}\" has two heads", log.escape_ascii())),
        });
    }
    ledger.extend(current);
    for (log, id) in partial {
        shave(tables, &mut ledger, &log, id);
    }
    Ok(ledger)
}

fn add_block(log: &[u8], state: &mut LogState, id: BlockId) -> Result<(), String> {
    let gap = |expected| {
        let (log, found) = (log.escape_ascii(), id.first_seq);
        Err(format!("log \"{log}\" goes on at {found} instead of {expected}"))
    };
    if state.block_count() == 0 {
        // A head below the first block is an old one; later trims ended between blocks.
        state.head = state.head.max(id.first_seq);
    } else if id.first_seq != state.tail {
        return gap(state.tail);
    }
    if state.head >= id.end() {
        return gap(state.head);
    }
    state.push(id);
    Ok(())
}

/// Counts what is trimmed off a log's first block.
fn shave(tables: &Tables, ledger: &mut Ledger, log: &[u8], id: BlockId) {
    let Some(state) = ledger.get_mut(log) else { return };
    let records = tables.records(log, id).unwrap_or_default();
    let below = (id.first_seq..state.head).zip(&records);
    let shaved = below.map(|(_, record)| record.len() as u64).sum::<u64>();
    let span = state.span();
    state.settle(span.head, span.tail, span.bytes.saturating_sub(shaved));
}
