"""Makes a list of actions that fails as short as it will get: delta debugging, in process.

After "Simplifying and Isolating Failure-Inducing Input", Zeller and Hildebrandt, 2002, reduced to its second half:
what can be left out is left out, in ever smaller pieces.
"""

import time

from generate import SCRIPTS, Unplayable, names_in, performed, play, serial_of, talk

SHRINK_SECONDS = 60
RECENT_PEERS = 40


class Shrinker:
    def __init__(self, model_class, scripts=SCRIPTS, seconds=SHRINK_SECONDS):
        self.model_class, self.scripts = model_class, scripts
        self.end = time.monotonic() + seconds
        self.plays = 0

    def has_time(self):
        return time.monotonic() < self.end

    def failing(self, actions):
        """None when the actions pass or cannot be played; else those that still meant something, up to the failure."""
        lines, sources = talk(self.model_class, actions, self.scripts)
        self.plays += 1
        try:
            failure = play(lines)
        except Unplayable:
            return None
        if not failure:
            return None
        kept = [action for action, _, _ in performed(self.model_class, actions)]
        source = sources[failure[1] - 1]
        return kept[:kept.index(source) + 1] if source else kept

    def shrink(self, actions):
        """The fewest actions found that fail in process; None when they do not."""
        shortest = self.begin(actions)
        if shortest is None:
            return None
        for peer in dict.fromkeys(action[1] for action in shortest):
            shortest = self.without(shortest, lambda action, peer=peer: action[1] == peer)
        size = max(len(shortest) // 2, 1)
        while self.has_time():
            before, first = len(shortest), 0
            while first < len(shortest) and self.has_time():
                left_out = shortest[first:first + size]
                shorter = self.without(shortest, left_out.__contains__)
                first, shortest = (first if len(shorter) < len(shortest) else first + size), shorter
            if size == 1 and len(shortest) == before:
                break
            size = max(size // 2, 1)
        return shortest

    def begin(self, actions):
        """A part that fails, or else the whole: the fewer actions, the sooner they are made fewer."""
        for start in (lambda: concerning_the_last(self.model_class, actions, False),
                      lambda: concerning_the_last(self.model_class, actions, True),
                      lambda: recent(actions, 100), lambda: recent(actions, 400), lambda: actions):
            found = self.confirmed(start())
            if found:
                return found
        return None

    def confirmed(self, actions):
        """As `failing`; what comes behind the failing line is cut off only where that still fails."""
        found = self.failing(actions)
        if found is None or len(found) == len(actions):
            return found
        return found if self.failing(found) else [action for action, _, _ in performed(self.model_class, actions)]

    def without(self, actions, is_left_out):
        if not self.has_time():
            return actions
        return self.confirmed([action for action in actions if not is_left_out(action)]) or actions


def concerning_the_last(model_class, actions, and_whom_they_concern):
    """What the peers did that the last action concerns, back to their connections: who did it, who hears of it, and
    with whom what it is about began. Then, or not, also what those did whom that concerned, and so on.
    """
    history = list(performed(model_class, actions))
    actors = {action[2]: action[1] for action, _, _ in history}
    kept, concerned = [], set()
    for action, done, heard in reversed(history):
        involved = {action[1], *(peer for peer, _ in heard)}
        if not kept:
            concerned = involved | {actors[serial_of(name)] for name in names_in(done[-1])}
        if action[1] in concerned or and_whom_they_concern and involved & concerned:
            kept.append(action)
            if and_whom_they_concern:
                concerned |= involved
        if action[0] == "connect":
            concerned.discard(action[1])
    return kept[::-1]


def recent(actions, count):
    """The last actions of those who were last to do something, behind their connections."""
    peers = []
    for action in reversed(actions):
        if action[1] not in peers and len(peers) < RECENT_PEERS:
            peers.append(action[1])
    mine = [action for action in actions if action[1] in peers]
    older, newer = mine[:-count], mine[-count:]
    connections = {action[1]: action for action in older if action[0] == "connect"}
    return [*connections.values(), *newer]
