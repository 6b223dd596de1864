//! The receiving half of a connection: packets in, accepted or refused in the light of what came before.

use mqtt::ReasonCode::{
    ClientIdNotValid, ProtocolError, ReceiveMaximumExceeded, TopicAliasInvalid, UnsupportedProtocolVersion,
};
use mqtt::{
    Ack, Auth, Connack, Connect, Disconnect, Inbound, InboundLimits, Incoming, Packet, Publish, QoS,
    ReasonCode, Role, Suback, Subscribe, SubscribeFilter, Unsuback, Unsubscribe, Version,
};

const LIMITS: InboundLimits =
    InboundLimits { maximum_packet_size: 1_000, receive_maximum: 2, topic_alias_maximum: 3 };

fn bytes(version: Version, packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet.encode(version, &mut bytes);
    bytes
}

fn connect(version: Version) -> Packet<'static> {
    Packet::Connect(Box::new(Connect::new(version, "c")))
}

fn publish(qos: QoS, packet_id: u16) -> Publish<'static> {
    Publish {
        dup: false,
        qos,
        retain: false,
        topic: "a",
        packet_id,
        payload: b"x",
        properties: None,
        topic_alias: None,
        subscription_ids: Vec::new(),
    }
}

fn server(version: Version) -> Inbound {
    let mut inbound = Inbound::new(Role::Server, LIMITS);
    inbound.next(&bytes(version, &connect(version))).expect("CONNECT is accepted");
    inbound
}

fn client(version: Version) -> Inbound {
    let mut inbound = Inbound::new(Role::Client, LIMITS);
    inbound.set_version(version);
    let connack = Packet::Connack(Box::default());
    inbound.next(&bytes(version, &connack)).expect("CONNACK is accepted");
    inbound
}

#[track_caller]
fn accept(inbound: &mut Inbound, packet: &Packet<'_>) {
    let version = inbound.version().expect("a version");
    let bytes = bytes(version, packet);
    assert!(matches!(inbound.next(&bytes), Ok(Some((_, used))) if used == bytes.len()), "{}", packet.name());
}

#[track_caller]
fn refuse(inbound: &mut Inbound, packet: &Packet<'_>, expected: ReasonCode) {
    let version = inbound.version().unwrap_or(Version::V5);
    let bytes = bytes(version, packet);
    let refused = inbound.next(&bytes).map_err(|error| error.reason);
    assert_eq!(refused, Err(expected), "{}", packet.name());
}

fn subscribe() -> Packet<'static> {
    let filters = vec![SubscribeFilter::new("a", QoS::AtMostOnce)];
    Packet::Subscribe(Subscribe { packet_id: 1, filters, ..Subscribe::default() })
}

fn of_servers() -> Vec<Packet<'static>> {
    let codes = vec![ReasonCode::Success];
    vec![
        Packet::Suback(Suback { packet_id: 1, codes: codes.clone(), ..Suback::default() }),
        Packet::Unsuback(Unsuback { packet_id: 1, codes, ..Unsuback::default() }),
        Packet::Pingresp,
    ]
}

fn of_clients() -> Vec<Packet<'static>> {
    let filters = vec!["a".to_owned()];
    let unsubscribe = Unsubscribe { packet_id: 1, filters, ..Unsubscribe::default() };
    vec![subscribe(), Packet::Unsubscribe(unsubscribe), Packet::Pingreq]
}

#[test]
fn connect_comes_first_and_once() {
    let mut inbound = Inbound::new(Role::Server, LIMITS);
    assert_eq!(inbound.version(), None);
    refuse(&mut inbound, &Packet::Pingreq, ProtocolError);
    for version in [Version::V31, Version::V311, Version::V5] {
        let mut inbound = server(version);
        assert_eq!(inbound.version(), Some(version));
        refuse(&mut inbound, &connect(version), ProtocolError);
    }
}

#[test]
fn connack_comes_first_and_once() {
    let mut inbound = Inbound::new(Role::Client, LIMITS);
    refuse(&mut inbound, &Packet::Pingresp, ProtocolError);
    refuse(&mut client(Version::V5), &Packet::Connack(Box::<Connack>::default()), ProtocolError);
    let mut inbound = Inbound::new(Role::Client, LIMITS);
    inbound.set_version(Version::V5);
    accept(&mut inbound, &Packet::Auth(Auth::default()));
    accept(&mut inbound, &Packet::Connack(Box::default()));
}

#[test]
fn each_role_takes_only_the_packets_of_the_other() {
    for version in [Version::V311, Version::V5] {
        for packet in of_servers() {
            refuse(&mut server(version), &packet, ProtocolError);
            accept(&mut client(version), &packet);
        }
        for packet in of_clients() {
            refuse(&mut client(version), &packet, ProtocolError);
            accept(&mut server(version), &packet);
        }
        refuse(&mut client(version), &connect(version), ProtocolError);
        refuse(&mut server(version), &Packet::Connack(Box::default()), ProtocolError);
    }
}

#[test]
fn nothing_follows_disconnect() {
    for version in [Version::V311, Version::V5] {
        let mut inbound = server(version);
        accept(&mut inbound, &Packet::Disconnect(Disconnect::default()));
        refuse(&mut inbound, &Packet::Pingreq, ProtocolError);
    }
}

#[test]
fn a_server_disconnects_only_in_5_and_only_as_a_server() {
    let plain = Disconnect { reason: ReasonCode::ServerShuttingDown, ..Disconnect::default() };
    refuse(&mut client(Version::V311), &Packet::Disconnect(plain.clone()), ProtocolError);
    accept(&mut client(Version::V5), &Packet::Disconnect(plain.clone()));
    let expiry = Packet::Disconnect(Disconnect { session_expiry_s: Some(1), ..plain.clone() });
    refuse(&mut client(Version::V5), &expiry, ProtocolError);
    accept(&mut server(Version::V5), &expiry);
    let moved = Packet::Disconnect(Disconnect { server_reference: Some("s".into()), ..plain });
    accept(&mut client(Version::V5), &moved);
    refuse(&mut server(Version::V5), &moved, ProtocolError);
    let will = Disconnect { reason: ReasonCode::DisconnectWithWill, ..Disconnect::default() };
    accept(&mut server(Version::V5), &Packet::Disconnect(will.clone()));
    refuse(&mut client(Version::V5), &Packet::Disconnect(will), ProtocolError);
}

#[test]
fn auth_needs_a_method_in_connect() {
    let auth = Packet::Auth(Auth {
        reason: ReasonCode::ReAuthenticate,
        authentication_method: Some("m".into()),
        ..Auth::default()
    });
    refuse(&mut server(Version::V5), &auth, ProtocolError);
    let mut inbound = Inbound::new(Role::Server, LIMITS);
    let connect = Connect { authentication_method: Some("m".into()), ..Connect::new(Version::V5, "c") };
    inbound.next(&bytes(Version::V5, &Packet::Connect(Box::new(connect)))).expect("CONNECT is accepted");
    accept(&mut inbound, &auth);
}

#[test]
fn a_refused_connect_still_tells_its_version() {
    let mut inbound = Inbound::new(Role::Server, LIMITS);
    let refused = inbound.next(b"\x10\x0c\x00\x04MQTT\x04\x00\x00\x00\x00\x00").map_err(|error| error.reason);
    assert_eq!(refused, Err(ClientIdNotValid));
    assert_eq!(inbound.version(), Some(Version::V311));
    let mut inbound = Inbound::new(Role::Server, LIMITS);
    let refused = inbound.next(b"\x10\x0c\x00\x04MQTT\x09\x02\x00\x00\x00\x00").map_err(|error| error.reason);
    assert_eq!(refused, Err(UnsupportedProtocolVersion));
    assert_eq!(inbound.version(), None);
}

#[test]
fn packets_that_arrive_together_are_told_one_by_one() {
    let mut stream = bytes(Version::V311, &connect(Version::V311));
    stream.extend(bytes(Version::V311, &Packet::Publish(publish(QoS::AtMostOnce, 0))));
    stream.extend(b"\xc0");
    let mut inbound = Inbound::new(Role::Server, LIMITS);
    let Ok(Some((Incoming::Connect(_), used))) = inbound.next(&stream) else { panic!("no CONNECT") };
    let rest = &stream[used..];
    let Ok(Some((Incoming::Publish { publish, .. }, used))) = inbound.next(rest) else {
        panic!("no PUBLISH")
    };
    assert_eq!((publish.topic, publish.payload), ("a", &b"x"[..]));
    assert_eq!(inbound.next(&rest[used..]), Ok(None));
}

#[test]
fn the_receive_maximum_counts_unanswered_messages() {
    let mut inbound = server(Version::V5);
    accept(&mut inbound, &Packet::Publish(publish(QoS::AtLeastOnce, 1)));
    accept(&mut inbound, &Packet::Publish(publish(QoS::ExactlyOnce, 2)));
    accept(&mut inbound, &Packet::Publish(publish(QoS::AtMostOnce, 0)));
    let again = Publish { dup: true, ..publish(QoS::AtLeastOnce, 1) };
    accept(&mut inbound, &Packet::Publish(again));
    assert_eq!(inbound.unanswered(), 2);
    inbound.answered(1);
    accept(&mut inbound, &Packet::Publish(publish(QoS::AtLeastOnce, 3)));
    refuse(&mut inbound, &Packet::Publish(publish(QoS::AtLeastOnce, 4)), ReceiveMaximumExceeded);
}

#[test]
fn a_qos_2_message_counts_until_pubcomp() {
    let mut inbound = server(Version::V5);
    accept(&mut inbound, &Packet::Publish(publish(QoS::ExactlyOnce, 1)));
    accept(&mut inbound, &Packet::Pubrel(Ack::new(1, ReasonCode::Success)));
    assert_eq!(inbound.unanswered(), 1);
    inbound.answered(1);
    assert_eq!(inbound.unanswered(), 0);
}

#[test]
fn the_receive_maximum_is_no_error_in_3_1_1() {
    let mut inbound = server(Version::V311);
    for packet_id in 1..=10 {
        accept(&mut inbound, &Packet::Publish(publish(QoS::AtLeastOnce, packet_id)));
    }
    assert_eq!(inbound.unanswered(), 10);
}

#[track_caller]
fn check_held(inbound: &mut Inbound, packet_id: u16, expected: bool) {
    let bytes = bytes(Version::V311, &Packet::Publish(publish(QoS::ExactlyOnce, packet_id)));
    let Ok(Some((Incoming::Publish { duplicate_of_held, .. }, _))) = inbound.next(&bytes) else {
        panic!("no PUBLISH")
    };
    assert_eq!(duplicate_of_held, expected);
}

#[track_caller]
fn check_released(inbound: &mut Inbound, packet_id: u16, expected: bool) {
    let bytes = bytes(Version::V311, &Packet::Pubrel(Ack::new(packet_id, ReasonCode::Success)));
    let Ok(Some((Incoming::Pubrel { known, .. }, _))) = inbound.next(&bytes) else { panic!("no PUBREL") };
    assert_eq!(known, expected);
}

#[test]
fn a_qos_2_message_is_new_once_until_it_is_released() {
    let mut inbound = server(Version::V311);
    check_held(&mut inbound, 7, false);
    check_held(&mut inbound, 7, true);
    check_released(&mut inbound, 7, true);
    check_released(&mut inbound, 7, false);
    inbound.answered(7);
    check_held(&mut inbound, 7, false);
}

#[test]
fn held_packet_ids_move_to_the_next_connection() {
    let mut first = server(Version::V311);
    check_held(&mut first, 7, false);
    check_held(&mut first, 9, false);
    let mut second = server(Version::V311);
    first.held().for_each(|packet_id| second.hold(packet_id));
    assert_eq!(second.unanswered(), 0, "quotas do not outlive a connection");
    check_held(&mut second, 7, true);
    check_released(&mut second, 9, true);
    assert_eq!(second.held().collect::<Vec<_>>(), [7]);
}

#[test]
fn a_refused_qos_2_message_is_not_held() {
    let mut inbound = server(Version::V311);
    check_held(&mut inbound, 7, false);
    inbound.answered(7);
    check_held(&mut inbound, 7, false);
}

#[track_caller]
fn check_alias(inbound: &mut Inbound, topic: &'static str, alias: u16, expected: Result<&str, ReasonCode>) {
    let publish = Publish { topic, topic_alias: Some(alias), ..publish(QoS::AtMostOnce, 0) };
    let bytes = bytes(Version::V5, &Packet::Publish(publish));
    let resolved = match inbound.next(&bytes) {
        Ok(Some((Incoming::Publish { publish, .. }, _))) => Ok(publish.topic),
        Err(error) => Err(error.reason),
        other => panic!("{other:?}"),
    };
    assert_eq!(resolved, expected);
}

#[test]
fn topic_aliases_are_defined_used_and_changed() {
    let mut inbound = server(Version::V5);
    check_alias(&mut inbound, "", 3, Err(TopicAliasInvalid));
    check_alias(&mut inbound, "x/y", 3, Ok("x/y"));
    check_alias(&mut inbound, "", 3, Ok("x/y"));
    check_alias(&mut inbound, "", 1, Err(TopicAliasInvalid));
    check_alias(&mut inbound, "a", 1, Ok("a"));
    check_alias(&mut inbound, "z", 3, Ok("z"));
    check_alias(&mut inbound, "", 3, Ok("z"));
    check_alias(&mut inbound, "", 1, Ok("a"));
}

#[test]
fn a_topic_alias_above_the_maximum_is_refused() {
    let mut inbound = server(Version::V5);
    check_alias(&mut inbound, "a", 4, Err(TopicAliasInvalid));
    check_alias(&mut inbound, "a", u16::MAX, Err(TopicAliasInvalid));
    inbound.set_limits(InboundLimits { topic_alias_maximum: 0, ..LIMITS });
    check_alias(&mut inbound, "a", 1, Err(TopicAliasInvalid));
}

#[test]
fn a_client_sends_no_subscription_identifier() {
    let publish = Publish { subscription_ids: vec![1], ..publish(QoS::AtMostOnce, 0) };
    refuse(&mut server(Version::V5), &Packet::Publish(publish.clone()), ProtocolError);
    accept(&mut client(Version::V5), &Packet::Publish(publish));
}

#[test]
fn a_packet_over_our_maximum_is_refused_from_its_header() {
    let mut inbound = server(Version::V5);
    let refused = inbound.next(b"\x30\xff\x7f").map_err(|error| error.reason);
    assert_eq!(refused, Err(ReasonCode::PacketTooLarge));
}

#[test]
fn an_idle_connection_is_small() {
    assert!(size_of::<Inbound>() <= 120, "{}", size_of::<Inbound>());
}
