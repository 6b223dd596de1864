//! One property of MQTT 5 appended to a buffer, named by what it says. Does not know which packet may carry it.

use message::Properties;

use super::writer::{put_bytes, put_text, put_u16, put_u32, put_varint, sized};
use crate::decode::property::id;

/// The properties of one packet, in the order they are added.
pub(crate) struct PropertyWriter<'o> {
    out: &'o mut Vec<u8>,
}

/// Appends the property length and what `add` adds.
pub(crate) fn put_properties(out: &mut Vec<u8>, add: impl FnOnce(&mut PropertyWriter<'_>)) {
    sized(out, |out| add(&mut PropertyWriter { out }));
}

impl<'o> PropertyWriter<'o> {
    pub(crate) fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out }
    }

    pub(crate) fn byte(&mut self, id: u8, value: Option<u8>) {
        if let Some(value) = value {
            self.out.extend_from_slice(&[id, value]);
        }
    }

    pub(crate) fn flag(&mut self, id: u8, value: Option<bool>) {
        self.byte(id, value.map(u8::from));
    }

    pub(crate) fn u16(&mut self, id: u8, value: Option<u16>) {
        if let Some(value) = value {
            self.out.push(id);
            put_u16(self.out, value);
        }
    }

    pub(crate) fn u32(&mut self, id: u8, value: Option<u32>) {
        if let Some(value) = value {
            self.out.push(id);
            put_u32(self.out, value);
        }
    }

    pub(crate) fn varint(&mut self, id: u8, value: Option<u32>) {
        if let Some(value) = value {
            self.out.push(id);
            put_varint(self.out, value as usize);
        }
    }

    pub(crate) fn text(&mut self, id: u8, value: Option<&str>) {
        if let Some(value) = value {
            self.out.push(id);
            put_text(self.out, value);
        }
    }

    pub(crate) fn bytes(&mut self, id: u8, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.out.push(id);
            put_bytes(self.out, value);
        }
    }

    pub(crate) fn user(&mut self, pairs: &[(String, String)]) {
        for (name, value) in pairs {
            self.out.push(id::USER);
            put_text(self.out, name);
            put_text(self.out, value);
        }
    }

    /// What a PUBLISH and a will have in common.
    pub(crate) fn message(&mut self, properties: &Properties) {
        self.byte(id::PAYLOAD_FORMAT, properties.payload_format);
        self.u32(id::MESSAGE_EXPIRY, properties.message_expiry_s);
        self.text(id::CONTENT_TYPE, properties.content_type.as_deref());
        self.text(id::RESPONSE_TOPIC, properties.response_topic.as_deref());
        self.bytes(id::CORRELATION_DATA, properties.correlation_data.as_deref());
        self.user(&properties.user);
    }
}
