//! The simple model of shadows: what each request comes to and what is said of it. Members are flat, values are numbers;
//! it knows nothing of records, logs or commits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Which shadow: a thing's number, and whether it is its named one.
pub(super) type Which = (u64, bool);

pub(super) type Section = BTreeMap<String, u64>;

/// What a client asks.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ask {
    Update { desired: Change, reported: Change, version: Option<u64> },
    Get,
    Delete,
    Restore { version: u64 },
    Nonsense,
}

/// `None`: the section is not named. A member without a value is taken out.
pub(super) type Change = Option<BTreeMap<String, Option<u64>>>;

/// What it comes to: the caller's answer, and what is published, as topic's end and payload.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    /// The code of a refusal, or the version.
    pub(super) answer: Result<u64, u16>,
    pub(super) said: Vec<(String, Value)>,
}

/// One shadow.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Shadow {
    pub(super) version: u64,
    pub(super) state: Option<State>,
    deleted_ms: u64,
    pub(super) history: Vec<Entry>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct State {
    desired: Section,
    reported: Section,
}

/// A change that is remembered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) version: u64,
    pub(super) at_ms: u64,
    /// None: it was deleted.
    pub(super) state: Option<State>,
}

/// How long a deleted shadow's version counts.
const MEMORY_MS: u64 = 48 * 3_600_000;

impl Shadow {
    /// Deleted so long ago that it is as if it never was.
    pub(super) fn is_forgotten(&self, now_ms: u64) -> bool {
        self.state.is_none() && self.version > 0 && now_ms.saturating_sub(self.deleted_ms) >= MEMORY_MS
    }

    /// The changes that are shown: so many, and none that is older.
    pub(super) fn shown(&self, most: u64, age_ms: u64, now_ms: u64) -> &[Entry] {
        let from = self.history.len().saturating_sub(usize::try_from(most).unwrap_or(usize::MAX));
        let late = self.history[from..].partition_point(|entry| entry.at_ms < now_ms.saturating_sub(age_ms));
        &self.history[from + late..]
    }

    pub(super) fn follow(&mut self, ask: &Ask, (most, age_ms): (u64, u64), now_ms: u64) -> Outcome {
        self.forget();
        match ask {
            Ask::Update { desired, reported, version } => self.update(desired, reported, *version, now_ms),
            Ask::Get => match &self.state {
                None => refused("get", 404),
                Some(state) => {
                    let mut document = state.document();
                    if let Some(delta) = state.delta() {
                        document["delta"] = delta;
                    }
                    let said = json!({ "version": self.version, "state": document });
                    Outcome { answer: Ok(self.version), said: vec![("get/accepted".into(), said)] }
                }
            },
            Ask::Delete => {
                if self.state.take().is_none() {
                    return refused("delete", 404);
                }
                self.deleted_ms = now_ms;
                self.history.push(Entry { version: self.version, at_ms: now_ms, state: None });
                let said = json!({ "version": self.version });
                Outcome { answer: Ok(self.version), said: vec![("delete/accepted".into(), said)] }
            }
            Ask::Restore { version } => {
                let shown = self.shown(most, age_ms, now_ms).iter().rev();
                let found = shown.filter(|entry| entry.version == *version).find_map(|e| e.state.clone());
                match found {
                    // Nobody but the caller hears of it.
                    None => Outcome { answer: Err(0), said: Vec::new() },
                    Some(state) => self.become_state(state, None, now_ms),
                }
            }
            Ask::Nonsense => refused("update", 400),
        }
    }

    /// No history is longer than this for long.
    fn forget(&mut self) {
        if self.history.len() > 200 {
            self.history.drain(..100);
        }
    }

    fn update(&mut self, desired: &Change, reported: &Change, asked: Option<u64>, now_ms: u64) -> Outcome {
        let is_forgotten = self.is_forgotten(now_ms);
        let current = if is_forgotten { 0 } else { self.version };
        let creates = self.state.is_none() && asked == Some(0);
        if asked.is_some_and(|asked| asked != current && !creates) {
            return refused("update", 409);
        }
        if is_forgotten {
            self.version = 0;
        }
        let mut state = self.state.clone().unwrap_or_default();
        let mut echo = json!({});
        let sections =
            [("desired", desired, &mut state.desired), ("reported", reported, &mut state.reported)];
        for (name, change, section) in sections {
            let Some(change) = change else { continue };
            echo[name] = json!(change);
            for (member, value) in change {
                match value {
                    Some(value) => _ = section.insert(member.clone(), *value),
                    None => _ = section.remove(member),
                }
            }
        }
        self.become_state(state, Some(echo), now_ms)
    }

    /// `echo`: what the answer repeats; not looked at where it is not given.
    fn become_state(&mut self, state: State, echo: Option<Value>, now_ms: u64) -> Outcome {
        if self.is_forgotten(now_ms) {
            self.version = 0;
        }
        let previous = self.state.replace(state.clone());
        let before = previous.map(|state| json!({ "version": self.version, "state": state.document() }));
        self.version += 1;
        self.history.push(Entry { version: self.version, at_ms: now_ms, state: Some(state.clone()) });
        let mut accepted = json!({ "version": self.version });
        if let Some(echo) = echo {
            accepted["state"] = echo;
        }
        let mut said = vec![("update/accepted".to_owned(), accepted)];
        let delta = state.delta().map(|delta| json!({ "version": self.version, "state": delta }));
        said.extend(delta.map(|delta| ("update/delta".to_owned(), delta)));
        let now = json!({ "version": self.version, "state": state.document() });
        said.push(("update/documents".to_owned(), json!({ "previous": before, "current": now })));
        Outcome { answer: Ok(self.version), said }
    }
}

impl State {
    pub(super) fn document(&self) -> Value {
        let mut document = json!({});
        for (name, section) in [("desired", &self.desired), ("reported", &self.reported)] {
            if !section.is_empty() {
                document[name] = json!(section);
            }
        }
        document
    }

    fn delta(&self) -> Option<Value> {
        let differs = |(name, value): &(&String, &u64)| self.reported.get(*name) != Some(*value);
        let delta: Section =
            self.desired.iter().filter(differs).map(|(name, value)| (name.clone(), *value)).collect();
        (!delta.is_empty()).then(|| json!(delta))
    }
}

impl Ask {
    /// The verb of its topic, and its payload; restoring has neither.
    pub(super) fn request(&self) -> Option<(&'static str, String)> {
        Some(match self {
            Ask::Update { desired, reported, version } => {
                let mut state = json!({});
                for (name, change) in [("desired", desired), ("reported", reported)] {
                    if let Some(change) = change {
                        state[name] = json!(change);
                    }
                }
                let mut request = json!({ "state": state });
                if let Some(version) = version {
                    request["version"] = json!(version);
                }
                ("update", request.to_string())
            }
            Ask::Get => ("get", String::new()),
            Ask::Delete => ("delete", String::new()),
            Ask::Nonsense => ("update", "{\"state\":".to_owned()),
            Ask::Restore { .. } => return None,
        })
    }
}

fn refused(verb: &str, code: u16) -> Outcome {
    Outcome { answer: Err(code), said: vec![(format!("{verb}/rejected"), json!({ "code": code }))] }
}
