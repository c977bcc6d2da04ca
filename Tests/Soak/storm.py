#!/usr/bin/env python3
"""The soak in a storm: five protocols against their models, while scripts are saved, broken and deployed, and others
vanish, flood and send nonsense. `make soak SANITIZER=address` has a relay endure it that was built with a sanitizer.

    storm.py [SECONDS] [--seed SEED] [--sanitizer address|thread]
"""

import argparse
import asyncio
import os
import random
import re
import shutil
import subprocess
import tempfile

import live
from generate import SCRIPTS
from live import Failure, SoakRelay, soak
from relay import BINARY, ROOT, Checks, wait_until
from trouble import FOOLISH, OPERATED, POLICY, Trouble

SECONDS = 15
# LeakSanitizer looks once more when the relay ends, and that has to be waited for.
OPTIONS = {"address": ("ASAN_OPTIONS", "detect_leaks=1:detect_stack_use_after_return=1"),
           "thread": ("TSAN_OPTIONS", "halt_on_error=0:second_deadlock_stack=1")}
REPORT = re.compile(r"Sanitizer|runtime error:|Fatal error|crashed")
# How many play each protocol, how long they wait for what they are to hear, and the pause between two troubles; a relay
# with a sanitizer is ten times as slow.
PLAYERS, WAIT_SECONDS, PAUSE_SECONDS = 100, 10, 0.01
PLAYERS_SANITIZED, WAIT_SECONDS_SANITIZED, PAUSE_SECONDS_SANITIZED = 30, 60, 0.05
# A sanitizer makes everything slower, and hooks have a budget of time.
LIMITS = ("limits { hook_milliseconds = 2000, load_milliseconds = 20000, queued_bytes = 262144, connections = 2000, "
          "close_milliseconds = 500, deflate_from_bytes = 20 }")


def prepare(folder):
    """The scripts that will be changed, and what the configuration says of them."""
    scripts = os.path.join(folder, "scripts")
    shutil.copytree(os.path.join(ROOT, SCRIPTS), scripts)
    with open(os.path.join(folder, "operated.lua"), "w", encoding="utf-8") as file:
        file.write(POLICY.format(name="first"))
    foolish = os.path.join(ROOT, "Tests", "Clients", "limits", "commands.lua")
    more = [LIMITS, 'admin "127.0.0.1:0"', 'deployments "store"',
            f'mount "{OPERATED}" {{ script = "operated.lua", deflate = true }}',
            f'mount "{FOOLISH}" {{ script = "{foolish}" }}']
    return scripts, more


def sanitized(sanitizer):
    """Whether the relay really has that sanitizer: asked for help, it answers."""
    name, _ = OPTIONS[sanitizer]
    run = subprocess.run([BINARY, "--version"], env={**os.environ, name: "help=1"}, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, errors="replace", timeout=60)
    return f"Available flags for {sanitizer.capitalize()}Sanitizer" in run.stdout


def storm(checks, folder, seed, seconds, sanitizer):
    scripts, more = prepare(folder)
    live.WAIT_SECONDS = WAIT_SECONDS_SANITIZED if sanitizer else WAIT_SECONDS
    players, pause = (PLAYERS_SANITIZED, PAUSE_SECONDS_SANITIZED) if sanitizer else (PLAYERS, PAUSE_SECONDS)
    relay = SoakRelay(folder, scripts, more, errors=True)
    with relay:
        with Trouble(relay, relay.admin_address(), scripts, seed, pause) as trouble:
            try:
                counts = asyncio.run(soak(relay.urls(), seed, seconds, players))
            except Failure as failure:
                counts = {}
                checks.failure(f"seed {seed}: the models and the relay agree", failure)
        for name, count in counts.items():
            checks.true(f"{name}: {count} things were done, and everybody heard what the model says", count > 0)
        print("     " + ", ".join(f"{name} {count}" for name, count in sorted(trouble.done.items())), flush=True)
        checks.equal("the relay lives through all of it", trouble.problems, [])
        start = relay.descriptors_at_start
        checks.true("every descriptor comes back", wait_until(lambda: relay.descriptors() <= start, 10), start,
                    relay.descriptors())
    reports = [line.strip() for line in relay.lines if REPORT.search(line)]
    checks.equal("no sanitizer reports anything", reports, [])
    if reports:
        first = next(number for number, line in enumerate(relay.lines) if REPORT.search(line))
        print("".join(relay.lines[max(0, first - 5):first + 200]), flush=True)


def main():
    parser = argparse.ArgumentParser(description="A soak of five protocols in a storm.")
    parser.add_argument("seconds", nargs="?", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--sanitizer", choices=OPTIONS)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    checks = Checks()
    if arguments.sanitizer:
        name, value = OPTIONS[arguments.sanitizer]
        checks.true(f"the relay has the {arguments.sanitizer} sanitizer", sanitized(arguments.sanitizer))
        os.environ[name] = value
    with tempfile.TemporaryDirectory() as folder:
        storm(checks, folder, arguments.seed, arguments.seconds, arguments.sanitizer)
    checks.finish()


if __name__ == "__main__":
    main()
