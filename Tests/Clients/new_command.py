#!/usr/bin/env python3
"""`lobbyist new`: what it writes loads, plays and is clean; what is there already stays; mistakes are told."""

import os
import shutil
import subprocess
import tempfile

from relay import BINARY, ROOT, Checks, Relay, run_scenarios

SECONDS = 30
CONVERSATIONS = 4


def lobbyist(*arguments, cwd, program=BINARY):
    done = subprocess.run([program, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=SECONDS)
    return done.returncode, done.stdout.splitlines()


def content(folder):
    found = {}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                found[name] = file.read()
    return found


def skeleton(checks, name, arguments, loads, wrote, serves):
    """The commands that are printed work as they stand, all but `serve`, which would not end."""
    with tempfile.TemporaryDirectory() as folder:
        code, lines = lobbyist("new", name, *arguments, cwd=folder)
        checks.equal(f"{name}: written", [code, lines[:1]], [0, [f"wrote {' and '.join(', '.join(wrote).rsplit(', ', 1))}"]])
        checks.equal(f"{name}: nothing else", sorted(content(folder)), sorted(wrote))
        checks.equal(f"{name}: the next commands", lines[1:], [
            f"  {BINARY} check {loads}{name}.lua", f"  {BINARY} test {name}.talk",
            f"  {BINARY} serve {serves}"])
        for line in lines[1:-1]:
            code, printed = lobbyist(*line.split()[1:], cwd=folder)
            checks.equal(f"{name}: {line.split()[1]}", code, 0)
        checks.equal(f"{name}: all are played", printed[-1:], [f"{CONVERSATIONS} passed, 0 failed"])
        code, printed = lobbyist("test", os.path.join(folder, f"{name}.talk"), cwd=ROOT)
        checks.equal(f"{name}: played from another folder", code, 0)
        for file, text in content(folder).items():
            checks.true(f"{file}: ends with one line break", text.endswith("\n") and not text.endswith("\n\n"))
            checks.true(f"{file}: no line is too long", max(map(len, text.splitlines())) <= 120)
        if shutil.which("luacheck"):
            scripts = [file for file in wrote if file.endswith(".lua")]
            command = ["luacheck", "--config", os.path.join(ROOT, ".luacheckrc"), *scripts]
            done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True)
            checks.equal(f"{name}: luacheck", [done.returncode, done.stdout if done.returncode else ""], [0, ""])
        else:
            print("left to systems with luacheck: whether it likes what is written")


def policy(checks):
    skeleton(checks, "duel", [], "", ["duel.lua", "duel.talk"], "--script duel.lua")


def plugin(checks):
    wrote = ["house_rules.lua", "house_rules.talk", "house_rules_policy.lua"]
    skeleton(checks, "house_rules", ["--plugin"], "--plugin ", wrote,
             "--plugin house_rules.lua --script house_rules_policy.lua")


def alone(checks):
    """What is written needs nothing that comes with the relay; what does says where it was looked for."""
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "lobbyist")
        shutil.copy(BINARY, program)
        lobbyist("new", "duel", cwd=folder, program=program)
        lobbyist("new", "rules", "--plugin", cwd=folder, program=program)
        code, lines = lobbyist("test", cwd=folder, program=program)
        checks.equal("conversations play where the program lies alone", [code, lines[-1]],
                     [0, f"{2 * CONVERSATIONS} passed, 0 failed"])
        for scripts in ["--plugin", "rules.lua"], ["rules_policy.lua"], ["duel.lua"]:
            code, lines = lobbyist("check", *scripts, cwd=folder, program=program)
            checks.equal(f"{scripts[-1]}: checks", [code, len(lines)], [0, 1])
        for arguments, path, option in ([], "scripts/godot.lua", "--script"), \
                (["--script", "duel.lua", "--plugin", "plugins/token.lua"], "plugins/token.lua", "--plugin"):
            code, lines = lobbyist("serve", *arguments, cwd=folder, program=program)
            checks.equal(f"{path}: nowhere", [code, len(lines)], [1, 1])
            for words in (f"cannot read {path}", "this folder", os.path.realpath(folder), option):
                checks.true(f"{path}: the error says {words}", words in lines[0], lines[0])


def live(checks):
    """What is written plays on a running relay too, but for what needs settings or much time."""
    with tempfile.TemporaryDirectory() as folder:
        lobbyist("new", "duel", cwd=folder)
        with Relay(script=os.path.join(folder, "duel.lua")) as relay:
            code, lines = lobbyist("talk", relay.url, "duel.talk", cwd=folder)
            checks.equal("on a live relay", [code, lines[-1]], [0, "2 passed, 0 failed, 2 left out"])


def broken(checks):
    """The conversations look at what the scripts do: with any of these changes one fails."""
    changes = [
        ("duel", [], 'peer:after(settings.join_timeout, "not_joined")', ""),
        ("duel", [], "lobby:count() >= settings.members_max", "lobby:count() < 0"),
        ("duel", [], '"from", own_id', '"from", 7'),
        ("duel", [], "json.encode { left = id }", '"gone"'),
        ("rules", ["--plugin"], "if lobby:count()", "if not lobby:count()"),
        ("rules", ["--plugin"], "return true\n", "return\n"),
        ("rules", ["--plugin"], '== "0"', '== "1"'),
        ("rules", ["--plugin"], '"Nothing heard', '"Something heard'),
    ]
    for name, arguments, old, new in changes:
        with tempfile.TemporaryDirectory() as folder:
            lobbyist("new", name, *arguments, cwd=folder)
            text = content(folder)[f"{name}.lua"]
            checks.true(f"{name} holds {old!r}", old in text)
            with open(os.path.join(folder, f"{name}.lua"), "w", encoding="utf-8") as file:
                file.write(text.replace(old, new))
            checks.equal(f"{name} fails with {new!r}", lobbyist("test", cwd=folder)[0], 1)


def kept(checks):
    """No file is touched when one of them is there."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "duel_policy.lua"), "w", encoding="utf-8") as file:
            file.write("mine")
        answer = lobbyist("new", "duel", "--plugin", cwd=folder)
        checks.equal("a plugin's policy is there", answer, (1, ["lobbyist: duel_policy.lua is there already"]))
        checks.equal("and stays, alone", content(folder), {"duel_policy.lua": "mine"})
    for there in ("duel.lua", "duel.talk"):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, there), "w", encoding="utf-8") as file:
                file.write("mine")
            answer = lobbyist("new", "duel", cwd=folder)
            checks.equal(f"{there} is there", answer, (1, [f"lobbyist: {there} is there already"]))
            checks.equal(f"{there} stays, alone", content(folder), {there: "mine"})
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.join(folder, "nowhere"), os.path.join(folder, "duel.lua"))
        checks.equal("a link that leads nowhere", lobbyist("new", "duel", cwd=folder)[0], 1)
        checks.equal("and still leads nowhere", os.listdir(folder), ["duel.lua"])


def into(checks):
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "my rules"))
        code, lines = lobbyist("new", "duel", "--into", "my rules/", cwd=folder)
        checks.equal("written there", [code, lines[:1]], [0, ["wrote my rules/duel.lua and my rules/duel.talk"]])
        checks.equal("a shell can read the commands", lines[2], f"  {BINARY} test 'my rules/duel.talk'")
        checks.equal("it plays", lobbyist("test", "my rules/duel.talk", cwd=folder)[0], 0)
        checks.equal("there is no such folder", lobbyist("new", "duel", "--into=none", cwd=folder),
                     (1, ["lobbyist: there is no folder none/: make it first, mkdir -p none/"]))


def usage(checks):
    wrong = [(), ("",), ("a", "b"), ("2players",), ("a-b",), ("a.lua",), ("../a",), ("é",), ("a" * 49,), ("lobbyist",),
             ("a", "--frob"), ("a", "--plugin=1"), ("a", "--into")]
    with tempfile.TemporaryDirectory() as folder:
        for arguments in wrong:
            code, lines = lobbyist("new", *arguments, cwd=folder)
            checks.equal(f"new {' '.join(arguments)[:20]}: exit code", code, 2)
            checks.true(f"new {' '.join(arguments)[:20]}: says why",
                        len(lines) == 1 and lines[0].startswith("lobbyist: ") and "new --help" in lines[0], lines)
        checks.equal("the longest name", lobbyist("new", "a" * 48, "--plugin", cwd=folder)[0], 0)
        checks.equal("which plays", lobbyist("test", cwd=folder)[0], 0)
        code, lines = lobbyist("new", "--help", cwd=folder)
        checks.true("the help", code == 0 and lines[0] == "lobbyist new NAME [--into FOLDER]")
        checks.equal("nothing else was written", len(content(folder)), 3)


if __name__ == "__main__":
    run_scenarios(Checks(), [(policy,), (plugin,), (alone,), (live,), (broken,), (kept,), (into,), (usage,)])
