//! The store as it is now, layer over layer: what was committed last, what is being written to tables, and what is known
//! of the logs in the tables. Reads tables only where a trim ends within a block.

use std::sync::Arc;

use bytes::Bytes;

use super::frame::{self, Entry};
use super::layout::BlockId;
use super::ledger::{Ledger, LogState};
use super::overlay::{Fresh, Kept, OVERHEAD, Overlay};
use crate::Span;

#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) active: Overlay,
    /// On its way to the tables, or there already.
    pub(super) frozen: Option<Arc<Overlay>>,
    pub(super) ledger: Ledger,
}

/// Reads a stored block's records; `None` if it cannot be read, because forgetting records must stay possible where
/// reading them is not.
pub(super) trait Blocks {
    fn records(&self, log: &[u8], id: BlockId) -> Option<Vec<Bytes>>;
}

/// What lies under the active layer of one log.
#[derive(Clone, Copy)]
struct Older<'l> {
    frozen: Option<&'l Fresh>,
    stored: Option<&'l LogState>,
}

/// What to read for some records of a log: blocks of tables up to a number, then records in memory.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub(super) from: u64,
    pub(super) blocks: Vec<BlockId>,
    /// What blocks have from here on is not valid.
    pub(super) blocks_end: u64,
    pub(super) records: Vec<(u64, Bytes)>,
}

impl Layers {
    /// A document as far as the overlays know: outer `None` where only the tables can tell.
    pub(super) fn document(&self, key: &[u8]) -> Option<Option<&Kept>> {
        let found = self.active.documents.get(key);
        let found = found.or_else(|| self.frozen.as_ref().and_then(|frozen| frozen.documents.get(key)));
        found.map(Option::as_ref)
    }

    pub(super) fn span(&self, log: &[u8]) -> Option<Span> {
        match self.active.logs.get(log) {
            Some(fresh) => fresh.span(),
            None => self.older(log).span(),
        }
    }

    /// Every log whose key starts with the prefix, in order.
    pub(super) fn spans(&self, prefix: &[u8]) -> Vec<(Box<[u8]>, Span)> {
        let overlays = std::iter::once(&self.active).chain(self.frozen.as_deref());
        let fresh = overlays.flat_map(|overlay| overlay.logs.keys());
        let all = self.ledger.keys().chain(fresh);
        let mut logs: Vec<&Box<[u8]>> = all.filter(|log| log.starts_with(prefix)).collect();
        logs.sort_unstable();
        logs.dedup();
        logs.into_iter().filter_map(|log| Some((log.clone(), self.span(log)?))).collect()
    }

    /// Takes a commit that was admitted; its frame is kept for as long as parts of it are.
    pub(super) fn apply(
        &mut self,
        number: u64,
        frame: &Bytes,
        header: usize,
        blocks: &impl Blocks,
    ) -> Result<(), &'static str> {
        self.active.last = number;
        self.active.bytes += frame.len();
        for entry in frame::entries(frame, header) {
            match entry? {
                Entry::Put { key, revision, value } => {
                    self.keep(key, Some(Kept { revision, value: frame.slice(value) }));
                }
                Entry::Delete { key } => self.keep(key, None),
                Entry::Append { log, first_seq, records } => {
                    let fresh = self.touch(log);
                    fresh.begin(first_seq);
                    records.into_iter().for_each(|record| fresh.push(frame.slice(record)));
                }
                Entry::Trim { log, before } => self.trim(log, before, blocks),
                Entry::Drop { log } => self.touch(log).drop_all(),
            }
        }
        Ok(())
    }

    fn keep(&mut self, key: &[u8], kept: Option<Kept>) {
        match self.active.documents.get_mut(key) {
            Some(known) => *known = kept,
            None => {
                self.active.bytes += OVERHEAD + key.len();
                self.active.documents.insert(key.into(), kept);
            }
        }
    }

    /// A log in the active layer, put on top of the older ones at its first change.
    fn touch(&mut self, log: &[u8]) -> &mut Fresh {
        if !self.active.logs.contains_key(log) {
            let fresh = Fresh::over(self.older(log).span());
            self.active.bytes += OVERHEAD + log.len();
            self.active.logs.insert(log.into(), fresh);
        }
        self.active.logs.get_mut(log).expect("it was just put there")
    }

    fn trim(&mut self, log: &[u8], before: u64, blocks: &impl Blocks) {
        let Some(Span { head, tail, .. }) = self.span(log) else { return };
        let to = before.clamp(head, tail);
        if to == head {
            return;
        }
        let own = self.active.logs.get(log);
        let older = match own {
            Some(fresh) if fresh.dropped => 0,
            _ => self.older(log).bytes_between(head, to.min(own.map_or(tail, |own| own.start)), log, blocks),
        };
        self.touch(log).trim(to, older);
    }

    fn older(&self, log: &[u8]) -> Older<'_> {
        let frozen = self.frozen.as_ref().and_then(|frozen| frozen.logs.get(log));
        let stored = if frozen.is_some_and(|frozen| frozen.dropped) { None } else { self.ledger.get(log) };
        Older { frozen, stored }
    }

    /// What holds the records asked for: at least as many as both limits allow, and at least one.
    pub(super) fn pieces(&self, log: &[u8], from: u64, max_records: usize, max_bytes: usize) -> Pieces {
        let Some(Span { head, tail, .. }) = self.span(log) else { return Pieces::default() };
        let from = from.max(head);
        if from >= tail || max_records == 0 {
            return Pieces::default();
        }
        let active = self.active.logs.get(log);
        let older = match active {
            Some(fresh) if fresh.dropped => Older { frozen: None, stored: None },
            _ => self.older(log),
        };
        let frozen_end = active.map_or(tail, |fresh| fresh.start);
        let blocks_end = older.frozen.map_or(frozen_end, |frozen| frozen.start.min(frozen_end));
        let mut pieces = Pieces { from, blocks_end, ..Pieces::default() };
        let (mut count, mut bytes) = (0, 0);
        if let Some(stored) = older.stored.filter(|_| from < blocks_end) {
            (pieces.blocks, count, bytes) = stored.wanted(from, blocks_end, max_records, max_bytes);
        }
        let frozen = older.frozen.into_iter().flat_map(|frozen| frozen.numbered(from));
        let frozen = frozen.take_while(|(seq, _)| *seq < frozen_end);
        let active = active.into_iter().flat_map(|fresh| fresh.numbered(from));
        // At least what the blocks take of it.
        let mut room = max_bytes.saturating_sub(bytes);
        for (seq, record) in frozen.chain(active) {
            if count >= max_records || (record.len() > room && count > 0) {
                break;
            }
            count += 1;
            room = room.saturating_sub(record.len());
            pieces.records.push((seq, record.clone()));
        }
        pieces
    }
}

impl Older<'_> {
    fn span(&self) -> Option<Span> {
        match self.frozen {
            Some(frozen) => frozen.span(),
            None => self.stored.map(LogState::span),
        }
    }

    fn bytes_between(&self, from: u64, to: u64, log: &[u8], blocks: &impl Blocks) -> u64 {
        let frozen = self.frozen.map_or(0, |frozen| frozen.bytes_between(from, to));
        let end = self.frozen.map_or(to, |frozen| frozen.start.min(to));
        let stored = self.stored.map_or(0, |stored| stored.bytes_between(from, end, log, blocks));
        frozen + stored
    }
}
