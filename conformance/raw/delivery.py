"""Messages between connections in the standard dialect: QoS, retained, wills, filters. Both protocol versions."""

from promise import promise
from raw.packets import PUBACK, PUBLISH, PUBREC, PUBREL, SUBACK, acknowledge, publish, subscribe
from raw.wire import joined, kept_session, open_plain

BOTH = {"dialect": "standard", "values": (4, 5)}


@promise(**BOTH)
def every_qos_arrives_once_and_in_order(place, version):
    wire = joined(place, version=version)
    assert wire.subscribe(place.topic(), qos=2) == [2]
    for qos in (0, 1, 2):
        wire.publish(place.topic(), f"qos {qos}", qos)
    found = wire.messages(3)
    assert [(message.payload, message.qos) for message in found] == [(b"qos 0", 0), (b"qos 1", 1), (b"qos 2", 2)]
    wire.expect_silence()


@promise(**BOTH)
def a_message_is_delivered_at_the_lower_of_both_qos(place, version):
    writer = joined(place, "writer", version)
    for granted in (0, 1, 2):
        reader = joined(place, f"reader{granted}", version)
        reader.subscribe(place.topic(str(granted)), qos=granted)
        for sent in (0, 1, 2):
            writer.publish(place.topic(str(granted)), b"x", sent)
        assert [message.qos for message in reader.messages(3)] == [min(sent, granted) for sent in (0, 1, 2)]


@promise(dialect="standard")
def versions_3_1_and_3_1_1_and_5_hear_each_other(place):
    wires = [joined(place, f"v{version}", version) for version in (3, 4, 5)]
    for wire in wires:
        wire.subscribe(place.topic(), qos=1)
    for wire in wires:
        wire.publish(place.topic(), str(wire.version), 1)
    for wire in wires:
        assert sorted(message.payload for message in wire.messages(3)) == [b"3", b"4", b"5"]


@promise(**BOTH)
def an_empty_and_a_large_payload_arrive_byte_for_byte(place, version):
    wire = joined(place, version=version)
    wire.subscribe(place.topic(), qos=1)
    large = bytes(range(256)) * 400
    for payload in (b"", large):
        wire.publish(place.topic(), payload, 1)
        assert wire.message().payload == payload


@promise(**BOTH)
def retained_messages_are_sent_to_a_wildcard_and_cleared_by_an_empty_payload(place, version):
    writer = joined(place, "writer", version)
    for qos in (0, 1, 2):
        writer.publish(place.topic(f"r/{qos}"), f"qos {qos}", qos, retain=True)
    # A QoS 1 acknowledgement after it shows that the QoS 0 message has been taken too.
    reader = joined(place, "reader", version)
    reader.subscribe(place.topic("r/+"), qos=2)
    found = reader.messages(3)
    assert sorted((message.payload, message.qos) for message in found) == [(b"qos 0", 0), (b"qos 1", 1), (b"qos 2", 2)]
    assert all(message.retain for message in found)
    for qos in (0, 1, 2):
        writer.publish(place.topic(f"r/{qos}"), b"", 1, retain=True)
    fresh = joined(place, "fresh", version)
    fresh.subscribe(place.topic("r/+"), qos=2)
    fresh.expect_silence()


@promise(**BOTH)
def a_live_subscriber_sees_a_retained_message_without_the_flag(place, version):
    wire = joined(place, version=version)
    wire.subscribe(place.topic(), qos=1)
    wire.publish(place.topic(), b"now", 1, retain=True)
    assert wire.message().retain is False


@promise(**BOTH)
def the_newest_retained_message_replaces_the_older(place, version):
    wire = joined(place, version=version)
    for number in (1, 2, 3):
        wire.publish(place.topic(), str(number), 1, retain=True)
    wire.subscribe(place.topic(), qos=1)
    assert wire.message().payload == b"3"
    wire.expect_silence()


@promise(**BOTH)
def a_will_is_published_when_the_socket_drops(place, version):
    reader = joined(place, "reader", version)
    reader.subscribe(place.topic("will"), qos=2)
    will = {"topic": place.topic("will"), "payload": b"gone", "qos": 1}
    joined(place, "mortal", version, will=will).drop()
    message = reader.message()
    assert (message.topic, message.payload, message.qos) == (place.topic("will"), b"gone", 1)


@promise(**BOTH)
def a_will_is_not_published_after_disconnect(place, version):
    reader = joined(place, "reader", version)
    reader.subscribe(place.topic("will"), qos=1)
    will = {"topic": place.topic("will"), "payload": b"gone", "qos": 1}
    joined(place, "polite", version, will=will).disconnect()
    reader.expect_silence(1)


@promise(**BOTH)
def a_retained_will_greets_later_subscribers(place, version):
    will = {"topic": place.topic("will"), "payload": b"gone", "qos": 1, "retain": True}
    watcher = joined(place, "watcher", version)
    watcher.subscribe(place.topic("will"))
    joined(place, "mortal", version, will=will).drop()
    watcher.message()
    later = joined(place, "later", version)
    later.subscribe(place.topic("will"))
    message = later.message()
    assert message.retain and message.payload == b"gone"


@promise(**BOTH)
def a_will_is_published_at_takeover_and_at_a_protocol_error(place, version):
    reader = joined(place, "reader", version)
    reader.subscribe(place.topic("will"), qos=1)
    will = {"topic": place.topic("will"), "payload": b"gone"}
    joined(place, "twin", version, will=will)
    joined(place, "twin", version).drop()
    assert reader.message().payload == b"gone"
    joined(place, "faulty", version, will=will).send(b"\x00\x00")
    assert reader.message().payload == b"gone"


@promise(**BOTH)
def overlapping_subscriptions_deliver_once_at_the_highest_qos_or_once_each(place, version):
    wire = joined(place, version=version)
    wire.subscribe(place.topic("a/#"), qos=2)
    wire.subscribe(place.topic("a/+"), qos=1)
    wire.publish(place.topic("a/c"), b"x", 2)
    qos = sorted(message.qos for message in wire.drain())
    assert qos in ([2], [1, 2]), qos


@promise(**BOTH)
def wildcards_match_as_the_specification_says(place, version):
    writer = joined(place, "writer", version)
    base = place.topic("w")
    cases = [
        (f"{base}/#", [base, f"{base}/a", f"{base}/a/b"], [f"{base}x"]),
        (f"{base}/+", [f"{base}/a", f"{base}/"], [base, f"{base}/a/b"]),
        (f"{base}/+/c", [f"{base}/b/c", f"{base}//c"], [f"{base}/b/d"]),
        (f"{base}/+/+", [f"{base}/a/b", f"{base}//"], [f"{base}/a"]),
    ]
    for number, (name, matching, others) in enumerate(cases):
        reader = joined(place, f"reader{number}", version)
        reader.subscribe(name)
        for topic in [*others, *matching]:
            writer.publish(topic, b"x", 1)
        assert [message.topic for message in reader.messages(len(matching))] == matching, name
        reader.expect_silence(0.1)
        reader.disconnect()


@promise(**BOTH)
def a_leading_wildcard_does_not_match_a_dollar_topic(place, version):
    reader = joined(place, "reader", version)
    reader.subscribe("+/" + place.topic(), qos=1)
    writer = joined(place, "writer", version)
    writer.publish("$lab/" + place.topic(), b"x", 0)
    writer.publish("lab/" + place.topic(), b"y", 1)
    assert reader.message().payload == b"y"


@promise(**BOTH)
def unsubscribe_ends_the_delivery_of_one_filter_only(place, version):
    wire = joined(place, version=version)
    wire.subscribe(place.topic("a"), place.topic("b"), qos=1)
    codes = wire.unsubscribe(place.topic("a"))
    assert version == 4 or codes == [0]
    wire.publish(place.topic("a"), b"a", 1)
    wire.publish(place.topic("b"), b"b", 1)
    assert wire.message().payload == b"b"
    wire.expect_silence()


@promise(**BOTH)
def messages_of_one_publisher_keep_their_order(place, version):
    reader = joined(place, "reader", version)
    reader.subscribe(place.topic(), qos=1)
    writer = joined(place, "writer", version)
    for number in range(200):
        writer.send(publish(place.topic(), str(number), 1, packet_id=number + 1, version=version))
    assert [int(message.payload) for message in reader.messages(200)] == list(range(200))
    assert [writer.expect(PUBACK).id for _ in range(200)] == list(range(1, 201))


@promise(**BOTH)
def unacknowledged_messages_come_again_with_dup_after_reconnect(place, version):
    reader = joined(place, "reader", version, **kept_session(version))
    reader.subscribe(place.topic(), qos=2)
    writer = joined(place, "writer", version)
    writer.publish(place.topic(), b"one", 1)
    writer.publish(place.topic(), b"two", 2)
    first = [reader.message(acknowledge=False) for _ in range(2)]
    assert not any(message.dup for message in first)
    reader.drop()
    again = joined(place, "reader", version, **kept_session(version))
    assert again.connack.session_present
    found = again.messages(2)
    assert [(message.payload, message.dup) for message in found] == [(b"one", True), (b"two", True)]
    assert [message.id for message in found] == [message.id for message in first]


@promise(**BOTH)
def an_interrupted_qos_2_delivery_goes_on_with_pubrel(place, version):
    reader = joined(place, "reader", version, **kept_session(version))
    reader.subscribe(place.topic(), qos=2)
    joined(place, "writer", version).publish(place.topic(), b"two", 2)
    message = reader.message(acknowledge=False)
    reader.send(acknowledge(PUBREC, message.id))
    assert reader.expect(PUBREL).id == message.id
    reader.drop()
    again = joined(place, "reader", version, **kept_session(version))
    assert again.expect(PUBREL).id == message.id
    assert not [packet for packet in again.kept if packet.kind == PUBLISH], "a received message came again"


@promise(**BOTH)
def a_repeated_qos_2_publish_is_delivered_once(place, version):
    reader = joined(place, "reader", version)
    reader.subscribe(place.topic(), qos=2)
    writer = joined(place, "writer", version)
    for dup in (False, True):
        writer.send(publish(place.topic(), b"once", 2, packet_id=7, dup=dup, version=version))
        assert writer.expect(PUBREC).id == 7
    writer.send(acknowledge(PUBREL, 7))
    assert reader.message().payload == b"once"
    reader.expect_silence()


@promise(**BOTH)
def a_subscriber_that_never_reads_slows_nobody(place, version):
    deaf = joined(place, "deaf", version)
    deaf.subscribe(place.topic("#"), qos=0)
    reader = joined(place, "reader", version)
    reader.subscribe(place.topic("#"), qos=0)
    writer = joined(place, "writer", version)
    for number in range(200):
        writer.send(publish(place.topic(), bytes(50_000), version=version))
        assert len(reader.message().payload) == 50_000, number
    writer.ping()


@promise(dialect="standard")
def shared_subscriptions_share_in_3_1_1_too(place):
    members = [joined(place, f"member{number}") for number in range(2)]
    for member in members:
        member.subscribe(f"$share/crew/{place.topic()}", qos=1)
    writer = open_plain(place)
    writer.connect(place.client("writer"))
    for number in range(20):
        writer.publish(place.topic(), str(number), 1)
    found = [int(message.payload) for member in members for message in member.drain()]
    assert sorted(found) == list(range(20)), found


@promise(**BOTH)
def a_publish_right_behind_a_subscribe_reaches_the_subscriber(place, version):
    # MQTT promises it from SUBACK on; paho's suites, like most brokers' users, count on it from SUBSCRIBE on.
    wire = joined(place, version=version)
    for number in range(20):
        topic = place.topic(str(number))
        wire.send(subscribe(number + 1, [(topic, 1)], version) + publish(topic, b"x", version=version))
        wire.expect(SUBACK)
        assert wire.message(2).topic == topic
