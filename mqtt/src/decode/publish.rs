//! The body of a PUBLISH in, the packet out, borrowing topic and payload. Resolves no topic alias.

use message::{Properties, QoS};

use super::body::Body;
use super::property::{Property, PropertyReader};
use super::{DecodeError, MALFORMED, PROTOCOL};
use crate::Publish;

const TOPIC: &str =
    "the topic name is empty or holds + or #; publish to one exact topic [5.0 section 3.3.2.1]";

#[inline]
pub(crate) fn publish<'a>(first: u8, mut body: Body<'a>, v5: bool) -> Result<Publish<'a>, DecodeError> {
    let dup = first & 0x08 != 0;
    let Some(qos) = QoS::from_u8(first >> 1 & 3) else {
        return Err(body.error(MALFORMED, "the QoS is 3; use 0, 1 or 2 [5.0 section 3.3.1.2]"));
    };
    if dup && qos == QoS::AtMostOnce {
        return Err(body.error(MALFORMED, "DUP is set on a QoS 0 message [5.0 section 3.3.1.1]"));
    }
    let topic = if v5 { body.topic_or_empty(TOPIC)? } else { body.topic(TOPIC)? };
    let packet_id = if qos == QoS::AtMostOnce { 0 } else { body.packet_id()? };
    let mut publish = Publish {
        dup,
        qos,
        retain: first & 1 != 0,
        topic,
        packet_id,
        payload: &[],
        properties: None,
        topic_alias: None,
        subscription_ids: Vec::new(),
    };
    if v5 {
        read_properties(&mut publish, &mut body)?;
        if topic.is_empty() && publish.topic_alias.is_none() {
            return Err(
                body.error(PROTOCOL, "neither a topic name nor a topic alias is given [5.0 section 3.3.2.1]")
            );
        }
    }
    publish.payload = body.rest();
    Ok(publish)
}

fn read_properties<'a>(publish: &mut Publish<'a>, body: &mut Body<'a>) -> Result<(), DecodeError> {
    let mut reader = PropertyReader::of(body)?;
    while let Some(property) = reader.next()? {
        match property {
            Property::TopicAlias(alias) => publish.topic_alias = Some(alias),
            Property::SubscriptionId(id) => publish.subscription_ids.push(id),
            other => {
                let properties = publish.properties.get_or_insert_default();
                if !put(properties, other) {
                    return reader.misplaced();
                }
            }
        }
    }
    Ok(())
}

/// Puts a property of a message into `properties`. False: it is not one.
pub(crate) fn put(properties: &mut Properties, property: Property<'_>) -> bool {
    match property {
        Property::PayloadFormat(format) => properties.payload_format = Some(format),
        Property::MessageExpiry(expiry_s) => properties.message_expiry_s = Some(expiry_s),
        Property::ContentType(text) => properties.content_type = Some(text.to_owned()),
        Property::ResponseTopic(topic) => properties.response_topic = Some(topic.to_owned()),
        Property::CorrelationData(data) => {
            properties.correlation_data = Some(bytes::Bytes::copy_from_slice(data));
        }
        Property::User(name, value) => properties.user.push((name.to_owned(), value.to_owned())),
        _ => return false,
    }
    true
}
