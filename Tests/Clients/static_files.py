#!/usr/bin/env python3
"""Files that a live relay shows to browsers: whole, to slow readers as well, and at nobody else's cost."""

import hashlib
import http.client
import os
import socket
import tempfile
import time

from raw_socket import RawSocket, frame
from relay import Checks, Relay, run_scenarios

LARGE = os.urandom(1 << 20) * 24


def site(folder):
    for name, content in (("index.html", b"<h1>Hello</h1>"), ("game.wasm", LARGE), ("small.js", b"1;"),
                          ("secret.lua", b"secret")):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)


def fetch(relay, path, method="GET", headers=None):
    connection = http.client.HTTPConnection(relay.host, relay.port, timeout=20)
    connection.request(method, path, headers=headers or {})
    response = connection.getresponse()
    return response.status, dict(response.getheaders()), response.read()


def reader(relay, path, buffer_bytes=4096):
    """A client that has asked and does not read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    client.settimeout(20)
    client.connect((relay.host, relay.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def read_all(client, rate=None):
    """What comes until the end, at most `rate` bytes a second, without the head."""
    data = bytearray()
    begun = time.monotonic()
    while piece := client.recv(16384):
        data += piece
        if rate:
            time.sleep(max(0, len(data) / rate - (time.monotonic() - begun)))
    client.close()
    return bytes(data).split(b"\r\n\r\n", 1)[1]


def memory(relay):
    with open(f"/proc/{relay.process.pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def shown(checks):
    with tempfile.TemporaryDirectory() as folder, Relay(static=folder) as relay:
        site(folder)
        status, headers, body = fetch(relay, "/")
        checks.equal("the page", [status, headers["Content-Type"], body],
                     [200, "text/html; charset=utf-8", b"<h1>Hello</h1>"])
        status, again, body = fetch(relay, "/", headers={"If-None-Match": headers["ETag"]})
        checks.equal("is not sent again", [status, body], [304, b""])
        status, headers, body = fetch(relay, "/game.wasm")
        checks.equal("a large file is whole", [status, headers["Content-Type"], hashlib.sha256(body).hexdigest()],
                     [200, "application/wasm", hashlib.sha256(LARGE).hexdigest()])
        status, headers, body = fetch(relay, "/game.wasm", "HEAD")
        checks.equal("HEAD has its length and no body", [status, headers["Content-Length"], body],
                     [200, str(len(LARGE)), b""])
        checks.equal("no script is shown", fetch(relay, "/secret.lua")[0], 404)
        with RawSocket(relay) as peer:
            checks.true("a WebSocket at the same address", peer.upgrade().startswith(b"HTTP/1.1 101"))
        checks.equal("descriptors are given back", relay.descriptors() <= relay.descriptors_at_start + 1, True)


def slow(checks):
    """A reader that takes its time gets everything; one that stands still is given up."""
    with tempfile.TemporaryDirectory() as folder, Relay(static=folder, limits={"close_milliseconds": 1000}) as relay:
        site(folder)
        with open(os.path.join(folder, "four.bin"), "wb") as file:
            file.write(LARGE[:4 << 20])
        body = read_all(reader(relay, "/four.bin", 65536), rate=500_000)
        checks.equal("4 MiB at 500 kB/s, with a second's patience", len(body), 4 << 20)
        before = memory(relay)
        still = [reader(relay, "/game.wasm") for _ in range(100)]
        time.sleep(0.5)
        grown = memory(relay) - before
        checks.true("100 readers that stand still cost no more than a piece each", grown < 100 * 96 + 2048,
                    "100 times 96 KiB", f"{grown} KiB")
        with RawSocket(relay) as peer:
            peer.upgrade()
            begun = time.monotonic()
            peer.send(frame(9, b"x"))
            peer.receive_frame()
            checks.true("nobody else waits", time.monotonic() - begun < 0.5, "half a second", time.monotonic() - begun)
        time.sleep(2.5)
        checks.true("they are given up", relay.descriptors() <= relay.descriptors_at_start + 2,
                    "as many descriptors as before", relay.descriptors())
        for client in still:
            client.close()


def shrinking(checks):
    """A file that is cut off while it is sent ends the connection, so that nobody takes it for whole."""
    with tempfile.TemporaryDirectory() as folder, Relay(static=folder) as relay:
        site(folder)
        client = reader(relay, "/game.wasm")
        time.sleep(0.3)
        os.truncate(os.path.join(folder, "game.wasm"), 1000)
        try:
            body = read_all(client)
        except ConnectionError:
            body = b""
        checks.true("it comes to an early end", len(body) < len(LARGE), "less than all", len(body))
        checks.equal("and the relay goes on", fetch(relay, "/small.js")[2], b"1;")


if __name__ == "__main__":
    run_scenarios(Checks(), [(shown,), (slow,), (shrinking,)])
