//! Stored messages: any message in, the same message expected back; any damage in, an error expected out.

use std::sync::Arc;

use bytes::Bytes;
use message::{Message, Properties, QoS, StoredMessageError, Topic};
use proptest::prelude::*;

fn properties() -> impl Strategy<Value = Properties> {
    let some_text = || prop::option::of(".{0,20}");
    let user = prop::collection::vec((".{0,8}", ".{0,8}"), 0..4);
    let data = prop::option::of(prop::collection::vec(any::<u8>(), 0..20));
    (any::<Option<u8>>(), any::<Option<u32>>(), some_text(), some_text(), data, user).prop_map(
        |(payload_format, message_expiry_s, content_type, response_topic, data, user)| Properties {
            payload_format,
            message_expiry_s,
            content_type,
            response_topic,
            correlation_data: data.map(Bytes::from),
            user,
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let times = (any::<u64>(), any::<Option<u64>>());
    let payload = prop::collection::vec(any::<u8>(), 0..200);
    let properties = prop::option::of(properties());
    (any::<u64>(), "[a-z/\u{e4}]{1,30}", payload, 0u8..3, any::<bool>(), properties, ".{0,20}", times)
        .prop_map(|(id, topic, payload, qos, retain, properties, publisher, (received_ms, expires_ms))| {
            Message {
                id,
                topic: Topic::parse(&topic).expect("no wildcard in the strategy"),
                payload: payload.into(),
                qos: QoS::from_u8(qos).expect("below 3"),
                retain,
                properties: properties.map(Arc::new),
                publisher: publisher.into(),
                received_ms,
                expires_ms,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_message_comes_back_as_it_was_stored(message in message()) {
        let bytes = Bytes::from(message.to_bytes());
        prop_assert_eq!(Message::from_bytes(&bytes), Ok(message));
    }

    #[test]
    fn every_changed_byte_and_every_shortening_is_noticed(message in message(), change in 1u8..) {
        let stored = message.to_bytes();
        for at in 0..stored.len() {
            let mut damaged = stored.clone();
            damaged[at] ^= change;
            prop_assert!(Message::from_bytes(&damaged.into()).is_err(), "byte {} changed", at);
            prop_assert!(Message::from_bytes(&Bytes::copy_from_slice(&stored[..at])).is_err(), "cut to {}", at);
        }
        let longer = [&stored[..], &[change]].concat();
        prop_assert!(Message::from_bytes(&longer.into()).is_err());
    }

    #[test]
    fn any_bytes_are_survived(mut bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        if let Some(first) = bytes.first_mut() {
            *first = 1;
        }
        prop_assert!(Message::from_bytes(&bytes.into()).is_err());
    }
}

fn sample() -> Message {
    Message {
        id: 7,
        topic: Topic::parse("a/b").expect("valid"),
        payload: Bytes::from_static(b"21.5"),
        qos: QoS::AtLeastOnce,
        retain: true,
        properties: None,
        publisher: "probe".into(),
        received_ms: 1_000,
        expires_ms: Some(61_000),
    }
}

#[test]
fn the_payload_is_not_copied_out_of_the_stored_bytes() {
    let bytes = Bytes::from(sample().to_bytes());
    let payload = Message::from_bytes(&bytes).expect("whole").payload;
    assert!(bytes.as_ptr_range().contains(&payload.as_ptr()));
}

#[test]
fn each_kind_of_damage_is_named() {
    let stored = sample().to_bytes();
    let read = |bytes: Vec<u8>| Message::from_bytes(&bytes.into()).expect_err("damaged");
    assert_eq!(read(Vec::new()), StoredMessageError::Truncated);
    assert_eq!(read(vec![1, 0, 0]), StoredMessageError::Truncated);
    assert_eq!(read(vec![2; 40]), StoredMessageError::Version(2));
    assert_eq!(read(stored[..stored.len() - 1].to_vec()), StoredMessageError::Checksum);
    assert_eq!(
        StoredMessageError::Version(2).to_string(),
        "the stored message has format 2; this version reads format 1, use the version that wrote it"
    );
}

#[test]
fn the_interval_left_is_rounded_up_and_ends_at_zero() {
    let check = |now_ms, left_s, expired| {
        let message = sample();
        assert_eq!(
            (message.remaining_expiry_s(now_ms), message.is_expired(now_ms)),
            (left_s, expired),
            "{now_ms}"
        );
    };
    check(0, Some(61), false);
    check(1_000, Some(60), false);
    check(1_001, Some(60), false);
    check(2_000, Some(59), false);
    check(60_999, Some(1), false);
    check(61_000, Some(0), true);
    check(u64::MAX, Some(0), true);
    let endless = Message { expires_ms: None, ..sample() };
    assert_eq!((endless.remaining_expiry_s(u64::MAX), endless.is_expired(u64::MAX)), (None, false));
    let far = Message { expires_ms: Some(u64::MAX), ..sample() };
    assert_eq!(far.remaining_expiry_s(0), Some(u32::MAX));
}
