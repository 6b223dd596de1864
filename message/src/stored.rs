//! The stored form of a message: a message in, bytes with a version and a checksum out, and back; it does not compress.

use std::{str::Utf8Error, sync::Arc};

use bytes::Bytes;

use crate::{Message, Properties, QoS, Topic, TopicError};

/// Bytes that are not a stored message. The cause is named; the fix is the same for all: the record is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoredMessageError {
    #[error("the stored message ends too early; the record is damaged, restore it from a copy")]
    Truncated,
    #[error("the stored message has format {0}; this version reads format 1, use the version that wrote it")]
    Version(u8),
    #[error("the stored message does not match its checksum; the record is damaged, restore it from a copy")]
    Checksum,
    #[error(
        "the stored message has flags {0:#04x} that mean nothing; the record is damaged, restore it from a copy"
    )]
    Flags(u8),
    #[error(
        "the stored message has text that is not UTF-8 ({0}); the record is damaged, restore it from a copy"
    )]
    Text(#[from] Utf8Error),
    #[error("the stored message has no valid topic: {0}; the record is damaged, restore it from a copy")]
    Topic(#[from] TopicError),
    #[error("the stored message has {0} bytes too many; the record is damaged, restore it from a copy")]
    Trailing(usize),
}

const VERSION: u8 = 1;
const QOS_BITS: u8 = 0b11;
const RETAIN: u8 = 1 << 2;
const EXPIRES: u8 = 1 << 3;
const PROPERTIES: u8 = 1 << 4;

const PAYLOAD_FORMAT: u8 = 1;
const MESSAGE_EXPIRY: u8 = 1 << 1;
const CONTENT_TYPE: u8 = 1 << 2;
const RESPONSE_TOPIC: u8 = 1 << 3;
const CORRELATION_DATA: u8 = 1 << 4;
const PROPERTY_FLAGS: u8 = (1 << 5) - 1;

const CHECKSUM_BYTES: usize = 8;

pub(crate) fn encode(message: &Message) -> Vec<u8> {
    let fixed_bytes = 2 + 3 * 8 + 3 * 4 + CHECKSUM_BYTES;
    let text_bytes = message.topic.len() + message.publisher.len();
    let mut out = Vec::with_capacity(fixed_bytes + text_bytes + message.payload.len());
    let mut flags = message.qos as u8;
    if message.retain {
        flags |= RETAIN;
    }
    if message.expires_ms.is_some() {
        flags |= EXPIRES;
    }
    if message.properties.is_some() {
        flags |= PROPERTIES;
    }
    out.extend_from_slice(&[VERSION, flags]);
    out.extend_from_slice(&message.id.to_le_bytes());
    out.extend_from_slice(&message.received_ms.to_le_bytes());
    if let Some(expires_ms) = message.expires_ms {
        out.extend_from_slice(&expires_ms.to_le_bytes());
    }
    put(&mut out, message.topic.as_bytes());
    put(&mut out, message.publisher.as_bytes());
    if let Some(properties) = &message.properties {
        put_properties(&mut out, properties);
    }
    put(&mut out, &message.payload);
    let sum = checksum(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    out
}

pub(crate) fn decode(bytes: &Bytes) -> Result<Message, StoredMessageError> {
    match bytes.first() {
        None => return Err(StoredMessageError::Truncated),
        Some(&VERSION) => {}
        Some(&other) => return Err(StoredMessageError::Version(other)),
    }
    let (body, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(StoredMessageError::Truncated)?;
    if checksum(body) != u64::from_le_bytes(*sum) {
        return Err(StoredMessageError::Checksum);
    }
    let mut reader = Reader { bytes: bytes.slice(1..body.len()) };
    let flags = reader.u8()?;
    let known = flags & !(QOS_BITS | RETAIN | EXPIRES | PROPERTIES) == 0;
    let qos = QoS::from_u8(flags & QOS_BITS).filter(|_| known).ok_or(StoredMessageError::Flags(flags))?;
    let id = reader.u64()?;
    let received_ms = reader.u64()?;
    let expires_ms = if flags & EXPIRES != 0 { Some(reader.u64()?) } else { None };
    let topic = Topic::parse(std::str::from_utf8(&reader.field()?)?)?;
    let publisher = Arc::from(std::str::from_utf8(&reader.field()?)?);
    let properties = if flags & PROPERTIES != 0 { Some(Arc::new(reader.properties()?)) } else { None };
    let payload = reader.field()?;
    if !reader.bytes.is_empty() {
        return Err(StoredMessageError::Trailing(reader.bytes.len()));
    }
    let retain = flags & RETAIN != 0;
    Ok(Message { id, topic, payload, qos, retain, properties, publisher, received_ms, expires_ms })
}

fn put_properties(out: &mut Vec<u8>, properties: &Properties) {
    let present = [
        (properties.payload_format.is_some(), PAYLOAD_FORMAT),
        (properties.message_expiry_s.is_some(), MESSAGE_EXPIRY),
        (properties.content_type.is_some(), CONTENT_TYPE),
        (properties.response_topic.is_some(), RESPONSE_TOPIC),
        (properties.correlation_data.is_some(), CORRELATION_DATA),
    ];
    out.push(present.iter().filter(|(there, _)| *there).fold(0, |flags, (_, flag)| flags | flag));
    if let Some(format) = properties.payload_format {
        out.push(format);
    }
    if let Some(expiry_s) = properties.message_expiry_s {
        out.extend_from_slice(&expiry_s.to_le_bytes());
    }
    for text in [&properties.content_type, &properties.response_topic].into_iter().flatten() {
        put(out, text.as_bytes());
    }
    if let Some(data) = &properties.correlation_data {
        put(out, data);
    }
    out.extend_from_slice(&(properties.user.len() as u32).to_le_bytes());
    for (name, value) in &properties.user {
        put(out, name.as_bytes());
        put(out, value.as_bytes());
    }
}

fn put(out: &mut Vec<u8>, field: &[u8]) {
    out.extend_from_slice(&(field.len() as u32).to_le_bytes());
    out.extend_from_slice(field);
}

/// Each step can be undone, so damage within one 8-byte word always changes the sum.
fn checksum(bytes: &[u8]) -> u64 {
    let step = |sum: u64, word: u64| (sum.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (words, tail) = bytes.as_chunks::<8>();
    let sum = words.iter().fold(bytes.len() as u64, |sum, word| step(sum, u64::from_le_bytes(*word)));
    tail.iter().fold(sum, |sum, byte| step(sum, u64::from(*byte)))
}

struct Reader {
    bytes: Bytes,
}

impl Reader {
    fn take(&mut self, count: usize) -> Result<Bytes, StoredMessageError> {
        if count > self.bytes.len() {
            return Err(StoredMessageError::Truncated);
        }
        Ok(self.bytes.split_to(count))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StoredMessageError> {
        let taken = self.take(N)?;
        taken.first_chunk::<N>().copied().ok_or(StoredMessageError::Truncated)
    }

    fn u8(&mut self) -> Result<u8, StoredMessageError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Result<u32, StoredMessageError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, StoredMessageError> {
        self.array().map(u64::from_le_bytes)
    }

    fn field(&mut self) -> Result<Bytes, StoredMessageError> {
        let count = self.u32()?;
        self.take(count as usize)
    }

    fn text(&mut self) -> Result<String, StoredMessageError> {
        Ok(std::str::from_utf8(&self.field()?)?.to_owned())
    }

    fn properties(&mut self) -> Result<Properties, StoredMessageError> {
        let flags = self.u8()?;
        if flags & !PROPERTY_FLAGS != 0 {
            return Err(StoredMessageError::Flags(flags));
        }
        let has = |flag| flags & flag != 0;
        let payload_format = if has(PAYLOAD_FORMAT) { Some(self.u8()?) } else { None };
        let message_expiry_s = if has(MESSAGE_EXPIRY) { Some(self.u32()?) } else { None };
        let content_type = if has(CONTENT_TYPE) { Some(self.text()?) } else { None };
        let response_topic = if has(RESPONSE_TOPIC) { Some(self.text()?) } else { None };
        let correlation_data = if has(CORRELATION_DATA) { Some(self.field()?) } else { None };
        let count = self.u32()?;
        let mut user = Vec::new();
        for _ in 0..count {
            user.push((self.text()?, self.text()?));
        }
        Ok(Properties {
            payload_format,
            message_expiry_s,
            content_type,
            response_topic,
            correlation_data,
            user,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A body with a right checksum, as a faulty writer could leave it.
    fn read(body: &[u8]) -> Result<Message, StoredMessageError> {
        decode(&[body, &checksum(body).to_le_bytes()].concat().into())
    }

    fn body(flags: u8, topic: &[u8], publisher: &[u8], end: &[u8]) -> Vec<u8> {
        let mut out = vec![VERSION, flags];
        out.extend_from_slice(&[0; 16]);
        put(&mut out, topic);
        put(&mut out, publisher);
        out.extend_from_slice(end);
        out
    }

    #[test]
    fn a_right_checksum_excuses_nothing() {
        let no_payload = [0; 4];
        assert!(read(&body(1, b"a", b"c", &no_payload)).is_ok());
        let refused = |body: Vec<u8>| read(&body).expect_err("damaged");
        assert_eq!(refused(body(3, b"a", b"c", &no_payload)), StoredMessageError::Flags(3));
        assert_eq!(refused(body(0x20, b"a", b"c", &no_payload)), StoredMessageError::Flags(0x20));
        assert_eq!(refused(body(PROPERTIES, b"a", b"c", &[0x20])), StoredMessageError::Flags(0x20));
        assert_eq!(refused(body(0, b"", b"c", &no_payload)), StoredMessageError::Topic(TopicError::Empty));
        assert!(matches!(refused(body(0, b"\xFF", b"c", &no_payload)), StoredMessageError::Text(_)));
        assert!(matches!(refused(body(0, b"a", b"\xFF", &no_payload)), StoredMessageError::Text(_)));
        assert_eq!(refused(body(0, b"a", b"c", &[0; 6])), StoredMessageError::Trailing(2));
        assert_eq!(refused(body(0, b"a", b"c", &[0xFF; 4])), StoredMessageError::Truncated);
        assert_eq!(
            refused(body(PROPERTIES, b"a", b"c", &[0, 0xFF, 0xFF, 0xFF, 0xFF])),
            StoredMessageError::Truncated
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_sealed_bytes_are_survived(flags in any::<u8>(), end in prop::collection::vec(0u8..32, 0..60)) {
            let sealed = body(flags, b"a", b"c", &end);
            if let Ok(message) = read(&sealed) {
                prop_assert_eq!(read(&encode(&message)[..encode(&message).len() - CHECKSUM_BYTES]), Ok(message));
            }
        }
    }
}
