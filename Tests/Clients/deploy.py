#!/usr/bin/env python3
"""Scripts sent to a live relay: tried there, put into service under connected clients, listed, taken back, kept over a
restart. What is refused, or interrupted at any moment, leaves what ran before."""

import asyncio
import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

from raw_socket import TEXT, RawSocket, frame
from relay import BINARY, ROOT, Checks, Relay, run_scenarios, wait_until
from reload import PAIRS, ask, connected, stream

POLICY = """
local word = require "word"
local settings = relay.settings {{ secret = "none", pace = 1 }}
local policy = {{}}
function policy.on_message(peer, message)
  if message:text() == "fail" then error("as asked") end
  peer:send(("{name} %s %s"):format(word, settings.secret))
end
return policy
"""
TALK = """policy policy.lua
Ana connects
Ana >> text "x"
Ana << text "{name} a none"
"""
SLOW = "return { " + ", ".join(f"test_{n} = function() while true do end end" for n in range(30)) + " }"
SLOW_BUT_SOUND = "return { " + ", ".join(
    f"test_{n} = function() for i = 1, 2e6 do end end" for n in range(60)) + " }"
CLI_SECONDS = 60


class Project:
    """A folder with a policy, a relay that serves a copy of it, and a store of deployments."""

    def __init__(self, prefix=(), config=None, store=True, **options):
        self.home = tempfile.TemporaryDirectory()
        self.options, self.prefix, self.config = options, prefix, config
        self.folder = os.path.join(self.home.name, "project")
        self.store = os.path.join(self.home.name, "store")
        os.mkdir(self.folder)
        self.write("policy", "one")
        self.served = os.path.join(self.home.name, "served")
        shutil.copytree(self.folder, self.served)
        self.with_store = store
        self.relay = None

    def write(self, name, text):
        """The policy of this name with its module and its conversation; or any file."""
        if name == "policy":
            self.write("policy.lua", POLICY.format(name=text))
            self.write("policy.talk", TALK.format(name=text))
            return self.write("word.lua", "return 'a'")
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def configure(self, text):
        """Saves the configuration, as editors do."""
        path = os.path.join(self.home.name, "lobbyist.lua")
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def start(self):
        options = dict(self.options)
        if self.config:
            options["config"] = self.configure(self.config)
        else:
            options["script"] = os.path.join(self.served, "policy.lua")
        self.relay = Relay(admin="127.0.0.1:0", **options)
        if self.with_store and not self.config:
            self.relay.command += ["--deployments", self.store]
        self.relay.command[:0] = self.prefix
        self.relay.__enter__()
        host, _, port = self.relay.admin_address().partition(":")
        self.admin = host, int(port)
        return self.relay

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *problem):
        self.relay.__exit__(*problem)
        self.home.cleanup()

    def kill(self):
        self.relay.process.kill()
        self.relay.process.wait()

    def restart(self):
        self.kill()
        self.start()

    def run(self, *words, folder=None):
        """Exit code and what a command says."""
        words = [*words, "--admin", f"{self.admin[0]}:{self.admin[1]}"]
        done = subprocess.run([BINARY, *words], cwd=folder or self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=CLI_SECONDS)
        return done.returncode, done.stdout

    def post(self, path, request, headers=()):
        """Status and JSON of an answer."""
        connection = http.client.HTTPConnection(*self.admin, timeout=CLI_SECONDS)
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        connection.request("POST", path, body, {"Content-Type": "application/json", **dict(headers)})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, {"error": text}

    def listen_only(self, request):
        """Sends a deployment from a socket with little room, ends this side, and answers what reads the answer."""
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            client.settimeout(CLI_SECONDS)
            client.connect(self.admin)
            body = json.dumps(request).encode()
            client.sendall(b"POST /deploy HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\n\r\n" % len(body) + body)
            client.shutdown(socket.SHUT_WR)
            return client.makefile("rb")

    def get(self, path):
        connection = http.client.HTTPConnection(*self.admin, timeout=5)
        connection.request("GET", path)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def bundle(self, name="one", **more):
        files = {"policy.lua": POLICY.format(name=name), "policy.talk": TALK.format(name=name),
                 "word.lua": "return 'a'"}
        return {"script": "policy.lua", "files": files, "tests": ["policy.talk"], **more}

    def numbers(self):
        """What is listed: the numbers, and the one that runs."""
        (mount,) = self.get("/deployments")["mounts"]
        return [each["number"] for each in mount["deployments"]], mount["running"]

    def leftovers(self):
        return [name for name in os.listdir(self.store) if name.startswith(".")] if os.path.exists(self.store) else []


def children(relay):
    """The processes that the relay has started."""
    try:
        with open(f"/proc/{relay.process.pid}/task/{relay.process.pid}/children", encoding="utf-8") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def commands(checks):
    with Project() as project, connected(project.relay) as ana:
        checks.equal("what the relay was started with", ask(ana, "x"), "one a none")
        project.write("policy", "two")
        code, said = project.run("deploy", "policy.lua")
        checks.equal("lobbyist deploy", code, 0)
        checks.matches("says what runs", said.splitlines()[-1],
                       r"ok  policy\.lua \(version [0-9a-f]{8}\) runs at / as deployment 1, loaded in \d+ us")
        checks.true("and what it has sent", "in 3 files: policy.lua, policy.talk, word.lua" in said, "3 files", said)
        checks.equal("who is there is served by it", ask(ana, "x"), "two a none")
        checks.equal("/status says so", project.get("/status")["mounts"][0].get("deployment"), 1)
        version = re.search(r"version ([0-9a-f]{8})", said).group(1)
        checks.equal("with the same version", project.get("/status")["mounts"][0]["version"], version)
        with open(os.path.join(project.served, "word.lua"), "w", encoding="utf-8") as file:
            file.write("return 'edited'")
        time.sleep(0.5)
        checks.equal("the files of the start are not taken up", ask(ana, "x"), "two a none")
        subprocess.run([BINARY, "reload", "--admin", f"{project.admin[0]}:{project.admin[1]}"], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)
        checks.equal("a reload loads what is deployed", ask(ana, "x"), "two a none")
        project.write("policy", "three")
        checks.equal("a setting goes along", project.run("deploy", "policy.lua", "--set", "secret=s3")[0], 0)
        checks.equal("and holds", ask(ana, "x"), "three a s3")
        code, said = project.run("versions")
        checks.matches("lobbyist versions", said, r"/\n +0 +as the relay was started  \S+policy\.lua\n"
                       r" +1  [0-9a-f]{8}  \S+Z +policy\.lua\n\* +2  [0-9a-f]{8}  \S+Z +policy\.lua\n")
        listed = project.run("versions", "--json")[1]
        checks.equal("--json is what the relay says", json.loads(listed), project.get("/deployments"))
        checks.true("without settings", "s3" not in listed)
        code, said = project.run("rollback")
        checks.matches("lobbyist rollback", said, r"ok  policy\.lua .* runs at / as deployment 1, loaded in \d+ us\n")
        checks.equal("is in service", [code, ask(ana, "x"), project.numbers()], [0, "two a none", ([1, 2], 1)])
        checks.equal("to a number", [project.run("rollback", "2")[0], ask(ana, "x")], [0, "three a s3"])
        code, said = project.run("rollback", "0")
        checks.matches("to the files of the start", said, r"ok  .* runs at /, as the relay was started, .*\n")
        checks.equal("as they are by now", ask(ana, "x"), "one edited none")
        code, said = project.run("rollback")
        checks.true("and no further", code == 1 and "nothing to go back to" in said, "exit code 1", said)
        checks.true("an unknown number", "there is no deployment 9" in project.run("rollback", "9")[1])
        checks.true("the one that runs", "runs already" in project.run("rollback", "0")[1])
        checks.equal("mistakes on the command line", [project.run(*words)[0] for words in (
            ("deploy",), ("deploy", "gone.lua"), ("deploy", "policy.lua", "--nothing"), ("rollback", "x"),
            ("versions", "x"), ("deploy", "policy.lua", "--test", "policy.talk", "--without-tests"))], [2] * 6)
        checks.equal("nobody was disconnected", [len(project.leftovers()), ask(ana, "x")], [0, "one edited none"])


def here(checks):
    """What is wrong is found before anything is sent."""
    with Project() as project:
        for name, file, text, expected in (
                ("a failing test", "policy.talk", TALK.format(name="other"), "tests fail here"),
                ("a syntax error", "policy.lua", "return {", "does not pass the check here"),
                ("a missing module", "policy.lua", "require 'gone' return {}", "does not pass the check here")):
            project.write("policy", "one")
            project.write(file, text)
            code, said = project.run("deploy", "policy.lua")
            checks.true(f"{name} is told and nothing is sent", code == 1 and expected in said, expected, said)
        project.write("policy", "one")
        os.remove(os.path.join(project.folder, "policy.talk"))
        code, said = project.run("deploy", "policy.lua")
        checks.true("without tests it says so", code == 0 and "there are no tests beside policy.lua" in said, "", said)
        project.write("further.talk", TALK.format(name="one"))
        project.write("foreign.talk", TALK.format(name="one").replace("policy.lua", "other.lua"))
        project.write("other.lua", POLICY.format(name="one"))
        project.write("policy_test.lua", "return { test_sum = function() assert(1 + 1 == 2) end }")
        code, said = project.run("deploy", "policy.lua")
        checks.true("conversations about the script and unit tests are its tests",
                    code == 0 and "2 passed" in said and "further.talk, policy.lua, policy_test.lua" in said, "", said)
        checks.true("a chosen test", "foreign.talk, other.lua" in project.run(
            "deploy", "policy.lua", "--test", "foreign.talk")[1])
        inner = os.path.join(project.folder, "inner")
        os.mkdir(inner)
        code, said = project.run("deploy", "../policy.lua", folder=inner)
        checks.true("a file outside", code == 1 and "run it from a folder above" in said, "", said)
    with Project(store=False) as project:
        code, said = project.run("deploy", "policy.lua")
        checks.true("a relay without a store says what it lacks", code == 1 and "--deployments" in said, "", said)
        checks.true("there is nothing to list", "without --deployments" in project.run("versions")[1])


def refused(checks):
    # In large steps, so that memory runs out before time does, also where others have the processor.
    bomb = "local s, t = ('x'):rep(1 << 20), {} for i = 1, 1e9 do t[i] = s .. i end"
    loop = "return { test_loop = function() while true do end end }"

    def files(project, **changed):
        request = project.bundle()
        request["files"].update({name.replace("__", "."): text for name, text in changed.items()})
        return request

    with Project(limits={"deploy_bytes": 100000}, errors=True) as project, connected(project.relay) as ana:
        first = project.bundle("kept")
        checks.equal("a first deployment", project.post("/deploy", first)[0], 200)
        base = project.bundle()
        test = files(project, a_test__lua=loop)
        test["tests"].append("a_test.lua")
        memory = files(project, a_test__lua="return { test_bomb = function() " + bomb + " end }")
        memory["tests"].append("a_test.lua")
        for name, request, headers, status, expected in (
                ("a syntax error", files(project, policy__lua="return {"), {}, 422, "policy.lua:1:"),
                ("an endless loop at load", files(project, policy__lua="while true do end"), {}, 422, "budget"),
                ("a memory bomb at load", files(project, policy__lua=bomb), {}, 422, "memory"),
                ("a failing test", files(project, policy__talk=TALK.format(name="x")), {}, 422, "1 of 1 tests fail"),
                ("an endless loop in a test", test, {}, 422, "1 of 2 tests fail"),
                ("a memory bomb in a test", memory, {}, 422, "1 of 2 tests fail"),
                ("a setting that there is not", {**base, "settings": {"secrt": "1"}}, {}, 422, "did you mean 'secret'"),
                ("a bad path", files(project, **{"../x": ""}), {}, 400, "a path is relative"),
                ("an absolute path", files(project, **{"/etc/x": ""}), {}, 400, "a path is relative"),
                ("a hidden file", files(project, **{".x": ""}), {}, 400, "begins with a '.'"),
                ("a file below a file", files(project, **{"word.lua/x": ""}), {}, 400, "a file and a folder"),
                ("no script among the files", {**base, "script": "x.lua"}, {}, 400, "not among the files"),
                ("another mount", {**base, "mount": "/x"}, {}, 404, "there are /"),
                ("an unknown member", {**base, "test": []}, {}, 400, "no member 'test'"),
                ("no JSON", b"{", {}, 400, "not JSON"),
                ("deep JSON", b"[" * 50000, {}, 400, "not JSON"),
                ("an empty body", b"", {}, 400, "not JSON"),
                ("too much", {**base, "settings": {"a": "x" * 100000}}, {}, 413, "deploy_bytes (100000)"),
                ("another type", base, {"Content-Type": "text/plain"}, 415, "application/json"),
                ("a page", base, {"Origin": "http://localhost"}, 403, "a page of another site"),
                ("a name that leads here", base, {"Host": "evil.example"}, 403, "by address"),
                ("no length", base, {"Transfer-Encoding": "chunked"}, 411, "Content-Length")):
            got, answer = project.post("/deploy", request, headers)
            text = answer["error"] + answer.get("report", "")
            checks.true(f"{name} is refused", got == status and expected in text, [status, expected], [got, text])
            if name == "a syntax error":
                checks.true("the log says where", project.relay.logged("is refused")
                            and "policy.lua:1:" in project.relay.logged("is refused")[-1], "file and line",
                            project.relay.logged("is refused"))
        checks.equal("what ran runs on", [ask(ana, "x"), project.numbers(), project.leftovers()],
                     ["kept a none", ([1], 1), []])
        for name, request, status, expected in (
                ("no number", {"to": "1"}, 400, "'to' is not"), ("another mount", {"mount": "/x"}, 404, "no mount"),
                ("an unknown member", {"number": 1}, 400, "no member 'number'"), ("no JSON", b"1", 400, "not a JSON")):
            got, answer = project.post("/rollback", request)
            checks.true(f"a rollback: {name}", got == status and expected in answer["error"], status, [got, answer])
        got, answer = project.post("/rollback", {"mount": "x" * 4096})
        checks.true("a rollback that is long is not read", got == 413 and "this takes (4096)" in answer["error"],
                    413, [got, answer])
        base["files"]["policy.lua"] += "-- " + "x" * 5000
        checks.equal("a deployment may be longer", project.post("/deploy", base)[0], 200)
        plain = RawSocket(project.relay, port=project.admin[1])
        plain.send(b"POST /deploy HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n")
        checks.equal("without any length", plain.status(), 411)
        plain.close()


def drip(checks):
    """A body that does not come to its end is not waited for."""
    with Project(limits={"handshake_milliseconds": 500}) as project:
        slow = RawSocket(project.relay, port=project.admin[1])
        slow.send(b"POST /deploy HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                  b"Content-Length: 100\r\n\r\n{")
        checks.equal("a body that drips", slow.status(), 408)
        slow.close()


def one_at_a_time(checks):
    """A trial that takes its time: the relay serves on, the next one waits, nothing secret is to be seen."""
    with Project(limits={"deploy_milliseconds": 2500}) as project, connected(project.relay) as ana:
        request = project.bundle(settings={"secret": "hush-hush"})
        request["files"]["slow_test.lua"] = SLOW
        request["tests"].append("slow_test.lua")
        answers = []
        thread = threading.Thread(target=lambda: answers.append(project.post("/deploy", request)))
        thread.start()
        checks.true("the trial is a process", wait_until(lambda: children(project.relay), 3))
        time.sleep(0.3)
        (child,) = children(project.relay)
        seen = b""
        for name in ("cmdline", "environ"):
            with open(f"/proc/{child}/{name}", "rb") as file:
                seen += file.read()
        listing = subprocess.run(["ps", "axeww"], stdout=subprocess.PIPE, text=True).stdout
        checks.true("no setting is on a command line", b"hush" not in seen and "hush-hush" not in listing, "", seen)
        links = [os.readlink(f"/proc/{child}/fd/{name}") for name in os.listdir(f"/proc/{child}/fd")]
        checks.true("it has none of the relay's sockets", not any("socket" in link for link in links), "none", links)
        modes = {oct(stat.S_IMODE(os.lstat(os.path.join(folder, name)).st_mode))
                 for folder, folders, files in os.walk(project.store) for name in files}
        checks.equal("what is written is for its owner only", modes, {"0o600"})
        code, answer = project.post("/deploy", project.bundle())
        checks.true("a second is refused", code == 409 and "being tried" in answer["error"], 409, [code, answer])
        checks.equal("so is a rollback", project.post("/rollback", {"to": 0})[0], 409)
        waits = []
        while thread.is_alive():
            start = time.perf_counter()
            ask(ana, "x")
            waits.append((time.perf_counter() - start) * 1000)
            time.sleep(0.005)
        thread.join()
        waits.sort()
        print(f"a message's way during the trial: {waits[len(waits) * 99 // 100]:.1f} ms p99, "
              f"{waits[-1]:.1f} ms at most")
        checks.true("the relay serves on", len(waits) > 50 and waits[-1] < 1000, "less than 1 s", waits[-3:])
        code, answer = answers[0]
        checks.true("a trial that takes too long is ended", code == 422 and "deploy_milliseconds (2500)" in
                    answer["error"], 422, answers)
        checks.equal("nothing is left of it", [children(project.relay), project.leftovers(), project.numbers()],
                     [[], [], ([], 0)])
        checks.equal("the next one is taken", project.post("/deploy", project.bundle("two"))[0], 200)
        client = socket.create_connection(project.admin)
        body = json.dumps(project.bundle("gone")).encode()
        client.sendall(b"POST /deploy HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                       b"Content-Length: %d\r\n\r\n" % len(body) + body)
        client.close()
        checks.true("one whose sender is gone goes on", wait_until(lambda: project.numbers() == ([1, 2], 2), 5))
        checks.equal("and serves", ask(ana, "x"), "gone a none")
        with project.listen_only(project.bundle("half")) as reader:
            checks.matches("one who only listens is answered", reader.readline().decode(), r"HTTP/1\.1 200 OK\r\n")
        long = project.bundle("long")
        long["files"]["policy.lua"] = "return {\n" + "".join(f"f = unknown_{n}(),\n" for n in range(8000)) + "}"
        with project.listen_only(long) as reader:
            checks.matches("however long the answer is", reader.readline().decode(), r"HTTP/1\.1 422 .*")
            head = list(iter(reader.readline, b"\r\n"))
            (length,) = [int(line.split()[1]) for line in head if line.startswith(b"Content-Length:")]
            checks.equal("it comes to its end", [length > 400_000, len(reader.read())], [True, length])
        thread = threading.Thread(target=lambda: answers.append(project.post("/deploy", request)))
        thread.start()
        wait_until(lambda: children(project.relay), 3)
        code = project.relay.stop()
        thread.join()
        checks.equal("a shutdown ends a trial", [code, answers[-1][0], project.leftovers()], [0, 503, []])


def restart(checks):
    with Project() as project:
        checks.equal("two deployments", [project.post("/deploy", project.bundle(name, settings={"secret": name}))[0]
                                         for name in ("two", "three")], [200, 200])
        project.restart()
        checks.matches("the start says what it serves", project.relay.lines[0].strip(),
                       r"lobbyist \S+ serves policy\.lua of deployment 2 \(version [0-9a-f]{8}\)")
        with connected(project.relay) as ana:
            checks.equal("the deployment runs after a restart", ask(ana, "x"), "three a three")
            checks.equal("rollback works then", project.run("rollback")[0], 0)
            checks.equal("and serves", ask(ana, "x"), "two a two")
        project.restart()
        with connected(project.relay) as ana:
            checks.equal("what was gone back to runs after another", ask(ana, "x"), "two a two")
        project.kill()
        command = project.relay.command
        current = os.path.join(project.store, "%2F", "current")
        script = os.path.join(project.store, "%2F", "1", "files", "policy.lua")
        record = os.path.join(project.store, "%2F", "2", "deployment.json")
        for name, path, text, expected in (
                ("a damaged number", current, "x", f"{current}: expected the number"),
                ("a number that is not there", current, "7\n", f"{current}: there is no deployment 7"),
                ("a damaged record", record, "{", f"{record}: this is not what was written there"),
                ("a script that does not load", script, "return {", f"policy.lua:1: ")):
            with open(path, encoding="utf-8") as file:
                kept = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=20)
            checks.true(f"{name} is an error", done.returncode == 1 and expected in done.stdout, expected, done.stdout)
            if path == script:
                checks.true("that says what to do", f"write 0 into {project.store}/%2F/current" in done.stdout, "",
                            done.stdout)
            with open(path, "w", encoding="utf-8") as file:
                file.write(kept)
        project.start()
        other = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               timeout=20)
        checks.true("a second relay does not get the store", other.returncode == 1 and "another relay" in other.stdout,
                    "exit code 1", other.stdout)


def killed(checks):
    """kill -9 at random moments of a deployment: afterwards the old version runs or the new one."""
    chance = random.Random(4)
    with Project() as project:
        start = time.monotonic()
        checks.equal("one in peace", project.post("/deploy", project.bundle("first"))[0], 200)
        took = time.monotonic() - start
        expected = "first a none"
        seen = {"old": 0, "new": 0}
        for turn in range(20):
            request = project.bundle(f"v{turn}")
            answers = []

            def send():
                try:
                    answers.append(project.post("/deploy", request))
                except OSError:
                    answers.append((0, {}))

            thread = threading.Thread(target=send)
            thread.start()
            if turn % 4 == 0:
                wait_until(lambda: children(project.relay) or answers, 3)
            elif turn % 4 == 1:
                wait_until(lambda: answers, 20)
            else:
                time.sleep(chance.random() * took * 1.2)
            orphans = children(project.relay)
            project.kill()
            thread.join()
            project.start()
            with connected(project.relay) as ana:
                now = ask(ana, "x")
            new = f"v{turn} a none"
            if now not in (expected, new) or (answers[0][0] == 200 and now != new):
                checks.equal(f"turn {turn}: old or new", now, [expected, new, answers[0][0]])
            seen["new" if now == new else "old"] += 1
            expected = now
            if project.leftovers():
                checks.equal(f"turn {turn}: nothing is left", project.leftovers(), [])
            if not wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in orphans), 3):
                checks.equal(f"turn {turn}: the trial ends with the relay", orphans, [])
        print(f"20 kills: {seen['old']} times the old version, {seen['new']} times the new one")
        checks.equal("every restart runs the old version or the new one", sum(seen.values()), 20)
        checks.true("and both were met", min(seen.values()) > 0, "both", seen)
        checks.equal("then it goes on", project.post("/deploy", project.bundle("last"))[0], 200)


def full(checks):
    """A disk of 256 KiB."""
    if subprocess.run(["unshare", "-rm", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        print("left out: the full disk (unshare -rm is not allowed here)")
        return
    mounting = 'mkdir -p "$0" && mount -t tmpfs -o size=256k tmpfs "$0" && exec "$@"'
    project = Project()
    project.prefix = ["unshare", "-rm", "sh", "-c", mounting, project.store]
    with project, connected(project.relay) as ana:
        checks.equal("a small one", project.post("/deploy", project.bundle("small"))[0], 200)
        for size in (100, 150, 200, 230, 300, 3000):
            request = project.bundle("large")
            request["files"]["ballast.lua"] = "-" * (size << 10)
            code, answer = project.post("/deploy", request)
            checks.true(f"{size} KiB and no room", code == 200 or code == 507 and answer["error"], "200 or 507",
                        [code, answer])
            if size >= 300:
                checks.equal(f"{size} KiB: no room", code, 507)
            if code == 200:
                checks.equal(f"{size} KiB: it serves", ask(ana, "x"), "large a none")
                project.post("/rollback", {"to": 1})
            else:
                checks.equal(f"{size} KiB: what ran runs on", ask(ana, "x"), "small a none")
        checks.equal("a small one still goes", project.post("/deploy", project.bundle("more"))[0], 200)
        checks.equal("and serves", ask(ana, "x"), "more a none")


def kept(checks):
    with Project(limits={"deployments_kept": 3}) as project:
        for number in range(6):
            project.post("/deploy", project.bundle(f"v{number}"))
        checks.equal("the oldest go", project.numbers(), ([4, 5, 6], 6))
        checks.equal("their files as well", sorted(os.listdir(os.path.join(project.store, "%2F"))),
                     ["4", "5", "6", "current"])


def several(checks):
    """Mounts of a configuration, with plugins and settings of their own."""
    config = """
      listen "127.0.0.1:0"
      deployments "store"
      mount "/" { script = "served/policy.lua", settings = { secret = "kept" } }
      mount "/b" {
        script = "served/policy.lua",
        plugins = { { "loud.lua", sign = "!" } },
        settings = { secret = "b" },
      }
    """
    loud = """
      local settings = relay.settings { sign = "?" }
      return { on_message = function(peer, message) peer:send("NAME " .. settings.sign) end }
    """
    project = Project(config=config, errors=True)
    with open(os.path.join(project.home.name, "loud.lua"), "w", encoding="utf-8") as file:
        file.write(loud.replace("NAME", "loud"))
    project.write("soft.lua", loud.replace("NAME", "soft"))
    with project, connected(project.relay) as ana, RawSocket(project.relay) as bob:
        bob.upgrade("/b")
        project.write("policy", "two")
        code, said = project.run("deploy", "policy.lua")
        checks.true("one has to say where", code == 1 and "say which mount: there are /, /b" in said, "", said)
        checks.equal("one says where", project.run("deploy", "policy.lua", "--mount", "/")[0], 0)
        checks.equal("the mount's settings stay", ask(ana, "x"), "two a kept")
        checks.equal("another mount is as it was", [ask(bob, "x"), bob.receive_text().decode()], ["loud !", "one a b"])
        checks.equal("at the other one",
                     project.run("deploy", "policy.lua", "--mount", "/b", "--set", "secret=c")[0], 0)
        checks.equal("the mount's plugins stay, settings go before its own",
                     [ask(bob, "x"), bob.receive_text().decode()], ["loud !", "two a c"])
        code, said = project.run("deploy", "policy.lua", "--mount", "/b", "--plugin", "soft.lua")
        checks.equal("plugins of its own", [code, ask(bob, "x"), bob.receive_text().decode()],
                     [0, "soft ?", "two a b"])
        checks.true("the store is beside the configuration", os.path.isdir(os.path.join(project.store, "%2Fb", "2")))
        checks.equal("the list has both", [(mount["mount"], mount["running"]) for mount in
                                           project.get("/deployments")["mounts"]], [("/", 1), ("/b", 2)])

        def save(text):
            count = len(project.relay.logged("info"))
            project.configure(text)
            wait_until(lambda: len(project.relay.logged("info")) > count, 5)

        save(config[:config.index('mount "/b"')].replace("kept", "saved"))
        checks.equal("a saved configuration's settings are those of the deployment", ask(ana, "x"), "two a saved")
        checks.equal("a mount that is gone is not listed", [mount["mount"] for mount in
                                                            project.get("/deployments")["mounts"]], ["/"])
        save(config)
        with RawSocket(project.relay) as cid:
            cid.upgrade("/b")
            checks.equal("one that is back runs what was deployed", [ask(cid, "x"), cid.receive_text().decode()],
                         ["soft ?", "two a b"])
        checks.equal("and can be rolled back", project.run("rollback", "--mount", "/b")[0], 0)
        project.configure(config.replace('"store"', '"other"'))
        checks.true("another folder needs a restart", wait_until(
            lambda: project.relay.logged("the folder of deployments is taken up by a restart only"), 3))


ROOMS = """
local settings = relay.settings { name = "?" }
local policy = {}
function policy.on_message(peer, message)
  local lobby = mount:find_lobby(message:text()) or mount:create_lobby(message:text())
  if not peer:lobby() then lobby:add(peer, lobby:count() + 1) end
  peer:send(settings.name)
end
return policy
"""


def new_lobbies(checks):
    """Lobbies that exist finish on the version that they began with."""
    def rooms(name):
        return {"script": "rooms.lua", "files": {"rooms.lua": ROOMS}, "settings": {"name": name}, "new_lobbies": True}

    with Project() as project:
        project.write("rooms.lua", ROOMS)
        checks.equal("the rooms", project.run("deploy", "rooms.lua", "--set", "name=one")[0], 0)
        with connected(project.relay) as ana, connected(project.relay) as bob, connected(project.relay) as cid:
            checks.equal("a lobby of the first", ask(ana, "den"), "one")
            code, said = project.run("deploy", "rooms.lua", "--set", "name=two", "--new-lobbies")
            checks.equal("a version for new lobbies", code, 0)
            checks.equal("is theirs alone", [ask(ana, "den"), ask(bob, "hall"), ask(cid, "den")], ["one", "two", "one"])
            checks.true("versions says who finishes", "1 lobby to finish" in project.run("versions")[1])
            checks.equal("so does a rollback",
                         [project.run("rollback", "--new-lobbies")[0], ask(bob, "hall")], [0, "two"])
            with connected(project.relay) as dan:
                checks.equal("for those to come", ask(dan, "loft"), "one")
            checks.equal("without it all are moved", [project.post("/rollback", {"to": 2})[0], ask(ana, "den"),
                                                      ask(bob, "hall")], [200, "two", "two"])


def too_many_versions(checks):
    with Project(limits={"script_versions": 2}) as project:
        project.write("rooms.lua", ROOMS)
        project.run("deploy", "rooms.lua", "--set", "name=one")
        with connected(project.relay) as ana, connected(project.relay) as bob:
            ask(ana, "den")
            project.run("deploy", "rooms.lua", "--set", "name=two", "--new-lobbies")
            ask(bob, "hall")
            code, said = project.run("deploy", "rooms.lua", "--set", "name=three", "--new-lobbies")
            checks.true("a third version has no room", code == 1 and "limit script_versions is 2" in said,
                        "exit code 1 and the limit", (code, said))
            checks.equal("and nothing has changed", [ask(ana, "den"), ask(bob, "hall")], ["one", "two"])


def folders(checks):
    """What is required from plugins/ and scripts/ is that of the deployment."""
    files = {"games/a.lua": "local word = require 'word'\nlocal more = require 'more'\n"
                            "return { on_message = function(peer) peer:send(word .. more) end }",
             "plugins/word.lua": "return 'of its plugins '", "scripts/more.lua": "return 'and scripts'",
             "a.talk": "policy games/a.lua\nAna connects\nAna >> text \"x\"\n"
                       "Ana << text \"of its plugins and scripts\"\n"}
    request = {"script": "games/a.lua", "files": files, "tests": ["a.talk"]}
    with Project() as project, connected(project.relay) as ana:
        code, answer = project.post("/deploy", request)
        checks.equal("plugins/ and scripts/ of a deployment", [code, ask(ana, "x")],
                     [200, "of its plugins and scripts"])
        (mount,) = project.get("/deployments")["mounts"]
        checks.equal("the version is the trial's", mount["deployments"][0]["version"], answer["version"])


def breaker(checks):
    """A deployment that fails again and again gives way, also for the next start."""
    with Project(errors=True, limits={"breaker_failures": 5}) as project, connected(project.relay) as ana:
        project.post("/deploy", project.bundle("good"))
        bad = project.bundle("bad")
        bad["files"]["policy.lua"] = POLICY.format(name="bad").replace('== "fail"', '~= "x"')
        checks.equal("its tests do not show it", project.post("/deploy", bad)[0], 200)
        for _ in range(5):
            ana.send(frame(TEXT, b"fail"))
        checks.true("it gives way", wait_until(lambda: project.relay.logged("has failed too often"), 3))
        checks.equal("to the one before", [ask(ana, "x"), project.numbers()], ["good a none", ([1, 2], 1)])
        project.restart()
        with connected(project.relay) as bob:
            checks.equal("which runs after a restart", ask(bob, "x"), "good a none")


def failing(project, name):
    """A policy that fails with each message but does not show it in its tests."""
    request = project.bundle(name)
    request["files"]["policy.lua"] = POLICY.format(name=name).replace('== "fail"', '~= "x"')
    return request


def give_way(checks, project, client):
    before = len(project.relay.logged("has failed too often"))
    for _ in range(5):
        client.send(frame(TEXT, b"fail"))
    checks.true("it gives way", wait_until(
        lambda: len(project.relay.logged("has failed too often")) > before, 3))


def standby(checks):
    """What may run again is kept, however few deployments are."""
    with Project(errors=True, limits={"breaker_failures": 5, "deployments_kept": 1}) as project:
        for request in (project.bundle("good"), failing(project, "bad"), failing(project, "bad"),
                        failing(project, "bad")):
            checks.equal("a deployment", project.post("/deploy", request)[0], 200)
        checks.equal("the one to fall back to is kept beside what runs and what ran", project.numbers(),
                     ([1, 3, 4], 4))
        with connected(project.relay) as ana:
            give_way(checks, project, ana)
            checks.equal("to one that is there", [ask(ana, "x"), project.numbers()], ["good a none", ([1, 3, 4], 1)])
        project.restart()
        with connected(project.relay) as ana:
            checks.equal("a restart runs it", ask(ana, "x"), "good a none")
            checks.equal("then the others go", [project.post("/deploy", project.bundle("more"))[0],
                                                project.numbers()], [200, ([1, 5], 5)])


def standby_of_elders(checks):
    """Versions that finish their lobbies are kept as well: they take over when the newest fails."""
    with Project(errors=True, limits={"breaker_failures": 5, "deployments_kept": 1}) as project:
        def rooms(name, **more):
            return {"script": "rooms.lua", "files": {"rooms.lua": ROOMS}, "settings": {"name": name}, **more}

        broken = {"script": "rooms.lua", "new_lobbies": True, "files": {"rooms.lua": ROOMS.replace(
            "function policy.on_message(peer, message)",
            'function policy.on_message(peer, message)\n  if message:text() == "fail" then error("as asked") end')}}
        checks.equal("the first", project.post("/deploy", rooms("one"))[0], 200)
        with connected(project.relay) as ana, connected(project.relay) as bob:
            checks.equal("has a lobby", ask(ana, "den"), "one")
            checks.equal("two more beside it", [project.post("/deploy", {**broken, "settings": {"name": name}})[0]
                                                for name in ("two", "three")], [200, 200])
            checks.equal("all are kept", project.numbers(), ([1, 2, 3], 3))
            for _ in range(3):
                give_way(checks, project, bob)
                if project.numbers()[1] == 1:
                    break
            numbers, running = project.numbers()
            checks.true("the one that runs then is there", running in numbers and running < 3, "", (numbers, running))
        project.restart()
        checks.equal("a restart runs it", project.numbers()[1], running)


def given_way_meanwhile(checks):
    """A version gives way while the next one is tried: that has replaced what ran then, not what has failed."""
    with Project(errors=True, limits={"breaker_failures": 5}) as project, connected(project.relay) as ana:
        checks.equal("two deployments", [project.post("/deploy", request)[0] for request in
                                         (project.bundle("good"), failing(project, "bad"))], [200, 200])
        request = project.bundle("next")
        request["files"]["slow_test.lua"] = SLOW_BUT_SOUND
        request["tests"].append("slow_test.lua")
        answers = []
        thread = threading.Thread(target=lambda: answers.append(project.post("/deploy", request)))
        thread.start()
        wait_until(lambda: children(project.relay), 3)
        give_way(checks, project, ana)
        checks.true("during the trial", not answers and children(project.relay), "a trial", answers)
        thread.join()
        checks.equal("which goes into service", [answers[0][0], ask(ana, "x")], [200, "next a none"])
        checks.equal("and back is the sound one", [project.post("/rollback", {})[1].get("number"), ask(ana, "x")],
                     [1, "good a none"])


def ended_by_others(checks):
    """How a trial ended that the relay did not end; and a relay that is started with SIGCHLD ignored."""
    with Project() as project:
        request = project.bundle()
        request["files"]["slow_test.lua"] = SLOW
        request["tests"].append("slow_test.lua")
        for name, number, expected in (("SIGKILL", signal.SIGKILL, "no memory left for it"),
                                       ("SIGXCPU", signal.SIGXCPU, "its time of the processor"),
                                       ("SIGUSR1", signal.SIGUSR1, f"by signal {signal.SIGUSR1:d}")):
            answers = []
            thread = threading.Thread(target=lambda: answers.append(project.post("/deploy", request)))
            thread.start()
            wait_until(lambda: children(project.relay), 3)
            (child,) = children(project.relay)

            def spent():
                return resource.prlimit(child, resource.RLIMIT_CPU)

            checks.true("the time of the processor ends by SIGXCPU first", wait_until(
                lambda: 0 < spent()[0] < spent()[1], 3), "a soft limit below the hard one", spent())
            os.kill(child, number)
            thread.join()
            code, answer = answers[0]
            checks.true(f"{name} is told", code == 422 and expected in answer["error"], expected, answers)
    ignoring = ("import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
                "os.execv(sys.argv[1], sys.argv[1:])")
    with Project(prefix=[sys.executable, "-c", ignoring]) as project, connected(project.relay) as ana:
        checks.equal("with SIGCHLD ignored a deployment ends", project.post("/deploy", project.bundle("new"))[0], 200)
        checks.equal("and serves", ask(ana, "x"), "new a none")

        def used():
            with open(f"/proc/{project.relay.process.pid}/stat", encoding="utf-8") as file:
                return sum(int(word) for word in file.read().rsplit(")", 1)[1].split()[11:13])

        before = used()
        time.sleep(0.5)
        checks.true("the loop rests", used() - before < 20, "less than 20 ticks", used() - before)
        checks.equal("the next is taken", project.post("/deploy", project.bundle("newer"))[0], 200)


def refused_by_the_mount(checks):
    """What passes its trial and does not load in the relay: what runs, what is kept and what is said agree."""
    with Project() as project, connected(project.relay) as ana:
        checks.equal("a first", project.post("/deploy", project.bundle("first"))[0], 200)
        bad = project.bundle("bad")
        bad["files"]["policy.lua"] = POLICY.format(name="bad").replace(
            "return policy", 'function policy.on_reload() error("not from that one") end\nreturn policy')
        code, answer = project.post("/deploy", bad)
        checks.true("is refused", code == 422 and "not from that one" in answer["error"], 422, answer)
        checks.equal("and what ran runs on", [ask(ana, "x"), project.numbers(), project.leftovers(), sorted(
            os.listdir(os.path.join(project.store, "%2F")))], ["first a none", ([1], 1), [], ["1", "current"]])
        # A module that is there and cannot be read, found while something else is loaded.
        word = os.path.join(project.served, "word.lua")
        os.remove(word)
        os.mkdir(word)
        code, answer = project.post("/rollback", {"to": 0})
        checks.true("a module that cannot be read is told", code == 422 and "it is a folder" in answer["error"], 422,
                    answer)
        code, answer = project.post("/deploy", bad)
        checks.true("but not with what has nothing to do with it", code == 422 and "not from that one" in
                    answer["error"] and "folder" not in answer["error"], 422, answer)
        project.restart()
        with connected(project.relay) as bob:
            checks.equal("a restart runs it", ask(bob, "x"), "first a none")


def patience(checks):
    """The commands wait for as long as the relay takes, and no longer than it lives."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        words = [BINARY, "rollback", "--admin", f"127.0.0.1:{server.getsockname()[1]}"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as client:
            connection, _ = server.accept()
            ends = [f":{name[1]:04X}" for name in (connection.getpeername(), connection.getsockname())]
            connection.recv(1 << 16)
            time.sleep(2.5)
            with open("/proc/net/tcp", encoding="utf-8") as file:
                timers = [words[5] for words in map(str.split, file) if [word[-5:] for word in words[1:3]] == ends]
            # proc_net_tcp(5): timer 2 is the one of keep-alive.
            checks.true("the connection is kept alive", timers and timers[0].startswith("02:"), "02:", timers)
            checks.equal("it waits beyond the time of other answers", client.poll(), None)
            connection.close()
            checks.true("until the relay is gone", client.wait(5) == 1 and client.stdout.read())


def load(checks):
    """Numbers that stream through lobbies while versions are deployed."""
    with Project() as project:
        def pairs(turn):
            return {"script": "pairs.lua", "files": {"pairs.lua": PAIRS.format(name=turn)}, "tests": []}

        async def run():
            heard = [[] for _ in range(10)]
            streams = [asyncio.create_task(stream(project.relay.url, f"p{i}", 2000, heard[i])) for i in range(10)]
            turns = 0
            while turns < 15 or not all(task.done() for task in streams):
                turns += 1
                way = ("/rollback", {}) if turns % 5 == 0 else ("/deploy", pairs(turns))
                code, answer = await asyncio.to_thread(project.post, *way)
                if code != 200:
                    checks.equal(f"deployment {turns}", [code, answer], 200)
                if turns > 500:
                    break
            await asyncio.gather(*streams)
            return heard, turns

        project.post("/deploy", pairs(0))
        heard, turns = asyncio.run(run())
        checks.true("10 streams of 2000 messages arrive whole and in order",
                    all(numbers == list(range(2000)) for numbers in heard), "all", [len(each) for each in heard])
        print(f"{turns} deployments and rollbacks meanwhile")
        checks.equal("no descriptor is lost", wait_until(
            lambda: project.relay.descriptors() <= project.relay.descriptors_at_start + 1, 5), True)


if __name__ == "__main__":
    run_scenarios(Checks(), [(commands,), (here,), (refused,), (drip,), (one_at_a_time,), (restart,), (killed,),
                             (full,), (kept,), (several,), (new_lobbies,), (too_many_versions,),
                             (folders,), (breaker,), (standby,), (standby_of_elders,), (given_way_meanwhile,),
                             (ended_by_others,), (refused_by_the_mount,), (patience,), (load,)])
