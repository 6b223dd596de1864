"""In: packets as values. Out: bytes of MQTT 3.1, 3.1.1 and 5, and back. Does not refuse what a client may not send."""

import struct

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = range(8, 16)
NAMES = "RESERVED CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK".split()
NAMES += "PINGREQ PINGRESP DISCONNECT AUTH".split()

PROPERTIES = {
    "payload_format": (0x01, "byte"),
    "message_expiry": (0x02, "four"),
    "content_type": (0x03, "text"),
    "response_topic": (0x08, "text"),
    "correlation_data": (0x09, "bytes"),
    "subscription_id": (0x0B, "variable"),
    "session_expiry": (0x11, "four"),
    "assigned_client_id": (0x12, "text"),
    "server_keep_alive": (0x13, "two"),
    "request_problem_information": (0x17, "byte"),
    "will_delay": (0x18, "four"),
    "request_response_information": (0x19, "byte"),
    "response_information": (0x1A, "text"),
    "server_reference": (0x1C, "text"),
    "reason_string": (0x1F, "text"),
    "receive_maximum": (0x21, "two"),
    "topic_alias_maximum": (0x22, "two"),
    "topic_alias": (0x23, "two"),
    "maximum_qos": (0x24, "byte"),
    "retain_available": (0x25, "byte"),
    "user": (0x26, "pair"),
    "maximum_packet_size": (0x27, "four"),
    "wildcard_available": (0x28, "byte"),
    "subscription_id_available": (0x29, "byte"),
    "shared_available": (0x2A, "byte"),
}
BY_NUMBER = {number: (name, kind) for name, (number, kind) in PROPERTIES.items()}
REPEATED = ("user", "subscription_id")


def variable(number):
    out = bytearray()
    while True:
        number, digit = divmod(number, 128)
        out.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(out)


def two(number):
    return struct.pack(">H", number)


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return two(len(data)) + data


def frame(kind, flags, body):
    return bytes([kind << 4 | flags]) + variable(len(body)) + body


def properties(values):
    """`{"user": [("a", "b")], "message_expiry": 5}` as bytes with their length in front."""
    out = b""
    for name, given in (values or {}).items():
        number, kind = PROPERTIES[name]
        for value in given if name in REPEATED and isinstance(given, list) else [given]:
            out += bytes([number])
            if kind == "byte":
                out += bytes([value])
            elif kind == "two":
                out += two(value)
            elif kind == "four":
                out += struct.pack(">I", value)
            elif kind == "variable":
                out += variable(value)
            elif kind == "pair":
                out += text(value[0]) + text(value[1])
            else:
                out += text(value)
    return variable(len(out)) + out


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        assert self.at + count <= len(self.data), f"the server's packet is cut short: {self.data.hex()}"
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self):
        return self.take(1)[0]

    def two(self):
        return struct.unpack(">H", self.take(2))[0]

    def four(self):
        return struct.unpack(">I", self.take(4))[0]

    def bytes(self):
        return self.take(self.two())

    def text(self):
        return self.bytes().decode()

    def variable(self):
        number = 0
        for place in range(4):
            digit = self.byte()
            number |= (digit & 0x7F) << (7 * place)
            if not digit & 0x80:
                return number
        raise AssertionError("the server sent a length of five bytes")

    def rest(self):
        return self.take(len(self.data) - self.at)

    def properties(self):
        inside = Reader(self.take(self.variable()))
        found = {}
        while inside.at < len(inside.data):
            name, kind = BY_NUMBER[inside.byte()]
            value = (inside.text(), inside.text()) if kind == "pair" else getattr(inside, kind)()
            if name in REPEATED:
                found.setdefault(name, []).append(value)
            else:
                assert name not in found, f"the server sent {name} twice"
                found[name] = value
        return found


class Packet:
    """One packet from the server; the fields depend on its kind."""

    def __init__(self, kind, flags, body, version):
        self.kind = kind
        self.flags = flags
        self.body = body
        self.properties = {}
        self.id = None
        self.code = 0
        reader = Reader(body)
        five = version == 5
        if kind == CONNACK:
            self.session_present = bool(reader.byte() & 1)
            self.code = reader.byte()
            self.properties = reader.properties() if five else {}
        elif kind == PUBLISH:
            self.dup, self.qos, self.retain = bool(flags & 8), flags >> 1 & 3, bool(flags & 1)
            self.topic = reader.text()
            self.id = reader.two() if self.qos else None
            self.properties = reader.properties() if five else {}
            self.payload = reader.rest()
        elif kind in (PUBACK, PUBREC, PUBREL, PUBCOMP):
            self.id = reader.two()
            self.code = reader.byte() if len(body) > 2 else 0
            self.properties = reader.properties() if len(body) > 3 else {}
        elif kind in (SUBACK, UNSUBACK):
            self.id = reader.two()
            self.properties = reader.properties() if five else {}
            self.codes = list(reader.rest())
        elif kind == DISCONNECT:
            self.code = reader.byte() if body else 0
            self.properties = reader.properties() if len(body) > 1 else {}

    def __repr__(self):
        return f"{NAMES[self.kind]}(id={self.id}, code={self.code:#x}, body={self.body[:60]!r})"


def connect(client_id, version=4, clean=True, keep_alive=60, will=None, user=None, password=None, properties_=None):
    """`will` is a dict: topic, payload, qos, retain, properties."""
    name = text("MQIsdp") if version == 3 else text("MQTT")
    flags = 2 if clean else 0
    tail = text(client_id)
    if will:
        flags |= 4 | will.get("qos", 0) << 3 | (0x20 if will.get("retain") else 0)
        if version == 5:
            tail += properties(will.get("properties"))
        tail += text(will["topic"]) + text(will["payload"])
    if user is not None:
        flags |= 0x80
        tail += text(user)
    if password is not None:
        flags |= 0x40
        tail += text(password)
    head = name + bytes([version, flags]) + two(keep_alive)
    if version == 5:
        head += properties(properties_)
    return frame(CONNECT, 0, head + tail)


def publish(topic, payload, qos=0, retain=False, packet_id=None, dup=False, version=4, properties_=None):
    body = text(topic) + (two(packet_id) if qos else b"")
    if version == 5:
        body += properties(properties_)
    data = payload if isinstance(payload, bytes) else payload.encode()
    return frame(PUBLISH, (8 if dup else 0) | qos << 1 | retain, body + data)


def subscribe(packet_id, filters, version=4, properties_=None):
    """`filters`: pairs of filter and options byte."""
    body = two(packet_id) + (properties(properties_) if version == 5 else b"")
    return frame(SUBSCRIBE, 2, body + b"".join(text(name) + bytes([options]) for name, options in filters))


def unsubscribe(packet_id, filters, version=4):
    body = two(packet_id) + (properties(None) if version == 5 else b"")
    return frame(UNSUBSCRIBE, 2, body + b"".join(text(name) for name in filters))


def acknowledge(kind, packet_id):
    return frame(kind, 2 if kind == PUBREL else 0, two(packet_id))
