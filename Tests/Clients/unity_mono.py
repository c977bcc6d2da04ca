#!/usr/bin/env python3
"""examples/unity compiled and run by mono: rooms, signals, leaving, refusals, lost connections, a relay that restarts.

Its adapter is compiled against as much of Unity as it names. On the way there is a proxy that can cut connections.
"""

import contextlib
import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from proxy import Proxy
from relay import ROOT, Checks, Relay, run_scenarios, wait_until

PROGRAMS = ("mcs", "mono")
SOURCES = [os.path.join("examples", "unity"), os.path.join("Tests", "Clients", "unity_mono")]
SCRIPT = os.path.join("scripts", "unity.lua")
# Unity 2021 and later know C# 9, mono C# 7.
COMPILE = ["mcs", "-langversion:7", "-warn:4", "-warnaserror+", "-define:UNITY_5_3_OR_NEWER"]
COMPILE_SECONDS = 120
SCENARIO_SECONDS = 60
LEAVE_SECONDS = 10


def play(checks, program, url, scenario, orders=None):
    """Runs a scenario of the program, and does what it asks for on the way."""
    process = subprocess.Popen(["mono", program, url, scenario], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace")
    timer = threading.Timer(SCENARIO_SECONDS, process.kill)
    timer.start()
    lines = []
    try:
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("DO "):
                orders[line[3:].strip()]()
                process.stdin.write("done\n")
                process.stdin.flush()
    finally:
        code = process.wait()
        timer.cancel()
    checks.adopt(f"{line[:5]}{scenario}: {line[5:]}" for line in lines if line.startswith(("PASS ", "FAIL ")))
    others = [line for line in lines if not line.startswith(("PASS ", "FAIL ", "DO "))]
    checks.equal(f"{scenario}: ends well", (code, others), (0, []))
    checks.true(f"{scenario}: checks something", any(line.startswith("PASS ") for line in lines))


def straight(checks, program, scenario, errors=False, **relay):
    with Relay(script=SCRIPT, errors=errors, **relay) as started:
        play(checks, program, started.url, scenario)


def destroyed(checks, program):
    """Unity goes on when its components are destroyed, so the program waits until the relay has seen the end: mono may
    fall over its own timers when a program ends while a connection closes."""
    with Relay(script=SCRIPT) as relay:

        def left():
            checks.true("a destroyed adapter leaves the relay",
                        wait_until(lambda: relay.descriptors() == relay.descriptors_at_start, LEAVE_SECONDS))

        play(checks, program, relay.url, "adapter", {"left": left})


def through_proxy(checks, program):
    with Relay(script=SCRIPT) as relay, contextlib.closing(Proxy(relay.port)) as proxy:
        play(checks, program, proxy.url, "reconnect", {"cut": proxy.cut, "refuse": proxy.refuse})


def restarted(checks, program):
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(Relay(script=SCRIPT))

        def restart():
            first.stop()
            stack.enter_context(Relay(script=SCRIPT, listen=f"127.0.0.1:{first.port}"))

        play(checks, program, first.url, "restart", {"restart": restart})


def nobody_there(checks, program):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    play(checks, program, f"ws://127.0.0.1:{port}", "nobody_there")


def main():
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    if lacking:
        print(f"all left out: unity_mono (no {', '.join(lacking)}: apt-get install mono-mcs mono-runtime)")
        return
    sources = [path for folder in SOURCES for path in sorted(glob.glob(os.path.join(ROOT, folder, "*.cs")))]
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "Scenarios.exe")
        done = subprocess.run([*COMPILE, f"-out:{program}", *sources], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=COMPILE_SECONDS)
        if not checks.equal("it compiles without a warning", (done.returncode, done.stdout.strip()), (0, "")):
            checks.finish()
        scenarios = [
            (straight, program, name) for name in ("json", "rooms", "payloads", "leaving", "refusals")]
        run_scenarios(checks, [
            *scenarios,
            (destroyed, program),
            (with_targets, program),
            (short_rooms, program),
            (rate_limited, program),
            (through_proxy, program),
            (restarted, program),
            (nobody_there, program)])


def with_targets(checks, program):
    straight(checks, program, "mesh", settings={"targets": "true"})


def short_rooms(checks, program):
    straight(checks, program, "room_ends", settings={"room_timeout": 0.5})


def rate_limited(checks, program):
    straight(checks, program, "thrown_out", plugins=[os.path.join("plugins", "rate_limit.lua")],
             settings={"rate_limit.messages_per_second": 2, "rate_limit.burst_seconds": 2})


if __name__ == "__main__":
    sys.exit(main())
