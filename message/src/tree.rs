//! The subscription tree: patterns with a subscriber's key and value in, the subscribers of a topic out; it does not know clients.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Dialect, pattern_matches};

#[derive(Clone)]
pub struct Tree<T> {
    dialect: Dialect,
    entries: Arc<BTreeMap<(Box<str>, u64), T>>,
}

impl<T: Clone> Tree<T> {
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, entries: Arc::new(BTreeMap::new()) }
    }

    /// Gives back the value replaced.
    pub fn insert(&mut self, pattern: &str, key: u64, value: T) -> Option<T> {
        Arc::make_mut(&mut self.entries).insert((pattern.into(), key), value)
    }

    pub fn remove(&mut self, pattern: &str, key: u64) -> Option<T> {
        Arc::make_mut(&mut self.entries).remove(&(pattern.into(), key))
    }

    pub fn for_each_match(&self, topic: &str, visit: &mut dyn FnMut(u64, &T)) {
        for ((pattern, key), value) in &*self.entries {
            if pattern_matches(pattern, topic, self.dialect) {
                visit(*key, value);
            }
        }
    }

    pub fn any_match(&self, topic: &str) -> bool {
        self.entries.keys().any(|(pattern, _)| pattern_matches(pattern, topic, self.dialect))
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
