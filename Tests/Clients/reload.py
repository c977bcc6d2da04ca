#!/usr/bin/env python3
"""Scripts replaced on a live relay: by saving them, by SIGHUP and by the operator. Nobody is disconnected, nothing is
lost, doubled or put out of order; what does not load changes nothing."""

import asyncio
import os
import re
import resource
import signal
import statistics
import subprocess
import tempfile
import time

import websockets
from raw_socket import TEXT, RawSocket, frame
from relay import BINARY, ROOT, Checks, Relay, run_scenarios, wait_until

VERSION = """
local word = require "word"
local policy = {{}}
function policy.on_connect(peer)
  local lobby = mount:find_lobby("den") or mount:create_lobby("den")
  lobby.joined = (lobby.joined or 0) + 1
  lobby:add(peer, lobby.joined)
end
function policy.on_message(peer, message)
  local lobby, id = peer:lobby()
  peer:send(("{name} %s %s %s %d"):format(word, id, message:text(), lobby:count()))
end
return policy
"""
# The load: pairs in lobbies of two that pass numbers on, while versions change under them.
PAIRS = """
-- version {name}
local policy = {{}}
function policy.on_upgrade(request) request:attach("pair", request:query("pair")) end
function policy.on_connect(peer)
  local lobby = mount:find_lobby(peer.pair) or mount:create_lobby(peer.pair)
  lobby:add(peer, lobby:count() + 1)
end
function policy.on_message(peer, message)
  local lobby, id = peer:lobby()
  message:forward(lobby:member(3 - id))
end
return policy
"""


CROWD = 10_000


class Folder:
    """A folder with a script and its module, and a relay that serves it."""

    def __init__(self, source=VERSION.format(name="one"), **options):
        self.folder = tempfile.TemporaryDirectory()
        self.script = os.path.join(self.folder.name, "policy.lua")
        self.write("policy.lua", source)
        self.write("word.lua", "return 'a'")
        self.relay = Relay(script=self.script, admin="127.0.0.1:0", **options)

    def __enter__(self):
        self.relay.__enter__()
        self.admin = self.relay.admin_address()
        return self

    def __exit__(self, *problem):
        self.relay.__exit__(*problem)
        self.folder.cleanup()

    def write(self, name, text):
        with open(os.path.join(self.folder.name, name), "w", encoding="utf-8") as file:
            file.write(text)

    def rename_over(self, name, text):
        """As editors save: a new file beside the old one, then renamed over it."""
        self.write(name + ".new", text)
        os.rename(os.path.join(self.folder.name, name + ".new"), os.path.join(self.folder.name, name))

    def reloads(self):
        return len(self.relay.logged("runs now"))

    def refusals(self):
        return len(self.relay.logged("is not reloaded"))

    def reload(self):
        """What `lobbyist reload` answers: exit code and what it says."""
        done = subprocess.run([BINARY, "reload", "--admin", self.admin], cwd=ROOT, capture_output=True, text=True,
                              timeout=20)
        return done.returncode, done.stdout + done.stderr


def connected(relay):
    raw = RawSocket(relay)
    raw.upgrade()
    return raw


def ask(raw, text):
    raw.send(frame(TEXT, text.encode()))
    return raw.receive_text().decode()


def ways(checks):
    with Folder() as served, connected(served.relay) as ana, connected(served.relay) as bob:
        checks.equal("the first version", [ask(ana, "x"), ask(bob, "y")], ["one a 1 x 2", "one a 2 y 2"])
        served.write("policy.lua", VERSION.format(name="two"))
        checks.true("a saved script is taken up", wait_until(lambda: served.reloads() == 1, 3))
        checks.equal("and serves those who are there", [ask(ana, "x"), ask(bob, "y")], ["two a 1 x 2", "two a 2 y 2"])
        served.rename_over("policy.lua", VERSION.format(name="three"))
        checks.true("so is one that was renamed over", wait_until(lambda: served.reloads() == 2, 3))
        served.write("word.lua", "return 'b'")
        checks.true("and a module", wait_until(lambda: served.reloads() == 3, 3))
        checks.equal("both are in service", ask(ana, "x"), "three b 1 x 2")
        for number in range(20):
            served.write("word.lua", f"return 'burst {number}'")
            time.sleep(0.01)
        wait_until(lambda: served.reloads() > 3, 3)
        time.sleep(0.5)
        checks.true("a burst of saves is one reload, or two", served.reloads() <= 5, "4 or 5", served.reloads())
        checks.equal("with the last of them", ask(ana, "x"), "three burst 19 1 x 2")
        before = served.reloads()
        served.relay.process.send_signal(signal.SIGHUP)
        checks.true("SIGHUP reloads", wait_until(lambda: served.reloads() == before + 1, 3))
        code, said = served.reload()
        checks.equal("lobbyist reload answers when it is done", [code, served.reloads()], [0, before + 2])
        checks.true("with the version", re.search(r"ok  .*policy\.lua \(version [0-9a-f]{8}\)", said), "ok", said)
        checks.equal("and nobody has noticed", [ask(ana, "x"), ask(bob, "y")],
                     ["three burst 19 1 x 2", "three burst 19 2 y 2"])


BROKEN = (
    ("a syntax error", "return {", "policy.lua:1:"),
    ("an error at load", "error('no')", "policy.lua:1: no"),
    ("an endless loop at load", "while true do end", "budget exhausted"),
    ("a memory bomb at load", "local t = {} for i = 1, 1e9 do t[i] = {} end", "policy.lua:1:"),
    ("a hook that is no function", "return { on_message = 5 }", "hook 'on_message' is a number"),
    ("a module that is missing", "require 'gone' return {}", "gone.lua"),
    ("a truncated file", VERSION.format(name="two")[:200], "policy.lua:"),
    ("an empty file", "", "returns nothing"),
)


def broken(checks):
    with Folder(errors=True) as served, connected(served.relay) as ana:
        for count, (name, text, expected) in enumerate(BROKEN, start=1):
            served.write("policy.lua", text)
            checks.true(f"{name} is refused", wait_until(lambda: served.refusals() >= count, 5))
            checks.true(f"{name}: why is logged", expected in served.relay.logged("is not reloaded")[-1], expected,
                        served.relay.logged("is not reloaded")[-1])
            checks.equal(f"{name}: the version before runs on", ask(ana, "x"), "one a 1 x 1")
        code, said = served.reload()
        checks.equal("lobbyist reload says so", code, 1)
        checks.true("with the reason", "returns nothing" in said, "returns nothing", said)
        count = served.refusals()
        time.sleep(0.5)
        checks.equal("it is not tried again by itself", served.refusals(), count)
        os.remove(served.script)
        checks.true("a deleted file is refused", wait_until(lambda: served.refusals() > count, 3))
        served.write("policy.lua", VERSION.format(name="two"))
        checks.true("one that is back is taken up", wait_until(lambda: served.reloads() == 1, 3))
        checks.equal("and serves", ask(ana, "x"), "two a 1 x 1")
        os.chmod(served.script, 0)
        served.reload()
        os.chmod(served.script, 0o644)
        checks.true("the relay is alive", served.relay.alive())


def links(checks):
    """A script that is a link: the link may be swapped, and what it leads to be edited."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("one", "two"):
            os.mkdir(os.path.join(folder, name))
            with open(os.path.join(folder, name, "policy.lua"), "w", encoding="utf-8") as file:
                file.write(VERSION.format(name=name).replace('require "word"', "'w'"))
        script = os.path.join(folder, "policy.lua")
        os.symlink("one/policy.lua", script)
        with Relay(script=script) as relay, connected(relay) as ana:
            checks.equal("what the link leads to", ask(ana, "x"), "one w 1 x 1")
            os.symlink("two/policy.lua", script + ".new")
            os.rename(script + ".new", script)
            checks.true("a link that was swapped", wait_until(lambda: relay.logged("runs now"), 3))
            checks.equal("leads to the other", ask(ana, "x"), "two w 1 x 1")
            with open(os.path.join(folder, "two", "policy.lua"), "w", encoding="utf-8") as file:
                file.write(VERSION.format(name="three").replace('require "word"', "'w'"))
            checks.true("what it leads to now", wait_until(lambda: len(relay.logged("runs now")) == 2, 3))
            checks.equal("is taken up", ask(ana, "x"), "three w 1 x 1")


def configuration(checks):
    """Settings and plugins of a configuration are taken up; what needs a restart is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "lobbyist.lua")

        def write(fields=""):
            with open(path, "w", encoding="utf-8") as file:
                file.write(f'listen "127.0.0.1:0"\nmount "/" {{ script = "motto.lua", {fields} }}\n')

        with open(os.path.join(folder, "motto.lua"), "w", encoding="utf-8") as file:
            file.write('local s = relay.settings { motto = "none" }\n'
                       'return { on_message = function(peer) peer:send(s.motto) end }')
        with open(os.path.join(folder, "guard.lua"), "w", encoding="utf-8") as file:
            file.write('return { on_message = function(peer) peer:send("guard") return true end }')
        write()
        with Relay(config=path, errors=True) as relay, connected(relay) as ana:
            checks.equal("the first settings", ask(ana, "x"), "none")
            write('settings = { motto = "new" }')
            wait_until(lambda: len(relay.logged("runs now")) == 1, 3)
            checks.equal("changed ones", ask(ana, "x"), "new")
            write('settings = { motto = "new" }, plugins = { "guard.lua" }')
            wait_until(lambda: len(relay.logged("runs now")) == 2, 3)
            checks.equal("a plugin", ask(ana, "x"), "guard")
            write('settings = { moto = "new" }')
            checks.true("a mistake is refused", wait_until(lambda: relay.logged("did you mean 'motto'"), 3))
            write('limits = { lobbies = 5 }')
            checks.true("what needs a restart is too", wait_until(lambda: relay.logged("by a restart only"), 3))
            checks.equal("what ran runs on", ask(ana, "x"), "guard")


async def stream(url, pair, count, heard):
    """Two members of a lobby: one sends numbers as long as it may, the other notes what comes."""
    async with websockets.connect(f"{url}/?pair={pair}") as one, websockets.connect(f"{url}/?pair={pair}") as two:
        async def listen():
            for _ in range(count):
                heard.append(int(await asyncio.wait_for(two.recv(), 20)))
        listener = asyncio.create_task(listen())
        for number in range(count):
            await one.send(str(number))
            if number % 50 == 0:
                await asyncio.sleep(0.01)
        await listener


async def under_load(checks, served, pairs, count, seconds):
    heard = [[] for _ in range(pairs)]
    streams = [asyncio.create_task(stream(served.relay.url, f"p{i}", count, heard[i])) for i in range(pairs)]
    end = time.monotonic() + seconds
    turn = 0
    while time.monotonic() < end and not all(task.done() for task in streams):
        turn += 1
        served.rename_over("policy.lua", PAIRS.format(name=turn % 2))
        served.relay.process.send_signal(signal.SIGHUP)
        await asyncio.sleep(0.1)
    await asyncio.gather(*streams)
    expected = list(range(count))
    checks.true(f"{pairs} streams of {count} messages arrive whole and in order during {turn} changes",
                all(numbers == expected for numbers in heard), "all numbers in order",
                [len(numbers) for numbers in heard])
    checks.true("the versions did change", served.reloads() >= turn / 2, f"about {turn}", served.reloads())


def load(checks):
    with Folder(PAIRS.format(name=0)) as served:
        asyncio.run(under_load(checks, served, pairs=20, count=3000, seconds=5))
        times = [int(re.search(r"loaded in (\d+) us", line).group(1)) for line in served.relay.logged("runs now")]
        print(f"loading took {statistics.median(times)} us (median of {len(times)}), at most {max(times)} us")
        memory = served.relay.resident_kib()
        for _ in range(300):
            served.relay.process.send_signal(signal.SIGHUP)
            time.sleep(0.002)
        time.sleep(0.3)
        checks.true("memory stays the same", served.relay.resident_kib() < memory + 4096, f"about {memory} KiB",
                    served.relay.resident_kib())


def crowd(checks):
    """Ten thousand peers in lobbies, all of whom are there afterwards. How long it takes is printed, not judged."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    count = min(CROWD, most - 500)
    with Folder(PAIRS.format(name=0)) as served:
        peers = []
        for number in range(count):
            peers.append(RawSocket(served.relay))
            peers[-1].upgrade(f"/?pair={number // 2}")
        waits = []
        for turn in range(100):
            served.rename_over("policy.lua", PAIRS.format(name=turn))
            served.relay.process.send_signal(signal.SIGHUP)
            end = time.monotonic() + 0.03
            while time.monotonic() < end:
                start = time.perf_counter()
                peers[0].send(frame(TEXT, b"x"))
                peers[1].receive_text()
                waits.append((time.perf_counter() - start) * 1000)
        took = sorted(int(re.search(r"loaded in (\d+) us", line).group(1)) for line in served.relay.logged("runs now"))
        waits.sort()
        print(f"{count} peers, {len(took)} reloads: loading {took[len(took) // 2]} us median, "
              f"{took[len(took) * 99 // 100]} us p99; a message's way {waits[len(waits) * 99 // 100]:.2f} ms p99, "
              f"{waits[-1]:.2f} ms at most")
        for peer in peers[2::2]:
            peer.send(frame(TEXT, b"here"))
        checks.true("everybody is there and hears",
                    all(peer.receive_text() == b"here" for peer in peers[3::2]))
        for peer in peers:
            peer.close()


def remarks(checks):
    """What reading the script tells is a warning: at the start, after a save, and to who asks for a reload."""
    misspelt = "local policy = {}\nfunction policy.on_message(peer) peer:snd('x') end\nreturn policy\n"
    expected = "policy.lua:2:39: peer has no method 'snd': did you mean 'send'?"
    with Folder(source=misspelt) as served:
        checks.true("at the start", wait_until(lambda: served.relay.logged(expected), 3), expected, served.relay.log())
        served.write("policy.lua", misspelt.replace("'x'", "'y'"))
        checks.true("after a save", wait_until(lambda: len(served.relay.logged(expected)) == 2, 3), "twice",
                    served.relay.log())
        code, said = served.reload()
        checks.true("by lobbyist reload", code == 0 and expected in said, expected, said)
        served.write("policy.lua", misspelt.replace("snd", "send") + "-- " + "x" * (200 << 10))
        checks.true("a script that is too long is not read for it", wait_until(lambda: served.reloads() == 3, 3))
        checks.equal("and there is nothing to say", served.reload()[1].count("did you mean"), 0)


def breaker(checks):
    with Folder(errors=True, limits={"breaker_failures": 5}) as served, connected(served.relay) as ana:
        served.write("policy.lua", "return { on_message = function() error('bad') end }")
        wait_until(lambda: served.reloads() == 1, 3)
        for _ in range(5):
            ana.send(frame(TEXT, b"x"))
        checks.true("a version that fails too often gives way",
                    wait_until(lambda: served.relay.logged("has failed too often"), 3))
        checks.equal("to the one before", ask(ana, "x"), "one a 1 x 1")


if __name__ == "__main__":
    run_scenarios(Checks(), [(ways,), (broken,), (links,), (configuration,), (load,), (crowd,), (breaker,), (remarks,)])
