//! The bodies of CONNECT and CONNACK in, the packets out. Decides nothing about who may connect.

use bytes::Bytes;
use message::QoS;

use super::body::Body;
use super::property::{Property, PropertyReader};
use super::publish::put;
use super::reply::{reason, unknown_code};
use super::{DecodeError, MALFORMED, PROTOCOL};
use crate::{Connack, Connect, ReasonCode, Version, Will};

const CONNACK_CODES: &[u8] = &[
    0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99,
    0x9A, 0x9B, 0x9C, 0x9D, 0x9F,
];

/// The version a CONNECT names, when it names one of ours: enough to answer in its own form.
pub(crate) fn version_of(bytes: &[u8]) -> Option<Version> {
    let body = bytes.get(1..)?;
    let digits = body.iter().position(|byte| byte & 0x80 == 0)? + 1;
    version(&mut Body::new("CONNECT", body.get(digits..)?)).ok()
}

fn version(body: &mut Body<'_>) -> Result<Version, DecodeError> {
    let name = body.text()?;
    let level = body.u8()?;
    match (name, level) {
        ("MQTT", 5) => Ok(Version::V5),
        ("MQTT", 4) => Ok(Version::V311),
        ("MQIsdp", 3) => Ok(Version::V31),
        ("MQTT" | "MQIsdp", _) => Err(body.error(
            ReasonCode::UnsupportedProtocolVersion,
            "the protocol level is unknown; speak 3.1, 3.1.1 or 5 [5.0 section 3.1.2.2]",
        )),
        _ => Err(body.error(MALFORMED, "the protocol name is not MQTT [5.0 section 3.1.2.1]")),
    }
}

pub(crate) fn connect(mut body: Body<'_>) -> Result<Connect, DecodeError> {
    let version = version(&mut body)?;
    let flags = ConnectFlags::read(&mut body, version)?;
    let mut connect = Connect::new(version, "");
    connect.clean_start = flags.clean_start;
    connect.keep_alive_s = body.u16()?;
    if version.is_v5() {
        read_properties(&mut connect, &mut body)?;
    }
    connect.client_id = body.text()?.to_owned();
    if connect.client_id.is_empty() {
        let what = match version {
            Version::V31 => {
                Some("the client identifier is empty; 3.1 needs one of 1 to 23 characters [3.1 section 3.1]")
            }
            Version::V311 if !flags.clean_start => {
                Some("the client identifier is empty without a clean session [3.1.1 section 3.1.3.1]")
            }
            Version::V311 | Version::V5 => None,
        };
        if let Some(what) = what {
            return Err(body.error(ReasonCode::ClientIdNotValid, what));
        }
    }
    if let Some((qos, retain)) = flags.will {
        connect.will = Some(will(&mut body, version, qos, retain)?);
    }
    if flags.user_name {
        connect.user_name = Some(body.text()?.to_owned());
    }
    if flags.password {
        connect.password = Some(body.bytes()?.to_vec());
    }
    body.end()?;
    Ok(connect)
}

struct ConnectFlags {
    clean_start: bool,
    will: Option<(QoS, bool)>,
    user_name: bool,
    password: bool,
}

impl ConnectFlags {
    fn read(body: &mut Body<'_>, version: Version) -> Result<Self, DecodeError> {
        let byte = body.u8()?;
        if byte & 1 != 0 && version != Version::V31 {
            return Err(body.error(MALFORMED, "the reserved connect flag is set [5.0 section 3.1.2.3]"));
        }
        let Some(qos) = QoS::from_u8(byte >> 3 & 3) else {
            return Err(body.error(MALFORMED, "the will QoS is 3; use 0, 1 or 2 [5.0 section 3.1.2.6]"));
        };
        let retain = byte & 0x20 != 0;
        let has_will = byte & 0x04 != 0;
        if !has_will && (retain || qos != QoS::AtMostOnce) {
            let what = "will QoS or will retain is set without a will [5.0 sections 3.1.2.6 and 3.1.2.7]";
            return Err(body.error(MALFORMED, what));
        }
        let (user_name, password) = (byte & 0x80 != 0, byte & 0x40 != 0);
        if password && !user_name && !version.is_v5() {
            let what = "a password is given without a user name [3.1.1 section 3.1.2.9]";
            return Err(body.error(MALFORMED, what));
        }
        Ok(Self {
            clean_start: byte & 0x02 != 0,
            will: has_will.then_some((qos, retain)),
            user_name,
            password,
        })
    }
}

fn read_properties(connect: &mut Connect, body: &mut Body<'_>) -> Result<(), DecodeError> {
    let mut reader = PropertyReader::of(body)?;
    while let Some(property) = reader.next()? {
        match property {
            Property::SessionExpiry(expiry_s) => connect.session_expiry_s = Some(expiry_s),
            Property::ReceiveMaximum(maximum) => connect.receive_maximum = Some(maximum),
            Property::MaximumPacketSize(maximum) => connect.maximum_packet_size = Some(maximum),
            Property::TopicAliasMaximum(maximum) => connect.topic_alias_maximum = Some(maximum),
            Property::RequestResponseInformation(wanted) => connect.request_response_information = wanted,
            Property::RequestProblemInformation(wanted) => connect.request_problem_information = wanted,
            Property::User(name, value) => connect.user.push((name.to_owned(), value.to_owned())),
            Property::AuthenticationMethod(method) => connect.authentication_method = Some(method.to_owned()),
            Property::AuthenticationData(data) => {
                connect.authentication_data = Some(Bytes::copy_from_slice(data));
            }
            _ => return reader.misplaced(),
        }
    }
    if connect.authentication_data.is_some() && connect.authentication_method.is_none() {
        return Err(
            body.error(PROTOCOL, "authentication data comes without a method [5.0 section 3.1.2.11.10]")
        );
    }
    Ok(())
}

fn will(body: &mut Body<'_>, version: Version, qos: QoS, retain: bool) -> Result<Will, DecodeError> {
    let mut will =
        Will { topic: String::new(), payload: Bytes::new(), qos, retain, delay_s: 0, properties: None };
    if version.is_v5() {
        let mut reader = PropertyReader::of(body)?;
        while let Some(property) = reader.next()? {
            if let Property::WillDelay(delay_s) = property {
                will.delay_s = delay_s;
            } else if !put(will.properties.get_or_insert_default(), property) {
                return reader.misplaced();
            }
        }
    }
    will.topic = body
        .topic("the will topic is empty or holds + or #; name one exact topic [5.0 section 3.1.3.3]")?
        .to_owned();
    will.payload = Bytes::copy_from_slice(body.bytes()?);
    Ok(will)
}

pub(crate) fn connack(mut body: Body<'_>, version: Option<Version>) -> Result<Connack, DecodeError> {
    let flags = body.u8()?;
    // The byte has no meaning in 3.1.
    let flags = if version == Some(Version::V31) { 0 } else { flags };
    if flags & !1 != 0 {
        return Err(body.error(MALFORMED, "reserved acknowledge flags are set [5.0 section 3.2.2.1]"));
    }
    let mut connack = Connack { session_present: flags == 1, ..Connack::default() };
    if version.is_some_and(Version::is_v5) {
        connack.reason = reason(&mut body, CONNACK_CODES)?;
        read_connack_properties(&mut connack, &mut body)?;
    } else {
        connack.reason = ReasonCode::from_return_code(body.u8()?).ok_or_else(|| unknown_code(&body))?;
    }
    if connack.session_present && connack.reason.is_error() {
        return Err(body.error(PROTOCOL, "session present is set on a refusal [5.0 section 3.2.2.1.1]"));
    }
    body.end()?;
    Ok(connack)
}

fn read_connack_properties(connack: &mut Connack, body: &mut Body<'_>) -> Result<(), DecodeError> {
    let mut reader = PropertyReader::of(body)?;
    while let Some(property) = reader.next()? {
        match property {
            Property::SessionExpiry(expiry_s) => connack.session_expiry_s = Some(expiry_s),
            Property::ReceiveMaximum(maximum) => connack.receive_maximum = Some(maximum),
            Property::MaximumQos(qos) => connack.maximum_qos = Some(qos),
            Property::RetainAvailable(available) => connack.retain_available = Some(available),
            Property::MaximumPacketSize(maximum) => connack.maximum_packet_size = Some(maximum),
            Property::AssignedClientId(id) => connack.assigned_client_id = Some(id.to_owned()),
            Property::TopicAliasMaximum(maximum) => connack.topic_alias_maximum = Some(maximum),
            Property::ReasonString(text) => connack.reason_string = Some(text.to_owned()),
            Property::User(name, value) => connack.user.push((name.to_owned(), value.to_owned())),
            Property::WildcardAvailable(available) => connack.wildcard_available = Some(available),
            Property::SubscriptionIdsAvailable(available) => {
                connack.subscription_ids_available = Some(available)
            }
            Property::SharedAvailable(available) => connack.shared_available = Some(available),
            Property::ServerKeepAlive(period_s) => connack.server_keep_alive_s = Some(period_s),
            Property::ResponseInformation(text) => connack.response_information = Some(text.to_owned()),
            Property::ServerReference(text) => connack.server_reference = Some(text.to_owned()),
            Property::AuthenticationMethod(method) => connack.authentication_method = Some(method.to_owned()),
            Property::AuthenticationData(data) => {
                connack.authentication_data = Some(Bytes::copy_from_slice(data));
            }
            _ => return reader.misplaced(),
        }
    }
    Ok(())
}
