"""A naive model of the Godot 4 dialect of the `webrtc_signaling` demo: lobbies are dicts."""

from model import Model, Variable

JOIN, ID, PEER_CONNECT, PEER_DISCONNECT, OFFER, ANSWER, CANDIDATE, SEAL = range(8)
MALFORMED = ["", "hello", "5", "null", "[]", "{}", '{"type":0,"id":0,"data":""', '{"type":"0","id":0,"data":""}',
             '{"type":0,"data":""}', '{"id":0,"data":""}', '{"type":-1,"id":0,"data":""}', '{"type":4,"id":-1}',
             '{"type":null,"id":1,"data":""}', '{"type":0,"id":[0],"data":""}']
DATA = ["", "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n", "\n0\n0\ncandidate:1", "é漢😀\u2028", "\"\\/\b\t<&>", "x" * 3000]


def message(kind, id, data=""):
    return {"type": kind, "id": id, "data": data}


class Godot(Model):
    name, script = "godot", "godot.lua"
    settings = {"join_timeout": 600.0, "seal_timeout": 600.0}
    shapes = {"lobby": "[A-Za-z0-9]{16}", "id": (2, 2147483647)}

    def __init__(self):
        super().__init__()
        self.lobbies = {}  # serial of the action that created it: {"mesh": bool, "sealed": bool, "ids": {peer: id}}
        self.lobby_of = {}  # peer: that serial

    def choose(self, rng, peer):
        members = [*self.lobbies[self.lobby_of[peer]]["ids"]] if peer in self.lobby_of else []
        # The host is the first of all.
        seals = 8 if members[:1] == [peer] else 0.5
        kind = rng.choices(["create", "join", "join_unknown", "relay", "relay_unknown", "relay_foreign", "command",
                            "seal", "malformed", "binary"], [4, 30, 1, 60, 1, 1, 1, seals, 1, 0.5])[0]
        if kind in ("create", "join") and members and rng.random() < 0.95:
            kind = "relay"
        if kind == "relay" and not members:
            kind = "join"
        if kind == "join" and not self.lobbies:
            kind = "create"
        match kind:
            case "create":
                return kind, rng.choice([0, 0, 1, 0.9, 7])
            case "join":
                return kind, rng.choice([*self.lobbies]), rng.choice([0, 1, 2.5])
            case "relay":
                return kind, rng.choice(members), rng.choice([OFFER, ANSWER, CANDIDATE]), rng.choice(DATA + [None, 17])
            case "relay_unknown":
                return kind, rng.choice([0, 5, 99999999999]), rng.choice([OFFER, ANSWER, CANDIDATE])
            case "relay_foreign":
                return kind, rng.choice(self.connected), OFFER
            case "command":
                return kind, rng.choice([1, 2, 3, 8, 100]), rng.choice([0, 1])
            case "malformed":
                return kind, rng.choice(MALFORMED)
        return (kind,)

    def refuse(self, peer, reason):
        self.is_closed(peer, 4000, reason)

    def enter(self, peer, number, id):
        lobby = self.lobbies[number]
        mesh, name = lobby["mesh"], Variable(f"lobby{number}")
        self.hears(peer, message(ID, id, "true" if mesh else ""))
        for other, other_id in lobby["ids"].items():
            if mesh or other_id == 1:
                self.hears(other, message(PEER_CONNECT, id))
                self.hears(peer, message(PEER_CONNECT, other_id))
        self.hears(peer, message(JOIN, 0, name))
        lobby["ids"][peer] = id
        self.lobby_of[peer] = number

    def do_create(self, peer, serial, id):
        self.sends(message(JOIN, id))
        if peer in self.lobby_of:
            return self.refuse(peer, "Already in a lobby")
        # The number is rounded down.
        self.lobbies[serial] = {"mesh": int(id) == 0, "sealed": False, "ids": {}}
        self.enter(peer, serial, 1)

    def do_join(self, peer, serial, number, id):
        lobby = self.known(self.lobbies, number)
        self.sends(message(JOIN, id, Variable(f"lobby{number}")))
        if peer in self.lobby_of:
            return self.refuse(peer, "Already in a lobby")
        if lobby["sealed"]:
            return self.refuse(peer, "Lobby is sealed")
        self.enter(peer, number, Variable(f"id{serial}"))

    def do_join_unknown(self, peer, serial):
        self.sends(message(JOIN, 0, "nosuchlobby"))
        self.refuse(peer, "Already in a lobby" if peer in self.lobby_of else "Lobby does not exists")

    def own_lobby(self, peer):
        """The peer's lobby; without one it is refused whatever it said."""
        if peer in self.lobby_of:
            return self.lobbies[self.lobby_of[peer]]
        self.refuse(peer, "Invalid message when not in a lobby")
        return None

    def do_relay(self, peer, serial, target, kind, data):
        lobby = self.lobbies[self.known(self.lobby_of, peer)]
        sent = message(kind, self.known(lobby["ids"], target), data)
        if data is None:
            del sent["data"]
        self.sends(sent)
        self.hears(target, message(kind, lobby["ids"][peer], data if isinstance(data, str) else ""))

    def do_relay_unknown(self, peer, serial, id, kind):
        self.sends(message(kind, id, "x"))
        if self.own_lobby(peer):
            self.refuse(peer, "Invalid destination")

    def do_relay_foreign(self, peer, serial, target, kind):
        number = self.known(self.lobby_of, target)
        id = self.lobbies[number]["ids"][target]
        if number == self.lobby_of.get(peer) or id == 1:
            self.nonsense()
        self.sends(message(kind, id, "x"))
        if self.own_lobby(peer):
            self.refuse(peer, "Invalid destination")

    def do_command(self, peer, serial, kind, id):
        self.sends(message(kind, id))
        if self.own_lobby(peer):
            self.refuse(peer, "Invalid command")

    def do_seal(self, peer, serial):
        self.sends(message(SEAL, 0))
        lobby = self.own_lobby(peer)
        if not lobby:
            return
        if lobby["ids"][peer] != 1:
            return self.refuse(peer, "Only host can seal the lobby")
        lobby["sealed"] = True
        for member in lobby["ids"]:
            self.hears(member, message(SEAL, 0))

    def do_malformed(self, peer, serial, text):
        self.sends(text)
        self.refuse(peer, "Invalid message format")

    def do_binary(self, peer, serial):
        self.sends(b'{"type":0,"id":0,"data":""}')
        self.refuse(peer, "Invalid transfer mode, must be text")

    def leave(self, peer):
        if peer not in self.lobby_of:
            return
        number = self.lobby_of.pop(peer)
        lobby = self.lobbies[number]
        id = lobby["ids"].pop(peer)
        if id == 1:
            del self.lobbies[number]
            for member in lobby["ids"]:
                del self.lobby_of[member]
            for member in lobby["ids"]:
                self.refuse(member, "Room host has disconnected")
            return
        for member, member_id in lobby["ids"].items():
            if lobby["mesh"] or member_id == 1:
                self.hears(member, message(PEER_DISCONNECT, id))
