#!/usr/bin/env python3
"""The admin listener: what it tells, what it does, and who must not ask it."""

import http.client
import json
import os
import re
import socket
import subprocess
import tempfile
import time

from raw_socket import CLOSE, TEXT, RawSocket, frame
from relay import BINARY, ROOT, Checks, Relay, run_scenarios, wait_until

ROOMS = os.path.join("Tests", "Clients", "admin", "rooms.lua")
TOKEN = "0123456789abcdef-secret"
JSON = {"Content-Type": "application/json"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Served:
    """A relay with an admin listener. Requests are answered with (status, what JSON or text says)."""

    def __init__(self, token=None, admin="127.0.0.1:0", environment=None, **options):
        self.file = None
        options.setdefault("script", ROOMS)
        self.relay = Relay(admin=admin, **options)
        if token:
            self.file = tempfile.NamedTemporaryFile("w", suffix=".token")
            self.file.write(token + "\n")
            self.file.flush()
            self.relay.command += ["--admin-token-file", self.file.name]
        self.environment = environment or {}

    def __enter__(self):
        os.environ.update(self.environment)
        try:
            self.relay.__enter__()
        finally:
            for name in self.environment:
                del os.environ[name]
        self.port = int(self.relay.admin_address().rpartition(":")[2])
        return self

    def __exit__(self, *error):
        if self.file:
            self.file.close()
        return self.relay.__exit__(*error)

    def ask(self, method, path, body=None, headers=None):
        """(status, the answer, its headers)"""
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if headers is None:
            headers = JSON if method == "POST" else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            text = reply.read().decode()
            kind = reply.getheader("Content-Type") or ""
            answer = json.loads(text) if kind == "application/json" and text else text
            return reply.status, answer, {name.lower(): value for name, value in reply.getheaders()}
        finally:
            connection.close()

    def get(self, path, **headers):
        status, answer, _ = self.ask("GET", path, headers=headers)
        return status, answer

    def post(self, path, body=None, headers=None):
        status, answer, _ = self.ask("POST", path, body, headers)
        return status, answer

    def connect(self, path="/"):
        raw = RawSocket(self.relay)
        raw.upgrade(path)
        raw.receive_text()
        return raw

    def in_room(self, name):
        raw = self.connect()
        say(raw, f"join {name}")
        return raw

    def lobbies(self, query=""):
        return self.get(f"/lobbies{query}")[1]["lobbies"]

    def peers(self, query=""):
        return self.get(f"/peers{query}")[1]["peers"]


def say(raw, text):
    raw.send(frame(TEXT, text.encode()))
    return raw.receive_text().decode()


def goodbye(raw):
    """(the code, the reason) of the close frame that comes."""
    while True:
        opcode, _, payload = raw.receive_frame()
        if opcode == CLOSE:
            return int.from_bytes(payload[:2], "big"), payload[2:]


def lists(checks):
    with Served() as served:
        ana, bob = served.in_room("Quiet Corner"), served.in_room("Quiet Corner")
        say(ana, "seal")
        eve = served.in_room('Ünïcode "quotes"\n')
        status, answer = served.get("/lobbies")
        checks.equal("lobbies", (status, answer["total"]), (200, 2))
        first, second = answer["lobbies"]
        age = first.pop("age_seconds")
        checks.true("their age", 0 <= age < 10, "some seconds", age)
        version = served.get("/status")[1]["mounts"][0]["version"]
        names = [peer["peer"] for peer in served.peers()]
        checks.equal("one of them", first, {
            "mount": "/", "name": "Quiet Corner", "sealed": True, "version": version, "members_total": 2, "members": [
                {"id": 1, "peer": names[0], "address": "127.0.0.1"}, {"id": 2, "peer": names[1], "address": "127.0.0.1"}]})
        checks.equal("a name that JSON has to escape", second["name"], 'Ünïcode "quotes"\n')
        checks.equal("by a part of their name", [each["name"] for each in served.lobbies("?name=iet+Cor")], ["Quiet Corner"])
        checks.equal("from the second on", [each["name"] for each in served.lobbies("?from=1")], [second["name"]])
        checks.equal("one at a time", len(served.lobbies("?count=1")), 1)
        checks.equal("behind the end", served.get("/lobbies?from=2"), (200, {"total": 2, "lobbies": []}))

        status, answer = served.get("/peers")
        checks.equal("peers", (status, answer["total"]), (200, 3))
        peer = answer["peers"][0]
        checks.true("since when", 0 <= peer.pop("connected_seconds") <= 10)
        checks.equal("one of them", peer, {
            "peer": names[0], "mount": "/", "address": "127.0.0.1", "queued_bytes": 0, "lobbies_total": 1,
            "lobbies": ["Quiet Corner"]})
        checks.equal("by name", [each["peer"] for each in served.peers(f"?peer={names[2]}")], [names[2]])
        checks.equal("the log calls it the same", bool(re.fullmatch(r"\d+\.\d+", names[0])), True)
        checks.equal("nobody there by that name", served.get("/peers?peer=77.1")[0], 404)
        for query in "?peer=ana", "?count=0", "?count=1001", "?from=-1", "?from=x":
            status, answer = served.get(f"/peers{query}")
            checks.true(f"/peers{query} is refused with a reason", status == 422 and len(answer["error"]) > 20, 422, answer)
        for path in "/lobbies", "/peers":
            status, answer = served.get(f"{path}?mount=/nowhere")
            checks.equal(f"{path} of no mount", (status, answer["error"]), (404, "there is no mount '/nowhere'. There are /"))

        status, answer = served.get("/scripts")
        checks.equal("scripts", (status, len(answer["mounts"])), (200, 1))
        mount = answer["mounts"][0]
        checks.equal("which and where", (mount["mount"], mount["paths"], mount["script"]["path"], mount["plugins"]),
                     ("/", ["/"], ROOMS, []))
        checks.matches("with its version", mount["version"], "[0-9a-f]{8}")
        checks.true("since when", abs(mount["versions"][0]["loaded_at"] - time.time()) < 60)
        checks.equal("how many lobbies are on it", mount["versions"][0]["lobbies"], 2)
        checks.equal("no reload yet", mount["last_reload"], None)
        for each in ana, bob, eve:
            each.close()


def routes(checks):
    with Served() as served:
        checks.equal("health", served.get("/healthz"), (200, "ok\n"))
        checks.equal("readiness", served.get("/readyz"), (200, "ready\n"))
        status, answer, headers = served.ask("GET", "/nothing")
        checks.true("an unknown path tells what there is", status == 404 and "GET /lobbies" in answer["error"], 404, answer)
        status, answer, headers = served.ask("POST", "/lobbies")
        checks.equal("a wrong method", (status, headers.get("allow")), (405, "GET"))
        checks.equal("another one", served.ask("GET", "/kick")[2].get("allow"), "POST")
        status, answer, headers = served.ask("HEAD", "/status")
        checks.true("HEAD has no body", status == 200 and answer == "" and int(headers["content-length"]) > 100)
        headers = served.ask("GET", "/status")[2]
        checks.equal("nobody keeps, guesses or embeds it", [headers.get(name) for name in (
            "cache-control", "x-content-type-options", "cross-origin-resource-policy")],
            ["no-store", "nosniff", "same-origin"])
        for path in "/kick", "/close", "/ban", "/unban", "/log":
            for name, body in ("nothing", b""), ("no JSON", b"{"), ("a list", b"[]"), ("no UTF-8", b'{"a":"\xff"}'):
                checks.equal(f"{path} with {name}", served.post(path, body)[0], 400)
            checks.equal(f"{path} without its member", served.post(path, b"{}")[0], 422)
            checks.equal(f"{path} with an unknown member", served.post(path, {"hurry": True})[0], 400)
        checks.equal("a member twice", served.post("/log", b'{"level":"info","level":"debug"}')[0], 400)
        checks.equal("a body that is too long", served.post("/kick", b" " * 5000)[0], 413)
        own = f"Host: 127.0.0.1:{served.port}\nContent-Type: application/json"
        checks.equal("one without a length", request(served, f"POST /kick HTTP/1.1\n{own}\nTransfer-Encoding: chunked"), 411)
        checks.equal("reload", served.post("/reload")[1][0]["subject"], ROOMS)
        last = served.get("/scripts")[1]["mounts"][0]["last_reload"]
        checks.true("is remembered", last["ok"] and last["microseconds"] > 0 and abs(last["at"] - time.time()) < 60, "ok", last)
        checks.equal("the log's level", served.post("/log", {"level": "debug"})[1], {"level": "debug", "former": "info"})
        checks.equal("is told", served.get("/log"), (200, {"level": "debug"}))
        checks.equal("no level", served.post("/log", {"level": "loud"})[0], 422)


def expelling(checks):
    with Served() as served:
        ana, bob = served.in_room("a"), served.in_room("a")
        names = [peer["peer"] for peer in served.peers()]
        status, answer = served.post("/kick", {"peer": names[0], "code": 4000, "reason": "Enough"})
        checks.equal("kick", (status, answer), (200, {"peer": names[0], "code": 4000}))
        checks.equal("the peer hears it", goodbye(ana), (4000, b"Enough"))
        checks.equal("it is gone", served.post("/kick", {"peer": names[0]})[0], 404)
        checks.equal("from its lobby, too", served.lobbies()[0]["members_total"], 1)
        checks.equal("a peer that never was", served.post("/kick", {"peer": "999.999"})[0], 404)
        for body in ({"peer": names[1], "code": 1005}, {"peer": names[1], "code": 999}, {"peer": names[1], "code": "x"},
                     {"peer": names[1], "reason": "x" * 124}, {"peer": 7}, {"peer": "-1.2"}):
            checks.equal(f"{json.dumps(body)[:40]} is refused", served.post("/kick", body)[0], 422)
        checks.equal("and harms nobody", say(bob, "count fine"), "ok")

        cid = served.in_room("a")
        status, answer = served.post("/close", {"mount": "/", "lobby": "a", "code": 4001, "reason": "Over"})
        checks.equal("close a lobby", (status, answer), (200, {"lobby": "a", "closed": 2}))
        checks.equal("every member hears it", [goodbye(bob), goodbye(cid)], [(4001, b"Over")] * 2)
        checks.equal("the lobby is gone", served.lobbies(), [])
        checks.equal("it cannot be closed twice", served.post("/close", {"lobby": "a"})[0], 404)
        checks.equal("nor at a mount that is none", served.post("/close", {"mount": "/b", "lobby": "a"})[0], 404)

        dan = served.connect()
        status, answer = served.post("/ban", {"address": "127.0.0.1", "seconds": 1})
        checks.equal("ban", (status, answer), (200, {"address": "127.0.0.1", "seconds": 1, "closed": 1}))
        checks.equal("who is there is closed", goodbye(dan), (1008, b"Banned"))
        with RawSocket(served.relay) as raw:
            raw.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            checks.equal("newcomers are refused", raw.status(), 403)
        checks.equal("the operator is not", served.get("/bans")[1]["bans"][0]["address"], "127.0.0.1")
        with socket.create_connection((served.relay.host, served.relay.port), 5, ("127.0.0.2", 0)) as other:
            other.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            checks.true("nor is another address", other.recv(4096).startswith(b"HTTP/1.1 200"))
        checks.true("a ban ends", wait_until(lambda: served.get("/bans")[1]["total"] == 0, 3))
        served.connect().close()
        checks.equal("an IPv6 ban is of the network", served.post("/ban", {"address": "2001:db8::7"})[1]["address"],
                     "2001:db8::/64")
        checks.equal("written like that it is the same", served.post("/ban", {"address": "2001:db8::/64"})[0], 200)
        checks.equal("so there is one", served.get("/bans")[1]["total"], 1)
        checks.equal("unban", served.post("/unban", {"address": "2001:db8::/64"})[0], 200)
        checks.equal("what is not banned cannot be", served.post("/unban", {"address": "2001:db8::/64"})[0], 404)
        for address in "x", "127.0.0.0/8", "2001:db8::/32", "127.0.0.1/64", "", "::1/64/64":
            checks.equal(f"'{address}' is no address", served.post("/ban", {"address": address})[0], 422)
        for seconds in 0, -1, 10**12, "9":
            body = {"address": "192.0.2.1", "seconds": seconds}
            checks.equal(f"{seconds!r} seconds are refused", served.post("/ban", body)[0], 422)
        checks.equal("bans are counted", served.get("/status")[1]["relay"]["banned"], 1)


def ban_limit(checks):
    with Served(limits={"bans": 2}) as served:
        for number, expected in ((1, 200), (2, 200), (3, 409), (2, 200)):
            address = {"address": f"192.0.2.{number}"}
            checks.equal(f"ban {number} of 2", served.post("/ban", address)[0], expected)
        served.post("/unban", {"address": "192.0.2.1"})
        checks.equal("a place that came free is taken", served.post("/ban", {"address": "192.0.2.3"})[0], 200)


def connection_limit(checks):
    with Served(limits={"admin_connections": 3}) as served:
        idle = [RawSocket(served.relay, port=served.port) for _ in range(4)]
        checks.equal("a fourth connection to the admin listener", idle[3].status(), 503)
        with socket.create_connection((served.relay.host, served.relay.port), 5) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            checks.true("is none of the clients' business", raw.recv(4096).startswith(b"HTTP/1.1 200"))
        for raw in idle:
            raw.close()
        checks.true("places that came free are taken", wait_until(lambda: answers(served), 3))
    with Served(limits={"connections": 1, "connections_per_address": 1}) as served:
        ana = served.connect()
        checks.equal("a relay that is full can be asked why", served.get("/status")[1]["connections"], 2)
        ana.close()


def descriptors(checks):
    """Fewer than the limit on connections wants: that is said at the start, and some are kept for the operator."""
    served = Served()
    served.relay.command = ["bash", "-c", 'ulimit -n 100; exec "$@"', "-", *served.relay.command]
    with served:
        checks.true("the start says how many can connect", served.relay.logged("50 clients can connect"))
        clients = [served.connect() for _ in range(50)]
        with RawSocket(served.relay) as late:
            checks.equal("a client too many hears it", late.status(), 503)
        checks.equal("the operator is let in", served.get("/readyz")[0], 200)
        clients.pop().close()
        wait_until(lambda: len(served.peers()) == 49, 3)
        clients.append(served.connect())
        checks.equal("a place that came free is taken", len(served.peers()), 50)
        for raw in clients:
            raw.close()


def answers(served):
    try:
        return served.get("/healthz")[0] == 200
    except OSError:
        return False


def request(served, head):
    """The status of a request as it is written here."""
    raw = RawSocket(served.relay, port=served.port)
    with raw:
        raw.send(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        return raw.status()


def guards(checks):
    """What pages of other sites can make a browser send, and what programs send."""
    with Served() as served:
        port = served.port
        own = f"Host: 127.0.0.1:{port}"
        table = [
            ("an address", 200, f"GET /status HTTP/1.1\n{own}"),
            ("localhost", 200, f"GET /status HTTP/1.1\nHost: localhost:{port}"),
            ("an IPv6 address", 200, f"GET /status HTTP/1.1\nHost: [::1]:{port}"),
            ("a name that leads here (DNS rebinding)", 403, f"GET /status HTTP/1.1\nHost: evil.example:{port}"),
            ("a name like an address", 403, f"GET /status HTTP/1.1\nHost: 127.0.0.1.evil.example:{port}"),
            ("a name of digits", 403, f"GET /status HTTP/1.1\nHost: 127.1.1:{port}"),
            ("brackets with a name", 403, f"GET /status HTTP/1.1\nHost: [evil]:{port}"),
            ("a localhost with a dot", 200, f"GET /status HTTP/1.1\nHost: localhost.:{port}"),
            ("no Host", 403, "GET /status HTTP/1.0\nX: y"),
            ("its own page", 200, f"GET /status HTTP/1.1\n{own}\nOrigin: http://127.0.0.1:{port}"),
            ("its own page behind TLS", 200, f"GET /status HTTP/1.1\n{own}\nOrigin: https://127.0.0.1:{port}"),
            ("another site's page", 403, f"GET /status HTTP/1.1\n{own}\nOrigin: http://evil.example"),
            ("another port's page", 403, f"GET /status HTTP/1.1\n{own}\nOrigin: http://127.0.0.1:{port + 1}"),
            ("the same machine's by another name", 403, f"GET /status HTTP/1.1\n{own}\nOrigin: http://localhost:{port}"),
            ("a page without an origin", 403, f"GET /status HTTP/1.1\n{own}\nOrigin: null"),
            ("two origins", 403, f"GET /status HTTP/1.1\n{own}\nOrigin: http://127.0.0.1:{port}\nOrigin: http://evil"),
            ("health has the same rule", 403, "GET /healthz HTTP/1.1\nHost: evil.example"),
            ("a program's POST", 200, f"POST /reload HTTP/1.1\n{own}\nContent-Type: application/json\nContent-Length: 0"),
            ("with a character set", 200, f"POST /reload HTTP/1.1\n{own}\nContent-Type: Application/JSON; charset=utf-8"),
            ("a form's POST", 415,
             f"POST /reload HTTP/1.1\n{own}\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 0"),
            ("plain text", 415, f"POST /reload HTTP/1.1\n{own}\nContent-Type: text/plain\nContent-Length: 0"),
            ("a POST without a type", 415, f"POST /reload HTTP/1.1\n{own}\nContent-Length: 0"),
            ("a form's POST from the own page", 415,
             f"POST /reload HTTP/1.1\n{own}\nOrigin: http://127.0.0.1:{port}\nContent-Type: text/plain"),
            ("JSON from another site's page", 403,
             f"POST /reload HTTP/1.1\n{own}\nOrigin: http://evil.example\nContent-Type: application/json"),
            ("JSON to a rebound name", 403,
             f"POST /reload HTTP/1.1\nHost: evil.example\nOrigin: http://evil.example\nContent-Type: application/json"),
            ("a browser's question before it (CORS)", 403,
             f"OPTIONS /reload HTTP/1.1\n{own}\nOrigin: http://evil.example\nAccess-Control-Request-Method: POST"),
        ]
        for name, expected, head in table:
            checks.equal(f"{name}: {expected}", request(served, head), expected)
        headers = served.ask("OPTIONS", "/reload")[2]
        checks.equal("nobody is allowed across origins", [name for name in headers if name.startswith("access-control")], [])


def tokens(checks):
    with Served(token=TOKEN) as served:
        for path in "/healthz", "/readyz":
            checks.equal(f"{path} needs none", served.get(path)[0], 200)
        for path in "/status", "/lobbies", "/peers", "/scripts", "/bans", "/deployments", "/nothing":
            status, _, headers = served.ask("GET", path)
            checks.equal(f"{path} without it", (status, headers.get("www-authenticate")), (401, "Bearer"))
        checks.equal("nothing can be posted, either", served.post("/reload")[0], 401)
        checks.equal("with it", served.get("/status", **BEARER)[0], 200)
        checks.equal("the scheme in any case", served.get("/status", Authorization=f"bearer {TOKEN}")[0], 200)
        checks.equal("under any name", served.get("/status", Host="relay.example", **BEARER)[0], 200)
        checks.equal("from a page of this listener", served.get(
            "/status", Host="relay.example", Origin="https://relay.example", **BEARER)[0], 200)
        checks.equal("not from any other", served.get(
            "/status", Host="relay.example", Origin="https://evil.example", **BEARER)[0], 403)
        checks.equal("a POST still says that it is JSON", served.post("/reload", headers=BEARER)[0], 415)
        checks.equal("and is taken then", served.post("/reload", headers=BEARER | JSON)[0], 200)
        wrong = [TOKEN[:-1], TOKEN + "x", TOKEN[:-1] + "X", "", TOKEN.upper()]
        for text in wrong:
            checks.equal(f"'{text}' is another", served.get("/status", Authorization=f"Bearer {text}")[0], 401)
        checks.equal("nor does another scheme do", served.get("/status", Authorization=f"Basic {TOKEN}")[0], 401)
        checks.true("the log tells of wrong ones", wait_until(
            lambda: len(served.relay.logged("a wrong token was offered")) >= 4, 3))
        status = 401
        for _ in range(12):
            status = served.get("/status", Authorization="Bearer guess-guess-guess")[0]
        checks.equal("whoever goes on guessing has to wait", status, 429)
        checks.equal("even if a guess is right", served.get("/status", **BEARER)[0], 429)
        checks.equal("health is told all the same", served.get("/healthz")[0], 200)
        logged = len(served.relay.logged("a wrong token was offered"))
        checks.true("and the log is not filled", logged <= 10, "at most 10", logged)
        checks.true("nor is the token in it", TOKEN not in "".join(served.relay.lines))


def where_tokens_come_from(checks):
    with Served(environment={"LOBBYIST_ADMIN_TOKEN": TOKEN}) as served:
        checks.equal("the environment's", [served.get("/status")[0], served.get("/status", **BEARER)[0]], [401, 200])
        admin = ["--admin", f"127.0.0.1:{served.port}"]
        for name, environment, words, code in (
                ("a command without the token", {}, [], 1),
                ("with a wrong one", {"LOBBYIST_ADMIN_TOKEN": TOKEN + "x"}, [], 1),
                ("with it in the environment", {"LOBBYIST_ADMIN_TOKEN": TOKEN}, [], 0)):
            done = command(["reload", *admin, *words], environment)
            checks.equal(name, done.returncode, code)
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(TOKEN + "\r\nand more\n")
            file.flush()
            checks.equal("with a file", command(["reload", *admin, "--admin-token-file", file.name]).returncode, 0)
        done = command(["reload", *admin])
        checks.true("what to do is said", "--admin-token-file" in done.stderr, "--admin-token-file", done.stderr)
    with tempfile.TemporaryDirectory() as folder:
        def config(admin):
            path = os.path.join(folder, "lobbyist.lua")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f'listen "127.0.0.1:0"\nadmin {admin}\nmount "/" {{ script = "{ROOT}/{ROOMS}" }}\n')
            return path

        path = config('{ "0.0.0.0:0", token = env "ROOMS_TOKEN" }')
        with Served(admin=None, config=path, environment={"ROOMS_TOKEN": TOKEN}) as served:
            checks.equal("a configuration's", [served.get("/status")[0], served.get("/status", **BEARER)[0]], [401, 200])
            config(f'{{ "0.0.0.0:0", token = "{TOKEN}-2" }}')
            checks.true("another one is taken up when it is saved", wait_until(
                lambda: served.get("/status", Authorization=f"Bearer {TOKEN}-2")[0] == 200, 5))
            checks.equal("the former is none any longer", served.get("/status", **BEARER)[0], 401)
            config('"0.0.0.0:0"')
            checks.true("without one it is refused", wait_until(
                lambda: served.relay.logged("can be reached from outside"), 5))
            served.relay.errors = True
            checks.equal("and the token stays", served.get("/status")[0], 401)
        for name, admin, expected in (
                ("no token for the world", '"0.0.0.0:9081"', ":2: '0.0.0.0:9081' can be reached from outside"),
                ("a variable that is not set", '{ ":9081", token = env "NOT_SET_HERE" }', "can be reached from outside"),
                ("a short token", '{ "127.0.0.1:0", token = "short" }', ":2: this is no token: one is 16 to 512"),
                ("another word", '{ "127.0.0.1:0", secret = "short" }', ":2: admin has no 'secret'"),
                ("two addresses", '{ "127.0.0.1:0", "127.0.0.1:1" }', "admin wants one address")):
            done = command(["serve", "--config", config(admin)])
            checks.true(f"{name} is an error", done.returncode == 1 and expected in done.stderr, expected, done.stderr)
    for name, words, expected in (
            ("the world without a token", ["--admin", ":9081"], "--admin-token-file FILE, or LOBBYIST_ADMIN_TOKEN"),
            ("a file that is not there", ["--admin-token-file", "/nowhere"], "cannot read /nowhere"),
            ("a file without a token", ["--admin-token-file", ROOMS], "is no token: one is 16 to 512")):
        done = command(["serve", "--listen", "127.0.0.1:0", *words])
        checks.true(f"{name} is a usage error", done.returncode == 2 and expected in done.stderr, expected, done.stderr)


def command(words, environment=None):
    return subprocess.run([BINARY, *words], cwd=ROOT, env=os.environ | (environment or {}), capture_output=True,
                          text=True, timeout=20)


if __name__ == "__main__":
    run_scenarios(Checks(), [
        (lists,), (routes,), (expelling,), (ban_limit,), (connection_limit,), (descriptors,), (guards,), (tokens,), (where_tokens_come_from,)])
