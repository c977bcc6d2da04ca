#!/usr/bin/env python3
"""What Godot's own WebSocket code demands of the wire, looked at byte by byte: the reply head, frames, pings."""

import base64
import hashlib
import re
import time

from godot_peer import JSON, JOIN, OFFER
from raw_socket import CLOSE, CONTINUATION, PING, PONG, TEXT, Closed, RawSocket, frame, upgrade_request
from relay import PING_LIMIT, Checks, Relay, run_scenarios

PATIENT = {"join_timeout": 20}
ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def reply_head(checks):
    """Godot 4 refuses a reply that differs from these (wsl_peer.cpp)."""
    offers = {
        "as Godot asks": (),
        "deflate offered": ("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",),
        "a browser's headers": ("Origin: http://localhost", "User-Agent: Mozilla/5.0", "Cookie: a=b",
                                "Accept-Language: en", "Cache-Control: no-cache"),
        "Firefox's Connection": ("Connection: keep-alive, Upgrade",),
    }
    with Relay(settings=PATIENT) as relay:
        for name, extra in offers.items():
            with RawSocket(relay) as raw:
                request = upgrade_request(raw.host, "/", extra)
                if any(line.startswith("Connection") for line in extra):
                    request = request.replace(b"Connection: Upgrade\r\n", b"", 1)
                raw.send(request)
                head = raw.reply_head()
                key = re.search(rb"Sec-WebSocket-Key: (\S+)", request).group(1).decode()
                lines = head.decode().split("\r\n")[:-2]
                fields = [line.partition(":") for line in lines[1:]]
                values = {field.strip().lower(): value.strip() for field, _, value in fields}
                accept = base64.b64encode(hashlib.sha1((key + ACCEPT_GUID).encode()).digest()).decode()
                checks.matches(f"{name}: status line", lines[0], "HTTP/1\\.1 101( .*)?")
                checks.true(f"{name}: at least three headers", len(fields) >= 3, ">= 3", len(fields))
                checks.true(f"{name}: under 4096 bytes", len(head) < 4096, "< 4096", len(head))
                checks.true(f"{name}: every header has a colon and a value",
                            all(colon and value.strip() for _, colon, value in fields), "field: value", lines[1:])
                checks.equal(f"{name}: Connection is exactly Upgrade", values.get("connection"), "Upgrade")
                checks.equal(f"{name}: Upgrade", values.get("upgrade", "").lower(), "websocket")
                checks.equal(f"{name}: the key is answered", values.get("sec-websocket-accept"), accept)
                checks.true(f"{name}: no extension and no subprotocol", not {
                    "sec-websocket-extensions", "sec-websocket-protocol"} & set(values), "none", values)


def segmented_head(checks):
    """A head that comes byte by byte, and one with the first frame behind it in the same segment."""
    with Relay(settings=PATIENT) as relay:
        create = frame(TEXT, JSON.write(JOIN, 0, "").encode())
        with RawSocket(relay) as raw:
            for byte in upgrade_request(raw.host):
                raw.send(bytes([byte]))
            checks.true("a head byte by byte", raw.reply_head().startswith(b"HTTP/1.1 101"))
            for byte in create:
                raw.send(bytes([byte]))
            checks.equal("a frame byte by byte", raw.receive_text(), b'{"type":1,"id":1,"data":"true"}')
        with RawSocket(relay) as raw:
            raw.send(upgrade_request(raw.host) + create)
            checks.true("a frame right behind the head", raw.reply_head().startswith(b"HTTP/1.1 101"))
            checks.equal("is answered", raw.receive_text(), b'{"type":1,"id":1,"data":"true"}')


def host_and_guest(relay):
    host, guest = RawSocket(relay), RawSocket(relay)
    host.upgrade()
    host.send(frame(TEXT, JSON.write(JOIN, 0, "").encode()))
    host.receive_text()
    lobby = JSON.read(host.receive_text().decode())[2]
    guest.upgrade()
    guest.send(frame(TEXT, JSON.write(JOIN, 0, lobby).encode()))
    identity = JSON.read(guest.receive_text().decode())[1]
    guest.receive_text()
    guest.receive_text()
    host.receive_text()
    return host, guest, identity


def frames(checks):
    """Data messages leave as one frame each, whatever their size and however they came."""
    with Relay(settings=PATIENT) as relay:
        host, guest, identity = host_and_guest(relay)
        with host, guest:
            for size in (0, 1, 80, 90, 125, 126, 127, 1000, 4096, 16384, 60_000, 65_400):
                message = JSON.write(OFFER, 1, "x" * size).encode()
                half = len(message) // 2
                guest.send(frame(TEXT, message[:half], final=False) + frame(PING, b"between")
                           + frame(CONTINUATION, message[half:]))
                opcode, final, payload = host.receive_frame()
                checks.equal(f"{size} bytes of data leave in one text frame", (opcode, final), (TEXT, True))
                checks.equal(f"{size} bytes arrive", JSON.read(payload.decode()), (OFFER, identity, "x" * size))
                checks.equal(f"{size} bytes: a ping between fragments is answered", guest.receive_frame(),
                             (PONG, True, b"between"))


def closing(checks):
    """The close handshake: the code comes back, the relay ends the connection (RFC 6455 §5.5.1, §7.1.1)."""
    cases = {
        "1000": ((1000).to_bytes(2, "big"), 1000),
        "1000 with Godot 3's NUL in the reason": ((1000).to_bytes(2, "big") + b"Bye bye!\0", 1000),
        "an empty close": (b"", 1005),
        "1001": ((1001).to_bytes(2, "big"), 1001),
        "4321": ((4321).to_bytes(2, "big"), 4321),
        "1005, never on the wire": ((1005).to_bytes(2, "big"), 1002),
        "one byte": (b"\x03", 1002),
        "a reason that is not UTF-8": ((1000).to_bytes(2, "big") + b"\xff", 1007),
    }
    with Relay(settings=PATIENT) as relay:
        for name, (payload, expected) in cases.items():
            with RawSocket(relay) as raw:
                raw.upgrade()
                raw.send(frame(CLOSE, payload))
                got = raw.close_code()
                wanted = (1000, 1005) if expected == 1005 else (expected,)
                checks.true(f"close {name}", got in wanted, wanted, got)
                checks.true(f"close {name}: then the connection ends", raw.ended())


def silent_peer(checks):
    """A peer that answers no ping is gone after two intervals; its lobby hears it."""
    with Relay(settings=PATIENT, limits={PING_LIMIT: 500}) as relay:
        host, guest, identity = host_and_guest(relay)
        with host, guest:
            end = time.monotonic() + 5
            heard, pings = None, 0
            while time.monotonic() < end and heard is None:
                try:
                    opcode, _, payload = host.receive_frame(end - time.monotonic())
                except (TimeoutError, Closed):
                    break
                if opcode == PING:
                    pings += 1
                    host.send(frame(PONG, payload))
                elif opcode == TEXT:
                    heard = JSON.read(payload.decode())
            checks.true("pings come", pings >= 1, ">= 1", pings)
            checks.equal("the peer that stays hears of the vanished one", heard, (3, identity, ""))
            checks.true("the silent peer's connection ends", guest.ended())


if __name__ == "__main__":
    run_scenarios(Checks(), [
        (reply_head,), (segmented_head,), (frames,), (closing,), (silent_peer,)])
