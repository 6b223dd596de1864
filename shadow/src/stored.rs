//! A stored shadow and a request in, the next stored shadow and every payload to send out; does not store or publish.

mod record;

use crate::delta::Delta;
use crate::fields::Fields;
use crate::id::ShadowId;
use crate::json::{Value, write_text};
use crate::limits::{Limits, REQUEST_PARTS, VERSION, VERSION_MEMORY_MS};
use crate::rejection::{Fault, Rejection};
use crate::request::{UpdateRequest, read_token};
use crate::section::{self, Section, write_count};
use crate::snapshot::Snapshot;

pub use record::RecordError;

/// A shadow as it is kept: its document, or after deletion the memory of its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    version: u64,
    changed_at_ms: u64,
    document: Option<Document>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) desired: Section,
    pub(crate) reported: Section,
}

/// An update that was taken: all of it is to be committed and sent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    pub stored: Stored,
    /// The answer, over MQTT and over HTTP.
    pub accepted: Vec<u8>,
    /// `None` where reported already is what is desired.
    pub delta: Option<Vec<u8>>,
    pub documents: Vec<u8>,
    pub client_token: Option<String>,
    /// The `state` of the request as compact JSON, for the history.
    pub asked: String,
    /// As [`Stored::document_bytes`] says of what is stored.
    pub state_bytes: usize,
}

/// Which texts of an update somebody wants; the others are left empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub accepted: bool,
    pub delta: bool,
    pub documents: bool,
}

impl Wanted {
    pub const ALL: Self = Self { accepted: true, delta: true, documents: true };
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    pub accepted: Vec<u8>,
    pub client_token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// What remains: the version, to be kept until [`Stored::is_forgotten`].
    pub stored: Stored,
    pub accepted: Vec<u8>,
    pub client_token: Option<String>,
}

impl Stored {
    pub fn update(
        current: Option<&Self>,
        payload: &[u8],
        now_ms: u64,
        limits: &Limits,
    ) -> Result<Updated, Rejection> {
        Self::update_for(current, payload, now_ms, limits, Wanted::ALL)
    }

    /// The same without the texts that nobody wants.
    pub fn update_for(
        current: Option<&Self>,
        payload: &[u8],
        now_ms: u64,
        limits: &Limits,
        wanted: Wanted,
    ) -> Result<Updated, Rejection> {
        let UpdateRequest { state, version, client_token } = UpdateRequest::read(payload, limits)?;
        let asked = Asked { version, token: client_token.as_deref(), ..Asked::of(state) };
        let taken = asked.check(limits).and_then(|()| Self::take(current, asked, now_ms, limits, wanted));
        match taken {
            Ok(updated) => Ok(Updated { client_token, ..updated }),
            Err(fault) => Err(Rejection::new(fault, client_token)),
        }
    }

    /// An update after which desired and reported are what they were; nothing else is asked of them.
    pub fn restore(
        current: Option<&Self>,
        snapshot: &Snapshot,
        now_ms: u64,
        limits: &Limits,
        wanted: Wanted,
    ) -> Result<Updated, Rejection> {
        let live = current.and_then(|stored| stored.document.as_ref());
        let asked = Asked::of(snapshot.asked_of(live));
        let taken = Self::take(current, asked, now_ms, limits, wanted);
        taken.map_err(|fault| Rejection::new(fault, None))
    }

    fn take(
        current: Option<&Self>,
        asked: Asked<'_>,
        now_ms: u64,
        limits: &Limits,
        wanted: Wanted,
    ) -> Result<Updated, Fault> {
        let now_s = now_ms / 1000;
        let known = current.filter(|stored| !stored.is_forgotten(now_ms));
        let Asked { value, text: asked, version, token } = asked;
        let mut accepted = String::new();
        if wanted.accepted {
            accepted = format!("{{\"state\":{asked},\"metadata\":");
            match &value {
                Value::Object(_) => section::write_times(&value, now_s, &mut accepted),
                _ => accepted.push_str("{}"),
            }
        }
        let stored = known.map_or_else(Self::before_the_first, Self::clone).next(value, version, now_ms)?;
        let texts = Texts::of(&stored, wanted.documents).unwrap_or_default();
        let state_bytes = texts.state_bytes;
        if state_bytes > limits.document_bytes {
            return Err(Fault::DocumentTooLarge { bytes: state_bytes, most: limits.document_bytes });
        }
        if wanted.accepted {
            accepted.push_str(",\"version\":");
            write_count(stored.version, &mut accepted);
            write_end(&mut accepted, now_s, token);
        }
        let delta = if wanted.delta { stored.delta_text(now_s, token) } else { None };
        let mut documents = String::new();
        if wanted.documents {
            documents.push_str("{\"previous\":");
            match known.and_then(|known| Some((known.version, Texts::of(known, true)?))) {
                Some((version, texts)) => texts.write(version, &mut documents),
                None => documents.push_str("null"),
            }
            documents.push_str(",\"current\":");
            texts.write(stored.version, &mut documents);
            write_end(&mut documents, now_s, token);
        }
        let (accepted, documents) = (accepted.into_bytes(), documents.into_bytes());
        Ok(Updated { stored, accepted, delta, documents, client_token: None, asked, state_bytes })
    }

    fn delta_text(&self, now_s: u64, token: Option<&str>) -> Option<Vec<u8>> {
        let delta = self.delta()?;
        let mut out = format!(r#"{{"version":{},"timestamp":{now_s},"state":"#, self.version);
        delta.write_state(&mut out);
        out.push_str(",\"metadata\":");
        delta.write_metadata(&mut out);
        write_token(&mut out, token);
        Some(out.into_bytes())
    }

    pub fn get(
        current: Option<&Self>,
        id: &ShadowId,
        payload: &[u8],
        now_ms: u64,
        limits: &Limits,
    ) -> Result<Got, Rejection> {
        let client_token = read_token(payload, limits)?;
        let found = current.and_then(|stored| Some((stored, Texts::of(stored, true)?)));
        let Some((stored, texts)) = found else {
            return Err(Rejection::new(Fault::NoShadow(id.clone()), client_token));
        };
        let mut out = String::from("{\"state\":");
        texts.write_state(stored.delta().as_ref(), &mut out);
        out.push_str(",\"metadata\":");
        out.push_str(&texts.metadata);
        out.push_str(",\"version\":");
        write_count(stored.version, &mut out);
        write_end(&mut out, now_ms / 1000, client_token.as_deref());
        Ok(Got { accepted: out.into_bytes(), client_token })
    }

    pub fn delete(
        current: Option<&Self>,
        id: &ShadowId,
        payload: &[u8],
        now_ms: u64,
        limits: &Limits,
    ) -> Result<Deleted, Rejection> {
        let client_token = read_token(payload, limits)?;
        let Some(current) = current.filter(|stored| !stored.is_deleted()) else {
            return Err(Rejection::new(Fault::NoShadow(id.clone()), client_token));
        };
        let stored = Self { version: current.version, changed_at_ms: now_ms, document: None };
        let mut out = format!("{{\"version\":{}", stored.version);
        write_end(&mut out, now_ms / 1000, client_token.as_deref());
        Ok(Deleted { stored, accepted: out.into_bytes(), client_token })
    }

    /// Of the document, or of the document that was deleted.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When it was last updated or deleted.
    pub fn changed_at_ms(&self) -> u64 {
        self.changed_at_ms
    }

    pub fn is_deleted(&self) -> bool {
        self.document.is_none()
    }

    /// Whether it was deleted so long ago that its version no longer counts and it may be dropped.
    pub fn is_forgotten(&self, now_ms: u64) -> bool {
        self.is_deleted() && now_ms.saturating_sub(self.changed_at_ms) >= VERSION_MEMORY_MS
    }

    /// The bytes that count against the quota: desired and reported as compact JSON, without metadata.
    pub fn document_bytes(&self) -> usize {
        Texts::of(self, false).map_or(0, |texts| texts.state_bytes)
    }

    /// `{"desired":…,"reported":…}`, as far as there is anything; for the history.
    pub fn state_text(&self) -> Option<String> {
        let mut text = String::new();
        Texts::of(self, false)?.write_state(None, &mut text);
        Some(text)
    }

    pub(crate) fn document(&self) -> Option<&Document> {
        self.document.as_ref()
    }

    pub(crate) fn delta(&self) -> Option<Delta<'_>> {
        let document = self.document.as_ref()?;
        Delta::between(&document.desired, &document.reported)
    }

    fn before_the_first() -> Self {
        Self { version: 0, changed_at_ms: 0, document: None }
    }

    /// The document with what is asked for; the version must be the current one if one is named.
    fn next(self, state: Value, asked: Option<u64>, now_ms: u64) -> Result<Self, Fault> {
        let current = self.version;
        // Who creates a shadow knows no version: 0 stands for that also while an earlier one is remembered.
        let creates = self.is_deleted() && asked == Some(0);
        if let Some(asked) = asked.filter(|asked| *asked != current && !creates) {
            return Err(Fault::VersionConflict { asked, current });
        }
        let version = current.checked_add(1).filter(|version| *version <= VERSION);
        let version = version.ok_or(Fault::InvalidVersion)?;
        let mut document = self.document.unwrap_or_default();
        if let Value::Object(sections) = state {
            for (name, asked) in sections {
                document.merge(&name, asked, now_ms / 1000);
            }
        }
        Ok(Self { version, changed_at_ms: now_ms, document: Some(document) })
    }
}

impl Document {
    pub(crate) fn merge(&mut self, section: &str, asked: Value, at_s: u64) {
        let section = if section == "desired" { &mut self.desired } else { &mut self.reported };
        match asked {
            Value::Object(asked) => section::merge(section, asked, at_s),
            _ => *section = Fields::default(),
        }
    }

    pub(crate) fn sections(&self) -> [(&'static str, &Section); 2] {
        [("desired", &self.desired), ("reported", &self.reported)]
    }
}

/// A document's texts, written once for all messages they stand in.
#[derive(Default)]
struct Texts {
    /// `{"desired":…,"reported":…` without the brace that closes it.
    state: String,
    metadata: String,
    state_bytes: usize,
}

impl Texts {
    /// Without the metadata where they are not asked for.
    fn of(stored: &Stored, with_metadata: bool) -> Option<Self> {
        let document = stored.document.as_ref()?;
        let (mut state, mut metadata) = (String::from("{"), String::from("{"));
        let mut state_bytes = 0;
        // A section without members does not exist.
        for (name, section) in document.sections().into_iter().filter(|(_, section)| !section.is_empty()) {
            for out in [&mut state, &mut metadata] {
                out.push_str(if out.len() > 1 { ",\"" } else { "\"" });
                out.push_str(name);
                out.push_str("\":");
            }
            let before = state.len();
            section::write_state(section, &mut state);
            state_bytes += state.len() - before;
            if with_metadata {
                section::write_metadata(section, &mut metadata);
            }
        }
        metadata.push('}');
        Some(Self { state, metadata, state_bytes })
    }

    fn write_state(&self, delta: Option<&Delta<'_>>, out: &mut String) {
        out.push_str(&self.state);
        if let Some(delta) = delta {
            out.push_str(",\"delta\":");
            delta.write_state(out);
        }
        out.push('}');
    }

    fn write(&self, version: u64, out: &mut String) {
        out.push_str("{\"state\":");
        self.write_state(None, out);
        out.push_str(",\"metadata\":");
        out.push_str(&self.metadata);
        out.push_str(",\"version\":");
        write_count(version, out);
        out.push('}');
    }
}

/// The state as it was asked for, nulls too, and as a text.
struct Asked<'a> {
    value: Value,
    text: String,
    version: Option<u64>,
    token: Option<&'a str>,
}

impl Asked<'_> {
    fn of(value: Value) -> Self {
        let mut text = String::new();
        match value {
            Value::Object(_) => value.write(&mut text),
            _ => text.push_str("{}"),
        }
        Self { value, text, version: None, token: None }
    }

    fn check(&self, limits: &Limits) -> Result<(), Fault> {
        let (bytes, most) = (self.text.len(), limits.document_bytes.saturating_mul(REQUEST_PARTS));
        if bytes > most { Err(Fault::StateTooLarge { bytes, most }) } else { Ok(()) }
    }
}

fn write_end(out: &mut String, now_s: u64, client_token: Option<&str>) {
    out.push_str(",\"timestamp\":");
    write_count(now_s, out);
    write_token(out, client_token);
}

fn write_token(out: &mut String, client_token: Option<&str>) {
    if let Some(token) = client_token {
        out.push_str(",\"clientToken\":");
        write_text(token, out);
    }
    out.push('}');
}
