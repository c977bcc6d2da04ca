#!/usr/bin/env python3
"""Clients behind nginx and haproxy: the relay goes by their addresses, and believes nobody else about them."""

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.request

from raw_socket import Closed, RawSocket, proxy_line, upgrade_request
from relay import ROOT, Checks, Relay, free_port, run_scenarios, wait_until

ADDRESS = os.path.join("Tests", "Clients", "proxies", "address.lua")
NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{relay};
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""
HAPROXY = """
global
  maxconn 256
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen relay
  bind 127.0.0.1:{port}
  server relay 127.0.0.1:{relay} {how}
"""
# Debian has them where ordinary users do not look.
SYSTEM = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin"}
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


@contextlib.contextmanager
def running(command, configuration, relay, **words):
    """A proxy in front of the relay, on a port of its own: that port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "proxy.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(configuration.format(folder=folder, port=port, relay=relay.port, **words))
        process = subprocess.Popen([*command, path], stdin=subprocess.DEVNULL, env=SYSTEM)
        try:
            if not wait_until(lambda: process.poll() is not None or accepts(port), 10) or process.poll() is not None:
                raise RuntimeError(f"{command[0]} does not listen")
            yield port
        finally:
            process.terminate()
            process.wait(10)


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Client(RawSocket):
    """A connection from an address of its own; what it sends goes out in front of the handshake."""

    def __init__(self, port, source="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), 5, (source, 0))
        self.host, self.pending = f"127.0.0.1:{port}", b""


def address(port, source="127.0.0.1", extra=(), first=b""):
    """What the policy takes for the client's address, or the status with which the handshake is refused."""
    with Client(port, source) as client:
        client.send(first + upgrade_request(client.host, extra=extra))
        status = client.status()
        return client.receive_text().decode() if status == 101 else status


def forwarded(*values):
    return [f"X-Forwarded-For: {value}" for value in values]


def behind_nginx(checks):
    limits = {"connections_per_address": 2}
    with Relay(script=ADDRESS, options=["--proxy", "127.0.0.1"], limits=limits) as relay, \
            running(["nginx", "-p", "/tmp", "-c"], NGINX, relay) as port:
        checks.equal("through nginx the policy sees the client", address(port, "127.0.0.5"), "127.0.0.5")
        checks.equal("what a client writes in front is not believed",
                     address(port, "127.0.0.5", forwarded("192.0.2.1")), "127.0.0.5")
        checks.equal("nor in a line of its own and in several",
                     address(port, "127.0.0.5", forwarded("192.0.2.1, 127.0.0.1", "192.0.2.2")), "127.0.0.5")
        checks.equal("nor by somebody who is no proxy", address(relay.port, "127.0.0.7", forwarded("192.0.2.1")),
                     "127.0.0.7")
        with Client(port, "127.0.0.5") as one, Client(port, "127.0.0.5") as two:
            heard = []
            for client in (one, two):
                client.send(upgrade_request(client.host))
                heard.append(client.status())
            checks.equal("as many connections of one client as allowed", heard, [101, 101])
            checks.equal("one more is refused", address(port, "127.0.0.5"), 429)
            heard = [address(port, f"127.0.0.{last}") for last in (6, 8, 9)]
            checks.equal("others are not: the proxy's own address does not count", heard,
                         ["127.0.0.6", "127.0.0.8", "127.0.0.9"])
        checks.true("when they go, the next one may come", wait_until(
            lambda: address(port, "127.0.0.5") == "127.0.0.5", 3))
        plain = urllib.request.urlopen(f"http://127.0.0.1:{port}/").read()
        checks.equal("requests go by it, too; a proxy alone is itself", plain, b"127.0.0.1")


def lists(checks):
    options = ["--proxy", "127.0.0.0/28", "--proxy", "2001:db8:1::/48"]
    with Relay(script=ADDRESS, options=options) as relay:
        for values, expected in {
            (): "127.0.0.3",
            ("192.0.2.1",): "192.0.2.1",
            ("198.51.100.1, 192.0.2.1",): "192.0.2.1",
            ("198.51.100.1", "192.0.2.1"): "192.0.2.1",
            ("192.0.2.1, 127.0.0.4, 127.0.0.5",): "192.0.2.1",
            ("192.0.2.1,2001:db8:1::7,127.0.0.5",): "192.0.2.1",
            ("2001:db8:2::1",): "2001:db8:2::1",
            ("[2001:db8:2::1]:4711",): "2001:db8:2::1",
            ("192.0.2.1:4711",): "192.0.2.1",
            ("127.0.0.4",): "127.0.0.4",
            ("unknown",): "127.0.0.3",
            ("192.0.2.1, unknown, 127.0.0.4",): "127.0.0.4",
            (",, 192.0.2.1 ,,",): "192.0.2.1",
            ("192.0.2.1, <script>",): "127.0.0.3",
        }.items():
            checks.equal(f"a proxy forwards for {values}", address(relay.port, "127.0.0.3", forwarded(*values)),
                         expected)
        checks.equal("outside of the network nothing is believed",
                     address(relay.port, "127.0.0.16", forwarded("192.0.2.1")), "127.0.0.16")


def behind_haproxy(checks):
    for how in "send-proxy", "send-proxy-v2":
        options = ["--proxy-protocol", "127.0.0.1"]
        with Relay(script=ADDRESS, options=options, limits={"connections_per_address": 2}) as relay, \
                running(["haproxy", "-db", "-f"], HAPROXY, relay, how=how) as port:
            checks.equal(f"{how}: the policy sees the client", address(port, "127.0.0.5"), "127.0.0.5")
            heard = [address(port, "127.0.0.6", forwarded("192.0.2.1"), first=first)
                     for first in (b"", proxy_line("192.0.2.1"))]
            checks.equal(f"{how}: it cannot make itself another", heard, ["127.0.0.6", 400])
            checks.equal(f"{how}: who does not come from the proxy is asked for no header",
                         address(relay.port, "127.0.0.7"), "127.0.0.7")
            with Client(port, "127.0.0.5") as one, Client(port, "127.0.0.5") as two:
                for client in (one, two):
                    client.upgrade()
                checks.equal(f"{how}: one connection too many of a client", address(port, "127.0.0.5"), 429)
                checks.equal(f"{how}: others may come", address(port, "127.0.0.6"), "127.0.0.6")
        with Relay(script=ADDRESS, options=options) as relay, \
                running(["haproxy", "-db", "-f"], HAPROXY, relay, how=f"{how} check inter 100ms") as port:
            time.sleep(0.5)
            checks.equal(f"{how}: health checks go well beside it", address(port, "127.0.0.5"), "127.0.0.5")


def headers(checks):
    options = ["--proxy-protocol", "127.0.0.1", "--proxy", "10.0.0.0/8"]
    with Relay(script=ADDRESS, options=options, limits={"handshake_milliseconds": 1000}) as relay:
        for version in 1, 2:
            for client in "192.0.2.1", "2001:db8::1":
                checks.equal(f"version {version}: {client}",
                             address(relay.port, first=proxy_line(client, version)), client)
            checks.equal(f"version {version}: of a proxy that forwards for somebody",
                         address(relay.port, first=proxy_line("10.1.1.1", version), extra=forwarded("192.0.2.9")),
                         "192.0.2.9")
            checks.equal(f"version {version}: of one that may not",
                         address(relay.port, first=proxy_line("11.1.1.1", version), extra=forwarded("192.0.2.9")),
                         "11.1.1.1")
        for name, first in {
            "LOCAL": SIGNATURE + b"\x20\0\0\0", "UNSPEC": SIGNATURE + b"\x21\0\0\0",
            "UNIX": SIGNATURE + b"\x21\x31\0\xd8" + bytes(216), "UNKNOWN": b"PROXY UNKNOWN\r\n",
        }.items():
            checks.equal(f"{name} is the proxy itself", address(relay.port, first=first), "127.0.0.1")
        extended = proxy_line("192.0.2.1", 2)
        extended = extended[:14] + (12 + 900).to_bytes(2, "big") + extended[16:] + bytes(900)
        checks.equal("what else a header says is skipped", address(relay.port, first=extended), "192.0.2.1")
        for version in 1, 2:
            with Client(relay.port) as client:
                for byte in proxy_line("192.0.2.1", version):
                    client.send(bytes([byte]))
                    time.sleep(0.005)
                client.upgrade()
                checks.equal(f"version {version}: byte by byte", client.receive_text(), b"192.0.2.1")
        malformed(checks, relay)


def malformed(checks, relay):
    good = proxy_line("192.0.2.1", 2)
    for name, first in {
        "no header": REQUEST, "a TLS hello": b"\x16\x03\x01\x02\0\x01\0", "lower case": b"proxy TCP4",
        "half a line": b"PROXY TCP4 192.0.2.1 198.51.100.1\r\n", "a port too large": b"PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n",
        "a name": b"PROXY TCP4 localhost 1.1.1.1 1 2\r\n", "a line without end": b"PROXY UNKNOWN " + b"x" * 200,
        "version 3": good[:12] + b"\x31" + good[13:], "an unknown command": good[:12] + b"\x22" + good[13:],
        "an unknown family": good[:13] + b"\x41" + good[14:], "too short": good[:15] + b"\x04" + good[16:],
        "too long": good[:14] + b"\xff\xff" + bytes(5000), "another signature": good[:11] + b"!" + good[12:],
    }.items():
        before = len(relay.logged("has no PROXY header"))
        with Client(relay.port) as client:
            client.send(first)
            try:
                answered = client.receive_some(3) or client.pending
            except Closed:
                answered = None
            checks.equal(f"{name}: dropped without an answer", answered, None)
        checks.true(f"{name}: the log says so", wait_until(
            lambda: len(relay.logged("has no PROXY header")) == before + 1, 3), "a line", relay.log()[-200:])
    with Client(relay.port) as client:
        client.send(good[:20])
        start, ticks = time.monotonic(), processor_ticks(relay)
        ended = client.ended(3)
        took, busy = time.monotonic() - start, processor_ticks(relay) - ticks
        checks.true("half a header is dropped in time", ended and 0.8 < took < 2.5, "1 s", f"{took:.2f} s")
        checks.true("and waited for without spinning", busy < 20, "under 20 ticks of 100", busy)
    for _ in range(50):
        with Client(relay.port) as client:
            client.send(good[:20])
    checks.true("who vanishes in the midst of one leaves nothing", wait_until(
        lambda: relay.descriptors() == relay.descriptors_at_start, 3), relay.descriptors_at_start, relay.descriptors())
    checks.equal("and others are served", address(relay.port, first=proxy_line("192.0.2.1")), "192.0.2.1")


def processor_ticks(relay):
    """User and system time of the relay so far, in hundredths of a second."""
    with open(f"/proc/{relay.process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 100 // os.sysconf("SC_CLK_TCK")


def configured(checks):
    """As a configuration says, also one that changes; the operator is asked for no header."""
    with tempfile.TemporaryDirectory() as folder:
        path, admin = os.path.join(folder, "lobbyist.lua"), free_port()

        def write(line):
            with open(path, "w", encoding="utf-8") as file:
                file.write(f'listen "127.0.0.1:0"\nadmin "127.0.0.1:{admin}"\n{line}\n'
                           f'mount "/" {{ script = "{os.path.join(ROOT, ADDRESS)}" }}\n')

        write('proxy_protocol { "127.0.0.1", "2001:db8::/32" }')
        with Relay(config=path) as relay:
            checks.equal("proxy_protocol", address(relay.port, first=proxy_line("192.0.2.1")), "192.0.2.1")
            status = json.load(urllib.request.urlopen(f"http://127.0.0.1:{admin}/status"))
            checks.equal("the admin listener wants no header", status["relay"]["proxy_headers_refused"], 0)
            port = relay.port
            write('proxies "127.0.0.1"\nproxies "10.0.0.0/8"')
            wait_until(lambda: relay.logged("other proxies are trusted now"), 5)
            checks.equal("proxies, once the file is saved",
                         address(port, extra=forwarded("192.0.2.1, 10.1.1.1")), "192.0.2.1")
    refused(checks)


def refused(checks):
    for word in "localhost", "10.0.0.1/8", "10.0.0.0/33", "":
        for option in "--proxy", "--proxy-protocol":
            relay = Relay(script=ADDRESS, options=[option, word])
            run = subprocess.run(relay.command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                 timeout=10)
            checks.true(f"{option} '{word}' is refused with what to write",
                        run.returncode == 2 and f"{option}: '{word}' is no address" in run.stderr, "exit code 2",
                        f"{run.returncode}: {run.stderr}")


if __name__ == "__main__":
    run_scenarios(Checks(), [(behind_nginx,), (lists,), (behind_haproxy,), (headers,), (configured,)])
