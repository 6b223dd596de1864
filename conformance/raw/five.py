"""What only MQTT 5 has, in the standard dialect: properties, options, aliases, flow control."""

import time

from promise import promise
from raw import packets
from raw.packets import PUBACK, PUBLISH
from raw.wire import joined, kept_session, open_plain

FIVE = {"dialect": "standard"}
NO_LOCAL, RETAIN_AS_PUBLISHED = 4, 8
RETAIN_IF_NEW, RETAIN_NEVER = 0x10, 0x20


@promise(**FIVE)
def message_properties_are_forwarded_unchanged_and_in_order(place):
    wire = joined(place, version=5)
    wire.subscribe(place.topic(), qos=2)
    sent = {
        "payload_format": 1,
        "content_type": "text/plain",
        "response_topic": place.topic("answer"),
        "correlation_data": b"\x00\xff",
        "user": [("a", "2"), ("c", "3"), ("a", "1")],
    }
    for qos in (0, 1, 2):
        wire.publish(place.topic(), b"x", qos, properties=sent)
        found = dict(wire.message().properties)
        assert found == sent, found


@promise(**FIVE)
def request_and_response_find_each_other(place):
    asker, answerer = joined(place, "asker", 5), joined(place, "answerer", 5)
    asker.subscribe(place.topic("answer"), qos=1)
    answerer.subscribe(place.topic("question"), qos=1)
    question = {"response_topic": place.topic("answer"), "correlation_data": b"42"}
    asker.publish(place.topic("question"), b"?", 1, properties=question)
    heard = answerer.message()
    reply = {"correlation_data": heard.properties["correlation_data"]}
    answerer.publish(heard.properties["response_topic"], b"!", 1, properties=reply)
    answer = asker.message()
    assert (answer.payload, answer.properties) == (b"!", {"correlation_data": b"42"})


@promise(**FIVE)
def an_expired_message_is_not_delivered_and_the_rest_of_the_time_is_told(place):
    reader = joined(place, "reader", 5, **kept_session(5))
    reader.subscribe(place.topic(), qos=2)
    reader.disconnect()
    writer = joined(place, "writer", 5)
    for qos in (1, 2):
        writer.publish(place.topic(), b"short", qos, properties={"message_expiry": 1})
        writer.publish(place.topic(), b"long", qos, properties={"message_expiry": 60})
    time.sleep(2.5)
    found = joined(place, "reader", 5, **kept_session(5)).messages(2)
    assert [message.payload for message in found] == [b"long", b"long"]
    assert all(50 <= message.properties["message_expiry"] < 60 for message in found), found


@promise(**FIVE)
def no_local_keeps_a_publishers_messages_from_itself(place):
    one, two = joined(place, "one", 5), joined(place, "two", 5)
    for wire in (one, two):
        wire.subscribe(place.topic(), qos=1, options=NO_LOCAL)
    one.publish(place.topic(), b"x", 1)
    assert two.message().payload == b"x"
    one.expect_silence()


@promise(**FIVE)
def no_local_on_a_shared_subscription_is_an_error(place):
    wire = joined(place, version=5)
    wire.send(packets.subscribe(1, [(f"$share/crew/{place.topic()}", NO_LOCAL)], 5))
    wire.expect_end(0x82)


@promise(**FIVE)
def retain_as_published_keeps_the_flag(place):
    wire = joined(place, version=5)
    wire.subscribe(place.topic(), qos=1, options=RETAIN_AS_PUBLISHED)
    for retain in (False, True):
        wire.publish(place.topic(), b"x", 1, retain)
        assert wire.message().retain is retain


@promise(**FIVE)
def retain_handling_says_when_retained_messages_are_sent(place):
    writer = joined(place, "writer", 5)
    for qos in (0, 1, 2):
        writer.publish(place.topic(f"r/{qos}"), b"x", qos, retain=True)
    writer.ping()
    for name, options, first, second in (("always", 0, 3, 3), ("new", RETAIN_IF_NEW, 3, 0), ("never", RETAIN_NEVER, 0, 0)):
        reader = joined(place, name, 5)
        for expected in (first, second):
            reader.subscribe(place.topic("r/+"), qos=2, options=options)
            found = reader.messages(expected)
            assert sorted(message.qos for message in found) == [0, 1, 2][:expected], name
            reader.expect_silence(0.3)
        reader.disconnect()


@promise(**FIVE)
def subscription_identifiers_come_back_with_the_message(place):
    wire = joined(place, version=5)
    wire.subscribe(place.topic("a"), qos=1, properties={"subscription_id": 456789})
    wire.subscribe(place.topic("+"), qos=1, properties={"subscription_id": 2})
    wire.publish(place.topic("a"), b"x", 1)
    found = sorted(wire.message().properties["subscription_id"])
    if found != [2, 456789]:
        # One copy per subscription is as good as one copy with both.
        found += wire.message().properties["subscription_id"]
    assert sorted(found) == [2, 456789], found


@promise(**FIVE)
def a_subscription_identifier_of_zero_is_an_error(place):
    wire = joined(place, version=5)
    wire.send(packets.subscribe(1, [(place.topic(), 0)], 5, {"subscription_id": 0}))
    wire.expect_end(0x82)


@promise(**FIVE)
def a_topic_alias_stands_for_its_topic_until_the_connection_ends(place):
    wire = joined(place, version=5, **kept_session(5))
    assert wire.connack.properties.get("topic_alias_maximum", 0) >= 1
    wire.subscribe(place.topic(), qos=1)
    wire.publish(place.topic(), b"1", 1, properties={"topic_alias": 1})
    wire.publish("", b"2", 1, properties={"topic_alias": 1})
    assert [(m.topic, m.payload) for m in wire.messages(2)] == [(place.topic(), b"1"), (place.topic(), b"2")]
    wire.disconnect()
    again = joined(place, version=5, **kept_session(5))
    again.send(packets.publish("", b"3", 1, packet_id=9, version=5, properties_={"topic_alias": 1}))
    # No code is fixed for an alias that was never set: both of these name the fault.
    assert again.expect_end().code in (0x82, 0x94)


@promise(values=(0, 60000), **FIVE)
def a_topic_alias_outside_the_range_is_refused(place, alias):
    wire = joined(place, version=5)
    wire.send(packets.publish(place.topic(), b"x", 1, packet_id=9, version=5, properties_={"topic_alias": alias}))
    wire.expect_end(0x94)


@promise(**FIVE)
def the_server_uses_aliases_only_when_it_may(place):
    reader = joined(place, "reader", 5, properties={"topic_alias_maximum": 1})
    plain = joined(place, "plain", 5)
    for wire in (reader, plain):
        wire.subscribe(place.topic(), qos=2)
    for qos in (0, 1, 2):
        plain.publish(place.topic(), b"x", qos)
    for message in plain.messages(3):
        assert message.topic == place.topic() and "topic_alias" not in message.properties
    found = reader.messages(3)
    assert [message.properties.get("topic_alias") for message in found] == [1, 1, 1]
    assert [message.topic for message in found] == [place.topic(), "", ""]


@promise(**FIVE)
def no_packet_is_larger_than_the_client_takes(place):
    reader = joined(place, "reader", 5, properties={"maximum_packet_size": 100})
    reader.subscribe(place.topic(), qos=1)
    writer = joined(place, "writer", 5)
    for size in (10, 200, 20):
        writer.publish(place.topic(), bytes(size), 1)
    assert [len(message.payload) for message in reader.messages(2)] == [10, 20]


@promise(**FIVE)
def the_servers_keep_alive_is_told_when_it_differs(place):
    wire = joined(place, version=5, keep_alive=120)
    assert wire.connack.properties.get("server_keep_alive") == 60, wire.connack.properties


@promise(**FIVE)
def no_more_messages_are_in_flight_than_the_client_takes(place):
    reader = joined(place, "reader", 5, properties={"receive_maximum": 2})
    reader.subscribe(place.topic(), qos=1)
    writer = joined(place, "writer", 5)
    for number in range(4):
        writer.publish(place.topic(), str(number), 1)
    first = [reader.message(acknowledge=False) for _ in range(2)]
    reader.expect_silence()
    reader.acknowledge(first[0])
    third = reader.message(acknowledge=False)
    reader.expect_silence()
    assert [int(message.payload) for message in [*first, third]] == [0, 1, 2]
    reader.acknowledge(first[1])
    assert reader.message().payload == b"3"


@promise(**FIVE)
def a_publisher_over_the_receive_maximum_is_told(place):
    wire = joined(place, version=5)
    limit = wire.connack.properties.get("receive_maximum", 65535)
    # Without PUBREL a QoS 2 publish stays in flight for ever.
    burst = [packets.publish(place.topic(), b"x", 2, packet_id=n, version=5) for n in range(1, limit + 2)]
    wire.send(b"".join(burst))
    wire.expect_end(0x93, seconds=20)


@promise(seconds=40, **FIVE)
def a_will_waits_for_its_delay_or_the_sessions_end(place):
    reader = joined(place, "reader", 5)
    reader.subscribe(place.topic("will"), qos=1)
    for delay, expiry, expected in ((2, 30, 2), (30, 0, 0), (30, 2, 2)):
        will = {"topic": place.topic("will"), "payload": b"gone", "properties": {"will_delay": delay}}
        mortal = joined(place, "mortal", 5, will=will, properties={"session_expiry": expiry})
        start = time.monotonic()
        mortal.drop()
        reader.message()
        took = time.monotonic() - start
        assert expected - 0.5 <= took <= expected + 2, f"delay {delay}, expiry {expiry}: {took:.1f} s"


@promise(**FIVE)
def a_delayed_will_is_taken_back_by_a_reconnect(place):
    reader = joined(place, "reader", 5)
    reader.subscribe(place.topic("will"), qos=1)
    will = {"topic": place.topic("will"), "payload": b"gone", "properties": {"will_delay": 2}}
    joined(place, "mortal", 5, will=will, properties={"session_expiry": 60}).drop()
    joined(place, "mortal", 5, clean=False, properties={"session_expiry": 60})
    reader.expect_silence(4)


@promise(**FIVE)
def disconnect_with_will_publishes_the_will(place):
    reader = joined(place, "reader", 5)
    reader.subscribe(place.topic("will"))
    will = {"topic": place.topic("will"), "payload": b"gone", "properties": {"user": [("why", "left")]}}
    joined(place, "leaver", 5, will=will).disconnect(0x04)
    assert reader.message().properties == {"user": [("why", "left")]}


@promise(**FIVE)
def a_shared_subscription_gives_each_message_to_one_member(place):
    members = [joined(place, f"member{number}", 5) for number in range(2)]
    for member in members:
        assert member.subscribe(f"$share/crew/{place.topic()}", place.topic("all"), qos=1) == [1, 1]
    writer = joined(place, "writer", 5)
    for number in range(20):
        writer.publish(place.topic(), str(number), 1)
    shared = [int(message.payload) for member in members for message in member.drain()]
    assert sorted(shared) == list(range(20)), shared
    writer.publish(place.topic("all"), b"x", 1)
    for member in members:
        assert member.message().payload == b"x"


@promise(**FIVE)
def a_publish_that_nobody_hears_may_say_so(place):
    answer = joined(place, version=5).publish(place.topic("nobody"), b"x", 1)
    assert answer.kind == PUBACK and answer.code in (0x00, 0x10)


@promise(**FIVE)
def unsubscribing_what_was_never_subscribed_says_so(place):
    assert joined(place, version=5).unsubscribe(place.topic()) == [0x11]


@promise(**FIVE)
def a_filter_that_is_no_filter_is_refused_by_code_or_by_closing(place):
    wire = joined(place, version=5)
    wire.send(packets.subscribe(1, [("a/#/b", 1)], 5))
    answer = wire.packet()
    assert answer.kind != PUBLISH
    codes = answer.codes if answer.kind == packets.SUBACK else [answer.code]
    assert codes[0] in (0x8F, 0x81), answer


@promise(**FIVE)
def an_unknown_enhanced_authentication_is_refused(place):
    wire = open_plain(place, 5)
    body = packets.text("MQTT") + b"\x05\x02\x00\x3c" + b"\x08\x15" + packets.text("other") + packets.text(place.client())
    wire.send(packets.frame(packets.CONNECT, 0, body))
    wire.expect_end(0x8C)
