#!/usr/bin/env python3
"""`lobbyist check` and what else is told of scripts and configurations: with its place, and with what to do."""

import json
import os
import socket
import subprocess
import tempfile

from relay import BINARY, ROOT, Checks, run_scenarios

SECONDS = 30
ALWAYS = """local settings = relay.settings { max = 4 }
return {
  on_message = function(peer)
    %s
  end,
}
"""


def lobbyist(*arguments, cwd):
    done = subprocess.run([BINARY, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=SECONDS)
    return done.returncode, done.stdout.splitlines()


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def calls(checks):
    """Calls that fail every time they run, and what they are told with: an error fails the check."""
    wrong = (
        ("peer:close('x')", 1, "4:10: error: argument 1 of peer:close, 'code', is a number, not a string"),
        ("peer:close(99999)", 1, "4:10: error: a close code is 1000-1003, 1007-1014 or 3000-4999, not 99999"),
        ("peer:close(settings.maxx)", 1, "4:25: error: no setting is declared as 'maxx': did you mean 'max'?"),
        ("peer.foo.bar = 3", 0, "4:10: warning: every trial call of on_message fails here: "
                                "attempt to index a nil value (field 'foo')"),
    )
    with tempfile.TemporaryDirectory() as folder:
        for call, expected, finding in wrong:
            write(folder, "p.lua", ALWAYS % call)
            code, lines = lobbyist("check", "p.lua", cwd=folder)
            checks.equal(call, [code, lines[0]], [expected, f"p.lua:{finding}"])


CONFIGURATIONS = (
    ("a word too many", "listen \"127.0.0.1:9\"\nfoo 3\n", "c.lua", 2, 5, "syntax error near '3'"),
    ("a script that is not there", 'listen "127.0.0.1:9"\n\nmount "/" { script = "nowhere.lua" }\n', "c.lua", 3, 1,
     "cannot read nowhere.lua: No such file or directory"),
    ("a setting that there is not", 'listen "127.0.0.1:9"\nmount "/" {\n  script = "p.lua",\n  settings = { maxx = 1 },\n}',
     "c.lua", 4, 16, "no setting is named 'maxx': did you mean 'max'?"),
    ("a setting of another type", 'listen "127.0.0.1:9"\nmount "/" { script = "p.lua", settings = { max = "x" } }',
     "c.lua", 2, 44, "setting max: 'x' is not a number"),
    ("a script that does not load", 'listen "127.0.0.1:9"\nmount "/" { script = "broken.lua" }', "./broken.lua", 2, 3,
     "hook 'on_message' is a number, not a function"),
)


def configurations(checks):
    """The place is where an editor finds it, in both forms."""
    with tempfile.TemporaryDirectory() as folder:
        write(folder, "p.lua", ALWAYS % "peer:send('x')")
        write(folder, "broken.lua", "return {\n  on_message = 3,\n}")
        for name, text, file, line, column, message in CONFIGURATIONS:
            write(folder, "c.lua", text)
            code, lines = lobbyist("check", "--config", "c.lua", cwd=folder)
            checks.equal(f"{name}: as text", [code, lines], [1, [f"{file}:{line}:{column}: error: {message}"]])
            code, lines = lobbyist("check", "--json", "--config", "c.lua", cwd=folder)
            checks.equal(f"{name}: as JSON", [code, [json.loads(line) for line in lines]], [1, [{
                "file": file, "line": line, "column": column, "severity": "error", "message": message}]])
        code, lines = lobbyist("check", "--json", "--config", "none.lua", cwd=folder)
        checks.equal("no file at all", [code, json.loads(lines[0])], [1, {
            "file": "none.lua", "line": 1, "column": 1, "severity": "error",
            "message": "cannot read none.lua: No such file or directory"}])


KNOWN = (
    ("statements", 'limits { conections = 1 }\nmount "/" { script = "p.lua" }', 1,
     "./c.lua:1:10: error: no limit is named 'conections': did you mean 'connections'?"),
    ("mounts in a loop", 'for _, path in ipairs { "/a", "/b" } do mount(path) { script = "p.lua", listen = ":0" } end',
     0, "ok  ./c.lua (2 mounts)"),
    ("mounts elsewhere", 'listen "127.0.0.1:0"\nrequire "mounts"', 0, "ok  ./c.lua (1 mount)"),
    ("no mount", 'listen "127.0.0.1:0"', 1,
     './c.lua:1:1: error: it mounts nothing: mount "/" { script = "scripts/godot.lua" }'),
    ("a word that is the policy's own", "local function listen() end\nlisten()\nreturn { on_connect = 3 }", 1,
     "./c.lua:3:10: error: hook 'on_connect' is a number, not a function"),
    ("a word in a policy", 'log("here")\nreturn {}', 1, "./c.lua:1:1: error: unknown global 'log'"),
)


def recognised(checks):
    """A configuration is known by what it says, whatever its name."""
    with tempfile.TemporaryDirectory() as folder:
        write(folder, "p.lua", "return {}")
        write(folder, "mounts.lua", 'mount "/" { script = "p.lua" }')
        for name, text, expected, line in KNOWN:
            write(folder, "c.lua", text)
            code, lines = lobbyist("check", "./c.lua", cwd=folder)
            checks.equal(name, [code, lines[0]], [expected, line])


def starting(checks):
    """`serve` tells the place too."""
    wrong = (
        ("return { on_message = 3 }", "1:10: hook 'on_message' is a number, not a function"),
        ("return {\n  on_mesage = print }", "2:3: no hook is named 'on_mesage': did you mean 'on_message'?"),
        ("local policy = {}\nlocal x = 1\n", "2:11: the script returns nothing; "
                                              "it ends with 'return policy', a table of hooks"),
    )
    with tempfile.TemporaryDirectory() as folder:
        for text, complaint in wrong:
            write(folder, "p.lua", text)
            code, lines = lobbyist("serve", "--script", "p.lua", "--listen", "127.0.0.1:0", cwd=folder)
            checks.equal(complaint, [code, lines], [1, [f"lobbyist: the script does not load: p.lua:{complaint}"]])


def taken(checks):
    """A port that is in use: where its number stands, or the option that gives another."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        reason = (f"cannot listen on {address}: port {server.getsockname()[1]} is in use: stop the other program or "
                  "choose another port")
        write(folder, "p.lua", "return {}")
        write(folder, "c.lua", f'\nlisten "{address}"\nmount "/" {{ script = "p.lua" }}')
        own = ["--script", "p.lua", "--listen"]
        for name, arguments, expected in (
                ("in a configuration", ["--config", "c.lua"], f"lobbyist: c.lua:2: {reason}"),
                ("as an option", [*own, address], f"lobbyist: {reason} with --listen"),
                ("for the operator", [*own, "127.0.0.1:0", "--admin", address], f"lobbyist: {reason} with --admin")):
            checks.equal(name, lobbyist("serve", *arguments, cwd=folder), (1, [expected]))


def advice(checks):
    """Messages that say what to do."""
    with tempfile.TemporaryDirectory() as folder:
        lobbyist("new", "game", cwd=folder)
        write(folder, "hook.lua", "return { on_message = function() end }")
        for script in ("game.lua", "hook.lua"):
            code, lines = lobbyist("test", script, cwd=folder)
            checks.equal(f"{script} is no test", [code, lines[0]], [
                1, f"FAILED  {script}: this is a policy or a plugin, not tests: name its conversation, a file that ends "
                   "in .talk, or its tests, a file that ends in _test.lua"])
    code, lines = lobbyist("check", "--plugin", "plugins/token.lua", cwd=ROOT)
    checks.true("token wants keys", code == 1 and "--set token.keys=SECRET" in lines[0], lines)


if __name__ == "__main__":
    run_scenarios(Checks(), [(calls,), (configurations,), (recognised,), (starting,), (taken,), (advice,)])
