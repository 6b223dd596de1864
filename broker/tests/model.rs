//! Random changes in, mailboxes, routes, retained messages and stored forms held to plain models.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use broker::session::{StoredSession, StoredWill};
use broker::{Mailbox, Record, Retained, Routes, SessionId, Subscriber, Subscription, Target};
use bytes::Bytes;
use message::{Dialect, Filter, Message, QoS, Topic, pattern_matches};
use mqtt::Version;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

const FILTERS: [&str; 8] = ["a", "a/+", "a/#", "#", "+/b", "$share/g/a", "$share/g/a/#", "$share/h/a"];
const TOPICS: [&str; 5] = ["a", "a/b", "ab", "b/b", "a/b/c"];

fn qos() -> impl Strategy<Value = QoS> {
    (0u8..3).prop_map(|bits| QoS::from_u8(bits).expect("0 to 2"))
}

fn dialect() -> impl Strategy<Value = Dialect> {
    any::<bool>().prop_map(|aws| if aws { Dialect::Aws } else { Dialect::Standard })
}

fn message(topic: &str, payload: Vec<u8>) -> Message {
    Message {
        id: 7,
        topic: Topic::parse(topic).expect("a topic"),
        payload: Bytes::from(payload),
        qos: QoS::AtLeastOnce,
        retain: true,
        properties: None,
        publisher: "p".into(),
        received_ms: 1,
        expires_ms: None,
    }
}

fn subscriber(session: u64, qos: QoS) -> Subscriber<u32> {
    Subscriber {
        session: SessionId(session),
        link: Some(1),
        qos,
        no_local: false,
        retain_as_published: false,
        persistent: false,
        access: policy::Access::everything(),
        subscription_id: 0,
    }
}

proptest! {
    #[test]
    fn a_mailbox_holds_what_was_admitted_and_not_taken(deeds in vec((0u8..4, 0u64..40), 0..120)) {
        let mut mailbox = Mailbox::new(5, 5, 0);
        let (mut waiting, mut released) = (BTreeSet::new(), BTreeSet::new());
        for (kind, number) in deeds {
            match kind {
                0 | 1 => drop(waiting.insert(mailbox.admit(10).expect("room"))),
                2 => {
                    let head = mailbox.head();
                    waiting.remove(&number);
                    let moved = mailbox.take(number);
                    prop_assert_eq!(moved, mailbox.head() > head);
                    prop_assert!(mailbox.forget_released().iter().all(|seq| *seq < mailbox.head()));
                }
                _ => {
                    let is_there = (mailbox.head()..mailbox.tail()).contains(&number);
                    prop_assert_eq!(mailbox.release(number), is_there && !released.contains(&number));
                    released.extend(is_there.then_some(number));
                }
            }
            released.retain(|seq| *seq >= mailbox.head());
            prop_assert_eq!(mailbox.len(), waiting.len() as u64);
            prop_assert_eq!(mailbox.head(), waiting.first().copied().unwrap_or(mailbox.tail()));
            prop_assert_eq!(mailbox.bytes() == 0, mailbox.head() == mailbox.tail());
            prop_assert!((5..mailbox.tail()).all(|seq| mailbox.is_taken(seq) != waiting.contains(&seq)));
            prop_assert!(mailbox.all_released().eq(released.iter().copied()));
        }
    }

    #[test]
    fn routes_lead_to_every_session_that_subscribed(
        deeds in vec((any::<bool>(), 0u64..5, 0usize..8, qos()), 0..60),
        dialect in dialect(),
    ) {
        let mut routes = Routes::new(dialect);
        let mut model: BTreeMap<(usize, u64), QoS> = BTreeMap::new();
        for (adds, session, filter, qos) in deeds {
            let parsed = Filter::parse(FILTERS[filter]).expect("a filter");
            if adds {
                routes.insert(&parsed, subscriber(session, qos));
                model.insert((filter, session), qos);
            } else {
                routes.remove(&parsed, SessionId(session));
                model.remove(&(filter, session));
            }
        }
        for topic in TOPICS {
            let mut found = Vec::new();
            routes.tree.for_each_match(topic, |_, target| match target {
                Target::One(one) => found.push((one.session.0, one.qos, String::new())),
                Target::Group(group) => {
                    found.extend(group.members.iter().map(|m| (m.session.0, m.qos, group.name.to_string())));
                }
            });
            let mut expected: Vec<_> = model
                .iter()
                .map(|((filter, session), qos)| (Filter::parse(FILTERS[*filter]).expect("a filter"), *session, *qos))
                .filter(|(filter, _, _)| pattern_matches(filter.pattern(), topic, dialect))
                .map(|(filter, session, qos)| (session, qos, filter.share().unwrap_or_default().to_owned()))
                .collect();
            found.sort();
            expected.sort();
            prop_assert_eq!(found, expected);
        }
        let groups: BTreeSet<_> = model.keys().map(|(f, _)| FILTERS[*f]).filter(|f| f.starts_with('$')).collect();
        prop_assert_eq!(routes.share_groups(), groups.len());
    }

    #[test]
    fn retained_messages_answer_like_a_plain_search(
        topics in btree_set(0usize..5, 0..5),
        filter in 0usize..5,
        dialect in dialect(),
    ) {
        let mut retained = Retained::default();
        topics.iter().for_each(|at| retained.set(Arc::new(message(TOPICS[*at], vec![1]))));
        let parsed = Filter::parse(FILTERS[filter]).expect("a filter");
        let found: BTreeSet<String> =
            retained.matching(&parsed, dialect).iter().map(|m| m.topic.to_string()).collect();
        let wildcards_answer = dialect == Dialect::Standard || !parsed.has_wildcard();
        let expected: BTreeSet<String> = topics
            .iter()
            .map(|at| TOPICS[*at].to_owned())
            .filter(|topic| wildcards_answer && pattern_matches(parsed.pattern(), topic, dialect))
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_record_reads_back_whole(
        qos in qos(),
        retain in any::<bool>(),
        subscription_ids in vec(1u32..=268_435_455, 0..5),
        payload in vec(any::<u8>(), 0..50),
    ) {
        let message = message("a/b", payload);
        let bytes = broker::record::encode(qos, retain, &subscription_ids, &message.to_bytes());
        prop_assert_eq!(Record::decode(&bytes), Ok(Record { qos, retain, subscription_ids, message }));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..80)) {
        let _ = Record::decode(&Bytes::from(bytes.clone()));
        let _ = StoredSession::decode(&bytes);
        let _ = Subscription::decode(&bytes);
    }

    #[test]
    fn a_stored_session_reads_back(
        id in any::<u64>(),
        expiry_s in any::<u32>(),
        will in proptest::option::of((vec(any::<u8>(), 0..20), any::<u32>())),
        held in btree_set(any::<u16>(), 0..5),
        version in prop::sample::select(vec![Version::V31, Version::V311, Version::V5]),
    ) {
        let will = will.map(|(message, delay_s)| StoredWill { message, delay_s });
        let stored = StoredSession { id: SessionId(id), version, expiry_s, will, held };
        prop_assert_eq!(StoredSession::decode(&stored.encode()), Ok(stored));
    }
}
