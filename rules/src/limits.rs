//! Every bound of rules, beside the AWS quota where there is one.

/// Rules of one account and region (AWS: 1000).
pub const RULES: usize = 1000;
/// Letters of a rule's name (AWS: 128).
pub const NAME_CHARS: usize = 128;
/// Actions of one rule (AWS: 10).
pub const ACTIONS: usize = 10;
/// A rule as a whole (AWS: 256 KiB).
pub const RULE_BYTES: usize = 256 * 1024;
/// Republishes in a row that begin with one message. AWS names no bound: a loop there runs until somebody notices.
pub const CHAIN: u8 = 16;
/// Evaluations and republishes that one message may bring about, its republished descendants' and its jobs' included.
pub const STEPS_PER_MESSAGE: u32 = 10_000;
/// Bytes that it may make in all: results, error documents, jobs.
pub const BYTES_PER_MESSAGE: usize = 32 * 1024 * 1024;
/// Bytes of one action's texts together; one of them has at most 128 KiB.
pub const ACTION_BYTES: usize = 256 * 1024;
/// Bytes that all the rules of one message may make of it. AWS evaluates each rule by itself and names no bound.
pub const FIRED_BYTES: usize = 16 * 1024 * 1024;
/// User properties of a republished message (AWS: 100).
pub const USER_PROPERTIES: usize = 100;
/// Headers of an HTTP action (AWS: 100).
pub const HTTP_HEADERS: usize = 100;
/// Letters of an HTTP action's URL (AWS: 2000).
pub const URL_CHARS: usize = 2000;
/// Attempts at an action that leaves the house before it has failed (AWS: bounded, the number is not stated).
pub const ATTEMPTS: u32 = 3;
/// Wait before the second attempt; each further one waits twice as long.
pub const BACK_OFF_MS: u64 = 500;
/// Actions that failed for good and whose error action failed, too, or that had none: the latest are kept.
pub const DEAD_LETTERS: u64 = 1000;
/// Bytes of them, as stored; the latest one may go beyond.
pub const LETTERS_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes of one.
pub const LETTER_BYTES: usize = 16 * 1024 * 1024;
/// Answers from outside that one evaluation may ask for (AWS: a few calls for each statement).
pub const NEEDS: usize = 8;
/// Destinations of one account and region (AWS: 1000 rules use at most one each).
pub const DESTINATIONS: usize = 1000;
/// Records of one Firehose or log batch (AWS: 500).
pub const BATCH_RECORDS: usize = 500;
