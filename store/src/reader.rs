//! What can be asked of a store, and what it answers. Holds no data itself.

use bytes::Bytes;
use thiserror::Error;

/// Reads of what is committed. Every call sees whole commits only; two calls may see different ones.
pub trait Reader: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Document>, ReadError>;

    /// Documents whose key starts with `prefix` and is greater than `after`, in key order, at most `limit`.
    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Document)>, ReadError>;

    /// Records numbered `from` and up, as many as fit both limits, but at least one if there is one and
    /// `max_records` is not 0. Records below the head are skipped; a missing log has none.
    fn read_log(
        &self,
        log: &[u8],
        from: u64,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<Vec<(u64, Bytes)>, ReadError>;

    fn span(&self, log: &[u8]) -> Result<Option<Span>, ReadError>;

    /// Visits every log whose key starts with `prefix`, in key order. The visitor may call the reader.
    fn logs(&self, prefix: &[u8], visit: &mut dyn FnMut(&[u8], Span)) -> Result<(), ReadError>;

    /// Room left on the disk, or `None` where that is unknown or has no meaning.
    fn free_bytes(&self) -> Option<u64> {
        None
    }
}

/// A stored value and how often it was put since it last did not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub revision: u64,
    pub value: Bytes,
}

/// The live part of a log: `head` is its oldest record, `tail` the number the next one gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub head: u64,
    pub tail: u64,
    /// Sum of the live records' lengths.
    pub bytes: u64,
}

impl Span {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    /// How many records are live.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.tail.saturating_sub(self.head)
    }
}

/// Why a read has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    #[error(
        "the stored value of \"{}\" is damaged ({reason}): restore the data directory from a backup",
        key.escape_ascii()
    )]
    Damaged { key: Vec<u8>, reason: &'static str },
    #[error("the data directory cannot be read ({0}): check the disk and restart")]
    Failed(String),
}
