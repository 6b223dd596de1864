//! Why a request about logs is refused, in words, and of which kind it is. Knows no protocol.

use crate::limits;

/// What kind of refusal it is; clients have a class for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Invalid,
    NotFound,
    Exists,
    Limit,
    TooManyTags,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("The specified log group does not exist: {0}. Create it with CreateLogGroup")]
    NoGroup(String),
    #[error("The specified log stream does not exist: {stream} in {group}. Create it with CreateLogStream")]
    NoStream { group: String, stream: String },
    #[error("The specified log group already exists: {0}")]
    GroupExists(String),
    #[error("The specified log stream already exists: {0}")]
    StreamExists(String),
    #[error(
        "the log group's name must have 1 to {} letters of a-z, A-Z, 0-9 and . - _ / #",
        limits::NAME_LETTERS
    )]
    GroupName,
    #[error(
        "the log stream's name must have 1 to {} letters, and none may be a colon, an asterisk or NUL",
        limits::NAME_LETTERS
    )]
    StreamName,
    #[error("there are {0} log groups already, the most that are kept here: delete one")]
    Groups(usize),
    #[error("there are {0} log streams already, the most that are kept here: delete some or their group")]
    Streams(usize),
    #[error("{0} days are no retention: give one of {days}", days = days())]
    Retention(i64),
    #[error("a log group has at most {0} tags: remove some first")]
    TooManyTags(usize),
    #[error(
        "a tag's key has 1 to {} letters and does not begin with aws:, its value has at most {}",
        limits::TAG_KEY_LETTERS,
        limits::TAG_VALUE_LETTERS
    )]
    Tag,
    #[error("a batch has 1 to {most} log events: send {0} in several batches", most = limits::BATCH_EVENTS)]
    BatchEvents(usize),
    #[error("Upload too large: {0} bytes exceeds limit of {most}", most = limits::BATCH_BYTES)]
    BatchBytes(usize),
    #[error("Log events in a single PutLogEvents request must be in chronological order.")]
    Order,
    #[error("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")]
    Span,
    #[error("a log event's message must not be empty")]
    EmptyMessage,
}

impl Refusal {
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoGroup(_) | Self::NoStream { .. } => Kind::NotFound,
            Self::GroupExists(_) | Self::StreamExists(_) => Kind::Exists,
            Self::Groups(_) | Self::Streams(_) => Kind::Limit,
            Self::TooManyTags(_) => Kind::TooManyTags,
            _ => Kind::Invalid,
        }
    }
}

fn days() -> String {
    limits::RETENTION_DAYS.map(|days| days.to_string()).join(", ")
}
