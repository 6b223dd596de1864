//! A part of the logs and what is looked for in, a page of events in the order of their times out. Reads the store; is
//! made of what was known when it was made, so that it can run beside the one writer.

use std::collections::BTreeMap;

use store::{ReadError, Reader};

use crate::event::Record;
use crate::group::{Logs, no_stream};
use crate::limits::{PAGE_BYTES, PAGE_EVENTS, SEARCH_BYTES};
use crate::pattern::Pattern;
use crate::refusal::Refusal;
use crate::stream::Chunk;

/// Where an event stands among all events of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub timestamp_ms: u64,
    pub stream: u64,
    pub seq: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The earliest events first.
    Forward,
    /// The latest events; a page still stands in the order of time.
    Backward,
}

/// What is looked for, and where.
#[derive(Debug, Clone)]
pub struct Search {
    streams: Vec<Part>,
    start_ms: u64,
    /// The first time that does not count any more.
    end_ms: u64,
    pub direction: Direction,
    /// Only events behind this one, in the direction.
    pub beyond: Option<Key>,
    most: usize,
}

#[derive(Debug, Clone)]
struct Part {
    name: Box<str>,
    number: u64,
    log: Vec<u8>,
    chunks: Vec<Chunk>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub key: Key,
    pub stream: Box<str>,
    pub ingested_ms: u64,
    pub message: String,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub events: Vec<Found>,
    /// Where the next page goes on; none: there is nothing more now.
    pub rest: Option<Key>,
}

impl Key {
    pub const FIRST: Key = Key { timestamp_ms: 0, stream: 0, seq: 0 };
    pub const LAST: Key = Key { timestamp_ms: u64::MAX, stream: u64::MAX, seq: u64::MAX };
}

impl Logs {
    /// Prepares to look through the streams of a group that `choose` takes, from the time `start_ms` to before `end_ms`.
    pub fn search(
        &self,
        now_ms: u64,
        group: &str,
        choose: impl Fn(&str) -> bool,
        (start_ms, end_ms): (u64, u64),
        most: usize,
    ) -> Result<Search, Refusal> {
        let group = self.group(group)?;
        let start_ms = start_ms.max(group.oldest_ms(now_ms).unwrap_or(0));
        let chosen = group.streams().filter(|(name, _)| choose(name));
        let part = |(name, stream): (&str, &crate::Stream)| {
            let in_time = |chunk: &&Chunk| chunk.last_ms >= start_ms && chunk.first_ms < end_ms;
            let chunks: Vec<Chunk> = stream.chunks.iter().filter(in_time).copied().collect();
            let log = self.events_log(stream.number);
            (!chunks.is_empty()).then(|| Part { name: name.into(), number: stream.number, log, chunks })
        };
        let streams = chosen.filter_map(part).collect();
        let most = most.clamp(1, PAGE_EVENTS);
        Ok(Search { streams, start_ms, end_ms, direction: Direction::Forward, beyond: None, most })
    }

    /// The same for one stream, which must exist.
    pub fn search_stream(
        &self,
        now_ms: u64,
        group: &str,
        stream: &str,
        times: (u64, u64),
        most: usize,
    ) -> Result<Search, Refusal> {
        if !self.group(group)?.streams.contains_key(stream) {
            return Err(no_stream(group, stream));
        }
        self.search(now_ms, group, |name| name == stream, times, most)
    }
}

impl Search {
    /// Reads until the page is full, everything has been read, or a page's worth of reading is done.
    pub fn run(&self, reader: &dyn Reader, pattern: &Pattern) -> Result<Page, ReadError> {
        let mut best = Best { most: self.most, direction: self.direction, ..Best::default() };
        let (mut read, mut floor, mut cut) = (0, None, None);
        for (part, chunk) in self.order() {
            let near_ms = self.near_ms(&chunk);
            if best.is_beyond(near_ms) {
                break;
            }
            let floor_ms = *floor.get_or_insert(near_ms);
            if read >= SEARCH_BYTES && self.is_past(near_ms, floor_ms) {
                cut = Some(near_ms);
                break;
            }
            read += chunk.bytes;
            self.scan(reader, part, &chunk, pattern, &mut best)?;
        }
        Ok(best.page(cut))
    }

    /// The chunks that may hold something, the nearest first.
    fn order(&self) -> Vec<(&Part, Chunk)> {
        let mut all: Vec<(&Part, Chunk)> = Vec::new();
        for part in &self.streams {
            let within = |chunk: &&Chunk| match (self.direction, self.beyond) {
                (_, None) => true,
                (Direction::Forward, Some(beyond)) => chunk.last_ms >= beyond.timestamp_ms,
                (Direction::Backward, Some(beyond)) => chunk.first_ms <= beyond.timestamp_ms,
            };
            all.extend(part.chunks.iter().filter(within).map(|chunk| (part, *chunk)));
        }
        match self.direction {
            Direction::Forward => all.sort_by_key(|(_, chunk)| chunk.first_ms),
            Direction::Backward => all.sort_by_key(|(_, chunk)| std::cmp::Reverse(chunk.last_ms)),
        }
        all
    }

    /// The first time of a chunk, in the direction.
    fn near_ms(&self, chunk: &Chunk) -> u64 {
        match self.direction {
            Direction::Forward => chunk.first_ms,
            Direction::Backward => chunk.last_ms,
        }
    }

    /// Whether a page may end before this time: the next one must begin behind where this one did.
    fn is_past(&self, near_ms: u64, floor_ms: u64) -> bool {
        let beyond = self.beyond.map_or(floor_ms, |beyond| beyond.timestamp_ms);
        match self.direction {
            Direction::Forward => near_ms > floor_ms.max(beyond),
            Direction::Backward => near_ms < floor_ms.min(beyond),
        }
    }

    fn scan(
        &self,
        reader: &dyn Reader,
        part: &Part,
        chunk: &Chunk,
        pattern: &Pattern,
        best: &mut Best,
    ) -> Result<(), ReadError> {
        let count = usize::try_from(chunk.count).unwrap_or(usize::MAX);
        for (seq, bytes) in reader.read_log(&part.log, chunk.first_seq, count, usize::MAX)? {
            let Some(record) = Record::read(&bytes).filter(|_| seq < chunk.end()) else { continue };
            let key = Key { timestamp_ms: record.timestamp_ms, stream: part.number, seq };
            let in_time = (self.start_ms..self.end_ms).contains(&key.timestamp_ms);
            let is_new = match (self.direction, self.beyond) {
                (_, None) => true,
                (Direction::Forward, Some(beyond)) => key > beyond,
                (Direction::Backward, Some(beyond)) => key < beyond,
            };
            if in_time && is_new && best.wants(key) && pattern.matches(record.message) {
                let (stream, message) = (part.name.clone(), record.message.to_owned());
                best.take(Found { key, stream, ingested_ms: record.ingested_ms, message });
            }
        }
        Ok(())
    }
}

/// The nearest events seen so far, no more than fit into a page.
#[derive(Debug)]
struct Best {
    found: BTreeMap<Key, Found>,
    bytes: usize,
    most: usize,
    direction: Direction,
    /// Something did not fit.
    left_out: bool,
}

impl Default for Best {
    fn default() -> Self {
        Best { found: BTreeMap::new(), bytes: 0, most: 1, direction: Direction::Forward, left_out: false }
    }
}

impl Best {
    fn is_full(&self) -> bool {
        self.found.len() >= self.most || self.bytes >= PAGE_BYTES
    }

    /// The event that goes first if there are too many.
    fn farthest(&self) -> Option<Key> {
        match self.direction {
            Direction::Forward => self.found.last_key_value(),
            Direction::Backward => self.found.first_key_value(),
        }
        .map(|(key, _)| *key)
    }

    /// Whether nothing from this time on can be on the page.
    fn is_beyond(&mut self, near_ms: u64) -> bool {
        let Some(farthest) = self.farthest().filter(|_| self.is_full()) else { return false };
        let is_beyond = match self.direction {
            Direction::Forward => near_ms > farthest.timestamp_ms,
            Direction::Backward => near_ms < farthest.timestamp_ms,
        };
        self.left_out |= is_beyond;
        is_beyond
    }

    fn wants(&mut self, key: Key) -> bool {
        let Some(farthest) = self.farthest().filter(|_| self.is_full()) else { return true };
        let is_nearer = match self.direction {
            Direction::Forward => key < farthest,
            Direction::Backward => key > farthest,
        };
        self.left_out |= !is_nearer;
        is_nearer
    }

    fn take(&mut self, found: Found) {
        self.bytes += found.message.len();
        self.found.insert(found.key, found);
        while self.found.len() > self.most || (self.bytes > PAGE_BYTES && self.found.len() > 1) {
            let gone = match self.direction {
                Direction::Forward => self.found.pop_last(),
                Direction::Backward => self.found.pop_first(),
            };
            self.bytes -= gone.map_or(0, |(_, gone)| gone.message.len());
            self.left_out = true;
        }
    }

    /// What lies at and behind `cut` has not been read to its end.
    fn page(mut self, cut: Option<u64>) -> Page {
        let full_at = self.farthest().filter(|_| self.left_out);
        let Some(cut) = cut else {
            return Page { events: self.found.into_values().collect(), rest: full_at };
        };
        let direction = self.direction;
        let is_read = |key: &Key| match direction {
            Direction::Forward => key.timestamp_ms < cut,
            Direction::Backward => key.timestamp_ms > cut,
        };
        self.found.retain(|key, _| is_read(key));
        let rest = full_at.filter(is_read).unwrap_or(match direction {
            Direction::Forward => Key { timestamp_ms: cut.saturating_sub(1), ..Key::LAST },
            Direction::Backward => Key { timestamp_ms: cut.saturating_add(1), ..Key::FIRST },
        });
        Page { events: self.found.into_values().collect(), rest: Some(rest) }
    }
}
