#!/usr/bin/env python3
"""The Godot addon's signaling (examples/godot/addons/lobbyist) in real Godot 4 engines, against the relay."""

import asyncio
import contextlib
import json
import os
import re
import socket
import threading

from websockets.sync.server import serve

from godot4_engine import CLIENT, Engine, project, with_engine
from godot_peer import ANSWER, CANDIDATE, ID, JOIN, OFFER, PEER_CONNECT, PEER_DISCONNECT, SEAL, Peer
from relay import ROOT, Checks, Relay, free_port, run_scenarios

SDP = "v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-ufrag:é\"\\/\r\n"
FOUND = ["0", 0, "candidate:1 1 UDP 2122317823 192.0.2.1 9 typ host"]
SEAL_SECONDS = 3
SETTINGS = {"seal_timeout": SEAL_SECONDS, "join_timeout": 20}
RECONNECT_SECONDS = 20
REFUSED_HANDSHAKE = ["ERROR: Invalid status code. Got: '403', expected '101'.",
                     "ERROR: Invalid response headers."]
RESUME = os.path.join("plugins", "resume.lua")
REASON = re.compile(r'(?:refuse\(peer|close_lobby\(lobby, 4000|close\(4000), "([^"]+)"')


class Cable:
    """What a client's connections go through, to be pulled: both ends lose them without a close frame."""

    def __init__(self, port):
        self.port, self.ends, self.server = port, [], socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self.server.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.close()
        self.pull()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                one = self.server.accept()[0]
                other = socket.create_connection(("127.0.0.1", self.port))
                self.ends += [one, other]
                for source, sink in ((one, other), (other, one)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    @staticmethod
    def _carry(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def pull(self):
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.ends = []


@contextlib.contextmanager
def doomed(**options):
    """A relay that is killed where the block ends."""
    relay = Relay(**options).__enter__()
    try:
        yield relay
    finally:
        relay.kill()


def after_attempts(engine):
    """The next signal that does not tell of another attempt to connect."""
    heard = engine.hear(RECONNECT_SECONDS)
    while heard[0] == "reconnecting":
        heard = engine.hear(RECONNECT_SECONDS)
    return heard


def create(checks, engine, **properties):
    """A new client that creates a lobby; answers the lobby's name."""
    engine.make(CLIENT, **properties)
    engine.call("create")
    heard = engine.hear()
    checks.equal(f"{engine.name} created a lobby", [heard[0], *heard[2:]], ["joined", 1, True])
    return heard[1]


def join(checks, engine, lobby, others, **properties):
    """A new client that joins, and hears of `others`; answers its id."""
    engine.make(CLIENT, **properties)
    engine.call("join", lobby)
    heard = engine.hear()
    checks.equal(f"{engine.name} joined", [*heard[:2], *heard[3:]], ["joined", lobby, True])
    checks.true(f"{engine.name} has a fair id", 2 <= heard[2] <= 2147483647, "2…2147483647", heard[2])
    checks.equal(f"{engine.name} hears of who is there", [engine.hear() for _ in others],
                 [["peer_joined", id] for id in others])
    return heard[2]


def meeting(checks, ana, bob, cid):
    with Relay(settings=SETTINGS) as relay:
        lobby = create(checks, ana, url=relay.url)
        checks.matches("the lobby's name", lobby, "[A-Za-z0-9]{16}")
        one = join(checks, bob, lobby, [1], url=relay.url)
        checks.equal("the host hears of it", ana.hear(), ["peer_joined", one])
        checks.equal("who is host", [ana.call("is_host"), bob.call("is_host")], [True, False])

        # The newcomer offers.
        bob.call("send_offer", 1, SDP)
        checks.equal("offer", ana.hear(), ["offer_received", one, SDP])
        ana.call("send_answer", one, SDP)
        checks.equal("answer", bob.hear(), ["answer_received", 1, SDP])
        for number in range(3):
            bob.call("send_candidate", 1, *FOUND)
            checks.equal(f"candidate {number} to the host", ana.hear(), ["candidate_received", one, *FOUND])
            ana.call("send_candidate", one, "audio", number, "candidate:é")
            checks.equal(f"candidate {number} from the host", bob.hear(),
                         ["candidate_received", 1, "audio", number, "candidate:é"])
        long = SDP + "x" * 30000
        ana.call("send_offer", one, long)
        checks.equal("30,000 bytes", bob.hear(), ["offer_received", 1, long])

        two = join(checks, cid, lobby, [1, one], url=relay.url)
        checks.equal("all hear of the third", [ana.hear(), bob.hear()], [["peer_joined", two]] * 2)
        cid.call("send_offer", one, SDP)
        checks.equal("between two who are not host", bob.hear(), ["offer_received", two, SDP])
        checks.equal("the members", [ana.get("peers"), bob.get("peers"), cid.get("peers")],
                     [[one, two], [1, two], [1, one]])
        cid.call("leave")
        checks.equal("leaving", cid.hear_closed()[0], "LEFT")
        checks.equal("all hear of that", [ana.hear(), bob.hear()], [["peer_left", two]] * 2)
        checks.true("who has left gets nothing", bob.call("send_offer", two, SDP) != 0)
        checks.true("and that is no reason to be thrown out", bob.hears_nothing(), "quiet", "something")
        bob.call("leave")
        checks.equal("leaving, seen by the host", [bob.hear_closed()[0], ana.hear()], ["LEFT", ["peer_left", one]])
        ana.call("leave")
        checks.equal("the host leaves", [ana.hear_closed()[0], ana.get("lobby"), ana.get("own_id")], ["LEFT", "", 0])


def sealing(checks, ana, bob, cid):
    with Relay(settings=SETTINGS) as relay:
        lobby = create(checks, ana, url=relay.url)
        one = join(checks, bob, lobby, [1], url=relay.url)
        ana.hear()
        ana.call("seal")
        checks.equal("sealed", [ana.hear(), bob.hear()], [["sealed"]] * 2)
        cid.make(CLIENT, url=relay.url)
        cid.call("join", lobby)
        checks.equal("a newcomer", cid.hear_closed(), ["LOBBY_SEALED", 4000, "Lobby is sealed"])
        bob.call("send_candidate", 1, *FOUND)
        checks.equal("the last candidates pass", ana.hear(), ["candidate_received", one, *FOUND])
        for engine in ana, bob:
            checks.equal(f"the end for {engine.name}", engine.hear_closed(), ["SEAL_COMPLETE", 1000, "Seal complete"])
        checks.true("and it stays the end", ana.hears_nothing() and bob.hears_nothing(), "quiet", "something")


def refusals(checks, ana, bob, cid):
    plugins = [os.path.join("plugins", "capacity.lua")]
    settings = {**SETTINGS, "max_lobbies": 2, "max_peers": 3, "capacity.peers_per_lobby": 2}
    with Relay(settings=settings, plugins=plugins) as relay:
        lobby = create(checks, ana, url=relay.url)
        cid.make(CLIENT, url=relay.url)
        cid.call("join", "nosuchlobby")
        checks.equal("no such lobby", cid.hear_closed(), ["NO_SUCH_LOBBY", 4000, "Lobby does not exists"])
        cid.call("join", "")
        checks.equal("no name is no lobby", cid.hear_closed()[0], "NO_SUCH_LOBBY")
        join(checks, bob, lobby, [1], url=relay.url)
        ana.hear()
        cid.call("join", lobby)
        checks.equal("a full lobby", cid.hear_closed(), ["LOBBY_FULL", 4000, "The lobby is full"])
        bob.call("seal")
        checks.equal("not the host", bob.hear_closed(), ["NOT_HOST", 4000, "Only host can seal the lobby"])
        ana.hear()
        for kind, id, reason in ((9, 1, "Invalid command"), (4, 77, "Invalid destination")):
            bob.make(CLIENT, url=relay.url)
            bob.call("join", lobby)
            bob.hear(), bob.hear(), ana.hear()
            bob.call("_write", kind, id, "")
            closed = bob.hear_closed()
            checks.equal(reason, closed[1:], [4000, reason])
            checks.equal(f"{reason}: its kind", closed[0],
                         "INVALID_MESSAGE" if kind == 9 else "INVALID_DESTINATION")
            ana.hear()
        create(checks, bob, url=relay.url)
        cid.call("create")
        checks.equal("too many lobbies", cid.hear_closed()[0], "TOO_MANY_LOBBIES")
        ana.call("leave")
        ana.hear()

    with Relay(settings={**SETTINGS, "max_peers": 1}) as relay:
        create(checks, ana, url=relay.url)
        bob.make(CLIENT, url=relay.url)
        bob.call("create")
        checks.equal("too many peers", bob.hear_closed(), ["TOO_MANY_PEERS", 4000, "Too many peers connected"])

    with Relay(plugins=[os.path.join("examples", "policies", "invited.lua")],
               settings={"invited.guests": "ana:rose-tin-42"}) as relay:
        bob.make(CLIENT, url=relay.url)
        bob.call("create")
        checks.equal("a refused handshake", bob.hear_closed()[0], "CANNOT_CONNECT")
        checks.equal("which the engine says itself", bob.complaints(), REFUSED_HANDSHAKE)
    bob.make(CLIENT, url=f"ws://127.0.0.1:{free_port()}")
    bob.call("create")
    checks.equal("nobody listens", bob.hear_closed()[0], "CANNOT_CONNECT")


def host_leaves(checks, ana, bob, _cid):
    with Relay(settings=SETTINGS) as relay:
        lobby = create(checks, ana, url=relay.url)
        join(checks, bob, lobby, [1], url=relay.url)
        # Begins anew without leaving first.
        ana.call("create")
        checks.equal("the others are out", bob.hear_closed(), ["HOST_LEFT", 4000, "Room host has disconnected"])
        checks.equal("and it has another lobby", [ana.hear()[0], ana.hear()[0], ana.get("lobby") != lobby],
                     ["peer_joined", "joined", True])

    with Relay(settings=SETTINGS, plugins=["plugins/host_migration.lua"]) as relay:
        lobby = create(checks, ana, url=relay.url)
        one = join(checks, bob, lobby, [1], url=relay.url)
        ana.call("leave")
        checks.equal("the role goes on", [bob.hear(), bob.hear(), bob.call("is_host")],
                     [["host_changed", one], ["peer_left", 1], True])
        bob.call("seal")
        checks.equal("the new host seals", bob.hear(), ["sealed"])


def refusals_are_known(checks, ana, *_):
    """Every reason in the scripts has a kind of its own in LobbyError."""
    reasons = set()
    for path in "scripts/godot.lua", "plugins/resume.lua":
        with open(os.path.join(ROOT, path)) as file:
            reasons.update(REASON.findall(file.read()))
    checks.true("the scripts have reasons", len(reasons) > 12, "more than 12", sorted(reasons))
    ana.make("res://test/errors.gd")
    for reason in sorted(reasons):
        kind = ana.call("kind_of", 4000, reason)
        checks.true(f"known: {reason}", kind not in ("REFUSED", "CONNECTION_LOST"), "a kind", kind)
    checks.equal("a reason of somebody else's plugin", ana.call("kind_of", 4000, "Not today"), "REFUSED")
    checks.equal("in its own words", ana.call("text_of", 4000, "Not today"), "Not today")


def reconnecting(checks, ana, bob, _cid):
    """The relay dies without a word, and comes back knowing nobody."""
    with doomed(settings=SETTINGS) as relay:
        lobby = create(checks, ana, url=relay.url)
        join(checks, bob, lobby, [1], url=relay.url)
        ana.hear()
    for attempt, low, high in (1, 0.3, 0.7), (2, 0.7, 1.3):
        for engine in ana, bob:
            heard = engine.hear()
            checks.equal(f"{engine.name} tries again", heard[:2], ["reconnecting", attempt])
            checks.true(f"after a pause, {attempt}", low < heard[2] < high, (low, high), heard[2])
    with Relay(settings=SETTINGS, listen=f"127.0.0.1:{relay.port}"):
        heard = after_attempts(ana)
        checks.equal("the host has a lobby again", heard[::2], ["joined", 1])
        checks.true("of another name", heard[1] not in ("", lobby), "another", heard[1])
        checks.equal("the member's is gone", after_attempts(bob)[1]["kind"], "NO_SUCH_LOBBY")
        join(checks, bob, heard[1], [1], url=relay.url)
        ana.hear()
        for engine in ana, bob:
            engine.set("reconnect_seconds", 1)

    # That relay ended in an orderly way, with 1001; and none comes back.
    for engine in ana, bob:
        checks.equal(f"{engine.name} tries again", engine.hear()[:2], ["reconnecting", 1])
        checks.equal(f"until {engine.name}'s time is over", after_attempts(engine)[1]["kind"], "CONNECTION_LOST")

    with doomed(settings=SETTINGS) as relay:
        create(checks, ana, url=relay.url, reconnect_seconds=0)
    checks.equal("or not at all", ana.hear_closed()[0], "CONNECTION_LOST")


def resuming(checks, ana, bob, cid):
    """With the plugin `resume` a member that lost its connection is back in its place."""
    with Relay(settings=SETTINGS, plugins=[RESUME]) as relay, Cable(relay.port) as anas, Cable(relay.port) as bobs:
        lobby = create(checks, ana, url=anas.url)
        one = join(checks, bob, lobby, [1], url=bobs.url)
        checks.equal("told once", ana.hear(), ["peer_joined", one])

        bobs.pull()
        checks.equal("the member lost its connection", bob.hear()[0], "reconnecting")
        ana.call("send_offer", one, SDP)
        bob.call("send_candidate", 1, *FOUND)
        checks.equal("it is back", bob.hear(), ["resumed"])
        checks.equal("under its id", [bob.get("own_id"), bob.get("lobby")], [one, lobby])
        checks.equal("it hears what was said", bob.hear(), ["offer_received", 1, SDP])
        checks.equal("what it said is heard, and nothing else", ana.hear(), ["candidate_received", one, *FOUND])

        two = join(checks, cid, lobby, [1, one], url=relay.url)
        cid.make(CLIENT)
        checks.equal("who ends the game is not waited for", [ana.hear(), ana.hear()],
                     [["peer_joined", two], ["peer_left", two]])
        checks.equal("the others know", [bob.hear(), bob.hear()], [["peer_joined", two], ["peer_left", two]])

        # Whoever the host writes to has left meanwhile: it is told first, and is not thrown out.
        two = join(checks, cid, lobby, [1, one], url=relay.url)
        ana.hear(), bob.hear()
        anas.pull()
        checks.equal("the host, too", ana.hear()[0], "reconnecting")
        ana.call("send_offer", two, SDP)
        cid.call("leave")
        checks.equal("is back", [ana.hear(), ana.hear()], [["resumed"], ["peer_left", two]])
        checks.equal("and the other hears of who has left", bob.hear(), ["peer_left", two])
        ana.call("seal")
        checks.equal("is the host still", [ana.hear(), bob.hear()], [["sealed"]] * 2)
        bobs.pull()
        checks.equal("also when sealed", [bob.hear()[0], bob.hear()], ["reconnecting", ["resumed"]])
        for engine in ana, bob:
            checks.equal(f"complete for {engine.name}", engine.hear_closed()[0], "SEAL_COMPLETE")

        create(checks, ana, url=anas.url)
        ana.call("leave")
        ana.hear()
        again = create(checks, ana, url=anas.url)
        checks.true("what it left on purpose does not come back", again != lobby)

    # A relay that knows nobody tells so, and one without the plugin says nothing.
    with doomed(settings=SETTINGS, plugins=[RESUME]) as relay:
        create(checks, ana, url=relay.url)
        create(checks, bob, url=relay.url, rejoin=False)
    with doomed(settings=SETTINGS, plugins=[RESUME], listen=f"127.0.0.1:{relay.port}"):
        checks.equal("the host begins anew", after_attempts(ana)[::2], ["joined", 1])
        checks.equal("or does not, as it was told", after_attempts(bob)[1]["kind"], "CONNECTION_LOST")
    with Relay(settings={**SETTINGS, "join_timeout": 1}, listen=f"127.0.0.1:{relay.port}"):
        checks.equal("without the plugin as well", after_attempts(ana)[::2], ["joined", 1])
        ana.call("leave")


def strangers(checks, ana, _bob, _cid):
    """A Godot and a Python `websockets` peer in one lobby."""
    with Relay(settings=SETTINGS) as relay:
        asyncio.run(stranger_joins(checks, ana, relay))
        asyncio.run(stranger_hosts(checks, ana, relay))


async def stranger_joins(checks, ana, relay):
    lobby = create(checks, ana, url=relay.url)
    async with Peer(relay) as bob:
        checks.equal("Python joins", (await bob.join(lobby, others=1))[1:], [(PEER_CONNECT, 1, ""), (JOIN, 0, lobby)])
        checks.equal("Godot hears of it", ana.hear(), ["peer_joined", bob.id])
        await bob.send(OFFER, 1, SDP)
        checks.equal("Python offers", ana.hear(), ["offer_received", bob.id, SDP])
        ana.call("send_answer", bob.id, SDP)
        checks.equal("Godot answers", await bob.hear(), (ANSWER, 1, SDP))
        ana.call("send_candidate", bob.id, *FOUND)
        checks.equal("Godot's candidate", await bob.hear(), (CANDIDATE, 1, "\n0\n0\n" + FOUND[2]))
        await bob.send(CANDIDATE, 1, "\n0\n0\n" + FOUND[2])
        checks.equal("Python's candidate", ana.hear(), ["candidate_received", bob.id, *FOUND])
    checks.equal("Python leaves", ana.hear(), ["peer_left", bob.id])
    ana.call("leave")


async def stranger_hosts(checks, ana, relay):
    async with Peer(relay) as bob:
        await bob.create(mesh=False)
        ana.make(CLIENT, url=relay.url)
        ana.call("join", bob.lobby)
        heard = ana.hear()
        checks.equal("Godot joins what is no mesh", [*heard[:2], heard[3]], ["joined", bob.lobby, False])
        checks.equal("Python hears of it", await bob.hear(), (PEER_CONNECT, heard[2], ""))
        await bob.send(SEAL)
        checks.equal("Python seals", [ana.hear(), ana.hear()], [["peer_joined", 1], ["sealed"]])
        ana.call("leave")
        checks.equal("sealed", await bob.hear(), (SEAL, 0, ""))
        checks.equal("Godot leaves", await bob.hear(), (PEER_DISCONNECT, heard[2], ""))


def spelling(checks, ana, *_):
    """The addon writes what the demo's own client writes, and reads what Godot servers write."""
    requests, heard = [], []

    def talk(socket):
        requests.append(socket.request)
        heard.append(socket.recv())
        # A server in GDScript may write numbers with decimals, and keys in any order.
        for kind, id, data in (ID, 1.0, "true"), (PEER_CONNECT, 7.0, ""), (JOIN, 0.0, "ABC"):
            socket.send(json.dumps({"data": data, "type": float(kind), "id": id}))
        heard.extend(socket.recv() for _ in range(3))
        socket.close(4000, "Lobby is sealed")

    with serve(talk, "127.0.0.1", 0, compression=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.socket.getsockname()[1]
        for url, path in (("", r"/\?session=[0-9a-f]{32}"), ("/chess?room=x", r"/chess\?room=x&session=[0-9a-f]{32}")):
            ana.make(CLIENT, url=f"ws://127.0.0.1:{port}{url}")
            ana.call("create")
            checks.equal("numbers with decimals", [ana.hear(), ana.hear()],
                         [["joined", "ABC", 1, True], ["peer_joined", 7]])
            ana.call("send_offer", 7, SDP)
            ana.call("send_candidate", 7, *FOUND)
            ana.call("seal")
            checks.equal("closed", ana.hear_closed()[0], "LOBBY_SEALED")
            checks.matches("the path", requests[-1].path, path)
        checks.true("no subprotocol, no extension",
                    not {"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"} & set(requests[-1].headers))
    written = [{"data": "", "id": 0, "type": JOIN}, {"data": SDP, "id": 7, "type": OFFER},
               {"data": "\n0\n0\n" + FOUND[2], "id": 7, "type": CANDIDATE}, {"data": "", "id": 0, "type": SEAL}]
    for got, expected in zip(heard, written):
        checks.equal(f"type {expected['type']}", got,
                     json.dumps(expected, separators=(",", ":"), sort_keys=True, ensure_ascii=False))


def printed_nothing(checks, *engines):
    for engine in engines:
        checks.equal(f"{engine.name} had nothing to complain about", engine.complaints(), [])


def run():
    checks = Checks()
    with project() as folder, Engine(folder, "Ana") as ana, Engine(folder, "Bob") as bob, Engine(folder, "Cid") as cid:
        run_scenarios(checks, [
            (scenario, ana, bob, cid)
            for scenario in (meeting, sealing, refusals, host_leaves, refusals_are_known, reconnecting, resuming,
                             strangers, spelling, printed_nothing)])


if __name__ == "__main__":
    with_engine(run)
