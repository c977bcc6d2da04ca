"""A WebSocket client down to the bytes, for what no library would send or show. Blocking, every wait bounded."""

import base64
import os
import socket
import struct
import time

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
WAIT_SECONDS = 5


class Closed(Exception):
    """The other side ended the TCP connection."""


def upgrade_request(host, path="/", extra=(), version="13"):
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}", f"Sec-WebSocket-Version: {version}", *extra]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def proxy_line(address, version=1):
    """What a proxy says in front of a connection that it makes for somebody (PROXY protocol)."""
    family = "TCP6" if ":" in address else "TCP4"
    other = "::1" if ":" in address else "127.0.0.1"
    if version == 1:
        return f"PROXY {family} {address} {other} 4711 443\r\n".encode()
    kind = socket.AF_INET6 if ":" in address else socket.AF_INET
    addresses = socket.inet_pton(kind, address) + socket.inet_pton(kind, other) + struct.pack("!HH", 4711, 443)
    head = b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x21, 0x21 if ":" in address else 0x11])
    return head + struct.pack("!H", len(addresses)) + addresses


def frame(opcode, payload=b"", final=True, masked=True, reserved=0):
    """One frame (RFC 6455 §5.2); clients mask theirs."""
    head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
    flag = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([flag | len(payload)])
    elif len(payload) < 65536:
        head += struct.pack("!BH", flag | 126, len(payload))
    else:
        head += struct.pack("!BQ", flag | 127, len(payload))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    repeated = (mask * (len(payload) // 4 + 1))[:len(payload)]
    masked_payload = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(payload), "big")
    return head + mask + masked_payload


class RawSocket:
    """A TCP connection to the relay. `upgrade()` makes a WebSocket of it."""

    def __init__(self, relay, receive_buffer=None, port=None):
        family = socket.AF_INET6 if ":" in relay.host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(WAIT_SECONDS)
        self.socket.connect((relay.host, port or relay.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = f"{relay.host}:{relay.port}"
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends the connection with a TCP reset, as a machine that vanished and came back would."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive_some(self, seconds=WAIT_SECONDS):
        self.socket.settimeout(seconds)
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            raise Closed("reset") from None
        finally:
            self.socket.settimeout(WAIT_SECONDS)
        if not data:
            raise Closed("ended")
        self.pending += data

    def reply_head(self):
        """The reply's head as bytes, blank line included."""
        while b"\r\n\r\n" not in self.pending:
            self.receive_some()
        head, self.pending = self.pending.split(b"\r\n\r\n", 1)
        return head + b"\r\n\r\n"

    def status(self):
        """The status code of the reply, or 0 when the relay just hung up."""
        try:
            return int(self.reply_head().split(b" ", 2)[1])
        except Closed:
            return 0

    def upgrade(self, path="/", extra=()):
        self.send(upgrade_request(self.host, path, extra))
        head = self.reply_head()
        if not head.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(f"refused: {head!r}")
        return head

    def receive_frame(self, seconds=WAIT_SECONDS):
        """The next frame: (opcode, final, payload)."""
        end = time.monotonic() + seconds
        while True:
            taken = self.take_frame()
            if taken:
                return taken
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("no frame came")
            self.receive_some(left)

    def take_frame(self):
        """A frame that has arrived as a whole, as `receive_frame`; None when there is none."""
        data = self.pending
        if len(data) < 2:
            return None
        length, at = data[1] & 0x7F, 2
        if length == 126:
            length, at = int.from_bytes(data[2:4], "big"), 4
        elif length == 127:
            length, at = int.from_bytes(data[2:10], "big"), 10
        if len(data) < at + length:
            return None
        self.pending = data[at + length:]
        return data[0] & 0x0F, bool(data[0] & 0x80), data[at:at + length]

    def receive_text(self, seconds=WAIT_SECONDS):
        """The next data message's payload; it must be one text frame. Pings are passed over unanswered."""
        while True:
            opcode, final, payload = self.receive_frame(seconds)
            if opcode in (PING, PONG):
                continue
            if opcode != TEXT or not final:
                raise RuntimeError(f"opcode {opcode}, final {final}: {payload[:100]!r}")
            return payload

    def close_code(self, seconds=WAIT_SECONDS):
        """The code of the close frame that comes, 1005 for an empty one, 1006 when none comes."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                opcode, _, payload = self.receive_frame(end - time.monotonic())
                if opcode == CLOSE:
                    return int.from_bytes(payload[:2], "big") if payload else 1005
        except Closed:
            return 1006
        raise TimeoutError("no close frame came")

    def ended(self, seconds=WAIT_SECONDS):
        """True once the other side has ended the TCP connection; what comes before that is passed over."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.receive_some(max(end - time.monotonic(), 0.01))
        except Closed:
            return True
        except TimeoutError:
            return False
        return False
