//! A rule as it was asked for, and as it is kept. Not yet checked: see `rule`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::Action;

/// What a rule says; templates are texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    pub sql: String,
    /// As AWS spells it; none: AWS's default.
    pub sql_version: Option<String>,
    pub description: Option<String>,
    pub is_disabled: bool,
    pub actions: Vec<Action<String>>,
    pub error_action: Option<Action<String>>,
}

/// A rule as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub name: String,
    pub created_ms: u64,
    pub definition: Definition,
    pub tags: BTreeMap<String, String>,
}

/// Format of a stored record.
const FORMAT: u8 = 1;

/// A stored record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored rule cannot be read: {0}; it was written by another version")]
pub struct Unreadable(pub String);

impl Record {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        serde_json::to_writer(&mut bytes, self).expect("texts, numbers and lists can always be written");
        bytes
    }

    /// # Errors
    /// The bytes are no record of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Record, Unreadable> {
        match bytes.split_first() {
            Some((&FORMAT, json)) => serde_json::from_slice(json).map_err(|e| Unreadable(e.to_string())),
            Some((format, _)) => Err(Unreadable(format!("format {format}"))),
            None => Err(Unreadable("it is empty".to_owned())),
        }
    }
}
