"""An agent's end of the stream, by hand (RFC 6455): for peers that the product would not be. Shares no code with it."""

import base64
import json
import os
import socket
import ssl
import struct

PATH = "/v1/stream"


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


class Stream:
    def __init__(self, address, bundle, token, server_name, timeout=10):
        trust = ssl.create_default_context(cafile=str(bundle))
        self._socket = trust.wrap_socket(socket.create_connection(address, timeout), server_hostname=server_name)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall((f"GET {PATH} HTTP/1.1\r\nHost: {server_name}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                              f"Authorization: Bearer {token}\r\n\r\n").encode())
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            block = self._socket.recv(4096)
            if not block:
                raise Refused(0, "closed")
            self._buffer += block
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        status = int(head.split()[1])
        if status != 101:
            raise Refused(status, (head + self._buffer).decode(errors="replace"))

    def _take(self, count):
        while len(self._buffer) < count:
            block = self._socket.recv(65536)
            if not block:
                raise EOFError("the stream was closed")
            self._buffer += block
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _frame(self):
        first, second = self._take(2)
        length = second & 127
        if length == 126:
            length, = struct.unpack("!H", self._take(2))
        elif length == 127:
            length, = struct.unpack("!Q", self._take(8))
        return first & 128, first & 15, self._take(length)

    def receive(self):
        """The next message, decoded; pings are answered. EOFError where the stream ends."""
        text = b""
        while True:
            final, kind, payload = self._frame()
            if kind == 9:
                self._send(10, payload)
            elif kind == 8:
                raise EOFError("the stream was closed")
            elif kind in (0, 1, 2):
                text += payload
                if final:
                    return json.loads(text)

    def _send(self, kind, payload):
        mask = os.urandom(4)
        length = bytes([len(payload) | 128]) if len(payload) < 126 else struct.pack("!BH", 254, len(payload))
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self._socket.sendall(bytes([128 | kind]) + length + mask + masked)

    def report(self, message):
        self._send(1, json.dumps(message).encode())

    def close(self):
        self._socket.close()
