#!/usr/bin/env python3
"""Two clients of the Godot demo's protocol meet in a lobby and exchange an offer, an answer and a candidate.

    python session.py [ws://localhost:9080]

Needs PyPI `websockets`. The session descriptions were made by two aiortc peer connections with a data channel;
fingerprints other than SHA-256 are left out.
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect

JOIN, ID, PEER_CONNECT, OFFER, ANSWER, CANDIDATE = 0, 1, 2, 4, 5, 6
HOST = 1
WAIT_SECONDS = 10
SHOWN_CHARACTERS = 48

DESCRIPTION = """v=0
o=- 4004251512 4004251512 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0
a=msid-semantic:WMS *
m=application {port} UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 192.0.2.2
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
a=ice-ufrag:{fragment}
a=ice-pwd:{password}
a=fingerprint:sha-256 {fingerprint}
a=setup:{setup}
""".replace("\n", "\r\n")

OFFER_SDP = DESCRIPTION.format(
    port=41683, fragment="1miq", password="J25OICbycMimsEXcDovVuf", setup="actpass",
    fingerprint="54:BF:AA:B8:F3:9B:30:5B:B8:00:B6:F7:D7:D4:55:C9:98:F8:8B:CE:4B:12:F5:21:9C:B4:A8:7D:2F:ED:4A:71")
ANSWER_SDP = DESCRIPTION.format(
    port=40478, fragment="vi4e", password="GTf9hmDBP5JiQyY0lEJck5", setup="active",
    fingerprint="80:C1:9B:0B:3F:82:65:ED:DD:83:05:E6:BC:4E:C0:A4:A6:4C:E5:79:76:45:E6:86:A0:76:BE:BF:0F:CC:C6:8F")
# A line break, the media's id, its index and the candidate, as the demo sends it.
CANDIDATE_TEXT = "\n0\n0\ncandidate:f957a2332b1715da3b0ef8ba684454eb 1 udp 2130706431 192.0.2.2 41683 typ host"


class Client:
    """One connection. Prints what it sends and hears, long data shortened."""

    def __init__(self, name, socket):
        self.name, self.socket = name, socket

    async def send(self, kind, id, data):
        self.show(">", kind, id, data)
        await self.socket.send(json.dumps({"data": data, "id": id, "type": kind}))

    async def hear(self, kind):
        """The next message, which must be of this kind: its id and data."""
        message = json.loads(await asyncio.wait_for(self.socket.recv(), WAIT_SECONDS))
        self.show("<", message["type"], message["id"], message["data"])
        assert message["type"] == kind, f"expected a message of type {kind}"
        return message["id"], message["data"]

    def show(self, arrow, kind, id, data):
        shown = json.dumps(data)
        if len(shown) > SHOWN_CHARACTERS:
            shown = f"{shown[:SHOWN_CHARACTERS]}… ({len(data)} characters)"
        print(f'{self.name} {arrow} {{"type":{kind},"id":{id},"data":{shown}}}')


async def main(url):
    async with connect(url) as ana_socket, connect(url) as bob_socket:
        ana, bob = Client("Ana", ana_socket), Client("Bob", bob_socket)

        await ana.send(JOIN, 0, "")
        await ana.hear(ID)
        _, lobby = await ana.hear(JOIN)

        await bob.send(JOIN, 0, lobby)
        bob_id, _ = await bob.hear(ID)
        await bob.hear(PEER_CONNECT)
        await bob.hear(JOIN)
        await ana.hear(PEER_CONNECT)

        await bob.send(OFFER, HOST, OFFER_SDP)
        assert await ana.hear(OFFER) == (bob_id, OFFER_SDP)
        await ana.send(ANSWER, bob_id, ANSWER_SDP)
        assert await bob.hear(ANSWER) == (HOST, ANSWER_SDP)
        await bob.send(CANDIDATE, HOST, CANDIDATE_TEXT)
        assert await ana.hear(CANDIDATE) == (bob_id, CANDIDATE_TEXT)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "ws://localhost:9080"))
