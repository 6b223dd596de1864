//! Strategies for packets that every version can carry as they are. Makes no packet the decoder would refuse.

use bytes::Bytes;
use mqtt::{
    Ack, Auth, Connack, Connect, Disconnect, Packet, Properties, Publish, QoS, ReasonCode, Suback, Subscribe,
    SubscribeFilter, Unsuback, Unsubscribe, Version, Will,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// A packet that owns what a PUBLISH borrows.
#[derive(Debug, Clone)]
pub(crate) enum Made {
    Publish { head: Publish<'static>, topic: String, payload: Vec<u8> },
    Other(Packet<'static>),
}

impl Made {
    pub(crate) fn packet(&self) -> Packet<'_> {
        match self {
            Self::Publish { head, topic, payload } => {
                Packet::Publish(Publish { topic, payload, ..head.clone() })
            }
            Self::Other(packet) => packet.clone(),
        }
    }
}

pub(crate) fn made(version: Version) -> BoxedStrategy<Made> {
    let v5 = version == Version::V5;
    let mut kinds = vec![
        publish(v5).boxed(),
        other(connect(version).prop_map(|connect| Packet::Connect(Box::new(connect)))),
        other(connack(version).prop_map(|connack| Packet::Connack(Box::new(connack)))),
        other(ack(v5, &[0x00, 0x10, 0x80, 0x87, 0x97]).prop_map(Packet::Puback)),
        other(ack(v5, &[0x00, 0x83, 0x90, 0x91, 0x99]).prop_map(Packet::Pubrec)),
        other(ack(v5, &[0x00, 0x92]).prop_map(Packet::Pubrel)),
        other(ack(v5, &[0x00, 0x92]).prop_map(Packet::Pubcomp)),
        other(subscribe(v5).prop_map(Packet::Subscribe)),
        other(suback(v5).prop_map(Packet::Suback)),
        other(unsubscribe(v5).prop_map(Packet::Unsubscribe)),
        other(unsuback(v5).prop_map(Packet::Unsuback)),
        other(Just(Packet::Pingreq)),
        other(Just(Packet::Pingresp)),
        other(disconnect(v5).prop_map(Packet::Disconnect)),
    ];
    if v5 {
        kinds.push(other(auth().prop_map(Packet::Auth)));
    }
    proptest::strategy::Union::new(kinds).boxed()
}

fn other(packets: impl Strategy<Value = Packet<'static>> + 'static) -> BoxedStrategy<Made> {
    packets.prop_map(Made::Other).boxed()
}

fn text() -> impl Strategy<Value = String> {
    "[ -~äß€😀]{1,12}"
}

fn topic() -> impl Strategy<Value = String> {
    "[a-z0-9 $ü]{1,6}(/[a-z0-9ü]{0,5}){0,4}"
}

fn filter() -> impl Strategy<Value = String> {
    "[a-z]{1,4}(/([a-z]{0,4}|\\+)){0,3}(/#)?"
}

fn data() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 1..20).prop_map(Bytes::from)
}

fn user(v5: bool) -> BoxedStrategy<Vec<(String, String)>> {
    only(v5, vec((text(), text()), 0..3))
}

/// The value in MQTT 5, its default before.
fn only<T: Default + Clone + std::fmt::Debug + 'static>(
    v5: bool,
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<T> {
    if v5 { value.boxed() } else { Just(T::default()).boxed() }
}

fn qos() -> impl Strategy<Value = QoS> {
    select(vec![QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce])
}

fn codes(of: &[u8]) -> impl Strategy<Value = ReasonCode> + use<> {
    select(of.iter().filter_map(|&code| ReasonCode::from_u8(code)).collect::<Vec<_>>())
}

fn properties(v5: bool) -> BoxedStrategy<Option<Box<Properties>>> {
    let made = (
        option::of(0..2_u8),
        option::of(1_u32..),
        option::of(text()),
        option::of(topic()),
        option::of(data()),
        user(true),
    )
        .prop_map(
            |(payload_format, message_expiry_s, content_type, response_topic, correlation_data, user)| {
                let properties = Properties {
                    payload_format,
                    message_expiry_s,
                    content_type,
                    response_topic,
                    correlation_data,
                    user,
                };
                (properties != Properties::default()).then(|| Box::new(properties))
            },
        );
    only(v5, made)
}

fn publish(v5: bool) -> impl Strategy<Value = Made> {
    let ids = only(v5, vec(1..268_435_456_u32, 0..3));
    let alias = only(v5, option::of(1_u16..));
    let flags = (any::<bool>(), qos(), any::<bool>(), 1_u16..);
    (flags, topic(), vec(any::<u8>(), 0..300), properties(v5), alias, ids).prop_map(
        |((dup, qos, retain, packet_id), topic, payload, properties, topic_alias, subscription_ids)| {
            let acknowledged = qos != QoS::AtMostOnce;
            let packet_id = if acknowledged { packet_id } else { 0 };
            let dup = dup && acknowledged;
            let (empty, none) = ("", &[]);
            let head = Publish {
                dup,
                qos,
                retain,
                topic: empty,
                packet_id,
                payload: none,
                properties,
                topic_alias,
                subscription_ids,
            };
            Made::Publish { head, topic, payload }
        },
    )
}

fn will(v5: bool) -> impl Strategy<Value = Will> {
    let delay_s = only(v5, any::<u32>());
    (topic(), data(), qos(), any::<bool>(), delay_s, properties(v5)).prop_map(
        |(topic, payload, qos, retain, delay_s, properties)| Will {
            topic,
            payload,
            qos,
            retain,
            delay_s,
            properties,
        },
    )
}

fn authentication(v5: bool) -> BoxedStrategy<Option<(String, Option<Bytes>)>> {
    only(v5, option::of((text(), option::of(data()))))
}

fn connect(version: Version) -> impl Strategy<Value = Connect> {
    let v5 = version == Version::V5;
    let head = (any::<bool>(), any::<u16>(), "[a-z0-9-]{1,30}", option::of(will(v5)));
    let login = (option::of(text()), option::of(data()));
    let limits = (
        only(v5, option::of(1_u32..)),
        only(v5, option::of(1_u16..65_535)),
        only(v5, option::of(1_u32..)),
        only(v5, option::of(1_u16..)),
    );
    let asked = (only(v5, any::<bool>()), only(v5, any::<bool>()), user(v5), authentication(v5));
    (head, login, limits, asked).prop_map(move |(head, login, limits, asked)| {
        let (clean_start, keep_alive_s, client_id, will) = head;
        let mut connect = Connect::new(version, client_id);
        (connect.clean_start, connect.keep_alive_s, connect.will) = (clean_start, keep_alive_s, will);
        let (user_name, password) = login;
        connect.password = password.filter(|_| v5 || user_name.is_some()).map(|password| password.to_vec());
        connect.user_name = user_name;
        (connect.session_expiry_s, connect.receive_maximum) = (limits.0, limits.1);
        (connect.maximum_packet_size, connect.topic_alias_maximum) = (limits.2, limits.3);
        connect.request_response_information = asked.0;
        connect.request_problem_information = !asked.1;
        connect.user = asked.2;
        if let Some((method, data)) = asked.3 {
            (connect.authentication_method, connect.authentication_data) = (Some(method), data);
        }
        connect
    })
}

fn connack(version: Version) -> BoxedStrategy<Connack> {
    if version != Version::V5 {
        let present = if version == Version::V31 { Just(false).boxed() } else { any::<bool>().boxed() };
        let made = (present, codes(&[0x00, 0x84, 0x85, 0x88, 0x86, 0x87])).prop_map(|(present, reason)| {
            Connack { session_present: present && !reason.is_error(), reason, ..Connack::default() }
        });
        return made.boxed();
    }
    let head = (any::<bool>(), codes(&[0x00, 0x80, 0x84, 0x85, 0x86, 0x87, 0x95, 0x97, 0x9B, 0x9F]));
    let limits =
        (option::of(any::<u32>()), option::of(1_u16..65_535), option::of(Just(1_u8)), option::of(1_u32..));
    let texts = (option::of(text()), option::of(text()), option::of(text()), option::of(text()));
    let lacks = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let rest = (option::of(1_u16..), option::of(any::<u16>()), user(true), authentication(true));
    (head, limits, texts, lacks, rest)
        .prop_map(|(head, limits, texts, lacks, rest)| {
            let (authentication_method, authentication_data) =
                rest.3.map_or((None, None), |(method, data)| (Some(method), data));
            Connack {
                session_present: head.0 && !head.1.is_error(),
                reason: head.1,
                session_expiry_s: limits.0,
                receive_maximum: limits.1,
                maximum_qos: limits.2,
                maximum_packet_size: limits.3,
                assigned_client_id: texts.0,
                reason_string: texts.1,
                response_information: texts.2,
                server_reference: texts.3,
                retain_available: lacks.0.then_some(false),
                wildcard_available: lacks.1.then_some(false),
                subscription_ids_available: lacks.2.then_some(false),
                shared_available: lacks.3.then_some(false),
                topic_alias_maximum: rest.0,
                server_keep_alive_s: rest.1,
                user: rest.2,
                authentication_method,
                authentication_data,
            }
        })
        .boxed()
}

fn ack(v5: bool, of: &[u8]) -> impl Strategy<Value = Ack> + use<> {
    let said = only(v5, option::of(text().prop_map(String::into_boxed_str)));
    (1_u16.., only(v5, codes(of)), said, user(v5)).prop_map(|(packet_id, reason, reason_string, user)| Ack {
        packet_id,
        reason,
        reason_string,
        user,
    })
}

fn subscribe(v5: bool) -> impl Strategy<Value = Subscribe> {
    let options = only(v5, (any::<bool>(), any::<bool>(), 0..3_u8));
    let filters = (filter(), qos(), options).prop_map(|(filter, qos, options)| SubscribeFilter {
        filter,
        qos,
        no_local: options.0,
        retain_as_published: options.1,
        retain_handling: options.2,
    });
    (1_u16.., only(v5, option::of(1..268_435_456_u32)), vec(filters, 1..5), user(v5)).prop_map(
        |(packet_id, subscription_id, filters, user)| Subscribe { packet_id, subscription_id, filters, user },
    )
}

fn suback(v5: bool) -> impl Strategy<Value = Suback> {
    let of: &[u8] = if v5 { &[0, 1, 2, 0x80, 0x87, 0x8F, 0x97, 0x9E, 0xA1, 0xA2] } else { &[0, 1, 2, 0x80] };
    (1_u16.., vec(codes(of), 1..5), only(v5, option::of(text())), user(v5))
        .prop_map(|(packet_id, codes, reason_string, user)| Suback { packet_id, codes, reason_string, user })
}

fn unsubscribe(v5: bool) -> impl Strategy<Value = Unsubscribe> {
    (1_u16.., vec(filter(), 1..5), user(v5)).prop_map(|(packet_id, filters, user)| Unsubscribe {
        packet_id,
        filters,
        user,
    })
}

fn unsuback(v5: bool) -> impl Strategy<Value = Unsuback> {
    let answers = only(v5, vec(codes(&[0x00, 0x11, 0x80, 0x87, 0x8F, 0x91]), 1..5));
    (1_u16.., answers, only(v5, option::of(text())), user(v5)).prop_map(
        |(packet_id, codes, reason_string, user)| Unsuback { packet_id, codes, reason_string, user },
    )
}

fn disconnect(v5: bool) -> impl Strategy<Value = Disconnect> {
    let reason = only(v5, codes(&[0x00, 0x04, 0x81, 0x82, 0x87, 0x8B, 0x8D, 0x8E, 0x93, 0x98, 0x9D]));
    let texts = (only(v5, option::of(text())), only(v5, option::of(text())));
    (reason, only(v5, option::of(any::<u32>())), texts, user(v5)).prop_map(
        |(reason, session_expiry_s, (reason_string, server_reference), user)| Disconnect {
            reason,
            session_expiry_s,
            reason_string,
            user,
            server_reference,
        },
    )
}

fn auth() -> impl Strategy<Value = Auth> {
    (codes(&[0x00, 0x18, 0x19]), text(), option::of(data()), option::of(text()), user(true)).prop_map(
        |(reason, method, authentication_data, reason_string, user)| Auth {
            reason,
            authentication_method: Some(method),
            authentication_data,
            reason_string,
            user,
        },
    )
}
