//! A store that lives in memory: the same promises as the embedded one until the process ends, and always the
//! same answer for the same calls.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;

use crate::admission::{self, Present};
use crate::{Batch, CommitError, Document, Durability, ReadError, Reader, Span, Store, Write};

/// An empty store that needs no disk.
#[derive(Debug, Default)]
pub struct Memory {
    state: Arc<RwLock<State>>,
}

impl Memory {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn holding(state: State) -> Self {
        Self { state: Arc::new(RwLock::new(state)) }
    }

    /// Whether the batch would be taken; changes nothing.
    pub(crate) fn check(&self, batch: &Batch) -> Result<(), CommitError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        admission::admit(batch, &mut *state).map(drop)
    }
}

impl Store for Memory {
    fn commit(&mut self, batch: &Batch, _durability: Durability) -> Result<(), CommitError> {
        self.state.write().unwrap_or_else(PoisonError::into_inner).take(batch)
    }

    fn reader(&self) -> Arc<dyn Reader> {
        Arc::new(MemoryReader { state: Arc::clone(&self.state) })
    }
}

/// Everything a memory store holds; cloned by the faulty store as its picture of the disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    documents: BTreeMap<Vec<u8>, Document>,
    logs: BTreeMap<Vec<u8>, Log>,
}

#[derive(Debug, Clone, Default)]
struct Log {
    head: u64,
    bytes: u64,
    records: VecDeque<Bytes>,
}

impl Present for State {
    fn revision(&mut self, key: &[u8]) -> Result<Option<u64>, CommitError> {
        Ok(self.documents.get(key).map(|document| document.revision))
    }

    fn ends(&mut self, log: &[u8]) -> Option<(u64, u64)> {
        self.logs.get(log).map(|log| (log.head, log.tail()))
    }
}

impl State {
    /// Takes the whole batch or refuses it.
    pub(crate) fn take(&mut self, batch: &Batch) -> Result<(), CommitError> {
        let revisions = admission::admit(batch, self)?;
        for (write, revision) in batch.writes.iter().zip(revisions) {
            self.apply(write, revision);
        }
        Ok(())
    }

    /// Takes a write that was admitted.
    fn apply(&mut self, write: &Write, revision: u64) {
        match write {
            Write::Put { key, value, .. } => {
                let document = Document { revision, value: Bytes::copy_from_slice(value) };
                self.documents.insert(key.clone(), document);
            }
            Write::Delete { key, .. } => {
                self.documents.remove(key);
            }
            Write::Append { log, first_seq, records } => {
                let log = self
                    .logs
                    .entry(log.clone())
                    .or_insert_with(|| Log { head: *first_seq, ..Log::default() });
                log.bytes += records.iter().map(|record| record.len() as u64).sum::<u64>();
                log.records.extend(records.iter().cloned());
            }
            Write::Trim { log, before } => {
                if let Some(log) = self.logs.get_mut(log) {
                    log.trim(*before);
                }
            }
            Write::DropLog { log } => {
                self.logs.remove(log);
            }
        }
    }
}

impl Log {
    fn tail(&self) -> u64 {
        self.head + self.records.len() as u64
    }

    fn span(&self) -> Span {
        Span { head: self.head, tail: self.tail(), bytes: self.bytes }
    }

    fn trim(&mut self, before: u64) {
        while self.head < before
            && let Some(record) = self.records.pop_front()
        {
            self.head += 1;
            self.bytes -= record.len() as u64;
        }
    }
}

/// The reading side of a [`Memory`] store.
#[derive(Debug)]
pub(crate) struct MemoryReader {
    state: Arc<RwLock<State>>,
}

impl MemoryReader {
    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader for MemoryReader {
    fn get(&self, key: &[u8]) -> Result<Option<Document>, ReadError> {
        Ok(self.state().documents.get(key).cloned())
    }

    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Document)>, ReadError> {
        let state = self.state();
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let found = state.documents.range::<[u8], _>((from, Bound::Unbounded));
        let found = found.take_while(|(key, _)| key.starts_with(prefix)).take(limit);
        Ok(found.map(|(key, document)| (key.clone(), document.clone())).collect())
    }

    fn read_log(
        &self,
        log: &[u8],
        from: u64,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<Vec<(u64, Bytes)>, ReadError> {
        let state = self.state();
        let Some(log) = state.logs.get(log) else { return Ok(Vec::new()) };
        let from = from.clamp(log.head, log.tail());
        let skip = usize::try_from(from - log.head).unwrap_or(usize::MAX);
        let mut room = max_bytes;
        let mut found = Vec::new();
        for (seq, record) in (from..log.tail()).zip(log.records.iter().skip(skip)).take(max_records) {
            if record.len() > room && !found.is_empty() {
                break;
            }
            room = room.saturating_sub(record.len());
            found.push((seq, record.clone()));
        }
        Ok(found)
    }

    fn span(&self, log: &[u8]) -> Result<Option<Span>, ReadError> {
        Ok(self.state().logs.get(log).map(Log::span))
    }

    fn logs(&self, prefix: &[u8], visit: &mut dyn FnMut(&[u8], Span)) -> Result<(), ReadError> {
        let state = self.state();
        let found = state.logs.range::<[u8], _>((Bound::Included(prefix), Bound::Unbounded));
        let found = found.take_while(|(log, _)| log.starts_with(prefix));
        let found: Vec<_> = found.map(|(log, state)| (log.clone(), state.span())).collect();
        drop(state);
        for (log, span) in &found {
            visit(log, *span);
        }
        Ok(())
    }
}
