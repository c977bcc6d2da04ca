#!/usr/bin/env python3
"""examples/python: its chat with itself, and its echo with pages, one of them by the library of examples/browser."""

import asyncio
import json
import os
import re
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "webrtc"))

from browsers import CHROMIUM, Chromium, PageEnd, serving
from coturn import SECRET, Coturn, lacking_programs
from network_namespace import enter_namespace
from relay import ROOT, Checks, Relay, run_scenarios
from websockets.asyncio.client import connect

CHAT = os.path.join(ROOT, "examples", "python", "chat.py")
LIBRARY = os.path.join("examples", "browser", "lobbyist.js")
BYTES = 262144
# The id of the reliable channel in chat.py.
CHANNEL = 10
WAIT_SECONDS = 30
STOP_SECONDS = 5
SCENARIO_SECONDS = 90
# Patient with a machine that is busy starting browsers.
PATIENT = {"join_timeout": 20}


def scenario(function):
    """Runs an async scenario against a relay of its own, within a bounded time."""
    def run(checks):
        asyncio.run(asyncio.wait_for(function(checks), SCENARIO_SECONDS))
    run.__name__ = function.__name__
    return run


class Chat:
    """A chat.py that runs: lines are typed into it, and its lines are waited for."""

    def __init__(self, relay, *arguments):
        self.command = [sys.executable, "-u", CHAT, "--relay", relay, *arguments]

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT)
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
            except asyncio.TimeoutError:
                self.process.kill()
        await self.process.wait()

    async def line(self):
        line = await asyncio.wait_for(self.process.stdout.readline(), WAIT_SECONDS)
        return line.decode().rstrip("\n")

    async def lobby(self):
        """Its lobby and its id there, as it says them first."""
        match = re.fullmatch(r"in lobby (\S+) as (\d+)", await self.line())
        return match.group(1), match.group(2)

    async def type(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        await self.process.stdin.drain()

    async def end(self):
        """Its last line and its exit code."""
        rest = await asyncio.wait_for(self.process.stdout.read(), WAIT_SECONDS)
        return rest.decode().strip(), await self.process.wait()


@scenario
async def chatting(checks):
    with Relay(settings=PATIENT) as relay:
        async with Chat(relay.url) as ana:
            lobby, ana_id = await ana.lobby()
            checks.equal("who creates a lobby is its host", ana_id, "1")
            async with Chat(relay.url, lobby) as bob:
                _, bob_id = await bob.lobby()
                checks.equal("Bob is connected", await bob.line(), "connected with 1")
                checks.equal("Ana too", await ana.line(), f"connected with {bob_id}")
                await bob.type("hello, é 漢字")
                checks.equal("Ana reads what Bob types", await ana.line(), f"{bob_id}: hello, é 漢字")
                async with Chat(relay.url, lobby) as cid:
                    _, cid_id = await cid.lobby()
                    checks.equal("Cid is connected with both", {await cid.line(), await cid.line()},
                                 {"connected with 1", f"connected with {bob_id}"})
                    checks.equal("Ana and Bob with Cid", {await ana.line(), await bob.line()},
                                 {f"connected with {cid_id}"})
                    await ana.type("hello all")
                    checks.equal("both read what Ana types", {await bob.line(), await cid.line()}, {"1: hello all"})
                checks.equal("both hear that Cid has left", {await ana.line(), await bob.line()},
                             {f"{cid_id} has left"})
                await ana.__aexit__()
                checks.equal("without its host the lobby ends", await bob.end(),
                             ("the relay has closed: 4000 Room host has disconnected", 1))


@scenario
async def nonsense(checks):
    """What one peer signals costs nobody else the chat."""
    with Relay(settings=PATIENT) as relay:
        async with Chat(relay.url) as ana, connect(relay.url) as eve:
            lobby, _ = await ana.lobby()
            await eve.send(json.dumps({"type": 0, "id": 0, "data": lobby}))
            for kind, data in ((6, "x"), (5, "x"), (4, ""), (6, "\n0\n0\ncandidate:nonsense")):
                await eve.send(json.dumps({"type": kind, "id": 1, "data": data}))
            told = await ana.line()
            checks.true("it is told", "signals what cannot be understood" in told, "that it is none", told)
            async with Chat(relay.url, lobby) as bob:
                await bob.lobby()
                checks.equal("Bob is connected", "connected with 1" in [await bob.line()], True)


@scenario
async def refused(checks):
    with Relay() as relay:
        async with Chat(relay.url, "nowhere") as ana:
            checks.equal("no such lobby", await ana.end(), ("the relay has closed: 4000 Lobby does not exists", 1))
    async with Chat(relay.url) as ana:
        last, code = await ana.end()
        checks.matches("no relay", last, re.escape(relay.url) + ": .*refused.*|.*Connect call failed.*")
        checks.equal("no relay: the exit code", code, 1)


@scenario
async def with_turn(checks):
    lacking = lacking_programs()
    if lacking:
        print(f"left out: python_example with coturn (no {', '.join(lacking)}: apt-get install coturn)")
        return
    with Coturn() as coturn:
        settings = {**PATIENT, "turn.secret": SECRET, "turn.urls": coturn.url()}
        with Relay(plugins=[os.path.join("plugins", "turn.lua")], settings=settings) as relay:
            async with Chat(relay.url) as ana:
                lobby, _ = await ana.lobby()
                async with Chat(relay.url, lobby) as bob:
                    await bob.lobby()
                    checks.equal("they are connected", await bob.line(), "connected with 1")
        checks.true("the TURN server has given each an address",
                    coturn.log().count("ALLOCATE processed, success") >= 2, "two allocations", coturn.log()[-500:])


@scenario
async def with_a_page(checks):
    if not CHROMIUM:
        print("left out: python_example with pages (no chromium: apt-get install chromium)")
        return
    with Relay(settings=PATIENT) as relay, serving() as pages:
        async with Chromium() as chromium:
            async with PageEnd(chromium, pages, "godot", relay.url, BYTES, channel=CHANNEL) as page:
                async with Chat(relay.url, "--echo", await page.entered) as echo:
                    await echo.lobby()
                    judge(checks, "a page, then the echo", await page.done)
            async with Chat(relay.url, "--echo") as echo:
                lobby, _ = await echo.lobby()
                start = time.time() * 1000
                async with PageEnd(chromium, pages, "godot", relay.url, BYTES, lobby, channel=CHANNEL) as page:
                    result = await page.done
                    judge(checks, f"the echo, then a page, open after {result['opened'] - start:.0f} ms", result)
            checks.equal("the console holds no errors", chromium.complaints, [])


def judge(checks, name, result):
    checks.equal(f"{name}: all comes back", [result["received"], result["acknowledged"]], [result["sent"]] * 2)


LIBRARY_LOBBY = """
(async () => {
  const { Lobby } = await import("/%s");
  const lobby = new Lobby("%s", { code: "%s", iceServers: [] });
  const heard = [];
  window.heard = new Promise((resolve) => {
    lobby.on("message", ({ data }) => { if (heard.push(data) === 2) resolve(heard.sort()); });
  });
  lobby.on("open", ({ peer }) => peer.send("a page's first word"));
  return new Promise((resolve, reject) => {
    lobby.on("state", ({ state, reason }) => (state === "open" ? resolve(lobby.code) : reject(new Error(reason))));
  });
})()
"""


@scenario
async def with_the_library(checks):
    """Both speak as soon as their channel is open, whoever of them offers."""
    if not CHROMIUM or not os.path.exists(os.path.join(ROOT, LIBRARY)):
        print(f"left out: python_example with {LIBRARY} (no {'chromium' if not CHROMIUM else 'such file'})")
        return
    expected = ["a page's first word", "hello, I say back what I hear"]
    with Relay(settings=PATIENT) as relay, serving(ROOT) as pages:
        async with Chromium() as chromium:
            async def enter(code=""):
                page = await chromium.open(f"{pages}/Tests/Clients/webrtc/blank.html")
                return page, await chromium.evaluate(page, LIBRARY_LOBBY % (LIBRARY, relay.url, code))

            async with Chat(relay.url, "--echo") as echo:
                lobby, _ = await echo.lobby()
                page, _ = await enter(lobby)
                checks.equal("the browser's library offers, the echo answers",
                             await chromium.evaluate(page, "heard"), expected)
                await chromium.close(page)
            page, lobby = await enter()
            async with Chat(relay.url, "--echo", lobby) as echo:
                checks.equal("the echo offers, the browser's library answers",
                             await chromium.evaluate(page, "heard"), expected)
            await chromium.close(page)
            checks.equal("with the library: the console holds no errors", chromium.complaints, [])


def main():
    enter_namespace("python_example")
    run_scenarios(Checks(), [(chatting,), (nonsense,), (refused,), (with_turn,), (with_a_page,), (with_the_library,)])


if __name__ == "__main__":
    main()
