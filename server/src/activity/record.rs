//! What one client did and what went wrong for it: happenings in, a bounded record out, which is also its stored form.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use policy::Verdict;
use serde::{Deserialize, Serialize};

use super::told::Told;
use super::{Activity, LONGEST_NAME_BYTES};

/// Topics of one client that are counted each for itself.
const TOPICS: usize = 200;
/// Filters of one client that are remembered.
const FILTERS: usize = 100;
/// Different things that went wrong for one client.
const TROUBLES: usize = 20;
/// What ends a connection is told twice: when it happens and when the connection is over.
const SAME_END_MS: u64 = 60_000;

/// What is known of one client.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// The certificate it used last.
    pub(crate) certificate: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) connects: u64,
    /// When it connected last.
    pub(crate) connected_ms: Option<u64>,
    pub(crate) parting: Option<Parted>,
    /// Filters that were granted.
    pub(crate) filters: BTreeSet<String>,
    /// Filters that were granted beyond those that are remembered.
    pub(crate) more_filters: u64,
    pub(crate) topics: BTreeMap<String, Published>,
    /// Publishes on topics beyond those that are remembered.
    pub(crate) others: u64,
    pub(crate) published: u64,
    pub(crate) received: u64,
    /// Oldest first.
    pub(crate) troubles: VecDeque<Trouble>,
    /// When it did something last.
    pub(crate) heard_ms: u64,
    /// The number of the connection it has now.
    #[serde(skip)]
    pub(crate) link: Option<u64>,
    /// The store has some form of it.
    #[serde(skip)]
    pub(super) is_stored: bool,
}

/// Publishes on one topic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Published {
    pub(crate) count: u64,
    pub(crate) last_ms: u64,
    /// Some were to be retained.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) retained: bool,
}

/// The end of the last connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parted {
    pub(crate) at_ms: u64,
    /// In AWS's words, such as `CLIENT_ERROR`.
    pub(crate) reason: String,
    pub(crate) text: String,
    /// The topic of a will that was not published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dropped_will: Option<String>,
}

/// Something that went wrong, perhaps many times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    pub(crate) first_ms: u64,
    pub(crate) at_ms: u64,
    pub(crate) count: u64,
    /// Such as `publish denied`.
    pub(crate) what: String,
    /// The reason code on the wire, or the reason in presence events.
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) verdict: Option<Told>,
}

impl Trouble {
    pub(crate) fn new(what: &str, code: &str, text: &str, verdict: Option<&Verdict>) -> Trouble {
        // What speaks of an endless topic is kept in short.
        let verdict = verdict.filter(|verdict| verdict.resource.len() <= LONGEST_NAME_BYTES).map(Told::of);
        Trouble {
            first_ms: 0,
            at_ms: 0,
            count: 1,
            what: what.to_owned(),
            code: code.to_owned(),
            text: Activity::clip(text).into_owned(),
            verdict,
        }
    }

    fn weight(&self) -> usize {
        160 + self.text.len() + self.verdict.as_ref().map_or(0, Told::weight)
    }
}

impl Record {
    pub(crate) fn connected(&mut self, link: u64, address: &str, now_ms: u64) {
        self.link = Some(link);
        self.address = Some(address.to_owned());
        self.connects += 1;
        self.connected_ms = Some(now_ms);
        self.heard_ms = now_ms;
    }

    /// It did something on its connection; a record that had to make room meanwhile begins anew.
    pub(crate) fn heard(&mut self, link: u64, now_ms: u64) {
        self.heard_ms = now_ms;
        self.link.get_or_insert(link);
        self.connects = self.connects.max(1);
    }

    pub(crate) fn parted(&mut self, link: u64, parted: Parted) {
        // After a takeover the client has another connection already.
        if self.link == Some(link) {
            self.link = None;
            self.heard_ms = parted.at_ms;
            self.parting = Some(parted);
        }
    }

    pub(crate) fn granted(&mut self, filter: &str) {
        if self.filters.contains(filter) {
            return;
        }
        if self.filters.len() < FILTERS && filter.len() <= LONGEST_NAME_BYTES {
            self.filters.insert(filter.to_owned());
        } else {
            self.more_filters += 1;
        }
    }

    pub(crate) fn published(&mut self, topic: &str, count: u64, now_ms: u64) {
        self.published += count;
        match self.topic(topic) {
            Some(published) => {
                published.count += count;
                published.last_ms = now_ms;
            }
            None => self.others += count,
        }
    }

    pub(crate) fn published_elsewhere(&mut self, count: u64) {
        self.published += count;
        self.others += count;
    }

    pub(crate) fn retained(&mut self, topic: &str) {
        if let Some(published) = self.topic(topic) {
            published.retained = true;
        }
    }

    fn topic(&mut self, topic: &str) -> Option<&mut Published> {
        let fits = self.topics.len() < TOPICS && topic.len() <= LONGEST_NAME_BYTES;
        if !self.topics.contains_key(topic) && fits {
            self.topics.insert(topic.to_owned(), Published::default());
        }
        self.topics.get_mut(topic)
    }

    /// The same trouble again only adds to its count.
    pub(crate) fn troubled(&mut self, mut trouble: Trouble, now_ms: u64) {
        self.heard_ms = now_ms;
        let known = self.troubles.iter().position(|t| t.what == trouble.what && t.text == trouble.text);
        (trouble.first_ms, trouble.at_ms) = (now_ms, now_ms);
        if let Some(before) = known.and_then(|at| self.troubles.remove(at)) {
            trouble.first_ms = before.first_ms;
            trouble.count += before.count;
        }
        if self.troubles.len() >= TROUBLES {
            self.troubles.pop_front();
        }
        self.troubles.push_back(trouble);
    }

    /// The same, unless it has just been told.
    pub(crate) fn troubled_unless_told(&mut self, trouble: Trouble, now_ms: u64) {
        let told = |t: &Trouble| t.text == trouble.text && now_ms.saturating_sub(t.at_ms) < SAME_END_MS;
        if !self.troubles.iter().any(told) {
            self.troubled(trouble, now_ms);
        }
    }

    /// The topic it published on last.
    pub(crate) fn last_topic(&self) -> Option<(&str, &Published)> {
        let used = self.topics.iter().filter(|(_, published)| published.count > 0);
        used.max_by_key(|(_, published)| published.last_ms)
            .map(|(topic, published)| (topic.as_str(), published))
    }

    /// About how many bytes it holds.
    pub(crate) fn weight(&self) -> usize {
        let topics: usize = self.topics.keys().map(|topic| topic.len() + 72).sum();
        let filters: usize = self.filters.iter().map(|filter| filter.len() + 32).sum();
        let troubles: usize = self.troubles.iter().map(Trouble::weight).sum();
        400 + topics + filters + troubles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_again_is_counted_and_becomes_the_latest() {
        let mut record = Record::default();
        for (at_ms, text) in [(1, "a"), (2, "b"), (3, "a")] {
            record.troubled(Trouble::new("publish denied", "AUTH_ERROR", text, None), at_ms);
        }
        let seen: Vec<_> =
            record.troubles.iter().map(|t| (t.text.as_str(), t.first_ms, t.at_ms, t.count)).collect();
        assert_eq!(seen, [("b", 2, 2, 1), ("a", 1, 3, 2)]);
    }

    #[test]
    fn what_ended_a_connection_is_counted_once() {
        let mut record = Record::default();
        let trouble = || Trouble::new("publish denied", "AUTH_ERROR", "no", None);
        record.troubled(trouble(), 1);
        record.troubled_unless_told(trouble(), 2);
        assert_eq!(record.troubles[0].count, 1);
        record.troubled_unless_told(trouble(), 2 * SAME_END_MS);
        assert_eq!(record.troubles[0].count, 2);
    }

    #[test]
    fn a_record_stays_small_whatever_its_client_does() {
        let mut record = Record::default();
        for number in 0..1000 {
            record.published(&format!("t/{number}"), 2, number);
            record.granted(&format!("f/{number}"));
            record.troubled(Trouble::new("subscribe refused", "X", &format!("{number}"), None), number);
        }
        record.published(&"t".repeat(LONGEST_NAME_BYTES + 1), 1, 1000);
        assert_eq!((record.topics.len(), record.filters.len(), record.troubles.len()), (200, 100, 20));
        assert_eq!((record.published, record.others, record.more_filters), (2001, 1601, 900));
        assert_eq!(record.troubles.back().map(|t| t.text.as_str()), Some("999"));
    }

    #[test]
    fn the_end_of_a_connection_that_was_taken_over_is_not_the_clients() {
        let mut record = Record::default();
        record.connected(1, "127.0.0.1", 1);
        record.connected(2, "127.0.0.1", 2);
        let parted = |at_ms| Parted {
            at_ms,
            reason: "DUPLICATE_CLIENTID".into(),
            text: String::new(),
            dropped_will: None,
        };
        record.parted(1, parted(3));
        assert_eq!((record.link, record.parting.is_none()), (Some(2), true));
        record.parted(2, parted(4));
        assert_eq!((record.link, record.parting.is_some()), (None, true));
    }
}
