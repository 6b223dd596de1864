//! What a rule could not do and no error action was told of, as it is kept for people.

use serde::{Deserialize, Serialize};

use crate::definition::Unreadable;
use crate::fire::Failure;

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub at_ms: u64,
    pub rule: String,
    pub topic: String,
    /// The number of the message.
    pub message: u64,
    pub failures: Vec<Failure>,
}

/// Format of a stored letter.
const FORMAT: u8 = 1;

impl Letter {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        serde_json::to_writer(&mut bytes, self).expect("texts and numbers can always be written");
        bytes
    }

    /// # Errors
    /// The bytes are no letter of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Letter, Unreadable> {
        match bytes.split_first() {
            Some((&FORMAT, json)) => serde_json::from_slice(json).map_err(|e| Unreadable(e.to_string())),
            _ => Err(Unreadable("it has another format".to_owned())),
        }
    }
}
