//! Arbitrary bytes in, a panic when a promise of this crate breaks. For the fuzz targets and the bounded run.

use crate::{Inbound, InboundLimits, Incoming, Packet, Role, Version, decode};

const PACKET_BYTES: u32 = 4_096;

/// Decodes every packet of the input; what was accepted must survive being encoded again. The first byte
/// picks the version.
pub fn decode_packets(input: &[u8]) {
    let Some((&choice, mut bytes)) = input.split_first() else { return };
    let version = [None, Some(Version::V31), Some(Version::V311), Some(Version::V5)]
        .get(usize::from(choice & 3))
        .copied()
        .flatten();
    while let Ok(Some((packet, used))) = decode(bytes, version, PACKET_BYTES) {
        assert!(used >= 2 && used <= bytes.len(), "{used} bytes used of {}", bytes.len());
        check_again(&packet, version);
        bytes = bytes.get(used..).unwrap_or_default();
    }
}

fn check_again(packet: &Packet<'_>, version: Option<Version>) {
    let version = match packet {
        Packet::Connect(connect) => Some(connect.version),
        _ => version,
    };
    let mut again = Vec::new();
    packet.encode(version.unwrap_or(Version::V5), &mut again);
    let decoded = decode(&again, version, u32::MAX);
    assert_eq!(decoded, Ok(Some((packet.clone(), again.len()))), "encoded as {again:02x?}");
}

/// Feeds a connection of either role, in pieces; quotas, aliases and held packet ids must stay in bounds. The
/// first byte picks the role and the size of a piece.
pub fn feed_inbound(input: &[u8]) {
    let Some((&choice, bytes)) = input.split_first() else { return };
    let role = if choice & 1 == 0 { Role::Server } else { Role::Client };
    let limits =
        InboundLimits { maximum_packet_size: PACKET_BYTES, receive_maximum: 4, topic_alias_maximum: 3 };
    let mut inbound = Inbound::new(role, limits);
    if role == Role::Client && choice & 2 != 0 {
        inbound.set_version(Version::V5);
    }
    let piece = usize::from(choice >> 2) + 1;
    let (mut start, mut end) = (0, 0);
    while end < bytes.len() {
        end = bytes.len().min(end + piece);
        loop {
            let pending = bytes.get(start..end).unwrap_or_default();
            let answer = match inbound.next(pending) {
                Err(_) => return,
                Ok(None) => break,
                Ok(Some((incoming, used))) => {
                    assert!(used >= 2 && used <= pending.len(), "{used} bytes used of {}", pending.len());
                    start += used;
                    answered(&incoming)
                }
            };
            if let Some(packet_id) = answer {
                inbound.answered(packet_id);
            }
            if inbound.version() == Some(Version::V5) {
                assert!(inbound.unanswered() <= 4, "the receive maximum was exceeded");
            }
        }
    }
}

/// The packet id that an owner would answer for good after this packet: some at once, some never.
fn answered(incoming: &Incoming<'_>) -> Option<u16> {
    match incoming {
        Incoming::Publish { publish, .. } => {
            assert!(!publish.topic.is_empty(), "a topic alias was not resolved");
            (publish.packet_id % 2 == 1).then_some(publish.packet_id)
        }
        Incoming::Pubrel { ack, .. } => Some(ack.packet_id),
        _ => None,
    }
}
