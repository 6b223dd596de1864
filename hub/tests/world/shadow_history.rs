//! A shadow's history: how far it goes back, that a version comes back whole, and that this is told like any update.

use hub::{HistoryBound, Notice, RestoreError, Settings};
use serde_json::{Value, json};
use shadow::history::Source;
use shadow::topic::Verb;
use store::Store as _;

use crate::stage::{SCOPE, Stage, asker, aws, call, every, id, scope_key};

const DAY_MS: u64 = 24 * 3_600_000;
/// As long as there is no bound to age.
const LONG_MS: u64 = 1_000 * DAY_MS;

fn bound(changes: u64, age_ms: u64) -> Settings {
    Settings { shadow_history: HistoryBound { changes, age_ms }, shadow_requests_per_s: 0, ..aws() }
}

fn remembering(changes: u64, age_ms: u64) -> Stage {
    Stage::with(bound(changes, age_ms))
}

impl Stage {
    fn update(&mut self, state: &Value) {
        self.call(Verb::Update, &json!({ "state": state }).to_string()).0.expect("accepted");
    }

    fn count_to(&mut self, last: u64) {
        (1..=last).for_each(|number| self.update(&json!({ "reported": { "n": number } })));
    }

    fn restore(&mut self, version: u64) -> (Result<Value, RestoreError>, Vec<Notice<u32>>) {
        let (restored, notices) = self
            .decide(|hub, now_ms, plan| hub.restore_shadow(now_ms, SCOPE, &asker(), (&id(), version), plan));
        (restored.map(|bytes| serde_json::from_slice(&bytes).expect("JSON")), notices)
    }

    fn state(&mut self) -> Value {
        let (answer, _) = self.call(Verb::Get, "");
        serde_json::from_slice::<Value>(&answer.expect("it is there")).expect("JSON")["state"].take()
    }

    fn versions(&self) -> Vec<u64> {
        let changes = self.hub.shadow_history(SCOPE, &id(), u64::MAX).expect("read");
        changes.iter().map(|change| change.version).collect()
    }

    /// Entries on the disk.
    fn kept_changes(&self) -> u64 {
        let log = scope_key().shadow_history("t", "");
        self.store.reader().span(&log).expect("read").map_or(0, |span| span.records())
    }
}

#[test]
fn as_many_changes_are_remembered_as_is_asked_for() {
    for changes in [1, 5, 19, 20, 21, 100] {
        let mut stage = remembering(changes, LONG_MS);
        stage.count_to(130);
        let expected: Vec<u64> = (131 - changes..=130).collect();
        assert_eq!(stage.versions(), expected);
        assert!(stage.kept_changes() < changes + 20, "{changes} asked for, {} kept", stage.kept_changes());
        let refused = stage.restore(130 - changes).0.expect_err("it is not remembered").to_string();
        assert!(refused.contains("has no version"), "{refused}");
        stage.restore(131 - changes).0.expect("it is remembered");
        assert_eq!(stage.state(), json!({ "reported": { "n": 131 - changes } }));
    }
}

#[test]
fn no_history_is_kept_where_none_is_wanted() {
    let mut stage = remembering(5, LONG_MS);
    stage.count_to(3);
    stage.restart(bound(0, LONG_MS));
    stage.update(&json!({ "reported": { "n": 4 } }));
    assert_eq!(stage.versions(), [0_u64; 0]);
    stage.pass(61_000);
    assert_eq!(stage.kept_changes(), 0);
    assert!(matches!(stage.restore(4).0, Err(RestoreError::Snapshot(_))));
    // What begins later begins whole.
    stage.restart(bound(5, LONG_MS));
    stage.update(&json!({ "desired": { "x": 1 } }));
    stage.update(&json!({ "desired": null, "reported": null }));
    stage.restore(5).0.expect("it is remembered");
    assert_eq!(stage.state()["reported"], json!({ "n": 4 }));
}

#[test]
fn changes_too_old_are_not_shown_and_go_from_the_disk() {
    let mut stage = remembering(1_000, 30 * DAY_MS);
    stage.count_to(50);
    stage.pass(20 * DAY_MS);
    stage.count_to(10);
    assert_eq!((stage.versions().len(), stage.kept_changes()), (60, 60));
    stage.pass(11 * DAY_MS);
    assert_eq!(stage.versions(), (51..=60).collect::<Vec<u64>>());
    assert_eq!(stage.kept_changes(), 20);
    assert!(stage.restore(50).0.is_err());
    stage.restore(51).0.expect("it is remembered");
    assert_eq!(stage.state(), json!({ "reported": { "n": 1 } }));
    stage.pass(31 * DAY_MS);
    assert_eq!(stage.kept_changes(), 0);
    assert_eq!(stage.state(), json!({ "reported": { "n": 1 } }));
    stage.update(&json!({ "reported": { "m": 1 } }));
    assert_eq!(stage.versions(), [62]);
}

#[test]
fn a_restored_version_is_told_and_remembered_like_an_update() {
    let mut stage = remembering(100, LONG_MS);
    stage.update(&json!({ "desired": { "on": true, "gone": 1 }, "reported": { "on": false } }));
    stage.update(&json!({ "desired": { "gone": null }, "reported": { "on": true, "new": 2 } }));
    let session = stage.join("watcher");
    stage.subscribe(session, every("$aws/things/t/shadow/#"));
    let (accepted, notices) = stage.restore(1);
    let accepted = accepted.expect("restored");
    assert_eq!(accepted["version"], 3);
    let state = json!({ "desired": { "gone": 1 }, "reported": { "on": false, "new": null } });
    assert_eq!(accepted["state"], state);
    let topics: Vec<&str> = notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::Deliver(deliver) => deliver.message.topic.strip_prefix("$aws/things/t/shadow/update/"),
            _ => None,
        })
        .collect();
    assert_eq!(topics, ["accepted", "delta", "documents"]);
    let changes = stage.hub.shadow_history(SCOPE, &id(), 1).expect("read");
    assert_eq!((changes[0].source, changes[0].version), (Source::Restore, 3));
}

#[test]
fn a_removed_shadow_comes_back_with_the_next_version() {
    let mut stage = remembering(100, LONG_MS);
    stage.update(&json!({ "desired": { "on": true } }));
    stage.call(Verb::Delete, "").0.expect("it was there");
    assert_eq!(stage.restore(1).0.expect("restored")["version"], 2);
    assert_eq!(stage.state(), json!({ "desired": { "on": true }, "delta": { "on": true } }));
}

#[test]
fn what_waits_for_its_commit_can_be_restored() {
    let mut stage = remembering(100, LONG_MS);
    stage.count_to(19);
    stage.decide(|hub, now_ms, plan| {
        for number in 20..=45 {
            let payload = json!({ "state": { "reported": { "n": number } } }).to_string();
            call(hub, now_ms, Verb::Update, &payload, plan).expect("there is room").expect("accepted");
        }
        hub.restore_shadow(now_ms, SCOPE, &asker(), (&id(), 42), plan).expect("restored");
    });
    assert_eq!(stage.state(), json!({ "reported": { "n": 42 } }));
    stage.restore(20).0.expect("restored");
    assert_eq!(stage.state(), json!({ "reported": { "n": 20 } }));
}

#[test]
fn readings_sent_through_a_shadow_are_advised_once_in_a_while() {
    let told = |desired: bool| {
        let mut stage = remembering(100, LONG_MS);
        let mut told = Vec::new();
        for number in 0..250 {
            stage.now_ms += 1_000;
            let state = match desired && number % 50 == 0 {
                true => json!({ "desired": { "n": number } }),
                false => json!({ "reported": { "n": number } }),
            };
            let payload = json!({ "state": state }).to_string();
            let (_, notices) = stage.call(Verb::Update, &payload);
            let is_advice = |notice: &Notice<u32>| {
                matches!(notice, Notice::Explain { what: "shadow advice", text, .. }
                    if text.contains("3600 updates an hour and nothing desired"))
            };
            told.extend(notices.iter().any(is_advice).then_some(number));
        }
        told
    };
    assert_eq!(told(false), [60, 120, 240]);
    assert_eq!(told(true), [0; 0]);
}
