//! The groups and streams of one account and region: made, changed, listed and taken away, each with its writes.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};
use store::Write;

use crate::limits::{GROUPS, OLDEST_MS, STREAMS};
use crate::names::{check_group, check_stream, check_tags, retention};
use crate::refusal::Refusal;
use crate::stream::Stream;

/// One scope's logs.
#[derive(Debug, Default)]
pub struct Logs {
    /// What every key of the scope begins with.
    pub(crate) prefix: Vec<u8>,
    pub(crate) groups: BTreeMap<Box<str>, Group>,
    pub(crate) streams: usize,
    pub(crate) next_stream: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub created_ms: u64,
    pub retention_days: Option<u16>,
    pub tags: BTreeMap<String, String>,
    pub(crate) streams: BTreeMap<Box<str>, Stream>,
    pub(crate) bytes: u64,
}

/// A group as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredGroup {
    pub(crate) format: u8,
    pub(crate) created_ms: u64,
    pub(crate) retention_days: Option<u16>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// A stream as it is stored, beside its two logs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredStream {
    pub(crate) format: u8,
    pub(crate) number: u64,
    pub(crate) created_ms: u64,
}

pub(crate) const FORMAT: u8 = 1;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl Logs {
    /// Nothing yet. `prefix`: what every key of the scope begins with.
    #[must_use]
    pub fn new(prefix: impl Into<Vec<u8>>) -> Self {
        Self { prefix: prefix.into(), next_stream: 1, ..Self::default() }
    }

    pub fn group(&self, name: &str) -> Result<&Group, Refusal> {
        self.groups.get(name).ok_or_else(|| no_group(name))
    }

    /// The groups in the order of their names, beginning after the name given.
    pub fn groups(&self, after: Option<&str>) -> impl Iterator<Item = (&str, &Group)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.groups.range::<str, _>((from, Bound::Unbounded)).map(|(name, group)| (&**name, group))
    }

    pub fn create_group(
        &mut self,
        now_ms: u64,
        name: &str,
        tags: BTreeMap<String, String>,
    ) -> Result<Vec<Write>, Refusal> {
        check_group(name)?;
        check_tags(&tags)?;
        if self.groups.contains_key(name) {
            return Err(Refusal::GroupExists(name.to_owned()));
        }
        if self.groups.len() >= GROUPS {
            return Err(Refusal::Groups(GROUPS));
        }
        let group =
            Group { created_ms: now_ms, retention_days: None, tags, streams: BTreeMap::new(), bytes: 0 };
        let write = self.keep_group(name, &group);
        self.groups.insert(name.into(), group);
        Ok(vec![write])
    }

    pub fn delete_group(&mut self, name: &str) -> Result<Vec<Write>, Refusal> {
        let group = self.groups.remove(name).ok_or_else(|| no_group(name))?;
        self.streams -= group.streams.len().min(self.streams);
        let mut writes = vec![delete(self.group_key(name))];
        for (stream, found) in &group.streams {
            writes.extend(self.without_stream(name, stream, found.number));
        }
        Ok(writes)
    }

    /// How long the group keeps its events; none: for ever.
    pub fn set_retention(&mut self, name: &str, days: Option<i64>) -> Result<Vec<Write>, Refusal> {
        let days = days.map(retention).transpose()?;
        self.change_group(name, |group| {
            group.retention_days = days;
            Ok(())
        })
    }

    pub fn tag(&mut self, name: &str, tags: BTreeMap<String, String>) -> Result<Vec<Write>, Refusal> {
        self.change_group(name, |group| {
            let mut all = group.tags.clone();
            all.extend(tags);
            check_tags(&all)?;
            group.tags = all;
            Ok(())
        })
    }

    pub fn untag(&mut self, name: &str, keys: &[String]) -> Result<Vec<Write>, Refusal> {
        self.change_group(name, |group| {
            keys.iter().for_each(|key| _ = group.tags.remove(key));
            Ok(())
        })
    }

    pub fn create_stream(&mut self, now_ms: u64, group: &str, name: &str) -> Result<Vec<Write>, Refusal> {
        check_stream(name)?;
        let found = self.group(group)?;
        if found.streams.contains_key(name) {
            return Err(Refusal::StreamExists(name.to_owned()));
        }
        if self.streams >= STREAMS {
            return Err(Refusal::Streams(STREAMS));
        }
        let stream = Stream::new(self.next_stream, now_ms);
        let stored = StoredStream { format: FORMAT, number: stream.number, created_ms: now_ms };
        let write = put(self.stream_key(group, name), &stored);
        self.next_stream += 1;
        self.streams += 1;
        if let Some(found) = self.groups.get_mut(group) {
            found.streams.insert(name.into(), stream);
        }
        Ok(vec![write])
    }

    pub fn delete_stream(&mut self, group: &str, name: &str) -> Result<Vec<Write>, Refusal> {
        let found = self.groups.get_mut(group).ok_or_else(|| no_group(group))?;
        let stream = found.streams.remove(name).ok_or_else(|| no_stream(group, name))?;
        found.bytes = found.bytes.saturating_sub(stream.bytes);
        self.streams = self.streams.saturating_sub(1);
        Ok(self.without_stream(group, name, stream.number))
    }

    /// Takes away the events that are older than their groups keep them. To be called now and then.
    pub fn forget(&mut self, now_ms: u64) -> Vec<Write> {
        let mut shrunk = Vec::new();
        for group in self.groups.values_mut() {
            let Some(oldest_ms) = group.oldest_ms(now_ms) else { continue };
            for stream in group.streams.values_mut() {
                let before = stream.bytes;
                let mut cut = None;
                while stream.chunks.front().is_some_and(|chunk| chunk.last_ms < oldest_ms) {
                    cut = stream.shrink();
                }
                group.bytes = group.bytes.saturating_sub(before - stream.bytes);
                shrunk.extend(cut.map(|cut| (stream.number, cut)));
            }
        }
        shrunk.into_iter().flat_map(|(number, cut)| self.trims(number, cut)).collect()
    }

    fn change_group(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut Group) -> Result<(), Refusal>,
    ) -> Result<Vec<Write>, Refusal> {
        let group = self.groups.get_mut(name).ok_or_else(|| no_group(name))?;
        change(group)?;
        let group = self.group(name)?;
        Ok(vec![self.keep_group(name, group)])
    }

    fn keep_group(&self, name: &str, group: &Group) -> Write {
        let Group { created_ms, retention_days, tags, .. } = group;
        let stored = StoredGroup {
            format: FORMAT,
            created_ms: *created_ms,
            retention_days: *retention_days,
            tags: tags.clone(),
        };
        put(self.group_key(name), &stored)
    }

    fn without_stream(&self, group: &str, name: &str, number: u64) -> Vec<Write> {
        vec![
            delete(self.stream_key(group, name)),
            Write::DropLog { log: self.events_log(number) },
            Write::DropLog { log: self.chunks_log(number) },
        ]
    }

    pub(crate) fn trims(&self, number: u64, (events, chunks): (u64, u64)) -> [Write; 2] {
        [
            Write::Trim { log: self.events_log(number), before: events },
            Write::Trim { log: self.chunks_log(number), before: chunks },
        ]
    }

    pub(crate) fn key(&self, kind: &str, parts: &[&[u8]]) -> Vec<u8> {
        let mut key = self.prefix.clone();
        key.push(0);
        key.extend_from_slice(kind.as_bytes());
        for part in parts {
            key.push(0);
            key.extend_from_slice(part);
        }
        key
    }

    fn group_key(&self, name: &str) -> Vec<u8> {
        self.key("log-group", &[name.as_bytes()])
    }

    fn stream_key(&self, group: &str, name: &str) -> Vec<u8> {
        self.key("log-stream", &[group.as_bytes(), name.as_bytes()])
    }

    pub(crate) fn events_log(&self, number: u64) -> Vec<u8> {
        self.key("log-events", &[&number.to_be_bytes()])
    }

    pub(crate) fn chunks_log(&self, number: u64) -> Vec<u8> {
        self.key("log-chunks", &[&number.to_be_bytes()])
    }
}

impl Group {
    /// Bytes of the events that are kept.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    #[must_use]
    pub fn stream(&self, name: &str) -> Option<&Stream> {
        self.streams.get(name)
    }

    /// The streams in the order of their names.
    pub fn streams(&self) -> impl Iterator<Item = (&str, &Stream)> {
        self.streams.iter().map(|(name, stream)| (&**name, stream))
    }

    /// Events before this time are not kept.
    pub(crate) fn oldest_ms(&self, now_ms: u64) -> Option<u64> {
        self.retention_days.map(|days| now_ms.saturating_sub(u64::from(days) * DAY_MS))
    }

    /// Events before this time are not taken.
    pub(crate) fn taken_from_ms(&self, now_ms: u64) -> u64 {
        self.oldest_ms(now_ms).unwrap_or(0).max(now_ms.saturating_sub(OLDEST_MS))
    }
}

pub(crate) fn no_group(name: &str) -> Refusal {
    Refusal::NoGroup(name.chars().take(200).collect())
}

pub(crate) fn no_stream(group: &str, name: &str) -> Refusal {
    Refusal::NoStream { group: group.to_owned(), stream: name.chars().take(200).collect() }
}

fn put(key: Vec<u8>, value: &impl Serialize) -> Write {
    let value = serde_json::to_vec(value).expect("names and numbers are always JSON");
    Write::Put { key, value, expect: store::Expect::Any }
}

fn delete(key: Vec<u8>) -> Write {
    Write::Delete { key, expect: store::Expect::Any }
}
