#!/usr/bin/env python3
"""A relay under abuse, with people who behave beside it: how long what they say is on its way, in quiet and under
attack; that attackers get the answers that the documentation names, and leave nothing behind.

    abuse.py            sizes for every day; the delays may be four times as long under attack, as machines are busy
    abuse.py --full     5,000 slow ones, 1,000 who never read; twice as long
    abuse.py NAME…      those scenarios only
"""

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "Clients"))
from raw_socket import TEXT, RawSocket, frame, upgrade_request  # noqa: E402 - its folder is known only now
from relay import ROOT, Checks, Relay, run_scenarios, wait_until  # noqa: E402
from tls_support import Certificate  # noqa: E402

from floods import CREATE, FLOODS, LIMITS  # noqa: E402

ENCRYPTED = re.compile(r"listening on wss://127\.0\.0\.1:(\d+)")
LINES_A_SECOND = 50
TALK_SECONDS_MIN, TALK_SECONDS_MAX = 4, 20
PREFERENCE = -15
FLAT_KIB = 4 << 10
# What the kernel may keep for one who does not read: limit socket_bytes, and what it adds.
KERNEL_BYTES = 256 << 10
TABLE = []


class Sizes:
    """How much of everything, and what may come of it."""

    def __init__(self, is_full):
        self.name = "in full" if is_full else "in short"
        self.slow = {"heads": 5000 if is_full else 600, "frames": 500 if is_full else 150,
                     "fragments": 500 if is_full else 150}
        self.hellos = 1000 if is_full else 150
        self.handshake_milliseconds = 5000 if is_full else 1500
        self.message_milliseconds = 5000 if is_full else 1500
        self.slow_seconds = 30 if is_full else 7
        self.sleepers = 1000 if is_full else 200
        self.queued_bytes = (256 if is_full else 128) << 10
        self.flood_rounds = 300 if is_full else 24
        self.connects = 10_000 if is_full else 1000
        self.quiet_seconds = 8 if is_full else 1.5
        # On busy machines, the p99 of a typical half-second, which pauses of the machine are not in.
        self.measure = "p99" if is_full else "typical"
        # That of those who behave: so many times what it is in quiet, or so many milliseconds more. In short only a relay
        # that stands still is a failure: other programs on the machine make pauses, too.
        self.ratio, self.milliseconds = (2, 2) if is_full else (4, 1000)

    def __str__(self):
        return self.name


class Abused:
    """A relay, people who behave, and a row of the table for each attack."""

    def __init__(self, sizes, more=(), mounts="", **limits):
        self.sizes, self.home = sizes, tempfile.TemporaryDirectory()
        scripts = os.path.join(ROOT, "scripts")
        # A hook's time goes on while a busy machine does something else.
        limits = {"connections": 20000, "handshake_milliseconds": sizes.handshake_milliseconds,
                  "message_milliseconds": sizes.message_milliseconds, "hook_milliseconds": 1000, **limits}
        lines = ['listen "127.0.0.1:0"', 'admin "127.0.0.1:0"',
                 "limits { " + ", ".join(f"{name} = {value}" for name, value in limits.items()) + " }",
                 f'mount "/" {{ script = "{scripts}/godot.lua"{mounts} }}',
                 f'mount "/talk" {{ script = "{scripts}/broadcast.lua" }}',
                 f'mount "/busy" {{ script = "{scripts}/broadcast.lua" }}', *more]
        config = os.path.join(self.home.name, "lobbyist.lua")
        with open(config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        self.relay = Relay(config=config)
        # What other programs on this machine do to delays is seen in those of a relay that nobody attacks.
        self.other = Relay(script=os.path.join(scripts, "broadcast.lua"))

    def __enter__(self):
        self.relay.__enter__()
        self.other.__enter__()
        self.normal = [normal(self.relay), normal(self.other)]
        prefer(self.relay.process, self.other.process, *self.normal)
        time.sleep(0.3)
        self.delays()
        time.sleep(self.sizes.quiet_seconds)
        self.quiet = self.delays()
        self.descriptors = self.relay.descriptors()
        self.resident = self.most_resident = self.relay.resident_kib()
        return self

    def __exit__(self, *problem):
        for process in self.normal:
            process.stdin.close()
            process.wait()
        self.other.__exit__(*problem)
        self.relay.__exit__(*problem)
        self.home.cleanup()

    def delays(self):
        """In milliseconds, since the last time; with the delays at the relay that nobody attacks as `control`."""
        for process in self.normal:
            process.stdin.write("\n")
            process.stdin.flush()
        told = [json.loads(process.stdout.readline()) for process in self.normal]
        return {**told[0], "control": told[1]}

    def crowd(self, kind, count, seconds):
        port = self.encrypted_port() if kind == "hellos" else self.relay.port
        return subprocess.Popen([sys.executable, os.path.join(HERE, "crowd.py"), self.relay.host, str(port), kind,
                                 str(count), str(seconds)], stdout=subprocess.PIPE, text=True)

    def encrypted_port(self):
        return int(ENCRYPTED.search("".join(self.relay.lines)).group(1))

    def seconds(self):
        """Of the processor."""
        with open(f"/proc/{self.relay.process.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def look(self):
        self.most_resident = max(self.most_resident, self.relay.resident_kib())

    def attack(self, name, work):
        """Does `work`, and notes how the others fared meanwhile. Answers what it answers."""
        self.delays()
        began, spent = time.monotonic(), self.seconds()
        answer = work()
        took, spent = time.monotonic() - began, self.seconds() - spent
        meanwhile = self.delays()
        time.sleep(self.sizes.quiet_seconds)
        self.after = self.delays()
        self.rows = name, self.quiet, meanwhile, self.after, 100 * spent / took
        TABLE.append(self.rows)
        return answer

    def judge(self, checks):
        """Nobody who behaves was lost or had to wait for long, and the relay has its descriptors back."""
        name, quiet, meanwhile, after, share = self.rows
        which = self.sizes.measure
        calm = max(quiet[which], after[which], meanwhile["control"][which])
        allowed = max(self.sizes.ratio * calm, calm + self.sizes.milliseconds)
        checks.true(f"{name}: who behaves waits {meanwhile[which]} ms ({which}), where nobody attacks "
                    f"{meanwhile['control'][which]} ms, in quiet {quiet[which]} ms before and {after[which]} ms after; "
                    f"the relay took {share:.0f} % of a core", meanwhile[which] <= allowed,
                    f"{allowed:.1f} ms at most", meanwhile)
        checks.equal(f"{name}: nobody who behaves is lost", (meanwhile["lost"], after["lost"]), (0, 0))
        back = wait_until(lambda: self.relay.descriptors() <= self.descriptors, 8)
        checks.true(f"{name}: every descriptor is back", back, self.descriptors, self.relay.descriptors())
        counts = Counter(line.split(" ", 2)[0] + line.split(" ", 2)[1] for line in self.relay.lines
                         if line[:2] == "20" and " " in line)
        # One more says how many were left out.
        most = max(counts.values(), default=0)
        checks.true(f"{name}: the log is bounded", most <= LINES_A_SECOND + 1, f"{LINES_A_SECOND} a second", most)


def normal(relay):
    """People who behave, at their place."""
    process = subprocess.Popen([sys.executable, os.path.join(HERE, "normal.py"), relay.host, str(relay.port), "/talk"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process


def prefer(*processes):
    """Attackers are on other machines, and so are compilers: where this may be said here, it is."""
    for process in processes:
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, process.pid, PREFERENCE)


def encrypted(folder):
    """The lines of a configuration for a listener that speaks TLS."""
    own = Certificate(folder, "own")
    return [f'certificate {{ file = "{own.file}", key = "{own.key}" }}', 'listen "tls://127.0.0.1:0"']


def slow(checks, sizes):
    """Handshakes that are half open, frames and messages that never end."""
    with tempfile.TemporaryDirectory() as folder, Abused(sizes, more=encrypted(folder)) as abused:
        kinds = {**sizes.slow, "hellos": sizes.hellos}

        def work():
            crowds = {kind: abused.crowd(kind, count, sizes.slow_seconds) for kind, count in kinds.items()}
            while any(crowd.poll() is None for crowd in crowds.values()):
                abused.look()
                time.sleep(0.2)
            return {kind: json.loads(crowd.stdout.read()) for kind, crowd in crowds.items()}
        told = abused.attack("slow loris", work)
        for kind, count in kinds.items():
            print(f"     {kind}: {told[kind]}", flush=True)
            checks.true(f"slow {kind}: {count} at a time", told[kind]["most"] >= 0.9 * count, count, told[kind])
            checks.equal(f"slow {kind}: all are dropped in time", told[kind]["stayed"], 0)
        checks.true("slow heads: each is told 408", told["heads"].get("408", 0) > 0.8 * kinds["heads"], "408",
                    told["heads"])
        abused.judge(checks)


def never_reading(checks, sizes):
    """Readers who never read, in lobbies where somebody talks without end."""
    for slow_reader, code in {"close": "slow_readers_closed", "drop": "messages_dropped"}.items():
        # Where they are not closed they stay, but answer no ping.
        pings = 6000 if slow_reader == "drop" else 60_000
        with Abused(sizes, queued_bytes=sizes.queued_bytes, slow_reader=f'"{slow_reader}"',
                    ping_milliseconds=pings) as abused:
            crowd = abused.crowd("sleepers", sizes.sleepers, 600)

            def work():
                rooms = sizes.sleepers // 100
                wait_until(lambda: abused.relay.descriptors() >= abused.descriptors + sizes.sleepers, 10)
                talkers = [RawSocket(abused.relay) for _ in range(rooms)]
                for number, raw in enumerate(talkers):
                    raw.upgrade(f"/busy?room={number}")
                # What kernels keep comes on top of what the relay does.
                said, message = 0, frame(TEXT, b"x" * 4000)
                began = time.monotonic()
                # Long enough for a p99 that one pause of the machine does not make.
                while (took := time.monotonic() - began) < TALK_SECONDS_MIN or (
                        took < TALK_SECONDS_MAX and status(abused)[code] < sizes.sleepers):
                    for raw in talkers:
                        raw.send(message)
                        abused.look()
                        time.sleep(0.02 / rooms)
                    said += 1
                kept, _ = unsent(abused.relay.port)
                for raw in talkers:
                    raw.close()
                return said, kept
            said, kept = abused.attack(f"never reading, {slow_reader}", work)
            counted = status(abused)[code]
            grown = abused.most_resident - abused.resident
            # A queue's block is doubled when it is full.
            bound = 2 * sizes.queued_bytes * sizes.sleepers // 1024
            print(f"     {said} messages of 4 KB to each; memory grew by {grown >> 10} MiB, {bound >> 10} MiB may "
                  f"be theirs; the kernel kept {kept >> 10} KiB", flush=True)
            checks.true(f"never reading: the kernel keeps little, {kept // sizes.sleepers >> 10} KiB for each",
                        kept < sizes.sleepers * KERNEL_BYTES, KERNEL_BYTES, kept / sizes.sleepers)
            checks.true(f"never reading: {code} {counted}", counted >= sizes.sleepers, sizes.sleepers, counted)
            checks.true("never reading: memory is bounded", grown <= bound + (16 << 10), f"{bound} KiB", grown)
            wait_until(lambda: abused.relay.descriptors() <= abused.descriptors, 15)
            abused.judge(checks)
            left, orphans = unsent(abused.relay.port)
            checks.true(f"never reading: nor does it go on sending, {left} bytes, {orphans} sockets",
                        left < KERNEL_BYTES and orphans < 5, "nothing", (left, orphans))
            crowd.kill()
            crowd.wait()


def floods(checks, sizes):
    """Each flood again and again, with what it is answered."""
    with Abused(sizes, mounts=", deflate = true", close_milliseconds=500, **LIMITS) as abused:
        answers = {name: Counter() for name in FLOODS}

        def work():
            os.nice(5)
            for number in range(sizes.flood_rounds):
                for name, (function, _) in FLOODS.items():
                    answers[name][function(abused.relay)] += 1
                # What allocators keep for good they have by then.
                if number == sizes.flood_rounds // 3:
                    abused.resident = abused.relay.resident_kib()
                abused.look()
        abused.attack("floods", work)
        for name, (_, expected) in FLOODS.items():
            checks.true(f"flood, {name}: {', '.join(str(answer) for answer in answers[name])}",
                        answers[name] and set(answers[name]) <= set(expected), expected, dict(answers[name]))
        grown = abused.most_resident - abused.resident
        checks.true(f"floods: memory is flat, {grown} KiB more", grown < FLAT_KIB, f"{FLAT_KIB} KiB", grown)
        abused.judge(checks)


def lobbies(checks, sizes):
    """More lobbies than there may be, each by a newcomer who stays."""
    with Abused(sizes, **LIMITS) as abused:
        crowd = []

        def work():
            for _ in range(2 * LIMITS["lobbies"]):
                raw = RawSocket(abused.relay)
                raw.upgrade()
                raw.send(CREATE)
                crowd.append(raw)
            # A lobby's founder hears its id first.
            return Counter("founded" if raw.receive_frame()[0] == TEXT else raw.pending or "refused" for raw in crowd)
        answers = abused.attack("lobbies", work)
        checks.equal("lobbies: as many as allowed, the others are refused", dict(answers),
                     {"founded": LIMITS["lobbies"], "refused": LIMITS["lobbies"]})
        for raw in crowd:
            raw.close()
        abused.judge(checks)


def comings(checks, sizes):
    """Connections that come and go, at every stage; each third ends with a reset."""
    with Abused(sizes) as abused:
        def work():
            for number in range(sizes.connects):
                raw = RawSocket(abused.relay)
                request = upgrade_request(raw.host)
                if number % 4:
                    raw.send(request[:40] if number % 4 == 1 else request + CREATE * (number % 4 - 2))
                raw.reset() if number % 3 else raw.close()
                if number == sizes.connects // 3:
                    abused.resident = abused.relay.resident_kib()
                if number % 100 == 0:
                    abused.look()
        abused.attack(f"{sizes.connects} who come and go", work)
        grown = abused.most_resident - abused.resident
        checks.true(f"comings: memory is flat, {grown} KiB more", grown < FLAT_KIB, f"{FLAT_KIB} KiB", grown)
        abused.judge(checks)


def refused(checks, sizes):
    """Newcomers beyond the limit: the log does not grow with them."""
    with Abused(sizes, connections=2 * 20 + 5) as abused:
        def work():
            answers = Counter()
            for _ in range(sizes.connects):
                with RawSocket(abused.relay) as raw:
                    try:
                        answers[raw.status()] += 1
                    except OSError:
                        answers[0] += 1
            return answers
        crowd = [RawSocket(abused.relay) for _ in range(5)]
        answers = abused.attack("newcomers beyond the limit", work)
        for raw in crowd:
            raw.close()
        checks.true(f"refused: 503, or hung up on: {dict(answers)}", set(answers) <= {503, 0}, "503", dict(answers))
        abused.judge(checks)


def unsent(port):
    """What the kernel keeps for those who are or were connected to this port: bytes, and sockets that are nobody's."""
    total = orphans = 0
    with open("/proc/net/tcp", encoding="utf-8") as file:
        for line in list(file)[1:]:
            words = line.split()
            # Local address:port, state (0A listens), queues as sent:received, …, inode (0: no process has it).
            if int(words[1].split(":")[1], 16) == port and words[3] not in ("0A", "06"):
                total += int(words[4].split(":")[0], 16)
                orphans += words[9] == "0"
    return total, orphans


def status(abused):
    """What the relay counts at /busy."""
    mounts = abused.relay.ask("GET", "/status")[1]["mounts"]
    return next(mount["counters"] for mount in mounts if "/busy" in mount["paths"])


def table(_):
    """The delays of those who behave, in milliseconds."""
    print(f"     {'':32} {'quiet p50':>9} {'p99':>7} {'abused p50':>10} {'p99':>7} {'elsewhere':>9} {'after p99':>9} "
          f"{'core':>5}")
    for name, quiet, meanwhile, after, share in TABLE:
        print(f"     {name:32} {quiet['p50']:9} {quiet['p99']:7} {meanwhile['p50']:10} {meanwhile['p99']:7} "
              f"{meanwhile['control']['p99']:9} {after['p99']:9} {share:4.0f}%")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A relay under abuse.")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    scenarios = {scenario.__name__: scenario
                 for scenario in (slow, never_reading, floods, lobbies, comings, refused)}
    run_scenarios(Checks(), [(scenarios[name], Sizes(arguments.full)) for name in arguments.names or scenarios]
                  + [(table,)])
