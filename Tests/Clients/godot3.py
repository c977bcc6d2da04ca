#!/usr/bin/env python3
"""Godot 3's own WebSocket client against the relay: runs godot3/client.gd headless and judges by what it prints."""

import os
import shutil
import subprocess
import tempfile
import time

from relay import ROOT, Checks, Relay, run_scenarios

ENGINE = os.environ.get("GODOT3", "godot3-server")
CLIENT = os.path.join(ROOT, "Tests", "Clients", "godot3", "client.gd")
RUN_SECONDS = 90
OPTIONS = {"settings": {"join_timeout": 20, "seal_timeout": 1, "capacity.peers_per_lobby": 3},
           "plugins": [os.path.join("plugins", "capacity.lua")]}


def serve(checks, process, relay, home):
    """Kills the relay and starts another one in its place as often as the script asks for that."""
    wish = os.path.join(home, "RESTART")
    end = time.monotonic() + RUN_SECONDS
    try:
        while process.poll() is None and time.monotonic() < end:
            if os.path.exists(wish):
                os.remove(wish)
                relay.kill()
                relay = Relay(listen=f"{relay.host}:{relay.port}", **OPTIONS).__enter__()
            time.sleep(0.02)
    finally:
        code = relay.stop()
    checks.equal("the relay ended in order and without an error", (code, relay.logged(" error ")), (0, []))


def godot3(checks):
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile("w+") as output:
        relay = Relay(**OPTIONS).__enter__()
        # The engine writes under HOME and looks for a project in its working directory.
        process = subprocess.Popen(
            [ENGINE, "-s", CLIENT], cwd=home, env={**os.environ, "HOME": home, "RELAY_URL": relay.url},
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        try:
            serve(checks, process, relay, home)
        finally:
            process.kill()
            process.wait()
        output.seek(0)
        printed = output.read()
        lines = printed.splitlines()
        checks.adopt(lines)
        checks.true("the Godot script ran to its end", "DONE" in lines, "DONE", printed[-2000:])
        checks.true("without a script error", "SCRIPT ERROR" not in printed, "none", printed[-2000:])


if __name__ == "__main__":
    if shutil.which(ENGINE):
        run_scenarios(Checks(), [(godot3,)])
    else:
        print("all left out: Godot 3 (no godot3-server)")
