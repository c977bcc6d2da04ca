#!/usr/bin/env python3
"""The plugin `lobby_list` over HTTP: a thousand lobbies page by page, entity tags, and a budget that is too small."""

import http.client
import json
import os

from websockets.sync.client import connect

from relay import Checks, Relay, run_scenarios, wait_until

PLUGIN = os.path.join("plugins", "lobby_list.lua")
MANY = os.path.join("Tests", "Conversations", "many_lobbies.lua")
WAIT_SECONDS = 10


def relay_with(limits=None, errors=False):
    relay = Relay(script=MANY, limits={"lobbies_per_peer": 0, "hook_milliseconds": 0, **(limits or {})}, errors=errors)
    relay.command += ["--plugin", PLUGIN]
    return relay


def make(relay, *counts):
    """Makes so many public lobbies; they last as long as the socket that this answers."""
    maker = connect(relay.url, open_timeout=WAIT_SECONDS)
    for count in counts:
        maker.send(str(count))
        maker.recv(timeout=WAIT_SECONDS)
    return maker


def ask(relay, query="", method="GET", **headers):
    """Status, headers and body."""
    connection = http.client.HTTPConnection(relay.host, relay.port, timeout=WAIT_SECONDS)
    try:
        connection.request(method, f"/lobbies{query}", headers={name.replace("_", "-"): worth
                                                                for name, worth in headers.items()})
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


def total(relay):
    return json.loads(ask(relay)[2])["total"]


def pages(checks):
    with relay_with() as relay, make(relay, 500, 500):
        checks.true("a thousand lobbies are listed", wait_until(lambda: total(relay) == 1000, 5), 1000, "fewer")
        found, offset, asked = [], 0, 0
        while offset is not None and asked < 20:
            page = json.loads(ask(relay, f"?sort=-name&limit=128&offset={offset}")[2])
            found += page["lobbies"]
            offset = page["next"]
            asked += 1
        checks.equal("in eight pages of 128", asked, 8)
        checks.equal("each once", len({lobby["id"] for lobby in found}), 1000)
        names = [lobby["meta"]["name"].lower() for lobby in found]
        checks.true("in order from page to page", len(names) == 1000 and names == sorted(names, reverse=True))


def tags(checks):
    with relay_with() as relay, make(relay, 3) as maker:
        checks.true("the lobbies are listed", wait_until(lambda: total(relay) == 3, 5), 3, "fewer")
        status, headers, body = ask(relay)
        tag = headers["ETag"]
        checks.matches("the tag is a strong one", tag, '"[A-Za-z0-9_-]{43}"')
        status, headers, rest = ask(relay, If_None_Match=tag)
        checks.equal("what is known is not sent again", (status, headers["ETag"], rest), (304, tag, b""))
        checks.equal("a page of its own has a tag of its own", ask(relay, "?limit=2", If_None_Match=tag)[0], 200)
        status, headers, rest = ask(relay, method="HEAD")
        checks.equal("HEAD tells what GET would have sent", (status, headers["ETag"], headers["Content-Length"], rest),
                     (200, tag, str(len(body)), b""))
        maker.send("1")
        maker.recv(timeout=WAIT_SECONDS)
        checks.true("what has changed is sent again",
                    wait_until(lambda: ask(relay, If_None_Match=tag)[0] == 200, 5), 200, 304)


def small_budget(checks):
    """The last list serves, and is not made anew with every request."""
    with relay_with({"hook_instructions": 100000}, errors=True) as relay, make(relay, 1) as maker:
        checks.true("one lobby is listed", wait_until(lambda: total(relay) == 1, 5), 1, 0)
        for _ in range(2):
            maker.send("499")
            maker.recv(timeout=WAIT_SECONDS)
        checks.true("too many to read fail", wait_until(lambda: ask(relay)[0] == 500, 5), 500, 200)
        checks.equal("and the last list serves", total(relay), 1)
        checks.true("the log says why", relay.logged("instruction budget exhausted"))


if __name__ == "__main__":
    run_scenarios(Checks(), [(pages,), (tags,), (small_budget,)])
