"""Random actions of a hundred peers in each of five protocols, on one live relay."""

import asyncio
import json
import os
import random
import time

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from generate import MODELS, SCRIPTS, Closed, JSON, draw, peers
from relay import BINARY, ROOT, Relay

PEERS = 100
WAIT_SECONDS = 5
REST_SECONDS = 0.2
# The mount of each protocol. singo minds its path, so it gets what the others leave.
MOUNTS = {"godot": "/godot", "gamejam": "/gamejam", "unity": "/unity", "broadcast": "/broadcast", "singo": ""}


class Mismatch(Exception):
    """Somebody heard something else than the model says."""


class SoakRelay(Relay):
    """A relay with a mount for each protocol, by a configuration file."""

    def __init__(self, folder, scripts=SCRIPTS, more=(), **options):
        """`more`: further lines of the configuration."""
        super().__init__(**options)
        lines = ['listen "127.0.0.1:0"']
        for name, model in MODELS.items():
            settings = ", ".join(f"{key} = {value}" for key, value in model.settings.items())
            script = os.path.join(ROOT, scripts, model.script)
            lines.append(f'mount "{MOUNTS[name] or "/"}" {{ script = "{script}", settings = {{ {settings} }} }}')
        lines += more
        path = os.path.join(folder, "soak.lua")
        with open(path, "w") as file:
            file.write("\n".join(lines) + "\n")
        self.command = [BINARY, "serve", "--config", path]

    def urls(self):
        return {name: self.url + path for name, path in MOUNTS.items()}


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
        try:
            heard = await asyncio.wait_for(self.sockets[peer].recv(), WAIT_SECONDS)
        except (ConnectionClosed, TimeoutError) as error:
            raise Mismatch(f"{peer} should hear {what!r}: {type(error).__name__} {error}") from error
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


async def soak(urls, seed, seconds, count=PEERS):
    """Random actions for so long. How many were right, by protocol; raises the first `Failure`."""
    rng, names = random.Random(seed), peers(count)
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
