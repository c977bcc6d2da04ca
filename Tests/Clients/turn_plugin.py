#!/usr/bin/env python3
"""The plugin `turn` against coturn: what it gives out opens allocations; expired or tampered with it does not."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from websockets.sync.client import connect

from relay import BINARY, ROOT, Checks, Relay, run_scenarios, wait_until

PROGRAMS = ("turnserver", "turnutils_peer", "turnutils_uclient")
PLUGIN = os.path.join("plugins", "turn.lua")
GREETING = os.path.join("examples", "ice_servers", "ice_servers.lua")
SECRET = "north pole/+=&%20é"
HOST = "127.0.0.1"
START_SECONDS = 10
STOP_SECONDS = 5
CLIENT_SECONDS = 40
MESSAGES = 3
MESSAGE_MILLISECONDS = 100
# A STUN binding request (RFC 8489 §5), to ask whether the server is there.
BINDING_REQUEST = bytes.fromhex("000100002112a442") + b"lobbyist-ask"
BINDING_ANSWER = bytes.fromhex("0101")


def free_port():
    """A port that neither UDP nor TCP uses here."""
    while True:
        with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            stream.bind((HOST, 0))
            port = stream.getsockname()[1]
            with contextlib.suppress(OSError):
                datagram.bind((HOST, port))
                return port


@contextlib.contextmanager
def running(*command, cwd):
    """A program whose output goes into a file of the folder; it ends with the block."""
    with open(os.path.join(cwd, f"{command[0]}.log"), "wb") as log:
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Coturn:
    """coturn with the shared secret, and a peer behind it that echoes."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = stack.enter_context(tempfile.TemporaryDirectory())
            self.port, self.peer_port = free_port(), free_port()
            self.process = stack.enter_context(running(
                "turnserver", "-n", f"--listening-ip={HOST}", f"--listening-port={self.port}", f"--relay-ip={HOST}",
                "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=test.invalid", "--no-tls", "--no-dtls",
                "--no-cli", "--allow-loopback-peers", "--log-file=stdout", "--simple-log", f"--userdb={self.folder}/db",
                f"--pidfile={self.folder}/pid", cwd=self.folder))
            stack.enter_context(running("turnutils_peer", "-L", HOST, "-p", str(self.peer_port), cwd=self.folder))
            if not wait_until(self.answers, START_SECONDS):
                with open(os.path.join(self.folder, "turnserver.log"), errors="replace") as log:
                    raise RuntimeError(f"turnserver does not answer:\n{log.read()[-2000:]}")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.2)
            with contextlib.suppress(OSError):
                asking.connect((HOST, self.port))
                asking.send(BINDING_REQUEST)
                return asking.recv(1500).startswith(BINDING_ANSWER)
        return False

    def url(self, transport="udp"):
        return f"turn:{HOST}:{self.port}?transport={transport}"

    def relays(self, server, transport="udp", messages=MESSAGES):
        """What becomes of a client with these credentials: `relayed`, `refused`, or its output."""
        done = subprocess.run(
            ["turnutils_uclient", *(["-t"] if transport == "tcp" else []), "-u", server["username"], "-w",
             server["credential"], "-p", str(self.port), "-e", HOST, "-r", str(self.peer_port), "-n", str(messages),
             "-z", str(MESSAGE_MILLISECONDS), "-c", HOST],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", timeout=CLIENT_SECONDS)
        if done.returncode == 0 and f"tot_send_msgs={messages}, tot_recv_msgs={messages}" in done.stdout:
            return "relayed"
        if done.returncode != 0 and "Cannot complete Allocation" in done.stdout:
            return "refused"
        return f"exit code {done.returncode}: {done.stdout[-500:]}"


def relay_for(coturn, script="scripts/godot.lua", **settings):
    given = {"secret": SECRET, "urls": f"{coturn.url('udp')} {coturn.url('tcp')}", **settings}
    relay = Relay(script=script, settings={f"turn.{name}": value for name, value in given.items()})
    relay.command += ["--plugin", PLUGIN]
    return relay


def fetch(relay):
    """The TURN server of what GET answers."""
    with urllib.request.urlopen(f"http://{HOST}:{relay.port}/ice", timeout=5) as reply:
        (server,) = json.load(reply)["iceServers"]
    return server


def over_http(checks, coturn):
    with relay_for(coturn) as relay:
        server = fetch(relay)
        checks.equal("the urls are the settings'", server["urls"], [coturn.url("udp"), coturn.url("tcp")])
        expiry = int(server["username"].partition(":")[0])
        checks.true("the username says when it expires", abs(expiry - time.time() - 3600) < 10, "in an hour", expiry)
        for transport in ("udp", "tcp"):
            checks.equal(f"coturn takes them over {transport}", coturn.relays(server, transport), "relayed")
        longer = {**server, "username": server["username"].replace(str(expiry), str(expiry + 3600))}
        checks.equal("coturn refuses a later expiry than was signed", coturn.relays(longer), "refused")
        renamed = {**server, "username": f"{expiry}:ana"}
        checks.equal("coturn refuses another name than was signed", coturn.relays(renamed), "refused")


def to_scripts(checks, coturn):
    with relay_for(coturn, script=GREETING, attribute="true") as relay, connect(relay.url, open_timeout=5) as socket_:
        (server,) = json.loads(socket_.recv(timeout=5))["iceServers"]
        checks.equal("coturn takes what a script sends", coturn.relays(server), "relayed")


def wrong_secret(checks, coturn):
    with relay_for(coturn, secret="south pole") as relay:
        checks.equal("coturn refuses another secret's", coturn.relays(fetch(relay)), "refused")


def expired(checks, coturn):
    with relay_for(coturn, seconds=1) as relay:
        server = fetch(relay)
        time.sleep(2.5)
        checks.equal("coturn refuses them when they have expired", coturn.relays(server), "refused")
    with relay_for(coturn, seconds=3) as relay:
        server = fetch(relay)
        started = time.monotonic()
        checks.equal("what began in time goes on", coturn.relays(server, messages=40), "relayed")
        # Without this the check before says nothing.
        checks.true("beyond their time", time.monotonic() - started > 4, "over 4 s", time.monotonic() - started)
        checks.equal("and nothing begins after it", coturn.relays(server), "refused")


def settings(checks, *_):
    """What is wrong with the settings is said when the relay starts."""
    whole = {"secret": "s", "urls": "turn:turn.test"}
    for name, given, expected in (
        ("no secret", {"secret": ""}, r"static-auth-secret.*--set turn\.urls="),
        ("no urls", {"urls": ""}, r"static-auth-secret.*--set turn\.urls="),
        ("a url of another kind", {"urls": "turn:a https://b"}, r"turn\.urls: 'https://b' is not like turn:"),
        ("a STUN url of another kind", {"stun": "turn:a"}, r"turn\.stun: 'turn:a' is not like stun:"),
        ("no time", {"seconds": "0"}, r"turn\.seconds is 1 or more"),
        ("a path without a slash", {"path": "ice"}, r"turn\.path begins with a /"),
        ("an origin with a path", {"origins": "https://a.test/x"}, r"'https://a\.test/x' is no origin"),
        ("an origin in capitals", {"origins": "https://A.test"}, r"'https://A\.test' is no origin"),
        ("too much for an attribute", {"attribute": "true", "urls": "turn:a " * 300}, r"turn\.attribute=false"),
    ):
        options = [f"--set=turn.{key}={value}" for key, value in {**whole, **given}.items()]
        words = [word for option in options for word in option.split("=", 1)]
        done = subprocess.run([BINARY, "check", "--plugin", PLUGIN, *words, "scripts/godot.lua"], cwd=ROOT,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        checks.equal(f"{name}: exit code", done.returncode, 1)
        checks.true(f"{name}: says so", re.search(expected, done.stderr), expected, done.stderr)


def main():
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    if lacking:
        print(f"left out: turn_plugin (no {', '.join(lacking)}: apt-get install coturn)")
        return
    with Coturn() as coturn:
        run_scenarios(Checks(), [(scenario, coturn) for scenario in (
            over_http, to_scripts, wrong_secret, expired, settings)])


if __name__ == "__main__":
    sys.exit(main())
