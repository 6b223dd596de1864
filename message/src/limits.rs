//! The quotas of AWS IoT: a topic, filter or client id in, the quota it exceeds out; it counts nothing over time.

use crate::{Filter, Properties, Reserved};

/// Topic or filter length, UTF-8; AWS: "maximum topic size".
pub const TOPIC_BYTES: usize = 256;
/// Slashes in a topic or filter; AWS: "maximum number of slashes in topic and topic filter".
pub const TOPIC_SLASHES: usize = 7;
/// AWS: "message size", 128 KiB.
pub const PAYLOAD_BYTES: usize = 131_072;
/// AWS: "maximum subscriptions per subscribe request".
pub const FILTERS_PER_SUBSCRIBE: usize = 8;
/// AWS: "subscriptions per connection", adjustable there.
pub const SUBSCRIPTIONS_PER_CONNECTION: usize = 50;
/// AWS: "client ID size".
pub const CLIENT_ID_BYTES: usize = 128;
/// AWS: the share name of a shared subscription.
pub const SHARE_NAME_CHARS: usize = 128;
/// AWS: shared subscription groups per account, adjustable there.
pub const SHARE_GROUPS_PER_ACCOUNT: usize = 100;
/// AWS: shared subscriptions per group, adjustable there.
pub const SUBSCRIPTIONS_PER_SHARE_GROUP: usize = 100;
/// AWS: keep alive; a shorter one (but 0) is raised to this.
pub const KEEP_ALIVE_MIN_S: u16 = 30;
/// AWS: keep alive; a longer one, and 0, becomes this.
pub const KEEP_ALIVE_MAX_S: u16 = 1200;
/// AWS: "maximum inbound unacknowledged publish requests", and the same outbound.
pub const IN_FLIGHT: u16 = 100;
/// AWS: publish requests per second per connection, each way.
pub const PUBLISHES_PER_CONNECTION_PER_S: usize = 100;
/// AWS: throughput per second per connection.
pub const THROUGHPUT_PER_CONNECTION_BYTES_PER_S: usize = 524_288;
/// AWS: topic aliases per connection, each way.
pub const TOPIC_ALIASES: u16 = 8;
/// AWS: "MQTT5 maximum packet size", 146 KiB.
pub const PACKET_BYTES: u32 = 149_504;
/// AWS: smallest Maximum Packet Size a client may ask for.
pub const PACKET_MIN_BYTES: u32 = 512;
/// AWS: MQTT 5 message expiry, seven days.
pub const MESSAGE_EXPIRY_S: u32 = 604_800;
/// AWS: persistent session expiry, as an account starts out.
pub const SESSION_EXPIRY_S: u32 = 3600;
/// AWS: persistent session expiry, as far as an account can raise it.
pub const SESSION_EXPIRY_MAX_S: u32 = 604_800;
/// AWS: MQTT 5 content type.
pub const CONTENT_TYPE_BYTES: usize = 256;
/// AWS: MQTT 5 correlation data.
pub const CORRELATION_DATA_BYTES: usize = 8192;
/// AWS: MQTT 5 user properties of one packet, names and values together.
pub const USER_PROPERTIES_BYTES: usize = 8192;
/// AWS: retained messages per account, adjustable there.
pub const RETAINED_PER_ACCOUNT: usize = 500_000;
/// The longest user name MQTT can carry; AWS sets no lower quota.
pub const USER_NAME_BYTES: usize = 65_535;

/// A quota of AWS IoT that something exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject} has {actual} {unit}; AWS IoT allows {limit}")]
pub struct LimitExceeded {
    /// The quota's name in this module.
    pub name: &'static str,
    pub limit: usize,
    pub actual: usize,
    /// What is too large, as a sentence starts with it: "the topic".
    pub subject: &'static str,
    /// What is counted: "slashes".
    pub unit: &'static str,
}

/// The `$aws/rules/NAME/` of Basic Ingest does not count.
pub fn check_topic(topic: &str) -> Result<(), LimitExceeded> {
    check_levels("the topic", counted(topic))
}

/// The `$share/NAME/` of a shared subscription does not count.
pub fn check_filter(filter: &Filter) -> Result<(), LimitExceeded> {
    if let Some(name) = filter.share() {
        check("SHARE_NAME_CHARS", "the share name", "characters", name.chars().count(), SHARE_NAME_CHARS)?;
    }
    check_levels("the filter", counted(filter.pattern()))
}

pub fn check_client_id(client_id: &str) -> Result<(), LimitExceeded> {
    check("CLIENT_ID_BYTES", "the client id", "bytes", client_id.len(), CLIENT_ID_BYTES)
}

pub fn check_payload(payload: &[u8]) -> Result<(), LimitExceeded> {
    check("PAYLOAD_BYTES", "the payload", "bytes", payload.len(), PAYLOAD_BYTES)
}

/// What AWS allows in the properties of one message.
pub fn check_properties(properties: &Properties) -> Result<(), LimitExceeded> {
    let content_type = properties.content_type.as_ref().map_or(0, String::len);
    check("CONTENT_TYPE_BYTES", "the content type", "bytes", content_type, CONTENT_TYPE_BYTES)?;
    let correlation_data = properties.correlation_data.as_ref().map_or(0, |data| data.len());
    check(
        "CORRELATION_DATA_BYTES",
        "the correlation data",
        "bytes",
        correlation_data,
        CORRELATION_DATA_BYTES,
    )?;
    let user = properties.user.iter().map(|(name, value)| name.len() + value.len()).sum();
    check("USER_PROPERTIES_BYTES", "the user properties", "bytes", user, USER_PROPERTIES_BYTES)
}

fn counted(levels: &str) -> &str {
    match Reserved::parse(levels) {
        Some(Reserved::BasicIngest { rest, .. }) => rest,
        _ => levels,
    }
}

fn check_levels(subject: &'static str, levels: &str) -> Result<(), LimitExceeded> {
    check("TOPIC_BYTES", subject, "bytes", levels.len(), TOPIC_BYTES)?;
    let slashes = levels.bytes().filter(|byte| *byte == b'/').count();
    check("TOPIC_SLASHES", subject, "slashes", slashes, TOPIC_SLASHES)
}

fn check(
    name: &'static str,
    subject: &'static str,
    unit: &'static str,
    actual: usize,
    limit: usize,
) -> Result<(), LimitExceeded> {
    if actual > limit { Err(LimitExceeded { name, limit, actual, subject, unit }) } else { Ok(()) }
}
