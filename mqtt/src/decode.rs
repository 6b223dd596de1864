//! Bytes in, one packet out, everything the specification calls malformed refused. Keeps nothing between packets.

pub(crate) mod body;
mod connect;
pub(crate) mod property;
mod publish;
mod reply;
mod subscribe;

use crate::{Packet, ReasonCode, Version};
use body::{Body, Varint, varint};

pub(crate) use connect::version_of;

pub(crate) const MALFORMED: ReasonCode = ReasonCode::MalformedPacket;
pub(crate) const PROTOCOL: ReasonCode = ReasonCode::ProtocolError;

/// Why bytes are not an acceptable packet. The connection has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{packet} refused, {reason}: {what}")]
pub struct DecodeError {
    pub reason: ReasonCode,
    /// The packet's name in the specification.
    pub packet: &'static str,
    /// The rule that was broken, with its section.
    pub what: &'static str,
}

/// Decodes the packet at the front of `bytes` and says how many bytes it took. `Ok(None)`: more are needed.
///
/// Without a version only CONNECT is acceptable, and tells the version. The size limit holds from the moment
/// the length is known, before the body has arrived.
#[inline]
pub fn decode(
    bytes: &[u8],
    version: Option<Version>,
    maximum_packet_size: u32,
) -> Result<Option<(Packet<'_>, usize)>, DecodeError> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let kind = kind(first, version)?;
    let (remaining, digits) = match varint(bytes.get(1..).unwrap_or_default()) {
        Varint::Value(remaining, digits) => (remaining as usize, digits),
        Varint::Unfinished => return Ok(None),
        Varint::Wrong => {
            let what =
                "the remaining length is over four bytes or longer than it must be [5.0 section 1.5.5]";
            return Err(DecodeError { reason: MALFORMED, packet: kind, what });
        }
    };
    let start = 1 + digits;
    let end = start + remaining;
    if end > maximum_packet_size as usize {
        let what =
            "the packet is larger than the maximum packet size; send less at once [5.0 section 3.1.2.11.4]";
        return Err(DecodeError { reason: ReasonCode::PacketTooLarge, packet: kind, what });
    }
    let Some(body) = bytes.get(start..end) else { return Ok(None) };
    let packet = packet(first, Body::new(kind, body), version)?;
    Ok(Some((packet, end)))
}

const NAMES: [&str; 16] = [
    "packet",
    "CONNECT",
    "CONNACK",
    "PUBLISH",
    "PUBACK",
    "PUBREC",
    "PUBREL",
    "PUBCOMP",
    "SUBSCRIBE",
    "SUBACK",
    "UNSUBSCRIBE",
    "UNSUBACK",
    "PINGREQ",
    "PINGRESP",
    "DISCONNECT",
    "AUTH",
];

/// The name of the packet a first byte begins, with everything checked that this byte can tell.
#[inline]
fn kind(first: u8, version: Option<Version>) -> Result<&'static str, DecodeError> {
    let number = first >> 4;
    let kind = NAMES.get(usize::from(number)).copied().unwrap_or("packet");
    if number == 3 && version.is_some() {
        return Ok(kind);
    }
    check_first(first, kind, version)?;
    Ok(kind)
}

fn check_first(first: u8, packet: &'static str, version: Option<Version>) -> Result<(), DecodeError> {
    let error = |reason, what| Err(DecodeError { reason, packet, what });
    let (number, flags) = (first >> 4, first & 0x0f);
    if number == 0 {
        return error(MALFORMED, "packet type 0 is reserved; is this MQTT? [5.0 section 2.1.2]");
    }
    if version.is_none() && number != 1 {
        return error(PROTOCOL, "the first packet is not CONNECT [5.0 section 3.1]");
    }
    if number == 15 && !version.is_some_and(Version::is_v5) {
        return error(MALFORMED, "packet type 15 is reserved before MQTT 5 [3.1.1 section 2.2.1]");
    }
    let required = if matches!(number, 6 | 8 | 10) { 0b0010 } else { 0 };
    // 3.1 marks a repeated PUBREL, SUBSCRIBE or UNSUBSCRIBE with DUP.
    let dup = if version == Some(Version::V31) && required != 0 { 0b1000 } else { 0 };
    if number != 3 && flags & !dup != required {
        return error(MALFORMED, "the flags of the first byte are not the reserved ones [5.0 section 2.1.3]");
    }
    Ok(())
}

#[inline]
fn packet<'a>(first: u8, body: Body<'a>, version: Option<Version>) -> Result<Packet<'a>, DecodeError> {
    let v5 = version.is_some_and(Version::is_v5);
    if first >> 4 == 3 {
        return publish::publish(first, body, v5).map(Packet::Publish);
    }
    control(first, body, version, v5)
}

fn control<'a>(
    first: u8,
    body: Body<'a>,
    version: Option<Version>,
    v5: bool,
) -> Result<Packet<'a>, DecodeError> {
    Ok(match first >> 4 {
        1 => Packet::Connect(Box::new(connect::connect(body)?)),
        2 => Packet::Connack(Box::new(connect::connack(body, version)?)),
        4 => Packet::Puback(reply::ack(body, v5, reply::PUBLISH_CODES)?),
        5 => Packet::Pubrec(reply::ack(body, v5, reply::PUBLISH_CODES)?),
        6 => Packet::Pubrel(reply::ack(body, v5, reply::RELEASE_CODES)?),
        7 => Packet::Pubcomp(reply::ack(body, v5, reply::RELEASE_CODES)?),
        8 => Packet::Subscribe(subscribe::subscribe(body, v5)?),
        9 => Packet::Suback(subscribe::suback(body, v5)?),
        10 => Packet::Unsubscribe(subscribe::unsubscribe(body, v5)?),
        11 => Packet::Unsuback(subscribe::unsuback(body, v5)?),
        12 => body.end().map(|()| Packet::Pingreq)?,
        13 => body.end().map(|()| Packet::Pingresp)?,
        14 => Packet::Disconnect(reply::disconnect(body, v5)?),
        15 => Packet::Auth(reply::auth(body)?),
        _ => {
            return Err(body.error(MALFORMED, "packet type 0 is reserved; is this MQTT? [5.0 section 2.1.2]"));
        }
    })
}
