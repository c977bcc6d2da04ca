#!/usr/bin/env python3
"""examples/node: its keeper of a lobby sees players come and go, a connection cut, a relay restarted
or at a standstill.

Once with Debian's node-ws and once with the WebSocket that Node has itself, where it has one.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

from godot_peer import PEER_CONNECT, PEER_DISCONNECT, Peer
from proxy import Proxy
from relay import ROOT, Checks, Relay, run_scenarios

KEEPER = os.path.join(ROOT, "examples", "node", "keeper.js")
NODE_MODULES = "/usr/share/nodejs"
# Node 20 has its own WebSocket behind an option, Node 22 has it and no such option.
OWN_OPTION = "--experimental-websocket"
RESUME = os.path.join("plugins", "resume.lua")
WAIT_SECONDS = 20
# lobby.js: ten seconds of silence, five for the answer.
SILENCE_SECONDS = 15
SCENARIO_SECONDS = 120
STOP_SECONDS = 5
# Patient with a machine that is busy starting Node.
PATIENT = {"join_timeout": 20}


class Keeper:
    """A keeper.js that runs; what it prints is waited for."""

    def __init__(self, node, url):
        self.node, self.url = node, url

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.node, KEEPER, self.url, env={**os.environ, "NODE_PATH": NODE_MODULES, "NODE_NO_WARNINGS": "1"},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def line(self, seconds=WAIT_SECONDS):
        line = await asyncio.wait_for(self.process.stdout.readline(), seconds)
        return json.loads(line) if line.startswith(b"{") else {"event": "none", "instead": line.decode()}

    async def after_tries(self):
        """The next line that is not about a try in vain."""
        while (line := await self.line())["event"] == "lost":
            pass
        return line

    async def end(self):
        self.process.send_signal(signal.SIGTERM)
        last = await self.line()
        return last, await asyncio.wait_for(self.process.wait(), STOP_SECONDS)


def runs(function):
    """An async scenario, within a bounded time."""
    def run(checks, tag, *node):
        asyncio.run(asyncio.wait_for(function(checks, f"{tag}: ", node), SCENARIO_SECONDS))
    run.__name__ = function.__name__
    return run


@runs
async def comings_and_goings(checks, tag, node):
    with Relay(settings=PATIENT) as relay:
        async with Keeper(node, relay.url) as keeper:
            opened = await keeper.line()
            checks.matches(tag + "a lobby", opened.get("lobby"), "[A-Za-z0-9]{16}")
            name = opened["lobby"]
            async with Peer(relay) as ana, Peer(relay) as bob:
                heard = await ana.join(name, others=1)
                checks.equal(tag + "its host is there", heard[1], (PEER_CONNECT, 1, ""))
                checks.equal(tag + "Ana comes", await keeper.line(),
                             {"event": "joined", "lobby": name, "players": 1, "id": ana.id})
                await bob.join(name, others=2)
                checks.equal(tag + "Bob comes", await keeper.line(),
                             {"event": "joined", "lobby": name, "players": 2, "id": bob.id})
                checks.equal(tag + "Ana meets Bob", await ana.hear(), (PEER_CONNECT, bob.id, ""))
                await bob.__aexit__(None, None, None)
                checks.equal(tag + "Bob goes", await keeper.line(),
                             {"event": "left", "lobby": name, "players": 1, "id": bob.id})
                checks.equal(tag + "Ana hears it", await ana.hear(), (PEER_DISCONNECT, bob.id, ""))
            checks.equal(tag + "all go, the lobby stays", await keeper.line(),
                         {"event": "left", "lobby": name, "players": 0, "id": ana.id})
            async with Peer(relay) as cid:
                await cid.join(name, others=1)
                checks.equal(tag + "and can be joined", (await keeper.line())["id"], cid.id)
                last, code = await keeper.end()
                checks.equal(tag + "it ends when it is told to", (last["event"], last["code"], code), ("end", 1000, 0))
                checks.equal(tag + "and the lobby with it", await cid.closed(), (4000, "Room host has disconnected"))


@runs
async def cut(checks, tag, node):
    with Relay(plugins=[RESUME], settings=PATIENT) as relay, contextlib.closing(Proxy(relay.port)) as proxy:
        async with Keeper(node, proxy.url) as keeper, Peer(relay) as ana:
            name = (await keeper.line())["lobby"]
            await ana.join(name, others=1)
            await keeper.line()
            proxy.refuse()
            checks.equal(tag + "the cut is noticed", (await keeper.line())["event"], "lost")
            async with Peer(relay) as bob:
                await bob.join(name, others=2)
                proxy.admit()
                checks.equal(tag + "it takes its place back", (await keeper.after_tries())["event"], "resumed")
                checks.equal(tag + "and hears who came meanwhile", await keeper.line(),
                             {"event": "joined", "lobby": name, "players": 2, "id": bob.id})
                checks.equal(tag + "the others have not noticed", await ana.hear(), (PEER_CONNECT, bob.id, ""))
                checks.equal(tag + "nothing else", await ana.hears_nothing(), None)


@runs
async def restarted(checks, tag, node):
    for plugins in ([], [RESUME]):
        rules = "with resume" if plugins else "without resume"
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(Relay(plugins=plugins))
            async with Keeper(node, first.url) as keeper:
                name = (await keeper.line())["lobby"]
                first.stop()
                lost = await keeper.line()
                checks.equal(tag + f"{rules}: the relay goes", (lost["event"], lost["code"]), ("lost", 1001))
                stack.enter_context(Relay(plugins=plugins, listen=f"127.0.0.1:{first.port}"))
                again = await keeper.after_tries()
                checks.equal(tag + f"{rules}: there is a new lobby", again["event"], "open")
                checks.true(tag + f"{rules}: of another name", again["lobby"] != name, "another", name)
                last, code = await keeper.end()
                checks.equal(tag + f"{rules}: it ends when it is told to", (last["event"], code), ("end", 0))


@runs
async def stands_still(checks, tag, node):
    """A relay that is stopped closes no connection, and its system goes on accepting new ones."""
    with Relay(plugins=[RESUME], settings=PATIENT) as relay:
        async with Keeper(node, relay.url) as keeper, Peer(relay) as ana:
            name = (await keeper.line())["lobby"]
            await ana.join(name, others=1)
            await keeper.line()
            heard = "nothing"
            with contextlib.suppress(asyncio.TimeoutError):
                heard = await keeper.line(SILENCE_SECONDS + 5)
            checks.equal(tag + "a relay that is only quiet is not lost", heard, "nothing")
            checks.equal(tag + "the others do not hear it asked", await ana.hears_nothing(), None)
        async with Keeper(node, relay.url) as keeper:
            name = (await keeper.line())["lobby"]
            os.kill(relay.process.pid, signal.SIGSTOP)
            try:
                start = time.monotonic()
                lost = await keeper.line(SILENCE_SECONDS + WAIT_SECONDS)
                took = time.monotonic() - start
                checks.equal(tag + "a standstill is noticed", (lost["event"], lost["code"]), ("lost", 1006))
                checks.true(tag + "in time", took < SILENCE_SECONDS + 5, SILENCE_SECONDS, took)
                again = await keeper.line(SILENCE_SECONDS + WAIT_SECONDS)
                checks.equal(tag + "and that it lasts", again["event"], "lost")
            finally:
                os.kill(relay.process.pid, signal.SIGCONT)
            checks.equal(tag + "then the place is taken back", (await keeper.after_tries())["event"], "resumed")
            async with Peer(relay) as bob:
                await bob.join(name, others=1)
                checks.equal(tag + "in the same lobby", await keeper.line(),
                             {"event": "joined", "lobby": name, "players": 1, "id": bob.id})


def answers(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_SECONDS,
                          env={**os.environ, "NODE_PATH": NODE_MODULES, "NODE_NO_WARNINGS": "1"}).stdout.strip()


def main():
    if shutil.which("node") is None:
        print("all left out: node_example (no node: apt-get install nodejs node-ws)")
        return
    kinds = []
    # Node 22 has its own, which node-ws would not be asked for.
    if answers("node", "-p", "typeof WebSocket") == "function":
        kinds.append(("Node's WebSocket", "node"))
    else:
        if answers("node", "-p", "typeof require('ws')") == "function":
            kinds.append(("node-ws", "node"))
        else:
            print("left out: node_example with node-ws (not installed: apt-get install node-ws)")
        if answers("node", OWN_OPTION, "-p", "typeof WebSocket") == "function":
            kinds.append(("Node's WebSocket", "node", OWN_OPTION))
        else:
            print("left out: node_example with Node's WebSocket (this Node has none)")
    if kinds:
        run_scenarios(Checks(), [(scenario, *kind) for kind in kinds for scenario in (
            comings_and_goings, cut, restarted, stands_still)])
    else:
        print("all left out: node_example (no WebSocket for node: apt-get install node-ws)")


if __name__ == "__main__":
    sys.exit(main())
