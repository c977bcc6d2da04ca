#!/usr/bin/env python3
"""What kills and breaks a reload: broken versions, a relay, a writer or an operator that is killed, a full disk.
There is no half state, the log has a clear line, and the version before runs on."""

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

from mount_namespace import mount_small, run_inside
from raw_socket import Closed
from relay import BINARY, Checks, Relay, run_scenarios, wait_until
from reload import VERSION, Folder, ask, connected

SETTLE_SECONDS = 1.2
KILLS = 30
CLIENTS = 4
# What a relay may use while it has nothing to do but to fail at writing.
IDLE_CPU_SECONDS = 0.2

WHOLE = VERSION.format(name="two") + "-- ä\n"
BYTES = WHOLE.encode()

# On a busy machine time may be the first to run out.
# Name, what the file holds (None: there is none), what the log says after the file's name.
BROKEN = (
    ("a syntax error", b"return {\n\n", r":3: unexpected symbol near <eof>"),
    ("an error at load", b"\nerror('no')", r":2: no"),
    ("an endless loop at load", b"\nwhile true do end", r":2: (instruction|time) budget exhausted"),
    ("a memory bomb at load", b"\nlocal t = {} for i = 1, 1e9 do t[i] = {} end", r":2: (out of memory|time budget exhausted)"),
    ("a hook that is no function", b"return { on_message = 5 }", r":1:10: hook 'on_message' is a number, not a function"),
    ("a hook of another name", b"return {\n  on_mesage = print }", r":2:3: no hook is named 'on_mesage'"),
    ("a missing module", b"\nrequire 'gone' return {}", r":2: cannot load module 'gone': no file gone\.lua in "),
    ("a file cut off in a token", BYTES[:BYTES.index(b"find_lobby") + 6], r":5: .* near <eof>"),
    ("a file cut off in a text", BYTES[:BYTES.index(b"%s %s")], r":\d+: unfinished string"),
    ("a file cut off in a character", b"return { motto = '" + "ä".encode()[:1], r":1: unfinished string"),
    ("a file cut off before its last line", BYTES[:BYTES.index(b"return policy")], r":\d+:\d+: the script returns nothing"),
    ("an empty file", b"", r":1:1: the script returns nothing"),
    ("a deleted file", None, r": No such file or directory"),
)


def put(path, content):
    """Writes, or deletes for None."""
    if content is None:
        os.remove(path)
        return
    with open(path, "wb") as file:
        file.write(content)


def cpu_seconds(relay):
    with open(f"/proc/{relay.process.pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def broken(checks):
    with Folder(errors=True) as served, connected(served.relay) as ana:
        for name, content, reason in BROKEN:
            before = served.refusals()
            put(served.script, content)
            checks.true(f"{name} is refused", wait_until(lambda: served.refusals() > before, 10))
            pattern = ".*runs on: .*" + re.escape(served.script) + reason + ".*"
            checks.matches(f"{name}: the log says why, and where", served.relay.logged("is not reloaded")[-1], pattern)
            time.sleep(SETTLE_SECONDS)
            checks.equal(f"{name}: is tried once", served.refusals(), before + 1)
            code, said = served.reload()
            checks.equal(f"{name}: lobbyist reload ends with 1", code, 1)
            checks.matches(f"{name}: and says why, and where", said, pattern)
            status, outcomes = served.relay.ask("POST", "/reload")
            checks.equal(f"{name}: POST /reload answers 422", status, 422)
            checks.matches(f"{name}: and why, and where", outcomes[0]["error"],
                           ".*" + re.escape(served.script) + reason + ".*")
            checks.true(f"{name}: each of them is logged", wait_until(lambda: served.refusals() == before + 3, 3),
                        before + 3, served.refusals())
            checks.equal(f"{name}: the version before runs on", ask(ana, "x"), "one a 1 x 1")
        checks.equal("nothing was loaded", served.reloads(), 0)
        served.rename_over("policy.lua", WHOLE)
        checks.true("an editor's rename brings the file back", wait_until(lambda: served.reloads() == 1, 3))
        checks.equal("and it serves", ask(ana, "x"), "two a 1 x 1")


def wanted(checks):
    """What a version lacked comes later: that is a change as well."""
    with Folder(errors=True) as served, connected(served.relay) as ana:
        served.write("policy.lua", VERSION.format(name="two").replace('"word"', '"lib.words"'))
        checks.true("a module in a folder that is missing", wait_until(lambda: served.refusals() == 1, 3))
        os.mkdir(os.path.join(served.folder.name, "lib"))
        checks.true("the folder alone is not enough", wait_until(lambda: served.refusals() == 2, 3))
        served.write("lib/words.lua", "return b'")
        checks.true("nor a module with a mistake", wait_until(lambda: served.refusals() == 3, 3))
        checks.true("which is told with its line", "words.lua:1:" in served.relay.logged("is not reloaded")[-1])
        served.write("lib/words.lua", "return 'b'")
        checks.true("a sound one is", wait_until(lambda: served.reloads() == 1, 3))
        checks.equal("it serves", ask(ana, "x"), "two b 1 x 1")


def late(checks):
    """A module that changes while its first version is loaded, in a folder that is not watched yet."""
    slow = VERSION.format(name="two").replace('"word"', '"lib.words"') + "\n"
    slow = slow.replace("return policy", "for _ = 1, 4000000 do end return policy")
    with Folder() as served, connected(served.relay) as ana:
        os.mkdir(os.path.join(served.folder.name, "lib"))
        served.write("lib/words.lua", "return 'early'")
        served.write("policy.lua", slow)
        # A tenth of a second passes until it loads, and loading takes some hundredths.
        time.sleep(0.12)
        served.write("lib/words.lua", "return 'late'")
        checks.true("it is taken up", wait_until(lambda: ask(ana, "x") == "two late 1 x 1", 3), "late", ask(ana, "x"))


# MARK: Killed


class Talker(threading.Thread):
    """A client that asks without a pause until its relay is gone; it connects anew by being made anew."""

    def __init__(self, relay):
        super().__init__(daemon=True)
        self.raw = connected(relay)
        self.heard = 0
        self.start()

    def run(self):
        try:
            while ask(self.raw, "x"):
                self.heard += 1
        except (Closed, OSError):
            pass
        self.raw.close()


def killed_relay(checks):
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as work:
        script = os.path.join(folder, "policy.lua")
        saved = 0

        def save():
            nonlocal saved
            saved += 1
            with open(script + ".new", "w", encoding="utf-8") as file:
                file.write(VERSION.format(name=f"v{saved}").replace('require "word"', '"w"'))
            os.rename(script + ".new", script)

        save()
        served, left, talked, reloads, errors = [], set(), [], 0, []
        for _ in range(KILLS):
            relay = Relay(script=script)
            # In a folder of its own, to see whether anything is written there.
            relay.command = ["sh", "-c", 'cd "$0" && exec "$@"', work, *relay.command]
            relay.__enter__()
            talkers = [Talker(relay) for _ in range(CLIENTS)]
            served.append(ask(connected(relay), "x").split()[0] == f"v{saved}")
            end = time.monotonic() + random.uniform(0.05, 0.6)
            while time.monotonic() < end:
                save()
                relay.process.send_signal(signal.SIGHUP)
                time.sleep(0.02)
            relay.process.kill()
            relay.process.wait()
            relay.reader.join(5)
            for talker in talkers:
                talker.join(5)
                talked.append(talker.heard)
            reloads += len(relay.logged("runs now"))
            errors += relay.logged(" error ")
            left |= set(os.listdir(folder)) - {"policy.lua"} | set(os.listdir(work))
        print(f"{KILLS} kills among {reloads} reloads and {sum(talked)} answers")
        checks.equal(f"after each of {KILLS} kills the file as it is on the disk is served", served, [True] * KILLS)
        checks.true("clients play on each time", all(talked), "some answers for each", talked)
        checks.true("there were reloads to be killed in", reloads > 5 * KILLS, f"more than {5 * KILLS}", reloads)
        checks.equal("nothing is left behind", sorted(left), [])
        checks.equal("nothing was refused", errors, [])


HALF_A_SAVE = """
import sys, time
with open(sys.argv[1], "w") as file:
    file.write(sys.argv[2])
    file.flush()
    print("half", flush=True)
    time.sleep(60)
"""


def killed_writer(checks):
    with Folder(errors=True) as served, connected(served.relay) as ana:
        writer = subprocess.Popen([sys.executable, "-c", HALF_A_SAVE, served.script, WHOLE[:len(WHOLE) // 2]],
                                  stdout=subprocess.PIPE)
        writer.stdout.readline()
        time.sleep(0.5)
        checks.equal("half a save is not looked at while it is written", served.refusals(), 0)
        writer.kill()
        writer.wait()
        writer.stdout.close()
        checks.true("half a save that ends there is refused", wait_until(lambda: served.refusals() == 1, 3))
        time.sleep(SETTLE_SECONDS)
        checks.equal("once", served.refusals(), 1)
        checks.matches("with the line", served.relay.logged("is not reloaded")[0], r".*policy\.lua:\d+: .*")
        checks.equal("the version before runs on", ask(ana, "x"), "one a 1 x 1")
        served.write("policy.lua", WHOLE)
        checks.true("the whole is taken up", wait_until(lambda: served.reloads() == 1, 3))
        checks.equal("and serves", ask(ana, "x"), "two a 1 x 1")


def killed_operator(checks):
    """`lobbyist reload` killed before its relay has come to answer it."""
    with Folder() as served, connected(served.relay) as ana:
        for turn in range(1, 6):
            served.relay.process.send_signal(signal.SIGSTOP)
            operator = subprocess.Popen([BINARY, "reload", "--admin", served.admin], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
            time.sleep(0.3)
            operator.kill()
            operator.wait()
            served.relay.process.send_signal(signal.SIGCONT)
            checks.equal(f"operator {turn} is gone: the relay serves on", ask(ana, "x"), "one a 1 x 1")
        checks.true("what was asked for was done, once each", wait_until(lambda: served.reloads() == 5, 2), 5,
                    served.reloads())
        checks.equal("the next one is answered", served.reload()[0], 0)
        # Ana's is one.
        checks.true("no descriptor is left",
                    wait_until(lambda: served.relay.descriptors() <= served.relay.descriptors_at_start + 1, 5),
                    served.relay.descriptors_at_start + 1, served.relay.descriptors())


# MARK: A disk that is full


def fill(folder):
    with open(os.path.join(folder, "filler"), "ab", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 512)
        except OSError:
            pass


def small_disk(size):
    folder = tempfile.mkdtemp()
    mount_small(folder, size)
    return folder


def save_without_room(checks):
    disk = small_disk("64k")
    script = os.path.join(disk, "policy.lua")
    put(script, VERSION.format(name="one").replace('require "word"', '"a"').encode())
    larger = (VERSION.format(name="two").replace('require "word"', '"a"').replace("return policy", "")
              + "-- larger\n" * 1000 + "return policy\n").encode()
    with Relay(script=script, errors=True) as relay, connected(relay) as ana:
        fill(disk)
        try:
            put(script, larger)
        except OSError as error:
            print(f"the editor says: {error}")
        checks.true("the editor had no room", os.path.getsize(script) < len(larger))
        checks.true("what it could save is refused", wait_until(lambda: relay.logged("is not reloaded"), 3))
        time.sleep(SETTLE_SECONDS)
        checks.equal("once", len(relay.logged("is not reloaded")), 1)
        checks.equal("the version before runs on", ask(ana, "x"), "one a 1 x 1")
        os.remove(os.path.join(disk, "filler"))
        put(script, larger)
        checks.true("with room it is taken up", wait_until(lambda: relay.logged("runs now"), 3))
        checks.equal("and serves", ask(ana, "x"), "two a 1 x 1")


def idle_cpu(relay, ana):
    """CPU seconds of two seconds in which a message comes now and then."""
    before = cpu_seconds(relay)
    for _ in range(20):
        ask(ana, "x")
        time.sleep(0.1)
    return cpu_seconds(relay) - before


def record_without_room(checks):
    disk = small_disk("64k")
    with Folder(errors=True) as served:
        served.relay.stop()
        relay = Relay(script=served.script, errors=True)
        relay.command += ["--record", os.path.join(disk, "session.rec")]
        with relay, connected(relay) as ana:
            fill(disk)
            for _ in range(200):
                ask(ana, "x" * 500)
            checks.true("the recording ends", wait_until(lambda: relay.logged("the recording has ended"), 3))
            used = idle_cpu(relay, ana)
            checks.true("the relay serves on and rests", used < IDLE_CPU_SECONDS, f"below {IDLE_CPU_SECONDS} s", used)
            checks.equal("the log says so once", len(relay.logged("the recording has ended")), 1)
            checks.true("and why", "No space left on device" in relay.logged("the recording has ended")[0])
            served.write("policy.lua", VERSION.format(name="two"))
            checks.true("reloads go on", wait_until(lambda: relay.logged("runs now"), 3))
            checks.equal("and serve", ask(ana, "x"), "two a 1 x 1")


def log_without_room(checks):
    disk = small_disk("64k")
    log = os.path.join(disk, "log")
    with Folder(errors=True) as served:
        served.relay.stop()
        relay = Relay(script=served.script, errors=True)
        relay.command = ["sh", "-c", 'exec "$@" 2>>"$0"', log, *relay.command]
        with relay, connected(relay) as ana:
            fill(disk)
            for number in range(30):
                # Also a line that fits in part.
                served.write("policy.lua", f"error('{'x' * 400} {number}')")
                relay.process.send_signal(signal.SIGHUP)
                time.sleep(0.03)
            used = idle_cpu(relay, ana)
            checks.true("the relay serves on and rests", used < IDLE_CPU_SECONDS, f"below {IDLE_CPU_SECONDS} s", used)
            os.remove(os.path.join(disk, "filler"))
            served.write("policy.lua", VERSION.format(name="two"))
            wait_until(lambda: ask(ana, "x") == "two a 1 x 1", 3)
            with open(log, encoding="utf-8") as file:
                lines = file.read().splitlines()
            told = [line for line in lines if "before this one could not be written" in line]
            checks.equal("with room the log says once that lines are missing", len(told), 1)
            checks.matches("how many, on a line of its own", told[0], r"[0-9T:Z-]+ warning \d+ lines before .*")
            checks.true("and goes on", "runs now" in lines[-1], "runs now", lines[-1])


ON_SMALL_DISKS = (save_without_room, record_without_room, log_without_room)


def full_disk(checks):
    run_inside(checks, "disks that are full", __file__, "--on-small-disks")


if __name__ == "__main__":
    if sys.argv[1:] == ["--on-small-disks"]:
        run_scenarios(Checks(), [(scenario,) for scenario in ON_SMALL_DISKS])
    run_scenarios(Checks(), [(broken,), (wanted,), (late,), (killed_relay,), (killed_writer,), (killed_operator,),
                             (full_disk,)])
