//! The engine: sorted tables on disk. Entries come in sorted runs only, each run as a whole or not at all, and are on the
//! disk when that returns. Of what is stored it knows the blocks of logs.

use std::io::ErrorKind;
use std::ops::Bound;
use std::path::Path;

use bytes::Bytes;
use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, Slice};

use super::layers::Blocks;
use super::layout::{self, BlockId};

/// The engine's own journal and memory stay empty: what it is given goes straight to tables.
const UNUSED_BYTES: u64 = 16 * 1024 * 1024;
/// Runs that wait to be merged; beyond that the next one waits too.
pub(super) const WAITING_RUNS: usize = 8;

/// Why a run was not added. The next try may do better.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    #[error("there is no room on the disk to write tables")]
    NoRoom,
    #[error("tables cannot be written: {0}")]
    Failed(String),
}

impl From<fjall::Error> for Trouble {
    fn from(error: fjall::Error) -> Self {
        match &error {
            fjall::Error::Io(io) | fjall::Error::Storage(fjall::LsmError::Io(io))
                if matches!(io.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) =>
            {
                Trouble::NoRoom
            }
            _ => Trouble::Failed(error.to_string()),
        }
    }
}

pub(super) struct Tables {
    keyspace: Keyspace,
    database: Database,
}

impl Tables {
    /// `is_unused`: nobody was ever told that something is stored here.
    pub(super) fn open(path: &Path, cache_bytes: u64, is_unused: bool) -> Result<Self, String> {
        let database = open_engine(path, cache_bytes, is_unused)?;
        let keyspace = database.keyspace("tables", settings).map_err(text)?;
        Ok(Self { keyspace, database })
    }

    pub(super) fn get(&self, key: Vec<u8>) -> Result<Option<Slice>, String> {
        self.keyspace.get(key).map_err(text)
    }

    /// Entries from a key on, as they are now.
    pub(super) fn range(&self, from: Bound<Vec<u8>>) -> impl Iterator<Item = Result<(Slice, Slice), String>> {
        self.keyspace.range((from, Bound::Unbounded)).map(|entry| entry.into_inner().map_err(text))
    }

    /// Adds entries in order of their keys; `None` removes.
    pub(super) fn add(
        &self,
        entries: impl Iterator<Item = Result<(Vec<u8>, Option<Vec<u8>>), String>>,
    ) -> Result<(), Trouble> {
        let mut run = self.keyspace.start_ingestion()?;
        for entry in entries {
            match entry.map_err(Trouble::Failed)? {
                (key, Some(value)) => run.write(key, value)?,
                (key, None) => run.write_tombstone(key)?,
            }
        }
        Ok(run.finish()?)
    }

    pub(super) fn waiting_runs(&self) -> usize {
        self.keyspace.l0_table_count()
    }

    pub(super) fn used_bytes(&self) -> Option<u64> {
        self.database.disk_space().ok()
    }

    /// Every entry of another keyspace of this engine, in order.
    pub(super) fn others(&self, name: &str) -> Result<Option<Others>, String> {
        if !self.database.keyspace_exists(name) {
            return Ok(None);
        }
        self.database.keyspace(name, settings).map(|keyspace| Some(Others(keyspace))).map_err(text)
    }

    pub(super) fn forget(&self, others: Others) -> Result<(), String> {
        self.database.delete_keyspace(others.0).map_err(text)
    }
}

impl Blocks for Tables {
    fn records(&self, log: &[u8], id: BlockId) -> Option<Vec<Bytes>> {
        let stored = self.get(id.key(log)).ok()??;
        layout::block_records(id, &stored).ok()
    }
}

/// A keyspace of an earlier format.
pub(super) struct Others(Keyspace);

impl Others {
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Slice>, String> {
        self.0.get(key).map_err(text)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Result<(Slice, Slice), String>> {
        self.0.iter().map(|entry| entry.into_inner().map_err(text))
    }
}

/// The engine cannot open what a crash left of its own creation: nothing was stored then, so it starts over.
fn open_engine(path: &Path, cache_bytes: u64, is_unused: bool) -> Result<Database, String> {
    if is_unused && path.exists() && !path.join("version").exists() {
        std::fs::remove_dir_all(path).map_err(text)?;
    }
    Database::builder(path)
        .manual_journal_persist(true)
        .worker_threads(1)
        .cache_size(cache_bytes)
        .open()
        .map_err(text)
}

fn settings() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .manual_journal_persist(true)
        .max_memtable_size(UNUSED_BYTES)
        .data_block_size_policy(BlockSizePolicy::all(8 * 1024))
        .data_block_compression_policy(CompressionPolicy::disabled())
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
