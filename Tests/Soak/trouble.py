"""What a relay on the open internet lives with while others play: people who vanish, send nonsense, flood or never
read, and an operator who saves, breaks, reloads and deploys scripts."""

import http.client
import json
import os
import random
import signal
import threading
import time
import zlib
from collections import Counter

from raw_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Closed, RawSocket, frame, upgrade_request

# Mounts of their own: one that the operator is at, one whose script does what it is told, however foolish.
OPERATED, FOOLISH = "/operated", "/foolish"
WAIT_SECONDS = 10
FLOOD_BYTES = 2 << 20
POLICY = """
local policy = {{}}
function policy.on_connect(peer) peer:send("{name}") end
function policy.on_message(peer, message) peer:send(message:text()) end
return policy
"""
BROKEN = ("return {", "error('no')", "return { on_message = 5 }", "require 'gone' return {}", "",
          "while true do end")
COMMANDS = ("memory 30000000", "flood 2000", "close", "create a", "join a", "tell 500", "timer one", "timer x",
            "attribute 5000", "hold 4000", "deliver", "discard", "nonsense", "{", '{"a":[1,2,{"b":null}]}',
            "log \u2028", "spin")


class Trouble:
    """`with Trouble(relay, admin, scripts, seed, pause_seconds=0.01) as trouble: …`; then `trouble.done` says how often
    what was done."""

    def __init__(self, relay, admin, scripts, seed, pause_seconds):
        self.pause_seconds = pause_seconds
        self.relay, self.admin, self.scripts, self.rng = relay, admin, scripts, random.Random(seed)
        self.done, self.problems, self.is_over = Counter(), [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()

    def run(self):
        kinds = [self.vanish, self.nonsense, self.squeezed, self.heads, self.pings, self.sleep_through, self.fool,
                 self.save, self.rename, self.hang_up, self.break_script, self.deploy, self.ask_operator]
        weights = [8, 8, 4, 6, 2, 1, 6, 2, 2, 1, 1, 1, 2]
        while not self.is_over.wait(self.pause_seconds):
            (kind,) = self.rng.choices(kinds, weights)
            self.done[kind.__name__] += 1
            try:
                kind()
            except (OSError, Closed, http.client.HTTPException):
                # Refused or hung up on: what the relay does about it is its own business, as long as it lives.
                if not self.relay.alive():
                    self.problems.append(f"the relay ended at {kind.__name__}")
                    return

    def peer(self, path=OPERATED, extra=(), **options):
        raw = RawSocket(self.relay, **options)
        raw.socket.settimeout(WAIT_SECONDS)
        raw.upgrade(path, extra)
        return raw

    def vanish(self):
        raw = RawSocket(self.relay)
        request = upgrade_request(raw.host, OPERATED) + frame(TEXT, b"x" * self.rng.randrange(3000))
        raw.send(request[:self.rng.randrange(len(request) + 1)])
        raw.reset() if self.rng.random() < 0.7 else raw.close()

    def nonsense(self):
        with self.peer() as raw:
            kind = self.rng.randrange(5)
            if kind == 0:
                raw.send(self.rng.randbytes(self.rng.randrange(1, 5000)))
            elif kind == 1:
                raw.send(frame(TEXT, self.rng.randbytes(40)))
            elif kind == 2:
                raw.send(b"".join(frame(CONTINUATION if number else BINARY, b"x" * 3000, final=False)
                                  for number in range(30)))
            elif kind == 3:
                raw.send(b"\x82\xff" + self.rng.randbytes(12))
            else:
                opcodes = [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG, 3, 11]
                raw.send(b"".join(frame(self.rng.choice(opcodes), self.rng.randbytes(self.rng.randrange(130)),
                                        final=self.rng.random() < 0.7, masked=self.rng.random() < 0.9,
                                        reserved=self.rng.choice([0, 0, 0, 4])) for _ in range(20)))
            if self.rng.random() < 0.5:
                raw.receive_some(0.05)
            raw.reset()

    def squeezed(self):
        """Compressed messages that are right, damaged, or a thousand times as long as they look."""
        bits = self.rng.choice(["", "; server_max_window_bits=9", "; server_no_context_takeover"])
        with self.peer(extra=(f"Sec-WebSocket-Extensions: permessage-deflate{bits}",)) as raw:
            compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
            text = b"squeeze " * self.rng.choice([1, 100, 1_000_000])
            message = bytearray((compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4])
            if self.rng.random() < 0.3:
                message[self.rng.randrange(len(message))] ^= 1 << self.rng.randrange(8)
            middle = self.rng.randrange(len(message))
            raw.send(frame(TEXT, bytes(message[:middle]), final=False, reserved=4)
                     + frame(CONTINUATION, bytes(message[middle:])))
            for _ in range(2):
                raw.receive_frame(0.5)

    def heads(self):
        with RawSocket(self.relay) as raw:
            whole = upgrade_request(raw.host, self.rng.choice(["/", OPERATED, "/%", "/x" * 200, FOOLISH + "?a=%zz"]))
            changed = bytearray(whole)
            for _ in range(self.rng.randrange(4)):
                changed[self.rng.randrange(len(changed))] = self.rng.randrange(256)
            raw.send(bytes(changed) + b"X: " + b"y" * self.rng.choice([0, 10, 9000]) + b"\r\n\r\n")
            raw.receive_some(0.05)

    def pings(self):
        with self.peer() as raw:
            raw.send(frame(PING, b"x" * 125) * 2000)
            raw.reset()

    def sleep_through(self):
        """Never reads what it has asked for."""
        with self.peer(FOOLISH, receive_buffer=4096) as raw:
            raw.socket.settimeout(0.3)
            for _ in range(FLOOD_BYTES // 65000):
                raw.send(frame(TEXT, b"x" * 65000))
            raw.reset()

    def fool(self):
        with self.peer(FOOLISH) as raw:
            for _ in range(self.rng.randrange(1, 5)):
                raw.send(frame(TEXT, self.rng.choice(COMMANDS).encode()))
            if self.rng.random() < 0.5:
                raw.receive_some(0.2)

    def script(self):
        names = [name for name in os.listdir(self.scripts) if name.endswith(".lua")]
        return os.path.join(self.scripts, self.rng.choice(sorted(names)))

    def save(self):
        """The scripts that others play by change under them, though not in what they do."""
        with open(self.script(), "a", encoding="utf-8") as file:
            file.write(f"-- saved {self.rng.random()}\n")

    def rename(self):
        path = self.script()
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write("\n".join(line for line in text.split("\n") if not line.startswith("-- saved")) + "-- saved 0\n")
        os.rename(path + ".new", path)

    def hang_up(self):
        self.relay.process.send_signal(signal.SIGHUP)

    def break_script(self):
        path = os.path.join(os.path.dirname(self.scripts), "operated.lua")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.rng.choice(BROKEN))
        time.sleep(self.rng.choice([0, 0.2]))
        with open(path, "w", encoding="utf-8") as file:
            file.write(POLICY.format(name=self.rng.random()))

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.admin, timeout=WAIT_SECONDS)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    def deploy(self):
        name = str(self.rng.random())
        if self.rng.random() < 0.2:
            return self.ask("POST", "/rollback", json.dumps({"mount": OPERATED}))
        talk = f'policy policy.lua\nAna connects\nAna << text "{name}"\n'
        text = POLICY.format(name=name) if self.rng.random() < 0.7 else self.rng.choice(BROKEN)
        bundle = {"mount": OPERATED, "script": "policy.lua", "tests": ["policy.talk"],
                  "files": {"policy.lua": text, "policy.talk": talk}}
        status = self.ask("POST", "/deploy", json.dumps(bundle))
        self.done[f"deployment answered {status}"] += 1

    def ask_operator(self):
        path = self.rng.choice(["/status", "/healthz", "/deployments", "/nothing", "/reload", "/metrics", "/lobbies",
                                "/peers", "/scripts"])
        status = self.ask("POST" if path == "/reload" else "GET", path)
        if path == "/healthz" and status != 200:
            self.problems.append(f"/healthz is {status}")
