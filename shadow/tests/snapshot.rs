//! Any version of a shadow that its history knows can be had again, to the letter, whatever came after it.

use proptest::prelude::*;
use serde_json::{Value, json};
use shadow::history::{Change, STATE_EVERY, Source};
use shadow::{Limits, ShadowId, Snapshot, SnapshotError, Stored, Wanted};

/// A shadow and its history as the platform keeps them.
#[derive(Default)]
struct Life {
    stored: Option<Stored>,
    changes: Vec<Change>,
}

impl Life {
    fn note(&mut self, stored: Stored, asked: Option<String>, source: Source) {
        let is_whole = (self.changes.len() as u64).is_multiple_of(STATE_EVERY);
        self.changes.push(Change {
            version: stored.version(),
            at_ms: self.changes.len() as u64,
            principal: "p".to_owned(),
            client_id: None,
            source,
            asked,
            state: stored.state_text().filter(|_| is_whole),
        });
        self.stored = Some(stored);
    }

    fn update(&mut self, state: &Value) {
        let payload = json!({ "state": state }).to_string();
        let taken = Stored::update(self.stored.as_ref(), payload.as_bytes(), 0, &Limits::default());
        let taken = taken.expect("an update in order");
        self.note(taken.stored, Some(taken.asked), Source::Mqtt);
    }

    fn delete(&mut self) {
        let id = ShadowId::classic("t").expect("a literal id");
        if let Ok(gone) = Stored::delete(self.stored.as_ref(), &id, b"", 0, &Limits::default()) {
            self.note(gone.stored, None, Source::Mqtt);
        }
    }

    fn restore(&mut self, version: u64) -> Result<(), SnapshotError> {
        // As it comes back from the disk.
        let kept: Vec<Change> =
            self.changes.iter().map(|c| Change::from_bytes(&c.to_bytes()).expect("as written")).collect();
        let snapshot = Snapshot::of_version(&kept, version)?;
        let taken = Stored::restore(self.stored.as_ref(), &snapshot, 0, &Limits::default(), Wanted::ALL);
        let taken = taken.expect("what was stored once fits");
        self.note(taken.stored, Some(taken.asked), Source::Restore);
        Ok(())
    }

    fn state(&self) -> Value {
        let text = self.stored.as_ref().and_then(Stored::state_text);
        text.map_or(Value::Null, |text| serde_json::from_str(&text).expect("a state is JSON"))
    }

    fn version(&self) -> u64 {
        self.stored.as_ref().map_or(0, Stored::version)
    }
}

fn check(updates: &[Value], version: u64, expected: &Value) {
    let mut life = Life::default();
    for update in updates {
        if update.is_null() { life.delete() } else { life.update(update) }
    }
    let before = life.version();
    life.restore(version).expect("the version is there");
    assert_eq!(&life.state(), expected, "{updates:?}");
    assert_eq!(life.version(), before + 1);
}

#[test]
fn what_was_taken_out_comes_back_and_what_was_added_goes() {
    let first = json!({ "desired": { "a": { "b": 1, "c": [1, 2] }, "x": 1.0 }, "reported": { "e": {} } });
    for second in [
        json!({ "desired": null, "reported": null }),
        json!({ "desired": { "a": null, "y": { "z": true } } }),
        json!({ "desired": { "a": { "b": { "d": 2 }, "n": 1 } }, "reported": { "e": 5, "f": 6 } }),
        json!({ "desired": { "a": 7, "x": 1 }, "reported": { "e": { "g": [] } } }),
        Value::Null,
    ] {
        check(&[first.clone(), second], 1, &first);
    }
    check(&[json!({}), first.clone()], 1, &json!({}));
    check(&[json!({ "desired": { "a": 1 } }), first], 1, &json!({ "desired": { "a": 1 } }));
}

#[test]
fn a_version_that_is_not_there_is_named_with_those_that_are() {
    let mut life = Life::default();
    assert_eq!(life.restore(1), Err(SnapshotError::NoHistory));
    (0..30).for_each(|number| life.update(&json!({ "reported": { "n": number } })));
    assert_eq!(life.restore(31), Err(SnapshotError::NoVersion { asked: 31, oldest: 1, newest: 30 }));
    life.changes.drain(..7);
    assert_eq!(life.restore(7), Err(SnapshotError::NoVersion { asked: 7, oldest: 8, newest: 30 }));
    assert_eq!(life.restore(8), Err(SnapshotError::Lost { asked: 8 }));
    assert_eq!(life.restore(21), Ok(()));
    assert_eq!(life.state(), json!({ "reported": { "n": 20 } }));
}

/// Few names and few values, so that they meet.
fn value(depth: u32) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(json!(1)),
        Just(json!(1.0)),
        Just(json!("s")),
        Just(json!([1, { "a": null, "b": {} }])),
        Just(json!({})),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let object = prop::collection::btree_map("[abc]", value(depth - 1), 0..3);
    prop_oneof![leaf, object.prop_map(|members| json!(members))].boxed()
}

fn section() -> impl Strategy<Value = Value> {
    let object = prop::collection::btree_map("[abc]", value(2), 0..3);
    prop_oneof![1 => Just(Value::Null), 6 => object.prop_map(|members| json!(members))]
}

fn update() -> impl Strategy<Value = Option<Value>> {
    let state = (section(), section(), 0..3_u8).prop_map(|(desired, reported, which)| match which {
        0 => json!({ "desired": desired }),
        1 => json!({ "reported": reported }),
        _ => json!({ "desired": desired, "reported": reported }),
    });
    prop_oneof![1 => Just(None), 8 => state.prop_map(Some)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn every_version_comes_back_as_it_was(updates in prop::collection::vec(update(), 1..50), order in any::<u64>()) {
        let mut life = Life::default();
        let mut states = std::collections::BTreeMap::new();
        for update in updates {
            match update {
                Some(state) => {
                    life.update(&state);
                    states.insert(life.version(), life.state());
                }
                None => life.delete(),
            }
        }
        let versions: Vec<u64> = states.keys().copied().collect();
        for at in 0..versions.len().min(12) as u64 {
            let version = versions[(order.wrapping_add(at * 7) % versions.len() as u64) as usize];
            life.restore(version).expect("it is in the history");
            prop_assert_eq!(&life.state(), &states[&version]);
            states.insert(life.version(), life.state());
        }
    }
}
