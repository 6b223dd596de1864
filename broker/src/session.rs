//! Sessions: what is known of a client between and during its connections, in memory and as stored.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use message::{Filter, Message, QoS};
use mqtt::Version;
use serde_json::{Value, json};

use crate::ScopeId;
use crate::mailbox::Mailbox;

/// A session's number: never used twice, also not after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// A client's session.
#[derive(Debug)]
pub struct Session<L> {
    pub id: SessionId,
    pub scope: ScopeId,
    pub client: Arc<str>,
    pub version: Version,
    /// Kept after its connection ends: subscriptions and mailbox are on disk.
    pub persistent: bool,
    pub expiry_s: u32,
    pub link: Option<L>,
    pub offline_since_ms: Option<u64>,
    pub subscriptions: BTreeMap<String, Subscription>,
    pub will: Option<Will>,
    pub mailbox: Mailbox,
    /// QoS 2 packet ids received from the client and not yet released by it.
    pub held: BTreeSet<u16>,
    /// What presence events say of the live connection.
    pub connection: Connection,
}

/// Facts about the live (or last) connection.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    pub principal: Arc<str>,
    pub thing: Option<Arc<str>>,
    pub address: Arc<str>,
    pub identifier: String,
    pub presence_version: u64,
    pub connected_ms: u64,
    pub keep_alive_s: u16,
    pub is_clean: bool,
    /// The registry has a thing of the client's name.
    pub is_thing: bool,
}

/// One filter a session subscribes to.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub filter: Filter,
    pub qos: QoS,
    pub no_local: bool,
    pub retain_as_published: bool,
    pub subscription_id: u32,
}

/// What is published for a client that goes without saying goodbye.
#[derive(Debug, Clone)]
pub struct Will {
    pub message: Arc<Message>,
    pub delay_s: u32,
    /// Set while the delay runs.
    pub due_ms: Option<u64>,
}

/// All sessions of all scopes.
#[derive(Debug)]
pub struct Sessions<L> {
    by_id: BTreeMap<SessionId, Session<L>>,
    by_client: HashMap<(ScopeId, Arc<str>), SessionId>,
}

impl<L> Default for Sessions<L> {
    fn default() -> Self {
        Sessions { by_id: BTreeMap::new(), by_client: HashMap::new() }
    }
}

impl<L> Sessions<L> {
    pub fn get(&self, id: SessionId) -> Option<&Session<L>> {
        self.by_id.get(&id)
    }

    pub fn get_mut(&mut self, id: SessionId) -> Option<&mut Session<L>> {
        self.by_id.get_mut(&id)
    }

    pub fn of_client(&self, scope: ScopeId, client: &str) -> Option<SessionId> {
        self.by_client.get(&(scope, Arc::from(client))).copied()
    }

    pub fn insert(&mut self, session: Session<L>) {
        self.by_client.insert((session.scope, session.client.clone()), session.id);
        self.by_id.insert(session.id, session);
    }

    pub fn remove(&mut self, id: SessionId) -> Option<Session<L>> {
        let session = self.by_id.remove(&id)?;
        let key = (session.scope, session.client.clone());
        if self.by_client.get(&key) == Some(&id) {
            self.by_client.remove(&key);
        }
        Some(session)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Session<L>> {
        self.by_id.values()
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

/// What is kept on disk of a persistent session, beside its subscriptions and its mailbox.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSession {
    pub id: SessionId,
    pub version: Version,
    pub expiry_s: u32,
    pub will: Option<StoredWill>,
    pub held: BTreeSet<u16>,
}

/// A will on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredWill {
    pub message: Vec<u8>,
    pub delay_s: u32,
}

/// Why a stored document is not a session or a subscription.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stored {what} cannot be read: {why}")]
pub struct StoredError {
    pub what: &'static str,
    pub why: String,
}

impl StoredSession {
    pub fn encode(&self) -> Vec<u8> {
        let will = self.will.as_ref().map(|w| json!({ "message": hex(&w.message), "delay_s": w.delay_s }));
        json!({
            "format": 1,
            "id": self.id.0,
            "version": version_number(self.version),
            "expiry_s": self.expiry_s,
            "will": will,
            "held": self.held,
        })
        .to_string()
        .into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<StoredSession, StoredError> {
        let fail = |why: &str| StoredError { what: "session", why: why.into() };
        let value: Value = serde_json::from_slice(bytes).map_err(|e| fail(&e.to_string()))?;
        check_format(&value, "session")?;
        let will = match value.get("will") {
            None | Some(Value::Null) => None,
            Some(will) => Some(StoredWill {
                message: unhex(will.get("message").and_then(Value::as_str).unwrap_or_default())
                    .ok_or_else(|| fail("will.message is not hexadecimal"))?,
                delay_s: number(will, "delay_s", "session")?,
            }),
        };
        let held = value.get("held").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Ok(StoredSession {
            id: SessionId(value.get("id").and_then(Value::as_u64).ok_or_else(|| fail("id is missing"))?),
            version: version_of(number(&value, "version", "session")?)
                .ok_or_else(|| fail("unknown version"))?,
            expiry_s: number(&value, "expiry_s", "session")?,
            will,
            held: held.iter().filter_map(|v| u16::try_from(v.as_u64()?).ok()).collect(),
        })
    }
}

impl Subscription {
    pub fn encode(&self) -> Vec<u8> {
        json!({
            "format": 1,
            "filter": self.filter.as_str(),
            "qos": self.qos as u8,
            "no_local": self.no_local,
            "retain_as_published": self.retain_as_published,
            "subscription_id": self.subscription_id,
        })
        .to_string()
        .into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Subscription, StoredError> {
        let fail = |why: String| StoredError { what: "subscription", why };
        let value: Value = serde_json::from_slice(bytes).map_err(|e| fail(e.to_string()))?;
        check_format(&value, "subscription")?;
        let filter = value.get("filter").and_then(Value::as_str).unwrap_or_default();
        let qos: u32 = number(&value, "qos", "subscription")?;
        let flag = |name: &str| value.get(name).and_then(Value::as_bool).unwrap_or(false);
        Ok(Subscription {
            filter: Filter::parse(filter).map_err(|e| fail(e.to_string()))?,
            qos: u8::try_from(qos)
                .ok()
                .and_then(QoS::from_u8)
                .ok_or_else(|| fail("qos is not 0 to 2".into()))?,
            no_local: flag("no_local"),
            retain_as_published: flag("retain_as_published"),
            subscription_id: number(&value, "subscription_id", "subscription")?,
        })
    }
}

fn check_format(value: &Value, what: &'static str) -> Result<(), StoredError> {
    match value.get("format").and_then(Value::as_u64) {
        Some(1) => Ok(()),
        other => Err(StoredError {
            what,
            why: format!("format {other:?}; this version reads format 1: use the version that wrote it"),
        }),
    }
}

fn number(value: &Value, name: &str, what: &'static str) -> Result<u32, StoredError> {
    let number = value.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    number.ok_or_else(|| StoredError { what, why: format!("{name} is not a number below 2^32") })
}

fn version_number(version: Version) -> u32 {
    match version {
        Version::V31 => 3,
        Version::V311 => 4,
        Version::V5 => 5,
    }
}

fn version_of(number: u32) -> Option<Version> {
    match number {
        3 => Some(Version::V31),
        4 => Some(Version::V311),
        5 => Some(Version::V5),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_session_reads_back_whole() {
        let stored = StoredSession {
            id: SessionId(u64::MAX >> 1),
            version: Version::V5,
            expiry_s: u32::MAX,
            will: Some(StoredWill { message: vec![0, 255, 7], delay_s: 9 }),
            held: BTreeSet::from([1, 65535]),
        };
        assert_eq!(StoredSession::decode(&stored.encode()), Ok(stored));
    }

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let refused = StoredSession::decode(br#"{"format":2}"#).expect_err("refused");
        assert!(refused.to_string().contains("use the version that wrote it"), "{refused}");
    }
}
