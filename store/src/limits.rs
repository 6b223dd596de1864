//! The sizes one write may have. Says nothing about how many writes a batch may hold: the committer bounds that.

/// Longest key of a document or a log; leaves room for what engines add to it.
pub const KEY_BYTES: usize = 65_000;

/// Longest value of a document.
pub const VALUE_BYTES: usize = 64 * 1024 * 1024;

/// Largest sum of the records of one append.
pub const BLOCK_BYTES: usize = 64 * 1024 * 1024;

/// Most records of one append.
pub const BLOCK_RECORDS: usize = 1_000_000;

/// Most records a log may hold at once.
pub const LOG_RECORDS: u64 = u32::MAX as u64;
