//! What a decision comes to: writes to commit together, then notices to tell.

use bytes::Bytes;
use store::limits::{BLOCK_BYTES, BLOCK_RECORDS};
use store::{Batch, Expect, Write};

use crate::notice::Notice;

/// The outcome of one or many decided events.
#[derive(Debug)]
pub struct Plan<L> {
    batch: Batch,
    /// Of the last write, if it is an append.
    block_bytes: usize,
    /// Something was written that a notice of this plan promises.
    must_sync: bool,
    weight: usize,
    pub notices: Vec<Notice<L>>,
}

/// What a notice or a write costs in memory beside its bytes, roughly.
const OVERHEAD: usize = 192;

impl<L> Default for Plan<L> {
    fn default() -> Self {
        Plan { batch: Batch::new(), block_bytes: 0, must_sync: false, weight: 0, notices: Vec::new() }
    }
}

impl<L> Plan<L> {
    /// Bytes of memory this plan takes, roughly: whoever groups events ends the group when it is heavy.
    pub fn weight(&self) -> usize {
        self.weight
    }

    pub fn tell(&mut self, notice: Notice<L>) {
        self.weight += OVERHEAD;
        self.notices.push(notice);
    }

    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.must_sync = true;
        self.weight += OVERHEAD + key.len() + value.len();
        self.batch.put(key, value, Expect::Any);
    }

    /// A put that no notice promises: it goes with the group, which is not synced for it.
    pub fn put_unpromised(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.weight += OVERHEAD + key.len() + value.len();
        self.batch.put(key, value, Expect::Any);
    }

    pub fn delete(&mut self, key: Vec<u8>) {
        self.must_sync = true;
        self.weight += OVERHEAD + key.len();
        self.batch.delete(key, Expect::Any);
    }

    /// Adds a record to a log; records that follow each other become one append.
    pub fn append(&mut self, log: Vec<u8>, seq: u64, record: Bytes) {
        self.must_sync = true;
        self.weight += OVERHEAD + record.len();
        if let Some(Write::Append { log: last, first_seq, records }) = self.batch.writes.last_mut()
            && *last == log
            && *first_seq + records.len() as u64 == seq
            && self.block_bytes + record.len() <= BLOCK_BYTES
            && records.len() < BLOCK_RECORDS
        {
            self.block_bytes += record.len();
            records.push(record);
            return;
        }
        self.block_bytes = record.len();
        self.batch.append(log, seq, vec![record]);
    }

    /// Forgets a log's records below `before`. A crash may bring them back: the client then gets them twice.
    pub fn trim(&mut self, log: Vec<u8>, before: u64) {
        self.batch.trim(log, before);
    }

    /// Forgets a whole log, also what this plan appended to it.
    pub fn drop_log(&mut self, log: Vec<u8>) {
        self.must_sync = true;
        self.batch.drop_log(log);
    }

    /// The writes, and whether they must be on disk before the notices are told.
    pub fn take_writes(&mut self) -> (Batch, bool) {
        (std::mem::take(&mut self.batch), std::mem::take(&mut self.must_sync))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_beyond_the_largest_block_become_several_appends() {
        let mut plan = Plan::<u32>::default();
        let record = Bytes::from(vec![0; BLOCK_BYTES / 2]);
        for seq in 7..12 {
            plan.append(b"log".to_vec(), seq, record.clone());
        }
        let blocks: Vec<(u64, usize)> = plan.take_writes().0.writes.iter().filter_map(block).collect();
        assert_eq!(blocks, [(7, 2), (9, 2), (11, 1)]);
    }

    #[test]
    fn a_plan_knows_how_heavy_it_is() {
        let mut plan = Plan::<u32>::default();
        plan.append(b"log".to_vec(), 1, Bytes::from(vec![0; 5000]));
        plan.put(b"key".to_vec(), vec![0; 7000]);
        assert!((12_000..13_000).contains(&plan.weight()), "{}", plan.weight());
    }

    fn block(write: &store::Write) -> Option<(u64, usize)> {
        match write {
            store::Write::Append { first_seq, records, .. } => Some((*first_seq, records.len())),
            _ => None,
        }
    }
}
