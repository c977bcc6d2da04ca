#!/usr/bin/env python3
"""The protocol of gosignaling and singo, driven by PyPI `websockets`; then its conversations over real sockets."""

import asyncio
import functools
import json
import os
import time
import urllib.error
import urllib.request

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from relay import Checks, Relay, run_scenarios
from talk_live import talk

SCRIPT = os.path.join("scripts", "singo.lua")
SCENARIO_SECONDS = 60
WAIT_SECONDS = 5
QUIET_SECONDS = 0.25


def scenario(function):
    """Runs an async scenario against a relay of its own, within a bounded time."""
    @functools.wraps(function)
    def run(checks, settings=None):
        with Relay(script=SCRIPT, settings=settings) as relay:
            asyncio.run(asyncio.wait_for(function(checks, relay), SCENARIO_SECONDS))
    return run


class Client:
    """One connection, greeted with its id."""

    def __init__(self, relay, path="/connect", **options):
        self.url, self.options, self.id, self.greeting = relay.url + path, options, None, None

    async def __aenter__(self):
        self.socket = await asyncio.wait_for(connect(self.url, **self.options), WAIT_SECONDS)
        self.greeting = await self.hear_raw()
        self.id = json.loads(self.greeting)["payload"]["client_id"]
        return self

    async def __aexit__(self, *_):
        await asyncio.wait_for(self.socket.close(), WAIT_SECONDS)

    async def send(self, kind, **payload):
        await self.send_raw(json.dumps({"type": kind, "payload": payload}))

    async def send_raw(self, message):
        await asyncio.wait_for(self.socket.send(message), WAIT_SECONDS)

    async def hear_raw(self):
        return await asyncio.wait_for(self.socket.recv(), WAIT_SECONDS)

    async def hears_nothing(self):
        """None, or what was heard all the same."""
        try:
            return await asyncio.wait_for(self.socket.recv(), QUIET_SECONDS)
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            return repr(error)


def naming(kind, client):
    return f'{{"type":"{kind}","payload":{{"client_id":"{client.id}"}}}}'


def description(kind, sender, sdp):
    return f'{{"type":"{kind}","payload":{{"client_id":"{sender.id}","sdp":{sdp}}}}}'


def refusal(reason):
    return f'{{"type":"error","payload":{{"error":"{reason}"}}}}'


async def joined(checks, newcomer, room, *others):
    await newcomer.send("join", room_id=room)
    # A join has no answer: the pong tells that the relay has read it.
    await asyncio.wait_for(await newcomer.socket.ping(), WAIT_SECONDS)
    for other in others:
        checks.equal("a member hears of the newcomer", await other.hear_raw(), naming("new-client", newcomer))


@scenario
async def transcript(checks, relay):
    async with Client(relay) as ana, Client(relay) as bob, Client(relay) as cid, Client(relay, "/ws") as dan:
        for client in (ana, bob, cid, dan):
            checks.matches("the id comes first", client.greeting,
                           r'\{"type":"notify-client-id","payload":\{"client_id":"[0-9a-v]{20}"\}\}')
        checks.equal("all ids differ", len({client.id for client in (ana, bob, cid, dan)}), 4)
        await joined(checks, ana, "r1")
        await joined(checks, bob, "r1", ana)
        await ana.send("offer", sdp="v=0..", client_id=bob.id)
        checks.equal("an offer", await bob.hear_raw(), description("offer", ana, '"v=0.."'))
        await bob.send("answer", sdp="v=0..", client_id=ana.id)
        checks.equal("an answer", await ana.hear_raw(), description("answer", bob, '"v=0.."'))
        await ana.send("ice-candidate", candidate="candidate:1", sdpMid="0", sdpMLineIndex=0, client_id=bob.id)
        checks.equal("a candidate", await bob.hear_raw(),
                     '{"type":"ice-candidate","payload":{"candidate":"candidate:1",'
                     f'"client_id":"{ana.id}","sdpMLineIndex":0,"sdpMid":"0"}}}}')
        await joined(checks, cid, "r1", ana, bob)
        for member in (ana, bob):
            await member.send("offer", sdp="v=0..", client_id=cid.id)
            checks.equal("members offer to the newcomer", await cid.hear_raw(), description("offer", member, '"v=0.."'))
        for member in (ana, bob):
            await cid.send("answer", sdp="v=0..", client_id=member.id)
            checks.equal("the newcomer answers", await member.hear_raw(), description("answer", cid, '"v=0.."'))
        await ana.send("offer", sdp="x", client_id="nope")
        await dan.send("offer", sdp="x", client_id=ana.id)
        checks.equal("an offer in no room", await dan.hear_raw(), refusal("failed to transfer offer"))
        await dan.send_raw('{"type":"join"}')
        checks.equal("a join without payload", await dan.hear_raw(), refusal("invalid payload"))
        start = time.monotonic()
        await bob.socket.close()
        for member in (ana, cid):
            checks.equal("members hear who leaves", await member.hear_raw(), naming("leave-client", bob))
        checks.true("at once", time.monotonic() - start < 1, "less than 1 s", f"{time.monotonic() - start:.2f} s")
        for client in (ana, cid, dan):
            checks.equal("nothing more is heard", await client.hears_nothing(), None)


@scenario
async def leaving(checks, relay):
    async with Client(relay) as ana, Client(relay) as bob:
        await joined(checks, ana, "r1")
        await joined(checks, bob, "r1", ana)
        start = time.monotonic()
        bob.socket.transport.abort()
        checks.equal("a broken connection is told", await ana.hear_raw(), naming("leave-client", bob))
        checks.true("at once", time.monotonic() - start < 1, "less than 1 s", f"{time.monotonic() - start:.2f} s")


@scenario
async def spelling(checks, relay):
    """What is relayed is copied byte for byte and in the servers' order; text and binary are taken alike."""
    texts = {
        "a large description": json.dumps("a=candidate\r\n" * 4000),
        "escapes": r'"a\/b\u00e9\ud83d\ude00é😀\n\r\t\"\\\b\f\u0000\u2028<>&"',
        "nothing": '""',
    }
    async with Client(relay) as ana, Client(relay) as bob:
        await joined(checks, ana, "")
        await bob.send_raw(b'{"type":"join","payload":null}')
        checks.equal("a binary join", await ana.hear_raw(), naming("new-client", bob))
        for name, text in texts.items():
            message = f'{{"payload": {{"more":[1],"sdp" : {text},"client_id":"{bob.id}"}}, "type":"offer","x":0}}'
            for form in (message, message.encode()):
                await ana.send_raw(form)
                checks.equal(f"{name} as {type(form).__name__}", await bob.hear_raw(), description("offer", ana, text))
            await ana.send_raw(
                f'{{"type":"ice-candidate","payload":{{"sdpMid":"\\u0030","candidate":{text},'
                f'"client_id":"{bob.id}"}}}}')
            checks.equal(f"{name} in a candidate", await bob.hear_raw(),
                         f'{{"type":"ice-candidate","payload":{{"candidate":{text},"client_id":"{ana.id}",'
                         '"sdpMLineIndex":null,"sdpMid":"\\u0030"}}')
        for number in range(500):
            await ana.send("offer", sdp=str(number), client_id=bob.id)
        heard = [json.loads(await bob.hear_raw())["payload"]["sdp"] for _ in range(500)]
        checks.true("500 messages keep their order", heard == [str(number) for number in range(500)])


@scenario
async def addresses(checks, relay):
    for path in ("/", "/connect/", "/connected", "/ws/1", "/health"):
        try:
            async with Client(relay, path):
                checks.equal(f"WebSocket on {path}", "accepted", 404)
        except InvalidStatus as error:
            checks.equal(f"WebSocket on {path}", error.response.status_code, 404)
    for path, expected in (("/health", (200, "OK")), ("/healthy", (404, None))):
        checks.equal(f"GET {path}", await asyncio.to_thread(get, f"http://{relay.host}:{relay.port}{path}"), expected)


def get(url):
    """Status and body; of an error the status alone."""
    try:
        with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, None


@scenario
async def pings(checks, relay):
    async with Client(relay) as ana:
        start = time.monotonic()
        for _ in range(3):
            checks.equal("a ping", await ana.hear_raw(), '{"type":"ping"}')
        took = time.monotonic() - start
        checks.true("at their times", 0.5 < took < 1.5, "0.6 s", f"{took:.2f} s")


if __name__ == "__main__":
    run_scenarios(Checks(), [(transcript,), (leaving,), (spelling,), (addresses,), (pings, {"ping_interval": 0.2}),
                             (talk, SCRIPT)])
