//! A rule as it was asked for, and as it is kept. Not yet checked: see `rule`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::stored::{self, Unreadable};

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

impl Record {
    pub fn to_bytes(&self) -> Vec<u8> {
        stored::to_bytes(self)
    }

    /// # Errors
    /// The bytes are no record of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Record, Unreadable> {
        stored::from_bytes(bytes)
    }
}
