#!/usr/bin/env python3
"""The plugin `turn` against coturn: what it gives out opens allocations; expired or tampered with it does not."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request

from websockets.sync.client import connect

from coturn import HOST, SECRET, Coturn, lacking_programs
from relay import BINARY, ROOT, Checks, Relay, run_scenarios

PLUGIN = os.path.join("plugins", "turn.lua")
GREETING = os.path.join("examples", "ice_servers", "ice_servers.lua")


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
    lacking = lacking_programs()
    if lacking:
        print(f"all left out: turn_plugin (no {', '.join(lacking)}: apt-get install coturn)")
        return
    with Coturn() as coturn:
        run_scenarios(Checks(), [(scenario, coturn) for scenario in (
            over_http, to_scripts, wrong_secret, expired, settings)])


if __name__ == "__main__":
    sys.exit(main())
