//! What a rule could not do and no error action was told of, as it is kept for people.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::fire::Failure;
use crate::stored::{self, Unreadable};

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub at_ms: u64,
    pub rule: String,
    pub topic: String,
    /// The number of the message.
    pub message: u64,
    pub failures: Vec<Failure>,
    /// Work that could not be read, as it was stored, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<String>,
}

impl Letter {
    /// About a record of a kind and number that cannot be read, with all of it.
    pub fn unread(at_ms: u64, (kind, number): (&str, u64), reason: &Unreadable, bytes: &[u8]) -> Letter {
        let failures = vec![Failure::new(kind, &number.to_string(), reason.to_string())];
        let stored = Some(STANDARD.encode(bytes));
        Letter { at_ms, rule: String::new(), topic: String::new(), message: 0, failures, stored }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        stored::to_bytes(self)
    }

    /// # Errors
    /// The bytes are no letter of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Letter, Unreadable> {
        stored::from_bytes(bytes)
    }
}
