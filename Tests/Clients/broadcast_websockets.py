#!/usr/bin/env python3
"""The raw broadcast of {sdp} and {candidate}, driven by PyPI `websockets`; and scripts/broadcast.talk, live."""

import asyncio
import functools
import json
import os
import random
import string

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from relay import PING_LIMIT, Checks, Relay, run_scenarios
from talk_live import talk

SCRIPT = os.path.join("scripts", "broadcast.lua")
WAIT_SECONDS = 5
QUIET_SECONDS = 0.3
SCENARIO_SECONDS = 60


def scenario(function):
    """Runs an async scenario to its end, within a bounded time."""
    @functools.wraps(function)
    def run(checks):
        asyncio.run(asyncio.wait_for(function(checks), SCENARIO_SECONDS))
    return run


class Member:
    """One connection. `async with Member(relay) as ana: …`"""

    def __init__(self, relay, target="/signalling", **options):
        self.url = relay.url + target
        options.setdefault("compression", None)
        self.options = options

    async def __aenter__(self):
        self.socket = await asyncio.wait_for(connect(self.url, max_size=None, **self.options), WAIT_SECONDS)
        return self

    async def __aexit__(self, *_):
        await asyncio.wait_for(self.socket.close(), WAIT_SECONDS)

    async def say(self, message):
        await asyncio.wait_for(self.socket.send(message), WAIT_SECONDS)

    async def hear(self, seconds=WAIT_SECONDS):
        """The next message: str for text, bytes for binary; or how the connection ended."""
        try:
            return await asyncio.wait_for(self.socket.recv(), seconds)
        except asyncio.TimeoutError:
            return None
        except ConnectionClosed:
            return "closed", self.socket.close_code, self.socket.close_reason

    async def hear_many(self, count):
        return [await self.hear() for _ in range(count)]


async def quiet(checks, name, *members):
    checks.equal(name, [await member.hear(QUIET_SECONDS) for member in members], [None] * len(members))


def description(kind, sdp):
    return json.dumps({"sdp": {"type": kind, "sdp": sdp}}, separators=(",", ":"))


def candidate(number):
    line = f"candidate:{number} 1 udp 2122260223 192.0.2.{number} 50000 typ host"
    members = {"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "abcd"}
    return json.dumps({"candidate": members}, separators=(",", ":"))


@scenario
async def call(checks):
    """Two browsers: offer, answer, candidates both ways, the end of candidates."""
    with Relay(script=SCRIPT) as relay:
        async with Member(relay) as ana, Member(relay) as bob:
            await quiet(checks, "the relay does not speak first", ana, bob)
            offer = description("offer", "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n" + "a=x\r\n" * 3000)
            said = [offer, *(candidate(number) for number in range(1, 6)), '{"candidate":null}']
            for text in said:
                await ana.say(text)
            checks.equal("offer and candidates arrive byte for byte, in order", await bob.hear_many(len(said)), said)
            said = [description("answer", "v=0\r\n"), candidate(9), '{"candidate":{"candidate":"","sdpMid":"0"}}']
            for text in said:
                await bob.say(text)
            checks.equal("so does the answer", await ana.hear_many(len(said)), said)
            await quiet(checks, "nobody hears itself", ana, bob)
        async with Member(relay) as ana:
            async with Member(relay):
                await ana.say(offer)
            await quiet(checks, "nobody is told who comes or leaves", ana)


@scenario
async def bytes_as_they_were(checks):
    texts = {
        "spaces and order": ' { "candidate" : { "sdpMLineIndex" : 0.0 , "sdpMid":"0" } } \n',
        "escapes": json.dumps({"sdp": {"sdp": "\"\\/\b\f\n\r\t\u0001\u001f\u007f é 漢字 \u2028 😀"}}),
        "other scripts": '{"sdp":"é ß 漢字 \u2028\u2029 😀 \U0010ffff"}',
        "no JSON": '{"sdp":',
        "nothing": "",
        "60,000 bytes": "".join(random.choices(string.ascii_letters, k=60_000)),
    }
    with Relay(script=SCRIPT) as relay:
        async with Member(relay) as ana, Member(relay) as bob, Member(relay) as cleo:
            for name, text in texts.items():
                await ana.say(text)
                checks.equal(f"{name}: to all others", [await bob.hear(), await cleo.hear()], [text, text])
                await bob.say(text.encode())
                checks.equal(f"{name}: binary stays binary", [await ana.hear(), await cleo.hear()],
                             [text.encode()] * 2)
            await ana.say([texts["other scripts"][:9], texts["other scripts"][9:]])
            checks.equal("what came in fragments leaves in one message", await bob.hear(), texts["other scripts"])
            await cleo.hear()
            await ana.say(bytes(range(256)))
            checks.equal("any bytes", [await bob.hear(), await cleo.hear()], [bytes(range(256))] * 2)
            await quiet(checks, "nobody heard itself", ana, bob, cleo)


@scenario
async def rooms(checks):
    targets = ["/signalling", "/signalling?room=2", "/x", "/signalling/", "/Signalling", "/signalling?room=2&a=b",
               "/signallin%67", "/", "/" + "p" * 3000, "/" + "p" * 3001]
    with Relay(script=SCRIPT) as relay:
        members = [await Member(relay, target).__aenter__() for target in targets]
        for target, member in zip(targets, members):
            await member.say(target)
        await quiet(checks, "path and query make the room, as requested", *members)
        for target, member in zip(targets, members):
            async with Member(relay, target) as second:
                await second.say(target)
                checks.equal(f"{target[:30]}: two of one room", await member.hear(), target)
        await quiet(checks, "nobody else heard it", *members)
        for member in members:
            await member.__aexit__()


@scenario
async def handshakes(checks):
    with Relay(script=SCRIPT) as relay:
        async with Member(relay) as ana:
            for name, options in {
                "deflate offered": {"compression": "deflate"},
                "a browser's origin": {"origin": "https://example.test"},
                "a subprotocol offered": {"subprotocols": ["chat"]},
            }.items():
                async with Member(relay, **options) as bob:
                    headers = bob.socket.response.headers
                    checks.equal(f"{name}: no extension is answered", headers.get("Sec-WebSocket-Extensions"), None)
                    checks.equal(f"{name}: no subprotocol is answered", headers.get("Sec-WebSocket-Protocol"), None)
                    await bob.say(name)
                    checks.equal(f"{name}: is heard", await ana.hear(), name)


@scenario
async def waiting_quietly(checks):
    with Relay(script=SCRIPT, limits={PING_LIMIT: 300}) as relay:
        async with Member(relay, ping_interval=None) as ana, Member(relay, ping_interval=None) as bob:
            # Three intervals and more: who does not answer pings is gone after two.
            await asyncio.sleep(1.5)
            await quiet(checks, "kept alive by pings alone", ana, bob)
            await ana.say("offer")
            checks.equal("still connected", await bob.hear(), "offer")


@scenario
async def alone(checks):
    with Relay(script=SCRIPT) as relay:
        async with Member(relay) as ana:
            await ana.say("offer")
            await asyncio.sleep(QUIET_SECONDS)
            async with Member(relay) as bob:
                await quiet(checks, "what was said to nobody is lost", bob)
    with Relay(script=SCRIPT, settings={"replay": "true"}) as relay:
        async with Member(relay) as ana:
            said = [description("offer", "v=0\r\n" * 1000), candidate(1), b"\x00\xff", "no JSON"]
            for message in said:
                await ana.say(message)
            await asyncio.sleep(QUIET_SECONDS)
            async with Member(relay) as bob, Member(relay, "/elsewhere") as cleo:
                checks.equal("replay: the next one hears it, in order", await bob.hear_many(len(said)), said)
                await quiet(checks, "replay: nobody else does", ana, bob, cleo)
                async with Member(relay) as dora:
                    await quiet(checks, "replay: only the first", dora)
        async with Member(relay) as ana:
            await quiet(checks, "replay: nothing is left of an empty room", ana)


@scenario
async def full_rooms(checks):
    with Relay(script=SCRIPT, settings={"max_members": 2}) as relay:
        async with Member(relay) as ana, Member(relay, "/elsewhere") as elsewhere:
            async with Member(relay) as bob, Member(relay) as cleo:
                checks.equal("the one too many is closed", await cleo.hear(), ("closed", 4000, "Room is full"))
                await ana.say("offer")
                checks.equal("the others are not", await bob.hear(), "offer")
                await quiet(checks, "and hear nothing of it", ana, bob, elsewhere)
            async with Member(relay) as dora:
                await dora.say("offer")
                checks.equal("a place that was left is free", await ana.hear(), "offer")


SCENARIOS = [(call,), (bytes_as_they_were,), (rooms,), (handshakes,), (waiting_quietly,), (alone,), (full_rooms,),
             (talk, SCRIPT)]

if __name__ == "__main__":
    run_scenarios(Checks(), SCENARIOS)
