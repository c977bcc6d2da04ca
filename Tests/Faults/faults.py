#!/usr/bin/env python3
"""Every system call of the relay's loop fails in turn, in every way that Linux knows for it, while pairs talk, people
come and go, and scripts are reloaded: nobody who need not be is lost, nothing is garbled, and once the fault is over
everything is as before. Then the calls of the start, and clocks that jump.

    faults.py [CALL]...
"""

import fcntl
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "Clients"))
from deploy import Project  # noqa: E402 - its folder is known only now
from relay import BINARY, ROOT, Checks, Relay, brief, run_scenarios, wait_until  # noqa: E402
from reload import ask, connected  # noqa: E402

from faulty import Faults  # noqa: E402
from pairs import Pairs, write_page  # noqa: E402

# What happens to the kernel or on the way, and nobody but newcomers may notice; and what ends a connection.
GENTLE = {
    "accept4": "EINTR EAGAIN ECONNABORTED takes:ECONNABORTED takes:EPERM EPROTO ENETDOWN EHOSTUNREACH "
               "EMFILE ENFILE ENOBUFS ENOMEM",
    "recv": "EINTR EAGAIN short",
    "send": "EINTR EAGAIN short",
    "epoll_wait": "EINTR short spurious",
    "setsockopt": "ENOBUFS ENOPROTOOPT",
    "shutdown": "ENOTCONN",
    "close": "takes:EINTR takes:EIO",
    "read_signal": "EINTR EAGAIN",
    "read_inotify": "EINTR EAGAIN EIO",
    "read_file": "EINTR EIO EISDIR short",
    "write_stderr": "EINTR EAGAIN ENOSPC EIO EPIPE short",
    "open": "EMFILE ENFILE ENOMEM EACCES EIO ENOENT EINTR",
    "fstat": "EIO ENOMEM",
    "lstat": "EIO EACCES",
    "inotify_add_watch": "ENOSPC ENOMEM EACCES ENOENT",
}
HARSH = {
    "recv": "ECONNRESET ETIMEDOUT ENOMEM ENOBUFS EHOSTUNREACH EPIPE",
    "send": "ECONNRESET EPIPE ENOBUFS ENOMEM ETIMEDOUT EHOSTUNREACH",
    "epoll_ctl": "ENOMEM ENOSPC",
}
# Calls that are only made at the start, or in the process of a deployment, and those of files which its tests fail.
START = {
    "socket": "EMFILE ENFILE ENOBUFS EACCES",
    "setsockopt": "ENOBUFS ENOPROTOOPT",
    "bind": "EADDRINUSE EACCES EADDRNOTAVAIL ENOMEM",
    "listen": "EADDRINUSE",
    "getsockname": "ENOBUFS",
    "epoll_create1": "EMFILE ENFILE ENOMEM",
    "epoll_ctl": "ENOMEM ENOSPC",
    "signalfd": "EMFILE ENFILE ENOMEM",
    "pthread_sigmask": "EINVAL",
    "open": "EMFILE ENFILE EACCES EIO",
    "read_file": "EIO EISDIR",
}
# Without these it serves all the same.
SPARED_AT_START = {
    "inotify_init1": "EMFILE ENFILE ENOMEM",
    "inotify_add_watch": "ENOSPC ENOMEM",
    "pthread_create": "EAGAIN",
    "write_stderr": "EIO EPIPE",
}
# Not every call of these fails, as some of their work has to be done for there to be any traffic.
EVERY = {"accept4": 2, "recv": 5, "send": 3, "epoll_ctl": 3, "epoll_wait": 3, "open": 2, "fstat": 2, "lstat": 2,
         "close": 2, "read_signal": 2, "read_file": 2, "write_stderr": 2}
HARSH_EVERY = 11
PAIRS = 3
FAULT_SECONDS = 2
FAULT_SECONDS_MIN = 0.1
BUSY_SECONDS_MAX = 0.1
SPARE_KIB_MAX = 6 << 10


class Served:
    """A relay with the faults, a script of its own that is changed now and then, and pairs that talk through it."""

    def __init__(self, faults, log=None):
        """`log`: a descriptor that what it logs goes to, in place of what is looked at here."""
        self.faults, self.home = faults, tempfile.TemporaryDirectory()
        self.script = os.path.join(self.home.name, "broadcast.lua")
        shutil.copy(os.path.join(ROOT, "scripts", "broadcast.lua"), self.script)
        pages = os.path.join(self.home.name, "pages")
        os.mkdir(pages)
        write_page(pages)
        config = os.path.join(self.home.name, "lobbyist.lua")
        with open(config, "w", encoding="utf-8") as file:
            file.write('listen "127.0.0.1:0"\nmount "/" { script = "broadcast.lua" }\n'
                       'mount "/pages" { script = "broadcast.lua", static = "pages" }\n')
        self.relay = Relay(config=config, errors=True)
        self.relay.command[:0] = ["env", *(f"{name}={value}" for name, value in faults.environment.items())]
        if log is not None:
            self.relay.command = ["sh", "-c", f'exec "$@" 2>/proc/{os.getpid()}/fd/{log}', "sh", *self.relay.command]

    def __enter__(self):
        self.relay.__enter__()
        self.pairs = Pairs(self.relay, PAIRS)
        self.pairs.talk()
        return self

    def __exit__(self, *problem):
        self.pairs.close()
        self.relay.__exit__(*problem)
        self.home.cleanup()

    def disturb(self):
        """What makes the loop use the calls that talking does not need."""
        with open(self.script, "a", encoding="utf-8") as file:
            file.write("-- saved\n")
        self.relay.process.send_signal(signal.SIGHUP)

    def is_well(self):
        """Why service has not gone on since the fault ended; empty when it has."""
        if not self.relay.alive():
            return "the relay has ended"
        self.pairs.forget()
        if not wait_until(self.pairs.fill, 3):
            return f"no newcomer is served: {self.pairs.turned_away[-1]}"
        self.pairs.forget()
        self.pairs.talk()
        self.pairs.visit()
        return "; ".join(self.pairs.lost + self.pairs.wrong + self.pairs.turned_away)

    def seconds(self):
        """Of the processor."""
        with open(f"/proc/{self.relay.process.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def suffer(checks, served, call, what, every, spares):
    """One fault, for as long as it takes to have been met some times."""
    name = f"{call} {what}" + (f", each {every}th time" if every > 1 else "")
    pairs, since = served.pairs, time.monotonic()
    pairs.forget()
    with served.faults.of(call, what, every) as hits:
        while time.monotonic() < since + FAULT_SECONDS and served.relay.alive():
            served.disturb()
            pairs.talk()
            pairs.visit()
            if hits() >= 3 and time.monotonic() > since + FAULT_SECONDS_MIN:
                break
        met, lost, wrong = hits(), pairs.lost, pairs.wrong
    problem = served.is_well()
    wrongs = [f"met {met} times"] if not met else []
    wrongs += wrong + (lost if spares else []) + ([problem] if problem else [])
    checks.true(name, not wrongs, "service goes on", "; ".join(wrongs))


def sweep(checks, faults, wanted=()):
    with Served(faults) as served:
        descriptors, before = served.relay.descriptors(), served.relay.resident_kib()
        for table, spares in (GENTLE, True), (HARSH, False):
            for call, kinds in table.items():
                for what in kinds.split() if not wanted or call in wanted else ():
                    suffer(checks, served, call, what, EVERY.get(call, 1) if spares else HARSH_EVERY, spares)
        checks.true("no descriptor has leaked", wait_until(lambda: served.relay.descriptors() <= descriptors, 5),
                    descriptors, served.relay.descriptors())
        grown = served.relay.resident_kib() - before
        checks.true("nor has memory", grown < SPARE_KIB_MAX, f"under {SPARE_KIB_MAX} KiB", grown)
        spent = served.seconds()
        time.sleep(0.5)
        checks.true("afterwards it rests", served.seconds() - spent < 0.05, "under 0.05 s in 0.5 s",
                    served.seconds() - spent)


def rest(checks, faults):
    """A newcomer waits whom every try fails to take, for half a second: the others are served, and but for errors that
    concern one newcomer alone, which the kernel has then taken from the queue, the loop does not spin."""
    with Served(faults) as served:
        for what, spins in {"EMFILE": False, "ENFILE": False, "ENOBUFS": False, "ENOMEM": False, "ECONNABORTED": True,
                            "EPERM": True, "EINTR": True}.items():
            served.pairs.forget()
            with faults.of("accept4", what) as hits, socket.create_connection((served.relay.host, served.relay.port)):
                spent = served.seconds()
                time.sleep(0.5)
                spent = served.seconds() - spent
                served.pairs.talk()
                met = hits()
            problem = "; ".join(served.pairs.lost) or served.is_well()
            checks.true(f"accept4 {what} always: {spent:.2f} s of the processor in half a second, {met} calls",
                        met and not problem and (spins or spent < BUSY_SECONDS_MAX), f"{BUSY_SECONDS_MAX} s at most",
                        problem or f"{spent} s, met {met} times")


def start(checks, faults):
    """A call that fails at the start: it says which, or serves without."""
    for table, serves in (START, False), (SPARED_AT_START, True):
        for call, kinds in table.items():
            for what in kinds.split():
                with faults.of(call, what) as hits:
                    code, said = began(faults)
                    met = hits()
                wanted = 0 if serves else 1
                checks.true(f"{call} {what} at the start: {'serves' if serves else last_line(said)}",
                            met and code == wanted and (serves or last_line(said)), f"exit code {wanted}",
                            f"exit code {code}, met {met} times: {said[-400:]}")


def began(faults):
    """The exit code of a relay that is asked to end once it serves, and what it has said."""
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen([BINARY, "serve", "--listen", "127.0.0.1:0", "--script", "scripts/broadcast.lua"],
                                   cwd=ROOT, env={**os.environ, **faults.environment}, stdin=subprocess.DEVNULL,
                                   stdout=printed, stderr=said)

        def listens():
            printed.seek(0)
            return "listening on" in printed.read()
        wait_until(lambda: process.poll() is not None or listens(), 5)
        if process.poll() is None:
            process.terminate()
        try:
            code = process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        said.seek(0)
        return code, said.read()


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def clocks(checks, faults):
    """The clock of people may jump as it likes; that of deadlines forward, as after a standstill of the machine."""
    with Served(faults) as served:
        for name, ahead in {
            "people's clock an hour forward": (0, 3600), "and a day back": (0, -86400),
            "to 1970": (0, -int(time.time())),
            "and right again": (0, 0), "the clock of deadlines an hour forward": (3600, 0),
            "and a day": (86400, 0), "and a year, with people's": (365 * 86400, 365 * 86400),
        }.items():
            served.pairs.forget()
            faults.jump(*ahead)
            for _ in range(3):
                served.pairs.talk()
                time.sleep(0.05)
            problem = "; ".join(served.pairs.lost + served.pairs.wrong) or served.is_well()
            served.disturb()
            spent = served.seconds()
            time.sleep(0.3)
            spent = served.seconds() - spent
            checks.true(f"{name}: nobody is lost, and it rests", not problem and spent < 0.15, "nobody",
                        problem or spent)


def unread_log(checks, faults):
    """Nobody reads what the relay logs, and the pipe is full: that stops no one, and what is lost is counted."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with Served(faults, log=writing) as served:
        os.close(writing)
        for _ in range(80):
            served.disturb()
            time.sleep(0.01)
        problem = served.is_well()
        checks.true("a log that nobody reads stops nobody", not problem, "service goes on", problem)
        os.set_blocking(reading, False)
        told = os.read(reading, 1 << 16)
        # The lines of the second that runs may be used up.
        time.sleep(1.1)
        served.disturb()
        wait_until(lambda: select.select([reading], [], [], 0)[0], 3)
        time.sleep(0.1)
        told += os.read(reading, 1 << 16)
        checks.true("what did not fit is counted", b"could not be written" in told, "a number", told[-200:])
        # From here on somebody reads.
        pump = threading.Thread(target=drain, args=(reading,), daemon=True)
        pump.start()
    pump.join(5)


def drain(reading):
    os.set_blocking(reading, True)
    while os.read(reading, 1 << 16):
        pass
    os.close(reading)


DEPLOYMENT = {
    "posix_spawn": "EAGAIN ENOMEM",
    "pidfd_open": "EMFILE ENFILE ENOSYS",
    "waitpid": "EINTR ECHILD",
    "epoll_ctl": "ENOMEM ENOSPC",
    "mkdir": "ENOSPC EACCES",
    "write_file": "ENOSPC EIO EDQUOT short",
    "fsync": "EIO ENOSPC",
    "rename": "ENOSPC EIO",
    "open": "EMFILE EACCES",
    "read_file": "EIO",
}


def deployments(checks, faults):
    """What a deployment needs fails: it is refused or it runs; what is in service is one of both, whole."""
    environment = [f"{name}={value}" for name, value in faults.environment.items()]
    with Project(prefix=["env", *environment], errors=True) as project, connected(project.relay) as client:
        descriptors, running = project.relay.descriptors(), "one"
        for call, kinds in DEPLOYMENT.items():
            for number, what in enumerate(kinds.split()):
                name = f"{call}{number}"
                # The first call of this one is made for the operator's own connection.
                with faults.of(call, what, every=2 if call == "waitpid" else 1, after=call == "epoll_ctl") as hits:
                    status, said = project.post("/deploy", project.bundle(name))
                    met = hits()
                running = name if status == 200 else running
                serves = ask(client, "x")
                checks.true(f"a deployment, {call} {what}: {status} {brief(said.get('error', 'runs'))}",
                            met and serves == f"{running} a none" and (status == 200 or said.get("error")),
                            f"{running} runs", f"{serves}, {status}, met {met} times")
        status, said = project.post("/deploy", project.bundle("last"))
        checks.equal("then a deployment goes well", (status, ask(client, "x")), (200, "last a none"))
        checks.equal("nothing half done is left", project.leftovers(), [])
        checks.true("and no descriptor", wait_until(lambda: project.relay.descriptors() <= descriptors, 5), descriptors,
                    project.relay.descriptors())


if __name__ == "__main__":
    with Faults() as faults:
        run_scenarios(Checks(), [(sweep, faults, sys.argv[1:])] if sys.argv[1:] else [
            (scenario, faults) for scenario in (sweep, rest, start, clocks, unread_log, deployments)])
