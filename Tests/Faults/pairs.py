"""Pairs that talk through a relay and check every byte of it, while its system calls fail."""

import itertools
import os
import re

from raw_socket import CLOSE, PING, PONG, TEXT, Closed, RawSocket, frame

SIZES = (1, 200, 3000, 1, 60, 9000)
PATIENCE_SECONDS = 3
serials = itertools.count()


class Wrong(Exception):
    """Something was heard that nobody has said, or in another order."""


class Lost(Exception):
    """A connection ended."""


class Pair:
    """Two that hear each other in a room of their own."""

    def __init__(self, relay):
        self.room, self.said = next(serials), 0
        self.ends = [RawSocket(relay), RawSocket(relay)]
        for end in self.ends:
            end.socket.settimeout(PATIENCE_SECONDS)
            end.upgrade(f"/{self.room}")

    def text(self, side, number, size):
        return (f"{self.room} {side} {number} " + "abcdefg" * (size // 7 + 1))[:size + 20].encode()

    def talk(self):
        """Each says something of every size before the other listens."""
        first = self.said
        try:
            for side, end in enumerate(self.ends):
                end.send(b"".join(frame(TEXT, self.text(side, first + number, size))
                                  for number, size in enumerate(SIZES)))
        except OSError as error:
            raise Lost(f"in saying: {error}") from error
        self.said += len(SIZES)
        for side, end in enumerate(self.ends):
            for number, size in enumerate(SIZES):
                heard = hear(end)
                if heard != self.text(1 - side, first + number, size):
                    raise Wrong(f"{heard[:60]!r} of {len(heard)} bytes for {first + number} of {size}")

    def close(self):
        for end in self.ends:
            end.close()


def hear(end):
    while True:
        try:
            opcode, _, payload = end.receive_frame(PATIENCE_SECONDS)
        except (Closed, OSError) as error:
            raise Lost(f"{type(error).__name__} {error}") from error
        if opcode == CLOSE:
            raise Lost(f"closed {payload!r}")
        if opcode not in (PING, PONG):
            return payload


class Pairs:
    """Some of them; one that is lost is replaced as soon as that goes."""

    def __init__(self, relay, count):
        self.relay, self.count, self.pairs = relay, count, []
        self.lost, self.wrong, self.turned_away = [], [], []

    def forget(self):
        self.lost, self.wrong, self.turned_away = [], [], []

    def fill(self):
        while len(self.pairs) < self.count:
            try:
                self.pairs.append(Pair(self.relay))
            except (OSError, RuntimeError, Closed) as error:
                self.turned_away.append(str(error))
                return False
        return True

    def talk(self):
        self.fill()
        for pair in [*self.pairs]:
            try:
                pair.talk()
                continue
            except Lost as problem:
                self.lost.append(str(problem))
            except Wrong as problem:
                self.wrong.append(str(problem))
            self.pairs.remove(pair)
            pair.close()

    def visit(self):
        """A newcomer that goes again at once, and a browser that fetches a file."""
        try:
            with RawSocket(self.relay) as guest:
                guest.socket.settimeout(PATIENCE_SECONDS)
                guest.upgrade(f"/{next(serials)}")
        except (OSError, RuntimeError, Closed) as error:
            self.turned_away.append(f"{type(error).__name__} {error}")
        fetched = fetch(self.relay)
        if fetched != PAGE:
            self.turned_away.append(f"the page: {fetched[:60]!r}")

    def close(self):
        for pair in self.pairs:
            pair.close()


PAGE = b"<!doctype html>" + b"x" * 400


def fetch(relay):
    """The page that the relay shows, whole or as far as it came."""
    try:
        with RawSocket(relay) as browser:
            browser.socket.settimeout(PATIENCE_SECONDS)
            browser.send(f"GET /pages/ HTTP/1.1\r\nHost: {browser.host}\r\nConnection: close\r\n\r\n".encode())
            head = browser.reply_head()
            length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
            while len(browser.pending) < length:
                browser.receive_some()
            return browser.pending if head.startswith(b"HTTP/1.1 200") else head
    except (OSError, Closed) as error:
        return f"{type(error).__name__} {error}".encode()


def write_page(folder):
    with open(os.path.join(folder, "index.html"), "wb") as file:
        file.write(PAGE)
