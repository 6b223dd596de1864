//! A shadow's document in, what is desired and not reported out, value by value and digit by digit. The delta is the
//! server's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::output;

/// What of a document is compared.
#[derive(Debug, Deserialize)]
pub(super) struct Document<'a> {
    pub(super) version: u64,
    #[serde(borrow, default)]
    state: Members<'a>,
    #[serde(default)]
    metadata: Value,
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

/// A value that is desired and not reported, or not so.
#[derive(Debug, Serialize)]
pub(super) struct Difference<'a> {
    path: String,
    desired: &'a RawValue,
    /// None: the device does not report it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reported: Option<&'a RawValue>,
    #[serde(rename = "since")]
    since_s: Option<u64>,
}

impl Document<'_> {
    /// When the newest of its values came.
    pub(super) fn changed_s(&self) -> Option<u64> {
        changed_s(&self.metadata)
    }
}

impl<'a> Difference<'a> {
    /// In the order of the names.
    pub(super) fn all(document: &Document<'a>) -> Vec<Difference<'a>> {
        let mut found = Vec::new();
        let reported = document.state.get("reported").copied();
        if let Some(delta) = document.state.get("delta") {
            walk("", delta, reported, &document.metadata["desired"], &mut found);
        }
        found
    }

    pub(super) fn row(&self) -> Vec<String> {
        vec![
            self.path.clone(),
            self.desired.to_string(),
            self.reported.map_or_else(|| "-".to_owned(), RawValue::to_string),
            self.since_s.map_or_else(|| "-".to_owned(), instant),
        ]
    }
}

/// Seconds of the platform's clock as people read them.
pub(super) fn instant(at_s: u64) -> String {
    output::instant(at_s.saturating_mul(1000), "%Y-%m-%d %H:%M:%S")
}

/// The newest of the times in it.
fn changed_s(metadata: &Value) -> Option<u64> {
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
fn walk<'a>(
    path: &str,
    delta: &'a RawValue,
    reported: Option<&'a RawValue>,
    metadata: &Value,
    found: &mut Vec<Difference<'a>>,
) {
    match members(delta).filter(|members| !members.is_empty()) {
        Some(delta) => {
            let reported = reported.and_then(members).unwrap_or_default();
            for (name, value) in delta {
                let reported = reported.get(&name).copied();
                walk(&below(path, &name), value, reported, &metadata[&name], found);
            }
        }
        None => found.push(Difference {
            path: path.to_owned(),
            desired: delta,
            reported,
            since_s: changed_s(metadata),
        }),
    }
}

/// None: it is no object.
fn members(value: &RawValue) -> Option<Members<'_>> {
    serde_json::from_str(value.get()).ok()
}

/// `engine.speed`; a name that could be read as more than one is quoted.
fn below(path: &str, name: &str) -> String {
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-$".contains(c));
    let name = if is_plain { name.to_owned() } else { Value::from(name).to_string() };
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(document: &Value, expected: &[[&str; 4]]) {
        check_text(&document.to_string(), expected);
    }

    fn check_text(text: &str, expected: &[[&str; 4]]) {
        let document: Document<'_> = serde_json::from_str(text).expect("a document");
        let found: Vec<Vec<String>> = Difference::all(&document).iter().map(Difference::row).collect();
        let expected: Vec<Vec<String>> =
            expected.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn every_value_that_is_desired_and_not_reported_has_a_row() {
        check(
            &json!({ "version": 1, "state": { "desired": { "on": true }, "reported": { "on": true } } }),
            &[],
        );
        check(&json!({ "version": 1, "state": {}, "metadata": {} }), &[]);
        check(
            &json!({
                "version": 1,
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
            &json!({ "version": 1, "state": { "reported": { "a.b": 1 }, "delta": { "a.b": { "": {} } } } }),
            &[["\"a.b\".\"\"", "{}", "-", "-"]],
        );
    }

    #[test]
    fn digits_are_kept() {
        let text =
            r#"{"version":1,"state":{"reported":{"n":1.50},"delta":{"n":123456789012345678901234567890}}}"#;
        check_text(text, &[["n", "123456789012345678901234567890", "1.50", "-"]]);
        let document: Document<'_> = serde_json::from_str(text).expect("a document");
        assert_eq!(
            serde_json::to_string(&Difference::all(&document)).expect("JSON"),
            r#"[{"path":"n","desired":123456789012345678901234567890,"reported":1.50,"since":null}]"#
        );
    }

    #[test]
    fn a_member_called_timestamp_is_no_time() {
        let metadata = json!({ "timestamp": { "timestamp": 7 }, "x": { "timestamp": 3 } });
        assert_eq!(changed_s(&metadata), Some(7));
        assert_eq!(changed_s(&json!({})), None);
    }
}
