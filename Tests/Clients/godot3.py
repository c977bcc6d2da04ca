#!/usr/bin/env python3
"""Godot 3's own WebSocket client against the relay: runs godot3/client.gd headless and judges by what it prints."""

import os
import shutil
import subprocess
import tempfile

from relay import ROOT, Checks, Relay, run_scenarios

ENGINE = os.environ.get("GODOT3", "godot3-server")
RUN_SECONDS = 60


def godot3(checks):
    with tempfile.TemporaryDirectory() as home, Relay(settings={"join_timeout": 20, "seal_timeout": 1}) as relay:
        # The engine writes under HOME and looks for a project in its working directory.
        run = subprocess.run(
            [ENGINE, "-s", os.path.join(ROOT, "Tests", "Clients", "godot3", "client.gd")], cwd=home,
            env={**os.environ, "HOME": home, "RELAY_URL": relay.url},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            timeout=RUN_SECONDS)
        lines = run.stdout.splitlines()
        checks.adopt(lines)
        checks.true("the Godot script ran to its end", "DONE" in lines, "DONE", run.stdout[-2000:])
        checks.true("without a script error", "SCRIPT ERROR" not in run.stdout, "none", run.stdout[-2000:])


if __name__ == "__main__":
    if shutil.which(ENGINE):
        run_scenarios(Checks(), [(godot3,)])
    else:
        print("left out: Godot 3 (no godot3-server)")
