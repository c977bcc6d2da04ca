"""The other side of faults.c: builds the library, and says from outside which calls of a running relay fail."""

import contextlib
import errno
import mmap
import os
import re
import struct
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "faults.c")
FAULT = struct.Struct("5i")  # manner, code, every, calls, hits
CLOCKS = struct.Struct("2q")  # seconds ahead: the clock of deadlines, that of people
MANNERS = {"fails": 1, "short": 2, "takes": 3, "spurious": 4}


def names():
    with open(SOURCE, encoding="utf-8") as file:
        listed = re.search(r"#define CALLS\(X\)((?:.*\\\n)*.*)", file.read()).group(1)
    return re.findall(r"X\((\w+)\)", listed)


class Faults:
    """`with Faults() as faults: … faults.environment … with faults.of("recv", "EINTR", every=3): …`"""

    def __init__(self):
        self.home = tempfile.TemporaryDirectory()
        library = os.path.join(self.home.name, "faults.so")
        subprocess.run(["cc", "-std=c17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library,
                        SOURCE, "-ldl"], check=True)
        self.places = {name: CLOCKS.size + index * FAULT.size for index, name in enumerate(names())}
        path = os.path.join(self.home.name, "table")
        with open(path, "wb+") as file:
            file.truncate(CLOCKS.size + len(self.places) * FAULT.size)
            self.table = mmap.mmap(file.fileno(), 0)
        self.environment = {"LD_PRELOAD": library, "FAULTS": path}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.table.close()
        self.home.cleanup()

    def jump(self, deadlines=0, people=0):
        """Sets the two clocks so many seconds ahead of what they are."""
        CLOCKS.pack_into(self.table, 0, deadlines, people)

    @contextlib.contextmanager
    def of(self, call, what, every=1, after=0):
        """Each `every`th call fails, the first one among them, or the first one after so many. `what` is an error's
        name, `short` or `spurious`, or `takes:ERROR` for a call that does its work and then fails. Gives a function
        that says how often it has happened."""
        manner, _, code = what.partition(":") if what.partition(":")[0] in MANNERS else ("fails", ":", what)
        place = self.places[call]
        FAULT.pack_into(self.table, place, 0, getattr(errno, code) if code else 0, every, -after, 0)
        struct.pack_into("i", self.table, place, MANNERS[manner])
        try:
            yield lambda: FAULT.unpack_from(self.table, place)[4]
        finally:
            struct.pack_into("i", self.table, place, 0)
