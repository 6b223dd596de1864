//! What was committed and is not in the tables yet: the latest of each document, and of each log what came on top.
//! Reads and writes no files.

use std::collections::{BTreeMap, HashMap, VecDeque};

use bytes::Bytes;

use crate::Span;
use crate::hashing::Seeded;

/// What an entry costs in memory beside its bytes, roughly.
pub(super) const OVERHEAD: usize = 96;

#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// `None`: deleted.
    pub(super) documents: BTreeMap<Box<[u8]>, Option<Kept>>,
    pub(super) logs: HashMap<Box<[u8]>, Fresh, Seeded>,
    /// Memory it takes, roughly. Frames count whole: a part that is kept keeps all of it.
    pub(super) bytes: usize,
    /// The number of its last commit.
    pub(super) last: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) revision: u64,
    pub(super) value: Bytes,
}

/// A log as it is now, and those of its records that no older layer has.
#[derive(Debug, Clone, Default)]
pub(super) struct Fresh {
    pub(super) exists: bool,
    /// What older layers have of it is no longer valid.
    pub(super) dropped: bool,
    pub(super) head: u64,
    pub(super) tail: u64,
    /// Sum of the lengths of all its records, in whichever layer.
    pub(super) bytes: u64,
    /// The number of the first of `records`; they reach to the tail.
    pub(super) start: u64,
    pub(super) records: VecDeque<Bytes>,
}

impl Fresh {
    /// On top of what older layers have.
    pub(super) fn over(older: Option<Span>) -> Self {
        match older {
            Some(Span { head, tail, bytes }) => {
                Self { exists: true, head, tail, bytes, start: tail, ..Self::default() }
            }
            None => Self::default(),
        }
    }

    pub(super) fn span(&self) -> Option<Span> {
        self.exists.then_some(Span { head: self.head, tail: self.tail, bytes: self.bytes })
    }

    pub(super) fn begin(&mut self, seq: u64) {
        if !self.exists {
            let dropped = self.dropped;
            *self = Self { exists: true, dropped, head: seq, tail: seq, start: seq, ..Self::default() };
        }
    }

    pub(super) fn push(&mut self, record: Bytes) {
        self.bytes += record.len() as u64;
        self.tail += 1;
        self.records.push_back(record);
    }

    /// Forgets what is below the new head; `older` bytes of that lie in older layers.
    pub(super) fn trim(&mut self, head: u64, older: u64) {
        self.bytes = self.bytes.saturating_sub(older);
        while self.start < head
            && let Some(record) = self.records.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(record.len() as u64);
            self.start += 1;
        }
        self.start = self.start.max(head.min(self.tail));
        self.head = head;
    }

    pub(super) fn drop_all(&mut self) {
        *self = Self { dropped: true, ..Self::default() };
    }

    /// Length of its own records numbered `from` and up, below `to`.
    pub(super) fn bytes_between(&self, from: u64, to: u64) -> u64 {
        self.numbered(from).take_while(|(seq, _)| *seq < to).map(|(_, record)| record.len() as u64).sum()
    }

    /// Its own records numbered `from` and up.
    pub(super) fn numbered(&self, from: u64) -> impl Iterator<Item = (u64, &Bytes)> {
        let skip = usize::try_from(from.saturating_sub(self.start)).unwrap_or(usize::MAX);
        (self.start.max(from)..self.tail).zip(self.records.iter().skip(skip))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trimming_beyond_what_is_here_leaves_the_tail() {
        let mut log = Fresh::over(Some(Span { head: 3, tail: 5, bytes: 20 }));
        log.push(Bytes::from_static(b"abc"));
        log.push(Bytes::from_static(b"de"));
        log.trim(6, 20);
        assert_eq!(log.span(), Some(Span { head: 6, tail: 7, bytes: 2 }));
        assert_eq!(log.numbered(0).collect::<Vec<_>>(), [(6, &Bytes::from_static(b"de"))]);
        log.trim(7, 0);
        assert_eq!(log.span(), Some(Span { head: 7, tail: 7, bytes: 0 }));
        log.push(Bytes::from_static(b"f"));
        assert_eq!(log.bytes_between(0, 9), 1);
    }
}
