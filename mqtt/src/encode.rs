//! Packets in, bytes appended. Checks nothing: a value that breaks the protocol is written as it is.

pub(crate) mod connect;
pub(crate) mod properties;
pub(crate) mod writer;

use crate::decode::property::id;
use crate::fanout::Fanout;
use crate::{
    Ack, Auth, Disconnect, Packet, Publish, ReasonCode, Suback, Subscribe, Unsuback, Unsubscribe, Version,
};
use properties::put_properties;
use writer::{frame, put_text, put_u16};

impl Packet<'_> {
    /// Appends the packet in the form of `version`. Fields longer than 65,535 bytes are cut; a packet over
    /// 256 MiB, and AUTH in 3.x, have no form and append nothing.
    pub fn encode(&self, version: Version, out: &mut Vec<u8>) {
        match self {
            Self::Connect(connect) => connect::put_connect(out, connect, version),
            Self::Connack(connack) => connect::put_connack(out, connack, version),
            Self::Publish(publish) => put_publish(out, publish, version),
            Self::Puback(ack) => put_ack(out, 0x40, ack, version),
            Self::Pubrec(ack) => put_ack(out, 0x50, ack, version),
            Self::Pubrel(ack) => put_ack(out, 0x62, ack, version),
            Self::Pubcomp(ack) => put_ack(out, 0x70, ack, version),
            Self::Subscribe(subscribe) => put_subscribe(out, subscribe, version),
            Self::Suback(suback) => put_suback(out, suback, version),
            Self::Unsubscribe(unsubscribe) => put_unsubscribe(out, unsubscribe, version),
            Self::Unsuback(unsuback) => put_unsuback(out, unsuback, version),
            Self::Pingreq => out.extend_from_slice(&[0xC0, 0]),
            Self::Pingresp => out.extend_from_slice(&[0xD0, 0]),
            Self::Disconnect(disconnect) => put_disconnect(out, disconnect, version),
            Self::Auth(auth) => put_auth(out, auth, version),
        }
    }
}

fn put_publish(out: &mut Vec<u8>, publish: &Publish<'_>, version: Version) {
    let mut fanout = Fanout::new(publish.topic, publish.payload, publish.properties.as_deref());
    let alias = publish.topic_alias.map(|alias| (alias, true));
    let Publish { qos, retain, dup, packet_id, ref subscription_ids, .. } = *publish;
    fanout.append_with(out, version, qos, retain, dup, packet_id, alias, subscription_ids);
}

/// Appends a PUBACK, PUBREC, PUBREL or PUBCOMP, in its shortest form.
pub(crate) fn put_ack(out: &mut Vec<u8>, first_byte: u8, ack: &Ack, version: Version) {
    let [high, low] = ack.packet_id.to_be_bytes();
    if !version.is_v5() {
        out.extend_from_slice(&[first_byte, 2, high, low]);
        return;
    }
    if ack.reason_string.is_some() || !ack.user.is_empty() {
        frame(out, first_byte, |out| {
            out.extend_from_slice(&[high, low, ack.reason as u8]);
            put_properties(out, |properties| {
                properties.text(id::REASON_STRING, ack.reason_string.as_deref());
                properties.user(&ack.user);
            });
        });
    } else if ack.reason == ReasonCode::Success {
        out.extend_from_slice(&[first_byte, 2, high, low]);
    } else {
        out.extend_from_slice(&[first_byte, 3, high, low, ack.reason as u8]);
    }
}

fn put_subscribe(out: &mut Vec<u8>, subscribe: &Subscribe, version: Version) {
    frame(out, 0x82, |out| {
        put_u16(out, subscribe.packet_id);
        if version.is_v5() {
            put_properties(out, |properties| {
                properties.varint(id::SUBSCRIPTION_ID, subscribe.subscription_id);
                properties.user(&subscribe.user);
            });
        }
        for filter in &subscribe.filters {
            put_text(out, &filter.filter);
            let mut options = filter.qos as u8;
            if version.is_v5() {
                options |= u8::from(filter.no_local) << 2;
                options |= u8::from(filter.retain_as_published) << 3;
                options |= (filter.retain_handling & 3) << 4;
            }
            out.push(options);
        }
    });
}

fn put_suback(out: &mut Vec<u8>, suback: &Suback, version: Version) {
    frame(out, 0x90, |out| {
        put_u16(out, suback.packet_id);
        if version.is_v5() {
            put_reason_and_user(out, suback.reason_string.as_deref(), &suback.user);
            out.extend(suback.codes.iter().map(|&code| code as u8));
        } else {
            out.extend(suback.codes.iter().map(|&code| if code.is_error() { 0x80 } else { code as u8 }));
        }
    });
}

fn put_unsubscribe(out: &mut Vec<u8>, unsubscribe: &Unsubscribe, version: Version) {
    frame(out, 0xA2, |out| {
        put_u16(out, unsubscribe.packet_id);
        if version.is_v5() {
            put_properties(out, |properties| properties.user(&unsubscribe.user));
        }
        for filter in &unsubscribe.filters {
            put_text(out, filter);
        }
    });
}

fn put_unsuback(out: &mut Vec<u8>, unsuback: &Unsuback, version: Version) {
    frame(out, 0xB0, |out| {
        put_u16(out, unsuback.packet_id);
        if version.is_v5() {
            put_reason_and_user(out, unsuback.reason_string.as_deref(), &unsuback.user);
            out.extend(unsuback.codes.iter().map(|&code| code as u8));
        }
    });
}

fn put_reason_and_user(out: &mut Vec<u8>, reason_string: Option<&str>, user: &[(String, String)]) {
    put_properties(out, |properties| {
        properties.text(id::REASON_STRING, reason_string);
        properties.user(user);
    });
}

fn put_disconnect(out: &mut Vec<u8>, disconnect: &Disconnect, version: Version) {
    let Disconnect { reason, session_expiry_s, reason_string, user, server_reference } = disconnect;
    let bare = session_expiry_s.is_none()
        && reason_string.is_none()
        && user.is_empty()
        && server_reference.is_none();
    if !version.is_v5() || (bare && *reason == ReasonCode::NormalDisconnection) {
        out.extend_from_slice(&[0xE0, 0]);
    } else if bare {
        // The property length may be left out, but some clients miss it then.
        out.extend_from_slice(&[0xE0, 2, *reason as u8, 0]);
    } else {
        frame(out, 0xE0, |out| {
            out.push(*reason as u8);
            put_properties(out, |properties| {
                properties.u32(id::SESSION_EXPIRY, *session_expiry_s);
                properties.text(id::REASON_STRING, reason_string.as_deref());
                properties.text(id::SERVER_REFERENCE, server_reference.as_deref());
                properties.user(user);
            });
        });
    }
}

fn put_auth(out: &mut Vec<u8>, auth: &Auth, version: Version) {
    if !version.is_v5() {
        return;
    }
    if *auth == Auth::default() {
        out.extend_from_slice(&[0xF0, 0]);
        return;
    }
    frame(out, 0xF0, |out| {
        out.push(auth.reason as u8);
        put_properties(out, |properties| {
            properties.text(id::AUTHENTICATION_METHOD, auth.authentication_method.as_deref());
            properties.bytes(id::AUTHENTICATION_DATA, auth.authentication_data.as_deref());
            properties.text(id::REASON_STRING, auth.reason_string.as_deref());
            properties.user(&auth.user);
        });
    });
}
