"""Listeners: mutual TLS, ALPN, WebSocket and who is let in. Bytes only, no MQTT library."""

import os
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import server as servers
from promise import promise
from raw import packets
from raw.websocket import PONG, WebSocket
from raw.wire import Closed, Wire


def context(device=None, alpn=(), ca=None):
    made = ssl.create_default_context(cafile=ca or device.ca)
    if device:
        made.load_cert_chain(device.certificate, device.key)
    if alpn:
        made.set_alpn_protocols(list(alpn))
    return made


def open_tls(place, face, made, name="localhost"):
    stream = socket.create_connection(place.server.address(face), timeout=10)
    place.after(stream.close)
    wrapped = made.wrap_socket(stream, server_hostname=name)
    place.after(wrapped.close)
    return wrapped


def refused(place, face, made, name="localhost"):
    """The handshake fails, or the first bytes after it end the connection before any CONNACK."""
    try:
        wire = Wire(None, stream=open_tls(place, face, made, name))
        wire.send(packets.connect(place.client("refused")))
        packet = wire.packet()
    except (ssl.SSLError, ConnectionError, Closed):
        return
    assert packet is None or packet.code != 0, "the connection was accepted"


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, stdin=subprocess.DEVNULL, capture_output=True)


def own_certificate(place, folder, *extra):
    """A certificate and key that the registry does not know."""
    certificate, key = os.path.join(folder, "own.pem"), os.path.join(folder, "own.key")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=own",
            "-keyout", key, "-out", certificate, *(extra or ("-days", "2")))
    made = ssl.create_default_context(cafile=place.server.device().ca)
    made.load_cert_chain(certificate, key)
    return made


@promise(values=("TLSv1.2", "TLSv1.3"))
def a_device_folder_opens_8883(place, version):
    made = context(place.server.device())
    made.maximum_version = made.minimum_version = getattr(ssl.TLSVersion, version.replace(".", "_"))
    stream = open_tls(place, "mqtt", made)
    assert stream.version() == version
    wire = Wire(None, stream=stream)
    wire.connect(place.client())
    wire.subscribe(place.topic())
    wire.publish(place.topic(), b"x", 1)
    assert wire.message().payload == b"x"


@promise(values=("localhost", "127.0.0.1", "a1b2c3-ats.iot.us-east-1.localhost"))
def the_server_certificate_has_the_name(place, name):
    Wire(None, stream=open_tls(place, "mqtt", context(place.server.device()), name)).connect(place.client())


@promise()
def a_client_without_sni_is_let_in(place):
    made = context(place.server.device())
    made.check_hostname = False
    Wire(None, stream=open_tls(place, "mqtt", made, None)).connect(place.client())


@promise()
def a_client_without_a_certificate_is_refused(place):
    refused(place, "mqtt", context(ca=place.server.device().ca))


@promise()
def an_unknown_certificate_is_refused(place):
    with tempfile.TemporaryDirectory() as folder:
        refused(place, "mqtt", own_certificate(place, folder))


@promise()
def a_stolen_certificate_without_its_key_is_refused(place):
    # A chain whose leaf is the device's, signed for with another key, cannot be loaded by a library that
    # checks; so the mismatch is made with a certificate that copies the subject only.
    with tempfile.TemporaryDirectory() as folder:
        refused(place, "mqtt", own_certificate(place, folder, "-days", "2", "-set_serial", "1"))


@promise()
def a_server_that_the_device_does_not_trust_is_not_trusted(place):
    made = ssl.create_default_context()
    try:
        open_tls(place, "mqtt", made)
    except ssl.SSLError:
        return
    raise AssertionError("the server's certificate was accepted without its CA")


@promise(values=("x-amzn-mqtt-ca", "mqtt"))
def alpn_opens_mqtt_on_the_443_port(place, protocol):
    if protocol == "mqtt":
        # This name is for custom authorizers, so no certificate is asked for and nothing else can prove a client.
        refused(place, "tls443", context(ca=place.server.device().ca, alpn=[protocol]))
        return
    stream = open_tls(place, "tls443", context(place.server.device(), [protocol]))
    assert stream.selected_alpn_protocol() == protocol
    Wire(None, stream=stream).connect(place.client())


@promise(values=("x-amzn-mqtt-ca", "mqtt"))
def alpn_names_are_echoed_on_8883_too(place, protocol):
    stream = open_tls(place, "mqtt", context(place.server.device(), [protocol]))
    assert stream.selected_alpn_protocol() == protocol
    Wire(None, stream=stream).connect(place.client())


def send_with_finished(place, face, made, data):
    """A TLS client whose first data leaves in the same write as the end of its handshake."""
    stream = socket.create_connection(place.server.address(face), timeout=10)
    place.after(stream.close)
    heard, said = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = made.wrap_bio(heard, said, server_hostname="localhost")
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            stream.sendall(said.read())
            heard.write(stream.recv(65536))
    tls.write(data)
    stream.sendall(said.read())
    return stream, tls, heard


@promise(values=("TLSv1.2", "TLSv1.3"))
def what_comes_with_the_end_of_the_handshake_is_read(place, version):
    made = context(place.server.device())
    made.maximum_version = made.minimum_version = getattr(ssl.TLSVersion, version.replace(".", "_"))
    stream, tls, heard = send_with_finished(place, "mqtt", made, packets.connect(place.client()))
    while True:
        try:
            found = tls.read(4)
            break
        except ssl.SSLWantReadError:
            heard.write(stream.recv(65536))
    assert found == b"\x20\x02\x00\x00", found


@promise()
def plain_http_on_a_tls_port_harms_nobody(place):
    for face in ("mqtt", "tls443"):
        stream = socket.create_connection(place.server.address(face), timeout=10)
        stream.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            while stream.recv(4096):
                pass
        except ConnectionError:
            pass
        stream.close()
    Wire(None, stream=open_tls(place, "mqtt", context(place.server.device()))).connect(place.client())


@promise(seconds=60)
def sockets_that_stop_inside_the_handshake_harm_nobody(place):
    silent = [socket.create_connection(place.server.address("mqtt"), timeout=10) for _ in range(100)]
    for number, stream in enumerate(silent):
        stream.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[: number % 12])
    made, begun = context(place.server.device()), time.monotonic()
    Wire(None, stream=open_tls(place, "mqtt", made)).connect(place.client())
    assert time.monotonic() - begun < 5, "a handshake waited for silent ones"
    for stream in silent:
        stream.close()


def open_websocket(place, version=4, **options):
    host, port = place.server.address("api")
    stream = socket.create_connection((host, port), timeout=10)
    place.after(stream.close)
    return Wire(None, version, WebSocket(stream, f"{host}:{port}", **options))


@promise(values=("mqtt", "mqttv3.1"))
def the_api_port_speaks_mqtt_over_websocket(place, protocol):
    wire = open_websocket(place, protocol=protocol)
    assert wire.stream.status == 101, wire.stream.head
    assert f"sec-websocket-protocol: {protocol}".encode() in wire.stream.head, wire.stream.head
    assert len(wire.stream.head) < 1024
    wire.connect(place.client())
    wire.subscribe(place.topic())
    wire.publish(place.topic(), bytes(70_000), 1)
    assert len(wire.message().payload) == 70_000


@promise()
def compression_is_never_agreed(place):
    offer = ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]
    wire = open_websocket(place, headers=offer)
    assert b"sec-websocket-extensions" not in wire.stream.head.lower(), wire.stream.head
    wire.connect(place.client())


@promise()
def what_comes_with_the_upgrade_request_is_read(place):
    host, port = place.server.address("api")
    stream = socket.create_connection((host, port), timeout=10)
    place.after(stream.close)
    web = WebSocket.__new__(WebSocket)
    web.stream = Together(stream)
    first = packets.connect(place.client()) + packets.subscribe(1, [(place.topic(), 0)])
    web.stream.hold_for(lambda: WebSocket.frame(web, first))
    WebSocket.__init__(web, web.stream, f"{host}:{port}")
    wire = Wire(None, stream=web)
    wire.expect(packets.CONNACK)
    wire.expect(packets.SUBACK)


class Together:
    """A socket whose first write waits for the second, so that both leave at once."""

    def __init__(self, stream):
        self.stream = stream
        self.held = None
        self.more = None

    def hold_for(self, more):
        self.more = more

    def sendall(self, data):
        if self.more:
            more, self.more, self.held = self.more, None, data
            more()
        elif self.held:
            held, self.held = self.held, None
            self.stream.sendall(held + data)
        else:
            self.stream.sendall(data)

    def __getattr__(self, name):
        return getattr(self.stream, name)


@promise()
def websocket_frames_need_not_align_with_packets(place):
    wire = open_websocket(place)
    web = wire.stream
    first = packets.connect(place.client()) + packets.subscribe(1, [(place.topic(), 0)])
    for at in range(0, len(first), 3):
        web.frame(first[at : at + 3])
    wire.expect(packets.CONNACK)
    wire.expect(packets.SUBACK)
    second = packets.publish(place.topic(), b"one") + packets.publish(place.topic(), b"two")
    for at in range(0, len(second), 3):
        web.frame(second[at : at + 3])
    assert [message.payload for message in wire.messages(2)] == [b"one", b"two"]


@promise()
def a_fragmented_websocket_message_is_put_together(place):
    wire = open_websocket(place)
    web = wire.stream
    data = packets.connect(place.client()) + packets.frame(packets.PINGREQ, 0, b"")
    web.frame(data[:5], last=False)
    web.frame(b"are you there", code=9)
    web.frame(data[5:9], code=0, last=False)
    web.frame(data[9:], code=0)
    wire.expect(packets.CONNACK)
    wire.expect(packets.PINGRESP)
    assert web.pong == b"are you there", f"opcode {PONG} did not come"


@promise()
def a_text_frame_ends_the_connection(place):
    wire = open_websocket(place)
    wire.stream.frame(b"hello", code=1)
    wire.expect_end()


@promise()
def another_path_is_no_mqtt(place):
    wire = open_websocket(place, path="/other")
    assert wire.stream.status in (400, 403, 404), wire.stream.head


@promise()
def health_and_metrics_answer(place):
    host, port = place.server.address("api")
    for path, word in (("/_thingstead/health", ""), ("/metrics", "# TYPE")):
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=10) as answer:
            text = answer.read().decode()
            assert answer.status == 200 and word in text and text, path


@promise()
def an_unknown_path_is_not_found(place):
    host, port = place.server.address("api")
    try:
        urllib.request.urlopen(f"http://{host}:{port}/_thingstead/nothing", timeout=10)
    except urllib.error.HTTPError as error:
        assert error.code == 404
        return
    raise AssertionError("an unknown path was answered with success")


@promise(values=("mqtt", "https"))
def a_rotated_certificate_is_turned_off_once_the_new_one_was_used(place, face):
    server = servers.Server("aws").start()
    place.after(server.close)
    old = server.device("pump-9", "own")
    folder = os.path.join(os.path.dirname(server.data), "new")
    server.run("device", "rotate", "pump-9", "--out", folder)
    new = servers.Device("pump-9", folder)
    assert use(server, old, face) and use(server, new, face), "both count until the new one was used"
    end = time.monotonic() + 5
    while use(server, old, face):
        assert time.monotonic() < end, "the old one still counts"
        time.sleep(0.5)
    assert use(server, new, face)


def use(server, device, face):
    """Whether the device is served."""
    try:
        stream = socket.create_connection(server.address(face), timeout=10)
        with context(device).wrap_socket(stream, server_hostname="localhost") as wrapped:
            if face == "mqtt":
                Wire(None, stream=wrapped).connect(device.name)
                return True
            wrapped.sendall(f"POST /topics/{device.name}/x?qos=1 HTTP/1.1\r\nHost: localhost\r\n"
                            "Content-Length: 1\r\nConnection: close\r\n\r\nx".encode())
            return b" 200 " in wrapped.recv(4096).split(b"\r\n")[0]
    except (Closed, OSError):
        return False
