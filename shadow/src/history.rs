//! Two stored shadows in, what differs for a person to read out; and the record of who changed what. Keeps no history itself.

use std::fmt;

use crate::fields::Fields;
use crate::json::{Value, read, write_text};
use crate::section::{Node, Section, write_count};
use crate::stored::{Document, Stored};

const FORMAT: u64 = 1;
/// Room for an entry's names, numbers and braces.
const FRAME_BYTES: usize = 160;
/// How often an entry has the whole state: so many entries must be read at most to know one version.
pub const STATE_EVERY: u64 = 20;

/// One entry of a shadow's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub version: u64,
    pub at_ms: u64,
    /// A certificate's id, an access key's id.
    pub principal: String,
    pub client_id: Option<String>,
    pub source: Source,
    /// The request's `state` as compact JSON; `None` for a deletion.
    pub asked: Option<String>,
    /// Desired and reported after it, in one entry of [`STATE_EVERY`]; between them the state is what was asked for since.
    pub state: Option<String>,
}

/// The way a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Mqtt,
    Http,
    /// The platform's own command line and console.
    Operator,
    /// A version that was made the current one again.
    Restore,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    #[error(
        "an entry of a shadow's history has format {0}, this program reads {FORMAT}; use the one that wrote it"
    )]
    Format(u64),
    #[error("an entry of a shadow's history is broken: {0}; restore it from a backup")]
    Broken(&'static str),
}

/// A section of a shadow's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    Desired,
    Reported,
}

/// Where a value stands, as in `reported.climate.temperature`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    pub side: Side,
    pub names: Vec<String>,
}

/// One value that is not the same before and after; `None` where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub path: Path,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// What differs in desired and reported, in the order of the earlier state, then what is new.
pub fn diff(before: Option<&Stored>, after: Option<&Stored>) -> Vec<Difference> {
    let empty = Document::default();
    let [before, after] = [before, after].map(|stored| stored.and_then(Stored::document).unwrap_or(&empty));
    let mut found = Vec::new();
    for side in [Side::Desired, Side::Reported] {
        let mut path = Path { side, names: Vec::new() };
        compare(side.of(before), side.of(after), &mut path, &mut found);
    }
    found
}

fn compare(before: &Section, after: &Section, path: &mut Path, found: &mut Vec<Difference>) {
    let (old, new) = (before.positions(), after.positions());
    for (name, earlier) in before.iter() {
        let later = new.find(after, name).and_then(|place| after.at(place));
        path.names.push(name.to_owned());
        match (earlier, later) {
            (Node::Branch(earlier), Some(Node::Branch(later))) => compare(earlier, later, path, found),
            (Node::Leaf { value: earlier, .. }, Some(Node::Leaf { value: later, .. }))
                if earlier.same(later) => {}
            (earlier, later) => found.push(Difference {
                path: path.clone(),
                before: Some(earlier.to_value()),
                after: later.map(Node::to_value),
            }),
        }
        path.names.pop();
    }
    for (name, later) in after.iter().filter(|(name, _)| old.find(before, name).is_none()) {
        path.names.push(name.to_owned());
        found.push(Difference { path: path.clone(), before: None, after: Some(later.to_value()) });
        path.names.pop();
    }
}

impl Side {
    pub(crate) fn of(self, document: &Document) -> &Section {
        match self {
            Self::Desired => &document.desired,
            Self::Reported => &document.reported,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Desired => "desired",
            Self::Reported => "reported",
        })
    }
}

/// Names that could be misread stand in quotes.
impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.side.fmt(out)?;
        for name in &self.names {
            let plain = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '$');
            if !name.is_empty() && name.chars().all(plain) {
                write!(out, ".{name}")?;
            } else {
                let mut quoted = String::new();
                write_text(name, &mut quoted);
                write!(out, ".{quoted}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(out, "{}: {before} → {after}", self.path),
            (None, Some(after)) => write!(out, "{}: new {after}", self.path),
            (Some(before), None) => write!(out, "{}: removed, was {before}", self.path),
            (None, None) => write!(out, "{}: absent", self.path),
        }
    }
}

impl Source {
    const ALL: [Self; 4] = [Self::Mqtt, Self::Http, Self::Operator, Self::Restore];

    pub fn word(self) -> &'static str {
        match self {
            Self::Mqtt => "mqtt",
            Self::Http => "http",
            Self::Operator => "operator",
            Self::Restore => "restore",
        }
    }
}

impl Change {
    /// Whether the request had a desired section.
    pub fn asks_desired(&self) -> bool {
        let asked = self.asked.as_deref().and_then(|asked| read(asked).ok());
        matches!(asked, Some(Value::Object(sections)) if sections.get("desired").is_some())
    }

    /// One JSON object, so that the entry can be shown as it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        let parts = [Some(self.principal.as_str()), self.client_id.as_deref(), self.asked.as_deref()];
        let bytes: usize = parts.into_iter().chain([self.state.as_deref()]).flatten().map(str::len).sum();
        let mut out = String::with_capacity(bytes + FRAME_BYTES);
        out.push_str("{\"format\":");
        for (before, number) in [("", FORMAT), (",\"version\":", self.version), (",\"at_ms\":", self.at_ms)] {
            out.push_str(before);
            write_count(number, &mut out);
        }
        let texts = [
            ("principal", Some(self.principal.as_str())),
            ("client_id", self.client_id.as_deref()),
            ("source", Some(self.source.word())),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                write_name(name, &mut out);
                write_text(text, &mut out);
            }
        }
        for (name, json) in [("asked", &self.asked), ("state", &self.state)] {
            if let Some(json) = json {
                write_name(name, &mut out);
                out.push_str(json);
            }
        }
        out.push('}');
        out.into_bytes()
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ChangeError> {
        let text = std::str::from_utf8(bytes).map_err(|_| ChangeError::Broken("it is no UTF-8"))?;
        let Ok(Value::Object(entry)) = read(text) else {
            return Err(ChangeError::Broken("it is no JSON object"));
        };
        match count(&entry, "format") {
            Some(FORMAT) => {}
            Some(other) => return Err(ChangeError::Format(other)),
            None => return Err(ChangeError::Broken("it names no format")),
        }
        let word = text_of(&entry, "source");
        let source = Source::ALL.into_iter().find(|source| word.as_deref() == Some(source.word()));
        Ok(Self {
            version: count(&entry, "version").ok_or(ChangeError::Broken("it names no version"))?,
            at_ms: count(&entry, "at_ms").ok_or(ChangeError::Broken("it names no time"))?,
            principal: text_of(&entry, "principal").ok_or(ChangeError::Broken("it names no principal"))?,
            client_id: text_of(&entry, "client_id"),
            source: source.ok_or(ChangeError::Broken("it names no source"))?,
            asked: entry.get("asked").map(Value::to_string),
            state: entry.get("state").map(Value::to_string),
        })
    }
}

fn write_name(name: &str, out: &mut String) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
}

fn count(entry: &Fields<Value>, name: &str) -> Option<u64> {
    match entry.get(name) {
        Some(Value::Number(number)) => number.whole(),
        _ => None,
    }
}

fn text_of(entry: &Fields<Value>, name: &str) -> Option<String> {
    match entry.get(name) {
        Some(Value::Text(text)) => Some(text.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn stored(updates: &[&str]) -> Stored {
        let mut stored = None;
        for (at, state) in updates.iter().enumerate() {
            let payload = format!(r#"{{"state":{state}}}"#);
            let updated =
                Stored::update(stored.as_ref(), payload.as_bytes(), at as u64 * 1000, &Limits::default());
            stored = Some(updated.expect("a literal update").stored);
        }
        stored.expect("at least one update")
    }

    fn check(before: &str, after: &str, expected: &[&str]) {
        let found: Vec<String> =
            diff(Some(&stored(&[before])), Some(&stored(&[after]))).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{before} {after}");
    }

    #[test]
    fn a_difference_names_the_place_and_both_values() {
        check(r#"{"reported":{"t":21,"x":1}}"#, r#"{"reported":{"x":1.0,"t":22}}"#, &["reported.t: 21 → 22"]);
        check(
            r#"{"desired":{"a":{"b":[1,2],"gone":true}}}"#,
            r#"{"desired":{"a":{"b":[2]},"c":"on"}}"#,
            &["desired.a.b: [1,2] → [2]", "desired.a.gone: removed, was true", "desired.c: new \"on\""],
        );
        check(
            r#"{"reported":{"a b":{"c.d":1,"":2}}}"#,
            r#"{"reported":{"a b":5}}"#,
            &[r#"reported."a b": {"c.d":1,"":2} → 5"#],
        );
        check(
            r#"{"reported":{"a b":{"c.d":1}}}"#,
            r#"{"reported":{"a b":{"c.d":2}}}"#,
            &[r#"reported."a b"."c.d": 1 → 2"#],
        );
    }

    #[test]
    fn creation_and_deletion_are_differences_of_all_members() {
        let one = stored(&[r#"{"desired":{"a":1},"reported":{"b":{"c":2}}}"#]);
        let text = |found: Vec<Difference>| found.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(text(diff(None, Some(&one))), ["desired.a: new 1", "reported.b: new {\"c\":2}"]);
        let id = crate::ShadowId::classic("t").expect("a literal id");
        let gone = Stored::delete(Some(&one), &id, b"", 0, &Limits::default()).expect("it exists").stored;
        assert_eq!(
            text(diff(Some(&one), Some(&gone))),
            ["desired.a: removed, was 1", "reported.b: removed, was {\"c\":2}"]
        );
        assert!(diff(None, Some(&gone)).is_empty());
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let mut change = Change {
            version: u64::MAX,
            at_ms: 1_700_000_000_123,
            principal: "cert \"one\"".to_owned(),
            client_id: Some("ä".to_owned()),
            source: Source::Mqtt,
            asked: Some(r#"{"desired":null,"reported":{"t":1.50}}"#.to_owned()),
            state: Some(r#"{"reported":{"t":1.50}}"#.to_owned()),
        };
        assert_eq!(Change::from_bytes(&change.to_bytes()), Ok(change.clone()));
        for source in Source::ALL {
            change = Change { client_id: None, source, asked: None, state: None, ..change };
            assert_eq!(Change::from_bytes(&change.to_bytes()), Ok(change.clone()));
        }
        let wrong = |text: &str| Change::from_bytes(text.as_bytes()).expect_err(text);
        assert_eq!(wrong(r#"{"format":2}"#), ChangeError::Format(2));
        assert_eq!(wrong("{}"), ChangeError::Broken("it names no format"));
        assert_eq!(wrong(r#"{"format":1,"version":1,"at_ms":1,"principal":"p","source":"x"}"#), {
            ChangeError::Broken("it names no source")
        });
        assert_eq!(wrong("[]"), ChangeError::Broken("it is no JSON object"));
    }
}
