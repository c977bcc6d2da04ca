#!/usr/bin/env python3
"""Where scripts are: files that cannot be read, folders that are renamed, deleted and made anew, swapped links,
file systems that go. What cannot be read is refused in one line, and taken up when it is back."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from mount_namespace import mount_small, run_inside
from raw_socket import RawSocket
from relay import BINARY, Checks, Relay, run_scenarios, wait_until
from reload import VERSION, Folder, ask, connected

SETTLE_SECONDS = 0.5
ANSWER_SECONDS = 1
MORE_KIB = 40 << 10
TOO_LARGE = 17 << 20


def version(name):
    return VERSION.format(name=name).replace('require "word"', '"w"')


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def refusals(relay):
    return len(relay.logged("is not reloaded"))


def loads(relay):
    return len(relay.logged("runs now"))


def serves(checks, name, relay, ana, expected):
    """Waits for the version that is to answer."""
    wait_until(lambda: ask(ana, "x").split()[0] == expected, 3)
    checks.equal(f"{name}: what serves", ask(ana, "x").split()[0], expected)


# MARK: Unreadable


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)


def make_loop(path):
    """A link to a link to itself: the name of `path` is not the last one that it has."""
    loop = os.path.join(os.path.dirname(path), "loop")
    if not os.path.lexists(loop):
        os.symlink("loop", loop)
    os.symlink("loop", path)


def make_large(path):
    with open(path, "wb") as file:
        file.truncate(TOO_LARGE)


# What is put where the file was, and what the log says.
UNREADABLE = (
    ("a folder", os.mkdir, "it is a folder"),
    ("a pipe that nobody writes", os.mkfifo, "it is no file, but a pipe or a device"),
    ("a file of 17 MiB", make_large, "larger than 16777216 bytes"),
    ("a link to /dev/zero", lambda path: os.symlink("/dev/zero", path), "it is no file, but a pipe or a device"),
    ("a link to a terminal", lambda path: os.symlink("/dev/tty", path), "cannot read"),
    ("a socket", make_socket, "cannot read"),
    ("a link to itself", make_loop, "Too many levels of symbolic links"),
    ("a link that leads nowhere", lambda path: os.symlink("nowhere", path), "No such file or directory"),
    ("nothing", lambda path: None, "No such file or directory"),
)


def put_in_place(served, name, make):
    """Makes it elsewhere in the folder and renames it to where the file was."""
    path = os.path.join(served.folder.name, name)
    beside = os.path.join(served.folder.name, "beside")
    make(beside)
    if os.path.islink(path) or not os.path.isdir(path):
        os.remove(path)
    if os.path.lexists(beside):
        os.rename(beside, path)


def clear(path):
    if os.path.isdir(path) and not os.path.islink(path):
        os.rmdir(path)


def unreadable(checks):
    with Folder(errors=True) as served, connected(served.relay) as ana:
        memory = served.relay.resident_kib()
        for turn, (name, make, reason) in enumerate(UNREADABLE, start=1):
            for file in ("policy.lua", "word.lua"):
                before, loaded = served.refusals(), served.reloads()
                put_in_place(served, file, make)
                # What the relay does with it, it does within a tenth of a second and some.
                time.sleep(SETTLE_SECONDS)
                start = time.monotonic()
                said = ask(ana, "x")
                took = time.monotonic() - start
                checks.true(f"{name} for {file}: the version before answers at once",
                            said == f"one {'a' if turn == 1 else turn - 1} 1 x 1" and took < ANSWER_SECONDS,
                            "at once", (said, took))
                # Its removal and its replacement may be told apart.
                checks.true(f"{name} for {file}: is refused, and not again and again",
                            1 <= served.refusals() - before <= 2, "1 or 2", served.refusals() - before)
                line = served.relay.logged("is not reloaded")[-1]
                missing = file == "word.lua" and reason.startswith("No such")
                checks.true(f"{name} for {file}: the log says why", (f"no file {file}" if missing else reason) in line
                            and file in line, reason, line)
                code, said = served.reload()
                checks.true(f"{name} for {file}: lobbyist reload says it", code == 1 and file in said, reason, said)
                clear(os.path.join(served.folder.name, file))
                word = turn if file == "word.lua" else "'a'" if turn == 1 else turn - 1
                content = VERSION.format(name="one") if file == "policy.lua" else f"return {word}"
                served.rename_over(file, content)
                checks.true(f"{name} for {file}: a file is taken up again",
                            wait_until(lambda: served.reloads() == loaded + 1, 3), 1, served.reloads() - loaded)
        checks.true("memory is as it was", served.relay.resident_kib() < memory + MORE_KIB, f"about {memory} KiB",
                    served.relay.resident_kib())


def forbidden(checks):
    """chmod 000, for a relay that is not root."""
    command = []
    if os.geteuid() == 0:
        command = ["unshare", "--user", "--map-user=1000"]
        trial = subprocess.run([*command, "true"], capture_output=True, text=True)
        if trial.returncode != 0:
            print(f"left out: files that may not be read ({trial.stderr.strip()})")
            return
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "policy.lua")
        write(script, version("one"))
        relay = Relay(script=script, errors=True)
        relay.command = command + relay.command
        with relay, connected(relay) as ana:
            os.chmod(script, 0)
            checks.true("a file that may not be read is refused", wait_until(lambda: refusals(relay) == 1, 3))
            checks.true("and why", "Permission denied" in relay.logged("is not reloaded")[0])
            time.sleep(SETTLE_SECONDS)
            checks.equal("once", refusals(relay), 1)
            serves(checks, "chmod 000", relay, ana, "one")
            os.chmod(script, 0o644)
            checks.true("one that may be read again is taken up", wait_until(lambda: loads(relay) == 1, 3))
            time.sleep(SETTLE_SECONDS)
            refused = refusals(relay)
            os.chmod(folder, 0)
            time.sleep(SETTLE_SECONDS)
            serves(checks, "a folder that may not be entered", relay, ana, "one")
            os.chmod(folder, 0o755)
            write(script, version("two"))
            serves(checks, "one that may be entered again", relay, ana, "two")
            checks.equal("and nothing was refused in between", refusals(relay), refused)


def shipped(checks):
    """A script that is gone is refused, also where the relay comes with one of the same name."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "scripts"))
        script = os.path.join(folder, "scripts", "broadcast.lua")
        write(script, version("own"))
        relay = Relay(script="scripts/broadcast.lua", errors=True)
        relay.command = ["sh", "-c", 'cd "$0" && exec "$@"', folder, *relay.command]
        with relay, connected(relay) as ana:
            serves(checks, "a relative path", relay, ana, "own")
            os.remove(script)
            checks.true("its own, gone, is refused", wait_until(lambda: refusals(relay) == 1, 3))
            time.sleep(SETTLE_SECONDS)
            checks.equal("and no other is taken for it", loads(relay), 0)
            write(script, version("new"))
            serves(checks, "its own, back", relay, ana, "new")


# MARK: Folders


def tree(root, name, text):
    """ROOT/NAME/scripts/policy.lua"""
    os.makedirs(os.path.join(root, name, "scripts"))
    write(os.path.join(root, name, "scripts", "policy.lua"), version(text))


def folders(checks):
    with tempfile.TemporaryDirectory() as root:
        tree(root, "app", "one")
        scripts = os.path.join(root, "app", "scripts")
        script = os.path.join(scripts, "policy.lua")
        with Relay(script=script, errors=True) as relay, connected(relay) as ana:
            for name in (scripts, os.path.join(root, "app")):
                short = os.path.relpath(name, root)
                before = refusals(relay)
                os.rename(name, os.path.join(root, "away"))
                checks.true(f"{short} renamed away is refused", wait_until(lambda: refusals(relay) == before + 1, 3))
                serves(checks, f"{short} away", relay, ana, "one")
                loaded = loads(relay)
                os.rename(os.path.join(root, "away"), name)
                checks.true(f"{short} that is back is taken up", wait_until(lambda: loads(relay) > loaded, 3))
                write(script, version("two"))
                serves(checks, f"{short} is watched again", relay, ana, "two")
                before = refusals(relay)
                shutil.rmtree(name)
                checks.true(f"{short} deleted is refused", wait_until(lambda: refusals(relay) > before, 3))
                time.sleep(SETTLE_SECONDS)
                checks.true(f"{short} deleted: in few lines", refusals(relay) <= before + 2, "1 or 2", refusals(relay))
                serves(checks, f"{short} deleted", relay, ana, "two")
                os.makedirs(scripts)
                time.sleep(SETTLE_SECONDS)
                write(script, version("three"))
                serves(checks, f"{short} made anew", relay, ana, "three")
                shutil.rmtree(name)
                tree(root, "app", "one") if name.endswith("app") else os.mkdir(scripts)
                write(script, version("one"))
                serves(checks, f"{short} deleted and made anew at once", relay, ana, "one")
            tree(root, "next", "swapped")
            os.rename(os.path.join(root, "app"), os.path.join(root, "old"))
            os.rename(os.path.join(root, "next"), os.path.join(root, "app"))
            serves(checks, "a folder above, swapped for another", relay, ana, "swapped")
            before = loads(relay)
            write(os.path.join(root, "old", "scripts", "policy.lua"), version("late"))
            time.sleep(SETTLE_SECONDS)
            checks.equal("the folder that was is not looked at", loads(relay), before)
            write(script, version("watched"))
            serves(checks, "the folder that is", relay, ana, "watched")


# MARK: Links


def swap(link, target):
    """As `ln -sfn` and deployments do it: in one step."""
    os.symlink(target, link + ".new")
    os.rename(link + ".new", link)


def releases(checks):
    """releases/N, and a link `current` to one of them above the script."""
    with tempfile.TemporaryDirectory() as root:
        for number in range(1, 7):
            tree(os.path.join(root, "releases"), str(number), f"r{number}")
        current = os.path.join(root, "current")
        os.symlink("releases/1", current)
        with Relay(script=os.path.join(current, "scripts", "policy.lua"), errors=True) as relay:
            with connected(relay) as ana:
                serves(checks, "the first release", relay, ana, "r1")
                for number in range(2, 6):
                    swap(current, f"releases/{number}")
                    serves(checks, f"release {number}", relay, ana, f"r{number}")
                    shutil.rmtree(os.path.join(root, "releases", str(number - 1)))
                checks.equal("each was loaded once", loads(relay), 4)
                subprocess.run(["ln", "-sfn", "releases/6", current], check=True)
                serves(checks, "ln -sfn", relay, ana, "r6")
                script = os.path.join(root, "releases", "6", "scripts", "policy.lua")
                write(script, version("edited"))
                serves(checks, "an edit within the release", relay, ana, "edited")
                before = refusals(relay)
                swap(current, "releases/7")
                checks.true("a release that is missing is refused",
                            wait_until(lambda: refusals(relay) == before + 1, 3))
                serves(checks, "a release that is missing", relay, ana, "edited")
                tree(os.path.join(root, "releases"), "7", "r7")
                serves(checks, "a release that comes", relay, ana, "r7")
                checks.true("watches do not pile up", watches(relay) < 20, "below 20", watches(relay))


def watches(relay):
    count = 0
    for name in os.listdir(f"/proc/{relay.process.pid}/fdinfo"):
        with open(f"/proc/{relay.process.pid}/fdinfo/{name}", encoding="utf-8") as file:
            count += sum(line.startswith("inotify ") for line in file)
    return count


def config_map(checks):
    """As Kubernetes shows a ConfigMap: policy.lua → ..data/policy.lua, ..data → ..TIME, which is swapped."""
    with tempfile.TemporaryDirectory() as root:
        def make(stamp, name, word):
            os.mkdir(os.path.join(root, stamp))
            write(os.path.join(root, stamp, "policy.lua"), VERSION.format(name=name))
            write(os.path.join(root, stamp, "word.lua"), f"return '{word}'")

        make("..1", "one", "a")
        os.symlink("..1", os.path.join(root, "..data"))
        for name in ("policy.lua", "word.lua"):
            os.symlink(f"..data/{name}", os.path.join(root, name))
        with Relay(script=os.path.join(root, "policy.lua"), errors=True) as relay, connected(relay) as ana:
            for turn in range(2, 6):
                make(f"..{turn}", f"v{turn}", f"w{turn}")
                swap(os.path.join(root, "..data"), f"..{turn}")
                shutil.rmtree(os.path.join(root, f"..{turn - 1}"))
                serves(checks, f"ConfigMap {turn}", relay, ana, f"v{turn}")
                checks.equal(f"ConfigMap {turn}: script and module together", ask(ana, "x"), f"v{turn} w{turn} 1 x 1")
            time.sleep(SETTLE_SECONDS)
            checks.equal("each was loaded once", [loads(relay), refusals(relay)], [4, 0])
            make("..6", "v6", "w6")
            write(os.path.join(root, "..6", "policy.lua"), "return {")
            swap(os.path.join(root, "..data"), "..6")
            checks.true("a broken one is refused", wait_until(lambda: refusals(relay) == 1, 3))
            swap(os.path.join(root, "..data"), "..5")
            checks.true("and the one before is back", wait_until(lambda: loads(relay) == 5, 3))
            checks.equal("serving", ask(ana, "x"), "v5 w5 1 x 1")


# MARK: Mounts


def shared(checks):
    """Several mounts of one script: each is reloaded, and refused, for itself."""
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "policy.lua")
        path = os.path.join(folder, "lobbyist.lua")
        write(script, version("one"))
        write(path, 'listen "127.0.0.1:0"\n' + "".join(
            f'mount "/{name}" {{ script = "policy.lua" }}\n' for name in ("a", "b", "c")))
        with Relay(config=path, errors=True) as relay:
            peers = []
            for name in ("a", "b", "c"):
                peers.append(connected_at(relay, f"/{name}"))
            write(script, version("two"))
            checks.true("a save reloads each", wait_until(lambda: loads(relay) == 3, 3))
            checks.equal("each serves it", [ask(peer, "x") for peer in peers], ["two w 1 x 1"] * 3)
            write(script, "return {")
            checks.true("a mistake is told of each", wait_until(lambda: refusals(relay) == 3, 3))
            time.sleep(SETTLE_SECONDS)
            checks.equal("once", refusals(relay), 3)
            checks.equal("and each runs on", [ask(peer, "x") for peer in peers], ["two w 1 x 1"] * 3)
            for peer in peers:
                peer.close()


def connected_at(relay, path):
    raw = RawSocket(relay)
    raw.upgrade(path)
    return raw


def vanished_here(checks):
    volume = tempfile.mkdtemp()

    def mount():
        mount_small(volume, "64k")

    mount()
    script = os.path.join(volume, "policy.lua")
    write(script, version("one"))
    with Relay(script=script, admin="127.0.0.1:0", errors=True) as relay, connected(relay) as ana:
        admin = relay.admin_address()
        subprocess.run(["umount", volume], check=True)
        checks.true("a file system that goes is refused", wait_until(lambda: refusals(relay) == 1, 3))
        checks.true("and why", "No such file or directory" in relay.logged("is not reloaded")[0])
        time.sleep(SETTLE_SECONDS)
        checks.equal("once", refusals(relay), 1)
        serves(checks, "without its file system", relay, ana, "one")
        mount()
        write(script, version("two"))
        reload = subprocess.run([BINARY, "reload", "--admin", admin], capture_output=True, text=True, timeout=20)
        checks.equal("what comes instead is taken up when the operator says so", reload.returncode, 0)
        serves(checks, "another file system", relay, ana, "two")
        write(script, version("three"))
        serves(checks, "which is watched", relay, ana, "three")


def vanished(checks):
    run_inside(checks, "a file system that goes", __file__, "--vanished")


if __name__ == "__main__":
    if sys.argv[1:] == ["--vanished"]:
        run_scenarios(Checks(), [(vanished_here,)])
    run_scenarios(Checks(), [(unreadable,), (forbidden,), (shipped,), (folders,), (releases,), (config_map,), (shared,),
                             (vanished,)])
