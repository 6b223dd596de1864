//! What a statement is evaluated on: the message and the moment, handed in. Nothing is looked up from here.

use message::Properties;

use crate::need::{Answer, Need};

/// One message, as a rule sees it.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    pub payload: &'a [u8],
    /// What `topic()` says: without the prefix of Basic Ingest.
    pub topic: &'a str,
    /// None: the message did not come over MQTT.
    pub client_id: Option<&'a str>,
    pub principal: Option<&'a str>,
    pub source_ip: Option<&'a str>,
    pub account: &'a str,
    pub properties: Option<&'a Properties>,
    pub now_ms: u64,
    /// Where `rand()`, `newuuid()` and `traceid()` begin: the same seed gives the same values.
    pub seed: u64,
    /// What the outside has answered so far.
    pub answers: &'a [(Need, Answer)],
}

impl<'a> Input<'a> {
    /// A message of which nothing else is known.
    pub fn new(payload: &'a [u8], topic: &'a str) -> Input<'a> {
        Input {
            payload,
            topic,
            client_id: None,
            principal: None,
            source_ip: None,
            account: "",
            properties: None,
            now_ms: 0,
            seed: 0,
            answers: &[],
        }
    }
}
