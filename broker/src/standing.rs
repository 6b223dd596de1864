//! What is kept of a thing's connectivity: since when it is connected, or since when and why it is not. Bytes and back.

use serde_json::{Value, json};

use crate::presence::DisconnectReason;
use crate::session::{Connection, StoredError};

/// The client with a thing's name, as it is or as it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub since_ms: u64,
    /// `None` while it is connected.
    pub ended: Option<DisconnectReason>,
    pub address: String,
    pub keep_alive_s: u16,
    pub is_clean: bool,
    pub session_expiry_s: u32,
}

impl Standing {
    pub fn connected(connection: &Connection, session_expiry_s: u32) -> Standing {
        Standing {
            since_ms: connection.connected_ms,
            ended: None,
            address: connection.address.to_string(),
            keep_alive_s: connection.keep_alive_s,
            is_clean: connection.is_clean,
            session_expiry_s,
        }
    }

    #[must_use]
    pub fn ended(self, reason: DisconnectReason, at_ms: u64) -> Standing {
        Standing { ended: Some(reason), since_ms: at_ms, ..self }
    }

    pub fn encode(&self) -> Vec<u8> {
        let record = json!({
            "format": 1,
            "since_ms": self.since_ms,
            "ended": self.ended.map(DisconnectReason::as_str),
            "address": self.address,
            "keep_alive_s": self.keep_alive_s,
            "is_clean": self.is_clean,
            "session_expiry_s": self.session_expiry_s,
        });
        record.to_string().into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Standing, StoredError> {
        let fail = |why: String| StoredError { what: "connectivity", why };
        let value: Value = serde_json::from_slice(bytes).map_err(|error| fail(error.to_string()))?;
        let number = |name: &str| {
            value.get(name).and_then(Value::as_u64).ok_or_else(|| fail(format!("{name} is not a number")))
        };
        if number("format")? != 1 {
            return Err(fail("it has a newer format: use the version that wrote it".to_owned()));
        }
        let ended = match value.get("ended").and_then(Value::as_str) {
            None => None,
            Some(name) => {
                let reason = DisconnectReason::ALL.into_iter().find(|reason| reason.as_str() == name);
                Some(reason.ok_or_else(|| fail(format!("{name} is no reason")))?)
            }
        };
        Ok(Standing {
            since_ms: number("since_ms")?,
            ended,
            address: value.get("address").and_then(Value::as_str).unwrap_or_default().to_owned(),
            keep_alive_s: u16::try_from(number("keep_alive_s")?).unwrap_or(u16::MAX),
            is_clean: value.get("is_clean").and_then(Value::as_bool).unwrap_or(false),
            session_expiry_s: u32::try_from(number("session_expiry_s")?).unwrap_or(u32::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connectivity_reads_back_whole() {
        let mut standing = Standing::connected(&Connection::default(), 60);
        assert_eq!(Standing::decode(&standing.encode()), Ok(standing.clone()));
        for reason in DisconnectReason::ALL {
            standing = standing.ended(reason, 7);
            assert_eq!(Standing::decode(&standing.encode()), Ok(standing.clone()));
        }
        for broken in ["", "{}", r#"{"format":2}"#, r#"{"format":1,"since_ms":1,"ended":"?"}"#] {
            assert!(Standing::decode(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
