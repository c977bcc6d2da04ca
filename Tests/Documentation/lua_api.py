#!/usr/bin/env python3
"""Writes the reference part of docs/lua-api.md from Sources/LuaHost/include/api.def.

    python3 Tests/Documentation/lua_api.py

What stands above the page's marker is written by hand and stays.
"""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEFINITION = os.path.join(ROOT, "Sources", "LuaHost", "include", "api.def")
PAGE = os.path.join(ROOT, "docs", "lua-api.md")
MARKER = "<!-- From here on written by Tests/Documentation/lua_api.py out of api.def: change that file instead. -->\n"

ROW = re.compile(r"^LH_API\(\w+, ((?:\"(?:[^\"\\]|\\.)*\"(?:, )?){5})\)$")
TEXT = re.compile(r"\"((?:[^\"\\]|\\.)*)\"")
METHODS = ("peer", "lobby", "mount", "message", "request")
TITLES = {
    "relay": "Relay: clock, log and metrics",
    "random": "Random",
    "crypto": "Crypto",
}
TYPES = {
    "int": "integer", "num": "number", "bool": "boolean", "text": "string", "id": "integer or string",
    "value": "nil, boolean, number or string", "values": "values", "target": "peer or lobby", "owner": "lobby or mount",
    "peers": "peer or array of peers", "texts": "strings", "fields": "fields",
}
PLURALS = {"peer": "peers", "lobby": "lobbies"}


def rows():
    """(receiver, name, parameters, results, summary), and the comment above each group as {receiver: text}."""
    found, comments, comment = [], {}, []
    with open(DEFINITION, encoding="utf-8") as definition:
        for number, line in enumerate(definition.read().splitlines(), start=1):
            if line.startswith("//"):
                comment.append(line[2:].strip())
                continue
            if line.startswith("LH_API("):
                match = ROW.match(line)
                if not match:
                    raise ValueError(f"{DEFINITION}:{number}: not a row of the table")
                row = tuple(text.replace('\\"', '"') for text in TEXT.findall(match.group(1)))
                if comment:
                    comments.setdefault(row[0], " ".join(comment))
                found.append(row)
            comment = []
    return found, comments


def typed(word):
    return TYPES.get(word, word)


def result(word):
    """`lobby?` is a lobby or nil, `peer[]` an array, `int?...` one for each path."""
    if word.endswith("[]"):
        return f"array of {PLURALS[word[:-2]]}"
    if word.endswith("?..."):
        return f"{typed(word[:-4])} or nil for each"
    if word.endswith("?"):
        return f"{typed(word[:-1])} or nil"
    return typed(word)


def signature(receiver, name, parameters):
    """`peer:after(seconds, name, [arguments])`, and what each parameter is."""
    shown, types, optional = [], [], False
    for word in parameters.split():
        parameter, _, kind = word.partition(":")
        optional = optional or kind.endswith("?")
        kind = kind.rstrip("?")
        parameter_shown = f"{parameter}…" if kind in ("values", "texts") else parameter
        shown.append(f"[{parameter_shown}]" if optional else parameter_shown)
        types.append(f"`{parameter}` {typed(kind)}")
    call = "." if receiver not in METHODS else ":"
    return f"`{receiver}{call}{name}({', '.join(shown)})`", ", ".join(types)


def reference():
    found, comments = rows()
    lines = [
        "",
        "## Reference",
        "",
        "What stands in brackets may be left out. *fields* are names and values in turn, or one table of them.",
    ]
    receivers = list(dict.fromkeys(row[0] for row in found))
    for receiver in receivers:
        lines += ["", f"### {TITLES.get(receiver, receiver.capitalize())}", ""]
        if receiver in METHODS:
            lines += [comments[receiver], ""]
        lines += ["| call | takes | answers | |", "|---|---|---|---|"]
        for row_receiver, name, parameters, results, summary in found:
            if row_receiver != receiver:
                continue
            call, takes = signature(receiver, name, parameters)
            answers = ", ".join(result(word) for word in results.split())
            # Brackets and parentheses in a row would read as a link.
            summary = re.sub(r"policy\.timers\[name\]\([^)]*\)", r"`\g<0>`", summary)
            cells = [call, takes, answers, summary]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def page():
    """The whole page as it should be."""
    with open(PAGE, encoding="utf-8") as file:
        by_hand, marker, _ = file.read().partition(MARKER)
    if not marker:
        raise ValueError(f"{PAGE} lacks the line {MARKER.strip()}")
    return by_hand + MARKER + reference()


if __name__ == "__main__":
    text = page()
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(text)
