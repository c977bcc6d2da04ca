"""One end of a link, by aiortc: enters a room, opens a data channel, sends random bytes and takes as many."""

import asyncio
import hashlib
import os
import time

from aiortc import RTCConfiguration, RTCIceServer, RTCIceTransportPolicy, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp
from websockets.asyncio.client import connect

from protocols import PROTOCOLS

CHUNK_BYTES = 16384
BUFFERED_BYTES = 262144
DRAIN_SECONDS = 0.005


def without_candidates(sdp):
    """A description without the candidates that aiortc wrote into it, and these. It has one media section."""
    lines = sdp.splitlines()
    (mid,) = [line.removeprefix("a=mid:") for line in lines if line.startswith("a=mid:")]
    candidates = [(line.removeprefix("a="), mid, 0) for line in lines if line.startswith("a=candidate:")]
    kept = [line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates"))]
    return "\r\n".join([*kept, ""]), candidates


class AiortcEnd:
    """`async with AiortcEnd("godot", relay.url, 1048576) as end: room = await end.entered`

    With TURN servers nothing goes another way.
    """
    name = "aiortc"

    def __init__(self, protocol, relay, size, room="", turn_servers=()):
        self.protocol, self.relay, self.size = PROTOCOLS[protocol](room), relay, size
        self.other = None
        policy = RTCIceTransportPolicy.RELAY if turn_servers else RTCIceTransportPolicy.ALL
        self.configuration = RTCConfiguration([RTCIceServer(**server) for server in turn_servers], policy)

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        self.entered, self.done = loop.create_future(), loop.create_future()
        self.connection = RTCPeerConnection(self.configuration)
        self.connection.on("datachannel", lambda channel: self.talk_over(channel, is_offered=False))
        self.tasks = [asyncio.create_task(self.watched(self.signal()))]
        return self

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.connection.close()
        for future in (self.entered, self.done):
            future.cancel()

    async def watched(self, work):
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whoever waits for a result gets it
            for future in (self.entered, self.done):
                if not future.done():
                    future.set_exception(error)

    async def signal(self):
        async with connect(self.relay + self.protocol.path) as self.socket:
            await self.act(self.protocol.opening())
            async for text in self.socket:
                await self.act(self.protocol.hear(text))
            raise ConnectionError(f"the relay closed: {self.socket.close_code} {self.socket.close_reason}")

    async def act(self, steps):
        for step in steps:
            match step:
                case "say", text:
                    await self.socket.send(text)
                case "entered", room:
                    self.entered.set_result(room)
                case "call", id:
                    await self.call(id)
                case "described", id, kind, sdp:
                    await self.described(id, kind, sdp)
                case "candidate", _, candidate, mid, index:
                    await self.suggested(candidate, mid, index)

    async def call(self, id):
        self.other = id
        self.talk_over(self.connection.createDataChannel("lobbyist"), is_offered=True)
        await self.describe(await self.connection.createOffer())

    async def described(self, id, kind, sdp):
        self.other = id
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, kind))
        if kind == "offer":
            await self.describe(await self.connection.createAnswer())

    async def describe(self, description):
        """aiortc gathers first and writes all candidates into the description; they go one by one all the same."""
        await self.connection.setLocalDescription(description)
        local = self.connection.localDescription
        sdp, candidates = without_candidates(local.sdp)
        await self.socket.send(self.protocol.describe(self.other, local.type, sdp))
        for candidate, mid, index in candidates:
            await self.socket.send(self.protocol.suggest(self.other, candidate, mid, index))

    async def suggested(self, text, mid, index):
        candidate = candidate_from_sdp(text.removeprefix("candidate:"))
        candidate.sdpMid, candidate.sdpMLineIndex = mid, index
        await self.connection.addIceCandidate(candidate)

    def talk_over(self, channel, is_offered):
        loop = asyncio.get_running_loop()
        opened, greeted, complete, acknowledged = (loop.create_future() for _ in range(4))
        received = bytearray()

        @channel.on("message")
        def on_message(data):
            if isinstance(data, str):
                (greeted if data == "hello" else acknowledged).set_result(data)
                return
            received.extend(data)
            if len(received) == self.size:
                complete.set_result(None)

        if channel.readyState == "open":
            opened.set_result(None)
        else:
            channel.on("open", lambda: opened.set_result(None))

        async def talk():
            """As the page does it: who has answered waits for who has offered to say hello."""
            await opened
            at = time.time() * 1000
            if is_offered:
                channel.send("hello")
            else:
                await greeted
            sent = os.urandom(self.size)
            for start in range(0, self.size, CHUNK_BYTES):
                while channel.bufferedAmount > BUFFERED_BYTES:
                    await asyncio.sleep(DRAIN_SECONDS)
                channel.send(sent[start:start + CHUNK_BYTES])
            await complete
            hashed = hashlib.sha256(received).hexdigest()
            channel.send(hashed)
            reliable = channel.ordered and channel.maxRetransmits is None and channel.maxPacketLifeTime is None
            self.done.set_result({
                "opened": at, "sent": hashlib.sha256(sent).hexdigest(), "received": hashed,
                "acknowledged": await acknowledged, "channel": [channel.label, reliable]})

        self.tasks.append(asyncio.create_task(self.watched(talk())))
