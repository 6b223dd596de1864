//! The writes of one commit to the payload of its frame in the journal, and back. Reads and writes no files.

use std::ops::Range;

use bytes::Bytes;

use crate::{Batch, Write};

const PUT: u8 = 1;
const DELETE: u8 = 2;
const APPEND: u8 = 3;
const TRIM: u8 = 4;
const DROP: u8 = 5;

/// One write as it stands in a frame. Ranges are of the frame, so that what is kept of it is not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry<'f> {
    Put { key: &'f [u8], revision: u64, value: Range<usize> },
    Delete { key: &'f [u8] },
    Append { log: &'f [u8], first_seq: u64, records: Vec<Range<usize>> },
    Trim { log: &'f [u8], before: u64 },
    Drop { log: &'f [u8] },
}

/// The frame of an admitted batch: `header` bytes to be filled in, then its writes.
pub(super) fn encode(batch: &Batch, revisions: &[u64], header: usize) -> Vec<u8> {
    let size = batch.writes.iter().map(size_of).sum::<usize>();
    let mut frame = Vec::with_capacity(header + size);
    frame.resize(header, 0);
    for (write, revision) in batch.writes.iter().zip(revisions) {
        match write {
            Write::Put { key, value, .. } => {
                begin(PUT, key, &mut frame);
                frame.extend_from_slice(&revision.to_le_bytes());
                length(value.len(), &mut frame);
                frame.extend_from_slice(value);
            }
            Write::Delete { key, .. } => begin(DELETE, key, &mut frame),
            Write::Append { log, first_seq, records } => {
                begin(APPEND, log, &mut frame);
                frame.extend_from_slice(&first_seq.to_le_bytes());
                length(records.len(), &mut frame);
                for record in records {
                    length(record.len(), &mut frame);
                    frame.extend_from_slice(record);
                }
            }
            Write::Trim { log, before } => {
                begin(TRIM, log, &mut frame);
                frame.extend_from_slice(&before.to_le_bytes());
            }
            Write::DropLog { log } => begin(DROP, log, &mut frame),
        }
    }
    frame
}

/// The bytes that a write takes in a frame.
pub(super) fn size_of(write: &Write) -> usize {
    match write {
        Write::Put { key, value, .. } => 5 + key.len() + 12 + value.len(),
        Write::Delete { key, .. } | Write::DropLog { log: key } => 5 + key.len(),
        Write::Append { log, records, .. } => {
            5 + log.len() + 12 + records.iter().map(|record| 4 + record.len()).sum::<usize>()
        }
        Write::Trim { log, .. } => 5 + log.len() + 8,
    }
}

fn begin(tag: u8, key: &[u8], frame: &mut Vec<u8>) {
    frame.push(tag);
    length(key.len(), frame);
    frame.extend_from_slice(key);
}

fn length(length: usize, frame: &mut Vec<u8>) {
    let length = u32::try_from(length).expect("admission keeps every part of a write below 64 MiB");
    frame.extend_from_slice(&length.to_le_bytes());
}

/// The writes of a frame, from where its header ends.
pub(super) fn entries(frame: &Bytes, header: usize) -> Entries<'_> {
    Entries { frame, at: header }
}

pub(super) struct Entries<'f> {
    frame: &'f [u8],
    at: usize,
}

impl<'f> Iterator for Entries<'f> {
    /// `Err`: the frame is whole and was not written by this program.
    type Item = Result<Entry<'f>, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.frame.len() {
            return None;
        }
        let entry = self.entry();
        if entry.is_none() {
            self.at = self.frame.len();
        }
        Some(entry.ok_or("a commit of the journal cannot be read: use the program that wrote it"))
    }
}

impl<'f> Entries<'f> {
    fn entry(&mut self) -> Option<Entry<'f>> {
        let tag = *self.take(1)?.first()?;
        let length = self.length()?;
        let key = self.take(length)?;
        Some(match tag {
            PUT => {
                let revision = self.number()?;
                let length = self.length()?;
                Entry::Put { key, revision, value: self.range(length)? }
            }
            DELETE => Entry::Delete { key },
            APPEND => {
                let first_seq = self.number()?;
                let count = self.length()?;
                let mut records = Vec::with_capacity(count.min(self.frame.len() / 4));
                for _ in 0..count {
                    let length = self.length()?;
                    records.push(self.range(length)?);
                }
                Entry::Append { log: key, first_seq, records }
            }
            TRIM => Entry::Trim { log: key, before: self.number()? },
            DROP => Entry::Drop { log: key },
            _ => return None,
        })
    }

    fn range(&mut self, length: usize) -> Option<Range<usize>> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.frame.len())?;
        let range = self.at..end;
        self.at = end;
        Some(range)
    }

    fn take(&mut self, length: usize) -> Option<&'f [u8]> {
        let range = self.range(length)?;
        self.frame.get(range)
    }

    fn length(&mut self) -> Option<usize> {
        let bytes = self.take(4)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(*self.take(8)?.first_chunk()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expect;

    fn batch() -> Batch {
        let mut batch = Batch::new();
        batch.put("key", "value", Expect::Any).delete("gone", Expect::Any).trim("log", 7).drop_log("old");
        batch.append("log", 9, vec![Bytes::from_static(b"one"), Bytes::new()]).append("new", 1, Vec::new());
        batch
    }

    #[test]
    fn a_frame_gives_back_its_writes() {
        let batch = batch();
        let frame = Bytes::from(encode(&batch, &[3, 0, 0, 0, 0, 0], 8));
        assert_eq!(frame.len(), 8 + batch.writes.iter().map(size_of).sum::<usize>());
        let found: Result<Vec<_>, _> = entries(&frame, 8).collect();
        let found = found.expect("whole");
        let text = |range: &Range<usize>| String::from_utf8_lossy(&frame[range.clone()]).into_owned();
        let [
            Entry::Put { key: b"key", revision: 3, value },
            Entry::Delete { key: b"gone" },
            trim,
            drop,
            append,
            new,
        ] = &found[..]
        else {
            panic!("{found:?}");
        };
        assert_eq!(text(value), "value");
        assert_eq!(*trim, Entry::Trim { log: b"log", before: 7 });
        assert_eq!(*drop, Entry::Drop { log: b"old" });
        let Entry::Append { log: b"log", first_seq: 9, records } = append else { panic!("{append:?}") };
        assert_eq!(records.iter().map(text).collect::<Vec<_>>(), ["one", ""]);
        assert_eq!(*new, Entry::Append { log: b"new", first_seq: 1, records: Vec::new() });
    }

    #[test]
    fn a_frame_cut_short_is_an_error_and_no_panic() {
        let whole = encode(&batch(), &[3, 0, 0, 0, 0, 0], 8);
        let ends: Vec<usize> = (8..whole.len()).collect();
        let mut sound = 0;
        for end in ends {
            let frame = Bytes::copy_from_slice(&whole[..end]);
            sound += usize::from(entries(&frame, 8).all(|entry| entry.is_ok()));
        }
        assert_eq!(sound, 6, "one for each write boundary before the last");
    }
}
