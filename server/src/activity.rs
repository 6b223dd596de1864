//! What happened to whom, in words, newest last, bounded.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Mutex;

use serde::Serialize;

use crate::limits::EXPLANATIONS;

/// The longest text of a note: it may quote a topic or a filter of 64 KiB.
const TEXT_BYTES: usize = 2048;

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

    /// The beginning of a long text.
    pub(crate) fn clip(text: &str) -> Cow<'_, str> {
        match text.len() > TEXT_BYTES {
            true => format!("{} […]", &text[..text.floor_char_boundary(TEXT_BYTES)]).into(),
            false => text.into(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(Activity::clip("short"), "short");
        let long = Activity::clip(&"ä".repeat(60_000)).into_owned();
        assert!(long.len() < TEXT_BYTES + 16 && long.ends_with("ä […]"), "{}", long.len());
    }
}
