"""Real Godot 4 engines, headless, each of which does what a test tells it to (godot4/puppet.gd).

`with project() as folder, Engine(folder) as ana: ana.make(CLIENT, url=relay.url); ana.call("create"); ana.hear()`
"""

import contextlib
import json
import os
import queue
import re
import shutil
import socket
import subprocess
import tempfile
import threading

from relay import ROOT

GODOT = os.path.join(ROOT, ".build", "godot4", "godot")
EXAMPLE = os.path.join(ROOT, "examples", "godot")
INSTALL = os.path.join(ROOT, "Tests", "Installation", "godot4.sh")
CANNOT_BE_HAD = 3
CLIENT = "res://addons/lobbyist/lobby_client.gd"
TEST_SCRIPTS = os.path.join(ROOT, "Tests", "Clients", "godot4")
START_SECONDS = 30
IMPORT_SECONDS = 120
WAIT_SECONDS = 10
QUIET_SECONDS = 0.3
STOP_SECONDS = 10
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# The engine's exit code is 0 whatever went wrong: it is what it prints that counts.
COMPLAINT = re.compile(r"^\s*(?:[A-Z]+ )?(?:ERROR|WARNING): .*|.*\b(?:Parse Error|leaked)\b.*")


def with_engine(run):
    """Runs the tests where the engine can be had; says why not where it cannot."""
    install = subprocess.run([INSTALL], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True)
    print(install.stdout, end="", flush=True)
    if install.returncode == CANNOT_BE_HAD:
        print(f"all left out: Godot 4 ({install.stdout.splitlines()[-1]})")
    elif install.returncode != 0:
        raise SystemExit(f"{INSTALL} ended with exit code {install.returncode}")
    else:
        run()


def complaints(output):
    lines = COLOURS.sub("", output).splitlines()
    return [line.strip() for line in lines if COMPLAINT.match(line)]


def environment(home):
    """The engine keeps settings and caches in the home folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return {**kept, "HOME": home}


def run_engine(home, *arguments, seconds=IMPORT_SECONDS):
    """Runs the engine to its end; answers what it printed."""
    run = subprocess.run([GODOT, "--headless", *arguments], cwd=home, env=environment(home), stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                         timeout=seconds)
    return run.stdout


@contextlib.contextmanager
def project():
    """The example and the scripts of the tests in a folder of their own, known to the engine."""
    with tempfile.TemporaryDirectory() as home:
        folder = os.path.join(home, "project")
        shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".godot"))
        shutil.copytree(TEST_SCRIPTS, os.path.join(folder, "test"))
        # Finds the scripts' class names.
        said = complaints(run_engine(home, "--path", folder, "--import"))
        if said:
            raise RuntimeError("the project cannot be imported:\n" + "\n".join(said))
        yield folder


class Engine:
    """One running engine."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.answers, self.signals = queue.Queue(), queue.Queue()
        self.complained = 0

    def __enter__(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(START_SECONDS)
            home = os.path.dirname(self.folder)
            self.output = tempfile.TemporaryFile("w+")
            self.process = subprocess.Popen(
                [GODOT, "--headless", "--path", self.folder, "--script", "res://test/puppet.gd", "--",
                 str(server.getsockname()[1])],
                cwd=home, env=environment(home), stdin=subprocess.DEVNULL, stdout=self.output,
                stderr=subprocess.STDOUT)
            try:
                self.control, _ = server.accept()
            except OSError:
                self._end()
                raise RuntimeError(f"{self.name} did not start:\n{self.printed()[-2000:]}") from None
        self.control.settimeout(None)
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, kind, value, trace):
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)
        self.control.close()
        self._end()
        if kind not in (None, SystemExit):
            print(f"{self.name} printed:\n{self.printed()[-2000:]}")

    def __str__(self):
        return self.name

    def _end(self):
        try:
            self.process.wait(STOP_SECONDS if hasattr(self, "control") else 0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _listen(self):
        with contextlib.suppress(OSError), self.control.makefile("r", encoding="utf-8") as lines:
            for line in lines:
                message = json.loads(line)
                if "signal" in message:
                    self.signals.put([message["signal"], *message["args"]])
                else:
                    self.answers.put(message["answer"])

    def printed(self):
        self.output.seek(0)
        return self.output.read()

    def complaints(self):
        """The errors and warnings that it has printed since the last time."""
        said = complaints(self.printed())
        new, self.complained = said[self.complained:], len(said)
        return new

    def _order(self, do, **order):
        self.control.sendall((json.dumps({"do": do, **order}) + "\n").encode())
        try:
            return self.answers.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            raise RuntimeError(f"{self.name} does not answer {do} {order}:\n{self.printed()[-2000:]}") from None

    def make(self, path, **properties):
        """Makes an object of a script, or a scene, and forgets the one before and its signals."""
        self._order("make", path=path, **{"with": properties})
        while not self.signals.empty():
            self.signals.get()

    def call(self, method, *arguments, **of):
        return self._order("call", method=method, args=arguments, **of)

    def get(self, property, **of):
        return self._order("get", property=property, **of)

    def set(self, property, value, **of):
        return self._order("set", property=property, value=value, **of)

    def click(self, node):
        return self._order("click", node=node)

    def hold(self, action):
        return self._order("hold", action=action)

    def enet(self, port, serves):
        """Multiplayer over Godot's own UDP protocol, which needs no extension. Answers an error code, 0 for none."""
        return self._order("enet", port=port, serves=serves)

    def disconnect(self):
        return self._order("disconnect")

    def hear(self, seconds=WAIT_SECONDS):
        """The next signal: its name and its arguments."""
        try:
            return self.signals.get(timeout=seconds)
        except queue.Empty:
            return ["nothing"]

    def hear_closed(self, seconds=WAIT_SECONDS):
        """The kind, code and reason of the next signal, which is to be `closed`."""
        heard = self.hear(seconds)
        if heard[0] != "closed":
            return heard
        error = heard[1]
        return [error["kind"], error["code"], error["reason"]]

    def hears_nothing(self):
        return self.hear(QUIET_SECONDS) == ["nothing"]
