//! CONNECT and CONNACK in, bytes appended. Checks nothing.

use super::properties::{PropertyWriter, put_properties};
use super::writer::{frame, put_bytes, put_text, put_u16};
use crate::decode::property::id;
use crate::{Connack, Connect, Version, Will};

pub(crate) fn put_connect(out: &mut Vec<u8>, connect: &Connect, version: Version) {
    // 3.x has no password without a user name, so an empty one goes with it.
    let empty = connect.password.is_some() && !version.is_v5();
    let user_name = connect.user_name.as_deref().or(empty.then_some(""));
    frame(out, 0x10, |out| {
        put_text(out, version.protocol_name());
        out.push(version.level());
        out.push(flags(connect, user_name.is_some()));
        put_u16(out, connect.keep_alive_s);
        if version.is_v5() {
            put_properties(out, |properties| connect_properties(properties, connect));
        }
        put_text(out, &connect.client_id);
        if let Some(will) = &connect.will {
            put_will(out, will, version);
        }
        if let Some(user_name) = user_name {
            put_text(out, user_name);
        }
        if let Some(password) = &connect.password {
            put_bytes(out, password);
        }
    });
}

fn flags(connect: &Connect, has_user_name: bool) -> u8 {
    let will =
        connect.will.as_ref().map_or(0, |will| 0x04 | (will.qos as u8) << 3 | u8::from(will.retain) << 5);
    u8::from(connect.clean_start) << 1
        | will
        | u8::from(connect.password.is_some()) << 6
        | u8::from(has_user_name) << 7
}

fn connect_properties(properties: &mut PropertyWriter<'_>, connect: &Connect) {
    properties.u32(id::SESSION_EXPIRY, connect.session_expiry_s);
    properties.u16(id::RECEIVE_MAXIMUM, connect.receive_maximum);
    properties.u32(id::MAXIMUM_PACKET_SIZE, connect.maximum_packet_size);
    properties.u16(id::TOPIC_ALIAS_MAXIMUM, connect.topic_alias_maximum);
    properties.flag(id::REQUEST_RESPONSE_INFORMATION, connect.request_response_information.then_some(true));
    properties.flag(id::REQUEST_PROBLEM_INFORMATION, (!connect.request_problem_information).then_some(false));
    properties.user(&connect.user);
    properties.text(id::AUTHENTICATION_METHOD, connect.authentication_method.as_deref());
    properties.bytes(id::AUTHENTICATION_DATA, connect.authentication_data.as_deref());
}

fn put_will(out: &mut Vec<u8>, will: &Will, version: Version) {
    if version.is_v5() {
        put_properties(out, |properties| {
            properties.u32(id::WILL_DELAY, (will.delay_s > 0).then_some(will.delay_s));
            if let Some(message) = &will.properties {
                properties.message(message);
            }
        });
    }
    put_text(out, &will.topic);
    put_bytes(out, &will.payload);
}

pub(crate) fn put_connack(out: &mut Vec<u8>, connack: &Connack, version: Version) {
    let session_present = u8::from(connack.session_present);
    match version {
        // The first byte is reserved in 3.1.
        Version::V31 => out.extend_from_slice(&[0x20, 2, 0, connack.reason.to_return_code()]),
        Version::V311 => out.extend_from_slice(&[0x20, 2, session_present, connack.reason.to_return_code()]),
        Version::V5 => frame(out, 0x20, |out| {
            out.extend_from_slice(&[session_present, connack.reason as u8]);
            put_properties(out, |properties| connack_properties(properties, connack));
        }),
    }
}

fn connack_properties(properties: &mut PropertyWriter<'_>, connack: &Connack) {
    properties.u32(id::SESSION_EXPIRY, connack.session_expiry_s);
    properties.u16(id::RECEIVE_MAXIMUM, connack.receive_maximum);
    properties.byte(id::MAXIMUM_QOS, connack.maximum_qos);
    properties.flag(id::RETAIN_AVAILABLE, connack.retain_available);
    properties.u32(id::MAXIMUM_PACKET_SIZE, connack.maximum_packet_size);
    properties.text(id::ASSIGNED_CLIENT_ID, connack.assigned_client_id.as_deref());
    properties.u16(id::TOPIC_ALIAS_MAXIMUM, connack.topic_alias_maximum);
    properties.text(id::REASON_STRING, connack.reason_string.as_deref());
    properties.user(&connack.user);
    properties.flag(id::WILDCARD_AVAILABLE, connack.wildcard_available);
    properties.flag(id::SUBSCRIPTION_IDS_AVAILABLE, connack.subscription_ids_available);
    properties.flag(id::SHARED_AVAILABLE, connack.shared_available);
    properties.u16(id::SERVER_KEEP_ALIVE, connack.server_keep_alive_s);
    properties.text(id::RESPONSE_INFORMATION, connack.response_information.as_deref());
    properties.text(id::SERVER_REFERENCE, connack.server_reference.as_deref());
    properties.text(id::AUTHENTICATION_METHOD, connack.authentication_method.as_deref());
    properties.bytes(id::AUTHENTICATION_DATA, connack.authentication_data.as_deref());
}
