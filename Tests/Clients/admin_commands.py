#!/usr/bin/env python3
"""`lobbyist status`, `lobbies`, `kick`, `close`, `ban`, `unban` and `log` against a relay that runs."""

import json
import os
import re
import tempfile

from admin import ROOMS, TOKEN, Served, command, goodbye, say
from relay import ROOT, Checks, Relay, free_port, run_scenarios, wait_until
from tls_support import Certificate


def asking(served):
    """Runs a command; (exit code, its output, its errors)."""
    def run(*words, environment=None):
        done = command([*words, "--admin", f"127.0.0.1:{served.port}"], environment)
        return done.returncode, done.stdout, done.stderr
    return run


def tables(checks):
    with Served() as served:
        run = asking(served)
        ana, bob = served.in_room("Quiet Corner"), served.in_room("Quiet Corner")
        eve = served.in_room("evil\x1b[31m\u202ename")
        say(ana, "many 3")
        code, out, _ = run("status")
        lines = out.splitlines()
        checks.equal("status", code, 0)
        checks.matches("in a sentence", lines[0], r"up for \d+ s, 4 connections, ready")
        checks.equal("under these heads", lines[2].split(), [
            "MOUNT", "SCRIPT", "VERSION", "PEERS", "LOBBIES", "IN", "OUT", "DROPPED", "FAILURES", "MEMORY"])
        checks.matches("the mount", re.sub(r" +", " ", lines[3]),
                       r"/ Tests/Clients/admin/rooms\.lua [0-9a-f]{8} 3 5 4 7 0 0 \d+ KiB")
        checks.equal("a reload", run("reload")[0], 0)
        checks.equal("is nothing to look into", (len(lines), len(run("status")[1].splitlines())), (4, 4))
        status = json.loads(run("status", "--json")[1])
        checks.equal("as JSON", (status["readiness"], status["mounts"][0]["mount"], status["mounts"][0]["peers"]), ("ready", "/", 3))

        code, out, _ = run("lobbies")
        lines = out.splitlines()
        checks.equal("lobbies", (code, lines[0].split()), (0, ["LOBBY", "MOUNT", "MEMBERS", "SEALED", "AGE", "VERSION"]))
        checks.matches("one of them", re.sub(r" +", " ", lines[1]), r"Quiet Corner / 2 no \d+ s [0-9a-f]{8}")
        checks.true("the columns stand below each other", len({line.index(" / ") for line in lines[1:6]}) == 1)
        checks.true("no name reaches the terminal as a command", "evil?[31m?name" in out and "\x1b" not in out)
        checks.equal("how many", lines[-1], "5 lobbies")
        code, out, _ = run("lobbies", "--count", "2", "--members")
        lines = out.splitlines()
        checks.equal("with members", [line.strip() for line in lines if "peer" in line], [
            f"{number}: peer {peer['peer']} from 127.0.0.1"
            for number, peer in zip((1, 2, 1), served.peers())])
        checks.equal("and where to go on", lines[-1], "5 lobbies, 3 more with --from 2")
        checks.equal("from there", run("lobbies", "--from", "2")[1].count("room "), 3)
        found = json.loads(run("lobbies", "--name", "iet C", "--mount", "/", "--json")[1])
        checks.equal("by name, as JSON", [lobby["name"] for lobby in found["lobbies"]], ["Quiet Corner"])
        checks.equal("none", run("lobbies", "--name", "ÄÖ%&=")[1], "0 lobbies\n")
        for words, reason in ((["--mount", "/x"], "there is no mount '/x'"), (["--from", "-1"], "from= is a whole number")):
            code, _, errors = run("lobbies", *words)
            checks.true(f"lobbies {' '.join(words)} fails", code == 1 and reason in errors, reason, errors)

        names = [peer["peer"] for peer in served.peers()]
        for words, expected in (
                (["kick", names[2], "--code", "4005", "--reason", "Enough"], f"ok  peer {names[2]} is closed with 4005\n"),
                (["close", "Quiet Corner", "--code", "4001"], "ok  the lobby is deleted, 2 members are closed\n"),
                (["ban", "192.0.2.7", "--seconds", "60"], "ok  192.0.2.7 is banned for 60 s, 0 peers are closed\n"),
                (["unban", "192.0.2.7"], "ok  192.0.2.7 is let in again\n")):
            checks.equal(words[0], run(*words)[:2], (0, expected))
        checks.equal("they hear it", [goodbye(eve), goodbye(ana), goodbye(bob)], [
            (4005, b"Enough"), (4001, b"The operator has closed the lobby"), (4001, b"The operator has closed the lobby")])
        for words, reason in (
                (["kick", names[2]], "there is no peer"), (["kick", "x"], "'x' is no peer's name"),
                (["close", "nowhere"], "there is no lobby 'nowhere' at /"), (["unban", "192.0.2.7"], "is not banned"),
                (["ban", "192.0.2.0/24"], "is no address"), (["kick", names[0], "--code", "7"], "'code' is not a whole number")):
            code, _, errors = run(*words)
            checks.true(f"{' '.join(words)} fails", code == 1 and reason in errors, reason, errors)
        for raw in ana, bob, eve:
            raw.close()


def levels(checks):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "lobbyist.lua")

        def configure(level):
            with open(path, "w", encoding="utf-8") as file:
                file.write(f'listen "127.0.0.1:0"\nlog {{ level = "{level}" }}\n'
                           f'mount "/" {{ script = "{ROOT}/{ROOMS}" }}\n')

        configure("info")
        with Served(config=path) as served:
            run = asking(served)
            checks.equal("the log's level", run("log"), (0, "info\n", ""))
            checks.equal("is set", run("log", "debug"), (0, "ok  the log's level is debug, it was info\n", ""))
            served.connect().close()
            checks.true("and holds", wait_until(lambda: served.relay.logged(" debug "), 5))
            checks.equal("a reload that says nothing else", run("reload")[0], 0)
            checks.equal("leaves it", run("log")[1], "debug\n")
            configure("error")
            checks.true("a configuration that does not", wait_until(lambda: run("log")[1] == "error\n", 5))


def without_relay(checks):
    port = free_port()
    for words in ["status"], ["status", "--health"], ["lobbies"], ["kick", "1.1"], ["reload"], ["log"], ["log", "info"]:
        done = command([*words, "--admin", f"127.0.0.1:{port}"])
        checks.true(f"{words[0]} says that no relay answers", done.returncode == 1 and "cannot connect" in done.stderr
                    and f"--admin 127.0.0.1:{port}" in done.stderr, "cannot connect", done.stderr)
    for words in (["kick"], ["kick", "1.1", "2.2"], ["kick", "1.1", "--code", "x"], ["ban", "::1", "--code", "7"],
                  ["status", "now"], ["status", "--health", "--json"], ["lobbies", "--nome", "x"], ["log", "loud"], ["log", "info", "debug"],
                  ["status", "--admin-token-file", "/nowhere"],
                  ["status", "--admin", "9081"], ["status", "--admin", "http://127.0.0.1:9081"]):
        checks.equal(f"{' '.join(words)} is a usage error", command(words).returncode, 2)


def with_token(checks):
    with Served(token=TOKEN) as served:
        run = asking(served)
        code, _, errors = run("status")
        checks.true("the token is asked for", code == 1 and "LOBBYIST_ADMIN_TOKEN" in errors, "its name", errors)
        checks.equal("and taken from the environment", run("status", environment={"LOBBYIST_ADMIN_TOKEN": TOKEN})[0], 0)
        checks.equal("health needs none", run("status", "--health"), (0, "ok\n", ""))
        checks.equal("nor does readiness", run("status", "--ready"), (0, "ready\n", ""))
        checks.equal("or a file", run("lobbies", "--admin-token-file", served.file.name)[0], 0)


def encrypted(checks):
    """The admin listener speaks TLS, and so do the commands."""
    with tempfile.TemporaryDirectory() as folder:
        own, other = Certificate(folder, "own"), Certificate(folder, "other")
        port = free_port()
        with Relay(admin=f"tls://127.0.0.1:{port}", certificates=[own.both]):
            for words in ["--ca", own.file], ["--insecure"]:
                done = command(["status", "--admin", f"tls://127.0.0.1:{port}", *words])
                checks.true(f"status {words[0]}", done.returncode == 0 and ", ready" in done.stdout, "ready", done.stderr)
            done = command(["reload", "--admin", f"tls://localhost:{port}", "--ca", own.file])
            checks.equal("reload, by name", done.returncode, 0)
            for words in [], ["--ca", other.file]:
                done = command(["status", "--admin", f"tls://127.0.0.1:{port}", *words])
                checks.true("a stranger's certificate", done.returncode == 1 and "--ca FILE" in done.stderr, "how", done.stderr)
            done = command(["status", "--admin", f"127.0.0.1:{port}"])
            checks.true("without TLS", done.returncode == 1 and "speaks TLS" in done.stderr, "TLS", done.stderr)


if __name__ == "__main__":
    run_scenarios(Checks(), [(tables,), (levels,), (without_relay,), (with_token,), (encrypted,)])
