#!/usr/bin/env python3
"""The log: JSON from first to last line, whom a line is about, addresses hidden, nothing that people said."""

import contextlib
import json
import os
import re

from raw_socket import PING, TEXT, RawSocket, frame
from relay import Checks, Relay, run_scenarios, wait_until

COMMANDS = os.path.join("Tests", "Clients", "limits", "commands.lua")
SECRET = "v=0 o=- 4611731400430051336 candidate 198.51.100.9"


def logging(*options, **named):
    relay = Relay(script=COMMANDS, **named)
    relay.command += options
    return relay


def talk(relay):
    """One conversation: something that the script logs, something that it does not, something that is no UTF-8."""
    with RawSocket(relay) as raw:
        raw.upgrade()
        for text in ("log said by the script", SECRET):
            raw.send(frame(TEXT, text.encode()))
            raw.receive_text()
        raw.send(frame(TEXT, b"\xff\xfe"))
        raw.close_code()


def as_json(checks):
    with logging("--log-format", "json", "--log-level", "debug") as relay:
        talk(relay)
        wait_until(lambda: any("has ended" in line for line in relay.lines), 5)
    events = []
    for line in relay.lines:
        try:
            events.append(json.loads(line))
        except ValueError:
            checks.equal("every line is JSON", line, "JSON")
    checks.true("the start is told in JSON", any("listening on ws://" in event["message"] for event in events))
    checks.equal("the last word too", events[-1]["message"], "stopped")
    checks.true("every line has time, level, message",
                all({"time", "level", "message"} <= set(event) for event in events), got=events)
    said = [event for event in events if event["message"] == "said by the script"]
    checks.equal("a script's line says whose event it was",
                 [(event.get("address"), event.get("mount")) for event in said], [("127.0.0.1", "/")])
    story = [event["message"] for event in events if event.get("connection") == said[0]["connection"]]
    checks.equal("one connection's story can be put together", story, [
        "a WebSocket has begun", "said by the script", "closing with 1007 The text is not UTF-8 (§8.1)",
        "a connection has ended"])
    checks.true("nothing that people said is in it", not any("candidate" in line for line in relay.lines))


def addresses(checks):
    for how, expected in (("full", "127.0.0.1"), ("network", "127.0.0.0"), ("none", None)):
        with logging("--log-addresses", how) as relay:
            talk(relay)
            wait_until(lambda: relay.logged("said by the script"), 5)
            line = relay.logged("said by the script")[0]
            found = re.search(r"\(connection \d+\.\d+(?:, address ([^,)]*))?, mount /\)$", line.strip())
            checks.equal(f"addresses {how}", found and found.group(1), expected)


def levels(checks):
    with logging("--log-level", "warning") as relay:
        talk(relay)
    checks.true("what is below the level is left out", not relay.logged(" info ") and not relay.logged(" debug "))


def slow_readers(checks):
    """Whoever is closed for reading nothing has a line in the log, which names the limit."""
    floods, pings = frame(TEXT, b"flood 50") * 400, frame(PING, b"x" * 125) * 20_000
    cases = (
        ("queued_bytes (100000)", floods, {"queued_bytes": 100_000}),
        ("queued_bytes (100000)", pings, {"queued_bytes": 100_000, "control_frames_per_second": 0}),
        ("buffer_bytes (4000000)", floods, {"queued_bytes": 0, "buffer_bytes": 4_000_000}),
        ("stalled_milliseconds (500)", floods, {"queued_bytes": 0, "stalled_milliseconds": 500}))
    for limit, data, limits in cases:
        with (logging("--log-addresses", "network", limits={"hook_milliseconds": 0, **limits}) as relay,
              RawSocket(relay, receive_buffer=4096) as raw):
            raw.upgrade()
            with contextlib.suppress(OSError):
                raw.send(data)
            told = " info a peer is closed: "
            wait_until(lambda relay=relay, told=told: relay.logged(told), 10)
            checks.matches(limit, "".join(line.partition(told)[2] for line in relay.logged(told)), re.escape(
                f"limit {limit} reached (connection ") + r"\d+\.\d+, address 127\.0\.0\.0, mount /\)\n")


if __name__ == "__main__":
    run_scenarios(Checks(), [(as_json,), (addresses,), (levels,), (slow_readers,)])
