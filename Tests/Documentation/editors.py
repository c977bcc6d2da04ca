#!/usr/bin/env python3
"""What editors are told of the Lua API is what there is: definitions are of this api.def, examples run."""

import json
import os
import re
import tempfile

import luals
from lua_api import rows
from page import lobbyist

from relay import ROOT, Checks, run_scenarios

# They want a connection that was lost, or comes back: plugins/resume.talk plays both.
ONLY_LOADED = (("peer", "keep"), ("peer", "take_over"))
DATA = '"to":2,"data":{"x":1.5,"ok":true}'
POLICY = """\
local runs = {}
%s

local policy = { timers = {} }
for _, name in ipairs { "not_joined", "sealed", "every_minute" } do policy.timers[name] = function() end end

local function numbered(number)
  return mount:peers("number", number)[1]
end

function policy.on_connect(peer)
  peer.number = mount:peer_count()
  if peer.number ~= 2 then return end
  local lobby = mount:create_lobby("den")
  lobby:add(numbered(1), 1)
  lobby:add(peer, 2)
end

function policy.on_message(peer, message)
  runs[message:integer("run")](message, nil, peer, numbered(2), numbered(3), mount:find_lobby("den"))
end

local function on_any_request(request)
  return runs[math.tointeger(tonumber(request:path():sub(2)))](nil, request)
end

function policy.on_request(request)
  if not on_any_request(request) then request:answer(200, "done") end
end

function policy.on_upgrade(request)
  if request:path() ~= "/" then return on_any_request(request) end
end

return policy
"""


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def loads(checks, name, text):
    with tempfile.TemporaryDirectory() as folder:
        code, lines = lobbyist("check", write(folder, "script.lua", text))
        checks.equal(name, [code, lines[1:]], [0, []])
        if code:
            print("\n".join(lines))


def written(checks):
    checks.equal("plugins/library/lobbyist.lua is what luals.py writes", read("plugins/library/lobbyist.lua"),
                 luals.library())
    checks.equal("every row of api.def has its example", luals.unmatched(), [])


def syntax(checks):
    """Only compiled: nothing of it is ever run."""
    text = luals.library()
    loads(checks, "the definitions are Lua", "local mount, relay, random, crypto, json, require\n"
          f"return {{ on_request = function()\n{text}\nend }}\n")
    long = [line for line in text.splitlines() if len(line) > luals.COLUMNS]
    checks.equal("no line is too long", long, [])


def annotations(checks):
    """Every type that is named is defined."""
    text = luals.library()
    known = set(re.findall(r"^---@(?:class|alias) ([\w.]+)", text, re.MULTILINE))
    known |= {"any", "boolean", "fun", "integer", "nil", "number", "string", "table", "T", "userdata"}
    named = re.findall(r"^---@(?:param \S+|return|type|class [\w.]+:|alias \w+) ([\w.|\[\]]+)", text, re.MULTILINE)
    for name in sorted({part.rstrip("[]") for words in named for part in words.split("|")}):
        checks.true(f"the type {name} is known", name in known, known, name)
    checks.true("types are found", len(named) > 150, "more than 150", len(named))


def by_hand(checks):
    """What api.def does not define is there all the same."""
    text = luals.library()
    hooks = re.search(r"lh_hook_names\[LH_HOOK_COUNT\] = \{(.*?)\}", read("Sources/LuaHost/load.c"), re.DOTALL)
    # on_reload is never called.
    checks.equal("the hooks", sorted(re.findall(r"^function (?:policy|plugin)\.(on_\w+)\(", text, re.MULTILINE)),
                 sorted(set(re.findall(r'"(\w+)"', hooks.group(1))) - {"on_reload"}))
    listed = re.search(r"\bjson = \{ fields = \{ ([^}]*) \}", read(".luacheckrc")).group(1)
    checks.equal("json", sorted(re.findall(r"^(?:function )?json\.(\w+)", text, re.MULTILINE)),
                 re.findall(r"\w+", listed))
    for name in ("relay.settings", "require"):
        checks.true(name, f"\nfunction {name}(" in text)


def settings(checks):
    """.luarc.json names the library, and takes away what the sandbox has not."""
    luarc = json.loads(read(".luarc.json"))
    checks.equal("the version of Lua", luarc["runtime.version"], "Lua 5.4")
    for folder in luarc["workspace.library"]:
        checks.true(f"{folder} exists", os.path.isdir(os.path.join(ROOT, folder)))
    lacking = read("docs/lua-api.md").partition("There is not:\n\n")[2].partition("\n")[0]
    checks.equal("libraries that are not there", sorted(luarc["runtime.builtin"]),
                 sorted(re.findall(r"`(\w+)`", lacking)))
    checks.equal("they are all disabled", set(luarc["runtime.builtin"].values()), {"disable"})
    words = re.search(r"lobbyist\.lua\"\] = \{ read_globals = \{([^}]*)\}", read(".luacheckrc")).group(1)
    # `mount` is the relay's too.
    checks.equal("the words of configurations", luarc["diagnostics.globals"],
                 sorted(set(re.findall(r'"(\w+)"', words)) - {"mount"}))


def steps(number, row, example):
    if row[0] != "request":
        return f'Ana, Bob and Cid connect\nAna >> {{"run":{number},{DATA}}}'
    if re.search(r":(?:refuse|choose|attach|offers)\(", example):
        connects = f'Ana connects to /{number} with subprotocol "room.v1"'
        refused = re.search(r":refuse\((\d+)", example)
        return f"{connects}\nAna is refused {refused.group(1)}" if refused else connects
    return f"GET /{number}\nreply 200"


def examples(checks):
    """Each runs on its own, and its hook does not fail."""
    cases = list(enumerate(zip(rows()[0], luals.examples()), start=1))
    functions = [f"runs[{number}] = function(message, request, peer, other, newcomer, lobby) {example} end"
                 for number, (_, example) in cases]
    policy = POLICY % "\n".join(functions)
    played = [(number, row, example) for number, (row, example) in cases if row[:2] not in ONLY_LOADED]
    checks.equal("few are not played", len(cases) - len(played), len(ONLY_LOADED))
    talk = "\n".join(f"--- {luals.call(*row[:2])}\npolicy examples.lua\n{steps(number, row, example)}\n... and more"
                     for number, row, example in played)
    broken = policy.replace('peer:send("welcome")', 'peer:sent("welcome")')
    with tempfile.TemporaryDirectory() as folder:
        script = write(folder, "examples.lua", policy)
        path = write(folder, "examples.talk", talk + "\n")
        code, lines = lobbyist("test", path)
        checks.equal("the examples run", [code, lines[-1:]], [0, [f"{len(played)} passed, 0 failed"]])
        if code:
            print("\n".join(lines))
        write(folder, os.path.basename(script), broken)
        checks.equal("an example that fails is noticed", lobbyist("test", path)[1][-1:],
                     [f"{len(played) - 1} passed, 1 failed"])


if __name__ == "__main__":
    run_scenarios(Checks(), [(written,), (syntax,), (annotations,), (by_hand,), (settings,), (examples,)])
