#!/usr/bin/env python3
"""`lobbyist serve --record` and `lobbyist replay`: the same script differs in nothing, another one where it should."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

from relay import BINARY, ROOT, Checks, Relay, run_scenarios, wait_until
from websockets.sync.client import connect

COMMAND_SECONDS = 120
SUMMARY = re.compile(r"(\d+) events of (\d+) connections: (\d+) different")


def lobbyist(*arguments):
    """Exit code and both outputs."""
    run = subprocess.run([BINARY, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, errors="replace", timeout=COMMAND_SECONDS)
    return run.returncode, run.stdout


def recording_relay(file, options=(), **given):
    relay = Relay(**given)
    relay.command += ["--record", file, *options]
    return relay


def events(file):
    with open(file, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def edited(folder, script, old, new):
    """A copy of a script in which one text is otherwise."""
    with open(os.path.join(ROOT, script), encoding="utf-8") as file:
        source = file.read()
    assert old in source, f"{script} lacks {old}"
    path = os.path.join(folder, os.path.basename(script))
    with open(path, "w", encoding="utf-8") as file:
        file.write(source.replace(old, new))
    return path


def same_script(checks, script):
    """The script's own conversations, spoken live."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "recording")
        with recording_relay(file, script=script) as relay:
            code, said = lobbyist("talk", relay.url, os.path.splitext(script)[0] + ".talk")
            checks.equal(f"{script}: spoken live", code, 0)
            if code:
                print(said)
        heard = sum(len(event.get("heard", [])) for event in events(file))
        checks.true(f"{script}: what was heard is recorded", heard > 20, "more than 20", heard)
        code, said = lobbyist("replay", file)
        counts = SUMMARY.search(said)
        checks.equal(f"{script}: nothing differs", [code, counts and counts.group(3)], [0, "0"])
        checks.true(f"{script}: all of it is replayed", counts and int(counts.group(1)) == len(events(file)) - 1)
        if code:
            print(said)


def greet(url, count=2):
    """Some peers in one lobby of godot.lua, who then leave."""
    with connect(url) as host:
        host.send(json.dumps({"type": 0, "id": 0, "data": ""}))
        joined = [json.loads(host.recv()) for _ in range(2)]
        lobby = next(message["data"] for message in joined if message["type"] == 0)
        for _ in range(count):
            with connect(url) as guest:
                guest.send(json.dumps({"type": 0, "id": 0, "data": lobby}))
                guest.recv()


def changed_rule(checks):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "recording")
        with recording_relay(file) as relay:
            with connect(relay.url) as client:
                client.send("nonsense")
                try:
                    client.recv()
                except Exception:  # noqa: BLE001 - the close is what is wanted
                    pass
                reason = client.close_reason
            greet(relay.url)
        checks.equal("nothing differs with the same script", lobbyist("replay", file)[0], 0)
        changed = edited(folder, "scripts/godot.lua", f'"{reason}"', '"What was that?"')
        code, said = lobbyist("replay", file, "--script", changed)
        checks.equal("one thing differs", [code, SUMMARY.search(said).group(3)], [1, "1"])
        checks.true("then", f'peer 1  then  closed 4000 "{reason}"' in said, reason, said)
        checks.true("now", 'now   closed 4000 "What was that?"' in said, "the new reason", said)
        code, said = lobbyist("replay", file, "--script", changed, "--show", "0")
        checks.true("shown are as many as wanted", "and 1 more" in said and "then" not in said, "1 more", said)
        code, said = lobbyist("replay", file, "--plugin", "plugins/capacity.lua", "--set", "capacity.peers_per_lobby=1")
        checks.true("a plugin that is tried out differs", code == 1 and "The lobby is full" in said, "1", said)


def payloads(checks):
    for kind in ("hash", "none"):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "recording")
            with recording_relay(file, ["--record-payloads", kind], settings={"join_timeout": 7}) as relay:
                greet(relay.url)
            with open(file, encoding="utf-8") as lines:
                text = lines.read()
            checks.true(f"{kind}: holds messages", '"event":"message"' in text and '"bytes":' in text)
            for secret in ("127.0.0.1", "drawn", '\\"type\\"', '"7"'):
                checks.true(f"{kind}: holds no {secret}", secret not in text)
            code, said = lobbyist("replay", file)
            checks.true(f"{kind}: cannot be replayed", code == 2 and "only a full recording" in said, "2", said)


def rotation(checks):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "recording")
        with recording_relay(file, ["--record-bytes", "12000"]) as relay:
            for _ in range(10):
                greet(relay.url)
        sizes = [os.path.getsize(path) for path in (file, file + ".1")]
        checks.true("both files are bounded", all(0 < size <= 12000 for size in sizes), "12000 at most", sizes)
        checks.equal("only two", len(os.listdir(folder)), 2)
        checks.equal("for the operator alone", os.stat(file).st_mode & 0o777, 0o600)
        _, said = lobbyist("replay", file)
        checks.true("both are replayed, and what is lost is told",
                    "the beginning of the recording is lost" in said and SUMMARY.search(said), "both", said)


def flushed(checks):
    """Within two seconds, also while nobody says anything."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "recording")
        with recording_relay(file) as relay:
            with connect(relay.url):
                begun = time.monotonic()
                wrote = wait_until(lambda: any(e.get("event") == "connect" for e in whole_events(file)), 5)
                checks.true("an event is written", wrote and time.monotonic() - begun < 2.5)


def whole_events(file):
    with open(file, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines.read().splitlines()]


def broken_disk(checks):
    """A limit on the size of files stands for a disk that is full."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "recording")
        relay = recording_relay(file, errors=True)
        relay.command = ["bash", "-c", 'trap "" XFSZ; ulimit -f 8; exec "$@"', "-", *relay.command]
        with relay:
            for _ in range(12):
                greet(relay.url)
                time.sleep(0.3)
            checks.true("the relay goes on", relay.alive())
            ended = relay.logged("the recording has ended: cannot write")
            checks.equal("and says once that the recording does not", len(ended), 1)
            greet(relay.url)


def refusals(checks):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "recording")
        with recording_relay(file) as relay:
            greet(relay.url)
        with open(file, "rb") as whole:
            content = whole.read()
        garbled = os.path.join(folder, "garbled")
        for name, text, message in [
                ("cut off", content[:-5], r"garbled:\d+: the recording is cut off here"),
                ("no JSON", content.replace(b'"event":"connect"', b'"event":connect"', 1), r"garbled:\d+: not JSON"),
                ("unknown", content.replace(b'"connect"', b'"dance"', 1), r"garbled:\d+: there is no event 'dance'"),
                ("not UTF-8", content.replace(b'"connect"', b'"\xff"', 1), r"garbled:\d+: not UTF-8"),
                ("empty", b"", r"garbled:1: the recording is cut off here")]:
            with open(garbled, "wb") as out:
                out.write(text)
            code, said = lobbyist("replay", garbled)
            checks.true(f"{name}: refused with its line", code == 2 and re.search(message, said), message, said)
        for name, arguments, message in [
                ("no recording", [], "name the recording"),
                ("no such file", [file + "x"], "cannot read"),
                ("no such option", [file, "--fast"], "replay has no option"),
                ("no such mount", [file, "--mount", "x"], "there are godot"),
                ("no such script", [file, "--script", "x.lua"], "cannot read"),
                ("no such setting", [file, "--set", "x=1"], "no setting is named")]:
            code, said = lobbyist("replay", *arguments)
            checks.true(f"{name}: exit code 2, in words", code == 2 and message in said, message, said)
        for name, options, message in [
                ("folder", ["--record", folder], "is no file"),
                ("nowhere", ["--record", "/nowhere/x"], "cannot write"),
                ("no kind", ["--record", file, "--record-payloads", "some"], "full, hash or none"),
                ("no size", ["--record", file, "--record-bytes", "1"], "whole number from"),
                ("no file", ["--record-payloads", "none"], "goes with --record")]:
            code, said = lobbyist("serve", "--listen", "127.0.0.1:0", *options)
            checks.true(f"serve: {name}", code in (1, 2) and message in said, message, said)


def several_mounts(checks):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "recording")
        config = os.path.join(folder, "lobbyist.lua")
        with open(config, "w", encoding="utf-8") as out:
            out.write(f'listen "127.0.0.1:0"\n'
                      f'mount "/a" {{ script = "{ROOT}/scripts/godot.lua" }}\n'
                      f'mount "/b" {{ script = "{ROOT}/scripts/godot.lua" }}\n')
        with recording_relay(file, config=config) as relay:
            greet(relay.url + "/a")
            greet(relay.url + "/b", count=3)
        code, said = lobbyist("replay", file)
        checks.true("one of them is to be named", code == 2 and "--mount godot, godot-2" in said, "2", said)
        for name, connections in [("godot", 3), ("godot-2", 4)]:
            code, said = lobbyist("replay", file, "--mount", name)
            counts = SUMMARY.search(said)
            checks.equal(f"{name}: nothing differs", [code, counts and counts.group(2)], [0, str(connections)])


def kept_peers(checks):
    """A connection that another one takes over, with what waited for it."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "recording")
        with recording_relay(file, plugins=["plugins/resume.lua"]) as relay:
            with connect(relay.url) as guest:
                host = connect(f"{relay.url}/?session=5nFz0c9xP2kLqT7w")
                host.send(json.dumps({"type": 0, "id": 0, "data": ""}))
                lobby = [json.loads(host.recv()) for _ in range(3)][-1]["data"]
                # Without a close frame, as a phone that leaves its network.
                host.socket.shutdown(socket.SHUT_RDWR)
                guest.send(json.dumps({"type": 0, "id": 0, "data": lobby}))
                guest.recv()
                for _ in range(2):
                    again = connect(f"{relay.url}/?session=5nFz0c9xP2kLqT7w")
                    again.recv()
                again.close()
        taken_over = [heard for event in events(file) for heard in event.get("heard", [])
                      if heard.get("reason") == "Resumed elsewhere" or "resumed" in str(heard.get("text"))]
        checks.true("connections are taken over", len(taken_over) > 1, "some", taken_over)
        checks.equal("nothing differs behind plugins/resume.lua", lobbyist("replay", file)[0], 0)


def reloads(checks):
    """Versions that change while it is recorded: by a save, by an operator, by failing."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "recording")
        script = os.path.join(folder, "policy.lua")
        source = 'return { on_message = function(peer) peer:send(%s) end }'

        def save(answer):
            with open(script + ".new", "w", encoding="utf-8") as new:
                new.write(source % answer)
            os.rename(script + ".new", script)

        def talk(url, count):
            with connect(url) as client:
                for _ in range(count):
                    client.send("x")
                    heard = client.recv()
            return heard

        save('"one"')
        with recording_relay(file, script=script, limits={"breaker_failures": 3}, errors=True) as relay:
            checks.equal("the first version", talk(relay.url, 3), "one")
            save('"two"')
            checks.true("the second", wait_until(lambda: len(relay.logged("runs now")) == 1, 3))
            checks.equal("answers", talk(relay.url, 4), "two")
            relay.process.send_signal(signal.SIGHUP)
            checks.true("and anew", wait_until(lambda: len(relay.logged("runs now")) == 2, 3))
            save("nil")
            checks.true("one that fails", wait_until(lambda: len(relay.logged("runs now")) == 3, 3))
            with connect(relay.url) as client:
                for _ in range(3):
                    client.send("x")
                checks.true("gives way", wait_until(lambda: relay.logged("failed too often"), 3))
                client.send("x")
                checks.equal("to the one before", client.recv(), "two")
            one, (two, three) = events(file)[0]["mounts"][0]["version"], versions(relay)
        code, said = lobbyist("replay", file, "--script", script)
        marks = re.findall(r"at \d+\.\d{3} s version (.*), \d+ events? before it", said)
        checks.equal("a replay tells where versions change", marks, [
            f"{one} → {two} (its files changed)", f"{two} anew (SIGHUP)", f"{two} → {three} (its files changed)",
            f"{three} → {two} (it failed too often)"])
        save('"two"')
        code, said = lobbyist("replay", file, "--script", script)
        checks.equal("all versions: what the others said differs", [code, SUMMARY.search(said).group(3)], [1, "6"])
        code, said = lobbyist("replay", file, "--script", script, "--version", two)
        checks.true("its own events alone: nothing does", code == 0 and f" of version {two}: 0 different" in said, "0",
                    said)
        save('"one"')
        code, said = lobbyist("replay", file, "--script", script, "--version", two)
        checks.true("another script on them differs", code == 1 and f" of version {two}: 5 different" in said, "5", said)
        code, said = lobbyist("replay", file, "--script", script, "--version", "x")
        checks.true("a version that is not recorded", code == 2 and f"there are {one}, {two}, {three}" in said, "2", said)


def versions(relay):
    """Those that were loaded, each once."""
    found = [re.search(r"version ([0-9a-f]{8})\) runs now", line).group(1) for line in relay.logged("runs now")]
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    scripts = [f"scripts/{name}.lua" for name in ("godot", "gamejam", "unity", "singo", "broadcast")]
    run_scenarios(Checks(), [*((same_script, script) for script in scripts), (changed_rule,), (payloads,), (rotation,),
                             (flushed,), (broken_disk,), (refusals,), (several_mounts,), (kept_peers,), (reloads,)])
