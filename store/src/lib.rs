//! Batches of writes in, one atomic commit out, and reads of what was committed: documents with revisions
//! and logs of records. Decides nothing about what the bytes mean, and never retries.

mod admission;
pub mod batch;
pub mod embedded;
pub mod faulty;
mod hashing;
pub mod limits;
pub mod memory;
pub mod reader;

use std::sync::Arc;

use thiserror::Error;

pub use batch::{Batch, Durability, Expect, Need, Write};
pub use embedded::{Embedded, OpenError, Options};
pub use faulty::{Disk, Fault, Faulty};
pub use memory::Memory;
pub use reader::{Document, ReadError, Reader, Span};

/// One writer's handle on a store. Cheap [`Reader`]s see every commit as soon as `commit` has returned.
pub trait Store: Send {
    /// Makes every write of the batch take effect, in order, or none of them.
    ///
    /// When this returns `Ok` for [`Durability::Synced`], the batch and every batch before it survive a crash.
    fn commit(&mut self, batch: &Batch, durability: Durability) -> Result<(), CommitError>;

    /// A reader that always sees the latest commit; each single call sees one commit as a whole or not at all.
    fn reader(&self) -> Arc<dyn Reader>;
}

impl<S: Store + ?Sized> Store for Box<S> {
    fn commit(&mut self, batch: &Batch, durability: Durability) -> Result<(), CommitError> {
        (**self).commit(batch, durability)
    }

    fn reader(&self) -> Arc<dyn Reader> {
        (**self).reader()
    }
}

/// Why a batch was not committed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommitError {
    /// An expectation did not hold. Nothing happened.
    #[error(
        "write {write} of the batch expected another state of \"{}\" (found {}): read it again and decide anew",
        key.escape_ascii(),
        found.map_or_else(|| "nothing".to_owned(), |number| number.to_string())
    )]
    Conflict {
        /// Position of the write in the batch.
        write: usize,
        /// The document's or the log's key.
        key: Vec<u8>,
        /// The document's revision or the log's tail; `None` when there is no such document or log.
        found: Option<u64>,
    },
    /// A write is over one of the [`limits`]. Nothing happened.
    #[error("write {write} of the batch is over a limit of the store: {reason}")]
    Unfit {
        /// Position of the write in the batch.
        write: usize,
        /// The limit, in words.
        reason: &'static str,
    },
    /// There is no room. Nothing happened; the same batch may succeed once there is room.
    #[error("the disk is full: free some space, or lower the reserve, and try again")]
    Full,
    /// Nobody knows what is on the disk now. The process must end and recover by opening the store again.
    #[error("the commit failed and the state on disk is unknown ({0}): restart to recover")]
    Failed(String),
}
