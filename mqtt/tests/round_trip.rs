//! Made packets and arbitrary bytes in; what must hold for all of them. Names no single case.

#[path = "made/packets.rs"]
mod packets;

use mqtt::{Packet, Version, decode};
use packets::made;
use proptest::collection::vec;
use proptest::prelude::*;

const UNLIMITED: u32 = u32::MAX;

fn version() -> impl Strategy<Value = Version> {
    prop::sample::select(vec![Version::V31, Version::V311, Version::V5])
}

fn encoded(packet: &Packet<'_>, version: Version) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet.encode(version, &mut bytes);
    bytes
}

fn any_made() -> impl Strategy<Value = (Version, packets::Made)> {
    version().prop_flat_map(|version| made(version).prop_map(move |made| (version, made)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_packet_survives_the_wire((version, made) in any_made(), following in vec(any::<u8>(), 0..4)) {
        let packet = made.packet();
        let mut bytes = encoded(&packet, version);
        let size = bytes.len();
        bytes.extend(following);
        prop_assert_eq!(decode(&bytes, Some(version), UNLIMITED), Ok(Some((packet, size))));
    }

    #[test]
    fn a_packet_cut_short_asks_for_more((version, made) in any_made(), cut in any::<prop::sample::Index>()) {
        let bytes = encoded(&made.packet(), version);
        let part = &bytes[..cut.index(bytes.len())];
        prop_assert_eq!(decode(part, Some(version), UNLIMITED), Ok(None));
    }

    #[test]
    fn a_packet_over_the_limit_is_refused_before_its_body((version, made) in any_made()) {
        let bytes = encoded(&made.packet(), version);
        let limit = bytes.len() as u32 - 1;
        let header = 2 + bytes[1..].iter().take_while(|byte| **byte & 0x80 != 0).count();
        let refused = decode(&bytes[..header], Some(version), limit).map_err(|error| error.reason);
        prop_assert_eq!(refused, Err(mqtt::ReasonCode::PacketTooLarge));
        prop_assert!(decode(&bytes, Some(version), limit + 1).is_ok());
    }

    #[test]
    fn decoding_arbitrary_bytes_never_panics(bytes in vec(any::<u8>(), 0..80), version in version()) {
        for version in [None, Some(version)] {
            if let Ok(Some((_, used))) = decode(&bytes, version, 64) {
                prop_assert!(used <= bytes.len().min(64));
            }
        }
    }

    #[test]
    fn a_damaged_packet_is_refused_or_decodes_to_what_encodes_again(
        (version, made) in any_made(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = encoded(&made.packet(), version);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(Some((packet, _))) = decode(&bytes, Some(version), UNLIMITED) {
            let version = match &packet {
                Packet::Connect(connect) => connect.version,
                _ => version,
            };
            let again = encoded(&packet, version);
            let size = again.len();
            prop_assert_eq!(decode(&again, Some(version), UNLIMITED), Ok(Some((packet, size))));
        }
    }
}
