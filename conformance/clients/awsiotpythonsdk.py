"""AWSIoTPythonSDK 1.6.2, unmodified: MQTT 3.1.1 over 8883, over port 443 with ALPN, and over WebSocket."""

import socket
import time

from AWSIoTPythonSDK.MQTTLib import AWSIoTMQTTClient

from promise import Inbox, promise

# The WebSocket mode reads the region out of a name of this form, and takes no other.
AWS_NAMES = ".amazonaws.com"
RESOLVE = socket.getaddrinfo


def resolve(host, *arguments, **more):
    """What an entry in /etc/hosts would do for such names, without root."""
    return RESOLVE("127.0.0.1" if str(host).endswith(AWS_NAMES) else host, *arguments, **more)


socket.getaddrinfo = resolve


def client(place, ending, host, port, websocket=False, clean=True):
    made = AWSIoTMQTTClient(place.client(ending), useWebsocket=websocket, cleanSession=clean)
    made.configureEndpoint(host, port)
    device = place.server.device()
    if websocket:
        made.configureIAMCredentials("test", "test")
        made.configureCredentials(device.ca)
    else:
        made.configureCredentials(device.ca, device.key, device.certificate)
    made.configureConnectDisconnectTimeout(10)
    made.configureMQTTOperationTimeout(5)
    assert made.connect(), "the SDK did not connect"
    place.after(made.disconnect)
    return made


def talk(place, made):
    inbox = Inbox()
    assert made.subscribe(place.topic(), 1, lambda _client, _data, message: inbox.put(message))
    for qos in (0, 1):
        assert made.publish(place.topic(), f"hello {qos}", qos)
    found = inbox.wait(2)
    assert [(message.payload, message.qos) for message in found] == [(b"hello 0", 0), (b"hello 1", 1)]
    assert made.unsubscribe(place.topic())


@promise()
def it_talks_over_8883(place):
    talk(place, client(place, "a", "localhost", place.server.address("mqtt")[1]))


@promise()
def it_talks_over_websocket_with_signed_credentials(place):
    name = place.server.run("endpoint", "--endpoint-type", "iot:Data-ATS").strip()
    assert name.endswith(AWS_NAMES), name
    talk(place, client(place, "a", name, place.server.address("tls443")[1], websocket=True))


@promise()
def it_talks_over_port_443_with_alpn(place):
    # The SDK offers ALPN on port 443 and on no other.
    port = place.server.address("tls443")[1]
    assert port == 443, (
        "port 443 could not be bound: run as root, or sysctl net.ipv4.ip_unprivileged_port_start=443"
    )
    talk(place, client(place, "a", "localhost", port))


@promise()
def its_persistent_session_keeps_messages(place):
    port = place.server.address("mqtt")[1]
    reader = client(place, "reader", "localhost", port, clean=False)
    reader.subscribe(place.topic(), 1, lambda *_message: None)
    assert reader.disconnect()
    writer = client(place, "writer", "localhost", port)
    assert writer.publish(place.topic(), "while away", 1)
    time.sleep(1.1)
    inbox = Inbox()
    again = AWSIoTMQTTClient(place.client("reader"), cleanSession=False)
    again.configureEndpoint("localhost", port)
    device = place.server.device()
    again.configureCredentials(device.ca, device.key, device.certificate)
    again.onMessage = inbox.put
    assert again.connect()
    place.after(again.disconnect)
    assert inbox.wait(1)[0].payload == b"while away"


@promise()
def its_last_will_is_published(place):
    port = place.server.address("mqtt")[1]
    inbox = Inbox()
    reader = client(place, "reader", "localhost", port)
    reader.subscribe(place.topic("will"), 1, lambda _client, _data, message: inbox.put(message))
    mortal = AWSIoTMQTTClient(place.client("mortal"))
    mortal.configureEndpoint("localhost", port)
    device = place.server.device()
    mortal.configureCredentials(device.ca, device.key, device.certificate)
    mortal.configureLastWill(place.topic("will"), "gone", 1)
    assert mortal.connect()
    # Another connection with its client id is what ends the first one without a DISCONNECT.
    time.sleep(1.1)
    client(place, "mortal", "localhost", port)
    assert inbox.wait(1)[0].payload == b"gone"
