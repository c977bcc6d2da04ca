#!/usr/bin/env python3
"""Conversations out of a seed: random actions of a protocol, and what its model says that everybody hears.

    generate.py PROTOCOL SEED ACTIONS      writes a .talk file to the standard output
"""

import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "Clients"))
from relay import BINARY, ROOT  # noqa: E402 - its folder is known only now

from broadcast_model import Broadcast  # noqa: E402
from gamejam_model import Gamejam  # noqa: E402
from godot_model import Godot  # noqa: E402
from model import Closed, JSON, Nonsense  # noqa: E402
from singo_model import Singo  # noqa: E402
from unity_model import Unity  # noqa: E402

MODELS = {model.name: model for model in (Godot, Gamejam, Unity, Broadcast, Singo)}
SCRIPTS = "scripts"
PLAY_SECONDS = 60
ESCAPES = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


def peers(count):
    return [f"P{number}" for number in range(1, count + 1)]


def draw(model, rng, peer, serial):
    """An action that means something, applied: the action, what is done, what is heard."""
    while True:
        action = model.draw(rng, peer, serial)
        try:
            return action, *model.apply(action)
        except Nonsense:
            continue


def actions(model_class, seed, count, names):
    """So many actions, all of these peers' connections first."""
    rng, model = random.Random(seed), model_class()
    order = [*names] + [rng.choice(names) for _ in range(count)]
    return [draw(model, rng, peer, serial)[0] for serial, peer in enumerate(order)]


def performed(model_class, actions):
    """Those of the actions that still mean something, with what is done and heard."""
    model = model_class()
    for action in actions:
        try:
            yield action, *model.apply(action)
        except Nonsense:
            pass


def talk(model_class, actions, scripts=SCRIPTS):
    """The conversation as lines, and for each line its action."""
    lines = [f"policy {os.path.join(scripts, model_class.script)}",
             *(f"set {name} = {value}" for name, value in model_class.settings.items())]
    sources, bound = [None] * len(lines), set()
    for action, done, heard in performed(model_class, actions):
        steps = [said(action[1], done)]
        for peer, what in heard:
            steps.append(hearing(peer, what))
            for name in names_in(what):
                if name not in bound:
                    bound.add(name)
                    steps.append(expectation(name, shape_of(model_class, name)))
        lines += steps
        sources += [action] * len(steps)
    return lines, sources


def quoted(text):
    return '"%s"' % "".join(ESCAPES.get(letter, letter) for letter in text)


def payload(what):
    if isinstance(what, JSON):
        return what.spelt(lambda variable: "$" + variable.name)
    return f"text {quoted(what)}" if isinstance(what, str) else f"binary {what.hex()}"


def said(peer, done):
    match done:
        case "connect", path:
            return f"{peer} connects to {path}"
        case "close", code, reason:
            return f"{peer} closes" + (f" {code}" if code else "") + (f" {quoted(reason)}" if reason else "")
        case ("drop",):
            return f"{peer} drops"
        case "send", what:
            return f"{peer} >> {payload(what)}"


def hearing(peer, what):
    if isinstance(what, Closed):
        return f"{peer} is closed {what.code} {quoted(what.reason)}"
    return f"{peer} << {payload(what)}"


def names_in(what):
    names = []
    if isinstance(what, JSON):
        what.spelt(lambda variable: names.append(variable.name) or "")
    return names


def shape_of(model_class, name):
    return model_class.shapes[name.rstrip("0123456789")]


def serial_of(name):
    """The action that a variable comes from."""
    return int(name.lstrip("abcdefghijklmnopqrstuvwxyz"))


def expectation(name, shape):
    if isinstance(shape, str):
        return f"expect ${name} matches {shape}"
    return f"expect ${name} in {shape[0]}..{shape[1]}"


class Unplayable(Exception):
    """The conversation could not be read: a mistake in here, or more than a .talk file may hold."""


def play(lines):
    """Plays a conversation in process. None when it passed, else the report and the number of the line that failed."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "soak.talk")
        with open(path, "w") as file:
            file.write("\n".join(lines) + "\n")
        try:
            run = subprocess.run([BINARY, "test", path], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, errors="replace", timeout=PLAY_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Unplayable(str(error)) from error
    if run.returncode == 0 and re.search(r"^1 passed, 0 failed", run.stdout, re.MULTILINE):
        return None
    place = re.search(r"^  \S*soak\.talk:(\d+): ", run.stdout, re.MULTILINE)
    if run.returncode != 1 or not place:
        raise Unplayable(run.stdout)
    return run.stdout, int(place.group(1))


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in MODELS:
        sys.exit(f"usage: generate.py {'|'.join(MODELS)} SEED ACTIONS")
    model_class = MODELS[sys.argv[1]]
    lines, _ = talk(model_class, actions(model_class, sys.argv[2], int(sys.argv[3]), peers(8)))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
