#!/usr/bin/env python3
"""Plays docs/tutorial.md from its first block to its last, against one server that is changed while it runs.

Files are saved and changed, commands and what is pasted into the browser's console run as the page has them, and
everything that it shows is compared. It is played twice: with players in Node, where the page's JavaScript runs, and
with `websockets`. Then every block is spoiled in a copy of its own, and each time the play has to fail.
"""

import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

from page import COMMAND_SECONDS, Page
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from relay import BINARY, ROOT, Checks, Relay, run_scenarios, wait_until

PAGE = "docs/tutorial.md"
RESULT = "examples/tutorial"
PAGES_PORT = "9080"
WAIT_SECONDS = 10
# In which what nobody expects has come.
QUIET_SECONDS = 0.2
PLAYS_AT_ONCE = 6

PAGE_LINES_MAX, SCRIPT_LINES_MAX, MINUTES_MAX = 350, 60, 20
# What a reader takes: for prose, for a line of code (to read it and to paste or type it), for a line of output, for
# going to a terminal, the editor or the browser.
WORDS_PER_MINUTE = 200
CODE_LINE_SECONDS, OUTPUT_LINE_SECONDS, ERRAND_SECONDS = 4, 1, 10

# What the page need not show of the log after a save.
TAKEN_UP = "T info lobby.lua (version <1>) runs now, loaded in N us"


class Difference(Exception):
    """What the page shows is not what happens."""


class Browser:
    """The console of a browser, in Node."""

    def __init__(self):
        environment = {"NODE_PATH": "/usr/share/nodejs", **os.environ}
        self.process = subprocess.Popen(["node", os.path.join(ROOT, "Tests", "Documentation", "console.js")], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def paste(self, text):
        self.process.stdin.write(json.dumps(text) + "\n")
        self.process.stdin.flush()

    def answers(self, variable):
        """Whether the connection that the page made under this name still hears what others say."""
        self.lines.clear()
        self.paste(f'cid({{"to": "{variable}"}})')
        return wait_until(lambda: self.lines == ['Ana < {"to":"ana","from":3}'], WAIT_SECONDS)

    def close(self):
        self.process.communicate(timeout=WAIT_SECONDS)
        self.reader.join(WAIT_SECONDS)


class Players:
    """The same players with `websockets`: does what the calls in the page's JavaScript say."""

    FUNCTION = re.compile(r"^function player\(name\) \{\n.*?^\}\n", re.DOTALL | re.MULTILINE)
    CONNECTS = re.compile(r'const (\w+) = player\("(\w+)"\)')
    SAYS = re.compile(r"(\w+)\((\{.*\})\)")
    LEAVES = re.compile(r"(\w+)\.leave\(\)")

    def __init__(self):
        self.lines, self.sockets, self.readers, self.url = [], {}, [], None

    def paste(self, text):
        function = self.FUNCTION.match(text)
        if function:
            self.url = re.search(r'WebSocket\("([^"]+)"\)', function.group(0)).group(1)
            text = text[function.end():]
        for line in text.splitlines():
            self._run(line)

    def _run(self, line):
        if found := self.CONNECTS.fullmatch(line):
            variable, name = found.groups()
            socket = self.sockets[variable] = connect(self.url, proxy=None)
            reader = threading.Thread(target=self._read, args=(name, socket), daemon=True)
            reader.start()
            self.readers.append(reader)
        elif found := self.SAYS.fullmatch(line):
            message = json.loads(found.group(2))
            self.sockets[found.group(1)].send(json.dumps(message, separators=(",", ":")))
        elif found := self.LEAVES.fullmatch(line):
            self.sockets[found.group(1)].close(1000)
        else:
            raise Difference(f"JavaScript that this test does not know: {line}")

    def _read(self, name, socket):
        try:
            while True:
                self.lines.append(f"{name} < {socket.recv()}")
        except ConnectionClosed:
            self.lines.append(f"{name} is closed: {socket.close_code} {socket.close_reason}")

    def answers(self, variable):
        """Whether the connection that the page made under this name answers a ping."""
        return self.sockets[variable].ping().wait(WAIT_SECONDS)

    def close(self):
        for socket in self.sockets.values():
            socket.close()
        for reader in self.readers:
            reader.join(WAIT_SECONDS)


class Marks:
    """Lines without what differs from run to run: times and ports. Versions and codes become their number, in the order
    in which they come: what was the same stays the same."""

    VERSION = re.compile(r"(?<=\(version )[0-9a-f]{8}(?=\))")
    CODE = re.compile(r'(?<=")[A-Z]{4}(?=")')

    def __init__(self):
        self.seen = {self.VERSION: [], self.CODE: []}

    def masked(self, lines):
        text = "\n".join(lines)
        for shape, seen in self.seen.items():
            for value in shape.findall(text):
                if value not in seen:
                    seen.append(value)
            text = shape.sub(lambda match, seen=seen: f"<{seen.index(match.group(0)) + 1}>", text)
        text = re.sub(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", "T ", text, flags=re.MULTILINE)
        text = re.sub(r"(?<=\()\d+(?= ms\))|(?<=loaded in )\d+(?= us)", "N", text)
        return re.sub(r"\b(localhost|0\.0\.0\.0):\d+\b", r"\1:PORT", text).splitlines()


class Play:
    """One reader with one page, one browser and one server."""

    def __init__(self, path, browser):
        self.page, self.browser = Page(path), browser
        self.shown, self.got = Marks(), Marks()
        self.relay, self.logged, self.printed = None, 0, 0
        self.played = 0

    def run(self):
        """Plays every block up to the first that does not go as shown: what it raises has the block's `line`."""
        with tempfile.TemporaryDirectory() as home:
            self._move_in(home)
            block = None
            try:
                for block, after in zip(self.page.blocks, [*self.page.blocks[1:], None]):
                    self._take(block, after)
                    self.played += 1
                self._nothing_more()
                self.files = {name: self._read(name) for name in ("lobby.lua", "lobby.talk")}
                self.ana_answers = self.browser.answers("ana")
                self._compare("the server's exit code", ["0"], [str(self.relay.stop())])
            except Exception as problem:
                problem.line = block.line
                raise
            finally:
                self.browser.close()
                if self.relay:
                    self.relay.stop()

    def _move_in(self, home):
        """The repository's folder as the reader has it, of which only the program counts, and a home of one's own."""
        self.folder = os.path.join(home, "lobbyist")
        os.makedirs(os.path.join(self.folder, ".build", "release"))
        os.symlink(BINARY, os.path.join(self.folder, ".build", "release", "lobbyist"))
        self.home, self.path = home, os.environ["PATH"]

    def _take(self, block, after):
        kind, name = block.words[0], block.words[1] if len(block.words) > 1 else None
        if kind == "console":
            for prompt, line, shown in exchanges(block):
                (self._run if prompt == "$" else self._paste)(line, shown)
        elif kind == "js":
            self._paste(block.text, [])
        elif kind == "log":
            self._compare("the log", block.lines, self._new_log())
        elif kind == "talk" and name:
            before = self._read(name) if block.words[2:] == ["more"] else ""
            self._write(name, before + block.text)
        elif kind in ("lua", "diff") and name:
            text = block.text if kind == "lua" else changed(self._read(name), block.lines)
            self._save(name, text, after)
        else:
            raise Difference(f"a block that nobody plays: {' '.join(block.words)}")

    def _read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def _save(self, name, text, after):
        self._write(name, text)
        if not self.relay:
            return
        wait_until(lambda: len(self.relay.lines) > self.logged, WAIT_SECONDS)
        if after is None or after.words != ["log"]:
            said = Marks().masked(self._new_log())
            if said != [TAKEN_UP]:
                raise Difference("\n".join([f"{name} is not taken up:", *said]))

    def _new_log(self):
        new = [line.rstrip("\n") for line in self.relay.lines[self.logged:]]
        self.logged += len(new)
        return new

    def _run(self, command, shown):
        if command.startswith("lobbyist serve "):
            return self._serve(command, shown)
        state = os.path.join(self.home, "state")
        if self.relay:
            command = command.replace(f"localhost:{PAGES_PORT}", f"127.0.0.1:{self.relay.port}")
        # As in a terminal that stays open, the folder and the path are for the next command, too.
        done = subprocess.run(
            ["bash", "-c", f"{command}\ncode=$?\nprintf '%s\\n' \"$PWD\" \"$PATH\" > {state}\nexit $code"],
            cwd=self.folder, env={**os.environ, "HOME": self.home, "PATH": self.path}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=COMMAND_SECONDS)
        self._compare(command, shown, done.stdout.splitlines())
        if not shown and done.returncode:
            raise Difference(f"{command}: exit code {done.returncode}")
        with open(state, encoding="utf-8") as file:
            self.folder, self.path = file.read().splitlines()

    def _serve(self, command, shown):
        relay = Relay(errors=True)
        relay.command = ["env", "-C", self.folder, "PORT=0", f"PATH={self.path}", "sh", "-c", f"exec {command}"]
        self.relay = relay.__enter__()
        wait_until(lambda: len(relay.lines) >= len(shown), WAIT_SECONDS)
        self.logged = len(shown)
        self._compare(command, shown, [line.rstrip("\n") for line in relay.lines[:len(shown)]])

    def _paste(self, text, shown):
        for number, code in enumerate(self.shown.seen[Marks.CODE]):
            text = text.replace(code, self.got.seen[Marks.CODE][number])
        self.browser.paste(text.replace(f"localhost:{PAGES_PORT}", f"127.0.0.1:{self.relay.port}"))
        wait_until(lambda: len(self.browser.lines) >= self.printed + len(shown), WAIT_SECONDS)
        time.sleep(QUIET_SECONDS)
        got = [line.rstrip() for line in self.browser.lines[self.printed:]]
        self.printed += len(got)
        # Which of two players hears first is left to chance.
        by_player = [sorted(lines, key=lambda line: line.split()[0]) for lines in (shown, got)]
        self._compare(text, *by_player)

    def _compare(self, what, shown, got):
        shown, got = self.shown.masked(shown), self.got.masked(got)
        if shown != got:
            raise Difference("\n".join([f"{what}: the page shows", *shown, "and there is", *got]))

    def _nothing_more(self):
        """Every line of the log has been looked at, nobody has heard more than shown, and the server runs."""
        self._compare("the log", [], self._new_log())
        self._compare("the players hear", [], self.browser.lines[self.printed:])
        if not self.relay.alive():
            raise Difference("the server has ended")


def exchanges(block):
    """What a console shows: the prompt ($ of a terminal, > of the browser), the line typed there, the lines printed."""
    found = []
    for line in block.lines:
        if line[:2] in ("$ ", "> "):
            found.append((line[0], line[2:], []))
        elif not found:
            raise Difference("a console that begins with an output")
        else:
            found[-1][2].append(line)
    return found


def changed(text, lines):
    """The text with the changes that a diff shows: hunks, parted by lines that begin with @@, whose place is where
    their old lines stand."""
    source, hunks = text.splitlines(), [[]]
    for line in lines:
        if line.startswith("@@"):
            hunks.append([])
        else:
            hunks[-1].append(line)
    for hunk in hunks:
        old = [line[1:] for line in hunk if not line.startswith("+")]
        new = [line[1:] for line in hunk if not line.startswith("-")]
        places = [place for place in range(len(source)) if source[place:place + len(old)] == old]
        if len(places) != 1:
            raise Difference("\n".join([f"{len(places)} places for this change:", *hunk]))
        source[places[0]:places[0] + len(old)] = new
    return "\n".join(source) + "\n"


def spoiled(page, block):
    """The page's text without one line of the block that matters, or with a command that cannot work."""
    lines = page.text.splitlines()
    # The line after the opening fence is the first of the block.
    places = range(block.line, block.line + len(block.lines))
    if block.words[0] == "diff":
        places = [place for place in places if re.match(r"[+-].", lines[place])]
    place = places[-1]
    if lines[place].startswith(("$ ", "> ")):
        lines[place] += "/nowhere"
    else:
        del lines[place]
    return "\n".join(lines) + "\n"


def goes_as_shown(checks, browser):
    play = Play(PAGE, browser())
    try:
        play.run()
    except Difference as difference:
        print(difference)
        return checks.failure(f"{PAGE}:{difference.line}", difference)
    checks.equal("every block is played", play.played, len(play.page.blocks))
    checks.true("Ana is there from beginning to end", play.ana_answers)
    for name, text in play.files.items():
        with open(os.path.join(ROOT, RESULT, name), encoding="utf-8") as file:
            checks.equal(f"{RESULT}/{name} is what the reader has at the end", text, file.read())
    titles = sum(block.text.count("\n--- ") for block in play.page.named("talk"))
    last = [lines for block in play.page.named("console") for _, command, lines in exchanges(block)
            if command.startswith("lobbyist test")][-1]
    checks.equal("the last test plays every conversation", last[-1:], [f"{titles} passed, 0 failed"])


def fails(text):
    """Where the play of a page with this text fails, and at what."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "page.md")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        try:
            Play(path, Browser()).run()
        except Exception as problem:  # noqa: BLE001 - a reader who cannot go on has noticed
            return problem.line, problem
    return None, None


def can_fail(checks):
    """Each block, spoiled, is noticed, and not before the reader gets there."""
    page = Page(PAGE)
    with concurrent.futures.ThreadPoolExecutor(PLAYS_AT_ONCE) as pool:
        unknown = pool.submit(fails, f"{page.text}\n```text\nhello\n```\n")
        results = list(pool.map(lambda block: fails(spoiled(page, block)), page.blocks))
    for block, (line, problem) in zip(page.blocks, results):
        name = f"{PAGE}:{block.line}: a spoiled {block.words[0]} is noticed"
        if not checks.true(name, line and line >= block.line, f"line {block.line} or later", line) and problem:
            print(problem)
    checks.equal("a block that nobody plays is noticed", str(unknown.result()[1]), "a block that nobody plays: text")


def length(checks):
    """The page is short, and the time that it takes is the one that it promises."""
    page = Page(PAGE)
    checks.true(f"less than {PAGE_LINES_MAX} lines", len(page.text.splitlines()) < PAGE_LINES_MAX)
    with open(os.path.join(ROOT, RESULT, "lobby.lua"), encoding="utf-8") as file:
        code = [line for line in file if line.strip()]
    checks.true(f"a script of less than {SCRIPT_LINES_MAX} lines", len(code) < SCRIPT_LINES_MAX, SCRIPT_LINES_MAX,
                len(code))
    words = len(re.sub(r"^```.*?^```$", "", page.text, flags=re.DOTALL | re.MULTILINE).split())
    asked = [exchange for block in page.named("console") for exchange in exchanges(block)]
    outputs = sum(len(lines) for _, _, lines in asked) + sum(len(block.lines) for block in page.named("log"))
    pasted = [block for block in page.blocks if block.words[0] in ("lua", "diff", "talk", "js")]
    typed = len(asked) + sum(len(block.lines) for block in pasted)
    errands = len(pasted) + len(page.named("console"))
    seconds = words / WORDS_PER_MINUTE * 60 + typed * CODE_LINE_SECONDS
    seconds += outputs * OUTPUT_LINE_SECONDS + errands * ERRAND_SECONDS
    print(f"{words} words, {typed} lines of code, {outputs} of output, {errands} errands: {seconds / 60:.1f} minutes")
    checks.true(f"{MINUTES_MAX} minutes", MINUTES_MAX - 5 <= seconds / 60 <= MINUTES_MAX, MINUTES_MAX,
                f"{seconds / 60:.1f}")


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    run_scenarios(Checks(), [(length,), (goes_as_shown, Browser), (goes_as_shown, Players), (can_fail,)])
