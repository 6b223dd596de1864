//! Fields taken from the front of a packet's body, each checked. Allocates nothing and knows no packet.

use super::{DecodeError, MALFORMED};
use crate::ReasonCode;

/// What is left of a packet, and the packet's name for errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body<'a> {
    rest: &'a [u8],
    packet: &'static str,
}

const SHORT: &str = "the packet ends inside a field; its lengths do not add up [5.0 section 4.13]";

impl<'a> Body<'a> {
    pub(crate) const fn new(packet: &'static str, rest: &'a [u8]) -> Self {
        Self { rest, packet }
    }

    #[cold]
    pub(crate) const fn error(&self, reason: ReasonCode, what: &'static str) -> DecodeError {
        DecodeError { reason, packet: self.packet, what }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), DecodeError> {
        if self.is_empty() {
            return Ok(());
        }
        Err(self.error(
            MALFORMED,
            "bytes follow the last field; the remaining length is too large [5.0 section 2.1.4]",
        ))
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<Self, DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.error(MALFORMED, SHORT))?;
        self.rest = rest;
        Ok(Self { rest: taken, packet: self.packet })
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        let (&byte, rest) = self.rest.split_first().ok_or_else(|| self.error(MALFORMED, SHORT))?;
        self.rest = rest;
        Ok(byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        let (&bytes, rest) = self.rest.split_first_chunk().ok_or_else(|| self.error(MALFORMED, SHORT))?;
        self.rest = rest;
        Ok(u16::from_be_bytes(bytes))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        let (&bytes, rest) = self.rest.split_first_chunk().ok_or_else(|| self.error(MALFORMED, SHORT))?;
        self.rest = rest;
        Ok(u32::from_be_bytes(bytes))
    }

    /// A variable byte integer that is complete, at most four bytes and as short as it can be.
    pub(crate) fn varint(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        let (value, used) = match varint(self.rest) {
            Varint::Value(value, used) => (value, used),
            Varint::Unfinished | Varint::Wrong => return Err(self.error(MALFORMED, what)),
        };
        self.rest = self.rest.get(used..).unwrap_or_default();
        Ok(value)
    }

    pub(crate) fn packet_id(&mut self) -> Result<u16, DecodeError> {
        match self.u16()? {
            0 => Err(self.error(MALFORMED, "the packet identifier is 0; use 1 to 65535 [5.0 section 2.2.1]")),
            id => Ok(id),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.u16()?;
        Ok(self.take(usize::from(length))?.rest)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        let bytes = self.bytes()?;
        if bytes.contains(&0) {
            return Err(self.error(MALFORMED, "a text holds the character U+0000 [5.0 section 1.5.4]"));
        }
        std::str::from_utf8(bytes)
            .map_err(|_| self.error(MALFORMED, "a text is not valid UTF-8 [5.0 section 1.5.4]"))
    }

    /// A topic that may be published to; `what` is said when it may not.
    pub(crate) fn topic(&mut self, what: &'static str) -> Result<&'a str, DecodeError> {
        let topic = self.topic_or_empty(what)?;
        if topic.is_empty() {
            return Err(self.error(ReasonCode::TopicNameInvalid, what));
        }
        Ok(topic)
    }

    /// A topic, or nothing because an alias stands for it.
    pub(crate) fn topic_or_empty(&mut self, what: &'static str) -> Result<&'a str, DecodeError> {
        let bytes = self.bytes()?;
        // No early exit: the loop over a short topic is then a few vector instructions.
        let odd = bytes.iter().fold(false, |odd, &byte| odd | matches!(byte, 0 | b'+' | b'#'));
        if odd && bytes.contains(&0) {
            return Err(self.error(MALFORMED, "a text holds the character U+0000 [5.0 section 1.5.4]"));
        }
        let topic = std::str::from_utf8(bytes)
            .map_err(|_| self.error(MALFORMED, "a text is not valid UTF-8 [5.0 section 1.5.4]"))?;
        if odd { Err(self.error(ReasonCode::TopicNameInvalid, what)) } else { Ok(topic) }
    }
}

pub(crate) enum Varint {
    Value(u32, usize),
    Unfinished,
    Wrong,
}

/// Reads a variable byte integer (MQTT 5.0 section 1.5.5) from the front of `bytes`.
pub(crate) fn varint(bytes: &[u8]) -> Varint {
    let mut value = 0_u32;
    for (at, &byte) in bytes.iter().take(4).enumerate() {
        value |= u32::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            // A last digit of 0 adds nothing, so the form is longer than it must be.
            return if byte == 0 && at > 0 { Varint::Wrong } else { Varint::Value(value, at + 1) };
        }
    }
    if bytes.len() >= 4 { Varint::Wrong } else { Varint::Unfinished }
}
