//! Shadows that were decided and are not known to be on the disk: a group's become known there all at once.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use shadow::Stored;

/// By group, the one that is being decided last.
#[derive(Debug)]
pub(super) struct Fresh {
    groups: VecDeque<HashMap<Vec<u8>, Latest>>,
}

/// A shadow as the latest change of a group left it.
#[derive(Debug)]
pub(super) struct Latest {
    pub(super) stored: Stored,
    /// The number that the next entry of its history gets; `None`: it has no history.
    pub(super) tail: Option<u64>,
    /// What the group enters into its history.
    entries: Vec<(u64, Bytes)>,
}

impl Default for Fresh {
    fn default() -> Self {
        Fresh { groups: VecDeque::from([HashMap::new()]) }
    }
}

impl Fresh {
    pub(super) fn get(&self, key: &[u8]) -> Option<&Latest> {
        self.groups.iter().rev().find_map(|group| group.get(key))
    }

    /// What is still to come of its history, with its numbers.
    pub(super) fn entries(&self, key: &[u8]) -> impl Iterator<Item = &(u64, Bytes)> {
        self.groups.iter().filter_map(move |group| group.get(key)).flat_map(|latest| &latest.entries)
    }

    pub(super) fn keep(&mut self, key: Vec<u8>, stored: Stored, entry: Option<(u64, Bytes)>) {
        let tail = entry.as_ref().map(|(seq, _)| seq + 1);
        let Some(group) = self.groups.back_mut() else { return };
        match group.get_mut(&key) {
            Some(latest) => {
                (latest.stored, latest.tail) = (stored, tail);
                latest.entries.extend(entry);
            }
            None => _ = group.insert(key, Latest { stored, tail, entries: Vec::from_iter(entry) }),
        }
    }

    /// What is decided from now on belongs to the next group.
    pub(super) fn end_group(&mut self) {
        let alike = self.groups.back().map_or(0, HashMap::len);
        self.groups.push_back(HashMap::with_capacity(alike));
    }

    /// The oldest group is on the disk.
    pub(super) fn committed(&mut self) {
        match self.groups.len() {
            0 | 1 => self.forget(),
            _ => _ = self.groups.pop_front(),
        }
    }

    /// Everything is gone.
    pub(super) fn forget(&mut self) {
        self.groups.iter_mut().for_each(HashMap::clear);
    }
}
