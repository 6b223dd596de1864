//! Our packets through other codecs and back: what they read and write again must be what we wrote.

#[path = "made/packets.rs"]
mod packets;

use bytes::BytesMut;
use mqtt::{Connect, Disconnect, Packet, Properties, QoS, Version, decode};
use packets::made;
use proptest::prelude::*;
use proptest::sample::select;
use tokio_util::codec::{Decoder, Encoder};

fn encoded(packet: &Packet<'_>, version: Version) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet.encode(version, &mut bytes);
    bytes
}

/// Bytes read and written again by `rmqtt-codec`.
fn through_rmqtt(bytes: &[u8], version: Version) -> Result<Vec<u8>, String> {
    let (mut input, mut output) = (BytesMut::from(bytes), BytesMut::new());
    if version == Version::V5 {
        let mut codec = rmqtt_codec::v5::Codec::new(0, 0);
        let (packet, _) = codec.decode(&mut input).map_err(|error| error.to_string())?.ok_or("incomplete")?;
        codec.encode(packet, &mut output).map_err(|error| error.to_string())?;
    } else {
        let mut codec = rmqtt_codec::v3::Codec::new(0);
        let (packet, _) = codec.decode(&mut input).map_err(|error| error.to_string())?.ok_or("incomplete")?;
        codec.encode(packet, &mut output).map_err(|error| error.to_string())?;
    }
    Ok(output.to_vec())
}

/// Bytes read and written again by `rumqttc`.
fn through_rumqttc(bytes: &[u8], version: Version) -> Result<Vec<u8>, String> {
    let (mut input, mut output) = (BytesMut::from(bytes), BytesMut::new());
    if version == Version::V5 {
        use rumqttc::v5::mqttbytes::v5::Packet;
        let packet = Packet::read(&mut input, None).map_err(|error| format!("read {error:?}"))?;
        packet.write(&mut output, None).map_err(|error| format!("write {error:?}"))?;
    } else {
        use rumqttc::mqttbytes::v4::Packet;
        let packet = Packet::read(&mut input, 1 << 20).map_err(|error| format!("read {error:?}"))?;
        packet.write(&mut output, 1 << 20).map_err(|error| format!("write {error:?}"))?;
    }
    Ok(output.to_vec())
}

/// The packet as `rmqtt-codec` can carry it.
fn for_rmqtt(mut packet: Packet<'_>) -> Packet<'_> {
    if let Packet::Publish(publish) = &mut packet
        && let Some(properties) = &mut publish.properties
    {
        // It writes no payload format 0, which is what a message without one has.
        properties.payload_format = properties.payload_format.filter(|&format| format != 0);
        if **properties == Properties::default() {
            publish.properties = None;
        }
    }
    packet
}

/// The packet as `rumqttc` can carry it; none when it cannot.
fn for_rumqttc(mut packet: Packet<'_>) -> Option<Packet<'_>> {
    match &mut packet {
        // Its passwords are texts, and its login has both or neither.
        Packet::Connect(connect) => {
            connect.password = connect.user_name.is_some().then(|| b"secret".to_vec());
        }
        // It counts each subscription id as one byte too many, and stops reading early after two.
        Packet::Publish(publish) => publish.subscription_ids.truncate(2),
        // It refuses a normal DISCONNECT of 5 without a reason code (allowed by 5.0 section 3.14.2.1).
        Packet::Disconnect(disconnect) if *disconnect == Disconnect::default() => return None,
        // It reads no AUTH.
        Packet::Auth(_) => return None,
        _ => {}
    }
    Some(packet)
}

fn any_made() -> impl Strategy<Value = (packets::Made, packets::Made)> {
    (made(Version::V311), made(Version::V5))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn rmqtt_codec_agrees_on_3_1_1(made in made(Version::V311)) {
        let bytes = encoded(&made.packet(), Version::V311);
        let again = through_rmqtt(&bytes, Version::V311);
        prop_assert_eq!(again, Ok(bytes));
    }

    #[test]
    fn rmqtt_codec_agrees_on_5(made in made(Version::V5)) {
        let packet = for_rmqtt(made.packet());
        let again = through_rmqtt(&encoded(&packet, Version::V5), Version::V5).map_err(TestCaseError::fail)?;
        prop_assert_eq!(decode(&again, Some(Version::V5), u32::MAX), Ok(Some((packet, again.len()))));
    }

    #[test]
    fn rumqttc_agrees(version in select(vec![Version::V311, Version::V5]), made in any_made()) {
        let made = if version == Version::V5 { made.1 } else { made.0 };
        let Some(packet) = for_rumqttc(made.packet()) else { return Ok(()) };
        let again = through_rumqttc(&encoded(&packet, version), version).map_err(TestCaseError::fail)?;
        // Its DISCONNECT of 5 may be followed by a byte that its length does not count.
        let decoded = decode(&again, Some(version), u32::MAX).map(|decoded| decoded.map(|(packet, _)| packet));
        prop_assert_eq!(decoded, Ok(Some(packet)));
    }
}

#[test]
fn rmqtt_codec_reads_each_field_of_a_connect_where_we_put_it() {
    let mut connect = Connect::new(Version::V5, "c");
    connect.keep_alive_s = 60;
    connect.session_expiry_s = Some(2);
    connect.receive_maximum = Some(3);
    connect.maximum_packet_size = Some(4);
    connect.topic_alias_maximum = Some(5);
    connect.request_response_information = true;
    connect.user_name = Some("u".into());
    connect.password = Some(b"p".to_vec());
    let bytes = encoded(&Packet::Connect(Box::new(connect)), Version::V5);
    let mut codec = rmqtt_codec::v5::Codec::new(0, 0);
    let decoded = codec.decode(&mut BytesMut::from(&bytes[..]));
    let Ok(Some((rmqtt_codec::v5::Packet::Connect(read), _))) = decoded else { panic!("{decoded:?}") };
    assert!(read.clean_start && read.request_response_info && read.request_problem_info);
    assert_eq!((read.keep_alive, read.session_expiry_interval_secs, read.topic_alias_max), (60, 2, 5));
    assert_eq!(read.receive_max.map(u16::from), Some(3));
    assert_eq!(read.max_packet_size.map(u32::from), Some(4));
    assert_eq!((&*read.client_id, read.username.as_deref()), ("c", Some("u")));
    assert_eq!(read.password.as_deref(), Some(&b"p"[..]));
}

#[test]
fn rumqttc_reads_each_field_of_a_publish_where_we_put_it() {
    let properties = Properties {
        payload_format: Some(1),
        message_expiry_s: Some(60),
        content_type: Some("t".into()),
        response_topic: Some("r".into()),
        correlation_data: Some(bytes::Bytes::from_static(b"c")),
        user: vec![("k".into(), "v".into())],
    };
    let mut out = Vec::new();
    mqtt::Fanout::new("a/b", b"payload", Some(&properties)).append_with(
        &mut out,
        Version::V5,
        QoS::AtLeastOnce,
        true,
        true,
        7,
        Some((9, true)),
        &[8],
    );
    use rumqttc::v5::mqttbytes::v5::Packet;
    let Ok(Packet::Publish(read)) = Packet::read(&mut BytesMut::from(&out[..]), None) else {
        panic!("not a PUBLISH")
    };
    assert!(read.dup && read.retain);
    assert_eq!(
        (read.qos as u8, read.pkid, &read.topic[..], &read.payload[..]),
        (1, 7, &b"a/b"[..], &b"payload"[..])
    );
    let read = read.properties.expect("properties");
    assert_eq!((read.payload_format_indicator, read.message_expiry_interval), (Some(1), Some(60)));
    assert_eq!((read.content_type.as_deref(), read.response_topic.as_deref()), (Some("t"), Some("r")));
    assert_eq!((read.correlation_data.as_deref(), read.topic_alias), (Some(&b"c"[..]), Some(9)));
    assert_eq!((read.user_properties, read.subscription_identifiers), (properties.user, vec![8]));
}

#[test]
fn normal_disconnect_of_3_1_1_is_read_by_both() {
    for through in [through_rmqtt, through_rumqttc] {
        assert_eq!(through(b"\xe0\x00", Version::V311), Ok(b"\xe0\x00".to_vec()));
    }
}

/// A packet that we refuse: whether `rmqtt-codec` and `rumqttc` take it all the same.
#[track_caller]
fn check_refused(version: Version, bytes: &[u8], rmqtt_takes: bool, rumqttc_takes: bool) {
    assert!(decode(bytes, Some(version), u32::MAX).is_err(), "{bytes:02x?}");
    let takes = (through_rmqtt(bytes, version).is_ok(), through_rumqttc(bytes, version).is_ok());
    assert_eq!(takes, (rmqtt_takes, rumqttc_takes), "{bytes:02x?}");
}

#[test]
fn what_the_specifications_refuse_and_others_take() {
    use Version::{V5, V311};
    // 3.1.1 section 2.2.2: reserved flags of the first byte.
    check_refused(V311, b"\xc1\x00", false, true);
    // 3.1.1 section 3.3.1.1: DUP with QoS 0.
    check_refused(V311, b"\x38\x03\x00\x01a", true, true);
    // 3.1.1 section 3.3.2.1: a wildcard in a topic name.
    check_refused(V311, b"\x30\x03\x00\x01#", true, true);
    // 3.1.1 section 4.7.3: an empty topic name.
    check_refused(V311, b"\x30\x02\x00\x00", false, true);
    // 3.1.1 section 1.5.3: U+0000 in a text.
    check_refused(V311, b"\x30\x03\x00\x01\x00", true, true);
    // 3.1.1 section 2.3.1: packet identifier 0.
    check_refused(V311, b"\x40\x02\x00\x00", false, true);
    // 5.0 section 1.5.5: a remaining length longer than it must be.
    check_refused(V5, b"\xc0\x80\x00", true, true);
    // 3.1.1 section 3.8.3: reserved bits of the requested QoS.
    check_refused(V311, b"\x82\x06\x00\x01\x00\x01a\x80", true, true);
    // 3.1.1 section 3.12: bytes after the end.
    check_refused(V311, b"\xc0\x01\x00", true, true);
    // 3.1.1 section 3.1.2.3: the reserved connect flag.
    check_refused(V311, b"\x10\x0d\x00\x04MQTT\x04\x03\x00\x3c\x00\x01c", false, true);
    // 3.1.1 section 3.1.3.1: an empty client identifier without a clean session.
    check_refused(V311, b"\x10\x0c\x00\x04MQTT\x04\x00\x00\x00\x00\x00", false, true);
    // 5.0 section 3.1.2.11.3: receive maximum 0.
    check_refused(V5, b"\x10\x11\x00\x04MQTT\x05\x02\x00\x3c\x03\x21\x00\x00\x00\x01c", false, true);
    // 5.0 section 2.2.2.2: a property twice.
    check_refused(V5, b"\x30\x08\x00\x01a\x04\x01\x01\x01\x01", false, true);
    // 5.0 section 3.3.2.3.2: a payload format other than 0 and 1.
    check_refused(V5, b"\x30\x06\x00\x01a\x02\x01\x02", false, true);
    // 5.0 section 3.3.2.3.4: topic alias 0.
    check_refused(V5, b"\x30\x07\x00\x01a\x03\x23\x00\x00", false, true);
    // 5.0 section 3.3.2.1: neither a topic name nor an alias.
    check_refused(V5, b"\x30\x03\x00\x00\x00", true, true);
    // 5.0 section 3.8.3.1: no local on a shared subscription.
    check_refused(V5, b"\x82\x10\x00\x01\x00\x00\x0a$share/g/a\x04", true, true);
    // 5.0 section 3.8.2.1.2: subscription identifier 0.
    check_refused(V5, b"\x82\x09\x00\x01\x02\x0b\x00\x00\x01a\x00", false, true);
}
