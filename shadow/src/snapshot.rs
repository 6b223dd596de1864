//! Entries of a shadow's history in, the state of one of its versions out, and what to ask of another state to have it
//! again. Reads no store.

use crate::fields::Fields;
use crate::history::Change;
use crate::json::{Value, read};
use crate::section::{Node, Section};
use crate::stored::Document;

/// Desired and reported as they were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot(Document);

/// Why a version cannot be had again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    #[error("its history is empty")]
    NoHistory,
    #[error("its history has no version {asked}; it goes from version {oldest} to {newest}")]
    NoVersion { asked: u64, oldest: u64, newest: u64 },
    #[error(
        "version {asked} cannot be rebuilt: the entries it rests on are no longer kept; choose a later version"
    )]
    Lost { asked: u64 },
}

impl Snapshot {
    /// The state of the newest document with this version. `changes`: oldest first, without a gap.
    pub fn of_version(changes: &[Change], asked: u64) -> Result<Self, SnapshotError> {
        let mut now: Option<Self> = None;
        let mut found = None;
        for change in changes {
            now = Self::after(now, change);
            if change.version == asked && change.asked.is_some() {
                found = Some(now.clone());
            }
        }
        match (found, changes.first(), changes.last()) {
            (Some(Some(snapshot)), ..) => Ok(snapshot),
            (Some(None), ..) => Err(SnapshotError::Lost { asked }),
            (None, Some(first), Some(last)) => {
                Err(SnapshotError::NoVersion { asked, oldest: first.version, newest: last.version })
            }
            (None, ..) => Err(SnapshotError::NoHistory),
        }
    }

    /// `None`: not known, as long as no entry says all of it.
    fn after(before: Option<Self>, change: &Change) -> Option<Self> {
        let Some(asked) = &change.asked else { return Some(Self::default()) };
        let (mut snapshot, text) = match &change.state {
            Some(state) => (Self::default(), state),
            None => (before?, asked),
        };
        // A state of null asks for nothing.
        if let Ok(Value::Object(sections)) = read(text) {
            // Times are not the snapshot's: what is restored is changed now.
            sections.into_iter().for_each(|(name, value)| snapshot.0.merge(&name, value, 0));
        }
        Some(snapshot)
    }

    /// The request's state that leads from this document, or from none, to the snapshot.
    pub(crate) fn asked_of(&self, current: Option<&Document>) -> Value {
        let empty = Document::default();
        let current = current.unwrap_or(&empty);
        let mut sections = Vec::new();
        for ((name, now), (_, then)) in current.sections().into_iter().zip(self.0.sections()) {
            let asked = if then.is_empty() && !now.is_empty() {
                Some(Value::Null)
            } else {
                changes(now, then).map(Value::Object)
            };
            sections.extend(asked.map(|asked| (name.into(), asked)));
        }
        Value::Object(Fields::of_unique(sections))
    }
}

/// What to ask of a section; `None` where it is the same already.
fn changes(now: &Section, then: &Section) -> Option<Fields<Value>> {
    let (here, there) = (now.positions(), then.positions());
    let mut asked: Vec<(Box<str>, Value)> = Vec::new();
    for (name, value) in now.iter() {
        let change = match there.find(then, name).and_then(|place| then.at(place)) {
            None => Some(Value::Null),
            Some(wanted) => change(value, wanted),
        };
        asked.extend(change.map(|change| (name.into(), change)));
    }
    for (name, wanted) in then.iter().filter(|(name, _)| here.find(now, name).is_none()) {
        asked.push((name.into(), wanted.to_value()));
    }
    (!asked.is_empty()).then(|| Fields::of_unique(asked))
}

fn change(now: &Node, then: &Node) -> Option<Value> {
    match (now, then) {
        (Node::Branch(now), Node::Branch(then)) => changes(now, then).map(Value::Object),
        // To the letter: 1 and 1.0 mean the same and are not.
        (Node::Leaf { value: now, .. }, Node::Leaf { value: then, .. }) if now == then => None,
        (_, then) => Some(then.to_value()),
    }
}
