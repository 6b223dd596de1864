//! A batch and the present state in, the state each write leads to out, or the reason the batch is refused.
//! Changes nothing.

use std::collections::HashMap;

use crate::hashing::Seeded;
use crate::{Batch, CommitError, Expect, Write, limits};

/// What engines know of the present.
pub(crate) trait Present {
    /// The revision of a document, or `None` if there is none.
    fn revision(&mut self, key: &[u8]) -> Result<Option<u64>, CommitError>;

    /// Head and tail of a log, or `None` if there is none.
    fn ends(&mut self, log: &[u8]) -> Option<(u64, u64)>;
}

/// The revision each `Put` of the batch gets: 0 for one that expects nothing, and for every other write.
pub(crate) type Revisions = Vec<u64>;

/// Checks every write against the state that the writes before it lead to.
pub(crate) fn admit(batch: &Batch, present: &mut impl Present) -> Result<Revisions, CommitError> {
    let expects = |write: &Write| match write {
        Write::Put { expect, .. } | Write::Delete { expect, .. } => *expect != Expect::Any,
        Write::Append { .. } | Write::Trim { .. } | Write::DropLog { .. } => false,
    };
    let is_asked = batch.writes.iter().any(expects);
    let mut course = Course { present, is_asked, documents: HashMap::default(), logs: HashMap::default() };
    batch.writes.iter().enumerate().map(|(index, write)| course.step(index, write)).collect()
}

/// The present, overlaid with the batch so far.
struct Course<'b, 'p, P> {
    present: &'p mut P,
    /// Some write of the batch expects something of a document.
    is_asked: bool,
    documents: HashMap<&'b [u8], Option<u64>, Seeded>,
    logs: HashMap<&'b [u8], Option<(u64, u64)>, Seeded>,
}

impl<'b, P: Present> Course<'b, '_, P> {
    fn step(&mut self, index: usize, write: &'b Write) -> Result<u64, CommitError> {
        let unfit = |reason| CommitError::Unfit { write: index, reason };
        match write {
            Write::Put { key, value, expect } => {
                fit_key(key).map_err(unfit)?;
                if value.len() > limits::VALUE_BYTES {
                    return Err(unfit("a document may have 64 MiB"));
                }
                let revision = match expect {
                    Expect::Any => 0,
                    _ => self.expected(index, key, *expect)?.unwrap_or(0).saturating_add(1),
                };
                self.note(key, Some(revision));
                Ok(revision)
            }
            Write::Delete { key, expect } => {
                fit_key(key).map_err(unfit)?;
                if *expect != Expect::Any {
                    self.expected(index, key, *expect)?;
                }
                self.note(key, None);
                Ok(0)
            }
            Write::Append { log, first_seq, records } => {
                fit_key(log).map_err(unfit)?;
                let ends = self.ends(log);
                if let Some((_, tail)) = ends
                    && tail != *first_seq
                {
                    return Err(CommitError::Conflict { write: index, key: log.clone(), found: Some(tail) });
                }
                let head = ends.map_or(*first_seq, |(head, _)| head);
                let tail = fit_block(head, *first_seq, records).map_err(unfit)?;
                self.logs.insert(log, Some((head, tail)));
                Ok(0)
            }
            Write::Trim { log, before } => {
                fit_key(log).map_err(unfit)?;
                let ends = self.ends(log).map(|(head, tail)| ((*before).clamp(head, tail), tail));
                self.logs.insert(log, ends);
                Ok(0)
            }
            Write::DropLog { log } => {
                fit_key(log).map_err(unfit)?;
                self.logs.insert(log, None);
                Ok(0)
            }
        }
    }

    fn note(&mut self, key: &'b [u8], revision: Option<u64>) {
        if self.is_asked {
            self.documents.insert(key, revision);
        }
    }

    fn expected(&mut self, index: usize, key: &'b [u8], expect: Expect) -> Result<Option<u64>, CommitError> {
        let found = match self.documents.get(key) {
            Some(found) => *found,
            None => self.present.revision(key)?,
        };
        let holds = match expect {
            Expect::Any => true,
            Expect::Absent => found.is_none(),
            Expect::Revision(revision) => found == Some(revision),
        };
        if holds { Ok(found) } else { Err(CommitError::Conflict { write: index, key: key.to_vec(), found }) }
    }

    fn ends(&mut self, log: &'b [u8]) -> Option<(u64, u64)> {
        match self.logs.get(log) {
            Some(ends) => *ends,
            None => self.present.ends(log),
        }
    }
}

fn fit_key(key: &[u8]) -> Result<(), &'static str> {
    match key.len() {
        0 => Err("a key may not be empty"),
        1..=limits::KEY_BYTES => Ok(()),
        _ => Err("a key may have 65,000 bytes"),
    }
}

/// The tail of the log after the block, if the block fits.
fn fit_block(head: u64, first_seq: u64, records: &[bytes::Bytes]) -> Result<u64, &'static str> {
    if records.len() > limits::BLOCK_RECORDS {
        return Err("an append may have 1,000,000 records");
    }
    if records.iter().map(bytes::Bytes::len).sum::<usize>() > limits::BLOCK_BYTES {
        return Err("an append may have 64 MiB");
    }
    let tail = first_seq.checked_add(records.len() as u64).ok_or("a log's numbers end at 2^64")?;
    if tail.saturating_sub(head) > limits::LOG_RECORDS {
        return Err("a log may hold 4,294,967,295 records: trim it");
    }
    Ok(tail)
}
