//! A deleted shadow's record stays on disk as long as its version counts, and no longer.

use broker::ScopeId;
use bytes::Bytes;
use hub::keys::ScopeKey;
use hub::{Event, Hub, Origin, Plan, Settings};
use message::{Dialect, Message, QoS, Topic};
use store::{Durability, Memory, Store};

const HOUR_MS: u64 = 3_600_000;
const SCOPE: &str = "000000000000/us-east-1";

struct Stage {
    hub: Hub<u32>,
    store: Memory,
    now_ms: u64,
}

impl Stage {
    fn new() -> Stage {
        let store = Memory::new();
        let scopes = vec![ScopeKey(SCOPE.into()), ScopeKey("111111111111/us-east-1".into())];
        let settings = Settings::new(Dialect::Aws, 1);
        let hub =
            Hub::open(settings, scopes, store.reader(), 0, &mut Plan::default()).expect("an empty world");
        Stage { hub, store, now_ms: 1_000 }
    }

    fn happen(&mut self, event: Event<u32>) {
        let mut plan = Plan::default();
        self.hub.decide(self.now_ms, event, &mut plan);
        self.store.commit(&plan.take_writes().0, Durability::Synced).expect("committed");
        self.hub.committed();
    }

    fn request(&mut self, thing: &str, verb: &str, payload: &'static str) {
        let message = Message {
            id: 1,
            topic: Topic::parse(&format!("$aws/things/{thing}/shadow/{verb}")).expect("a topic"),
            payload: Bytes::from_static(payload.as_bytes()),
            qos: QoS::AtLeastOnce,
            retain: false,
            properties: None,
            publisher: "p".into(),
            received_ms: self.now_ms,
            expires_ms: None,
        };
        let origin = Origin { scope: ScopeId(0), session: None };
        self.happen(Event::Publish { origin, message, answer: None });
    }

    fn update(&mut self, thing: &str) {
        self.request(thing, "update", r#"{"state":{"reported":{"on":true}}}"#);
    }

    fn delete(&mut self, thing: &str) {
        self.request(thing, "delete", "");
    }

    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        self.happen(Event::Tick);
    }

    /// Documents; each has its history, and nothing else has one.
    fn kept(&self) -> usize {
        let prefix = ScopeKey(SCOPE.into()).all_shadows();
        let documents = self.store.reader().scan(&prefix, None, 10_000).expect("read").len();
        let mut histories = 0;
        self.store.reader().logs(b"", &mut |_, _| histories += 1).expect("read");
        assert_eq!(histories, documents);
        documents
    }
}

#[test]
fn a_deleted_shadow_goes_from_the_disk_when_its_version_no_longer_counts() {
    let mut stage = Stage::new();
    for thing in ["alive", "again", "gone"] {
        stage.update(thing);
    }
    stage.delete("again");
    stage.delete("gone");
    stage.pass(47 * HOUR_MS);
    stage.update("again");
    assert_eq!(stage.kept(), 3);
    stage.pass(HOUR_MS);
    // The other scope has its turn between.
    stage.pass(HOUR_MS);
    assert_eq!(stage.kept(), 2);
    stage.delete("again");
    stage.pass(47 * HOUR_MS);
    stage.pass(HOUR_MS);
    stage.pass(HOUR_MS);
    assert_eq!(stage.kept(), 1);
}

#[test]
fn a_thousand_deleted_shadows_go_at_once_and_living_ones_stay() {
    let mut stage = Stage::new();
    for number in 0..1_000 {
        stage.update(&format!("t{number:04}"));
        if number % 5 != 0 {
            stage.delete(&format!("t{number:04}"));
        }
    }
    stage.pass(48 * HOUR_MS);
    assert_eq!(stage.kept(), 200);
}

#[test]
fn a_shadow_made_again_in_the_same_commit_is_not_forgotten() {
    let mut stage = Stage::new();
    stage.update("t");
    stage.delete("t");
    stage.now_ms += 48 * HOUR_MS;
    let mut plan = Plan::default();
    let topic = Topic::parse("$aws/things/t/shadow/update").expect("a topic");
    let message = Message {
        id: 1,
        topic,
        payload: Bytes::from_static(br#"{"state":{"reported":{"on":true}}}"#),
        qos: QoS::AtLeastOnce,
        retain: false,
        properties: None,
        publisher: "p".into(),
        received_ms: stage.now_ms,
        expires_ms: None,
    };
    let origin = Origin { scope: ScopeId(0), session: None };
    stage.hub.decide(stage.now_ms, Event::Publish { origin, message, answer: None }, &mut plan);
    stage.hub.decide(stage.now_ms, Event::Tick, &mut plan);
    stage.store.commit(&plan.take_writes().0, Durability::Synced).expect("committed");
    assert_eq!(stage.kept(), 1);
}
