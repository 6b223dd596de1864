//! One message in, a PUBLISH appended for each receiver. Picks no receivers and no packet ids.

use message::{Properties, QoS};

use crate::Version;
use crate::decode::property::id;
use crate::encode::properties::PropertyWriter;
use crate::encode::writer::{put_text, put_u16, put_varint, varint, varint_size};
use crate::limits::{FIELD_BYTES_MAX, PACKET_BYTES_MAX, REMAINING_LENGTH_MAX};

/// One PUBLISH, sized and its properties laid out once, copied to each receiver with its packet id put in.
#[derive(Debug)]
pub struct Fanout<'a> {
    topic: &'a str,
    payload: &'a [u8],
    properties: Option<&'a Properties>,
    /// The wire form of `properties`, made for the first receiver that speaks MQTT 5.
    laid_out: Option<Vec<u8>>,
}

impl<'a> Fanout<'a> {
    /// `properties.message_expiry_s` is what is sent.
    pub fn new(topic: &'a str, payload: &'a [u8], properties: Option<&'a Properties>) -> Self {
        Self { topic, payload, properties, laid_out: None }
    }

    pub fn topic(&self) -> &'a str {
        self.topic
    }

    /// The whole packet's size, for the receiver's maximum packet size.
    pub fn size(&mut self, version: Version, qos: QoS) -> usize {
        let properties = if version.is_v5() { self.lay_out().len() } else { 0 };
        let properties = if version.is_v5() { varint_size(properties) + properties } else { 0 };
        framed(self.topic_size() + id_size(qos) + properties + self.payload.len())
    }

    /// Appends the PUBLISH for one receiver. A packet over 256 MiB has no form and appends nothing.
    pub fn append(
        &mut self,
        out: &mut Vec<u8>,
        version: Version,
        qos: QoS,
        retain: bool,
        dup: bool,
        packet_id: u16,
    ) {
        self.append_with(out, version, qos, retain, dup, packet_id, None, &[]);
    }

    /// As `append`, with what only some receivers get: a topic alias (true: the topic goes along to define
    /// it) and the ids of the subscriptions that matched. Both are left out for 3.x.
    #[expect(clippy::too_many_arguments, reason = "the fields of a PUBLISH header")]
    pub fn append_with(
        &mut self,
        out: &mut Vec<u8>,
        version: Version,
        qos: QoS,
        retain: bool,
        dup: bool,
        packet_id: u16,
        topic_alias: Option<(u16, bool)>,
        subscription_ids: &[u32],
    ) {
        let v5 = version.is_v5();
        let own = if v5 { own_size(topic_alias, subscription_ids) } else { 0 };
        let shared = if v5 { self.lay_out().len() } else { 0 };
        let properties = if v5 { varint_size(own + shared) + own + shared } else { 0 };
        let topic = if v5 && matches!(topic_alias, Some((_, false))) { "" } else { self.topic };
        let topic_size = 2 + topic.len().min(FIELD_BYTES_MAX);
        let remaining = topic_size + id_size(qos) + properties + self.payload.len();
        if remaining > REMAINING_LENGTH_MAX {
            return;
        }
        out.reserve(remaining + 5);
        let dup = dup && qos != QoS::AtMostOnce;
        let (digits, used) = varint(remaining);
        out.push(0x30 | u8::from(dup) << 3 | (qos as u8) << 1 | u8::from(retain));
        out.extend_from_slice(digits.get(..used).unwrap_or_default());
        put_text(out, topic);
        if qos != QoS::AtMostOnce {
            put_u16(out, packet_id);
        }
        if v5 {
            put_varint(out, own + shared);
            PropertyWriter::new(out).u16(id::TOPIC_ALIAS, topic_alias.map(|(alias, _)| alias));
            out.extend_from_slice(self.lay_out());
            // Last, because a widespread client miscounts what follows several of them.
            for &subscription in subscription_ids {
                PropertyWriter::new(out).varint(id::SUBSCRIPTION_ID, Some(subscription));
            }
        }
        out.extend_from_slice(self.payload);
    }

    /// The size `append_with` would give, but never more than a packet can be.
    pub(crate) fn size_with(
        &mut self,
        version: Version,
        qos: QoS,
        topic_alias: Option<(u16, bool)>,
        subscription_ids: &[u32],
    ) -> usize {
        if !version.is_v5() {
            return self.size(version, qos);
        }
        let topic = if matches!(topic_alias, Some((_, false))) { 2 } else { self.topic_size() };
        let properties = own_size(topic_alias, subscription_ids) + self.lay_out().len();
        framed(topic + id_size(qos) + varint_size(properties) + properties + self.payload.len())
    }

    fn topic_size(&self) -> usize {
        2 + self.topic.len().min(FIELD_BYTES_MAX)
    }

    fn lay_out(&mut self) -> &[u8] {
        let Some(properties) = self.properties else { return &[] };
        self.laid_out.get_or_insert_with(|| {
            let mut laid_out = Vec::new();
            PropertyWriter::new(&mut laid_out).message(properties);
            laid_out
        })
    }
}

const fn id_size(qos: QoS) -> usize {
    match qos {
        QoS::AtMostOnce => 0,
        QoS::AtLeastOnce | QoS::ExactlyOnce => 2,
    }
}

fn own_size(topic_alias: Option<(u16, bool)>, subscription_ids: &[u32]) -> usize {
    let ids: usize = subscription_ids.iter().map(|&id| 1 + varint_size(id as usize)).sum();
    ids + if topic_alias.is_some() { 3 } else { 0 }
}

/// The size of a whole packet around its body; one more than the largest packet for a body that fits in none.
const fn framed(remaining: usize) -> usize {
    if remaining > REMAINING_LENGTH_MAX {
        return PACKET_BYTES_MAX + 1;
    }
    1 + varint_size(remaining) + remaining
}
