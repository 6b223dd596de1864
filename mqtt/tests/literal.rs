//! Packets and their bytes, written out by hand from the specifications, checked in both directions.

use bytes::Bytes;
use mqtt::Version::{V5, V31, V311};
use mqtt::{
    Ack, Auth, Connack, Connect, Disconnect, Packet, Properties, Publish, QoS, ReasonCode, Suback, Subscribe,
    SubscribeFilter, Unsuback, Unsubscribe, Version, Will, decode,
};

#[track_caller]
fn check(version: Version, packet: Packet<'_>, bytes: &[u8]) {
    let mut encoded = Vec::new();
    packet.encode(version, &mut encoded);
    assert_eq!(encoded, bytes, "encode {}", packet.name());
    check_decode(version, packet, bytes);
}

#[track_caller]
fn check_decode(version: Version, packet: Packet<'_>, bytes: &[u8]) {
    assert_eq!(decode(bytes, Some(version), u32::MAX), Ok(Some((packet, bytes.len()))));
}

fn publish<'a>(topic: &'a str, payload: &'a [u8]) -> Publish<'a> {
    Publish {
        dup: false,
        qos: QoS::AtMostOnce,
        retain: false,
        topic,
        packet_id: 0,
        payload,
        properties: None,
        topic_alias: None,
        subscription_ids: Vec::new(),
    }
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn connect_of_each_version() {
    let connect = |version| Connect { keep_alive_s: 60, ..Connect::new(version, "dev") };
    let packet = |version| Packet::Connect(Box::new(connect(version)));
    check(V31, packet(V31), b"\x10\x11\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x03dev");
    check(V311, packet(V311), b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03dev");
    check(V5, packet(V5), b"\x10\x10\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x03dev");
    let bytes = b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03dev";
    assert_eq!(decode(bytes, None, u32::MAX), Ok(Some((packet(V311), bytes.len()))));
}

#[test]
fn connect_with_everything_of_3_1_1() {
    let mut connect = Connect::new(V311, "c");
    connect.clean_start = false;
    connect.keep_alive_s = 0x0102;
    connect.user_name = Some("u".into());
    connect.password = Some(vec![0, 0xff]);
    connect.will = Some(Will {
        topic: "w/t".into(),
        payload: Bytes::from_static(b"bye"),
        qos: QoS::AtLeastOnce,
        retain: true,
        delay_s: 0,
        properties: None,
    });
    let bytes =
        b"\x10\x1e\x00\x04MQTT\x04\xec\x01\x02\x00\x01c\x00\x03w/t\x00\x03bye\x00\x01u\x00\x02\x00\xff";
    check(V311, Packet::Connect(Box::new(connect)), bytes);
}

#[test]
fn connect_with_every_property_of_5() {
    let mut connect = Connect::new(V5, "");
    connect.session_expiry_s = Some(0x0a0b_0c0d);
    connect.receive_maximum = Some(20);
    connect.maximum_packet_size = Some(512);
    connect.topic_alias_maximum = Some(8);
    connect.request_response_information = true;
    connect.request_problem_information = false;
    connect.user = vec![pair("k", "v")];
    connect.authentication_method = Some("m".into());
    connect.authentication_data = Some(Bytes::from_static(b"d"));
    connect.will = Some(Will {
        topic: "w".into(),
        payload: Bytes::new(),
        qos: QoS::AtMostOnce,
        retain: false,
        delay_s: 7,
        properties: Some(Box::new(Properties { payload_format: Some(1), ..Properties::default() })),
    });
    let bytes: &[u8] = b"\x10\x3d\x00\x04MQTT\x05\x06\x00\x00\
        \x23\x11\x0a\x0b\x0c\x0d\x21\x00\x14\x27\x00\x00\x02\x00\x22\x00\x08\x19\x01\x17\x00\
        \x26\x00\x01k\x00\x01v\x15\x00\x01m\x16\x00\x01d\
        \x00\x00\x07\x18\x00\x00\x00\x07\x01\x01\x00\x01w\x00\x00";
    check(V5, Packet::Connect(Box::new(connect)), bytes);
}

#[test]
fn a_long_client_id_of_3_1_is_accepted() {
    let id = "client-id-longer-than-23-bytes";
    let mut bytes = b"\x10\x2c\x00\x06MQIsdp\x03\x02\x00\x00\x00\x1e".to_vec();
    bytes.extend(id.as_bytes());
    check(V31, Packet::Connect(Box::new(Connect::new(V31, id))), &bytes);
}

#[test]
fn connack() {
    let ok = Connack { session_present: true, ..Connack::default() };
    check(V311, Packet::Connack(Box::new(ok.clone())), b"\x20\x02\x01\x00");
    check(V5, Packet::Connack(Box::new(ok)), b"\x20\x03\x01\x00\x00");
    let no = Connack { reason: ReasonCode::NotAuthorized, ..Connack::default() };
    check(V31, Packet::Connack(Box::new(no.clone())), b"\x20\x02\x00\x05");
    check(V311, Packet::Connack(Box::new(no.clone())), b"\x20\x02\x00\x05");
    check(V5, Packet::Connack(Box::new(no)), b"\x20\x03\x00\x87\x00");
}

#[test]
fn connack_with_every_property() {
    let connack = Connack {
        session_present: false,
        reason: ReasonCode::Success,
        session_expiry_s: Some(1),
        receive_maximum: Some(100),
        maximum_qos: Some(1),
        retain_available: Some(true),
        maximum_packet_size: Some(149_504),
        assigned_client_id: Some("id".into()),
        topic_alias_maximum: Some(8),
        reason_string: Some("r".into()),
        user: vec![pair("a", "")],
        wildcard_available: Some(true),
        subscription_ids_available: Some(false),
        shared_available: Some(true),
        server_keep_alive_s: Some(1200),
        response_information: Some("i".into()),
        server_reference: Some("s".into()),
        authentication_method: Some("m".into()),
        authentication_data: Some(Bytes::from_static(&[9])),
    };
    let bytes: &[u8] = b"\x20\x3f\x00\x00\x3c\
        \x11\x00\x00\x00\x01\x21\x00\x64\x24\x01\x25\x01\x27\x00\x02\x48\x00\x12\x00\x02id\x22\x00\x08\
        \x1f\x00\x01r\x26\x00\x01a\x00\x00\x28\x01\x29\x00\x2a\x01\x13\x04\xb0\x1a\x00\x01i\x1c\x00\x01s\
        \x15\x00\x01m\x16\x00\x01\x09";
    check(V5, Packet::Connack(Box::new(connack)), bytes);
}

#[test]
fn publish_of_each_qos() {
    check(V311, Packet::Publish(publish("a/b", b"hi")), b"\x30\x07\x00\x03a/bhi");
    check(V5, Packet::Publish(publish("a/b", b"hi")), b"\x30\x08\x00\x03a/b\x00hi");
    let once = Publish { qos: QoS::AtLeastOnce, retain: true, packet_id: 10, ..publish("a", b"") };
    check(V311, Packet::Publish(once.clone()), b"\x33\x05\x00\x01a\x00\x0a");
    check(V5, Packet::Publish(once), b"\x33\x06\x00\x01a\x00\x0a\x00");
    let twice = Publish { dup: true, qos: QoS::ExactlyOnce, packet_id: 0xffff, ..publish("a", b"x") };
    check(V31, Packet::Publish(twice), b"\x3c\x06\x00\x01a\xff\xffx");
}

#[test]
fn publish_with_every_property() {
    let properties = Properties {
        payload_format: Some(1),
        message_expiry_s: Some(60),
        content_type: Some("t".into()),
        response_topic: Some("r/t".into()),
        correlation_data: Some(Bytes::from_static(b"\x00\x01")),
        user: vec![pair("k", "1"), pair("k", "2")],
    };
    let full = Publish {
        properties: Some(Box::new(properties)),
        topic_alias: Some(5),
        subscription_ids: vec![1, 128],
        ..publish("a", b"!")
    };
    let bytes: &[u8] = b"\x30\x31\x00\x01a\x2c\
        \x23\x00\x05\x01\x01\x02\x00\x00\x00\x3c\x03\x00\x01t\x08\x00\x03r/t\x09\x00\x02\x00\x01\
        \x26\x00\x01k\x00\x011\x26\x00\x01k\x00\x012\x0b\x01\x0b\x80\x01!";
    check(V5, Packet::Publish(full), bytes);
    let by_alias = Publish { topic_alias: Some(5), ..publish("", b"!") };
    check(V5, Packet::Publish(by_alias), b"\x30\x07\x00\x00\x03\x23\x00\x05!");
}

#[test]
fn remaining_length_of_each_width() {
    for (payload, header) in [
        (124, &b"\x30\x7f"[..]),
        (125, b"\x30\x80\x01"),
        (16_380, b"\x30\xff\x7f"),
        (16_381, b"\x30\x80\x80\x01"),
        (2_097_148, b"\x30\xff\xff\x7f"),
        (2_097_149, b"\x30\x80\x80\x80\x01"),
    ] {
        let payload = vec![7; payload];
        let mut bytes = header.to_vec();
        bytes.extend(b"\x00\x01a");
        bytes.extend(&payload);
        check(V311, Packet::Publish(publish("a", &payload)), &bytes);
    }
}

#[test]
fn acknowledgements() {
    check_acknowledgement(Packet::Puback, 0x40, ReasonCode::NoMatchingSubscribers);
    check_acknowledgement(Packet::Pubrec, 0x50, ReasonCode::QuotaExceeded);
    check_acknowledgement(Packet::Pubrel, 0x62, ReasonCode::PacketIdNotFound);
    check_acknowledgement(Packet::Pubcomp, 0x70, ReasonCode::PacketIdNotFound);
}

#[track_caller]
fn check_acknowledgement(kind: fn(Ack) -> Packet<'static>, first: u8, reason: ReasonCode) {
    let plain = || kind(Ack::new(258, ReasonCode::Success));
    check(V311, plain(), &[first, 2, 1, 2]);
    check(V5, plain(), &[first, 2, 1, 2]);
    check_decode(V5, plain(), &[first, 3, 1, 2, 0]);
    check_decode(V5, plain(), &[first, 4, 1, 2, 0, 0]);
    let code = reason as u8;
    check(V5, kind(Ack::new(258, reason)), &[first, 3, 1, 2, code]);
    let said = Ack { reason_string: Some("no".into()), user: vec![pair("", "x")], ..Ack::new(258, reason) };
    let long = [first, 15, 1, 2, code, 11, 0x1f, 0, 2, b'n', b'o', 0x26, 0, 0, 0, 1, b'x'];
    check(V5, kind(said), &long);
}

#[test]
fn a_repeated_release_or_subscribe_of_3_1_is_marked_dup() {
    check_decode(V31, Packet::Pubrel(Ack::new(1, ReasonCode::Success)), b"\x6a\x02\x00\x01");
    let unsubscribe = Unsubscribe { packet_id: 1, filters: vec!["a".into()], user: Vec::new() };
    check_decode(V31, Packet::Unsubscribe(unsubscribe), b"\xaa\x05\x00\x01\x00\x01a");
}

#[test]
fn subscribe() {
    let mut subscribe = Subscribe {
        packet_id: 10,
        filters: vec![
            SubscribeFilter::new("a/b", QoS::AtLeastOnce),
            SubscribeFilter::new("c/#", QoS::ExactlyOnce),
        ],
        ..Subscribe::default()
    };
    check(V311, Packet::Subscribe(subscribe.clone()), b"\x82\x0e\x00\x0a\x00\x03a/b\x01\x00\x03c/#\x02");
    subscribe.filters[0].no_local = true;
    subscribe.filters[1].retain_as_published = true;
    subscribe.filters[1].retain_handling = 2;
    subscribe.subscription_id = Some(268_435_455);
    subscribe.user = vec![pair("k", "v")];
    let bytes =
        b"\x82\x1b\x00\x0a\x0c\x0b\xff\xff\xff\x7f\x26\x00\x01k\x00\x01v\x00\x03a/b\x05\x00\x03c/#\x2a";
    check(V5, Packet::Subscribe(subscribe), bytes);
}

#[test]
fn suback() {
    let suback = |codes: Vec<ReasonCode>| Suback { packet_id: 3, codes, ..Suback::default() };
    let granted = vec![ReasonCode::GrantedQos0, ReasonCode::GrantedQos1, ReasonCode::GrantedQos2];
    check(V311, Packet::Suback(suback(granted.clone())), b"\x90\x05\x00\x03\x00\x01\x02");
    check(V5, Packet::Suback(suback(granted)), b"\x90\x06\x00\x03\x00\x00\x01\x02");
    let refused = Packet::Suback(suback(vec![ReasonCode::NotAuthorized]));
    check(V5, refused.clone(), b"\x90\x04\x00\x03\x00\x87");
    let mut bytes = Vec::new();
    refused.encode(V311, &mut bytes);
    assert_eq!(bytes, b"\x90\x03\x00\x03\x80");
    check_decode(V311, Packet::Suback(suback(vec![ReasonCode::Unspecified])), &bytes);
}

#[test]
fn unsubscribe_and_unsuback() {
    let unsubscribe = Unsubscribe { packet_id: 4, filters: vec!["a".into(), "+/b".into()], user: Vec::new() };
    check(V311, Packet::Unsubscribe(unsubscribe.clone()), b"\xa2\x0a\x00\x04\x00\x01a\x00\x03+/b");
    check(V5, Packet::Unsubscribe(unsubscribe), b"\xa2\x0b\x00\x04\x00\x00\x01a\x00\x03+/b");
    let codes = vec![ReasonCode::Success, ReasonCode::NoSubscriptionExisted];
    let unsuback = Unsuback { packet_id: 4, codes, reason_string: Some("r".into()), user: Vec::new() };
    check(V5, Packet::Unsuback(unsuback), b"\xb0\x09\x00\x04\x04\x1f\x00\x01r\x00\x11");
    check(V311, Packet::Unsuback(Unsuback { packet_id: 4, ..Unsuback::default() }), b"\xb0\x02\x00\x04");
}

#[test]
fn pings() {
    for version in [V31, V311, V5] {
        check(version, Packet::Pingreq, b"\xc0\x00");
        check(version, Packet::Pingresp, b"\xd0\x00");
    }
}

#[test]
fn disconnect() {
    let plain = || Packet::Disconnect(Disconnect::default());
    check(V311, plain(), b"\xe0\x00");
    check(V5, plain(), b"\xe0\x00");
    check_decode(V5, plain(), b"\xe0\x01\x00");
    check_decode(V5, plain(), b"\xe0\x02\x00\x00");
    let taken = Disconnect { reason: ReasonCode::SessionTakenOver, ..Disconnect::default() };
    check(V5, Packet::Disconnect(taken.clone()), b"\xe0\x02\x8e\x00");
    check_decode(V5, Packet::Disconnect(taken.clone()), b"\xe0\x01\x8e");
    let full = Disconnect {
        session_expiry_s: Some(0),
        reason_string: Some("r".into()),
        server_reference: Some("s".into()),
        user: vec![pair("k", "v")],
        ..taken
    };
    let bytes: &[u8] =
        b"\xe0\x16\x8e\x14\x11\x00\x00\x00\x00\x1f\x00\x01r\x1c\x00\x01s\x26\x00\x01k\x00\x01v";
    check(V5, Packet::Disconnect(full), bytes);
}

#[test]
fn auth() {
    check(V5, Packet::Auth(Auth::default()), b"\xf0\x00");
    let auth = Auth {
        reason: ReasonCode::ContinueAuthentication,
        authentication_method: Some("m".into()),
        authentication_data: Some(Bytes::from_static(b"d")),
        reason_string: None,
        user: Vec::new(),
    };
    check(V5, Packet::Auth(auth.clone()), b"\xf0\x0a\x18\x08\x15\x00\x01m\x16\x00\x01d");
    let mut bytes = Vec::new();
    Packet::Auth(auth).encode(V311, &mut bytes);
    assert!(bytes.is_empty(), "AUTH has no form in 3.1.1");
}

#[test]
fn properties_are_left_out_of_3_1_1() {
    let properties = Properties { content_type: Some("t".into()), ..Properties::default() };
    let publish = Publish {
        properties: Some(Box::new(properties)),
        topic_alias: Some(1),
        subscription_ids: vec![1],
        ..publish("a", b"")
    };
    let mut bytes = Vec::new();
    Packet::Publish(publish).encode(V311, &mut bytes);
    assert_eq!(bytes, b"\x30\x03\x00\x01a");
}

#[test]
fn a_password_of_3_1_1_brings_an_empty_user_name() {
    let mut connect = Connect::new(V311, "c");
    connect.password = Some(b"p".to_vec());
    let mut bytes = Vec::new();
    Packet::Connect(Box::new(connect)).encode(V311, &mut bytes);
    assert_eq!(bytes, b"\x10\x12\x00\x04MQTT\x04\xc2\x00\x00\x00\x01c\x00\x00\x00\x01p");
}

#[test]
fn a_text_too_long_for_its_field_is_cut_at_a_character() {
    let ack = Ack { reason_string: Some("ü".repeat(40_000).into()), ..Ack::new(1, ReasonCode::Success) };
    let mut bytes = Vec::new();
    Packet::Puback(ack).encode(V5, &mut bytes);
    let Ok(Some((Packet::Puback(ack), _))) = decode(&bytes, Some(V5), u32::MAX) else {
        panic!("not a PUBACK")
    };
    assert_eq!(ack.reason_string.map(|text| text.len()), Some(65_534));
}
