#!/usr/bin/env python3
"""What `make dist` and `make deb` make: packed, unpacked elsewhere, run there, and played with.

Packs what is built in .build/release; the program is linked anew, nothing is compiled.
"""

import asyncio
import contextlib
import glob
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tarfile
import tempfile
import urllib.request

from godot_peer import OFFER, Peer
from relay import ROOT, Checks, free_port, run_scenarios, wait_until
from tls_support import Certificate

OBJECTS = os.path.join(ROOT, ".build", "release", "lobbyist.product", "Objects.LinkFileList")
WAIT_SECONDS = 10
RUN_SECONDS = 60
NOBODY = 65534
# The exposure that systemd-analyze gives a unit goes from 0 to 10; in tenths.
EXPOSURE_MAX = 20


def run(*command, **options):
    """Exit code and both outputs."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=RUN_SECONDS, **options)
    return done.returncode, done.stdout


def pack(folder):
    """The tarball and the Debian package, in this folder."""
    made = []
    for script, *arguments in (("dist.sh", folder), ("deb.sh", folder)):
        if made:
            arguments = [made[0], *arguments]
        # The least compression, which is a fifth of the work.
        code, said = run(os.path.join(ROOT, "packaging", script), *arguments,
                         env={**os.environ, "DPKG_DEB_COMPRESSOR_LEVEL": "1"})
        if code:
            raise RuntimeError(f"packaging/{script}: exit code {code}:\n{said}")
        made.append(said.splitlines()[-1])
    return made


class Packed:
    """The packages, made once, and unpacked once: `folder` of the tarball, `root` of the Debian package."""

    def __init__(self, place):
        self.place = place
        os.chmod(place, 0o755)
        self.tarball, self.package = pack(place)
        with tarfile.open(self.tarball) as tar:
            self.members = tar.getmembers()
            tar.extractall(place, filter="tar")
        self.folder = os.path.join(place, self.members[0].name)
        self.root = os.path.join(place, "root")
        subprocess.run(["dpkg-deb", "--extract", self.package, self.root], check=True)


class Running:
    """A packaged relay on a free port."""

    def __init__(self, command, cwd, port, **options):
        self.url = f"ws://127.0.0.1:{port}"
        self.command, self.options = command, {"cwd": cwd, **options}

    def __enter__(self):
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        # A group of its own: what stands between this program and the relay ends with it.
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, start_new_session=True, **self.options)
        wait_until(lambda: "listening on" in self.said() or self.process.poll() is not None, WAIT_SECONDS)
        if "listening on" not in self.said():
            self.__exit__()
            raise RuntimeError(f"{shlex.join(self.command)} does not listen:\n{self.said()}")
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def said(self):
        self.log.seek(0)
        return self.log.read()


def play(checks, what, relay, **options):
    """Two Godot peers meet."""
    async def meet():
        async with Peer(relay, **options) as ana, Peer(relay, **options) as bob:
            await ana.create()
            await bob.join(ana.lobby, others=1)
            await ana.hear()
            await bob.send(OFFER, ana.id, "offer")
            checks.equal(f"{what}: a lobby is played", await ana.hear(), (OFFER, bob.id, "offer"))
    asyncio.run(asyncio.wait_for(meet(), RUN_SECONDS))


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def as_nobody():
    """Options for a process that is another user than the files' owner, where that can be chosen."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def in_root(root, *command):
    """A command inside this folder as the whole file system, with /proc and /dev and as nobody, as containers run."""
    user = [f"--userspec={NOBODY}:{NOBODY}"] if os.geteuid() == 0 else []
    rights = [] if user else ["--map-root-user"]
    enter = 'mount --rbind /dev "$0/dev" && exec chroot "$@"'
    return ["unshare", *rights, "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={root}/proc",
            "sh", "-c", enter, root, *user, root, *command]


def reproducible(checks, packed):
    with tempfile.TemporaryDirectory() as folder:
        again = pack(folder)
        checks.equal("packed twice, the tarball has the same bytes", digest(again[0]), digest(packed.tarball))
        checks.equal("packed twice, the package has the same bytes", digest(again[1]), digest(packed.package))


def tarball(checks, packed):
    version = run(os.path.join(packed.folder, "lobbyist"), "--version")[1].strip().removeprefix("lobbyist ")
    name = f"lobbyist-{version}-linux-{os.uname().machine}"
    checks.equal("the tarball is named by version and machine", os.path.basename(packed.tarball), f"{name}.tar.gz")
    checks.equal("it holds one folder of that name", {member.name.split("/")[0] for member in packed.members}, {name})
    checks.equal("everything belongs to root, nobody else may write", [
        member.name for member in packed.members if member.uid or member.gid or member.mode & 0o022], [])
    checks.equal("nothing that is hidden or compiled is in it", [
        member.name for member in packed.members if re.search(r"/\.|__pycache__|\.pyc", member.name)], [])
    there = set(os.listdir(packed.folder))
    wanted = {"lobbyist", "scripts", "plugins", "examples", "docs", "systemd", "licenses", "lobbyist.lua", "Procfile",
              "README.md", "CHANGELOG.md", "LICENSE"}
    checks.equal("it holds what belongs beside the program", sorted(there), sorted(wanted))
    for library in ("liblua5.4", "libssl", "zlib1g", "libc6", "libstdc++", "swift"):
        path = os.path.join(packed.folder, "licenses", library)
        checks.true(f"the terms of {library} are in it", os.path.exists(path) and os.path.getsize(path) > 500)


def unpacked(checks, packed):
    """As on a platform with a Procfile: another user, the port from PORT, no build, nothing else installed."""
    with open(os.path.join(packed.folder, "Procfile"), encoding="utf-8") as file:
        command = re.fullmatch(r"web: (.*)\n", file.read()).group(1)
    port, admin = free_port(), free_port()
    environment = {"PORT": str(port), "PATH": "/usr/bin:/bin"}
    with Running(["sh", "-c", f"{command} --admin 127.0.0.1:{admin}"], packed.folder, port, env=environment,
                 **as_nobody()) as relay:
        play(checks, "the Procfile's command", relay)
        with urllib.request.urlopen(f"http://127.0.0.1:{admin}/healthz", timeout=WAIT_SECONDS) as answer:
            checks.equal("the Procfile's command: the admin listener answers", answer.status, 200)
    program = os.path.join(packed.folder, "lobbyist")
    for options, page in (([], False), (["--demo"], True)):
        what = shlex.join(["./lobbyist", *options])
        # From another folder, so that the scripts are found beside the program.
        with Running([program, *options], "/", port, env=environment, **as_nobody()) as relay:
            play(checks, what, relay)
            if page:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=WAIT_SECONDS) as answer:
                    checks.true(f"{what}: shows the page", b"<html" in answer.read())
    code, said = run(program, "test", "scripts", "plugins", cwd=packed.folder, **as_nobody())
    checks.true("the conversations of the tarball play", code == 0 and ", 0 failed" in said, "exit code 0", said[-200:])


def image(checks, packed):
    """What the Dockerfile starts, in an empty file system that holds the package alone."""
    with open(os.path.join(ROOT, "Dockerfile"), encoding="utf-8") as file:
        text = file.read()
    entry, command, health = (json.loads(re.search(rf"^{form} (\[.*\])$", text, re.MULTILINE).group(1))
                              for form in ("ENTRYPOINT", "CMD", "HEALTHCHECK .*CMD"))
    root = os.path.join(packed.place, "image")
    shutil.copytree(packed.root, root, symlinks=True)
    state = os.path.join(root, "var", "lib", "lobbyist")
    for folder in (state, os.path.join(root, "proc"), os.path.join(root, "dev")):
        os.makedirs(folder)
    if os.geteuid() == 0:
        os.chown(state, NOBODY, NOBODY)
    trial = run(*in_root(root, *entry, "--version"))
    if trial[0] and "unshare" in trial[1]:
        print(f"left out: the image in a root of its own ({trial[1].strip()})")
        return
    checks.equal("the program runs in an empty file system", trial[0], 0)
    code, said = run(*in_root(root, *entry, "test", "/usr/share/lobbyist/plugins/token.talk",
                              "/usr/share/lobbyist/plugins/turn.talk"))
    checks.true("its cryptography works there", code == 0, "exit code 0", said)
    port, admin = free_port(), free_port()
    environment = {"PORT": str(port), "STATE_DIRECTORY": "/var/lib/lobbyist", "PATH": os.environ["PATH"]}
    with Running(in_root(root, *entry, *command, "--admin", f"127.0.0.1:{admin}"), "/", port, env=environment) as relay:
        play(checks, "the image", relay)
        program = os.path.join(packed.folder, "lobbyist")
        # Tried by the relay in a process of its own: it finds its program, and writes into its volume.
        code, said = run(program, "deploy", "scripts/godot.lua", "--admin", f"127.0.0.1:{admin}", cwd=packed.folder)
        checks.true("a script is deployed to the image", code == 0 and "as deployment 1" in said, "a deployment", said)
        play(checks, "the image, after a deployment", relay)
        check = in_root(root, *health, "--admin", f"127.0.0.1:{admin}")
        code, said = run(*check)
        checks.true("its health check is content", code == 0, "exit code 0", said)
    checks.equal("the health check of a relay that is gone is not", run(*check)[0], 1)
    encrypted(checks, root, entry)


def encrypted(checks, root, entry):
    """The OpenSSL that is part of the program needs nothing of the system's to serve TLS."""
    own = Certificate(os.path.join(root, "etc", "lobbyist"), "own")
    port = free_port()
    command = ["serve", "--listen", f"tls://127.0.0.1:{port}", "--certificate", own.both.replace(root, "")]
    with Running(in_root(root, *entry, *command), "/", port) as relay:
        relay.url = f"wss://localhost:{port}"
        play(checks, "the image with TLS", relay, ssl=own.trusting(), host="127.0.0.1")


def installed(checks, packed):
    """The package put into an empty system by dpkg, and taken out of it again."""
    _, said = run("dpkg-deb", "--info", packed.package)
    for line in ("Package: lobbyist", "Section: net", "Priority: optional"):
        checks.true(f"the package says {line}", f" {line}\n" in said)
    root = os.path.join(packed.place, "system")
    for folder in ("info", "updates", "triggers"):
        os.makedirs(os.path.join(root, "var", "lib", "dpkg", folder))
    for file in ("status", "available"):
        open(os.path.join(root, "var", "lib", "dpkg", file), "w").close()
    dpkg = ["dpkg", f"--root={root}", "--force-script-chrootless", "--force-not-root", "--log=/dev/null"]
    code, said = run(*dpkg, "--install", packed.package)
    checks.true("dpkg installs it", code == 0, "exit code 0", said)
    wanted = os.path.join(root, "etc", "systemd", "system", "multi-user.target.wants", "lobbyist.service")
    checks.true("its service is enabled", os.path.islink(wanted))
    port = free_port()
    with Running([os.path.join(root, "usr", "bin", "lobbyist"), "serve", "--listen", f"127.0.0.1:{port}"], "/",
                 port) as relay:
        play(checks, "the installed program", relay)
    code, said = run(os.path.join(root, "usr", "bin", "lobbyist"), "check",
                     os.path.join(root, "etc", "lobbyist", "lobbyist.lua"), cwd="/")
    checks.true("its configuration is sound", code == 0, "exit code 0", said)
    configuration = os.path.join(root, "etc", "lobbyist", "lobbyist.lua")
    with open(configuration, "a", encoding="utf-8") as file:
        file.write("-- changed by the operator\n")
    code, said = run(*dpkg, "--remove", "lobbyist")
    checks.true("dpkg removes it, the configuration stays", code == 0 and os.path.exists(configuration), "0", said)
    code, said = run(*dpkg, "--purge", "lobbyist")
    left = glob.glob(os.path.join(root, "**", "lobbyist*"), recursive=True)
    checks.true("purged, nothing of it is left", code == 0 and not left, "nothing", (said, left))


def units(checks, packed):
    """systemd reads the units without complaint, and finds the service well locked up."""
    if not shutil.which("systemd-analyze"):
        print("left out: the units (systemd-analyze is not installed)")
        return
    folder = os.path.join(packed.place, "units")
    os.mkdir(folder)
    for name in ("lobbyist.service", "lobbyist.socket"):
        with open(os.path.join(packed.folder, "systemd", name), encoding="utf-8") as file:
            text = file.read()
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text.replace("/usr/bin/lobbyist", os.path.join(packed.folder, "lobbyist")))
    paths = sorted(glob.glob(os.path.join(folder, "*")))
    checks.equal("systemd has nothing to say of the units", run("systemd-analyze", "verify", "--man=no", *paths), (0, ""))
    code, said = run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager",
                     paths[0])
    overall = said.strip().splitlines()[-1:]
    checks.true("the service is exposed by 2.0 of 10 at most", code == 0, "exit code 0", overall)
    print("\n".join(overall))


def group(name):
    """The system calls that systemd means by a name that begins with @."""
    calls = set()
    for line in run("systemd-analyze", "syscall-filter", "--no-pager", name)[1].splitlines():
        word = line.strip()
        if word.startswith("@") and word != name:
            calls |= group(word)
        elif re.fullmatch("[a-z0-9_]+", word):
            calls.add(word)
    return calls


def allowed_calls(unit):
    """What is left of SystemCallFilter=, line by line."""
    calls = group("@default")
    for words in re.findall(r"^SystemCallFilter=(.*)$", unit, re.MULTILINE):
        named = set()
        for word in words.removeprefix("~").split():
            named |= group(word) if word.startswith("@") else {word}
        calls = calls - named if words.startswith("~") else calls | named
    return calls


def system_calls(checks, packed):
    """Whatever the relay does, it makes no system call that its unit forbids."""
    if not shutil.which("systemd-analyze") or not shutil.which("strace"):
        print("left out: the system calls (systemd-analyze or strace is not installed)")
        return
    with open(os.path.join(packed.folder, "systemd", "lobbyist.service"), encoding="utf-8") as file:
        allowed = allowed_calls(file.read())
    checks.true("the filter's groups are found", len(allowed) > 200 and "reboot" not in allowed)
    program, trace = os.path.join(packed.folder, "lobbyist"), os.path.join(packed.place, "trace")
    state = os.path.join(packed.place, "traced")
    os.mkdir(state)
    port, admin = free_port(), free_port()
    environment = {**os.environ, "PORT": str(port), "STATE_DIRECTORY": state}
    traced = ["strace", "-f", "-qq", "-o", trace, program, "serve", "--config", "lobbyist.lua", "--admin",
              f"127.0.0.1:{admin}"]
    with Running(traced, packed.folder, port, env=environment) as relay:
        play(checks, "the traced relay", relay)
        # At the end the relay that has taken over goes as well.
        for command in (["deploy", "scripts/godot.lua"], ["reload"], ["upgrade", "--seconds", "0"],
                        ["drain", "--seconds", "0", "--wait"]):
            code, said = run(program, *command, "--admin", f"127.0.0.1:{admin}", cwd=packed.folder)
            checks.true(f"the traced relay: {command[0]}", code == 0, "exit code 0", said)
    with open(trace, encoding="utf-8", errors="replace") as file:
        calls = set(re.findall(r"^\d+ +([a-z0-9_]+)\(", file.read(), re.MULTILINE))
    checks.true("a trial of a deployment is in the trace", {"setpriority", "pidfd_open", "epoll_wait"} <= calls)
    checks.equal(f"the unit allows all {len(calls)} system calls that it makes", sorted(calls - allowed), [])


def main():
    checks = Checks()
    if not os.path.exists(OBJECTS):
        # Whoever tests another program than that of `make build`.
        print("all left out: the packages (nothing is built in .build/release: run make build)")
        return
    with tempfile.TemporaryDirectory() as place:
        packed = Packed(place)
        run_scenarios(checks, [(scenario, packed) for scenario in (
            tarball, reproducible, unpacked, image, installed, units, system_calls)])


if __name__ == "__main__":
    main()
