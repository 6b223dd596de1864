"""Connections and what outlives them in the standard dialect: sessions, takeover, keep-alive, client ids."""

import time

from promise import promise
from raw import packets
from raw.wire import joined, kept_session, open_plain

BOTH = {"dialect": "standard", "values": (4, 5)}


@promise(**BOTH)
def a_second_connect_ends_the_connection(place, version):
    wire = joined(place, version=version)
    wire.send(packets.connect(place.client(), version))
    wire.expect_end(0x82)


@promise(dialect="standard")
def a_wrong_protocol_name_is_refused(place):
    wire = open_plain(place)
    wire.send(packets.connect(place.client()).replace(b"MQTT", b"MQTJ"))
    wire.expect_end()


@promise(dialect="standard")
def an_unknown_protocol_version_is_answered_with_its_code(place):
    wire = open_plain(place)
    wire.send(packets.connect(place.client()).replace(b"MQTT\x04", b"MQTT\x07"))
    last = wire.expect_end()
    # MQTT 5 says 0x84 in its own CONNACK, which this reader cuts by the 3.1.1 form: the code's place is the same.
    assert last is None or last.code in (0x01, 0x84), last


@promise(dialect="standard")
def an_empty_client_id_needs_a_clean_session_in_3_1_1(place):
    open_plain(place).connect("", clean=True)
    refused = open_plain(place)
    refused.connect("", clean=False, expect=2)
    refused.expect_end()


@promise(dialect="standard")
def an_empty_client_id_is_replaced_and_named_in_5(place):
    names = [open_plain(place, 5).connect("", clean=clean).properties["assigned_client_id"] for clean in (True, False)]
    assert all(names) and names[0] != names[1], names


@promise(**BOTH)
def a_kept_session_queues_for_an_absent_subscriber(place, version):
    reader = joined(place, "reader", version, **kept_session(version))
    assert not reader.connack.session_present
    reader.subscribe(place.topic("+"), qos=2)
    reader.disconnect()
    writer = joined(place, "writer", version)
    for qos in (1, 2):
        writer.publish(place.topic("x"), f"qos {qos}", qos)
    again = joined(place, "reader", version, **kept_session(version))
    assert again.connack.session_present
    assert [message.payload for message in again.messages(2)] == [b"qos 1", b"qos 2"]
    again.expect_silence()


@promise(**BOTH)
def a_clean_connect_forgets_the_session(place, version):
    first = joined(place, version=version, **kept_session(version))
    first.subscribe(place.topic(), qos=1)
    first.disconnect()
    clean = joined(place, version=version)
    assert not clean.connack.session_present
    clean.publish(place.topic(), b"x", 1)
    clean.expect_silence()
    clean.disconnect()
    assert not joined(place, version=version, **kept_session(version)).connack.session_present


@promise(**BOTH)
def a_newcomer_takes_the_client_id_and_the_old_one_is_told(place, version):
    old = joined(place, version=version)
    new = joined(place, version=version)
    old.expect_end(0x8E)
    new.ping()


@promise(**BOTH)
def takeover_hands_the_session_over(place, version):
    old = joined(place, version=version, **kept_session(version))
    old.subscribe(place.topic(), qos=1)
    new = joined(place, version=version, **kept_session(version))
    assert new.connack.session_present
    old.expect_end(0x8E)
    new.publish(place.topic(), b"x", 1)
    assert new.message().payload == b"x"


@promise(seconds=30, **BOTH)
def a_silent_client_is_closed_after_one_and_a_half_keep_alives(place, version):
    reader = joined(place, "reader", version)
    reader.subscribe(place.topic("will"))
    will = {"topic": place.topic("will"), "payload": b"silent"}
    start = time.monotonic()
    silent = joined(place, "silent", version, keep_alive=2, will=will)
    silent.expect_end(0x8D)
    took = time.monotonic() - start
    assert 2 <= took <= 6, f"closed after {took:.1f} s"
    assert reader.message().payload == b"silent"


@promise(seconds=30, **BOTH)
def pings_keep_a_connection_open(place, version):
    wire = joined(place, version=version, keep_alive=1)
    for _ in range(8):
        time.sleep(0.5)
        wire.ping()


@promise(seconds=40, values=(5,), dialect="standard")
def sessions_expire_when_they_said(place, version):
    def present(seconds, clean=False):
        wire = joined(place, version=version, clean=clean, properties={"session_expiry": seconds})
        return wire, wire.connack.session_present

    wire, _ = present(0, clean=True)
    wire.disconnect()
    wire, found = present(2)
    assert not found, "a session with expiry 0 must end with its connection"
    wire.disconnect()
    time.sleep(0.5)
    wire, found = present(1)
    assert found, "a session must live until its expiry"
    wire.disconnect()
    time.sleep(3)
    wire, found = present(1)
    assert not found, "a session must not outlive its expiry"
    wire.disconnect(0, {"session_expiry": 600})
    time.sleep(3)
    wire, found = present(1)
    assert found, "DISCONNECT may lengthen the expiry"
    wire.disconnect(0, {"session_expiry": 0})
    _, found = present(1)
    assert not found, "DISCONNECT may end the session"


@promise(dialect="standard")
def disconnect_may_not_raise_an_expiry_of_zero(place):
    wire = joined(place, version=5)
    wire.send(packets.frame(packets.DISCONNECT, 0, b"\x00" + packets.properties({"session_expiry": 60})))
    wire.expect_end(0x82)


@promise(dialect="standard", seconds=30)
def a_socket_that_never_says_connect_is_closed(place):
    open_plain(place).expect_end(seconds=25)


@promise(**BOTH)
def a_keep_alive_of_zero_is_accepted(place, version):
    wire = joined(place, version=version, keep_alive=0)
    wire.ping()
