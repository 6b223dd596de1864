//! An admitted batch in, the entries to write and the new state of each touched log out. Writes nothing.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use super::layout::{self, BlockId};
use super::ledger::{Ledger, LogState};
use crate::Write;

/// Entries by stored key; `None` removes. One value per key: the engine gives all entries of a batch one number
/// and could not tell which of two came last.
pub(super) type Entries = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What a batch does to the disk and to the ledger.
#[derive(Default)]
pub(super) struct Plan<'b> {
    pub(super) documents: Entries,
    pub(super) logs: Entries,
    turns: HashMap<&'b [u8], Turn>,
}

/// What a batch does to one log, beside the log itself so that nothing is copied.
#[derive(Default)]
struct Turn {
    /// The log as it was is gone.
    dropped: bool,
    /// Blocks of the log as it was that are gone.
    popped: usize,
    /// The log as the batch builds it up, if it was dropped or is new; else only what was appended.
    grown: Option<LogState>,
    /// The head and what is shaved off the first block, if the batch moved the head.
    head: Option<(u64, u64)>,
    /// The log is new and has no block to say that it exists.
    created: bool,
}

/// Reads a stored block's records when a trim ends within it; `None` if it cannot be read, because forgetting
/// records must stay possible where reading them is not.
pub(super) trait Blocks {
    fn records(&self, log: &[u8], id: BlockId) -> Option<Vec<Bytes>>;
}

impl<'b> Plan<'b> {
    /// Plans writes that were admitted with these revisions.
    pub(super) fn of(writes: &'b [Write], revisions: &[u64], ledger: &Ledger, blocks: &impl Blocks) -> Self {
        let mut plan = Self::default();
        for (write, revision) in writes.iter().zip(revisions) {
            match write {
                Write::Put { key, value, .. } => {
                    plan.documents
                        .insert(layout::document_key(key), Some(layout::document_value(*revision, value)));
                }
                Write::Delete { key, .. } => {
                    plan.documents.insert(layout::document_key(key), None);
                }
                Write::Append { log, first_seq, records } => plan.append(log, *first_seq, records, ledger),
                Write::Trim { log, before } => plan.trim(log, *before, ledger, blocks),
                Write::DropLog { log } => plan.drop_log(log, ledger),
            }
        }
        plan.write_heads(ledger);
        plan
    }

    /// Brings the ledger to the state after the batch.
    pub(super) fn settle(self, ledger: &mut Ledger) {
        for (log, turn) in self.turns {
            if turn.dropped {
                ledger.remove(log);
            }
            let Some(state) = ledger.get_mut(log) else {
                if let Some(grown) = turn.grown {
                    ledger.insert(log.into(), grown);
                }
                continue;
            };
            for _ in 0..turn.popped {
                state.pop();
            }
            if let Some(grown) = turn.grown {
                (0..grown.block_count()).filter_map(|at| grown.block(at)).for_each(|id| state.push(id));
                state.tail = grown.tail;
            }
            if let Some((head, shaved)) = turn.head {
                state.shave(head, shaved);
            }
        }
    }

    fn append(&mut self, log: &'b [u8], first_seq: u64, records: &[Bytes], ledger: &Ledger) {
        let turn = self.turns.entry(log).or_default();
        let is_new = turn.dropped || !ledger.contains_key(log);
        if is_new && turn.grown.is_none() {
            turn.created = true;
        }
        if !is_new && records.is_empty() {
            return;
        }
        let grown = turn.grown.get_or_insert_with(|| LogState::starting_at(first_seq));
        if records.is_empty() {
            return;
        }
        let bytes = records.iter().map(Bytes::len).sum::<usize>();
        let id = BlockId {
            first_seq,
            count: u32::try_from(records.len()).expect("admission limits the records of a block"),
            bytes: u32::try_from(bytes).expect("admission limits the bytes of a block"),
        };
        grown.push(id);
        self.logs.insert(id.key(log), Some(layout::block_value(id, records)));
    }

    fn trim(&mut self, log: &'b [u8], before: u64, ledger: &Ledger, blocks: &impl Blocks) {
        let turn = self.turns.entry(log).or_default();
        let stored = if turn.dropped { None } else { ledger.get(log) };
        let Some(head) = turn.head.map(|(head, _)| head).or_else(|| {
            stored.map(|state| state.head).or_else(|| turn.grown.as_ref().map(|grown| grown.head))
        }) else {
            return;
        };
        if before <= head {
            return;
        }
        let mut reached = None;
        while let Some(id) = stored.and_then(|state| state.block(turn.popped)) {
            if id.end() > before {
                reached = Some(id);
                break;
            }
            self.logs.insert(id.key(log), None);
            turn.popped += 1;
        }
        while reached.is_none()
            && let Some(grown) = &mut turn.grown
            && let Some(id) = grown.block(0)
        {
            if id.end() > before {
                reached = Some(id);
                break;
            }
            // Also removes what the engine may hold under this key from a log that was dropped.
            self.logs.insert(id.key(log), None);
            grown.pop();
        }
        let tail = turn.grown.as_ref().map(|grown| grown.tail).or(stored.map(|state| state.tail));
        let head = before.min(tail.unwrap_or(before));
        let shaved = match reached {
            Some(id) if id.first_seq < head => shaved(log, id, head, &self.logs, blocks),
            _ => 0,
        };
        turn.head = Some((head, shaved));
        if let (None, Some(grown)) = (stored, &mut turn.grown) {
            grown.shave(head, shaved);
        }
    }

    fn drop_log(&mut self, log: &'b [u8], ledger: &Ledger) {
        let turn = self.turns.entry(log).or_default();
        let stored = if turn.dropped { None } else { ledger.get(log) };
        let positions = turn.popped..stored.map_or(0, LogState::block_count);
        let stored = positions.filter_map(|position| stored.and_then(|state| state.block(position)));
        let grown = turn.grown.iter();
        let grown = grown.flat_map(|grown| (0..grown.block_count()).filter_map(|at| grown.block(at)));
        for id in stored.chain(grown) {
            self.logs.insert(id.key(log), None);
        }
        if ledger.contains_key(log) {
            self.logs.insert(layout::log_key(log), None);
        }
        *turn = Turn { dropped: true, ..Turn::default() };
    }

    /// Stores the head of each log whose blocks alone do not tell it.
    fn write_heads(&mut self, ledger: &Ledger) {
        for (log, turn) in &self.turns {
            let stored = if turn.dropped { None } else { ledger.get(*log) };
            let first = stored
                .and_then(|state| state.block(turn.popped))
                .or_else(|| turn.grown.as_ref().and_then(|grown| grown.block(0)));
            let head = match (turn.head, turn.created, &turn.grown) {
                (Some((head, _)), _, _) => head,
                (None, true, Some(grown)) => grown.head,
                _ => continue,
            };
            if first.is_none_or(|id| id.first_seq < head) {
                self.logs.insert(layout::log_key(log), Some(layout::head_value(head)));
            }
        }
    }
}

/// Length of the records of a block that are below the head.
fn shaved(log: &[u8], id: BlockId, head: u64, entries: &Entries, blocks: &impl Blocks) -> u64 {
    let records = match entries.get(&id.key(log)) {
        Some(Some(value)) => layout::block_records(id, value).ok(),
        _ => blocks.records(log, id),
    };
    let below = (id.first_seq..head).zip(records.iter().flatten());
    below.map(|(_, record)| record.len() as u64).sum()
}
