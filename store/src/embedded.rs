//! A store in a directory on disk: one log-structured engine, one sync per synced commit, every log's head and
//! tail in memory. Refuses to open a directory that lost commits; does not repair it unless told to.

mod directory;
mod journal;
mod layout;
mod ledger;
mod plan;
mod reading;
mod recovery;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use fjall::{Database, Keyspace, PersistMode};
use thiserror::Error;

use self::directory::Directory;
use self::layout::{BlockId, CommitMark};
use self::ledger::Ledger;
use self::plan::{Blocks, Plan};
use crate::admission::{self, Present};
use crate::{Batch, CommitError, Durability, Reader, Store};

/// How to open a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Commits that need room are refused while less than this is free on the disk.
    pub keep_free_bytes: u64,
    /// Memory for cached blocks of the tables.
    pub cache_bytes: u64,
    /// Open a directory that lost commits, giving up what is lost. The damaged files are kept beside.
    pub accept_loss: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { keep_free_bytes: 64 * 1024 * 1024, cache_bytes: 16 * 1024 * 1024, accept_loss: false }
    }
}

/// Why a store's directory was not opened. Nothing in it was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    #[error(
        "{} is in use by {}: stop that process or choose another directory",
        path.display(),
        owner.map_or_else(|| "another process".to_owned(), |owner| format!("process {owner}"))
    )]
    Locked { path: PathBuf, owner: Option<u32> },
    #[error(
        "{} has format {found}, and this program knows formats up to {known}: use the program that wrote it",
        path.display()
    )]
    Newer { path: PathBuf, found: u64, known: u64 },
    #[error("{} holds something else than a store: choose another directory", path.display())]
    Foreign { path: PathBuf },
    #[error(
        "{} lost {} in {}: restore a backup, or open it once accepting the loss",
        path.display(),
        missing.map_or_else(
            || "an unknown number of acknowledged commits".to_owned(),
            |missing| format!("at least {missing} commits")
        ),
        file.display()
    )]
    Lost { path: PathBuf, file: PathBuf, missing: Option<u64> },
    #[error("{} is damaged ({reason}): restore a backup", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("{} cannot be opened ({reason}): check the disk and the permissions", path.display())]
    Failed { path: PathBuf, reason: String },
}

/// The store of a running instance.
pub struct Embedded {
    core: Arc<Core>,
    mark: CommitMark,
    keep_free_bytes: u64,
}

/// Shared with the readers. The directory's lock goes last.
struct Core {
    documents: Keyspace,
    logs: Keyspace,
    database: Database,
    ledger: RwLock<Ledger>,
    directory: Directory,
}

impl Embedded {
    /// Opens the store in a directory, creating it if it does not exist.
    pub fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let (core, mark) = recovery::open(path, options)?;
        Ok(Self { core: Arc::new(core), mark, keep_free_bytes: options.keep_free_bytes })
    }

    /// The directory the store is in.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.core.directory.path
    }

    /// Bytes the store takes on the disk.
    #[must_use]
    pub fn used_bytes(&self) -> Option<u64> {
        self.core.database.disk_space().ok()
    }

    /// Writes everything in memory to tables, so that the next start has nothing to replay.
    pub fn flush(&mut self) -> Result<(), CommitError> {
        for keyspace in [&self.core.documents, &self.core.logs] {
            keyspace.rotate_memtable_and_wait().map_err(|error| CommitError::Failed(error.to_string()))?;
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.keep_free_bytes == 0 || self.free_bytes().is_none_or(|free| free >= self.keep_free_bytes)
    }

    fn write(&self, plan: &mut Plan<'_>, mark: CommitMark, mode: PersistMode) -> fjall::Result<()> {
        let mut entries = self.core.database.batch().durability(Some(mode));
        for (keyspace, planned) in
            [(&self.core.documents, &mut plan.documents), (&self.core.logs, &mut plan.logs)]
        {
            for (key, value) in std::mem::take(planned) {
                match value {
                    Some(value) => entries.insert(keyspace, key, value),
                    None => entries.remove(keyspace, key),
                }
            }
        }
        // Last of every commit: the journal is checked by it.
        entries.insert(&self.core.documents, layout::COMMIT_KEY, layout::commit_value(mark));
        entries.commit()
    }
}

impl Store for Embedded {
    fn commit(&mut self, batch: &Batch, durability: Durability) -> Result<(), CommitError> {
        if batch.is_empty() && durability == Durability::Buffered {
            return Ok(());
        }
        if !batch.only_frees() && !self.has_room() {
            return Err(CommitError::Full);
        }
        let mut plan = {
            let ledger = self.core.ledger.read().unwrap_or_else(PoisonError::into_inner);
            let mut present = CorePresent { core: &self.core, ledger: &ledger };
            let revisions = admission::admit(batch, &mut present)?;
            Plan::of(&batch.writes, &revisions, &ledger, &*self.core)
        };
        let mark = CommitMark { number: self.mark.number + 1, synced: self.mark.synced };
        let mode = match durability {
            Durability::Synced => PersistMode::SyncData,
            Durability::Buffered => PersistMode::Buffer,
        };
        let failed = |error: &dyn std::fmt::Display| CommitError::Failed(error.to_string());
        self.write(&mut plan, mark, mode).map_err(|error| failed(&error))?;
        self.mark.number = mark.number;
        if durability == Durability::Synced {
            self.mark.synced = mark.number;
            self.core.directory.acknowledge(mark.number).map_err(|error| failed(&error))?;
        }
        plan.settle(&mut self.core.ledger.write().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    fn reader(&self) -> Arc<dyn Reader> {
        Arc::new(reading::EmbeddedReader::new(Arc::clone(&self.core)))
    }

    fn free_bytes(&self) -> Option<u64> {
        self.core.directory.free_bytes().ok()
    }
}

struct CorePresent<'c> {
    core: &'c Core,
    ledger: &'c Ledger,
}

impl Present for CorePresent<'_> {
    fn revision(&mut self, key: &[u8]) -> Result<Option<u64>, CommitError> {
        let failed = |reason: String| CommitError::Failed(reason);
        let stored = self.core.documents.get(layout::document_key(key));
        let stored = stored.map_err(|error| failed(error.to_string()))?;
        let revision = stored.map(|stored| layout::revision(&stored)).transpose();
        revision.map_err(|reason| failed(format!("document \"{}\": {reason}", key.escape_ascii())))
    }

    fn ends(&mut self, log: &[u8]) -> Option<(u64, u64)> {
        self.ledger.get(log).map(|state| (state.head, state.tail))
    }
}

impl Blocks for Core {
    fn records(&self, log: &[u8], id: BlockId) -> Option<Vec<Bytes>> {
        let stored = self.logs.get(id.key(log)).ok()??;
        layout::block_records(id, &stored).ok()
    }
}
