//! One stream of events: where its events lie in the store, told by chunks. Reads and writes nothing itself.

use std::collections::VecDeque;

use crate::limits::CHUNK_BYTES;

/// Events that follow each other in a stream's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) first_seq: u64,
    pub(crate) count: u64,
    pub(crate) bytes: u64,
    pub(crate) first_ms: u64,
    pub(crate) last_ms: u64,
}

/// A stream and what is known of its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    pub(crate) number: u64,
    pub created_ms: u64,
    /// When the last event came, if it came since the stream was last emptied.
    pub ingested_ms: Option<u64>,
    /// Oldest first; only the last one grows, and it alone is not in the log of chunks.
    pub(crate) chunks: VecDeque<Chunk>,
    /// The number of the oldest chunk in the log of chunks.
    pub(crate) first_chunk: u64,
    pub(crate) tail: u64,
    pub(crate) bytes: u64,
}

impl Chunk {
    const FORMAT: u8 = 1;

    pub(crate) fn end(&self) -> u64 {
        self.first_seq + self.count
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![Self::FORMAT];
        for number in [self.first_seq, self.count, self.bytes, self.first_ms, self.last_ms] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&[Self::FORMAT])?;
        let mut numbers =
            rest.chunks_exact(8).filter_map(|eight| eight.try_into().ok().map(u64::from_be_bytes));
        let mut next = || numbers.next();
        let (first_seq, count, bytes) = (next()?, next()?, next()?);
        let (first_ms, last_ms) = (next()?, next()?);
        Some(Self { first_seq, count, bytes, first_ms, last_ms })
    }
}

impl Stream {
    pub(crate) fn new(number: u64, created_ms: u64) -> Self {
        Self {
            number,
            created_ms,
            ingested_ms: None,
            chunks: VecDeque::new(),
            first_chunk: 0,
            tail: 0,
            bytes: 0,
        }
    }

    /// The time of the earliest event that is kept.
    #[must_use]
    pub fn first_ms(&self) -> Option<u64> {
        self.chunks.iter().map(|chunk| chunk.first_ms).min()
    }

    /// The time of the latest event that is kept.
    #[must_use]
    pub fn last_ms(&self) -> Option<u64> {
        self.chunks.iter().map(|chunk| chunk.last_ms).max()
    }

    /// Grows with every event.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.tail
    }

    /// Bytes of the events that are kept.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Counts events that are appended at the tail; answers with the chunk that has been closed by them.
    pub(crate) fn grow(&mut self, events: Chunk) -> Option<Chunk> {
        self.tail = events.end();
        self.bytes += events.bytes;
        if let Some(last) = self.chunks.back_mut().filter(|last| last.bytes < CHUNK_BYTES) {
            last.count += events.count;
            last.bytes += events.bytes;
            last.first_ms = last.first_ms.min(events.first_ms);
            last.last_ms = last.last_ms.max(events.last_ms);
            return None;
        }
        let closed = self.chunks.back().copied();
        self.chunks.push_back(events);
        closed
    }

    /// The number that the chunk just closed has in the log of chunks.
    pub(crate) fn closed_number(&self) -> u64 {
        self.first_chunk + (self.chunks.len() as u64).saturating_sub(2)
    }

    /// Forgets the oldest chunk; answers with what the logs of events and of chunks begin with now.
    pub(crate) fn shrink(&mut self) -> Option<(u64, u64)> {
        let gone = self.chunks.pop_front()?;
        self.bytes = self.bytes.saturating_sub(gone.bytes);
        // The last chunk had no number: the next one gets the one that it would have got.
        match self.chunks.is_empty() {
            true => self.ingested_ms = None,
            false => self.first_chunk += 1,
        }
        Some((gone.end(), self.first_chunk))
    }
}
