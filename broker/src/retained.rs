//! Retained messages of one scope: the last one of each topic.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use message::{Dialect, Filter, Message, pattern_matches};

use crate::limits::RETAINED_MESSAGES;

/// Retained messages by topic name.
#[derive(Debug, Default)]
pub struct Retained {
    by_topic: BTreeMap<Box<str>, Arc<Message>>,
}

impl Retained {
    pub fn get(&self, topic: &str) -> Option<&Arc<Message>> {
        self.by_topic.get(topic)
    }

    pub fn len(&self) -> usize {
        self.by_topic.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_topic.is_empty()
    }

    /// Whether one more topic fits.
    pub fn has_room_for(&self, topic: &str) -> bool {
        self.by_topic.len() < RETAINED_MESSAGES || self.by_topic.contains_key(topic)
    }

    pub fn set(&mut self, message: Arc<Message>) {
        self.by_topic.insert(message.topic.as_ref().into(), message);
    }

    pub fn remove(&mut self, topic: &str) -> Option<Arc<Message>> {
        self.by_topic.remove(topic)
    }

    /// Takes out what has expired.
    pub fn take_expired(&mut self, now_ms: u64) -> Vec<Arc<Message>> {
        let mut expired = Vec::new();
        self.by_topic.retain(|_, message| {
            let is_expired = message.is_expired(now_ms);
            if is_expired {
                expired.push(message.clone());
            }
            !is_expired
        });
        expired
    }

    /// What a new subscription gets. The `aws` dialect answers exact topics only.
    pub fn matching(&self, filter: &Filter, dialect: Dialect) -> Vec<Arc<Message>> {
        let pattern = filter.pattern();
        if !filter.has_wildcard() {
            return self.by_topic.get(pattern).cloned().into_iter().collect();
        }
        if dialect == Dialect::Aws {
            return Vec::new();
        }
        let fixed = &pattern[..pattern.find(['+', '#']).unwrap_or(pattern.len())];
        // `a/#` matches `a` too, which sorts before `a/`.
        let from = fixed.strip_suffix('/').unwrap_or(fixed);
        self.by_topic
            .range::<str, _>((Bound::Included(from), Bound::Unbounded))
            .take_while(|(topic, _)| topic.starts_with(from))
            .filter(|(topic, _)| pattern_matches(pattern, topic, dialect))
            .map(|(_, message)| message.clone())
            .collect()
    }

    /// In the order of their topics, beginning after the topic given.
    pub fn after(&self, topic: Option<&str>) -> impl Iterator<Item = &Arc<Message>> {
        let from = topic.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_topic.range::<str, _>((from, Bound::Unbounded)).map(|(_, message)| message)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Message>> {
        self.by_topic.values()
    }
}
