"""A peer of the Godot demo protocol over PyPI `websockets`, and the protocol's two spellings.

Both spellings become the same triple (type, id, data), so that one scenario checks both.
"""

import asyncio
import json
import re

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

JOIN, ID, PEER_CONNECT, PEER_DISCONNECT, OFFER, ANSWER, CANDIDATE, SEAL = range(8)
WAIT_SECONDS = 5
QUIET_SECONDS = 0.25


class Malformed(Exception):
    """The relay sent what a Godot client could not read."""


class Dialect:
    def __str__(self):
        return self.name


class JSONDialect(Dialect):
    """Godot 4: an object of exactly `type`, `id` and `data`; the numbers without decimals."""
    name = "json"
    mesh_flag = "true"

    def write(self, kind, id, data):
        # As Godot 4 writes it: keys sorted, no spaces.
        return json.dumps({"data": data, "id": id, "type": kind}, separators=(",", ":"), ensure_ascii=False)

    def read(self, text):
        message = json.loads(text)
        if not isinstance(message, dict) or set(message) != {"type", "id", "data"}:
            raise Malformed(text)
        kind, id, data = message["type"], message["id"], message["data"]
        if type(kind) is not int or type(id) is not int or not isinstance(data, str):
            raise Malformed(text)
        return kind, id, data


class TextDialect(Dialect):
    """Godot 3: `<letter>: <argument>\\n<payload>`. No mesh flag: every lobby is a mesh."""
    name = "text"
    mesh_flag = ""
    letters = "JINDOACS"

    def write(self, kind, id, data):
        argument = data if kind == JOIN else "" if kind == SEAL else id
        payload = "" if kind in (JOIN, SEAL) else data
        return f"{self.letters[kind]}: {argument}\n{payload}"

    def read(self, text):
        match = re.fullmatch(r"([JINDOACS]): ([A-Za-z0-9]*)\n(.*)", text, re.DOTALL)
        if not match:
            raise Malformed(text)
        kind, argument, payload = self.letters.index(match.group(1)), match.group(2), match.group(3)
        if kind == JOIN:
            return kind, 0, argument
        return kind, int(argument) if argument else 0, payload


JSON, TEXT = JSONDialect(), TextDialect()


class Peer:
    """One connection. `async with Peer(relay, JSON) as ana: …`"""

    def __init__(self, relay, dialect=JSON, path="/", **options):
        self.url = relay.url + path
        self.dialect = dialect
        options.setdefault("compression", None)
        self.options = options
        self.id = None
        self.lobby = None

    async def __aenter__(self):
        self.socket = await asyncio.wait_for(connect(self.url, max_size=None, **self.options), WAIT_SECONDS)
        return self

    async def __aexit__(self, *_):
        await asyncio.wait_for(self.socket.close(), WAIT_SECONDS)

    async def send_raw(self, message):
        await asyncio.wait_for(self.socket.send(message), WAIT_SECONDS)

    async def send(self, kind, id=0, data=""):
        await self.send_raw(self.dialect.write(kind, id, data))

    async def hear_raw(self):
        """The next message as text. A binary one is malformed; a close shows its code and reason."""
        try:
            message = await asyncio.wait_for(self.socket.recv(), WAIT_SECONDS)
        except ConnectionClosed:
            raise Malformed(f"closed {self.close_state()}") from None
        if not isinstance(message, str):
            raise Malformed(repr(message))
        return message

    async def hear(self):
        return self.dialect.read(await self.hear_raw())

    async def hear_many(self, count):
        return [await self.hear() for _ in range(count)]

    async def hears_nothing(self):
        """None when all is quiet for a moment, else what came."""
        try:
            return await asyncio.wait_for(self.socket.recv(), QUIET_SECONDS)
        except asyncio.TimeoutError:
            return None
        except ConnectionClosed:
            return f"closed {self.close_state()}"

    def close_state(self):
        return self.socket.close_code, self.socket.close_reason

    async def closed(self, seconds=WAIT_SECONDS):
        """(code, reason) once the relay closes; anything it says before that is in the way: a message instead."""
        try:
            message = await asyncio.wait_for(self.socket.recv(), seconds)
            return f"message {message!r} before the close"
        except asyncio.TimeoutError:
            return "still open"
        except ConnectionClosed:
            return self.close_state()

    async def create(self, mesh=True):
        """Creates a lobby; answers the two messages of its acknowledgement."""
        await self.send(JOIN, 0 if mesh else 1, "")
        heard = await self.hear_many(2)
        self.id, self.lobby = heard[0][1], heard[1][2]
        return heard

    async def join(self, lobby, others=0, id=0):
        """Joins a lobby in which `others` peers are announced; answers every message of the join."""
        await self.send(JOIN, id, lobby)
        heard = await self.hear_many(2 + others)
        self.id, self.lobby = heard[0][1], lobby
        return heard
