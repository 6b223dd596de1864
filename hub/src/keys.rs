//! Keys in the store: scope first, then what it is, then its name, separated by NUL, which no name contains.

use broker::SessionId;
use store::{ReadError, Reader};

/// `ACCOUNT/REGION`, the beginning of every key of a scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ScopeKey(pub String);

impl ScopeKey {
    fn key(&self, kind: &str, parts: &[&[u8]]) -> Vec<u8> {
        let mut key = Vec::with_capacity(
            self.0.len() + kind.len() + 2 + parts.iter().map(|p| p.len() + 1).sum::<usize>(),
        );
        key.extend_from_slice(self.0.as_bytes());
        key.push(0);
        key.extend_from_slice(kind.as_bytes());
        for part in parts {
            key.push(0);
            key.extend_from_slice(part);
        }
        key
    }

    pub fn session(&self, client: &str) -> Vec<u8> {
        self.key("session", &[client.as_bytes()])
    }

    pub fn sessions(&self) -> Vec<u8> {
        self.key("session", &[b""])
    }

    pub fn subscription(&self, client: &str, filter: &str) -> Vec<u8> {
        self.key("subscription", &[client.as_bytes(), filter.as_bytes()])
    }

    pub fn subscriptions(&self) -> Vec<u8> {
        self.key("subscription", &[b""])
    }

    pub fn retained(&self, topic: &str) -> Vec<u8> {
        self.key("retained", &[topic.as_bytes()])
    }

    pub fn all_retained(&self) -> Vec<u8> {
        self.key("retained", &[b""])
    }

    pub fn all_shadows(&self) -> Vec<u8> {
        self.key("shadow", &[b""])
    }

    /// `name` is empty for the classic shadow.
    pub fn shadow(&self, thing: &str, name: &str) -> Vec<u8> {
        self.key("shadow", &[thing.as_bytes(), name.as_bytes()])
    }

    pub fn shadows_of(&self, thing: &str) -> Vec<u8> {
        self.key("shadow", &[thing.as_bytes(), b""])
    }

    /// The same for what follows [`ScopeKey::all_shadows`] in a shadow's key.
    pub fn history_of_shadow(&self, which: &[u8]) -> Vec<u8> {
        self.key("shadow-history", &[which])
    }

    /// A log: who changed the shadow when.
    pub fn shadow_history(&self, thing: &str, name: &str) -> Vec<u8> {
        self.key("shadow-history", &[thing.as_bytes(), name.as_bytes()])
    }

    pub fn rule(&self, name: &str) -> Vec<u8> {
        self.key("rule", &[name.as_bytes()])
    }

    pub fn rules(&self) -> Vec<u8> {
        self.key("rule", &[b""])
    }

    pub fn rule_destination(&self, id: &str) -> Vec<u8> {
        self.key("rule-destination", &[id.as_bytes()])
    }

    pub fn rule_destinations(&self) -> Vec<u8> {
        self.key("rule-destination", &[b""])
    }

    /// A log: what rules left for outside.
    pub fn rule_jobs(&self) -> Vec<u8> {
        self.key("rule-jobs", &[])
    }

    /// A log: what rules could not do and nobody else was told of.
    pub fn rule_letters(&self) -> Vec<u8> {
        self.key("rule-letters", &[])
    }

    /// What is kept of the connectivity of the thing with this client's name.
    pub fn standing(&self, client: &str) -> Vec<u8> {
        self.key("standing", &[client.as_bytes()])
    }

    pub fn standings(&self) -> Vec<u8> {
        self.key("standing", &[b""])
    }

    pub fn mailbox(&self, session: SessionId) -> Vec<u8> {
        self.key("mailbox", &[&session.0.to_be_bytes()])
    }

    pub fn mailboxes(&self) -> Vec<u8> {
        self.key("mailbox", &[b""])
    }

    /// QoS 2: the client has this message and waits for PUBREL.
    pub fn released(&self, session: SessionId, seq: u64) -> Vec<u8> {
        self.key("released", &[&session.0.to_be_bytes(), &seq.to_be_bytes()])
    }

    pub fn all_released(&self) -> Vec<u8> {
        self.key("released", &[b""])
    }
}

/// Every account and region that the store has a document of.
///
/// # Errors
/// The store cannot be read.
pub fn stored_scopes(reader: &dyn Reader) -> Result<Vec<String>, ReadError> {
    let mut found = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = reader.scan(b"", after.as_deref(), 1)?;
        let Some((key, _)) = page.into_iter().next() else { return Ok(found) };
        let mut scope: Vec<u8> = key.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
        if let Ok(text) = std::str::from_utf8(&scope)
            && text.contains('/')
        {
            found.push(text.to_owned());
        }
        // Behind everything of this scope.
        scope.push(1);
        after = Some(scope);
    }
}

/// Whether the store takes a key of this length: a batch with a longer one would be refused as a whole.
pub fn fits(key: &[u8]) -> bool {
    key.len() <= store::limits::KEY_BYTES
}

/// The session number at the end of a mailbox's key.
pub fn session_of_mailbox(key: &[u8]) -> Option<SessionId> {
    Some(SessionId(u64::from_be_bytes(key.last_chunk::<8>().copied()?)))
}

/// Session and message number at the end of a `released` key.
pub fn parts_of_released(key: &[u8]) -> Option<(SessionId, u64)> {
    let (rest, seq) = key.split_last_chunk::<8>()?;
    let (_, session) = rest.split_last()?.1.split_last_chunk::<8>()?;
    Some((SessionId(u64::from_be_bytes(*session)), u64::from_be_bytes(*seq)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_back_from_keys() {
        let scope = ScopeKey("000000000000/us-east-1".into());
        assert_eq!(session_of_mailbox(&scope.mailbox(SessionId(7))), Some(SessionId(7)));
        assert_eq!(parts_of_released(&scope.released(SessionId(7), 300)), Some((SessionId(7), 300)));
        assert!(scope.session("a").starts_with(&scope.sessions()));
    }
}
