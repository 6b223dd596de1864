//! Reads of an embedded store: what is in memory over what is in the tables. Writes nothing and never waits for a sync.

use std::collections::btree_map;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use super::Core;
use super::layout;
use super::overlay::{Kept, Overlay};
use crate::{Document, ReadError, Reader, Span};
use bytes::Bytes;

pub(super) struct EmbeddedReader {
    core: Arc<Core>,
}

impl EmbeddedReader {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }
}

impl Reader for EmbeddedReader {
    fn get(&self, key: &[u8]) -> Result<Option<Document>, ReadError> {
        if let Some(known) = self.core.layers().document(key) {
            return Ok(known.map(document));
        }
        let stored = self.core.tables.get(layout::document_key(key)).map_err(ReadError::Failed)?;
        stored.map(|stored| layout::document(&stored)).transpose().map_err(|reason| damaged(key, reason))
    }

    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Document)>, ReadError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        // The tables are looked at as they are at the same moment; they are read after the lock is gone.
        let (fresh, tables) = {
            let layers = self.core.layers();
            let overlays = (&layers.active, layers.frozen.as_deref());
            (
                fresh_documents(overlays, from, prefix, limit),
                self.core.tables.range(from.map(layout::document_key)),
            )
        };
        let mut fresh = fresh.into_iter().peekable();
        let mut found = Vec::new();
        for entry in tables {
            let (stored_key, stored) = entry.map_err(ReadError::Failed)?;
            let Some(key) = layout::caller_key(&stored_key).filter(|key| key.starts_with(prefix)) else {
                break;
            };
            let mut is_replaced = false;
            while found.len() < limit
                && let Some((fresh_key, kept)) = fresh.next_if(|(fresh_key, _)| fresh_key.as_slice() <= key)
            {
                is_replaced = fresh_key == key;
                found.extend(kept.map(|kept| (fresh_key, kept)));
            }
            if found.len() >= limit {
                return Ok(found);
            }
            if !is_replaced {
                let document = layout::document(&stored).map_err(|reason| damaged(key, reason))?;
                found.push((key.to_vec(), document));
            }
        }
        let rest = fresh.filter_map(|(key, kept)| Some((key, kept?)));
        found.extend(rest);
        found.truncate(limit);
        Ok(found)
    }

    fn read_log(
        &self,
        log: &[u8],
        from: u64,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<Vec<(u64, Bytes)>, ReadError> {
        let pieces = self.core.layers().pieces(log, from, max_records, max_bytes);
        let mut found = Taken { records: Vec::new(), max_records, room: max_bytes };
        for id in pieces.blocks {
            // A block that is gone was trimmed since the ledger was looked at.
            let Some(stored) = self.core.tables.get(id.key(log)).map_err(ReadError::Failed)? else {
                continue;
            };
            let records = layout::block_records(id, &stored).map_err(|reason| damaged(log, reason))?;
            let numbered = (id.first_seq..id.end().min(pieces.blocks_end)).zip(records);
            if !found.take(numbered.skip_while(|(seq, _)| *seq < pieces.from)) {
                return Ok(found.records);
            }
        }
        found.take(pieces.records.into_iter());
        Ok(found.records)
    }

    fn span(&self, log: &[u8]) -> Result<Option<Span>, ReadError> {
        Ok(self.core.layers().span(log))
    }

    fn logs(&self, prefix: &[u8], visit: &mut dyn FnMut(&[u8], Span)) -> Result<(), ReadError> {
        let found = self.core.layers().spans(prefix);
        for (log, span) in &found {
            visit(log, *span);
        }
        Ok(())
    }

    fn free_bytes(&self) -> Option<u64> {
        self.core.directory.free_bytes().ok()
    }
}

/// Records as far as both limits allow.
struct Taken {
    records: Vec<(u64, Bytes)>,
    max_records: usize,
    room: usize,
}

impl Taken {
    /// Whether more may follow.
    fn take(&mut self, records: impl Iterator<Item = (u64, Bytes)>) -> bool {
        for (seq, record) in records {
            if self.records.len() >= self.max_records
                || (record.len() > self.room && !self.records.is_empty())
            {
                return false;
            }
            self.room = self.room.saturating_sub(record.len());
            self.records.push((seq, record));
        }
        true
    }
}

type Documents<'o> = Peekable<btree_map::Range<'o, Box<[u8]>, Option<Kept>>>;

/// Documents of the overlays, deleted ones too, at least as many as can be among the first `limit` of all.
fn fresh_documents(
    (active, frozen): (&Overlay, Option<&Overlay>),
    from: Bound<&[u8]>,
    prefix: &[u8],
    limit: usize,
) -> Vec<(Vec<u8>, Option<Document>)> {
    let range = |overlay| -> Documents<'_> {
        let overlay: &Overlay = overlay;
        overlay.documents.range::<[u8], _>((from, Bound::Unbounded)).peekable()
    };
    let (mut active, mut frozen) = (range(active), frozen.map(range));
    let (mut found, mut live) = (Vec::new(), 0);
    while live < limit {
        let (upper, lower) = (
            active.peek().map(|(key, _)| *key),
            frozen.as_mut().and_then(|frozen| frozen.peek().map(|(key, _)| *key)),
        );
        let next = match (upper, lower) {
            (Some(upper), Some(lower)) if upper > lower => frozen.as_mut().and_then(Iterator::next),
            (Some(upper), lower) => {
                if lower == Some(upper) {
                    frozen.as_mut().and_then(Iterator::next);
                }
                active.next()
            }
            (None, _) => frozen.as_mut().and_then(Iterator::next),
        };
        let Some((key, kept)) = next.filter(|(key, _)| key.starts_with(prefix)) else { break };
        live += usize::from(kept.is_some());
        found.push((key.to_vec(), kept.as_ref().map(document)));
    }
    found
}

/// Copied: a reader may keep it for longer than the frame it lies in.
fn document(kept: &Kept) -> Document {
    Document { revision: kept.revision, value: Bytes::copy_from_slice(&kept.value) }
}

fn damaged(key: &[u8], reason: &'static str) -> ReadError {
    ReadError::Damaged { key: key.to_vec(), reason }
}
