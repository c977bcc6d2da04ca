#!/usr/bin/env python3
"""Many costly hooks at once: a budget bounds each of them, and a turn of the loop bounds how many others wait for."""

import os
import time

from hostile_scripts import Echoing, connected, judge
from raw_socket import TEXT, frame
from relay import Checks, Relay, run_scenarios

SCRIPT = os.path.join("Tests", "Clients", "turns", "turns.lua")
BURNING = 300
LEAVERS = 100
GRACE_SECONDS = 5


def many_costly_messages_in_one_read(checks):
    with Relay(script=SCRIPT, errors=True) as relay:
        with connected(relay) as costly, connected(relay) as other:
            echoing = Echoing(other)
            echoing.start()
            costly.send(frame(TEXT, b"burn") * BURNING + frame(TEXT, b"after"))
            time.sleep(1)
            judge(checks, "costly messages", relay, echoing)
            checks.equal("costly messages: what follows them is not lost", costly.receive_text(30), b"after")


def many_costly_leaves(checks):
    with Relay(script=SCRIPT, errors=True) as relay:
        with connected(relay) as other:
            leavers = [connected(relay) for _ in range(LEAVERS)]
            for leaver in leavers:
                leaver.send(frame(TEXT, b"leave badly"))
                leaver.receive_text()
            echoing = Echoing(other)
            echoing.start()
            for leaver in leavers:
                leaver.reset()
            time.sleep(1)
            judge(checks, "costly leaves", relay, echoing)


def a_timer_that_restarts_itself(checks):
    with Relay(script=SCRIPT) as relay:
        with connected(relay) as restarting, connected(relay) as other:
            echoing = Echoing(other)
            echoing.start()
            restarting.send(frame(TEXT, b"again"))
            checks.equal("restarting timer: its own peer is served", restarting.receive_text(), b"again")
            time.sleep(0.5)
            judge(checks, "restarting timer", relay, echoing)


def a_shutdown_with_costly_leaves(checks):
    with Relay(script=SCRIPT, errors=True) as relay:
        leavers = [connected(relay) for _ in range(LEAVERS)]
        for leaver in leavers:
            leaver.send(frame(TEXT, b"leave badly"))
            leaver.receive_text()
        start = time.monotonic()
        relay.process.terminate()
        checks.equal("shutdown: the first to hear of it", leavers[0].close_code(), 1001)
        checks.true("shutdown: before the policy is asked", time.monotonic() - start < 1, "under a second",
                    time.monotonic() - start)
        checks.equal("shutdown: exit code", relay.process.wait(GRACE_SECONDS + 3), 0)
        checks.true("shutdown: within the grace time", time.monotonic() - start < GRACE_SECONDS + 1,
                    f"{GRACE_SECONDS} s", time.monotonic() - start)


if __name__ == "__main__":
    run_scenarios(Checks(), [
        (many_costly_messages_in_one_read,), (many_costly_leaves,), (a_timer_that_restarts_itself,),
        (a_shutdown_with_costly_leaves,)])
