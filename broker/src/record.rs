//! One delivery as a mailbox keeps it: the message and how this session is to get it.

use bytes::Bytes;
use message::{Message, QoS};

const FORMAT: u8 = 1;
const RETAIN: u8 = 0b100;

/// A message in a mailbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub qos: QoS,
    pub retain: bool,
    pub subscription_ids: Vec<u32>,
    pub message: Message,
}

/// Why stored bytes are not a record.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RecordError {
    #[error(
        "mailbox record has format {0}; this version reads format {FORMAT}: use the version that wrote it"
    )]
    Format(u8),
    #[error("mailbox record is cut short")]
    Short,
    #[error("mailbox record: {0}")]
    Message(message::StoredMessageError),
}

/// Lays a record out; `message` is `Message::to_bytes`, shared by every mailbox that gets it.
pub fn encode(qos: QoS, retain: bool, subscription_ids: &[u32], message: &[u8]) -> Bytes {
    let count = subscription_ids.len().min(usize::from(u8::MAX));
    let mut out = Vec::with_capacity(3 + 4 * count + message.len());
    out.push(FORMAT);
    out.push(qos as u8 | if retain { RETAIN } else { 0 });
    out.push(u8::try_from(count).unwrap_or(u8::MAX));
    for id in subscription_ids.iter().take(count) {
        out.extend_from_slice(&id.to_be_bytes());
    }
    out.extend_from_slice(message);
    Bytes::from(out)
}

impl Record {
    pub fn decode(bytes: &Bytes) -> Result<Record, RecordError> {
        let [format, flags, count, rest @ ..] = bytes.as_ref() else { return Err(RecordError::Short) };
        if *format != FORMAT {
            return Err(RecordError::Format(*format));
        }
        let ids_len = usize::from(*count) * 4;
        let ids = rest.get(..ids_len).ok_or(RecordError::Short)?;
        let subscription_ids =
            ids.chunks_exact(4).map(|c| c.iter().fold(0u32, |id, byte| id << 8 | u32::from(*byte))).collect();
        let message = Message::from_bytes(&bytes.slice(3 + ids_len..)).map_err(RecordError::Message)?;
        let qos = QoS::from_u8(flags & 0b11).ok_or(RecordError::Short)?;
        Ok(Record { qos, retain: flags & RETAIN != 0, subscription_ids, message })
    }
}
