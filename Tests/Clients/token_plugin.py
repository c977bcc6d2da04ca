#!/usr/bin/env python3
"""The plugin `token` with tokens made by PyPI `pyjwt` and clients of PyPI `websockets`, on a live relay."""

import asyncio
import base64
import functools
import hashlib
import hmac
import json
import os
import random
import time
import warnings

import jwt
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from relay import Checks, Relay, run_scenarios, wait_until

SCENARIO_SECONDS = 60
WAIT_SECONDS = 5
PLUGIN = os.path.join("plugins", "token.lua")
POLICY = os.path.join("examples", "token_subject", "token_subject.lua")
GODOT = os.path.join("scripts", "godot.lua")

NEW, OLD, FOREIGN = (base64.urlsafe_b64encode(os.urandom(32)).decode() for _ in range(3))
REFUSED = (401, "Unauthorized")

# Some tokens are made wrong on purpose, of which pyjwt warns.
warnings.simplefilter("ignore")


def scenario(function):
    """Runs an async scenario to its end, within a bounded time."""
    @functools.wraps(function)
    def run(checks, *arguments):
        asyncio.run(asyncio.wait_for(function(checks, *arguments), SCENARIO_SECONDS))
    return run


class Guarded(Relay):
    """A relay with the plugin, its settings without `token.` in front."""

    def __init__(self, script=POLICY, **settings):
        settings = {"keys": NEW, **settings}
        super().__init__(script, {f"token.{name}": value for name, value in settings.items()}, plugins=[PLUGIN],
                         limits={"log_lines_per_second": 0, "log_bytes_per_minute": 0})
        self.command += ["--log-level", "debug"]


def token(claims=None, secret=NEW, seconds=60, algorithm="HS256", **headers):
    """`seconds`: from now until it expires, None for never."""
    claims = dict(claims or {})
    if seconds is not None:
        claims["exp"] = int(time.time()) + seconds
    return jwt.encode(claims, secret, algorithm, headers=headers or None)


def short(claims=None, secret=NEW, seconds=60):
    def url(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    text = f"{int(time.time()) + seconds}.{url(json.dumps(claims).encode()) if claims else ''}"
    return f"{text}.{url(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


def ways(text):
    """The three ways to bring a token: path and options of `connect`."""
    return {
        "query": (f"/?token={text}", {}),
        "subprotocol": ("/", {"subprotocols": ["godot", f"token.{text}"]}),
        "header": ("/", {"additional_headers": {"Authorization": f"Bearer {text}"}}),
    }


async def outcome(relay, text, way="query"):
    """What the policy says to who connects; or status and body of the refusal."""
    path, options = ways(text)[way]
    return await attempt(relay, path, options)


async def attempt(relay, path, options):
    try:
        async with connect(relay.url + path, compression=None, **options) as socket:
            heard = json.loads(await asyncio.wait_for(socket.recv(), WAIT_SECONDS))
            return heard["subject"], heard["role"], socket.subprotocol
    except InvalidStatus as refusal:
        return refusal.response.status_code, refusal.response.body.decode().strip()


@scenario
async def every_way(checks):
    with Guarded() as relay:
        good = token({"sub": "Ana", "role": "host"})
        checks.equal("by query", await outcome(relay, good), ("Ana", "host", None))
        checks.equal("by header", await outcome(relay, good, "header"), ("Ana", "host", None))
        checks.equal("by subprotocol: the other one is chosen", await outcome(relay, good, "subprotocol"),
                     ("Ana", "host", "godot"))
        last = {"subprotocols": [f"token.{good}", "godot"]}
        checks.equal("by subprotocol, whatever their order", await attempt(relay, "/", last), ("Ana", "host", "godot"))
        alone = {"subprotocols": [f"token.{good}"]}
        checks.equal("by subprotocol alone: it is not echoed", await attempt(relay, "/", alone), ("Ana", "host", None))
        checks.equal("nobody without", await attempt(relay, "/", {}), REFUSED)
        try:
            async with connect(relay.url):
                checks.true("the refusal says what it wants (RFC 9110 §15.5.2)", False)
        except InvalidStatus as refusal:
            checks.equal("the refusal says what it wants (RFC 9110 §15.5.2)",
                         refusal.response.headers.get("WWW-Authenticate"), "Bearer")
        checks.equal("a path of its own", await attempt(relay, f"/a/b?x=1&token={good}&y", {}), ("Ana", "host", None))
        brief = short({"sub": "Ana", "role": "host"})
        for way in ways(""):
            heard = await outcome(relay, brief, way)
            checks.equal(f"the short form by {way}", heard[:2], ("Ana", "host"))
            checks.equal(f"the short form without claims by {way}", (await outcome(relay, short(), way))[:2],
                         (None, None))


@scenario
async def wrong_ones(checks):
    """Each is refused by all three ways, in the same words; the log alone says why."""
    good, brief = token({"sub": "Ana"}), short({"sub": "Ana"})
    head, claims, signature = good.split(".")
    _, other, other_signature = token({"sub": "Eve"}, FOREIGN).split(".")
    none = token({"sub": "Ana"}, None, algorithm="none")
    with Guarded() as relay:
        for name, (text, reason) in {
            "expired": (token(seconds=-60), "has expired"),
            "not valid yet": (token({"nbf": int(time.time()) + 60}), "is not valid yet"),
            "without expiry": (token(seconds=None), "has no exp"),
            "of another secret": (token(secret=FOREIGN), "has a signature by none"),
            "with other claims": (f"{head}.{other}.{signature}", "has a signature by none"),
            "with another signature": (f"{head}.{claims}.{other_signature}", "has a signature by none"),
            "without signature": (f"{head}.{claims}.", "is neither"),
            "alg none": (none, "is neither"),
            "alg none with a signature": (none + signature, "has an alg other than HS256"),
            "alg none over the claims of a good one": (f"{none.split('.')[0]}.{claims}.{signature}",
                                                       "has an alg other than HS256"),
            "alg HS512": (token(algorithm="HS512"), "has an alg other than HS256"),
            "alg HS384": (token(algorithm="HS384"), "has an alg other than HS256"),
            "typ of another kind": (token(typ="JWE"), "has a typ other than JWT"),
            "with an extension": (token(crit=["exp"]), "has a crit"),
            "for another audience": (token({"aud": "elsewhere"}), "is for another audience"),
            "of no form": ("sesame", "is neither"),
            "short, expired": (short(seconds=-60), "has expired"),
            "short, of another secret": (short(secret=FOREIGN), "has a signature by none"),
            "short, with another expiry": ("9" + brief, "has a signature by none"),
        }.items():
            for way in ways(""):
                seen = len(relay.lines)
                checks.equal(f"{name}, by {way}", await outcome(relay, text, way), REFUSED)
                wait_until(lambda: any("the token" in line for line in relay.lines[seen:]), WAIT_SECONDS)
                said = "".join(relay.lines[seen:])
                checks.true(f"{name}, by {way}: the log says why", f"the token {reason}" in said, reason, said)
        checks.equal("no token is in the log", relay.logged(signature) + relay.logged(claims), [])


@scenario
async def every_bit(checks):
    """A token with any one character changed is refused."""
    with Guarded() as relay:
        for good in (token({"sub": "Ana"}), short({"sub": "Ana"})):
            admitted = []
            for place, character in enumerate(good):
                changed = good[:place] + ("B" if character != "B" else "C") + good[place + 1:]
                if await outcome(relay, changed) != REFUSED:
                    admitted.append(changed)
            checks.equal(f"changed at each of {len(good)} places", admitted, [])


def noise(chance):
    """Something that may be in a token where it should not."""
    return chance.choice([
        None, True, -1, 0, 1.5, 1e300, 2 ** 63, 2 ** 70, "", "x" * 300, "\0", "\U0001f600", [], [[]], {},
        {"a": [None]}, "HS256", "JWT", "none", int(time.time()) + 60])


@scenario
async def strange_ones(checks):
    """Whatever is in a token, signed or not, is a refusal or a connection and never an error of the script."""
    seed = int.from_bytes(os.urandom(4), "big")
    chance = random.Random(seed)
    names = ("exp", "nbf", "sub", "role", "lobby", "aud", "iss")

    def url(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    def signed(text):
        return f"{text}.{url(hmac.new(NEW.encode(), text.encode(), hashlib.sha256).digest())}"

    def strange():
        head = {"alg": "HS256", **{name: noise(chance) for name in chance.sample(("alg", "typ", "kid", "crit"), 1)}}
        claims = {"exp": int(time.time()) + 60, **{name: noise(chance) for name in chance.sample(names, 2)}}
        parts = [chance.choice([json.dumps(part), json.dumps(noise(chance)), json.dumps(part)[:-1], "", "\xff{"])
                 if chance.random() < 0.2 else json.dumps(part) for part in (head, claims)]
        first, second = (url(part.encode("latin-1", "replace")) for part in parts)
        number = chance.choice(["0", "1", "9" * 400, str(int(time.time()) + 60), "007", "1e9"])
        return chance.choice([signed(f"{first}.{second}"), signed(f"{number}.{second}"), f"{first}.{second}.",
                              signed(first), signed(f"{number}."), signed(f"{first}.{second}.{second}")])

    with Guarded(expiry_required="false", close_at_expiry="true") as relay:
        outcomes = {}
        for _ in range(1500):
            text = strange()
            heard = await outcome(relay, text, chance.choice(list(ways(""))))
            kind = heard if isinstance(heard[0], int) else "admitted"
            outcomes.setdefault(kind, text)
        checks.equal(f"strange tokens, seed {seed}: admitted or refused", set(outcomes), {"admitted", REFUSED})


@scenario
async def rotation(checks):
    """A new key signs, the old one still verifies, and then no more."""
    old, new = token(secret=OLD, kid="2026-01"), token(secret=NEW, kid="2026-02")
    admitted = (None, None, None)
    for title, keys, expected in (
        ("before", f"2026-01:{OLD}", (admitted, REFUSED)),
        ("while both are there", f"2026-02:{NEW} 2026-01:{OLD}", (admitted, admitted)),
        ("after", f"2026-02:{NEW}", (REFUSED, admitted)),
        ("without names", f"{NEW} {OLD}", (admitted, admitted)),
    ):
        with Guarded(keys=keys) as relay:
            checks.equal(f"rotation, {title}", (await outcome(relay, old), await outcome(relay, new)), expected)
    with Guarded(keys=f"2026-02:{NEW} 2026-01:{OLD}") as relay:
        for name, text in {
            "of the other key": token(secret=OLD, kid="2026-02"),
            "of no key": token(secret=NEW, kid="2026-03"),
            "that is empty": token(secret=NEW, kid=""),
        }.items():
            checks.equal(f"a kid {name}", await outcome(relay, text), REFUSED)
        checks.equal("no kid asks every key", await outcome(relay, token(secret=OLD)), admitted)


@scenario
async def expiring(checks):
    """Who is connected when its token expires."""
    with Guarded(leeway=0, close_at_expiry="true") as relay:
        async with connect(relay.url + f"/?token={token(seconds=2)}") as socket:
            await socket.recv()
            start = time.monotonic()
            try:
                await asyncio.wait_for(socket.recv(), WAIT_SECONDS)
                checks.true("closed at expiry", False)
            except ConnectionClosed as closed:
                checks.equal("closed at expiry", (closed.rcvd.code, closed.rcvd.reason), (4000, "Token expired"))
            checks.true("not before", time.monotonic() - start > 0.9)
    with Guarded(leeway=0) as relay:
        async with connect(relay.url + f"/?token={token(seconds=1)}") as socket:
            await socket.recv()
            await asyncio.sleep(1.5)
            await socket.send("join den")
            checks.equal("stays by default", await asyncio.wait_for(socket.recv(), WAIT_SECONDS), "in den")


@scenario
async def lobbies(checks):
    """A token for one lobby, in the Godot protocol."""
    for way in ways(""):
        with Guarded(GODOT) as relay:
            path, options = ways(token({"lobby": "match-17"}))[way]
            async with connect(relay.url + path, **options) as ana, connect(relay.url + path, **options) as bob, \
                    connect(relay.url + path, **options) as eve:
                await ana.send('{"type":0,"id":0,"data":""}')
                heard = [json.loads(await asyncio.wait_for(ana.recv(), WAIT_SECONDS)) for _ in range(2)]
                checks.equal(f"by {way}: its peer creates that lobby", heard[1]["data"], "match-17")
                await bob.send('{"type":0,"id":0,"data":"match-17"}')
                heard = [json.loads(await asyncio.wait_for(bob.recv(), WAIT_SECONDS)) for _ in range(3)]
                checks.equal(f"by {way}: the next one joins it", heard[2]["data"], "match-17")
                await eve.send('{"type":0,"id":0,"data":""}')
                try:
                    await asyncio.wait_for(eve.recv(), WAIT_SECONDS)
                    checks.true(f"by {way}: none creates another", False)
                except ConnectionClosed as closed:
                    checks.equal(f"by {way}: none creates another", closed.rcvd.reason, "Token is for another lobby")


def unloadable(checks):
    """A relay that could let nobody in, or anybody, does not start."""
    for name, keys, complaint in (
        ("no key", "", "there is none"), ("a short key", "secret", "less than 32 bytes"),
        ("a short key with a kid", "a-rather-long-name-for-a-kid-of-32:secret", "less than 32 bytes"),
    ):
        relay = Guarded(keys=keys)
        try:
            with relay:
                checks.true(f"{name}: does not start", False)
        except RuntimeError:
            checks.true(f"{name}: does not start, and says why", complaint in relay.log(), complaint, relay.log())
            checks.true(f"{name}: the secret is not shown", "secret\n" not in relay.log())


if __name__ == "__main__":
    run_scenarios(Checks(), [(every_way,), (wrong_ones,), (every_bit,), (strange_ones,), (rotation,), (expiring,),
                             (lobbies,), (unloadable,)])
