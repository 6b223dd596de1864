"""awsiotsdk from PyPI, unmodified: MQTT 3.1.1 and 5 over 8883, over port 443 with ALPN, and signed WebSocket."""

import concurrent.futures
import time

from awscrt import auth, mqtt, mqtt5
from awsiot import mqtt5_client_builder, mqtt_connection_builder

from promise import Inbox, promise

DOORS = ("mqtt", "alpn", "websocket")
PATIENCE_S = 15


def faces(place, door):
    """Builder options of a door."""
    port = place.server.address("mqtt" if door == "mqtt" else "tls443")[1]
    # The SDK offers ALPN on port 443 and on no other.
    assert door != "alpn" or port == 443, (
        "port 443 could not be bound: run as root, or sysctl net.ipv4.ip_unprivileged_port_start=443"
    )
    return {"endpoint": "localhost", "port": port, "ca_filepath": place.server.device().ca}


def signer():
    return auth.AwsCredentialsProvider.new_static("test", "test")


class Three:
    """A connected MQTT 3.1.1 client."""

    def __init__(self, place, ending, door, kept=False, will=None):
        self.inbox = Inbox()
        options = {**faces(place, door), "client_id": place.client(ending), "clean_session": not kept, "will": will}
        device = place.server.device()
        if door == "websocket":
            self.connection = mqtt_connection_builder.websockets_with_default_aws_signing(
                "us-east-1", signer(), **options
            )
        else:
            self.connection = mqtt_connection_builder.mtls_from_path(device.certificate, device.key, **options)
        # A kept session's messages come right after CONNACK, before any subscribe call.
        self.connection.on_message(self.hear)
        self.session_present = self.connection.connect().result(PATIENCE_S)["session_present"]
        place.after(lambda: self.connection.disconnect().result(PATIENCE_S))

    def hear(self, topic, payload, dup, qos, retain, **_more):
        self.inbox.put((topic, bytes(payload), int(qos)))

    def subscribe(self, topic):
        future, _ = self.connection.subscribe(topic, mqtt.QoS.AT_LEAST_ONCE)
        future.result(PATIENCE_S)

    def publish(self, topic, payload, qos=1):
        future, _ = self.connection.publish(topic, payload, mqtt.QoS(qos))
        future.result(PATIENCE_S)

    def stop(self):
        self.connection.disconnect().result(PATIENCE_S)


class Five:
    """A connected MQTT 5 client."""

    def __init__(self, place, ending, door, kept=False, will=None):
        self.inbox = Inbox()
        self.connected = concurrent.futures.Future()
        self.stopped = concurrent.futures.Future()
        self.disconnections = Inbox()
        options = {
            **faces(place, door),
            "client_id": place.client(ending),
            "will": will,
            "on_publish_received": self.hear,
            "on_lifecycle_connection_success": self.succeed,
            "on_lifecycle_connection_failure": self.fail,
            "on_lifecycle_disconnection": self.disconnections.put,
            "on_lifecycle_stopped": lambda _data: self.stopped.set_result(None),
        }
        if kept:
            options["session_expiry_interval_sec"] = 600
            options["session_behavior"] = mqtt5.ClientSessionBehaviorType.REJOIN_ALWAYS
        device = place.server.device()
        if door == "websocket":
            self.client = mqtt5_client_builder.websockets_with_default_aws_signing("us-east-1", signer(), **options)
        else:
            self.client = mqtt5_client_builder.mtls_from_path(device.certificate, device.key, **options)
        self.client.start()
        place.after(self.client.stop)
        self.session_present = self.connected.result(PATIENCE_S).session_present

    def succeed(self, data):
        if not self.connected.done():
            self.settings = data.negotiated_settings
            self.connected.set_result(data.connack_packet)

    def fail(self, data):
        if not self.connected.done():
            self.connected.set_exception(AssertionError(f"{data.exception} {data.connack_packet}"))

    def hear(self, data):
        packet = data.publish_packet
        self.inbox.put((packet.topic, bytes(packet.payload or b""), int(packet.qos)))

    def subscribe(self, topic):
        packet = mqtt5.SubscribePacket([mqtt5.Subscription(topic, mqtt5.QoS.AT_LEAST_ONCE)])
        codes = self.client.subscribe(packet).result(PATIENCE_S).reason_codes
        assert all(code < 0x80 for code in codes), codes

    def publish(self, topic, payload, qos=1):
        packet = mqtt5.PublishPacket(topic=topic, payload=payload, qos=mqtt5.QoS(qos))
        self.client.publish(packet).result(PATIENCE_S)

    def stop(self):
        self.client.stop()
        self.stopped.result(PATIENCE_S)


CLIENTS = {4: Three, 5: Five}


@promise(values=tuple((door, version) for door in DOORS for version in CLIENTS))
def it_talks_through_every_door(place, door_version):
    door, version = door_version
    client = CLIENTS[version](place, "a", door)
    client.subscribe(place.topic())
    for qos in (0, 1):
        client.publish(place.topic(), f"hello {qos}", qos)
    assert client.inbox.wait(2) == [(place.topic(), b"hello 0", 0), (place.topic(), b"hello 1", 1)]


@promise(values=tuple(CLIENTS))
def its_persistent_session_is_resumed_with_its_messages(place, version):
    first = CLIENTS[version](place, "reader", "mqtt", kept=True)
    assert first.session_present is False
    first.subscribe(place.topic())
    first.stop()
    writer = CLIENTS[version](place, "writer", "mqtt")
    for number in range(5):
        writer.publish(place.topic(), str(number))
    time.sleep(1.1)
    again = CLIENTS[version](place, "reader", "mqtt", kept=True)
    assert again.session_present is True
    assert [payload for _, payload, _ in again.inbox.wait(5)] == [b"0", b"1", b"2", b"3", b"4"]


@promise()
def the_mqtt_5_client_settles_on_awss_limits(place):
    settings = Five(place, "a", "mqtt").settings
    found = (int(settings.maximum_qos), settings.receive_maximum_from_server, settings.maximum_packet_size_to_server)
    assert found == (1, 100, 149_504), found
    assert settings.topic_alias_maximum_to_server == 8
    assert settings.subscription_identifiers_available is False


@promise()
def the_mqtt_5_client_is_told_of_a_takeover(place):
    old = Five(place, "twin", "mqtt")
    time.sleep(1.1)
    Five(place, "twin", "mqtt")
    packet = old.disconnections.wait(1)[0].disconnect_packet
    old.client.stop()
    assert packet.reason_code == mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER, packet


@promise()
def the_versions_hear_each_other(place):
    three, five = Three(place, "three", "mqtt"), Five(place, "five", "mqtt")
    three.subscribe(place.topic())
    five.subscribe(place.topic())
    three.publish(place.topic(), "from 3.1.1")
    five.publish(place.topic(), "from 5")
    for client in (three, five):
        assert sorted(payload for _, payload, _ in client.inbox.wait(2)) == [b"from 3.1.1", b"from 5"]
