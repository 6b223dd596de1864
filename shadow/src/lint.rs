//! A shadow and how it is used in, advice about what will go wrong or could be cheaper out; refuses nothing.

use std::fmt;

use crate::history::{Path, Side};
use crate::limits::{
    HEAVY_PARTS, HEAVY_WHOLE, Limits, REQUESTS_PER_SECOND, TELEMETRY_LEAST_MS, TELEMETRY_UPDATES_PER_HOUR,
};
use crate::section::{Node, Section};
use crate::stored::Stored;

/// How a shadow was used for a while, counted by the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub over_ms: u64,
    pub updates: u64,
    /// How many of the updates had a desired section.
    pub desired_updates: u64,
    /// The most requests within one second.
    pub most_per_second: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A value's type is not what it was one version before.
    TypeDrift { path: Path, was: &'static str, is: &'static str },
    /// Desired and reported have different types, so that the difference can never go away.
    NeverEqual { path: Path, desired: &'static str, reported: &'static str },
    /// Desired and reported come near the quota.
    Heavy { bytes: usize, most: usize },
    /// Readings sent through a shadow that nobody asks anything of.
    Telemetry { updates_per_hour: u64 },
    /// More requests in one second than half of what AWS lets through.
    NearRate { per_second: u64 },
}

/// What is odd about a shadow, compared with its state before the last update if there was one. `bytes`: those that
/// count against the quota.
pub fn document(before: Option<&Stored>, after: &Stored, bytes: usize, limits: &Limits) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(now) = after.document() else { return found };
    if let Some(earlier) = before.and_then(Stored::document) {
        for side in [Side::Desired, Side::Reported] {
            let mut pairs = Pairs { side, names: Vec::new(), found: &mut found };
            pairs.compare(side.of(earlier), side.of(now), |path, was, is| Finding::TypeDrift {
                path,
                was,
                is,
            });
        }
    }
    let mut pairs = Pairs { side: Side::Desired, names: Vec::new(), found: &mut found };
    pairs.compare(&now.desired, &now.reported, |path, desired, reported| Finding::NeverEqual {
        path,
        desired,
        reported,
    });
    if bytes.saturating_mul(HEAVY_WHOLE) >= limits.document_bytes.saturating_mul(HEAVY_PARTS) {
        found.push(Finding::Heavy { bytes, most: limits.document_bytes });
    }
    found
}

/// What is odd about the way a shadow is used.
pub fn usage(usage: &Usage) -> Vec<Finding> {
    let mut found = Vec::new();
    let per_hour = u128::from(usage.updates) * 3_600_000 / u128::from(usage.over_ms.max(1));
    let updates_per_hour = u64::try_from(per_hour).unwrap_or(u64::MAX);
    let long_enough = usage.over_ms >= TELEMETRY_LEAST_MS || usage.updates >= TELEMETRY_UPDATES_PER_HOUR;
    if long_enough && usage.desired_updates == 0 && updates_per_hour >= TELEMETRY_UPDATES_PER_HOUR {
        found.push(Finding::Telemetry { updates_per_hour });
    }
    if usage.most_per_second.saturating_mul(2) > REQUESTS_PER_SECOND {
        found.push(Finding::NearRate { per_second: usage.most_per_second });
    }
    found
}

/// Walks two sections side by side.
struct Pairs<'a> {
    side: Side,
    names: Vec<String>,
    found: &'a mut Vec<Finding>,
}

impl Pairs<'_> {
    fn compare(
        &mut self,
        one: &Section,
        two: &Section,
        finding: impl Fn(Path, &'static str, &'static str) -> Finding + Copy,
    ) {
        let positions = two.positions();
        for (name, first) in one.iter() {
            let Some(second) = positions.find(two, name).and_then(|place| two.at(place)) else { continue };
            self.names.push(name.to_owned());
            match (first, second) {
                (Node::Branch(one), Node::Branch(two)) => self.compare(one, two, finding),
                (first, second) if first.kind() != second.kind() => {
                    let path = Path { side: self.side, names: self.names.clone() };
                    self.found.push(finding(path, first.kind(), second.kind()));
                }
                _ => {}
            }
            self.names.pop();
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TypeDrift { path, was, is } => {
                write!(out, "{path} was {was} and is {is} now; keep one type, readers and rules rely on it")
            }
            Self::NeverEqual { path, desired, reported } => write!(
                out,
                "{path} is {desired}, reported has {reported} there: the delta will never end; use one type"
            ),
            Self::Heavy { bytes, most } => {
                write!(
                    out,
                    "desired and reported have {bytes} of {most} bytes; split them into named shadows"
                )
            }
            Self::Telemetry { updates_per_hour } => write!(
                out,
                "{updates_per_hour} updates an hour and nothing desired: a shadow keeps only the last state; \
                 publish readings to a topic of your own and let a rule store them"
            ),
            Self::NearRate { per_second } => write!(
                out,
                "{per_second} requests in one second; AWS IoT refuses more than {REQUESTS_PER_SECOND} for one shadow"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(state: &str) -> Stored {
        let payload = format!(r#"{{"state":{state}}}"#);
        Stored::update(None, payload.as_bytes(), 0, &Limits::default()).expect("a literal update").stored
    }

    fn check(before: Option<&str>, after: &str, expected: &[&str]) {
        let before = before.map(stored);
        let limits = Limits { document_bytes: 100, ..Limits::default() };
        let after_it = stored(after);
        let found = document(before.as_ref(), &after_it, after_it.document_bytes(), &limits);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (finding, expected) in found.iter().zip(expected) {
            assert!(finding.to_string().contains(expected), "{finding} should say {expected}");
        }
    }

    #[test]
    fn a_value_that_changes_its_type_is_found() {
        let before = Some(r#"{"reported":{"a":{"t":21.5},"b":1,"c":true}}"#);
        let drift = "reported.a.t was a number and is a string now";
        check(before, r#"{"reported":{"a":{"t":"21.5"},"b":2,"c":false}}"#, &[drift]);
        check(before, r#"{"reported":{"a":[1]}}"#, &["reported.a was an object and is an array now"]);
        check(None, r#"{"reported":{"a":[1]}}"#, &[]);
    }

    #[test]
    fn a_difference_that_can_never_end_is_found() {
        let state = r#"{"desired":{"on":true,"v":1},"reported":{"on":"true","v":2}}"#;
        check(None, state, &["desired.on is a boolean, reported has a string there"]);
    }

    #[test]
    fn three_quarters_of_the_quota_are_heavy() {
        check(None, &format!(r#"{{"reported":{{"a":"{}"}}}}"#, "x".repeat(67)), &["75 of 100 bytes"]);
        check(None, &format!(r#"{{"reported":{{"a":"{}"}}}}"#, "x".repeat(66)), &[]);
    }

    #[test]
    fn readings_and_haste_are_found_from_counts() {
        let hour = Usage { over_ms: 3_600_000, updates: 360, desired_updates: 0, most_per_second: 1 };
        assert_eq!(usage(&hour), [Finding::Telemetry { updates_per_hour: 360 }]);
        assert_eq!(usage(&Usage { desired_updates: 1, ..hour }), []);
        assert_eq!(usage(&Usage { updates: 59, ..hour }), []);
        assert_eq!(usage(&Usage { over_ms: 60_000, updates: 59, ..hour }), []);
        let quick = usage(&Usage { over_ms: 60_000, updates: 60, ..hour });
        assert_eq!(quick, [Finding::Telemetry { updates_per_hour: 3_600 }]);
        assert_eq!(
            usage(&Usage { updates: 1, most_per_second: 11, ..hour }),
            [Finding::NearRate { per_second: 11 }]
        );
        assert_eq!(usage(&Usage { updates: 1, most_per_second: 10, ..hour }), []);
        assert_eq!(usage(&Usage::default()), []);
    }
}
