//! The publish lane: who may publish a topic and who gets it, decided against a shared view, remembered per topic.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;

use broker::ScopeId;
use message::limits::check_topic;
use message::{Dialect, LimitExceeded, Topic, can_publish};
use policy::{Access, Action, Ask, Resource, Verdict};

use crate::view::{Route, Unheard, View};

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
    unheard: Vec<Unheard<L>>,
}

/// What is known of one topic.
#[derive(Debug)]
pub struct Entry<L> {
    pub topic: Topic,
    pub outcome: Outcome,
    /// The verdict is good for this moment only.
    is_momentary: bool,
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
        Lane { entries: Vec::new(), index: None, last: 0, bytes: 0, unheard: Vec::new() }
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
        now_ms: impl Fn() -> u64,
    ) -> Option<&Entry<L>> {
        let at = match self.find(topic) {
            Some(at) => at,
            None => self.learn(dialect, access, topic, now_ms())?,
        };
        self.last = at;
        let entry = self.entries.get_mut(at)?;
        if entry.is_momentary {
            entry.outcome = judge(dialect, access, &entry.topic, now_ms());
        }
        if entry.generation != view.generation || entry.route.is_momentary {
            let route = view.route(scope, topic, now_ms());
            self.unheard.clone_from(&route.unheard);
            entry.route = Arc::new(route);
            entry.generation = view.generation;
        }
        Some(entry)
    }

    /// Who turned out not to be allowed to receive what was looked up; each is told of once.
    pub fn take_unheard(&mut self) -> Vec<Unheard<L>> {
        std::mem::take(&mut self.unheard)
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

    fn learn(&mut self, dialect: Dialect, access: &Access, topic: &str, now_ms: u64) -> Option<usize> {
        if self.entries.len() >= REMEMBERED_TOPICS || self.bytes >= REMEMBERED_BYTES {
            self.forget();
        }
        let topic = Topic::parse(topic).ok()?;
        let outcome = judge(dialect, access, &topic, now_ms);
        let is_momentary = access.depends_on_moment(Action::Publish);
        let at = self.entries.len();
        self.bytes += topic.len();
        let route = Arc::new(Route::empty());
        self.entries.push(Entry { topic, outcome, is_momentary, generation: u64::MAX, route });
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
pub fn judge(dialect: Dialect, access: &Access, topic: &Topic, now_ms: u64) -> Outcome {
    if dialect == Dialect::Aws
        && let Err(limit) = check_topic(topic)
    {
        return Outcome::TooLong(limit);
    }
    let reserved = topic.is_reserved() && dialect == Dialect::Aws;
    if reserved && !can_publish(topic) {
        return Outcome::NotForClients;
    }
    let ask = Ask { now_ms: Some(now_ms), ..Ask::new(Action::Publish, Resource::Topic(topic)) };
    if !access.allows(&ask) {
        return Outcome::Denied(Arc::new(access.evaluate(&ask)));
    }
    if reserved { Outcome::Reserved } else { Outcome::Allowed }
}
