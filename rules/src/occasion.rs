//! One message as rules see it, with everything that an evaluation may ask about; also as bytes, for later.

use std::sync::Arc;

use bytes::Bytes;
use message::{Message, Reserved};
use serde::{Deserialize, Serialize};
use sql::{Answer, Input, Need, mix};

use crate::stored::Unreadable;

/// Who published, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Source {
    /// None: the message did not come over MQTT.
    pub client: Option<Arc<str>>,
    pub principal: Option<Arc<str>>,
    /// The address without the port.
    pub address: Option<Arc<str>>,
}

/// A message and the moment it came.
#[derive(Debug, Clone)]
pub struct Occasion {
    pub message: Arc<Message>,
    pub source: Source,
    pub account: Arc<str>,
    /// Everything random in an evaluation follows from it.
    pub seed: u64,
    /// Republishes that lie between it and the message it all began with.
    pub hops: u8,
    /// The number of the message it all began with.
    pub root: u64,
}

/// The seed of a message's evaluations, from its number and the instance's own secret.
pub fn seed_of(message: u64, secret: u64) -> u64 {
    mix(message ^ mix(secret))
}

/// What `topic()` says of a topic: Basic Ingest's prefix is left out.
pub fn seen_topic(topic: &str) -> &str {
    match Reserved::parse(topic) {
        Some(Reserved::BasicIngest { rest, .. }) => rest,
        _ => topic,
    }
}

impl Occasion {
    pub fn input<'a>(&'a self, answers: &'a [(Need, Answer)]) -> Input<'a> {
        Input {
            payload: &self.message.payload,
            topic: seen_topic(&self.message.topic),
            client_id: self.source.client.as_deref(),
            principal: self.source.principal.as_deref(),
            source_ip: self.source.address.as_deref(),
            account: &self.account,
            properties: self.message.properties.as_deref(),
            now_ms: self.message.received_ms,
            seed: self.seed,
            answers,
        }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let (source, account) = (self.source.clone(), self.account.clone());
        let rest = Rest { source, account, seed: self.seed, hops: self.hops, root: self.root };
        let head = serde_json::to_vec(&rest).expect("texts and numbers can always be written");
        let mut bytes = u32::try_from(head.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
        bytes.extend(head);
        bytes.extend(self.message.to_bytes());
        bytes
    }

    /// # Errors
    /// The bytes are no occasion of this version.
    pub fn from_bytes(bytes: &Bytes) -> Result<Occasion, Unreadable> {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| cut_short("its length"))?;
        let length = u32::from_be_bytes(*length) as usize;
        let head = rest.get(..length).ok_or_else(|| cut_short("its head"))?;
        let Rest { source, account, seed, hops, root } =
            serde_json::from_slice(head).map_err(|error| Unreadable(error.to_string()))?;
        let message = Message::from_bytes(&bytes.slice(4 + length..));
        let message = Arc::new(message.map_err(|error| Unreadable(error.to_string()))?);
        Ok(Occasion { message, source, account, seed, hops, root })
    }
}

#[derive(Serialize, Deserialize)]
struct Rest {
    source: Source,
    account: Arc<str>,
    seed: u64,
    hops: u8,
    root: u64,
}

fn cut_short(what: &str) -> Unreadable {
    Unreadable(format!("{what} is cut short"))
}
