#!/usr/bin/env python3
"""The operator's dashboard in Chromium, with real peers on the relay; and pages of foreign origins that try to use the
admin listener.

With a folder as argument, screenshots are put there; further arguments name the scenarios to run.
"""

import contextlib
import functools
import http.server
import json
import os
import re
import shutil
import sys
import tempfile
import threading
import urllib.error
import urllib.request

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    print("all left out: dashboard (PyPI playwright is not installed: Tests/Installation/clients_venv.sh)")
    sys.exit(0)

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from page import CHROMIUM, CONTRAST, FLAGS, NAMELESS, ROOT, QuietHandler, Reader

from relay import Checks, Relay, free_port, run_scenarios, wait_until

SHOTS = sys.argv[1] if len(sys.argv) > 1 else None
ROOMS = os.path.join("Tests", "Clients", "admin", "rooms.lua")
BAIT = "<img src=x onerror=document.title='taken'>"
TOKEN = "correct-horse-battery"
WAIT_MS = 5000
# A name that leads to this machine, as it would by DNS rebinding.
REBOUND = "rebound.example"
# What Chromium itself says of an answer that is none.
GONE = "Failed to load resource: net::ERR_"


class Operated(Relay):
    """A relay and its dashboard."""

    def __init__(self, token=False, payloads=False, outlived=False, **options):
        """`outlived`: pages stay open when the relay ends."""
        self.admin_port = free_port()
        self.outlived = outlived
        self.operators = []
        super().__init__(admin=f"127.0.0.1:{self.admin_port}", **{"script": ROOMS, **options})
        if payloads:
            self.command.append("--tail-payloads")
        self.token_file = None
        if token:
            self.token_file = tempfile.NamedTemporaryFile("w", suffix=".token")
            self.token_file.write(TOKEN + "\n")
            self.token_file.flush()
            self.command += ["--admin-token-file", self.token_file.name]

    @property
    def page(self):
        return f"http://127.0.0.1:{self.admin_port}/"

    def __exit__(self, *error):
        if not self.outlived:
            for operator in self.operators:
                operator.page.close()
        return super().__exit__(*error)


class Peer:
    """A client in a room."""

    def __init__(self, relay, room=None):
        self.socket = connect(relay.url, open_timeout=5, close_timeout=1)
        self.socket.recv(timeout=5)
        if room is not None:
            self.says(f"join {room}")

    def says(self, text):
        """Everything but `tell` is answered."""
        self.socket.send(text)
        if not text.startswith("tell "):
            while self.socket.recv(timeout=5) != "ok":
                pass

    def end(self):
        """Code and reason with which the relay has closed it."""
        try:
            while True:
                self.socket.recv(timeout=5)
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else None

    def leaves(self):
        self.socket.close()


class Operator(Reader):
    """Somebody with the dashboard open: what they do, what they see, and what the console said."""

    def __init__(self, browser, relay, width=1280, height=900, scheme="light", script=None, url=None):
        relay.operators.append(self)
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.console = []
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(f"error: {error}"))
        if script:
            self.page.add_init_script(script)
        self.page.goto(url or relay.page)

    def rows(self, selector):
        return [re.sub(r"\s+", " ", text).strip() for text in self.page.locator(f"{selector} tr").all_inner_texts()]

    def comes(self, condition, seconds=WAIT_MS / 1000):
        """Whether it comes to hold, while the page goes on."""
        return wait_until(lambda: self.page.wait_for_timeout(50) or condition(), seconds)

    def sees_row(self, selector, pattern):
        """Whether one row of a table, its cells with a space between them, comes to match all of this."""
        if self.comes(lambda: any(re.fullmatch(pattern, row) for row in self.rows(selector))):
            return True
        print(f"     {selector} has {self.rows(selector)}")
        return False

    def is_live(self):
        return self.sees("#state", "Live")

    def opens(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()
        return self.sees("#lobby-title", f"Lobby {name}")

    def watches(self, payloads=False):
        """Has the messages of the lobby that is open shown; answers what the page says of them."""
        self.page.click("#watch")
        self.comes(lambda: self.text("#tail-note") != "Asking for them …")
        if payloads:
            self.page.check("#payloads")
            self.comes(lambda: self.text("#tail-note") != "Asking for them …")
        return self.text("#tail-note")

    def answers(self, choice):
        self.page.locator("#question button", has_text=choice).click()

    def overflows(self):
        """How many pixels wider than the screen the page is."""
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth")

    def shot(self, name, whole=True):
        if SHOTS:
            self.page.screenshot(path=os.path.join(SHOTS, f"{name}.png"), full_page=whole)


def scenario(function):
    """Runs a scenario: `operator(relay, …)` opens its dashboard in a window. It answers what the consoles may say, if
    they may say anything."""
    def run(checks, browser):
        operators = []

        def operator(relay, **options):
            operators.append(Operator(browser, relay, **options))
            return operators[-1]

        try:
            expected = function(checks, operator) or []
        finally:
            for each in operators:
                each.context.close()
        said = [text for each in operators for text in each.console
                if not any(text.startswith(one) for one in expected)]
        checks.equal(f"{function.__name__}: the consoles of {len(operators)} pages are empty", said, [])

    run.__name__ = function.__name__
    return run


@contextlib.contextmanager
def folder_with(source):
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "policy.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write(source)
    try:
        yield path
    finally:
        shutil.rmtree(folder)


@scenario
def figures(checks, operator):
    """Whatever there is to be seen without a click, while peers come and speak."""
    with Operated(errors=True) as relay:
        page = operator(relay)
        checks.true("the page is live", page.is_live())
        checks.true("an empty relay has no lobbies", page.sees("#lobby-rows", "There are no lobbies."))
        checks.true("nor refusals", page.sees("#refusal-rows", "Nobody has been refused."))
        checks.true("it is ready", page.sees("#readiness", "ready"))
        checks.true("it takes some memory", page.sees("#memory", re.compile(r"^\d+(\.\d+)? MiB$")))
        checks.true("it says its version", page.sees("#about", re.compile(r"version \d")))
        page.shot("empty")
        ana, bob, eve = (Peer(relay, "home") for _ in range(3))
        checks.true("three peers are seen", page.sees("#peers", re.compile("^3$")))
        checks.true("in one lobby", page.sees("#lobby-count", re.compile("^1$")))
        checks.true("its row tells of three members", page.sees_row("#lobby-rows", r"home / 3 \d+ s [0-9a-f]+"))
        for _ in range(40):
            ana.says("tell hello")
        checks.true("the rate of messages in is seen", page.sees("#messages-in", re.compile(r"^[1-9][\d.]* /s$")))
        checks.true("what goes out is more", page.sees("#plots", re.compile(r"Messages out\s*at most [1-9]")))
        lines = page.page.locator("#plots svg path:not(.area)")
        checks.true("each plot has a line", page.comes(lambda: lines.evaluate_all(
            "(paths) => paths.length === 3 && paths.every((path) => path.getAttribute('d').includes('L'))")))
        checks.true("rates go back to none", page.sees("#messages-in", re.compile("^0 /s$")))
        bob.socket.send("fail")
        checks.true("a hook's calls and failures are counted",
                    page.sees_row("#hook-rows", r"\S*rooms on_message (?:32|48) 1 [\d.]+ .s [\d.]+ .s [\d.]+ .s"))
        with contextlib.suppress(Exception):
            connect(relay.url + "/no", open_timeout=5)
        checks.true("a refusal is seen with its reason", page.sees_row("#refusal-rows", r"[a-z ]+ 1 1"))
        checks.equal("one that is seen in the last minute", len(page.rows("#refusal-rows")), 1)
        page.shot("figures")
        for peer in (ana, bob, eve):
            peer.leaves()
        checks.true("who leaves is gone", page.sees("#peers", re.compile("^0$")) and
                    page.sees("#lobby-rows", "There are no lobbies."))


@scenario
def one_lobby(checks, operator):
    """A lobby's members, kicking one of them, and closing it."""
    with Operated() as relay:
        page = operator(relay)
        ana, bob, eve = (Peer(relay, "home") for _ in range(3))
        other = Peer(relay, "elsewhere")
        ana.says("seal")
        checks.true("it opens", page.opens("home"))
        checks.true("with its members", page.sees_row("#member-rows", r"3 \d+\.\d+ 127\.0\.0\.1 Kick"))
        checks.equal("three of them", len(page.rows("#member-rows")), 3)
        checks.true("and what is known of it",
                    page.sees("#lobby-note", re.compile("^3 members at /, sealed, .* old, version ")))
        page.shot("lobby")
        kick = page.page.locator("#member-rows tr").nth(1).get_by_role("button")
        kick.click()
        checks.true("kicking asks first", page.sees("#question-text", re.compile(r"Kick peer \d+\.\d+\?")))
        page.shot("question", whole=False)
        page.answers("Cancel")
        page.page.wait_for_timeout(300)
        checks.equal("nothing happens when it is cancelled", len(page.rows("#member-rows")), 3)
        kick.click()
        page.page.keyboard.press("Escape")
        checks.equal("nor with Escape", len(page.rows("#member-rows")), 3)
        kick.click()
        page.answers("Kick")
        checks.equal("who is kicked is told", bob.end(), (4000, "Kicked by the operator"))
        checks.true("and gone", page.comes(lambda: len(page.rows("#member-rows")) == 2))
        page.page.click("#close-lobby")
        checks.true("closing asks first", page.sees("#question-text", "Close lobby home?"))
        page.answers("Close lobby")
        checks.equal("whoever is in it is told", [ana.end(), eve.end()], [(4000, "Closed by the operator")] * 2)
        checks.true("it is there no longer", page.sees("#lobby-note", "there no longer"))
        checks.true("nothing can be done with it",
                    page.page.is_disabled("#close-lobby") and page.page.is_disabled("#watch"))
        page.page.click("#leave")
        checks.true("the other one still is", page.sees("#lobby-rows", "elsewhere"))
        checks.true("alone", page.comes(lambda: len(page.rows("#lobby-rows")) == 1))
        other.says("tell still here")
        other.leaves()


@scenario
def foreign_words(checks, operator):
    """Names that are HTML are shown as text, wherever they are shown."""
    with Operated(payloads=True) as relay:
        page = operator(relay)
        ana, bob = Peer(relay, BAIT), Peer(relay, BAIT)
        checks.true("in the list", page.sees("#lobby-rows", BAIT))
        checks.true("in the title", page.opens(BAIT))
        page.watches(payloads=True)
        ana.says(f"tell {BAIT}")
        checks.true("in the tail", page.sees("#tail-rows", BAIT))
        page.page.click("#close-lobby")
        checks.true("in the question", page.sees("#question-text", BAIT))
        page.answers("Close lobby")
        bob.end()
        checks.equal("and none of it is an image", page.page.locator("img").count(), 0)
        checks.equal("or has run", page.page.title(), "Lobbyist")


@scenario
def many_lobbies(checks, operator):
    """A list of several pages, on a small screen."""
    with Operated() as relay:
        peer = Peer(relay, "a" * 120)
        peer.says("many 300")
        page = operator(relay, width=360, height=740, scheme="dark")
        checks.true("the first page", page.sees("#range", "1 to 25 of 301"))
        checks.equal("is 25 rows", len(page.rows("#lobby-rows")), 25)
        checks.equal("and no wider than the screen", page.overflows(), 0)
        checks.true("there is none before it", page.page.is_disabled("#previous"))
        page.shot("many-dark-360")
        page.page.click("#next")
        checks.true("the next one", page.sees("#range", "26 to 50 of 301"))
        page.page.click("#previous")
        checks.true("and back", page.sees("#range", "1 to 25 of 301"))
        page.page.fill("#filter", "room 12")
        checks.true("those with a name like that", page.sees("#range", "1 to 11 of 11"))
        checks.equal("alone", [row for row in page.rows("#lobby-rows") if not row.startswith("room 12")], [])
        page.page.fill("#filter", "nobody")
        checks.true("there may be none", page.sees("#lobby-rows", "No lobby is called that."))
        page.page.fill("#filter", "")
        checks.true("and all again", page.sees("#range", "1 to 25 of 301"))
        peer.leaves()


@scenario
def mounts(checks, operator):
    """Lobbies of one mount alone."""
    configuration = f"""
        listen "127.0.0.1:0"
        mount "/a" {{ script = "{ROOT}/{ROOMS}" }}
        mount "/b" {{ script = "{ROOT}/{ROOMS}" }}
    """
    with folder_with(configuration) as path, Operated(config=path, script=None) as relay:
        page = operator(relay)
        relay.url += "/a"
        ana = Peer(relay, "one")
        relay.url = relay.url[:-1] + "b"
        bob = Peer(relay, "one")
        checks.true("both are listed", page.comes(lambda: len(page.rows("#lobby-rows")) == 2))
        page.page.select_option("#mount", "/b")
        checks.true("or one", page.comes(lambda: len(page.rows("#lobby-rows")) == 1))
        checks.true("the right one", page.sees_row("#lobby-rows", r"one /b 1 .*"))
        page.opens("one")
        page.page.click("#close-lobby")
        page.answers("Close lobby")
        checks.equal("which can be closed", bob.end(), (4000, "Closed by the operator"))
        ana.says("tell still here")
        ana.leaves()


@scenario
def reloads(checks, operator):
    """The button that loads scripts anew, for good ones and a broken one."""
    with folder_with("return {}\n") as path, Operated(script=path, errors=True) as relay:
        page = operator(relay)
        page.is_live()
        version = page.text("#script-rows td:nth-child(3)")
        checks.true("nothing was reloaded yet", page.sees("#script-rows td:nth-child(4)", "–"))
        with open(path, "w", encoding="utf-8") as file:
            file.write("local policy = {}\nfunction policy.on_connect(peer) peer:send('new') end\nreturn policy\n")
        page.page.click("#reload")
        checks.true("its outcome is told",
                    page.sees("#outcome", re.compile(r"policy\.lua: version [0-9a-f]+, in [\d.]+ .s$")))
        checks.true("another version runs", page.comes(lambda: page.text("#script-rows td:nth-child(3)") != version))
        last = "#script-rows td:nth-child(4)"
        checks.true("the last reload is told", page.sees(last, re.compile(r"^\d\d:\d\d:\d\d, in ")))
        running = page.text("#script-rows td:nth-child(3)")
        with open(path, "w", encoding="utf-8") as file:
            file.write("local policy = {}\nfunction policy.on_connect(peer\nreturn policy\n")
        page.page.click("#reload")
        checks.true("a broken one is refused with file, line and reason",
                    page.sees("#outcome", re.compile(r"Refused: .*policy\.lua:3: '\)' expected")))
        checks.true("in the table too", page.sees(last, re.compile(r"refused at .*policy\.lua:3:")))
        checks.equal("the former version runs on", page.text("#script-rows td:nth-child(3)"), running)
        page.shot("reload-refused")
        return ["Failed to load resource: the server responded with a status of 422"]


@scenario
def tail(checks, operator):
    """A lobby's messages: who, when, how much; and what they say where that is allowed."""
    with Operated() as relay:
        page = operator(relay)
        ana, bob, other = Peer(relay, "home"), Peer(relay, "home"), Peer(relay, "away")
        page.opens("home")
        checks.matches("nothing is told of before", page.watches(), "Nothing has been sent yet.*")
        ana.says('tell {"type":4,"sdp":"secret"}')
        other.says("tell to nobody")
        bob.says('tell {"type":"answer"}')
        ana.says('tell {"type":"what I say"}')
        checks.true("who has sent how much to whom", page.sees_row("#tail-rows", r"\d\d:\d\d:\d\d 1 2 25 4"))
        checks.true("a kind that is a word", page.sees_row("#tail-rows", r"\S+ 2 1 17 answer"))
        checks.true("no kind that is a sentence", page.sees_row("#tail-rows", r"\S+ 1 2 21"))
        checks.equal("and no more", len(page.rows("#tail-rows")), 3)
        checks.true("what they say cannot be had", page.page.is_disabled("#payloads"))
        checks.true("and why", page.sees("#tail-note", "--tail-payloads"))
        refused = page.page.evaluate("fetch('/tail?lobby=home&payloads=1').then((answer) => answer.status)")
        checks.equal("also not by asking", refused, 403)
        told = page.page.evaluate("fetch('/tail?lobby=home').then((answer) => answer.text())")
        checks.true("not a word of it leaves the relay", "secret" not in told and "what I say" not in told, got=told)
        page.page.click("#watch")
        checks.true("watching ends", page.page.is_hidden("#tail"))
    relay = Operated(payloads=True, limits={"deflate_from_bytes": 1})
    relay.command.append("--deflate")
    with relay:
        page = operator(relay)
        ana, bob = Peer(relay, "home"), Peer(relay, "home")
        checks.equal("what they hear is compressed", len(bob.socket.protocol.extensions), 1)
        page.opens("home")
        page.watches()
        ana.says('tell {"type":4,"sdp":"v=0"}')
        checks.true("redacted to begin with", page.sees_row("#tail-rows", r"\S+ 1 2 22 4"))
        page.page.check("#payloads")
        checks.true("shown when asked for", page.sees("#tail-rows tr", '{"type":4,"sdp":"v=0"}'))
        page.shot("tail")
        page.page.uncheck("#payloads")
        checks.true("and hidden again", page.sees_row("#tail-rows", r"\S+ 1 2 22 4"))
        ana.leaves()
        bob.leaves()
        checks.true("the lobby's end is told", page.sees("#lobby-note", "there no longer"))
    return ["Failed to load resource: the server responded with a status of 403"]


@scenario
def asked_by_programs(checks, _):
    """What a tail answers to requests that it does not grant."""
    with Operated() as relay:
        peers = [Peer(relay, f"room {number}") for number in range(5)]

        def ask(query):
            try:
                with urllib.request.urlopen(f"{relay.page}tail?{query}", timeout=5) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code

        checks.equal("four lobbies are watched at a time", [ask(f"lobby=room+{number}") for number in range(5)],
                     [200, 200, 200, 200, 409])
        checks.equal("and again", ask("lobby=room+3&after=1"), 200)
        for query, status in (("", 422), ("lobby=room+0&after=x", 422), ("lobby=room+0&after=-1", 422),
                              ("lobby=nowhere", 404), ("lobby=room+0&mount=/nowhere", 404),
                              ("lobby=room+0&payloads=1", 403)):
            checks.equal(f"tail?{query}", ask(query), status)
        for peer in peers:
            peer.leaves()


@scenario
def recorded_meanwhile(checks, operator):
    """A recording goes on while a lobby is watched."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "record.jsonl")
        relay = Operated()
        relay.command += ["--record", path]
        with relay:
            page = operator(relay)
            ana, bob = Peer(relay, "home"), Peer(relay, "home")
            page.opens("home")
            ana.says("tell before")
            bob.socket.recv(timeout=5)
            page.watches()
            ana.says("tell during")
            checks.true("the tail hears", page.sees_row("#tail-rows", r"\S+ 1 2 6"))
            ana.leaves()
            bob.leaves()
        with open(path, encoding="utf-8") as file:
            said = file.read()
        checks.equal("the recording too", [word for word in ("before", "during") if word not in said], [])


@scenario
def token(checks, operator):
    """A listener with a token: the page asks for it, keeps it for this tab, and shows nothing without it."""
    with Operated(token=True) as relay:
        page = operator(relay)
        checks.true("the page asks for the token", page.sees("#login", "admin token"))
        checks.true("and shows nothing", page.page.is_hidden("#main"))
        checks.equal("the focus is there", page.page.evaluate("document.activeElement.id"), "token")
        page.shot("token")
        page.page.fill("#token", "not-the-right-token")
        page.page.keyboard.press("Enter")
        checks.true("a wrong one is not enough", page.sees("#login-problem", "That was not it."))
        checks.true("and shows nothing", page.page.is_hidden("#main"))
        # Ten would bar this address for a minute.
        for _ in range(8):
            page.page.fill("#token", "not-the-right-token")
            page.page.keyboard.press("Enter")
            page.page.wait_for_selector("#login:not([hidden])")
        page.page.fill("#token", TOKEN)
        page.page.keyboard.press("Enter")
        checks.true("the right one opens it", page.is_live() and page.page.is_visible("#peers"))
        page.page.reload()
        checks.true("it is known after a reload", page.is_live())
        checks.equal("for this tab alone", page.page.evaluate(
            "[sessionStorage.length, localStorage.length, document.cookie]"), [1, 0, ""])
        peer = Peer(relay, "home")
        page.opens("home")
        page.page.click("#close-lobby")
        page.answers("Close lobby")
        checks.equal("and lets act", peer.end(), (4000, "Closed by the operator"))
        return ["Failed to load resource: the server responded with a status of 401"]


@scenario
def relay_restarted(checks, operator):
    """The page says that the relay is gone, and goes on by itself when it is back."""
    relay = Operated(outlived=True)
    relay.command[relay.command.index("127.0.0.1:0")] = f"127.0.0.1:{free_port()}"
    with relay:
        page = operator(relay)
        checks.true("live", page.is_live())
        peer = Peer(relay, "home")
        page.sees("#lobby-rows", "home")
        peer.leaves()
    checks.true("its end is told", page.sees("#state", re.compile(r"has not answered for \d+ s")))
    checks.equal("and can be read", page.page.evaluate(CONTRAST), [])
    page.shot("gone")
    with relay:
        checks.true("live again, by itself", page.is_live())
        checks.true("with what there is now", page.sees("#lobby-rows", "There are no lobbies."))
        checks.true("and a rate that makes sense", page.sees("#messages-in", re.compile("^0 /s$")))
    return [GONE]


@scenario
def hidden(checks, operator):
    """A page that nobody looks at asks nothing."""
    script = """
      let isHidden = false;
      Object.defineProperty(document, "hidden", { get: () => isHidden });
      globalThis.hide = (value) => { isHidden = value; document.dispatchEvent(new Event("visibilitychange")); };
    """
    with Operated() as relay:
        page = operator(relay, script=script)
        page.is_live()
        asked = []
        page.page.on("request", lambda request: asked.append(request.url))
        page.page.evaluate("hide(true)")
        page.page.wait_for_timeout(1300)
        asked.clear()
        page.page.wait_for_timeout(1500)
        checks.equal("it asks nothing while it is hidden", asked, [])
        page.page.evaluate("hide(false)")
        page.page.wait_for_timeout(500)
        checks.true("and at once when it is seen again", len(asked) >= 3, got=asked)


# What a page can try without being asked. Each attempt answers what it got hold of.
ATTACK = """
async ([target, websocket]) => {
  const got = {};
  const attempt = async (name, action) => {
    try { got[name] = await action(); } catch (error) { got[name] = `${error.name}`; }
  };
  const read = async (response) => `${response.type} ${response.status} ${(await response.text()).length}`;
  const json = { "Content-Type": "application/json" };
  await attempt("GET", async () => read(await fetch(`${target}/status`)));
  await attempt("GET without CORS", async () => read(await fetch(`${target}/status`, { mode: "no-cors" })));
  await attempt("GET with a token", async () => read(await fetch(`${target}/status`,
    { headers: { Authorization: "Bearer x" } })));
  await attempt("POST of text", async () => read(await fetch(`${target}/close`,
    { method: "POST", mode: "no-cors", body: '{"lobby":"home"}' })));
  await attempt("POST of a blob that says it is JSON", async () => read(await fetch(`${target}/close`,
    { method: "POST", mode: "no-cors", body: new Blob(['{"lobby":"home"}'], { type: "application/json" }) })));
  await attempt("POST of JSON", async () => read(await fetch(`${target}/close`,
    { method: "POST", headers: json, body: '{"lobby":"home"}' })));
  await attempt("POST without a body", async () => read(await fetch(`${target}/reload`,
    { method: "POST", mode: "no-cors" })));
  await attempt("beacon", async () => navigator.sendBeacon(`${target}/close`,
    new Blob(['{"lobby":"home"}'], { type: "text/plain" })));
  const load = (name, tag, attributes) => attempt(name, () => new Promise((resolve) => {
    const made = Object.assign(document.createElement(tag), attributes);
    made.onload = () => resolve("loaded");
    made.onerror = () => resolve("error");
    document.body.append(made);
  }));
  await load("script", "script", { src: `${target}/status` });
  await load("the page's own module", "script", { src: `${target}/dashboard/words.js` });
  await load("image", "img", { src: `${target}/status` });
  await attempt("frame", () => new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.src = `${target}/`;
    frame.onload = () => {
      try { resolve(frame.contentDocument.body.textContent); } catch (error) { resolve(error.name); }
    };
    document.body.append(frame);
  }));
  await attempt("form", () => new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.name = "sink";
    document.body.append(frame);
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: `${target}/close`, target: "sink", enctype: "text/plain" });
    const field = document.createElement("input");
    Object.assign(field, { name: '{"lobby":"home","reason":"', value: '"}' });
    form.append(field);
    document.body.append(form);
    frame.onload = () => resolve("answered");
    form.submit();
    setTimeout(() => resolve("no answer"), 1000);
  }));
  const dial = (name, url) => attempt(name, () => new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("error");
  }));
  await dial("WebSocket to the admin listener", target.replace("http", "ws") + "/status");
  if (websocket) await dial("WebSocket to the relay", websocket);
  return got;
}
"""

NOTHING = {
    "GET": "TypeError", "GET without CORS": "TypeError", "GET with a token": "TypeError", "POST of text": "TypeError",
    "POST of a blob that says it is JSON": "TypeError", "POST of JSON": "TypeError", "POST without a body": "TypeError",
    "beacon": True, "script": "error", "the page's own module": "error", "image": "error", "frame": "TypeError",
    "form": "answered", "WebSocket to the admin listener": "error", "WebSocket to the relay": "error",
}


class Foreign:
    """An empty page of another origin."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        with open(os.path.join(self.folder, "index.html"), "w", encoding="utf-8") as file:
            file.write("<!doctype html><title>A game</title><link rel=icon href=data:,><body>")
        handler = functools.partial(QuietHandler, directory=self.folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.folder)


def untouched(checks, name, relay, operator, peer):
    """Whoever tried: the lobby is there, nothing was reloaded, and the relay's own page still works."""
    page = operator(relay)
    status = json.loads(page.page.evaluate("fetch('/status').then((answer) => answer.text())"))
    checks.equal(f"{name}: nothing was reloaded", status["relay"]["reloads"], 0)
    checks.equal(f"{name}: the lobby is there", status["mounts"][0]["lobbies"], 1)
    peer.says("tell still here")


@scenario
def foreign_pages(checks, operator):
    """Cross-site requests: a page of another port, and one of another name that leads here."""
    foreign = Foreign()
    options = {"plugins": ["plugins/origins.lua"], "settings": {"origins.allow": "http://game.example"}}
    try:
        with Operated(**options) as relay:
            peer = Peer(relay, "home")
            for host in ("127.0.0.1", REBOUND):
                page = operator(relay, url=f"http://{host}:{foreign.port}/")
                got = page.page.evaluate(ATTACK, [relay.page[:-1], relay.url])
                for attempt, expected in NOTHING.items():
                    checks.equal(f"a page of {host}: {attempt}", got.get(attempt), expected)
            untouched(checks, "pages", relay, operator, peer)
            peer.leaves()
    finally:
        foreign.stop()
    return [""]


@scenario
def rebinding(checks, operator):
    """A name whose DNS leads here: the browser takes the relay for the foreign site itself."""
    with Operated() as relay:
        peer = Peer(relay, "home")
        page = operator(relay, url=f"http://{REBOUND}:{relay.admin_port}/")
        checks.true("the page is refused", page.sees("body", "ask for this by address or as localhost"))
        asked = page.page.evaluate("""() => Promise.all(["/status", "/lobbies", "/tail?lobby=home", "/", "/metrics"]
            .map(async (path) => (await fetch(path)).status))""")
        checks.equal("and all there is", asked, [403] * 5)
        posted = page.page.evaluate("""() => Promise.all(["/close", "/reload", "/ban"].map(async (path) => (await fetch(
            path, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" })).status))""")
        checks.equal("also by POST", posted, [403] * 3)
        untouched(checks, "a rebound name", relay, operator, peer)
        peer.leaves()
    return ["Failed to load resource: the server responded with a status of 403"]


@scenario
def keyboard_alone(checks, operator):
    """From the load to a kick and back by Tab and Enter; what has the focus shows it and keeps it."""
    with Operated() as relay:
        ana, bob = Peer(relay, "home"), Peer(relay, "home")
        page = operator(relay)
        page.sees("#lobby-rows", "home")
        press = page.page.keyboard.press

        def focus():
            return page.page.evaluate("""() => { const one = document.activeElement;
                return one.id || one.getAttribute('aria-label') || one.textContent.trim(); }""")

        def tab_to(name):
            """Presses Tab until it is reached; answers what was passed without showing its focus, or None."""
            silent = []
            for _ in range(30):
                press("Tab")
                if page.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "solid":
                    silent.append(focus())
                if focus() == name:
                    return silent
            return None

        checks.equal("Tab reaches a lobby", tab_to("home"), [])
        page.page.wait_for_timeout(2200)
        checks.equal("which keeps the focus", focus(), "home")
        press("Enter")
        checks.true("Enter opens it", page.sees("#lobby-title", "Lobby home"))
        checks.equal("the focus is on its title", focus(), "lobby-title")
        name = page.page.locator("#member-rows button").nth(1).get_attribute("aria-label")
        checks.equal("Tab reaches a member", tab_to(name), [])
        press("Enter")
        page.sees("#question-text", "Kick")
        checks.equal("the question begins with what changes nothing", focus(), "Cancel")
        press("Tab")
        press("Enter")
        checks.equal("Enter kicks", bob.end(), (4000, "Kicked by the operator"))
        checks.equal("everything is reached", [one for one in ("watch", "close-lobby", "leave", "reload")
                                               if tab_to(one) is None], [])
        page.page.focus("#leave")
        press("Enter")
        checks.equal("back among the lobbies", focus(), "filter")
        ana.leaves()


@scenario
def looks(checks, operator):
    """Dark and light, wide and narrow: words stand out (WCAG AA), nothing is cut off."""
    with Operated(payloads=True) as relay:
        ana, bob = Peer(relay, "home"), Peer(relay, "home")
        for scheme in ("light", "dark"):
            for width in (320, 1440):
                page = operator(relay, width=width, height=800, scheme=scheme)
                name = f"{scheme}, {width}"
                page.sees("#lobby-rows", "home")
                checks.equal(f"{name}: the list's words stand out", page.page.evaluate(CONTRAST), [])
                checks.equal(f"{name}: it is not wider than the screen", page.overflows(), 0)
                page.opens("home")
                page.watches(payloads=True)
                ana.says('tell {"type":"offer","sdp":"v=0 and so on, for quite a while, without an end to be seen"}')
                page.sees("#tail-rows", "offer")
                checks.equal(f"{name}: a lobby's words stand out", page.page.evaluate(CONTRAST), [])
                checks.equal(f"{name}: nor is it wider", page.overflows(), 0)
                checks.equal(f"{name}: fields and buttons have names", page.page.evaluate(NAMELESS), [])
                page.shot(f"looks-{scheme}-{width}")
        bob.leaves()
        ana.leaves()


def main():
    if not os.path.exists(CHROMIUM):
        print("all left out: dashboard (chromium is not installed: apt-get install chromium)")
        sys.exit(0)
    if SHOTS:
        os.makedirs(SHOTS, exist_ok=True)
    scenarios = [figures, one_lobby, foreign_words, many_lobbies, mounts, reloads, tail, asked_by_programs,
                 recorded_meanwhile, token, relay_restarted, hidden, foreign_pages, rebinding, keyboard_alone, looks]
    wanted = sys.argv[2:]
    with sync_playwright() as playwright:
        flags = FLAGS + [f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        run_scenarios(Checks(), [(one, browser) for one in scenarios if not wanted or one.__name__ in wanted])


if __name__ == "__main__":
    main()
