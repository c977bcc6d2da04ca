#!/usr/bin/env python3
"""How the relay starts and ends: exit codes, signals, and one clear line when it cannot serve."""

import os
import signal
import socket
import subprocess
import tempfile
import time

from godot_peer import JOIN, JSON
from raw_socket import TEXT, Closed, RawSocket, frame
from relay import BINARY, ROOT, Checks, Relay, run_scenarios

GRACE_SECONDS = 5
SLACK_SECONDS = 1.5
REFUSAL_SECONDS = 10


def connected(relay):
    raw = RawSocket(relay)
    raw.upgrade()
    return raw


def refuses_connections(relay):
    try:
        with RawSocket(relay) as raw:
            raw.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            return raw.status() in (0, 503)
    except (OSError, Closed):
        return True


def polite(checks):
    """Everybody takes leave: 1001 to all, exit 0, well before the grace time is over."""
    with Relay(settings={"join_timeout": 60}) as relay:
        peers = [connected(relay) for _ in range(20)]
        for raw in peers[:5]:
            raw.send(frame(TEXT, JSON.write(JOIN, 0, "").encode()))
            raw.receive_text()
            raw.receive_text()
        half = RawSocket(relay)
        half.send(b"GET / HTTP/1.1\r\n")
        start = time.monotonic()
        relay.process.send_signal(signal.SIGTERM)
        codes = [raw.close_code() for raw in peers]
        checks.equal("SIGTERM: everybody is closed 1001", codes, [1001] * len(peers))
        for raw in peers:
            raw.send(frame(8, (1001).to_bytes(2, "big")))
        code = relay.process.wait(GRACE_SECONDS + SLACK_SECONDS)
        checks.equal("SIGTERM: exit code", code, 0)
        took = time.monotonic() - start
        checks.true("SIGTERM: nobody is waited for who has gone", took < GRACE_SECONDS / 2,
                    f"< {GRACE_SECONDS / 2} s", f"{took:.2f} s")
        for raw in [*peers, half]:
            raw.close()


def stubborn(checks):
    """Peers that never answer the close are left after the grace time; nobody new is let in meanwhile."""
    with Relay(settings={"join_timeout": 60}) as relay:
        peers = [connected(relay) for _ in range(3)]
        start = time.monotonic()
        relay.process.send_signal(signal.SIGTERM)
        checks.equal("stubborn peers: closed 1001", [raw.close_code() for raw in peers], [1001] * 3)
        time.sleep(0.1)
        checks.true("stubborn peers: nobody new is let in", refuses_connections(relay), "refused", "let in")
        code = relay.process.wait(GRACE_SECONDS + SLACK_SECONDS)
        took = time.monotonic() - start
        checks.equal("stubborn peers: exit code", code, 0)
        checks.true("stubborn peers: within the grace time", took < GRACE_SECONDS + SLACK_SECONDS,
                    f"< {GRACE_SECONDS} s", f"{took:.2f} s")
        checks.true("stubborn peers: they are waited for", took > 1, "> 1 s", f"{took:.2f} s")
        for raw in peers:
            raw.close()


def impatient(checks):
    """A second SIGTERM ends the relay at once."""
    with Relay(settings={"join_timeout": 60}) as relay:
        peers = [connected(relay) for _ in range(3)]
        relay.process.send_signal(signal.SIGTERM)
        for raw in peers:
            raw.close_code()
        start = time.monotonic()
        relay.process.send_signal(signal.SIGTERM)
        code = relay.process.wait(GRACE_SECONDS + SLACK_SECONDS)
        took = time.monotonic() - start
        checks.true("a second SIGTERM ends it at once", took < 1, "< 1 s", f"{took:.2f} s")
        checks.equal("a second SIGTERM: exit code", code, 0)
        for raw in peers:
            raw.close()


def interrupted(checks):
    """SIGINT, Ctrl-C at a terminal, ends it as SIGTERM does."""
    with Relay() as relay:
        relay.process.send_signal(signal.SIGINT)
        checks.equal("SIGINT: exit code", relay.process.wait(GRACE_SECONDS + SLACK_SECONDS), 0)


def starts_again(checks):
    """The port is free again at once, whatever lingers of the connections before."""
    with Relay() as relay:
        port = relay.port
        raw = connected(relay)
    raw.close()
    with Relay(listen=f"127.0.0.1:{port}") as relay:
        checks.equal("the same port right afterwards", relay.port, port)


def refusal(checks, name, arguments, codes, words, environment=None):
    """Runs the binary expecting it to refuse: its exit code, one clear line on standard error, no crash."""
    try:
        run = subprocess.run([BINARY, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             errors="replace", timeout=REFUSAL_SECONDS, env={**os.environ, **(environment or {})})
    except subprocess.TimeoutExpired as error:
        checks.failure(f"{name}: refuses", error)
        return
    text = run.stderr.strip()
    checks.true(f"{name}: exit code", run.returncode in codes, codes, run.returncode)
    checks.true(f"{name}: says what is wrong", any(word in text for word in words), f"one of {words}", text)
    checks.equal(f"{name}: in one line", len(text.splitlines()), 1)
    checks.true(f"{name}: no crash and no listening", "listening" not in run.stdout + text
                and "Fatal error" not in text, "neither", run.stdout + text)


def refusals(checks):
    anywhere = ["serve", "--listen", "127.0.0.1:0"]
    godot = ["--script", "scripts/godot.lua"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refusal(checks, "port in use", ["serve", "--listen", f"127.0.0.1:{port}", *godot], (1,), [port])
    refusal(checks, "missing script", [*anywhere, "--script", "scripts/nosuch.lua"], (1, 2), ["nosuch.lua"])
    refusal(checks, "a folder as script", [*anywhere, "--script", "scripts"], (1, 2), ["scripts"])
    refusal(checks, "unknown option", [*anywhere, *godot, "--nosuch"], (2,), ["--nosuch"])
    refusal(checks, "unknown command", ["nosuch"], (2,), ["nosuch"])
    refusal(checks, "a script without --script", ["serve", "scripts/godot.lua"], (2,), ["--script scripts/godot.lua"])
    for value in ("abc", "+80", "65536"):
        refusal(checks, f"PORT={value}", ["serve", *godot], (2,), [f"PORT is '{value}'"], {"PORT": value})
    refusal(checks, "option without its value", ["serve", "--listen"], (2,), ["--listen"])
    for value in ("nonsense", "127.0.0.1:99999", "127.0.0.1:-1", "[::1:9080", "300.1.1.1:0"):
        refusal(checks, f"--listen {value}", ["serve", "--listen", value, *godot], (1, 2), [value])
    refusal(checks, "--limit without a value", [*anywhere, *godot, "--limit", "message_bytes"], (2,), ["message_bytes"])
    refusal(checks, "unknown limit", [*anywhere, *godot, "--limit", "nosuch=1"], (2,), ["nosuch"])
    refusal(checks, "a limit that is no number", [*anywhere, *godot, "--limit", "message_bytes=many"], (2,), ["many"])
    refusal(checks, "a negative limit", [*anywhere, *godot, "--limit", "message_bytes=-1"], (2,), ["-1"])
    refusal(checks, "unknown setting", [*anywhere, *godot, "--set", "nosuch=1"], (1, 2), ["nosuch"])
    unloadable = os.path.join("Tests", "Clients", "unloadable")
    for name, words in {
        "syntax.lua": ["syntax.lua:"],
        "raises.lua": ["raises.lua:2"],
        "endless.lua": ["endless.lua"],
        "memory.lua": ["memory.lua"],
        "returns_nothing.lua": ["returns_nothing.lua"],
    }.items():
        script = os.path.join(unloadable, name)
        refusal(checks, f"script {name}", [*anywhere, "--script", script], (1, 2), words)
        refusal(checks, f"check {name}", ["check", script], (1,), words)
    with tempfile.NamedTemporaryFile(suffix=".lua") as bytecode:
        bytecode.write(b"\x1bLua\x54\x00\x19\x93\r\n\x1a\n" + b"\0" * 100)
        bytecode.flush()
        refusal(checks, "bytecode", [*anywhere, "--script", bytecode.name], (1, 2), [os.path.basename(bytecode.name)])


def other_commands(checks):
    """What goes wrong with check, test and talk is one line as well."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        dead = f"ws://127.0.0.1:{nobody.getsockname()[1]}"
        refusal(checks, "talk to nobody", ["talk", dead, "scripts/godot.talk"], (1,), ["Connection refused"])
    refusal(checks, "talk to no URL", ["talk", "nonsense", "scripts/godot.talk"], (2,), ["ws://"])
    refusal(checks, "talk about nothing", ["talk", dead], (2,), ["at least one file"])
    refusal(checks, "talk about a missing file", ["talk", dead, "nosuch.talk"], (2,), ["nosuch.talk"])
    refusal(checks, "test a missing path", ["test", "nosuch"], (2,), ["nosuch"])
    refusal(checks, "check nothing", ["check"], (2,), ["scripts to check"])
    refusal(checks, "check a missing script", ["check", "nosuch.lua"], (1,), ["nosuch.lua"])
    for command in ("serve", "check", "test", "talk"):
        for option in ("--nosuch", "-x"):
            refusal(checks, f"{command} {option}", [command, option], (2,), [option])
    for command in ([], ["serve"], ["check"], ["test"], ["talk"], ["bench"]):
        run = subprocess.run([BINARY, *command, "--help"], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=REFUSAL_SECONDS)
        checks.true(f"{' '.join([*command, '--help'])} helps", run.returncode == 0 and "lobbyist" in run.stdout
                    and not run.stderr, "help on standard output", run.stdout + run.stderr)
        checks.true(f"{' '.join([*command, '--help'])} fits a terminal",
                    max(map(len, run.stdout.splitlines())) <= 120, "at most 120 columns", run.stdout)


if __name__ == "__main__":
    run_scenarios(Checks(), [(polite,), (stubborn,), (impatient,), (interrupted,), (starts_again,), (refusals,),
                             (other_commands,)])
