//! What happened to whom, in words, newest last, bounded.

use std::collections::VecDeque;
use std::sync::Mutex;

use serde::Serialize;

use crate::limits::EXPLANATIONS;

/// Explanations by client.
#[derive(Debug, Default)]
pub struct Activity {
    notes: Mutex<VecDeque<Note>>,
}

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
pub struct Note {
    pub at_ms: u64,
    pub client: String,
    pub what: String,
    pub text: String,
}

impl Activity {
    pub(crate) fn note(&self, at_ms: u64, client: &str, what: &str, text: &str) {
        let mut notes = self.notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if notes.len() >= EXPLANATIONS {
            notes.pop_front();
        }
        notes.push_back(Note { at_ms, client: client.into(), what: what.into(), text: text.into() });
    }

    /// The latest notes, oldest first; of one client if one is named.
    pub fn latest(&self, client: Option<&str>, most: usize) -> Vec<Note> {
        let notes = self.notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut found: Vec<Note> =
            notes.iter().rev().filter(|n| client.is_none_or(|c| n.client == c)).take(most).cloned().collect();
        found.reverse();
        found
    }
}
