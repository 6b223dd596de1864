//! The limits of this crate, each beside the AWS quota it stands for.

/// Messages one persistent session's mailbox keeps; a message that finds it full is dropped for that session,
/// counted and explained. AWS states no number per session.
pub const MAILBOX_MESSAGES: u64 = 1_000_000;
/// Bytes one persistent session's mailbox keeps.
pub const MAILBOX_BYTES: u64 = 256 * 1024 * 1024;
/// Retained messages in one scope (AWS: 500,000 an account).
pub const RETAINED_MESSAGES: usize = message::limits::RETAINED_PER_ACCOUNT;
/// How long a client's presence version is remembered after it went offline, milliseconds (AWS: about an hour).
pub const PRESENCE_MEMORY_MS: u64 = 3_600_000;

/// How long a connection's facts can be asked for after its end (AWS keeps them for 30 minutes).
pub const CONNECTION_MEMORY_MS: u64 = 30 * 60 * 1000;
