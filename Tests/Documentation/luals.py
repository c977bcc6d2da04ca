#!/usr/bin/env python3
"""Writes plugins/library/lobbyist.lua, what editors know of the Lua API, from Sources/LuaHost/include/api.def.

    python3 Tests/Documentation/luals.py

The annotations are those of LuaLS, https://luals.github.io/wiki/annotations. What api.def does not define (hooks,
settings, JSON) is written by hand in luals_by_hand.lua.
"""

import os
import re
import textwrap

from lua_api import DEFINITION, METHODS, ROOT, rows

EXAMPLES = os.path.join(os.path.dirname(DEFINITION), "api_examples.lua")
BY_HAND = os.path.join(os.path.dirname(os.path.abspath(__file__)), "luals_by_hand.lua")
LIBRARY = os.path.join(ROOT, "plugins", "library", "lobbyist.lua")
HEAD = """\
---@meta lobbyist

-- What scripts find, for editors: the relay itself never reads this file.
-- Written by Tests/Documentation/luals.py out of api.def, api_examples.lua and luals_by_hand.lua: change those instead.
"""
COLUMNS = 120

TYPES = {
    "int": "integer", "num": "number", "bool": "boolean", "text": "string", "id": "id", "value": "attribute",
    "target": "peer|lobby", "owner": "lobby|mount", "peers": "peer|peer[]",
    # These three stand for any number of arguments.
    "values": "attribute", "texts": "string", "fields": "field",
}
VARIADIC = {
    "values": "what the timer's function gets behind its subject",
    "texts": "",
    "fields": "names and values in turn, or one table of them",
}
ATTRIBUTED = ("peer", "lobby", "mount")
GLOBALS = {
    "relay": "Clock, log, metrics and settings.",
    "random": "Unpredictable values.",
    "crypto": "Hashes and base64.",
}


def examples():
    """One for each row of the table, in its order."""
    with open(EXAMPLES, encoding="utf-8") as file:
        return [line for line in file.read().splitlines() if not line.startswith("--")]


def call(receiver, name):
    return f"{receiver}{':' if receiver in METHODS else '.'}{name}"


def unmatched():
    """Where the examples are not those of the table: a text for each."""
    found, given = rows()[0], examples()
    wrong = [f"{call(row[0], row[1])}: {example}" for row, example in zip(found, given)
             if f"{call(row[0], row[1])}(" not in example]
    if len(found) != len(given):
        wrong.append(f"{len(found)} rows, {len(given)} examples")
    return wrong


def comment(text):
    return [f"---{line}" for line in textwrap.wrap(text, COLUMNS - 3, break_long_words=False)]


def parameter(word, optional):
    """The annotation of `name:type`, and how it stands in the function's head."""
    name, _, kind = word.partition(":")
    kind = kind.rstrip("?")
    if kind in VARIADIC:
        return f"---@param ... {TYPES[kind]} {VARIADIC[kind]}".rstrip(), "..."
    return f"---@param {name}{'?' if optional else ''} {TYPES.get(kind, kind)}", name


def result(word):
    if word.endswith("?..."):
        return f"---@return {TYPES.get(word[:-4], word[:-4])}? ..."
    optional = word.endswith("?")
    kind = word.rstrip("?")
    return f"---@return {TYPES.get(kind, kind)}{'?' if optional else ''}"


def function(row, example):
    receiver, name, parameters, results, summary = row
    # Brackets and parentheses in a row would read as a link.
    summary = re.sub(r"policy\.timers\[name\]\([^)]*\)", r"`\g<0>`", summary)
    lines = comment(summary) + ["---", "---```lua", f"---{example}", "---```"]
    head, optional = [], False
    for word in parameters.split():
        optional = optional or word.endswith("?")
        annotation, shown = parameter(word, optional)
        lines.append(annotation)
        head.append(shown)
    lines += [result(word) for word in results.split()]
    lines.append(f"function {call(receiver, name)}({', '.join(head)}) end")
    return lines


def receiver_class(receiver, comments):
    text = comments.get(receiver) if receiver in METHODS else GLOBALS[receiver]
    lines = comment(text) + [f"---@class {receiver}"]
    if receiver in ATTRIBUTED:
        lines.append("---@field [string] any attributes of the script's own: nil, booleans, numbers, strings")
    # Scripts get the others as arguments.
    is_global = receiver == "mount" or receiver not in METHODS
    return lines + [f"{'' if is_global else 'local '}{receiver} = {{}}"]


def library():
    """The whole file as it should be."""
    found, comments = rows()
    with open(BY_HAND, encoding="utf-8") as file:
        types, marker, by_hand = file.read().partition("-- Behind what api.def defines:\n")
    if not marker:
        raise ValueError(f"{BY_HAND} lacks its line in the middle")
    parts = [HEAD.rstrip("\n"), types.strip("\n")]
    receiver = None
    for row, example in zip(found, examples()):
        if row[0] != receiver:
            receiver = row[0]
            parts.append("\n".join(receiver_class(receiver, comments)))
        parts.append("\n".join(function(row, example)))
    return "\n\n".join([*parts, by_hand.strip("\n")]) + "\n"


if __name__ == "__main__":
    text = library()
    os.makedirs(os.path.dirname(LIBRARY), exist_ok=True)
    with open(LIBRARY, "w", encoding="utf-8") as file:
        file.write(text)
