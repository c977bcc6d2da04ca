#!/usr/bin/env python3
"""Several mounts in one relay: requests find theirs by path, host and port; mistakes in a configuration keep it from
starting; what the operator is told."""

import http.client
import json
import os
import re
import subprocess
import tempfile
import time

from raw_socket import TEXT, RawSocket, frame, upgrade_request
from relay import BINARY, ROOT, START_SECONDS, Checks, Relay, run_scenarios, wait_until

EXAMPLE = os.path.join("examples", "all-protocols", "lobbyist.lua")
LISTENING = re.compile(r"listening on ws://127\.0\.0\.1:(\d+)(?: \((\w+) only\))?")
WHO = """
local settings = relay.settings { name = "" }
return {
  on_connect = function(peer) peer:send(settings.name .. " " .. mount:peer_count()) end,
  on_request = function(request) return request:answer(200, settings.name) end,
  on_message = function(peer, message)
    if message:text() == "fill" then
      for _ = 1, 100 do peer:send(("x"):rep(60000)) end
    else
      peer:send(message:text())
    end
  end,
}
"""
FILL_MESSAGES, FILL_BYTES = 100, 60_000


class Configured:
    """A relay with this configuration, in a folder of its own; `ports` by the mount whose own they are, "" for all."""

    def __init__(self, text, **options):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "lobbyist.lua")
        for name, content in (("lobbyist.lua", text), ("who.lua", WHO)):
            with open(os.path.join(self.folder.name, name), "w", encoding="utf-8") as file:
                file.write(content)
        self.relay = Relay(config=self.path, **options)

    def __enter__(self):
        self.relay.__enter__()
        # The line behind those about listeners.
        wait_until(lambda: any("point a client" in line for line in list(self.relay.lines)), START_SECONDS)
        found = LISTENING.findall("".join(self.relay.lines))
        self.ports = {name: int(port) for port, name in found}
        return self

    def __exit__(self, *problem):
        self.relay.__exit__(*problem)
        self.folder.cleanup()

    def admin_port(self):
        return int(self.relay.admin_address().rpartition(":")[2])

    def client(self, path, port=None):
        """A WebSocket."""
        raw = RawSocket(self.relay, port=port or self.ports[""])
        raw.upgrade(path)
        return raw

    def greeting(self, path="/", host="localhost", port=None):
        """What a newcomer hears first, or the status of its refusal."""
        with RawSocket(self.relay, port=port or self.ports[""]) as raw:
            raw.send(upgrade_request(host, path))
            status = raw.status()
            return raw.receive_text().decode() if status == 101 else status

    def get(self, path, host="localhost", port=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.ports[""], timeout=10)
        connection.request("GET", path, headers={"Host": host, **headers})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body


def say(raw, text):
    raw.send(frame(TEXT, text.encode()))


def named(name, rest=""):
    return f'{{ script = "who.lua", settings = {{ name = "{name}" }}, {rest} }}'


def routes(checks):
    text = f"""
    listen "127.0.0.1:0"
    mount "/" {named("root")}
    mount {{ "/a", "/b/c" }} {named("a")}
    mount "/a/deep" {named("deep")}
    mount "/" {named("host", 'host = "Play.example.org"')}
    mount "/own" {named("own", 'listen = "127.0.0.1:0"')}
    """
    with Configured(text) as relay:
        for path, host, name in (("/", "x", "root"), ("/ab", "x", "root"), ("/a", "x", "a"), ("/a/", "x", "a"),
                                 ("/b/c/d?q=1", "x", "a"), ("/b", "x", "root"), ("/a/deep", "x", "deep"),
                                 ("/%61", "x", "a"), ("/a", "play.EXAMPLE.org:80", "host"), ("/own", "x", "own")):
            checks.equal(f"{path} for {host}", relay.get(path, host), (200, name))
            checks.equal(f"a WebSocket to {path} for {host}", relay.greeting(path, host), f"{name} 1")
        own = relay.ports["who"]
        checks.equal("its own listener is the mount's at every path", relay.get("/a", port=own), (200, "own"))
        checks.equal("for WebSockets too", relay.greeting("/anything", port=own), "own 1")


def nowhere(checks):
    with Configured(f'listen "127.0.0.1:0"\nmount "/a" {named("a")}') as relay:
        checks.equal("plain HTTP at no mount", relay.get("/b")[0], 404)
        checks.equal("a WebSocket at no mount", relay.greeting("/b"), 404)
        checks.equal("the mount is there", relay.greeting("/a"), "a 1")


def all_protocols(checks):
    """The example, with ports that are free."""
    with open(os.path.join(ROOT, EXAMPLE), encoding="utf-8") as file:
        text = re.sub(r"0\.0\.0\.0:\d+", "127.0.0.1:0", file.read())
    with Configured(text) as relay:
        checks.equal("it listens for all and for each", sorted(relay.ports), ["", "gamejam", "singo", "unity"])
        checks.equal("gosignaling's health by path", relay.get("/health"), (200, "OK"))
        checks.equal("and on its own port", relay.get("/health", port=relay.ports["singo"]), (200, "OK"))
        id_first = '{"type":"notify-client-id"'
        checks.true("singo greets by path", relay.greeting("/connect").startswith(id_first))
        checks.true("and on its own port", relay.greeting("/ws", port=relay.ports["singo"]).startswith(id_first))
        checks.equal("it has two paths", relay.greeting("/other", port=relay.ports["singo"]), 404)
        for place, path, port in (("by path", "/unity", ""), ("on its port", "/", "unity")):
            with relay.client(path, relay.ports[port]) as raw:
                say(raw, '{"type":"create"}')
                checks.equal(f"unity {place}", json.loads(raw.receive_text())["type"], "room_created")
        for place, path, port in (("by path", "/gamejam", ""), ("on its port", "/", "gamejam")):
            with relay.client(path, relay.ports[port]) as raw:
                say(raw, '{"command":"###!RP","data":"Ana"}')
                checks.equal(f"gamejam {place}", json.loads(raw.receive_text())["command"], "###!RPK")
        with relay.client("/signalling?room=1") as one, relay.client("/signalling?room=1") as two:
            say(one, '{"candidate":null}')
            checks.equal("broadcast", two.receive_text(), b'{"candidate":null}')
        with relay.client("/") as raw:
            say(raw, '{"type":0,"id":0,"data":""}')
            checks.equal("Godot at the root", json.loads(raw.receive_text()), {"type": 1, "id": 1, "data": "true"})


def mistakes(checks):
    for text, expected in (
            ("mount \"/\" { script = \"who.lua\" }", "lobbyist.lua:1: it listens nowhere"),
            ("listen \"127.0.0.1:0\"\nmount \"/\" { scrpt = \"who.lua\" }", "2: a mount has no 'scrpt': did you mean 'script'?"),
            ("listen \"127.0.0.1:0\"\nmount \"/\" {\n  script = \"whom.lua\" }", ":3: cannot read whom.lua"),
            ("listen \"127.0.0.1:0\"\nmount \"/\" {\n  script = \"who.lua\",\n  settings = { nme = 1 } }",
             ":4: no setting is named 'nme': did you mean 'name'?"),
            ("listen \"127.0.0.1:0\"\nlimits {\n conections = 1 }\nmount \"/\" { script = \"who.lua\" }",
             ":3: no limit is named 'conections': did you mean 'connections'?"),
            ("listen \"127.0.0.1:0\"\nmount \"/\" { script = \"who.lua\", limits = { connections = 1 } }",
             ":2: 'connections' is a limit of the whole relay"),
            ("listen \"127.0.0.1:x\"\nmount \"/\" { script = \"who.lua\" }", ":1: cannot listen on '127.0.0.1:x'"),
            ("admin \"0.0.0.0:9081\"\nlisten \":0\"\nmount \"/\" { script = \"who.lua\" }",
             ":1: '0.0.0.0:9081' can be reached from outside"),
            ("mount \"/\" { script = \"who.lua\", listen = \"127.0.0.1:0\" }\nmount \"/a\" { script = \"who.lua\" }",
             ":2: nothing reaches this mount"),
            ("listen \"127.0.0.1:0\"\nmount { \"/\", \"/a\" } { script = \"who.lua\" }\n"
             "mount \"/a\" { script = \"who.lua\" }",
             ":3: nothing reaches this mount: another one is at /a")):
        configured = Configured(text)
        done = subprocess.run([BINARY, "serve", "--config", configured.path], cwd=ROOT, capture_output=True, text=True,
                              timeout=10)
        checks.equal(f"{expected}: exit code", done.returncode, 1)
        checks.true(f"{expected}: is said", expected in done.stderr, expected, done.stderr)
        checks.equal(f"{expected}: nothing is served", done.stdout, "")
        configured.folder.cleanup()


def override(checks):
    """What the command line says goes before the file."""
    text = f'listen "127.0.0.1:1"\nlimits {{ connections = 1 }}\nmount "/" {named("a")}'
    configured = Configured(text, limits={"connections": 2})
    configured.relay.command += ["--listen", "127.0.0.1:0"]
    with configured as relay, relay.client("/"):
        checks.equal("a second connection is within the limit", relay.greeting(), "a 2")
    done = subprocess.run([BINARY, "serve", "--config", "x.lua", "--script", "y.lua"], cwd=ROOT, capture_output=True,
                          text=True, timeout=10)
    checks.equal("a script beside a configuration is a mistake of usage", done.returncode, 2)


def queues(checks):
    """A mount whose readers may be slower than those of the others: it goes by its own limit."""
    text = f'listen "127.0.0.1:0"\nmount "/" {named("a", "limits = { queued_bytes = 16777216 }")}'
    with Configured(text) as relay, RawSocket(relay.relay, receive_buffer=4096) as raw:
        raw.upgrade()
        say(raw, "fill")
        # The relay reads on while it cannot write: that must not count as a flood of pings.
        time.sleep(0.3)
        say(raw, "last")
        raw.receive_text()
        for number in range(FILL_MESSAGES):
            if len(raw.receive_text() or b"") != FILL_BYTES:
                return checks.equal("messages that have waited", number, FILL_MESSAGES)
        checks.equal("who reads late gets everything", raw.receive_text(), b"last")


def operator(checks):
    text = f'listen "127.0.0.1:0"\nadmin "127.0.0.1:0"\nmount "/" {named("a")}\nmount "/b" {named("b")}'
    with Configured(text) as relay:
        relay.greeting("/b")
        port = relay.admin_port()
        checks.equal("it is well", relay.get("/healthz", port=port), (200, "ok\n"))
        status, body = relay.get("/status", port=port)
        state = json.loads(body)
        checks.equal("the state is told", status, 200)
        checks.equal("mounts in their order", [entry["paths"] for entry in state["mounts"]], [["/"], ["/b"]])
        checks.equal("messages are counted by mount", [entry["counters"]["messages_out"] for entry in state["mounts"]],
                     [0, 1])
        checks.equal("versions are told", len(state["mounts"][0]["script"]["version"]), 8)
        checks.equal("a foreign name is refused", relay.get("/status", host="evil.example", port=port)[0], 403)
        checks.equal("a page is refused", relay.get("/status", port=port, Origin="http://evil.example")[0], 403)
        checks.equal("nothing else is there", relay.get("/other", port=port)[0], 404)
        checks.equal("no WebSockets are", relay.greeting("/healthz", port=port), 200)
        checks.equal("the mounts do not have it", relay.get("/status")[1], "a")
    with Configured("limits { connections = 1 }\n" + text) as relay, relay.client("/"):
        checks.equal("the relay is full", relay.greeting(), 503)
        checks.equal("the operator is let in", relay.get("/healthz", port=relay.admin_port()), (200, "ok\n"))


if __name__ == "__main__":
    run_scenarios(Checks(), [(routes,), (nowhere,), (all_protocols,), (mistakes,), (override,), (queues,), (operator,)])
