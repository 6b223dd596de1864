//! What is known in memory of every log in the tables: its head, its tail and its blocks. Holds no records.

use std::collections::{HashMap, VecDeque};

use super::layers::Blocks;
use super::layout::BlockId;
use crate::Span;
use crate::hashing::Seeded;

/// All logs by key.
pub(super) type Ledger = HashMap<Box<[u8]>, LogState, Seeded>;

/// One log. Its blocks are contiguous: each starts where the one before it ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LogState {
    pub(super) head: u64,
    pub(super) tail: u64,
    /// Sum of the lengths of all records in the blocks.
    bytes: u64,
    /// Part of `bytes` that belongs to records of the first block that are below the head.
    shaved: u64,
    /// Where the first block starts.
    base: u64,
    blocks: VecDeque<Block>,
}

/// Eight bytes per block, for backlogs of millions: a log holds less than 2^32 records, so the low half of a
/// block's first number is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    low: u32,
    bytes: u32,
}

impl LogState {
    pub(super) fn starting_at(seq: u64) -> Self {
        Self { head: seq, tail: seq, base: seq, ..Self::default() }
    }

    pub(super) fn span(&self) -> Span {
        Span { head: self.head, tail: self.tail, bytes: self.bytes.saturating_sub(self.shaved) }
    }

    pub(super) fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// The block at a position, counted from the oldest.
    pub(super) fn block(&self, position: usize) -> Option<BlockId> {
        let block = self.blocks.get(position)?;
        let first_seq = self.first_seq(*block);
        let end = self.blocks.get(position + 1).map_or(self.tail, |next| self.first_seq(*next));
        // Fits: a block has at most a million records.
        let count = u32::try_from(end.saturating_sub(first_seq)).unwrap_or(u32::MAX);
        Some(BlockId { first_seq, count, bytes: block.bytes })
    }

    /// Position of the block that holds a number at or above the first block's.
    pub(super) fn position(&self, seq: u64) -> usize {
        self.blocks.partition_point(|block| self.first_seq(*block) <= seq).saturating_sub(1)
    }

    /// Adds a block at the tail.
    pub(super) fn push(&mut self, id: BlockId) {
        if self.blocks.is_empty() {
            self.base = id.first_seq;
        }
        #[expect(clippy::cast_possible_truncation, reason = "the low half is what is kept")]
        self.blocks.push_back(Block { low: id.first_seq as u32, bytes: id.bytes });
        self.bytes = self.bytes.saturating_add(u64::from(id.bytes));
        self.tail = id.end();
    }

    /// Forgets the oldest block.
    pub(super) fn pop(&mut self) {
        if let Some(block) = self.blocks.pop_front() {
            self.bytes = self.bytes.saturating_sub(u64::from(block.bytes));
            self.shaved = 0;
            self.base = self.blocks.front().map_or(self.tail, |front| self.first_seq(*front));
        }
    }

    /// Moves the ends; `live` is the length of the records between them.
    pub(super) fn settle(&mut self, head: u64, tail: u64, live: u64) {
        self.head = head;
        self.tail = tail;
        self.shaved = self.bytes.saturating_sub(live);
        if self.blocks.is_empty() {
            self.base = tail;
        }
    }

    /// Blocks that are sure to hold as many of the records from `from` up to `end` as asked for, and how many records and
    /// bytes these have.
    pub(super) fn wanted(
        &self,
        from: u64,
        end: u64,
        max_records: usize,
        max_bytes: usize,
    ) -> (Vec<BlockId>, usize, usize) {
        let (mut blocks, mut records, mut bytes) = (Vec::new(), 0, 0_usize);
        let first = self.position(from);
        let mut position = first;
        while records < max_records
            && bytes <= max_bytes
            && let Some(id) = self.block(position).filter(|id| id.first_seq < end)
        {
            // The first block counts only from `from` on; how many bytes that is, its records tell.
            if position > first {
                bytes = bytes.saturating_add(id.bytes as usize);
            }
            records += usize::try_from(id.end().min(end).saturating_sub(from.max(id.first_seq)))
                .unwrap_or(usize::MAX);
            blocks.push(id);
            position += 1;
        }
        (blocks, records, bytes)
    }

    /// Length of the records numbered `from` and up, below `to`.
    pub(super) fn bytes_between(&self, from: u64, to: u64, log: &[u8], blocks: &impl Blocks) -> u64 {
        let mut sum = 0;
        let mut position = self.position(from);
        while let Some(id) = self.block(position).filter(|id| id.first_seq < to) {
            sum += match from <= id.first_seq && id.end() <= to {
                true => u64::from(id.bytes),
                false => {
                    let records = blocks.records(log, id).unwrap_or_default();
                    let numbered = (id.first_seq..id.end()).zip(&records);
                    let within = numbered.filter(|(seq, _)| (from..to).contains(seq));
                    within.map(|(_, record)| record.len() as u64).sum()
                }
            };
            position += 1;
        }
        sum
    }

    /// Whether a block tells where the log begins, so that no head of its own is needed.
    pub(super) fn begins_with_a_block(&self) -> bool {
        self.block(0).is_some_and(|first| first.first_seq >= self.head)
    }

    fn first_seq(&self, block: Block) -> u64 {
        #[expect(clippy::cast_possible_truncation, reason = "the low half is what is kept")]
        let offset = block.low.wrapping_sub(self.base as u32);
        self.base.saturating_add(u64::from(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(first: u64, counts: &[u32]) -> LogState {
        let mut log = LogState::starting_at(first);
        for count in counts {
            log.push(BlockId { first_seq: log.tail, count: *count, bytes: count * 10 });
        }
        log
    }

    #[test]
    fn blocks_are_found_by_number_even_where_the_low_half_wraps() {
        for first in [0, 1, u64::from(u32::MAX) - 3, (7 << 32) - 1, u64::MAX - 100] {
            let log = log(first, &[1, 2, 3, 4]);
            let found: Vec<usize> = (0..10).map(|offset| log.position(first + offset)).collect();
            assert_eq!(found, [0, 1, 1, 2, 2, 2, 3, 3, 3, 3], "from {first}");
            assert_eq!(log.block(2), Some(BlockId { first_seq: first + 3, count: 3, bytes: 30 }));
            assert_eq!(log.block(4), None);
        }
    }

    #[test]
    fn shaved_and_popped_bytes_are_not_counted() {
        let mut log = log(5, &[2, 3]);
        log.settle(6, 10, 40);
        assert_eq!(log.span(), Span { head: 6, tail: 10, bytes: 40 });
        log.pop();
        log.settle(7, 10, 30);
        assert_eq!(log.span(), Span { head: 7, tail: 10, bytes: 30 });
        log.pop();
        log.settle(10, 10, 0);
        assert_eq!(log.span(), Span { head: 10, tail: 10, bytes: 0 });
        log.push(BlockId { first_seq: 10, count: 1, bytes: 4 });
        assert_eq!(log.block(0), Some(BlockId { first_seq: 10, count: 1, bytes: 4 }));
    }
}
