#!/usr/bin/env python3
"""A chat in the terminal, or a bot that echoes, over WebRTC data channels: no message passes the relay.

    python chat.py                      creates a lobby and prints its name
    python chat.py LOBBY                joins it
    python chat.py --echo [LOBBY]       says back whatever it hears

Speaks the protocol of Godot's networking/webrtc_signaling demo. Needs aiortc and websockets, from PyPI.
"""

import argparse
import asyncio
import json
import sys
import threading
import urllib.request

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

JOIN, ID, PEER_CONNECT, PEER_DISCONNECT, OFFER, ANSWER, CANDIDATE, SEAL = range(8)
ICE_SECONDS = 3
# Everybody makes both before the first offer (see README.md); the ids are those of examples/browser/lobbyist.js.
RELIABLE = {"label": "reliable", "negotiated": True, "id": 10}
UNRELIABLE = {"label": "unreliable", "negotiated": True, "id": 11, "ordered": False, "maxRetransmits": 0}


def ice_servers(relay):
    """What the relay's plugin `turn` gives out at /ice; nothing where there is no such plugin."""
    url = "http" + relay.removeprefix("ws").rstrip("/") + "/ice"
    try:
        with urllib.request.urlopen(url, timeout=ICE_SECONDS) as reply:
            return [RTCIceServer(**server) for server in json.load(reply)["iceServers"]]
    except (OSError, ValueError):
        return []


class Peer:
    """Somebody else in the lobby, and the connection to them. The higher id offers; the host's is 1."""

    def __init__(self, lobby, id):
        self.lobby, self.id, self.is_heard = lobby, id, False
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=lobby.ice_servers))
        # One on which things may get lost is heard, but not spoken on.
        self.open(UNRELIABLE)
        self.channel = self.open(RELIABLE)
        self.channel.on("open", self.greet)

    def open(self, parameters):
        channel = self.connection.createDataChannel(**parameters)
        channel.on("message", lambda data: self.lobby.on_message(self, data, channel) if data else self.greeted())
        return channel

    def greet(self):
        """Each says "" when its channel is open and, once, when it hears it. Who has heard it may speak."""
        self.channel.send("")
        if self.is_heard:
            self.lobby.on_open(self)

    def greeted(self):
        if self.is_heard:
            return
        self.is_heard = True
        if self.channel.readyState == "open":
            self.greet()

    async def offer(self):
        await self.describe(OFFER, await self.connection.createOffer())

    async def describe(self, kind, description):
        # aiortc has found all its candidates by then and writes them into the description.
        await self.connection.setLocalDescription(description)
        await self.lobby.signal(kind, self.id, self.connection.localDescription.sdp)

    async def hear(self, kind, data):
        """What they signalled."""
        if kind == CANDIDATE:
            mid, index, text = data.split("\n")[1:4]
            candidate = candidate_from_sdp(text.removeprefix("candidate:"))
            candidate.sdpMid, candidate.sdpMLineIndex = mid, int(index)
            await self.connection.addIceCandidate(candidate)
            return
        description = RTCSessionDescription(data, "offer" if kind == OFFER else "answer")
        await self.connection.setRemoteDescription(description)
        if kind == OFFER:
            await self.describe(ANSWER, await self.connection.createAnswer())

    def send(self, data):
        if data and self.is_heard and self.channel.readyState == "open":
            self.channel.send(data)


class Lobby:
    """A place at the relay. `on_joined`, `on_open`, `on_message` and `on_left` are to be replaced."""

    def __init__(self, relay, name=""):
        self.relay, self.name, self.id, self.peers, self.socket = relay, name, 0, {}, None
        self.on_joined = lambda lobby: None
        self.on_open = lambda peer: None
        self.on_message = lambda peer, data, channel: None
        self.on_left = lambda peer: None

    async def run(self):
        """Until the relay closes the connection: answers the code and the reason."""
        self.ice_servers = await asyncio.to_thread(ice_servers, self.relay)
        async with connect(self.relay) as self.socket:
            try:
                await self.signal(JOIN, 0, self.name)
                while True:
                    message = json.loads(await self.socket.recv())
                    await self.hear(message["type"], message["id"], message["data"])
            except ConnectionClosed:
                return self.socket.close_code, self.socket.close_reason
            finally:
                for peer in self.peers.values():
                    await peer.connection.close()

    async def signal(self, kind, id, data):
        await self.socket.send(json.dumps({"type": kind, "id": id, "data": data}))

    async def hear(self, kind, id, data):
        if kind == ID:
            self.id = id
        elif kind == JOIN:
            self.name = data
            self.on_joined(self)
        elif kind == PEER_CONNECT:
            peer = self.peers[id] = Peer(self, id)
            if self.id > id:
                await peer.offer()
        elif kind == PEER_DISCONNECT:
            peer = self.peers.pop(id)
            await peer.connection.close()
            self.on_left(peer)
        elif kind in (OFFER, ANSWER, CANDIDATE) and id in self.peers:
            try:
                await self.peers[id].hear(kind, data)
            except Exception as error:
                # Whatever they have sent is their mistake; the others go on.
                print(f"{id} signals what cannot be understood: {error}", file=sys.stderr)


def say_lines(lobby, loop):
    """What is typed goes to everybody. In a thread of its own, as reading the terminal waits."""
    def say(line):
        for peer in lobby.peers.values():
            peer.send(line)

    def read():
        for line in sys.stdin:
            loop.call_soon_threadsafe(say, line.rstrip("\n"))

    threading.Thread(target=read, daemon=True).start()


async def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("lobby", nargs="?", default="", help="the lobby to join; none: a new one")
    arguments.add_argument("--relay", default="ws://localhost:9080")
    arguments.add_argument("--echo", action="store_true", help="say back whatever is heard")
    options = arguments.parse_args()

    def show(text):
        print(text, flush=True)

    def hear(peer, data, channel):
        if options.echo:
            channel.send(data)
        else:
            show(f"{peer.id}: {data}")

    lobby = Lobby(options.relay, options.lobby)
    lobby.on_joined = lambda lobby: show(f"in lobby {lobby.name} as {lobby.id}")
    lobby.on_open = lambda peer: show(f"connected with {peer.id}")
    lobby.on_left = lambda peer: show(f"{peer.id} has left")
    lobby.on_message = hear
    if options.echo:
        lobby.on_open = lambda peer: peer.send("hello, I say back what I hear")
    else:
        say_lines(lobby, asyncio.get_running_loop())
    try:
        code, reason = await lobby.run()
        sys.exit(f"the relay has closed: {code} {reason}")
    except OSError as error:
        sys.exit(f"{options.relay}: {error}")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        print()
