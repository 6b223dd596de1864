"""Packets that no client may send: each ends its own connection and touches nobody else."""

import random
import time

from promise import promise
from raw import packets
from raw.packets import frame, properties, publish, subscribe, text, two
from raw.wire import Closed, joined, open_plain

STANDARD = {"dialect": "standard"}
EMPTY = properties(None)


def connect_bytes(flags=2, name=b"MQTT", level=4, tail=b"\x00\x01a"):
    return frame(packets.CONNECT, 0, text(name) + bytes([level, flags]) + two(60) + tail)


FIRST_PACKETS = {
    "publish before connect": publish("a", b"x"),
    "pingreq before connect": frame(packets.PINGREQ, 0, b""),
    "reserved connect flag": connect_bytes(flags=3),
    "will qos 3": connect_bytes(flags=0x1E, tail=text("a") + text("w") + text("p")),
    "will qos without a will": connect_bytes(flags=0x0A),
    "will retain without a will": connect_bytes(flags=0x22),
    "password without user name in 3.1.1": connect_bytes(flags=0x42, tail=text("a") + text("p")),
    "connect with header flags": frame(packets.CONNECT, 1, text("MQTT") + b"\x04\x02" + two(60) + text("a")),
    "connect that ends inside the client id": connect_bytes(tail=b"\x00\x09abc"),
    "connect with more after its end": connect_bytes(tail=text("a") + b"more"),
    "client id with a zero letter": connect_bytes(tail=text("a\x00b")),
    "client id that is no utf-8": connect_bytes(tail=text(b"\xc3\x28")),
    "client id with a surrogate": connect_bytes(tail=text(b"\xed\xa0\x80")),
    "a length of five bytes": b"\x10\xff\xff\xff\xff\x01",
    "packet type zero": b"\x00\x00",
    "a connack from a client": frame(packets.CONNACK, 0, b"\x00\x00"),
    "plain http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "tls on the plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}

LATER_PACKETS = {
    "publish with qos 3": frame(packets.PUBLISH, 6, text("a") + two(1)),
    "publish with dup and qos 0": frame(packets.PUBLISH, 8, text("a")),
    "publish with packet id 0": publish("a", b"x", 1, packet_id=0),
    "publish with a wildcard": publish("a/+", b"x"),
    "publish with a number sign": publish("a/#", b"x"),
    "publish with an empty topic": publish("", b"x"),
    "publish with a zero letter": publish("a\x00", b"x"),
    "publish that ends inside its topic": frame(packets.PUBLISH, 0, two(9) + b"abc"),
    "publish with qos 1 and no packet id": frame(packets.PUBLISH, 2, text("a")),
    "subscribe with wrong header flags": frame(packets.SUBSCRIBE, 0, two(1) + text("a") + b"\x00"),
    "subscribe without a filter": frame(packets.SUBSCRIBE, 2, two(1)),
    "subscribe with packet id 0": subscribe(0, [("a", 0)]),
    "subscribe with qos 3": subscribe(1, [("a", 3)]),
    "subscribe with reserved bits": subscribe(1, [("a", 0x80)]),
    "subscribe with an empty filter": subscribe(1, [("", 0)]),
    "subscribe that ends before its qos": frame(packets.SUBSCRIBE, 2, two(1) + text("a")),
    "unsubscribe with wrong header flags": frame(packets.UNSUBSCRIBE, 0, two(1) + text("a")),
    "unsubscribe without a filter": frame(packets.UNSUBSCRIBE, 2, two(1)),
    "pubrel with wrong header flags": frame(packets.PUBREL, 0, two(1)),
    "pingreq with a body": frame(packets.PINGREQ, 0, b"x"),
    "pingresp from a client": frame(packets.PINGRESP, 0, b""),
    "suback from a client": frame(packets.SUBACK, 0, two(1) + b"\x00"),
    "auth in 3.1.1": frame(packets.AUTH, 0, b""),
    "disconnect with header flags": frame(packets.DISCONNECT, 1, b""),
}


def five_publish(given, header=0):
    return frame(packets.PUBLISH, header, text("a") + packets.variable(len(given)) + given + b"x")


FIVE_PACKETS = {
    "an unknown property": (five_publish(b"\x7f\x00"), 0x81),
    "a property of another packet": (five_publish(b"\x11\x00\x00\x00\x01"), (0x81, 0x82)),
    "a property twice": (five_publish(b"\x01\x01\x01\x01"), 0x82),
    "a payload format of 2": (five_publish(b"\x01\x02"), (0x81, 0x82)),
    "properties longer than the packet": (frame(packets.PUBLISH, 0, text("a") + b"\x7f"), 0x81),
    "a property cut short": (five_publish(b"\x02\x00"), 0x81),
    "a response topic with a wildcard": (five_publish(b"\x08" + text("a/#")), (0x81, 0x82, 0x90)),
    "a subscription identifier from a client": (five_publish(b"\x0b\x01"), (0x81, 0x82)),
    "an empty topic without an alias": (frame(packets.PUBLISH, 0, text("") + EMPTY), (0x82, 0x94)),
    "retain handling 3": (frame(packets.SUBSCRIBE, 2, two(1) + EMPTY + text("a") + b"\x30"), (0x81, 0x82)),
    "reserved subscribe option": (frame(packets.SUBSCRIBE, 2, two(1) + EMPTY + text("a") + b"\x40"), (0x81, 0x82)),
    "an ack with an unknown reason": (frame(packets.PUBACK, 0, two(1) + b"\x77"), (0x81, 0x82)),
    "auth without a method": (frame(packets.AUTH, 0, b""), (0x81, 0x82)),
}


@promise(values=tuple(FIRST_PACKETS), **STANDARD)
def a_bad_first_packet_ends_the_connection(place, name):
    wire = open_plain(place)
    wire.send(FIRST_PACKETS[name])
    wire.expect_end()


@promise(values=tuple(LATER_PACKETS), **STANDARD)
def a_bad_packet_ends_its_connection_and_no_other(place, name):
    neighbour = joined(place, "neighbour")
    wire = joined(place)
    wire.send(LATER_PACKETS[name])
    last = wire.expect_end()
    # A filter with no letters may be refused by SUBACK before the end.
    assert last is None or last.kind != packets.PUBACK, last
    neighbour.ping()


@promise(values=tuple(FIVE_PACKETS), **STANDARD)
def a_bad_mqtt_5_packet_is_answered_with_its_reason(place, name):
    data, expected = FIVE_PACKETS[name]
    wire = joined(place, version=5)
    wire.send(data)
    last = wire.expect_end()
    codes = expected if isinstance(expected, tuple) else (expected,)
    assert last is not None and last.kind == packets.DISCONNECT, f"closed without a reason, after {last}"
    assert last.code in codes, f"{last.code:#x} {last.properties}"


@promise(dialect="standard", seconds=90)
def packets_in_single_bytes_are_understood(place):
    wire = open_plain(place)

    def trickle(data):
        for byte in data:
            wire.send(bytes([byte]))
            time.sleep(0.002)

    trickle(packets.connect(place.client()))
    wire.expect(packets.CONNACK)
    trickle(subscribe(1, [(place.topic(), 0)]))
    wire.expect(packets.SUBACK)
    trickle(publish(place.topic(), b"slow"))
    assert wire.message().payload == b"slow"


@promise(dialect="standard")
def many_packets_in_one_write_are_all_answered(place):
    wire = open_plain(place)
    wire.send(packets.connect(place.client()) + subscribe(1, [(place.topic(), 0)]))
    wire.expect(packets.CONNACK)
    # MQTT promises a subscription from its SUBACK on, not before.
    wire.expect(packets.SUBACK)
    wire.send(b"".join(publish(place.topic(), str(number)) for number in range(500)))
    assert [int(message.payload) for message in wire.messages(500)] == list(range(500))


@promise(values=(4, 5))
def an_endless_packet_is_refused_before_it_is_read(place, version):
    wire = joined(place, version=version)
    wire.send(bytes([packets.PUBLISH << 4]) + packets.variable(268_435_455))
    wire.expect_end(0x95 if version == 5 else None)


@promise(seconds=60)
def noise_of_any_kind_leaves_the_server_alive(place):
    noise = random.Random(20)
    for number in range(150):
        wire = open_plain(place, 4)
        if number % 2:
            wire.connect(place.client(str(number)))
        try:
            wire.send(noise.randbytes(noise.randrange(1, 2000)))
        except OSError:
            continue
        finally:
            wire.drop()
    joined(place, "after").ping()


@promise(seconds=60)
def packets_with_one_wrong_byte_leave_the_server_alive(place):
    noise = random.Random(21)
    good = subscribe(1, [(place.topic(), 1)], 5) + publish(place.topic(), b"x", 1, packet_id=2, version=5)
    for number in range(150):
        wire = joined(place, f"bent{number}", 5)
        bent = bytearray(good)
        bent[noise.randrange(len(bent))] = noise.randrange(256)
        try:
            wire.send(bytes(bent))
            wire.packet(0.01)
        except (Closed, AssertionError, OSError, KeyError):
            pass
        wire.drop()
    joined(place, "after", 5).ping()


def resident_mib(place):
    with open(f"/proc/{place.server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) // 1024


@promise(dialect="standard", own=True)
def topics_of_64_kib_are_not_remembered_by_the_thousand(place):
    wire = joined(place)
    for number in range(8000):
        wire.send(publish(f"{number:06d}" + "x" * 60_000, b""))
    wire.ping()
    assert resident_mib(place) < 200, resident_mib(place)


@promise(dialect="standard", own=True)
def one_filter_many_times_does_not_fill_memory(place):
    wire = joined(place)
    for number in range(500):
        wire.send(publish(f"r/{number}", b"x", retain=True))
    wire.ping()
    joined(place, "greedy").send(subscribe(1, [("#", 0)] * 5000))
    wire.ping()
    assert joined(place, "after").subscribe("z") == [1]
    assert resident_mib(place) < 250, resident_mib(place)


@promise(dialect="standard", own=True)
def large_publishes_wait_in_the_socket_when_the_disk_is_behind(place):
    keeper = joined(place, "keeper", clean=False)
    keeper.subscribe(place.topic("#"))
    keeper.disconnect()
    wire = joined(place, "flood")
    wire.stream.settimeout(1)
    data = publish(place.topic(), bytes(4 << 20), 1, packet_id=1)
    most, end = 0, time.monotonic() + 4
    while time.monotonic() < end:
        try:
            wire.send(data)
        except TimeoutError:
            break
        most = max(most, resident_mib(place))
    assert most < 600, most
    joined(place, "after").ping()
