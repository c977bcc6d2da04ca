#!/usr/bin/env python3
"""TLS handshakes of those who mean no good: slow, halved, abandoned, mutated; and readers that never read."""

import contextlib
import random
import select
import signal
import socket
import ssl
import struct
import tempfile
import time

from raw_socket import TEXT, frame
from relay import HANDSHAKE_LIMIT, Checks, Relay, free_port, long_turns_of, run_scenarios, wait_until
from tls import Pair
from tls_support import (GOOD_CIPHERS, HANDSHAKE, Certificate, TLSSocket, answered, client_hello, probe, receive_all,
                         record)

PATIENT = {"join_timeout": 60}
FUZZ_CASES = 4000
FUZZ_AT_ONCE = 50
SEED = 20_261


@contextlib.contextmanager
def encrypted(**others):
    with tempfile.TemporaryDirectory() as folder:
        own = Certificate(folder, "own")
        with Relay(listen="tls://127.0.0.1:0", settings=PATIENT, certificates=[own.both], **others) as relay:
            yield relay, own


def is_back(relay):
    """All descriptors of connections are closed."""
    return wait_until(lambda: relay.descriptors() <= relay.descriptors_at_start, 5)


def serves(checks, relay, own):
    checks.true("it serves", answered(probe(relay, "-CAfile", own.file)))
    checks.true("no descriptor is left", is_back(relay), relay.descriptors_at_start, relay.descriptors())


def slow(checks):
    """Hellos that drip, and handshakes that stop anywhere, end when the time for handshakes is over."""
    with encrypted(limits={HANDSHAKE_LIMIT: 1000}) as (relay, own):
        started = time.monotonic()
        dripping = [TLSSocket(relay, own.trusting()) for _ in range(20)]
        hellos = [each.hello() for each in dripping]
        for position in range(400):
            for each, hello in zip(dripping, hellos):
                with contextlib.suppress(OSError):
                    each.socket.sendall(hello[position:position + 1])
            time.sleep(0.005)
            if relay.descriptors() <= relay.descriptors_at_start:
                break
        checks.true("hellos byte by byte end in time", time.monotonic() - started < 2.5, "< 2.5 s",
                    time.monotonic() - started)
        checks.true("all of them", is_back(relay))
        for cut in (0, 1, 5, 9, 100):
            silent = TLSSocket(relay, own.trusting())
            silent.socket.sendall(silent.hello()[:cut])
            checks.equal(f"silent after {cut} bytes: ended", receive_all(silent.socket), b"")
        waiting = TLSSocket(relay, own.trusting())
        waiting.socket.sendall(waiting.hello())
        checks.true("silent after a whole hello: ended", len(receive_all(waiting.socket)) > 500)
        quiet = TLSSocket(relay, own.trusting()).handshake()
        quiet.receive_some()
        checks.true("silent after the handshake: 408", quiet.pending.startswith(b"HTTP/1.1 408 "), "408", quiet.pending)
        quiet.close()
        serves(checks, relay, own)
        counted = relay.logged("error")
        checks.equal("nothing is an error", counted, [])


def halved(checks):
    """The client's end of the stream, or its reset, at every byte of a handshake."""
    with encrypted() as (relay, own):
        hello = TLSSocket(relay, own.trusting()).hello()
        for cut in [*range(0, 12), *range(12, len(hello), 37)]:
            for ends in ("closes", "shuts", "resets"):
                with socket.create_connection(("127.0.0.1", relay.port), 5) as stream:
                    stream.sendall(hello[:cut])
                    if ends == "resets":
                        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    if ends == "shuts":
                        stream.shutdown(socket.SHUT_WR)
                        receive_all(stream)
        for ends in (socket.SHUT_WR, socket.SHUT_RDWR):
            client = TLSSocket(relay, own.trusting())
            client.socket.sendall(client.hello())
            client.feed()
            client.socket.shutdown(ends)
            client.close()
        vanished = [TLSSocket(relay, own.trusting()) for _ in range(100)]
        for each in vanished:
            each.socket.sendall(each.hello())
        for each in vanished:
            each.reset()
        serves(checks, relay, own)


def oversized(checks):
    """Messages whose head says that they are long get no room, in the first flight and in the second."""
    with encrypted() as (relay, own):
        before = relay.resident_kib()
        streams = []
        for _ in range(500):
            stream = socket.create_connection(("127.0.0.1", relay.port), 5)
            stream.sendall(record(HANDSHAKE, b"\1" + (120_000).to_bytes(3, "big") + bytes(100)))
            streams.append(stream)
        ended = sum(not receive_all(stream) for stream in streams)
        checks.equal("a hello of 120 KB is refused", ended, len(streams))
        grown = relay.resident_kib() - before
        checks.true("memory stays", grown < 8000, "< 8000 KiB", grown)
        for stream in streams:
            stream.close()
        for pieces in (1, 3, 50):
            # One that is legal, in records of few bytes (RFC 8446 §5.1).
            hello = client_hello(GOOD_CIPHERS)
            data = b"".join(record(HANDSHAKE, hello[at:at + pieces]) for at in range(0, len(hello), pieces))
            with socket.create_connection(("127.0.0.1", relay.port), 5) as stream:
                stream.sendall(data)
                checks.equal(f"a hello in records of {pieces} bytes is taken", stream.recv(1), bytes([HANDSHAKE]))
        serves(checks, relay, own)


def mutated(source, chance):
    """A hello with something wrong."""
    data = bytearray(source)
    kind = chance.randrange(9)
    if kind == 0:
        return bytes(data[:chance.randrange(len(data))])
    if kind == 1:
        for _ in range(chance.randrange(1, 20)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 2:
        at = chance.choice([3, 6, 7, 43, 44, 76, 77, *range(78, len(data) - 2)])
        data[at:at + 2] = chance.choice([b"\0\0", b"\xff\xff", b"\0\1", chance.randbytes(2)])
    elif kind == 3:
        return chance.randbytes(chance.randrange(1, 600))
    elif kind == 4:
        size = chance.randrange(1, 60)
        body = bytes(data[5:])
        return b"".join(record(HANDSHAKE, body[at:at + size]) for at in range(0, len(body), size))
    elif kind == 5:
        at = chance.randrange(len(data))
        data[at:at] = chance.randbytes(chance.randrange(1, 100))
    elif kind == 6:
        at = chance.randrange(len(data))
        del data[at:at + chance.randrange(1, 100)]
    elif kind == 7:
        return bytes(data) + bytes(data) + chance.randbytes(chance.randrange(50))
    else:
        return b"".join(record(chance.choice([20, 21, 22, 23, 24, 0, 255]), chance.randbytes(chance.randrange(40)))
                        for _ in range(chance.randrange(1, 20)))
    return bytes(data)


def fuzzed(checks):
    chance = random.Random(SEED)
    with encrypted(options=["--log-level", "debug"], limits={HANDSHAKE_LIMIT: 2000}) as (relay, own):
        sources = [TLSSocket(relay, own.trusting(version)).hello()
                   for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)]
        sources.append(record(HANDSHAKE, client_hello(GOOD_CIPHERS)))
        before = relay.resident_kib()
        for start in range(0, FUZZ_CASES, FUZZ_AT_ONCE):
            streams = []
            for _ in range(FUZZ_AT_ONCE):
                stream = socket.create_connection(("127.0.0.1", relay.port), 5)
                data = mutated(chance.choice(sources), chance)
                with contextlib.suppress(OSError):
                    cut = chance.randrange(len(data) + 1) if chance.random() < 0.3 else len(data)
                    stream.sendall(data[:cut])
                    stream.sendall(data[cut:])
                streams.append(stream)
            select.select(streams, [], [], 0.02)
            for stream in streams:
                if chance.random() < 0.3:
                    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                stream.close()
            if not relay.alive():
                break
        checks.true(f"alive after {FUZZ_CASES} mutated hellos (seed {SEED})", relay.alive(), "alive",
                    f"ended near case {start}")
        checks.true("the log is bounded", len(relay.lines) < 2000, "< 2000", len(relay.lines))
        checks.equal("nothing is an error", relay.logged(" error "), [])
        checks.true("no descriptor is left", is_back(relay), relay.descriptors_at_start, relay.descriptors())
        grown = relay.resident_kib() - before
        checks.true("memory stays", grown < 16_000, "< 16000 KiB", grown)
        serves(checks, relay, own)


def storm(checks):
    """Hellos that come all at once, each of which is a millisecond of arithmetic, are spread over turns of the loop."""
    with tempfile.TemporaryDirectory() as folder:
        own, admin = Certificate(folder, "own", kind="rsa"), f"127.0.0.1:{free_port()}"
        with Relay(listen="tls://127.0.0.1:0", certificates=[own.both], admin=admin) as relay:
            clients = [TLSSocket(relay, own.trusting()) for _ in range(300)]
            hellos = [client.hello() for client in clients]
            wait_until(lambda: relay.descriptors() >= relay.descriptors_at_start + len(clients), 5)
            relay.process.send_signal(signal.SIGSTOP)
            for client, hello in zip(clients, hellos):
                client.socket.sendall(hello)
            relay.process.send_signal(signal.SIGCONT)
            for client in clients:
                client.feed()
                client.close()
            long_turns = long_turns_of(admin)
            checks.true("turns end in time", long_turns > 2, "more than 2", long_turns)


def processor_seconds(relay):
    with open(f"/proc/{relay.process.pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def unread(checks):
    """A peer that reads nothing costs no more than its queue, and no processor; then it reads on, and nothing is lost."""
    with encrypted(limits={"queued_bytes": 4_000_000, "ping_milliseconds": 60_000}) as (relay, own):
        pair = Pair(relay, own.trusting())
        texts = [chr(97 + number % 26) * 50_000 for number in range(60)]
        for text in texts:
            pair.ana.send(pair.offer(text))
        time.sleep(0.5)
        before = processor_seconds(relay)
        time.sleep(1)
        checks.true("waiting for a reader is no work", processor_seconds(relay) - before < 0.2, "< 0.2 s",
                    processor_seconds(relay) - before)
        checks.equal("then it reads all", [pair.hear(pair.bob)["data"] for _ in texts], texts)
        pair.ana.close()
        pair.bob.close()
        serves(checks, relay, own)


def crowd(checks):
    """Broken frames and floods over TLS end as they do without."""
    with encrypted() as (relay, own):
        client = TLSSocket(relay, own.trusting()).open()
        client.send(frame(TEXT, b"\xff\xfe"))
        opcode, _, payload = client.receive_frame()
        checks.equal("invalid UTF-8: close frame 1007", [opcode, int.from_bytes(payload[:2], "big")], [8, 1007])
        client.close()
        client = TLSSocket(relay, own.trusting()).open()
        client.socket.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
        checks.true("a forged record ends it", receive_all(client.socket) is not None)
        client.close()
        serves(checks, relay, own)


if __name__ == "__main__":
    run_scenarios(Checks(), [(slow,), (halved,), (oversized,), (storm,), (fuzzed,), (unread,), (crowd,)])
