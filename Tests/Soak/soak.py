#!/usr/bin/env python3
"""A soak: one relay serves five protocols, a hundred peers in each do random things, and a naive model of each protocol
says after every one of them what everybody must hear.

    soak.py [SECONDS] [--seed SEED]

A failure tells its seed and protocol; its actions are then played in process and made fewer until the shortest
conversation that fails is found. Before that, bugs are planted in copies of the scripts and must be found. The last
line is `N passed, N failed`, an action being a test.
"""

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile

from generate import MODELS, SCRIPTS, actions, peers, play, talk
from live import PEERS, Failure, SoakRelay, soak
from relay import ROOT
from shrink import Shrinker

SECONDS = 20
GENERATED = {"count": 400, "names": peers(8)}
# One bug for each script: what is replaced, by what, and in how many actions it can be shown.
PLANTS = {
    "godot": ('if lobby:is_sealed() then return refuse(peer, "Lobby is sealed") end', "", 5),
    "gamejam": ('"Host Disconnected"', '"Host disconnected"', 7),
    "unity": ("room:broadcast(text, peer)", "room:broadcast(text)", 5),
    "broadcast": ("if member ~= peer then message:forward(member) end", "message:forward(member)", 3),
    "singo": ('room:broadcast(naming("leave-client", peer), peer)', 'room:broadcast(naming("leave-client", peer))', 3),
}
PLANTED_SEEDS = 10
PLANTED_LIVE = "godot"
PLANTED_SECONDS = 20


def report(failure, seed, scripts=SCRIPTS):
    """Tells the shortest conversation that fails in process."""
    print(f"seed {seed}, {failure}", flush=True)
    model_class = MODELS[failure.name]
    shrinker = Shrinker(model_class, scripts)
    shortest = shrinker.shrink(failure.history)
    if shortest is None:
        print(f"It does not fail in process. All {len(failure.history)} actions:")
        print(*talk(model_class, failure.history, scripts)[0], sep="\n", flush=True)
        return None
    lines, _ = talk(model_class, shortest, scripts)
    print(f"{len(failure.history)} actions became {len(shortest)} in {shrinker.plays} plays:")
    print(*lines, sep="\n")
    print(play(lines)[0], flush=True)
    return shortest


class Counts:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def check(self, name, condition, got=""):
        self.passed, self.failed = self.passed + bool(condition), self.failed + (not condition)
        print(f"ok   {name}" if condition else f"FAIL {name}: {got}", flush=True)
        return condition


def generated(counts, seed):
    """Generated conversations, in process."""
    for name, model_class in MODELS.items():
        drawn = actions(model_class, seed, **GENERATED)
        lines, _ = talk(model_class, drawn)
        failure = play(lines)
        if not counts.check(f"{name}: {len(drawn)} random actions in process", failure is None, f"seed {seed}"):
            report(Failure(name, drawn, "in process"), seed)


def plant(folder, names):
    """A copy of the scripts with a bug in each of these."""
    scripts = os.path.join(folder, "_".join(names))
    shutil.copytree(os.path.join(ROOT, SCRIPTS), scripts)
    for name in names:
        right, wrong, _ = PLANTS[name]
        path = os.path.join(scripts, MODELS[name].script)
        with open(path) as file:
            text = file.read()
        if text.count(right) != 1:
            raise ValueError(f"{path} has {right} {text.count(right)} times: choose another bug to plant")
        with open(path, "w") as file:
            file.write(text.replace(right, wrong))
    return scripts


def planted(counts, folder, seed):
    """The models find a planted bug, and its conversation is made short. The right script passes that."""
    scripts = plant(folder, PLANTS)
    for name, (_, _, enough) in PLANTS.items():
        model_class, shrinker = MODELS[name], Shrinker(MODELS[name], scripts)
        # Not every sequence comes by it.
        for another in range(PLANTED_SEEDS):
            drawn = actions(model_class, seed + another, **GENERATED)
            shortest = shrinker.shrink(drawn)
            if shortest:
                break
        counts.check(f"{name}: a planted bug is shown in {enough} actions", shortest and len(shortest) <= enough,
                     f"{shortest and len(shortest)} of {len(drawn)}, seed {seed}")
        counts.check(f"{name}: the right script passes them", shortest and play(talk(model_class, shortest)[0]) is None)


def planted_live(counts, folder, seed):
    """One of those bugs is found by a hundred peers, too."""
    scripts = plant(folder, [PLANTED_LIVE])
    _, failure = run(folder, seed, PLANTED_SECONDS, scripts)
    if not counts.check(f"{PLANTED_LIVE}: a planted bug is found live", failure and failure.name == PLANTED_LIVE,
                        f"{failure}, seed {seed}"):
        return
    print("This is meant to fail:")
    shortest, enough = report(failure, seed, scripts), PLANTS[PLANTED_LIVE][2]
    counts.check(f"{PLANTED_LIVE}: and shown in {enough} actions", shortest and len(shortest) <= enough,
                 f"{shortest and len(shortest)}, seed {seed}")


def run(folder, seed, seconds, scripts=SCRIPTS):
    """The counts of a soak, or its failure."""
    with SoakRelay(folder, scripts) as relay:
        try:
            return asyncio.run(soak(relay.urls(), seed, seconds)), None
        except Failure as failure:
            return {}, failure


def live(counts, folder, seed, seconds):
    done, failure = run(folder, seed, seconds)
    if failure:
        counts.failed += 1
        counts.passed += len(failure.history) - 1
        print("FAIL live", flush=True)
        report(failure, seed)
    for name, count in done.items():
        counts.check(f"{name}: {PEERS} peers did {count} things, and nobody heard anything more", count > PEERS)
        counts.passed += count


def main():
    parser = argparse.ArgumentParser(description="A soak of five protocols against naive models.")
    parser.add_argument("seconds", nargs="?", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    counts = Counts()
    with tempfile.TemporaryDirectory() as folder:
        generated(counts, arguments.seed)
        planted(counts, folder, arguments.seed)
        planted_live(counts, folder, arguments.seed)
        live(counts, folder, arguments.seed, arguments.seconds)
    print(f"{counts.passed} passed, {counts.failed} failed")
    sys.exit(1 if counts.failed or not counts.passed else 0)


if __name__ == "__main__":
    main()
