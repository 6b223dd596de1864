//! Random histories of commits, some of them wrong, beside a model too simple to be mistaken.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::{Batch, CommitError, Durability, Expect, Span, Write};

use super::Home;

/// The head of a log and its live records.
type Held = (u64, Vec<(u64, Bytes)>);

/// Documents as revision and value, logs as what they hold.
#[derive(Debug, Clone, Default)]
struct Model {
    documents: BTreeMap<Vec<u8>, (u64, Vec<u8>)>,
    logs: BTreeMap<Vec<u8>, Held>,
    tails: BTreeMap<Vec<u8>, u64>,
}

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Wish>, bool),
    Reopen,
}

/// A write in the making: offsets are turned into numbers when the state is known.
#[derive(Debug, Clone)]
enum Wish {
    Put { key: u8, value: Vec<u8>, expect: Option<bool> },
    Delete { key: u8, expect: Option<bool> },
    Append { log: u8, wrong: bool, lengths: Vec<u8> },
    Trim { log: u8, offset: u64 },
    Drop { log: u8 },
}

pub(crate) fn random_histories<H: Home>(make: &impl Fn() -> H, histories: u32) {
    let config =
        Config { cases: histories, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let steps = prop::collection::vec(step(), 1..40);
    let outcome = TestRunner::new(config).run(&steps, |steps| {
        let mut home = make();
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Reopen => home.reopen(),
                Step::Commit(wishes, synced) => commit(&mut home, &mut model, &wishes, synced)?,
            }
            compare(&mut home, &model)?;
        }
        home.reopen();
        compare(&mut home, &model)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        15 => (prop::collection::vec(wish(), 1..6), any::<bool>())
            .prop_map(|(wishes, synced)| Step::Commit(wishes, synced)),
        1 => Just(Step::Reopen),
    ]
}

fn wish() -> impl Strategy<Value = Wish> {
    let expect = || prop_oneof![6 => Just(None), 3 => Just(Some(true)), 1 => Just(Some(false))];
    let value = || prop::collection::vec(any::<u8>(), 0..20);
    prop_oneof![
        3 => (0..4u8, value(), expect()).prop_map(|(key, value, expect)| Wish::Put { key, value, expect }),
        1 => (0..4u8, expect()).prop_map(|(key, expect)| Wish::Delete { key, expect }),
        6 => (0..3u8, prop::bool::weighted(0.05), prop::collection::vec(0..9u8, 0..5))
            .prop_map(|(log, wrong, lengths)| Wish::Append { log, wrong, lengths }),
        4 => (0..3u8, 0..12u64).prop_map(|(log, offset)| Wish::Trim { log, offset }),
        1 => (0..3u8).prop_map(|log| Wish::Drop { log }),
    ]
}

fn commit(
    home: &mut impl Home,
    model: &mut Model,
    wishes: &[Wish],
    synced: bool,
) -> Result<(), TestCaseError> {
    let mut after = model.clone();
    let mut batch = Batch::new();
    let mut is_wrong = false;
    for wish in wishes {
        let write = after.write(wish);
        is_wrong = is_wrong || !after.take(&write);
        batch.writes.push(write);
    }
    let durability = if synced { Durability::Synced } else { Durability::Buffered };
    match home.store().commit(&batch, durability) {
        Ok(()) => prop_assert!(!is_wrong, "a wrong batch was taken: {batch:?}"),
        Err(CommitError::Conflict { .. }) => prop_assert!(is_wrong, "a right batch was refused: {batch:?}"),
        Err(error) => return Err(TestCaseError::fail(error.to_string())),
    }
    if !is_wrong {
        *model = after;
    }
    Ok(())
}

impl Model {
    fn write(&self, wish: &Wish) -> Write {
        match wish {
            Wish::Put { key, value, expect } => {
                Write::Put { key: vec![*key], value: value.clone(), expect: self.expect(*key, *expect) }
            }
            Wish::Delete { key, expect } => {
                Write::Delete { key: vec![*key], expect: self.expect(*key, *expect) }
            }
            Wish::Append { log, wrong, lengths } => {
                let tail = self.tails.get(&vec![*log]).copied().unwrap_or(u64::from(*log) * 100);
                let record = |(at, length): (usize, &u8)| Bytes::from(vec![at as u8; usize::from(*length)]);
                let records = lengths.iter().enumerate().map(record).collect();
                Write::Append { log: vec![*log], first_seq: tail + u64::from(*wrong), records }
            }
            Wish::Trim { log, offset } => {
                let head = self.logs.get(&vec![*log]).map_or(0, |(head, _)| *head);
                Write::Trim { log: vec![*log], before: (head + offset).saturating_sub(2) }
            }
            Wish::Drop { log } => Write::DropLog { log: vec![*log] },
        }
    }

    fn expect(&self, key: u8, right: Option<bool>) -> Expect {
        let found = self.documents.get(&vec![key]).map(|(revision, _)| *revision);
        match (right, found) {
            (None, _) => Expect::Any,
            (Some(true), None) | (Some(false), Some(_)) => Expect::Absent,
            (Some(true), Some(revision)) => Expect::Revision(revision),
            (Some(false), None) => Expect::Revision(1),
        }
    }

    /// Applies a write; false if it should be refused.
    fn take(&mut self, write: &Write) -> bool {
        match write {
            Write::Put { key, value, expect } => {
                let found = self.documents.get(key).map(|(revision, _)| *revision);
                let revision = if *expect == Expect::Any { 0 } else { found.unwrap_or(0) + 1 };
                self.documents.insert(key.clone(), (revision, value.clone()));
                holds(*expect, found)
            }
            Write::Delete { key, expect } => {
                holds(*expect, self.documents.remove(key).map(|(revision, _)| revision))
            }
            Write::Append { log, first_seq, records } => {
                let tail = self.tails.entry(log.clone()).or_insert(*first_seq);
                let follows = *tail == *first_seq;
                let (_, held) = self.logs.entry(log.clone()).or_insert((*first_seq, Vec::new()));
                for record in records {
                    held.push((*tail, record.clone()));
                    *tail += 1;
                }
                follows
            }
            Write::Trim { log, before } => {
                if let (Some((head, held)), Some(tail)) = (self.logs.get_mut(log), self.tails.get(log)) {
                    *head = (*before).clamp(*head, *tail);
                    held.retain(|(seq, _)| *seq >= *head);
                }
                true
            }
            Write::DropLog { log } => {
                self.logs.remove(log);
                self.tails.remove(log);
                true
            }
        }
    }
}

fn holds(expect: Expect, found: Option<u64>) -> bool {
    match expect {
        Expect::Any => true,
        Expect::Absent => found.is_none(),
        Expect::Revision(revision) => found == Some(revision),
    }
}

fn compare(home: &mut impl Home, model: &Model) -> Result<(), TestCaseError> {
    let reader = home.store().reader();
    let failed = |error: store::ReadError| TestCaseError::fail(error.to_string());
    let documents = reader.scan(&[], None, usize::MAX).map_err(failed)?;
    let documents: BTreeMap<_, _> =
        documents.into_iter().map(|(key, found)| (key, (found.revision, found.value.to_vec()))).collect();
    prop_assert_eq!(&documents, &model.documents);
    for (key, (revision, value)) in &model.documents {
        let found = reader.get(key).map_err(failed)?;
        prop_assert_eq!(
            found.map(|found| (found.revision, found.value.to_vec())),
            Some((*revision, value.clone()))
        );
    }
    let mut spans = BTreeMap::new();
    reader.logs(&[], &mut |log, span| _ = spans.insert(log.to_vec(), span)).map_err(failed)?;
    let expected: BTreeMap<_, _> = model
        .logs
        .iter()
        .map(|(log, (head, held))| {
            let bytes = held.iter().map(|(_, record)| record.len() as u64).sum();
            (log.clone(), Span { head: *head, tail: model.tails[log], bytes })
        })
        .collect();
    prop_assert_eq!(&spans, &expected);
    for (log, (head, held)) in &model.logs {
        let found = reader.read_log(log, 0, usize::MAX, usize::MAX).map_err(failed)?;
        prop_assert_eq!(&found, held);
        let found = reader.read_log(log, head + 1, 2, 6).map_err(failed)?;
        let mut room = 6;
        let mut expected = Vec::new();
        for (seq, record) in held.iter().filter(|(seq, _)| seq > head).take(2) {
            if record.len() > room && !expected.is_empty() {
                break;
            }
            room -= record.len().min(room);
            expected.push((*seq, record.clone()));
        }
        prop_assert_eq!(found, expected);
    }
    Ok(())
}
