"""Pages of the documentation: their fenced blocks, links and commands."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Clients"))

from relay import BINARY, ROOT  # noqa: E402 - found by the line above

FENCE = re.compile(r"^```(.*)$")
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
FRAGMENT = re.compile(r"\]\(([^)#]*)#([^)]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`(?!\])", re.DOTALL | re.MULTILINE)
COMMAND_SECONDS = 60


class Block:
    """What stands between two fences: `words` behind the opening one, and the text."""

    def __init__(self, words, line):
        self.words, self.line, self.lines = words.split(), line, []

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"

    def commands(self):
        """A console block as [command, lines of output]."""
        found = []
        for line in self.lines:
            if line.startswith("$ "):
                found.append([line[2:], []])
            else:
                found[-1][1].append(line)
        return found


class Page:
    def __init__(self, path):
        self.path = path
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            self.text = file.read()
        self.blocks = []
        block = None
        for number, line in enumerate(self.text.splitlines(), start=1):
            match = FENCE.match(line)
            if match and block is None:
                block = Block(match.group(1), number)
            elif match:
                self.blocks.append(block)
                block = None
            elif block is not None:
                block.lines.append(line)
        if block is not None:
            raise ValueError(f"{path}:{block.line}: a fence that is not closed")

    def named(self, language):
        return [block for block in self.blocks if block.words[:1] == [language]]

    def links(self):
        """Files of the repository that the page links to, from its root."""
        folder = os.path.dirname(self.path)
        return [os.path.normpath(os.path.join(folder, target)) for target in LINK.findall(CODE.sub("", self.text))
                if "://" not in target]

    def fragments(self):
        """Pages of the repository, each with the name of a heading in it, that the page links to."""
        folder = os.path.dirname(self.path)
        return [(os.path.normpath(os.path.join(folder, target)) if target else self.path, name)
                for target, name in FRAGMENT.findall(CODE.sub("", self.text)) if "://" not in target]

    def headings(self):
        """By the names that GitHub gives them."""
        blocks = re.sub(r"^```.*?^```$", "", self.text, flags=re.DOTALL | re.MULTILINE)
        plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title) for title in HEADING.findall(blocks)]
        return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in plain}


def run(*command, cwd=ROOT):
    """Exit code and lines of both outputs."""
    done = subprocess.run([*command], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=COMMAND_SECONDS)
    return done.returncode, done.stdout.splitlines()


def lobbyist(*arguments, cwd=ROOT):
    return run(BINARY, *arguments, cwd=cwd)


def steady(lines):
    """Lines without what differs from run to run: hashes, times, ports; ids and names become their number."""
    seen = {}

    def numbered(match):
        return f"<{seen.setdefault(match.group(0), len(seen) + 1)}>"

    text = "\n".join(lines)
    text = re.sub(r"\(version [0-9a-f]{8}\)", "(version V)", text)
    text = re.sub(r"\(\d+ ms\)", "(N ms)", text)
    text = re.sub(r"(localhost|[0-9.]+):\d{2,5}\b", r"HOST:PORT", text)
    text = re.sub(r'(?<="id":)\d{4,10}\b|(?<=")[A-Za-z0-9]{16}(?=")|(?<="data":")[0-9A-Z]{5}(?=")', numbered, text)
    return text.splitlines()
