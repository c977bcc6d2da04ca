"""A naive model of the `###!XX` commands of WebRTC-Signalling-Server: rooms are dicts."""

from model import Model, Variable

FALSY = [None, False, 0, ""]
NAMES = ["Ana", "Bob", "é漢😀", "null", {"name": "x"}, [1], True, 17]
WORDS = ["hello", "null", {"a": [1, None, {"b": "c"}]}, 17, 0.5, True, [], {}, "é\u2028\"\\/<>&\r\n", "x" * 3000]
MALFORMED = ["", "hello", "{", "null", "5", "[]", "{}", '{"foo":1}', '{"command":""}', '{"command":null}',
             '{"data":"Ana"}', '{"command":"###!CR","data":"null"']
UNKNOWN = ["###!ZZ", "##!CR", "###!", "#", "###!cr", "CR", "###! CR"]


def message(code, data):
    return {"command": f"###!{code}", "data": data}


def is_truthy(value):
    return not any(value is falsy or value == falsy and type(value) is type(falsy) for falsy in FALSY)


class Gamejam(Model):
    name, script = "gamejam", "gamejam.lua"
    settings = {"register_timeout": 600.0, "enter_timeout": 600.0, "seal_timeout": 600.0, "inactive_timeout": 600.0}
    shapes = {"id": "[0-9]{1,10}", "room": "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"}

    def __init__(self):
        super().__init__()
        self.players = {}  # peer: {"id": variable, "name": JSON}
        self.rooms = {}  # serial of the action that created it: {"sealed": bool, "members": [peer], the host first}
        self.room_of = {}  # peer: that serial

    def choose(self, rng, peer):
        if peer not in self.players and rng.random() < 0.9:
            return "register", rng.choice(NAMES)
        members = self.members(peer)
        seals = 5 if members[:1] == [peer] else 0.5
        kind = rng.choices(["register", "create", "join", "join_unknown", "relay", "relay_unknown", "relay_nothing",
                            "say", "seal", "unknown", "malformed"], [1, 6, 30, 1, 50, 2, 1, 10, seals, 1, 1])[0]
        if kind in ("create", "join") and members and rng.random() < 0.9:
            kind = "relay"
        if kind == "relay" and not members:
            kind = "join"
        if kind == "join" and not self.rooms:
            kind = "create"
        match kind:
            case "register":
                return kind, rng.choice(NAMES + FALSY)
            case "create":
                return kind, rng.choice(["null", None, {}, 5])
            case "join":
                return kind, rng.choice([*self.rooms])
            case "join_unknown":
                return kind, rng.choice(["nosuchroom", *FALSY])
            case "relay":
                return kind, rng.choice(members), rng.choice(["OO", "AA", "CC"]), rng.choice(WORDS)
            case "relay_unknown":
                return kind, rng.choice(["OO", "AA", "CC"]), rng.choice([0, 99999999999, "nobody", None, {}])
            case "relay_nothing":
                return kind, rng.choice(["OO", "AA", "CC"]), rng.choice([None, "text", "", 5, []])
            case "say":
                return kind, rng.choice(WORDS + FALSY)
            case "unknown":
                return kind, rng.choice(UNKNOWN)
            case "malformed":
                return kind, rng.choice(MALFORMED)
        return (kind,)

    def members(self, peer):
        return self.rooms[self.room_of[peer]]["members"] if peer in self.room_of else []

    def visible(self, peer):
        """Hosts are the number 1 to everyone in their rooms."""
        return 1 if self.members(peer)[:1] == [peer] else self.players[peer]["id"]

    def commands(self, peer, code, data):
        self.sends(message(code, data))
        return self.is_registered(peer)

    def is_registered(self, peer):
        """Without having registered all commands but RP are unknown."""
        if peer not in self.players:
            self.hears(peer, message("ICB", "Command Not Found"))
        return peer in self.players

    def do_register(self, peer, serial, name):
        self.sends_now_and_then_as_binary(serial, message("RP", name))
        if peer in self.players or not is_truthy(name):
            return self.hears(peer, message("RPB", "Invalid Player Data Error"))
        self.players[peer] = {"id": Variable(f"id{serial}"), "name": name}
        self.hears(peer, message("RPK", self.players[peer]["id"]))

    def do_create(self, peer, serial, data):
        if not self.commands(peer, "CR", data):
            return
        if peer in self.room_of:
            return self.hears(peer, message("CRB", "Couldn't Create Room"))
        self.rooms[serial] = {"sealed": False, "members": [peer]}
        self.room_of[peer] = serial
        self.hears(peer, message("CTR", 1))
        self.hears(peer, message("CRK", Variable(f"room{serial}")))

    def do_join(self, peer, serial, number):
        room = self.known(self.rooms, number)
        if not self.commands(peer, "JR", Variable(f"room{number}")):
            return
        if peer in self.room_of or room["sealed"]:
            return self.hears(peer, message("JRB", "Couldn't Find / Join The Room"))
        self.hears(peer, message("CTR", self.players[peer]["id"]))
        for other in room["members"]:
            self.hears(other, message("RPC", self.players[peer]["id"]))
            self.hears(peer, message("RPC", self.visible(other)))
        room["members"].append(peer)
        self.room_of[peer] = number
        self.hears(peer, message("JRK", [self.players[member]["name"] for member in room["members"]]))

    def do_join_unknown(self, peer, serial, data):
        if self.commands(peer, "JR", data):
            self.hears(peer, message("JRB", "Couldn't Find / Join The Room"))

    def do_relay(self, peer, serial, target, code, word):
        self.known(self.room_of, peer)
        if target not in self.members(peer):
            self.nonsense()
        # The host is 1 and, since ids are compared loosely, "1".
        id = self.visible(target) if serial % 2 or self.visible(target) != 1 else "1"
        self.commands(peer, code, {"before": word, "id": id, "sdp": word})
        self.hears(target, message(code + code[0], {"before": word, "id": self.visible(peer), "sdp": word}))

    def do_relay_unknown(self, peer, serial, code, id):
        self.commands(peer, code, {"id": id, "sdp": "x"})

    def do_relay_nothing(self, peer, serial, code, data):
        self.commands(peer, code, data)

    def do_say(self, peer, serial, word):
        self.sends_now_and_then_as_binary(serial, message("SM", word))
        if not self.is_registered(peer):
            return
        if peer not in self.room_of or not is_truthy(word):
            return self.hears(peer, message("RMB", "Couldn't Send Message"))
        for member in self.members(peer):
            self.hears(member, message("RMK", word))

    def do_seal(self, peer, serial):
        if not self.commands(peer, "SR", "null"):
            return
        if self.members(peer)[:1] != [peer]:
            return self.hears(peer, message("SRB", "Room Not Found Or Player Isn't Host"))
        self.rooms[self.room_of[peer]]["sealed"] = True
        for member in self.members(peer):
            self.hears(member, message("SRK", "null"))

    def do_unknown(self, peer, serial, command):
        self.sends({"command": command, "data": "null"})
        self.hears(peer, message("ICB", "Command Not Found"))

    def do_malformed(self, peer, serial, text):
        self.sends(text)

    def leave(self, peer):
        player = self.players.pop(peer, None)
        if peer not in self.room_of:
            return
        number = self.room_of.pop(peer)
        members = self.rooms[number]["members"]
        if members[0] == peer:
            del self.rooms[number]
            for member in members[1:]:
                del self.room_of[member]
            for member in members[1:]:
                self.is_closed(member, 4000, "Host Disconnected")
            return
        members.remove(peer)
        for member in members:
            self.hears(member, message("RPD", player["id"]))
