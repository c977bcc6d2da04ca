#!/usr/bin/env python3
"""The Godot demo protocol, JSON and text, driven by PyPI `websockets`: joins, relays, refusals, leaving, sealing."""

import asyncio
import functools
import random
import string

from godot_peer import (
    ANSWER, CANDIDATE, ID, JOIN, JSON, OFFER, PEER_CONNECT, PEER_DISCONNECT, SEAL, TEXT, WAIT_SECONDS, Peer)
from relay import PING_LIMIT, Checks, Relay, run_scenarios

SCENARIO_SECONDS = 60
# Patient enough for a busy machine; the timers have scenarios of their own.
PATIENT = {"join_timeout": 20}


def scenario(function):
    """Runs an async scenario to its end, within a bounded time."""
    @functools.wraps(function)
    def run(checks, *arguments):
        asyncio.run(asyncio.wait_for(function(checks, *arguments), SCENARIO_SECONDS))
    return run


def letters(count):
    return "".join(random.choices(string.ascii_letters + string.digits, k=count))


@scenario
async def joining(checks, dialect):
    tag = f"{dialect.name}: "
    mesh = dialect.mesh_flag
    with Relay(settings=PATIENT) as relay:
        async with Peer(relay, dialect) as ana, Peer(relay, dialect) as bob, Peer(relay, dialect) as cleo, \
                Peer(relay, dialect) as dora:
            heard = await ana.create()
            checks.equal(tag + "the creator hears its id first", heard[0], (ID, 1, mesh))
            checks.equal(tag + "then the acknowledgement", heard[1][:2], (JOIN, 0))
            checks.matches(tag + "a lobby name is 16 to 32 letters and digits", ana.lobby, "[A-Za-z0-9]{16,32}")
            inside = [ana]
            for number, newcomer in enumerate([bob, cleo, dora], start=2):
                heard = await newcomer.join(ana.lobby, others=len(inside))
                expected = [(ID, newcomer.id, mesh)]
                expected += [(PEER_CONNECT, peer.id, "") for peer in inside]
                expected += [(JOIN, 0, ana.lobby)]
                checks.equal(tag + f"peer {number} hears id, peers in join order, acknowledgement", heard, expected)
                checks.true(tag + f"peer {number} has an id that the engine takes",
                            2 <= newcomer.id <= 2147483647, "2..2147483647", newcomer.id)
                for peer in inside:
                    checks.equal(tag + f"peer {number} is announced to {peer.id}", await peer.hear(),
                                 (PEER_CONNECT, newcomer.id, ""))
                inside.append(newcomer)
            checks.equal(tag + "all ids differ", len({peer.id for peer in inside}), 4)
            for peer in inside:
                checks.equal(tag + f"nothing more is said to {peer.id}", await peer.hears_nothing(), None)


@scenario
async def server_lobby(checks):
    with Relay(settings=PATIENT) as relay:
        async with Peer(relay) as ana, Peer(relay) as bob, Peer(relay) as cleo:
            heard = await ana.create(mesh=False)
            checks.equal("not a mesh: the host's flag is empty", heard[0], (ID, 1, ""))
            heard = await bob.join(ana.lobby, others=1, id=1)
            checks.equal("not a mesh: a peer hears of the host alone", heard,
                         [(ID, bob.id, ""), (PEER_CONNECT, 1, ""), (JOIN, 0, ana.lobby)])
            # The joiner asks for a mesh: the creator's choice stays.
            heard = await cleo.join(ana.lobby, others=1, id=0)
            checks.equal("not a mesh: the next one too, whatever flag it asks for", heard,
                         [(ID, cleo.id, ""), (PEER_CONNECT, 1, ""), (JOIN, 0, ana.lobby)])
            checks.equal("not a mesh: the host hears of both", await ana.hear_many(2),
                         [(PEER_CONNECT, bob.id, ""), (PEER_CONNECT, cleo.id, "")])
            checks.equal("not a mesh: peers do not hear of each other", await bob.hears_nothing(), None)
        async with Peer(relay) as ana, Peer(relay) as bob:
            await ana.create(mesh=True)
            heard = await bob.join(ana.lobby, others=1, id=77)
            checks.equal("a mesh stays one for a joiner with another id", heard[0], (ID, bob.id, "true"))


@scenario
async def relaying(checks, dialect):
    tag = f"{dialect.name}: "
    texts = {
        "200 bytes": letters(200),
        "60,000 bytes": letters(60_000),
        "an SDP": "v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=msid-semantic: WMS\r\n",
        "a candidate": "\n0\n0\ncandidate:1 1 UDP 2130706431 192.0.2.1 50000 typ host",
        "escapes": "\"\\/\b\f\n\r\t\u0001\u001f\u007f",
        "other scripts": "é ß 漢字 \u2028\u2029 😀 \U0010ffff",
        "nothing": "",
    }
    with Relay(settings=PATIENT) as relay:
        async with Peer(relay, dialect) as ana, Peer(relay, dialect) as bob, Peer(relay, dialect) as cleo:
            await ana.create()
            await bob.join(ana.lobby, others=1)
            await cleo.join(ana.lobby, others=2)
            await ana.hear_many(2)
            await bob.hear()
            for name, text in texts.items():
                for kind in (OFFER, ANSWER, CANDIDATE):
                    await bob.send(kind, 1, text)
                    checks.equal(tag + f"type {kind} to the host, {name}", await ana.hear(), (kind, bob.id, text))
                await ana.send(OFFER, bob.id, text)
                checks.equal(tag + f"from the host, {name}", await bob.hear(), (OFFER, 1, text))
                await bob.send(ANSWER, cleo.id, text)
                checks.equal(tag + f"between peers, {name}", await cleo.hear(), (ANSWER, bob.id, text))
            await ana.send(OFFER, 1, "to myself")
            checks.equal(tag + "the host to itself", await ana.hear(), (OFFER, 1, "to myself"))
            await bob.send(OFFER, bob.id, "to myself")
            checks.equal(tag + "a peer to itself", await bob.hear(), (OFFER, bob.id, "to myself"))
            whole = dialect.write(OFFER, 1, "in pieces")
            await bob.send_raw(iter([whole[:3], "", whole[3:-4], whole[-4:]]))
            checks.equal(tag + "a fragmented message arrives whole", await ana.hear(), (OFFER, bob.id, "in pieces"))
            for number in range(500):
                await bob.send(CANDIDATE, 1, str(number))
            order = [message[2] for message in await ana.hear_many(500)]
            checks.true(tag + "500 messages keep their order", order == [str(number) for number in range(500)])


@scenario
async def verbatim(checks):
    """The spelling of `data`, not only its value, reaches the other side."""
    spelling = r'"a\/b\u00e9\ud83d\ude00é😀\n\r\t\"\\\b\f\u0000\u2028"'
    with Relay(settings=PATIENT) as relay:
        async with Peer(relay) as ana, Peer(relay) as bob:
            await ana.create()
            await bob.join(ana.lobby, others=1)
            await ana.hear()
            for name, text in {
                "keys as Node writes them": f'{{"type":4,"id":1,"data":{spelling}}}',
                "keys as Godot writes them": f'{{"data":{spelling},"id":1,"type":4}}',
                "white space": f' {{ "id" : 1 ,\n"data"\t: {spelling} , "type":4 }} ',
            }.items():
                await bob.send_raw(text)
                heard = await ana.hear_raw()
                checks.true(f"escapes stay as they were spelt, {name}", spelling in heard, spelling, heard)
                checks.equal(f"and mean the same, {name}", JSON.read(heard), (OFFER, bob.id, JSON.read(text)[2]))


@scenario
async def tolerances(checks):
    with Relay(settings=PATIENT) as relay:
        for name, text in {
            "decimals as Godot 4 writes them": '{"data":"","id":0.0,"type":0.0}',
            "fractions are floored": '{"type":0.9,"id":0.9,"data":""}',
            "exponents": '{"type":0e0,"id":0E+2,"data":""}',
            "data missing": '{"type":0,"id":0}',
            "data a number": '{"type":0,"id":0,"data":5}',
            "data null": '{"type":0,"id":0,"data":null}',
            "data an object": '{"type":0,"id":0,"data":{"type":7}}',
            "members nobody asked for": '{"x":[1,{"type":9}],"type":0,"nested":{"id":4},"id":0,"data":"","y":null}',
            "white space around": ' \n{ "type" : 0 , "id" : 0 , "data" : "" }\t ',
            "escaped member names": '{"\\u0074ype":0,"i\\u0064":0,"data":""}',
        }.items():
            async with Peer(relay) as ana:
                await ana.send_raw(text)
                checks.equal(f"{name}: creates a mesh", await ana.hear(), (ID, 1, "true"))
        async with Peer(relay) as ana, Peer(relay) as bob:
            await ana.create()
            await bob.join(ana.lobby, others=1)
            await ana.hear()
            await ana.send_raw(f'{{"data":"sdp","id":{bob.id}.0,"type":4.0}}')
            checks.equal("an id written with a decimal finds its peer", await bob.hear(), (OFFER, 1, "sdp"))
            await bob.send_raw('{"type":5.7,"id":1.9,"data":"sdp"}')
            checks.equal("fractions are floored in a relay", await ana.hear(), (ANSWER, bob.id, "sdp"))
            for name, text in {
                "data missing": '{"type":4,"id":1}',
                "data a number": '{"type":4,"id":1,"data":12}',
                "data null": '{"id":1,"data":null,"type":4}',
            }.items():
                await bob.send_raw(text)
                checks.equal(f"{name}: relayed as empty", await ana.hear(), (OFFER, bob.id, ""))
            # They stay, as the relay copies what it need not look at; a client passes them over.
            await bob.send_raw('{"more":{"id":9},"type":4.0,"id":1.0,"data":"sdp","extra":[]}')
            checks.equal("further members are relayed as they are, type and id as plain integers", await ana.hear_raw(),
                         f'{{"more":{{"id":9}},"type":4,"id":{bob.id},"data":"sdp","extra":[]}}')


@scenario
async def malformed(checks):
    cases = [
        "hello", "5", "[]", "null", "true", '"text"', "", " ", "{}", "{", '{"type":0,"id":0,"data":""',
        '{"type":0,"id":0,"data":""}}', '{"type":0,"id":0,"data":""}{}', '{"type":0,"id":0,"data":"",}',
        "{'type':0,'id':0,'data':''}", '{"type":0,"id":0,"data":"\n"}', '{"type":0,"id":0,"data":"\\x"}',
        '{"type":00,"id":0,"data":""}', '{"type":NaN,"id":0,"data":""}',
        '{"id":0,"data":""}', '{"type":0,"data":""}', '{"type":"0","id":0,"data":""}', '{"type":0,"id":"0","data":""}',
        '{"type":null,"id":0,"data":""}', '{"type":true,"id":0,"data":""}', '{"type":0,"id":[0],"data":""}',
        '{"type":-1,"id":0,"data":""}', '{"type":0,"id":-1,"data":""}', '{"type":-0.5,"id":0,"data":""}',
        "[" * 5000 + "]" * 5000, '{"type":' * 1000,
    ]
    with Relay(settings=PATIENT) as relay:
        for text in cases:
            async with Peer(relay) as ana:
                await ana.send_raw(text)
                checks.equal(f"refused before joining: {text[:60]!r}", await ana.closed(),
                             (4000, "Invalid message format"))
        for text in ["5", '{"id":1,"data":""}', '{"type":4,"id":-1,"data":""}', "not json", "null"]:
            async with Peer(relay) as ana:
                await ana.create()
                await ana.send_raw(text)
                checks.equal(f"refused in a lobby: {text!r}", await ana.closed(), (4000, "Invalid message format"))
        for name, prepare in {"before joining": False, "in a lobby": True}.items():
            async with Peer(relay) as ana:
                if prepare:
                    await ana.create()
                await ana.send_raw(b'{"type":0,"id":0,"data":""}')
                checks.equal(f"binary is refused {name}", await ana.closed(),
                             (4000, "Invalid transfer mode, must be text"))
        for text in ["J: ", "J", "J\n", "J:\n", "Join"]:
            async with Peer(relay, TEXT) as ana:
                await ana.send_raw(text)
                checks.equal(f"text: refused before joining: {text!r}", await ana.closed(),
                             (4000, "Invalid message format"))
        for text in ["S", "O: 1", "S:\n", "\n", ""]:
            async with Peer(relay, TEXT) as ana:
                await ana.create()
                await ana.send_raw(text)
                checks.equal(f"text: refused in a lobby: {text!r}", await ana.closed(),
                             (4000, "Invalid message format"))


@scenario
async def refusals(checks, dialect):
    tag = f"{dialect.name}: "
    with Relay(settings=PATIENT) as relay:
        async def refused(name, peer, reason):
            checks.equal(tag + name, await peer.closed(), (4000, reason))

        for kind in (OFFER, ANSWER, CANDIDATE, SEAL):
            async with Peer(relay, dialect) as ana:
                await ana.send(kind, 1, "x")
                state = await ana.closed()
                # Text that opens with another letter than J may be of neither protocol: that reason is right too.
                right = ["Invalid message when not in a lobby", "Invalid message format"]
                right = [(4000, reason) for reason in right[:1 if dialect is JSON else 2]]
                checks.true(tag + f"type {kind} before joining", state in right, right, state)
        for name in ("nosuchlobby", letters(16), letters(32)):
            async with Peer(relay, dialect) as ana:
                await ana.send(JOIN, 0, name)
                await refused(f"lobby {name}", ana, "Lobby does not exists")

        async with Peer(relay, dialect) as ana, Peer(relay, dialect) as far:
            await ana.create()
            await far.create()
            async with Peer(relay, dialect) as bob:
                await bob.send(JOIN, 0, ana.lobby.swapcase())
                await refused("a lobby's name minds its case", bob, "Lobby does not exists")

            async def member(name, reason, *messages):
                """A fresh peer joins, says the messages, is refused, and the host hears it go."""
                async with Peer(relay, dialect) as bob:
                    await bob.join(ana.lobby, others=1)
                    await ana.hear()
                    for message in messages:
                        await bob.send(*message)
                    await refused(name, bob, reason)
                    checks.equal(tag + f"the host hears that peer go: {name}", await ana.hear(),
                                 (PEER_DISCONNECT, bob.id, ""))

            await member("create while in a lobby", "Already in a lobby", (JOIN, 0, ""))
            await member("join the same lobby again", "Already in a lobby", (JOIN, 0, ana.lobby))
            await member("join another lobby as well", "Already in a lobby", (JOIN, 0, far.lobby))
            await member("seal by another than the host", "Only host can seal the lobby", (SEAL, 0, ""))
            for kind in (OFFER, ANSWER, CANDIDATE):
                await member(f"type {kind} to id 0", "Invalid destination", (kind, 0, "x"))
                await member(f"type {kind} to nobody", "Invalid destination", (kind, 2147483647, "x"))
            checks.equal(tag + "another lobby heard none of it", await far.hears_nothing(), None)

            async with Peer(relay, dialect) as gone:
                await gone.join(ana.lobby, others=1)
            await ana.hear_many(2)
            await member("to one who has left", "Invalid destination", (OFFER, gone.id, "x"))
            async with Peer(relay, dialect) as theirs:
                await theirs.join(far.lobby, others=1)
                await member("to a member of another lobby", "Invalid destination", (OFFER, theirs.id, "x"))

            async with Peer(relay, dialect) as bob:
                await bob.join(ana.lobby, others=1)
                await ana.hear()
                await ana.send(JOIN, 0, "")
                await refused("the host errs", ana, "Already in a lobby")
                await refused("the host's lobby goes with it", bob, "Room host has disconnected")


@scenario
async def commands(checks):
    with Relay(settings=PATIENT) as relay:
        for kind in (1, 2, 3, 8, 9, 100, 2147483648, 10**18):
            async with Peer(relay) as ana:
                await ana.send(kind, 1, "x")
                checks.equal(f"type {kind} before joining", await ana.closed(),
                             (4000, "Invalid message when not in a lobby"))
            async with Peer(relay) as ana:
                await ana.create()
                await ana.send(kind, 1, "x")
                checks.equal(f"type {kind} in a lobby", await ana.closed(), (4000, "Invalid command"))
        for line, reason in {
            "X: 1\n": "Invalid command",
            "I: 1\n": "Invalid command",
            "X: 5\n": "Invalid destination",
            "O: one\nsdp": "Invalid destination",
            "O: \nsdp": "Invalid destination",
        }.items():
            async with Peer(relay, TEXT) as ana:
                await ana.create()
                await ana.send_raw(line)
                checks.equal(f"text: {line!r}", await ana.closed(), (4000, reason))


@scenario
async def leaving(checks, dialect):
    tag = f"{dialect.name}: "
    with Relay(settings=PATIENT) as relay:
        async with Peer(relay, dialect) as ana, Peer(relay, dialect) as cleo:
            await ana.create()
            async with Peer(relay, dialect) as bob:
                await bob.join(ana.lobby, others=1)
                await cleo.join(ana.lobby, others=2)
                await ana.hear_many(2)
            for peer in (ana, cleo):
                checks.equal(tag + f"{peer.id} hears that a peer left", await peer.hear(),
                             (PEER_DISCONNECT, bob.id, ""))
            async with Peer(relay, dialect) as bob:
                await bob.join(ana.lobby, others=2)
                checks.equal(tag + "the newcomer is announced", [await ana.hear(), await cleo.hear()],
                             [(PEER_CONNECT, bob.id, "")] * 2)
                bob.socket.transport.abort()
                for peer in (ana, cleo):
                    checks.equal(tag + f"{peer.id} hears of a connection that broke", await peer.hear(),
                                 (PEER_DISCONNECT, bob.id, ""))
            await ana.socket.close()
            checks.equal(tag + "the host leaves: the others are closed at once", await cleo.closed(),
                         (4000, "Room host has disconnected"))
            async with Peer(relay, dialect) as late:
                await late.send(JOIN, 0, ana.lobby)
                checks.equal(tag + "its lobby is gone", await late.closed(), (4000, "Lobby does not exists"))


@scenario
async def sealing(checks, dialect):
    tag = f"{dialect.name}: "
    with Relay(settings={**PATIENT, "seal_timeout": 2}) as relay:
        async with Peer(relay, dialect) as ana, Peer(relay, dialect) as bob, Peer(relay, dialect) as cleo, \
                Peer(relay, dialect) as dora:
            await ana.create()
            await bob.join(ana.lobby, others=1)
            await cleo.join(ana.lobby, others=2)
            await ana.hear_many(2)
            await bob.hear()
            await ana.send(SEAL)
            for peer in (ana, bob, cleo):
                checks.equal(tag + f"{peer.id} hears the seal", await peer.hear(), (SEAL, 0, ""))
            await dora.send(JOIN, 0, ana.lobby)
            checks.equal(tag + "no one joins a sealed lobby", await dora.closed(), (4000, "Lobby is sealed"))
            await bob.send(OFFER, 1, "late")
            checks.equal(tag + "relaying goes on after the seal", await ana.hear(), (OFFER, bob.id, "late"))
            await cleo.socket.close()
            for peer in (ana, bob):
                checks.equal(tag + f"{peer.id} hears that a peer left the sealed lobby", await peer.hear(),
                             (PEER_DISCONNECT, cleo.id, ""))
            for peer in (ana, bob):
                checks.equal(tag + f"{peer.id} is closed when the seal is complete", await peer.closed(),
                             (1000, "Seal complete"))
        async with Peer(relay, dialect) as ana, Peer(relay, dialect) as bob:
            await ana.create()
            await bob.join(ana.lobby, others=1)
            await ana.hear()
            await ana.send(SEAL)
            await bob.hear()
            await ana.socket.close()
            checks.equal(tag + "the host leaves a sealed lobby", await bob.closed(1),
                         (4000, "Room host has disconnected"))


@scenario
async def timers(checks, join_seconds, seal_seconds):
    """The two timers fire when set, not before; and never on a peer that they do not concern."""
    clock = asyncio.get_running_loop().time
    defaults = (join_seconds, seal_seconds) == (1, 10)
    settings = {} if defaults else {"join_timeout": join_seconds, "seal_timeout": seal_seconds}
    slack = 0.5
    with Relay(settings=settings) as relay:
        for dialect in (JSON,) if defaults else (JSON, TEXT):
            tag = f"{dialect.name}, {join_seconds} s and {seal_seconds} s: "
            async with Peer(relay, dialect) as ana, Peer(relay, dialect) as bob:
                await ana.create()
                await bob.join(ana.lobby, others=1)
                await ana.hear()
                start = clock()
                async with Peer(relay, dialect) as idle:
                    checks.equal(tag + "closed without a lobby", await idle.closed(join_seconds + WAIT_SECONDS),
                                 (4000, "Have not joined lobby yet"))
                    took = clock() - start
                    checks.true(tag + "at its time", join_seconds - 0.05 <= took <= join_seconds + slack,
                                f"{join_seconds} s", f"{took:.2f} s")
                await ana.send(SEAL)
                checks.equal(tag + "the others still meet", [await ana.hear(), await bob.hear()], [(SEAL, 0, "")] * 2)
                start = clock()
                checks.equal(tag + "closed after the seal", await bob.closed(seal_seconds + WAIT_SECONDS),
                             (1000, "Seal complete"))
                took = clock() - start
                checks.true(tag + "at its time", seal_seconds - 0.1 <= took <= seal_seconds + slack,
                            f"{seal_seconds} s", f"{took:.2f} s")
                checks.equal(tag + "the host as well", await ana.closed(), (1000, "Seal complete"))
            if not defaults:
                async with Peer(relay, dialect) as ana:
                    await ana.create()
                    await asyncio.sleep(3 * (join_seconds + seal_seconds))
                    await ana.send(OFFER, 1, "here")
                    checks.equal(tag + "an unsealed lobby stays", await ana.hear(), (OFFER, 1, "here"))


@scenario
async def limits(checks):
    with Relay(settings={**PATIENT, "max_peers": 2, "max_lobbies": 1}) as relay:
        async with Peer(relay) as ana:
            await ana.create()
            async with Peer(relay) as bob:
                async with Peer(relay) as cleo:
                    checks.equal("one peer too many", await cleo.closed(), (4000, "Too many peers connected"))
                await bob.send(JOIN, 0, "")
                checks.equal("one lobby too many", await bob.closed(), (4000, "Too many lobbies open, disconnecting"))
            async with Peer(relay) as bob:
                await bob.join(ana.lobby, others=1)
                checks.equal("a place that came free is taken", await ana.hear(), (PEER_CONNECT, bob.id, ""))
                await ana.socket.close()
                await bob.closed()
        async with Peer(relay) as ana:
            heard = await ana.create()
            checks.equal("a lobby that ended makes room", heard[0], (ID, 1, "true"))
    with Relay(settings=PATIENT, limits={"message_bytes": 4096}) as relay:
        async with Peer(relay) as ana:
            await ana.create()
            frame = JSON.write(OFFER, 1, "")
            await ana.send(OFFER, 1, "x" * (4096 - len(frame)))
            checks.equal("a message of the limit's size passes", len((await ana.hear())[2]), 4096 - len(frame))
            await ana.send(OFFER, 1, "x" * (4097 - len(frame)))
            state = await ana.closed()
            checks.equal("one byte more is closed", state[0] if isinstance(state, tuple) else state, 1009)
        async with Peer(relay) as ana:
            await ana.send_raw(iter(["x" * 3000, "x" * 1096, "x"]))
            state = await ana.closed()
            checks.equal("one byte more in fragments too", state[0] if isinstance(state, tuple) else state, 1009)


@scenario
async def connecting(checks):
    """What a client may offer and where it may connect; nothing it did not ask for comes back."""
    with Relay(settings=PATIENT) as relay:
        for path in ("/", "/any/path", "/?room=1&x=%20", "/%F0%9F%98%80", "/" + "p" * 2000, "//", "/a?b?c"):
            async with Peer(relay, path=path) as ana:
                checks.equal(f"path {path[:30]}", (await ana.create())[0], (ID, 1, "true"))
        for name, options in {
            "deflate offered": {"compression": "deflate"},
            "no compression": {"compression": None},
            "a browser's origin": {"origin": "https://example.test"},
            "no user agent": {"user_agent_header": None},
        }.items():
            async with Peer(relay, **options) as ana:
                checks.equal(name, (await ana.create())[0], (ID, 1, "true"))
                headers = ana.socket.response.headers
                checks.equal(f"{name}: no extension is answered", headers.get("Sec-WebSocket-Extensions"), None)
                checks.equal(f"{name}: no subprotocol is answered", headers.get("Sec-WebSocket-Protocol"), None)
    with Relay(settings=PATIENT, listen="[::1]:0") as relay:
        async with Peer(relay) as ana, Peer(relay) as bob:
            await ana.create()
            checks.equal("over IPv6", (await bob.join(ana.lobby, others=1))[1], (PEER_CONNECT, 1, ""))


@scenario
async def keeping_alive(checks):
    with Relay(settings=PATIENT, limits={PING_LIMIT: 500}) as relay:
        async with Peer(relay, ping_interval=None) as ana, Peer(relay, ping_interval=0.2, ping_timeout=2) as bob:
            await ana.create()
            await bob.join(ana.lobby, others=1)
            await ana.hear()
            # Three intervals and more: who does not answer pings is gone after two.
            await asyncio.sleep(2)
            await bob.send(OFFER, 1, "awake")
            checks.equal("peers that answer pings stay, their own pings are answered", await ana.hear(),
                         (OFFER, bob.id, "awake"))


SCENARIOS = [
    *[(function, dialect) for dialect in (JSON, TEXT) for function in (joining, relaying, refusals, leaving, sealing)],
    (server_lobby,), (verbatim,), (tolerances,), (malformed,), (commands,), (limits,), (connecting,), (keeping_alive,),
    (timers, 0.3, 0.5), (timers, 1, 10),
]

if __name__ == "__main__":
    run_scenarios(Checks(), SCENARIOS)
