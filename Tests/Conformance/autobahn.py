#!/usr/bin/env python3
"""Autobahn's fuzzing client against the echo policy: RFC 6455 in some three hundred cases, and RFC 7692.

The cases are listed in autobahn.json and, for compression, in autobahn-deflate.json: of its 216 cases, which send a
thousand messages each, those with the smaller messages. `--all` runs them all, which takes half an hour.
The reports, one page per case, go to Tests/Conformance/reports. Autobahn's exit code is always 0, so index.json is what
counts. `--url ws://…` tests another server instead of the relay, which compresses if it can.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "Clients"))
from relay import ROOT, Checks, Relay  # noqa: E402 - its folder is known only now

INSTALL = os.path.join(ROOT, "Tests", "Installation", "autobahn_venv.sh")
WSTEST = os.path.join(ROOT, ".build", "venvs", "autobahn", "bin", "wstest")
REPORTS = os.path.join(HERE, "reports")
NO_PYTHON_2 = 3
RUN_SECONDS = 600
RUN_ALL_SECONDS = 7200
# Cases 9.* send up to 16 MiB and read the echo in their own time.
# Its cases have messages of megabytes in fragments of 64 bytes.
LIMITS = {"message_bytes": 64 << 20, "fragments_per_message": 0, "queued_bytes": 0}
# The suites, each with the cases that it is when it is whole and what the relay is to do.
SUITES = [("autobahn.json", None, {}),
          ("autobahn-deflate.json", ["12.*", "13.*"], {"deflate": True, "limits": {**LIMITS, "deflate_from_bytes": 0}})]
GOOD = {"OK", "NON-STRICT", "INFORMATIONAL"}


def run_suite(url, name, whole=None):
    """The verdicts by case; with `whole`, of these cases instead of those that the file lists."""
    reports = os.path.join(REPORTS, os.path.splitext(name)[0])
    shutil.rmtree(reports, ignore_errors=True)
    with open(os.path.join(HERE, name)) as file:
        spec = json.load(file)
    spec["cases"] = whole or spec["cases"]
    spec["outdir"] = reports
    spec["servers"] = [{"agent": "Lobbyist", "url": url}]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "spec.json")
        with open(path, "w") as file:
            json.dump(spec, file)
        run = subprocess.run([WSTEST, "-m", "fuzzingclient", "-s", path], cwd=folder, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                             timeout=RUN_ALL_SECONDS if whole else RUN_SECONDS)
    index = os.path.join(reports, "index.json")
    if not os.path.exists(index):
        raise RuntimeError(f"no report was written:\n{run.stdout[-3000:]}")
    with open(index) as file:
        return json.load(file)["Lobbyist"]


def judge(checks, cases):
    def order(name):
        return [int(part) for part in name.split(".")]

    counts = {}
    for name in sorted(cases, key=order):
        behaviour, closing = cases[name]["behavior"], cases[name]["behaviorClose"]
        counts[behaviour] = counts.get(behaviour, 0) + 1
        if behaviour in GOOD and closing in GOOD:
            checks.passed += 1
        else:
            checks.true(f"case {name}", False, "OK", f"{behaviour}, close {closing} "
                        f"(code {cases[name]['remoteCloseCode']}), see {cases[name]['reportfile']}")
    print("     " + ", ".join(f"{count} {behaviour}" for behaviour, count in sorted(counts.items())))


def main():
    parser = argparse.ArgumentParser(description="Run Autobahn's fuzzing client.")
    parser.add_argument("--url", help="a server that already runs; without it the relay is started")
    parser.add_argument("--all", action="store_true", help="every case with compressed messages (half an hour)")
    parser.add_argument("--suite", choices=[name for name, _, _ in SUITES], help="only this one")
    asked = parser.parse_args()
    install = subprocess.run([INSTALL], stdin=subprocess.DEVNULL)
    if install.returncode == NO_PYTHON_2:
        print("all left out: Autobahn (no Python 2.7)")
        return
    checks = Checks()
    if install.returncode != 0:
        checks.failure("Autobahn's installation", RuntimeError(f"exit code {install.returncode}"))
        checks.finish()
    for name, whole, options in SUITES:
        if asked.suite not in (None, name):
            continue
        try:
            with contextlib.ExitStack() as stack:
                url = asked.url or stack.enter_context(
                    Relay(script="examples/echo/echo.lua", **{"limits": LIMITS, **options})).url
                judge(checks, run_suite(url, name, whole if asked.all else None))
        except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
            checks.failure(f"the whole of {name}", error)
    checks.finish()


if __name__ == "__main__":
    main()
