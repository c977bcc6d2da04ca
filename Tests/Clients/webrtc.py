#!/usr/bin/env python3
"""WebRTC stacks that share no code meet over the relay: a data channel opens, and 1 MB crosses it both ways.

Chromium and aiortc in every pairing over each documented protocol, Firefox and Chromium over Godot's; and through
coturn alone, with credentials from the plugin `turn`. Each prints the time from the start of the end that comes second,
for a page its load, to the open channel. In a network namespace of its own, where nothing else is reachable.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
import traceback
import urllib.parse
import urllib.request

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "webrtc"))

from aiortc_end import AiortcEnd
from browsers import CHROMIUM, FIREFOX, Chromium, Firefox, PageEnd, serving
from coturn import SECRET, Coturn, lacking_programs
from network_namespace import enter_namespace
from protocols import PROTOCOLS
from relay import Checks, Relay

BYTES = 1048576
LINK_SECONDS = 60
WHOLE_SECONDS = 600
# Beyond the second for which the credentials are good.
EXPIRY_SECONDS = 2.5

CONFIGURATION = """
listen "127.0.0.1:0"
mount "/godot" { script = "scripts/godot.lua" }
mount "/gamejam" { script = "scripts/gamejam.lua" }
mount "/unity" { script = "scripts/unity.lua" }
mount "/signalling" { script = "scripts/broadcast.lua" }
mount "/connect" { script = "scripts/singo.lua" }
"""


class Matrix:
    def __init__(self, checks, relay, pages):
        self.checks, self.relay, self.pages = checks, relay, pages

    def end(self, browser, protocol, room=""):
        if browser is None:
            return AiortcEnd(protocol, self.relay.url, BYTES, room)
        return PageEnd(browser, self.pages, protocol, self.relay.url, BYTES, room)

    async def link(self, protocol, first, second):
        """Two ends, a browser or None for aiortc; the first creates the room, the second joins it."""
        ends = " and ".join("aiortc" if browser is None else browser.name for browser in (first, second))
        name = f"{protocol}, {ends}"
        try:
            async with asyncio.timeout(LINK_SECONDS), self.end(first, protocol) as creator:
                room = await creator.entered
                start = time.time() * 1000
                async with self.end(second, protocol, room) as joiner:
                    judge(self.checks, name, start, *await asyncio.gather(creator.done, joiner.done))
        except Exception as error:  # noqa: BLE001 - one link that fails says nothing about the others
            self.checks.failure(name, error)


async def pairings(checks, relay, pages):
    matrix = Matrix(checks, relay, pages)
    for protocol in PROTOCOLS:
        await matrix.link(protocol, None, None)
    if not CHROMIUM:
        print("left out: webrtc with browsers (no chromium: apt-get install chromium)")
        return
    async with Chromium() as chromium:
        for protocol in PROTOCOLS:
            await matrix.link(protocol, chromium, None)
            await matrix.link(protocol, None, chromium)
            await matrix.link(protocol, chromium, chromium)
        if FIREFOX:
            async with Firefox() as firefox:
                await matrix.link("godot", firefox, chromium)
                await matrix.link("godot", chromium, firefox)
                await matrix.link("godot", firefox, None)
                await matrix.link("godot", firefox, firefox)
                checks.equal("Firefox's console holds no errors", firefox.complaints, [])
        else:
            print("left out: webrtc with Firefox (no firefox-esr: apt-get install firefox-esr)")
        checks.equal("Chromium's console holds no errors", chromium.complaints, [])
        await through_coturn(checks, pages, chromium)


async def through_coturn(checks, pages, chromium):
    """Pages that may use nothing but the TURN server: with good credentials they meet, with expired ones not."""
    lacking = lacking_programs()
    if lacking:
        print(f"left out: webrtc through coturn (no {', '.join(lacking)}: apt-get install coturn)")
        return
    with Coturn() as coturn:
        for scenario in (relayed, expired):
            try:
                async with asyncio.timeout(LINK_SECONDS):
                    await scenario(checks, pages, chromium, coturn)
            except Exception as error:  # noqa: BLE001 - one scenario that fails says nothing about the other
                checks.failure(scenario.__name__, error)


def turn_relay(coturn, seconds):
    return Relay(plugins=[os.path.join("plugins", "turn.lua")], settings={
        "turn.secret": SECRET, "turn.urls": coturn.url(), "turn.seconds": seconds})


def ice_url(relay):
    return f"http://{relay.host}:{relay.port}/ice"


async def relayed(checks, pages, chromium, coturn):
    with turn_relay(coturn, seconds=600) as relay:
        def page(room=""):
            return PageEnd(chromium, pages, "godot", relay.url, BYTES, room, ice_url(relay))

        def aiortc(room=""):
            return AiortcEnd("godot", relay.url, BYTES, room, ice_servers(relay))

        for name, first, second in (
            ("Chromium and Chromium", page, page), ("Chromium and aiortc", page, aiortc),
            ("aiortc and Chromium", aiortc, page),
        ):
            async with first() as creator:
                room = await creator.entered
                start = time.time() * 1000
                async with second(room) as joiner:
                    ends = await asyncio.gather(creator.done, joiner.done)
            judge(checks, f"through coturn, {name}", start, *ends)
            # aiortc does not say which way it has taken.
            routes = [end["route"] for end in ends if "route" in end]
            checks.equal(f"through coturn, {name}: by the TURN server at both ends",
                         routes, [["relay", "relay"]] * len(routes))


def ice_servers(relay):
    with urllib.request.urlopen(ice_url(relay), timeout=5) as reply:
        return json.load(reply)["iceServers"]


async def expired(checks, pages, chromium, coturn):
    with turn_relay(coturn, seconds=1) as relay:
        old = "data:application/json," + urllib.parse.quote(json.dumps({"iceServers": ice_servers(relay)}))
        await asyncio.sleep(EXPIRY_SECONDS)
        async with PageEnd(chromium, pages, "godot", relay.url, BYTES, ice=old) as creator:
            room = await creator.entered
            async with PageEnd(chromium, pages, "godot", relay.url, BYTES, room, old) as joiner:
                gathered = await joiner.gathered
        checks.equal("with expired credentials: coturn gives no candidate", gathered["candidates"], [])
        checks.equal("with expired credentials: it says unauthorized", set(gathered["errors"]), {401})


def judge(checks, name, start, one, other):
    took = max(one["opened"], other["opened"]) - start
    checks.equal(f"{name}: a reliable channel opens, after {took:.0f} ms",
                 [one["channel"], other["channel"]], [["lobbyist", True]] * 2)
    checks.equal(f"{name}: 1 MB from the first to the second",
                 [other["received"], one["acknowledged"]], [one["sent"]] * 2)
    checks.equal(f"{name}: 1 MB from the second to the first",
                 [one["received"], other["acknowledged"]], [other["sent"]] * 2)


async def run(checks, relay):
    with serving() as pages:
        await pairings(checks, relay, pages)


def main():
    enter_namespace("webrtc")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "lobbyist.lua")
        with open(path, "w") as configuration:
            configuration.write(CONFIGURATION)
        checks = Checks()
        try:
            with Relay(config=path) as relay:
                asyncio.run(asyncio.wait_for(run(checks, relay), WHOLE_SECONDS))
        except Exception as error:  # noqa: BLE001 - a browser that does not start is a failure to be counted
            traceback.print_exc()
            checks.failure("the whole run", error)
    checks.finish()


if __name__ == "__main__":
    main()
