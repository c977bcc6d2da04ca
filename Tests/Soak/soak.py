#!/usr/bin/env python3
"""A soak: one relay serves five protocols, a hundred peers in each do random things, and a naive model of each protocol
says after every one of them what everybody must hear.

    soak.py [SECONDS] [--seed SEED]

A failure tells its seed and protocol; its actions are then played in process and made fewer until the shortest
conversation that fails is found. Before that, bugs are planted in copies of the scripts and must be found. The last
line is `N passed, N failed`, an action being a test.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
import time

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from generate import MODELS, SCRIPTS, Closed, JSON, actions, draw, peers, play, talk
from relay import BINARY, ROOT, Relay
from shrink import Shrinker

PEERS = 100
SECONDS = 20
WAIT_SECONDS = 5
REST_SECONDS = 0.2
# The mount of each protocol. singo minds its path, so it gets what the others leave.
MOUNTS = {"godot": "/godot", "gamejam": "/gamejam", "unity": "/unity", "broadcast": "/broadcast", "singo": ""}

GENERATED = {"count": 400, "names": peers(8)}
# One bug for each script: what is replaced, by what, and in how many actions it can be shown.
PLANTS = {
    "godot": ('if lobby:is_sealed() then return refuse(peer, "Lobby is sealed") end', "", 5),
    "gamejam": ('"Host Disconnected"', '"Host disconnected"', 7),
    "unity": ("room:broadcast(text, peer)", "room:broadcast(text)", 5),
    "broadcast": ("if member ~= peer then message:forward(member) end", "message:forward(member)", 3),
    "singo": ('room:broadcast(naming("leave-client", peer), peer)', 'room:broadcast(naming("leave-client", peer))', 3),
}
PLANTED_SEEDS = 10
PLANTED_LIVE = "godot"
PLANTED_SECONDS = 20


class Mismatch(Exception):
    """Somebody heard something else than the model says."""


class SoakRelay(Relay):
    """A relay with a mount for each protocol, by a configuration file."""

    def __init__(self, folder, scripts=SCRIPTS):
        super().__init__()
        lines = ['listen "127.0.0.1:0"']
        for name, model in MODELS.items():
            settings = ", ".join(f"{key} = {value}" for key, value in model.settings.items())
            script = os.path.join(ROOT, scripts, model.script)
            lines.append(f'mount "{MOUNTS[name] or "/"}" {{ script = "{script}", settings = {{ {settings} }} }}')
        path = os.path.join(folder, "soak.lua")
        with open(path, "w") as file:
            file.write("\n".join(lines) + "\n")
        self.command = [BINARY, "serve", "--config", path]


class Stage:
    """The peers of one protocol on a live relay, and its model."""

    def __init__(self, model_class, url):
        self.model, self.url = model_class(), url
        self.sockets, self.values, self.history = {}, {}, []

    async def act(self, rng, peer, serial):
        """One random action, and all that must be heard of it."""
        action, done, heard = draw(self.model, rng, peer, serial)
        self.history.append(action)
        try:
            await self.do(peer, done)
            for hearer, what in heard:
                await self.hear(hearer, what)
            await self.settle(peer, done, heard)
        except (WebSocketException, OSError, TimeoutError) as error:
            raise Mismatch(f"{peer}, {action}: {type(error).__name__} {error}") from error

    async def do(self, peer, done):
        match done:
            case "connect", path:
                self.sockets[peer] = await connect(self.url + path, compression=None, ping_interval=None,
                                                   max_size=None, open_timeout=WAIT_SECONDS)
            case "close", code, reason:
                await self.sockets.pop(peer).close(code or 1000, reason)
            case ("drop",):
                socket = self.sockets.pop(peer)
                socket.transport.abort()
                await socket.wait_closed()
            case "send", what:
                await self.sockets[peer].send(what.spelt(self.spell) if isinstance(what, JSON) else what)

    def spell(self, variable):
        return json.dumps(self.values[variable.name])

    async def hear(self, peer, what):
        if isinstance(what, Closed):
            return await self.end(peer, what)
        heard = await asyncio.wait_for(self.sockets[peer].recv(), WAIT_SECONDS)
        if not self.matches(what, heard):
            raise Mismatch(f"{peer} should hear {what!r} and heard {heard!r}")

    async def end(self, peer, what):
        socket = self.sockets.pop(peer)
        try:
            heard = await asyncio.wait_for(socket.recv(), WAIT_SECONDS)
        except ConnectionClosed:
            if (socket.close_code, socket.close_reason) == (what.code, what.reason):
                return
            heard = Closed(socket.close_code, socket.close_reason)
        raise Mismatch(f"{peer} should hear {what!r} and heard {heard!r}")

    def matches(self, what, heard):
        if not isinstance(what, JSON):
            return type(what) is type(heard) and what == heard
        try:
            return isinstance(heard, str) and same(what.value, json.loads(heard), self.values)
        except ValueError:
            return False

    async def settle(self, peer, done, heard):
        """Until the relay has dealt with the action, where nothing that was heard tells so."""
        if peer in self.sockets and all(hearer != peer for hearer, _ in heard):
            await self.pong(peer)
        if peer not in self.sockets or len(self.sockets) < len(self.model.connected):
            bystander = next(iter(self.sockets), None)
            # Twice: what the relay puts off to its next turn is done by then.
            for _ in range(2 if bystander else 0):
                await self.pong(bystander)

    async def pong(self, peer):
        await asyncio.wait_for(await self.sockets[peer].ping(), WAIT_SECONDS)

    async def rest(self):
        """What is heard that nobody expects. After a pong, all that came before it is there."""
        async def heard_by(peer):
            try:
                await self.pong(peer)
                return peer, await asyncio.wait_for(self.sockets[peer].recv(), REST_SECONDS)
            except TimeoutError:
                return None
            except ConnectionClosed as error:
                return peer, error
        heard = [found for found in await asyncio.gather(*map(heard_by, self.sockets)) if found]
        if heard:
            raise Mismatch(f"{heard[0][0]} should hear nothing more and heard {heard[0][1]!r}")

    def abandon(self):
        for socket in self.sockets.values():
            socket.transport.abort()


def same(expected, value, values):
    """Whether a JSON value is as expected; variables take theirs where they are first heard."""
    if hasattr(expected, "name"):
        return same(values.setdefault(expected.name, value), value, values)
    if isinstance(expected, bool) or isinstance(value, bool):
        return expected is value
    if isinstance(expected, dict):
        return (isinstance(value, dict) and expected.keys() == value.keys()
                and all(same(expected[key], value[key], values) for key in expected))
    if isinstance(expected, list):
        return (isinstance(value, list) and len(expected) == len(value)
                and all(same(*pair, values) for pair in zip(expected, value)))
    return expected == value


class Failure(Exception):
    def __init__(self, name, history, mismatch):
        super().__init__(f"{name}: {mismatch}")
        self.name, self.history = name, history


async def soak(urls, seed, seconds):
    """Random actions for so long. How many were right, by protocol; raises the first `Failure`."""
    rng, names = random.Random(seed), peers(PEERS)
    stages = {name: Stage(MODELS[name], url) for name, url in urls.items()}
    end, serial = time.monotonic() + seconds, 0
    name = None
    try:
        for name, stage in stages.items():
            for serial, peer in enumerate(names):
                await stage.act(rng, peer, serial)
        while time.monotonic() < end:
            serial += 1
            name = rng.choice(list(stages))
            await stages[name].act(rng, rng.choice(names), serial)
        for name, stage in stages.items():
            await stage.rest()
    except Mismatch as mismatch:
        raise Failure(name, stages[name].history, mismatch) from mismatch
    finally:
        for stage in stages.values():
            stage.abandon()
    return {name: len(stage.history) for name, stage in stages.items()}


def report(failure, seed, scripts=SCRIPTS):
    """Tells the shortest conversation that fails in process."""
    print(f"FAIL seed {seed}, {failure}", flush=True)
    model_class = MODELS[failure.name]
    shrinker = Shrinker(model_class, scripts)
    shortest = shrinker.shrink(failure.history)
    if shortest is None:
        print(f"It does not fail in process. All {len(failure.history)} actions:")
        print(*talk(model_class, failure.history, scripts)[0], sep="\n", flush=True)
        return None
    lines, _ = talk(model_class, shortest, scripts)
    print(f"{len(failure.history)} actions became {len(shortest)} in {shrinker.plays} plays:")
    print(*lines, sep="\n")
    print(play(lines)[0], flush=True)
    return shortest


class Counts:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def check(self, name, condition, got=""):
        self.passed, self.failed = self.passed + bool(condition), self.failed + (not condition)
        print(f"ok   {name}" if condition else f"FAIL {name}: {got}", flush=True)
        return condition


def generated(counts, seed):
    """Generated conversations, in process."""
    for name, model_class in MODELS.items():
        drawn = actions(model_class, seed, **GENERATED)
        lines, _ = talk(model_class, drawn)
        failure = play(lines)
        if not counts.check(f"{name}: {len(drawn)} random actions in process", failure is None, f"seed {seed}"):
            report(Failure(name, drawn, "in process"), seed)


def plant(folder, names):
    """A copy of the scripts with a bug in each of these."""
    scripts = os.path.join(folder, "_".join(names))
    shutil.copytree(os.path.join(ROOT, SCRIPTS), scripts)
    for name in names:
        right, wrong, _ = PLANTS[name]
        path = os.path.join(scripts, MODELS[name].script)
        with open(path) as file:
            text = file.read()
        if text.count(right) != 1:
            raise ValueError(f"{path} has {right} {text.count(right)} times: choose another bug to plant")
        with open(path, "w") as file:
            file.write(text.replace(right, wrong))
    return scripts


def planted(counts, folder, seed):
    """The models find a planted bug, and its conversation is made short. The right script passes that."""
    scripts = plant(folder, PLANTS)
    for name, (_, _, enough) in PLANTS.items():
        model_class, shrinker = MODELS[name], Shrinker(MODELS[name], scripts)
        # Not every sequence comes by it.
        for another in range(PLANTED_SEEDS):
            drawn = actions(model_class, seed + another, **GENERATED)
            shortest = shrinker.shrink(drawn)
            if shortest:
                break
        counts.check(f"{name}: a planted bug is shown in {enough} actions", shortest and len(shortest) <= enough,
                     f"{shortest and len(shortest)} of {len(drawn)}, seed {seed}")
        counts.check(f"{name}: the right script passes them", shortest and play(talk(model_class, shortest)[0]) is None)


def planted_live(counts, folder, seed):
    """One of those bugs is found by a hundred peers, too."""
    scripts = plant(folder, [PLANTED_LIVE])
    _, failure = run(folder, seed, PLANTED_SECONDS, scripts)
    if not counts.check(f"{PLANTED_LIVE}: a planted bug is found live", failure and failure.name == PLANTED_LIVE,
                        f"{failure}, seed {seed}"):
        return
    print("This is meant to fail:")
    shortest, enough = report(failure, seed, scripts), PLANTS[PLANTED_LIVE][2]
    counts.check(f"{PLANTED_LIVE}: and shown in {enough} actions", shortest and len(shortest) <= enough,
                 f"{shortest and len(shortest)}, seed {seed}")


def run(folder, seed, seconds, scripts=SCRIPTS):
    """The counts of a soak, or its failure."""
    with SoakRelay(folder, scripts) as relay:
        try:
            return asyncio.run(soak(urls_of(relay), seed, seconds)), None
        except Failure as failure:
            return {}, failure


def urls_of(relay):
    return {name: relay.url + path for name, path in MOUNTS.items()}


def live(counts, folder, seed, seconds):
    done, failure = run(folder, seed, seconds)
    if failure:
        counts.failed += 1
        counts.passed += len(failure.history) - 1
        report(failure, seed)
    for name, count in done.items():
        counts.check(f"{name}: {PEERS} peers did {count} things, and nobody heard anything more", count > PEERS)
        counts.passed += count


def main():
    parser = argparse.ArgumentParser(description="A soak of five protocols against naive models.")
    parser.add_argument("seconds", nargs="?", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    counts = Counts()
    with tempfile.TemporaryDirectory() as folder:
        generated(counts, arguments.seed)
        planted(counts, folder, arguments.seed)
        planted_live(counts, folder, arguments.seed)
        live(counts, folder, arguments.seed, arguments.seconds)
    print(f"{counts.passed} passed, {counts.failed} failed")
    sys.exit(1 if counts.failed or not counts.passed else 0)


if __name__ == "__main__":
    main()
