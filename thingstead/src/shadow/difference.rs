//! A shadow's document in, what is desired and not reported out, value by value. The delta is the server's.

use serde_json::{Value, json};

use crate::output;

/// A value that is desired and not reported, or not so.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    path: String,
    desired: Value,
    /// None: the device does not report it.
    reported: Option<Value>,
    since_s: Option<u64>,
}

impl Difference {
    /// In the document's order.
    pub(super) fn all(document: &Value) -> Vec<Difference> {
        let mut found = Vec::new();
        let reported = document["state"].get("reported");
        if let Some(delta) = document["state"].get("delta") {
            walk("", delta, reported, &document["metadata"]["desired"], &mut found);
        }
        found
    }

    pub(super) fn row(&self) -> Vec<String> {
        vec![
            self.path.clone(),
            self.desired.to_string(),
            self.reported.as_ref().map_or_else(|| "-".to_owned(), Value::to_string),
            self.since_s.map_or_else(|| "-".to_owned(), instant),
        ]
    }

    pub(super) fn json(&self) -> Value {
        let mut value = json!({ "path": self.path, "desired": self.desired, "since": self.since_s });
        if let Some(reported) = &self.reported {
            value["reported"] = reported.clone();
        }
        value
    }
}

/// Seconds of the platform's clock as people read them.
pub(super) fn instant(at_s: u64) -> String {
    output::instant(at_s.saturating_mul(1000), "%Y-%m-%d %H:%M:%S")
}

/// When the newest of a document's values came.
pub(super) fn changed_s(metadata: &Value) -> Option<u64> {
    match metadata {
        Value::Object(members) => match metadata["timestamp"].as_u64() {
            Some(at_s) => Some(at_s),
            None => members.values().filter_map(changed_s).max(),
        },
        Value::Array(items) => items.iter().filter_map(changed_s).max(),
        _ => None,
    }
}

/// An array is one value, as it is in a delta. The depth is bounded by the server's.
fn walk(path: &str, delta: &Value, reported: Option<&Value>, metadata: &Value, found: &mut Vec<Difference>) {
    match delta.as_object() {
        Some(members) if !members.is_empty() => {
            for (name, value) in members {
                let path = below(path, name);
                let reported = reported.and_then(|reported| reported.get(name));
                walk(&path, value, reported, &metadata[name], found);
            }
        }
        _ => found.push(Difference {
            path: path.to_owned(),
            desired: delta.clone(),
            reported: reported.cloned(),
            since_s: changed_s(metadata),
        }),
    }
}

/// `engine.speed`; a name that could be read as more than one is quoted.
fn below(path: &str, name: &str) -> String {
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-$".contains(c));
    let name = if is_plain { name.to_owned() } else { Value::from(name).to_string() };
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &Value, expected: &[[&str; 4]]) {
        let found: Vec<Vec<String>> = Difference::all(document).iter().map(Difference::row).collect();
        let expected: Vec<Vec<String>> =
            expected.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        assert_eq!(found, expected, "{document}");
    }

    #[test]
    fn every_value_that_is_desired_and_not_reported_has_a_row() {
        check(&json!({ "state": { "desired": { "on": true }, "reported": { "on": true } } }), &[]);
        check(&json!({ "state": {}, "metadata": {} }), &[]);
        check(
            &json!({
                "state": {
                    "desired": { "on": true, "engine": { "speed": 3, "gears": [1, 2] } },
                    "reported": { "on": false, "engine": { "speed": 2 } },
                    "delta": { "on": true, "engine": { "speed": 3, "gears": [1, 2] } },
                },
                "metadata": { "desired": {
                    "on": { "timestamp": 0 },
                    "engine": {
                        "speed": { "timestamp": 60 },
                        "gears": [{ "timestamp": 61 }, { "timestamp": 62 }],
                    },
                } },
            }),
            &[
                ["engine.gears", "[1,2]", "-", "1970-01-01 00:01:02"],
                ["engine.speed", "3", "2", "1970-01-01 00:01:00"],
                ["on", "true", "false", "1970-01-01 00:00:00"],
            ],
        );
        check(
            &json!({ "state": { "reported": { "a.b": 1 }, "delta": { "a.b": { "": {} } } } }),
            &[["\"a.b\".\"\"", "{}", "-", "-"]],
        );
    }

    #[test]
    fn a_member_called_timestamp_is_no_time() {
        let metadata = json!({ "timestamp": { "timestamp": 7 }, "x": { "timestamp": 3 } });
        assert_eq!(changed_s(&metadata), Some(7));
        assert_eq!(changed_s(&json!({})), None);
    }
}
