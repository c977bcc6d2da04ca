#!/usr/bin/env python3
"""Runs every test runner of the project and adds up their counts. The last line is `N passed, N failed`.

A runner says `N passed, N failed` or Swift Testing's closing line; and `left out: WHAT (WHY)` for each part that this
system cannot run. Where it can run none of them the runner says `all left out: WHAT (WHY)` and no counts. One that
ends without counts otherwise, with a wrong exit code or not at all has failed.

Most runners wait more than they work, and run two at a time, each printed when it has ended; those that measure or load
the machine run alone. Many watch the clock, and machines pause. So a few that have failed run once more at the end, when nothing else
does; the second time counts, and what had failed at first is told (`unsteady: …`), as somebody should look at it. More
than a few have failed for a reason.
Names as arguments run those runners only: `run_all.py conversations hostile`.
"""

import glob
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PYTHON = os.path.join(ROOT, ".build", "venvs", "clients", "bin", "python")
LOBBYIST = os.environ.get("LOBBYIST", os.path.join(ROOT, ".build", "release", "lobbyist"))
CLIENTS = os.path.join("Tests", "Clients")

COUNTS = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed\b")
SWIFT_TESTING = re.compile(r"Test run with (\d+) tests?(?: in \d+ suites?)? (passed|failed) after")
SWIFT_TESTING_FAILURE = re.compile(r"^\S+\s+Test (?!run with |case )\S.* failed after")
LEFT_OUT = re.compile(r"^(all )?left out: (.+)")
# What `lobbyist test` says of a conversation.
CONVERSATION_LEFT_OUT = re.compile(r"^--  (.+) \(left out: (.+)\)$")
RUNNER_SECONDS = 900
# These measure times, or take all of the machine.
ALONE = {"unit tests", "reload_load", "hand_over", "turns", "static_files", "tls_abuse", "webrtc", "faults", "soak", "storm",
         "abuse", "tutorial", "autobahn"}
LANES = 2
SECOND_TRIES_MAX = 3
FAILURES_TOLD = 5
SWIFT_SECONDS = 2400


class Outcome:
    def __init__(self):
        self.passed, self.failed, self.reason = 0, 0, ""
        self.counted = self.all_left_out = False
        self.left_out = []
        self.swift_failures = 0
        # Lines that say what failed; and those of the time before.
        self.failures, self.unsteady = [], []

    def read(self, line):
        match = COUNTS.match(line)
        if match:
            # The last counts of a runner are its sum.
            self.passed, self.failed, self.counted = int(match.group(1)), int(match.group(2)), True
        if SWIFT_TESTING_FAILURE.match(line):
            self.swift_failures += 1
        if (line.startswith("FAIL ") or SWIFT_TESTING_FAILURE.match(line)) and len(self.failures) < FAILURES_TOLD:
            self.failures.append(line)
        match = SWIFT_TESTING.search(line)
        if match:
            total = int(match.group(1))
            self.failed = min(total, max(self.swift_failures, 1)) if match.group(2) == "failed" else 0
            self.passed, self.counted = total - self.failed, True
        match = LEFT_OUT.match(line)
        if match:
            self.all_left_out = self.all_left_out or bool(match.group(1))
            self.left_out.append(match.group(2))
        match = CONVERSATION_LEFT_OUT.match(line)
        if match:
            self.left_out.append(f"{match.group(1)} ({match.group(2)})")

    def settle(self, code):
        """Judges the runner by its exit code as well as by its counts."""
        if self.all_left_out and code == 0 and not self.counted:
            return
        if code is None:
            self.fail("did not end in time")
        elif code != 0 and self.failed == 0:
            self.fail(f"exit code {code}")
        elif not self.counted:
            self.fail("printed no counts")
        elif self.passed == 0 and self.failed == 0:
            self.fail("ran no test")

    def fail(self, reason):
        self.failed += 1
        self.reason = reason


def runners():
    """Name, command, seconds that it may take."""
    yield "unit tests", ["swift", "test", "--disable-xctest"], SWIFT_SECONDS
    paths = [path for path in ("scripts", "plugins", "examples", os.path.join("Tests", "Conversations"))
             if os.path.isdir(os.path.join(ROOT, path))]
    yield "conversations", [LOBBYIST, "test", *paths], RUNNER_SECONDS
    libraries = {"relay", "raw_socket", "godot_peer", "godot4_engine", "coturn", "network_namespace",
                 "mount_namespace", "proxy", "tls_support"}
    for path in sorted(glob.glob(os.path.join(ROOT, CLIENTS, "*.py"))):
        name = os.path.splitext(os.path.basename(path))[0]
        if name not in libraries:
            yield name, [PYTHON, "-u", path], RUNNER_SECONDS
    yield "browser demo", [PYTHON, "-u", os.path.join(CLIENTS, "browser", "demo.py")], RUNNER_SECONDS
    yield "dashboard", [PYTHON, "-u", os.path.join(CLIENTS, "browser", "dashboard.py")], RUNNER_SECONDS
    for name in ("godot_ws", "unity_ws", os.path.join("browser", "lobbyist")):
        yield name, ["node", os.path.join(CLIENTS, f"{name}.js")], RUNNER_SECONDS
    yield "faults", [PYTHON, "-u", os.path.join("Tests", "Faults", "faults.py")], RUNNER_SECONDS
    yield "soak", [PYTHON, "-u", os.path.join("Tests", "Soak", "soak.py")], RUNNER_SECONDS
    yield "storm", [PYTHON, "-u", os.path.join("Tests", "Soak", "storm.py")], RUNNER_SECONDS
    yield "abuse", [PYTHON, "-u", os.path.join("Tests", "Abuse", "abuse.py")], RUNNER_SECONDS
    yield "documentation", [PYTHON, "-u", os.path.join("Tests", "Documentation", "readme.py")], RUNNER_SECONDS
    yield "tutorial", [PYTHON, "-u", os.path.join("Tests", "Documentation", "tutorial.py")], RUNNER_SECONDS
    yield "editors", [PYTHON, "-u", os.path.join("Tests", "Documentation", "editors.py")], RUNNER_SECONDS
    yield "autobahn", [PYTHON, "-u", os.path.join("Tests", "Conformance", "autobahn.py")], RUNNER_SECONDS


def run(name, command, seconds, tell):
    """Tells what the runner prints as lines."""
    shown = [os.path.relpath(part, ROOT) if part.startswith(ROOT) else part for part in command]
    tell(f"\n== {name}: {' '.join(shown)}")
    outcome = Outcome()
    environment = {**os.environ, "NODE_PATH": "/usr/share/nodejs", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        # A session of its own: when it overstays, what it started ends with it.
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                   start_new_session=True)
    except OSError as error:
        tell(error)
        outcome.fail(f"did not start: {error.strerror}")
        return outcome
    overdue = threading.Event()

    def end():
        overdue.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(seconds, end)
    timer.start()
    for line in process.stdout:
        tell(line.rstrip("\n"))
        outcome.read(line.rstrip())
    code = process.wait()
    timer.cancel()
    outcome.settle(None if overdue.is_set() else code)
    return outcome


def summary(outcomes):
    print("\n== all runners")
    width = max(len(name) for name in outcomes)
    for name, (outcome, took) in outcomes.items():
        print(f"{name:{width}}  {outcome.passed:6} passed {outcome.failed:4} failed  {took:5.0f} s  {outcome.reason}"
              .rstrip())
    for name, (outcome, _) in outcomes.items():
        for what in outcome.left_out:
            print(f"left out: {name}: {what}")
        for what in outcome.unsteady:
            print(f"unsteady: {name}: {what}")


def timed(name, command, seconds, tell=lambda line: print(line, flush=True)):
    start = time.monotonic()
    return run(name, command, seconds, tell), time.monotonic() - start


def beside_others(name, command, seconds):
    lines = []
    answer = timed(name, command, seconds, lines.append)
    print("\n".join(map(str, lines)), flush=True)
    return answer


def main():
    wanted = set(sys.argv[1:])
    chosen = {name: rest for name, *rest in runners() if not wanted or name in wanted}
    if not chosen:
        sys.exit(f"no runner of that name; there are: {', '.join(name for name, _, _ in runners())}")
    outcomes = {name: timed(name, *rest) for name, rest in chosen.items() if name in ALONE}
    with ThreadPoolExecutor(LANES) as lanes:
        begun = {name: lanes.submit(beside_others, name, *rest) for name, rest in chosen.items() if name not in ALONE}
        outcomes |= {name: future.result() for name, future in begun.items()}
    failed = [name for name, (outcome, _) in outcomes.items() if outcome.failed]
    if len(failed) <= SECOND_TRIES_MAX:
        for name in failed:
            first, _ = outcomes[name]
            outcomes[name] = timed(name, *chosen[name])
            outcomes[name][0].unsteady = [*first.failures, first.reason or f"{first.failed} failed"]
    summary(outcomes)
    passed = sum(outcome.passed for outcome, _ in outcomes.values())
    failed = sum(outcome.failed for outcome, _ in outcomes.values())
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
