#!/usr/bin/env python3
"""The conversations that the scripts ship with, spoken over real sockets: `lobbyist talk` against a running relay."""

import os
import re
import subprocess

from relay import BINARY, ROOT, Checks, Relay, run_scenarios

TALK_SECONDS = 120
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed", re.MULTILINE)


def talk(checks, script):
    """A script's own conversation, NAME.talk beside NAME.lua."""
    file = os.path.splitext(script)[0] + ".talk"
    with Relay(script=script) as relay:
        run = subprocess.run([BINARY, "talk", relay.url, file], cwd=ROOT, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                             timeout=TALK_SECONDS)
        print(run.stdout, end="")
        counts = COUNTS.findall(run.stdout)
        checks.equal(f"{file}: exit code", run.returncode, 0)
        checks.true(f"{file}: spoken live", counts and int(counts[-1][0]) > 0 and int(counts[-1][1]) == 0,
                    "N passed, 0 failed", run.stdout[-300:])
        if counts:
            checks.passed += int(counts[-1][0])
            checks.failed += int(counts[-1][1])


if __name__ == "__main__":
    run_scenarios(Checks(), [(talk, "scripts/godot.lua"), (talk, os.path.join("examples", "echo", "echo.lua"))])
