"""In: a socket. Out: the same bytes through WebSocket frames, for raw.wire. Does not answer pings."""

import base64
import hashlib
import os
import select
import struct

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BINARY, CLOSE, PONG = 2, 8, 10


class WebSocket:
    """Looks like a socket to raw.wire: sendall, recv, close, fileno, pending."""

    def __init__(self, stream, host, path="/mqtt", protocol="mqtt", headers=()):
        self.stream = stream
        self.bytes = bytearray()
        self.ready = bytearray()
        key = base64.b64encode(os.urandom(16))
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key.decode()}", "Sec-WebSocket-Version: 13"]
        lines += [f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []
        stream.sendall("\r\n".join([*lines, *headers, "", ""]).encode())
        while b"\r\n\r\n" not in self.bytes:
            data = stream.recv(4096)
            assert data, f"closed before the upgrade: {bytes(self.bytes)}"
            self.bytes += data
        head, _, rest = bytes(self.bytes).partition(b"\r\n\r\n")
        self.bytes = bytearray(rest)
        self.head = head
        self.status = int(head.split(b" ", 2)[1])
        if self.status == 101:
            accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
            assert b"sec-websocket-accept: " + accept in head, head

    def frame(self, data, code=BINARY, last=True):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
        size = len(data)
        if size < 126:
            length = bytes([0x80 | size])
        elif size < 65536:
            length = bytes([0x80 | 126]) + struct.pack(">H", size)
        else:
            length = bytes([0x80 | 127]) + struct.pack(">Q", size)
        self.stream.sendall(bytes([(0x80 if last else 0) | code]) + length + mask + masked)

    def sendall(self, data):
        self.frame(data)

    def recv(self, _size):
        """Some bytes of MQTT; empty at the end."""
        while not self.ready:
            if not self.cut():
                data = self.stream.recv(65536)
                if not data:
                    return b""
                self.bytes += data
        found, self.ready = bytes(self.ready), bytearray()
        return found

    def cut(self):
        """Takes one whole frame off; False when there is none."""
        if len(self.bytes) < 2:
            return False
        first, second = self.bytes[0], self.bytes[1]
        assert not second & 0x80, "the server masked a frame"
        assert not first & 0x70, "the server used an extension that was not agreed"
        start, size = 2, second
        if second == 126:
            start, size = 4, int.from_bytes(self.bytes[2:4], "big")
        elif second == 127:
            start, size = 10, int.from_bytes(self.bytes[2:10], "big")
        if len(self.bytes) < start + size:
            return False
        code, data = first & 15, bytes(self.bytes[start : start + size])
        del self.bytes[: start + size]
        if code == CLOSE:
            raise ConnectionError("the server sent a close frame")
        if code == PONG:
            self.pong = data
        elif code in (0, BINARY):
            self.ready += data
        return True

    def pending(self):
        # A control frame alone would count here, which only makes a wait shorter.
        inner = getattr(self.stream, "pending", lambda: 0)()
        return len(self.ready) or len(self.bytes) > 1 or inner

    def readable(self, seconds):
        return bool(select.select([self.stream], [], [], seconds)[0])

    def fileno(self):
        return self.stream.fileno()

    def close(self):
        self.stream.close()
