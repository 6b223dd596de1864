//! The sending half of a connection and the fan-out: messages in, bytes and the state of each handshake out.

use mqtt::Version::{V5, V31, V311};
use mqtt::{
    Ack, Fanout, Outbound, OutboundLimits, Packet, Phase, Properties, Publish, Pubrec, QoS, ReasonCode,
    SendError, Version, decode,
};
use proptest::prelude::*;

fn outbound(version: Version, receive_maximum: u16) -> Outbound<&'static str> {
    Outbound::new(version, OutboundLimits { receive_maximum, ..OutboundLimits::default() })
}

fn send(outbound: &mut Outbound<&'static str>, qos: QoS, handle: &'static str) -> Result<u16, SendError> {
    let mut what = Fanout::new("a", b"x", None);
    outbound.send_acknowledged(&mut Vec::new(), &mut what, qos, false, false, &[], None, 0, handle)
}

fn send_as(outbound: &mut Outbound<&'static str>, packet_id: u16) -> Result<u16, SendError> {
    let mut what = Fanout::new("a", b"x", None);
    let id = Some(packet_id);
    outbound.send_acknowledged(&mut Vec::new(), &mut what, QoS::AtLeastOnce, false, false, &[], id, 0, "m")
}

fn ack(packet_id: u16) -> Ack {
    Ack::new(packet_id, ReasonCode::Success)
}

#[track_caller]
fn only_publish(bytes: &[u8], version: Version) -> Publish<'_> {
    match decode(bytes, Some(version), u32::MAX) {
        Ok(Some((Packet::Publish(publish), used))) if used == bytes.len() => publish,
        other => panic!("{other:?}"),
    }
}

#[test]
fn packet_ids_count_up_and_come_round() {
    let mut outbound = outbound(V311, 10);
    for expected in 1..=u16::MAX {
        assert_eq!(send(&mut outbound, QoS::AtLeastOnce, "m"), Ok(expected));
        assert_eq!(outbound.on_puback(&ack(expected)), Some("m"));
    }
    assert_eq!(send(&mut outbound, QoS::AtLeastOnce, "m"), Ok(1));
}

#[test]
fn packet_ids_in_use_are_passed_over() {
    let mut outbound = outbound(V311, 10);
    assert_eq!(send_as(&mut outbound, 2), Ok(2));
    assert_eq!(outbound.packet_id(), 1);
    assert_eq!(send(&mut outbound, QoS::AtLeastOnce, "m"), Ok(3));
    assert_eq!(send_as(&mut outbound, 3), Err(SendError::PacketIdInUse));
    assert_eq!(send_as(&mut outbound, 1), Err(SendError::PacketIdInUse));
    assert_eq!(send_as(&mut outbound, 0), Err(SendError::PacketIdInUse));
    outbound.free(1);
    assert_eq!(send_as(&mut outbound, 1), Ok(1));
}

#[test]
fn the_window_closes_at_the_receive_maximum() {
    let mut outbound = outbound(V5, 2);
    assert_eq!(outbound.room(), 2);
    assert_eq!(send(&mut outbound, QoS::AtLeastOnce, "one"), Ok(1));
    assert_eq!(send(&mut outbound, QoS::ExactlyOnce, "two"), Ok(2));
    assert_eq!((outbound.room(), outbound.in_flight()), (0, 2));
    assert_eq!(send(&mut outbound, QoS::AtLeastOnce, "three"), Err(SendError::WindowFull));
    assert!(
        outbound.send(&mut Vec::new(), &mut Fanout::new("a", b"", None), false, &[]),
        "QoS 0 needs no window"
    );
    assert_eq!(outbound.on_puback(&ack(1)), Some("one"));
    assert_eq!(send(&mut outbound, QoS::AtLeastOnce, "three"), Ok(3));
}

#[test]
fn acknowledgements_in_any_order_find_their_message() {
    let mut outbound = outbound(V311, 10);
    for handle in ["one", "two", "three", "four"] {
        send(&mut outbound, QoS::AtLeastOnce, handle).expect("room");
    }
    assert_eq!(outbound.on_puback(&ack(3)), Some("three"));
    assert_eq!(outbound.on_puback(&ack(3)), None);
    assert_eq!(outbound.on_puback(&ack(1)), Some("one"));
    assert_eq!(outbound.on_puback(&ack(9)), None);
    assert_eq!(outbound.on_puback(&ack(4)), Some("four"));
    assert_eq!(outbound.on_puback(&ack(2)), Some("two"));
    assert_eq!(outbound.in_flight(), 0);
}

#[test]
fn the_handshake_of_qos_2_ends_with_pubcomp() {
    let mut outbound = outbound(V311, 1);
    assert_eq!(send(&mut outbound, QoS::ExactlyOnce, "m"), Ok(1));
    assert_eq!(outbound.on_puback(&ack(1)), None);
    assert_eq!(outbound.on_pubcomp(&ack(1)), None, "not released yet");
    assert_eq!(outbound.on_pubrec(&ack(1)), Pubrec::Release);
    let mut out = Vec::new();
    outbound.release(&mut out, 1);
    assert_eq!(out, b"\x62\x02\x00\x01");
    assert_eq!(outbound.on_pubrec(&ack(1)), Pubrec::Release, "a repeated PUBREC is answered again");
    assert_eq!(outbound.room(), 0);
    assert_eq!(outbound.on_pubcomp(&ack(1)), Some("m"));
    assert_eq!(outbound.room(), 1);
    assert_eq!(outbound.on_pubcomp(&ack(1)), None);
}

#[test]
fn a_pubrec_that_refuses_ends_the_handshake() {
    let mut outbound = outbound(V5, 1);
    send(&mut outbound, QoS::ExactlyOnce, "m").expect("room");
    assert_eq!(outbound.on_pubrec(&Ack::new(1, ReasonCode::QuotaExceeded)), Pubrec::Refused("m"));
    assert_eq!(outbound.room(), 1);
}

#[test]
fn a_release_of_an_unknown_packet_id_says_so_in_5() {
    for (version, expected) in [(V311, &b"\x62\x02\x00\x07"[..]), (V5, b"\x62\x03\x00\x07\x92")] {
        let mut outbound = outbound(version, 1);
        assert_eq!(outbound.on_pubrec(&ack(7)), Pubrec::Unknown);
        let mut out = Vec::new();
        outbound.release(&mut out, 7);
        assert_eq!(out, expected);
    }
}

#[test]
fn a_pubrec_for_qos_1_is_unknown() {
    let mut outbound = outbound(V311, 1);
    send(&mut outbound, QoS::AtLeastOnce, "m").expect("room");
    assert_eq!(outbound.on_pubrec(&ack(1)), Pubrec::Unknown);
    assert_eq!(outbound.on_puback(&ack(1)), Some("m"));
}

#[test]
fn what_is_due_was_last_sent_before() {
    let mut outbound = outbound(V311, 10);
    let mut what = Fanout::new("a", b"x", None);
    for (sent_ms, handle) in [(100, "one"), (200, "two"), (300, "three")] {
        let mut out = Vec::new();
        let sent = outbound.send_acknowledged(
            &mut out,
            &mut what,
            QoS::AtLeastOnce,
            false,
            false,
            &[],
            None,
            sent_ms,
            handle,
        );
        assert!(sent.is_ok());
    }
    let due = |outbound: &Outbound<&'static str>| {
        outbound.due(300).map(|entry| (entry.packet_id, *entry.handle, entry.phase)).collect::<Vec<_>>()
    };
    assert_eq!(due(&outbound), [(1, "one", Phase::AwaitPuback), (2, "two", Phase::AwaitPuback)]);
    let mut out = Vec::new();
    assert!(outbound.resend(&mut out, &mut what, false, true, &[], 1, 400));
    assert_eq!(out, b"\x3a\x06\x00\x01a\x00\x01x");
    assert_eq!(due(&outbound), [(2, "two", Phase::AwaitPuback)]);
    outbound.touch(2, 400);
    assert_eq!(due(&outbound), []);
    assert!(!outbound.resend(&mut out, &mut what, false, true, &[], 9, 400));
}

#[test]
fn drain_gives_everything_in_order() {
    let mut outbound = outbound(V311, 10);
    send(&mut outbound, QoS::AtLeastOnce, "one").expect("room");
    send(&mut outbound, QoS::ExactlyOnce, "two").expect("room");
    send(&mut outbound, QoS::ExactlyOnce, "three").expect("room");
    outbound.release(&mut Vec::new(), 3);
    let expected =
        [(1, Phase::AwaitPuback, "one"), (2, Phase::AwaitPubrec, "two"), (3, Phase::AwaitPubcomp, "three")];
    assert_eq!(outbound.drain().collect::<Vec<_>>(), expected);
    assert_eq!(outbound.in_flight(), 0);
}

#[test]
fn a_release_is_resumed_on_the_next_connection() {
    let mut outbound = outbound(V311, 1);
    let mut out = Vec::new();
    assert_eq!(outbound.resume_release(&mut out, 9, 0, "m"), Ok(()));
    assert_eq!(out, b"\x62\x02\x00\x09");
    assert_eq!(outbound.resume_release(&mut out, 10, 0, "n"), Err(SendError::WindowFull));
    assert_eq!(outbound.on_pubcomp(&ack(9)), Some("m"));
}

#[test]
fn a_packet_larger_than_the_peer_takes_is_not_written() {
    let mut outbound = tight();
    let mut out = Vec::new();
    // 2 bytes of header, 3 of topic and 1 of property length leave 4.
    assert!(!outbound.send(&mut out, &mut Fanout::new("a", b"12345", None), false, &[]));
    let mut large = Fanout::new("a", b"123", None);
    let sent =
        outbound.send_acknowledged(&mut out, &mut large, QoS::AtLeastOnce, false, false, &[], None, 0, ());
    assert_eq!(sent, Err(SendError::TooLarge));
    assert_eq!((out.len(), outbound.in_flight()), (0, 0));
    assert!(outbound.send(&mut out, &mut Fanout::new("b", b"1", None), false, &[]));
    let publish = only_publish(&out, V5);
    assert_eq!((publish.topic, publish.topic_alias), ("b", Some(1)), "a refused packet takes no alias");
}

#[test]
fn a_packet_that_fits_only_without_an_alias_goes_without() {
    let mut outbound = tight();
    for (payload, topic, alias) in
        [(&b"1234"[..], "a", None), (b"1", "a", Some(1)), (b"12", "", Some(1)), (b"1234", "a", None)]
    {
        let mut out = Vec::new();
        assert!(outbound.send(&mut out, &mut Fanout::new("a", payload, None), false, &[]));
        let publish = only_publish(&out, V5);
        assert_eq!((publish.topic, publish.topic_alias, publish.payload), (topic, alias, payload));
    }
}

/// A connection to a peer that takes ten bytes at once and one alias.
fn tight() -> Outbound<()> {
    let limits =
        OutboundLimits { maximum_packet_size: 10, topic_alias_maximum: 1, ..OutboundLimits::default() };
    Outbound::new(V5, limits)
}

#[test]
fn the_first_topics_get_aliases() {
    let limits = OutboundLimits { topic_alias_maximum: 2, ..OutboundLimits::default() };
    let mut outbound: Outbound<()> = Outbound::new(V5, limits);
    for (topic, sent_topic, sent_alias) in [
        ("a", "a", Some(1)),
        ("a", "", Some(1)),
        ("b", "b", Some(2)),
        ("c", "c", None),
        ("b", "", Some(2)),
        ("c", "c", None),
        ("a", "", Some(1)),
    ] {
        let mut out = Vec::new();
        assert!(outbound.send(&mut out, &mut Fanout::new(topic, b"x", None), false, &[]));
        let publish = only_publish(&out, V5);
        assert_eq!((publish.topic, publish.topic_alias), (sent_topic, sent_alias));
    }
}

#[test]
fn aliases_and_subscription_ids_stay_out_of_3_1_1() {
    let limits = OutboundLimits { topic_alias_maximum: 2, ..OutboundLimits::default() };
    let mut outbound: Outbound<()> = Outbound::new(V311, limits);
    for _ in 0..2 {
        let mut out = Vec::new();
        assert!(outbound.send(&mut out, &mut Fanout::new("a", b"x", None), true, &[1, 2]));
        assert_eq!(out, b"\x31\x04\x00\x01ax");
    }
}

#[test]
fn packet_ids_for_subscribe_never_run_out() {
    let mut outbound = outbound(V311, 10);
    for _ in 0..70_000 {
        assert_ne!(outbound.packet_id(), 0);
    }
}

#[test]
fn an_idle_connection_is_small() {
    assert!(size_of::<Outbound<std::sync::Arc<[u8]>>>() <= 150, "{}", size_of::<Outbound<()>>());
}

proptest! {
    #[test]
    fn a_fan_out_writes_what_a_packet_would(
        topic in "[a-z/]{1,200}",
        payload in proptest::collection::vec(any::<u8>(), 0..20_000),
        expiry in proptest::option::of(any::<u32>()),
        content_type in proptest::option::of("[a-z]{0,200}"),
        subscription_ids in proptest::collection::vec(1..268_435_456_u32, 0..3),
        (retain, dup, packet_id) in (any::<bool>(), any::<bool>(), 1_u16..),
    ) {
        let properties =
            Properties { message_expiry_s: expiry, content_type, ..Properties::default() };
        let none = properties == Properties::default();
        let mut fanout = Fanout::new(&topic, &payload, Some(&properties));
        for version in [V31, V311, V5] {
            for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
                let mut out = Vec::new();
                fanout.append(&mut out, version, qos, retain, dup, packet_id);
                prop_assert_eq!(out.len(), fanout.size(version, qos));
                let acknowledged = qos != QoS::AtMostOnce;
                let v5 = version == V5;
                let mut expected = Publish {
                    dup: dup && acknowledged,
                    qos,
                    retain,
                    topic: &topic,
                    packet_id: if acknowledged { packet_id } else { 0 },
                    payload: &payload,
                    properties: (v5 && !none).then(|| Box::new(properties.clone())),
                    topic_alias: None,
                    subscription_ids: Vec::new(),
                };
                prop_assert_eq!(only_publish(&out, version), expected.clone());
                let mut out = Vec::new();
                fanout.append_with(&mut out, version, qos, retain, dup, packet_id, Some((3, false)), &subscription_ids);
                if v5 {
                    (expected.topic, expected.topic_alias) = ("", Some(3));
                    expected.subscription_ids = subscription_ids.clone();
                }
                prop_assert_eq!(only_publish(&out, version), expected);
            }
        }
    }

    #[test]
    fn the_window_matches_a_plain_model(steps in proptest::collection::vec((any::<bool>(), 1_u16..12), 0..80)) {
        let mut outbound = outbound(V311, 6);
        let mut model: Vec<u16> = Vec::new();
        for (is_send, packet_id) in steps {
            if is_send {
                let expected = if model.len() >= 6 {
                    Err(SendError::WindowFull)
                } else if model.contains(&packet_id) {
                    Err(SendError::PacketIdInUse)
                } else {
                    model.push(packet_id);
                    Ok(packet_id)
                };
                prop_assert_eq!(send_as(&mut outbound, packet_id), expected);
            } else {
                let known = model.iter().position(|&id| id == packet_id);
                prop_assert_eq!(outbound.on_puback(&ack(packet_id)).is_some(), known.is_some());
                known.map(|at| model.remove(at));
            }
            prop_assert_eq!(outbound.room(), 6 - model.len());
        }
        prop_assert_eq!(outbound.drain().map(|(packet_id, ..)| packet_id).collect::<Vec<_>>(), model);
    }
}
