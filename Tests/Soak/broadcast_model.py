"""A naive model of raw broadcast: whoever asked for the same path and query hears the same bytes."""

import random

from model import Model

TARGETS = ["/signalling", "/signalling?room=x", "/signalling?room=y", "/signalling?room=", "/x", "/x?a=%20b", "/X"]
TEXTS = ['{"sdp":{"type":"offer","sdp":"v=0\\r\\n"}}', '{"candidate":null}', '{"sdp":{"type":"offer"},"sdp":{}}',
         '{ "candidate" : {"sdpMLineIndex": 0.0} }', '{"ice":"\\u00e9\\/","uuid":"1"}', "", "not json", "[1,2", "null",
         "é漢😀\u2028\u0000\t", '"', "x" * 3000]


class Broadcast(Model):
    name, script = "broadcast", "broadcast.lua"

    def __init__(self):
        super().__init__()
        self.rooms = {target: [] for target in TARGETS}
        self.target_of = {}

    def address(self, rng):
        return (rng.choice(TARGETS),)

    def choose(self, rng, peer):
        return rng.choices([("says", rng.choice(TEXTS)), ("bytes", rng.randrange(1 << 32))], [20, 1])[0]

    def greet(self, peer, serial, path):
        self.rooms[path].append(peer)
        self.target_of[peer] = path

    def tell_others(self, peer, message):
        self.sends(message)
        for member in self.rooms[self.target_of[peer]]:
            if member != peer:
                self.hears(member, message)

    def do_says(self, peer, serial, text):
        self.tell_others(peer, text)

    def do_bytes(self, peer, serial, seed):
        self.tell_others(peer, random.Random(seed).randbytes(30))

    def leave(self, peer):
        self.rooms[self.target_of.pop(peer)].remove(peer)
