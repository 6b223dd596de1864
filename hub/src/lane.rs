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
    /// Allowed publishes of topics that were forgotten before anybody asked for their count.
    uncounted: u64,
}

/// What is known of one topic.
#[derive(Debug)]
pub struct Entry<L> {
    pub topic: Topic,
    pub outcome: Outcome,
    /// The verdict is good for this moment only.
    is_momentary: bool,
    generation: u64,
    /// How often it was decided since the last look.
    count: u64,
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
        Lane { entries: Vec::new(), index: None, last: 0, bytes: 0, unheard: Vec::new(), uncounted: 0 }
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
        entry.count += 1;
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
        let uncounted = self.uncounted + self.entries.iter().map(Entry::allowed).sum::<u64>();
        *self = Lane { uncounted, ..Lane::default() };
    }

    /// How often each topic was allowed since the last look, and how many more publishes were, on topics that were
    /// forgotten meanwhile.
    pub fn take_counts(&mut self, mut each: impl FnMut(&Topic, u64)) -> u64 {
        for entry in &mut self.entries {
            let count = entry.allowed();
            entry.count = 0;
            if count > 0 {
                each(&entry.topic, count);
            }
        }
        std::mem::take(&mut self.uncounted)
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
        self.entries.push(Entry { topic, outcome, is_momentary, generation: u64::MAX, count: 0, route });
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

impl<L> Entry<L> {
    fn allowed(&self) -> u64 {
        if matches!(self.outcome, Outcome::Allowed | Outcome::Reserved) { self.count } else { 0 }
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

#[cfg(test)]
mod tests {
    use policy::{Document, NamedDocument, Variables};

    use super::*;

    fn counts(lane: &mut Lane<u8>) -> (Vec<(String, u64)>, u64) {
        let mut topics = Vec::new();
        let uncounted = lane.take_counts(|topic, count| topics.push((topic.to_string(), count)));
        (topics, uncounted)
    }

    #[test]
    fn what_is_allowed_is_counted_by_topic_and_nothing_gets_lost() {
        const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:000000000000:topic/a*"}]}"#;
        let variables =
            Variables { account: "000000000000".into(), region: "us-east-1".into(), ..Variables::default() };
        let document = Document::parse(POLICY).expect("valid");
        let access = Access::compile(&[NamedDocument::new("a", 1, document)], variables);
        let view: View<u8> = View::empty();
        let mut lane = Lane::default();
        let publish = |lane: &mut Lane<u8>, topic: &str| {
            lane.decide(&view, Dialect::Aws, ScopeId(0), &access, topic, || 0).is_some()
        };
        for topic in ["a/1", "a/2", "b", "a/1"] {
            assert!(publish(&mut lane, topic));
        }
        assert_eq!(counts(&mut lane), (vec![("a/1".into(), 2), ("a/2".into(), 1)], 0));
        assert_eq!(counts(&mut lane), (vec![], 0));
        publish(&mut lane, "a/1");
        publish(&mut lane, "b");
        lane.forget();
        publish(&mut lane, "a/1");
        assert_eq!(counts(&mut lane), (vec![("a/1".into(), 1)], 1));
    }
}
