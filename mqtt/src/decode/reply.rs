//! The bodies of PUBACK, PUBREC, PUBREL, PUBCOMP, DISCONNECT and AUTH in, the packets out.

use super::body::Body;
use super::property::{Property, PropertyReader};
use super::{DecodeError, MALFORMED, PROTOCOL};
use crate::{Ack, Auth, Disconnect, ReasonCode};

/// What PUBACK and PUBREC may say (MQTT 5.0 sections 3.4.2.1 and 3.5.2.1).
pub(crate) const PUBLISH_CODES: &[u8] = &[0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
/// What PUBREL and PUBCOMP may say (MQTT 5.0 sections 3.6.2.1 and 3.7.2.1).
pub(crate) const RELEASE_CODES: &[u8] = &[0x00, 0x92];
const DISCONNECT_CODES: &[u8] = &[
    0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94, 0x95, 0x96,
    0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2,
];
const AUTH_CODES: &[u8] = &[0x00, 0x18, 0x19];

/// Reads a reason code that has to be one of `allowed`.
pub(crate) fn reason(body: &mut Body<'_>, allowed: &[u8]) -> Result<ReasonCode, DecodeError> {
    let byte = body.u8()?;
    ReasonCode::from_u8(byte).filter(|_| allowed.contains(&byte)).ok_or_else(|| {
        body.error(PROTOCOL, "the reason code is not one this packet may carry [5.0 section 2.4]")
    })
}

pub(crate) fn ack(mut body: Body<'_>, v5: bool, allowed: &[u8]) -> Result<Ack, DecodeError> {
    let mut ack = Ack::new(body.packet_id()?, ReasonCode::Success);
    if v5 && !body.is_empty() {
        ack.reason = reason(&mut body, allowed)?;
        if !body.is_empty() {
            let mut reader = PropertyReader::of(&mut body)?;
            while let Some(property) = reader.next()? {
                match property {
                    Property::ReasonString(text) => ack.reason_string = Some(text.into()),
                    Property::User(name, value) => ack.user.push((name.to_owned(), value.to_owned())),
                    _ => return reader.misplaced(),
                }
            }
        }
    }
    body.end()?;
    Ok(ack)
}

pub(crate) fn disconnect(mut body: Body<'_>, v5: bool) -> Result<Disconnect, DecodeError> {
    let mut disconnect = Disconnect::default();
    if v5 && !body.is_empty() {
        disconnect.reason = reason(&mut body, DISCONNECT_CODES)?;
        if !body.is_empty() {
            let mut reader = PropertyReader::of(&mut body)?;
            while let Some(property) = reader.next()? {
                match property {
                    Property::SessionExpiry(expiry_s) => disconnect.session_expiry_s = Some(expiry_s),
                    Property::ReasonString(text) => disconnect.reason_string = Some(text.to_owned()),
                    Property::ServerReference(text) => disconnect.server_reference = Some(text.to_owned()),
                    Property::User(name, value) => disconnect.user.push((name.to_owned(), value.to_owned())),
                    _ => return reader.misplaced(),
                }
            }
        }
    }
    body.end()?;
    Ok(disconnect)
}

pub(crate) fn auth(mut body: Body<'_>) -> Result<Auth, DecodeError> {
    let mut auth = Auth::default();
    if body.is_empty() {
        return Ok(auth);
    }
    auth.reason = reason(&mut body, AUTH_CODES)?;
    let mut reader = PropertyReader::of(&mut body)?;
    while let Some(property) = reader.next()? {
        match property {
            Property::AuthenticationMethod(method) => auth.authentication_method = Some(method.to_owned()),
            Property::AuthenticationData(data) => {
                auth.authentication_data = Some(bytes::Bytes::copy_from_slice(data));
            }
            Property::ReasonString(text) => auth.reason_string = Some(text.to_owned()),
            Property::User(name, value) => auth.user.push((name.to_owned(), value.to_owned())),
            _ => return reader.misplaced(),
        }
    }
    if auth.authentication_method.is_none() {
        return Err(body.error(PROTOCOL, "the authentication method is missing [5.0 section 3.15.2.2.2]"));
    }
    body.end()?;
    Ok(auth)
}

/// Kept beside the other code tables: what a remaining byte of 3.x may not be.
pub(crate) fn unknown_code(body: &Body<'_>) -> DecodeError {
    body.error(MALFORMED, "the return code is reserved [3.1.1 section 3.9.3]")
}
