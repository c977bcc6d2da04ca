"""The clients' halves of the five documented protocols, in a few lines each.

`opening()` is what a client says first; `hear(text)` answers what a text means, a list of

    ("say", text)                                to be sent
    ("entered", room)                            this client is in the room
    ("call", id)                                 offer to this peer: in this protocol it is for us to do so
    ("described", id, type, sdp)                 an offer or an answer
    ("candidate", id, candidate, mid, index)

`room` is empty for who creates one.
"""

import json
import uuid


class Protocol:
    def __init__(self, room=""):
        self.room, self.own_id = room, 0

    def opening(self):
        return []


class Godot(Protocol):
    """Godot 4's networking/webrtc_signaling: the higher id offers, and the host's is 1."""
    JOIN, ID, PEER_CONNECT, PEER_DISCONNECT, OFFER, ANSWER, CANDIDATE = range(7)
    path = "/godot"

    def write(self, kind, id, data):
        return json.dumps({"data": data, "id": id, "type": kind}, separators=(",", ":"))

    def opening(self):
        return [("say", self.write(self.JOIN, 0, self.room))]

    def hear(self, text):
        message = json.loads(text)
        kind, id, data = message["type"], message["id"], message["data"]
        if kind == self.ID:
            self.own_id = id
        elif kind == self.JOIN:
            return [("entered", data)]
        elif kind == self.PEER_CONNECT and id < self.own_id:
            return [("call", id)]
        elif kind in (self.OFFER, self.ANSWER):
            return [("described", id, "offer" if kind == self.OFFER else "answer", data)]
        elif kind == self.CANDIDATE:
            mid, index, candidate = [line for line in data.split("\n") if line]
            return [("candidate", id, candidate, mid, int(index))]
        return []

    def describe(self, id, kind, sdp):
        return self.write(self.OFFER if kind == "offer" else self.ANSWER, id, sdp)

    def suggest(self, id, candidate, mid, index):
        return self.write(self.CANDIDATE, id, f"\n{mid}\n{index}\n{candidate}")


class GameJam(Protocol):
    """The game jam's `###!XX` commands: the lower id offers, and the host's is 1."""
    path = "/gamejam"

    def write(self, command, data):
        return json.dumps({"command": f"###!{command}", "data": data})

    def opening(self):
        return [("say", self.write("RP", "aiortc"))]

    def hear(self, text):
        message = json.loads(text)
        command, data = message["command"][4:], message["data"]
        if command == "RPK":
            return [("say", self.write("JR", self.room) if self.room else self.write("CR", "null"))]
        if command == "CTR":
            self.own_id = int(data)
        elif command in ("CRK", "JRK"):
            return [("entered", self.room or data)]
        elif command == "RPC" and int(data) > self.own_id:
            return [("call", int(data))]
        elif command in ("OOO", "AAA"):
            kind = "offer" if command == "OOO" else "answer"
            return [("described", int(data["id"]), kind, data[kind])]
        elif command == "CCC":
            return [("candidate", int(data["id"]), data["sdp"], data["mid"], data["index"])]
        return []

    def describe(self, id, kind, sdp):
        return self.write("OO" if kind == "offer" else "AA", {"id": id, kind: sdp})

    def suggest(self, id, candidate, mid, index):
        return self.write("CC", {"id": id, "mid": mid, "index": index, "sdp": candidate})


class Unity(Protocol):
    """The rooms of four digits, as its client for two players does it: the joiner is `ready`, the creator offers."""
    path = "/unity"

    def opening(self):
        text = f'{{ "type": "join", "roomId": "{self.room}" }}' if self.room else '{ "type": "create" }'
        return [("say", text)]

    def signal(self, **members):
        every = {"sdp": "", "sdpType": "", "candidate": "", "sdpMid": "", "sdpMLineIndex": 0, "command": ""}
        return json.dumps({"type": "signal", "payload": json.dumps({**every, **members})})

    def hear(self, text):
        message = json.loads(text)
        if message["type"] == "room_created":
            return [("entered", message["roomId"])]
        if message["type"] == "room_joined":
            return [("entered", message["roomId"]), ("say", self.signal(command="ready"))]
        if message["type"] != "signal":
            raise ValueError(text)
        id, inner = message["senderId"], json.loads(message["payload"])
        if inner["command"] == "ready":
            return [("call", id)]
        if inner["sdp"]:
            return [("described", id, inner["sdpType"], inner["sdp"])]
        return [("candidate", id, inner["candidate"], inner["sdpMid"], inner["sdpMLineIndex"])]

    def describe(self, id, kind, sdp):
        return self.signal(sdp=sdp, sdpType=kind)

    def suggest(self, id, candidate, mid, index):
        return self.signal(candidate=candidate, sdpMid=mid, sdpMLineIndex=index)


class Broadcast(Protocol):
    """Raw {"sdp": …} and {"candidate": …} between two clients with one URL. The one that comes second offers."""

    def __init__(self, room=""):
        super().__init__(room)
        self.name = room or str(uuid.uuid4())
        self.path = f"/signalling?room={self.name}"

    def opening(self):
        return [("entered", self.name)] + ([("call", None)] if self.room else [])

    def hear(self, text):
        message = json.loads(text)
        if "sdp" in message:
            return [("described", None, message["sdp"]["type"], message["sdp"]["sdp"])]
        given = message["candidate"]
        return [("candidate", None, given["candidate"], given["sdpMid"], given["sdpMLineIndex"])]

    def describe(self, id, kind, sdp):
        return json.dumps({"sdp": {"type": kind, "sdp": sdp}})

    def suggest(self, id, candidate, mid, index):
        return json.dumps({"candidate": {"candidate": candidate, "sdpMid": mid, "sdpMLineIndex": index}})


class Singo(Protocol):
    """gosignaling and singo: who is in the room offers to the newcomer."""
    path = "/connect"

    def write(self, kind, **payload):
        return json.dumps({"type": kind, "payload": payload})

    def hear(self, text):
        message = json.loads(text)
        kind, payload = message["type"], message["payload"]
        if kind == "notify-client-id":
            name = self.room or str(uuid.uuid4())
            return [("say", self.write("join", room_id=name)), ("entered", name)]
        if kind == "new-client":
            return [("call", payload["client_id"])]
        if kind in ("offer", "answer"):
            return [("described", payload["client_id"], kind, payload["sdp"])]
        if kind == "ice-candidate":
            return [("candidate", payload["client_id"], payload["candidate"], payload["sdpMid"],
                     payload["sdpMLineIndex"])]
        raise ValueError(text)

    def describe(self, id, kind, sdp):
        return self.write(kind, client_id=id, sdp=sdp)

    def suggest(self, id, candidate, mid, index):
        return self.write("ice-candidate", client_id=id, candidate=candidate, sdpMid=mid, sdpMLineIndex=index)


PROTOCOLS = {"godot": Godot, "gamejam": GameJam, "unity": Unity, "broadcast": Broadcast, "singo": Singo}
