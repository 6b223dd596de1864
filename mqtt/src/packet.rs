//! The fifteen packets as values. Holds no bytes of the wire and checks nothing.

use bytes::Bytes;
use message::{Properties, QoS};

use crate::{ReasonCode, Version};

/// One packet. A PUBLISH borrows topic and payload from the bytes it was read from.
#[derive(Debug, Clone, PartialEq)]
pub enum Packet<'a> {
    Connect(Box<Connect>),
    Connack(Box<Connack>),
    Publish(Publish<'a>),
    Puback(Ack),
    Pubrec(Ack),
    Pubrel(Ack),
    Pubcomp(Ack),
    Subscribe(Subscribe),
    Suback(Suback),
    Unsubscribe(Unsubscribe),
    Unsuback(Unsuback),
    Pingreq,
    Pingresp,
    Disconnect(Disconnect),
    Auth(Auth),
}

impl Packet<'_> {
    /// The packet's name in the specification.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Connect(_) => "CONNECT",
            Self::Connack(_) => "CONNACK",
            Self::Publish(_) => "PUBLISH",
            Self::Puback(_) => "PUBACK",
            Self::Pubrec(_) => "PUBREC",
            Self::Pubrel(_) => "PUBREL",
            Self::Pubcomp(_) => "PUBCOMP",
            Self::Subscribe(_) => "SUBSCRIBE",
            Self::Suback(_) => "SUBACK",
            Self::Unsubscribe(_) => "UNSUBSCRIBE",
            Self::Unsuback(_) => "UNSUBACK",
            Self::Pingreq => "PINGREQ",
            Self::Pingresp => "PINGRESP",
            Self::Disconnect(_) => "DISCONNECT",
            Self::Auth(_) => "AUTH",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Publish<'a> {
    pub dup: bool,
    pub qos: QoS,
    pub retain: bool,
    /// Empty only in MQTT 5, when `topic_alias` stands for it.
    pub topic: &'a str,
    /// 0 for QoS 0.
    pub packet_id: u16,
    pub payload: &'a [u8],
    /// `None` when there are none, so that a plain message allocates nothing.
    pub properties: Option<Box<Properties>>,
    pub topic_alias: Option<u16>,
    pub subscription_ids: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Connect {
    pub version: Version,
    pub clean_start: bool,
    pub keep_alive_s: u16,
    pub client_id: String,
    pub will: Option<Will>,
    pub user_name: Option<String>,
    pub password: Option<Vec<u8>>,
    pub session_expiry_s: Option<u32>,
    pub receive_maximum: Option<u16>,
    pub maximum_packet_size: Option<u32>,
    pub topic_alias_maximum: Option<u16>,
    pub request_response_information: bool,
    /// True unless the client asked for bare reason codes.
    pub request_problem_information: bool,
    pub user: Vec<(String, String)>,
    pub authentication_method: Option<String>,
    pub authentication_data: Option<Bytes>,
}

impl Connect {
    /// A CONNECT with a clean start, no keep-alive and nothing optional.
    pub fn new(version: Version, client_id: impl Into<String>) -> Self {
        Self {
            version,
            clean_start: true,
            keep_alive_s: 0,
            client_id: client_id.into(),
            will: None,
            user_name: None,
            password: None,
            session_expiry_s: None,
            receive_maximum: None,
            maximum_packet_size: None,
            topic_alias_maximum: None,
            request_response_information: false,
            request_problem_information: true,
            user: Vec::new(),
            authentication_method: None,
            authentication_data: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Will {
    pub topic: String,
    pub payload: Bytes,
    pub qos: QoS,
    pub retain: bool,
    pub delay_s: u32,
    pub properties: Option<Box<Properties>>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Connack {
    pub session_present: bool,
    /// Written as the nearest return code for 3.x.
    pub reason: ReasonCode,
    pub session_expiry_s: Option<u32>,
    pub receive_maximum: Option<u16>,
    pub maximum_qos: Option<u8>,
    pub retain_available: Option<bool>,
    pub maximum_packet_size: Option<u32>,
    pub assigned_client_id: Option<String>,
    pub topic_alias_maximum: Option<u16>,
    pub reason_string: Option<String>,
    pub user: Vec<(String, String)>,
    pub wildcard_available: Option<bool>,
    pub subscription_ids_available: Option<bool>,
    pub shared_available: Option<bool>,
    pub server_keep_alive_s: Option<u16>,
    pub response_information: Option<String>,
    pub server_reference: Option<String>,
    pub authentication_method: Option<String>,
    pub authentication_data: Option<Bytes>,
}

/// PUBACK, PUBREC, PUBREL and PUBCOMP.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ack {
    pub packet_id: u16,
    pub reason: ReasonCode,
    pub reason_string: Option<Box<str>>,
    pub user: Vec<(String, String)>,
}

impl Ack {
    pub const fn new(packet_id: u16, reason: ReasonCode) -> Self {
        Self { packet_id, reason, reason_string: None, user: Vec::new() }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Subscribe {
    pub packet_id: u16,
    pub subscription_id: Option<u32>,
    pub filters: Vec<SubscribeFilter>,
    pub user: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SubscribeFilter {
    pub filter: String,
    pub qos: QoS,
    pub no_local: bool,
    pub retain_as_published: bool,
    /// 0: send retained messages, 1: only for a new subscription, 2: never.
    pub retain_handling: u8,
}

impl SubscribeFilter {
    pub fn new(filter: impl Into<String>, qos: QoS) -> Self {
        Self { filter: filter.into(), qos, no_local: false, retain_as_published: false, retain_handling: 0 }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Suback {
    pub packet_id: u16,
    /// One per filter. Every error is written as 0x80 for 3.x.
    pub codes: Vec<ReasonCode>,
    pub reason_string: Option<String>,
    pub user: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Unsubscribe {
    pub packet_id: u16,
    pub filters: Vec<String>,
    pub user: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Unsuback {
    pub packet_id: u16,
    /// One per filter; 3.x has none on the wire.
    pub codes: Vec<ReasonCode>,
    pub reason_string: Option<String>,
    pub user: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Disconnect {
    pub reason: ReasonCode,
    pub session_expiry_s: Option<u32>,
    pub reason_string: Option<String>,
    pub user: Vec<(String, String)>,
    pub server_reference: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Auth {
    pub reason: ReasonCode,
    pub authentication_method: Option<String>,
    pub authentication_data: Option<Bytes>,
    pub reason_string: Option<String>,
    pub user: Vec<(String, String)>,
}
