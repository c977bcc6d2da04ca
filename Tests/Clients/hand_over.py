#!/usr/bin/env python3
"""A relay hands over to the program that is now in its place: nobody who connects is refused, lobbies go on in the old
process, and a new one that does not serve changes nothing."""

import contextlib
import ctypes
import fcntl
import json
import multiprocessing
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from life_cycle import (
    POLICY, Manager, Served, activate, close, connected, environment, listening, refuses, say)
from raw_socket import TEXT, frame, upgrade_request
from relay import BINARY, ROOT, Checks, run_scenarios, wait_until

# As many as a small machine that does other things as well can make; each is a connection of its own.
CONNECTS_PER_SECOND = 1000
CONNECTORS = 4
CONNECT_SECONDS = 9
BUSY_SECONDS = 20
PR_SET_CHILD_SUBREAPER = 36
# The moments of a hand-over at which everything is told to end.
STOPS = 12
STOP_STEP_SECONDS = 0.02
# Nobody else sleeps for so long.
SLEEP = f"sleep 600.{os.getpid()}"
HANGS = f"#!/bin/sh\n{SLEEP}\n"


class Line(Served):
    """A relay that is called by a link, as releases are, and those that it has handed over to."""

    def __init__(self, limits=None, words=(), **more):
        super().__init__(limits, **more)
        self.folder = tempfile.mkdtemp()
        self.program = os.path.join(self.folder, "lobbyist")
        os.symlink(BINARY, self.program)
        self.relay.command[0] = self.program
        self.relay.command += words
        self.adopted = []

    def __enter__(self):
        super().__enter__()
        self.processes = [self.relay.process.pid]
        return self

    def __exit__(self, kind, value, trace):
        if len(self.processes) > 1:
            os.kill(self.processes[-1], signal.SIGTERM)
            gone(self.processes[-1])
        try:
            super().__exit__(kind, value, trace)
        finally:
            shutil.rmtree(self.folder)

    def upgrade(self, *words):
        code, text = self.command("upgrade", *words)
        found = re.match(r"process (\d+) serves now", text)
        if found:
            self.processes.append(int(found.group(1)))
        return code, text

    def put(self, script):
        """Another program in the place of the relay's."""
        new = self.program + ".new"
        with open(new, "w") as file:
            file.write(script)
        os.chmod(new, 0o755)
        os.rename(new, self.program)

    def put_back(self):
        new = self.program + ".new"
        os.symlink(BINARY, new)
        os.rename(new, self.program)

    def serving(self):
        return json.loads(self.ask("GET", "/status")[1])


def gone(process, seconds=10):
    """Whether a process ends within the time; its end is taken if it is this one's child by now."""
    def look():
        with contextlib.suppress(ChildProcessError):
            os.waitpid(process, os.WNOHANG)
        return not os.path.exists(f"/proc/{process}")

    return wait_until(look, seconds)


def descriptors(process):
    return len(os.listdir(f"/proc/{process}/fd"))


def parent(process):
    with open(f"/proc/{process}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[1])


def command_lines():
    """Of all processes, by their numbers."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline", "rb") as file:
            found[int(name)] = file.read().decode(errors="replace").split("\0")
    return found


# MARK: Crowds

def one_connect(host, port):
    """Connects, says something and hears it again; what went wrong, or nothing."""
    try:
        with socket.create_connection((host, port), BUSY_SECONDS) as stream:
            # A reset at the end leaves no port behind that waits.
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            stream.sendall(upgrade_request("x"))
            heard = b""
            while b"\r\n\r\n" not in heard:
                piece = stream.recv(4096)
                if not piece:
                    return "ended before the handshake"
                heard += piece
            if not heard.startswith(b"HTTP/1.1 101"):
                return f"refused: {heard[:40]!r}"
            heard = heard.split(b"\r\n\r\n", 1)[1]
            stream.sendall(frame(TEXT, b"hello"))
            while len(heard) < 7:
                piece = stream.recv(4096)
                if not piece:
                    return "ended before the echo"
                heard += piece
            return None if heard == b"\x81\x05hello" else f"heard {heard!r}"
    except OSError as error:
        return f"{type(error).__name__}: {error}"


def connector(host, port, seconds, answers):
    """One of several processes that connect again and again, evenly."""
    pause = CONNECTORS / CONNECTS_PER_SECOND
    start = time.monotonic()
    count, problems = 0, {}
    while time.monotonic() < start + seconds:
        ahead = start + count * pause - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        problem = one_connect(host, port)
        count += 1
        if problem:
            problems[problem] = problems.get(problem, 0) + 1
    answers.put((count, problems))


def crowd(checks):
    """Three hand-overs in a row under a crowd that connects."""
    with Line({"connects_per_minute": 0, "handshakes_per_minute": 0}) as line:
        host, port = line.relay.host, line.relay.port
        lobbies = [(connected(line.relay, f"den {number}"), connected(line.relay, f"den {number}"))
                   for number in range(3)]
        at_start = descriptors(line.processes[0]) - 6
        answers = multiprocessing.Queue()
        crowd = [multiprocessing.Process(target=connector, args=(host, port, CONNECT_SECONDS, answers))
                 for _ in range(CONNECTORS)]
        for each in crowd:
            each.start()
        time.sleep(1.5)
        for number in range(3):
            code, text = line.upgrade("--seconds", "60")
            checks.equal(f"hand-over {number + 1}", (code, text if code else ""), (0, ""))
            time.sleep(1.2)
        checks.equal("each is a process of its own", len(set(line.processes)), 4)
        counts = [answers.get(timeout=CONNECT_SECONDS + 3 * BUSY_SECONDS) for _ in crowd]
        for each in crowd:
            each.join()
        total = sum(count for count, _ in counts)
        problems = [problems for _, problems in counts if problems]
        print(f"{total} connects in {CONNECT_SECONDS} s: {total / CONNECT_SECONDS:.0f} a second")
        checks.true("a crowd has connected", total > 100 * CONNECT_SECONDS, f"{100 * CONNECT_SECONDS}", total)
        checks.equal("none was refused, none was reset", problems, [])
        for number, (ana, bob) in enumerate(lobbies):
            checks.equal(f"lobby {number} was told", ana.receive_text(), b"drain 60")
            say(bob, "still here")
            checks.equal("and goes on in the first process", ana.receive_text(), b"still here")
        checks.true("the first process is there", line.relay.alive())
        for process in line.processes[1:3]:
            checks.true("those in between have ended, as nobody was left", gone(process))
        for pair in lobbies:
            for raw in pair:
                close(raw)
        checks.equal("the first process ends when they leave", line.ends(10), 0)
        for pair in lobbies:
            for raw in pair:
                raw.close()
        last = line.processes[-1]
        checks.true("descriptors do not grow", wait_until(lambda: descriptors(last) <= at_start, 5), at_start,
                    descriptors(last))
        checks.equal("the last one serves", one_connect(host, port), None)
        os.kill(last, signal.SIGTERM)
        checks.true("until it is ended", gone(last))
        line.processes = line.processes[:1]
        checks.true("then nobody does", refuses(line.relay))


def signalled(checks):
    """SIGUSR2 does the same, and the log says what came of it; who is in no lobby is asked to connect again."""
    with Line({"drain_milliseconds": 5000}) as line:
        ana, idle = connected(line.relay, "den"), connected(line.relay)
        os.kill(line.relay.process.pid, signal.SIGUSR2)
        checks.true("SIGUSR2: the log says so", wait_until(lambda: line.relay.logged("handed over to process"), 10))
        line.processes.append(int(re.search(r"process (\d+)", line.relay.logged("handed over to")[0]).group(1)))
        checks.equal("the limit says how long the one before drains", ana.receive_text(), b"drain 5")
        checks.equal("who is in no lobby is closed", idle.close_code(), 1001)
        with connected(line.relay) as bob:
            say(bob, "join den")
            checks.equal("newcomers come to the new process", bob.receive_text(), b"joined")
            say(bob, "hello")
            checks.equal("where the lobby is another one", bob.receive_text(), b"hello")
            checks.equal("and whoever is left is closed", ana.close_code(), 1001)
        close(ana)
        close(idle)
        checks.equal("the first process ends", line.ends(8), 0)
        ana.close()
        idle.close()


def broken(checks):
    """A program that does not serve: what ran runs on, and the caller is told why."""
    with Line({"upgrade_milliseconds": 1500}, errors=True) as line:
        ana = connected(line.relay, "den")
        first = line.relay.process.pid
        before = descriptors(first)
        for name, script, words in [
            ("exits", "#!/bin/sh\necho 'broken on purpose' >&2\nexit 3\n", "ended with exit code 3: broken on purpose"),
            ("is killed", "#!/bin/sh\nkill -9 $$\n", "was ended by signal 9"),
            ("hangs", HANGS, "does not serve within limit upgrade_milliseconds (1500)"),
            ("hangs and hides", "#!/bin/bash\nexec 2>&-; eval \"exec ${LOBBYIST_HANDOVER%%:*}>&-\"; " + SLEEP,
             "does not serve within limit upgrade_milliseconds (1500)"),
            ("ends well", "#!/bin/sh\nexit 0\n", "ended with exit code 0"),
            ("is no program", "nonsense\n", "cannot be started: Exec format error"),
            ("serves something else", f"#!/bin/sh\nexec {BINARY} serve --script nosuch.lua\n", "nosuch.lua"),
        ]:
            line.put(script)
            start = time.monotonic()
            code, text = line.upgrade()
            checks.true(f"{name}: exit code 1 and the reason", code == 1 and words in text, words, (code, text))
            if name.startswith("hangs"):
                checks.true(f"{name}: within its time", 1.4 < time.monotonic() - start < 5, "1.5 s",
                            f"{time.monotonic() - start:.1f} s")
        line.program += ".gone"
        os.rename(line.program[:-5], line.program)
        code, text = line.upgrade()
        checks.true("nothing is there", code == 1 and "No such file" in text, "the reason", text)
        os.rename(line.program, line.program[:-5])
        line.program = line.program[:-5]
        checks.equal("the one that ran serves on", one_connect(line.relay.host, line.relay.port), None)
        checks.equal("it is ready", line.ask("GET", "/readyz")[0], 200)
        say(ana, "still here")
        checks.equal("nobody was told", ana.receive_text(), b"still here")
        checks.true("its descriptors do not grow", wait_until(lambda: descriptors(first) == before, 5), before,
                    descriptors(first))
        children = subprocess.run(["ps", "--ppid", str(first), "-o", "stat="], capture_output=True, text=True).stdout
        checks.equal("there are no zombies", children, "")
        sleepers = subprocess.run(["pgrep", "-f", f"^{SLEEP}$"], capture_output=True, text=True).stdout
        checks.equal("nothing is left of those that hung", sleepers, "")
        line.put(HANGS)
        waiting = threading.Thread(target=line.upgrade)
        waiting.start()
        wait_until(lambda: line.relay.logged("handing over")[8:], 5)
        checks.equal("one at a time", line.ask("POST", "/upgrade", {})[0], 409)
        checks.equal("nothing is loaded anew meanwhile", line.ask("POST", "/reload")[0], 409)
        waiting.join()
        line.put_back()
        checks.equal("a good one takes over", line.upgrade("--seconds", "1")[0], 0)
        checks.equal("late ones are closed", (ana.receive_text(), ana.close_code()), (b"drain 1", 1001))
        ana.close()
        line.ends(8)


def unread(checks):
    """A pipe that is full, as nobody reads what the relay says: it does not wait to pass on what the next one says."""
    line = Line({"upgrade_milliseconds": 1500}, errors=True)
    pipe = os.path.join(line.folder, "errors")
    os.mkfifo(pipe)
    line.relay.command[:0] = ["sh", "-c", f'exec 2<>"{pipe}"; exec "$0" "$@"']
    with line:
        ana = connected(line.relay, "den")
        line.put(f"#!/bin/sh\nhead -c 300000 /dev/zero >&2\n{SLEEP}\n")
        waiting = threading.Thread(target=line.upgrade)
        waiting.start()
        wait_until(lambda: line.ask("POST", "/upgrade", {})[0] == 409, 5)
        say(ana, "still served")
        checks.equal("unread: nobody waits for a reader", ana.receive_text(), b"still served")
        waiting.join()
        ana.close()


def interrupted(checks):
    """A signal to end goes before a hand-over that has begun."""
    with Line() as line:
        line.put(HANGS)
        os.kill(line.relay.process.pid, signal.SIGUSR2)
        wait_until(lambda: line.relay.logged("handing over"), 5)
        line.relay.process.terminate()
        checks.equal("SIGTERM during a hand-over", line.ends(5), 0)
        line.relay.errors = True


def stopped(checks):
    """The end of the whole service at any moment of a hand-over: whoever serves by then ends as it should."""
    done = 0
    for step in range(STOPS):
        with Line() as line:
            threading.Thread(target=line.ask, args=("POST", "/upgrade", {}), daemon=True).start()
            time.sleep(step * STOP_STEP_SECONDS)
            if step == STOPS - 1:
                wait_until(lambda: line.relay.logged("handed over to process"), 10)
            ends = terminate_all(line.program, line.relay.process.pid)
            checks.equal(f"after {step * STOP_STEP_SECONDS * 1000:.0f} ms: the first ends", line.ends(10), 0)
            ended = {process: end(process) for process in ends}
            checks.true("and so do all", all(status is not None for status in ended.values()), "their ends", ended)
            for told in line.relay.logged("handed over to process"):
                done += 1
                number = int(told.split()[-1])
                checks.equal("the one that serves has ended by itself", ended.get(number), 0)
            line.relay.errors = True
    print(f"{done} of {STOPS} hand-overs were done by then")
    checks.true("not all before they were done", done > 0)


def terminate_all(program, first):
    """Tells all processes of a line to end, as systemd does: again, until there are no new ones. Answers which they
    were beside the first."""
    told = set()
    while True:
        new = {number for number, words in command_lines().items() if program in words} - told
        if not new:
            return told - {first}
        for number in new:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGTERM)
        told |= new


def end(process):
    """The exit code, or the signal below zero; nothing for one that does not end. One whose own parent was there to
    take its end counts as ended well."""
    for _ in range(500):
        try:
            number, status = os.waitpid(process, os.WNOHANG)
            if number:
                return os.waitstatus_to_exitcode(status)
        except ChildProcessError:
            if not os.path.exists(f"/proc/{process}"):
                return 0
        time.sleep(0.02)
    return None


def told_to_end(checks):
    """SIGTERM, which is for all processes of a service, gives one that drains the time of a drain, but no more; none if
    the one that has taken over is gone, which somebody waits to start again."""
    with Line({"drain_milliseconds": 1500}) as line:
        ana = connected(line.relay, "den")
        line.upgrade("--seconds", "60")
        ana.receive_text()
        os.kill(line.processes[-1], signal.SIGKILL)
        checks.true("the one that has taken over is gone", gone(line.processes.pop()))
        start = time.monotonic()
        line.relay.process.terminate()
        checks.equal("then it ends as well", (ana.close_code(), time.monotonic() - start < 1.4), (1001, True))
        close(ana)
        checks.equal("at once", line.ends(5), 0)
        ana.close()
    for again in (False, True):
        with Line({"drain_milliseconds": 1500}) as line:
            ana = connected(line.relay, "den")
            line.upgrade("--seconds", "60")
            ana.receive_text()
            start = time.monotonic()
            line.relay.process.terminate()
            wait_until(lambda: line.relay.logged("at most for 2 s"), 5)
            say(ana, "still here")
            checks.equal("told to end, it drains on", ana.receive_text(), b"still here")
            if again:
                line.relay.process.terminate()
            checks.equal("then closes whoever is left", ana.close_code(), 1001)
            took = time.monotonic() - start
            checks.equal("told twice, at once" if again else "when its time is over", took < 1.4, again)
            close(ana)
            checks.equal("and ends", line.ends(8), 0)
            ana.close()


def status_line(host, port, source):
    """What a handshake from this address is answered."""
    with socket.create_connection((host, port), 5, (source, 0)) as stream:
        stream.sendall(upgrade_request("x"))
        return stream.recv(4096).split(b"\r\n")[0]


def remembered(checks):
    """Whom the operator has banned stays out, and the log stays as loud; unless the new program knows nothing of it."""
    with Line() as line:
        host, port = line.relay.host, line.relay.port
        for address in ("127.0.0.2", "2001:db8::1"):
            line.ask("POST", "/ban", {"address": address, "seconds": 600})
        line.ask("POST", "/log", {"level": "debug"})
        checks.equal("a ban", status_line(host, port, "127.0.0.2"), b"HTTP/1.1 403 Forbidden")
        for number in (1, 2):
            checks.equal(f"hand-over {number}", line.upgrade("--seconds", "0")[0], 0)
            wait_until(lambda: len(line.relay.logged("2 bans of the relay before go on")) == number, 5)
            bans = {ban["address"]: ban["seconds_left"] for ban in json.loads(line.ask("GET", "/bans")[1])["bans"]}
            checks.equal("bans go over", set(bans), {"127.0.0.2", "2001:db8::/64"})
            checks.true("with what is left of their time", all(540 < left <= 600 for left in bans.values()), 600, bans)
            checks.equal("and hold", status_line(host, port, "127.0.0.2"), b"HTTP/1.1 403 Forbidden")
            checks.equal("for nobody else", status_line(host, port, "127.0.0.3"), b"HTTP/1.1 101 Switching Protocols")
        former = json.loads(line.ask("POST", "/log", {"level": "info"})[1])["former"]
        checks.equal("so does the log's level", former, "debug")
        line.ask("POST", "/unban", {"address": "2001:db8::1"})
        line.put(f'#!/bin/sh\nexec env -u LOBBYIST_KEPT {BINARY} "$@"\n')
        checks.equal("a program that knows nothing of it takes over", line.upgrade("--seconds", "0")[0], 0)
        checks.equal("without bans", json.loads(line.ask("GET", "/bans")[1])["total"], 0)
    with Line() as line:
        for number in (1, 2, 3):
            line.ask("POST", "/ban", {"address": f"127.0.0.{number}", "seconds": 60 * number})
        line.put(f'#!/bin/sh\nexec {BINARY} "$@" --limit bans=1\n')
        checks.equal("one that may have fewer", line.upgrade("--seconds", "0")[0], 0)
        checks.true("says so", wait_until(lambda: line.relay.logged("limit bans (1) leaves out 2 bans"), 5))
        bans = json.loads(line.ask("GET", "/bans")[1])["bans"]
        checks.equal("and has those that last", [ban["address"] for ban in bans], ["127.0.0.3"])


def told_late(checks):
    """What a relay leaves is heard when it lets go: who has come in before is closed. Nonsense is not believed."""
    for left, code in ((b"lobbyist legacy 1\nban 127.0.0.2 60000\nend\n", 1008),
                       (b"lobbyist legacy 1\nban 127.0.0.2 60000\n", None), (b"", None)):
        listener, port = listening()
        (heard, word), memory = os.pipe(), os.memfd_create("lobbyist")
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
        given = [open(fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 20), "wb", buffering=0)
                 for number in (listener.fileno(), word, errors.fileno(), memory)]
        for number in (word, listener.detach()):
            os.close(number)
        process = activate(given, ["--listen", f"127.0.0.1:{port}"], {
            "LISTEN_FDS": "1", "LOBBYIST_HANDOVER": "4:5", "LOBBYIST_KEPT": "6"})
        for each in given:
            each.close()
        checks.equal("one that takes over says that it serves", os.read(heard, 100), b"ready\n")
        with socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.2", 0)) as ana:
            ana.sendall(upgrade_request("x"))
            checks.true("and does", ana.recv(4096).startswith(b"HTTP/1.1 101"))
            os.write(memory, left)
            os.close(heard)
            ana.settimeout(0.5 if code is None else 5)
            try:
                told = int.from_bytes(ana.recv(4096)[2:4], "big")
            except TimeoutError:
                told = None
            checks.equal(f"after {left[-20:]}", told, code)
        os.close(memory)
        process.terminate()
        process.communicate(timeout=10)
        errors.seek(0)
        checks.equal("it complains of nonsense only", b"makes no sense" in errors.read(), code is None)
        errors.close()


def kept(checks):
    """Deployments and recordings go over; neither is anybody else's meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        store, record = os.path.join(folder, "store"), os.path.join(folder, "record")
        script = os.path.join(folder, "words.lua")
        with open(os.path.join(ROOT, POLICY)) as source, open(script, "w") as file:
            file.write(source.read())
        with Line(words=["--deployments", store, "--record", record], errors=True) as line:
            ana = connected(line.relay, "den")
            line.put("#!/bin/sh\nexit 1\n")
            checks.equal("a hand-over that fails", line.upgrade()[0], 1)
            code, text = deploy(line, folder)
            checks.equal("leaves deployments where they were", (code, "deployment 1" in text), (0, True))
            line.put_back()
            code, text = line.upgrade("--seconds", "60")
            checks.equal("one that works", (code, text if code else ""), (0, ""))
            checks.equal("the deployment runs there", line.serving()["mounts"][0].get("deployment"), 1)
            code, text = deploy(line, folder)
            checks.equal("and another one can follow", (code, "deployment 2" in text), (0, True))
            ana.receive_text()
            say(ana, "recorded")
            ana.receive_text()
            close(ana)
            checks.equal("the first process ends", line.ends(10), 0)
            with connected(line.relay) as bob:
                say(bob, "also recorded")
                bob.receive_text()
            os.kill(line.processes[-1], signal.SIGTERM)
            checks.true("and the second", gone(line.processes.pop()))
            ana.close()
        with open(record + ".1") as first, open(record) as second:
            checks.equal("each has its recording", ("recorded" in first.read(), "also recorded" in second.read()),
                         (True, True))


def deploy(line, folder):
    run = subprocess.run([BINARY, "deploy", "words.lua", "--without-tests", "--admin", line.admin], cwd=folder,
                         capture_output=True, text=True, timeout=60)
    return run.returncode, run.stdout + run.stderr


def notified(checks):
    """The service manager learns who the main process is, from then on from that one."""
    with tempfile.TemporaryDirectory() as folder:
        manager = Manager(folder)
        with environment(NOTIFY_SOCKET=manager.name, WATCHDOG_USEC="1000000"), Line() as line:
            checks.equal("ready", manager.hear().get("READY"), "1")
            checks.equal("watched", manager.hear(), {"WATCHDOG": "1"})
            ana = connected(line.relay, "den")
            line.upgrade("--seconds", "60")
            heard = []
            while not heard or "READY" not in heard[-1]:
                heard.append(manager.hear())
                if not heard[-1]:
                    break
                if "MAINPID" in heard[-1]:
                    # Another's systemd would neither wait for nor notice.
                    checks.equal("by then it is nobody else's child", parent(heard[-1]["MAINPID"]), os.getpid())
                    checks.true("though the first is there", line.relay.alive())
            told = [each for each in heard if each != {"WATCHDOG": "1"}]
            checks.equal("the main process, then that it is ready", [list(each) for each in told],
                         [["MAINPID"], ["READY", "STATUS"]])
            checks.equal("which is the new one", told[0].get("MAINPID"), str(line.processes[-1]))
            close(ana)
            checks.equal("the first ends", line.ends(5), 0)
            ana.close()
            for _ in range(3):
                checks.equal("without a word", manager.hear(), {"WATCHDOG": "1"})
        manager.socket.close()


if __name__ == "__main__":
    # What the first process leaves behind is this one's child, so that its end is taken.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    run_scenarios(Checks(), [
        (crowd,), (signalled,), (broken,), (unread,), (interrupted,), (stopped,), (told_to_end,), (remembered,),
        (told_late,), (kept,), (notified,)])
