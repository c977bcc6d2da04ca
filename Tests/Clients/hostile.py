#!/usr/bin/env python3
"""Clients that mean harm or mean nothing, on raw sockets. After each the relay still serves a fresh pair."""

import os
import resource
import socket
import time

from godot_peer import JOIN, JSON, OFFER
from raw_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Closed, RawSocket, frame, upgrade_request
from relay import HANDSHAKE_LIMIT, Checks, Relay, run_scenarios, wait_until

PATIENT = {"join_timeout": 60}
# Everybody comes from one address here.
CROWD = {"connections_per_address": 0}
FLOOD_BYTES = 256 << 20
FLOOD_SECONDS = 8
RESIDENT_GROWTH_KIB_MAX = 64 << 10
# queued_bytes is 1 MiB by default; the rest is for allocators and kernels.
PONG_GROWTH_KIB_MAX = 8 << 10


def joined(relay, lobby="", others=0, receive_buffer=None):
    """A peer in a lobby: (socket, its id, the lobby's name)."""
    raw = RawSocket(relay, receive_buffer)
    raw.upgrade()
    raw.send(frame(TEXT, JSON.write(JOIN, 0, lobby).encode()))
    heard = [JSON.read(raw.receive_text().decode()) for _ in range(2 + others)]
    return raw, heard[0][1], heard[-1][2]


def serves(checks, relay, after):
    """A fresh pair meets and exchanges an offer."""
    try:
        host, _, lobby = joined(relay)
        guest, identity, _ = joined(relay, lobby, others=1)
        with host, guest:
            host.receive_text()
            guest.send(frame(TEXT, JSON.write(OFFER, 1, "sdp").encode()))
            checks.equal(f"a fresh pair is served after {after}", JSON.read(host.receive_text().decode()),
                         (OFFER, identity, "sdp"))
    except (OSError, Closed, RuntimeError) as error:
        checks.failure(f"a fresh pair is served after {after}", error)
    checks.true(f"the relay lives after {after}", relay.alive(), "running", "ended")


def slow_heads(checks):
    """Heads that never end: cut off at the handshake's time limit, however busily they drip."""
    with Relay(settings=PATIENT, limits={HANDSHAKE_LIMIT: 1000, **CROWD}) as relay:
        silent = [RawSocket(relay) for _ in range(50)]
        dripping = [RawSocket(relay) for _ in range(50)]
        for raw in dripping:
            raw.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
        end = time.monotonic() + 4
        ended = set()
        while time.monotonic() < end and len(ended) < len(dripping):
            for raw in dripping:
                if raw in ended:
                    continue
                try:
                    raw.send(b"X: y\r\n")
                    raw.socket.settimeout(0.001)
                    if not raw.socket.recv(65536):
                        ended.add(raw)
                except TimeoutError:
                    pass
                except OSError:
                    ended.add(raw)
            time.sleep(0.05)
        checks.equal("heads that drip are cut off", len(ended), len(dripping))
        checks.true("connections that say nothing are cut off", all(raw.ended(3) for raw in silent))
        for raw in silent + dripping:
            raw.close()
        serves(checks, relay, "slow heads")


def plain_requests(checks):
    """Requests that are no upgrade get an HTTP answer."""
    cases = [
        ("GET /", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", (200,)),
        ("GET of HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", (200, 400, 505)),
        ("GET of an unknown path", "GET /no/such/thing HTTP/1.1\r\nHost: x\r\n\r\n", (404,)),
        ("POST", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", (405,)),
        ("DELETE", "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", (405,)),
        ("garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", (400, 0)),
        ("half a request line", "GET\r\n\r\n", (400, 0)),
        ("not HTTP", "GET / SPDY/9\r\nHost: x\r\n\r\n", (400, 505, 0)),
    ]
    with Relay(settings=PATIENT) as relay:
        for name, request, expected in cases:
            with RawSocket(relay) as raw:
                raw.send(request.encode("latin-1"))
                got = raw.status()
                checks.true(f"{name}: {expected}", got in expected, expected, got)
        with RawSocket(relay) as raw:
            raw.send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            raw.reply_head()
            raw.ended()
            checks.true("GET / says what this is", b"lobbyist" in raw.pending.lower(), "Lobbyist …", raw.pending)
        for version in ("8", "12", "14", "x"):
            with RawSocket(relay) as raw:
                raw.send(upgrade_request(raw.host, version=version))
                checks.equal(f"version {version} of the protocol", raw.status(), 426)
        for name, lost in {"no key": b"Sec-WebSocket-Key", "no version": b"Sec-WebSocket-Version"}.items():
            with RawSocket(relay) as raw:
                lines = upgrade_request(raw.host).split(b"\r\n")
                raw.send(b"\r\n".join(line for line in lines if not line.startswith(lost)))
                got = raw.status()
                checks.true(f"an upgrade with {name} is refused", 400 <= got < 500, "4xx", got)
        serves(checks, relay, "plain requests")


def oversized_heads(checks):
    with Relay(settings=PATIENT) as relay:
        for name, request in {
            "one long header": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
            "many headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 30_000 + b"\r\n",
            "a head without an end": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 30_000,
        }.items():
            with RawSocket(relay) as raw:
                try:
                    raw.send(request)
                except OSError:
                    pass
                # A reset may overtake the answer when the relay hangs up on unread bytes.
                got = raw.status()
                checks.true(f"{name}: 431", got in (431, 0), "431, or the end of the connection", got)
        with RawSocket(relay) as raw:
            raw.send(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000)
            checks.equal("20,000 bytes of one header: 431 reaches the client", raw.status(), 431)
        serves(checks, relay, "oversized heads")


def bad_frames(checks):
    """Frames that break RFC 6455 close the connection with the code that it names."""
    cases = {
        "unmasked text": (frame(TEXT, b"{}", masked=False), (1002,)),
        "a reserved bit": (frame(TEXT, b"{}", reserved=4), (1002,)),
        "opcode 3": (frame(3, b"x"), (1002,)),
        "opcode 11": (frame(11, b"x"), (1002,)),
        "a fragmented ping": (frame(PING, b"x", final=False), (1002,)),
        "a ping of 126 bytes": (frame(PING, b"x" * 126), (1002,)),
        "a continuation of nothing": (frame(CONTINUATION, b"x"), (1002,)),
        "text within a fragmented text": (frame(TEXT, b"{", final=False) + frame(TEXT, b"}"), (1002,)),
        "text that is not UTF-8": (frame(TEXT, b'{"type":0,"id":0,"data":"\xff"}'), (1007,)),
        "a surrogate in UTF-8": (frame(TEXT, b'{"type":0,"id":0,"data":"\xed\xa0\x80"}'), (1007,)),
        "a cut character": (frame(TEXT, b'{"type":0,"id":0,"data":"\xe2\x82'), (1007,)),
        "a length of 2^63": (b"\x81\xff" + b"\xff" * 8 + b"mask", (1002, 1009)),
        "a length of 1 TB": (b"\x81\xff" + (1 << 40).to_bytes(8, "big") + b"mask", (1009,)),
        "garbage": (b"\xff" * 64, (1002,)),
    }
    with Relay(settings=PATIENT) as relay:
        for name, (data, expected) in cases.items():
            with RawSocket(relay) as raw:
                raw.upgrade()
                raw.send(data)
                got = raw.close_code()
                checks.true(f"{name}: {expected}", got in expected, expected, got)
        serves(checks, relay, "bad frames")


def partial_frames(checks):
    """Frames that are left hanging hold nobody up and end with their connection."""
    with Relay(settings=PATIENT, limits=CROWD) as relay:
        whole = frame(TEXT, JSON.write(JOIN, 0, "").encode())
        hanging = []
        for length in range(1, len(whole)):
            raw = RawSocket(relay)
            raw.upgrade()
            raw.send(whole[:length])
            hanging.append(raw)
        for announced in (65_000, 4_000):
            for _ in range(50):
                raw = RawSocket(relay)
                raw.upgrade()
                raw.send(frame(TEXT, b"x" * announced)[:200])
                hanging.append(raw)
        serves(checks, relay, "frames left hanging, while they hang")
        for number, raw in enumerate(hanging):
            raw.reset() if number % 2 else raw.close()
        serves(checks, relay, "frames left hanging, after their end")


def never_reads(checks):
    """A reader that never reads while its lobby is flooded: the relay bounds what it keeps for it."""
    with Relay(settings=PATIENT) as relay:
        flooder, _, lobby = joined(relay)
        sleeper, identity, _ = joined(relay, lobby, others=1, receive_buffer=4096)
        flooder.receive_text()
        before = relay.resident_kib()
        most, sent = before, 0
        message = frame(TEXT, JSON.write(OFFER, identity, "x" * 60_000).encode())
        end = time.monotonic() + FLOOD_SECONDS
        try:
            while sent < FLOOD_BYTES and time.monotonic() < end:
                flooder.send(message)
                sent += len(message)
                if sent % (16 * len(message)) == 0:
                    most = max(most, relay.resident_kib())
        except OSError:
            pass  # Its destination is gone, so the flooder was refused; or the relay slows it down.
        most = max(most, relay.resident_kib())
        print(f"     flooded {sent >> 20} MiB, memory grew from {before} to {most} KiB", flush=True)
        checks.true("memory stays bounded", most - before < RESIDENT_GROWTH_KIB_MAX,
                    f"growth under {RESIDENT_GROWTH_KIB_MAX} KiB", most - before)
        checks.true("the relay lives while the flood stands", relay.alive())
        serves(checks, relay, "a flood, with the sleeper still there")
        sleeper.reset()
        flooder.reset()
        serves(checks, relay, "a flood")


def many_connections(checks):
    """2,000 connections opened and dropped, some before and some after the upgrade."""
    with Relay(settings=PATIENT, limits=CROWD) as relay:
        serves(checks, relay, "nothing yet")
        descriptors = relay.descriptors()
        for number in range(2000):
            raw = RawSocket(relay)
            if number % 4 == 1:
                raw.send(upgrade_request(raw.host)[:40])
            elif number % 4 == 2:
                raw.upgrade()
            elif number % 4 == 3:
                raw.send(upgrade_request(raw.host) + frame(TEXT, JSON.write(JOIN, 0, "").encode()))
            raw.reset() if number % 3 else raw.close()
        checks.true("all their descriptors come back", wait_until(lambda: relay.descriptors() <= descriptors, 5),
                    descriptors, relay.descriptors())
        serves(checks, relay, "2,000 connections")


def ping_flood(checks):
    """Pings without end by one who never reads the pongs: it is closed, and what it left does not stay."""
    with Relay(settings=PATIENT, limits={"close_milliseconds": 500, "control_frames_per_second": 0}) as relay:
        before = relay.resident_kib()
        raw = RawSocket(relay, receive_buffer=4096)
        raw.upgrade()
        pings = frame(PING, b"x" * 125) * 500
        end = time.monotonic() + FLOOD_SECONDS
        sent, most = 0, before
        raw.socket.settimeout(1)
        try:
            while sent < FLOOD_BYTES and time.monotonic() < end:
                raw.socket.sendall(pings)
                sent += len(pings)
                most = max(most, relay.resident_kib())
        except OSError:
            pass  # Closed, as it should be.
        print(f"     flooded {sent >> 20} MiB, memory grew from {before} to {most} KiB", flush=True)
        checks.true("memory stays bounded under pings", most - before < PONG_GROWTH_KIB_MAX,
                    f"growth under {PONG_GROWTH_KIB_MAX} KiB", most - before)
        checks.true("who reads no pongs is dropped",
                    wait_until(lambda: relay.descriptors() == relay.descriptors_at_start, 5), "dropped", "still there")
        serves(checks, relay, "a flood of pings")
        raw.reset()
    with Relay(settings=PATIENT, limits={"control_frames_per_second": 0}) as relay, RawSocket(relay) as raw:
        raw.upgrade()
        pongs = 0
        for _ in range(200):
            raw.send(frame(PING, b"x" * 125) * 200)
            pongs += sum(raw.receive_frame() == (PONG, True, b"x" * 125) for _ in range(200))
        checks.equal("who reads them gets every pong", pongs, 40_000)


def descriptors_exhausted(checks):
    """More connections than the process may have descriptors: refused, and served again once some are free."""
    with Relay(settings=PATIENT, limits={**CROWD, "connections": 0}) as relay:
        allowed = relay.descriptors() + 40
        resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE, (allowed, allowed))
        crowd = []
        for _ in range(100):
            raw = socket.socket()
            raw.settimeout(1)
            try:
                raw.connect((relay.host, relay.port))
            except OSError:
                pass
            crowd.append(raw)
        time.sleep(0.3)
        ticks = processor_ticks(relay)
        time.sleep(1)
        busy = processor_ticks(relay) - ticks
        checks.true("out of descriptors: the relay does not spin", busy < 50, "under 50 ticks of a second's 100", busy)
        for raw in crowd:
            raw.close()
        time.sleep(1)
        serves(checks, relay, "running out of descriptors")


def descriptors_taken_away(checks):
    """Not even a descriptor to turn a newcomer away with: the listener rests, then takes up its work again."""
    with Relay(settings=PATIENT, errors=True) as relay:
        serves(checks, relay, "nothing yet")
        soft, hard = resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE, (3, hard))
        with RawSocket(relay) as waiting:
            time.sleep(0.3)
            ticks = processor_ticks(relay)
            time.sleep(1)
            busy = processor_ticks(relay) - ticks
            checks.true("no descriptor at all: the relay does not spin", busy < 20, "under 20 ticks of a second's 100",
                        busy)
            tries = len(relay.logged("accepting failed"))
            checks.true("no descriptor at all: it says so, ten times a second", 5 <= tries <= 20, "5 to 20", tries)
            resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
            waiting.upgrade()
            checks.true("who waited is served", True)
        serves(checks, relay, "having no descriptors")


def processor_ticks(relay):
    """User and system time of the relay so far, in clock ticks."""
    with open(f"/proc/{relay.process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 100 // os.sysconf("SC_CLK_TCK")


def binary_and_closes(checks):
    """Messages after a close are not looked at; a close in the midst of fragments is answered."""
    with Relay(settings=PATIENT) as relay:
        with RawSocket(relay) as raw:
            raw.upgrade()
            raw.send(frame(CLOSE, (1000).to_bytes(2, "big")) + frame(TEXT, JSON.write(JOIN, 0, "").encode()))
            opcode, _, payload = raw.receive_frame()
            checks.equal("the close is answered, the message behind it is not", (opcode, payload[:2]),
                         (CLOSE, (1000).to_bytes(2, "big")))
        with RawSocket(relay) as raw:
            raw.upgrade()
            raw.send(frame(BINARY, b"x", final=False) + frame(CLOSE, (1001).to_bytes(2, "big")))
            checks.equal("a close between fragments", raw.close_code(), 1001)
        with RawSocket(relay) as raw:
            raw.upgrade()
            raw.send(frame(PONG, b"nobody asked"))
            raw.send(frame(PING, b""))
            checks.equal("a pong that nobody asked for is passed over", raw.receive_frame(), (PONG, True, b""))
        serves(checks, relay, "odd closes")


if __name__ == "__main__":
    run_scenarios(Checks(), [
        (slow_heads,), (plain_requests,), (oversized_heads,), (bad_frames,), (partial_frames,), (binary_and_closes,),
        (never_reads,), (ping_flood,), (many_connections,), (descriptors_exhausted,),
        (descriptors_taken_away,)])
