#!/usr/bin/env python3
"""GET /metrics, read by Prometheus' own parser, and by promtool where there is one: what it says is what happened."""

import contextlib
import os
import shutil
import socket
import subprocess
import time

from admin import Served, goodbye, say
from prometheus_client.parser import text_string_to_metric_families
from raw_socket import TEXT, RawSocket, frame, upgrade_request
from relay import Checks, run_scenarios, wait_until

LOBBY_LIST = os.path.join("plugins", "lobby_list.lua")


def families(served):
    """Every family by its name, after a look at the text as a whole."""
    status, text = served.get("/metrics")
    if status != 200:
        raise RuntimeError(f"/metrics answers {status}")
    read = {}
    for family in text_string_to_metric_families(text):
        if family.name in read:
            raise RuntimeError(f"{family.name} is there twice")
        read[family.name] = family
    return read


def value(read, metric, **labels):
    """The sum over the series that have these labels."""
    bases = metric, metric.removesuffix("_total"), metric.rsplit("_", 1)[0]
    family = next((read[base] for base in bases if base in read), None)
    return sum(sample.value for sample in family.samples
               if sample.name == metric and labels.items() <= sample.labels.items()) if family else 0


def form(checks):
    with Served(plugins=[LOBBY_LIST]) as served:
        ana = served.in_room('odd "\\\n name')
        say(ana, 'count "\\ odd')
        say(ana, "count plain")
        ana.send(frame(TEXT, b"fail"))
        served.relay.errors = True
        wait_until(lambda: served.get("/status")[1]["mounts"][0]["counters"]["hook_failures"] == 1, 3)
        status, text, headers = served.ask("GET", "/metrics")
        checks.equal("its type", (status, headers["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        read = families(served)
        checks.true("there are many", len(read) > 30, "more than 30", len(read))
        for name, family in read.items():
            series = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in family.samples]
            checks.equal(f"{name}: each series once", len(series), len(set(series)))
            checks.true(f"{name}: help and type", len(family.documentation) > 9 and family.type != "unknown", "both",
                        (family.documentation, family.type))
            unit = name.endswith(("_seconds", "_bytes", "_fds", "_info")) or family.type in ("counter", "gauge")
            checks.true(f"{name}: its unit", unit and name.startswith(("lobbyist_", "process_")), "a unit", name)
        for line in text.splitlines():
            if line.startswith("# TYPE") and line.endswith(" counter"):
                checks.true(f"{line.split()[2]} ends as counters do", line.split()[2].endswith("_total"))
        checks.equal("what scripts count", [value(read, "lobbyist_script_metric", name=name) for name in ('"\\ odd', "plain")],
                     [2, 2])
        checks.true("no lobby is a label", "odd \\\"\\\\\\n name" not in text and "127.0.0.1" not in text)
        version = served.get("/scripts")[1]["mounts"][0]["version"]
        checks.equal("the version that runs", value(read, "lobbyist_mount_info", version=version), 1)
        checks.equal("and what it is made of", {tuple(sample.labels[name] for name in ("script", "kind"))
                                                for sample in read["lobbyist_script_info"].samples},
                     {("rooms", "policy"), ("lobby_list", "plugin")})
        for name, low, high in (
                ("process_resident_memory_bytes", 4e6, 1e9), ("process_open_fds", 5, 50),
                ("process_start_time_seconds", time.time() - 60, time.time() + 2),
                ("process_cpu_seconds_total", 0.001, 60), ("lobbyist_uptime_seconds", 0, 60)):
            number = value(read, name)
            checks.true(f"{name} is likely", low <= number <= high, f"{low} to {high}", number)
        promtool = shutil.which("promtool")
        if promtool:
            done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=20)
            checks.equal("promtool has nothing against it", (done.returncode, done.stdout + done.stderr), (0, ""))
        else:
            print("left out: promtool (Debian's package prometheus is not installed; its parser has read the same)", flush=True)
        ana.close()


def traffic(checks):
    with Served() as served:
        ana, bob = served.in_room("a"), served.in_room("a")
        for _ in range(40):
            say(ana, "count plays")
        before = families(served)
        for number in range(200):
            ana.send(frame(TEXT, f"tell {number}".encode()))
        for _ in range(200):
            bob.receive_text()
        after = families(served)

        def grown(name, **labels):
            return value(after, name, **labels) - value(before, name, **labels)

        checks.equal("messages received", grown("lobbyist_messages_received_total", mount="/"), 200)
        checks.equal("messages sent", grown("lobbyist_messages_sent_total", mount="/"), 200)
        sent = sum(len(frame(TEXT, f"tell {number}".encode())) for number in range(200))
        received = grown("lobbyist_received_bytes_total")
        checks.true("bytes received", sent < received < sent + 1000, f"{sent} and a request", received)
        checks.true("bytes sent", grown("lobbyist_sent_bytes_total") > 200 * 5)
        timed = grown("lobbyist_hook_duration_seconds_count", hook="on_message")
        checks.true("each 16th on_message is timed", 12 <= timed <= 13, "12 or 13", timed)
        checks.equal("every on_connect is", value(after, "lobbyist_hook_duration_seconds_count", hook="on_connect"), 2)
        total = value(after, "lobbyist_hook_duration_seconds_sum", hook="on_message")
        checks.true("their time is likely", 1e-6 < total < 1, "some microseconds", total)
        checks.equal("peers and lobbies", (value(after, "lobbyist_peers"), value(after, "lobbyist_lobbies")), (2, 1))
        checks.equal("connections", value(after, "lobbyist_connections", kind="client", phase="open"), 2)
        checks.equal("the operator's own", value(after, "lobbyist_connections", kind="operator"), 1)
        checks.true("the loop's turns", value(after, "lobbyist_loop_turn_seconds_count") > 0)
        buckets = [sample.value for sample in after["lobbyist_hook_duration_seconds"].samples
                   if sample.labels.get("hook") == "on_message" and sample.name.endswith("_bucket")]
        checks.true("buckets only grow", len(buckets) == 20 and buckets == sorted(buckets), "20 in order", buckets)
        say(ana, "sleep")
        ana.receive_text()
        for raw, code in (ana, 4000), (bob, 3999):
            raw.send(frame(TEXT, f"close {code}".encode()))
            goodbye(raw)
            raw.close()
        eve = served.connect()
        eve.reset()
        wait_until(lambda: served.get("/peers")[1]["total"] == 0, 3)
        read = families(served)
        checks.equal("closes by code", {sample.labels["code"]: sample.value
                                        for sample in read["lobbyist_closes"].samples}, {"4xxx": 1, "3xxx": 1, "1006": 1})
        checks.equal("timers", value(read, "lobbyist_hook_duration_seconds_count", hook="timer"), 1)


def waiting(checks):
    """Readers that never read, where much may wait for one and where little may."""
    with Served(limits={"queued_bytes": 100_000_000}) as served, RawSocket(served.relay, receive_buffer=4096) as slow:
        flood(slow)
        checks.true("what waits for a slow reader", wait_until(
            lambda: value(families(served), "lobbyist_queued_bytes") > 1_000_000, 5))
        read = families(served)
        checks.equal("most of it for one", value(read, "lobbyist_queued_bytes_max"), value(read, "lobbyist_queued_bytes"))
    with Served(limits={"queued_bytes": 100_000}) as served, RawSocket(served.relay, receive_buffer=4096) as slow:
        flood(slow)
        checks.true("who is too slow is closed, and counted", wait_until(
            lambda: value(families(served), "lobbyist_slow_readers_closed_total") == 1, 5))
        checks.equal("by its code, too", value(families(served), "lobbyist_closes_total", code="1013"), 1)


def flood(raw):
    raw.upgrade()
    with contextlib.suppress(OSError):
        for _ in range(400):
            raw.send(frame(TEXT, b"flood 50"))


def failures(checks):
    limits = {"hook_instructions": 100_000, "hook_milliseconds": 5000, "breaker_failures": 0}
    with Served(errors=True, limits=limits) as served:
        ana = served.connect()
        for _ in range(3):
            ana.send(frame(TEXT, b"fail"))
        for _ in range(2):
            ana.send(frame(TEXT, b"spin"))
        wait_until(lambda: served.get("/status")[1]["mounts"][0]["counters"]["hook_failures"] == 5, 5)
        read = families(served)
        checks.equal("hook failures by cause", {sample.labels["cause"]: sample.value
                                                for sample in read["lobbyist_hook_failures"].samples},
                     {"error": 3, "instructions": 2})
        hooks = served.get("/scripts")[1]["mounts"][0]["hooks"]
        told = {hook["hook"]: (hook["script"], hook["kind"], hook["failures"], hook["over_budget"]) for hook in hooks}
        checks.equal("/scripts tells them", told["on_message"], ("rooms", "policy", 5, 2))
        connect = next(hook for hook in hooks if hook["hook"] == "on_connect")
        checks.true("with times", connect["calls"] == 1 and 0 < connect["p50_us"] <= connect["max_us"], "some", connect)
        ana.close()


def refusals(checks):
    limits = {"connections": 3, "connections_per_address": 2, "handshake_milliseconds": 300}
    with Served(limits=limits) as served:
        first, second = served.connect(), served.connect()
        address = (served.relay.host, served.relay.port)
        with RawSocket(served.relay) as third:
            checks.equal("a third from one address", third.status(), 429)

        def ask(name, head, expected, host):
            with socket.create_connection(address, 5, (host, 0)) as raw:
                raw.sendall(head)
                checks.equal(name, int(raw.recv(4096).split()[1]), expected)

        ask("no HTTP", b"what?\r\n\r\n", 400, "127.0.0.2")
        ask("a policy's refusal", upgrade_request("x", "/no"), 403, "127.0.0.2")
        ask("a head that stays away", b"", 408, "127.0.0.2")
        wait_until(lambda: value(families(served), "lobbyist_connections", kind="client") == 2, 5)
        served_third = socket.create_connection(address, 5, ("127.0.0.2", 0))
        served_third.sendall(upgrade_request("x"))
        served_third.recv(4096)
        ask("one too many", b"", 503, "127.0.0.3")
        read = families(served)
        got = {sample.labels["reason"]: sample.value for sample in read["lobbyist_refusals"].samples if sample.value}
        checks.equal("refusals by reason", got, {
            "connections_per_address": 1, "bad_request": 1, "policy": 1, "handshake_timeout": 1, "connections": 1})
        for raw in first, second, served_third:
            raw.close()


def many(checks):
    """Five thousand lobbies, and somebody who plays on while they are paged through."""
    with Served(limits={"hook_instructions": 0, "hook_milliseconds": 0, "load_milliseconds": 0}) as served:
        ana = served.in_room("arena")
        for _ in range(5):
            say(ana, "many 1000")
        seen, slowest = set(), 0.0
        while True:
            answer = served.get(f"/lobbies?from={len(seen)}&count=1000")[1]
            before = len(seen)
            seen |= {lobby["name"] for lobby in answer["lobbies"]}
            start = time.monotonic()
            say(ana, "count plays")
            slowest = max(slowest, time.monotonic() - start)
            if len(seen) == before:
                break
        checks.equal("every lobby is told once", (len(seen), answer["total"]), (5001, 5001))
        read = families(served)
        turn = next(sample.value for sample in read["lobbyist_loop_turn_seconds"].samples
                    if sample.labels.get("le") == "0.02")
        count = value(read, "lobbyist_loop_turn_seconds_count")
        print(f"     {count:.0f} turns were timed, {turn:.0f} of them below 20 ms; the slowest answer took "
              f"{slowest * 1000:.1f} ms", flush=True)
        times = []
        for number in range(10):
            start = time.monotonic()
            served.get(f"/lobbies?from={number * 500}&count=1000")
            times.append(time.monotonic() - start)
        median = sorted(times)[5]
        # A debug build is about ten times slower.
        most = 0.02 if "release" in served.relay.command[0] else 0.2
        checks.true("a page of 1000 takes its share of a turn", median < most, f"{most * 1000:.0f} ms", f"{median * 1000:.1f} ms")
        ana.close()


if __name__ == "__main__":
    run_scenarios(Checks(), [(form,), (traffic,), (waiting,), (failures,), (refusals,), (many,)])
