//! The publish lane: who may publish a topic and who gets it, decided against a shared view, remembered per topic.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;

use broker::ScopeId;
use message::limits::check_topic;
use message::{Dialect, LimitExceeded, Topic, can_publish};
use policy::{Access, Action, Ask, Resource, Verdict};

use crate::view::{Route, View};

/// Topics one connection remembers; beyond that the oldest half is forgotten.
const REMEMBERED_TOPICS: usize = 1024;
/// Bytes of their names, which may be long.
const REMEMBERED_BYTES: usize = 256 * 1024;
/// Up to here a plain search beats hashing, and an idle connection pays nothing.
const SEARCHED_TOPICS: usize = 4;

/// One connection's memory of the topics it publishes.
#[derive(Debug)]
pub struct Lane<L> {
    entries: Vec<Entry<L>>,
    /// Only used beyond `SEARCHED_TOPICS`.
    index: Option<Box<(RandomState, HashMap<u64, usize>)>>,
    last: usize,
    bytes: usize,
}

/// What is known of one topic.
#[derive(Debug)]
pub struct Entry<L> {
    pub topic: Topic,
    pub outcome: Outcome,
    generation: u64,
    pub route: Arc<Route<L>>,
}

/// The verdict on publishing a topic.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Anybody may get it; nothing else hangs on it.
    Allowed,
    /// A request to a service of the house.
    Reserved,
    /// The policy does not allow it.
    Denied(Arc<Verdict>),
    /// Longer or deeper than the dialect allows.
    TooLong(LimitExceeded),
    /// Clients do not publish there.
    NotForClients,
}

impl<L: Clone> Default for Lane<L> {
    fn default() -> Self {
        Lane { entries: Vec::new(), index: None, last: 0, bytes: 0 }
    }
}

impl<L: Clone> Lane<L> {
    /// Decides about a topic; a topic asked for again costs one comparison.
    pub fn decide(
        &mut self,
        view: &View<L>,
        dialect: Dialect,
        scope: ScopeId,
        access: &Access,
        topic: &str,
    ) -> Option<&Entry<L>> {
        let at = match self.find(topic) {
            Some(at) => at,
            None => self.learn(dialect, access, topic)?,
        };
        self.last = at;
        let entry = self.entries.get_mut(at)?;
        if entry.generation != view.generation {
            entry.route = Arc::new(view.route(scope, topic));
            entry.generation = view.generation;
        }
        Some(entry)
    }

    /// Forgets every verdict: the connection's policies have changed.
    pub fn forget(&mut self) {
        *self = Lane::default();
    }

    fn find(&self, topic: &str) -> Option<usize> {
        if self.entries.get(self.last).is_some_and(|e| &*e.topic == topic) {
            return Some(self.last);
        }
        let Some(index) = &self.index else {
            return self.entries.iter().position(|e| &*e.topic == topic);
        };
        let at = *index.1.get(&index.0.hash_one(topic))?;
        self.entries.get(at).filter(|e| &*e.topic == topic).map(|_| at)
    }

    fn learn(&mut self, dialect: Dialect, access: &Access, topic: &str) -> Option<usize> {
        if self.entries.len() >= REMEMBERED_TOPICS || self.bytes >= REMEMBERED_BYTES {
            self.forget();
        }
        let topic = Topic::parse(topic).ok()?;
        let outcome = judge(dialect, access, &topic);
        let at = self.entries.len();
        self.bytes += topic.len();
        let route = Arc::new(Route { direct: Vec::new(), groups: Vec::new(), stores: false });
        self.entries.push(Entry { topic, outcome, generation: u64::MAX, route });
        if self.entries.len() > SEARCHED_TOPICS {
            let index = self.index.get_or_insert_with(Box::default);
            let known = if index.1.is_empty() { 0 } else { at };
            for (at, entry) in self.entries.iter().enumerate().skip(known) {
                index.1.insert(index.0.hash_one(&*entry.topic), at);
            }
        }
        Some(at)
    }
}

/// The authorization step of a publish: limits of the dialect, reserved topics, policy.
pub fn judge(dialect: Dialect, access: &Access, topic: &Topic) -> Outcome {
    if dialect == Dialect::Aws
        && let Err(limit) = check_topic(topic)
    {
        return Outcome::TooLong(limit);
    }
    let reserved = topic.is_reserved() && dialect == Dialect::Aws;
    if reserved && !can_publish(topic) {
        return Outcome::NotForClients;
    }
    let ask = Ask::new(Action::Publish, Resource::Topic(topic));
    if !access.allows(&ask) {
        return Outcome::Denied(Arc::new(access.evaluate(&ask)));
    }
    if reserved { Outcome::Reserved } else { Outcome::Allowed }
}
