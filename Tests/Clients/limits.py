#!/usr/bin/env python3
"""Every limit of the relay, reached: what is within passes, what is beyond is refused clearly, and 0 means none."""

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

from raw_socket import (
    CLOSE, CONTINUATION, PING, PONG, TEXT, Closed, RawSocket, frame, proxy_line, upgrade_request)
from relay import BINARY, ROOT, Checks, Relay, free_port, run_scenarios, wait_until

COMMANDS = os.path.join("Tests", "Clients", "limits", "commands.lua")
KEEPING = os.path.join("Tests", "Clients", "limits", "keeping.lua")
ENDLESS = os.path.join("Tests", "Clients", "unloadable", "endless.lua")
REFUSAL_SECONDS = 10
LARGEST = 1_000_000_000_000
# A machine that is busy elsewhere may hold a hook up for longer than its time.
PATIENT = {"hook_milliseconds": 0}

reached = set()


def relay_with(errors=False, options=(), **limits):
    reached.update(limits)
    return Relay(script=COMMANDS, limits=limits, errors=errors, options=options)


def connected(relay, receive_buffer=None):
    raw = RawSocket(relay, receive_buffer)
    raw.upgrade()
    return raw


def say(raw, text):
    raw.send(frame(TEXT, text.encode()))


def ask(raw, text):
    """What the policy answers to a message."""
    say(raw, text)
    return raw.receive_text().decode()


def dropped(relay, seconds=3):
    """Whether the relay gives the connection up, though its client stays: (within the time, after how long)."""
    start = time.monotonic()
    gone = wait_until(lambda: relay.descriptors() == relay.descriptors_at_start, seconds)
    return gone, time.monotonic() - start


def connections(checks):
    port = free_port()
    with relay_with(connections=2, options=["--admin", f"127.0.0.1:{port}"]) as relay, \
            socket.create_connection(("127.0.0.1", port)):
        # An operator's connection is none of them.
        first, second = connected(relay), connected(relay)
        with RawSocket(relay) as third:
            checks.equal("one connection too many hears 503", third.status(), 503)
            third.ended()
            checks.true("and why", b"limit connections (2) reached" in third.pending, "the limit", third.pending)
        checks.equal("those who are there stay", (ask(first, "a"), ask(second, "b")), ("a", "b"))
        second.close()
        checks.true("a place that came free is taken", wait_until(lambda: can_connect(relay), 3))
        first.close()


def can_connect(relay):
    with RawSocket(relay) as raw:
        raw.send(upgrade_request(raw.host))
        return raw.status() == 101


def connections_per_address(checks):
    with relay_with(connections_per_address=2) as relay:
        first, second = connected(relay), connected(relay)
        with RawSocket(relay) as third:
            checks.equal("one connection too many from an address hears 429", third.status(), 429)
        with socket.create_connection((relay.host, relay.port), 5, ("127.0.0.2", 0)) as other:
            other.sendall(upgrade_request("x"))
            checks.true("another address is let in", other.recv(4096).startswith(b"HTTP/1.1 101"))
        first.close()
        checks.true("a place that came free is taken", wait_until(lambda: can_connect(relay), 3))
        second.close()


def statuses(relay, count, request):
    """What a burst of connections hears, each by the request that it begins with."""
    heard = []
    for _ in range(count):
        with RawSocket(relay) as raw:
            raw.send(request(raw.host))
            heard.append(raw.status())
    return heard


def connects(checks):
    """Loopback has no rate, so the clients are told by a proxy."""
    with relay_with(options=["--proxy-protocol", "127.0.0.1"], connects_per_minute=12) as relay:
        def request(address):
            return lambda host: proxy_line(address) + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

        checks.equal("twelve connections at once, and two too many", statuses(relay, 14, request("192.0.2.1")),
                     [200] * 12 + [429] * 2)
        checks.equal("another address has a rate of its own", statuses(relay, 2, request("192.0.2.2")), [200, 200])
        heard = [statuses(relay, 1, request(f"2001:db8:0:1::{last}"))[0] for last in range(1, 15)]
        checks.equal("all addresses of a /64 have one", heard, [200] * 12 + [429] * 2)
        time.sleep(5.1)
        checks.equal("five seconds later one more may", statuses(relay, 2, request("192.0.2.1")), [200, 429])
    with relay_with(connects_per_minute=2) as relay:
        heard = statuses(relay, 6, lambda host: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        checks.equal("this machine has no rate", heard, [200] * 6)
    own = other_address()
    if not own:
        print("left out: connects_per_minute without a proxy (this machine has no address but the loopback's)")
    else:
        with Relay(script=COMMANDS, limits={"connects_per_minute": 150}, listen=f"{own}:0") as relay:
            crowd = [RawSocket(relay) for _ in range(400)]
            heard = []
            for raw in crowd:
                with raw:
                    heard.append(raw.status() if is_answered(raw) else 200)
            checks.true(f"from {own}: as many as allowed", 150 <= heard.count(200) < 160, "150", heard.count(200))
            checks.true("of the others a hundred a second are told", heard.count(429) >= 100 and heard.count(0) > 0,
                        "429, then nothing", (heard.count(429), heard.count(0)))


def is_answered(raw):
    """Whether anything comes, or the end, of a connection that has asked for nothing."""
    return bool(select.select([raw.socket], [], [], 0.02)[0])


def other_address():
    """An address of this machine that is not the loopback's; None if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # Nothing is sent.
        except OSError:
            return None
        return probe.getsockname()[0]


def handshakes(checks):
    with relay_with(options=["--proxy", "127.0.0.1"], handshakes_per_minute=3) as relay:
        def request(address):
            return lambda host: upgrade_request(host, extra=(f"X-Forwarded-For: {address}",))

        checks.equal("three handshakes at once, and one too many", statuses(relay, 4, request("192.0.2.1")),
                     [101, 101, 101, 429])
        checks.equal("another address has a rate of its own", statuses(relay, 1, request("192.0.2.2")), [101])
        with RawSocket(relay) as raw:
            raw.send(request("192.0.2.1")(raw.host))
            head = raw.reply_head()
            checks.true("it is said when to come again", b"\r\nRetry-After: 20\r\n" in head, "Retry-After: 20", head)
            raw.ended()
            checks.true("and why", b"limit handshakes_per_minute (3) reached" in raw.pending, "the limit",
                        raw.pending)
        plain = statuses(relay, 1, lambda host: b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n")
        checks.equal("other requests are no handshakes", plain, [200])


def heads(checks):
    with relay_with(head_bytes=1000) as relay:
        for size, expected in (1000, 101), (1001, 431):
            with RawSocket(relay) as raw:
                rest = size - len(upgrade_request(raw.host, extra=("X: ",)))
                raw.send(upgrade_request(raw.host, extra=("X: " + "y" * rest,)))
                checks.equal(f"a head of {size} bytes, 1000 allowed", raw.status(), expected)
    with relay_with(head_fields=6) as relay:
        for extra, expected in (1, 101), (2, 431):
            with RawSocket(relay) as raw:
                raw.send(upgrade_request(raw.host, extra=("X: y",) * extra))
                checks.equal(f"a head of {5 + extra} lines, 6 allowed", raw.status(), expected)


def handshake(checks):
    with relay_with(handshake_milliseconds=400) as relay:
        for name, data in {"nothing": b"", "half a head": b"GET / HTTP/1.1\r\nHost: x\r\n"}.items():
            with RawSocket(relay) as raw:
                start = time.monotonic()
                raw.send(data)
                checks.equal(f"{name} within the time hears 408", raw.status(), 408)
                took = time.monotonic() - start
                checks.true(f"{name}: at its time", 0.35 < took < 1.5, "0.4 s", f"{took:.2f} s")
        with connected(relay) as raw:
            time.sleep(1)
            checks.equal("once open, the time no longer runs", ask(raw, "here"), "here")


def keep_alive(checks):
    with relay_with(ping_milliseconds=400) as relay:
        with connected(relay) as silent:
            gone, took = dropped(relay)
            checks.true("a peer that answers no ping is dropped", gone)
            checks.true("after two intervals", 0.7 < took < 1.5, "0.8 s", f"{took:.2f} s")
        with connected(relay) as idle:
            end, pings = time.monotonic() + 4, 0
            while time.monotonic() < end:
                opcode, _, payload = idle.receive_frame(2)
                pings += opcode == PING
                idle.send(frame(PONG, payload))
            checks.true("an idle peer that answers them stays", ask_between_pings(idle, "here") == "here")
            checks.true("it is asked once an interval", 8 <= pings <= 11, "10", pings)


def ask_between_pings(raw, text):
    say(raw, text)
    while True:
        opcode, _, payload = raw.receive_frame()
        if opcode == TEXT:
            return payload.decode()


def close_handshake(checks):
    with relay_with(close_milliseconds=400) as relay:
        with connected(relay) as raw:
            say(raw, "close")
            checks.equal("the policy closes", raw.close_code(), 4000)
            gone, took = dropped(relay)
            checks.true("who does not answer a close is dropped", gone)
            checks.true("at its time", 0.3 < took < 1.5, "0.4 s", f"{took:.2f} s")
        with connected(relay) as raw:
            raw.send(frame(CLOSE, (1000).to_bytes(2, "big")))
            checks.equal("a client's close is answered", raw.close_code(), 1000)
            gone, took = dropped(relay)
            checks.true("who leaves the connection open after its close is dropped, too", gone)


def grace(checks):
    with relay_with(grace_milliseconds=400) as relay:
        with connected(relay):
            start = time.monotonic()
            relay.process.send_signal(signal.SIGTERM)
            checks.equal("stubborn peers: exit code", relay.process.wait(5), 0)
            took = time.monotonic() - start
            checks.true("stubborn peers are waited for as long as set", 0.35 < took < 1.5, "0.4 s", f"{took:.2f} s")


def drain(checks):
    with relay_with(drain_milliseconds=700) as relay:
        with connected(relay) as raw:
            ask(raw, "create a")
            ask(raw, "join a")
            start = time.monotonic()
            relay.process.send_signal(signal.SIGTERM)
            checks.equal("a lobby that does not finish is closed", raw.close_code(), 1001)
            took = time.monotonic() - start
            # Scripts are told whole seconds, and so it is as many.
            checks.true("at its time", 0.9 < took < 2, "1 s", f"{took:.2f} s")


def upgrade(checks):
    with relay_with(errors=True, upgrade_milliseconds=1) as relay:
        relay.process.send_signal(signal.SIGUSR2)
        reason = "does not serve within limit upgrade_milliseconds (1)"
        checks.true("no program serves within a millisecond", wait_until(lambda: relay.logged(reason), 5))
        with connected(relay) as raw:
            checks.equal("the one that ran serves on", ask(raw, "a"), "a")


def rates(checks):
    with relay_with(messages_per_second=5) as relay:
        with connected(relay) as raw:
            for second in range(2):
                heard = [ask(raw, str(number)) for number in range(5)]
                checks.equal(f"five messages in second {second}", heard, list("01234"))
                time.sleep(1.05)
        with connected(relay) as raw:
            # Twice the limit and one: wherever the seconds part them, one has too many.
            raw.send(b"".join(frame(TEXT, b"x") for _ in range(11)))
            checks.equal("a burst is closed", raw.close_code(), 1008)
    with relay_with(bytes_per_second=1000) as relay:
        with connected(relay) as raw:
            checks.equal("as many bytes as allowed", len(ask(raw, "X" * 1000)), 1000)
        with connected(relay) as raw:
            say(raw, "X" * 1001)
            checks.equal("one byte more is closed", raw.close_code(), 1008)
        with connected(relay) as raw:
            raw.send(b"".join(frame(TEXT, b"X" * 100) for _ in range(21)))
            checks.equal("in pieces, too", raw.close_code(), 1008)


def messages(checks):
    with relay_with(message_bytes=1000) as relay:
        with connected(relay) as raw:
            checks.equal("a message as large as allowed", len(ask(raw, "X" * 1000)), 1000)
            raw.send(frame(TEXT, b"X" * 1001)[:8])
            checks.equal("the header of one byte more is enough to be closed", raw.close_code(), 1009)
    with relay_with(json_depth=3) as relay, connected(relay) as raw:
        checks.equal("JSON as deep as allowed", ask(raw, "[[[1]]]"), "array")
        checks.equal("JSON one deeper is none", ask(raw, "[[[[1]]]]"), "nil")


def slow_senders(checks):
    """A message is to be sent in one go: neither drip-fed frames nor fragments without end keep it open."""
    with relay_with(message_milliseconds=500, control_frames_per_second=0) as relay:
        for name, pieces in {
            "a frame byte by byte": [bytes([byte]) for byte in frame(TEXT, b"x" * 100)],
            "fragments": [frame(TEXT, b"x", final=False)] + [frame(CONTINUATION, b"x", final=False)] * 100,
            "fragments with pings": [frame(TEXT, b"x", final=False)] + [
                frame(CONTINUATION, b"", final=False) + frame(PING, b"")] * 100,
            "half a frame and nothing else": [frame(TEXT, b"x" * 100)[:50]],
        }.items():
            with connected(relay) as raw:
                start = time.monotonic()
                code, reason = drip(raw, pieces)
                took = time.monotonic() - start
                checks.equal(f"{name}: is closed", (code, reason), (1008, b"Too slow: the message took too long"))
                checks.true(f"{name}: at its time", 0.45 < took < 1.5, "0.5 s", f"{took:.2f} s")
        with connected(relay) as raw:
            # The end of each message comes with the beginning of the next one.
            stream = b"".join(frame(TEXT, b"next") for _ in range(12))
            for start in range(4, len(stream), 10):
                raw.send(stream[max(0, start - 10):start])
                time.sleep(0.1)
            raw.send(stream[-6:])
            heard = [raw.receive_text() for _ in range(12)]
            checks.equal("who is in the midst of a message all the time, but always of another, stays", heard,
                         [b"next"] * 12)
        with connected(relay) as raw:
            time.sleep(1)
            checks.equal("idle peers are not concerned", ask(raw, "here"), "here")
    with relay_with(fragments_per_message=3) as relay:
        with connected(relay) as raw:
            raw.send(frame(TEXT, b"a", final=False) + frame(CONTINUATION, b"b", final=False) + frame(CONTINUATION, b"c"))
            checks.equal("as many fragments as allowed", raw.receive_text(), b"abc")
            raw.send(frame(TEXT, b"", final=False) + frame(CONTINUATION, b"", final=False) * 3)
            checks.equal("one more, and be it empty, is closed", raw.close_code(), 1008)


def drip(raw, pieces):
    """Sends a piece every 50 ms until it is closed. Answers code and reason."""
    for piece in pieces:
        raw.send(piece)
        time.sleep(0.05)
        try:
            opcode, _, payload = raw.receive_frame(0.001)
        except TimeoutError:
            continue
        if opcode == CLOSE:
            return int.from_bytes(payload[:2], "big"), payload[2:]
    while True:
        opcode, _, payload = raw.receive_frame()
        if opcode == CLOSE:
            return int.from_bytes(payload[:2], "big"), payload[2:]


def control_frames(checks):
    with relay_with(control_frames_per_second=10) as relay:
        for name, opcode in {"pings": PING, "pongs": PONG}.items():
            with connected(relay) as raw:
                raw.send(b"".join(frame(opcode, b"x") for _ in range(21)))
                checks.equal(f"too many {name} are closed", raw.close_code(), 1008)
        with connected(relay) as raw:
            for _ in range(2):
                raw.send(b"".join(frame(PING, b"x") for _ in range(5)))
                time.sleep(1.05)
            checks.equal("some are answered", [raw.receive_frame()[0] for _ in range(10)], [PONG] * 10)


def stalled_readers(checks):
    """Who sends pongs but reads nothing looks alive to the keep-alive."""
    admin = free_port()
    # The kernel takes more once a third of what it keeps is gone: it keeps little, so that slow reading shows soon.
    with relay_with(**PATIENT, stalled_milliseconds=3000, ping_milliseconds=5000, queued_bytes=0, socket_bytes=16_384,
                    options=["--admin", f"127.0.0.1:{admin}"]) as relay:
        with flooded(relay) as raw:
            start = time.monotonic()
            while time.monotonic() < start + 8:
                try:
                    raw.send(frame(PONG, b""))
                except OSError:
                    break
                time.sleep(0.1)
            took = time.monotonic() - start
            checks.true("who takes nothing is dropped", took < 4.5, "within three seconds", f"{took:.2f} s")
            checks.true("its descriptor comes back", dropped(relay)[0])
            status = json.load(urllib.request.urlopen(f"http://127.0.0.1:{admin}/status"))
            checks.equal("and it is counted as what it is", (status["relay"]["stalled"], status["relay"]["vanished"]),
                         (1, 0))
        with flooded(relay, receive_buffer=65_536) as raw:
            heard, end = 0, time.monotonic() + 4
            while time.monotonic() < end:
                raw.socket.recv(4000)
                heard += 1
                time.sleep(0.02)
            checks.true("who reads slowly stays", heard > 50, "some reads", heard)


def sockets(checks):
    """What the kernel keeps of what a peer does not read: its send buffer, as ss shows it."""
    sizes = []
    for socket_bytes in 32_768, 0:
        with relay_with(**PATIENT, socket_bytes=socket_bytes, queued_bytes=0) as relay, flooded(relay):
            run = subprocess.run(["ss", "-tmnH", "state", "established", f"sport = :{relay.port}"],
                                 capture_output=True, text=True, timeout=REFUSAL_SECONDS, check=True)
            sizes += [int(size) for size in re.findall(r"\btb(\d+)", run.stdout)]
    # The kernel doubles what is set, for its own needs.
    checks.true("the kernel keeps what is set, and megabytes if nothing is",
                len(sizes) == 2 and sizes[0] <= 65_536 and sizes[1] > 1_000_000, "[65536, 2626560]", sizes)


def buffers(checks):
    """Queues, what arrives and what is held, bounded together; newcomers are refused when it is full."""
    with relay_with(**PATIENT, buffer_bytes=4_000_000, queued_bytes=0, stalled_milliseconds=0) as relay:
        with connected(relay) as healthy, flooded(relay) as raw:
            checks.equal("who lets too much pile up is closed", closing(raw), (1013, b"The relay is out of buffers"))
            checks.equal("who does not is served", ask(healthy, "here"), "here")
        wait_until(lambda: relay.descriptors() == relay.descriptors_at_start, 5)
        senders = [connected(relay) for _ in range(80)]
        for sender in senders:
            sender.send(frame(TEXT, b"x" * 65_000)[:64_000])
        closed = sum(is_told_to_leave(sender) for sender in senders)
        checks.true("what arrives and is not complete counts", 5 < closed < 40, "some of 80 are closed", closed)
        for sender in senders:
            sender.close()
        wait_until(lambda: relay.descriptors() == relay.descriptors_at_start, 5)
        with connected(relay) as raw:
            heard = [ask(raw, "hold 60000") for _ in range(80)]
            checks.true("what is held counts", heard[0] == "true" and heard[-1] == "false", "true, then false", heard)
            for _ in range(8):
                ask(raw, "hold 60000")
            pieces = [connected(relay) for _ in range(50)]
            for piece in pieces:
                piece.send(frame(TEXT, b"x" * 16_000)[:12_000])
            time.sleep(0.3)
            with RawSocket(relay) as newcomer:
                newcomer.send(upgrade_request(newcomer.host))
                checks.equal("when it is full a newcomer hears 503", newcomer.status(), 503)
            for piece in pieces:
                piece.close()
            checks.true("and is welcome again when it is not", wait_until(lambda: can_connect(relay), 3))


def closing(raw):
    while True:
        opcode, _, payload = raw.receive_frame()
        if opcode == CLOSE:
            return int.from_bytes(payload[:2], "big"), payload[2:]


def is_told_to_leave(raw):
    try:
        return closing(raw)[0] == 1013 if raw.pending or is_answered(raw) else False
    except (Closed, OSError, TimeoutError):
        return True


def crowd_that_never_reads(checks):
    """A thousand in a busy lobby who read nothing: memory as configured, and those who read hear everything."""
    limits = {**PATIENT, "buffer_bytes": 32 << 20, "hook_instructions": 0, "ping_milliseconds": 0}
    with relay_with(**limits) as relay:
        before = relay.resident_kib()
        readers = [connected(relay) for _ in range(5)]
        ask(readers[0], "create a")
        crowd = [connected(relay, receive_buffer=2048) for _ in range(1000)]
        joined = {ask(raw, "join a") for raw in readers + crowd}
        checks.equal("a thousand and five are in the lobby", joined, {"ok"})
        most, heard = 0, 0
        for _ in range(200):
            say(readers[0], "tell 4000")
            heard += sum(len(raw.receive_text()) == 4000 for raw in readers)
            readers[0].receive_text()  # What the command answers.
            most = max(most, relay.resident_kib())
        growth = (most - before) >> 10
        checks.equal("those who read hear everything", heard, 1000)
        checks.true("memory stays within what is set", growth < 32 + 24, "under 32 MiB, and some for the peers", growth)
        checks.true("the others are closed", wait_until(lambda: relay.descriptors() < 500, 10), "most of 1000",
                    relay.descriptors())
        print(f"     grew by {growth} MiB under a buffer_bytes of 32 MiB", flush=True)


def flooded(relay, receive_buffer=4096):
    """A peer that has read nothing of the 20 MB that were sent to it in portions smaller than the limit."""
    raw = connected(relay, receive_buffer)
    for _ in range(400):
        try:
            say(raw, "flood 50")
        except OSError:
            break
    time.sleep(0.5)
    return raw


def slow_readers(checks):
    with relay_with(**PATIENT, queued_bytes=100_000) as relay, flooded(relay) as raw:
        checks.equal("a reader that is too slow is closed", raw.close_code(), 1013)
    with relay_with(**PATIENT, queued_bytes=100_000, slow_reader="drop") as relay, flooded(relay) as raw:
        heard = 0
        try:
            while True:
                heard += raw.receive_text(1).startswith(b"xxx")
        except TimeoutError:
            pass  # That was all.
        checks.true("told to drop, the relay leaves messages out", 0 < heard < 20_000, "some of 20,000", heard)
        checks.equal("and goes on with the connection", ask(raw, "here"), "here")
    with relay_with(**PATIENT, queued_bytes=0) as relay, flooded(relay) as raw:
        heard = sum(raw.receive_text().startswith(b"xxx") for _ in range(400 * 51))
        checks.equal("without a limit everything arrives", heard, 20_000)


def deflation(checks):
    reached.add("deflate_from_bytes")
    offer = ["Sec-WebSocket-Extensions: permessage-deflate"]
    with Relay(script=COMMANDS, deflate=True, limits={"deflate_from_bytes": 1000}) as relay, RawSocket(relay) as raw:
        raw.upgrade(extra=offer)
        checks.equal("a message shorter than what is compressed", ask(raw, "X" * 999), "X" * 999)
        say(raw, "X" * 1000)
        checks.true("one as long", raw.receive_frame()[2] != b"X" * 1000, "compressed", "plain")
    with Relay(script=COMMANDS, deflate=True, limits={"deflate_from_bytes": 0}) as relay, RawSocket(relay) as raw:
        raw.upgrade(extra=offer)
        say(raw, "X" * 50)
        checks.true("from 0 on every message is that becomes smaller by it", len(raw.receive_frame()[2]) < 50)


def lobbies(checks):
    with relay_with(lobbies=2) as relay, connected(relay) as raw:
        checks.equal("two lobbies", (ask(raw, "create a"), ask(raw, "create b")), ("ok", "ok"))
        checks.matches("one lobby too many", ask(raw, "create c"), ".*limit lobbies reached")
    with relay_with(lobby_name_bytes=4) as relay, connected(relay) as raw:
        checks.equal("a name as long as allowed", ask(raw, "create abcd"), "ok")
        checks.matches("one byte more", ask(raw, "create abcde"), ".*limit lobby_name_bytes reached")
    with relay_with(members_per_lobby=2) as relay:
        with connected(relay) as one, connected(relay) as two, connected(relay) as three:
            heard = ask(one, "create a"), ask(one, "join a"), ask(two, "join a")
            checks.equal("two members", heard, ("ok", "ok", "ok"))
            say(three, "join a")
            checks.equal("one member too many is closed", three.close_code(), 4000)
    with relay_with(lobbies_per_peer=2) as relay, connected(relay) as raw:
        for name in "abc":
            ask(raw, f"create {name}")
        checks.equal("in two lobbies", (ask(raw, "join a"), ask(raw, "join b")), ("ok", "ok"))
        checks.matches("in one too many", ask(raw, "join c"), ".*limit lobbies_per_peer reached")
    with relay_with(timers_per_subject=2) as relay, connected(relay) as raw:
        checks.equal("two timers", (ask(raw, "timer one"), ask(raw, "timer two")), ("ok", "ok"))
        checks.matches("one timer too many", ask(raw, "timer three"), ".*limit timers_per_subject reached")
    with relay_with(attribute_bytes=100) as relay, connected(relay) as raw:
        checks.equal("a small attribute", ask(raw, "attribute 50"), "ok")
        checks.matches("one that is too large", ask(raw, "attribute 101"), ".*limit attribute_bytes reached")


def held_messages(checks):
    with relay_with(held_messages=2) as relay, connected(relay) as raw:
        heard = [ask(raw, "hold 1"), ask(raw, "hold 1"), ask(raw, "hold 1")]
        checks.equal("two held messages, and one too many", heard, ["true", "true", "false"])
        checks.equal("those two are delivered", [ask(raw, "deliver"), raw.receive_text(), raw.receive_text()],
                     ["x", b"x", b"2"])
        checks.equal("a place that came free is taken", ask(raw, "hold 1"), "true")
    with relay_with(held_bytes=1000) as relay, connected(relay) as raw:
        # A message counts 200 bytes more than its text and key.
        heard = [ask(raw, "hold 797"), ask(raw, "hold 1"), ask(raw, "discard"), ask(raw, "hold 798")]
        checks.equal("as many held bytes as allowed, and more", heard, ["true", "false", "1", "false"])


def kept_peers(checks):
    reached.add("kept_peers")
    with Relay(script=COMMANDS, limits={"kept_bytes": 1000}, plugins=[KEEPING]) as relay, connected(relay) as raw:
        reached.add("kept_bytes")
        away = connected(relay)
        ask(away, "create a")
        ask(away, "join a")
        away.reset()
        wait_until(lambda: relay.logged("kept a peer"), 3)
        checks.equal("as much waits as may", ask(raw, "tell 900"), "ok")
        checks.true("nobody is given up for it", not relay.logged("too many"))
        checks.equal("more does not", ask(raw, "tell 900"), "ok")
        checks.true("and the one it was for is given up", wait_until(lambda: relay.logged("too many"), 3))
    with Relay(script=COMMANDS, limits={"kept_peers": 2}, plugins=[KEEPING]) as relay:
        for _ in range(3):
            connected(relay).reset()
        wait_until(lambda: relay.logged("too many"), 3)
        checks.equal("two peers are kept, and one too many is not",
                     [len(relay.logged("kept a peer")), len(relay.logged("too many"))], [2, 1])


def breaker(checks):
    """A version that fails too often within some time gives way to the one before."""
    limits = {"breaker_failures": 2, "breaker_milliseconds": 200}
    reached.update(limits)
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "commands.lua")
        shutil.copy(COMMANDS, script)
        with Relay(script=script, limits=limits, errors=True) as relay, connected(relay) as raw:
            with open(script, "w", encoding="utf-8") as file:
                file.write("return { on_message = function() error('bad') end }")
            wait_until(lambda: relay.logged("runs now"), 3)
            for _ in range(3):
                say(raw, "x")
                time.sleep(0.4)
            checks.true("failures that are far apart do not count together", not relay.logged("failed too often"))
            say(raw, "x")
            say(raw, "x")
            checks.true("two within the time do", wait_until(lambda: relay.logged("failed too often"), 3))
            checks.equal("the version before serves", ask(raw, "here"), "here")


def hooks(checks):
    cases = [
        ({"hook_instructions": 10_000}, "spin", r"budget exhausted \(10000 instructions\)"),
        ({"hook_instructions": 0, "hook_milliseconds": 30}, "spin", "time budget exhausted"),
        ({**PATIENT, "hook_instructions": 0, "script_bytes": 2_000_000}, "memory 4000000", "out of memory"),
    ]
    for limits, command, expected in cases:
        name = ", ".join(f"{name}={value}" for name, value in limits.items())
        with relay_with(errors=True, **limits) as relay, connected(relay) as raw:
            say(raw, command)
            checks.equal(f"{name}: the message is lost, the next one is not", ask(raw, "here"), "here")
            wait_until(lambda: relay.logged("on_message failed"), 3)
            failures = relay.logged("on_message failed")
            checks.true(f"{name}: the log says why", len(failures) == 1 and re.search(expected, failures[0]),
                        expected, failures)
    with relay_with(**PATIENT, hook_instructions=0, script_bytes=20_000_000) as relay, connected(relay) as raw:
        checks.equal("more memory lets the same pass", ask(raw, "memory 4000000"), "4000000 bytes")


def loading(checks):
    cases = [
        ({"load_instructions": 10_000}, r"budget exhausted \(10000 instructions\)"),
        ({"load_instructions": 0, "load_milliseconds": 30}, "time budget exhausted"),
    ]
    for limits, expected in cases:
        reached.update(limits)
        options = [word for name, value in limits.items() for word in ("--limit", f"{name}={value}")]
        run = subprocess.run([BINARY, "serve", "--listen", "127.0.0.1:0", "--script", ENDLESS, *options], cwd=ROOT,
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=REFUSAL_SECONDS)
        checks.true(f"{limits}: the script does not load", run.returncode == 1 and re.search(expected, run.stderr),
                    expected, run.stderr)


def names():
    """The limits that `lobbyist serve --help` lists."""
    run = subprocess.run([BINARY, "serve", "--help"], capture_output=True, text=True, timeout=REFUSAL_SECONDS)
    return re.findall(r"^  ([a-z_]+)=", run.stdout, re.MULTILINE)


def extremes(checks):
    for value in 0, LARGEST:
        limits = {name: value for name in names() if name not in ("slow_reader", "json_depth")}
        with Relay(script=COMMANDS, limits=limits) as relay:
            with connected(relay) as raw:
                checks.equal(f"every limit {value}: a large message", len(ask(raw, "X" * 200_000)), 200_000)
                checks.equal(f"every limit {value}: a lobby", ask(raw, "create " + "a" * 300), "ok")
                checks.equal(f"every limit {value}: an attribute", ask(raw, "attribute 5000"), "ok")
                checks.equal(f"every limit {value}: a held message", ask(raw, "hold 5000"), "true")
                time.sleep(0.3)
                checks.equal(f"every limit {value}: the peer stays", ask(raw, "here"), "here")
                say(raw, "close")
                checks.equal(f"every limit {value}: a close is sent", raw.close_code(), 4000)
                raw.send(frame(CLOSE, (4000).to_bytes(2, "big")))
                checks.true(f"every limit {value}: and ends the connection", raw.ended())
            with RawSocket(relay) as raw:
                raw.send(upgrade_request(raw.host, extra=["X: " + "y" * 200] * 150))
                checks.equal(f"every limit {value}: a large head", raw.status(), 101)


def log_lines(checks):
    """What peers can cause to be logged is bounded in number, and each line in length."""
    with Relay(script=COMMANDS, limits={"connections": 1}) as relay, connected(relay) as raw:
        ask(raw, "log " + "l" * 60_000)
        wait_until(lambda: relay.logged("lll"), 3)
        lengths = [len(line) for line in relay.logged("lll")]
        checks.true("a long line is cut", len(lengths) == 1 and 8000 < lengths[0] < 9000, "about 8192", lengths)
        start = time.monotonic()
        for _ in range(500):
            with RawSocket(relay) as refused:
                try:
                    refused.status()
                except (OSError, Closed):
                    pass
        seconds = int(time.monotonic() - start) + 2
        time.sleep(1)
        ask(raw, "log after the flood")
        wait_until(lambda: relay.logged("after the flood"), 3)
        count = len(relay.logged("turned away"))
        checks.true("five hundred refusals are not five hundred lines", 0 < count <= 50 * seconds and count < 500,
                    f"at most 50 in each of {seconds} seconds", count)
        left_out = sum(int(re.search(r"(\d+) further lines left out", line).group(1))
                       for line in relay.logged("further lines left out"))
        checks.equal("what is left out is counted", left_out + count, 500)


def log_budget(checks):
    """Somebody who causes a line with each message, for longer than a second."""
    with relay_with(log_lines_per_second=5, log_bytes_per_minute=2000) as relay, connected(relay) as raw:
        for number in range(300):
            ask(raw, f"log flood {number}")
            if number % 100 == 99:
                time.sleep(1.1)
        lines = relay.logged("flood")
        checks.true("lines a second", 5 <= len(lines) <= 25, "5 to 25", len(lines))
        written = sum(map(len, lines))
        # Two minutes, if one ends meanwhile.
        checks.true("bytes a minute", written <= 4000, "at most 4000", written)
    with relay_with(log_lines_per_second=0, log_bytes_per_minute=0) as relay, connected(relay) as raw:
        for number in range(200):
            ask(raw, f"log free {number}")
        wait_until(lambda: len(relay.logged("free")) == 200, 5)
        checks.equal("0 is any number", len(relay.logged("free")), 200)


def elsewhere():
    """The limits that other programs lower and reach: those of deployments, versions and bans."""
    found = set()
    for name in "deploy.py", "admin.py", "metrics.py":
        with open(os.path.join(ROOT, "Tests", "Clients", name), encoding="utf-8") as file:
            found |= set(re.findall(r'limits=\{"(deploy\w+|script_versions|bans|admin_connections)": \d+\}', file.read()))
    return found


def every_limit(checks):
    reached.update(elsewhere())
    checks.equal("every limit there is has been reached", sorted(set(names()) - reached), [])


if __name__ == "__main__":
    run_scenarios(Checks(), [
        (connections,), (connections_per_address,), (connects,), (handshakes,), (heads,), (handshake,), (keep_alive,),
        (close_handshake,), (grace,), (drain,), (upgrade,), (rates,), (messages,), (slow_senders,), (control_frames,),
        (slow_readers,),
        (stalled_readers,), (sockets,), (buffers,), (crowd_that_never_reads,), (deflation,), (lobbies,),
        (held_messages,), (kept_peers,), (breaker,), (hooks,), (loading,), (extremes,), (log_lines,), (log_budget,),
        (every_limit,)])
