#!/usr/bin/env python3
"""Many costly hooks at once: a budget bounds each of them, and a turn of the loop bounds how many others wait for."""

import os
import select
import time

from hostile_scripts import Echoing, connected, judge
from raw_socket import TEXT, frame
from relay import Checks, Relay, run_scenarios

SCRIPT = os.path.join("Tests", "Clients", "turns", "turns.lua")
BURNING = 300
WORKING = 20_000
LEAVERS = 100
CROWD = 800
CROWD_SECONDS = 4
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


def many_messages_in_one_read(checks):
    """None of them takes as long as to be noticed alone."""
    with Relay(script=SCRIPT, limits={"queued_bytes": 0}) as relay:
        with connected(relay) as busy, connected(relay) as other:
            echoing = Echoing(other)
            echoing.start()
            start = time.monotonic()
            busy.send(frame(TEXT, b"work") * WORKING)
            for _ in range(WORKING):
                busy.receive_text(30)
            whole = time.monotonic() - start
            judge(checks, "many messages", relay, echoing)
            checks.true("many messages: nobody waits for all of them", echoing.longest < 0.3 * whole,
                        f"under 30 % of {whole:.2f} s", f"{echoing.longest:.2f} s")


def a_crowd_is_served_in_turn(checks):
    """Each says the next when it has been answered: more are always ready than one turn is long enough for."""
    with Relay(script=SCRIPT) as relay:
        crowd = {}
        for _ in range(CROWD):
            raw = connected(relay)
            crowd[raw.socket.fileno()] = raw
        ready, answers = select.epoll(), dict.fromkeys(crowd, 0)
        for number, raw in crowd.items():
            ready.register(number, select.EPOLLIN)
            raw.send(frame(TEXT, b"work"))
        end = time.monotonic() + CROWD_SECONDS
        while time.monotonic() < end:
            for number, _ in ready.poll(1):
                crowd[number].receive_text()
                answers[number] += 1
                crowd[number].send(frame(TEXT, b"work"))
        fewest, most = min(answers.values()), max(answers.values())
        print(f"     a crowd: {fewest} to {most} answers each", flush=True)
        checks.true("a crowd: all are answered as often", fewest >= 3 and fewest > 0.8 * most, "80 % of the most",
                    f"{fewest} of {most}")


def burn(burning, messages):
    """So many peers send so many costly messages each. Answers when each of these was through, as a part of the whole
    time, and the longest pause that a timer of 0.1 s made in it, in the same unit."""
    with Relay(script=SCRIPT, errors=True) as relay:
        with connected(relay) as ticking:
            crowd = {ticking.socket.fileno(): ticking}
            for _ in range(burning):
                raw = connected(relay)
                crowd[raw.socket.fileno()] = raw
            ticking.send(frame(TEXT, b"tick"))
            ticking.receive_text()
            start = time.monotonic()
            for raw in crowd.values():
                if raw is not ticking:
                    raw.send(frame(TEXT, b"burn") * messages + frame(TEXT, b"through"))
            ready, through, ticks = select.epoll(), [], [start]
            for number in crowd:
                ready.register(number, select.EPOLLIN)
            while len(through) < burning:
                for number, _ in ready.poll(20):
                    text = crowd[number].receive_text()
                    (ticks if text == b"tick" else through).append(time.monotonic())
            whole = through[-1] - start
            ticks.append(through[-1])
            pause = max(later - before for before, later in zip(ticks, ticks[1:]))
            print(f"     {burning} peers with {messages} costly messages: {whole:.1f} s, the first is through after "
                  f"{through[0] - start:.1f} s, the longest pause of a timer is {pause:.2f} s", flush=True)
            return (through[0] - start) / whole, pause / whole


def timers_go_on_while_messages_fill_all_turns(checks):
    _, pause = burn(150, 2)
    checks.true("full turns: timers go on", pause < 0.3, "30 % of the time without one", f"{pause:.0%}")


def what_is_put_off_goes_on_in_turn(checks):
    first, _ = burn(4, 80)
    checks.true("put off: who came first is not through long before the others", first > 0.6, "after 60 % of the time",
                f"{first:.0%}")


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
        (many_costly_messages_in_one_read,), (many_messages_in_one_read,), (a_crowd_is_served_in_turn,),
        (timers_go_on_while_messages_fill_all_turns,), (what_is_put_off_goes_on_in_turn,), (many_costly_leaves,),
        (a_timer_that_restarts_itself,), (a_shutdown_with_costly_leaves,)])
