#!/usr/bin/env python3
"""`lobbyist test` as a tool for authors: unit tests of modules and of policies with peers, coverage, and runs that
follow the files as they change."""

import json
import os
import signal
import subprocess
import tempfile
import threading

from relay import BINARY, ROOT, Checks, run_scenarios, wait_until

WATCH_SECONDS = 10
ECHO = """
local settings = relay.settings { greeting = "", words = {} }
local policy = { timers = {} }

function policy.on_upgrade(request)
  if request:path() == "/no" then return request:refuse(403, "No entry") end
  if request:offers("b") then request:choose("b") end
end

function policy.on_connect(peer)
  if settings.greeting ~= "" then peer:send(settings.greeting .. table.concat(settings.words, "+")) end
end

function policy.on_message(peer, message)
  if message:is_binary() then return peer:send_binary("<" .. message:text() .. ">") end
  local text = message:text()
  if text == "close" then return peer:close(4000, "closed") end
  if text == "break" then error("it broke") end
  if text == "later" then return peer:after(5, "late") end
  peer:send(text)
end

function policy.timers.late(peer)
  peer:send("late")
end

function policy.on_request(request)
  return request:answer(200, request:header("x") or "none")
end

return policy
"""
PEERS = """
local tests = {}

local function echo(t, settings, options) return t.serve("echo.lua", settings, options) end

function tests.talks(t)
  local server = echo(t)
  local ana, bob = server:connect("/"), server:connect("/x?y=1", { from = "2001:db8::1" })
  ana:send("one")
  ana:send("two")
  bob:send_binary("\\0\\xff")
  t.equal(ana:hears(), { "one", "two" })
  t.equal(ana:hears(), {})
  t.equal(bob:hears(), { { binary = "<\\0\\xff>" } })
  ana:send("close")
  t.equal(ana:hears(), { { closed = 4000, reason = "closed" } })
  bob:drop()
  t.fails(function() bob:send("gone") end, "has dropped its connection")
end

function tests.settings_and_limits(t)
  local server = echo(t, { greeting = "hello ", words = { "a", "b" } }, { limits = { message_bytes = 5 } })
  local ana = server:connect("/")
  t.equal(ana:hears(), { "hello a+b" })
  ana:send("123456")
  t.equal(ana:hears()[1].closed, 1009)
end

function tests.handshakes(t)
  local server = echo(t)
  t.equal(server:connect("/no"):hears(), { { refused = 403, body = "No entry" } })
  local ana = server:connect("/", { subprotocols = { "a", "b" } })
  t.equal(ana.subprotocol, "b")
  t.equal(server:connect("/").subprotocol, nil)
  t.equal({ server:request("GET", "/", "", { headers = { X = "yes" } }) }, { 200, "yes" })
  t.equal({ server:request("GET", "/") }, { 200, "none" })
end

function tests.time_is_virtual(t)
  local server, other = echo(t), echo(t)
  local ana, bob = server:connect("/"), other:connect("/")
  ana:send("later")
  bob:send("later")
  server:after(5)
  t.equal(ana:hears(), { "late" })
  t.equal(bob:hears(), {})
end

function tests.mistakes(t)
  local server = echo(t)
  local ana = server:connect("/")
  t.fails(function() ana:send("break") end, "on_message failed: ")
  t.fails(function() ana:send(nil) end, "send wants a string")
  t.fails(function() ana.send("x") end)
  t.fails(function() server:after(-1) end, "after wants seconds")
  t.fails(function() server:connect("/", { from = "here" }) end, "'here' is no IP address")
  t.fails(function() t.serve("nowhere.lua") end, "no file nowhere.lua")
  t.fails(function() echo(t, { greting = "x" }) end, "did you mean 'greeting'?")
  t.fails(function() echo(t, {}, { limits = { bytes = 1 } }) end, "bytes")
end

return tests
"""
MODULE = """local sums = {}

function sums.add(a, b)
  return a + b
end

function sums.never(a)
  if a then
    return 1
  end
  return 2
end

return sums
"""
SUMS = """local sums = require "sums"
local tests = {}
function tests.adds(t) t.equal(sums.add(1, 2), 3) end
return tests
"""


class Folder:
    def __init__(self, **files):
        self.folder = tempfile.TemporaryDirectory()
        for name, text in files.items():
            self.write(name.replace("__", ".").replace("_dot_", "/"), text)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def replace(self, name, text):
        """As editors save: a new file beside it, renamed over it."""
        self.write(f".{name}.new", text)
        os.rename(self.path(f".{name}.new"), self.path(name))

    def test(self, *arguments):
        done = subprocess.run([BINARY, "test", *arguments], cwd=self.folder.name, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60)
        return done.returncode, done.stdout.splitlines()


def peers(checks):
    with Folder(echo__lua=ECHO, echo_test__lua=PEERS) as folder:
        code, lines = folder.test("echo_test.lua")
        checks.equal("a policy's unit tests pass", [code, lines[-1]], [0, "5 passed, 0 failed"])
        if code:
            print("\n".join(lines))


def counting(checks):
    talk = "policy echo.lua\nAna connects\nAna >> text \"x\"\nAna << text \"x\"\n"
    failing = SUMS.replace(", 3)", ", 4)")
    with Folder(echo__lua=ECHO, echo__talk=talk, sums__lua=MODULE, sums_test__lua=SUMS, wrong_test__lua=failing,
                broken_test__lua="return {") as folder:
        code, lines = folder.test()
        checks.equal("conversations and unit tests are counted together", [code, lines[-1]],
                     [1, "2 passed, 2 failed"])
        checks.true("a failure tells its line and both values",
                    "  ./wrong_test.lua:3: adds: expected 4, got 3" in lines, got=lines)
        checks.true("what does not compile tells its line",
                    any(line.startswith("FAILED  ./broken_test.lua:1: ") for line in lines), got=lines)
        checks.equal("only the files that are named are run", folder.test("sums_test.lua")[1][-1],
                     "1 passed, 0 failed")


def coverage(checks):
    with Folder(sums__lua=MODULE, sums_test__lua=SUMS, echo__lua=ECHO, echo_test__lua=PEERS) as folder:
        plain = folder.test("sums_test.lua")
        code, lines = folder.test("--coverage", "sums_test.lua")
        checks.equal("coverage is told before the sum", [code, lines[-2:]],
                     [0, ["sums.lua   70 %  not run: 8-9, 11", "1 passed, 0 failed"]])
        checks.equal("without it nothing is", [plain[0], len(plain[1])], [0, 2])
        code, lines = folder.test("--coverage=json", ".")
        found = {file["path"]: file["not_run"] for file in json.loads(lines[-2])["files"]}
        checks.equal("in JSON for all files", [code, found], [0, {"sums.lua": [8, 9, 11], "echo.lua": []}])
        checks.equal("another form is none", folder.test("--coverage=xml", ".")[0], 2)
        failing = SUMS.replace(", 3)", ", 4)")
        folder.write("sums_test.lua", failing)
        checks.equal("a failure stays one", folder.test("--coverage", "sums_test.lua")[0], 1)
    code = subprocess.run([BINARY, "test", "--coverage", "scripts/godot.talk"], cwd=ROOT, stdout=subprocess.PIPE,
                          text=True, timeout=60)
    checks.true("a script's conversations cover it",
                any(line.startswith("scripts/godot.lua ") for line in code.stdout.splitlines()), got=code.stdout[-400:])


class Watching:
    """`lobbyist test --watch` and the lines that it has printed."""

    def __init__(self, folder, *arguments):
        self.lines = []
        # Who runs in the background may ignore SIGINT, and what it starts then does, too.
        self.process = subprocess.Popen([BINARY, "test", "--watch", *arguments], cwd=folder.folder.name,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def sums(self):
        """The line of each run, without its times."""
        return [line.split("  ", 1)[1].rsplit(" (", 1)[0] for line in list(self.lines) if " passed, " in line]

    def wait(self, runs):
        wait_until(lambda: len(self.sums()) >= runs, WATCH_SECONDS)
        return self.sums()

    def end(self):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(WATCH_SECONDS)
        self.reader.join(WATCH_SECONDS)
        self.process.stdout.close()
        return code


def watching(checks):
    passed, failed = "1 passed, 0 failed", "0 passed, 1 failed"
    with Folder(sums__lua=MODULE, sums_test__lua=SUMS) as folder:
        watch = Watching(folder, ".")
        try:
            checks.equal("the first run is at once", watch.wait(1), [passed])
            folder.replace("sums.lua", MODULE.replace("a + b", "a - b"))
            checks.equal("a module that changes is run", watch.wait(2), [passed, failed])
            checks.true("its failure is told", "  ./sums_test.lua:3: adds: expected 3, got -1" in watch.lines,
                        got=watch.lines)
            checks.true("what passes is not", not any(line.startswith("ok") for line in watch.lines))
            for text in (MODULE + "\n", MODULE + "\n\n", MODULE):
                folder.write("sums.lua", text)
            checks.equal("a burst is one run", watch.wait(3), [passed, failed, passed])
            folder.write("notes.txt", "x")
            os.mkdir(folder.path("more"))
            folder.write("more/more_test.lua", "return { one = function() end }")
            checks.equal("a new folder is found, a note is nothing", watch.wait(4)[3:], ["2 passed, 0 failed"])
            folder.write("more/more_test.lua", "return { one = function() error('no') end }")
            checks.equal("and watched", watch.wait(5)[4:], ["1 passed, 1 failed"])
            os.remove(folder.path("more/more_test.lua"))
            checks.equal("a test that is deleted is gone", watch.wait(6)[5:], [passed])
        finally:
            code = watch.end()
        checks.equal("Ctrl-C ends it", code, -signal.SIGINT)


if __name__ == "__main__":
    run_scenarios(Checks(), [(peers,), (counting,), (coverage,), (watching,)])
