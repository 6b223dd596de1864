//! A store in a directory on disk: a commit is one frame in a journal and one sync; what it says is kept in memory until
//! it goes to sorted tables, many commits at a time, on a thread of its own. Refuses to open a directory that lost
//! commits; does not repair it unless told to.

mod checkpoint;
mod directory;
mod frame;
mod journal;
mod layers;
mod layout;
mod ledger;
mod overlay;
mod reading;
mod recovery;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;

use bytes::Bytes;
use thiserror::Error;

use self::checkpoint::{Desk, Generation};
use self::directory::Directory;
use self::journal::{CommitMark, FRAME_HEADER, Journal, Spares};
use self::layers::Layers;
use self::tables::{Tables, Trouble};
use crate::admission::{self, Present};
use crate::{Batch, CommitError, Durability, Need, Reader, Store};

/// Most bytes of one commit.
const COMMIT_BYTES: usize = 1024 * 1024 * 1024;

/// How to open a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Commits are refused while less than this is free on the disk, but for those that only make room.
    pub keep_free_bytes: u64,
    /// Memory for cached blocks of the tables.
    pub cache_bytes: u64,
    /// Memory for commits on their way to the tables; up to three times as much for a while if the disk is slow.
    pub overlay_bytes: usize,
    /// Open a directory that lost commits, giving up what is lost. The damaged files are kept beside.
    pub accept_loss: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keep_free_bytes: 64 * 1024 * 1024,
            cache_bytes: 16 * 1024 * 1024,
            overlay_bytes: 32 * 1024 * 1024,
            accept_loss: false,
        }
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
        "{} lost at least {missing} commits in {}: restore a backup, or open it once accepting the loss",
        path.display(),
        file.display()
    )]
    Lost { path: PathBuf, file: PathBuf, missing: u64 },
    #[error("{} is damaged ({reason}): restore a backup", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("{} cannot be opened ({reason}): check the disk and the permissions", path.display())]
    Failed { path: PathBuf, reason: String },
}

/// The store of a running instance.
pub struct Embedded {
    core: Arc<Core>,
    journal: Journal,
    mark: CommitMark,
    keep_free_bytes: u64,
    overlay_bytes: usize,
    /// Brings generations to the tables; `None` only while dropping.
    thread: Option<JoinHandle<()>>,
}

/// Shared with the readers and the thread. The directory's lock goes last.
struct Core {
    layers: RwLock<Layers>,
    tables: Tables,
    desk: Desk,
    spares: Spares,
    directory: Directory,
}

impl Core {
    fn layers(&self) -> RwLockReadGuard<'_, Layers> {
        self.layers.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn layers_mut(&self) -> RwLockWriteGuard<'_, Layers> {
        self.layers.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Embedded {
    /// Opens the store in a directory, creating it if it does not exist.
    pub fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let (core, journal, mark) = recovery::open(path, options)?;
        let core = Arc::new(core);
        let own = Arc::clone(&core);
        let thread =
            std::thread::Builder::new().name("tables".to_owned()).spawn(move || checkpoint::run(&own));
        let thread =
            thread.map_err(|error| OpenError::Failed { path: path.to_owned(), reason: error.to_string() })?;
        let Options { keep_free_bytes, overlay_bytes, .. } = *options;
        Ok(Self { core, journal, mark, keep_free_bytes, overlay_bytes, thread: Some(thread) })
    }

    /// The directory the store is in.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.core.directory.path
    }

    /// Bytes the tables take on the disk.
    #[must_use]
    pub fn used_bytes(&self) -> Option<u64> {
        self.core.tables.used_bytes()
    }

    /// Writes everything in memory to tables, so that the next start has nothing to replay.
    pub fn flush(&mut self) -> Result<(), CommitError> {
        self.settle()?;
        self.freeze()?;
        self.settle()
    }

    /// Waits until no generation is on its way to the tables.
    fn settle(&self) -> Result<(), CommitError> {
        while !self.core.desk.wait() {
            if let Some(trouble) = self.core.desk.trouble() {
                return Err(trouble.into());
            }
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.keep_free_bytes == 0
            || self.core.directory.free_bytes().ok().is_none_or(|free| free >= self.keep_free_bytes)
    }

    /// Ends this generation and leaves it to the thread.
    fn freeze(&mut self) -> Result<(), CommitError> {
        if self.core.layers().active.bytes == 0 {
            return Ok(());
        }
        let files = self.journal.end_generation().map_err(failed)?;
        let mut layers = self.core.layers_mut();
        let overlay = Arc::new(std::mem::take(&mut layers.active));
        layers.frozen = Some(Arc::clone(&overlay));
        drop(layers);
        self.core.desk.give(Generation { overlay, files });
        Ok(())
    }

    /// Begins the next generation when this one is large, and waits while two are. Where tables find no room the commit
    /// goes on in memory and the journal, which the room on the disk bounds.
    fn make_room(&mut self, only_frees: bool) -> Result<(), CommitError> {
        loop {
            if !only_frees && let Some(lasting) = self.core.desk.lasting_failure() {
                return Err(lasting.into());
            }
            let bytes = self.core.layers().active.bytes;
            if bytes < self.overlay_bytes {
                return Ok(());
            }
            if self.core.desk.is_idle() {
                return self.freeze();
            }
            if only_frees || bytes < 2 * self.overlay_bytes {
                return Ok(());
            }
            if !self.core.desk.wait() && self.core.desk.trouble() == Some(Trouble::NoRoom) {
                return Ok(());
            }
        }
    }
}

impl Store for Embedded {
    fn commit(&mut self, batch: &Batch, durability: Durability) -> Result<(), CommitError> {
        if batch.is_empty() {
            return match durability {
                Durability::Synced => self.journal.sync().map_err(failed),
                Durability::Buffered => Ok(()),
            };
        }
        let only_frees = batch.need(|_| false) == Need::Nothing;
        if !only_frees && !self.has_room() {
            return Err(CommitError::Full);
        }
        self.make_room(only_frees)?;
        if batch.writes.iter().map(frame::size_of).sum::<usize>() > COMMIT_BYTES {
            return Err(CommitError::Unfit { write: 0, reason: "a commit may have 1 GiB" });
        }
        let revisions =
            admission::admit(batch, &mut CorePresent { core: &self.core, layers: &self.core.layers() })?;
        let mut frame = frame::encode(batch, &revisions, FRAME_HEADER);
        let mark = CommitMark { number: self.mark.number + 1, synced: self.mark.synced };
        let sync = durability == Durability::Synced;
        self.journal.append(&mut frame, mark, sync).map_err(failed)?;
        self.mark.number = mark.number;
        if sync {
            self.mark.synced = mark.number;
            self.core.directory.acknowledge(mark.number).map_err(failed)?;
        }
        let frame = Bytes::from(frame);
        let taken = self.core.layers_mut().apply(mark.number, &frame, FRAME_HEADER, &self.core.tables);
        taken.map_err(|reason| CommitError::Failed(reason.to_owned()))
    }

    fn reader(&self) -> Arc<dyn Reader> {
        Arc::new(reading::EmbeddedReader::new(Arc::clone(&self.core)))
    }
}

/// What is in memory is in the journal, too.
impl Drop for Embedded {
    fn drop(&mut self) {
        self.core.desk.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was its own report.
            thread.join().ok();
        }
    }
}

fn failed(error: std::io::Error) -> CommitError {
    CommitError::Failed(error.to_string())
}

struct CorePresent<'c> {
    core: &'c Core,
    layers: &'c Layers,
}

impl Present for CorePresent<'_> {
    fn revision(&mut self, key: &[u8]) -> Result<Option<u64>, CommitError> {
        if let Some(known) = self.layers.document(key) {
            return Ok(known.map(|kept| kept.revision));
        }
        let stored = self.core.tables.get(layout::document_key(key)).map_err(CommitError::Failed)?;
        let revision = stored.map(|stored| layout::revision(&stored)).transpose();
        revision
            .map_err(|reason| CommitError::Failed(format!("document \"{}\": {reason}", key.escape_ascii())))
    }

    fn ends(&mut self, log: &[u8]) -> Option<(u64, u64)> {
        self.layers.span(log).map(|span| (span.head, span.tail))
    }
}
