#!/usr/bin/env python3
"""A configuration saved under a live relay: mounts come, go and move, listeners open and close, limits change. Whoever
is in another mount notices nothing, and what is refused has changed nothing."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

from mounts import Configured, named, say
from raw_socket import RawSocket, upgrade_request
from relay import BINARY, ROOT, Checks, free_port, run_scenarios, wait_until

GOING_AWAY = 1001
HEAD = 'listen "127.0.0.1:0"\nadmin "127.0.0.1:0"\n'
# Tells of on_disconnect in its log.
FAREWELL = """
local settings = relay.settings { name = "" }
return {
  on_connect = function(peer) peer:send(settings.name) end,
  on_message = function(peer, message) peer:send(message:text()) end,
  on_disconnect = function(peer, code)
    relay.log("info", ("left %s: %d"):format(settings.name, code))
  end,
}
"""
SETTLE_SECONDS = 5
RELOADS = 200
# Peers of a mount that goes: more than are closed in three turns.
GOING = 900
# Reloads after which memory has to stay where it is: allocators and tables have grown by then.
WARM_RELOADS = 40
GROWTH_KIB = 2048


class Changing(Configured):
    """A relay whose configuration is saved again; errors may be logged, as refusals are."""

    def __init__(self, text, **options):
        super().__init__(text, errors=True, **options)
        self.write("farewell.lua", FAREWELL)

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def count(self, text):
        return len(self.relay.logged(text))

    def save(self, text, expected):
        """Saves the configuration and waits for a further line of the log with this; False when none comes."""
        before = self.count(expected)
        self.write("lobbyist.lua", text)
        return wait_until(lambda: self.count(expected) > before, SETTLE_SECONDS)

    def refusal(self, text):
        """Saves what is to be refused; the reason."""
        if not self.save(text, "is not reloaded"):
            return "taken up"
        return self.relay.logged("is not reloaded")[-1]

    def reload(self):
        done = subprocess.run([BINARY, "reload", "--admin", f"127.0.0.1:{self.admin_port()}"], cwd=ROOT,
                              capture_output=True, text=True, timeout=20)
        return done.returncode, done.stdout + done.stderr

    def status(self):
        return json.loads(self.get("/status", port=self.admin_port())[1])


class Stream(threading.Thread):
    """A peer that sends numbers and has to hear each of them back, in order, for as long as it runs."""

    def __init__(self, relay, path):
        super().__init__(daemon=True)
        self.raw = relay.client(path)
        self.raw.receive_text()
        self.count = 0
        self.problem = None
        self.is_over = threading.Event()

    def run(self):
        try:
            while not self.is_over.is_set():
                for number in range(self.count, self.count + 20):
                    say(self.raw, str(number))
                for number in range(self.count, self.count + 20):
                    heard = self.raw.receive_text()
                    if heard != str(number).encode():
                        raise RuntimeError(f"{heard!r} in place of {number}")
                self.count += 20
        except Exception as error:  # noqa: BLE001 - whatever it was, the stream is not whole
            self.problem = repr(error)

    def finish(self):
        """What went wrong, or None."""
        self.is_over.set()
        self.join(20)
        self.raw.close()
        return self.problem or (None if self.count else "nothing was sent")


def mount(path, name, rest=""):
    return f'mount "{path}" {{ script = "farewell.lua", settings = {{ name = "{name}" }}, {rest} }}\n'


def is_refused(port):
    """Whether nobody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def coming_and_going(checks):
    root, deep = f'mount "/" {named("root")}\n', mount("/deep", "deep")
    with Changing(HEAD + root) as relay, relay.client("/") as ana:
        stream = Stream(relay, "/")
        stream.start()
        ana.receive_text()
        checks.equal("before", relay.greeting("/deep").split()[0], "root")
        checks.true("a mount is added", relay.save(HEAD + root + deep, "the mount at /deep is new"))
        checks.equal("it answers", relay.greeting("/deep"), "deep")
        checks.equal("the operator sees both", [each["paths"] for each in relay.status()["mounts"]], [["/"], ["/deep"]])
        checks.equal("the one that was there was not loaded again", relay.count("who.lua (version"), 0)

        peers = [relay.client("/deep") for _ in range(20)]
        for peer in peers:
            peer.receive_text()
        idle = RawSocket(relay.relay, port=relay.ports[""])
        checks.true("it is taken away", relay.save(HEAD + root, "the mount at /deep is gone, with 20 peers"))
        checks.equal("newcomers get what is there now", relay.greeting("/deep").split()[0], "root")
        checks.equal("its peers are told", {peer.close_code() for peer in peers}, {GOING_AWAY})
        checks.true("their on_disconnect has run",
                    wait_until(lambda: relay.count("left deep: 1001") == 20, SETTLE_SECONDS))
        idle.send(upgrade_request("x", "/deep"))
        checks.equal("a connection made before, asked after", idle.status(), 101)
        say(ana, "here")
        checks.equal("who is elsewhere is there", ana.receive_text(), b"here")
        checks.equal("while they linger the mount is held", relay.status()["mounts_ending"], 1)
        for peer in peers:
            peer.close()
        checks.true("when they are gone it is freed",
                    wait_until(lambda: relay.status()["mounts_ending"] == 0, SETTLE_SECONDS))
        checks.true("it may come again", relay.save(HEAD + root + deep, "the mount at /deep is new"))
        checks.equal("as a new one", relay.greeting("/deep"), "deep")
        checks.equal("the stream is whole", stream.finish(), None)
        idle.close()


def never_closing(checks):
    """A peer that answers no close frame holds its mount for close_milliseconds only."""
    head = "limits { close_milliseconds = 300 }\n" + HEAD
    with Changing(head + mount("/a", "a") + mount("/b", "b")) as relay, relay.client("/b") as mute:
        mute.receive_text()
        relay.save(head + mount("/a", "a"), "the mount at /b is gone, with 1 peer")
        checks.true("it is freed", wait_until(lambda: relay.status()["mounts_ending"] == 0, SETTLE_SECONDS))
        checks.equal("the peer was told", mute.close_code(), GOING_AWAY)
        checks.true("and hung up on", mute.ended())


def kept(checks):
    """A peer that a plugin keeps holds its mount until its time is over, then leaves it."""
    with Changing(HEAD + mount("/", "root")) as relay:
        relay.write("keep.lua", "return { on_disconnect = function(peer) return peer:keep(1) end }")
        both = mount("/", "root") + mount("/b", "b", 'plugins = { "keep.lua" }')
        relay.save(HEAD + both, "the mount at /b is new")
        with relay.client("/b") as peer:
            peer.receive_text()
            relay.save(HEAD + mount("/", "root"), "the mount at /b is gone")
            checks.equal("it is told", peer.close_code(), GOING_AWAY)
        checks.equal("the mount waits for it", [relay.status()["mounts_ending"], relay.count("left b")], [1, 0])
        checks.true("its leave is told in the end",
                    wait_until(lambda: relay.count("left b: 1001") == 1, SETTLE_SECONDS))
        checks.true("and the mount freed", wait_until(lambda: relay.status()["mounts_ending"] == 0, SETTLE_SECONDS))


def moving(checks):
    a, b = mount("/a", "a"), mount("/b", "b")
    with Changing(HEAD + a + b) as relay, relay.client("/a") as ana, relay.client("/b") as bob:
        ana.receive_text()
        bob.receive_text()
        moved = a.replace('mount "/a"', 'mount { "/a", "/c" }')
        checks.true("further paths", relay.save(HEAD + b + moved, "the mount at /a is at /a, /c now"))
        checks.equal("lead to it", relay.greeting("/c"), "a")
        checks.equal("in the order of the file", [each["paths"] for each in relay.status()["mounts"]],
                     [["/b"], ["/a", "/c"]])
        checks.true("a path less", relay.save(HEAD + b + a, "the mount at /a, /c is at /a now"))
        checks.equal("leads nowhere", relay.greeting("/c"), 404)
        for peer in (ana, bob):
            say(peer, "here")
        checks.equal("everybody is there", [ana.receive_text(), bob.receive_text()], [b"here", b"here"])
        checks.equal("nothing was loaded for it", relay.count("runs now"), 0)
        relay.save(HEAD + a.replace('"/a"', '"/d"', 1) + b, "the mount at /d is new")
        checks.equal("another first path is another mount", [ana.close_code(), relay.greeting("/d")], [GOING_AWAY, "a"])
        say(bob, "here")
        checks.equal("the other one goes on", bob.receive_text(), b"here")


def scripts_too(checks):
    """Settings and a script of one mount change together with the others' coming and going."""
    with Changing(HEAD + mount("/a", "a") + mount("/b", "b")) as relay, relay.client("/a") as ana:
        ana.receive_text()
        relay.save(HEAD + mount("/a", "changed") + mount("/c", "c"), "the mount at /c is new")
        checks.true("what has changed is loaded", wait_until(lambda: relay.count("runs now") == 2, SETTLE_SECONDS))
        checks.equal("all of it is in service", [relay.greeting(path) for path in ("/a", "/b", "/c")],
                     ["changed", 404, "c"])
        say(ana, "here")
        checks.equal("nobody was disturbed", ana.receive_text(), b"here")
        code, said = relay.reload()
        checks.equal("lobbyist reload: exit code", code, 0)
        checks.equal("it tells of both mounts", said.count("ok  "), 2)
        relay.write("lobbyist.lua", HEAD + mount("/a", "changed"))
        code, said = relay.reload()
        checks.true("and of changes", code == 0 and "lobbyist.lua: the mount at /c is gone, with 0 peers" in said,
                    "gone", said)


def refusals(checks):
    good = HEAD + mount("/", "root")
    with socket.socket() as taken, Changing(good) as relay, relay.client("/") as ana:
        ana.receive_text()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        descriptors = relay.relay.descriptors()
        before = relay.status()["mounts"]
        relay.write("broken.lua", "return {\n\n")
        relay.write("failing.lua", 'local x = nil\nreturn x.y')
        for name, text, expected in (
                ("a syntax error", good + "mount {", r"lobbyist\.lua:\d+: "),
                ("a mount without a script", good + 'mount "/b" {}', r"lobbyist\.lua:4: "),
                ("a script that is not there", good + 'mount "/b" {\n script = "gone.lua" }',
                 r"lobbyist\.lua:5: .*gone\.lua"),
                ("a script that does not parse", good + 'mount "/b" { script = "broken.lua" }',
                 r"lobbyist\.lua:4: .*broken\.lua:3: "),
                ("a script that fails", good + 'mount "/b" { script = "failing.lua" }',
                 r"lobbyist\.lua:4: .*failing\.lua:2: "),
                ("a setting that is none", good + mount("/b", "b").replace("name =", "nme ="),
                 r"lobbyist\.lua:4: no setting .*nme"),
                ("the last of three",
                 good + mount("/b", "b") + mount("/c", "c") + 'mount "/d" { script = "broken.lua" }',
                 r"lobbyist\.lua:6: .*broken\.lua:3: "),
                ("a port that is taken", good + f'listen "127.0.0.1:0"\nlisten "127.0.0.1:{port}"\n' + mount("/b", "b"),
                 rf"lobbyist\.lua:5: cannot listen on 127\.0\.0\.1:{port}: port {port} is in use"),
                ("a mount's port that is taken", good + mount("/b", "b", f'listen = "127.0.0.1:{port}"'),
                 rf"lobbyist\.lua:4: cannot listen on 127\.0\.0\.1:{port}"),
                ("an address that there is not", good + 'listen "203.0.113.7:9080"',
                 r"lobbyist\.lua:4: cannot listen on 203"),
                ("an admin listener for everybody", good.replace('admin "127.0.0.1:0"', 'admin "0.0.0.0:9081"'),
                 r"lobbyist\.lua:2: .*from outside"),
                ("a limit of a mount that runs", HEAD + mount("/", "root", "limits = { lobbies = 5 }"),
                 r"lobbyist\.lua:3: the mount at / takes up the limit lobbies by a restart only"),
                ("a limit of all mounts", "limits { queued_bytes = 5, connections = 9 }\n" + good,
                 r"lobbyist\.lua:4: the mount at / takes up the limit queued_bytes by a restart only"),
        ):
            said = relay.refusal(text)
            checks.true(f"{name}: is refused with its place", re.search(expected, said), expected, said)
            checks.equal(f"{name}: the mounts are as before", relay.status()["mounts"], before)
            checks.true(f"{name}: no descriptor is left",
                        wait_until(lambda: relay.relay.descriptors() == descriptors, SETTLE_SECONDS),
                        descriptors, relay.relay.descriptors())
        code, said = relay.reload()
        checks.true("lobbyist reload says it too", code == 1 and "queued_bytes by a restart only" in said,
                    "exit 1", said)
        say(ana, "here")
        checks.equal("who was there is there", ana.receive_text(), b"here")
        checks.equal("other paths lead where they led", relay.greeting("/b"), "root")


def later(checks):
    """A configuration that was refused is taken up once the script that it waits for is right."""
    text = HEAD + mount("/", "root") + 'mount "/b" { script = "later/b.lua" }'
    with Changing(HEAD + mount("/", "root")) as relay:
        os.mkdir(os.path.join(relay.folder.name, "later"))
        relay.write("later/b.lua", "return {")
        checks.true("it is refused", "later/b.lua" in relay.refusal(text), "refused", "taken up")
        relay.write("later/b.lua", "return { on_connect = function(peer) peer:send('b') end }")
        checks.true("the mended script brings it",
                    wait_until(lambda: relay.count("the mount at /b is new") == 1, SETTLE_SECONDS))
        checks.equal("and is in service", relay.greeting("/b"), "b")
        relay.write("later/b.lua", "return { on_connect = function(peer) peer:send('b2') end }")
        wait_until(lambda: relay.count("runs now") == 2, SETTLE_SECONDS)
        checks.equal("its saves are taken up", relay.greeting("/b"), "b2")


def required(checks):
    """What the configuration requires is a part of it."""
    relay = Changing(f'for _, name in ipairs(require "names") do\n'
                     f'  mount("/" .. name) {{ script = "farewell.lua", settings = {{ name = name }} }}\nend\n{HEAD}')
    relay.write("names.lua", 'return { "a" }')
    with relay:
        checks.equal("as it is at the start", [relay.greeting("/a"), relay.greeting("/b")], ["a", 404])
        relay.write("names.lua", 'return { "a", "b" }')
        checks.true("a saved module is noticed", wait_until(lambda: relay.count("/b is new") == 1, SETTLE_SECONDS))
        checks.equal("and in service", [relay.greeting("/a"), relay.greeting("/b")], ["a", "b"])
        relay.write("names.lua", "return {\n{")
        checks.true("one that is broken is refused",
                    wait_until(lambda: relay.count("names.lua:") == 1, SETTLE_SECONDS))
        checks.equal("with nothing changed", relay.greeting("/b"), "b")
        relay.write("names.lua", 'return { "b" }')
        checks.true("a mended one is taken up", wait_until(lambda: relay.count("/a is gone") == 1, SETTLE_SECONDS))


def listeners(checks):
    one, two, own, other = (free_port() for _ in range(4))
    root = mount("/", "root")

    def text(listen, admin="", rest=""):
        addresses = " ".join(f'listen "127.0.0.1:{port}"' for port in listen)
        return f"{addresses}\n{admin}\n{root}{rest}"

    with Changing(text([one]) + f'admin "127.0.0.1:{other}"') as relay:
        ana = relay.client("/", one)
        ana.receive_text()
        admin = f'admin "127.0.0.1:{other}"'
        checks.true("a further address", relay.save(text([one, two], admin), f"listening on ws://127.0.0.1:{two}"))
        checks.equal("answers", relay.greeting("/", port=two), "root")
        waiting = RawSocket(relay.relay, port=one)
        waiting.send(b"GET / HT")
        time.sleep(0.1)
        checks.true("an address less", relay.save(text([two], admin), f"no longer listening on 127.0.0.1:{one}"))
        checks.true("is closed", is_refused(one))
        say(ana, "here")
        checks.equal("who came over it stays", ana.receive_text(), b"here")
        waiting.send(upgrade_request("x", "/")[len("GET / HT"):])
        checks.equal("also with half a request", waiting.status(), 101)

        relay.save(text([two], "", mount("/own", "own", f'listen = "127.0.0.1:{own}"')),
                   f"ws://127.0.0.1:{own} (farewell only)")
        checks.equal("a new mount's own", relay.greeting("/any", port=own), "own")
        checks.true("the admin listener is closed", is_refused(other))
        half = RawSocket(relay.relay, port=own)
        half.send(b"GET /any HT")
        bob = relay.client("/any", own)
        bob.receive_text()
        relay.save(text([two, own]), "the mount at /own is gone")
        checks.equal("an address may pass from a mount to all", relay.greeting("/any", port=own), "root")
        checks.equal("its peers are closed", bob.close_code(), GOING_AWAY)
        half.send(upgrade_request("x", "/any")[len("GET /any HT"):])
        checks.equal("who was about to come is told", half.status(), 404)
        relay.save(text([two], f'admin "127.0.0.1:{own}"'), f"admin on http://127.0.0.1:{own}")
        checks.equal("and to the operator", relay.get("/healthz", port=own), (200, "ok\n"))
        said = relay.refusal(f'listen "0.0.0.0:{two}"\n{root}')
        checks.true("what takes in an open address is refused", "while this relay listens on" in said, "a hint", said)
        checks.equal("and nothing has changed", relay.greeting("/", port=two), "root")
        for raw in (ana, bob, waiting, half):
            raw.close()


def limits(checks):
    def text(limits_said, log=""):
        return f'limits {{ {limits_said} }}\n{log}\n{HEAD}{mount("/", "root")}'

    with Changing(text("connections = 100")) as relay, relay.client("/") as ana:
        ana.receive_text()
        relay.save(text("connections = 1"), "limit connections is 1 now")
        checks.equal("fewer connections: newcomers are refused", relay.greeting(), 503)
        say(ana, "here")
        checks.equal("who is there stays", ana.receive_text(), b"here")
        relay.save(text("connections_per_address = 1"), "limit connections_per_address is 1 now")
        checks.equal("who is there counts", relay.greeting(), 429)
        relay.save(text("connections_per_address = 2"), "limit connections_per_address is 2 now")
        checks.equal("one more fits", relay.greeting(), "root")
        relay.save(text("message_bytes = 10"), "limit message_bytes is 10 now")
        with relay.client("/") as bob:
            bob.receive_text()
            say(bob, "x" * 11)
            checks.equal("messages are bounded for newcomers", bob.close_code(), 1009)
        say(ana, "x" * 11)
        checks.equal("and as before for the others", ana.receive_text(), b"x" * 11)
        relay.save(text("handshake_milliseconds = 100"), "limit handshake_milliseconds is 100 now")
        with RawSocket(relay.relay, port=relay.ports[""]) as slow:
            slow.send(b"GET /")
            checks.equal("handshakes are", slow.status(), 408)
        relay.save(text("messages_per_second = 5"), "limit messages_per_second is 5 now")
        with relay.client("/") as bob:
            bob.receive_text()
            for _ in range(20):
                say(bob, "x")
            checks.equal("messages a second are", bob.close_code(), 1008)
        relay.save(text(""), "limit messages_per_second is 0 now")
        relay.save(text("", 'log { level = "warning" }'), "the log's level is warning now")
        lines = len(relay.relay.lines)
        relay.greeting()
        time.sleep(0.3)
        checks.equal("the log has a level", len(relay.relay.lines), lines)
        relay.write("lobbyist.lua", text("", 'log { format = "json", level = "info" }'))
        wait_until(lambda: relay.relay.lines[-1].startswith("{"), SETTLE_SECONDS)
        relay.greeting()
        checks.true("and a format", wait_until(
            lambda: json.loads(relay.relay.lines[-1])["message"].startswith("left root"), SETTLE_SECONDS))


def pings(checks):
    """Pings that are switched on reach those who are there, and find the dead among them."""
    def text(milliseconds):
        return f'limits {{ ping_milliseconds = {milliseconds} }}\n{HEAD}{mount("/", "root")}'

    with Changing(text(0)) as relay, relay.client("/") as ana:
        ana.receive_text()
        relay.save(text(200), "limit ping_milliseconds is 200 now")
        checks.equal("a ping comes", ana.receive_frame(2)[0], 9)
        checks.true("who does not answer is gone",
                    wait_until(lambda: relay.count("left root: 1006") == 1, SETTLE_SECONDS))
        relay.save(text(0), "limit ping_milliseconds is 0 now")
        with relay.client("/") as bob:
            bob.receive_text()
            time.sleep(0.5)
            say(bob, "here")
            checks.equal("without a limit none comes", bob.receive_frame(2)[2], b"here")


def recording(checks):
    relay = Changing(HEAD + mount("/", "root"))
    relay.relay.command += ["--record", os.path.join(relay.folder.name, "tape")]
    with relay:
        said = relay.refusal(HEAD + mount("/", "root") + mount("/b", "b"))
        checks.true("with a recording no mount is added", "a recording knows its mounts from the start" in said,
                    "refused", said)
        checks.equal("nothing has changed", relay.greeting("/b"), "root")
        checks.true("a path is", relay.save(HEAD + mount("/", "root").replace('"/"', '{ "/", "/c" }', 1),
                                            "the mount at / is at /, /c now"))


def shutting_down(checks):
    """A mount that is going away does not hold up a shutdown, and nothing is taken up any more while that lasts."""
    both = HEAD + mount("/a", "a") + mount("/b", "b")
    with Changing(both) as relay, relay.client("/a") as ana, relay.client("/b") as mute:
        ana.receive_text()
        mute.receive_text()
        relay.save(HEAD + mount("/a", "a"), "the mount at /b is gone")
        relay.relay.process.send_signal(signal.SIGTERM)
        checks.equal("all peers are told", [ana.close_code(), mute.close_code()], [GOING_AWAY, GOING_AWAY])
        port = free_port()
        relay.write("lobbyist.lua", both + f'listen "127.0.0.1:{port}"')
        relay.relay.process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        checks.true("the relay waits for their last word", relay.relay.alive())
        checks.equal("and takes nothing up", [relay.count("is new"), is_refused(port)], [0, True])
        ana.close()
        mute.close()
        checks.equal("then it ends", relay.relay.stop(), 0)


def all_at_once(checks):
    """A mount and all of its peers go in the same moment: nothing is left to be done about them."""
    with Changing(HEAD + mount("/", "a") + mount("/b", "b")) as relay:
        peers = [relay.client("/b") for _ in range(GOING)]
        process = relay.relay.process
        process.send_signal(signal.SIGSTOP)
        relay.write("lobbyist.lua", HEAD + mount("/", "a"))
        process.send_signal(signal.SIGHUP)
        for raw in peers:
            raw.reset()
        process.send_signal(signal.SIGCONT)
        checks.true("all at once: the mount goes", wait_until(lambda: relay.count("at /b is gone"), SETTLE_SECONDS))
        checks.true("all at once: the relay rests soon", wait_until(lambda: rests(process), SETTLE_SECONDS))


def rests(process):
    """Whether this uses no processor worth mentioning for a while."""
    def ticks():
        with open(f"/proc/{process.pid}/stat", encoding="utf-8") as file:
            return sum(int(field) for field in file.read().rsplit(")", 1)[1].split()[11:13])
    before = ticks()
    time.sleep(0.5)
    return ticks() - before <= 2


def crowd(checks):
    """Many peers of a mount that goes: the others' messages are served in between."""
    count = 3000
    with Changing(HEAD + mount("/a", "a") + mount("/b", "b")) as relay, relay.client("/a") as ana:
        ana.receive_text()
        peers = [relay.client("/b") for _ in range(count)]
        relay.write("lobbyist.lua", HEAD + mount("/a", "a"))
        worst, end = 0, time.monotonic() + 1
        while time.monotonic() < end:
            start = time.perf_counter()
            say(ana, "x")
            ana.receive_text()
            worst = max(worst, time.perf_counter() - start)
        print(f"{count} peers of a mount that goes: a message elsewhere took {worst * 1000:.1f} ms at most")
        checks.equal("all are told", {peer.close_code() for peer in peers}, {GOING_AWAY})
        for peer in peers:
            peer.close()
        # The log leaves lines out when they are many.
        checks.true("the mount is freed", wait_until(lambda: relay.status()["mounts_ending"] == 0, SETTLE_SECONDS))
        checks.true("all have left", wait_until(lambda: relay.status()["connections"] <= 2, SETTLE_SECONDS))


def endurance(checks):
    """A mount with its own listener that comes and goes under traffic, again and again."""
    without = HEAD + mount("/", "root")
    port = free_port()
    with_it = without + mount("/b", "b", f'listen = "127.0.0.1:{port}"')
    with Changing(without) as relay:
        streams = [Stream(relay, "/") for _ in range(4)]
        for stream in streams:
            stream.start()
        told = 0
        memory = descriptors = 0
        for turn in range(RELOADS):
            is_there = turn % 2 == 0
            relay.write("lobbyist.lua", with_it if is_there else without)
            # Answers when it is done, unless the save was noticed before: then both are.
            status, _ = relay.relay.ask("POST", "/reload")
            if status != 200:
                checks.equal(f"reload {turn}", status, 200)
                break
            if is_there:
                peers = [relay.client("/b"), relay.client("/any", port)]
            else:
                told += sum(peer.close_code() == GOING_AWAY for peer in peers)
                for peer in peers:
                    peer.close()
            if turn == WARM_RELOADS - 1:
                wait_until(lambda: relay.status()["mounts_ending"] == 0, SETTLE_SECONDS)
                memory, descriptors = relay.relay.resident_kib(), relay.relay.descriptors()
        checks.equal("every peer was told", told, RELOADS)
        checks.true("every mount was freed", wait_until(lambda: relay.status()["mounts_ending"] == 0, SETTLE_SECONDS))
        checks.true("no descriptor is left",
                    wait_until(lambda: relay.relay.descriptors() <= descriptors, SETTLE_SECONDS),
                    descriptors, relay.relay.descriptors())
        grown = relay.relay.resident_kib() - memory
        count = sum(stream.count for stream in streams)
        print(f"memory grew by {grown} KiB in {RELOADS - WARM_RELOADS} reloads; {count} messages")
        checks.true("memory stays the same", grown < GROWTH_KIB, f"below {GROWTH_KIB} KiB", grown)
        checks.equal("the streams elsewhere are whole", [stream.finish() for stream in streams], [None] * 4)


if __name__ == "__main__":
    run_scenarios(Checks(), [
        (coming_and_going,), (never_closing,), (kept,), (moving,), (scripts_too,), (refusals,), (later,), (required,),
        (listeners,), (limits,), (pings,), (recording,), (shutting_down,), (all_at_once,), (crowd,), (endurance,)])
