//! A message on its way: a publish with its sender and times in, its age and stored bytes out; it does not say who receives it.

use std::sync::Arc;

use bytes::Bytes;

use crate::{Properties, QoS, StoredMessageError, Topic, stored};

/// One publish, as it was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub id: u64,
    pub topic: Topic,
    pub payload: Bytes,
    pub qos: QoS,
    pub retain: bool,
    pub properties: Option<Arc<Properties>>,
    /// The client id of the sender.
    pub publisher: Arc<str>,
    /// Wall clock, milliseconds since 1970.
    pub received_ms: u64,
    /// Wall clock; from here on the message is not delivered.
    pub expires_ms: Option<u64>,
}

impl Message {
    pub fn to_bytes(&self) -> Vec<u8> {
        stored::encode(self)
    }

    /// Reads what `to_bytes` wrote; the payload is a slice of the given bytes.
    pub fn from_bytes(bytes: &Bytes) -> Result<Self, StoredMessageError> {
        stored::decode(bytes)
    }

    /// Whole seconds left, rounded up, so that a message delivered at once keeps the interval it came with.
    pub fn remaining_expiry_s(&self, now_ms: u64) -> Option<u32> {
        let left_s = self.expires_ms?.saturating_sub(now_ms).div_ceil(1000);
        Some(u32::try_from(left_s).unwrap_or(u32::MAX))
    }

    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_ms.is_some_and(|expires_ms| expires_ms <= now_ms)
    }
}
