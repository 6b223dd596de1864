"""Where AWS IoT differs from the specification: the aws dialect, packet by packet."""

import json
import time

from promise import promise
from raw import packets
from raw.packets import SUBACK
from raw.wire import joined, kept_session, open_plain

# One connect a second for each client id: AWS's quota.
RECONNECT_PAUSE_S = 1.1


@promise()
def connack_tells_what_awss_own_client_tests_expect(place):
    found = joined(place, version=5, keep_alive=0, properties={"session_expiry": 999_999}).connack.properties
    expected = {
        "maximum_qos": 1,
        "receive_maximum": 100,
        "maximum_packet_size": 149_504,
        "topic_alias_maximum": 8,
        "subscription_id_available": 0,
        "server_keep_alive": 1200,
        "session_expiry": 3600,
    }
    assert {name: found.get(name) for name in expected} == expected, found
    for name in ("retain_available", "wildcard_available", "shared_available"):
        assert found.get(name, 1) == 1, name


@promise(values=((0, 1200), (5, 30), (1201, 1200), (65535, 1200)))
def keep_alive_is_clamped_and_told(place, value):
    asked, told = value
    found = joined(place, version=5, keep_alive=asked).connack.properties
    assert found.get("server_keep_alive") == told, found


@promise()
def a_qos_2_publish_is_refused_and_named_in_5(place):
    wire = joined(place, version=5)
    wire.send(packets.publish(place.topic(), b"x", 2, packet_id=1, version=5))
    wire.expect_end(0x9B)


@promise()
def a_qos_2_publish_is_never_answered_in_3_1_1(place):
    reader = joined(place, "reader")
    reader.subscribe(place.topic())
    wire = joined(place)
    wire.send(packets.publish(place.topic(), b"x", 2, packet_id=1))
    last = wire.expect_end(seconds=3)
    assert last is None, last
    reader.expect_silence()


@promise()
def a_qos_2_will_is_refused_in_5(place):
    will = {"topic": place.topic(), "payload": b"x", "qos": 2}
    open_plain(place, 5).connect(place.client(), will=will, expect=0x9B)


@promise()
def a_subscription_identifier_is_refused(place):
    wire = joined(place, version=5)
    wire.send(packets.subscribe(1, [(place.topic(), 1)], 5, {"subscription_id": 1}))
    wire.expect_end(0xA1)


@promise(values=(4, 5))
def a_number_sign_does_not_match_the_level_above(place, version):
    wire = joined(place, version=version)
    wire.subscribe(place.topic("a/#"), qos=1)
    wire.publish(place.topic("a"), b"above", 1)
    wire.publish(place.topic("a/b"), b"below", 1)
    assert wire.message().payload == b"below"
    wire.expect_silence()


@promise(values=(4, 5))
def retained_messages_go_to_exact_filters_only(place, version):
    wire = joined(place, version=version)
    wire.publish(place.topic("r"), b"kept", 1, retain=True)
    wire.subscribe(place.topic("+"), qos=1)
    wire.expect_silence()
    wire.subscribe(place.topic("r"), qos=1)
    message = wire.message()
    assert message.retain and message.payload == b"kept"


@promise(values=(4, 5))
def dup_is_never_set_and_the_message_comes_again(place, version):
    reader = joined(place, "reader", version, **kept_session(version))
    reader.subscribe(place.topic(), qos=1)
    joined(place, "writer", version).publish(place.topic(), b"x", 1)
    reader.message(acknowledge=False)
    reader.drop()
    time.sleep(RECONNECT_PAUSE_S)
    again = joined(place, "reader", version, **kept_session(version)).message()
    assert again.payload == b"x" and not again.dup


# Waiting for a peer is measured on the machine's own clock, which `thingstead time` does not steer.
@promise(seconds=90, values=(4, 5))
def an_unacknowledged_message_comes_again_on_the_same_connection_within_a_minute(place, version):
    wire = joined(place, version=version, keep_alive=1200)
    wire.subscribe(place.topic(), qos=1)
    wire.publish(place.topic(), b"x", 1)
    wire.message(acknowledge=False)
    assert wire.message(60).payload == b"x"


@promise(values=("x" * 129, "$device", ""))
def bad_client_ids_are_refused_or_replaced(place, client_id):
    wire = open_plain(place, 5)
    if client_id:
        wire.connect(client_id, expect=0x85)
        return
    assert wire.connect("").properties["assigned_client_id"]


@promise(values=("x" * 257, "1/2/3/4/5/6/7/8/9"))
def a_long_or_deep_topic_is_refused(place, topic):
    wire = joined(place, version=5)
    wire.send(packets.publish(topic, b"x", 0, version=5))
    wire.expect_end(0x90)


@promise(values=("x" * 257, "1/2/3/4/5/6/7/8/9"))
def a_long_or_deep_topic_closes_a_3_1_1_connection(place, topic):
    wire = joined(place)
    wire.send(packets.publish(topic, b"x", 0))
    wire.expect_end()


@promise(values=(4, 5))
def a_payload_over_128_kib_ends_the_connection(place, version):
    wire = joined(place, version=version)
    wire.publish(place.topic(), bytes(131_072), 1)
    wire.send(packets.publish(place.topic(), bytes(131_073), 1, packet_id=9, version=version))
    wire.expect_end()


@promise()
def the_51st_subscription_is_refused_by_code(place):
    wire = joined(place, version=5)
    codes = [wire.subscribe(place.topic(f"s{number}"), qos=1)[0] for number in range(51)]
    assert codes[:50] == [1] * 50 and codes[50] == 0x97, codes


@promise()
def a_ninth_filter_in_one_subscribe_is_refused(place):
    wire = joined(place, version=5)
    wire.send(packets.subscribe(1, [(place.topic(f"s{number}"), 1) for number in range(9)], 5))
    answer = wire.packet()
    refused = answer.kind != SUBACK or any(code >= 0x80 for code in answer.codes)
    assert refused, answer


@promise(values=(4, 5))
def presence_events_tell_of_connections_and_why_they_ended(place, version):
    watcher = joined(place, "watcher", 5)
    client = place.client("seen")
    watcher.subscribe(f"$aws/events/presence/+/{client}", f"$aws/events/subscriptions/+/{client}", qos=1)
    seen = joined(place, "seen", version)
    seen.subscribe(place.topic())
    seen.unsubscribe(place.topic())
    seen.disconnect()
    time.sleep(RECONNECT_PAUSE_S)
    joined(place, "seen", version).drop()
    events = [json.loads(message.payload) for message in watcher.messages(6)]
    kinds = [event["eventType"] for event in events]
    assert kinds == ["connected", "subscribed", "unsubscribed", "disconnected", "connected", "disconnected"], kinds
    assert all(event["clientId"] == client and event["timestamp"] > 10**12 for event in events), events
    assert events[1]["topics"] == [place.topic()]
    polite, lost = events[3], events[5]
    assert polite["clientInitiatedDisconnect"] is True
    assert polite["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT"
    assert lost["clientInitiatedDisconnect"] is False
    assert lost["disconnectReason"] == "CONNECTION_LOST"
    assert events[0]["sessionIdentifier"] == polite["sessionIdentifier"] != lost["sessionIdentifier"]


@promise(seconds=90, values=(4, 5))
def a_silent_client_is_closed_and_its_event_says_keep_alive(place, version):
    watcher = joined(place, "watcher", 5, keep_alive=1200)
    watcher.subscribe(f"$aws/events/presence/disconnected/{place.client('silent')}", qos=1)
    silent = joined(place, "silent", version, keep_alive=30)
    silent.expect_end(0x8D, seconds=60)
    assert json.loads(watcher.message().payload)["disconnectReason"] == "MQTT_KEEP_ALIVE_TIMEOUT"


@promise()
def takeover_publishes_the_will_and_says_duplicate(place):
    watcher = joined(place, "watcher", 5)
    watcher.subscribe(f"$aws/events/presence/disconnected/{place.client('twin')}", place.topic("will"), qos=1)
    old = joined(place, "twin", 5, will={"topic": place.topic("will"), "payload": b"gone"})
    time.sleep(RECONNECT_PAUSE_S)
    joined(place, "twin", 5)
    old.expect_end(0x8E)
    found = {message.topic: message.payload for message in watcher.messages(2)}
    assert found[place.topic("will")] == b"gone"
    event = json.loads(found[f"$aws/events/presence/disconnected/{place.client('twin')}"])
    assert event["disconnectReason"] == "DUPLICATE_CLIENTID"


@promise()
def a_client_may_not_publish_to_reserved_events(place):
    wire = joined(place, version=5)
    wire.send(packets.publish("$aws/events/presence/connected/me", b"x", 1, packet_id=1, version=5))
    answer = wire.packet()
    assert answer is not None and answer.code >= 0x80, answer


@promise(values=("$aws/things/x/jobs/get", "$aws/things/x/shadow/name/a b/update"))
def a_request_to_a_service_that_is_not_there_is_not_acknowledged(place, value):
    wire = joined(place)
    wire.send(packets.publish(value, b"{}", 1, packet_id=7))
    wire.expect_silence()
    wire.ping()


@promise()
def a_request_to_a_service_that_is_not_there_is_refused_by_name_in_5(place):
    wire = joined(place, version=5)
    wire.send(packets.publish("$aws/things/x/jobs/get", b"{}", 1, packet_id=7, version=5))
    answer = wire.expect(packets.PUBACK)
    assert answer.code == 0x83, answer
    assert "not implemented" in answer.properties["reason_string"], answer.properties


@promise(values=({"content_type": "x" * 257}, {"correlation_data": b"x" * 8193}, {"user": [("k", "v" * 8192)]}))
def properties_beyond_their_quota_are_refused(place, value):
    wire = joined(place, version=5)
    wire.send(packets.publish(place.topic(), b"x", 1, packet_id=1, version=5, properties_=value))
    wire.expect_end(0x97)


@promise()
def a_client_that_takes_less_than_512_bytes_is_refused(place):
    open_plain(place, 5).connect(place.client(), properties={"maximum_packet_size": 511}, expect=0x83)
