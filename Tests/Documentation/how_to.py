"""Plays a page of docs/how-to as its reader would: saves its files, runs its commands, in a folder of its own."""

import os
import re
import subprocess
import sys
import tempfile
import threading

from page import BINARY, COMMAND_SECONDS, ROOT, Page, run

LISTENING = re.compile(r"listening on wss?://[0-9.]+:(\d+)")
PAGES_PORT, PAGES_TLS_PORT = "9080", "9443"
PAGES_ADMIN = "127.0.0.1:9081"
ADMIN = re.compile(r"admin on http://([0-9.:]+)/status")
ADMIN_COMMANDS = r"lobbyist (reload|deploy|versions|rollback)\b"


class Served:
    """What `lobbyist serve` has started: its first lines, and the port that it got."""

    def __init__(self, command, folder, environment, count):
        # Without the shell in between, there is one process to end.
        self.process = subprocess.Popen(["sh", "-c", re.sub(r"^((?:\w+=\S+ )*)", r"\1exec ", command)], cwd=folder,
                                        env={**environment, "PORT": "0"}, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        timer = threading.Timer(COMMAND_SECONDS, self.process.kill)
        timer.start()
        self.lines = [self.process.stdout.readline().rstrip("\n") for _ in range(count)]
        timer.cancel()
        found = LISTENING.search("\n".join(self.lines))
        self.port = found.group(1) if found else None
        admin = ADMIN.search("\n".join(self.lines))
        self.admin = admin.group(1) if admin else None

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=COMMAND_SECONDS)


class Reader:
    def __init__(self, path):
        self.page, self.served = Page(path), None

    def play(self):
        """(command, printed by the page, printed now) for each command."""
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as programs:
            os.symlink(BINARY, os.path.join(programs, "lobbyist"))
            os.symlink(sys.executable, os.path.join(programs, "python3"))
            self.folder = folder
            self.environment = {**os.environ, "PATH": programs + os.pathsep + os.environ["PATH"]}
            try:
                for block in self.page.blocks:
                    yield from self.take(block)
            finally:
                if self.served:
                    self.served.stop()

    def take(self, block):
        if block.words == ["console"]:
            for command, printed in block.commands():
                yield command, printed, self.said(command, len(printed))
        elif block.words == ["diff"]:
            yield from self.patch(block)
        elif len(block.words) > 1 and "." in block.words[1]:
            mode = "a" if block.words[2:] == ["more"] else "x"
            with open(os.path.join(self.folder, block.words[1]), mode, encoding="utf-8") as file:
                # Another relay may listen where the page's does.
                file.write(block.text.replace(f'listen "0.0.0.0:{PAGES_PORT}"', 'listen "0.0.0.0:0"'))

    def patch(self, block):
        done = subprocess.run(["git", "apply", "-"], cwd=self.folder, input=block.text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        yield "git apply", [], done.stdout.splitlines()

    def said(self, command, count):
        # Another relay may have the page's admin listener.
        command = command.replace(f"--admin {PAGES_ADMIN}", "--admin 127.0.0.1:0")
        command = command.replace(f"tls://127.0.0.1:{PAGES_TLS_PORT}", "tls://127.0.0.1:0")
        if self.served and self.served.admin and re.match(ADMIN_COMMANDS, command):
            command += f" --admin {self.served.admin}"
        if " serve " in f" {command}":
            if self.served:
                self.served.stop()
            self.served = Served(command, self.folder, self.environment, count)
            return [line.replace(f"{ROOT}/", "") for line in self.served.lines]
        if self.served:
            for port in (PAGES_PORT, PAGES_TLS_PORT):
                command = command.replace(f"localhost:{port}", f"localhost:{self.served.port}")
        return run("env", f"PATH={self.environment['PATH']}", "sh", "-c", command, cwd=self.folder)[1]
