"""A naive model of gosignaling and singo: a room is a list of peers under a name."""

from model import Model, Variable

ROOMS = ["", "r1", "R1", "r2", "r3", "é漢😀 \"\\/", "a b\u0000c", "x" * 200]
SDPS = ["v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n", "", "é漢😀\u2028\"\\/<>&", "x" * 3000]
IGNORED = ["", "hello", "5", "null", "[]", "{}", '{"type":"join"', '{"type":"zzz","payload":{}}', '{"type":5}',
           '{"payload":{"room_id":"r1"}}', '{"type":"ping"}', '[{"type":"join"}]']
INVALID = [{"type": "join"}, {"type": "join", "payload": "text"}, {"type": "join", "payload": {"room_id": 5}},
           {"type": "offer"}, {"type": "offer", "payload": []}, {"type": "offer", "payload": {"sdp": {"sdp": "x"}}},
           {"type": "answer", "payload": 5}, {"type": "answer", "payload": {"sdp": "x", "client_id": 5}},
           {"type": "ice-candidate"}, {"type": "ice-candidate", "payload": {"candidate": {}}},
           {"type": "ice-candidate", "payload": {"candidate": "c", "sdpMLineIndex": "0"}}]


def message(kind, **payload):
    return {"type": kind, "payload": payload}


class Singo(Model):
    name, script = "singo", "singo.lua"
    shapes = {"id": "[0-9a-v]{20}"}

    def __init__(self):
        super().__init__()
        self.rooms = {}  # name: [peer]
        self.room_of = {}  # peer: name
        self.ids = {}  # peer: variable

    def address(self, rng):
        return (rng.choice(["/connect", "/ws", "/connect?x=1"]),)

    def choose(self, rng, peer):
        kind = rng.choices(["join", "join_nameless", "describe", "candidate", "relay_unknown", "ignored", "invalid"],
                           [15, 1, 45, 25, 2, 2, 2])[0]
        match kind:
            case "join":
                return kind, rng.choice(ROOMS)
            case "join_nameless":
                return kind, rng.choice([None, {}, {"room_id": None}, {"more": 1}])
            case "describe" | "candidate":
                # Now and then to somebody in another room.
                others = self.rooms.get(self.room_of.get(peer)) if rng.random() < 0.9 else None
                target = rng.choice(others or self.connected)
                if kind == "describe":
                    return kind, target, rng.choice(["offer", "answer"]), rng.choice(SDPS + [None])
                return (kind, target, rng.choice(SDPS), rng.choice(["0", "audio", None, "missing"]),
                        rng.choice([0, 1, 65535, None, "missing"]))
            case "relay_unknown":
                return kind, rng.choice(["offer", "answer", "ice-candidate"]), rng.choice(["", "nobody", None])
            case "ignored":
                return kind, rng.choice(IGNORED)
        return kind, rng.choice(INVALID)

    def greet(self, peer, serial, path):
        self.ids[peer] = Variable(f"id{serial}")
        self.hears(peer, message("notify-client-id", client_id=self.ids[peer]))

    def enter(self, peer, name):
        if self.room_of.get(peer) == name:
            return
        self.depart(peer)
        room = self.rooms.setdefault(name, [])
        for member in room:
            self.hears(member, message("new-client", client_id=self.ids[peer]))
        room.append(peer)
        self.room_of[peer] = name

    def do_join(self, peer, serial, name):
        self.sends_now_and_then_as_binary(serial, message("join", room_id=name))
        self.enter(peer, name)

    def do_join_nameless(self, peer, serial, payload):
        self.sends({"type": "join", "payload": payload})
        self.enter(peer, "")

    def relays(self, peer, target, kind, payload):
        if peer not in self.room_of:
            return self.hears(peer, message("error", error=f"failed to transfer {kind.replace('-', ' ')}"))
        if target in self.rooms[self.room_of[peer]]:
            self.hears(target, message(kind, **payload))

    def do_describe(self, peer, serial, target, kind, sdp):
        self.sends(message(kind, sdp=sdp, client_id=self.known(self.ids, target), more={"client_id": 5}))
        self.relays(peer, target, kind, {"client_id": self.ids[peer], "sdp": sdp or ""})

    def do_candidate(self, peer, serial, target, candidate, mid, index):
        parts = {"sdpMid": mid, "sdpMLineIndex": index}
        sent = {name: part for name, part in parts.items() if part != "missing"}
        heard = {name: sent.get(name) for name in parts}
        self.sends(message("ice-candidate", candidate=candidate, client_id=self.known(self.ids, target), **sent))
        self.relays(peer, target, "ice-candidate", {"candidate": candidate, "client_id": self.ids[peer], **heard})

    def do_relay_unknown(self, peer, serial, kind, id):
        self.sends(message(kind, sdp="x", candidate="c", client_id=id))
        self.relays(peer, None, kind, {})

    def do_ignored(self, peer, serial, text):
        self.sends(text)

    def do_invalid(self, peer, serial, sent):
        self.sends_now_and_then_as_binary(serial, sent)
        self.hears(peer, message("error", error="invalid payload"))

    def depart(self, peer):
        if peer not in self.room_of:
            return
        name = self.room_of.pop(peer)
        self.rooms[name].remove(peer)
        for member in self.rooms[name]:
            self.hears(member, message("leave-client", client_id=self.ids[peer]))

    def leave(self, peer):
        self.depart(peer)
        del self.ids[peer]
