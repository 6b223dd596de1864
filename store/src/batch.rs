//! What a commit is asked to do: an ordered list of writes. Checks nothing; engines do.

use bytes::Bytes;

/// Writes that take effect together, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub writes: Vec<Write>,
}

/// One write. Later writes of a batch see the earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Stores a document. Its revision becomes 1, or one more than it was; 0, if nothing is expected of what it replaces.
    Put { key: Vec<u8>, value: Vec<u8>, expect: Expect },
    /// Forgets a document and its revision; deleting what is not there is no error under `Expect::Any`.
    Delete { key: Vec<u8>, expect: Expect },
    /// Adds records at the end of a log as one block. `first_seq` must be the log's tail; a log that does not
    /// exist starts at any number. An append of no records to a new log only creates it.
    Append { log: Vec<u8>, first_seq: u64, records: Vec<Bytes> },
    /// Forgets the records below `before`; the log keeps its tail. Beyond the tail means all; a log that does
    /// not exist stays so.
    Trim { log: Vec<u8>, before: u64 },
    /// Forgets a log and its numbering; dropping what is not there is no error.
    DropLog { log: Vec<u8> },
}

/// What a write demands of the document it replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    Any,
    Absent,
    Revision(u64),
}

/// What a batch asks of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// It can only make room: it is always taken.
    Nothing,
    /// It puts other documents in the place of those that are there: it is taken while there is some of the reserve.
    Reserve,
    /// It is refused while the disk is full.
    Room,
}

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// On the disk.
    Synced,
    /// Before every later commit, but a crash may lose it: for trims, which can be done again.
    Buffered,
}

impl Batch {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>, expect: Expect) -> &mut Self {
        self.writes.push(Write::Put { key: key.into(), value: value.into(), expect });
        self
    }

    pub fn delete(&mut self, key: impl Into<Vec<u8>>, expect: Expect) -> &mut Self {
        self.writes.push(Write::Delete { key: key.into(), expect });
        self
    }

    pub fn append(&mut self, log: impl Into<Vec<u8>>, first_seq: u64, records: Vec<Bytes>) -> &mut Self {
        self.writes.push(Write::Append { log: log.into(), first_seq, records });
        self
    }

    pub fn trim(&mut self, log: impl Into<Vec<u8>>, before: u64) -> &mut Self {
        self.writes.push(Write::Trim { log: log.into(), before });
        self
    }

    pub fn drop_log(&mut self, log: impl Into<Vec<u8>>) -> &mut Self {
        self.writes.push(Write::DropLog { log: log.into() });
        self
    }

    /// Adds another batch's writes after this one's.
    pub fn extend(&mut self, other: Batch) -> &mut Self {
        self.writes.extend(other.writes);
        self
    }

    /// Bytes of the keys, the documents and the records in it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let write = |write: &Write| match write {
            Write::Put { key, value, .. } => key.len() + value.len(),
            Write::Append { log, records, .. } => log.len() + records.iter().map(Bytes::len).sum::<usize>(),
            Write::Delete { key: name, .. }
            | Write::Trim { log: name, .. }
            | Write::DropLog { log: name } => name.len(),
        };
        self.writes.iter().map(write).sum()
    }

    /// What the batch asks of the disk, given which documents there are.
    pub fn need(&self, mut is_there: impl FnMut(&[u8]) -> bool) -> Need {
        let need = |write: &Write| match write {
            Write::Delete { .. } | Write::Trim { .. } | Write::DropLog { .. } => Need::Nothing,
            Write::Put { key, .. } if is_there(key) => Need::Reserve,
            Write::Put { .. } | Write::Append { .. } => Need::Room,
        };
        self.writes.iter().map(need).max().unwrap_or(Need::Nothing)
    }
}
