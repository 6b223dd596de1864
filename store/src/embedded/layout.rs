//! Documents, log heads, blocks and commit numbers to stored bytes and back. Reads and writes no files.
//!
//! Every value starts with a version byte. `d · key` is a document. Keys of logs begin with the length of the log's key,
//! so that all entries of one log, and nothing else, share a prefix:
//! `l · length · log` holds the head, `l · length · log · first_seq · count · bytes` holds a block.

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

use crate::Document;

/// First byte of every stored value.
pub(super) const VERSION: u8 = 1;

/// Where the tables keep the number of the last commit that is in them.
pub(super) const COMMIT_KEY: &[u8] = b"c";

const DOCUMENT: u8 = b'd';
/// Before every key of a log.
pub(super) const LOG: u8 = b'l';
const BLOCK_SUFFIX: usize = 16;
const BLOCK_HEADER: usize = 1 + 4 + 4 + 8;

pub(super) fn document_key(key: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(1 + key.len());
    stored.push(DOCUMENT);
    stored.extend_from_slice(key);
    stored
}

/// The caller's key of a stored document key.
pub(super) fn caller_key(stored: &[u8]) -> Option<&[u8]> {
    stored.strip_prefix(&[DOCUMENT])
}

pub(super) fn document_value(revision: u64, value: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(9 + value.len());
    stored.push(VERSION);
    stored.extend_from_slice(&revision.to_be_bytes());
    stored.extend_from_slice(value);
    stored
}

/// The revision in a stored document.
pub(super) fn revision(stored: &[u8]) -> Result<u64, &'static str> {
    let rest = versioned(stored)?;
    let revision = rest.first_chunk().ok_or("a document is cut short")?;
    Ok(u64::from_be_bytes(*revision))
}

pub(super) fn document(stored: &[u8]) -> Result<Document, &'static str> {
    let revision = revision(stored)?;
    let value = stored.get(9..).ok_or("a document is cut short")?;
    Ok(Document { revision, value: Bytes::copy_from_slice(value) })
}

/// The key of a log's head, and the prefix of all its entries.
pub(super) fn log_key(log: &[u8]) -> Vec<u8> {
    let length = u16::try_from(log.len()).expect("admission keeps keys below 65,000 bytes");
    let mut stored = Vec::with_capacity(3 + log.len() + BLOCK_SUFFIX);
    stored.push(LOG);
    stored.extend_from_slice(&length.to_be_bytes());
    stored.extend_from_slice(log);
    stored
}

pub(super) fn head_value(head: u64) -> Vec<u8> {
    let mut stored = vec![VERSION];
    stored.extend_from_slice(&head.to_be_bytes());
    stored
}

pub(super) fn head(stored: &[u8]) -> Result<u64, &'static str> {
    let head = versioned(stored)?.try_into().map_err(|_| "a log's head has the wrong length")?;
    Ok(u64::from_be_bytes(head))
}

/// What a block's key says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockId {
    pub(super) first_seq: u64,
    pub(super) count: u32,
    /// Sum of the records' lengths.
    pub(super) bytes: u32,
}

impl BlockId {
    pub(super) fn end(self) -> u64 {
        self.first_seq.saturating_add(u64::from(self.count))
    }

    pub(super) fn key(self, log: &[u8]) -> Vec<u8> {
        let mut stored = log_key(log);
        stored.extend_from_slice(&self.first_seq.to_be_bytes());
        stored.extend_from_slice(&self.count.to_be_bytes());
        stored.extend_from_slice(&self.bytes.to_be_bytes());
        stored
    }
}

/// Which log a stored key belongs to, and which block it names; `None` for the head.
pub(super) fn log_entry(stored: &[u8]) -> Result<(&[u8], Option<BlockId>), &'static str> {
    const REASON: &str = "a key of the logs has the wrong length";
    let stored = stored.strip_prefix(&[LOG]).ok_or(REASON)?;
    let (length, rest) = stored.split_first_chunk().ok_or(REASON)?;
    let (log, suffix) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(REASON)?;
    if suffix.is_empty() {
        return Ok((log, None));
    }
    let (first_seq, suffix) = suffix.split_first_chunk().ok_or(REASON)?;
    let (count, suffix) = suffix.split_first_chunk().ok_or(REASON)?;
    let bytes = suffix.try_into().map_err(|_| REASON)?;
    let id = BlockId {
        first_seq: u64::from_be_bytes(*first_seq),
        count: u32::from_be_bytes(*count),
        bytes: u32::from_be_bytes(bytes),
    };
    Ok((log, Some(id)))
}

/// Version, count, bytes, checksum of what follows; the length of each record; the records.
pub(super) fn block_value(id: BlockId, records: &[Bytes]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(BLOCK_HEADER + 4 * records.len() + id.bytes as usize);
    stored.push(VERSION);
    stored.extend_from_slice(&id.count.to_be_bytes());
    stored.extend_from_slice(&id.bytes.to_be_bytes());
    stored.extend_from_slice(&[0; 8]);
    for record in records {
        let length = u32::try_from(record.len()).expect("admission keeps blocks below 64 MiB");
        stored.extend_from_slice(&length.to_be_bytes());
    }
    for record in records {
        stored.extend_from_slice(record);
    }
    let (header, body) = stored.split_at_mut(BLOCK_HEADER);
    header[BLOCK_HEADER - 8..].copy_from_slice(&xxh3_64(body).to_be_bytes());
    stored
}

/// The records of a stored block.
pub(super) fn block_records(id: BlockId, stored: &[u8]) -> Result<Vec<Bytes>, &'static str> {
    const SHORT: &str = "a block is cut short";
    let rest = versioned(stored)?;
    let (count, rest) = rest.split_first_chunk().ok_or(SHORT)?;
    let (bytes, rest) = rest.split_first_chunk().ok_or(SHORT)?;
    let (checksum, body) = rest.split_first_chunk().ok_or(SHORT)?;
    if u32::from_be_bytes(*count) != id.count || u32::from_be_bytes(*bytes) != id.bytes {
        return Err("a block's header does not match its key");
    }
    if u64::from_be_bytes(*checksum) != xxh3_64(body) {
        return Err("a block's checksum does not match");
    }
    let (lengths, payload) = body.split_at_checked(4 * id.count as usize).ok_or(SHORT)?;
    let mut payload = Bytes::copy_from_slice(payload);
    let mut records = Vec::with_capacity(id.count as usize);
    for length in lengths.as_chunks::<4>().0 {
        let length = u32::from_be_bytes(*length) as usize;
        if length > payload.len() {
            return Err(SHORT);
        }
        records.push(payload.split_to(length));
    }
    if payload.is_empty() { Ok(records) } else { Err("a block is longer than its records") }
}

pub(super) fn commit_value(number: u64) -> Vec<u8> {
    let mut stored = vec![VERSION];
    stored.extend_from_slice(&number.to_be_bytes());
    stored
}

/// The number in a stored commit mark; what may follow it is of an older format.
pub(super) fn commit_number(stored: &[u8]) -> Result<u64, &'static str> {
    let number = versioned(stored)?.first_chunk().ok_or("the commit number is cut short")?;
    Ok(u64::from_be_bytes(*number))
}

fn versioned(stored: &[u8]) -> Result<&[u8], &'static str> {
    match stored.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        Some(_) => Err("it has a format version this program does not know: use a newer program"),
        None => Err("it is empty"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(lengths: &[usize]) -> Vec<Bytes> {
        lengths.iter().map(|length| Bytes::from(vec![b'x'; *length])).collect()
    }

    fn id(records: &[Bytes]) -> BlockId {
        let bytes = records.iter().map(Bytes::len).sum::<usize>();
        BlockId { first_seq: 7, count: records.len() as u32, bytes: bytes as u32 }
    }

    #[test]
    fn a_block_returns_its_records() {
        for lengths in [&[1][..], &[0], &[0, 0, 3], &[200; 300]] {
            let records = records(lengths);
            let id = id(&records);
            assert_eq!(block_records(id, &block_value(id, &records)), Ok(records));
        }
    }

    #[test]
    fn a_block_with_any_byte_changed_is_refused() {
        let records = records(&[3, 0, 5]);
        let id = id(&records);
        let stored = block_value(id, &records);
        for position in 0..stored.len() {
            let mut damaged = stored.clone();
            damaged[position] ^= 0x40;
            assert!(block_records(id, &damaged).is_err(), "byte {position}");
            assert!(block_records(id, &stored[..position]).is_err(), "cut at {position}");
        }
    }

    #[test]
    fn keys_name_their_log_and_block() {
        let id = BlockId { first_seq: 1 << 40, count: 3, bytes: 9 };
        for log in [&b"a"[..], b"a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", &[255; 300]] {
            assert_eq!(log_entry(&log_key(log)), Ok((log, None)));
            assert_eq!(log_entry(&id.key(log)), Ok((log, Some(id))));
        }
        assert!(log_entry(&[]).is_err());
        assert!(log_entry(&[LOG, 0, 9, 1]).is_err());
        assert!(log_entry(&[LOG, 0, 1, b'a', 1]).is_err());
        assert!(log_entry(&[0, 1, b'a']).is_err());
    }

    #[test]
    fn a_value_of_a_newer_version_is_refused() {
        assert!(document(&[2, 0, 0, 0, 0, 0, 0, 0, 1]).is_err());
        assert!(head(&[2, 0, 0, 0, 0, 0, 0, 0, 1]).is_err());
        assert!(commit_number(&[]).is_err());
    }
}
