//! Calls in, a store of memory written by them, and the logs as they are found again out.

use std::collections::BTreeMap;

use logs::limits::GROUP_BYTES;
use logs::{Direction, Event, Key, Logs, Page, Pattern, Refusal, Rejected, Search};
use proptest::prelude::*;
use store::{Batch, Durability, Memory, Store, Write};

const NOW_MS: u64 = 1_800_000_000_000;
const HOUR_MS: u64 = 3_600_000;
const ALL: (u64, u64) = (0, u64::MAX);

/// Logs and the store that they are kept in.
struct Kept {
    logs: Logs,
    store: Memory,
}

impl Kept {
    fn new() -> Self {
        let mut kept = Kept { logs: Logs::new("scope"), store: Memory::new() };
        let made = kept.logs.create_group(NOW_MS, "g", BTreeMap::new()).expect("a group");
        kept.commit(made);
        kept
    }

    fn commit(&mut self, writes: Vec<Write>) {
        self.store.commit(&Batch { writes }, Durability::Synced).expect("the store takes what logs write");
    }

    fn append(&mut self, stream: &str, events: &[(u64, &str)]) -> Result<Rejected, Refusal> {
        self.append_at(NOW_MS, stream, events)
    }

    fn append_at(&mut self, now_ms: u64, stream: &str, events: &[(u64, &str)]) -> Result<Rejected, Refusal> {
        let event = |(at, message): &(u64, &str)| Event { timestamp_ms: *at, message: (*message).into() };
        let events: Vec<Event> = events.iter().map(event).collect();
        let accepted = self.logs.append_making(now_ms, "g", stream, &events)?;
        self.commit(accepted.writes);
        Ok(accepted.rejected)
    }

    fn reopen(&mut self) {
        let opened = Logs::open("scope", &*self.store.reader()).expect("what was written can be read");
        let before: Vec<_> =
            self.logs.groups(None).map(|(name, group)| (name.to_owned(), group.clone())).collect();
        let after: Vec<_> =
            opened.groups(None).map(|(name, group)| (name.to_owned(), group.clone())).collect();
        assert_eq!(after, before);
        self.logs = opened;
    }

    fn search(&self, most: usize) -> Search {
        self.logs.search(NOW_MS, "g", |_| true, ALL, most).expect("the group exists")
    }

    fn page(&self, search: &Search, pattern: &str) -> Page {
        search
            .run(&*self.store.reader(), &Pattern::parse(pattern).expect("a pattern"))
            .expect("a readable store")
    }

    /// Every message, read page by page.
    fn messages(&self, mut search: Search, pattern: &str) -> Vec<String> {
        let mut seen = Vec::new();
        for _ in 0..10_000 {
            let page = self.page(&search, pattern);
            let messages = page.events.into_iter().map(|found| found.message);
            match search.direction {
                Direction::Forward => seen.extend(messages),
                Direction::Backward => seen.splice(0..0, messages).for_each(drop),
            }
            let Some(rest) = page.rest else { return seen };
            search.beyond = Some(rest);
        }
        panic!("the pages have no end");
    }
}

#[test]
fn events_are_found_in_the_order_of_their_times_and_after_a_restart() {
    let mut kept = Kept::new();
    kept.append("a", &[(NOW_MS - 3, "one"), (NOW_MS - 1, "three")]).expect("taken");
    kept.append("b", &[(NOW_MS - 2, "two"), (NOW_MS, "four")]).expect("taken");
    for _ in 0..2 {
        assert_eq!(kept.messages(kept.search(10), ""), ["one", "two", "three", "four"]);
        assert_eq!(kept.messages(kept.search(1), "o"), ["one", "two", "four"]);
        let within = kept.logs.search(NOW_MS, "g", |name| name == "a", (NOW_MS - 3, NOW_MS - 1), 10);
        assert_eq!(kept.messages(within.expect("a search"), ""), ["one"]);
        kept.reopen();
    }
}

#[test]
fn a_batch_is_held_to_the_rules_of_aws() {
    let mut kept = Kept::new();
    let many: Vec<(u64, &str)> = vec![(NOW_MS, "m"); 10_001];
    assert_eq!(kept.append("s", &many), Err(Refusal::BatchEvents(10_001)));
    assert_eq!(kept.append("s", &[]), Err(Refusal::BatchEvents(0)));
    assert_eq!(kept.append("s", &[(NOW_MS, "")]), Err(Refusal::EmptyMessage));
    assert_eq!(kept.append("s", &[(NOW_MS, "b"), (NOW_MS - 1, "a")]), Err(Refusal::Order));
    assert_eq!(kept.append("s", &[(NOW_MS - 25 * HOUR_MS, "a"), (NOW_MS, "b")]), Err(Refusal::Span));
    let large = "x".repeat(1_048_576 - 26);
    assert_eq!(kept.append("s", &[(NOW_MS, &large)]), Ok(Rejected::default()));
    let larger = "x".repeat(1_048_576 - 25);
    assert_eq!(kept.append("s", &[(NOW_MS, &larger)]), Err(Refusal::BatchBytes(1_048_577)));
    let missing =
        kept.logs.append(NOW_MS, "g", "none", &[Event { timestamp_ms: NOW_MS, message: "m".into() }]);
    assert_eq!(missing, Err(Refusal::NoStream { group: "g".into(), stream: "none".into() }));
    let missing =
        kept.logs.append_making(NOW_MS, "h", "s", &[Event { timestamp_ms: NOW_MS, message: "m".into() }]);
    assert_eq!(missing, Err(Refusal::NoGroup("h".into())));
}

#[test]
fn events_too_old_or_too_new_are_left_out_and_told() {
    let mut kept = Kept::new();
    let old = NOW_MS - 14 * 24 * HOUR_MS;
    let rejected = kept.append("s", &[(old - 1, "older"), (old, "old")]).expect("taken");
    assert_eq!(rejected, Rejected { too_old_before: Some(1), ..Rejected::default() });
    let rejected = kept.append("s", &[(NOW_MS + 2 * HOUR_MS, "soon"), (NOW_MS + 2 * HOUR_MS + 1, "later")]);
    assert_eq!(rejected, Ok(Rejected { too_new_from: Some(1), ..Rejected::default() }));
    let writes = kept.logs.set_retention("g", Some(1)).expect("a day");
    kept.commit(writes);
    let rejected = kept.append("s", &[(NOW_MS - 25 * HOUR_MS, "gone"), (NOW_MS - 23 * HOUR_MS, "kept")]);
    assert_eq!(rejected, Ok(Rejected { expired_before: Some(1), ..Rejected::default() }));
    let rejected = kept.append("s", &[(1, "x")]).expect("taken, and nothing of it kept");
    assert_eq!(rejected.too_old_before, Some(1));
    assert_eq!(kept.messages(kept.search(10), ""), ["kept", "soon"]);
}

#[test]
fn retention_takes_old_events_from_the_store() {
    let mut kept = Kept::new();
    kept.append("a", &[(NOW_MS, "old")]).expect("taken");
    kept.append("b", &[(NOW_MS + HOUR_MS, "young")]).expect("taken");
    assert!(
        kept.logs.forget(NOW_MS + 1000 * 24 * HOUR_MS).is_empty(),
        "without a retention nothing is forgotten"
    );
    let writes = kept.logs.set_retention("g", Some(1)).expect("a day");
    kept.commit(writes);
    let writes = kept.logs.forget(NOW_MS + 24 * HOUR_MS + 1);
    assert!(!writes.is_empty());
    kept.commit(writes);
    kept.reopen();
    assert_eq!(kept.messages(kept.search(10), ""), ["young"]);
    kept.append_at(NOW_MS + 24 * HOUR_MS, "a", &[(NOW_MS + 24 * HOUR_MS, "new")]).expect("taken");
    kept.reopen();
    assert_eq!(kept.messages(kept.search(10), ""), ["young", "new"]);
}

#[test]
fn a_group_keeps_no_more_than_its_limit_and_the_oldest_go_first() {
    let mut kept = Kept::new();
    let message = "x".repeat(1_000_000);
    let batches = GROUP_BYTES / 1_000_000 + 20;
    for number in 0..batches {
        let stream = if number % 2 == 0 { "a" } else { "b" };
        let text = format!("{number:08} {message}");
        kept.append(stream, &[(NOW_MS - batches + number, &text)]).expect("taken");
    }
    assert!(kept.logs.group("g").expect("the group").bytes() <= GROUP_BYTES);
    let first = kept.page(&kept.search(1), "").events;
    let first: u64 = first[0].message[..8].parse().expect("a number");
    assert!((1..40).contains(&first), "{first} is the oldest");
    let mut last = kept.search(1);
    last.direction = Direction::Backward;
    assert!(kept.page(&last, "").events[0].message.starts_with(&format!("{:08}", batches - 1)));
    kept.reopen();
}

#[test]
fn what_is_deleted_leaves_nothing_in_the_store() {
    let mut kept = Kept::new();
    for number in 0..200 {
        kept.append("s", &[(NOW_MS, &format!("{number} {}", "x".repeat(1000)))]).expect("taken");
    }
    kept.append("t", &[(NOW_MS, "m")]).expect("taken");
    let writes = kept.logs.delete_stream("g", "s").expect("deleted");
    kept.commit(writes);
    assert_eq!(kept.messages(kept.search(10), ""), ["m"]);
    kept.append("s", &[(NOW_MS, "again")]).expect("taken");
    kept.reopen();
    assert_eq!(kept.messages(kept.search(10), ""), ["m", "again"]);
    let writes = kept.logs.delete_group("g").expect("deleted");
    kept.commit(writes);
    kept.reopen();
    let reader = kept.store.reader();
    assert!(reader.scan(b"", None, 10).expect("readable").is_empty());
    let mut left = 0;
    reader.logs(b"", &mut |_, _| left += 1).expect("readable");
    assert_eq!(left, 0);
    assert_eq!(kept.logs.delete_group("g"), Err(Refusal::NoGroup("g".into())));
}

#[test]
fn tags_are_kept_with_their_group() {
    let mut kept = Kept::new();
    let writes = kept.logs.tag("g", BTreeMap::from([("a".into(), "1".into()), ("b".into(), "2".into())]));
    kept.commit(writes.expect("tagged"));
    let writes = kept.logs.untag("g", &["a".to_owned(), "none".to_owned()]).expect("untagged");
    kept.commit(writes);
    kept.reopen();
    assert_eq!(kept.logs.group("g").expect("the group").tags, BTreeMap::from([("b".into(), "2".into())]));
    let many = (0..50).map(|number| (format!("k{number}"), String::new())).collect();
    assert_eq!(kept.logs.tag("g", many), Err(Refusal::TooManyTags(50)));
    let reserved = BTreeMap::from([("aws:x".to_owned(), String::new())]);
    assert_eq!(kept.logs.tag("g", reserved), Err(Refusal::Tag));
}

#[test]
fn a_page_of_reading_may_be_empty_and_the_next_one_goes_on() {
    let mut kept = Kept::new();
    let noise = "x".repeat(200_000);
    for number in 0..200 {
        kept.append("s", &[(NOW_MS - 1000 + number, &noise)]).expect("taken");
    }
    kept.append("s", &[(NOW_MS, "needle")]).expect("taken");
    let first = kept.page(&kept.search(10), "needle");
    assert!(first.events.is_empty() && first.rest.is_some(), "{:?}", first.rest);
    assert_eq!(kept.messages(kept.search(10), "needle"), ["needle"]);
    let mut back = kept.search(10);
    back.direction = Direction::Backward;
    back.beyond = Some(Key { timestamp_ms: NOW_MS, ..Key::FIRST });
    assert!(kept.messages(back, "needle").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pages_in_either_direction_hold_every_event_once_and_in_order(
        batches in proptest::collection::vec((0..3_usize, 0..50_u64, 1..6_usize, 1..40_usize), 1..60),
        most in 1..9_usize,
    ) {
        let mut kept = Kept::new();
        let mut expected = Vec::new();
        for (number, (stream, at, count, kilobytes)) in batches.into_iter().enumerate() {
            let name = ["a", "b", "c"][stream];
            let texts: Vec<String> =
                (0..count).map(|event| format!("{number} {event} {}", "x".repeat(kilobytes * 1000))).collect();
            let events: Vec<(u64, &str)> = texts.iter().map(|text| (NOW_MS - at, text.as_str())).collect();
            kept.append(name, &events).expect("taken");
            expected.extend(texts.iter().map(|text| (NOW_MS - at, text.clone())));
        }
        kept.reopen();
        let mut forward = kept.messages(kept.search(most), "");
        let mut backward = kept.search(most);
        backward.direction = Direction::Backward;
        prop_assert_eq!(&kept.messages(backward, ""), &forward);
        let time_of: BTreeMap<&str, u64> = expected.iter().map(|(at, text)| (text.as_str(), *at)).collect();
        prop_assert!(forward.is_sorted_by_key(|text| time_of[text.as_str()]));
        forward.sort();
        let mut all: Vec<String> = expected.iter().map(|(_, text)| text.clone()).collect();
        all.sort();
        prop_assert_eq!(forward, all);
    }

    #[test]
    fn no_pattern_panics(pattern in ".{0,60}", message in ".{0,60}") {
        if let Ok(pattern) = Pattern::parse(&pattern) {
            let _ = pattern.matches(&message);
        }
    }

    #[test]
    fn no_condition_panics(inside in r#"[$.a-c\[\]0-9'"=<>!&|() *%]{0,40}"#) {
        if let Ok(pattern) = Pattern::parse(&format!("{{{inside}}}")) {
            let _ = pattern.matches(r#"{"a": [1, {"b": "c"}]}"#);
        }
    }
}
