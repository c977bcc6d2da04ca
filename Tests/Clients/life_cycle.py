#!/usr/bin/env python3
"""How a relay goes, waiting for lobbies to finish, and what it tells whoever has started it (systemd's protocols)."""

import contextlib
import fcntl
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

from raw_socket import CLOSE, TEXT, RawSocket, frame
from relay import BINARY, ROOT, Checks, Relay, free_port, run_scenarios, wait_until

POLICY = os.path.join("Tests", "Clients", "life_cycle", "policy.lua")
GRACE_SECONDS = 5
ACTIVATE = shutil.which("systemd-socket-activate")


class Served:
    """A relay with an admin listener, and what one asks there."""

    def __init__(self, limits=None, script=POLICY, **more):
        self.admin = f"127.0.0.1:{free_port()}"
        self.relay = Relay(script=script, limits=limits, admin=self.admin, **more)

    def __enter__(self):
        self.relay.__enter__()
        return self

    def __exit__(self, *error):
        self.relay.__exit__(*error)

    def ask(self, method, path, value=None):
        """Status and text of the answer; 0 when nobody answers."""
        body = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(f"http://{self.admin}{path}", body, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def drain(self, seconds=None):
        return self.ask("POST", "/drain", {} if seconds is None else {"seconds": seconds})

    def command(self, *words):
        run = subprocess.run([BINARY, *words, "--admin", self.admin], cwd=ROOT, capture_output=True, text=True,
                             timeout=20)
        return run.returncode, run.stdout + run.stderr

    def ends(self, seconds):
        """The exit code; None when it does not end within the time."""
        try:
            return self.relay.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def connected(relay, lobby=None):
    raw = RawSocket(relay)
    raw.upgrade()
    if lobby:
        say(raw, f"join {lobby}")
        raw.receive_text()
    return raw


def say(raw, text):
    raw.send(frame(TEXT, text.encode()))


def close(raw):
    raw.send(frame(CLOSE, (1000).to_bytes(2, "big")))


def refuses(relay):
    """Whether nobody listens there any longer."""
    try:
        with RawSocket(relay):
            return False
    except ConnectionRefusedError:
        return True


# MARK: Drain

def drained(checks, how):
    """Lobbies finish; everybody else is let go; the relay ends when the last one has left."""
    with Served({"drain_milliseconds": 30_000} if how == "SIGTERM" else None) as served:
        relay = served.relay
        ana, bob = connected(relay, "den"), connected(relay, "den")
        idle = connected(relay)
        checks.equal(f"{how}: ready before", served.ask("GET", "/readyz"), (200, "ready\n"))
        start = time.monotonic()
        if how == "SIGTERM":
            relay.process.terminate()
        elif how == "POST /drain":
            status, text = served.drain(30)
            checks.equal(f"{how}: answer", (status, json.loads(text)), (200, {"seconds": 30, "connections": 3}))
        else:
            code, text = served.command("drain", "--seconds", "30")
            checks.equal(f"{how}: exit code", code, 0)
            checks.equal(f"{how}: says", text, "draining for 30 s at the most: 3 connections are left\n")
        checks.equal(f"{how}: scripts are told", (ana.receive_text(), bob.receive_text()), (b"drain 30", b"drain 30"))
        checks.equal(f"{how}: not ready", served.ask("GET", "/readyz"), (503, "draining\n"))
        checks.equal(f"{how}: it lives", served.ask("GET", "/healthz")[0], 200)
        checks.true(f"{how}: nobody new is let in", refuses(relay))
        say(ana, "still here")
        checks.equal(f"{how}: the lobby goes on", (ana.receive_text(), bob.receive_text()), (b"still here",) * 2)
        checks.equal(f"{how}: who is in no lobby is closed", (idle.close_code(), time.monotonic() - start < 4),
                     (1001, True))
        close(idle)
        say(bob, "leave")
        checks.equal(f"{how}: so is who leaves one", bob.close_code(), 1001)
        close(bob)
        checks.equal(f"{how}: it waits for the others", served.ends(0.5), None)
        close(ana)
        checks.equal(f"{how}: it ends when everybody has left", served.ends(GRACE_SECONDS), 0)
        checks.true(f"{how}: the log says so", relay.logged("drained: nobody is left"))
        for raw in (ana, bob, idle):
            raw.close()


def overdue(checks):
    """Whoever is left when the time is over is closed."""
    with Served() as served:
        ana = connected(served.relay, "den")
        half = RawSocket(served.relay)
        # Those two, and the one that asks.
        wait_until(lambda: json.loads(served.ask("GET", "/status")[1])["connections"] == 3, 5)
        start = time.monotonic()
        checks.equal("an end in 1 s", served.drain(1)[0], 200)
        checks.equal("scripts are told", ana.receive_text(), b"drain 1")
        checks.equal("who is late is closed", ana.close_code(), 1001)
        checks.true("not before the time is over", 0.9 < time.monotonic() - start < 3, "1 s",
                    f"{time.monotonic() - start:.2f} s")
        close(ana)
        checks.equal("and the relay ends", served.ends(GRACE_SECONDS), 0)
        told = "the time for draining is over: 2 connections are left"
        checks.true("the log says how many", wait_until(lambda: served.relay.logged(told), 2))
        ana.close()
        half.close()


def changed_mind(checks):
    """A drain takes another time; none is a shutdown."""
    with Served() as served:
        ana = connected(served.relay, "den")
        served.drain(600)
        checks.equal("first", ana.receive_text(), b"drain 600")
        checks.equal("another time", json.loads(served.drain(300)[1])["seconds"], 300)
        checks.equal("scripts are told again", ana.receive_text(), b"drain 300")
        checks.equal("no hand-over while it drains", served.ask("POST", "/upgrade", {})[0], 409)
        checks.equal("no reload", served.ask("POST", "/reload")[0], 409)
        code, text = served.command("reload")
        checks.true("which is said", code == 1 and "the relay is about to end" in text, "the reason", text)
        served.relay.process.send_signal(signal.SIGTERM)
        checks.equal("a signal ends a drain", ana.close_code(), 1001)
        close(ana)
        checks.equal("with exit code 0", served.ends(GRACE_SECONDS), 0)
        ana.close()
    with Served() as served:
        ana = connected(served.relay, "den")
        checks.equal("no time at all", json.loads(served.drain(0)[1])["seconds"], 0)
        checks.equal("is a shutdown", ana.close_code(), 1001)
        served.relay.process.send_signal(signal.SIGTERM)
        checks.equal("that a signal ends at once", served.ends(1), 0)
        ana.close()


def refused(checks):
    with Served() as served:
        for value in ({"seconds": -1}, {"seconds": 1.5}, {"seconds": "60"}, {"seconds": 604_801}):
            checks.equal(f"POST /drain {value}", served.ask("POST", "/drain", value)[0], 422)
        for value in ({"second": 1}, [], {"seconds": 1, "more": 2}):
            checks.equal(f"POST /drain {value}", served.ask("POST", "/drain", value)[0], 400)
        checks.equal("GET /drain", served.ask("GET", "/drain")[0], 405)
        checks.equal("it is ready all the same", served.ask("GET", "/readyz")[0], 200)
        for words in (["drain", "--seconds", "x"], ["drain", "now"], ["upgrade", "--wait"]):
            checks.equal(f"{' '.join(words)}: exit code", served.command(*words)[0], 2)


class Restarted(http.server.BaseHTTPRequestHandler):
    """A relay that drains, and another one in its place as soon as somebody looks."""

    def tell(self, value):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.tell({"seconds": 60, "connections": 1})

    def do_GET(self):
        self.tell({"readiness": "ready", "connections": 1})

    def log_message(self, *_):
        pass


def waited_for(checks):
    """`lobbyist drain --wait` comes back when the relay has ended, and has a minute without --seconds."""
    with Served() as served:
        ana = connected(served.relay, "den")
        threading.Timer(1.2, close, [ana]).start()
        code, text = served.command("drain", "--wait")
        checks.equal("drain --wait: exit code", code, 0)
        checks.matches("drain --wait: tells", text,
                       "draining for 60 s at the most: 1 connections are left\n(.*\n)*the relay has ended\n")
        checks.equal("drain --wait: it has", served.ends(1), 0)
        ana.close()
    code, text = served.command("drain")
    checks.equal("nobody to drain", (code, "Connection refused" in text), (1, True))
    host, _, port = served.admin.partition(":")
    with http.server.HTTPServer((host, int(port)), Restarted) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        code, text = served.command("drain", "--wait")
        checks.equal("one that is started anew is not waited for", (code, "the relay has ended" in text), (0, True))
        server.shutdown()


# MARK: The service manager

class Manager:
    """Whoever listens at NOTIFY_SOCKET."""

    def __init__(self, folder=None):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.name = os.path.join(folder, "notify") if folder else f"@lobbyist-test-{os.getpid()}"
        self.socket.bind(self.name if folder else "\0" + self.name[1:])
        self.heard = []

    def hear(self, seconds=5):
        """The next message as a dictionary; nothing in it when none comes."""
        self.socket.settimeout(seconds)
        try:
            lines = self.socket.recv(4096).decode().split("\n")
        except TimeoutError:
            return {}
        return dict(line.split("=", 1) for line in lines)


@contextlib.contextmanager
def environment(**values):
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def notified(checks):
    for abstract in (False, True):
        name = "abstract" if abstract else "path"
        with tempfile.TemporaryDirectory() as folder:
            manager = Manager(None if abstract else folder)
            with environment(NOTIFY_SOCKET=manager.name), Served() as served:
                ready = manager.hear()
                checks.equal(f"{name}: ready", ready.get("READY"), "1")
                checks.true(f"{name}: and where", f"ws://127.0.0.1:{served.relay.port}" in ready.get("STATUS", ""))
                if abstract:
                    continue
                before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
                served.relay.process.send_signal(signal.SIGHUP)
                reloading = manager.hear()
                checks.equal("SIGHUP: reloading", reloading.get("RELOADING"), "1")
                moment = int(reloading.get("MONOTONIC_USEC", 0))
                checks.true("with the moment", before < moment < before + 5_000_000, before, moment)
                checks.equal("and ready again", manager.hear(), {"READY": "1"})
                ana = connected(served.relay, "den")
                served.drain(600)
                draining = manager.hear()
                checks.equal("a drain is told", (draining.get("STOPPING"), draining.get("STATUS")),
                             ("1", "draining: 1 connections are left"))
                checks.equal("with the time that it needs", draining.get("EXTEND_TIMEOUT_USEC"), "605000000")
                ana.close()
            checks.equal(f"{name}: stopping", manager.hear().get("STOPPING"), "1")
            checks.equal(f"{name}: nothing more", manager.hear(0.1), {})
            manager.socket.close()


def watched(checks):
    """The watchdog hears of a loop that turns, in half of the time that it grants, and nothing of one that does not."""
    with tempfile.TemporaryDirectory() as folder:
        manager = Manager(folder)
        endless = {"hook_instructions": 0, "hook_milliseconds": 0}
        with environment(NOTIFY_SOCKET=manager.name, WATCHDOG_USEC="600000"), Served(endless) as served:
            manager.hear()
            start = time.monotonic()
            beats = [manager.hear() for _ in range(5)]
            took = time.monotonic() - start
            checks.equal("watchdog", beats, [{"WATCHDOG": "1"}] * 5)
            checks.true("in half of its time", 1.1 < took < 2.4, "4 times 0.3 s", f"{took:.2f} s")
            ana = connected(served.relay)
            say(ana, "spin")
            while manager.hear(0.1):
                pass
            checks.equal("a loop that is stuck is silent", manager.hear(1), {})
            served.relay.kill()
            ana.close()
            served.relay.process.returncode = 0
        with environment(NOTIFY_SOCKET=manager.name, WATCHDOG_USEC="200000", WATCHDOG_PID="1"), Served():
            manager.hear()
            checks.equal("a watchdog of another process hears nothing", manager.hear(0.5), {})
        manager.socket.close()
    with environment(NOTIFY_SOCKET="nonsense", WATCHDOG_USEC="200000"), Served() as served:
        checks.true("an address that is none is no matter", served.relay.alive())


# MARK: Socket activation

def listening(port=0, host="127.0.0.1"):
    found = socket.create_server((host, port), backlog=64)
    return found, found.getsockname()[1]


def activate(sockets, words, variables):
    """Starts the relay with these sockets from descriptor 3 on, as systemd would; LISTEN_PID may be given."""
    numbers = [each.fileno() for each in sockets]
    moves = "".join(f" {3 + place}<&{number} {number}<&-" for place, number in enumerate(numbers))
    given = {"LISTEN_FDS": str(len(sockets)), **variables}
    script = ("" if "LISTEN_PID" in given else "export LISTEN_PID=$$; ") + f'exec "$@"{moves}'
    return subprocess.Popen(["bash", "-c", script, "bash", BINARY, "serve", "--script", POLICY, *words], cwd=ROOT,
                            pass_fds=numbers, env={**os.environ, **given}, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class Place:
    """Where a relay is that is not a Relay."""

    def __init__(self, port, host="127.0.0.1"):
        self.host, self.port = host, port


def told(process, seconds=5):
    """What it prints until it is ended."""
    try:
        text, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        text, _ = process.communicate()
    return text


def moved_up(sockets):
    """The same with numbers that are not in the way of 3 and those behind it."""
    moved = []
    for each in sockets:
        moved.append(socket.socket(fileno=fcntl.fcntl(each.fileno(), fcntl.F_DUPFD_CLOEXEC, 20)))
        each.close()
    return moved


def activated(checks):
    """Sockets are matched by where they are bound, one that is called admin is the operator's."""
    (front, port), (admin, admin_port), (spare, spare_port) = listening(), listening(), listening()
    sockets = moved_up([front, admin, spare])
    process = activate(sockets, ["--listen", f"127.0.0.1:{port}"], {"LISTEN_FDNAMES": "web:admin:spare"})
    for each in sockets:
        each.close()
    ana = connected(Place(port))
    say(ana, "hello")
    checks.equal("served over a socket that was given", ana.receive_text(), b"hello")
    with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/readyz") as answer:
        checks.equal("the one called admin is the operator's", answer.read(), b"ready\n")
    checks.true("one that nobody wants is closed", refuses(Place(spare_port)))
    environ = open(f"/proc/{process.pid}/environ").read()
    checks.true("it was told by the environment", "LISTEN_FDS=3" in environ)
    process.terminate()
    ana.close()
    text = told(process)
    unwanted = f"the socket at 127.0.0.1:{spare_port} was given to this process"
    checks.true("the log says which", unwanted in text, unwanted, text)
    checks.equal("exit code", process.returncode, 0)


def activated_by_default(checks):
    """Without --listen the sockets say where; both families are one."""
    (front,) = moved_up([socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)])
    port = front.getsockname()[1]
    process = activate([front], [], {})
    front.close()
    for host in ("127.0.0.1", "::1"):
        with connected(Place(port, host)) as raw:
            say(raw, "hello")
            checks.equal(f"served without --listen, by {host}", raw.receive_text(), b"hello")
    process.terminate()
    told(process)
    checks.equal("exit code", process.returncode, 0)


def activation_refused(checks):
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagram.bind(("127.0.0.1", 0))
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    local = socket.socket(socket.AF_UNIX)
    good, _ = listening()
    outside = socket.create_server(("0.0.0.0", 0))
    both = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    place = both.getsockname()[1]
    for name, sockets, variables, words in [
        ("a datagram socket", [datagram], {}, "descriptor 3 is not a stream socket that listens"),
        ("one that does not listen", [bound], {}, "descriptor 3 is not a stream socket that listens"),
        ("a local one", [local], {}, "descriptor 3 is not a stream socket that listens"),
        ("fewer than said", [], {"LISTEN_FDS": "1"}, "LISTEN_FDS: descriptor 3"),
        ("names that do not fit", [good], {"LISTEN_FDNAMES": "a:b"}, "LISTEN_FDNAMES has 2 names for 1 sockets"),
        ("no number", [good], {"LISTEN_FDS": "x"}, "LISTEN_FDS is 'x'"),
        ("a hand-over without descriptors", [good], {"LOBBYIST_HANDOVER": "x"}, "LOBBYIST_HANDOVER is 'x'"),
        ("an admin socket for everybody", [outside], {"LISTEN_FDNAMES": "admin"}, "can be reached from outside"),
        ("one that takes the wanted address in", [both], {"LISTEN_FDNAMES": f"{place}"},
         f"cannot listen on 0.0.0.0:{place}: the socket at :{place} was given to this process"),
    ]:
        listen = f"0.0.0.0:{place}" if both in sockets else "127.0.0.1:0"
        process = activate(moved_up([each.dup() for each in sockets]), ["--listen", listen], variables)
        text = told(process)
        checks.true(f"{name}: refused with its reason", process.returncode == 1 and words in text, words, text)
    process = activate([], ["--listen", "127.0.0.1:0"], {"LISTEN_FDS": "7", "LISTEN_PID": "1"})
    checks.true("sockets of another process are no matter", "listening on" in told(process, 2))
    for each in (datagram, bound, local, good, outside, both):
        each.close()


def activated_by_systemd(checks):
    """The real thing: it listens itself, and starts the relay with the first connection."""
    if not ACTIVATE:
        raise RuntimeError("systemd-socket-activate is lacking: it comes with Debian's package systemd")
    port = free_port()
    process = subprocess.Popen(
        [ACTIVATE, "-l", f"127.0.0.1:{port}", BINARY, "serve", "--script", POLICY], cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_until(lambda: not refuses_quietly(port), 5)
    with connected(Place(port)) as raw:
        say(raw, "hello")
        checks.equal("systemd-socket-activate: served", raw.receive_text(), b"hello")
    process.terminate()
    text = told(process)
    checks.equal("systemd-socket-activate: exit code", process.returncode, 0)
    checks.true("systemd-socket-activate: it is the socket that was given", f"127.0.0.1:{port}" in text)


def refuses_quietly(port):
    """The same without a connection, which would start the relay."""
    with open("/proc/net/tcp") as table:
        return not any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
                       for line in table.read().splitlines()[1:])


if __name__ == "__main__":
    run_scenarios(Checks(), [
        (drained, "SIGTERM"), (drained, "POST /drain"), (drained, "lobbyist drain"), (overdue,), (changed_mind,),
        (refused,), (waited_for,), (notified,), (watched,), (activated,), (activated_by_default,),
        (activation_refused,), (activated_by_systemd,)])
