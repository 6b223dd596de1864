//! The bodies of SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK in, the packets out. Grants nothing.

use message::{Filter, FilterError, QoS};

use super::body::Body;
use super::property::{Property, PropertyReader};
use super::reply::{reason, unknown_code};
use super::{DecodeError, MALFORMED, PROTOCOL};
use crate::{ReasonCode, Suback, Subscribe, SubscribeFilter, Unsuback, Unsubscribe};

const SUBACK_CODES: &[u8] = &[0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2];
const UNSUBACK_CODES: &[u8] = &[0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91];

pub(crate) fn subscribe(mut body: Body<'_>, v5: bool) -> Result<Subscribe, DecodeError> {
    let mut subscribe = Subscribe { packet_id: body.packet_id()?, ..Subscribe::default() };
    if v5 {
        let mut reader = PropertyReader::of(&mut body)?;
        while let Some(property) = reader.next()? {
            match property {
                Property::SubscriptionId(_) if subscribe.subscription_id.is_some() => {
                    return Err(reader.error(
                        PROTOCOL,
                        "the subscription identifier occurs twice [5.0 section 3.8.2.1.2]",
                    ));
                }
                Property::SubscriptionId(id) => subscribe.subscription_id = Some(id),
                Property::User(name, value) => subscribe.user.push((name.to_owned(), value.to_owned())),
                _ => return reader.misplaced(),
            }
        }
    }
    if body.is_empty() {
        return Err(body.error(PROTOCOL, "no topic filter is given [5.0 section 3.8.3]"));
    }
    while !body.is_empty() {
        let filter = filter(&mut body)?;
        subscribe.filters.push(options(&mut body, filter, v5)?);
    }
    Ok(subscribe)
}

fn options(body: &mut Body<'_>, filter: &str, v5: bool) -> Result<SubscribeFilter, DecodeError> {
    let byte = body.u8()?;
    let reserved = if v5 { 0b1100_0000 } else { 0b1111_1100 };
    if byte & reserved != 0 {
        return Err(
            body.error(MALFORMED, "reserved bits of the subscription options are set [5.0 section 3.8.3.1]")
        );
    }
    let Some(qos) = QoS::from_u8(byte & 3) else {
        return Err(body.error(MALFORMED, "the QoS asked for is 3; use 0, 1 or 2 [5.0 section 3.8.3.1]"));
    };
    let retain_handling = byte >> 4 & 3;
    if retain_handling == 3 {
        return Err(body.error(PROTOCOL, "the retain handling is 3; use 0, 1 or 2 [5.0 section 3.8.3.1]"));
    }
    let no_local = byte & 0b100 != 0;
    if no_local && filter.starts_with("$share/") {
        return Err(body.error(PROTOCOL, "no local is set on a shared subscription [5.0 section 3.8.3.1]"));
    }
    let retain_as_published = byte & 0b1000 != 0;
    Ok(SubscribeFilter { filter: filter.to_owned(), qos, no_local, retain_as_published, retain_handling })
}

fn filter<'a>(body: &mut Body<'a>) -> Result<&'a str, DecodeError> {
    let filter = body.text()?;
    Filter::check(filter).map_err(|error| {
        let what = match error {
            FilterError::Empty => "a topic filter is empty; name at least one level [5.0 section 4.7.3]",
            FilterError::TooLong { .. } => "a topic filter is over 65535 bytes [5.0 section 4.7.3]",
            FilterError::Nul => "a topic filter holds the character U+0000 [5.0 section 4.7.3]",
            FilterError::HashNotLast => "# is not the last level of a topic filter [5.0 section 4.7.1.2]",
            FilterError::HashNotAlone => {
                "# shares its level; write it alone, as in a/# [5.0 section 4.7.1.2]"
            }
            FilterError::PlusNotAlone => {
                "+ shares its level; write it alone, as in a/+/b [5.0 section 4.7.1.3]"
            }
            FilterError::ShareNameEmpty => {
                "the share name is empty; write $share/NAME/FILTER [5.0 section 4.8.2]"
            }
            FilterError::ShareNameWildcard => "the share name holds + or # [5.0 section 4.8.2]",
            FilterError::ShareWithoutFilter => "no filter follows the share name [5.0 section 4.8.2]",
        };
        body.error(ReasonCode::TopicFilterInvalid, what)
    })?;
    Ok(filter)
}

pub(crate) fn suback(mut body: Body<'_>, v5: bool) -> Result<Suback, DecodeError> {
    let mut suback = Suback { packet_id: body.packet_id()?, ..Suback::default() };
    if v5 {
        (suback.reason_string, suback.user) = reason_and_user(&mut body)?;
    }
    while !body.is_empty() {
        suback.codes.push(if v5 { reason(&mut body, SUBACK_CODES)? } else { granted(&mut body)? });
    }
    if suback.codes.is_empty() {
        return Err(
            body.error(PROTOCOL, "no reason code is given; there is one per filter [5.0 section 3.9.3]")
        );
    }
    Ok(suback)
}

fn granted(body: &mut Body<'_>) -> Result<ReasonCode, DecodeError> {
    match body.u8()? {
        0 => Ok(ReasonCode::GrantedQos0),
        1 => Ok(ReasonCode::GrantedQos1),
        2 => Ok(ReasonCode::GrantedQos2),
        0x80 => Ok(ReasonCode::Unspecified),
        _ => Err(unknown_code(body)),
    }
}

pub(crate) fn unsubscribe(mut body: Body<'_>, v5: bool) -> Result<Unsubscribe, DecodeError> {
    let mut unsubscribe = Unsubscribe { packet_id: body.packet_id()?, ..Unsubscribe::default() };
    if v5 {
        let mut reader = PropertyReader::of(&mut body)?;
        while let Some(property) = reader.next()? {
            match property {
                Property::User(name, value) => unsubscribe.user.push((name.to_owned(), value.to_owned())),
                _ => return reader.misplaced(),
            }
        }
    }
    if body.is_empty() {
        return Err(body.error(PROTOCOL, "no topic filter is given [5.0 section 3.10.3]"));
    }
    while !body.is_empty() {
        unsubscribe.filters.push(filter(&mut body)?.to_owned());
    }
    Ok(unsubscribe)
}

pub(crate) fn unsuback(mut body: Body<'_>, v5: bool) -> Result<Unsuback, DecodeError> {
    let mut unsuback = Unsuback { packet_id: body.packet_id()?, ..Unsuback::default() };
    if v5 {
        (unsuback.reason_string, unsuback.user) = reason_and_user(&mut body)?;
        while !body.is_empty() {
            unsuback.codes.push(reason(&mut body, UNSUBACK_CODES)?);
        }
        if unsuback.codes.is_empty() {
            return Err(
                body.error(PROTOCOL, "no reason code is given; there is one per filter [5.0 section 3.11.3]")
            );
        }
    }
    body.end()?;
    Ok(unsuback)
}

type ReasonAndUser = (Option<String>, Vec<(String, String)>);

fn reason_and_user(body: &mut Body<'_>) -> Result<ReasonAndUser, DecodeError> {
    let (mut reason_string, mut user) = (None, Vec::new());
    let mut reader = PropertyReader::of(body)?;
    while let Some(property) = reader.next()? {
        match property {
            Property::ReasonString(text) => reason_string = Some(text.to_owned()),
            Property::User(name, value) => user.push((name.to_owned(), value.to_owned())),
            _ => return reader.misplaced(),
        }
    }
    Ok((reason_string, user))
}
