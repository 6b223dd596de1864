//! Random updates in, what the shadow sends held to a plain model of the rules; checks no refusals.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use shadow::{Limits, ShadowId, Stored};

/// The rules over and over again, with no thought of speed: state and metadata as two trees of JSON.
#[derive(Clone, Debug, Default)]
struct Model {
    state: Map<String, Value>,
    metadata: Map<String, Value>,
    version: u64,
}

impl Model {
    fn update(&mut self, request: &Value, now_s: u64) {
        self.version += 1;
        for (section, asked) in request.as_object().expect("a request's state is an object") {
            let path = std::slice::from_ref(section);
            match asked {
                Value::Null => remove(&mut self.state, &mut self.metadata, section),
                asked => {
                    put(&mut self.state, path, json!({}), true);
                    put(&mut self.metadata, path, json!({}), true);
                    self.merge(path, asked, now_s);
                }
            }
            if self.state.get(section).is_some_and(|now| *now == json!({})) {
                remove(&mut self.state, &mut self.metadata, section);
            }
        }
    }

    fn merge(&mut self, path: &[String], asked: &Value, now_s: u64) {
        for (name, asked) in asked.as_object().expect("only objects are merged") {
            let path = [path, std::slice::from_ref(name)].concat();
            let pruned = prune(asked);
            match (asked, at(&self.state, &path), pruned) {
                (Value::Object(_), Some(Value::Object(_)), _) => self.merge(&path, asked, now_s),
                (_, _, None) => {
                    take(&mut self.state, &path);
                    take(&mut self.metadata, &path);
                }
                (_, _, Some(pruned)) => {
                    put(&mut self.metadata, &path, times(&pruned, now_s), false);
                    put(&mut self.state, &path, pruned, false);
                }
            }
        }
    }

    fn delta(&self) -> Option<(Value, Value)> {
        let desired = self.state.get("desired")?;
        let nothing = json!({});
        let reported = self.state.get("reported").unwrap_or(&nothing);
        let state = differing(desired, reported)?;
        let metadata = same_shape(&state, self.metadata.get("desired")?);
        Some((state, metadata))
    }
}

fn prune(asked: &Value) -> Option<Value> {
    match asked {
        Value::Null => None,
        Value::Object(members) => {
            let kept: Map<_, _> =
                members.iter().filter_map(|(name, value)| Some((name.clone(), prune(value)?))).collect();
            (members.is_empty() || !kept.is_empty()).then_some(Value::Object(kept))
        }
        value => Some(value.clone()),
    }
}

fn times(value: &Value, now_s: u64) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), times(value, now_s))).collect()
        }
        Value::Array(elements) => elements.iter().map(|value| times(value, now_s)).collect(),
        _ => json!({ "timestamp": now_s }),
    }
}

fn differing(desired: &Value, reported: &Value) -> Option<Value> {
    match (desired, reported) {
        (Value::Object(desired), Value::Object(reported)) => {
            let parts: Map<_, _> = desired
                .iter()
                .filter_map(|(name, value)| {
                    let part = match reported.get(name) {
                        Some(reported) => differing(value, reported)?,
                        None => holds_a_value(value).then(|| value.clone())?,
                    };
                    Some((name.clone(), part))
                })
                .collect();
            (!parts.is_empty()).then_some(Value::Object(parts))
        }
        (desired, reported) => (desired != reported && holds_a_value(desired)).then(|| desired.clone()),
    }
}

fn holds_a_value(value: &Value) -> bool {
    value.as_object().is_none_or(|members| members.values().any(holds_a_value))
}

fn same_shape(shape: &Value, from: &Value) -> Value {
    match (shape, from) {
        (Value::Object(members), Value::Object(from)) => {
            members.iter().map(|(name, value)| (name.clone(), same_shape(value, &from[name]))).collect()
        }
        (_, from) => from.clone(),
    }
}

fn at<'a>(tree: &'a Map<String, Value>, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(tree.get(first)?, |value, name| value.get(name))
}

fn parent<'a>(tree: &'a mut Map<String, Value>, path: &[String]) -> &'a mut Map<String, Value> {
    path.iter().fold(tree, |tree, name| tree[name].as_object_mut().expect("paths lead through objects"))
}

fn put(tree: &mut Map<String, Value>, path: &[String], value: Value, only_new: bool) {
    let (last, way) = path.split_last().expect("a path has a name");
    let parent = parent(tree, way);
    if !only_new || !parent.contains_key(last) {
        parent.insert(last.clone(), value);
    }
}

fn take(tree: &mut Map<String, Value>, path: &[String]) {
    let (last, way) = path.split_last().expect("a path has a name");
    parent(tree, way).remove(last);
}

fn remove(state: &mut Map<String, Value>, metadata: &mut Map<String, Value>, section: &str) {
    state.remove(section);
    metadata.remove(section);
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-4_i32..5).prop_map(|quarters| Value::from(f64::from(quarters) / 4.0 + 0.125)),
        "[a-c]{0,2}|\\PC{0,3}".prop_map(Value::from),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        4 => scalar(),
        1 => prop::collection::vec(scalar(), 0..4).prop_map(Value::from),
        1 => Just(json!([{ "a": 1 }, [2]])),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop::collection::btree_map(name(), inner, 0..5)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[a-d]", 1 => "\\PC{0,2}", 1 => Just("timestamp".to_owned())]
}

fn section() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        9 => prop::collection::btree_map(name(), tree(), 0..5)
            .prop_map(|members| Value::Object(members.into_iter().collect())),
    ]
}

fn request() -> impl Strategy<Value = Value> {
    (prop::option::of(section()), prop::option::of(section())).prop_map(|(desired, reported)| {
        let named = [("desired", desired), ("reported", reported)];
        named.into_iter().filter_map(|(name, section)| Some((name.to_owned(), section?))).collect()
    })
}

/// The rules are what is checked here, not the quota.
fn roomy() -> Limits {
    Limits { document_bytes: 1 << 20, ..Limits::default() }
}

fn parsed(payload: &[u8]) -> Value {
    serde_json::from_slice(payload).expect("payloads are JSON")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_sent_follows_the_rules(requests in prop::collection::vec((request(), 0_u64..3), 1..12)) {
        let id = ShadowId::classic("t").expect("a literal id");
        let limits = roomy();
        let (mut model, mut stored, mut now_s) = (Model::default(), None::<Stored>, 1_700_000_000_u64);
        for (state, later_s) in requests {
            now_s += later_s;
            let before = model.clone();
            model.update(&state, now_s);
            let payload = json!({ "state": state, "clientToken": "c" }).to_string();
            let updated = Stored::update(stored.as_ref(), payload.as_bytes(), now_s * 1000 + 999, &limits)
                .expect("every generated request is in order");
            let (version, document) = (model.version, |model: &Model| {
                json!({ "state": model.state, "metadata": model.metadata, "version": model.version })
            });
            prop_assert_eq!(parsed(&updated.accepted), json!({
                "state": state, "metadata": times(&state, now_s), "version": version,
                "timestamp": now_s, "clientToken": "c",
            }));
            let delta = model.delta().map(|(state, metadata)| json!({
                "state": state, "metadata": metadata, "version": version,
                "timestamp": now_s, "clientToken": "c",
            }));
            prop_assert_eq!(updated.delta.as_deref().map(parsed), delta);
            let previous = if stored.is_none() { Value::Null } else { document(&before) };
            prop_assert_eq!(parsed(&updated.documents), json!({
                "previous": previous, "current": document(&model), "timestamp": now_s, "clientToken": "c",
            }));
            prop_assert_eq!(parsed(updated.asked.as_bytes()), state);

            let kept = Stored::from_bytes(&updated.stored.to_bytes()).expect("what was written is read");
            prop_assert_eq!(&kept, &updated.stored);
            let got = Stored::get(Some(&kept), &id, b"", now_s * 1000, &limits).expect("it exists");
            let mut whole = document(&model);
            whole["timestamp"] = now_s.into();
            if let Some((delta, _)) = model.delta() {
                whole["state"]["delta"] = delta;
            }
            prop_assert_eq!(parsed(&got.accepted), whole);
            stored = Some(kept);
        }
    }

    #[test]
    fn a_device_that_does_as_desired_ends_the_delta(state in request()) {
        let payload = json!({ "state": state }).to_string();
        let limits = roomy();
        let updated = Stored::update(None, payload.as_bytes(), 0, &limits).expect("in order");
        if let Some(delta) = updated.delta {
            let follow = json!({ "state": { "reported": parsed(&delta)["state"] } }).to_string();
            let after = Stored::update(Some(&updated.stored), follow.as_bytes(), 0, &limits).expect("in order");
            prop_assert_eq!(after.delta, None);
        }
    }

    #[test]
    fn two_shadows_differ_where_their_texts_do(one in request(), two in request()) {
        let [one, two] = [one, two].map(|state| {
            let payload = json!({ "state": state }).to_string();
            Stored::update(None, payload.as_bytes(), 0, &roomy()).expect("in order").stored
        });
        prop_assert!(shadow::history::diff(Some(&one), Some(&one)).is_empty());
        let text = |stored: &Stored| {
            let id = ShadowId::classic("t").expect("a literal id");
            let got = Stored::get(Some(stored), &id, b"", 0, &roomy()).expect("it exists");
            let state = parsed(&got.accepted)["state"].take();
            [state["desired"].clone(), state["reported"].clone()]
        };
        let same = shadow::history::diff(Some(&one), Some(&two)).is_empty();
        prop_assert_eq!(same, text(&one) == text(&two));
    }
}
