//! What happened to whom: in words, newest last, and as a record per client; both bounded.

mod clients;
pub(crate) mod keep;
mod record;
mod told;

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use serde::Serialize;

use crate::limits::EXPLANATIONS;

pub(crate) use clients::{Clients, Who};
pub(crate) use record::{Parted, Record, Trouble};
pub(crate) use told::Told;

/// The longest text of a note: it may quote a topic or a filter of 64 KiB.
const TEXT_BYTES: usize = 2048;

/// Longer client ids, topics and filters are counted, but not remembered.
const LONGEST_NAME_BYTES: usize = 512;

/// Notes of one kind about one client that are written out in a second; the rest is only counted.
const SAID_PER_S: u64 = 10;

/// Explanations and records by client.
#[derive(Debug, Default)]
pub struct Activity {
    pub(crate) clients: Clients,
    notes: Mutex<VecDeque<Note>>,
    this_second: Mutex<HashMap<(String, &'static str), u64>>,
}

/// How many notes of a kind were not written out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Surplus {
    pub(crate) client: String,
    pub(crate) what: &'static str,
    pub(crate) count: u64,
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

    pub(crate) fn forget(&self) {
        self.notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
        self.clients.forget();
    }

    /// Whether one more note of this kind is written out in this second.
    pub(crate) fn admits(&self, client: &str, what: &'static str) -> bool {
        let mut kinds = self.this_second.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let count = kinds.entry((client.to_owned(), what)).or_default();
        *count += 1;
        *count <= SAID_PER_S
    }

    /// Begins a new second; what the last one left unsaid.
    pub(crate) fn begin_second(&self) -> Vec<Surplus> {
        let mut kinds = self.this_second.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::take(&mut *kinds)
            .into_iter()
            .filter(|(_, count)| *count > SAID_PER_S)
            .map(|((client, what), count)| Surplus { client, what, count: count - SAID_PER_S })
            .collect()
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
    fn a_flood_of_one_kind_is_counted_and_hides_no_other() {
        let activity = Activity::default();
        let said = (0..1000).filter(|_| activity.admits("pump-1", "message dropped")).count();
        assert_eq!(said, 10);
        assert!(activity.admits("pump-1", "disconnected") && activity.admits("pump-2", "message dropped"));
        let surplus = Surplus { client: "pump-1".into(), what: "message dropped", count: 990 };
        assert_eq!(activity.begin_second(), [surplus]);
        assert!(activity.admits("pump-1", "message dropped") && activity.begin_second().is_empty());
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(Activity::clip("short"), "short");
        let long = Activity::clip(&"ä".repeat(60_000)).into_owned();
        assert!(long.len() < TEXT_BYTES + 16 && long.ends_with("ä […]"), "{}", long.len());
    }
}
