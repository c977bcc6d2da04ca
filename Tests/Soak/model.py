"""What the models of the protocols share: peers that connect and go, actions, and what must be heard.

An action is a tuple (kind, peer, serial, arguments…) of plain words and numbers: it means the same in every replay,
also when actions before it were taken out. What the server chooses, an id or a lobby's name, is a `Variable`, named
after the serial of the action in which it is first heard.
"""

import json
from dataclasses import dataclass


BINARY_EVERY = 7


class Nonsense(Exception):
    """This action means nothing here any more: what it is about is not there."""


@dataclass(frozen=True)
class Variable:
    name: str


@dataclass(frozen=True)
class Closed:
    """The server closes the peer."""
    code: int
    reason: str


class JSON:
    """A message, or an expectation of one, that may hold variables. Compared by value."""

    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return self.spelt(lambda variable: "$" + variable.name)

    def spelt(self, spell):
        return spelt(self.value, spell)


def spelt(value, spell):
    """JSON text; `spell` writes a variable."""
    if isinstance(value, Variable):
        return spell(value)
    if isinstance(value, dict):
        return "{%s}" % ",".join(f"{json.dumps(key)}:{spelt(member, spell)}" for key, member in value.items())
    if isinstance(value, list):
        return "[%s]" % ",".join(spelt(element, spell) for element in value)
    return json.dumps(value, ensure_ascii=False)


class Model:
    """One protocol. A model has a method `do_KIND(peer, serial, …)` for each kind of action, which changes the state.

    Such a method says what the peer does with `self.sends`, `self.closes` or `self.drops`, and with `self.hears` what
    everybody must hear, in order. `choose(rng, peer)` draws an action of a connected peer: (kind, arguments…).
    """
    name = script = None
    # Timers are kept out: a live run takes as long as it takes.
    settings = {}
    # Of the variables, by what their names begin with: a shape, or the bounds of a number.
    shapes = {}

    def __init__(self):
        self.connected = []
        self.done, self.heard = None, []

    def draw(self, rng, peer, serial):
        """A random action of this peer."""
        if peer not in self.connected:
            return ("connect", peer, serial, *self.address(rng))
        dice = rng.random()
        if dice < 0.03:
            return "close", peer, serial, rng.choice(["", "1000 bye", "1001", "4321 sometimes"])
        if dice < 0.05:
            return "drop", peer, serial
        kind, *arguments = self.choose(rng, peer)
        return kind, peer, serial, *arguments

    def apply(self, action):
        """What is done, and what is heard: pairs of a peer and what it hears, in order."""
        kind, peer, serial, *arguments = action
        if (kind == "connect") == (peer in self.connected):
            raise Nonsense
        self.done, self.heard = None, []
        getattr(self, f"do_{kind}")(peer, serial, *arguments)
        return self.done, self.heard

    def address(self, rng):
        """Where a peer connects."""
        return ("/",)

    def choose(self, rng, peer):
        raise NotImplementedError

    # Everybody may connect and go.

    def do_connect(self, peer, serial, path):
        self.connected.append(peer)
        self.done = ("connect", path)
        self.greet(peer, serial, path)

    def do_close(self, peer, serial, with_what):
        code, _, reason = with_what.partition(" ")
        self.done = ("close", int(code) if code else None, reason)
        self.gone(peer)

    def do_drop(self, peer, serial):
        self.done = ("drop",)
        self.gone(peer)

    def greet(self, peer, serial, path):
        """A peer has connected."""

    def leave(self, peer):
        """A connection has ended: what the others hear."""

    def gone(self, peer):
        self.connected.remove(peer)
        self.leave(peer)

    # What an action does, and what follows.

    def known(self, table, key):
        """What a table has for a key that an action names; without it the action is nonsense."""
        if key not in table:
            raise Nonsense
        return table[key]

    def nonsense(self):
        raise Nonsense

    def sends(self, message):
        """A dict or list is sent as JSON; text and bytes as they are."""
        self.done = ("send", JSON(message) if isinstance(message, (dict, list)) else message)

    def sends_now_and_then_as_binary(self, serial, message):
        """The same JSON in a binary message means the same. It holds no variables."""
        self.sends(json.dumps(message).encode() if serial % BINARY_EVERY == 0 else message)

    def hears(self, peer, message):
        self.heard.append((peer, JSON(message) if isinstance(message, (dict, list)) else message))

    def is_closed(self, peer, code, reason):
        """The server closes the peer, which leaves."""
        self.heard.append((peer, Closed(code, reason)))
        self.gone(peer)
