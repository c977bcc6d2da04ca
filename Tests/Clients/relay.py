"""The relay under test: started on a free port, watched, stopped; and the checks that the programs print.

The binary is `.build/release/lobbyist`, or what the environment variable LOBBYIST names.
"""

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import traceback
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("LOBBYIST", os.path.join(ROOT, ".build", "release", "lobbyist"))
ADMIN = re.compile(r"admin on https?://(\S+)/status")
LISTENING = re.compile(r"listening on (wss?://(\[[0-9a-fA-F:]+\]|[0-9.]+):(\d+))")

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ")
START_SECONDS = 10
ASK_SECONDS = 20
STOP_SECONDS = 10

# The relay limits that these programs lower, by their names on the command line.
PING_LIMIT = "ping_milliseconds"
HANDSHAKE_LIMIT = "handshake_milliseconds"


def free_port():
    """A port that neither UDP nor TCP uses here."""
    while True:
        with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            stream.bind(("127.0.0.1", 0))
            port = stream.getsockname()[1]
            with contextlib.suppress(OSError):
                datagram.bind(("127.0.0.1", port))
                return port


def long_turns_of(admin):
    """Turns of a relay's loop, by its admin listener, that were ended before everything was done."""
    with urllib.request.urlopen(f"http://{admin}/metrics", timeout=10) as answer:
        return int(re.search(r"^lobbyist_loop_long_turns_total (\d+)", answer.read().decode(), re.MULTILINE).group(1))


class Relay:
    """One relay process. `with Relay(settings={"join_timeout": 0.3}) as relay: … relay.url …`"""

    def __init__(self, script="scripts/godot.lua", settings=None, limits=None, listen="127.0.0.1:0", errors=False,
                 plugins=(), config=None, admin=None, demo=False, static=None, deflate=False, options=(),
                 certificates=()):
        """`errors`: the log may hold errors; where it may not, one of them fails the scenario at its end.
        With `config`, a file, the script and where to listen are said there; with `demo`, the script."""
        self.errors = errors
        self.command = [BINARY, "serve"]
        if config:
            self.command += ["--config", config]
        else:
            self.command += ["--listen", listen] + (["--demo"] if demo else ["--script", script])
        for plugin in plugins:
            self.command += ["--plugin", plugin]
        if static:
            self.command += ["--static", static]
        if deflate:
            self.command += ["--deflate"]
        if admin:
            self.command += ["--admin", admin]
        for certificate in certificates:
            self.command += ["--certificate", certificate]
        self.command += options
        for name, value in (settings or {}).items():
            self.command += ["--set", f"{name}={value}"]
        # A hook's time goes on while a busy machine does something else.
        patient = {} if config else {"hook_milliseconds": 2000}
        for name, value in {**patient, **(limits or {})}.items():
            self.command += ["--limit", f"{name}={value}"]
        self.lines = []
        self.listening = threading.Event()
        self.url = None
        self.host = None
        self.port = None

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace")
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()
        self.listening.wait(START_SECONDS)
        if self.url is None:
            self.process.kill()
            self.process.wait()
            self.reader.join(1)
            raise RuntimeError(f"{' '.join(self.command)} never said that it listens:\n{self.log()}")
        self.descriptors_at_start = self.descriptors()
        return self

    def __exit__(self, kind, value, trace):
        code = self.stop()
        if kind is None and code != 0:
            raise RuntimeError(f"the relay ended with exit code {code}:\n{self.log()}")
        if kind is None and not self.errors and self.logged(" error "):
            raise RuntimeError(f"the relay logged an error:\n{self.logged(' error ')[0]}")
        if kind is not None:
            print(f"the relay's log:\n{self.log()}")

    def _read_log(self):
        for line in self.process.stdout:
            self.lines.append(line)
            match = LISTENING.search(line)
            if match and self.url is None:
                self.url, self.host, self.port = match.group(1), match.group(2).strip("[]"), int(match.group(3))
                self.listening.set()
        self.listening.set()

    def stop(self):
        """Ends the relay as an operator would, with SIGTERM. Answers its exit code; kills one that stays."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reader.join(1)
        return self.process.returncode

    def kill(self):
        """Ends the relay as a crash would."""
        self.process.kill()
        self.process.wait()
        self.reader.join(1)

    def log(self):
        """The last lines of what the relay printed."""
        return "".join(self.lines[-40:])

    def logged(self, text):
        """The log's lines that contain this, continuation lines left out."""
        return [line for line in self.lines if text in line and STAMP.match(line)]

    def admin_address(self):
        """Where the admin listener is, which the relay names behind the others."""
        if not wait_until(lambda: ADMIN.search("".join(self.lines)), START_SECONDS):
            raise RuntimeError(f"the relay names no admin listener:\n{self.log()}")
        return ADMIN.search("".join(self.lines)).group(1)

    def ask(self, method, path):
        """What the admin listener answers: the status and the JSON."""
        connection = http.client.HTTPConnection(self.admin_address(), timeout=ASK_SECONDS)
        try:
            connection.request(method, path, headers={"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def alive(self):
        return self.process.poll() is None

    def resident_kib(self):
        """What the relay occupies in memory now (VmRSS)."""
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class Checks:
    """Prints a line per check and, at the end, the counts."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def equal(self, name, got, expected):
        return self._note(name, got == expected, expected, got)

    def true(self, name, condition, expected="true", got="false"):
        return self._note(name, bool(condition), expected, got)

    def matches(self, name, got, pattern):
        return self._note(name, isinstance(got, str) and re.fullmatch(pattern, got, re.DOTALL), pattern, got)

    def failure(self, name, error):
        self._note(name, False, "no error", f"{type(error).__name__}: {error}")

    def _note(self, name, condition, expected, got):
        if condition:
            self.passed += 1
            print(f"ok   {name}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL {name}: expected {brief(expected)} got {brief(got)}", flush=True)
        return bool(condition)

    def adopt(self, lines):
        """Counts the PASS and FAIL lines of a program in another language."""
        for line in lines:
            if line.startswith("PASS "):
                self._note(line[5:], True, "", "")
            elif line.startswith("FAIL "):
                self.failed += 1
                print(line, flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed or not self.passed else 0)


def brief(value):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 300 else f"{text[:200]}… ({len(text)} characters)"


def run_scenarios(checks, scenarios):
    """Runs functions one after the other; one that throws is a failed check and the rest go on."""
    for scenario, *arguments in scenarios:
        name = " ".join([scenario.__name__, *(str(argument) for argument in arguments)])
        try:
            scenario(checks, *arguments)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is this scenario's failure
            traceback.print_exc()
            checks.failure(name, error)
    checks.finish()


def wait_until(condition, seconds):
    """Asks again and again until `condition()` holds. False: it did not within that time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
