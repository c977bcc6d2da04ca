#!/usr/bin/env python3
"""The browser demo, driven as persons would: clicks, keys, links; the relay and the network in trouble meanwhile.

Prints how long it takes from the load of a page to an open data channel. With a folder as argument, screenshots are
put there.
"""

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest.mock

try:
    from playwright.sync_api import Error, sync_playwright
except ImportError:
    print("all left out: browser demo (PyPI playwright is not installed: Tests/Installation/clients_venv.sh)")
    sys.exit(0)

from page import (CHROMIUM, CONFIGURATION, CONTRAST, FLAGS, FOLDER, NAMELESS, ROOT, Cable, DemoRelay, Files,
                  Person)

from relay import Checks, Relay, run_scenarios, wait_until
from turn_plugin import SECRET, Coturn

SHOTS = sys.argv[1] if len(sys.argv) > 1 else None
# What Chromium itself says of a socket that does not open. No page can prevent it.
SOCKET_FAILED = "error: WebSocket connection to"
FETCH_FAILED = "error: Failed to load resource: net::ERR_CONNECTION_REFUSED"
OPEN_MS_MAX = 3000
DIRECT = "direct, UDP"


def shot(person, name, whole=False):
    if SHOTS:
        person.page.screenshot(path=os.path.join(SHOTS, f"{name}.png"), full_page=whole)


def scenario(function):
    """Runs a scenario with a browser of its own: `person(name, …)` opens a window. Their consoles must stay empty."""
    def run(checks):
        persons = []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            try:
                def person(name, **options):
                    persons.append(Person(browser, name, **options))
                    return persons[-1]

                expected = function(checks, person) or []
            finally:
                browser.close()
        said = [f"{person.name}: {text}" for person in persons for text in person.console
                if not any(text.startswith(allowed) for allowed in expected)]
        checks.equal(f"{function.__name__}: the consoles of {len(persons)} pages are empty", said, [])

    run.__name__ = function.__name__
    return run


@scenario
def relay_serves_the_page(checks, _):
    """What the browser runs comes from the relay itself."""
    with DemoRelay() as relay:
        for path, file, kind in [("/", "index.html", "text/html"),
                                 *((f"/{name}.js", f"{name}.js", "text/javascript")
                                   for name in ("lobbyist", "demo", "game"))]:
            with open(os.path.join(FOLDER, file), "rb") as original:
                wanted = original.read()
            status, headers, body = relay.get(path)
            checks.equal(f"GET {path} is 200 and {kind}", (status, headers["Content-Type"]),
                         (200, f"{kind}; charset=utf-8"))
            checks.true(f"GET {path} answers {file}", body == wanted, got=len(body))
            tag = headers["ETag"]
            checks.true(f"GET {path} has an ETag", tag, got=tag)
            again = relay.get(path, **{"If-None-Match": tag or "none"})
            checks.equal(f"GET {path} with it is 304", (again[0], again[1]["ETag"], again[2]), (304, tag, b""))
        checks.equal("what is not there is not there", relay.get("/nothing.js")[0], 404)


@scenario
def two_meet(checks, person):
    with DemoRelay() as relay:
        ana = person("Ana").opens(relay.page)
        shot(ana, "start-light")
        code = ana.starts()
        checks.matches("a lobby has a short code", code, "[2-9B-Z]{5}")
        checks.matches("and a link that ends with it", ana.link(), f".*#{code}")
        bob = person("Bob", width=360, height=740, scheme="dark", touch=True).opens(ana.link())
        checks.equal("the link offers to join with one click", bob.text("#enter"), f"Join lobby {code}")
        checks.equal("the start is no wider than 360 pixels", bob.overflows(), 0)
        shot(bob, "start-dark-360")
        bob.page.click("#enter")
        checks.equal("Ana sees Bob", (ana.open_channels(1), ana.others()), (1, ["Bob"]))
        checks.equal("Bob sees Ana", (bob.open_channels(1), bob.others()), (1, ["Ana"]))
        checks.true("their way is direct", ana.sees("#people", DIRECT))
        opened = bob.opened_ms()
        print(f"     from page load to an open data channel: {opened:.0f} ms")
        checks.true(f"a channel is open within {OPEN_MS_MAX} ms of the load", opened < OPEN_MS_MAX, got=opened)

        bob.says("Hi Ana, <b>run</b>!")
        checks.true("Ana reads what Bob says, as text", ana.sees("#log", "Bob: Hi Ana, <b>run</b>!"))
        ana.says("You run!")
        checks.true("Bob reads what Ana says", bob.sees("#log", "Ana: You run!"))
        checks.true("the panel shows the offer with a name", ana.sees("#signals", "Offer from Bob"))
        checks.equal("with its SDP folded", ana.page.locator("#signals pre").first.is_visible(), False)
        ana.page.locator("#signals summary").first.click()
        checks.true("and to be unfolded", ana.sees("#signals pre", "v=0"))
        ana.page.locator("#signals summary").first.click()
        checks.true("the game begins", ana.sees("#words", "potato") and bob.sees("#words", "potato"))
        checks.equal("the game is no wider than 360 pixels", bob.overflows(), 0)
        shot(bob, "play-dark-360", whole=True)
        size = ana.page.locator("#canvas").bounding_box()
        ana.page.mouse.move(size["x"] + size["width"] / 2, size["y"] + size["height"] / 2)
        ana.page.wait_for_timeout(200)
        shot(bob, "cursor-dark-360")

        before, scrolled = place(ana, 1), bob.page.evaluate("scrollY")
        drag(bob, 500)
        after = place(ana, 1)
        print(f"     Bob ran from {before} to {after}")
        checks.true("a finger on the arena moves Bob", after[0] < before[0] - 60, got=(before, after))
        checks.equal("and does not scroll the page", bob.page.evaluate("scrollY"), scrolled)

        bob.page.reload()
        checks.true("who loads the page anew has left at once", ana.sees("#log", "Bob left."))
        bob.page.click("#enter")
        checks.equal("and is back with a click", ana.open_channels(1), 1)


PLACE = """
([name, box]) => {
  const canvas = document.querySelector("canvas"), { width, height } = canvas;
  const wanted = getComputedStyle(canvas).getPropertyValue(name).trim().match(/[0-9a-f]{2}/gi)
    .map((part) => parseInt(part, 16));
  // A copy: Chromium warns of pictures that are read back often.
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  let [count, x, y] = [0, 0, 0];
  for (let at = 0; at < data.length; at += 4) {
    if (wanted.some((part, index) => data[at + index] !== part)) continue;
    const [column, row] = [at / 4 % width, Math.floor(at / 4 / width)];
    const [across, down] = [column * 800 / width, row * 600 / height];
    if (across < box[0] || down < box[1] || across > box[2] || down > box[3]) continue;
    [count, x, y] = [count + 1, x + column, y + row];
  }
  if (!count) return null;
  return [x / count * 800 / width, y / count * 600 / height].map(Math.round);
}
"""


def place(person, colour, box=(0, 0, 800, 600)):
    """Where in the arena, or a part of it, somebody sees the player of a colour: the middle of what has it, or None."""
    return person.page.evaluate(PLACE, [f"--p{colour}", box])


def drag(person, milliseconds):
    """Moves a finger up over the arena, and holds it there for a while."""
    box = person.page.locator("#canvas").bounding_box()
    session = person.context.new_cdp_session(person.page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] - 10
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 6):
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y - 15 * step}]})
    person.page.wait_for_timeout(milliseconds)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def hold(person, x, y):
    """Holds the mouse at a place of the arena, which is 800 by 600."""
    box = person.page.locator("#canvas").bounding_box()
    person.page.mouse.move(box["x"] + x / 800 * box["width"], box["y"] + y / 600 * box["height"])
    person.page.mouse.down()


def steer(person, keys, milliseconds):
    """Presses arrow keys for a while."""
    for key in keys:
        person.page.keyboard.down(f"Arrow{key}")
    person.page.wait_for_timeout(milliseconds)
    for key in keys:
        person.page.keyboard.up(f"Arrow{key}")


@scenario
def two_tabs(checks, person):
    """Two tabs of one browser, names as proposed: two persons. `same`: both are proposed the same name."""
    same = "const draw = Math.random; Math.random = () => document.readyState === 'complete' ? draw() : 0.4;"
    with DemoRelay() as relay:
        for script in (None, same):
            one = person("one", script=script).looks_at(relay.page)
            one.starts()
            other = person("other", beside=one, script=script).looks_at(one.link())
            proposed = [tab.page.input_value("#name") for tab in (one, other)]
            checks.true("a name is proposed to each", all(proposed), got=proposed)
            if script:
                checks.equal("the same to both", proposed[1], proposed[0])
            other.page.click("#enter")
            checks.equal("two tabs meet", (one.open_channels(1), other.open_channels(1)), (1, 1))
            if script:
                checks.true("who came later has another name", one.sees("#people", f"{proposed[0]} 2")
                            and other.sees("#people", f"{proposed[0]} 2 (you)"), got=other.text("#people"))
                checks.true("and is told so", other.sees("#log", f"you are {proposed[0]} 2"), got=other.text("#log"))
            names = [tab.page.locator("#people .name").all_inner_texts() for tab in (one, other)]
            print(f"     the one sees {names[0]}, the other {names[1]}")
            for seen in names:
                checks.equal("nobody is called like the other", len({name.replace(" (you)", "") for name in seen}), 2)
            other.page.fill("#say", "")
            other.page.goto("about:blank")
            other.looks_at(relay.page)
            checks.equal("each tab keeps its name", other.page.input_value("#name"), proposed[1])
            one.leaves()


@scenario
def cursors(checks, person):
    """The mouse of the one, seen by the other where it is, in the colour of the one."""
    with DemoRelay() as relay:
        ana = person("Ana").opens(relay.page)
        ana.starts()
        bob = person("Bob", width=1000, height=900).follows(ana.link())
        checks.equal("two are connected", (ana.open_channels(1), bob.open_channels(1)), (1, 1))

        def points(x, y):
            box = ana.page.locator("#canvas").bounding_box()
            ana.page.mouse.move(box["x"] + x / 800 * box["width"], box["y"] + y / 600 * box["height"])

        def seen(x, y):
            return place(bob, 0, (x - 40, y - 40, x + 40, y + 40))

        for x, y in [(400, 240), (330, 520), (640, 300)]:
            checks.equal(f"nothing is at {x}, {y} before", seen(x, y), None)
            points(x, y)
            wait_until(lambda x=x, y=y: bob.page.wait_for_timeout(30) or seen(x, y), 3)
            # The arrow's point is there, and its middle to the right and below.
            at = seen(x, y)
            checks.true(f"Bob sees Ana's cursor at {x}, {y}", at and 0 <= at[0] - x <= 12 and 4 <= at[1] - y <= 20,
                        got=at)
        shot(bob, "cursor-light")
        checks.equal("and no longer where it was", seen(400, 240), None)
        ana.page.mouse.move(1, 1)
        checks.true("it is gone when it leaves the arena", wait_until(
            lambda: bob.page.wait_for_timeout(30) or seen(640, 300) is None, 2))


@scenario
def a_game(checks, person):
    """Ana plays with keys, Bob with the mouse: they meet at the arena's top right, and the potato changes hands."""
    with DemoRelay() as relay:
        ana = person("Ana").opens(relay.page)
        ana.starts()
        bob = person("Bob").follows(ana.link())
        ana.open_channels(1)
        ana.page.focus("#canvas")
        hold(bob, 770, 40)
        for key in ("ArrowUp", "ArrowRight"):
            ana.page.keyboard.down(key)
        said = [[], []]

        def listen():
            for one, words in zip((ana, bob), said, strict=True):
                words.append(one.text("#words"))
            ana.page.wait_for_timeout(60)
            return "Bang" in said[0][-1]

        checks.true("it goes off", wait_until(listen, 25) and bob.sees("#words", "Bang!"))
        bob.page.mouse.up()
        holders = [[key for key, _ in itertools.groupby(text for text in words if re.search("ha(s|ve) the", text))]
                   for words in said]
        print(f"     what Ana was told: {' '.join(holders[0])}")
        checks.true("the potato changed hands by touch", len(holders[0]) >= 3, "three at least", len(holders[0]))
        checks.true("Bob was told of it too", len(holders[1]) >= 3, "three at least", len(holders[1]))
        shot(ana, "bang-light")
        ana.page.wait_for_timeout(300)
        points = sorted(ana.page.locator(".points").all_inner_texts())
        checks.equal("one of them has a point", points, ["0 points", "1 point"])
        checks.equal("both see the same points", sorted(bob.page.locator(".points").all_inner_texts()), points)
        checks.true("and the next round begins", ana.sees("#words", re.compile("gets? the potato")))


MEASURE = """
globalThis.outside = new Set();
globalThis.written = new Set();
const write = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const { actualBoundingBoxLeft: left, actualBoundingBoxRight: right, actualBoundingBoxAscent: up,
    actualBoundingBoxDescent: down } = this.measureText(text);
  written.add(text);
  if (x - left < 0 || x + right > 800 || y - up < 0 || y + down > 600) outside.add(text);
  write.call(this, text, x, y);
};
"""


@scenario
def words_fit(checks, person):
    """What the arena says is inside of it: long sentences, and long names at its walls."""
    long = "M" * 16
    with DemoRelay() as relay:
        ana = person(long, script=MEASURE).opens(relay.page)
        ana.starts()
        ana.page.wait_for_timeout(200)
        waiting = "Waiting for a second player. Send somebody the link!"
        checks.true("the arena asks for a second player", waiting in ana.page.evaluate("[...written]"))
        shot(ana, "waiting-light")
        bob = person("W" * 16, width=360, height=740, scheme="dark", touch=True, script=MEASURE).follows(ana.link())
        checks.equal("two are connected", (ana.open_channels(1), bob.open_channels(1)), (1, 1))
        ana.page.focus("#canvas")
        for keys in (["Left", "Up"], ["Right"], ["Down"]):
            steer(ana, keys, 900)
        box = ana.page.locator("#canvas").bounding_box()
        ana.page.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] - 3)
        drag(bob, 1200)
        ana.page.wait_for_timeout(300)
        shot(bob, "long-names-360", whole=True)
        for one, other in ((ana, bob), (bob, ana)):
            written = one.page.evaluate("[...written]")
            checks.true("both names were written", {f"{one.name} (you)", other.name} <= set(written), got=written)
            checks.equal("nothing was cut off", one.page.evaluate("[...outside]"), [])


@scenario
def links_are_pasted(checks, person):
    with DemoRelay() as relay:
        ana = person("Ana").opens(relay.page)
        code = ana.starts()
        bob = person("Bob").opens(relay.page)

        def pastes(text):
            bob.page.fill("#typed", "")
            bob.page.focus("#typed")
            bob.page.keyboard.insert_text(text)
            bob.page.press("#typed", "Enter")

        pastes(relay.page + "?from=a-long-word-of-whoever-sent-it#")
        checks.true("a link without a code is none", bob.sees("#refusal", "leads to no lobby"))
        pastes(f" {relay.page}?from=a-long-word-of-whoever-sent-it#{code} ")
        checks.equal("a pasted link joins", (bob.open_channels(1), bob.code()), (1, code))


@scenario
def four_and_a_fifth(checks, person):
    with DemoRelay() as relay:
        ana = person("Ana").opens(relay.page)
        code = ana.starts()
        link = ana.link()
        others = [person(name, scheme="dark" if name == "Cid" else "light").follows(link) for name in ("Bob", "Cid")]
        dan = person("Dan").opens(relay.page)
        dan.page.fill("#typed", f"{code[:2].lower()}-{code[2:].lower()}")
        dan.page.press("#typed", "Enter")
        everybody = [ana, *others, dan]
        counts = [one.open_channels(3) for one in everybody]
        pairs = {frozenset((one.name, other)) for one in everybody for other in one.others()}
        wanted = {frozenset(pair) for pair in itertools.combinations(["Ana", "Bob", "Cid", "Dan"], 2)}
        print(f"     open channels: {', '.join(sorted('–'.join(sorted(pair)) for pair in pairs))}")
        checks.equal("each of four has three open channels", counts, [3, 3, 3, 3])
        checks.equal("these are the six pairs of a full mesh", pairs, wanted)
        colours = {ana.page.locator("#people .dot").nth(row).get_attribute("class") for row in range(4)}
        checks.equal("each has a colour of their own", len(colours), 4)
        dan.says("All here?")
        checks.true("what one says all read", all(one.sees("#log", "Dan: All here?") for one in everybody))
        checks.true("all four play", all(one.sees("#words", "potato") for one in everybody))
        for one, (x, y) in zip(everybody, [(330, 200), (600, 300), (420, 480), (150, 320)], strict=True):
            hold(one, x, y)
        for one, text in zip(everybody, ["Ready when you are", "Wait, who has it?", "Not me!", ":)"], strict=True):
            one.says(text)
        ana.page.wait_for_timeout(2500)
        shot(ana, "four-light")
        shot(others[1], "four-dark")

        eve = person("Eve").follows(link)
        checks.true("a fifth is told that it is full", eve.sees("#refusal", f"Lobby {code} is full."))
        checks.equal("and may open one of her own", eve.text("#enter"), "Open a lobby")
        shot(eve, "full-light")

        others[0].leaves()
        checks.true("when one leaves the others are told", all(
            one.sees("#log", "Bob left.") for one in [ana, others[1], dan]))
        checks.equal("and two channels each remain", [one.open_channels(2) for one in (ana, others[1], dan)], [2, 2, 2])
        eve.follows(link)
        checks.equal("now there is a place for the fifth", eve.open_channels(3), 3)

        ana.leaves()
        left = [others[1], dan, eve]
        checks.true("the host leaves and another is host", any(
            one.sees("#people li:first-child", "host", 2) for one in left))
        checks.equal("the lobby goes on", [one.open_channels(2) for one in left], [2, 2, 2])
        for one in left:
            one.page.mouse.up()
        host = next(one for one in left if "host" in one.text("#people li:first-child"))
        checks.true("somebody is referee", all("referee" in one.text("#people") for one in left))
        checks.true("the game goes on", dan.sees("#words", re.compile("gets? the potato"), 30))
        host.page.click("#lock")
        checks.true("the host locks the lobby", all(one.sees("#log", "The lobby is locked.") for one in left))
        frank = person("Fay").follows(link)
        checks.true("nobody gets in any longer", frank.sees("#refusal", f"Lobby {code} is locked."))
        checks.true("the relay lets everybody go", all(
            one.sees("#trouble", "the relay has let you go", 14) for one in left))
        dan.says("Just us now")
        checks.true("and they go on without it", all(one.sees("#log", "Dan: Just us now") for one in left))
        checks.equal("on the same channels", [one.open_channels(2) for one in left], [2, 2, 2])


@scenario
def refusals(checks, person):
    with DemoRelay() as relay:
        ana = person("Ana").opens(f"{relay.page}#ZZZZZ")
        ana.page.click("#enter")
        checks.true("no such lobby", ana.sees("#refusal", "There is no lobby ZZZZZ."))
        checks.true("the way out is in the focus", ana.page.evaluate("document.activeElement.id") == "enter")
        ana.page.keyboard.press("Enter")
        checks.true("and opens a lobby", ana.sees("#code", re.compile("[2-9B-Z]{5}")))
        bob = person("Bob", script="delete globalThis.RTCPeerConnection").looks_at(relay.page)
        checks.true("a browser without WebRTC is told so", bob.sees("#refusal", "no WebRTC"))
        cid = person("Cid").looks_at(f"{relay.page}?relay=ws://[")
        checks.true("an address of a relay that is none is named", cid.sees("#refusal", "ws://["))
        shot(bob, "no-webrtc")


# A player who opens a lobby, and says to whoever comes what no page would say.
STRANGER = """
async ([relay]) => {
  const { Lobby } = await import("./lobbyist.js");
  const lobby = globalThis.stranger = new Lobby(relay);
  const odd = [null, true, 5, -1, 1e308, "", "x", [], [1], [1, "2"], [null, null], {}, { toString: 1, valueOf: 1 },
    { toLocaleString: 1 }, { __proto__: 1 }, "__proto__"];
  const fields = {
    hello: { uid: "0123456789abcdef", name: "Eve", colour: 1 },
    chat: { text: "hm" }, ping: { at: 1 }, pong: { at: 1 },
    at: { x: 400, y: 300, vx: 0, vy: 0, cursor: [300, 300], away: false },
    game: { phase: "run", holder: "x", subject: "", scores: { "0123456789abcdef": 1 }, left: 5000, lasts: 5000 },
  };
  lobby.on("open", ({ peer }) => {
    for (const greeted of [false, true]) {
      if (greeted) peer.send(JSON.stringify({ type: "hello", ...fields.hello }));
      for (const text of ["", "{", "null", "5", "[]", '{"type":null}', '{"type":"none"}']) peer.send(text);
      peer.reliable.send(new Uint8Array([123, 125]));
      for (const [type, usual] of Object.entries(fields)) {
        peer.send(JSON.stringify({ type }));
        for (const field of Object.keys(usual)) {
          for (const value of odd) peer.send(JSON.stringify({ type, ...usual, [field]: value }));
        }
      }
      for (const value of odd) peer.send(JSON.stringify({ type: "game", ...fields.game, scores: { a: value } }));
      for (const code of [...odd, "NOWHERE"]) peer.send(JSON.stringify({ type: "follow", code }));
    }
    peer.send(JSON.stringify({ type: "hello", ...fields.hello }));
    peer.send(JSON.stringify({ type: "chat", text: "That was all." }));
  });
  await new Promise((done) => lobby.on("state", ({ state }) => state === "open" && done()));
  return lobby.code;
}
"""


@scenario
def strange_words(checks, person):
    """Whatever a peer says, the others' pages go on, and stay in their lobby. The peer is the referee, too."""
    with DemoRelay() as relay:
        eve = person("Eve").looks_at(relay.page)
        code = eve.page.evaluate(STRANGER, [f"ws://127.0.0.1:{relay.port}/"])
        ana = person("Ana").follows(f"{relay.page}#{code}")
        checks.true("Ana heard it all", ana.sees("#log", "Eve: That was all."), got=ana.text("#log"))
        checks.true("Eve is the referee", ana.sees("#people li:nth-child(2)", "referee"), got=ana.text("#people"))
        checks.equal("no word calls her out of a healthy lobby", (ana.code(), ana.text("#relay")),
                     (code, "relay connected"))
        checks.equal("and she is told of none", "opened lobby" in ana.text("#log"), False)
        ana.page.focus("#canvas")
        colour = int(ana.page.locator("#people .dot").first.get_attribute("class")[-1])
        before = place(ana, colour)
        # Towards the middle, from whichever corner.
        steer(ana, ["Left" if before[0] > 400 else "Right"], 400)
        after = place(ana, colour)
        checks.true("she runs on", abs(after[0] - before[0]) > 40, got=(before, after))
        bob = person("Bob").follows(ana.link())
        checks.equal("and others find her", bob.open_channels(2), 2)
        ana.says("Who was that?")
        checks.true("and hear her", bob.sees("#log", "Ana: Who was that?"))


@scenario
def relay_restarted(checks, person):
    """The relay ends and another begins in its place: whoever is connected stays so, and moves on together."""
    files = Files()
    relay = DemoRelay()
    try:
        with relay:
            port = relay.port
            page = f"http://127.0.0.1:{files.port}/?relay=ws://127.0.0.1:{port}/"
            ana = person("Ana").opens(page)
            code = ana.starts()
            link = ana.link()
            bob = person("Bob", width=360, height=740).follows(link)
            checks.equal("two are connected", (ana.open_channels(1), bob.open_channels(1)), (1, 1))
            relay.process.kill()
            relay.process.wait()
            checks.true("the page says that the relay is lost", ana.sees("#trouble", "The relay is lost"))
            shot(ana, "relay-lost")
            ana.says("Still there?")
            bob.says("Sure!")
            checks.true("they go on without a relay", bob.sees("#log", "Still there?") and ana.sees("#log", "Sure!"))
            checks.equal("their channels live", (ana.open_channels(1), bob.open_channels(1)), (1, 1))
            cid = person("Cid").opens(link)
            cid.page.click("#enter")
            checks.true("a newcomer is told what is wrong", cid.sees("#refusal", "does not answer"))
            shot(cid, "unreachable")
            # Ended by the test, with the signal's number.
            relay.stop = lambda: 0
        with DemoRelay(listen=f"127.0.0.1:{port}"):
            checks.true("the new relay does not know the lobby", all(
                one.sees("#trouble", "no longer knows this lobby", 20) for one in (ana, bob)))
            shot(bob, "gone-360")
            checks.equal("the channels still live", (ana.open_channels(1), bob.open_channels(1)), (1, 1))
            checks.true("the newcomer's page came through by itself, and heard no", cid.sees(
                "#refusal", f"There is no lobby {code}.", 20))
            ana.page.get_by_role("button", name="Open a new lobby").click()
            checks.true("Bob is taken along", bob.sees("#log", "Ana opened lobby"))
            checks.equal("to a new lobby with both", (ana.open_channels(1), bob.open_channels(1)), (1, 1))
            checks.true("it has another code", ana.code() != code and ana.code() == bob.code())
            cid.follows(ana.link())
            checks.equal("newcomers may join it", (cid.open_channels(2), ana.open_channels(2)), (2, 2))
    finally:
        files.stop()
    return [SOCKET_FAILED, FETCH_FAILED]


ONLY_RELAYED = """
const Direct = RTCPeerConnection;
globalThis.RTCPeerConnection = class extends Direct {
  constructor(configuration) { super({ ...configuration, iceTransportPolicy: "relay" }); }
};
"""


@scenario
def through_coturn(checks, person):
    """Where there is no direct way: credentials from the `turn` plugin open one through coturn."""
    with Coturn() as coturn, unittest.mock.patch.dict(os.environ, TURN_SECRET=SECRET, TURN_URL=coturn.url()):
        with DemoRelay() as relay:
            ana = person("Ana", script=ONLY_RELAYED).opens(relay.page)
            ana.starts()
            bob = person("Bob").follows(ana.link())
            checks.equal("two are connected", (ana.open_channels(1), bob.open_channels(1)), (1, 1))
            checks.true("the page says that it is relayed", all(
                one.sees("#people", "relayed, UDP") for one in (ana, bob)), got=ana.text("#people"))


@scenario
def connection_lost(checks, person):
    """The way to the relay breaks off and comes back: each takes its place over, and no data channel drops."""
    with DemoRelay() as relay:
        cable = Cable(relay.port)
        try:
            page = f"{relay.page}?relay=ws://127.0.0.1:{cable.port}/"
            ana = person("Ana").opens(page)
            code = ana.starts()
            link = ana.link()
            bob = person("Bob").follows(link)
            checks.equal("two are connected", (ana.open_channels(1), bob.open_channels(1)), (1, 1))
            cable.cut()
            checks.true("both lose the relay", all(one.sees("#relay", "relay lost") for one in (ana, bob)))
            ana.says("Tunnel!")
            checks.true("they talk on", bob.sees("#log", "Ana: Tunnel!"))
            ana.page.wait_for_timeout(1500)
            cable.mend()
            both = [one.sees("#relay", "relay connected", 20) and one.sees("#signals", "Welcome back")
                    for one in (ana, bob)]
            checks.equal("both take their places back", both, [True, True])
            checks.equal("in the same lobby", (ana.code(), bob.code()), (code, code))
            checks.equal("nobody had left", [ana.text("#log").count("left"), bob.text("#log").count("left")], [0, 0])
            checks.equal("on the same channels", ana.page.evaluate(
                "performance.getEntriesByName('channel open').length"), 1)
            cid = person("Cid").follows(link)
            checks.equal("newcomers meet both", (cid.open_channels(2), ana.open_channels(2), bob.open_channels(2)),
                         (2, 2, 2))
        finally:
            cable.stop()
    return [SOCKET_FAILED]


@scenario
def script_reloaded(checks, person):
    """A script is saved in the middle of a game: no socket and no data channel drops, and newcomers still join."""
    with tempfile.TemporaryDirectory() as folder:
        policy = os.path.join(folder, "policy.lua")
        shutil.copy(os.path.join(ROOT, "scripts", "godot.lua"), policy)
        for plugin in ("ice.lua", "departed.lua"):
            shutil.copy(os.path.join(FOLDER, plugin), folder)
        config = os.path.join(folder, "lobbyist.lua")
        with open(CONFIGURATION) as original, open(config, "w") as changed:
            changed.write(original.read().replace("scripts/godot.lua", policy).replace('static = "."',
                                                                                      f'static = "{FOLDER}"'))
        with DemoRelay(config=config) as relay:
            ana = person("Ana").opens(relay.page)
            ana.starts()
            bob = person("Bob").follows(ana.link())
            checks.equal("two are connected", (ana.open_channels(1), bob.open_channels(1)), (1, 1))
            for version in range(3):
                with open(policy, "a") as script:
                    script.write(f"-- Version {version}.\n")
                ana.page.wait_for_timeout(400)
            relay.process.send_signal(signal.SIGHUP)
            ana.page.wait_for_timeout(400)
            checks.true("new versions ran", len(relay.logged("runs now")) >= 3, got=relay.log())
            ana.says("Felt anything?")
            checks.true("the chat goes on", bob.sees("#log", "Felt anything?"))
            cid = person("Cid").follows(ana.link())
            checks.equal("a newcomer joins by the new version", (cid.open_channels(2), ana.open_channels(2)), (2, 2))
            checks.equal("no socket was closed or opened again", [(one.sockets, one.closed_sockets)
                                                                  for one in (ana, bob)], [(1, 0), (1, 0)])
            checks.equal("no data channel opened anew", bob.page.evaluate(
                "performance.getEntriesByName('channel open').length"), 2)
            checks.true("nobody left", "left" not in ana.text("#log"))


NEGOTIATE = """
async ([relay]) => {
  const { Lobby } = await import("./lobbyist.js");
  const open = (lobby) => new Promise((done) => lobby.on("open", ({ peer }) => done(peer)));
  const within = (promise) => Promise.race([promise, new Promise((_, no) => setTimeout(no, 5000, "too late"))]);
  const one = new Lobby(relay), said = { offers: 0, answers: 0, errors: [] };
  await within(new Promise((done) => one.on("state", ({ state }) => state === "open" && done())));
  const other = new Lobby(relay, { code: one.code });
  for (const lobby of [one, other]) {
    lobby.on("error", ({ error }) => said.errors.push(String(error)));
    lobby.on("signal", ({ out, message }) => {
      if (out && message.type === 4) said.offers += 1;
      if (out && message.type === 5) said.answers += 1;
    });
  }
  const peers = await within(Promise.all([open(one), open(other)]));
  const ways = async () => (await Promise.all(peers.map(async ({ connection }) =>
    connection.remoteDescription.sdp.match(/ice-ufrag:(.*)/)[1]))).join();
  for (let round = 0; round < 5; round++) {
    const before = await ways();
    for (const { connection } of peers) connection.restartIce();
    for (let wait = 0; wait < 100 && (await ways() === before
      || peers.some(({ connection }) => connection.signalingState !== "stable")); wait++) {
      await new Promise((done) => setTimeout(done, 20));
    }
    if (await ways() === before) said.errors.push("no new way");
  }
  const echo = within(new Promise((done) => other.on("message", ({ data }) => done(data))));
  const large = "x".repeat(100_000);
  one.send(large);
  said.arrived = await echo === large;
  one.leave();
  other.leave();
  return said;
}
"""


@scenario
def both_negotiate(checks, person):
    """The library alone: both peers look for a new way at the same time, five times over."""
    with DemoRelay() as relay:
        ana = person("Ana").looks_at(relay.page)
        said = ana.page.evaluate(NEGOTIATE, [f"ws://127.0.0.1:{relay.port}/"])
        print(f"     {said['offers']} offers, {said['answers']} answers")
        checks.equal("they come to terms", said["errors"], [])
        checks.true("though some offers crossed", said["offers"] > said["answers"] >= 6, got=said)
        checks.true("and the data channel goes on", said["arrived"])


LINKS, WORDS = 40, 16
BUSY = "import time\nend = time.time() + 60\nwhile time.time() < end: pass"

SPEAK = """
async ([relay, codes, links, words]) => {
  const { Lobby } = await import("./lobbyist.js");
  globalThis.heard = Array.from({ length: links }, () => []);
  const lobbies = heard.map((list, index) => {
    const lobby = new Lobby(relay, { code: codes[index], iceServers: [] });
    lobby.on("message", ({ data }) => list.push(data.length));
    lobby.on("open", ({ peer }) => { for (let word = 1; word <= words; word++) peer.send("x".repeat(word)); });
    return lobby;
  });
  await Promise.all(lobbies.map((lobby) => new Promise((done) => lobby.on("state", done))));
  return lobbies.map(({ code }) => code);
}
"""

HEARD = """
async (words) => {
  const isComplete = (list) => list.length >= words;
  for (let wait = 0; wait < 500 && !heard.every(isComplete); wait++) {
    await new Promise((done) => setTimeout(done, 20));
  }
  return heard;
}
"""


@scenario
def first_words(checks, person):
    """The library alone, on a busy machine: both sides speak as soon as their channel is open, and all is heard."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        with Relay(settings={"join_timeout": 20}) as relay, DemoRelay() as demo:
            ana, bob = (person(name).looks_at(demo.page) for name in ("Ana", "Bob"))
            codes = ana.page.evaluate(SPEAK, [relay.url, [], LINKS, WORDS])
            bob.page.evaluate(SPEAK, [relay.url, codes, LINKS, WORDS])
            wanted = [list(range(1, WORDS + 1))] * LINKS
            for one, side in ((ana, "answer"), (bob, "offer")):
                checks.equal(f"on {LINKS} links those who {side} hear every word, in order",
                             one.page.evaluate(HEARD, WORDS), wanted)
    finally:
        for process in busy:
            process.kill()
            process.wait()


SHARE = "navigator.share = async (what) => { globalThis.shared = what; }"


@scenario
def shares(checks, person):
    """Where the browser has a way to share things, as on phones, there is a button for it."""
    with DemoRelay() as relay:
        ana = person("Ana", script=SHARE).opens(relay.page)
        ana.starts()
        ana.page.click("#share")
        checks.equal("the button shares the link", ana.page.evaluate("shared.url"), ana.link())
        bob = person("Bob", script="Object.defineProperty(navigator, 'share', { value: undefined })").opens(relay.page)
        bob.starts()
        checks.equal("without such a way there is none", bob.page.locator("#share").is_visible(), False)


@scenario
def tab_crashes(checks, person):
    """A page that ends without a word: its place is kept for a while, but not for long."""
    with DemoRelay() as relay:
        ana = person("Ana").opens(relay.page)
        ana.starts()
        bob = person("Bob").follows(ana.link())
        checks.equal("two are connected", (ana.open_channels(1), bob.open_channels(1)), (1, 1))
        bob.page.once("crash", lambda _: None)
        try:
            bob.page.goto("chrome://crash")
        except Error:
            pass  # The page that crashes cannot say that it did.
        checks.true("the place of a crashed tab is kept at first", not ana.sees("#log", "Bob left.", 10))
        checks.true("and free within half a minute", ana.sees("#log", "Bob left.", 20))


@scenario
def keyboard_alone(checks, person):
    """From the load to the chat by Tab and Enter. What has the focus shows it, and Tab leads out of everything."""
    with DemoRelay() as relay:
        ana = person("Ana")
        ana.page.goto(relay.page)
        press = ana.page.keyboard.press

        def focus():
            return ana.page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")

        def outlined():
            return ana.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"

        def tab_to(name):
            """Presses Tab until it is reached. What was passed, and whether all of it showed its focus."""
            passed = []
            for _ in range(30):
                press("Tab")
                passed.append((focus(), outlined()))
                if passed[-1][0] == name:
                    break
            return passed

        passed = tab_to("name")
        checks.equal("Tab reaches the name first", passed, [("name", True)])
        press("Control+A")
        ana.page.keyboard.type("Ana")
        press("Enter")
        checks.true("Enter opens a lobby", ana.sees("#invite", "Lobby"))
        checks.equal("the focus is on the arena", focus(), "canvas")
        bob = person("Bob").follows(ana.link())
        bob.open_channels(1)
        checks.true("Bob is there", ana.sees("#log", "Bob is here."))
        before = place(bob, 0)
        steer(ana, ["Right"], 500)
        bob.page.wait_for_timeout(200)
        after = place(bob, 0)
        print(f"     Ana ran from {before} to {after}")
        checks.true("the arrow keys move Ana", after[0] > before[0] + 60 and abs(after[1] - before[1]) < 20,
                    got=(before, after))
        passed = tab_to("say")
        checks.equal("Tab leads from the arena to the chat", passed[-1], ("say", True))
        ana.page.keyboard.type("By keys")
        press("Enter")
        checks.true("Enter says it", bob.sees("#log", "Ana: By keys"))
        seen = {}
        for _ in range(40):
            press("Tab")
            seen[focus()] = outlined()
            if focus() == "canvas":
                break
        reached = {"link", "copy", "lock", "leave", "canvas", "signals"}
        checks.true("Tab goes round through everything", reached <= set(seen), got=list(seen))
        checks.equal("and all of it shows the focus", [name for name, shown in seen.items() if not shown
                                                       and name not in ("", "body") and len(name) < 40], [])
        press("Shift+Tab")
        checks.equal("and back", focus(), "leave")
        press("Enter")
        checks.true("Enter leaves", ana.sees("#start", "Or join one") and bob.sees("#log", "Ana left."))
        checks.equal("the focus is where one may begin again", focus(), "enter")


@scenario
def looks(checks, person):
    """Dark and light, wide and narrow, with and without motion: words stand out (WCAG AA), nothing is cut off."""
    with DemoRelay() as relay:
        for scheme in ("light", "dark"):
            ana = person("Ana", width=320, height=640, scheme=scheme, motion="reduce").opens(relay.page)
            checks.equal(f"{scheme}: the words of the start stand out", ana.page.evaluate(CONTRAST), [])
            ana.starts()
            bob = person("Bob", width=1440, height=900, scheme=scheme).follows(ana.link())
            ana.open_channels(1)
            bob.says("Hello")
            ana.sees("#log", "Hello")
            for one in (ana, bob):
                checks.equal(f"{scheme}: the words of {one.name}'s game stand out", one.page.evaluate(CONTRAST), [])
                checks.equal(f"{scheme}: {one.name}'s game is not wider than the screen", one.overflows(), 0)
            checks.equal(f"{scheme}: fields and buttons have names", ana.page.evaluate(NAMELESS), [])
            shot(bob, f"wide-{scheme}")
            ana.leaves()
            bob.leaves()


def main():
    if not os.path.exists(CHROMIUM):
        print("all left out: browser demo (chromium is not installed: apt-get install chromium)")
        sys.exit(0)
    if SHOTS:
        os.makedirs(SHOTS, exist_ok=True)
    scenarios = [relay_serves_the_page, two_meet, two_tabs, cursors, a_game, words_fit, links_are_pasted,
                 four_and_a_fifth, refusals, strange_words, relay_restarted, through_coturn, connection_lost,
                 script_reloaded, both_negotiate, first_words, shares, tab_crashes, keyboard_alone, looks]
    wanted = sys.argv[2:]
    run_scenarios(Checks(), [(one,) for one in scenarios if not wanted or one.__name__ in wanted])


if __name__ == "__main__":
    main()
