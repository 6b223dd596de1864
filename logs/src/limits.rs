//! The limits of this crate, each beside the AWS quota it stands for.

/// Log groups of one account and region (AWS: 1,000,000).
pub const GROUPS: usize = 10_000;
/// Streams of one account and region (AWS has no limit).
pub const STREAMS: usize = 100_000;
/// Bytes of events that one group keeps; the oldest go first (AWS has no limit).
pub const GROUP_BYTES: u64 = 256 * 1024 * 1024;
/// Letters of a group's and of a stream's name (AWS: 512).
pub const NAME_LETTERS: usize = 512;
/// Tags of a group (AWS: 50).
pub const TAGS: usize = 50;
/// Letters of a tag's key (AWS: 128).
pub const TAG_KEY_LETTERS: usize = 128;
/// Letters of a tag's value (AWS: 256).
pub const TAG_VALUE_LETTERS: usize = 256;

/// Events of one batch (AWS: 10,000).
pub const BATCH_EVENTS: usize = 10_000;
/// Bytes of one batch: of the messages, and `EVENT_OVERHEAD` for each event (AWS: 1,048,576).
pub const BATCH_BYTES: usize = 1_048_576;
/// What AWS counts for an event beside its message.
pub const EVENT_OVERHEAD: usize = 26;
/// Time between the first and the last event of a batch, milliseconds (AWS: 24 hours).
pub const BATCH_SPAN_MS: u64 = 24 * 60 * 60 * 1000;
/// How old an event may be when it comes, milliseconds (AWS: 14 days).
pub const OLDEST_MS: u64 = 14 * 24 * 60 * 60 * 1000;
/// How far in the future an event may lie, milliseconds (AWS: 2 hours).
pub const NEWEST_MS: u64 = 2 * 60 * 60 * 1000;
/// The days that a group can be told to keep its events (AWS's own list).
pub const RETENTION_DAYS: [u16; 23] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
    3654,
];

/// Events of one page (AWS: 10,000).
pub const PAGE_EVENTS: usize = 10_000;
/// Bytes of the messages of one page (AWS: 1 MB).
pub const PAGE_BYTES: usize = 1_048_576;
/// Bytes of events read for one page; what is beyond is for the next one.
pub const SEARCH_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes of events that are found and forgotten as one; larger ones cost less memory, smaller ones less reading.
pub(crate) const CHUNK_BYTES: u64 = 64 * 1024;

/// Letters of a filter pattern (AWS: 1024).
pub const PATTERN_LETTERS: usize = 1024;
/// Parentheses inside parentheses of a filter pattern.
pub(crate) const PATTERN_DEPTH: usize = 16;
