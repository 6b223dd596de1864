//! A message that woke rules, as one line of JSON to keep and to replay: written here, and read again. Evaluates nothing.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use message::{Message, Properties, QoS, Topic};
use serde::{Deserialize, Serialize};
use sql::limits::OUTPUT_BYTES;

use crate::fire::Outcome;
use crate::occasion::{Occasion, Source};

/// A message with what its rules came to.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub occasion: Occasion,
    pub came: Vec<Came>,
}

/// What one rule came to, in a word and in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Came {
    pub rule: Arc<str>,
    pub result: Cow<'static, str>,
    pub text: String,
}

impl Came {
    pub fn of(rule: &Arc<str>, outcome: &Outcome) -> Came {
        let (result, text) = outcome.describe();
        Came { rule: rule.clone(), result: result.into(), text }
    }
}

/// Why a line is no recorded message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    #[error("it is not the JSON of a recorded message: {0}")]
    Json(String),
    #[error("its topic is none: {0}")]
    Topic(String),
    #[error("its qos {0} is none of 0, 1 and 2")]
    QoS(u8),
    #[error("its {0} is not base64: {1}")]
    Base64(&'static str, String),
    #[error("its payload has more than {OUTPUT_BYTES} bytes, the most that a message has on AWS")]
    TooLarge,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// The message's number.
    message: u64,
    at_ms: u64,
    topic: String,
    qos: u8,
    #[serde(default)]
    retain: bool,
    /// In base64.
    payload: String,
    client: Option<Arc<str>>,
    principal: Option<Arc<str>>,
    address: Option<Arc<str>>,
    account: Arc<str>,
    /// A text: not every reader of JSON keeps 64 bits.
    seed: String,
    #[serde(default)]
    hops: u8,
    publisher: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    properties: Option<Held>,
    #[serde(default)]
    outcomes: Vec<Came>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    payload_format: Option<u8>,
    message_expiry_s: Option<u32>,
    content_type: Option<String>,
    response_topic: Option<String>,
    correlation_data: Option<String>,
    user: Vec<(String, String)>,
}

impl Recorded {
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self.line()).expect("texts, numbers and lists can always be written")
    }

    fn line(&self) -> Line {
        let Occasion { message, source, account, seed, hops, root: _ } = &self.occasion;
        Line {
            message: message.id,
            at_ms: message.received_ms,
            topic: message.topic.to_string(),
            qos: message.qos as u8,
            retain: message.retain,
            payload: STANDARD.encode(&message.payload),
            client: source.client.clone(),
            principal: source.principal.clone(),
            address: source.address.clone(),
            account: account.clone(),
            seed: format!("{seed:016x}"),
            hops: *hops,
            publisher: message.publisher.clone(),
            properties: message.properties.as_deref().map(held),
            outcomes: self.came.clone(),
        }
    }

    /// # Errors
    /// The text is no line that was written here.
    pub fn parse(text: &str) -> Result<Recorded, NotRecorded> {
        let line: Line = serde_json::from_str(text).map_err(|error| NotRecorded::Json(error.to_string()))?;
        let payload = bytes("payload", &line.payload)?;
        if payload.len() > OUTPUT_BYTES {
            return Err(NotRecorded::TooLarge);
        }
        let seed = u64::from_str_radix(&line.seed, 16)
            .map_err(|_| NotRecorded::Json("its seed is no number of 16 hexadecimal digits".to_owned()))?;
        let message = Message {
            id: line.message,
            topic: Topic::parse(&line.topic).map_err(|error| NotRecorded::Topic(error.to_string()))?,
            payload,
            qos: match line.qos {
                0 => QoS::AtMostOnce,
                1 => QoS::AtLeastOnce,
                2 => QoS::ExactlyOnce,
                other => return Err(NotRecorded::QoS(other)),
            },
            retain: line.retain,
            properties: line.properties.map(properties).transpose()?.map(Arc::new),
            publisher: line.publisher,
            received_ms: line.at_ms,
            expires_ms: None,
        };
        let source = Source { client: line.client, principal: line.principal, address: line.address };
        let (root, message) = (message.id, Arc::new(message));
        let occasion = Occasion { message, source, account: line.account, seed, hops: line.hops, root };
        Ok(Recorded { occasion, came: line.outcomes })
    }

    /// About how many bytes it holds.
    pub fn weight(&self) -> usize {
        let message = &self.occasion.message;
        let came: usize = self.came.iter().map(|came| 64 + came.text.len()).sum();
        400 + message.payload.len() + message.topic.len() + came
    }
}

fn bytes(what: &'static str, text: &str) -> Result<Bytes, NotRecorded> {
    let decoded = STANDARD.decode(text).map_err(|error| NotRecorded::Base64(what, error.to_string()))?;
    Ok(Bytes::from(decoded))
}

fn held(properties: &Properties) -> Held {
    Held {
        payload_format: properties.payload_format,
        message_expiry_s: properties.message_expiry_s,
        content_type: properties.content_type.clone(),
        response_topic: properties.response_topic.clone(),
        correlation_data: properties.correlation_data.as_ref().map(|data| STANDARD.encode(data)),
        user: properties.user.clone(),
    }
}

fn properties(held: Held) -> Result<Properties, NotRecorded> {
    let correlation = held.correlation_data.map(|data| bytes("correlation_data", &data)).transpose()?;
    Ok(Properties {
        payload_format: held.payload_format,
        message_expiry_s: held.message_expiry_s,
        content_type: held.content_type,
        response_topic: held.response_topic,
        correlation_data: correlation,
        user: held.user,
    })
}
