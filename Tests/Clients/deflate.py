#!/usr/bin/env python3
"""permessage-deflate (RFC 7692) against other people's clients and against what no library would send: what is agreed,
messages both ways, a broadcast to mixed peers, bombs, and how much it saves."""

import os
import signal
import subprocess
import tempfile
import time
import zlib

from raw_socket import BINARY, CLOSE, PING, TEXT, RawSocket, frame
from relay import BINARY as LOBBYIST
from relay import ROOT, Checks, Relay, free_port, long_turns_of, run_scenarios, wait_until
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

ECHO = "examples/echo/echo.lua"
COMMANDS = os.path.join("Tests", "Clients", "limits", "commands.lua")
NODE_CLIENT = os.path.join(ROOT, "Tests", "Clients", "deflate", "node_ws.js")
CLIENT_SECONDS = 60
HEADER = b"\r\nSec-WebSocket-Extensions: "
AGREED = b"permessage-deflate; server_no_context_takeover; client_no_context_takeover"
RSV1, CONTINUATION = 4, 0
BOMBS = 400
# What a page sends that wants a data channel: browsers differ in little but the random parts.
DESCRIPTION = "".join(line + "\\r\\n" for line in (
    "v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", "a=extmap-allow-mixed",
    "a=msid-semantic: WMS", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=ice-ufrag:Xk3Q",
    "a=ice-pwd:By5gQ0FvD9zXwT7mEr2LhUcN", "a=ice-options:trickle",
    "a=fingerprint:sha-256 C2:7F:A0:11:5D:9E:4B:83:60:F1:2A:DD:7C:35:E8:04:91:BB:46:0F:D2:6E:19:A8:57:C3:84:3D:F9:20:6B:E5",
    "a=setup:actpass", "a=mid:0", "a=sctp-port:5000", "a=max-message-size:262144",
    *(f"a=candidate:{842163049 * n % 4294967291} 1 udp {1677729535 - n} 198.51.100.{7 * n} {46154 + 977 * n} typ srflx "
      "raddr 0.0.0.0 rport 0 generation 0" for n in range(1, 13))))
OFFER = '{"type":4,"id":1234567,"data":"' + DESCRIPTION + '"}'


def deflating(script=ECHO, **limits):
    return Relay(script=script, deflate=True, limits={"deflate_from_bytes": 0, **limits})


def compressed(data):
    """As RFC 7692 §7.2.1 has it."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


def plain(payload, window=15):
    return zlib.decompressobj(-window).decompress(payload + b"\0\0\xff\xff")


def agreed(relay, offer="permessage-deflate"):
    raw = RawSocket(relay)
    raw.upgrade(extra=[f"Sec-WebSocket-Extensions: {offer}"] if offer else [])
    return raw


def receive(raw):
    """The next message: whether it came compressed, its bytes on the wire, and what it says."""
    while len(raw.pending) < 2:
        raw.receive_some()
    is_compressed = bool(raw.pending[0] & 0x40)
    opcode, final, payload = raw.receive_frame()
    if opcode not in (TEXT, BINARY) or not final:
        raise RuntimeError(f"opcode {opcode}, final {final}: {payload[:100]!r}")
    return is_compressed, len(payload), plain(payload) if is_compressed else payload


def refused(checks, name, relay, code, *frames, offer="permessage-deflate"):
    with agreed(relay, offer) as raw:
        raw.send(b"".join(frames))
        checks.equal(f"{name}: closed", raw.close_code(), code)


def offers(checks):
    cases = {
        "permessage-deflate": AGREED,
        "permessage-deflate; client_max_window_bits": AGREED,
        "permessage-deflate; server_max_window_bits=10": AGREED + b"; server_max_window_bits=10",
        "permessage-deflate; server_max_window_bits=8, permessage-deflate": AGREED,
        "x-other, permessage-deflate; nonsense, permessage-deflate; server_max_window_bits=\"9\"":
            AGREED + b"; server_max_window_bits=9",
        "permessage-deflate; server_max_window_bits=8": None, "permessage-deflate; nonsense": None,
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover": None,
        "x-webkit-deflate-frame": None, "": None,
    }
    with deflating() as relay:
        for offer, expected in cases.items():
            raw = RawSocket(relay)
            head = raw.upgrade(extra=[f"Sec-WebSocket-Extensions: {offer}"] if offer else [])
            raw.close()
            lines = head.split(b"\r\n")
            said = [line for line in lines if line.startswith(HEADER[2:])]
            checks.equal(f"'{offer}' is answered", said, [HEADER[2:] + expected] if expected else [])
            checks.equal(f"'{offer}': no other line is there", len(lines), 6 + len(said))
        with RawSocket(relay) as raw:
            head = raw.upgrade(extra=["Sec-WebSocket-Extensions: permessage-deflate; nonsense",
                                      "Sec-WebSocket-Extensions: permessage-deflate"])
            checks.true("an offer in a second line is taken", HEADER + AGREED + b"\r\n" in head, AGREED, head)
    with Relay(script=ECHO) as relay, RawSocket(relay) as raw:
        head = raw.upgrade(extra=["Sec-WebSocket-Extensions: permessage-deflate"])
        checks.true("off by default: no offer is taken", HEADER not in head, "no header", head)
        raw.send(frame(TEXT, compressed(b"Hello"), reserved=RSV1))
        checks.equal("and what comes compressed is closed", raw.close_code(), 1002)


def python_client(checks):
    with deflating() as relay, connect(relay.url, max_size=None) as client:
        for text in ("", "a", "é" * 100, OFFER, "x" * 65536, b"", os.urandom(3000), bytes(65536)):
            client.send(text)
            checks.true(f"websockets: {type(text).__name__} of {len(text)} comes back", client.recv() == text)
        client.send(["in ", "frag", "ments " * 1000])
        checks.equal("websockets: a text in fragments", client.recv(), "in fragments " + "ments " * 999)
        try:
            client.send(bytes(65537))
            client.recv()
            closed = None
        except ConnectionClosed as error:
            closed = error.rcvd.code
        checks.equal("websockets: one byte more than message_bytes is closed", closed, 1009)


def node_client(checks):
    with deflating() as relay:
        run = subprocess.run(["node", NODE_CLIENT, relay.url], env={**os.environ, "NODE_PATH": "/usr/share/nodejs"},
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             timeout=CLIENT_SECONDS)
    checks.adopt(f"{line[:5]}node-ws: {line[5:]}" for line in run.stdout.splitlines())
    checks.true("node-ws: ends well", run.returncode == 0 and run.stdout.count("PASS ") > 30, "0", run.stdout[-300:])


def frames(checks):
    hello = compressed(b"Hello")
    with deflating() as relay:
        with agreed(relay) as raw:
            raw.send(frame(TEXT, hello, reserved=RSV1) + frame(TEXT, b"plain"))
            checks.equal("compressed and plain messages", [receive(raw)[2], receive(raw)[2]], [b"Hello", b"plain"])
            raw.send(frame(TEXT, hello[:3], final=False, reserved=RSV1) + frame(PING, b"?"))
            checks.equal("a ping between fragments", raw.receive_frame()[2], b"?")
            raw.send(frame(CONTINUATION, hello[3:]))
            checks.equal("compressed fragments", receive(raw)[2], b"Hello")
            for name, payload, expected in (
                    ("a block that is not compressed", "000500faff48656c6c6f00", b"Hello"),
                    ("a last block", "f348cdc9c9070000", b"Hello"),
                    ("two blocks", "f248050000 00ffffcac9c90700", b"Hello"), ("nothing", "00", b"")):
                raw.send(frame(TEXT, bytes.fromhex(payload), reserved=RSV1))
                checks.equal(f"{name} (RFC 7692 §7.2.3)", receive(raw)[2], expected)
        for name, bits in {"RSV2": 2, "RSV3": 1, "RSV1 and RSV2": 6}.items():
            refused(checks, name, relay, 1002, frame(TEXT, hello, reserved=bits))
        refused(checks, "a compressed ping", relay, 1002, frame(PING, hello, reserved=RSV1))
        refused(checks, "a compressed close", relay, 1002, frame(CLOSE, b"", reserved=RSV1))
        refused(checks, "a compressed continuation", relay, 1002, frame(TEXT, hello[:3], False, reserved=RSV1),
                frame(CONTINUATION, hello[3:], reserved=RSV1))
        refused(checks, "no offer, but compressed", relay, 1002, frame(TEXT, hello, reserved=RSV1), offer=None)
        refused(checks, "what cannot be inflated", relay, 1007, frame(TEXT, b"\xff\xff", reserved=RSV1))
        refused(checks, "what is cut off", relay, 1007, frame(TEXT, hello[:-2], reserved=RSV1))
        refused(checks, "a window that reaches to an earlier message", relay, 1007, frame(TEXT, hello, reserved=RSV1),
                frame(TEXT, bytes.fromhex("f200110000"), reserved=RSV1))
        refused(checks, "inflated to what is not UTF-8", relay, 1007, frame(TEXT, compressed(b"\xc3" * 9), reserved=RSV1))


def broadcast(checks):
    """One message for plain peers and for those with one window or another."""
    with deflating(COMMANDS, deflate_from_bytes=200) as relay:
        peers = {"plain": agreed(relay, None), "15 bits": agreed(relay), "also 15": agreed(relay),
                 "9 bits": agreed(relay, "permessage-deflate; server_max_window_bits=9")}
        for raw in peers.values():
            for command in ("create a", "join a"):
                raw.send(frame(TEXT, command.encode()))
                receive(raw)
        for size, is_compressed in (199, False), (200, True), (60_000, True):
            peers["plain"].send(frame(TEXT, f"tell {size}".encode()))
            heard = {name: receive(raw) for name, raw in peers.items()}
            checks.true(f"a broadcast of {size} bytes is heard by all", all(
                text == b"x" * size for _, _, text in heard.values()), size, heard)
            checks.equal(f"{size} bytes: who hears it compressed", [name for name, (was, _, _) in heard.items() if was],
                         ["15 bits", "also 15", "9 bits"] if is_compressed else [])
            receive(peers["plain"])
        with connect(relay.url) as client:
            client.send("join a")
            client.recv()
            peers["plain"].send(frame(TEXT, b"tell 5000"))
            checks.equal("websockets hears it", client.recv(), "x" * 5000)
        for raw in peers.values():
            raw.close()


def narrow_window(checks):
    """With 9 bits nothing may refer back further than 512 bytes: a decompressor with no more than that can do it."""
    import random
    words = [bytes(random.Random(n).choices(b"abcdefghij", k=30)) for n in range(40)]
    text = b" ".join(words * 8)
    with deflating() as relay, agreed(relay, "permessage-deflate; server_max_window_bits=9") as raw:
        raw.send(frame(TEXT, compressed(text), reserved=RSV1))
        opcode, _, payload = raw.receive_frame()
        checks.equal("a narrow window is kept to", (opcode, plain(payload, window=9) == text), (TEXT, True))


def bombs(checks):
    """A kilobyte that says a mebibyte, and sixteen that say 16 MiB: 1009, and the memory stays where it was."""
    small, large = compressed(bytes(1 << 20)), compressed(bytes(16 << 20))
    with deflating() as relay:
        for _ in range(20):
            refused_quietly(relay, small)
        before = relay.resident_kib()
        refused(checks, f"a bomb of {len(small)} bytes", relay, 1009, frame(BINARY, small, reserved=RSV1))
        refused(checks, f"a bomb of {len(large)} bytes", relay, 1009, frame(BINARY, large, reserved=RSV1))
        pieces = [large[at:at + 1000] for at in range(0, len(large), 1000)]
        refused(checks, "a bomb in fragments", relay, 1009, frame(BINARY, pieces[0], False, reserved=RSV1),
                *(frame(CONTINUATION, piece, index == len(pieces) - 2) for index, piece in enumerate(pieces[1:])))
        codes = [refused_quietly(relay, small) for _ in range(BOMBS)]
        checks.equal(f"{BOMBS} bombs are all closed", codes.count(1009), BOMBS)
        grown = relay.resident_kib() - before
        checks.true("the memory stays where it was", grown < 1024, "less than 1024 KiB", grown)
        refused(checks, "more compressed bytes than a message may have", relay, 1009,
                frame(BINARY, bytes(40_000), False, reserved=RSV1), frame(CONTINUATION, bytes(40_000)))
    with deflating(message_bytes=0, buffer_bytes=4_000_000) as relay:
        refused(checks, "without message_bytes, more than the buffers have room for", relay, 1009,
                frame(BINARY, large, reserved=RSV1))


def empty_blocks(checks):
    """Messages of thousands of blocks that become nothing at all: they are spread over turns of the loop."""
    heavy = frame(TEXT, b"\3\0" * 32_000, reserved=RSV1)
    admin = f"127.0.0.1:{free_port()}"
    with Relay(script=ECHO, deflate=True, admin=admin) as relay:
        attackers = [agreed(relay) for _ in range(120)]
        relay.process.send_signal(signal.SIGSTOP)
        for raw in attackers:
            raw.send(heavy * 3)
        relay.process.send_signal(signal.SIGCONT)
        heard = [[receive(raw)[2] for _ in range(3)] for raw in attackers]
        checks.true("each is an empty message", heard == [[b""] * 3] * 120, [b""] * 3, heard[0])
        long_turns = long_turns_of(admin)
        checks.true("turns end in time", long_turns > 2, "more than 2", long_turns)
        for raw in attackers:
            raw.close()


def refused_quietly(relay, bomb):
    with agreed(relay) as raw:
        raw.send(frame(BINARY, bomb, reserved=RSV1))
        return raw.close_code()


def flood(checks):
    """Messages that are allowed, and become a thousand times as long: others are served in between."""
    heavy = frame(BINARY, compressed(bytes(65_536)), reserved=RSV1)
    with deflating(COMMANDS) as relay, agreed(relay) as attacker, agreed(relay, None) as other:
        attacker.socket.setblocking(False)
        worst, end, sent, rest = 0.0, time.monotonic() + 2, 0, b""
        while time.monotonic() < end:
            rest = rest or heavy * 500
            try:
                count = attacker.socket.send(rest)
                sent, rest = sent + count, rest[count:]
            except BlockingIOError:
                pass
            start = time.monotonic()
            other.send(frame(TEXT, b"here"))
            other.receive_text()
            worst = max(worst, time.monotonic() - start)
        print(f"     {sent / len(heavy):.0f} messages of {len(heavy)} bytes that become 65536, "
              f"somebody else waits at most {1000 * worst:.0f} ms", flush=True)
        checks.true("nobody waits long beside them", worst < 1, "less than 1 s", f"{worst:.2f} s")
    with deflating(bytes_per_second=100_000) as relay, agreed(relay) as raw:
        raw.send(heavy * 2)
        checks.equal("bytes_per_second counts what they become", raw.close_code(), 1008)


def configuration(checks):
    """`deflate` of a mount, and of a configuration that changes: for whoever connects from then on."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "lobbyist.lua")

        def write(deflate):
            with open(path + ".new", "w", encoding="utf-8") as file:
                file.write('listen "127.0.0.1:0"\nlimits { deflate_from_bytes = 10 }\n'
                           f'mount "/on" {{ script = "{ROOT}/{ECHO}", deflate = {deflate} }}\n'
                           f'mount "/off" {{ script = "{ROOT}/{ECHO}" }}\n')
            os.replace(path + ".new", path)

        def offered(relay, where):
            raw = RawSocket(relay)
            return raw, HEADER in raw.upgrade(where, ["Sec-WebSocket-Extensions: permessage-deflate"])

        write("true")
        with Relay(config=path) as relay:
            raw, is_agreed = offered(relay, "/on")
            checks.equal("a mount that compresses, and one that does not", [is_agreed, offered(relay, "/off")[1]],
                         [True, False])
            write("false")
            checks.true("a change is told", wait_until(lambda: relay.logged("compresses nothing now"), 5))
            checks.equal("newcomers find none", offered(relay, "/on")[1], False)
            raw.send(frame(TEXT, compressed(b"a" * 100), reserved=RSV1))
            checks.equal("who was there goes on", receive(raw)[::2], (True, b"a" * 100))
            write("true")
            checks.true("and back", wait_until(lambda: relay.logged("compresses now"), 5))
            checks.equal("newcomers find it", offered(relay, "/on")[1], True)
        write('"yes"')
        run = subprocess.run([LOBBYIST, "check", "--config", path], capture_output=True, text=True, timeout=CLIENT_SECONDS)
        checks.true("what is no boolean is refused", run.returncode == 1 and "deflate is not a string" in run.stdout
                    + run.stderr, "deflate is not a string", run.stdout + run.stderr)


def recording(checks):
    """A recording holds what was said, and a replay finds the same."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "recording")
        relay = deflating(ECHO)
        relay.command += ["--record", file]
        with relay, connect(relay.url) as client:
            client.send(OFFER)
            checks.true("an echo while it is recorded", client.recv() == OFFER)
        with open(file, encoding="utf-8") as lines:
            text = lines.read()
        checks.true("it is recorded as it was said", text.count("webrtc-datachannel") == 2, 2,
                    text.count("webrtc-datachannel"))
        run = subprocess.run([LOBBYIST, "replay", file, "--script", os.path.join(ROOT, ECHO)], cwd=ROOT,
                             capture_output=True, text=True, timeout=CLIENT_SECONDS)
        checks.true("a replay differs in nothing", run.returncode == 0 and "0 different" in run.stdout, "0 different",
                    run.stdout + run.stderr)


def saving(checks):
    """What a session description takes on the wire."""
    with deflating() as relay, agreed(relay) as raw, agreed(relay, None) as other:
        for client in raw, other:
            client.send(frame(TEXT, OFFER.encode()))
        (_, small, text), (_, large, same) = receive(raw), receive(other)
        checks.true("a session description arrives", text == same == OFFER.encode())
        print(f"     a description of {large} bytes takes {small}: {100 * small / large:.0f} %")
        checks.true("compressed it takes less than half", small < large / 2, large / 2, small)


if __name__ == "__main__":
    run_scenarios(Checks(), [
        (offers,), (python_client,), (node_client,), (frames,), (broadcast,), (narrow_window,), (bombs,),
        (empty_blocks,), (flood,), (configuration,), (recording,), (saving,)])
