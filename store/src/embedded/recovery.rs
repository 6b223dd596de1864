//! A store's directory in, the running engine with its ledger and its last commit out, or why not. Checks that
//! nothing acknowledged is missing before the engine touches a file.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::RwLock;

use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{Database, Keyspace, KeyspaceCreateOptions};

use super::directory::Directory;
use super::journal::{self, Ending, Reading};
use super::layout::{self, BlockId, CommitMark};
use super::ledger::{Ledger, LogState};
use super::{Core, OpenError, Options};

/// Memory for entries not yet in tables, per keyspace. Blocks trimmed before it is full never reach a table.
const MEMTABLE_BYTES: u64 = 16 * 1024 * 1024;
/// Beyond this the engine writes idle keyspaces out to be rid of old journals.
const JOURNALS_BYTES: u64 = 256 * 1024 * 1024;

pub(super) fn open(path: &Path, options: &Options) -> Result<(Core, CommitMark), OpenError> {
    let directory = Directory::open(path)?;
    let failed = |reason: String| OpenError::Failed { path: path.to_owned(), reason };
    let acknowledged = directory.acknowledged().map_err(|error| failed(error.to_string()))?;
    check_journals(&directory, acknowledged, options.accept_loss)?;

    let database = Database::builder(directory.engine_path())
        .manual_journal_persist(true)
        .worker_threads(2)
        .cache_size(options.cache_bytes)
        .max_journaling_size(JOURNALS_BYTES)
        .open()
        .map_err(|error| failed(error.to_string()))?;
    let keyspace = |name| database.keyspace(name, settings).map_err(|error| failed(error.to_string()));
    let (documents, logs) = (keyspace("documents")?, keyspace("logs")?);

    let damaged = |reason: String| OpenError::Damaged { path: path.to_owned(), reason };
    let stored = documents.get(layout::COMMIT_KEY).map_err(|error| failed(error.to_string()))?;
    let mark = stored.map(|stored| layout::commit_mark(&stored)).transpose();
    let mark = mark.map_err(|reason| damaged(reason.to_owned()))?.unwrap_or_default();
    if let Some(acknowledged) = acknowledged.filter(|acknowledged| *acknowledged > mark.number) {
        if !options.accept_loss {
            let missing = Some(acknowledged - mark.number);
            return Err(OpenError::Lost { path: path.to_owned(), file: directory.engine_path(), missing });
        }
        // What was given up counts no more, or the next start would report it again.
        directory.acknowledge(mark.number).map_err(|error| failed(error.to_string()))?;
    }
    let ledger = ledger(&logs).map_err(damaged)?;
    Ok((Core { documents, logs, database, ledger: RwLock::new(ledger), directory }, mark))
}

fn settings() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .manual_journal_persist(true)
        .max_memtable_size(MEMTABLE_BYTES)
        .data_block_size_policy(BlockSizePolicy::all(8 * 1024))
        .data_block_compression_policy(CompressionPolicy::disabled())
}

/// Refuses damage that took acknowledged commits; cuts off what a crash left of commits nobody was told of.
fn check_journals(
    directory: &Directory,
    acknowledged: Option<u64>,
    accept_loss: bool,
) -> Result<(), OpenError> {
    let failed =
        |error: io::Error| OpenError::Failed { path: directory.path.clone(), reason: error.to_string() };
    let engine = directory.engine_path();
    let journals = journals(&engine).map_err(failed)?;
    let mut last = None;
    for (position, path) in journals.iter().enumerate() {
        let reading = journal::read(path).map_err(failed)?;
        last = reading.last.or(last);
        let later = journals.get(position + 1..).unwrap_or_default();
        match verdict(&reading, last, acknowledged, later.is_empty()) {
            Verdict::Whole => {}
            Verdict::Unfinished { is_doubtful } => {
                cut_unfinished(path, reading.sound_bytes, is_doubtful).map_err(failed)?;
            }
            Verdict::Lost { .. } if accept_loss => return set_aside(&reading, path, later).map_err(failed),
            Verdict::Lost { missing } => {
                return Err(OpenError::Lost { path: directory.path.clone(), file: path.clone(), missing });
            }
        }
    }
    clear_unfinished(&engine, last.is_none() && acknowledged.is_none()).map_err(failed)
}

/// What a journal's ending means for those who were told of commits.
enum Verdict {
    Whole,
    /// The last commits are not whole, and nobody was told of them; doubtful if that cannot be known yet.
    Unfinished {
        is_doubtful: bool,
    },
    Lost {
        missing: Option<u64>,
    },
}

fn verdict(
    reading: &Reading,
    last: Option<CommitMark>,
    acknowledged: Option<u64>,
    is_active: bool,
) -> Verdict {
    // A later commit vouches for the synced ones before it, not for itself: a power cut may leave the end of an
    // unsynced stretch without its beginning.
    let (promised, is_followed) = match reading.ending {
        Ending::Clean => return Verdict::Whole,
        Ending::Torn => (acknowledged.unwrap_or_default(), false),
        Ending::Damaged { beyond } => (acknowledged.unwrap_or_default().max(beyond.synced), true),
    };
    // A journal is synced as a whole before the next one is begun.
    let is_lost = !is_active
        || match last {
            Some(last) => promised > last.number,
            None => is_followed && promised > 0,
        };
    if is_lost {
        let missing = last.map(|last| promised.saturating_sub(last.number)).filter(|missing| *missing > 0);
        return Verdict::Lost { missing };
    }
    Verdict::Unfinished { is_doubtful: is_followed || last.is_none() }
}

/// The engine cannot open what a crash left of its own creation: nothing was committed then, so it starts over.
fn clear_unfinished(engine: &Path, is_unused: bool) -> io::Result<()> {
    if is_unused && engine.exists() && !engine.join("version").exists() {
        fs::remove_dir_all(engine)?;
    }
    Ok(())
}

/// Ends the journal where the sound part ends; keeps a copy where it cannot be told that nobody relied on it.
fn cut_unfinished(path: &Path, sound_bytes: u64, is_doubtful: bool) -> io::Result<()> {
    if is_doubtful {
        fs::copy(path, aside(path))?;
    }
    cut(path, sound_bytes)
}

fn aside(path: &Path) -> PathBuf {
    path.with_added_extension("damaged")
}

/// The engine's journal files, oldest first.
fn journals(engine: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    let entries = match fs::read_dir(engine) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(number) = name.and_then(|name| name.strip_suffix(".jnl")?.parse().ok()) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// Keeps a copy of the damaged journal, ends it before the damage and puts the later ones out of the way: what
/// is left is a state the store once had.
fn set_aside(reading: &Reading, path: &Path, later: &[PathBuf]) -> io::Result<()> {
    fs::copy(path, aside(path))?;
    File::open(aside(path))?.sync_all()?;
    for path in later {
        fs::rename(path, aside(path))?;
    }
    cut(path, reading.sound_bytes)
}

fn cut(path: &Path, length: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(length)?;
    file.sync_all()
}

/// Builds the ledger from the keys and heads in the logs keyspace.
fn ledger(logs: &Keyspace) -> Result<Ledger, String> {
    let mut ledger = Ledger::new();
    let mut current: Option<(Box<[u8]>, LogState)> = None;
    let mut partial: Vec<(Box<[u8]>, BlockId)> = Vec::new();
    for entry in logs.iter() {
        let (stored_key, value) = entry.into_inner().map_err(|error| error.to_string())?;
        let (log, id) = layout::log_entry(&stored_key)?;
        let gap = |expected, found| {
            format!("log \"{}\" goes on at {found} instead of {expected}", log.escape_ascii())
        };
        let known = current.take_if(|(known, _)| **known == *log);
        if let Some((log, state)) = current.take() {
            ledger.insert(log, state);
        }
        current = match (known, id) {
            (None, None) => Some((log.into(), LogState::starting_at(layout::head(&value)?))),
            (None, Some(id)) => {
                let mut state = LogState::starting_at(id.first_seq);
                state.push(id);
                Some((log.into(), state))
            }
            (Some((log, mut state)), Some(id)) => {
                if state.block_count() == 0 && id.first_seq < state.head && state.head < id.end() {
                    partial.push((log.clone(), id));
                } else if state.block_count() == 0 {
                    // A head below the first block is an old one; later trims ended between blocks.
                    state.head = state.head.max(id.first_seq);
                }
                if state.block_count() > 0 && id.first_seq != state.tail {
                    return Err(gap(state.tail, id.first_seq));
                }
                if state.head >= id.end() {
                    return Err(gap(state.head, id.first_seq));
                }
                state.push(id);
                Some((log, state))
            }
            (Some(_), None) => return Err(format!("log \"{}\" has two heads", log.escape_ascii())),
        };
    }
    ledger.extend(current);
    for (log, id) in partial {
        shave(logs, &mut ledger, &log, id)?;
    }
    Ok(ledger)
}

/// Counts what is trimmed off a log's first block.
fn shave(logs: &Keyspace, ledger: &mut Ledger, log: &[u8], id: BlockId) -> Result<(), String> {
    let Some(state) = ledger.get_mut(log) else { return Ok(()) };
    let stored = logs.get(id.key(log)).map_err(|error| error.to_string())?;
    let records = stored.and_then(|stored| layout::block_records(id, &stored).ok());
    let below = (id.first_seq..state.head).zip(records.iter().flatten());
    let shaved = below.map(|(_, record)| record.len() as u64).sum();
    state.shave(state.head, shaved);
    Ok(())
}
