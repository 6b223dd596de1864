//! Reads of an embedded store. Writes nothing and never waits for the disk's sync.

use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLockReadGuard};

use bytes::Bytes;

use super::Core;
use super::layout::{self, BlockId};
use super::ledger::{Ledger, LogState};
use crate::{Document, ReadError, Reader, Span};

pub(super) struct EmbeddedReader {
    core: Arc<Core>,
}

impl EmbeddedReader {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    fn ledger(&self) -> RwLockReadGuard<'_, Ledger> {
        self.core.ledger.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader for EmbeddedReader {
    fn get(&self, key: &[u8]) -> Result<Option<Document>, ReadError> {
        let stored = self.core.documents.get(layout::document_key(key)).map_err(|error| failed(&error))?;
        stored.map(|stored| layout::document(&stored)).transpose().map_err(|reason| damaged(key, reason))
    }

    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Document)>, ReadError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(layout::document_key(after)),
            _ => Bound::Included(layout::document_key(prefix)),
        };
        let mut found = Vec::new();
        for entry in self.core.documents.range((from, Bound::Unbounded)).take(limit) {
            let (stored_key, stored) = entry.into_inner().map_err(|error| failed(&error))?;
            let Some(key) = layout::caller_key(&stored_key).filter(|key| key.starts_with(prefix)) else {
                break;
            };
            let document = layout::document(&stored).map_err(|reason| damaged(key, reason))?;
            found.push((key.to_vec(), document));
        }
        Ok(found)
    }

    fn read_log(
        &self,
        log: &[u8],
        from: u64,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<Vec<(u64, Bytes)>, ReadError> {
        let Some((from, blocks)) =
            self.ledger().get(log).map(|state| wanted(state, from, max_records, max_bytes))
        else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        let mut room = max_bytes;
        for id in blocks {
            // A block that is gone was trimmed since the ledger was looked at.
            let Some(stored) = self.core.logs.get(id.key(log)).map_err(|error| failed(&error))? else {
                continue;
            };
            let records = layout::block_records(id, &stored).map_err(|reason| damaged(log, reason))?;
            for (seq, record) in (id.first_seq..id.end()).zip(records).skip_while(|(seq, _)| *seq < from) {
                if found.len() >= max_records || (record.len() > room && !found.is_empty()) {
                    return Ok(found);
                }
                room = room.saturating_sub(record.len());
                found.push((seq, record));
            }
        }
        Ok(found)
    }

    fn span(&self, log: &[u8]) -> Result<Option<Span>, ReadError> {
        Ok(self.ledger().get(log).map(LogState::span))
    }

    fn logs(&self, prefix: &[u8], visit: &mut dyn FnMut(&[u8], Span)) -> Result<(), ReadError> {
        let ledger = self.ledger();
        let found = ledger.range::<[u8], _>((Bound::Included(prefix), Bound::Unbounded));
        let found = found.take_while(|(log, _)| log.starts_with(prefix));
        let found: Vec<_> = found.map(|(log, state)| (log.clone(), state.span())).collect();
        drop(ledger);
        for (log, span) in &found {
            visit(log, *span);
        }
        Ok(())
    }
}

/// The first number to give out, and the blocks that are sure to hold as much as asked for.
fn wanted(state: &LogState, from: u64, max_records: usize, max_bytes: usize) -> (u64, Vec<BlockId>) {
    let from = from.max(state.head);
    let mut blocks = Vec::new();
    if from >= state.tail || max_records == 0 {
        return (from, blocks);
    }
    let (mut records, mut bytes) = (0, 0);
    let mut position = state.position(from);
    while records < max_records
        && bytes <= max_bytes
        && let Some(id) = state.block(position)
    {
        // The first block counts only from `from` on; how many bytes that is, its records tell.
        if position > state.position(from) {
            bytes = bytes.saturating_add(id.bytes as usize);
        }
        records += usize::try_from(id.end().saturating_sub(from.max(id.first_seq))).unwrap_or(usize::MAX);
        blocks.push(id);
        position += 1;
    }
    (from, blocks)
}

fn failed(error: &fjall::Error) -> ReadError {
    ReadError::Failed(error.to_string())
}

fn damaged(key: &[u8], reason: &'static str) -> ReadError {
    ReadError::Damaged { key: key.to_vec(), reason }
}
