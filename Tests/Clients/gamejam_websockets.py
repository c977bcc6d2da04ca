#!/usr/bin/env python3
"""The game jam protocol (`###!XX` commands), driven by PyPI `websockets`, and its conversations spoken live."""

import asyncio
import functools
import json
import re

from relay import Checks, Relay, run_scenarios
from talk_live import talk
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

SCRIPT = "scripts/gamejam.lua"
WAIT_SECONDS = 5
QUIET_SECONDS = 0.25
SCENARIO_SECONDS = 60
SLACK_SECONDS = 0.5
# Patient enough for a busy machine; the timers have scenarios of their own.
PATIENT = {"register_timeout": 20}

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
NO_ROOM = ("JRB", "Couldn't Find / Join The Room")
NOT_FOUND = ("ICB", "Command Not Found")


class Malformed(Exception):
    """The relay sent what a client of the original could not read."""


class Player:
    """One connection. `async with Player(relay) as alice: await alice.register("Alice") …`"""

    def __init__(self, relay, **options):
        self.url = relay.url
        # What nobody asked for must not keep the client from reading the close frame behind it.
        self.options = {"compression": None, "max_queue": None, **options}
        self.id = None
        self.room = None

    async def __aenter__(self):
        self.socket = await asyncio.wait_for(connect(self.url, max_size=None, **self.options), WAIT_SECONDS)
        return self

    async def __aexit__(self, *_):
        await asyncio.wait_for(self.socket.close(), WAIT_SECONDS)

    async def send_raw(self, message):
        await asyncio.wait_for(self.socket.send(message), WAIT_SECONDS)

    async def send(self, command, data="null", binary=False):
        text = json.dumps({"command": f"###!{command}", "data": data})
        await self.send_raw(text.encode() if binary else text)

    async def hear_raw(self, seconds=WAIT_SECONDS):
        try:
            message = await asyncio.wait_for(self.socket.recv(), seconds)
        except ConnectionClosed:
            raise Malformed(f"closed {self.close_state()}") from None
        if not isinstance(message, str):
            raise Malformed(f"binary {message!r}")
        return message

    async def hear(self, seconds=WAIT_SECONDS):
        """The next message as (command's last three letters, data). It must be what the client can read."""
        text = await self.hear_raw(seconds)
        message = json.loads(text)
        command = message.get("command") if isinstance(message, dict) else None
        if not isinstance(command, str) or not re.fullmatch("###![A-Z]{3}", command) or "data" not in message:
            raise Malformed(text)
        return command[4:], message["data"]

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
        """(code, reason) once the relay closes; a message instead is in the way."""
        try:
            message = await asyncio.wait_for(self.socket.recv(), seconds)
            return f"message {message!r} before the close"
        except asyncio.TimeoutError:
            return "still open"
        except ConnectionClosed:
            return self.close_state()

    async def register(self, name):
        await self.send("RP", name)
        command, self.id = await self.hear()
        if command != "RPK":
            raise Malformed(f"{command} {self.id}")
        return self.id

    async def create(self, name):
        await self.register(name)
        await self.send("CR")
        heard = await self.hear_many(2)
        self.room = heard[1][1]
        return heard

    async def join(self, host, name, members):
        """Joins the host's room, where the `members` hear of it; answers what the newcomer hears."""
        await self.register(name)
        await self.send("JR", host.room)
        heard = await self.hear_many(len(members) + 2)
        for member in members:
            announced = await member.hear()
            if announced != ("RPC", self.id):
                raise Malformed(f"{announced} instead of the newcomer's announcement")
        return heard


def scenario(function):
    """Runs an async scenario to its end, within a bounded time."""
    @functools.wraps(function)
    def run(checks, *arguments):
        asyncio.run(asyncio.wait_for(function(checks, *arguments), SCENARIO_SECONDS))
    return run


def clock():
    return asyncio.get_running_loop().time()


def took(checks, name, start, seconds):
    passed = clock() - start
    checks.true(f"{name}, at its time", seconds - 0.1 <= passed <= seconds + SLACK_SECONDS, f"{seconds} s",
                f"{passed:.2f} s")


@scenario
async def transcript(checks):
    """Three players from the first message to the end of their sealed room, with the protocol's own times."""
    with Relay(script=SCRIPT) as relay:
        async with Player(relay) as alice, Player(relay) as carol:
            heard = await alice.create("Alice")
            checks.equal("A creates: CTR is the number 1", json.dumps(heard[0]), '["CTR", 1]')
            checks.equal("A creates: then CRK", heard[1][0], "CRK")
            checks.matches("A creates: the room is a UUID", alice.room, UUID)
            checks.matches("A's own id is another", alice.id, "[1-9][0-9]{0,9}")
            checks.true("A's id fits 31 bits", 2 <= int(alice.id) <= 2147483647, "2..2147483647", alice.id)

            async with Player(relay) as bob:
                heard = await bob.join(alice, "Bob", [alice])
                checks.equal("B joins: CTR, RPC, JRK", json.dumps(heard),
                             json.dumps([("CTR", bob.id), ("RPC", 1), ("JRK", ["Alice", "Bob"])]))
                await alice.send("OO", {"id": int(bob.id), "offer": "<sdp>"})
                checks.equal("A offers to B", await bob.hear(), ("OOO", {"id": 1, "offer": "<sdp>"}))
                await bob.send("AA", {"id": 1, "answer": "<sdp>"})
                checks.equal("B answers A", await alice.hear(), ("AAA", {"id": bob.id, "answer": "<sdp>"}))
                candidate = {"mid": "0", "index": 0, "sdp": "candidate:1"}
                await bob.send("CC", {"id": 1, **candidate})
                checks.equal("B's candidate", await alice.hear(), ("CCC", {"id": bob.id, **candidate}))

                heard = await carol.join(alice, "Carol", [alice, bob])
                checks.equal("C joins: CTR, both members, all names", heard,
                             [("CTR", carol.id), ("RPC", 1), ("RPC", bob.id), ("JRK", ["Alice", "Bob", "Carol"])])
                checks.equal("all ids differ", len({alice.id, bob.id, carol.id}), 3)
                await carol.send("OO", {"id": bob.id, "offer": "<sdp>"})
                checks.equal("C offers to B", await bob.hear(), ("OOO", {"id": carol.id, "offer": "<sdp>"}))
                await bob.send("SM", "hello")
                checks.equal("B's message reaches all three", [await player.hear() for player in (alice, bob, carol)],
                             [("RMK", "hello")] * 3)
                await bob.send("SR")
                checks.equal("B cannot seal", await bob.hear(), ("SRB", "Room Not Found Or Player Isn't Host"))
                await bob.send("ZZ")
                checks.equal("B's unknown command", await bob.hear(), NOT_FOUND)
            for player in (alice, carol):
                checks.equal("B leaves", await player.hear(), ("RPD", bob.id))

            await alice.send("SR")
            sealed = clock()
            checks.equal("A seals", [await alice.hear(), await carol.hear()], [("SRK", "null")] * 2)
            async with Player(relay) as dora:
                await dora.register("Dora")
                await dora.send("JR", alice.room)
                checks.equal("D finds the room sealed", await dora.hear(), NO_ROOM)
            async with Player(relay) as eve:
                start = clock()
                checks.equal("E does not register: PTO", await eve.hear(),
                             ("PTO", "Player Didn't Register In Time"))
                checks.equal("E is closed", await eve.closed(), (4000, "Player Not Registered"))
                took(checks, "E is closed", start, 2)
            await carol.send("CC", {"id": "1", "sdp": "late"})
            checks.equal("the sealed room still relays", await alice.hear(), ("CCC", {"id": carol.id, "sdp": "late"}))
            checks.equal("A is closed", await alice.closed(10 + WAIT_SECONDS), (4000, "Room Cleaned Up"))
            took(checks, "A is closed", sealed, 10)
            checks.equal("C is closed", await carol.closed(), (4000, "Room Cleaned Up"))


@scenario
async def spelling(checks):
    """Byte for byte: what the server says itself, and what it passes on."""
    with Relay(script=SCRIPT, settings=PATIENT) as relay:
        async with Player(relay) as alice, Player(relay) as bob:
            await alice.create("Alice")
            await bob.send_raw('{"command":"###!RP","data":"B\\u00f6b\\/ 😀"}')
            answer = await bob.hear_raw()
            checks.matches("RPK: a string", answer, r'\{"command":"###!RPK","data":"[1-9][0-9]*"\}')
            bob.id = json.loads(answer)["data"]
            await bob.send("JR", alice.room)
            checks.equal("joining", [await bob.hear_raw() for _ in range(3)], [
                f'{{"command":"###!CTR","data":"{bob.id}"}}', '{"command":"###!RPC","data":1}',
                '{"command":"###!JRK","data":["Alice","B\\u00f6b\\/ 😀"]}'])
            checks.equal("announced", await alice.hear_raw(), f'{{"command":"###!RPC","data":"{bob.id}"}}')
            for data in ('{"b":1.50,"a":[1e3, null],"b2":"\\u00e9\\/"}', '"0"', "[]", "-1", '"é 😀 \\ud83d\\ude00"'):
                await bob.send_raw(f'{{"command":"###!SM","data":{data}}}')
                for player in (alice, bob):
                    checks.equal(f"RMK: {data} verbatim", await player.hear_raw(),
                                 f'{{"command":"###!RMK","data":{data}}}')
            for before, after in (('"z":1.50,"a":{"id":5},', ',"mid":"0","index":0,"sdp":"\\u00e9\\/ 😀"'),
                                  ("", ',"id2":1'), ('"offer":"v=0\\r\\n", ', "")):
                await bob.send_raw(f'{{"command":"###!OO","data":{{{before}"id":1{after}}}}}')
                checks.equal(f"OOO: {before}id{after} verbatim", await alice.hear_raw(),
                             f'{{"command":"###!OOO","data":{{{before}"id":"{bob.id}"{after}}}}}')
                await alice.send_raw(f'{{"command":"###!AA","data":{{{before}"id":"{bob.id}"{after}}}}}')
                checks.equal(f"AAA: {before}id{after} verbatim", await bob.hear_raw(),
                             f'{{"command":"###!AAA","data":{{{before}"id":1{after}}}}}')


@scenario
async def binary(checks):
    """An early revision of the client sent binary; what comes back is text (`hear` insists)."""
    with Relay(script=SCRIPT, settings=PATIENT) as relay:
        async with Player(relay) as alice, Player(relay) as bob:
            await alice.send("RP", "Alice", binary=True)
            alice.id = (await alice.hear())[1]
            await alice.send("CR", binary=True)
            heard = await alice.hear_many(2)
            checks.equal("binary: creating", heard[0], ("CTR", 1))
            alice.room = heard[1][1]
            await bob.send("RP", {"nick": "Böb"}, binary=True)
            bob.id = (await bob.hear())[1]
            await bob.send("JR", alice.room, binary=True)
            checks.equal("binary: joining", await bob.hear_many(3),
                         [("CTR", bob.id), ("RPC", 1), ("JRK", ["Alice", {"nick": "Böb"}])])
            await alice.hear()
            for recipient in (int(bob.id), bob.id):
                await alice.send("OO", {"offer": "<sdp>", "id": recipient, "n": 1.5, "e": [], "o": {}, "x": None}, True)
                checks.equal(f"binary: relayed to {recipient!r}", await bob.hear(),
                             ("OOO", {"offer": "<sdp>", "id": 1, "n": 1.5, "e": [], "o": {}, "x": None}))
            await bob.send("CC", {"id": 1, "mid": "0", "index": 0, "sdp": "é"}, True)
            checks.equal("binary: relayed to the host", await alice.hear(),
                         ("CCC", {"id": bob.id, "mid": "0", "index": 0, "sdp": "é"}))
            await bob.send("SM", "é", binary=True)
            checks.equal("binary: said to all", [await alice.hear(), await bob.hear()], [("RMK", "é")] * 2)
            await alice.send("SR", binary=True)
            checks.equal("binary: sealed", [await alice.hear(), await bob.hear()], [("SRK", "null")] * 2)


@scenario
async def timers(checks):
    with Relay(script=SCRIPT, settings={"register_timeout": 0.4, "enter_timeout": 0.8}) as relay:
        start = clock()
        async with Player(relay) as alice, Player(relay) as bob:
            await bob.register("Bob")
            checks.equal("not registered: told first", await alice.hear(), ("PTO", "Player Didn't Register In Time"))
            checks.equal("not registered: then closed", await alice.closed(), (4000, "Player Not Registered"))
            took(checks, "not registered", start, 0.4)
            checks.equal("in no room: told first", await bob.hear(), ("PTO", "Player Took Too Long To Enter A Room"))
            checks.equal("in no room: then closed", await bob.closed(), (4000, "Player AFK In Lobby"))
            took(checks, "in no room", start, 0.8)
    with Relay(script=SCRIPT, settings={**PATIENT, "seal_timeout": 0.5}) as relay:
        async with Player(relay) as alice, Player(relay) as bob:
            await alice.create("Alice")
            await bob.join(alice, "Bob", [alice])
            await alice.send("SR")
            start = clock()
            checks.equal("sealed: told", [await alice.hear(), await bob.hear()], [("SRK", "null")] * 2)
            checks.equal("sealed: closed, the host", await alice.closed(), (4000, "Room Cleaned Up"))
            took(checks, "sealed", start, 0.5)
            checks.equal("sealed: closed, the other", await bob.closed(), (4000, "Room Cleaned Up"))
    for relays_count in (False, True):
        settings = {**PATIENT, "inactive_timeout": 1, "inactive_grace": 0.5,
                    "relays_are_activity": str(relays_count).lower()}
        tag = f"inactive, relays {'count' if relays_count else 'do not count'}"
        with Relay(script=SCRIPT, settings=settings) as relay:
            async with Player(relay) as alice, Player(relay) as bob:
                await alice.create("Alice")
                await bob.join(alice, "Bob", [alice])
                await asyncio.sleep(1)
                await bob.send("SM", "here")
                start = clock()
                heard = [await alice.hear(), await bob.hear()]
                checks.equal(f"{tag}: a message is heard", heard, [("RMK", "here")] * 2)
                await asyncio.sleep(1)
                await bob.send("CC", {"id": 1})
                checks.equal(f"{tag}: a candidate is heard", await alice.hear(), ("CCC", {"id": bob.id}))
                checks.equal(f"{tag}: closed, the host", await alice.closed(), (4000, "Room Is Inactive"))
                took(checks, tag, start, 2.5 if relays_count else 1.5)
                checks.equal(f"{tag}: closed, the other", await bob.closed(), (4000, "Room Is Inactive"))


@scenario
async def leaving(checks):
    with Relay(script=SCRIPT, settings=PATIENT) as relay:
        async with Player(relay) as alice, Player(relay) as carol, Player(relay) as late:
            await alice.create("Alice")
            async with Player(relay) as bob:
                await bob.join(alice, "Bob", [alice])
                await carol.join(alice, "Carol", [alice, bob])
                bob.socket.transport.abort()
                for player in (alice, carol):
                    checks.equal("a connection that broke is told", await player.hear(), ("RPD", bob.id))
            for code in (1000, 1001, 4321):
                async with Player(relay) as dora:
                    await dora.join(alice, "Dora", [alice, carol])
                    await dora.socket.close(code, "bye")
                for player in (alice, carol):
                    checks.equal(f"closed {code} is told", await player.hear(), ("RPD", dora.id))
            await late.register("Late")
            await alice.socket.close()
            checks.equal("the host leaves: closed at once, nothing said before", await carol.closed(1),
                         (4000, "Host Disconnected"))
            await late.send("JR", alice.room)
            checks.equal("the host's room is gone", await late.hear(), NO_ROOM)
            await late.send("CR")
            checks.equal("who was refused may create", [command for command, _ in await late.hear_many(2)],
                         ["CTR", "CRK"])


@scenario
async def limits(checks):
    with Relay(script=SCRIPT, settings={**PATIENT, "max_peers": 2, "max_lobbies": 1}) as relay:
        async with Player(relay) as alice:
            await alice.create("Alice")
            async with Player(relay) as bob:
                async with Player(relay) as carol:
                    checks.equal("one connection too many", await carol.closed(), (4000, "Too Many Peers"))
                await bob.register("Bob")
                await bob.send("CR")
                checks.equal("one room too many", await bob.hear(), ("CRB", "Couldn't Create Room"))
            async with Player(relay) as bob:
                checks.equal("a place that came free is taken", len(await bob.join(alice, "Bob", [alice])), 3)
    # The original has no bounds on what follows.
    with Relay(script=SCRIPT, settings=PATIENT) as relay:
        players = [await Player(relay).__aenter__() for _ in range(20)]
        try:
            host = players[0]
            await host.create("0")
            for number, player in enumerate(players[1:], start=1):
                heard = await player.join(host, str(number), players[:number])
                checks.equal(f"player {number} hears of everybody", heard[1:],
                             [("RPC", 1), *[("RPC", other.id) for other in players[1:number]],
                              ("JRK", [str(index) for index in range(number + 1)])])
            checks.equal("twenty ids", len({player.id for player in players}), 20)
            await players[7].send("SM", "x" * 60_000)
            heard = [await player.hear() for player in players]
            checks.true("60,000 bytes reach everybody", heard == [("RMK", "x" * 60_000)] * 20)
            for number in range(500):
                await players[3].send("CC", {"id": players[9].id, "number": number})
            heard = [data["number"] for _, data in await players[9].hear_many(500)]
            checks.true("500 messages keep their order", heard == list(range(500)))
        finally:
            for player in reversed(players):
                await player.__aexit__()


@scenario
async def survives(checks):
    """What ended the original's process does nothing here but what is documented."""
    with Relay(script=SCRIPT, settings=PATIENT) as relay:
        async with Player(relay) as host, Player(relay) as member:
            await host.create("Host")
            await member.join(host, "Member", [host])
            for name, message in {
                "malformed": "{", "nothing": "", "null": "null", "a number": "7", "an array": "[1]",
                "binary, malformed": b"\x00\xff", "binary, null": b"null", "binary, not UTF-8": b'{"command":"\xff"}',
                "binary, nothing": b"", "no command": '{"foo":1}', "an empty command": '{"command":""}',
                "an offer without data": '{"command":"###!OO"}', "binary, no data": b'{"command":"###!OO"}',
                "an answer to null": '{"command":"###!AA","data":null}', "a string": '{"command":"###!CC","data":"1"}',
                "no recipient": '{"command":"###!CC","data":{}}', "too deep": '{"command":' + "[" * 5000,
            }.items():
                await member.send_raw(message)
                await member.send("ZZ")
                checks.equal(f"{name}: no answer", await member.hear(), NOT_FOUND)
            for command in ("5", "true", '["###!SM"]', '{"a":1}'):
                await member.send_raw(f'{{"command":{command},"data":"null"}}')
                checks.equal(f"command {command}: not found", await member.hear(), NOT_FOUND)
            async with Player(relay) as stranger:
                for command in ("CR", "JR", "SR", "SM", "OO", "AA", "CC", "ZZ"):
                    await stranger.send(command, {"id": 1} if command in ("OO", "AA", "CC") else host.room)
                    checks.equal(f"{command} before registering: not found", await stranger.hear(), NOT_FOUND)
                await stranger.register("Stranger")
            checks.equal("the host heard nothing of it", await host.hears_nothing(), None)
            checks.true("the relay is alive", relay.alive())
            checks.equal("no hook failed", relay.logged(" error "), [])


SCENARIOS = [(transcript,), (spelling,), (binary,), (timers,), (leaving,), (limits,), (survives,), (talk, SCRIPT)]

if __name__ == "__main__":
    run_scenarios(Checks(), SCENARIOS)
