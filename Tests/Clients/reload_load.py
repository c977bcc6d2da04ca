#!/usr/bin/env python3
"""The script is replaced again and again under other people's clients that send numbered messages: none is lost,
doubled or put out of order, nobody is disconnected, and memory stays what it was."""

import asyncio
import itertools
import json
import os
import time

from godot_peer import ID, JOIN, OFFER, Peer
from reload import Folder
from relay import ROOT, Checks, run_scenarios
from websockets.exceptions import ConnectionClosed

LOBBY_SIZE = 4
CHANGES_PER_SECOND = 10
CONNECTING_AT_ONCE = 25
SECONDS_BETWEEN_MESSAGES = 0.25
ARRIVAL_SECONDS = 20
FORWARD = '"data", json.text)'
# The clients of one process are slow to say what they want.
PATIENT = {"join_timeout": 60}


def versions():
    """The Godot policy with a mark of its version in every message that it passes on."""
    with open(os.path.join(ROOT, "scripts", "godot.lua"), encoding="utf-8") as file:
        source = file.read()
    assert source.count(FORWARD) == 1, "the Godot policy does not pass messages on as it did"
    return [source.replace(FORWARD, f'"data", json.text, "version", {version})') for version in (1, 2)]


class Operator:
    """Changes the version and has the relay reload, by requests to its admin listener."""

    def __init__(self, served):
        self.served = served
        self.sources = itertools.cycle(versions()[::-1])
        self.refused = []

    def change(self):
        self.served.rename_over("policy.lua", next(self.sources))
        code, body = self.served.relay.ask("POST", "/reload")
        if code != 200:
            self.refused.append(body)

    def change_often(self, count):
        for _ in range(count):
            self.change()

    def counters(self):
        return self.served.relay.ask("GET", "/status")[1]["relay"]


class Member(Peer):
    """One of a lobby, who sends numbers to the next one around and notes those of the one before."""

    async def listen(self):
        self.heard, self.versions = [], set()
        try:
            async for text in self.socket:
                message = json.loads(text)
                if message["type"] == OFFER:
                    self.heard.append((message["id"], int(message["data"])))
                    self.versions.add(message["version"])
                elif message["type"] == ID:
                    self.id = message["id"]
                elif message["type"] == JOIN:
                    self.joined.set_result(message["data"])
        except ConnectionClosed:
            pass
        self.ended = True

    async def enter(self, lobby):
        self.joined = asyncio.get_running_loop().create_future()
        self.sent, self.ended = 0, False
        self.listener = asyncio.create_task(self.listen())
        await self.send(JOIN, 0, lobby)
        return await asyncio.wait_for(self.joined, ARRIVAL_SECONDS)

    async def talk(self, to, stop):
        while not stop.is_set():
            await self.send(OFFER, to.id, str(self.sent))
            self.sent += 1
            await asyncio.sleep(SECONDS_BETWEEN_MESSAGES)


class Crowd:
    """Clients in lobbies of four that send to one another for as long as the block runs."""

    def __init__(self, relay, count):
        self.members = [Member(relay) for _ in range(count)]
        self.lobbies = [self.members[start:start + LOBBY_SIZE] for start in range(0, count, LOBBY_SIZE)]
        self.slots = asyncio.Semaphore(CONNECTING_AT_ONCE)
        self.stop = asyncio.Event()

    async def gather_lobby(self, members):
        name = ""
        async with self.slots:
            for member in members:
                await member.__aenter__()
                name = await member.enter(name)

    def senders(self):
        """Who sends to whom."""
        for members in self.lobbies:
            yield from zip(members, members[1:] + members[:1])

    async def __aenter__(self):
        await asyncio.gather(*(self.gather_lobby(members) for members in self.lobbies))
        self.talking = [asyncio.create_task(one.talk(other, self.stop)) for one, other in self.senders()]
        return self

    async def __aexit__(self, *_):
        self.stop.set()
        # A connection that was lost shows in what is checked afterwards.
        await asyncio.gather(*self.talking, return_exceptions=True)
        end = time.monotonic() + ARRIVAL_SECONDS
        while time.monotonic() < end and any(len(to.heard) < one.sent for one, to in self.senders()):
            await asyncio.sleep(0.05)
        self.lost_connections = sum(member.ended for member in self.members)
        await asyncio.gather(*(member.socket.close() for member in self.members), return_exceptions=True)

    def check(self, checks, name):
        lost, doubled, reordered, foreign, sent = 0, 0, 0, 0, 0
        for one, to in self.senders():
            numbers = [number for id, number in to.heard if id == one.id]
            foreign += len(to.heard) - len(numbers)
            sent += one.sent
            lost += len(set(range(one.sent)) - set(numbers))
            doubled += len(numbers) - len(set(numbers))
            reordered += sum(after < before for before, after in itertools.pairwise(numbers))
        checks.true(f"{name}: they did talk", all(one.sent > 0 for one, _ in self.senders()), "messages of everybody",
                    f"{sent} in all")
        checks.equal(f"{name}: nobody has lost the connection", self.lost_connections, 0)
        checks.equal(f"{name}: of {sent} messages are lost, doubled, out of order, misdirected",
                     [lost, doubled, reordered, foreign], [0, 0, 0, 0])
        checks.equal(f"{name}: both versions have passed messages on",
                     sorted(set().union(*(member.versions for member in self.members))), [1, 2])


def check_reloads(checks, name, operator, served, asked):
    counters = operator.counters()
    checks.equal(f"{name}: none of {asked} reloads is refused", [operator.refused, counters["reloads_failed"]], [[], 0])
    checks.true(f"{name}: as many are counted, or more with those of the watch", counters["reloads"] >= asked,
                f"{asked} or more", counters["reloads"])


async def play(checks, served, count, seconds):
    operator = Operator(served)
    asked = 0
    async with Crowd(served.relay, count) as crowd:
        start = time.monotonic()
        while time.monotonic() < start + seconds:
            await asyncio.to_thread(operator.change)
            asked += 1
            await asyncio.sleep(max(0, start + asked / CHANGES_PER_SECOND - time.monotonic()))
    name = f"{count} clients"
    crowd.check(checks, name)
    check_reloads(checks, name, operator, served, asked)
    checks.true(f"{name}: the version changed about ten times a second", asked > seconds * CHANGES_PER_SECOND / 2,
                f"{seconds * CHANGES_PER_SECOND}", asked)


def under_load(checks):
    with Folder(versions()[0], settings=PATIENT) as served:
        asyncio.run(play(checks, served, 500, 15))


async def wear(checks, served, count, turns):
    """`turns`: how many reloads there have been at each look at the memory."""
    operator = Operator(served)
    looks = []
    async with Crowd(served.relay, count) as crowd:
        done = 0
        for turn in turns:
            await asyncio.to_thread(operator.change_often, turn - done)
            done = turn
            # The connection of the last request may not be closed yet.
            await asyncio.sleep(0.3)
            looks.append((served.relay.resident_kib(), served.relay.descriptors()))
    name = f"{count} peers, {done} reloads"
    crowd.check(checks, name)
    check_reloads(checks, name, operator, served, done)
    for turn, (memory, descriptors) in zip(turns, looks):
        print(f"after {turn} reloads: {memory} KiB, {descriptors} descriptors")
    checks.true(f"{name}: memory grows by less than 2 MiB", looks[-1][0] - looks[0][0] < 2048, looks[0][0],
                looks[-1][0])
    checks.equal(f"{name}: as many descriptors", looks[-1][1], looks[0][1])


def memory(checks):
    """The Godot policy with the module that it requires, and a plugin."""
    with Folder(versions()[0], settings=PATIENT, plugins=["plugins/rate_limit.lua"]) as served:
        asyncio.run(wear(checks, served, 100, (1000, 10_000)))


if __name__ == "__main__":
    run_scenarios(Checks(), [(under_load,), (memory,)])
