#!/usr/bin/env python3
"""A crowd of connections that do as little as they can, from several addresses: written so that it is the relay that
has the work.

    crowd.py HOST PORT KIND COUNT SECONDS        prints as JSON what became of them
"""

import json
import os
import select
import socket
import sys
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Clients"))
from raw_socket import CONTINUATION, TEXT, frame, upgrade_request  # noqa: E402 - its folder is known only now

ADDRESSES = 20
CONNECTS_A_TICK = 50
TICK_SECONDS = 0.02
# Each says one drop a second.
ROUND_SECONDS = 1.0


def opening(kind, number):
    """What one says at first, and its drops."""
    request = upgrade_request("relay", f"/talk?crowd={number}")
    match kind:
        case "silent":
            return b"", b""
        case "heads":
            return b"GET /talk HTTP/1.1\r\nHost: relay\r\nX-Slow: ", b"y"
        case "hellos":
            # A TLS record (RFC 8446 §5.1) of a ClientHello of 508 bytes.
            return b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"z"
        case "frames":
            return request + b"\x81\xfe\xff\x00mask", b"w"
        case "fragments":
            return request + frame(TEXT, b"x", final=False), frame(CONTINUATION, b"", final=False)
        case "sleepers":
            # In rooms of a hundred, in which somebody talks.
            return upgrade_request("relay", f"/busy?room={number // 100}"), b""
    sys.exit(f"no kind of crowd is named {kind}")


class Crowd:
    def __init__(self, host, port, kind, count):
        self.host, self.port, self.kind, self.count = host, port, kind, count
        self.members, self.order, self.at = {}, [], 0
        self.waits = select.epoll()
        self.told = Counter()

    def connect(self):
        number = self.told["opened"]
        self.told["opened"] += 1
        member = socket.socket()
        member.setblocking(False)
        if self.kind == "sleepers":
            member.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        # The port is chosen when the other end is known, so that each address has all of them.
        member.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        member.bind((f"127.0.1.{1 + number % ADDRESSES}", 0))
        member.connect_ex((self.host, self.port))
        said, drop = opening(self.kind, number)
        self.members[member.fileno()] = (member, said, drop)
        self.order.append(member.fileno())
        self.waits.register(member.fileno(), select.EPOLLOUT)

    def drop(self):
        """Those whose turn it is within this tick."""
        share = max(1, int(len(self.order) * TICK_SECONDS / ROUND_SECONDS))
        for _ in range(min(share, len(self.order))):
            self.at = (self.at + 1) % len(self.order)
            number = self.order[self.at]
            if number not in self.members:
                self.order[self.at] = self.order[-1]
                self.order.pop()
                if not self.order:
                    return
                continue
            member, said, drop = self.members[number]
            if drop and not said:
                self.say(number, drop)

    def say(self, number, what):
        try:
            self.members[number][0].send(what)
        except BlockingIOError:
            pass
        except OSError:
            self.end(number, "reset")

    def end(self, number, how):
        self.told[how] += 1
        self.waits.unregister(number)
        self.members.pop(number)[0].close()

    def hear(self, number, events):
        member, said, drop = self.members[number]
        if events & select.EPOLLOUT:
            code = member.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                return self.end(number, os.strerror(code))
            self.members[number] = member, b"", drop
            # Sleepers never look again.
            self.waits.modify(number, 0 if self.kind == "sleepers" else select.EPOLLIN)
            if said:
                self.say(number, said)
            return
        if self.kind == "sleepers":
            return self.end(number, "dropped")
        try:
            heard = member.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            return self.end(number, "reset")
        if not heard:
            return self.end(number, "dropped")
        if heard.startswith(b"HTTP/1.1 "):
            self.told[heard[9:12].decode()] += 1

    def run(self, seconds):
        """Those who are dropped come back until half-time, but for sleepers; then it is seen who goes."""
        start = time.monotonic()
        tick = start
        while (now := time.monotonic()) < start + seconds:
            if now < start + seconds / 2:
                there = self.told["opened"] if self.kind == "sleepers" else len(self.members)
                for _ in range(min(CONNECTS_A_TICK, self.count - there)):
                    self.connect()
            elif not self.members:
                break
            self.told["most"] = max(self.told["most"], len(self.members))
            self.drop()
            tick += TICK_SECONDS
            for number, events in self.waits.poll(max(0.001, tick - time.monotonic()), maxevents=512):
                if number in self.members:
                    self.hear(number, events)
        self.told["stayed"] = len(self.members)
        self.told["seconds"] = round(time.monotonic() - start, 1)
        return self.told


if __name__ == "__main__":
    os.nice(5)
    address, kind, count, seconds = (sys.argv[1], int(sys.argv[2])), sys.argv[3], int(sys.argv[4]), float(sys.argv[5])
    print(json.dumps(Crowd(*address, kind, count).run(seconds)))
