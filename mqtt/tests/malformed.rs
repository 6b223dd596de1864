//! Bytes that the specifications refuse, each with the reason it is refused for.

use mqtt::ReasonCode::{
    ClientIdNotValid, MalformedPacket, PacketTooLarge, ProtocolError, TopicAliasInvalid, TopicFilterInvalid,
    TopicNameInvalid, UnsupportedProtocolVersion,
};
use mqtt::Version::{V5, V31, V311};
use mqtt::{ReasonCode, Version, decode};

#[track_caller]
fn check(version: impl Into<Option<Version>>, bytes: &[u8], expected: ReasonCode) {
    let refused = decode(bytes, version.into(), 1 << 20).map_err(|error| error.reason);
    assert_eq!(refused, Err(expected), "{bytes:02x?}");
}

#[track_caller]
fn accept(version: impl Into<Option<Version>>, bytes: &[u8]) {
    let decoded = decode(bytes, version.into(), 1 << 20);
    assert!(matches!(decoded, Ok(Some((_, used))) if used == bytes.len()), "{bytes:02x?} {decoded:?}");
}

/// A packet of MQTT 5: first byte, what precedes the properties, the properties, what follows.
fn with_properties(first: u8, before: &[u8], properties: &[u8], after: &[u8]) -> Vec<u8> {
    let length = u8::try_from(before.len() + 1 + properties.len() + after.len()).expect("a short packet");
    [&[first, length], before, &[properties.len() as u8], properties, after].concat()
}

fn connect(flags: u8, properties: &[u8], payload: &[u8]) -> Vec<u8> {
    with_properties(0x10, &[b"\x00\x04MQTT\x05", &[flags][..], b"\x00\x3c"].concat(), properties, payload)
}

fn publish(properties: &[u8]) -> Vec<u8> {
    with_properties(0x30, b"\x00\x01a", properties, b"x")
}

#[test]
fn a_wrong_first_byte_is_refused_at_once() {
    check(V5, b"\x00", MalformedPacket);
    check(None, b"G", ProtocolError);
    check(None, b"\x16\x03\x01", MalformedPacket);
    check(None, b"\xc0", ProtocolError);
    check(V311, b"\xf0", MalformedPacket);
    check(V31, b"\xf0", MalformedPacket);
    for first in
        [0x11, 0x21, 0x41, 0x51, 0x60, 0x63, 0x71, 0x80, 0x83, 0x91, 0xa0, 0xa3, 0xb1, 0xc1, 0xd2, 0xe4]
    {
        for version in [V31, V311, V5] {
            check(version, &[first], MalformedPacket);
        }
    }
    check(V5, b"\xf1", MalformedPacket);
    check(V311, b"\x6a", MalformedPacket);
    check(V5, b"\x8a", MalformedPacket);
}

#[test]
fn a_remaining_length_is_minimal_and_at_most_four_bytes() {
    check(V311, b"\x30\x80\x80\x80\x80", MalformedPacket);
    check(V311, b"\x30\xff\xff\xff\xff\x01", MalformedPacket);
    check(V311, b"\xc0\x80\x00", MalformedPacket);
    check(V5, b"\x30\xff\x80\x00", MalformedPacket);
    check(V5, b"\x30\x83\x80\x80\x00", MalformedPacket);
    check(V5, b"\x30\xff\xff\xff\x7f", PacketTooLarge);
}

#[test]
fn an_unfinished_header_asks_for_more() {
    for bytes in [&b""[..], b"\x30", b"\x30\x80", b"\x30\x80\x80", b"\x30\x80\x80\x80", b"\x30\x05\x00"] {
        assert_eq!(decode(bytes, Some(V311), u32::MAX), Ok(None));
    }
}

#[test]
fn fields_fill_the_packet_exactly() {
    check(V311, b"\xc0\x01\x00", MalformedPacket);
    check(V5, b"\xd0\x01\x00", MalformedPacket);
    check(V311, b"\xe0\x01\x00", MalformedPacket);
    check(V311, b"\x40\x01\x00", MalformedPacket);
    check(V311, b"\x40\x03\x00\x01\x00", MalformedPacket);
    check(V5, b"\x40\x05\x00\x01\x00\x00\x00", MalformedPacket);
    check(V5, b"\x40\x00", MalformedPacket);
    check(V311, b"\x20\x03\x00\x00\x00", MalformedPacket);
    check(V311, b"\x20\x01\x00", MalformedPacket);
    check(V5, b"\x20\x02\x00\x00", MalformedPacket);
    check(V311, b"\xb0\x03\x00\x01\x00", MalformedPacket);
    check(V311, b"\x30\x02\x00\x05", MalformedPacket);
    check(V311, b"\x30\x01\x00", MalformedPacket);
    check(V311, b"\x30\x00", MalformedPacket);
    check(V311, b"\x32\x04\x00\x01a\x00", MalformedPacket);
    check(V5, b"\x30\x03\x00\x01a", MalformedPacket);
    check(V5, b"\x30\x04\x00\x01a\x02", MalformedPacket);
    check(V5, b"\x30\x05\x00\x01a\x80\x00", MalformedPacket);
    check(V5, b"\xe0\x03\x00\x00\x00", MalformedPacket);
    check(None, b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x03dev!", MalformedPacket);
}

#[test]
fn texts_are_utf_8_without_nul() {
    for text in [
        &b"\xff"[..],
        b"\xc3",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
        b"\x00",
        b"a\x00b",
        b"\xc3\xbc\x00",
    ] {
        let length = text.len() as u8;
        let publish = [&[0x30, length + 2, 0, length], text].concat();
        check(V311, &publish, MalformedPacket);
        let client =
            [b"\x10", &[12 + length][..], b"\x00\x04MQTT\x04\x02\x00\x00\x00", &[length], text].concat();
        check(None, &client, MalformedPacket);
        let unsubscribe = [&[0xa2, length + 4, 0, 1, 0, length], text].concat();
        check(V311, &unsubscribe, MalformedPacket);
    }
    accept(V311, b"\x30\x05\x00\x03\xef\xbb\xbf");
    accept(V311, b"\x30\x06\x00\x04\xf0\x9f\x98\x80");
}

#[test]
fn a_packet_id_is_not_0() {
    for first in [0x40, 0x50, 0x62, 0x70, 0xb0] {
        check(V311, &[first, 2, 0, 0], MalformedPacket);
    }
    check(V311, b"\x32\x05\x00\x01a\x00\x00", MalformedPacket);
    check(V311, b"\x34\x05\x00\x01a\x00\x00", MalformedPacket);
    check(V311, b"\x82\x06\x00\x00\x00\x01a\x00", MalformedPacket);
    check(V311, b"\x90\x03\x00\x00\x00", MalformedPacket);
    check(V311, b"\xa2\x05\x00\x00\x00\x01a", MalformedPacket);
}

#[test]
fn publish_flags_make_sense() {
    check(V311, b"\x38\x03\x00\x01a", MalformedPacket);
    check(V5, b"\x39\x04\x00\x01a\x00", MalformedPacket);
    check(V311, b"\x36\x05\x00\x01a\x00\x01", MalformedPacket);
    check(V31, b"\x3f\x05\x00\x01a\x00\x01", MalformedPacket);
}

#[test]
fn publish_topics_are_exact() {
    for topic in [b"\x00\x01#", b"\x00\x01+"] {
        check(V311, &[b"\x30\x03", &topic[..]].concat(), TopicNameInvalid);
        check(V5, &[b"\x30\x04", &topic[..], b"\x00"].concat(), TopicNameInvalid);
    }
    check(V311, b"\x30\x05\x00\x03a/#", TopicNameInvalid);
    check(V311, b"\x30\x04\x00\x02a+", TopicNameInvalid);
    check(V311, b"\x30\x02\x00\x00", TopicNameInvalid);
    check(V5, b"\x30\x03\x00\x00\x00", ProtocolError);
}

#[test]
fn publish_properties_obey() {
    check(V5, &publish(b"\x01\x02"), ProtocolError);
    check(V5, &publish(b"\x01\x01\x01\x01"), ProtocolError);
    check(V5, &publish(b"\x01"), MalformedPacket);
    check(V5, &publish(b"\x02\x00\x00\x00"), MalformedPacket);
    check(V5, &publish(b"\x08\x00\x01+"), TopicNameInvalid);
    check(V5, &publish(b"\x08\x00\x03a/#"), TopicNameInvalid);
    check(V5, &publish(b"\x08\x00\x00"), TopicNameInvalid);
    check(V5, &publish(b"\x03\x00\x01\xff"), MalformedPacket);
    check(V5, &publish(b"\x09\x00\x05a"), MalformedPacket);
    check(V5, &publish(b"\x0b\x00"), ProtocolError);
    check(V5, &publish(b"\x0b\x80\x00"), MalformedPacket);
    check(V5, &publish(b"\x0b\xff\xff\xff\xff\x01"), MalformedPacket);
    check(V5, &publish(b"\x23\x00\x00"), TopicAliasInvalid);
    check(V5, &publish(b"\x23\x00\x01\x23\x00\x01"), ProtocolError);
    check(V5, &publish(b"\x26\x00\x01k"), MalformedPacket);
    check(V5, &publish(b"\x26\x00\x01k\x00\x01\x00"), MalformedPacket);
    for id in [0, 4, 10, 20, 27, 43, 64, 65, 127, 128, 255] {
        check(V5, &publish(&[id, 0, 0, 0, 0]), MalformedPacket);
    }
    accept(V5, &publish(b"\x26\x00\x00\x00\x00\x26\x00\x00\x00\x00\x0b\x01\x0b\x02"));
}

#[test]
fn a_property_of_another_packet_is_refused() {
    for misplaced in
        [&b"\x11\x00\x00\x00\x01"[..], b"\x1f\x00\x01r", b"\x21\x00\x01", b"\x18\x00\x00\x00\x01"]
    {
        check(V5, &publish(misplaced), MalformedPacket);
    }
    for misplaced in
        [&b"\x01\x01"[..], b"\x1f\x00\x01r", b"\x12\x00\x01a", b"\x18\x00\x00\x00\x01", b"\x24\x01"]
    {
        check(V5, &connect(2, misplaced, b"\x00\x01c"), MalformedPacket);
    }
    check(V5, &with_properties(0x20, b"\x00\x00", b"\x17\x01", b""), MalformedPacket);
    check(V5, &with_properties(0x40, b"\x00\x01\x00", b"\x11\x00\x00\x00\x01", b""), MalformedPacket);
    check(V5, &with_properties(0x82, b"\x00\x01", b"\x1f\x00\x01r", b"\x00\x01a\x00"), MalformedPacket);
    check(V5, &with_properties(0x90, b"\x00\x01", b"\x0b\x01", b"\x00"), MalformedPacket);
    check(V5, &with_properties(0xa2, b"\x00\x01", b"\x0b\x01", b"\x00\x01a"), MalformedPacket);
    check(V5, &with_properties(0xb0, b"\x00\x01", b"\x01\x01", b"\x00"), MalformedPacket);
    check(V5, &with_properties(0xe0, b"\x00", b"\x15\x00\x01m", b""), MalformedPacket);
    check(V5, &with_properties(0xf0, b"\x18", b"\x1c\x00\x01s", b""), MalformedPacket);
}

#[test]
fn connect_names_a_protocol_we_speak() {
    check(None, b"\x10\x0f\x00\x04MQTT\x06\x02\x00\x3c\x00\x03dev", UnsupportedProtocolVersion);
    check(None, b"\x10\x0f\x00\x04MQTT\x03\x02\x00\x3c\x00\x03dev", UnsupportedProtocolVersion);
    check(None, b"\x10\x0f\x00\x04MQTT\x84\x02\x00\x3c\x00\x03dev", UnsupportedProtocolVersion);
    check(None, b"\x10\x11\x00\x06MQIsdp\x04\x02\x00\x3c\x00\x03dev", UnsupportedProtocolVersion);
    check(None, b"\x10\x0f\x00\x04mqtt\x04\x02\x00\x3c\x00\x03dev", MalformedPacket);
    check(None, b"\x10\x0f\x00\x04HTTP\x04\x02\x00\x3c\x00\x03dev", MalformedPacket);
    check(None, b"\x10\x00", MalformedPacket);
}

#[test]
fn connect_flags_make_sense() {
    let flags = |flags| [&b"\x10\x0d\x00\x04MQTT\x04"[..], &[flags], b"\x00\x3c\x00\x01c"].concat();
    check(None, &flags(0x03), MalformedPacket);
    check(None, &flags(0x0a), MalformedPacket);
    check(None, &flags(0x12), MalformedPacket);
    check(None, &flags(0x22), MalformedPacket);
    check(None, &flags(0x1e), MalformedPacket);
    check(None, &flags(0x42), MalformedPacket);
    check(None, &flags(0x82), MalformedPacket);
    check(None, &flags(0x06), MalformedPacket);
    accept(None, &flags(0x02));
    check(None, &connect(0x03, b"", b"\x00\x01c"), MalformedPacket);
    accept(None, &connect(0x42, b"", b"\x00\x01c\x00\x01p"));
}

#[test]
fn an_empty_client_id_needs_a_clean_start_before_5() {
    check(None, b"\x10\x0c\x00\x04MQTT\x04\x00\x00\x00\x00\x00", ClientIdNotValid);
    accept(None, b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00");
    check(None, b"\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x00\x00\x00", ClientIdNotValid);
    accept(None, &connect(0x00, b"", b"\x00\x00"));
}

#[test]
fn connect_properties_obey() {
    for refused in [
        &b"\x21\x00\x00"[..],
        b"\x27\x00\x00\x00\x00",
        b"\x17\x02",
        b"\x19\x02",
        b"\x11\x00\x00\x00\x01\x11\x00\x00\x00\x01",
        b"\x21\x00\x01\x21\x00\x01",
        b"\x22\x00\x01\x22\x00\x01",
        b"\x16\x00\x01d",
    ] {
        check(None, &connect(2, refused, b"\x00\x01c"), ProtocolError);
    }
}

#[test]
fn wills_obey() {
    check(None, &connect(0x06, b"", b"\x00\x01c\x00\x00\x03w/#\x00\x00"), TopicNameInvalid);
    check(None, &connect(0x06, b"", b"\x00\x01c\x00\x00\x00\x00\x00"), TopicNameInvalid);
    check(None, &connect(0x06, b"", b"\x00\x01c\x02\x23\x00\x00\x01w\x00\x00"), MalformedPacket);
    check(None, &connect(0x06, b"", b"\x00\x01c\x03\x23\x00\x01\x00\x01w\x00\x00"), MalformedPacket);
    check(None, &connect(0x06, b"", b"\x00\x01c\x02\x0b\x01\x00\x01w\x00\x00"), MalformedPacket);
    check(None, &connect(0x06, b"", b"\x00\x01c\x02\x01\x07\x00\x01w\x00\x00"), ProtocolError);
    accept(None, &connect(0x06, b"", b"\x00\x01c\x00\x00\x01w\x00\x00"));
}

#[test]
fn connack_obeys() {
    check(V311, b"\x20\x02\x02\x00", MalformedPacket);
    check(V311, b"\x20\x02\x01\x05", ProtocolError);
    check(V311, b"\x20\x02\x00\x06", MalformedPacket);
    check(V5, b"\x20\x03\x01\x87\x00", ProtocolError);
    check(V5, b"\x20\x03\x00\x8e\x00", ProtocolError);
    check(V5, b"\x20\x03\x00\x03\x00", ProtocolError);
    for refused in [&b"\x24\x02"[..], b"\x25\x02", b"\x28\x02", b"\x29\x03", b"\x2a\xff", b"\x21\x00\x00"] {
        check(V5, &with_properties(0x20, b"\x00\x00", refused, b""), ProtocolError);
    }
}

#[test]
fn reason_codes_belong_to_their_packet() {
    check(V5, b"\x40\x03\x00\x01\x92", ProtocolError);
    check(V5, b"\x62\x03\x00\x01\x10", ProtocolError);
    check(V5, b"\x50\x03\x00\x01\x01", ProtocolError);
    check(V5, b"\x90\x04\x00\x01\x00\x03", ProtocolError);
    check(V311, b"\x90\x03\x00\x01\x03", MalformedPacket);
    check(V5, b"\xb0\x04\x00\x01\x00\x01", ProtocolError);
    check(V5, b"\xe0\x01\x18", ProtocolError);
    check(V5, b"\xf0\x01\x80", ProtocolError);
}

#[test]
fn subscriptions_name_filters_and_options() {
    check(V311, b"\x82\x02\x00\x01", ProtocolError);
    check(V5, b"\x82\x03\x00\x01\x00", ProtocolError);
    check(V311, b"\xa2\x02\x00\x01", ProtocolError);
    check(V5, b"\xa2\x03\x00\x01\x00", ProtocolError);
    check(V311, b"\x90\x02\x00\x01", ProtocolError);
    check(V5, b"\xb0\x03\x00\x01\x00", ProtocolError);
    check(V311, b"\x82\x05\x00\x01\x00\x01a", MalformedPacket);
    check(V311, b"\x82\x06\x00\x01\x00\x01a\x03", MalformedPacket);
    check(V311, b"\x82\x06\x00\x01\x00\x01a\x04", MalformedPacket);
    check(V311, b"\x82\x06\x00\x01\x00\x01a\x80", MalformedPacket);
    check(V311, b"\x82\x05\x00\x01\x00\x00\x00", TopicFilterInvalid);
    check(V311, b"\x82\x07\x00\x01\x00\x02a#\x00", TopicFilterInvalid);
    check(V311, b"\x82\x08\x00\x01\x00\x03#/a\x00", TopicFilterInvalid);
    check(V311, b"\xa2\x06\x00\x01\x00\x02+a", TopicFilterInvalid);
    let options = |byte| with_properties(0x82, b"\x00\x01", b"", &[0, 1, b'a', byte]);
    check(V5, &options(0x03), MalformedPacket);
    check(V5, &options(0x40), MalformedPacket);
    check(V5, &options(0x80), MalformedPacket);
    check(V5, &options(0x30), ProtocolError);
    accept(V5, &options(0x2e));
    check(V5, &with_properties(0x82, b"\x00\x01", b"", b"\x00\x0a$share/g/a\x04"), ProtocolError);
    check(V5, &with_properties(0x82, b"\x00\x01", b"\x0b\x00", b"\x00\x01a\x00"), ProtocolError);
    check(V5, &with_properties(0x82, b"\x00\x01", b"\x0b\x01\x0b\x02", b"\x00\x01a\x00"), ProtocolError);
}

#[test]
fn auth_names_its_method() {
    check(V5, &with_properties(0xf0, b"\x18", b"\x16\x00\x01d", b""), ProtocolError);
    check(V5, b"\xf0\x01\x18", MalformedPacket);
}

#[test]
fn an_error_says_packet_reason_rule_and_section() {
    let error = decode(b"\x30\x05\x00\x03a/#", Some(V311), u32::MAX).expect_err("a wildcard");
    assert_eq!(
        error.to_string(),
        "PUBLISH refused, Topic Name invalid (0x90): the topic name is empty or holds + or #; \
         publish to one exact topic [5.0 section 3.3.2.1]"
    );
}
