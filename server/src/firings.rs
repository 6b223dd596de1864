//! The latest messages that woke rules, whole, and how often each rule fired: each thread keeps its own part, so that
//! they do not wait for each other. Starts empty with the process.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use broker::ScopeId;
use rules::Recorded;
use serde::Serialize;

const PARTS: usize = 16;
/// Messages that one part keeps before the oldest goes.
const MESSAGES: usize = 200;
/// And their bytes.
const BYTES: usize = 2 * 1024 * 1024;
/// Rules that one part counts for; a rule that is gone is counted until the process ends.
const RULES: usize = 10_000;

/// Kept messages and counts by thread.
#[derive(Debug, Default)]
pub(crate) struct Firings {
    parts: [Mutex<Part>; PARTS],
}

/// What became of the messages that woke one rule since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    pub(crate) skipped: u64,
    pub(crate) fired: u64,
    /// Messages for which the rule, or one of its actions, failed.
    pub(crate) failed: u64,
    pub(crate) skipped_ms: Option<u64>,
    pub(crate) fired_ms: Option<u64>,
    pub(crate) failed_ms: Option<u64>,
    #[serde(skip)]
    failed_message: u64,
}

#[derive(Debug, Default)]
struct Part {
    messages: VecDeque<(ScopeId, Recorded)>,
    bytes: usize,
    tallies: BTreeMap<(ScopeId, Arc<str>), Tally>,
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static PART: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % PARTS);
}

impl Firings {
    /// Keeps a message with what its rules came to.
    /// Everything was reset.
    pub(crate) fn forget(&self) {
        self.parts.iter().for_each(|part| *locked(part) = Part::default());
    }

    pub(crate) fn keep(&self, scope: ScopeId, recorded: Recorded) {
        self.mine().keep(scope, recorded);
    }

    /// Counts what a rule came to: `skipped`, `fired` or `failed`.
    pub(crate) fn count(&self, scope: ScopeId, rule: &Arc<str>, result: &str, message: u64, at_ms: u64) {
        self.mine().count(scope, rule, result, message, at_ms);
    }

    /// The latest messages, oldest first; only those that woke a rule if one is named.
    pub(crate) fn latest(&self, scope: ScopeId, rule: Option<&str>, most: usize) -> Vec<Recorded> {
        let woke = |recorded: &Recorded| {
            rule.is_none_or(|rule| recorded.came.iter().any(|came| &*came.rule == rule))
        };
        let mut found: Vec<Recorded> = Vec::new();
        for part in &self.parts {
            let part = locked(part);
            let of_scope = part.messages.iter().filter(|(of, recorded)| *of == scope && woke(recorded));
            found.extend(of_scope.map(|(_, recorded)| recorded.clone()));
        }
        found.sort_by_key(|recorded| recorded.occasion.message.id);
        found.drain(..found.len().saturating_sub(most));
        found
    }

    pub(crate) fn find(&self, scope: ScopeId, message: u64) -> Option<Recorded> {
        self.parts.iter().find_map(|part| {
            let part = locked(part);
            let mut found = part.messages.iter();
            found
                .find(|(of, recorded)| *of == scope && recorded.occasion.message.id == message)
                .map(|(_, recorded)| recorded.clone())
        })
    }

    pub(crate) fn tally(&self, scope: ScopeId, rule: &str) -> Tally {
        let key = (scope, Arc::from(rule));
        let parts = self.parts.iter().filter_map(|part| locked(part).tallies.get(&key).copied());
        parts.fold(Tally::default(), Tally::plus)
    }

    fn mine(&self) -> MutexGuard<'_, Part> {
        locked(self.parts.get(PART.with(Cell::get)).unwrap_or(&self.parts[0]))
    }
}

fn locked(part: &Mutex<Part>) -> MutexGuard<'_, Part> {
    part.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Tally {
    fn plus(self, other: Tally) -> Tally {
        Tally {
            skipped: self.skipped + other.skipped,
            fired: self.fired + other.fired,
            failed: self.failed + other.failed,
            skipped_ms: self.skipped_ms.max(other.skipped_ms),
            fired_ms: self.fired_ms.max(other.fired_ms),
            failed_ms: self.failed_ms.max(other.failed_ms),
            failed_message: self.failed_message.max(other.failed_message),
        }
    }
}

impl Part {
    fn keep(&mut self, scope: ScopeId, recorded: Recorded) {
        self.bytes += recorded.weight();
        self.messages.push_back((scope, recorded));
        while self.messages.len() > MESSAGES || self.bytes > BYTES {
            let Some((_, oldest)) = self.messages.pop_front() else { break };
            self.bytes -= oldest.weight();
        }
    }

    fn count(&mut self, scope: ScopeId, rule: &Arc<str>, result: &str, message: u64, at_ms: u64) {
        let key = (scope, rule.clone());
        if self.tallies.len() >= RULES && !self.tallies.contains_key(&key) {
            return;
        }
        let tally = self.tallies.entry(key).or_default();
        match result {
            "skipped" => (tally.skipped, tally.skipped_ms) = (tally.skipped + 1, Some(at_ms)),
            "fired" => (tally.fired, tally.fired_ms) = (tally.fired + 1, Some(at_ms)),
            // Each failed action is told for itself.
            "failed" if tally.failed_message != message => {
                (tally.failed, tally.failed_ms, tally.failed_message) =
                    (tally.failed + 1, Some(at_ms), message);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use message::{Message, QoS, Topic};
    use rules::{Came, Occasion, Source};

    use super::*;

    fn occasion(id: u64, bytes: usize) -> Occasion {
        let message = Message {
            id,
            topic: Topic::parse("a").expect("a topic"),
            payload: Bytes::from(vec![b'x'; bytes]),
            qos: QoS::AtMostOnce,
            retain: false,
            properties: None,
            publisher: "c".into(),
            received_ms: id,
            expires_ms: None,
        };
        let source = Source::default();
        Occasion { message: Arc::new(message), source, account: "0".into(), seed: id, hops: 0, root: id }
    }

    fn recorded(id: u64, bytes: usize, rule: &str) -> Recorded {
        let came = vec![Came { rule: rule.into(), result: "fired".into(), text: String::new() }];
        Recorded { occasion: occasion(id, bytes), came }
    }

    #[test]
    fn kept_messages_are_bounded_in_number_and_in_bytes() {
        for (bytes, most) in [(10, MESSAGES), (100_000, BYTES / 100_000)] {
            let firings = Firings::default();
            for id in 0..1000 {
                firings.keep(ScopeId(0), recorded(id, bytes, "r"));
            }
            let kept = firings.latest(ScopeId(0), None, usize::MAX);
            assert!(!kept.is_empty() && kept.len() <= most, "{}", kept.len());
            assert_eq!(kept.last().map(|last| last.occasion.message.id), Some(999));
            let part = firings.mine();
            let weights: usize = part.messages.iter().map(|(_, recorded)| recorded.weight()).sum();
            assert_eq!(part.bytes, weights);
        }
    }

    #[test]
    fn messages_are_found_by_number_and_rule_in_their_own_account() {
        let firings = Firings::default();
        firings.keep(ScopeId(0), recorded(1, 1, "a"));
        firings.keep(ScopeId(0), recorded(2, 1, "b"));
        firings.keep(ScopeId(1), recorded(3, 1, "a"));
        let numbers = |rule| -> Vec<u64> {
            firings.latest(ScopeId(0), rule, 10).iter().map(|found| found.occasion.message.id).collect()
        };
        assert_eq!((numbers(None), numbers(Some("a")), numbers(Some("c"))), (vec![1, 2], vec![1], vec![]));
        assert_eq!(firings.latest(ScopeId(0), None, 1).len(), 1);
        assert!(firings.find(ScopeId(0), 3).is_none() && firings.find(ScopeId(1), 3).is_some());
    }

    #[test]
    fn a_message_whose_actions_fail_is_counted_once() {
        let firings = Firings::default();
        let rule: Arc<str> = "r".into();
        for (message, result) in [(1, "fired"), (1, "failed"), (1, "failed"), (2, "skipped"), (2, "done")] {
            firings.count(ScopeId(0), &rule, result, message, message * 10);
        }
        let tally = firings.tally(ScopeId(0), "r");
        assert_eq!((tally.skipped, tally.fired, tally.failed), (1, 1, 1));
        assert_eq!((tally.skipped_ms, tally.fired_ms, tally.failed_ms), (Some(20), Some(10), Some(10)));
        assert_eq!(firings.tally(ScopeId(1), "r"), Tally::default());
    }
}
