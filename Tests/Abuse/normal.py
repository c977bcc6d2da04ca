#!/usr/bin/env python3
"""People who behave: pairs that talk at an even pace, and how long what they say is on its way.

    normal.py HOST PORT PATH        each line on the standard input is answered with the delays since the line before
"""

import heapq
import json
import os
import random
import select
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Clients"))
from raw_socket import PING, PONG, TEXT, RawSocket, frame  # noqa: E402 - its folder is known only now

PAIRS = 20
SAID_A_SECOND = 10  # by each
PADDING = b"x" * 180


class Here:
    """Where they talk, as RawSocket wants it."""

    def __init__(self, host, port):
        self.host, self.port = host, int(port)


def main():
    where, path = Here(*sys.argv[1:3]), sys.argv[3]
    ends, lost, delays = {}, 0, []
    for number in range(PAIRS):
        for _ in range(2):
            raw = RawSocket(where)
            raw.upgrade(f"{path}?pair={number}")
            ends[raw.socket.fileno()] = raw
    watched = select.epoll()
    for number in [*ends, 0]:
        watched.register(number, select.EPOLLIN)
    pace = 1 / SAID_A_SECOND
    due = [(time.monotonic() + random.random() * pace, number) for number in ends]
    heapq.heapify(due)
    print("ready", flush=True)
    while True:
        for number, _ in watched.poll(max(0.0, due[0][0] - time.monotonic()) if due else None):
            if number == 0:
                if not sys.stdin.readline():
                    return
                print(json.dumps(told(delays, lost)), flush=True)
                delays, lost = [], 0
                continue
            try:
                ends[number].receive_some(0.01)
                while taken := ends[number].take_frame():
                    opcode, _, payload = taken
                    if opcode == TEXT:
                        delays.append(time.monotonic() - float(payload.split(b" ", 1)[0]))
                    elif opcode == PING:
                        ends[number].send(frame(PONG, payload))
            except Exception:  # noqa: BLE001 - whatever it was, this one is gone
                watched.unregister(number)
                ends.pop(number).close()
                lost += 1
        now = time.monotonic()
        while due and due[0][0] <= now:
            at, number = heapq.heappop(due)
            if number in ends:
                ends[number].send(frame(TEXT, b"%.6f " % time.monotonic() + PADDING))
                heapq.heappush(due, (at + pace, number))


def told(delays, lost):
    delays.sort()

    def part(share):
        return round(1000 * delays[min(len(delays) - 1, int(share * len(delays)))], 2) if delays else None
    return {"heard": len(delays), "lost": lost, "p50": part(0.5), "p99": part(0.99), "most": part(1)}


if __name__ == "__main__":
    main()
