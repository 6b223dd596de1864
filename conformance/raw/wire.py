"""In: an address. Out: a blocking MQTT connection, packet by packet. Does not reconnect, retry or answer by itself."""

import select
import socket
import time

from raw import packets
from raw.packets import CONNACK, DISCONNECT, PINGREQ, PINGRESP, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL
from raw.packets import SUBACK, UNSUBACK, Packet

PATIENCE_S = 10
# How long silence must last to count as "nothing comes".
SILENCE_S = 0.4


class Closed(Exception):
    """The server closed the connection."""


class Wire:
    def __init__(self, address, version=4, stream=None):
        self.version = version
        self.stream = stream or socket.create_connection(address, timeout=PATIENCE_S)
        self.read = bytearray()
        self.next_id = 0
        self.kept = []

    # What a client says.

    def send(self, data):
        self.stream.sendall(data)

    def connect(self, client_id, clean=True, keep_alive=60, expect=0, properties=None, **more):
        self.send(packets.connect(client_id, self.version, clean, keep_alive, properties_=properties, **more))
        connack = self.expect(CONNACK)
        assert connack.code == expect, f"CONNACK {connack.code:#x} {connack.properties}, expected {expect:#x}"
        return connack

    def subscribe(self, *filters, qos=1, options=0, properties=None):
        """Each filter at `qos`; the codes that came back."""
        pairs = [(name, qos | options) for name in filters]
        self.send(packets.subscribe(self.new_id(), pairs, self.version, properties))
        suback = self.expect(SUBACK)
        assert suback.id == self.next_id
        return suback.codes

    def unsubscribe(self, *filters):
        self.send(packets.unsubscribe(self.new_id(), filters, self.version))
        unsuback = self.expect(UNSUBACK)
        assert unsuback.id == self.next_id
        return unsuback.codes

    def publish(self, topic, payload=b"", qos=0, retain=False, properties=None):
        """The whole handshake of its QoS; the last acknowledgement's packet, or None."""
        packet_id = self.new_id() if qos else None
        self.send(packets.publish(topic, payload, qos, retain, packet_id, False, self.version, properties))
        if qos == 0:
            return None
        answer = self.expect(PUBACK if qos == 1 else PUBREC)
        assert answer.id == packet_id
        if qos == 2 and answer.code < 0x80:
            self.send(packets.acknowledge(PUBREL, packet_id))
            answer = self.expect(PUBCOMP)
            assert answer.id == packet_id
        return answer

    def ping(self):
        self.send(packets.frame(PINGREQ, 0, b""))
        self.expect(PINGRESP)

    def acknowledge(self, message):
        """Ends the receiver's side of a message's handshake."""
        if message.qos == 1:
            self.send(packets.acknowledge(PUBACK, message.id))
        elif message.qos == 2:
            self.send(packets.acknowledge(PUBREC, message.id))
            assert self.expect(PUBREL).id == message.id
            self.send(packets.acknowledge(PUBCOMP, message.id))

    def disconnect(self, code=None, properties=None):
        body = b"" if code is None else bytes([code]) + packets.properties(properties)
        self.send(packets.frame(DISCONNECT, 0, body))
        self.stream.close()

    def drop(self):
        """The socket ends without DISCONNECT."""
        self.stream.close()

    def new_id(self):
        self.next_id = self.next_id % 65535 + 1
        return self.next_id

    # What a client hears.

    def packet(self, seconds=PATIENCE_S):
        """The next packet; None when none comes in time."""
        end = time.monotonic() + seconds
        while True:
            found = self.cut()
            if found:
                return found
            left = end - time.monotonic()
            if left <= 0 or not self.readable(left):
                return None
            try:
                data = self.stream.recv(65536)
            except (ConnectionError, OSError) as error:
                raise Closed(str(error)) from error
            if not data:
                raise Closed("end of stream")
            self.read += data

    def readable(self, seconds):
        pending = getattr(self.stream, "pending", lambda: 0)
        return pending() > 0 or bool(select.select([self.stream], [], [], seconds)[0])

    def cut(self):
        length, shift = 0, 0
        for at in range(1, 5):
            if at >= len(self.read):
                return None
            length |= (self.read[at] & 0x7F) << shift
            shift += 7
            if not self.read[at] & 0x80:
                end = at + 1 + length
                if len(self.read) < end:
                    return None
                packet = Packet(self.read[0] >> 4, self.read[0] & 15, bytes(self.read[at + 1 : end]), self.version)
                del self.read[:end]
                return packet
        raise AssertionError("the server sent a length of five bytes")

    def expect(self, kind, seconds=PATIENCE_S):
        """The next packet of a kind; publishes that come before it are kept for `message`."""
        end = time.monotonic() + seconds
        while True:
            packet = self.packet(max(0, end - time.monotonic()))
            assert packet is not None, f"no {packets.NAMES[kind]} within {seconds} s"
            if packet.kind == kind:
                return packet
            assert packet.kind == PUBLISH, f"{packet} came, {packets.NAMES[kind]} was expected"
            self.kept.append(packet)

    def message(self, seconds=PATIENCE_S, acknowledge=True):
        """The next PUBLISH, acknowledged unless told otherwise."""
        found = self.kept.pop(0) if self.kept else self.expect(PUBLISH, seconds)
        if acknowledge:
            self.acknowledge(found)
        return found

    def messages(self, count, seconds=PATIENCE_S):
        return [self.message(seconds) for _ in range(count)]

    def drain(self, seconds=SILENCE_S):
        """Every message until it is quiet for `seconds`."""
        found = [self.message() for _ in range(len(self.kept))]
        while packet := self.packet(seconds):
            assert packet.kind == PUBLISH, packet
            self.acknowledge(packet)
            found.append(packet)
        return found

    def expect_silence(self, seconds=SILENCE_S):
        packet = self.kept[0] if self.kept else self.packet(seconds)
        assert packet is None, f"{packet} came, nothing was expected"

    def expect_end(self, code=None, seconds=PATIENCE_S):
        """The server closes; in MQTT 5 after a DISCONNECT with `code`, if one is named."""
        end = time.monotonic() + seconds
        last = None
        try:
            while True:
                packet = self.packet(max(0, end - time.monotonic()))
                assert packet is not None, f"the server did not close within {seconds} s"
                last = packet
        except Closed:
            pass
        if code is not None and self.version == 5:
            assert last is not None and last.kind in (DISCONNECT, CONNACK), f"closed after {last}, without a reason"
            assert last.code == code, f"closed with {last.code:#x} {last.properties}, expected {code:#x}"
        return last


def open_plain(place, version=4):
    wire = Wire(place.server.address("plain"), version)
    place.after(wire.stream.close)
    return wire


def joined(place, ending="a", version=4, **options):
    """A connection that has its CONNACK."""
    wire = open_plain(place, version)
    wire.connack = wire.connect(place.client(ending), **options)
    return wire


def kept_session(version, seconds=3600):
    """Options of a CONNECT that leaves a session behind and resumes one."""
    options = {"clean": False}
    if version == 5:
        options["properties"] = {"session_expiry": seconds}
    return options
