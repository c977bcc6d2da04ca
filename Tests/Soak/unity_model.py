"""A naive model of the Node "Signaling Server" for Unity: rooms with four digits are dicts that stay."""

from model import Model, Variable

PAYLOADS = ["text", '{"command":"ready"}', {"sdp": "v=0\r\n", "sdpType": "offer"}, None, 17, [], {}, True,
            "é漢😀\u2028\"\\/<>&", "x" * 3000]
MALFORMED = ["", "garbage", "null", "5", "[]", "{}", '{"type":"zzz"}', '{"type":5}', '{"type":"create"',
             '{"roomId":"1000"}', '{"type":"Create"}']
# Rooms stay until their timer, which a short run does not see: so many are enough.
ROOMS_MAX = 40
# What waits for company is bounded.
WAITING_MAX = 5


class Unity(Model):
    name, script = "unity", "unity.lua"
    settings = {"room_timeout": 3600.0, "targets": "true", "replay": "true"}
    shapes = {"room": "[1-9][0-9]{3}", "id": "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"}

    def __init__(self):
        super().__init__()
        self.rooms = {}  # serial of the action that created it: {"members": [peer], "waiting": [message]}
        self.room_of = {}  # peer: that serial
        self.ids = {}  # peer: variable, from its connection on

    def choose(self, rng, peer):
        kind = rng.choices(["create", "join", "join_unknown", "signal", "direct", "direct_unknown", "malformed"],
                           [5, 20, 2, 50, 15, 1, 2])[0]
        others = [member for member in self.members(peer) if member != peer]
        if kind == "create" and len(self.rooms) >= ROOMS_MAX or kind == "direct" and not others:
            kind = "join"
        if kind == "join" and not self.rooms:
            kind = "create"
        if kind == "signal" and len(self.waiting(peer)) >= WAITING_MAX:
            kind = "malformed"
        match kind:
            case "join":
                return kind, rng.choice([*self.rooms])
            case "join_unknown":
                return kind, rng.choice(["", "999", "10000", "abcd", None, 6700, {}, "missing"])
            case "signal":
                return kind, rng.choice(PAYLOADS + ["missing"]), rng.choice(["", None, "missing", "missing"])
            case "direct":
                return kind, rng.choice(others), rng.choice(PAYLOADS)
            case "malformed":
                return kind, rng.choice(MALFORMED)
        return (kind,)

    def members(self, peer):
        return self.rooms[self.room_of[peer]]["members"] if peer in self.room_of else []

    def waiting(self, peer):
        return self.rooms[self.room_of[peer]]["waiting"] if peer in self.room_of else []

    def greet(self, peer, serial, path):
        self.ids[peer] = Variable(f"id{serial}")

    def enter(self, peer, number, reply):
        room = self.rooms[number]
        is_new = peer not in room["members"]
        if is_new:
            self.depart(peer)
            room["members"].append(peer)
            self.room_of[peer] = number
        self.hears(peer, {"type": reply, "roomId": Variable(f"room{number}"), "myId": self.ids[peer]})
        if is_new:
            for waiting in room["waiting"]:
                self.hears(peer, waiting)
            room["waiting"].clear()

    def do_create(self, peer, serial):
        self.sends_now_and_then_as_binary(serial, {"type": "create"})
        self.rooms[serial] = {"members": [], "waiting": []}
        self.enter(peer, serial, "room_created")

    def do_join(self, peer, serial, number):
        self.known(self.rooms, number)
        self.sends({"type": "join", "roomId": Variable(f"room{number}"), "payload": {}})
        self.enter(peer, number, "room_joined")

    def do_join_unknown(self, peer, serial, room_id):
        self.sends({"type": "join"} | ({} if room_id == "missing" else {"roomId": room_id}))
        self.hears(peer, {"type": "error", "message": "Room not found"})

    def do_signal(self, peer, serial, payload, target):
        rest = {} if payload == "missing" else {"payload": payload}
        target_id = {} if target == "missing" else {"targetId": target}
        self.sends_now_and_then_as_binary(serial, {"type": "signal"} | target_id | rest)
        if peer not in self.room_of:
            return
        signal = {"type": "signal", "senderId": self.ids[peer]} | rest
        if self.members(peer) == [peer]:
            self.waiting(peer).append(signal)
        for member in self.members(peer):
            if member != peer:
                self.hears(member, signal)

    def do_direct(self, peer, serial, target, payload):
        if target not in self.members(peer) or target == peer:
            self.nonsense()
        self.sends({"type": "signal", "targetId": self.ids[target], "payload": payload})
        self.hears(target, {"type": "signal", "senderId": self.ids[peer], "payload": payload})

    def do_direct_unknown(self, peer, serial):
        self.sends({"type": "signal", "targetId": "nobody", "payload": "x"})

    def do_malformed(self, peer, serial, text):
        self.sends(text)

    def depart(self, peer):
        """Nobody is told. What waited in the room was the peer's own."""
        if peer in self.room_of:
            self.waiting(peer).clear()
            self.members(peer).remove(peer)
            del self.room_of[peer]

    def leave(self, peer):
        self.depart(peer)
        del self.ids[peer]
