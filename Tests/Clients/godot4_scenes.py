#!/usr/bin/env python3
"""The Godot example's scenes and its WebRTC mesh (examples/godot) in real Godot 4 engines.

Debian has no WebRTC extension for Godot, so in the mesh godot4/fake_connection.gd stands in for it: everything but what
the data channels carry. The game is played over ENet instead, which the engine has.
"""

import asyncio
import os
import time

from godot4_engine import Engine, complaints, project, run_engine, with_engine
from godot_peer import ANSWER, CANDIDATE, OFFER, PEER_CONNECT, Peer
from relay import Checks, Relay, free_port, run_scenarios, wait_until

LOBBY, GAME, PLAYER = "res://lobby.tscn", "res://game.tscn", "res://player.tscn"
MULTIPLAYER = "res://addons/lobbyist/lobby_multiplayer.gd"
FAKE_MULTIPLAYER = "res://test/fake_multiplayer.gd"
FRAMES = 60
SEAL_SECONDS = 3
SETTINGS = {"seal_timeout": SEAL_SECONDS, "join_timeout": 20}
WAIT_SECONDS = 10
# A game tells where its square is twenty times a second.
LATE_SECONDS = 0.5
# What the stand-in for WebRTC cannot do.
CANNOT_CARRY = {"WARNING: WebRTCDataChannelExtension::_put_packet_native is unimplemented!"}
# As far to the right as a square can go (game.gd).
WALL = 16 + 644 - 24
# What the stand-in says and wants to hear (godot4/fake_connection.gd).
AN_OFFER, AN_ANSWER = "v=0\r\ns=an offer\r\n", "v=0\r\ns=an answer\r\n"
FOUND = "\n0\n0\ncandidate:1 1 UDP 1 192.0.2.1 9 typ host"
STUN = {"urls": ["stun:stun.test.invalid"]}


def opens(checks, folder):
    """Each scene runs for some frames and the engine has nothing to say about it."""
    for scene in LOBBY, GAME, PLAYER:
        output = run_engine(os.path.dirname(folder), "--path", folder, "--quit-after", str(FRAMES), scene)
        checks.true(f"{scene} was opened", output.startswith("Godot Engine v4."), "Godot Engine v4.", output[:300])
        checks.equal(f"{scene} without a complaint", complaints(output), [])


# The lobby screen --------------------------------------------------------------------------------


def says(checks, engine, text):
    """Waits until the screen's line of status says this."""
    checks.true(f"{engine.name} reads: {text}",
                wait_until(lambda: text in engine.get("text", node="%Status"), WAIT_SECONDS),
                text, engine.get("text", node="%Status"))


def sees(checks, engine, node):
    checks.true(f"{engine.name} sees {node}",
                wait_until(lambda: engine.call("is_visible_in_tree", node=node), WAIT_SECONDS))


def press(checks, engine, node):
    checks.equal(f"{engine.name} can press {node}",
                 [engine.call("is_visible_in_tree", node=node), engine.get("disabled", node=node)], [True, False])
    engine.click(node)


def players(engine):
    return [engine.call("get_item_text", number, node="%Players")
            for number in range(engine.get("item_count", node="%Players"))]


def screen(checks, folder):
    """Two people at two screens."""
    with Relay(settings=SETTINGS) as relay, Engine(folder, "Ana") as ana, Engine(folder, "Bob") as bob:
        for engine in ana, bob:
            engine.make(LOBBY)
            sees(checks, engine, "%Create")
            engine.set("text", relay.url, node="%Address")
        press(checks, ana, "%Create")
        sees(checks, ana, "%LobbyName")
        says(checks, ana, "The WebRTC extension is not installed")
        lobby = ana.get("text", node="%LobbyName")
        checks.matches("the code", lobby, "[A-Za-z0-9]{16}")
        checks.equal("the creator is the host", players(ana), ["host, you"])

        press(checks, bob, "%Join")
        says(checks, bob, "Type the code of a lobby")
        bob.set("text", "nosuchlobby", node="%Code")
        press(checks, bob, "%Join")
        says(checks, bob, "There is no lobby with this code.")
        bob.set("text", f" {lobby} ", node="%Code")
        press(checks, bob, "%Join")
        sees(checks, bob, "%Players")
        id = bob.get("own_id", node="/root/Lobby")
        checks.equal("who is there, to the one", players(bob), [f"player {id}, you", "host, connecting …"])
        checks.true("and to the other", wait_until(lambda: len(players(ana)) == 2, WAIT_SECONDS))
        checks.equal("by name", players(ana), ["host, you", f"player {id}, connecting …"])
        checks.true("only the host may start", bob.get("disabled", node="%Start"))

        press(checks, ana, "%Start")
        for engine in ana, bob:
            says(checks, engine, "All are here")
        checks.true("once", ana.get("disabled", node="%Start"))
        press(checks, bob, "%Leave")
        says(checks, bob, "You left the lobby.")
        sees(checks, bob, "%Join")
        press(checks, bob, "%Join")
        says(checks, bob, "This lobby has begun without you.")
        says(checks, ana, "The lobby is complete.")
        sees(checks, ana, "%Create")

        relay.stop()
        press(checks, ana, "%Create")
        says(checks, ana, "The relay cannot be reached.")
        sees(checks, ana, "%Create")
        for engine in ana, bob:
            checks.equal(f"{engine.name} had nothing to complain about", engine.complaints(), [])


# The mesh ----------------------------------------------------------------------------------------


def gather(checks, engines, url, mesh=True):
    """The first creates a lobby, the others join one by one; answers their ids."""
    for engine in engines:
        engine.make(FAKE_MULTIPLAYER, url=url, ice_servers=[STUN])
    host, *others = engines
    host.call("create", mesh)
    lobby = host.hear()[1]
    ids = [1]
    for engine in others:
        engine.call("join", lobby)
        heard = engine.hear()
        checks.equal(f"{engine.name} joined", heard[:2], ["joined", lobby])
        ids.append(heard[2])
    return ids


def connected(checks, name, engine, ids):
    checks.true(name, wait_until(lambda: sorted(engine.call("connected_peers")) == sorted(ids), WAIT_SECONDS),
                ids, engine.call("connected_peers"))


def closed(engine):
    heard = engine.hear()
    while heard[0] not in ("closed", "nothing"):
        heard = engine.hear()
    return heard[1]["kind"] if heard[0] == "closed" else heard[0]


def mesh(checks, *engines):
    ana, bob, cid = engines
    settings = {**SETTINGS, "turn.secret": "correct-horse-battery", "turn.urls": "turn:turn.test.invalid"}
    with Relay(settings=settings, plugins=["plugins/turn.lua"]) as relay:
        ids = gather(checks, engines, relay.url)
        for engine, id in zip(engines, ids):
            connected(checks, f"{engine.name} is connected to all", engine, [other for other in ids if other != id])
        # One that was tried for whether there is WebRTC at all is never given any.
        given = bob.call("given_ice_servers")
        checks.equal("two connections were given ICE servers", len(given), 2)
        checks.equal("those of the game first", given[0][0], STUN)
        checks.matches("those of the plugin with credentials", given[0][1].get("username"), "[0-9]{10}:[A-Za-z0-9]{12}")

        cid.call("leave")
        checks.equal("who leaves has no connections", [closed(cid), cid.call("connected_peers")], ["LEFT", []])
        connected(checks, "and the others one less", ana, [ids[1]])
        ana.call("seal")
        checks.equal("sealed", [closed(ana), closed(bob)], ["SEAL_COMPLETE"] * 2)
        connected(checks, "the game goes on for the host", ana, [ids[1]])
        connected(checks, "and for the other", bob, [1])
        bob.call("leave")
        checks.equal("until it is left", [closed(bob), bob.call("connected_peers")], ["LEFT", []])


def star(checks, *engines):
    """Not a mesh: everybody is connected to the host."""
    ana, bob, cid = engines
    with Relay(settings=SETTINGS) as relay:
        ids = gather(checks, engines, relay.url, mesh=False)
        connected(checks, "the host to all", ana, ids[1:])
        connected(checks, "the others to the host", bob, [1])
        checks.equal("the same for the third", cid.call("connected_peers"), [1])
        ana.call("leave")
        checks.equal("the host leaves", [closed(bob), closed(cid)], ["HOST_LEFT"] * 2)
        checks.equal("the end of the game", [bob.call("connected_peers"), cid.call("connected_peers")], [[], []])
        # The host's engine passes on who is there.
        checks.equal("what it would have sent", set(ana.complaints()) - CANNOT_CARRY, set())


def strangers(checks, ana, *_):
    """Of two members the one with the higher id offers: the custom of the demo's clients."""
    async def meet(relay):
        ana.make(FAKE_MULTIPLAYER, url=relay.url)
        ana.call("create")
        lobby = ana.hear()[1]
        async with Peer(relay) as bob:
            await bob.join(lobby, others=1)
            checks.equal("the host waits for an offer", await bob.hears_nothing(), None)
            await bob.send(OFFER, 1, AN_OFFER)
            await bob.send(CANDIDATE, 1, FOUND)
            checks.equal("and answers it", await bob.hear_many(2), [(ANSWER, 1, AN_ANSWER), (CANDIDATE, 1, FOUND)])
            connected(checks, "the host is connected to Python", ana, [bob.id])
        connected(checks, "and no longer, when it has left", ana, [])
        async with Peer(relay) as bob:
            await bob.create()
            ana.make(FAKE_MULTIPLAYER, url=relay.url)
            ana.call("join", bob.lobby)
            id = ana.hear()[2]
            checks.equal("the newcomer offers", await bob.hear_many(3),
                         [(PEER_CONNECT, id, ""), (OFFER, id, AN_OFFER), (CANDIDATE, id, FOUND)])
            await bob.send(ANSWER, id, AN_ANSWER)
            await bob.send(CANDIDATE, id, FOUND)
            connected(checks, "the newcomer is connected to Python", ana, [1])

    with Relay(settings=SETTINGS) as relay:
        asyncio.run(meet(relay))


def relay_dies(checks, ana, bob, _cid):
    """Who plays already goes on playing, under the ids that they have."""
    with Relay(settings=SETTINGS) as relay:
        ids = gather(checks, [ana, bob], relay.url)
        connected(checks, "connected", ana, ids[1:])
        for engine in ana, bob:
            engine.set("reconnect_seconds", 1)
    checks.equal("without the relay", [closed(ana), closed(bob)], ["CONNECTION_LOST"] * 2)
    connected(checks, "connected still", ana, ids[1:])
    ana.call("leave")
    bob.call("leave")


def without_webrtc(checks, ana, *_):
    with Relay(settings=SETTINGS) as relay:
        ana.make(MULTIPLAYER, url=relay.url)
        checks.equal("there is no extension here", ana.call("is_webrtc_available"), False)
        ana.call("create")
        checks.equal("there is a lobby all the same", ana.hear()[0], "joined")
        heard = ana.hear()
        checks.true("and it says what to install", heard[0] == "webrtc_missing" and "webrtc-native" in heard[1],
                    "webrtc-native", heard)
        ana.call("leave")


# The game ----------------------------------------------------------------------------------------


def game(checks, ana, bob, _cid):
    port = free_port()
    checks.equal("connected", [ana.enet(port, True), bob.enet(port, False)], [0, 0])
    ana.make(GAME)
    checks.true("Ana's game is there, and Bob is connected",
                wait_until(lambda: len(ana.call("players")) == 2, WAIT_SECONDS), 2, ana.call("players"))
    time.sleep(LATE_SECONDS)
    checks.equal("nothing came to Bob, whose game is not there", bob.complaints(), [])
    bob.make(GAME)
    for engine in ana, bob:
        checks.true(f"{engine.name} sees two squares",
                    wait_until(lambda: len(engine.call("players")) == 2, WAIT_SECONDS), 2, engine.call("players"))
    ana.hold("ui_right")
    checks.true("the one moves, the other sees it",
                wait_until(lambda: bob.call("players")["1"][0] == WALL, WAIT_SECONDS), WALL, bob.call("players"))
    own = ana.call("own_player")
    checks.equal("where they are is the same to both", [bob.call("players")["1"], ana.call("players")["1"]], [own, own])
    mine, yours = bob.call("own_player"), ana.call("players")
    del yours["1"]
    checks.equal("the other stands where it stood", list(yours.values()), [mine])
    bob.disconnect()
    checks.true("one is gone", wait_until(lambda: len(ana.call("players")) == 1, WAIT_SECONDS))


def printed_nothing(checks, *engines):
    for engine in engines:
        checks.equal(f"{engine.name} had nothing to complain about", engine.complaints(), [])


def run():
    checks = Checks()
    with project() as folder, Engine(folder, "Ana") as ana, Engine(folder, "Bob") as bob, Engine(folder, "Cid") as cid:
        scenarios = [(scenario, folder) for scenario in (opens, screen)]
        scenarios += [(scenario, ana, bob, cid)
                      for scenario in (mesh, star, strangers, relay_dies, without_webrtc, game, printed_nothing)]
        run_scenarios(checks, scenarios)


if __name__ == "__main__":
    with_engine(run)
