//! One log event in, the record that keeps it out, and back.

use bytes::{BufMut, Bytes, BytesMut};

const FORMAT: u8 = 1;
const HEAD: usize = 17;

/// What happened, as the caller says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub timestamp_ms: u64,
    pub message: String,
}

/// A record's parts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) timestamp_ms: u64,
    pub(crate) ingested_ms: u64,
    pub(crate) message: &'a str,
}

pub(crate) fn encode(event: &Event, ingested_ms: u64) -> Bytes {
    let mut out = BytesMut::with_capacity(HEAD + event.message.len());
    out.put_u8(FORMAT);
    out.put_u64(event.timestamp_ms);
    out.put_u64(ingested_ms);
    out.put_slice(event.message.as_bytes());
    out.freeze()
}

impl<'a> Record<'a> {
    /// None: it is damaged, or of a later version.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&[FORMAT])?;
        let (timestamp, rest) = rest.split_first_chunk::<8>()?;
        let (ingested, message) = rest.split_first_chunk::<8>()?;
        Some(Self {
            timestamp_ms: u64::from_be_bytes(*timestamp),
            ingested_ms: u64::from_be_bytes(*ingested),
            message: std::str::from_utf8(message).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_and_a_damaged_one_is_none() {
        let bytes = encode(&Event { timestamp_ms: 7, message: "ä\n".into() }, 9);
        let expected = Record { timestamp_ms: 7, ingested_ms: 9, message: "ä\n" };
        assert_eq!(Record::read(&bytes), Some(expected));
        assert_eq!(Record::read(&bytes[..10]), None);
        assert_eq!(Record::read(b"\x02"), None);
        assert_eq!(Record::read(b""), None);
    }
}
