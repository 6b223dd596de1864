"""paho-mqtt from PyPI: MQTT 3.1.1 and 5 over TLS, the plain listener and WebSocket."""

import ssl
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from promise import Inbox, promise, wait_for

VERSIONS = {4: mqtt.MQTTv311, 5: mqtt.MQTTv5}
DOORS = ("mqtt", "tls443", "plain", "websocket")


class Client:
    """A connected paho client with its loop thread."""

    def __init__(self, place, ending="a", version=4, door="mqtt", clean=True, expiry=0, prepare=None):
        self.inbox = Inbox()
        self.session_present = None
        self.subscribed = []
        self.gone = []
        transport = "websockets" if door == "websocket" else "tcp"
        options = {"clean_session": clean} if version == 4 else {}
        self.paho = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, place.client(ending), transport=transport,
                                protocol=VERSIONS[version], **options)
        self.paho.on_connect = self.on_connect
        self.paho.on_message = lambda _client, _data, message: self.inbox.put(message)
        self.paho.on_subscribe = lambda _client, _data, mid, codes, _properties: self.subscribed.append(codes)
        self.paho.on_disconnect = lambda _client, _data, _flags, code, _properties: self.gone.append(code)
        host, port = place.server.address("api" if door == "websocket" else door)
        if door in ("mqtt", "tls443"):
            host = "localhost"
            device = place.server.device()
            context = ssl.create_default_context(cafile=device.ca)
            context.load_cert_chain(device.certificate, device.key)
            if door == "tls443":
                context.set_alpn_protocols(["x-amzn-mqtt-ca"])
            self.paho.tls_set_context(context)
        if prepare:
            prepare(self.paho)
        more = {}
        if version == 5:
            more = {"clean_start": clean, "properties": Properties(PacketTypes.CONNECT)}
            more["properties"].SessionExpiryInterval = expiry
        self.paho.connect(host, port, keepalive=60, **more)
        place.after(self.paho.loop_stop)
        self.paho.loop_start()
        wait_for("CONNACK", lambda: self.session_present is not None)

    def on_connect(self, _client, _data, flags, code, _properties):
        assert not code.is_failure, code
        self.session_present = flags.session_present

    def subscribe(self, topic, qos=1):
        before = len(self.subscribed)
        self.paho.subscribe(topic, qos)
        wait_for("SUBACK", lambda: len(self.subscribed) > before)
        return self.subscribed[-1]

    def publish(self, topic, payload, qos=1, **more):
        sent = self.paho.publish(topic, payload, qos, **more)
        sent.wait_for_publish(10)
        assert sent.is_published(), f"{topic} was not acknowledged"

    def close(self):
        self.paho.disconnect()
        self.paho.loop_stop()

    def drop(self):
        """The socket ends without DISCONNECT."""
        self.paho.loop_stop()
        self.paho.socket().close()


@promise(values=tuple((door, version) for door in DOORS for version in VERSIONS))
def qos_0_and_1_arrive_through_every_door(place, door_version):
    door, version = door_version
    client = Client(place, door=door, version=version)
    client.subscribe(place.topic())
    for qos in (0, 1):
        client.publish(place.topic(), f"hello {qos}", qos)
    found = client.inbox.wait(2)
    assert [(message.payload, message.qos) for message in found] == [(b"hello 0", 0), (b"hello 1", 1)]


@promise(dialect="standard", values=tuple(VERSIONS))
def qos_2_arrives_in_the_standard_dialect(place, version):
    client = Client(place, door="plain", version=version)
    client.subscribe(place.topic(), 2)
    client.publish(place.topic(), "once", 2)
    assert client.inbox.wait(1)[0].qos == 2


@promise()
def qos_2_is_refused_in_the_aws_dialect(place):
    client = Client(place, version=5)
    client.paho.publish(place.topic(), "twice", 2)
    code = wait_for("the end", lambda: client.gone)[0]
    assert "QoS" in str(code), code


@promise(values=tuple(VERSIONS))
def a_persistent_session_is_resumed_with_its_messages(place, version):
    options = {"version": version, "clean": False, "expiry": 600}
    first = Client(place, "reader", **options)
    assert first.session_present is False
    first.subscribe(place.topic())
    first.close()
    writer = Client(place, "writer", version)
    for number in range(5):
        writer.publish(place.topic(), str(number))
    time.sleep(1.1)
    again = Client(place, "reader", **options)
    assert again.session_present is True
    assert [message.payload for message in again.inbox.wait(5)] == [b"0", b"1", b"2", b"3", b"4"]


@promise(values=tuple(VERSIONS))
def a_will_is_published_when_the_socket_drops(place, version):
    reader = Client(place, "reader", version)
    reader.subscribe(place.topic("will"))
    mortal = Client(place, "mortal", version, prepare=lambda paho: paho.will_set(place.topic("will"), "gone", 1))
    mortal.drop()
    assert reader.inbox.wait(1)[0].payload == b"gone"


@promise(values=tuple(VERSIONS))
def takeover_ends_the_older_connection(place, version):
    # Paho would connect again and take the id back, so that the reason is read from its first end.
    old = Client(place, "twin", version)
    old.paho.reconnect_delay_set(30, 60)
    time.sleep(1.1)
    new = Client(place, "twin", version)
    code = wait_for("the end of the older connection", lambda: old.gone)[0]
    assert version == 4 or "taken over" in str(code).lower(), code
    new.publish(place.topic(), "still here")


@promise(values=tuple(VERSIONS))
def retained_messages_are_kept_and_cleared(place, version):
    writer = Client(place, "writer", version)
    writer.publish(place.topic(), "kept", retain=True)
    reader = Client(place, "reader", version)
    reader.subscribe(place.topic())
    message = reader.inbox.wait(1)[0]
    assert message.retain and message.payload == b"kept"
    writer.publish(place.topic(), "", retain=True)
    late = Client(place, "late", version)
    late.subscribe(place.topic())
    time.sleep(0.5)
    assert late.inbox.messages == []


@promise()
def mqtt_5_properties_are_forwarded(place):
    client = Client(place, version=5)
    client.subscribe(place.topic())
    properties = Properties(PacketTypes.PUBLISH)
    properties.UserProperty = [("unit", "hPa"), ("site", "7")]
    properties.ContentType = "application/json"
    properties.ResponseTopic = place.topic("answer")
    properties.CorrelationData = b"42"
    properties.PayloadFormatIndicator = 1
    client.publish(place.topic(), "{}", properties=properties)
    found = client.inbox.wait(1)[0].properties
    for name in ("UserProperty", "ContentType", "ResponseTopic", "CorrelationData", "PayloadFormatIndicator"):
        assert getattr(found, name) == getattr(properties, name), name


@promise()
def a_shared_subscription_gives_each_message_once(place):
    members = [Client(place, f"member{number}", 5) for number in range(2)]
    for member in members:
        member.subscribe(f"$share/crew/{place.topic()}")
    writer = Client(place, "writer", 5)
    for number in range(10):
        writer.publish(place.topic(), str(number))

    def found():
        return sorted(int(message.payload) for member in members for message in member.inbox.messages)

    wait_for("ten messages", lambda: len(found()) >= 10)
    assert found() == list(range(10))


@promise(own=True, values=tuple((how, version) for how in ("SIGTERM", "SIGKILL") for version in VERSIONS))
def a_client_comes_back_by_itself_after_a_restart_and_finds_its_messages(place, how_version):
    how, version = how_version
    mqtt_port = place.server.address("mqtt")[1]
    options = {"version": version, "clean": False, "expiry": 600}
    reader = Client(place, "reader", **options)
    reader.paho.reconnect_delay_set(1, 1)
    reader.subscribe(place.topic())
    if how == "SIGTERM":
        assert place.server.stop() == 0
    else:
        place.server.kill()
    reader.session_present = None
    # The same port, as a client that comes back by itself expects.
    place.server.flags += ["--mqtt", f"127.0.0.1:{mqtt_port}"]
    place.server.start()
    Client(place, "writer", version).publish(place.topic(), "after")
    wait_for("the reader's own reconnect", lambda: reader.session_present is not None, 20)
    assert reader.session_present is True
    assert reader.inbox.wait(1, 20)[0].payload == b"after"
